"""A picture that says in words what it shows, for readers who cannot see it."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.words import word

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A matplotlib figure with its alternative text; notebooks show the figure and keep the text beside it."""

    figure: "Figure"
    alt: str

    def png(self) -> bytes:
        stream = io.BytesIO()
        self.figure.savefig(stream, format="png", metadata={"Software": None})
        return stream.getvalue()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict, dict]:
        return {"image/png": self.png(), "text/plain": self.alt}, {"image/png": {"alt": self.alt}}

    def __repr__(self) -> str:
        return self.alt


def nothing(title: str, lang: str = "zh") -> Picture:
    """A picture that says that there are no data to draw, with the title of the picture that would stand here."""
    figure, (axes,) = blank(8, 1.6)
    axes.set_axis_off()
    axes.set_title(title)
    axes.text(0.5, 0.5, word("chart.nothing", lang), transform=axes.transAxes, ha="center", va="center", fontsize=12)
    return Picture(figure, word("chart.nothing_alt", lang, title=title))


def readable_on(colour: object) -> str:
    """White or black, whichever has more contrast with a colour of matplotlib (relative luminance, WCAG 2).

    >>> readable_on("#0072B2"), readable_on("#E69F00")
    ('white', 'black')
    """
    from matplotlib.colors import to_rgb

    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "white" if luminance < 0.179 else "black"


def readable_cells(axes: "Axes") -> None:
    """Words in the cells of a grid of colours become white or black, whichever reads better.

    seaborn keeps white on middle blues down to a contrast of 2.5 to 1; text needs 4.5.
    """
    (mesh,) = (found for found in axes.collections if hasattr(found, "get_coordinates"))
    colours = mesh.get_facecolors().reshape(*mesh.get_array().shape, 4)
    for text in axes.texts:
        column, row = map(int, text.get_position())
        text.set_color(readable_on(colours[row, column]))


def minus(number: str) -> str:
    """A formatted number with a minus sign in place of the hyphen.

    >>> minus("-0.68") == "\u22120.68"
    True
    """
    return number.replace("-", "\u2212")


def blank(width: float, height: float, columns: int = 1) -> tuple["Figure", list]:
    """An empty figure, with its axes as a list, that no global state keeps alive."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)
