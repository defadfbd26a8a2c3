"""CSAT, NPS and CES: each with its interval, the method named, and the number of answers that it rests on."""

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from crmlab.errors import DataError, ParameterError
from crmlab.survey.scale import LEVEL, on_scale
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

CES_METHODS = ("mean", "index_67", "top_57")


@dataclass(frozen=True, repr=False)
class Score:
    """One score of a survey.

    `score` is csat, nps or ces; `unit` says what `estimate`, `low` and `high` (the interval at `level`) are: share
    (0 to 1), points (−100 to 100) or scale (1 to 7). n people answered, `missing` did not: the policy of all three is
    to leave those out, and to say how many they are.
    """

    score: str
    method: str
    unit: str
    n: int
    missing: int
    estimate: float
    low: float
    high: float
    level: float = LEVEL
    policy: str = "answered"

    def sentence(self, lang: str) -> str:
        """The score with interval, method, and how many answered; the mean of one answer has no interval."""
        pattern = {"share": ".1%", "points": "+.1f", "scale": ".2f"}[self.unit]
        shown = {name: format(getattr(self, name), pattern) for name in ("estimate", "low", "high")}
        name, method = word(f"score.{self.score}", lang), word(f"score.method.{self.method}", lang)
        key = "alone" if self.low != self.low else "sentence"
        return word(f"score.{key}", lang, name=name, method=method, n=self.n, missing=self.missing,
                    level=self.level, policy=word(f"policy.{self.policy}", lang), **shown)  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(self.sentence(lang) for lang in LANGUAGES)


def csat(answers: "pd.Series", *, top: int = 2, high: int = 5) -> Score:
    """Customer satisfaction: the share that chose one of the `top` best answers on 1 to `high`, with Wilson interval.

    Raises DataError for an answer off the scale and when nobody answered. Source: Wilson 1927; Newcombe 1998.

    >>> import pandas as pd
    >>> print(csat(pd.Series([5, 4, 3, 5, None])).sentence("en"))
    CSAT (top boxes): 75.0% (95% interval 30.1% to 95.4%; 4 answers, 1 without, left out)
    """
    numbers = _answered(answers, 1, high)
    return _share("csat", "top_box", numbers > high - top, len(answers) - len(numbers))


def nps(answers: "pd.Series") -> Score:
    """Net promoter score in points: per cent of 9 and 10 minus per cent of 0 to 6, on answers from 0 to 10 only.

    The interval is the adjusted Wald interval (n + 3 answers, ¾ promoters and ¾ detractors more), cut at ±100. Its
    centre is not the estimate. Source: Rocks 2016. Raises DataError for an answer off the scale and when nobody
    answered.

    >>> import pandas as pd
    >>> found = nps(pd.Series([10] * 50 + [8] * 30 + [3] * 20))
    >>> round(found.estimate, 2), round(found.low, 2), round(found.high, 2)
    (30.0, 14.05, 44.2)
    """
    numbers = _answered(answers, 0, 10)
    return _difference("nps", "promoters", numbers >= 9, numbers <= 6, len(answers) - len(numbers))


def ces(answers: "pd.Series", *, method: str = "mean") -> Score:
    """Customer effort score: agreement from 1 to 7 that it was easy.

    Vendors disagree on the method, so it is named: "mean" (with t interval), "index_67" (per cent of 6 and 7 minus
    per cent of 1 to 3, interval as for NPS), "top_57" (share of 5 to 7, Wilson interval). The older question from 1
    to 5, where 5 is much effort, is another scale and is refused only where 6 or 7 would show it: turn it round
    first, and do not compare the two. Raises DataError for an answer off the scale and when nobody answered.

    >>> import pandas as pd
    >>> answers = pd.Series([7, 6, 2, 5])
    >>> [round(ces(answers, method=method).estimate, 2) for method in CES_METHODS]
    [5.0, 25.0, 0.75]
    """
    if method not in CES_METHODS:
        raise ParameterError("choice", name="method", value=repr(method), allowed=", ".join(CES_METHODS))
    numbers = _answered(answers, 1, 7)
    missing = len(answers) - len(numbers)
    if method == "index_67":
        return _difference("ces", method, numbers >= 6, numbers <= 3, missing)
    if method == "top_57":
        return _share("ces", method, numbers >= 5, missing)
    low, high = _mean_interval(numbers)
    return Score("ces", method, "scale", len(numbers), missing, float(numbers.mean()), low, high)


def scores(answers: "pd.DataFrame", *, ces_method: str = "mean") -> "pd.DataFrame":
    """The scores of those of the columns csat, nps and ces that the answers have, one row each.

    Columns: score, method, unit, n, missing, estimate, low, high, policy. Raises DataError when the answers have none
    of the columns, and as the three functions do.
    """
    import pandas as pd

    known = {"csat": csat, "nps": nps, "ces": lambda column: ces(column, method=ces_method)}
    found = [make(answers[name]) for name, make in known.items() if name in answers.columns]
    if not found:
        raise DataError("survey_no_items", items=", ".join(known), there=", ".join(map(str, answers.columns)))
    columns = ["score", "method", "unit", "n", "missing", "estimate", "low", "high", "policy"]
    return pd.DataFrame([{name: getattr(score, name) for name in columns} for score in found])


def _answered(answers: "pd.Series", low: int, high: int) -> "pd.Series":
    name = str(answers.name)
    numbers = on_scale(answers.to_frame(name), [name], low, high)[name].dropna()
    if numbers.empty:
        raise DataError("survey_nobody", column=name, count=len(answers))
    return numbers


def _share(score: str, method: str, chosen: "pd.Series", missing: int) -> Score:
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(int(chosen.sum()), len(chosen), alpha=1 - LEVEL, method="wilson")
    return Score(score, method, "share", len(chosen), missing, float(chosen.mean()), float(low), float(high))


def _difference(score: str, method: str, good: "pd.Series", bad: "pd.Series", missing: int) -> Score:
    """A share minus another of the same answers, in points, with Rocks' adjusted Wald interval."""
    from scipy.stats import norm

    n = len(good)
    up, down = (good.sum() + 0.75) / (n + 3), (bad.sum() + 0.75) / (n + 3)
    half = norm.isf((1 - LEVEL) / 2) * sqrt((up + down - (up - down) ** 2) / (n + 3))
    low, high = (float(100 * min(max(up - down + side, -1), 1)) for side in (-half, half))
    return Score(score, method, "points", n, missing, float(100 * (good.mean() - bad.mean())), low, high)


def _mean_interval(numbers: "pd.Series") -> tuple[float, float]:
    """The t interval of a mean; NaN for a single answer."""
    from scipy.stats import t

    if len(numbers) < 2:
        return float("nan"), float("nan")
    half = t.isf((1 - LEVEL) / 2, len(numbers) - 1) * numbers.std() / sqrt(len(numbers))
    return float(numbers.mean() - half), float(numbers.mean() + half)
