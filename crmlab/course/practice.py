"""Answers that students name and check at once: a hint in their language, never the expected value."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from crmlab.course.answers import ANSWERS
from crmlab.course.concepts import Concepts
from crmlab.data import Shop
from crmlab.errors import ParameterError
from crmlab.words import word

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Checked:
    """What a check says; `passed` says it to programs."""

    passed: bool
    text: str

    def __repr__(self) -> str:
        return self.text


def practice(lesson: str, shop: Shop, settings: Any) -> tuple[Callable[[str, Any], None], Callable[[str], Checked]]:
    """The pair `answer(name, value)` and `check(name)` for one lesson on one data set.

    An answer is data: a number, text, a list, or a table. A check computes what is right from `shop` and `settings` and
    compares; what it shows never holds the right value. Raises ParameterError for a question that the lesson does
    not have.
    """
    questions = ANSWERS[lesson]
    given: dict[str, Any] = {}

    def demand(name: str) -> None:
        if name not in questions:
            raise ParameterError("no_question", name=name, there=", ".join(questions))

    def answer(name: str, value: Any) -> None:
        demand(name)
        given[name] = value

    def check(name: str) -> Checked:
        demand(name)
        value = given.get(name, ...)
        if value is ...:
            return Checked(False, word("check.blank", settings.lang, name=name))
        fault = _fault(value, questions[name](shop, settings))
        if fault is None:
            return Checked(True, word("check.right", settings.lang, name=name))
        hint = word(f"hint.{lesson}.{name}", settings.lang)
        return Checked(False, word(f"check.{fault}", settings.lang, name=name, hint=hint))

    return answer, check


def _fault(value: Any, expected: Any) -> str | None:
    """What is wrong with an answer: its kind, its size, or its values; None when it is right."""
    import pandas as pd

    if isinstance(expected, pd.DataFrame):
        if not isinstance(value, pd.DataFrame) or list(value.columns) != list(expected.columns):
            return "kind"
        if len(value) != len(expected):
            return "size"
        order = list(expected.columns)
        pair = [frame.sort_values(order, ignore_index=True).astype("object") for frame in (value, expected)]
        return None if pair[0].equals(pair[1]) else "values"
    if isinstance(expected, Concepts):
        if not isinstance(value, list | tuple | set) or not all(isinstance(one, str) for one in value):
            return "kind"
        return None if expected.named_in(list(value)) else "values"
    if isinstance(expected, list):
        if not isinstance(value, list | tuple):
            return "kind"
        if len(value) != len(expected):
            return "size"
        faults = {_fault(one, other) for one, other in zip(value, expected, strict=True)} - {None}
        return "values" if faults else None
    if isinstance(expected, str):
        return "kind" if not isinstance(value, str) else None if value.strip() == expected else "values"
    if not isinstance(value, Real) or isinstance(value, bool):
        return "kind"
    return None if abs(value - expected) <= TOLERANCE * max(1, abs(expected)) else "values"
