"""How many customers a campaign needs before its effect can be seen: power of a test of two shares."""

from fractions import Fraction
from math import ceil, nan
from typing import TYPE_CHECKING

from crmlab.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

POWER = 0.8
ALPHA = 0.05


def power(base_rate: float, lift: float, *, treated: int, held_out: int) -> float:
    """The chance that a campaign of this size shows an effect that is there, at 5 % two-sided.

    `base_rate` is the share of buyers without the campaign, `lift` what it adds (0.05 is five points). Normal
    approximation with the pooled variance under no effect (Fleiss 1981), from statsmodels. Raises ParameterError for
    shares outside 0 to 1.

    >>> round(power(0.10, 0.05, treated=686, held_out=686), 2)
    0.8
    """
    from statsmodels.stats.proportion import power_proportions_2indep

    _demand_shares(base_rate, lift)
    if not treated or not held_out:
        return 0.0
    found = power_proportions_2indep(
        lift, base_rate, treated, ratio=held_out / treated, alpha=ALPHA, return_results=False
    )
    return float(found)


def needed(base_rate: float, lift: float, *, holdout: float = 0.5) -> dict[str, int]:
    """How many customers show a lift with 80 % power at 5 % two-sided: treated, held_out, customers (their sum).

    Fewest with half held out; a smaller hold-out needs more customers. Source as for `power`.

    >>> needed(0.10, 0.05)
    {'treated': 686, 'held_out': 686, 'customers': 1372}
    >>> needed(0.10, 0.05, holdout=0.2)
    {'treated': 1779, 'held_out': 445, 'customers': 2224}
    """
    from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

    _demand_shares(base_rate, lift)
    _demand_holdout(holdout)
    if not lift:
        raise ParameterError("track_no_lift")
    share = Fraction(str(holdout))
    ratio = float(share / (1 - share))
    treated = samplesize_proportions_2indep_onetail(lift, base_rate, POWER, ratio=ratio, alpha=ALPHA)
    counts = {"treated": ceil(treated), "held_out": ceil(treated * ratio)}
    return {**counts, "customers": sum(counts.values())}


def detectable(base_rate: float, *, treated: int, held_out: int) -> float:
    """The smallest lift that a campaign of this size shows with 80 % power; nan where no lift up to 100 % does.

    >>> round(detectable(0.10, treated=686, held_out=686), 3)
    0.05
    """
    from scipy.optimize import brentq

    _demand_shares(base_rate, 0)
    largest = 1 - base_rate

    def short(lift: float) -> float:
        return power(base_rate, lift, treated=treated, held_out=held_out) - POWER

    if largest <= 0 or short(largest) < 0:
        return nan
    return float(brentq(short, 1e-9, largest))


def sample_sizes(base_rate: float, lifts: list[float], *, holdout: float = 0.2) -> "pd.DataFrame":
    """`needed` for several lifts: lift_share, treated, held_out, customers. Lifts to beyond 100 % have no row.

    >>> sample_sizes(0.10, [0.02, 0.05, 0.10])["customers"].tolist()
    [12224, 2224, 657]
    """
    import pandas as pd

    rows = [(lift, *needed(base_rate, lift, holdout=holdout).values()) for lift in lifts if base_rate + lift <= 1]
    return pd.DataFrame(rows, columns=["lift_share", "treated", "held_out", "customers"])


def false_alarms(
    base_rate: float, *, treated: int, held_out: int, looks: int, draws: int = 10_000, seed: int = 618
) -> "pd.DataFrame":
    """What peeking does: campaigns without any effect that seem to have one, by the number of looks.

    Customers come in over time in equal parts, and at each look the interval of Newcombe (1998) is drawn. Columns:
    looks (1 to `looks`, the last one at the end), false_share (campaigns in which one of that many looks, spread
    evenly up to the end, kept clear of 0). One look at the end is wrong in about 5 % of them. Simulated: `draws`
    campaigns from `seed`.

    >>> found = false_alarms(0.2, treated=400, held_out=400, looks=10, draws=500)
    >>> bool(found["false_share"].iloc[0] < 0.08 < found["false_share"].iloc[-1])
    True
    """
    import numpy as np
    import pandas as pd
    from statsmodels.stats.proportion import proportion_confint

    _demand_shares(base_rate, 0)
    if looks < 1 or min(treated, held_out) < looks:
        raise ParameterError("track_looks", looks=looks, customers=min(treated, held_out))
    rng = np.random.default_rng(seed)
    rows = []
    for count in range(1, looks + 1):
        shares, gaps = [], []
        for size in (treated, held_out):
            seen = np.linspace(0, size, count + 1).astype("int64")
            bought = rng.binomial(np.diff(seen), base_rate, (draws, count)).cumsum(axis=1)
            low, high = proportion_confint(bought, np.broadcast_to(seen[1:], bought.shape), method="wilson")
            shares.append(bought / seen[1:])
            gaps.append((shares[-1] - low, high - shares[-1]))
        difference = shares[0] - shares[1]
        clear = difference > np.hypot(gaps[0][0], gaps[1][1])
        clear |= -difference > np.hypot(gaps[0][1], gaps[1][0])
        rows.append({"looks": count, "false_share": float(clear.any(axis=1).mean())})
    return pd.DataFrame(rows)


def _demand_shares(base_rate: float, lift: float) -> None:
    if not 0 <= base_rate <= 1 or not 0 <= base_rate + lift <= 1:
        raise ParameterError("track_rates", base_rate=base_rate, lift=lift)


def _demand_holdout(holdout: float) -> None:
    if not 0 < holdout < 1:
        raise ParameterError("track_holdout", value=holdout)
