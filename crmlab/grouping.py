"""Groups of customers: thirds that keep ties together, value tiers with open weights, and k-means clusters."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from crmlab.errors import ParameterError
from crmlab.rfm.marks import INDICATORS, cut_points

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

LEVELS = ("low", "mid", "high")
WEIGHTS = {"recency_days": 1, "frequency": 1, "monetary": 1}
SAMPLE = 5_000


def thirds(table: Any, column: str, name: str) -> Any:
    """The table with a column `name`: low, mid or high, cut at the thirds of an integer column, equal values together.

    `table` is any eager frame (pandas, polars, pyarrow); the same kind comes back. A value belongs to the higher
    group when it lies above the cut point, so a large block of equal values stays whole and groups may differ in size.

    >>> import pandas as pd
    >>> thirds(pd.DataFrame({"orders": [1, 1, 1, 2, 5, 9]}), "orders", "group")["group"].tolist()
    ['low', 'low', 'low', 'mid', 'high', 'high']
    """
    import narwhals.stable.v2 as nw

    frame = nw.from_native(table, eager_only=True)
    first, second = cut_points(frame[column].to_numpy(), [Fraction(1, 3), Fraction(2, 3)])
    value = nw.col(column)
    level = nw.when(value > floor(second)).then(nw.lit("high")).otherwise(
        nw.when(value > floor(first)).then(nw.lit("mid")).otherwise(nw.lit("low"))
    )  # fmt: skip
    return frame.with_columns(level.alias(name)).to_native()


def order_groups(result: "RFM") -> "pd.DataFrame":
    """Two groupings side by side: `frequency_group` and `spend_group`, each low, mid or high by thirds.

    Returns a pandas frame with the columns customer, recency_days, frequency, monetary (minor units) and type.
    """
    table = _customers(result)
    return thirds(thirds(table, "frequency", "frequency_group"), "monetary", "spend_group")


def value_tiers(result: "RFM", weights: Mapping[str, int] = WEIGHTS) -> "pd.DataFrame":
    """Every customer's value tier: scores 1 to 5 per indicator, times open integer weights, cut by thirds.

    Returns the table of `order_groups` without its groups, with `value_score` (sum of weight times score) and
    `value_tier`. Raises ParameterError for weights that are not whole numbers, or all 0.
    """
    from crmlab.rfm.marks import score_cuts, score_limits

    whole = all(isinstance(weight, int) and weight >= 0 for weight in weights.values())
    if not set(weights) <= set(INDICATORS) or not whole or not any(weights.values()):
        raise ParameterError("weights", value=repr(dict(weights)), names=", ".join(INDICATORS))
    table = _customers(result)
    total = 0
    for name, weight in weights.items():
        small_is_best = name == "recency_days"
        limits = score_limits(score_cuts(table[name].to_numpy()), small_is_best)
        points = [table[name] <= limit if small_is_best else table[name] >= limit for limit in limits]
        total = total + weight * (1 + sum(point.astype("int64") for point in points))
    return thirds(table.assign(value_score=total), "value_score", "value_tier")


@dataclass(frozen=True)
class Clusters:
    """k-means clusters.

    Attributes
    ----------
    table : pandas frame
        customer, R, F, M, type, and `cluster`: 1 for the group with the highest mean spend, then down.
    profile : pandas frame
        Per cluster: customers, customer_share, median recency_days, frequency and monetary (minor units),
        monetary_share.
    silhouettes : dict of int to float
        For each number of groups that was tried, the mean silhouette (-1 to 1, more is clearer).
    """

    table: "pd.DataFrame"
    profile: "pd.DataFrame"
    silhouettes: dict[int, float]


def cluster(result: "RFM", k: int, *, seed: int, tried: range = range(2, 9)) -> Clusters:
    """Group customers by k-means on R, F and M, log-scaled and standardised, so that no indicator decides by its unit.

    The rows are put in order of the customer first and the clusters are numbered by mean spend, so shuffled rows
    give the same groups. Silhouettes are measured on at most 5,000 customers. Net spend below 0 counts as 0. Raises
    ParameterError when there are not more than k customers.
    """
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import StandardScaler

    table = _customers(result)
    if len(table) <= k:
        raise ParameterError("too_few", customers=len(table), k=k)
    features = StandardScaler().fit_transform(np.log1p(table[list(INDICATORS)].clip(lower=0)))
    labels = {
        number: KMeans(number, n_init=10, random_state=seed).fit_predict(features)
        for number in {*tried, k}
        if number < len(table)
    }
    silhouettes = {
        number: float(silhouette_score(features, label, sample_size=min(SAMPLE, len(table)), random_state=seed))
        for number, label in sorted(labels.items())
        if len(set(label)) > 1
    }
    by_spend = table["monetary"].groupby(labels[k]).mean().sort_values(ascending=False)
    places = {label: place for place, label in enumerate(by_spend.index, start=1)}
    table = table.assign(cluster=[places[label] for label in labels[k]])
    return Clusters(table, _profile(table), silhouettes)


def _profile(table: "pd.DataFrame") -> "pd.DataFrame":
    groups = table.groupby("cluster")
    profile = groups.agg(
        customers=("customer", "size"),
        recency_days=("recency_days", "median"),
        frequency=("frequency", "median"),
        monetary=("monetary", "median"),
        money=("monetary", "sum"),
    ).reset_index()
    profile.insert(2, "customer_share", profile["customers"] / len(table))
    profile["monetary_share"] = profile.pop("money") / table["monetary"].sum()
    return profile.astype({"recency_days": "int64", "frequency": "int64", "monetary": "int64"})


def _customers(result: "RFM") -> "pd.DataFrame":
    typed = result.typed.select("customer", *INDICATORS, "type").sort("customer")
    return typed.collect("pyarrow").to_pandas()
