"""Where an indicator is split: exact thresholds, marks and scores. Integers decide; no float does.

For integers, `x >= mean` is the same as `x >= ceil(total / n)`, so every split ends as one integer per indicator.
Source of the mark rule: the lesson's "at or above the mean is marked ↑", each indicator by itself, ties up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

INDICATORS = ("recency_days", "frequency", "monetary")
MARK_COLUMNS = ("r_mark", "f_mark", "m_mark")
SCORE_COLUMNS = ("r_score", "f_score", "m_score")
UP, DOWN = "↑", "↓"
SCORES = 5

TYPES = {"↓↑↑": 1, "↓↓↑": 2, "↓↑↓": 3, "↑↑↑": 4, "↑↑↓": 5, "↑↓↓": 6, "↓↓↓": 0, "↑↓↑": 0}


def combination(marks: str) -> str:
    """The marks with their letters: the name that a combination always carries.

    >>> combination("↓↑↑")
    'R↓F↑M↑'
    """
    return "".join(letter + mark for letter, mark in zip("RFM", marks, strict=True))


COMBINATIONS = {combination(marks): type_ for marks, type_ in TYPES.items()}


@dataclass(frozen=True)
class Threshold:
    """From which value on an indicator is marked ↑.

    `value` is the exact mean, median or given number (days, orders, or minor units of money); `at_least` is the
    smallest integer that is marked ↑. With scores, `value` and `at_least` speak of the score, `cuts` holds the four
    cut points of the indicator, and for recency (where few days are a high score) ↑ means a score of `at_most` or less.

    >>> mean_threshold("monetary", total=100, n=3)
    Threshold(indicator='monetary', method='mean', value=Fraction(100, 3), at_least=34, cuts=())
    """

    indicator: str
    method: str
    value: Fraction
    at_least: int
    cuts: tuple[Fraction, ...] = ()

    @property
    def at_most(self) -> int:
        return floor(self.value)


def mean_threshold(indicator: str, total: int, n: int) -> Threshold:
    """The arithmetic mean of n integers that add up to `total`."""
    mean = Fraction(total, n)
    return Threshold(indicator, "mean", mean, ceil(mean))


def median_threshold(indicator: str, values: Sequence[int]) -> Threshold:
    """The median of the values: the middle one, or the mean of the two in the middle."""
    (median,) = cut_points(values, [Fraction(1, 2)])
    return Threshold(indicator, "median", median, ceil(median))


def fixed_threshold(indicator: str, value: int) -> Threshold:
    """A threshold that the user gives, in days, orders or minor units."""
    return Threshold(indicator, "fixed", Fraction(value), value)


def score_cuts(values: Sequence[int]) -> tuple[Fraction, ...]:
    """The four points that cut the values into fifths: linear interpolation between order statistics, exact.

    >>> [str(cut) for cut in score_cuts([1, 2, 3, 4, 5, 6])]
    ['2', '3', '4', '5']
    """
    return tuple(cut_points(values, [Fraction(k, SCORES) for k in range(1, SCORES)]))


def score_threshold(indicator: str, cuts: tuple[Fraction, ...], total: int, n: int) -> Threshold:
    """The mean rule applied to scores that add up to `total` over n customers."""
    mean = Fraction(total, n)
    return Threshold(indicator, "quantile", mean, ceil(mean), cuts)


def score_limits(cuts: Iterable[Fraction], best_is_small: bool) -> list[int]:
    """One integer per cut: a value of at least (at most, where small is best) this many scores one more point."""
    return [ceil(cut) - 1 if best_is_small else floor(cut) + 1 for cut in cuts]


def cut_points(values: Sequence[int], shares: Iterable[Fraction]) -> Iterable[Fraction]:
    """Quantiles by linear interpolation, computed on integers. `values` is a one-dimensional integer array."""
    import numpy as np

    positions = [(len(values) - 1) * share for share in shares]
    below = [floor(position) for position in positions]
    above = [min(index + 1, len(values) - 1) for index in below]
    ranked = np.partition(np.asarray(values), sorted({*below, *above}))
    for position, low, high in zip(positions, below, above, strict=True):
        start, end = int(ranked[low]), int(ranked[high])
        yield start + (end - start) * (position - low)
