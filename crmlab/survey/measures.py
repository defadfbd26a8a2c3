"""Two ways to measure the same thing: Bland and Altman's limits of agreement, and intraclass correlations."""

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from crmlab.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LEVEL = 0.95
NAN = float("nan")
TINY = 1e-12
FORMS = ("ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)")
"""One-way, absolute agreement, consistency: of a single rating, then of the mean of all k raters."""


@dataclass(frozen=True)
class Limits:
    """Mean difference (`bias`) with its interval, standard deviation, and the limits of agreement (`low`, `high`)."""

    n: int
    bias: float
    bias_low: float
    bias_high: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class Icc:
    """An intraclass correlation with its 95 % interval, from n subjects."""

    n: int
    estimate: float
    low: float
    high: float


def bland_altman(first: "pd.Series", second: "pd.Series", *, sds: float = 1.96) -> Limits:
    """Limits of agreement between paired values: bias ± `sds` standard deviations of the differences first − second.

    The interval of the bias is Student's; below two pairs all but n is NaN. Source: Bland and Altman 1986, who took
    2 standard deviations, and 1999, who take 1.96.

    >>> import pandas as pd
    >>> found = bland_altman(pd.Series([2.0, 4.0, 6.0]), pd.Series([1.0, 5.0, 3.0]), sds=2)
    >>> found.bias, found.sd, found.low, found.high
    (1.0, 2.0, -3.0, 5.0)
    """
    from scipy.stats import t

    apart = (first - second).astype("float64")
    n = len(apart)
    if n < 2:
        return Limits(n, *[NAN] * 6)
    bias, sd = float(apart.mean()), float(apart.std())
    half = float(t.isf((1 - LEVEL) / 2, n - 1)) * sd / sqrt(n)
    return Limits(n, bias, bias - half, bias + half, sd, bias - sds * sd, bias + sds * sd)


def icc(ratings: "pd.DataFrame") -> "pd.DataFrame":
    """The six intraclass correlations with their 95 % intervals: subjects in rows, raters in columns, none missing.

    Columns: form (as in `FORMS`), estimate, low, high. ICC(A,·) and ICC(C,·) are ICC(2,·) and ICC(3,·) of Shrout and
    Fleiss. A form is NaN below two subjects and where the variances it divides by are all zero. A mean form is −inf
    where the single one is at or below −1/(k−1).

    Raises DataError below two raters and for missing ratings.

    Source: Shrout and Fleiss 1979; names and the interval of ICC(A,1) by McGraw and Wong 1996; from single to mean by
    Spearman and Brown.

    >>> import pandas as pd
    >>> ratings = pd.DataFrame({"first": [1, 2, 3, 4], "second": [2, 3, 4, 5], "third": [1, 3, 3, 4]})
    >>> icc(ratings).round(3)
           form  estimate    low   high
    0  ICC(1,1)     0.815  0.352  0.986
    1  ICC(A,1)     0.824  0.192  0.987
    2  ICC(C,1)     0.949  0.718  0.996
    3  ICC(1,k)     0.930  0.620  0.995
    4  ICC(A,k)     0.933  0.416  0.995
    5  ICC(C,k)     0.982  0.884  0.999
    """
    import numpy as np
    import pandas as pd

    values = ratings.to_numpy("float64")
    k = values.shape[1]
    if k < 2:
        raise DataError("icc_few_raters", count=k)
    if np.isnan(values).any():
        raise DataError("icc_missing", count=int(np.isnan(values).any(axis=1).sum()))
    single = _single(values)
    room = 1 + (k - 1) * single
    mean = np.divide(k * single, room, out=np.full_like(single, -np.inf), where=~(room <= TINY))
    found = pd.DataFrame(np.vstack([single, mean]), columns=["estimate", "low", "high"])
    found.insert(0, "form", FORMS)
    return found


def icc_a1(ratings: "pd.DataFrame") -> Icc:
    """ICC(A,1) of `icc`: absolute agreement of single ratings.

    >>> import pandas as pd
    >>> round(icc_a1(pd.DataFrame({"first": [1, 2, 3, 4], "second": [2, 3, 4, 5]})).estimate, 3)
    0.769
    """
    found = icc(ratings).set_index("form").loc["ICC(A,1)"]
    return Icc(len(ratings), *map(float, found))


def _single(values: "np.ndarray") -> "np.ndarray":
    """Estimate, low and high of the three forms of a single rating, one form a row."""
    import numpy as np

    n, k = values.shape
    if n < 2 or np.ptp(values) == 0:
        return np.full((3, 3), NAN)
    rows, columns, mean = values.mean(axis=1, keepdims=True), values.mean(axis=0), values.mean()
    squares = np.array(
        [
            k * ((rows - mean) ** 2).sum() / (n - 1),
            n * ((columns - mean) ** 2).sum() / (k - 1),
            ((values - rows - columns + mean) ** 2).sum() / ((n - 1) * (k - 1)),
            ((values - rows) ** 2).sum() / (n * (k - 1)),
        ]
    )
    between, raters, error, within = np.where(squares > TINY * values.var(), squares, 0.0)
    rest = k / n * raters + (k - 1 - k / n) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = (between - error) / (between + rest)
        a, b = k * estimate, n * (1 - estimate) + k * (n - 1) * estimate
        v = (a * raters + b * error) ** 2 / ((a * raters) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    return np.array(
        [
            _form(between, within, (k - 1) * within, n - 1, n * (k - 1)),
            _form(between, error, rest, n - 1, v),
            _form(between, error, (k - 1) * error, n - 1, (n - 1) * (k - 1)),
        ]
    )


def _form(between: float, error: float, rest: float, degrees: int, error_degrees: float) -> "np.ndarray":
    """(between − c·error) / (between + c·rest) for c = 1 and for the two quantiles of F."""
    import numpy as np
    from scipy.stats import f

    if between + rest == 0:
        return np.full(3, NAN)
    if error + rest == 0:
        return np.ones(3)
    if between == 0 < error:
        return np.full(3, -error / rest)
    tail = (1 - LEVEL) / 2
    c = np.array([1.0, *f.isf([tail, 1 - tail], degrees, error_degrees)])
    return (between - c * error) / (between + c * rest)
