"""Answers that students name and check at once: a hint in their language, never the expected value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crmlab.data import Shop
from crmlab.questions.compare import compare, right_answer
from crmlab.questions.concepts import Concepts
from crmlab.questions.plain import NotPlainError, decode, encode
from crmlab.questions.rules import Question, read_rules
from crmlab.words import word


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
    compares as grading does; it may tell the form that is asked for, and never a value. Raises ParameterError for
    a question that the lesson does not have.
    """
    rules = read_rules(lesson)
    given: dict[str, Any] = {}

    def answer(name: str, value: Any) -> None:
        given[rules[name].name] = value

    def check(name: str) -> Checked:
        question = rules[name]
        verdict, asked = "blank", ""
        if (value := given.get(name, ...)) is not ...:
            verdict, asked = _verdict(lesson, question, value, shop, settings)
        hint = word(f"hint.{lesson}.{name}", settings.lang)
        text = word(f"check.{verdict}", settings.lang, name=name, asked=asked, hint=hint)
        return Checked(verdict in ("right", "manual"), text)

    return answer, check


def _verdict(lesson: str, question: Question, value: Any, shop: Shop, settings: Any) -> tuple[str, str]:
    """The verdict on an answer, and the form that was asked for."""
    expected = None if question.kind == "essay" else right_answer(lesson, question.name, shop, settings)
    asked = _asked(question, expected, settings.lang)
    try:
        return compare(question, decode(encode(value)), expected)[1], asked
    except NotPlainError as error:
        return error.fault, asked


def _asked(question: Question, expected: Any, lang: str) -> str:
    """The form of the answer that is asked for, such as "a table of 6 rows with the columns marks, name"."""
    if question.kind == "table":
        return word("asked.table", lang, rows=len(expected), columns=", ".join(expected.columns))
    if question.kind == "list" and not isinstance(expected, Concepts):
        return word("asked.list", lang, items=len(expected))
    if question.kind == "list":
        return word("asked.texts", lang, most=question.most)
    return word(f"asked.{question.kind}", lang)
