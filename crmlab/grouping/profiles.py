"""What clusters are like: medians, shares, words, and how they lie across the six types."""

from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.rfm.marks import COMBINATIONS, MARK_COLUMNS
from crmlab.words import has_word, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.grouping.clusters import Clusters

LOW, MID, HIGH = "low", "mid", "high"


def profile(found: "Clusters") -> "pd.DataFrame":
    """One row per cluster: cluster, customers, customer_share, the median of each feature, and monetary_share.

    A median is a value that a customer has: of the two in the middle the lower one, in the unit of its column
    (monetary: minor units). monetary_share, the cluster's part of all money, needs a column `monetary`; it is NaN
    where all money adds up to 0.
    """
    groups = found.table.groupby("cluster")
    medians = groups[list(found.features)].quantile(0.5, interpolation="lower")
    table = medians.astype(found.table.dtypes[list(found.features)].to_dict()).reset_index()
    table.insert(1, "customers", groups.size().to_numpy())
    table.insert(2, "customer_share", table["customers"] / len(found.table))
    if "monetary" in found.table:
        money = groups["monetary"].sum().to_numpy()
        table["monetary_share"] = money / money.sum() if money.sum() else float("nan")
    return table


def levels(found: "Clusters") -> "pd.DataFrame":
    """Per cluster (index) and feature (columns): low, mid or high, its median against the thirds of all customers.

    high lies above the upper third's cut, low at or below the lower third's, as in `crmlab.grouping.thirds`. A feature
    in which every cluster has the same level sets none apart and is mid.
    """
    import numpy as np
    import pandas as pd

    cuts = found.table[list(found.features)].quantile([1 / 3, 2 / 3])
    medians = found.profile.set_index("cluster")[list(found.features)]
    named = np.where(medians.gt(cuts.iloc[1]), HIGH, np.where(medians.le(cuts.iloc[0]), LOW, MID))
    named = np.where((named == named[0]).all(axis=0), MID, named)
    return pd.DataFrame(named, medians.index, medians.columns)


def in_words(found: "Clusters", lang: str = "zh") -> "pd.DataFrame":
    """One row per cluster: cluster, customers, customer_share, in_words, e.g. "came recently, comes often".

    Only what is high or low is said (see `levels`); a cluster that is in the middle everywhere says so.
    """
    said = [
        word("list.comma", lang).join(_said(name, level, lang) for name, level in row.items() if level != MID)
        or word("cluster.middle", lang)
        for row in levels(found).to_dict("records")
    ]
    return found.profile[["cluster", "customers", "customer_share"]].assign(in_words=said)


def _said(feature: str, level: str, lang: str) -> str:
    key = f"cluster.{feature}.{level}"
    if has_word(key):
        return word(key, lang)
    return word(f"cluster.other.{level}", lang, feature=_name(feature, lang))


def _name(column: str, lang: str) -> str:
    return word(f"column.{column}", lang) if has_word(f"column.{column}") else column


def by_type(found: "Clusters") -> "pd.DataFrame":
    """Customers by cluster (index `cluster`) and marks (columns, all eight combinations, the unnamed ones last).

    Raises DataError for customers without marks: a frame that `type_customers` did not make.
    """
    import pandas as pd

    if not set(MARK_COLUMNS) <= set(found.table):
        raise DataError("cluster_types", columns=", ".join(MARK_COLUMNS))
    return pd.crosstab(found.table["cluster"], _marks(found)).reindex(columns=list(COMBINATIONS), fill_value=0)


def agreement_with_types(found: "Clusters") -> float:
    """The adjusted Rand index of clusters and combinations of marks: 1 for the same groups, about 0 for chance.

    Source: Hubert and Arabie 1985. Raises DataError as `by_type` does.
    """
    from sklearn.metrics import adjusted_rand_score

    by_type(found)
    return float(adjusted_rand_score(_marks(found), found.table["cluster"]))


def _marks(found: "Clusters") -> "pd.Series":
    table = found.table
    return ("R" + table["r_mark"] + "F" + table["f_mark"] + "M" + table["m_mark"]).rename("marks")


def describe(found: "Clusters", lang: str) -> str:
    """See `Clusters.describe`."""
    names = word("list.comma", lang).join(_name(name, lang) for name in found.features)
    done = "done" if found.k > 1 else "looked"
    lines = [word(f"cluster.{done}", lang, customers=len(found.table), k=found.k, features=names, seed=found.seed)]
    if len(found.left_out):
        lines.append(word("cluster.left_out", lang, count=len(found.left_out)))
    for name, count in found.below_zero.items():
        lines.append(word("cluster.below_zero", lang, count=count, feature=_name(name, lang)))
    if found.fitted_on < len(found.table):
        lines.append(word("cluster.sampled", lang, fitted=found.fitted_on))
    if found.tried.empty:
        return "\n".join([*lines, word("cluster.too_alike", lang)])
    first, last = found.tried["groups"].min(), found.tried["groups"].max()
    lines.append(word(f"cluster.{_choice(found)}", lang, first=first, last=last, k=found.k, chosen=found.chosen))
    shown = found.tried if found.k == 1 else found.tried[found.tried["groups"] == found.k]
    nearest = shown.sort_values("above_shuffled", ascending=False).head(1).to_dict("records")
    lines += [word("cluster.measured", lang, **row) for row in nearest]
    if found.k > 1:
        lines.append(word(f"cluster.{'clear' if found.clear else 'unclear'}", lang))
    return "\n".join([*lines, word("cluster.not_meant", lang)])


def _choice(found: "Clusters") -> str:
    """Who decided on the number of clusters, and whether the rule agrees."""
    if not found.asked:
        return "chosen" if found.chosen else "none"
    return {None: "asked_none", found.asked: "asked_same"}.get(found.chosen, "asked_other")
