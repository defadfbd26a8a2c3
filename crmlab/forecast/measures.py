"""How good predicted probabilities are: three measures with intervals, a comparison with baselines, and calibration."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crmlab.progress import counted

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

RESAMPLES = 500
TENTHS = tuple(place / 10 for place in range(10))
BINS = tuple(f"{10 * place}–{10 * place + 10}%" for place in range(10))
ENDS = (2.5, 97.5)


def scored(
    bought: "np.ndarray", predicted: Mapping[str, "np.ndarray"], *, chosen: str, seed: int
) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Brier score, log loss and AUC of each model, and how far the chosen one is ahead of the others.

    `bought` is 0 or 1 per customer, `predicted` the probabilities by model. Scores: measure, model, estimate, low,
    high. Gains: measure, model, gain_share, low_share, high_share; the gain is 1 - chosen / other, so 5 % says that
    the chosen model's loss is 5 % lower (the skill score of Murphy 1973). Intervals are percentiles of 500 seeded
    bootstrap resamples of the customers, the same ones for all models (Efron and Tibshirani 1993).

    >>> import numpy as np
    >>> predicted = {"sure": np.array([0.1, 0.9, 0.8, 0.2]), "flat": np.full(4, 0.5)}
    >>> scores, gains = scored(np.array([0, 1, 1, 0]), predicted, chosen="sure", seed=1)
    >>> scores[["measure", "model", "estimate"]].round(3).values.tolist()[:2]
    [['brier', 'sure', 0.025], ['brier', 'flat', 0.25]]
    >>> gains[["measure", "model", "gain_share"]].round(2).values.tolist()
    [['brier', 'flat', 0.9], ['log_loss', 'flat', 0.76]]
    """
    import numpy as np
    import pandas as pd
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(seed)
    n = len(bought)
    kinds = [(kind, name) for kind in ("brier", "log_loss") for name in predicted]
    loss = {"brier": lambda p: (p - bought) ** 2, "log_loss": lambda p: -np.log(np.where(bought == 1, p, 1 - p))}
    losses = np.array([loss[kind](predicted[name]) for kind, name in kinds])
    ranked = {name: _Ranked(bought, p) for name, p in predicted.items()}

    def measured(weights: "np.ndarray") -> dict[tuple[str, str], float]:
        means = dict(zip(kinds, losses @ weights / n, strict=True))
        return means | {("auc", name): one.auc(weights) for name, one in ranked.items()}

    with threadpool_limits(limits=1):
        point = measured(np.ones(n))
        drawn = pd.DataFrame(
            measured(np.bincount(random.integers(0, n, n), minlength=n).astype(float))
            for _ in counted(range(RESAMPLES), "resamples")
        )
    scores = [
        {"measure": kind, "model": name, "estimate": point[kind, name], **_ends(drawn[kind, name], "")}
        for kind in ("brier", "log_loss", "auc")
        for name in predicted
    ]
    gains = [
        {
            "measure": kind,
            "model": name,
            "gain_share": 1 - point[kind, chosen] / point[kind, name],
            **_ends(1 - drawn[kind, chosen] / drawn[kind, name], "_share"),
        }
        for kind in ("brier", "log_loss")
        for name in predicted
        if name != chosen
    ]
    return pd.DataFrame(scores), pd.DataFrame(gains)


def _ends(values: "pd.Series", ending: str) -> dict[str, float]:
    from numpy import nanpercentile

    low, high = nanpercentile(values, ENDS)
    return {f"low{ending}": float(low), f"high{ending}": float(high)}


class _Ranked:
    """Customers in order of their probability, so that many weighted AUCs cost one sort."""

    def __init__(self, bought: "np.ndarray", predicted: "np.ndarray"):
        import numpy as np

        self.order = np.argsort(predicted, kind="stable")
        ordered = predicted[self.order]
        self.starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        self.bought = bought[self.order]

    def auc(self, weights: "np.ndarray") -> float:
        """The share of pairs (one bought, one not) with the probabilities in the right order, ties half.

        Mann and Whitney 1947; NaN where one side is empty.
        """
        import numpy as np

        weights = weights[self.order]
        yes = np.add.reduceat(weights * self.bought, self.starts)
        no = np.add.reduceat(weights * (1 - self.bought), self.starts)
        pairs = yes.sum() * no.sum()
        return float(yes @ (no.cumsum() - no / 2) / pairs) if pairs else float("nan")


def calibration(bought: "np.ndarray", predicted: "np.ndarray") -> "pd.DataFrame":
    """Predicted beside observed: one row per tenth of the scale that holds a customer, lowest probabilities first.

    Columns: bin (such as "20–30%", its lower end included), customers, predicted_share (mean probability),
    observed_share (who bought), low_share and high_share (95 % Wilson interval of the observed share).

    >>> import numpy as np
    >>> calibration(np.array([0, 0, 1, 1]), np.array([0.2, 0.2, 0.7, 0.7])).round(2).values.tolist()
    [['20–30%', 2, 0.2, 0.0, 0.0, 0.66], ['70–80%', 2, 0.7, 1.0, 0.34, 1.0]]
    """
    import numpy as np
    import pandas as pd

    tenth = np.searchsorted(TENTHS, predicted, side="right") - 1
    frame = pd.DataFrame({"bin": tenth, "predicted_share": predicted, "bought": bought})
    grouped = frame.groupby("bin", as_index=False).agg(
        customers=("bought", "size"), predicted_share=("predicted_share", "mean"), bought=("bought", "sum")
    )
    return with_wilson(grouped.assign(bin=[BINS[place] for place in grouped["bin"]]))


def with_wilson(counted: "pd.DataFrame") -> "pd.DataFrame":
    """`counted` has customers and bought; bought gives way to observed_share with low_share and high_share (Wilson
    1927, 95 %). Blank where there are no customers."""
    import numpy as np
    from statsmodels.stats.proportion import proportion_confint

    known = counted["customers"].where(counted["customers"] > 0).astype("float64")
    with np.errstate(invalid="ignore"):
        low, high = proportion_confint(counted["bought"].astype("float64"), known, method="wilson")
    shares = {"observed_share": counted["bought"] / known, "low_share": low, "high_share": high}
    return counted.drop(columns="bought").assign(**shares)
