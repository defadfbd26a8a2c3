"""The lesson's three questions as code: what each asks, in which unit, and what an answer is worth.

The questions ask for rates per quarter; R, F and M of the order log are days and totals. The units differ, so the
columns do.
"""

from datetime import date
from fractions import Fraction
from math import log
from typing import TYPE_CHECKING

from crmlab.errors import DataError, ParameterError
from crmlab.money import minor_units_in
from crmlab.survey.question import Band, Question
from crmlab.survey.questionnaire import questionnaire

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ESTIMATORS",
    "QUARTER_DAYS",
    "QUESTIONS",
    "Band",
    "Question",
    "band_table",
    "band_values",
    "code_answers",
    "per_quarter",
    "top_band",
]

QUARTER_DAYS = Fraction(1461, 16)
"""Days in a quarter: 365.25 / 4 = 91.3125."""


ESTIMATORS = ("harmonic", "mean", "median")
"""What the open top band may be worth: a mean of the Pareto that fits it and the band beneath."""
QUESTIONS = tuple(question for question in questionnaire("shopping").questions if question.indicator)
"""The three questions of the shopping questionnaire that speak of recency, frequency and money."""


def per_quarter(total: int | Fraction, window: int) -> Fraction:
    """A total over `window` days as a rate per quarter of 91.3125 days.

    >>> per_quarter(8, 365)
    Fraction(1461, 730)
    """
    return Fraction(total) * QUARTER_DAYS / window


def top_band(below: int, low: int, n_below: int, n: int, *, estimator: str = "harmonic") -> float:
    """A value for the open top band from `low` up, by the robust Pareto midpoint.

    `below` is the lower bound of the band beneath it; `n_below` and `n` count the answers in the two bands. The
    shape is a = ln((n_below + n) / n) / ln(low / below). The estimators are the harmonic mean low * (1 + 1/a), the
    mean low * a / (a - 1), and the median low * 2^(1/a). The mean runs away when a comes near 1 and is infinite below,
    so the harmonic mean is the one to use unless there is a reason for another.
    Source: von Hippel, Scarpino and Holas 2016.
    Raises DataError when one of the two bands has no answers, when `below` is not above 0, and when the mean is asked
    for and a is not above 1; ParameterError for another estimator.

    >>> [round(top_band(1000, 2000, 30, 10, estimator=each), 2) for each in ESTIMATORS]
    [3000.0, 4000.0, 2828.43]
    >>> [round(top_band(1000, 2000, 60, 40, estimator=each), 2) for each in ESTIMATORS]
    [3512.94, 8212.57, 3378.71]
    """
    if estimator not in ESTIMATORS:
        raise ParameterError("estimator", estimator=estimator, there=", ".join(ESTIMATORS))
    if n_below < 1 or n < 1:
        raise DataError("top_band", low=low, n=n, n_below=n_below)
    if below <= 0:
        raise DataError("top_band_zero", low=low, below=below)
    shape = log((n_below + n) / n) / log(low / below)
    if estimator == "mean":
        if shape <= 1:
            raise DataError("top_band_mean", low=low, shape=round(shape, 2))
        return low * shape / (shape - 1)
    return low * (1 + 1 / shape) if estimator == "harmonic" else low * 2 ** (1 / shape)


def band_values(question: Question, answers: "pd.Series", *, estimator: str = "harmonic") -> dict[str, float]:
    """What each band of a question is worth: midpoints, and for the top band, when it was ticked, `top_band`.

    Raises DataError for a code that the question does not have.
    """
    counts = answers.value_counts()
    unknown = sorted(set(counts.index) - {band.code for band in question.bands})
    if unknown:
        raise DataError("unknown_band", column=question.key, count=int(counts[unknown].sum()), first=", ".join(unknown))
    values = {band.code: float(band.midpoint) for band in question.bands if band.high is not None}
    under, top = question.bands[-2:]
    if counts.get(top.code, 0):
        n_below, n = int(counts.get(under.code, 0)), int(counts[top.code])
        values[top.code] = top_band(under.low, top.low, n_below, n, estimator=estimator)
    return values


def code_answers(
    answers: "pd.DataFrame",
    *,
    as_of: date,
    currency: str = "CNY",
    estimator: str = "harmonic",
    questions: tuple[Question, ...] = QUESTIONS,
) -> "pd.DataFrame":
    """Answers as numbers: one row per answer, with missing values where a question was skipped.

    Parameters
    ----------
    answers : frame with answer_id, customer_id, submitted_at (time), q1_last, q2_orders, q3_spend
    as_of : the common reference date
    estimator : what an open top band is worth, see `top_band`

    Returns
    -------
    frame with answer_id, customer_id, recency_days (days before `as_of`: the stated days before the respondent's own
    day, plus the days from then to `as_of`), orders_per_quarter, spend_per_quarter (minor units)

    Raises
    ------
    DataError for a code that a question does not have, a count that is no whole number, or an answer later than
    `as_of`.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({
    ...     "answer_id": ["1", "2"], "customer_id": ["a", "b"],
    ...     "submitted_at": pd.to_datetime(["2026-06-10 09:00", "2026-06-16 20:00"]),
    ...     "q1_last": ["month", None], "q2_orders": ["0", "3"], "q3_spend": ["0-200", "500-1000"],
    ... })
    >>> code_answers(answers, as_of=date(2026, 6, 17))
      answer_id customer_id  recency_days  orders_per_quarter  spend_per_quarter
    0         1           a            26                   0              10000
    1         2           b          <NA>                   3              75000
    """
    import pandas as pd

    since = (pd.Timestamp(as_of) - answers["submitted_at"].dt.normalize()).dt.days
    late = since < 0
    if late.any():
        raise DataError("late_answer", column="submitted_at", count=int(late.sum()), as_of=as_of)
    last, orders, spend = questions
    days = _worth(last, answers, estimator)
    money = _worth(spend, answers, estimator)
    return pd.DataFrame(
        {
            "answer_id": answers["answer_id"],
            "customer_id": answers["customer_id"],
            "recency_days": (days + since).round().astype("Int64"),
            "orders_per_quarter": _whole(answers[orders.key], orders.key),
            "spend_per_quarter": (money * minor_units_in(currency)).round().astype("Int64"),
        }
    )


def _worth(question: Question, answers: "pd.DataFrame", estimator: str) -> "pd.Series":
    ticked = answers[question.key]
    return ticked.map(band_values(question, ticked.dropna(), estimator=estimator)).astype("float64")


def _whole(column: "pd.Series", name: str) -> "pd.Series":
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    wrong = column.notna() & (numbers.isna() | (numbers < 0) | (numbers % 1 != 0))
    if wrong.any():
        first = ", ".join(repr(value) for value in column[wrong].head(3))
        raise DataError("not_a_count", column=name, count=int(wrong.sum()), first=first)
    return numbers.astype("Int64")


def band_table(
    answers: "pd.DataFrame", questions: tuple[Question, ...] = QUESTIONS, *, estimator: str = "harmonic"
) -> "pd.DataFrame":
    """Which band is worth what, and how many ticked it: indicator, band, midpoint (days or yuan), unit, count."""
    import pandas as pd

    rows = []
    for question in questions:
        if not question.bands:
            continue
        counts = answers[question.key].value_counts()
        values = band_values(question, answers[question.key].dropna(), estimator=estimator)
        for code, value in values.items():
            rows.append((question.indicator, code, value, question.unit, int(counts.get(code, 0))))
    return pd.DataFrame(rows, columns=["indicator", "band", "midpoint", "unit", "count"])
