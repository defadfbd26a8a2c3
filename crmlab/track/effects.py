"""Treated minus held out, over strata: the share of buyers and the money per customer, each with an interval."""

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LEVEL = 0.95


@dataclass(frozen=True)
class Effect:
    """What the treated have more than those held out: `treated` and `held_out` are the two averages over strata, each
    stratum with the weight of all its customers; `estimate` is their difference, `low` to `high` its 95 % interval."""

    treated: float
    held_out: float
    estimate: float
    low: float
    high: float


UNKNOWN = Effect(nan, nan, nan, nan, nan)


def share_effect(counts: "pd.DataFrame") -> Effect:
    """The effect on the share of buyers, from one row per stratum: treated, treated_bought, held_out, held_out_bought.

    Both arms of every row have customers. The interval takes Wilson's limits of each share and adds their distances
    squared, weighted by stratum (MOVER: Zou, Huang and Zhang 2009). With one stratum it is Newcombe's interval
    (1998, method 10).

    >>> import pandas as pd
    >>> one = pd.DataFrame({"treated": [200], "treated_bought": [40], "held_out": [100], "held_out_bought": [10]})
    >>> found = share_effect(one)
    >>> round(found.estimate, 3), round(found.low, 3), round(found.high, 3)
    (0.1, 0.011, 0.176)
    """
    import numpy as np
    from statsmodels.stats.proportion import proportion_confint

    if counts.empty:
        return UNKNOWN
    weights = _weights(counts)
    shares, below, above = {}, {}, {}
    for arm in ("treated", "held_out"):
        bought, size = counts[f"{arm}_bought"].to_numpy(), counts[arm].to_numpy()
        low, high = proportion_confint(bought, size, alpha=1 - LEVEL, method="wilson")
        shares[arm] = bought / size
        below[arm], above[arm] = shares[arm] - low, high - shares[arm]
    treated, held_out = (float(weights @ shares[arm]) for arm in ("treated", "held_out"))
    down = np.sqrt(weights**2 @ (below["treated"] ** 2 + above["held_out"] ** 2))
    up = np.sqrt(weights**2 @ (above["treated"] ** 2 + below["held_out"] ** 2))
    estimate = treated - held_out
    return Effect(treated, held_out, estimate, float(estimate - down), float(estimate + up))


def money_effect(sums: "pd.DataFrame") -> Effect:
    """The effect on money per customer, from one row per stratum: treated, held_out (customers), and the mean and the
    variance of each arm (treated_mean, treated_variance, held_out_mean, held_out_variance).

    Each arm of every row has at least 2 customers. The interval is Welch's (1947), its degrees of freedom by
    Satterthwaite (1946) over all arms of all strata.

    >>> import pandas as pd
    >>> row = {"treated": 50, "held_out": 50, "treated_mean": 30.0, "held_out_mean": 20.0}
    >>> found = money_effect(pd.DataFrame([{**row, "treated_variance": 400.0, "held_out_variance": 400.0}]))
    >>> found.estimate, round(found.low, 2), round(found.high, 2)
    (10.0, 2.06, 17.94)
    """
    import numpy as np
    from scipy.stats import t

    if sums.empty:
        return UNKNOWN
    weights = _weights(sums)
    means = [float(weights @ sums[f"{arm}_mean"].to_numpy()) for arm in ("treated", "held_out")]
    parts = np.concatenate(
        [weights**2 * (sums[f"{arm}_variance"] / sums[arm]).to_numpy() for arm in ("treated", "held_out")]
    )
    degrees = np.concatenate([(sums[arm] - 1).to_numpy() for arm in ("treated", "held_out")])
    estimate, half = means[0] - means[1], 0.0
    if parts.sum() > 0:
        freedom = parts.sum() ** 2 / (parts**2 / degrees).sum()
        half = float(t.isf((1 - LEVEL) / 2, freedom) * np.sqrt(parts.sum()))
    return Effect(*means, estimate, estimate - half, estimate + half)


def adjusted_p(counts: "pd.DataFrame") -> "pd.DataFrame":
    """Whether a stratum differs, when all of them are looked at: p_value (Fisher's exact test) and p_holm (Holm 1979).

    Rows as for `share_effect`.

    >>> import pandas as pd
    >>> counts = {"treated": [8, 50], "treated_bought": [8, 10], "held_out": [8, 50], "held_out_bought": [0, 9]}
    >>> adjusted_p(pd.DataFrame(counts)).round(4).values.tolist()
    [[0.0002, 0.0003], [1.0, 1.0]]
    """
    import pandas as pd
    from scipy.stats import fisher_exact
    from statsmodels.stats.multitest import multipletests

    p_values = [
        fisher_exact(
            [[row.treated_bought, row.treated - row.treated_bought],
             [row.held_out_bought, row.held_out - row.held_out_bought]]
        ).pvalue
        for row in counts.itertuples()
    ]  # fmt: skip
    holm = multipletests(p_values, method="holm")[1] if p_values else []
    return pd.DataFrame({"p_value": p_values, "p_holm": holm}, index=counts.index, dtype="float64")


def _weights(rows: "pd.DataFrame") -> "np.ndarray":
    sizes = (rows["treated"] + rows["held_out"]).to_numpy()
    return sizes / sizes.sum()
