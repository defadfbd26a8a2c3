"""What of an exercise notebook is ours: where its cells are known by."""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crmlab.course.notebook import question_text
from crmlab.course.source import literal_parameters
from crmlab.grade.codecells import read_code
from crmlab.words import LANGUAGES

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from crmlab.course.source import Lesson

HEADING = re.compile(r"^\s*#+\s*(\S+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Template:
    """The exercise notebook of a lesson in one language, as it is handed out (`notebook`)."""

    lesson: "Lesson"
    notebook: "NotebookNode"

    @classmethod
    def of(cls, lesson: "Lesson", lang: str) -> "Template":
        """The template of a lesson, which is made once."""
        key = id(lesson), lang
        if key not in _MADE:
            _MADE[key] = cls(lesson, lesson.exercise(lang))
        return _MADE[key]

    @property
    def questions(self) -> tuple[str, ...]:
        return tuple(cell.question for cell in self.lesson.questions)

    @cached_property
    def opening(self) -> "list[NotebookNode]":
        """All cells before the first question."""
        prose = set(self.prose)
        cells = self.notebook.cells
        first = next((place for place, cell in enumerate(cells) if plain(cell.source) in prose), len(cells))
        return cells[:first]

    @cached_property
    def parameters(self) -> "NotebookNode":
        return next(cell for cell in self.opening if "parameters" in cell.metadata.get("tags", []))

    @cached_property
    def values(self) -> dict[str, Any]:
        """The parameters and what the lesson sets them to."""
        return literal_parameters(self.parameters.source)

    @cached_property
    def setup(self) -> "list[NotebookNode]":
        return [cell for cell in self.opening if cell.cell_type == "code" and cell is not self.parameters]

    @cached_property
    def setup_code(self) -> set[str]:
        """The statements of the set-up, in canonical form."""
        trees = [ast.parse(cell.source) for cell in self.setup]
        return {ast.unparse(statement) for tree in trees for statement in tree.body}

    @cached_property
    def setup_names(self) -> set[str]:
        """What the set-up makes: settings, shop, answer and check, and what some lessons need beyond; no imports."""
        made = [code for code in self.setup_code if not code.startswith(("import ", "from "))]
        return {name for code in made for name in read_code(code).names}

    @cached_property
    def setup_imports(self) -> set[str]:
        return {name for code in self.setup_code for name in read_code(code).names} - self.setup_names

    @cached_property
    def prose(self) -> dict[str, str]:
        """The prose of each question, in every language."""
        return {
            plain(question_text(self.lesson, cell, lang)): cell.question
            for cell in self.lesson.questions
            for lang in LANGUAGES
        }

    @cached_property
    def ids(self) -> dict[str, str]:
        """The ids of cells that stand for a question: its prose and its blank."""
        found, question = {}, ""
        for cell in self.notebook.cells[len(self.opening) :]:
            question = self.prose.get(plain(cell.source), question)
            if cell.cell_type == "markdown" or cell.source.startswith(f'answer("{question}"'):
                found[cell.id] = question
        return found

    def is_question(self, cell: "NotebookNode") -> bool:
        """Whether a cell of any notebook asks or answers a question of the lesson."""
        if cell.id in self.ids or cell.metadata.get("crmlab", {}).get("question") in self.questions:
            return True
        if cell.cell_type == "markdown":
            return bool(self.asked(cell.source))
        return not read_code(cell.source).answers.keys().isdisjoint(self.questions)

    def asked(self, source: str) -> str:
        """The question that a markdown cell asks: by our text in any language, else by a heading with its name."""
        headed = [name for name in HEADING.findall(source) if name in self.questions]
        return self.prose.get(plain(source), headed[0] if headed else "")


_MADE: dict[tuple[int, str], Template] = {}
"""By the identity of a lesson, which its template keeps alive."""


def plain(text: str) -> str:
    """Text whatever its line breaks and spaces."""
    return " ".join(text.split())
