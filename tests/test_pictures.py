"""Every picture of the course in both languages: nothing overlaps or is cut off, all can be read at half size, axes say
their unit, and the alternative text tells a number of the data."""

import inspect
import re

import numpy as np
import pytest
from course_pictures import makers, words_in
from matplotlib.colors import to_rgb
from matplotlib.dates import DateLocator

from crmlab import show
from crmlab.show.picture import Picture

HALF = 7
"""Pixels that the letters of a picture have at least when it is shown at half its size."""
NUMBER = re.compile(r"^[\u2212\d][\d,.]*$")
NAMES = sorted(
    name
    for name in show.__all__
    if inspect.isfunction(getattr(show, name)) and inspect.signature(getattr(show, name)).return_annotation is Picture
)


@pytest.fixture(scope="module")
def drawn(shop, result):
    """(name, language) -> the picture, and its words with their boxes; each is drawn once."""
    show.theme()
    made, pictures = makers(shop, result), {}
    for name in NAMES:
        for lang in ("zh", "en"):
            picture = made[name](lang)
            pictures[name, lang] = picture, words_in(picture.figure)
    return pictures


def touching(one, others):
    """Which of the other boxes share more than a pixel with one, across and upward."""
    low, high = np.array([box.min for box in others]), np.array([box.max for box in others])
    return ((np.minimum(one.max, high) - np.maximum(one.min, low)) > 1).all(axis=1)


each = pytest.mark.parametrize("lang", ["zh", "en"])
named = pytest.mark.parametrize("name", NAMES)


@each
@named
def test_no_words_lie_on_others_or_over_the_edge(drawn, name, lang):
    picture, words = drawn[name, lang]
    page = picture.figure.bbox
    outside = [text.get_text() for text, box in words
               if box.x0 < -1 or box.y0 < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1]  # fmt: skip
    assert outside == []
    boxes = [box for _, box in words]
    over = [(text.get_text(), words[other][0].get_text()) for place, (text, box) in enumerate(words)
            for other in np.flatnonzero(touching(box, boxes)) if other > place]  # fmt: skip
    assert over == []


@each
@named
def test_no_legend_hides_a_bar_or_a_point(drawn, name, lang):
    picture, _ = drawn[name, lang]
    for axes in picture.figure.axes:
        if legend := axes.get_legend():
            frame = legend.get_window_extent()
            bars = [bar.get_window_extent() for bar in axes.patches]
            assert not bars or not touching(frame, bars).any()
            spots = [line.get_transform().transform(line.get_xydata()) for line in axes.lines if len(line.get_xdata())]
            spots += [axes.transData.transform(found.get_offsets()) for found in axes.collections
                      if len(found.get_offsets())]  # fmt: skip
            for found in spots:
                assert not ((found > frame.min) & (found < frame.max)).all(axis=1).any()


@each
@named
def test_letters_can_be_read_at_half_size(drawn, name, lang):
    picture, words = drawn[name, lang]
    pixels = {text.get_text(): text.get_fontsize() / 72 * picture.figure.dpi / 2 for text, _ in words}
    assert {text: size for text, size in pixels.items() if size < HALF} == {}


@each
@named
def test_words_in_coloured_cells_have_the_contrast_that_text_needs(drawn, name, lang):
    """4.5 to 1, as WCAG 2 asks."""
    picture, _ = drawn[name, lang]

    def luminance(colour) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
        return float(np.dot((0.2126, 0.7152, 0.0722), linear))

    for axes in picture.figure.axes:
        for mesh in (found for found in axes.collections if hasattr(found, "get_coordinates")):
            colours = mesh.get_facecolors().reshape(*mesh.get_array().shape, 4)
            cells = [
                (text, *map(int, text.get_position())) for text in axes.texts if text.get_transform() == axes.transData
            ]
            for text, column, row in cells:
                if row < len(colours) and column < len(colours[0]):
                    low, high = sorted((luminance(colours[row, column]), luminance(text.get_color())))
                    assert (high + 0.05) / (low + 0.05) >= 4.5, text.get_text()


@each
@named
def test_axes_with_numbers_say_what_they_count(drawn, name, lang):
    picture, _ = drawn[name, lang]
    figure, bare = picture.figure, []
    visible = [axes for axes in figure.axes if axes.get_visible()]
    for axes in visible:
        for axis, above in ((axes.xaxis, figure.get_supxlabel()), (axes.yaxis, figure.get_supylabel())):
            numbers = [label.get_text() for label in axis.get_ticklabels() if label.get_visible()]
            beside = [getattr(other, f"get_{axis.axis_name}label")() for other in visible]
            said = axis.get_label_text() or above or (axis.axis_name == "y" and any(beside))
            dates = isinstance(axis.get_major_locator(), DateLocator)
            bare += [axis.axis_name] if any(map(NUMBER.match, numbers)) and not said and not dates else []
    assert bare == []


@each
@named
def test_negative_numbers_have_a_minus_sign(drawn, name, lang):
    _, words = drawn[name, lang]
    assert [text.get_text() for text, _ in words if re.search(r"(?<!\w)-\d", text.get_text())] == []


@named
def test_the_alternative_text_tells_a_number_in_both_languages(drawn, name):
    alts = {lang: drawn[name, lang][0].alt for lang in ("zh", "en")}
    for alt in alts.values():
        assert re.search(r"\d", alt.replace("95%", ""))
        assert "nan" not in alt
        assert "{" not in alt
    assert re.search("[\u4e00-\u9fff]", alts["zh"])
    assert not re.search("[\u4e00-\u9fff]", re.sub("“[^”]*”|\\([^)]*\\)", "", alts["en"]))
