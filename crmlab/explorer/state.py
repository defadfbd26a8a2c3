"""R, F, M, thresholds and marks of one setting, as `retype` gives them, computed from arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

from crmlab.explorer.versions import Versions
from crmlab.rfm import marks
from crmlab.rfm.marks import COMBINATIONS, INDICATORS, MARK_COLUMNS, SCORE_COLUMNS, Threshold
from crmlab.rfm.settings import Settings

if TYPE_CHECKING:
    import numpy as np

CODES = {marks.combination("".join(three)): code for code, three in enumerate(product("↓↑", repeat=3))}
"""The number of each combination: 4 for R↑, 2 for F↑ and 1 for M↑, added up."""
ORDER = {name: CODES[name] for name in sorted(COMBINATIONS, key=lambda name: COMBINATIONS[name] or len(COMBINATIONS))}
"""The combinations as the summary has them, the unnamed last."""


@dataclass(frozen=True)
class State:
    """The customers at one setting.

    `place` says which of `Versions.customers` they are; `values` and `up` hold an array per indicator.
    """

    settings: Settings
    thresholds: dict[str, Threshold]
    place: "np.ndarray"
    values: dict[str, "np.ndarray"]
    up: dict[str, "np.ndarray"]

    @cached_property
    def code(self) -> "np.ndarray":
        """The combination of each customer, as in CODES."""
        r, f, m = (self.up[name] for name in INDICATORS)
        return 4 * r + 2 * f + m

    @cached_property
    def counted(self) -> dict[str, tuple[int, int]]:
        """Customers and money (minor units) per combination, in the order of the summary: the unnamed last."""
        import numpy as np

        customers = np.bincount(self.code, minlength=8)
        money = [int(self.values["monetary"][self.code == code].sum()) for code in range(8)]
        return {name: (int(customers[code]), money[code]) for name, code in ORDER.items()}

    def edge(self, indicator: str) -> int | None:
        """The smallest value of a customer that is marked ↑, or None if nobody is."""
        up = self.up[indicator]
        return int(self.values[indicator][up].min()) if up.any() else None

    @property
    def limits(self) -> dict[str, int | None]:
        """From which value on each indicator is ↑. With scores it is the smallest value of a customer marked ↑."""
        return {name: self.edge(name) if limit.cuts else limit.at_least for name, limit in self.thresholds.items()}

    def row(self, place: int) -> dict | None:
        """One customer: indicators, scores where there are any, marks, and `marks` together; None for one who is not
        among them."""
        import numpy as np

        at = int(np.searchsorted(self.place, place))
        if at == len(self.place) or self.place[at] != place:
            return None
        row = {name: int(self.values[name][at]) for name in INDICATORS}
        for name, score, mark in zip(INDICATORS, SCORE_COLUMNS, MARK_COLUMNS, strict=True):
            if self.thresholds[name].cuts:
                row[score] = int(_score(name, row[name], self.thresholds[name].cuts)[0])
            row[mark] = marks.UP if self.up[name][at] else marks.DOWN
        return row | {"marks": marks.combination("".join(row[mark] for mark in MARK_COLUMNS))}


def state(versions: Versions, settings: Settings, split: str | Mapping[str, int]) -> State | None:
    """The customers at one setting, or None if nobody bought. `split` as in `type_customers`."""
    import numpy as np

    if not len(versions.starts):
        return None
    today = settings.as_of.toordinal()
    known = (versions.since <= today) & (versions.until > today)
    inside = known & (versions.day >= settings.first_day.toordinal()) if settings.window else known
    bought = inside & versions.purchase
    dated = known & versions.purchase if settings.population == "history" else bought
    last = np.maximum.reduceat(np.where(dated, versions.day, 0), versions.starts)
    place = np.flatnonzero(last)
    if not len(place):
        return None
    values = {
        "recency_days": today - last[place].astype("int64"),
        "frequency": np.add.reduceat(bought, versions.starts, dtype="int64")[place],
        "monetary": np.add.reduceat(np.where(inside, versions.money, 0), versions.starts)[place],
    }
    split_ups = {name: _split(name, values[name], split) for name in INDICATORS}
    return State(
        settings,
        {name: threshold for name, (threshold, _) in split_ups.items()},
        place,
        values,
        {name: up for name, (_, up) in split_ups.items()},
    )


def _split(name: str, values: "np.ndarray", split: str | Mapping[str, int]) -> tuple[Threshold, "np.ndarray"]:
    """The threshold of one indicator and who is marked ↑."""
    if isinstance(split, Mapping):
        threshold = marks.fixed_threshold(name, split[name])
    elif split == "mean":
        threshold = marks.mean_threshold(name, int(values.sum()), len(values))
    elif split == "median":
        threshold = marks.median_threshold(name, values)
    else:
        return _split_by_scores(name, values)
    return threshold, values >= threshold.at_least


def _split_by_scores(name: str, values: "np.ndarray") -> tuple[Threshold, "np.ndarray"]:
    cuts = marks.score_cuts(values)
    score = _score(name, values, cuts)
    threshold = marks.score_threshold(name, cuts, int(score.sum()), len(values))
    return threshold, score <= threshold.at_most if name == "recency_days" else score >= threshold.at_least


def _score(name: str, values: "np.ndarray | int", cuts: tuple[Fraction, ...]) -> "np.ndarray":
    """1 to 5, of one value or of many."""
    import numpy as np

    small_is_best = name == "recency_days"
    limits = np.array(marks.score_limits(cuts, small_is_best))[:, None]
    return 1 + (values <= limits if small_is_best else values >= limits).sum(axis=0)
