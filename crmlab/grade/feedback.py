"""The feedback page of one student: total, questions with hints, and the notebook as it ran."""

from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from typing import Any

from crmlab.grade import pages
from crmlab.grade.harmless import plain, png, rebuilt, without_folders
from crmlab.grade.late import deduction, final
from crmlab.grade.records import Graded, Mark
from crmlab.questions.rules import Late
from crmlab.words import word

OURS = {"parameters", "injected-parameters", "setup"}
"""Tags of cells that are not the student's, and that say how the grading machine is set up."""
TEXT = 20_000
HTML = 200_000
SHOWN = 500
HINT = 2_000
PAGE = 6_000_000
"""Characters on one page, pictures included; what comes after is left out, and the page says so."""
COLOURS = {"right": "right", "partly": "partly", "manual": "open"}


def feedback_page(graded: Graded, notebook: Any, *, title: str, late: Late, name: str = "") -> str:
    """One self-contained page in the student's language.

    `notebook` is the executed nbformat v4 node, or None where nothing ran; `title` is that of the lesson. The page has
    the student's own values and hints and never an expected value. Of the notebook it shows prose, code and outputs
    (text, tables, PNG pictures): every text is escaped, every table rebuilt, and nothing on it runs or is fetched. Our
    own cells (parameters and set-up) are left out.
    """
    from markupsafe import Markup

    lang = graded.lang
    lines = [word(f"page.outcome_{graded.outcome}", lang)] if graded.outcome != "done" else []
    if off := deduction(graded, late):
        values = {"days": graded.late_days, "off": pages.points(off), "earned": pages.points(graded.earned)}
        lines.append(word("page.late", lang, **values))
    if waits := sum(mark.earned is None for mark in graded.marks):
        lines.append(word("page.waits", lang, count=waits))
    marks = {mark.question: mark for mark in graded.marks}
    return pages.page(
        "feedback.html.j2",
        lang,
        graded=graded,
        title=title,
        name=plain(name, 100),
        final=final(graded, late),
        lines=lines,
        rows=[_row(mark, lang) for mark in graded.marks],
        parts=[Markup(part) for part in _within(_parts(notebook, marks, lang), lang)] if notebook else [],
        file=plain(graded.file, 200),
    )


def _row(mark: Mark, lang: str) -> dict[str, str]:
    return {
        "question": mark.question,
        "points": f"{pages.points(mark.earned)} / {mark.points}",
        "verdict": word(f"page.verdict_{mark.verdict}", lang),
        "shown": plain(mark.shown, SHOWN),
        "hint": plain(mark.hint, HINT),
        "colour": COLOURS.get(mark.verdict, "wrong"),
    }


def _within(parts: Iterator[str], lang: str) -> Iterator[str]:
    """The parts up to the size of a page, and a sentence where there are more."""
    left = PAGE
    for part in parts:
        left -= len(part)
        if left < 0:
            yield f'<p class="note">{escape(word("page.too_long", lang))}</p>'
            return
        yield part


def _parts(notebook: Any, marks: Mapping[str, Mark], lang: str) -> Iterator[str]:
    for cell in notebook.cells:
        if OURS & set(tags(cell)):
            continue
        if cell.cell_type == "markdown":
            yield f'<div class="cell prose">{_markdown(cell.source)}</div>'
        elif cell.cell_type == "code" and cell.source.strip():
            if mark := marks.get(_question(cell)):
                row = _row(mark, lang)
                yield f'<p class="mark">{escape(mark.question)}: {escape(row["verdict"])} ({row["points"]})</p>'
            yield f'<div class="cell code"><pre><code>{escape(plain(cell.source, TEXT))}</code></pre></div>'
            for output in cell.get("outputs", ()):
                yield from _output(output, lang)


def tags(cell: Any) -> list[str]:
    """The tags of a cell, whatever stands in their place."""
    found = cell.metadata.get("tags")
    return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list | tuple) else []


def _question(cell: Any) -> str:
    """The question of a cell, from what the marker says; a student may have written anything there."""
    marker = cell.metadata.get("crmlab")
    name = marker.get("question") if isinstance(marker, Mapping) else None
    return name if isinstance(name, str) else ""


def _output(output: Any, lang: str) -> Iterator[str]:
    """One output in the richest form that can be shown without trust: picture, table, prose, text."""
    if not isinstance(output, Mapping):
        return
    kind, data = output.get("output_type"), output.get("data")
    if kind == "stream":
        yield _text_block(output.get("text"))
    elif kind == "error":
        lines = output.get("traceback")
        told = "\n".join(map(_joined, lines)) if isinstance(lines, list) else ""
        told = told or f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"
        yield _text_block(without_folders(plain(told, TEXT)), "output error")
    elif isinstance(data, Mapping):
        if "image/png" in data and (coded := png(_joined(data["image/png"]))):
            alt = _alt(output, data) or word("page.figure", lang)
            yield f'<figure class="cell"><img alt="{escape(alt)}" src="data:image/png;base64,{coded}"></figure>'
        elif len(html := _joined(data.get("text/html"))) in range(1, HTML):
            yield f'<div class="cell output">{rebuilt(html)}</div>'
        elif "text/markdown" in data:
            yield f'<div class="cell output">{_markdown(_joined(data["text/markdown"]))}</div>'
        else:
            yield _text_block(data.get("text/plain"))


def _alt(output: Any, data: Mapping) -> str:
    """The text of a picture for those who cannot see it, where it brings one."""
    metadata = output.get("metadata")
    own = metadata.get("image/png", metadata) if isinstance(metadata, Mapping) else {}
    said = own.get("alt") if isinstance(own, Mapping) else None
    return plain(said or _joined(data.get("text/plain")), SHOWN)


def _text_block(text: object, classes: str = "output") -> str:
    shown = plain(_joined(text), TEXT)
    return f'<div class="cell {classes}"><pre>{escape(shown)}</pre></div>' if shown.strip() else ""


def _joined(text: object) -> str:
    """A multi-line text of nbformat: one text, or a list of lines; anything else is nothing."""
    if isinstance(text, list):
        return "".join(line for line in text if isinstance(line, str))
    return text if isinstance(text, str) else ""


def _markdown(text: str) -> str:
    return rebuilt(_parser().render(plain(text, TEXT)))


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
