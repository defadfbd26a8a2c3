"""How many clusters, if any: what each number of clusters is worth against data that hold none.

For each number of clusters k three things are measured, five times each.

- Silhouette (Rousseeuw 1987) on a sample of at most 5,000 customers and at most four fifths of them.
- Baseline: k-means and silhouette again on the same sample with its columns shuffled. Each column keeps its values and
  each pair of columns its rank correlation (Iman and Conover 1982), so the shuffled customers form one cloud with the
  same edges, the same skew and the same slant. A plain shuffle loses the slant too, and would take two columns that
  grow together for clusters. The idea of such a baseline: Hennig and Lin 2015.
- Agreement of two disjoint halves (of at most 5,000 customers each): k-means on each, then both fits place the second
  half. Adjusted Rand index (Hubert and Arabie 1985), and prediction strength (Tibshirani and Walther 2005): of all
  pairs in a cluster of the second half, the share that the first half's fit keeps together, in the worst cluster.

The rule. k holds if its prediction strength is at least 0.8, and its silhouette lies above the baseline by at least
0.05 and by two standard deviations of the difference. Of those that hold, the one farthest above the baseline is
chosen; where a smaller one is as far above within one standard deviation, the smaller (the one-standard-error rule of
Tibshirani, Walther and Hastie 2001). If none holds, there are no clusters here. 0.8 is the bound of Tibshirani and
Walther. 0.05 is ours: in simulated shops without clusters (gamma and Poisson purchases, with and without customers who
left; 150 to 5 million customers) no stable k came above 0.04, and planted clusters four standard deviations apart lay
above 0.06.

The limit. Groups that one column shows by itself, and groups that fill every combination of high and low, are as
clear in the shuffled data, so they do not count. A cut in each column finds them.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from crmlab.progress import counted

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TRIED = range(2, 9)
TRIALS = 5
SAMPLE = 5_000
STRENGTH = 0.8
ABOVE = 0.05


def try_clusters(points: "np.ndarray", tried: Iterable[int], *, seed: int) -> "pd.DataFrame":
    """What each number of clusters is worth on points (n × features, standardised); see the top of this module.

    Returns one row per number that could be tried (a sample has to hold that many different points): groups,
    silhouette, silhouette_sd, shuffled (the baseline), shuffled_sd, above_shuffled, rand (adjusted Rand index),
    prediction_strength (means and standard deviations over the trials) and holds. The same seed gives the same table.
    """
    import pandas as pd

    with one_thread():
        measured = [
            row for trial in counted(range(TRIALS), "clusters") for row in _trial(points, sorted(tried), (seed, trial))
        ]
    names = ["groups", "silhouette", "shuffled", "rand", "prediction_strength"]
    by_number = pd.DataFrame(measured, columns=names, dtype="float64").astype({"groups": "int64"}).groupby("groups")
    table = by_number.mean().join(by_number[["silhouette", "shuffled"]].std().add_suffix("_sd"))
    table = table[by_number.size() == TRIALS].reset_index()
    table["above_shuffled"] = table["silhouette"] - table["shuffled"]
    table["holds"] = holds(table)
    order = ["groups", "silhouette", "silhouette_sd", "shuffled", "shuffled_sd", "above_shuffled", *names[3:], "holds"]
    return table[order]


def holds(table: "pd.DataFrame") -> "pd.Series":
    """Which rows of the table are stable and far enough above the baseline."""
    above = table["above_shuffled"]
    return (table["prediction_strength"] >= STRENGTH) & (above >= ABOVE) & (above > 2 * _spread(table))


def best(table: "pd.DataFrame") -> int | None:
    """The number of clusters to choose from what `try_clusters` gave, or None if none holds."""
    holding = table[table["holds"]]
    if holding.empty:
        return None
    top = holding["above_shuffled"].idxmax()
    as_far = holding["above_shuffled"] >= holding["above_shuffled"][top] - _spread(holding)[top]
    return int(holding.loc[as_far, "groups"].min())


def _spread(table: "pd.DataFrame") -> "pd.Series":
    """The standard deviation of silhouette less baseline."""
    return (table["silhouette_sd"] ** 2 + table["shuffled_sd"] ** 2) ** 0.5


def _trial(points: "np.ndarray", tried: list[int], seed: tuple[int, int]) -> Iterable[tuple]:
    """One sample, one shuffle and one pair of halves: the measures of every k that they have enough points for."""
    import numpy as np
    from sklearn.metrics import adjusted_rand_score, pairwise_distances, silhouette_score

    draw = np.random.default_rng(seed)
    order = draw.permutation(len(points))
    half = min(SAMPLE, len(points) // 2)
    if not half:
        return
    sample = points[order[: min(SAMPLE, len(points) * 4 // 5)]]
    shuffled = shuffle_columns(sample, draw)
    first, second = points[order[:half]], points[order[half : 2 * half]]
    enough = min(len(np.unique(part, axis=0)) for part in (sample, shuffled, first, second))
    distances = [pairwise_distances(part) for part in (sample, shuffled)] if enough > 1 else []
    for k in (number for number in tried if number <= enough and number < half):
        clear = [
            silhouette_score(apart, fit(part, k, seed[0]).labels_, metric="precomputed")
            for part, apart in zip((sample, shuffled), distances, strict=True)
        ]
        foreseen, own = fit(first, k, seed[0]).predict(second), fit(second, k, seed[0]).labels_
        yield k, *clear, adjusted_rand_score(own, foreseen), prediction_strength(own, foreseen)


def one_thread() -> Any:
    """A `with` block in which k-means runs on one thread: it adds in one order, so that the last bit of a result is
    the same each time, and small fits do not wait for threads that other work keeps busy."""
    from threadpoolctl import threadpool_limits

    import_module("sklearn.cluster")
    return threadpool_limits(limits=1)


def fit(points: "np.ndarray", k: int, seed: int, starts: int = 3) -> Any:
    """k-means on points, the best of several starts."""
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=starts, random_state=seed).fit(points)


def prediction_strength(own: "np.ndarray", foreseen: "np.ndarray") -> float:
    """Of all pairs in one cluster of `own`, the share that `foreseen` keeps together, in the worst cluster (0 to 1).

    Both hold one label per point. A cluster of one point has no pairs and counts as 0. Source: Tibshirani and Walther
    2005, Cluster validation by prediction strength.

    >>> import numpy as np
    >>> prediction_strength(np.array([0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 0]))
    0.3333333333333333
    """
    from sklearn.metrics.cluster import contingency_matrix

    counts = contingency_matrix(own, foreseen)
    sizes = counts.sum(axis=1)
    pairs = sizes * (sizes - 1)
    kept = (counts * (counts - 1)).sum(axis=1)
    return float((kept[pairs > 0] / pairs[pairs > 0]).min()) if (pairs > 0).all() else 0.0


def shuffle_columns(points: "np.ndarray", draw: "np.random.Generator") -> "np.ndarray":
    """The same points with the values of each column dealt out anew, so that rank correlations stay and no more.

    Source: Iman and Conover 1982. Normal scores with the wanted correlation say which rank each point gets in each
    column; a rank correlation r is that of normal scores with 2 sin(π r / 6) (Pearson 1907). What chance leaves
    undefined (a column of equal values) is taken as no correlation.
    """
    import numpy as np
    from scipy.stats import rankdata

    with np.errstate(invalid="ignore", divide="ignore"):
        ranks = np.atleast_2d(np.corrcoef(rankdata(points, axis=0), rowvar=False))
    wanted = 2 * np.sin(np.pi / 6 * np.nan_to_num(ranks))
    np.fill_diagonal(wanted, 1)
    values, vectors = np.linalg.eigh(wanted)
    scores = draw.standard_normal(points.shape) @ (vectors * np.sqrt(values.clip(0))).T
    places = scores.argsort(axis=0).argsort(axis=0)
    return np.take_along_axis(np.sort(points, axis=0), places, axis=0)
