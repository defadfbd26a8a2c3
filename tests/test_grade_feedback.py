"""Feedback pages: what they say, that nothing on them runs or is fetched, and that they are quick."""

import base64
import sys
from collections import Counter
from functools import partial

import nbformat.v4 as v4
import pytest
from graded_class import EVIL_HTML, GRADED, LATE, hostile, notebook, png, record
from growth import demand_proportion
from harmless_pages import TAGS, Reader, demand_harmless
from hypothesis import given
from hypothesis import strategies as st

from crmlab.grade.feedback import TEXT, feedback_page
from crmlab.grade.harmless import plain, rebuilt
from crmlab.grade.harmless import png as checked_png
from crmlab.grade.records import OUTCOMES, VERDICTS, Mark
from crmlab.words import LANGUAGES


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_hostile_submission_leaves_nothing_that_runs(lang):
    evil = v4.new_markdown_cell(EVIL_HTML + "\n\n<script>alert(1)</script>\n\n![x](javascript:alert(1))")
    odd = [
        v4.new_output("display_data", {kind: EVIL_HTML}) for kind in ("text/markdown", "text/plain", "image/svg+xml")
    ]
    odd += [
        v4.new_output("stream", name="stderr", text=EVIL_HTML),
        v4.new_output("error", ename=EVIL_HTML, evalue=EVIL_HTML, traceback=[]),
        v4.new_output("error", ename="x", evalue="x", traceback=[EVIL_HTML]),
        v4.new_output("display_data", {"image/png": png()}, metadata={"image/png": {"alt": '"><script>' + EVIL_HTML}}),
    ]
    book = notebook(evil, html=EVIL_HTML, code=EVIL_HTML, outputs=odd)
    page = feedback_page(hostile(lang=lang), book, title="<b>02", late=LATE, name="<script>")
    read = demand_harmless(page)
    assert "<script>alert(1)</script>" in read.text, "it stands as text"
    assert "\\u202e" in read.text
    assert len(page) < 200_000


@given(
    st.lists(
        st.sampled_from([*EVIL_HTML.split(">"), "<table>", "<td>", "</table>", "</div>", "<p", '"', "<!--", "&lt;"])
    )
)
def test_whatever_is_put_together_is_rebuilt_closed_and_without_attributes(pieces):
    read = Reader(rebuilt(">".join(pieces)))
    assert read.open == []
    assert {tag for tag, _ in read.tags} <= TAGS - {
        "html",
        "head",
        "body",
        "meta",
        "style",
        "title",
        "main",
        "img",
        "figure",
    }
    assert {name for _, about in read.tags for name in about} <= {"class", "colspan", "rowspan"}
    assert {about["class"] for _, about in read.tags if "class" in about} <= {"number"}


