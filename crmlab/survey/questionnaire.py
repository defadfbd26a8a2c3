"""A questionnaire as one TOML file: from it come the form, the paper, the data dictionary and the checks."""

import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.survey.question import Question
from crmlab.survey.schema import read_schema

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.validate import Checked
    from crmlab.survey.form import Form

RESPONDENT = ("answer_id", "customer_id", "submitted_at", "seconds_used")
"""Columns of every answer before those of the questions."""


@dataclass(frozen=True)
class Questionnaire:
    """Questions with their preamble. `title` and the texts of `preamble` (address, purpose, consent, opt_out, thanks)
    are by language; `table` is the table of the house that holds the answers, `purpose` the purpose of consent under
    which they are asked for, `text_version` the version of the consent text. `missing` maps reasons for no answer to
    the codes that stand for them in raw answers.
    """

    name: str
    table: str
    purpose: str
    text_version: str
    title: dict[str, str]
    preamble: dict[str, dict[str, str]]
    missing: dict[str, int]
    questions: tuple[Question, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its answers: answer_id, customer_id, submitted_at, seconds_used, and those of questions."""
        return (*RESPONDENT, *(column for question in self.questions for column in question.columns))

    def items(self, indicator: str) -> tuple[Question, ...]:
        """The questions that measure one indicator, in order.

        >>> [item.key for item in questionnaire("satisfaction").items("satisfaction") if item.reverse]
        ['s3_slow', 's5_trouble']
        """
        return tuple(question for question in self.questions if question.indicator == indicator)

    def text(self, lang: str = "zh") -> str:
        """The questionnaire as plain text, to print and fill in by hand."""
        from crmlab.survey import paper

        return paper.text(self, lang)

    def wenjuanxing(self, lang: str = "zh") -> str:
        """The questionnaire as text that 问卷星 takes at its text import: tags of kinds, an option a line.

        Tags are Chinese in either language, since the platform reads them. Look through its preview before you publish:
        it may take its tags otherwise than today, and no question should be mandatory.
        """
        from crmlab.survey import paper

        return paper.wenjuanxing(self, lang)

    def dictionary(self, lang: str = "zh") -> "pd.DataFrame":
        """The data dictionary, a row per column: item, wording, type, unit, codes, ends, reverse, missing, required."""
        from crmlab.survey import paper

        return paper.dictionary(self, lang)

    def check(self, answers: "pd.DataFrame") -> "Checked":
        """Raw answers checked against the questions: what fits is kept and typed, every fault is listed.

        See `crmlab.survey.answers.check`.
        """
        from crmlab.survey.answers import check

        return check(self, answers)

    def missing_answers(self, answers: "pd.DataFrame") -> "pd.DataFrame":
        """How many answered each question, and why the others did not: see `crmlab.survey.answers.missing_answers`."""
        from crmlab.survey.answers import missing_answers

        return missing_answers(self, answers)

    def open_answers(self, answers: "pd.DataFrame", lang: str = "zh", *, seed: int = 0) -> "pd.DataFrame":
        """What was written, without who wrote it: see `crmlab.survey.answers.open_answers`."""
        from crmlab.survey.answers import open_answers

        return open_answers(self, answers, lang, seed=seed)

    def synthetic(self, n: int, *, seed: int, on: date) -> "pd.DataFrame":
        """`n` made-up answers of one day with the shape of real ones: see `crmlab.survey.synthetic`."""
        from crmlab.survey.synthetic import synthetic

        return synthetic(self, n, seed=seed, on=on)

    def form(self, lang: str = "zh", *, on: date, customer_id: str = "example") -> "Form":
        """A form to fill in inside the notebook; submitted answers stand in its `answers`, dated `on`."""
        from crmlab.survey.form import Form

        return Form(self, lang, on=on, customer_id=customer_id)


def questionnaire(name: str | Path) -> Questionnaire:
    """The questionnaire with this name ("shopping" or "satisfaction"), or the one in a TOML file of your own.

    Raises DataError for a name that is not there, and for a file with a fault, which it names.

    >>> shopping = questionnaire("shopping")
    >>> [question.key for question in shopping.questions], shopping.missing["skipped"]
    (['q1_last', 'q2_orders', 'q3_spend', 'q4_other'], -2)
    """
    path = Path(name)
    there = sorted(file.name.removesuffix(".toml") for file in files("crmlab.survey").iterdir() if ".toml" in file.name)
    if str(name) in there:
        source = files("crmlab.survey").joinpath(f"{name}.toml")
    elif path.suffix == ".toml" and path.is_file():
        source = path
    else:
        raise DataError("no_questionnaire", name=path.name, there=", ".join(there))
    try:
        told = tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError("questionnaire_syntax", file=source.name, reason=str(error)) from None
    return Questionnaire(name=path.stem, **read_schema(told, source.name))
