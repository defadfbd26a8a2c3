"""What a student may write for a question of lesson 02, each piece with what it must earn: nothing of it is graded."""

from dataclasses import dataclass, replace
from functools import cache
from random import Random

from test_exercise_wrong_methods import WRONG

from crmlab.course.paths import course_root
from crmlab.course.source import Lesson, read_lesson
from crmlab.questions.rules import read_rules

STEM = "02_segment"
RULES = read_rules(STEM)
QUESTIONS = [question.name for question in RULES.questions]
ESSAY = "q12"
NEEDS = {"q2": "summary", "q4": "table", "q6": "table"}
"""What the solution of a question takes from the cell of another."""
MAKES = {"q1": "summary", "q3": "table"}
COSTLY = frozenset({"q5", "q7", "q8", "q9", "q10", "q11"})
"""Questions whose solutions take a tenth of a second and more; the others take no time."""
SHOWN = '"marks"].tolist()'
METHODS = [
    *((old, new, lost, "") for lesson, _, old, new, lost in WRONG if lesson == STEM),
    (SHOWN, f"{SHOWN}[:1]", {"q1": 1}, ""),
    (SHOWN, f"{SHOWN}[:1] + ['R↑']", {"q1": 1}, ""),
    ('summary.loc[summary["type"] == 0, "marks"]', 'summary["marks"]', {"q1": 2}, "size"),
    ('summary.loc[summary["type"] > 0, ["marks", "name"]]', 'summary[["marks", "name"]]', {"q2": 1}, "size"),
    ('["marks", "name"]', '["marks"]', {"q2": 1}, "columns"),
    ("silent_days=60", "silent_days=90", {"q8": 2}, ""),
    ("months=4", "months=3", {"q9": 3}, ""),
    ("window // 2", "window // 3", {"q10": 2}, ""),
    ("gaps=3", "gaps=2", {"q11": 2}, ""),
]
"""Wrong methods: a change of the solution, the points it costs by question, and the verdict where the form is wrong."""
VALUES = {"number": ("-1", "wrong"), "list": ("[0] * 8", "wrong"), "table": ("bought[:0].assign(marks='')", "size")}
TOO_MANY = {"q1": "size"}
"""Questions for which the list of wrong values is too long."""
KINDS = {"number": "'12'", "list": "12", "table": "[1, 2]", "essay": "618"}
NO_DATA = ("object()", "{'q': 1}", "lambda: 1", "shop", "open")
LOOPS = {"loop": "while True:\n    pass", "sleep": "import time\nwhile True:\n    time.sleep(1)"}
ENDS = "import os\nos._exit(0)"
LEAVES = "import sys\nsys.exit(0)"
AFTER = ("raise ValueError('too late')", "exit()", LEAVES)
"""What comes after an answer and takes nothing from it."""


@dataclass(frozen=True)
class Piece:
    """The cell of one question: `earned` points (None: a person marks it) where it comes to its answer, and the
    verdict. It `needs` a name and `makes` one, with which other questions are `spoilt`; it may end the whole run.
    `None` for the source is a cell deleted."""

    question: str
    source: str | None
    earned: float | None = 0
    verdict: str = "missing"
    needs: str = ""
    makes: str = ""
    spoilt: frozenset[str] = frozenset()
    ends: bool = False

    @property
    def is_blank(self) -> bool:
        """As it was handed out."""
        return self.source == untouched(self.question).source

    @property
    def names_itself(self) -> bool:
        """Whether the cell says, without being run, which question it answers."""
        return self.source is not None and f'answer("{self.question}"' in self.source


@cache
def lesson() -> Lesson:
    return read_lesson(course_root() / "notebooks" / "source" / f"{STEM}.py")


@cache
def solved(lang: str) -> dict[str, str]:
    return {cell.solution: cell.text[lang] for cell in lesson().cells if cell.solution}


def solution(name: str, lang: str) -> Piece:
    source = solved(lang)[name]
    right = (None, "manual") if name == ESSAY else (RULES[name].points, "right")
    return Piece(name, source, *right, NEEDS.get(name, ""), MAKES.get(name, ""))


