"""Notebooks made from a Lesson: the lesson itself and the exercise, byte for byte the same each time."""

import hashlib
import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from crmlab.questions.rules import has_rules, read_rules
from crmlab.words import word

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from crmlab.course.source import Cell, Lesson

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANG_LINE = re.compile(r'^lang = "zh"', re.MULTILINE)
ID_LENGTH = 12


def lesson_notebook(lesson: "Lesson", lang: str) -> "NotebookNode":
    """Opening cell, the cells of the lesson, closing cell; no outputs."""
    made = _Maker(lesson, lang, "lesson")
    made.add("markdown", "opening", _opening(lesson, lang))
    for cell in lesson.shown:
        made.add_cell(cell)
    made.add("markdown", "closing", _list("## {}", "lesson.key_points", lesson.header["key_points"][lang], lang))
    return made.notebook()


def exercise_notebook(lesson: "Lesson", lang: str, *, filled: bool = False) -> "NotebookNode":
    """Opening cell, parameters, set-up, and for each question its prose, a blank and a check.

    `filled` puts the solution cell of each question in place of its blank.
    """
    made = _Maker(lesson, lang, "exercise")
    title = _title(lesson, lang, "lesson.exercise_title")
    made.add("markdown", "opening", f"{title}\n\n{word('lesson.how_to_work', lang)}")
    for belongs in (
        lambda cell: "parameters" in cell.tags,
        lambda cell: "setup" in cell.tags and not cell.exercise,
        lambda cell: cell.exercise == "setup",
    ):
        for cell in filter(belongs, lesson.cells):
            made.add_cell(cell)
    solutions = {cell.solution: cell.text[lang] for cell in lesson.cells if cell.solution}
    for cell in lesson.questions:
        made.add_cell(cell, question_text(lesson, cell, lang))
        blank = f'answer("{cell.question}", ...)'
        made.add("code", blank, solutions[cell.question] if filled else blank, question=cell.question)
        made.add("code", f'check("{cell.question}")', f'check("{cell.question}")')
    return made.notebook()


def question_text(lesson: "Lesson", cell: "Cell", lang: str) -> str:
    """The prose of a question as the exercise has it: with a line for its points and minutes where it is graded."""
    if not has_rules(lesson.stem):
        return cell.text[lang]
    rule = read_rules(lesson.stem)[cell.question]
    return cell.text[lang] + "\n\n" + word("lesson.worth", lang, points=rule.points, minutes=rule.minutes)


def with_values(source: str, values: dict[str, object]) -> str:
    """A parameters cell with other values for some of its names; comments stay.

    >>> with_values('data = "teaching"\\nwindow = 365', {"window": 240})
    'data = "teaching"\\nwindow = 240'
    """
    for name, value in values.items():
        literal = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
        line = re.compile(rf"""^{name} = .*?(\s+#[^"'\n]*)?$""", re.MULTILINE)
        source = line.sub(lambda found, start=f"{name} = {literal}": start + (found[1] or ""), source)
    return source


def written(notebook: "NotebookNode") -> str:
    """The notebook as the text of its file: sorted keys, indent 1, one line at the end."""
    import nbformat

    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def metadata(lesson: "Lesson", lang: str) -> dict:
    return {
        "kernelspec": dict(KERNEL),
        "language_info": {"name": "python"},
        "crmlab": {"lesson": lesson.stem, "lang": lang},
    }


class _Maker:
    """Collects cells and gives each its id: a hash of lesson, book, kind, content and earlier occurrences."""

    def __init__(self, lesson: "Lesson", lang: str, book: str):
        self.lesson, self.lang, self.book = lesson, lang, book
        self.cells = []
        self.seen = Counter()

    def add_cell(self, cell: "Cell", text: str = "") -> None:
        text = text or cell.text[self.lang]
        if "parameters" in cell.tags:
            own = self.lesson.header.get("exercise", {}) if self.book == "exercise" else {}
            text = with_values(text, {"lang": self.lang, **own})
        self.add(cell.kind, cell.text["zh"], text, list(cell.tags))

    def add(self, kind: str, content: str, text: str, tags: list[str] | None = None, question: str = "") -> None:
        import nbformat.v4

        key = "\n".join((self.lesson.stem, self.book, kind, content))
        digest = hashlib.sha256(f"{key}\n{self.seen[key]}".encode()).hexdigest()
        self.seen[key] += 1
        new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        marks = ({"tags": tags} if tags else {}) | ({"crmlab": {"question": question}} if question else {})
        self.cells.append(new(text, id=digest[:ID_LENGTH], metadata=marks))

    def notebook(self) -> "NotebookNode":
        import nbformat.v4

        return nbformat.v4.new_notebook(cells=self.cells, metadata=metadata(self.lesson, self.lang))


def _title(lesson: "Lesson", lang: str, key: str) -> str:
    return "# " + word(key, lang, number=lesson.header["number"], title=lesson.header["title"][lang])


def _opening(lesson: "Lesson", lang: str) -> str:
    return "\n\n".join(
        (
            _title(lesson, lang, "lesson.title"),
            word("lesson.minutes", lang, minutes=lesson.header["minutes"]),
            _list("**{}**", "lesson.questions", lesson.header["questions"][lang], lang),
            _list("**{}**", "lesson.objectives", lesson.header["objectives"][lang], lang),
        )
    )


def _list(style: str, key: str, items: list[str], lang: str) -> str:
    return "\n".join((style.format(word(key, lang)), "", *(f"- {item}" for item in items)))
