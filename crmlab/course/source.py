"""Lessons as they are written: one file, Chinese and English side by side, read into a Lesson."""

import ast
from dataclasses import dataclass
from pathlib import Path

from crmlab.course import notebook
from crmlab.errors import CrmlabError
from crmlab.words import LANGUAGES

LISTS = ("questions", "objectives", "key_points")
HEADER = ("number", "name", "minutes", "title", *LISTS)


@dataclass(frozen=True)
class Cell:
    """A code cell, or a markdown cell with its partner. `text` holds both languages; code is the same."""

    kind: str
    text: dict[str, str]
    tags: tuple[str, ...] = ()
    exercise: str = ""
    question: str = ""
    solution: str = ""


@dataclass(frozen=True)
class Lesson:
    """One lesson with both languages. `stem` ("02_segment") names its files and `header` what opens it."""

    stem: str
    header: dict
    cells: tuple[Cell, ...]

    @property
    def questions(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.question)

    @property
    def shown(self) -> tuple[Cell, ...]:
        """The cells of the lesson notebook, between its opening and its closing cell."""
        return tuple(cell for cell in self.cells if not (cell.exercise or cell.question or cell.solution))

    def notebook(self, lang: str):
        """The lesson as a notebook without outputs."""
        return notebook.lesson_notebook(self, lang)

    def exercise(self, lang: str):
        """The exercise notebook: blanks, and a check below each."""
        return notebook.exercise_notebook(self, lang)

    def solution(self, lang: str):
        """The exercise notebook with every blank filled from the solution cells. For tests only."""
        return notebook.exercise_notebook(self, lang, filled=True)


def read_lessons(folder: Path) -> list[Lesson]:
    """All lessons of a folder, by number. Raises CrmlabError as read_lesson does."""
    return [read_lesson(path) for path in sorted(folder.glob("[0-9][0-9]_*.py"))]


def read_lesson(path: Path) -> Lesson:
    """Read one lesson source (jupytext py:percent). Raises CrmlabError that names file and cell at fault."""
    import jupytext
    import yaml

    try:
        written = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
        header, raw = _header(path, written)
    except yaml.YAMLError as error:
        raise CrmlabError("lesson_yaml", file=path.name, problem=error) from None
    cells = _pair(path, raw)
    _check_parameters(path, cells)
    _check_questions(path, cells)
    return Lesson(path.stem, header, tuple(cell for _, cell in cells))


def literal_parameters(source: str) -> dict[str, object]:
    """The names and values of a parameters cell. Raises ValueError with a line that is not `name = literal`.

    >>> literal_parameters('lang = "zh"  # language\\nwindow = 365')
    {'lang': 'zh', 'window': 365}
    """
    found = {}
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]):
                try:
                    found[name] = ast.literal_eval(statement.value)
                except ValueError:
                    raise ValueError(ast.unparse(statement)) from None
            case _:
                raise ValueError(ast.unparse(statement))
    return found


def _header(path: Path, written) -> tuple[dict, list]:
    """The header under `crmlab:` and the cells below; jupytext gives a header of others as a raw cell."""
    import yaml

    cells = written.cells
    header = written.metadata.get("crmlab")
    if header is None and cells and cells[0].cell_type == "raw":
        header = (yaml.safe_load(cells[0].source.strip().strip("-")) or {}).get("crmlab")
        cells = cells[1:]
    header = dict(header or {})
    if missing := [name for name in HEADER if not header.get(name)]:
        raise CrmlabError("lesson_header", file=path.name, names=", ".join(missing))
    one_language = [name for name in ("title", *LISTS) if sorted(header[name]) != sorted(LANGUAGES)]
    if one_language:
        raise CrmlabError("lesson_header_language", file=path.name, names=", ".join(one_language))
    if f"{header['number']}_{header['name']}" != path.stem:
        raise CrmlabError("lesson_name", file=path.name, name=f"{header['number']}_{header['name']}.py")
    return header, cells


def _pair(path: Path, raw: list) -> list[tuple[dict, Cell]]:
    """Each cell with where it stands; a Chinese markdown cell takes in the English one that must follow."""
    cells = []
    waiting = None
    for number, cell in enumerate(raw, start=1):
        where = {"file": path.name, "cell": number, "line": (cell.source.splitlines() or [""])[0]}
        lang = cell.metadata.get("lang")
        if cell.cell_type not in ("code", "markdown"):
            raise CrmlabError("lesson_cell_kind", **where)
        if cell.cell_type == "markdown" and lang not in LANGUAGES:
            raise CrmlabError("lesson_no_lang", **where)
        if waiting and (lang != "en" or _about(cell) != _about(waiting[1])):
            raise CrmlabError("lesson_no_partner", **waiting[0])
        if lang == "zh":
            waiting = where, cell
        elif lang == "en":
            if not waiting:
                raise CrmlabError("lesson_no_partner", **where)
            cells.append((waiting[0], Cell("markdown", {"zh": waiting[1].source, "en": cell.source}, **_about(cell))))
            waiting = None
        else:
            cells.append((where, Cell("code", dict.fromkeys(LANGUAGES, cell.source), **_about(cell))))
    if waiting:
        raise CrmlabError("lesson_no_partner", **waiting[0])
    return cells


def _about(cell) -> dict:
    metadata = cell.metadata
    about = {name: metadata.get(name, "") for name in ("exercise", "question", "solution")}
    return about | {"tags": tuple(metadata.get("tags", ()))}


def _check_parameters(path: Path, cells: list[tuple[dict, Cell]]) -> None:
    found = [(where, cell) for where, cell in cells if "parameters" in cell.tags]
    if len(found) != 1:
        raise CrmlabError("lesson_parameters", file=path.name, number=len(found))
    [(where, cell)] = found
    try:
        values = literal_parameters(cell.text["zh"])
    except (ValueError, SyntaxError) as error:
        raise CrmlabError("lesson_not_literal", **where | {"line": error}) from None
    if values.get("lang") != "zh" or notebook.LANG_LINE.search(cell.text["zh"]) is None:
        raise CrmlabError("lesson_lang_line", **where)


def _check_questions(path: Path, cells: list[tuple[dict, Cell]]) -> None:
    """Each question has one prose pair and one solution cell."""
    asked = [cell.question for _, cell in cells if cell.question]
    solved = [cell.solution for _, cell in cells if cell.solution]
    for where, cell in cells:
        if (cell.question and cell.kind != "markdown") or (cell.solution and cell.kind != "code"):
            raise CrmlabError("lesson_question_kind", **where)
    for where, cell in cells:
        name = cell.question or cell.solution
        if name and asked.count(name) != 1:
            raise CrmlabError("lesson_question_count", name=name, number=asked.count(name), **where)
        if name and solved.count(name) != 1:
            raise CrmlabError("lesson_solution_count", name=name, number=solved.count(name), **where)
