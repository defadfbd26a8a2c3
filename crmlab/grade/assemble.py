"""The notebook that is executed: our opening, parameters and set-up, then what the student wrote."""

from collections import Counter
from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlab.grade.archive import shown
from crmlab.grade.codecells import Code, Parameters, parameters, read_code, without
from crmlab.grade.template import Template, plain
from crmlab.words import word

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from crmlab.course.source import Lesson
    from crmlab.grade.submissions import Submission

OURS = frozenset({"answer", "check", "practice"})
"""Names by which answers are given: whoever binds them anew is shown to the instructor."""
INJECTED = "injected-parameters"
"""The tag that papermill gives a cell of parameters."""
INJECTED_LINE = "# Parameters"
"""How papermill begins one."""


@dataclass(frozen=True)
class Assembled:
    """A notebook to execute, the question of each of its code cells by index, flags and notes as in Submission."""

    notebook: "NotebookNode"
    questions: dict[int, str]
    flags: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Cell:
    """A cell that is kept: code, or the text of a markdown cell."""

    content: Code | str
    question: str = ""


def assemble(
    submission: "Submission", lesson: "Lesson", lang: str, *, given: Mapping[str, Any] | None = None
) -> Assembled:
    """Our cells in the student's language, then theirs in their order.

    Left out of theirs are the opening, the statements of our set-up, parameters (also those that papermill injected;
    what else stands in their cells is kept), cells that only check, raw and empty cells, and blanks of questions that
    are answered elsewhere. What papermill injects after our parameters cell therefore holds in our set-up.

    The question of a cell is the one it answers; else the one its mark or its id says; else the last one whose prose
    stands above. Of two cells that answer a question both run, so that the later counts. `lang` is the instructor's
    language, for the notes. `given` are the parameters that the student's own notebook came with, where they differ
    from the lesson; without it their values are not compared. The submission must have a notebook.
    """
    ours = Template.of(lesson, submission.lang)
    told = _Told(lang)
    cells = _theirs(submission.notebook.cells, ours, told, given)
    _tell_of_questions(cells, ours, told)
    code = [cell.content for cell in cells if isinstance(cell.content, Code)]
    done = {name for one in code for name, full in one.answers.items() if full}
    needless = [one for one in code if one.is_blank and done.issuperset(one.answers)]
    kept = [cell for cell in cells if cell.content not in needless]
    notebook = copy(ours.notebook)
    notebook.metadata = deepcopy(notebook.metadata)
    notebook.cells = [*deepcopy(ours.opening), *(_node(number, cell) for number, cell in enumerate(kept))]
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])
    first = len(ours.opening)
    questions = {first + place: cell.question for place, cell in enumerate(kept) if cell.question}
    return Assembled(notebook, questions, *told.all())


