"""An answer beside what is right, both plain data (`crmlab.questions.plain`): which share of the points it earns."""

import datetime as dt
import math
import unicodedata
from functools import partial
from typing import TYPE_CHECKING, Any

from crmlab.questions.concepts import Concepts
from crmlab.questions.plain import decode, encode
from crmlab.questions.rules import TOLERANCE, Question

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.data import Shop

Compared = tuple[float | None, str]
"""The share of the points (0 to 1; None while a person has to mark it) and a verdict of `crmlab.grade.records`."""


def right_answer(lesson: str, name: str, shop: "Shop", settings: Any) -> Any:
    """What is right for one question on the data at hand, as `compare` takes it: plain data, or Concepts."""
    from crmlab.questions.right import ANSWERS

    found = ANSWERS[lesson][name](shop, settings)
    return found if isinstance(found, Concepts) else decode(encode(found))


def compare(question: Question, value: Any, expected: Any) -> Compared:
    """Compare an answer (as `decode` gives it) with what is right (as `right_answer` gives it). Never raises.

    Whole numbers are exact, other numbers within the tolerance of the question; 1 equals 1.0, and neither equals "1" or
    True. Text is compared without blanks around it and with full-width signs as plain ones (NFKC); case counts. Rows
    and columns of a table may stand in any order and further columns do no harm; the rows must be those that are right,
    else there is nothing to compare. A missing value equals a missing value.

    >>> compare(Question("q1", "number", points=1, minutes=1), 12.0, 12)
    (1.0, 'right')
    >>> compare(Question("q2", "list", points=2, minutes=2, partial=True), [1, 2], [1, 3])
    (0.5, 'partly')
    """
    if question.kind == "essay":
        return _essay(value)
    if isinstance(value, str) and not value.strip():
        return 0.0, "blank"
    if question.kind == "number":
        right = _is_number(value)
        return _all_or_none(_same_number(question, value, expected)) if right else (0.0, "kind")
    if question.kind == "text":
        return _all_or_none(_same(question, value, expected)) if isinstance(value, str) else (0.0, "kind")
    if question.kind == "list":
        share, verdict = _list(question, value, expected)
    else:
        share, verdict = _table(question, value, expected)
    return _by_rule(question, share, verdict)


def plain_text(text: str) -> str:
    """A text as it is compared.

    >>> plain_text(" Ｒ↑ ")
    'R↑'
    """
    return unicodedata.normalize("NFKC", text).strip()


def _all_or_none(right: bool) -> Compared:
    return (1.0, "right") if right else (0.0, "wrong")


def _essay(value: Any) -> Compared:
    if not isinstance(value, str):
        return 0.0, "kind"
    return (None, "manual") if value.strip() else (0.0, "blank")


def _by_rule(question: Question, share: float, verdict: str) -> Compared:
    """A share that is not whole earns something only where the rule says so."""
    if verdict:
        return (share if question.partial else 0.0), verdict
    if share == 1:
        return 1.0, "right"
    return (share, "partly") if question.partial and share else (0.0, "wrong")


def _list(question: Question, value: Any, expected: Any) -> tuple[float, str]:
    """The share of the items that are right, and what is wrong with the form of the answer ("" where nothing is)."""
    if not isinstance(value, list):
        return 0.0, "kind"
    if question.most and len(value) > question.most:
        return 0.0, "size"
    if isinstance(expected, Concepts):
        if not all(isinstance(one, str) for one in value):
            return 0.0, "kind"
        named = [Concepts((ways,)).named_in(value) for ways in expected.synonyms]
        return sum(named) / len(named), ""
    right = _right_in_any_order if question.any_order else _right_in_place
    longest = max(len(value), len(expected))
    share = right(question, value, expected) / longest if longest else 1.0
    return share, "" if len(value) == len(expected) else "size"


def _right_in_place(question: Question, value: list[Any], expected: list[Any]) -> int:
    return sum(_same(question, one, other) for one, other in zip(value, expected, strict=False))


def _right_in_any_order(question: Question, value: list[Any], expected: list[Any]) -> int:
    left = list(value)
    for wanted in expected:
        place = next((place for place, one in enumerate(left) if _same(question, one, wanted)), None)
        if place is not None:
            del left[place]
    return len(value) - len(left)


def _table(question: Question, value: Any, expected: "pd.DataFrame") -> tuple[float, str]:
    """The share of the columns that are right once the rows are found by their key, and what is wrong with the form."""
    import pandas as pd

    if not isinstance(value, pd.DataFrame):
        return 0.0, "kind"
    there = {plain_text(name): name for name in value.columns}
    if any(name not in there for name in question.key):
        return 0.0, "columns"
    if len(value) != len(expected):
        return 0.0, "size"
    given = {name: _cells(value[there[name]]) for name in expected.columns if name in there}
    wanted = {name: _cells(expected[name]) for name in expected.columns}
    places = _places(question, given)
    if places.keys() != _places(question, wanted).keys():
        return 0.0, ""
    order = [places[row] for row in _rows(question, wanted)]
    told = [name for name in wanted if name not in question.key]
    found = {name: [given[name][place] for place in order] for name in told if name in given}
    right = sum(all(map(partial(_same, question), cells, wanted[name])) for name, cells in found.items())
    return (right / len(told) if told else 1.0), "columns" if len(found) < len(told) else ""


def _places(question: Question, columns: dict[str, list[Any]]) -> dict[tuple[Any, ...], int]:
    """Where each row stands, by its key."""
    return {row: place for place, row in enumerate(_rows(question, columns))}


def _rows(question: Question, columns: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    return list(zip(*([_kind_and_value(cell) for cell in columns[name]] for name in question.key), strict=True))


def _cells(column: "pd.Series") -> list[Any]:
    return column.astype("object").where(column.notna(), None).tolist()


def _same(question: Question, value: Any, expected: Any) -> bool:
    if isinstance(value, list) and isinstance(expected, list):
        pairs = zip(value, expected, strict=False)
        return len(value) == len(expected) and all(_same(question, one, other) for one, other in pairs)
    if _is_number(value) and _is_number(expected):
        return _same_number(question, value, expected)
    return _kind_and_value(value) == _kind_and_value(expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same_number(question: Question, value: float, expected: float) -> bool:
    if isinstance(expected, int):
        return value == expected
    if question.decimals is not None:
        half = 0.5 * 10.0**-question.decimals
        return math.isclose(value, expected, rel_tol=1e-9, abs_tol=half * (1 + TOLERANCE))
    return math.isclose(value, expected, rel_tol=question.tolerance) or (math.isnan(value) and math.isnan(expected))


def _kind_and_value(value: Any) -> tuple[str, Any]:
    """What a value is, and the value as it is compared: a date is its ISO text, as in a list."""
    if isinstance(value, bool):
        return "flag", value
    if _is_number(value):
        return "number", value
    if isinstance(value, dt.datetime):
        return "text", value.isoformat().removesuffix("T00:00:00")
    if isinstance(value, str):
        return "text", plain_text(value)
    return type(value).__name__, value