def untouched(name: str) -> Piece:
    return Piece(name, f'answer("{name}", ...)', 0, "blank")


@cache
def wrong_methods(name: str, lang: str) -> list[Piece]:
    """The solution of a question with each wrong method that can be put into it."""
    full = solution(name, lang)
    found = []
    for old, new, lost, verdict in METHODS:
        if old in full.source and name in lost:
            earned = full.earned - lost[name]
            made = replace(full, source=full.source.replace(old, new), earned=earned, spoilt=frozenset(lost) - {name})
            found.append(replace(made, verdict=verdict or ("partly" if earned else "wrong")))
    return found


def piece(does: str, name: str, lang: str, draw: Random) -> Piece:
    """One question as a student writes it who `does` one of OFTEN, ENDING or LOOPS."""
    full = solution(name, lang)
    kind = RULES[name].kind
    nothing = Piece(name, "")
    match does:
        case "solution":
            return full
        case "blank":
            return untouched(name)
        case "method":
            return draw.choice(wrong_methods(name, lang)) if name != ESSAY else full
        case "value" if kind == "essay":
            return Piece(name, f'answer("{name}", "  \\n")', 0, "blank")
        case "value":
            value, verdict = VALUES[kind]
            return Piece(name, f'answer("{name}", {value})', 0, TOO_MANY.get(name, verdict))
        case "kind":
            return Piece(name, f'answer("{name}", {KINDS[kind]})', 0, "kind")
        case "no data":
            return Piece(name, f'answer("{name}", {draw.choice(NO_DATA)})', 0, "not_plain")
        case "error":
            source = full.source.replace('answer("', '1 / 0\nanswer("')
            return replace(full, source=source, earned=0, verdict="missing")
        case "syntax":
            return replace(nothing, source=f"{full.source}\nprint(")
        case "leaves":
            return replace(nothing, source=f"{LEAVES}\n{full.source}")
        case "after":
            return replace(full, source=f"{full.source}\n{draw.choice(AFTER)}")
        case "computed":
            return replace(full, source=full.source.replace('answer("q', 'answer("q" + "'))
        case "deleted":
            return Piece(name, None)
        case "loop" | "sleep":
            return replace(nothing, source=f"{LOOPS[does]}\n{full.source}")
        case "ends":
            return replace(nothing, source=f"{ENDS}\n{full.source}", ends=True)
        case "ends after":
            return replace(full, source=f"{full.source}\n{ENDS}", ends=True)
    raise AssertionError(does)


OFTEN = {"solution": 20, "blank": 4, "method": 7, "value": 2, "kind": 2, "no data": 2, "error": 2, "syntax": 1,
         "leaves": 1, "after": 1, "computed": 1, "deleted": 1}  # fmt: skip
"""What is done to a question, and how often."""
COSTLY_OFTEN = OFTEN | {"solution": 3, "method": 2, "error": 1, "blank": 10}
"""The same for costly questions."""
ENDING = ("ends", "ends after")


def earned(pieces: list[Piece]) -> dict[str, tuple[float | None, str]]:
    """Points and verdict of each question after these cells ran in their order.

    A blank counts nothing where the question is answered elsewhere; the last answer counts; a cell that takes a name
    that no cell before it made is an error.
    """
    answered = {one.question for one in pieces if one.names_itself and not one.is_blank}
    marks: dict[str, tuple[float | None, str]] = dict.fromkeys(QUESTIONS, (0, "missing"))
    made: dict[str, frozenset[str]] = {}
    for one in pieces:
        over = one.is_blank and (one.question in answered or marks[one.question][1] != "missing")
        if one.source is None or over or (one.needs and one.needs not in made):
            continue
        if one.makes:
            made[one.makes] = one.spoilt
        if one.verdict != "missing":
            spoilt = one.earned and one.question in made.get(one.needs, ())
            marks[one.question] = (0, "wrong") if spoilt else (one.earned, one.verdict)
        if one.ends:
            break
    return marks