class _Told:
    """Flags and their notes, each once."""

    def __init__(self, lang: str):
        self.lang, self.flags, self.notes = lang, dict[str, None](), dict[str, None]()

    def add(self, flag: str, sentence: str = "", **values: object) -> None:
        self.flags[flag] = None
        if sentence:
            self.notes[word(f"assemble.{sentence}", self.lang, **values)] = None

    def all(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return tuple(self.flags), tuple(self.notes)


def _theirs(theirs: "list[NotebookNode]", ours: Template, told: _Told, given: Mapping[str, Any] | None) -> list[_Cell]:
    """The student's cells that are kept, each with its question."""
    roles = _roles(theirs, ours)
    cells, question, marked = [], "", False
    values: dict[str, Any] = {}
    for cell, role in zip(theirs, roles, strict=True):
        mark = cell.metadata.get("crmlab", {}).get("question", "")
        mark = mark if mark in ours.questions else ours.ids.get(cell.id, "")
        marked = marked or bool(mark)
        source = cell.source
        if cell.cell_type == "markdown":
            question = mark or ours.asked(source) or question
        if role in ("parameters", "injected"):
            found = parameters(source, ours.values)
            source = found.rest
            values |= found.values
            _tell_of_parameters(role, found, ours, told)
        if role in ("parameters", "injected", "setup"):
            source = without(source, ours.setup_code)
        if role == "drop" or not source.strip():
            continue
        if cell.cell_type == "markdown":
            cells.append(_Cell(source))
            continue
        code = read_code(source)
        if again := sorted(code.names & (OURS if role == "" else OURS | ours.setup_names)):
            told.add("setup_changed", "setup_changed", names=", ".join(again))
        cells.append(_Cell(code, _question(code, mark, ours) or question))
    if "parameters" not in roles:
        told.add("parameters_changed", "parameters_removed")
    elif given is not None:
        meant = {**ours.values, **given, "lang": values.get("lang")}
        if other := [name for name, value in values.items() if value is ... or value != meant[name]]:
            told.add("parameters_changed", "parameters_values", names=", ".join(other))
    if not marked:
        told.add("markers_lost", "markers_lost")
    return cells


def _roles(theirs: "list[NotebookNode]", ours: Template) -> list[str]:
    """What each cell is: parameters, injected (parameters), setup, drop, or "" for what the student wrote.

    A cell that sets nothing but parameters is one of ours where it sets most of them, or stands before the set-up.
    """
    opening = {plain(cell.source) for cell in ours.opening if cell.cell_type == "markdown"}
    begins = next((place for place, cell in enumerate(theirs) if ours.is_question(cell)), len(theirs))
    roles, before_setup = [], False
    for place, cell in reversed(list(enumerate(theirs))):
        if cell.cell_type == "markdown":
            role = "drop" if plain(cell.source) in opening else ""
        elif cell.cell_type != "code":
            role = "drop"
        else:
            role = _role(cell, ours, asked=place > begins, before_setup=before_setup)
        before_setup = before_setup or (role == "setup" and place < begins)
        roles.append(role)
    return roles[::-1]


def _role(cell: "NotebookNode", ours: Template, *, asked: bool, before_setup: bool) -> str:
    code = read_code(cell.source)
    tags = cell.metadata.get("tags", [])
    share = _share(code, ours)
    if code.is_check:
        return "drop"
    if "parameters" in tags or cell.id == ours.parameters.id:
        return "parameters"
    if INJECTED in tags or (share and cell.source.startswith(INJECTED_LINE)):
        return "injected"
    if share >= 0.5 or (share and before_setup):
        return "parameters"
    makes = code.names & (OURS | ours.setup_names)
    again = code.names & ours.setup_imports and not without(cell.source, ours.setup_code).strip()
    ready = "setup" in tags or cell.id in {one.id for one in ours.setup} or again or (makes and not asked)
    return "setup" if ready else ""


def _share(code: Code, ours: Template) -> float:
    """How many of the known parameters a cell sets that does nothing else."""
    if not code.names or not code.names.issubset(ours.values):
        return 0
    found = parameters(code.source, ours.values)
    return 0 if found.rest else len(found.values) / len(ours.values)


def _tell_of_parameters(role: str, found: Parameters, ours: Template, told: _Told) -> None:
    rest = without(found.rest, ours.setup_code).strip()
    if role == "injected":
        told.add("injected_parameters", "injected_parameters")
    elif rest:
        told.add("parameters_changed", "parameters_more")
    elif found.values and 2 * len(found.values) < len(ours.values):
        told.add("parameters_changed", "parameters_values", names=", ".join(found.values))


def _question(code: Code, mark: str, ours: Template) -> str:
    """By what a cell answers; its mark decides where it answers several, or none."""
    names = [name for name in code.answers if name in ours.questions]
    return mark if mark in names or not names else names[0]


def _tell_of_questions(cells: list[_Cell], ours: Template, told: _Told) -> None:
    """Questions without cells, without an answer, with two, and in another order."""
    found = [(cell.question, cell.content.answers) for cell in cells if isinstance(cell.content, Code)]
    full = Counter(name for _, names in found for name, more in names.items() if more)
    first = list(dict.fromkeys(name for _, names in found for name in names if name in ours.questions))
    named = {name for _, names in found for name in names}
    placed = {question for question, _ in found} | named

    def tell(flag: str, holds: Callable[[str], bool]) -> None:
        if names := [name for name in ours.questions if holds(name)]:
            told.add(flag, flag, names=", ".join(names))

    tell("cells_missing", lambda name: name not in placed)
    tell("cells_copied", lambda name: full[name] > 1)
    if "" not in named:
        tell("no_answer", lambda name: name in placed - named)
    if first != [name for name in ours.questions if name in first]:
        told.add("cells_reordered", "cells_reordered", names=shown(", ".join(first)))


def _node(number: int, cell: _Cell) -> "NotebookNode":
    import nbformat

    about: dict[str, Any] = {"id": f"student-{number}", "metadata": {}}
    if isinstance(cell.content, str):
        return nbformat.from_dict(about | {"cell_type": "markdown", "source": cell.content})
    if cell.question:
        about["metadata"] = {"crmlab": {"question": cell.question}}
    code = {"cell_type": "code", "source": cell.content.source, "outputs": [], "execution_count": None}
    return nbformat.from_dict(about | code)
