"""k-means clusters of customers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.errors import ParameterError
from crmlab.rfm.marks import INDICATORS

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

SAMPLE = 5_000


@dataclass(frozen=True)
class Clusters:
    """k-means clusters.

    Attributes
    ----------
    table : pandas frame
        `result.customers`, and `cluster`: 1 for the group with the highest mean spend, then down.
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

    table = result.customers
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
        customers=("recency_days", "size"),
        recency_days=("recency_days", "median"),
        frequency=("frequency", "median"),
        monetary=("monetary", "median"),
        money=("monetary", "sum"),
    ).reset_index()
    profile.insert(2, "customer_share", profile["customers"] / len(table))
    profile["monetary_share"] = profile.pop("money") / table["monetary"].sum()
    return profile.astype({"recency_days": "int64", "frequency": "int64", "monetary": "int64"})
