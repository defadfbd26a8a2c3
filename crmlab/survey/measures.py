"""Two ways to measure the same thing: Bland and Altman's limits of agreement, and ICC(A,1)."""

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95
NAN = float("nan")


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


def icc_a1(ratings: "pd.DataFrame") -> Icc:
    """ICC(A,1): absolute agreement of single ratings, subjects in rows and raters in columns, none missing.

    Below two subjects, or where subjects and raters do not vary, the estimate is NaN. Source: Shrout and Fleiss 1979,
    where it is ICC(2,1); interval by McGraw and Wong 1996.

    >>> import pandas as pd
    >>> round(icc_a1(pd.DataFrame({"first": [1, 2, 3, 4], "second": [2, 3, 4, 5]})).estimate, 3)
    0.769
    """
    import numpy as np
    from scipy.stats import f

    values = ratings.to_numpy("float64")
    n, k = values.shape
    if n < 2 or values.max() == values.min():
        return Icc(n, NAN, NAN, NAN)
    rows, columns, mean = values.mean(axis=1), values.mean(axis=0), values.mean()
    between = k * ((rows - mean) ** 2).sum() / (n - 1)
    raters = n * ((columns - mean) ** 2).sum() / (k - 1)
    error = ((values - rows[:, None] - columns + mean) ** 2).sum() / ((n - 1) * (k - 1))
    spread = between + (k - 1) * error + k * (raters - error) / n
    if not spread > 1e-12 * values.var():
        return Icc(n, NAN, NAN, NAN)
    estimate = float((between - error) / spread)
    if estimate >= 1:
        return Icc(n, estimate, 1.0, 1.0)
    a = k * estimate / (n * (1 - estimate))
    b = 1 + k * estimate * (n - 1) / (n * (1 - estimate))
    with np.errstate(divide="ignore", invalid="ignore"):
        v = (a * raters + b * error) ** 2 / ((a * raters) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
        up, down, rest = f.isf(0.025, n - 1, v), f.isf(0.025, v, n - 1), k * raters + (k * n - k - n) * error
        low = n * (between - up * error) / (up * rest + n * between)
        high = n * (down * between - error) / (rest + n * down * between)
    return Icc(n, estimate, float(low), float(high))
