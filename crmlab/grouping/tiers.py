"""Value tiers with open weights."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crmlab.errors import ParameterError
from crmlab.grouping.thirds import thirds
from crmlab.rfm.marks import INDICATORS

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

WEIGHTS = {"recency_days": 1, "frequency": 1, "monetary": 1}


def value_tiers(result: "RFM", weights: Mapping[str, int] = WEIGHTS) -> "pd.DataFrame":
    """Every customer's value tier: scores 1 to 5 per indicator, times open integer weights, cut by thirds.

    Returns `result.customers` with `value_score` (sum of weight times score) and
    `value_tier`. Raises ParameterError for weights that are not whole numbers, or all 0.
    """
    from crmlab.rfm.marks import score_cuts, score_limits

    whole = all(isinstance(weight, int) and weight >= 0 for weight in weights.values())
    if not set(weights) <= set(INDICATORS) or not whole or not any(weights.values()):
        raise ParameterError("weights", value=repr(dict(weights)), names=", ".join(INDICATORS))
    table = result.customers
    total = 0
    for name, weight in weights.items():
        small_is_best = name == "recency_days"
        limits = score_limits(score_cuts(table[name].to_numpy()), small_is_best)
        points = [table[name] <= limit if small_is_best else table[name] >= limit for limit in limits]
        total = total + weight * (1 + sum(point.astype("int64") for point in points))
    return thirds(table.assign(value_score=total), "value_score", "value_tier")
