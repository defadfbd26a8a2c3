"""The rules of a lesson's grading, as data: what each question is worth, and how an answer is compared."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from crmlab.errors import DataError, ParameterError

KINDS = ("number", "text", "list", "table", "essay")
"""What an answer may be; an essay is a text that a person reads."""
TOLERANCE = 1e-6
LATE = "late"
FIELDS: dict[str, tuple[type, ...]] = {
    "kind": (str,), "points": (int,), "minutes": (int,), "tolerance": (float,), "decimals": (int,),
    "partial": (bool,), "any_order": (bool,), "most": (int,), "key": (list,),
}  # fmt: skip
NEEDED = ("kind", "points", "minutes")
OF_KIND = {
    "number": ("tolerance", "decimals"), "text": (), "list": ("tolerance", "partial", "any_order", "most"),
    "table": ("tolerance", "partial", "key"), "essay": (),
}  # fmt: skip
"""The fields that only some kinds of answers have."""
LEAST = {"points": 1, "minutes": 1, "decimals": 0, "most": 1}


@dataclass(frozen=True)
class Question:
    """How one question is graded.

    `tolerance` is relative and holds for numbers that are not whole, in lists and tables too; with `decimals` a number
    is right if it is so once rounded to them. `partial` gives each item of a list, or each column of a table, its share
    of the points. A list with `any_order` is compared as a set that may hold an item twice; one with more than `most`
    items (0: any number) names things at random. `key` are the columns of a table that name a row.
    """

    name: str
    kind: str
    points: int
    minutes: int
    tolerance: float = TOLERANCE
    decimals: int | None = None
    partial: bool = False
    any_order: bool = False
    most: int = 0
    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Late:
    """What handing in late costs: `percent_per_day` of the earned points for each day begun, `most` in all."""

    percent_per_day: int
    most: int

    def percent(self, days: int) -> int:
        """Percent of the earned points that `days` begun days cost.

        >>> [Late(10, 50).percent(days) for days in (0, 1, 9)]
        [0, 10, 50]
        """
        return min(self.percent_per_day * max(days, 0), self.most)


@dataclass(frozen=True)
class Rules:
    """The rules of one lesson: its questions in their order, and the late policy."""

    lesson: str
    questions: tuple[Question, ...]
    late: Late

    @property
    def points(self) -> int:
        return sum(question.points for question in self.questions)

    def __getitem__(self, name: str) -> Question:
        """The rule of a question. Raises ParameterError for one that the lesson does not have."""
        for question in self.questions:
            if question.name == name:
                return question
        there = ", ".join(question.name for question in self.questions)
        raise ParameterError("no_question", name=name, there=there)


def has_rules(lesson: str) -> bool:
    """Whether a lesson is graded: crmlab/questions/rules has a file for it.

    >>> has_rules("02_segment"), has_rules("99_none")
    (True, False)
    """
    return f"{lesson}.toml" in (entry.name for entry in files("crmlab.questions").joinpath("rules").iterdir())


def read_rules(lesson: str) -> Rules:
    """The rules of a lesson ("02_segment"), from crmlab/questions/rules.

    Raises ParameterError where there are none, and DataError as `parse_rules` does.

    >>> read_rules("00_start")["q1"].kind
    'number'
    """
    room = files("crmlab.questions").joinpath("rules")
    file = f"{lesson}.toml"
    if not has_rules(lesson):
        known = ", ".join(sorted(entry.name.removesuffix(".toml") for entry in room.iterdir()))
        raise ParameterError("grading_none", lesson=lesson, known=known)
    return parse_rules(room.joinpath(file).read_text(encoding="utf-8"), lesson)


def parse_rules(text: str, lesson: str) -> Rules:
    """Rules from TOML: a table `late`, and one for each question. Raises DataError that names the question and the
    field at fault."""
    file = f"{lesson}.toml"
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError("grading_toml", file=file, problem=error) from None
    late = _late(found.pop(LATE, None), file)
    if not found:
        raise DataError("grading_no_question", file=file)
    return Rules(lesson, tuple(_question(name, fields, file) for name, fields in found.items()), late)


def _late(fields: Any, file: str) -> Late:
    names = ("percent_per_day", "most")
    if not isinstance(fields, dict) or sorted(fields) != sorted(names):
        raise DataError("grading_fields", file=file, part=LATE, fields=", ".join(names))
    for name in names:
        if type(fields[name]) is not int or not 0 <= fields[name] <= 100:
            raise DataError("grading_value", file=file, part=LATE, field=name, value=repr(fields[name]))
    return Late(**fields)


def _question(name: str, fields: Any, file: str) -> Question:
    if not isinstance(fields, dict) or fields.get("kind") not in KINDS:
        raise DataError("grading_kind", file=file, part=name, kinds=", ".join(KINDS))
    allowed = (*NEEDED, *OF_KIND[fields["kind"]])
    needed = {*NEEDED, "key"} if fields["kind"] == "table" else {*NEEDED}
    if not needed <= set(fields) <= set(allowed):
        raise DataError("grading_fields", file=file, part=name, fields=", ".join(allowed))
    for field, value in fields.items():
        if not _fits(field, value):
            raise DataError("grading_value", file=file, part=name, field=field, value=repr(value))
    return Question(name, **_with_tuples(fields))


def _fits(field: str, value: Any) -> bool:
    if type(value) not in FIELDS[field]:
        return False
    if field == "tolerance":
        return 0 <= value < 1
    if field == "key":
        return bool(value) and all(isinstance(column, str) for column in value)
    return value >= LEAST[field] if field in LEAST else True


def _with_tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