@pytest.mark.parametrize("start", ["<!--", "<a href='", "<b>", "<table><tr><td>1", "<script>", "&#", "<li>", "</"])
def test_long_and_broken_html_takes_time_in_proportion(start):
    demand_proportion(rebuilt, lambda length: start * (length // len(start)), 2_000)


def test_the_page_says_points_verdicts_hints_and_own_values():
    given = (
        Mark("q1", 2, 2, "right", "[1, 2]"),
        Mark("q2", 3, 1.5, "partly", "7", "Look at the window."),
        Mark("q3", 5, None, "manual", "I think"),
    )
    read = Reader(
        feedback_page(record("s1", given, lang="en", late_days=2), None, title="02", late=LATE, name="张示三")
    )
    assert "张示三 2.8 / 10 points" in read.text
    assert "Days late: 2. Of the 3.5 points earned, 0.7 are taken off." in read.text
    assert "not in the total yet: 1." in read.text
    assert "q2 1.5 / 3 partly right 7 Look at the window." in read.text
    assert "q3 – / 5 waits for your instructor I think" in read.text
    assert "Your notebook" not in read.text


def test_the_notebook_stands_below_without_our_cells_and_folders():
    page = feedback_page(GRADED[0], notebook(), title="02", late=LATE)
    read = demand_harmless(page)
    assert "q1: right (2 / 2)" in read.text
    assert 'answer("q1", 3)' in read.text
    assert "printed <b>words</b>" in read.text
    assert 'File "…/a.py", line 1' in read.text
    assert "secret" not in page
    assert "import pandas" not in page
    [picture] = [about for tag, about in read.tags if tag == "img"]
    assert picture == {"alt": "a chart", "src": f"data:image/png;base64,{png()}"}
    assert '<td class="number">7</td>' in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_outcome_and_verdict_has_its_words(lang):
    for outcome in OUTCOMES:
        for verdict in VERDICTS:
            one = record("s1", (Mark("q1", 2, 0, verdict),), lang=lang, outcome=outcome)
            demand_harmless(feedback_page(one, None, title="02", late=LATE))


@pytest.mark.parametrize(
    "data",
    ["", "AAAA", "no base64!", base64.b64encode(b"\x89PNG\r\n\x1a\n<script>").decode(), png()[:-8], 7, None,
     base64.b64encode(b"GIF89a" + base64.b64decode(png())[6:]).decode(),
     base64.b64encode(base64.b64decode(png()).replace(b"\x00\x00\x00\x04", b"\x7f\xff\xff\xff", 1)).decode()],
)  # fmt: skip
def test_what_is_no_whole_png_of_a_sane_size_is_no_picture(data):
    assert checked_png(data) is None
    assert checked_png(png()) == png()


def test_huge_outputs_are_cut_and_a_huge_page_ends_with_a_sentence():
    one = v4.new_output("stream", name="stdout", text="x" * 10**6)
    page = feedback_page(GRADED[0], notebook(outputs=[one]), title="02", late=LATE)
    assert "x" * (TEXT - 1) + "…" in page
    many = [v4.new_output("stream", name="stdout", text="y" * TEXT)] * 400
    page = feedback_page(GRADED[0], notebook(outputs=many), title="02", late=LATE)
    assert len(page) < 6_100_000
    assert "There was more than fits on this page" in page


def test_odd_metadata_and_outputs_are_no_reason_to_stop():
    cell = v4.new_code_cell("1")
    cell.metadata.update({"tags": {"setup": 1}, "crmlab": "q1"})
    cell.outputs = ["text", {"output_type": "error", "traceback": 7, "ename": [], "evalue": None},
                    {"output_type": "display_data", "data": {"text/html": {"a": 1}, "image/png": ["x"]}, "metadata": 3},
                    {"output_type": "stream", "text": None}, {"output_type": "execute_result", "data": []}]  # fmt: skip
    book = notebook()
    book.cells.append(cell)
    demand_harmless(feedback_page(GRADED[0], book, title="02", late=LATE))


def test_no_value_that_is_right_can_come_from_the_record():
    """A record has no place for expected values; the page shows of a mark what the mark has, and no more."""
    assert set(Mark.__dataclass_fields__) == {"question", "points", "earned", "verdict", "shown", "hint"}


def test_the_steps_of_a_page_grow_with_its_questions():
    """Counted and not timed: a question takes 2,265 calls of functions, on a long page as on a short one."""
    table = "<table>" + "<tr>" + "<td>12</td>" * 6 + "</tr>" * 11 + "</table>"
    cells = [
        cell
        for number in range(20)
        for cell in (
            v4.new_markdown_cell(f"## q{number}\n\nCount the **customers** of `{number}`.\n\n- one\n- two"),
            v4.new_code_cell("x = 1\n" * 10, outputs=[v4.new_output("display_data", {"text/html": table})]),
        )
    ]
    none, some, twice = (
        steps(partial(feedback_page, GRADED[0], notebook(*cells[:number]), title="02", late=LATE))
        for number in (0, 20, 40)
    )
    assert twice - some == pytest.approx(some - none, rel=0.1)
    assert (some - none) / 10 < 5_000


def steps(work) -> int:
    """How many functions are called, once everything that is prepared only once is there."""
    count = Counter()
    work()
    sys.setprofile(lambda frame, event, what: count.update([event]))
    try:
        work()
    finally:
        sys.setprofile(None)
    return count["call"] + count["c_call"]


def test_text_is_cut_and_keeps_no_hidden_sign():
    assert plain("a\x1b[31mb\ud800\ufeff\u2067c\r\nd\re", 99) == "ab\\u2067c\nd\ne"
