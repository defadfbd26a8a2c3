"""How much of what was found is right and how much of what is right was found, with intervals."""

from typing import TYPE_CHECKING

from crmlab.columns import demand_columns

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
LEVEL = 0.95
COLUMNS = [
    *("in_truth", "found", "right", "precision", "precision_low", "precision_high"),
    *("recall", "recall_low", "recall_high", "f1"),
]


def score_tags(
    found: "pd.DataFrame", truth: "pd.DataFrame", *, tag: str = "tag", unit: str = "text_id"
) -> "pd.DataFrame":
    """Tags that were found beside those that are there: per tag, and in all.

    Parameters
    ----------
    found, truth : a row per unit and tag; rows that repeat count once
    tag, unit : the columns of the tag and of what carries it, such as a text or a customer

    Returns
    -------
    One row per tag of either side and a last one for "all": the tag, in_truth, found, right (how many of each),
    precision = right / found, recall = right / in_truth, both with the 95 % interval of Wilson (1927) as _low and
    _high, and f1, their harmonic mean. What has nothing to divide by is blank. The intervals take units for
    independent; sentences that occur many times make them too narrow.

    Examples
    --------
    >>> import pandas as pd
    >>> found = pd.DataFrame({"text_id": ["t1", "t2"], "tag": ["invoice", "invoice"]})
    >>> truth = pd.DataFrame({"text_id": ["t1", "t3"], "tag": ["invoice", "decaf"]})
    >>> score_tags(found, truth)[["tag", "in_truth", "found", "right", "precision", "recall"]].values.tolist()
    [['decaf', 1, 0, 0, nan, 0.0], ['invoice', 1, 2, 1, 0.5, 1.0], ['all', 2, 2, 1, 0.5, 0.5]]
    """
    import pandas as pd
    from statsmodels.stats.proportion import proportion_confint

    for frame in (found, truth):
        demand_columns({"unit": unit, "tag": tag}, frame.columns)
    pairs = [frame[[unit, tag]].dropna().drop_duplicates() for frame in (truth, found)]
    pairs.append(pairs[0].merge(pairs[1], on=[unit, tag]))
    names = ["in_truth", "found", "right"]
    counts = pd.DataFrame(
        {name: pair[tag].astype("str").value_counts() for name, pair in zip(names, pairs, strict=True)}
    )
    counts = counts.fillna(0).astype("int64").sort_index()
    counts.loc[ALL] = counts.sum()
    for share, whole in (("precision", "found"), ("recall", "in_truth")):
        there = counts[whole] > 0
        low, high = proportion_confint(
            counts["right"][there].astype("float64"), counts[whole][there], alpha=1 - LEVEL, method="wilson"
        )
        counts[share] = (counts["right"] / counts[whole]).where(there)
        counts[f"{share}_low"], counts[f"{share}_high"] = low, high
    counts["f1"] = 2 * counts["right"] / (counts["found"] + counts["in_truth"])
    return counts[COLUMNS].rename_axis(tag).reset_index()
