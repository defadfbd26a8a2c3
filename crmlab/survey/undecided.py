"""What an answer in bands leaves open: a mark is decided only if its whole interval lies on one side."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from crmlab.collect.mask import mask_column
from crmlab.errors import DataError
from crmlab.money import minor_units_in
from crmlab.rfm.marks import DOWN, MARK_COLUMNS, TYPES, UP
from crmlab.survey.three import QUESTIONS, Question, per_quarter
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

OPEN = "?"
STATES = ("decided", "undecided", "skipped")


@dataclass(frozen=True, repr=False)
class Decided:
    """Which answers have a type, and which leave it open.

    `table` has one row per answer, in their order: answer_id, customer_id, r_mark, f_mark, m_mark (↑, ↓, ? for open,
    missing for a skipped question), marks (such as "R↓F?M↑"; missing if a question was skipped), type (1 to 6, 0 for
    the unnamed combinations, missing unless decided), state. decided + undecided + skipped = all answers.
    """

    n: int
    decided: int
    undecided: int
    skipped: int
    table: "pd.DataFrame" = field(compare=False)

    def sentence(self, lang: str) -> str:
        """How many answers are decided, open and skipped."""
        return word("undecided.sentence", lang, n=self.n, decided=self.decided, undecided=self.undecided,
                    skipped=self.skipped)  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(self.sentence(lang) for lang in LANGUAGES)


def quarterly(result: "RFM") -> dict[str, Fraction]:
    """The thresholds of a result in the units of the questions: days, orders a quarter, minor units a quarter.

    Raises DataError for a result without a window, and for one that was split by scores.
    """
    window = result.settings.window
    if window is None:
        raise DataError("agreement_no_window")
    if result.settings.split == "quantile":
        raise DataError("undecided_scores")
    values = {name: threshold.value for name, threshold in result.thresholds.items()}
    return {
        "recency_days": values["recency_days"],
        "orders_per_quarter": per_quarter(values["frequency"], window),
        "spend_per_quarter": per_quarter(values["monetary"], window),
    }


def stated_marks(coded: "pd.DataFrame", thresholds: Mapping[str, Fraction | int]) -> "pd.Series":
    """The marks of coded answers (as `code_answers` gives them), such as "R↓F↑M↑"; missing where one was skipped.

    Every band counts with its one value here; `decide` says what the bands leave open.
    """
    marks = ""
    for letter, question in zip("RFM", QUESTIONS, strict=True):
        values, limit = coded[question.indicator], ceil(thresholds[question.indicator])
        marks = marks + values.ge(limit).map({True: letter + UP, False: letter + DOWN}).astype("str").where(
            values.notna()
        )
    return marks.rename("marks")


def decide(
    answers: "pd.DataFrame",
    thresholds: Mapping[str, Fraction | int],
    *,
    as_of: date,
    currency: str = "CNY",
    questions: tuple[Question, ...] = QUESTIONS,
) -> Decided:
    """Mark answers by the interval that each stands for.

    Parameters
    ----------
    answers : frame with answer_id, customer_id, submitted_at (time), q1_last, q2_orders, q3_spend, checked before
    thresholds : by indicator, from which value on the mark is ↑: days, orders a quarter and minor units a quarter, as
        `quarterly(result)` gives them
    as_of : the common reference date, to which recency is moved

    Notes
    -----
    A band stands for all values from its low to its high end, which it holds or not as the question says; the top
    band has no high end. A whole number n of orders a quarter stands for n − ½ to n + ½, because the rate behind it
    was rounded; 0 is never and stands for 0. A mark is ↑ if all of the interval reaches the threshold, ↓ if none of
    it does, else open.

    Raises DataError for a band that the question does not have.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({
    ...     "answer_id": ["1", "2"], "customer_id": ["a", "b"], "submitted_at": pd.to_datetime(["2026-06-17"] * 2),
    ...     "q1_last": ["week", "quarter"], "q2_orders": [3, 2], "q3_spend": ["500-1000", "2000+"],
    ... })
    >>> limits = {"recency_days": 40, "orders_per_quarter": Fraction(9, 4), "spend_per_quarter": 45000}
    >>> found = decide(answers, limits, as_of=date(2026, 6, 17))
    >>> found.table[["marks", "type", "state"]]
        marks  type      state
    0  R↓F↑M↑     1    decided
    1  R?F?M↑  <NA>  undecided
    """
    import numpy as np
    import pandas as pd

    since = (pd.Timestamp(as_of) - answers["submitted_at"].dt.normalize()).dt.days
    last, orders, spend = questions
    rate = pd.to_numeric(answers[orders.key]).astype("float64")
    half = (rate > 0) * 0.5
    ends = {
        last.indicator: [end + since for end in _ends(last, answers)],
        orders.indicator: [rate - half, rate + half],
        spend.indicator: [end * minor_units_in(currency) for end in _ends(spend, answers)],
    }
    marks = {
        column: _mark(*ends[question.indicator], thresholds[question.indicator], question.ends_included)
        for column, question in zip(MARK_COLUMNS, questions, strict=True)
    }
    table = answers[["answer_id", "customer_id"]].assign(**marks)
    skipped = table[list(MARK_COLUMNS)].isna().any(axis=1)
    plain = table["r_mark"] + table["f_mark"] + table["m_mark"]
    undecided = plain.str.contains(OPEN, regex=False, na=False)
    table["marks"] = ("R" + table["r_mark"] + "F" + table["f_mark"] + "M" + table["m_mark"]).where(~skipped)
    table["type"] = plain.map(TYPES).astype("Int64")
    table["state"] = np.select([skipped, undecided], ["skipped", "undecided"], "decided")
    counts = {state: int((table["state"] == state).sum()) for state in STATES}
    return Decided(len(table), **counts, table=table)


def _ends(question: Question, answers: "pd.DataFrame") -> tuple["pd.Series", "pd.Series"]:
    """The low and the high end of the band that was ticked (float64, NaN where skipped, infinity without an end)."""
    ticked = answers[question.key]
    bands = {band.code: band for band in question.bands}
    unknown = ticked[ticked.notna() & ~ticked.isin(bands)]
    if len(unknown):
        first = ", ".join(mask_column(unknown.head(3).astype("str"), question.key))
        raise DataError("unknown_band", column=question.key, count=len(unknown), first=first)
    low = ticked.map({code: band.low for code, band in bands.items()})
    high = ticked.map({code: float("inf") if band.high is None else band.high for code, band in bands.items()})
    return low.astype("float64"), high.astype("float64")


def _mark(low: "pd.Series", high: "pd.Series", threshold: Fraction | int, ends_included: str) -> "pd.Series":
    """Ends are multiples of a half, so twice each is a whole number and the comparison is one of integers."""
    import pandas as pd

    twice = 2 * Fraction(threshold)
    below = high * 2 <= floor(twice) if ends_included == "low" else high * 2 < ceil(twice)
    mark = pd.Series(OPEN, index=low.index, dtype="str")
    return mark.mask(low * 2 >= ceil(twice), UP).mask(below, DOWN).where(low.notna())
