"""A class for benchmarks/grading.py: six questions of lesson 02, and what invented students hand in.

The pieces of code stand in grading/works.toml. A good half of the class has everything right; each other student has
one or two questions with a wrong method, a blank or an error. The same number of students gives the same class.
"""

import json
import random
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from crmlab.assign.variants import hidden_variant, variant, write_variant
from crmlab.collect.pseudonym import Key
from crmlab.course.notebook import with_values, written
from crmlab.course.paths import course_root
from crmlab.course.source import Cell, Lesson, read_lesson
from crmlab.questions.rules import Rules, read_rules
from crmlab.words import LANGUAGES

STEM = "02_segment"
KEY = Key(b"a key for benchmarks/grading.py only")
LANG = "zh"
PRACTICE = f"""\
from crmlab.course.practice import practice

answer, check = practice("{STEM}", shop, settings)
"""
PLAIN = "answers = {}\nanswer = answers.__setitem__\n"
"""What stands in the place of PRACTICE for those who do not grade with crmlab."""
RIGHT = 0.6
"""Students who have everything right."""


@dataclass(frozen=True)
class Work:
    """What one student wrote: `code` and the planted `points`, by question."""

    student: str
    code: dict[str, str]
    points: dict[str, float]


def rules() -> Rules:
    """The rules of the lesson, for the questions of the benchmark."""
    every = read_rules(STEM)
    return replace(every, questions=tuple(every[name] for name in _pieces()))


def lesson() -> Lesson:
    """The lesson with the questions of the benchmark, and with a set-up of pandas and seaborn in place of its own."""
    found = read_lesson(course_root() / "notebooks" / "source" / f"{STEM}.py")
    kept = [cell for cell in found.cells if "parameters" in cell.tags or cell.question in _pieces()]
    setup = Cell("code", dict.fromkeys(LANGUAGES, _read()["setup"].strip("\n")), tags=("setup",))
    begin = Cell("code", dict.fromkeys(LANGUAGES, PRACTICE + _read()["begin"].strip("\n")), exercise="setup")
    return replace(found, cells=(*kept, setup, begin))


def works(students: int) -> list[Work]:
    """What each of so many students wrote."""
    draw = random.Random(618)
    most = {question.name: question.points for question in rules().questions}
    found = []
    for number in range(1, students + 1):
        bad = set() if draw.random() < RIGHT else set(draw.sample(sorted(most), draw.choice((1, 1, 2))))
        chosen = {
            name: draw.choice([piece for piece in pieces if (piece["share"] < 1) == (name in bad)])
            for name, pieces in _pieces().items()
        }
        found.append(
            Work(
                f"s{number:03}",
                {name: piece["code"].strip("\n") for name, piece in chosen.items()},
                {name: round(piece["share"] * most[name], 2) for name, piece in chosen.items()},
            )
        )
    return found


def hand_in(course: Lesson, handed_in: list[Work], folder: Path) -> None:
    """Write each work as its student would send it: in the notebook of the exercise, with the student's parameters."""
    for work in handed_in:
        notebook = course.exercise(LANG)
        notebook.metadata["crmlab"]["student"] = work.student
        for cell in notebook.cells:
            if "parameters" in cell.metadata.get("tags", ()):
                cell.source = with_values(cell.source, variant(KEY, STEM, work.student).parameters)
            elif cell.cell_type == "code" and (question := cell.metadata.get("crmlab", {}).get("question")):
                cell.source = work.code[question]
        path = folder / work.student / f"{STEM}_{work.student}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(written(notebook), encoding="utf-8", newline="\n")


def write_roster(handed_in: list[Work], path: Path) -> None:
    rows = ["student,name,lang", *(f"{work.student},,{LANG}" for work in handed_in)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")


def opening(data: Path) -> list[str]:
    """The cells above the questions for those who do not grade with crmlab: the parameters of the graded run, whose
    data are written to `data`, and the set-up."""
    [parameters] = [cell.text[LANG] for cell in lesson().cells if "parameters" in cell.tags]
    drawn = hidden_variant(KEY, STEM)
    write_variant(drawn, data)
    parameters = with_values(parameters, drawn.parameters | {"data": str(data)})
    return [parameters, _read()["setup"].strip("\n"), PLAIN + _read()["begin"].strip("\n")]


def right(cells: list[str]) -> dict[str, dict]:
    """What is right on the data that these opening cells name, by question, as `encode` has it."""
    from crmlab.course.settings import check_settings
    from crmlab.course.source import literal_parameters
    from crmlab.data import open_data
    from crmlab.questions.compare import right_answer
    from crmlab.questions.plain import encode

    settings = check_settings(**literal_parameters(cells[0]))
    shop = open_data(settings)
    return {name: encode(right_answer(STEM, name, shop, settings)) for name in _pieces()}


def points(answers: dict[str, dict], expected: dict[str, dict]) -> dict[str, float]:
    """What these answers earn; both as `encode` has them."""
    from crmlab.grade.marking import marks
    from crmlab.questions.plain import decode

    given, known = ({name: decode(value) for name, value in found.items()} for found in (answers, expected))
    return {mark.question: mark.earned for mark in marks(rules(), given, known, LANG)}


def write_json(content: object, path: Path) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8", newline="\n")


@cache
def _read() -> dict:
    return tomllib.loads((Path(__file__).parent / "grading" / "works.toml").read_text(encoding="utf-8"))


def _pieces() -> dict[str, list[dict]]:
    return {name: pieces for name, pieces in _read().items() if name not in ("setup", "begin")}
