"""Answers of one run to marks: a line for every question, whatever came back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmlab.grade.execute import Fault
from crmlab.grade.records import Mark
from crmlab.questions.compare import compare
from crmlab.questions.rules import Question, Rules
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 200
"""Characters of an answer that a mark keeps."""


def marks(rules: Rules, answers: Mapping[str, Any], expected: Mapping[str, Any], lang: str) -> tuple[Mark, ...]:
    """One mark per question of `rules`, in their order.

    `answers` are plain values or a Fault, by question, as `execute` gives them; `expected` is what is right, for every
    question that is no essay. Answers with other names count nothing.

    >>> from crmlab.questions.rules import Late
    >>> rules = Rules("02_segment", (Question("q6", "number", points=2, minutes=5),), Late(10, 50))
    >>> [mark] = marks(rules, {"q6": 12}, {"q6": 12}, "en")
    >>> mark.earned, mark.verdict, mark.shown
    (2.0, 'right', '12')
    """
    return tuple(_mark(rules.lesson, question, answers, expected, lang) for question in rules.questions)


def _mark(lesson: str, question: Question, answers: Mapping[str, Any], expected: Mapping[str, Any], lang: str) -> Mark:
    hint = word(f"hint.{lesson}.{question.name}", lang)
    if question.name not in answers:
        return Mark(question.name, question.points, 0.0, "missing", hint=hint)
    value = answers[question.name]
    if isinstance(value, Fault):
        return Mark(question.name, question.points, 0.0, value.fault, value.type, hint)
    share, verdict = compare(question, value, expected.get(question.name))
    earned = None if share is None else round(share * question.points, 2)
    return Mark(question.name, question.points, earned, verdict, shown(value, lang), "" if share == 1 else hint)


def shown(value: Any, lang: str) -> str:
    """An answer in short.

    >>> shown(["R↑F↑M↓", 3], "en")
    'R↑F↑M↓, 3'
    """
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        text = _table(value, lang)
    elif isinstance(value, list):
        text = ", ".join(shown(one, lang) for one in value[:SHOWN])
    else:
        text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _table(table: "pd.DataFrame", lang: str) -> str:
    columns = ", ".join(map(str, table.columns[:20]))
    return word("grade.shown_table", lang, rows=len(table), columns=columns)
