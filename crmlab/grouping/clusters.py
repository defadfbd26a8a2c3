"""k-means clusters of customers, with an honest word on whether there are any."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError, ParameterError
from crmlab.grouping import choosing, profiles
from crmlab.rfm.marks import INDICATORS
from crmlab.seeds import check_seed
from crmlab.words import LANGUAGES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MANY = 1_000_000
"""Up to how many customers k-means is fitted on all of them."""
SAMPLE = 100_000
"""On how many it is fitted beyond that, and how many the choice of k rests on."""


@dataclass(frozen=True, repr=False)
class Clusters:
    """k-means clusters.

    Attributes
    ----------
    table : pandas frame
        The customers that were clustered, sorted by customer, with all columns that came in, and `cluster`: 1 for the
        group with the highest mean spend, then down.
    left_out : pandas frame
        The others: the customer, and `column`, the first feature without a value.
    features : tuple of str
        The columns that the distances rest on.
    k : int
        How many clusters there are. 1 where the choice was left open and no number of clusters holds.
    asked : int or None
        How many were asked for.
    tried : pandas frame
        What each number of clusters is worth: see `crmlab.grouping.choosing`.
    chosen : int or None
        The number that the rule of `crmlab.grouping.choosing` takes, None for "no clusters here".
    fitted_on : int
        How many customers k-means was fitted on. All customers of `table` have their cluster.
    below_zero : dict of str to int
        By feature: customers with a value below 0, which counts as 0.
    """

    table: "pd.DataFrame"
    left_out: "pd.DataFrame"
    features: tuple[str, ...]
    k: int
    asked: int | None
    tried: "pd.DataFrame"
    chosen: int | None
    fitted_on: int
    below_zero: dict[str, int]
    seed: int
    customer_column: str

    @property
    def clear(self) -> bool:
        """Whether this number of clusters holds: stable, and clearer than in shuffled data."""
        return bool(self.tried.loc[self.tried["groups"] == self.k, "holds"].any())

    def cut(self, k: int) -> "Clusters":
        """The same customers in k clusters, 2 to 8: what `cluster` gives for k, without measuring each number again.

        Raises ParameterError for another k, and for one that the customers are too few or too alike for.
        """
        if k not in choosing.TRIED:
            allowed = ", ".join(map(str, choosing.TRIED))
            raise ParameterError("choice", name="k", value=repr(k), allowed=allowed)
        points = _points(self.table[list(self.features)].to_numpy(dtype="float64"))
        _demand_k(points, k)
        places = _placed(self.table, self.features, points, k, self.seed)
        return replace(self, table=self.table.assign(cluster=places), k=k, asked=k)

    @cached_property
    def profile(self) -> "pd.DataFrame":
        """One row per cluster; see `crmlab.grouping.profiles.profile`."""
        return profiles.profile(self)

    def in_words(self, lang: str = "zh") -> "pd.DataFrame":
        """One row per cluster: what sets it apart, in words; see `crmlab.grouping.profiles.in_words`."""
        return profiles.in_words(self, lang)

    def by_type(self) -> "pd.DataFrame":
        """Customers by cluster (rows) and marks (columns); see `crmlab.grouping.profiles.by_type`."""
        return profiles.by_type(self)

    def describe(self, lang: str = "zh") -> str:
        """What was done, how many clusters and why, how clear they are, and what they do not mean."""
        return profiles.describe(self, lang)

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def cluster(
    customers: Any,
    k: int | None = None,
    *,
    features: Sequence[str] = INDICATORS,
    customer: str | None = None,
    seed: int,
) -> Clusters:
    """Group customers by k-means on log-scaled, standardised features, so that no feature decides by its unit.

    Parameters
    ----------
    customers : RFM or frame
        What `type_customers` gave, or a pandas, polars or pyarrow frame with one row per customer.
    k : int, optional
        How many clusters, at least 2. None leaves it to the data: where no number of clusters holds, everybody is in
        cluster 1 and `clear` is False.
    features : sequence of str
        Columns of numbers. log(1 + x) is taken of each, values below 0 counting as 0, then they are standardised.
        Customers without a value in one of them are left out and listed. Columns of words or dates have no distance
        that k-means could use, and are refused.
    customer : str, optional
        The column of the customer in a frame, by default the first one.
    seed : int
        For the starts of k-means and for the samples.

    Returns
    -------
    Clusters
        The rows are sorted by customer first and the clusters are numbered by mean spend (then by the means of the
        features, higher first), so neither the order of rows nor, on clear data, the seed changes them. Without a
        column `monetary` the first feature stands for the spend.

    Up to a million customers k-means is fitted on all of them, beyond that on a sample of 100,000 drawn with the seed,
    and every customer gets the cluster whose centre is nearest. The choice of k rests on at most 100,000. All work is
    done in memory, on one thread, so that sums are added in one order.

    Raises DataError for a missing column, words where numbers are needed, and customers who are blank or there twice;
    ParameterError for a k or a seed that cannot be used.

    >>> import pandas as pd
    >>> shop = pd.DataFrame({"customer_id": range(60), "visits": [1, 2, 30] * 20, "spend": [500, 900, 9000] * 20})
    >>> found = cluster(shop, 2, features=["visits", "spend"], seed=618)
    >>> found.profile[["cluster", "customers", "visits", "spend"]]
       cluster  customers  visits  spend
    0        1         20      30   9000
    1        2         40       1    500
    """
    import numpy as np

    check_seed(seed)
    table, customer = by_customer(customers, customer)
    features = tuple(features)
    _demand_numbers(table, features)
    values = table[list(features)].to_numpy(dtype="float64", na_value=np.nan)
    there = np.isfinite(values)
    complete = there.all(axis=1)
    left_out = table.loc[~complete, [customer]].assign(column=np.array(features)[(~there[~complete]).argmax(axis=1)])
    below_zero = dict(zip(features, (values[complete] < 0).sum(axis=0).tolist(), strict=True))
    if not complete.all():
        table, values = table[complete].reset_index(drop=True), values[complete]
    points = _points(values)
    _demand_k(points, k)
    few = _sample(points, SAMPLE, seed)
    tried = choosing.try_clusters(few, {*choosing.TRIED, *([k] if k else [])}, seed=seed)
    chosen = choosing.best(tried)
    number = k or chosen or 1
    return Clusters(
        table=table.assign(cluster=_placed(table, features, points, number, seed)),
        left_out=left_out.reset_index(drop=True),
        features=features,
        k=number,
        asked=k,
        tried=tried,
        chosen=chosen,
        fitted_on=len(points) if len(points) <= MANY else SAMPLE,
        below_zero={name: count for name, count in below_zero.items() if count},
        seed=seed,
        customer_column=customer,
    )


def by_customer(customers: Any, customer: str | None) -> tuple["pd.DataFrame", str]:
    """One row per customer, sorted by customer, as pandas, and the column of the customer."""
    import narwhals.stable.v2 as nw

    from crmlab.rfm.result import RFM

    if isinstance(customers, RFM):
        return customers.customers, customers.customer_column
    try:
        table = nw.from_native(customers, eager_only=True).to_pandas()
    except TypeError:
        raise DataError("no_frame", kind=type(customers).__name__) from None
    customer = customer or table.columns[0]
    _demand_columns(table, (customer,))
    wrong = int((table[customer].isna() | table[customer].duplicated()).sum())
    if wrong:
        raise DataError("cluster_customers", column=customer, count=wrong)
    return table.sort_values(customer, ignore_index=True), customer


def _demand_columns(table: "pd.DataFrame", names: Sequence[str]) -> None:
    missing = [name for name in names if name not in table]
    if missing:
        raise DataError("cluster_columns", columns=", ".join(missing), there=", ".join(map(str, table.columns)))


def _demand_numbers(table: "pd.DataFrame", features: Sequence[str]) -> None:
    from pandas.api.types import is_numeric_dtype

    if not features:
        raise ParameterError("cluster_features")
    _demand_columns(table, features)
    words = [name for name in features if not is_numeric_dtype(table[name])]
    if words:
        raise DataError("cluster_words", columns=", ".join(words))


def _demand_k(points: "np.ndarray", k: int | None) -> None:
    """There are customers, and enough different ones for k clusters."""
    import numpy as np

    if not len(points):
        raise DataError("cluster_nobody")
    if k is None:
        return
    if not isinstance(k, int) or isinstance(k, bool) or k < 2:
        raise ParameterError("cluster_k", value=repr(k))
    if len(points) <= k:
        raise ParameterError("too_few", customers=len(points), k=k)
    if len(np.unique(points[:SAMPLE], axis=0)) < k > (different := len(np.unique(points, axis=0))):
        raise ParameterError("cluster_alike", customers=len(points), different=different, k=k)


def _points(values: "np.ndarray") -> "np.ndarray":
    import numpy as np
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(np.log1p(values.clip(min=0))) if len(values) else values


def _sample(points: "np.ndarray", most: int, seed: int) -> "np.ndarray":
    """All points, or of more than `most` a sample."""
    import numpy as np

    if len(points) <= most:
        return points
    return points[np.sort(np.random.default_rng(seed).choice(len(points), SAMPLE, replace=False))]


def _placed(table: "pd.DataFrame", features: Sequence[str], points: "np.ndarray", k: int, seed: int) -> "np.ndarray":
    """The cluster of each point, numbered by meaning."""
    with choosing.one_thread():
        labels = choosing.fit(_sample(points, MANY, seed), k, seed, starts=10).predict(points)
    return _by_meaning(labels, table, features)


def _by_meaning(labels: "np.ndarray", table: "pd.DataFrame", features: Sequence[str]) -> "np.ndarray":
    """1 for the cluster with the highest mean spend, then down; the means of the features break ties."""
    import numpy as np

    decisive = [name for name in ("monetary",) if name in table] + [name for name in features if name != "monetary"]
    means = table[decisive].groupby(labels).mean().sort_values(decisive, ascending=False)
    places = np.zeros(labels.max() + 1, dtype="int64")
    places[means.index] = np.arange(1, len(means) + 1)
    return places[labels]
