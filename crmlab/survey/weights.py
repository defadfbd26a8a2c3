"""Weights that give a sample the margins of its population, by raking, and what they cost in precision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmlab.collect.mask import mask_column
from crmlab.errors import DataError, ParameterError
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROUNDS = 200
CLOSE = 1e-6
"""Margins are met when no weighted share is further off than this."""


def design_effect(weights: "pd.Series") -> float:
    """Kish's design effect n·Σw² / (Σw)²: by how much unequal weights raise the variance of a mean.

    >>> import pandas as pd
    >>> round(design_effect(pd.Series([1, 1, 2, 2, 4])), 2)
    1.3
    """
    weights = weights.astype("float64")
    return float(len(weights) * (weights**2).sum() / weights.sum() ** 2)


def effective_n(weights: "pd.Series") -> float:
    """How many equally weighted answers are as precise: (Σw)² / Σw². Source: Kish 1965.

    >>> import pandas as pd
    >>> round(effective_n(pd.Series([1, 1, 2, 2, 4])), 3)
    3.846
    """
    return len(weights) / design_effect(weights)


@dataclass(frozen=True, repr=False)
class Weights:
    """Raked weights and how well they fit.

    `weights` has the index of the sample and mean 1. `table` has one row per margin and code: margin, code, n,
    sample_share, target_share, weighted_share. `converged` says whether every weighted share meets its target;
    `worst` is the largest distance, `trimmed` the number of weights held at the limit `most`.
    """

    converged: bool
    rounds: int
    worst: float
    most: float
    trimmed: int
    design_effect: float
    effective_n: float
    weights: "pd.Series" = field(compare=False)
    table: "pd.DataFrame" = field(compare=False)

    def sentence(self, lang: str) -> str:
        """Whether the margins are met, how many weights are trimmed, and what the sample is worth."""
        return word("weights.converged" if self.converged else "weights.not_converged", lang, rounds=self.rounds,
                    worst=self.worst, most=self.most, trimmed=self.trimmed, n=len(self.weights),
                    effective=self.effective_n, effect=self.design_effect)  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(self.sentence(lang) for lang in LANGUAGES)


def rake(sample: "pd.DataFrame", margins: Mapping[str, Mapping[str, float]], *, most: float = 5) -> Weights:
    """Weights under which each column of the sample has the margin of the population.

    Parameters
    ----------
    sample : one row per answer, with a column of codes per margin
    margins : by column, the whole-number count or the share (adding up to 1) of each code in the population; a
        `value_counts()` will do
    most : no weight exceeds this many times the mean weight

    Raises
    ------
    DataError when a row has no code or one that its margin lacks, when a code of the population has no row, or when
    shares do not add up to 1. ParameterError when `most` is not above 1.

    Source: Deming and Stephan 1940. Trimming and raking alternate, so a trimmed margin may stay unmet: `converged`
    is then False.

    >>> import pandas as pd
    >>> sample = pd.DataFrame({"sex": ["f", "f", "f", "m"], "age": ["old", "young", "young", "old"]})
    >>> found = rake(sample, {"sex": {"f": 0.5, "m": 0.5}})
    >>> found.weights.round(3).tolist(), found.converged, round(found.effective_n, 1)
    ([0.667, 0.667, 0.667, 2.0], True, 3.0)
    """
    import numpy as np
    import pandas as pd

    if not most > 1:
        raise ParameterError("rake_most", value=most)
    targets = {name: _shares(name, dict(margin)) for name, margin in margins.items()}
    codes = {name: _codes(sample, name, target) for name, target in targets.items()}
    wanted = {name: np.array(list(target.values())) for name, target in targets.items()}
    weights, rounds, worst = np.ones(len(sample)), 0, np.inf
    while worst > CLOSE and rounds < ROUNDS:
        rounds += 1
        for name, code in codes.items():
            weights = weights * (wanted[name] / _weighted(code, weights))[code]
        weights = _trim(weights / weights.mean(), most)
        worst = max(np.abs(_weighted(code, weights) - wanted[name]).max() for name, code in codes.items())
    rows = []
    for name, code in codes.items():
        n, share = np.bincount(code), _weighted(code, weights)
        rows += list(zip([name] * len(n), targets[name], n, n / len(sample), wanted[name], share, strict=True))
    table = pd.DataFrame(rows, columns=["margin", "code", "n", "sample_share", "target_share", "weighted_share"])
    series = pd.Series(weights, index=sample.index, name="weight")
    return Weights(bool(worst <= CLOSE), rounds, float(worst), most, int((weights >= most * (1 - CLOSE)).sum()),
                   design_effect(series), effective_n(series), series, table)  # fmt: skip


def _trim(weights: "np.ndarray", most: float) -> "np.ndarray":
    """Hold weights at `most` and share what is cut off among the others; the mean stays 1."""
    import numpy as np

    held = np.zeros(len(weights), dtype=bool)
    while (weights > most).any():
        held |= weights > most
        rest = (len(weights) - most * held.sum()) / weights[~held].sum()
        weights = np.where(held, most, weights * rest)
    return weights


def _weighted(code: "np.ndarray", weights: "np.ndarray") -> "np.ndarray":
    import numpy as np

    return np.bincount(code, weights) / weights.sum()


def _shares(name: str, margin: dict[str, float]) -> dict[str, float]:
    total = sum(margin.values())
    counts = all(float(value).is_integer() for value in margin.values())
    if any(value < 0 for value in margin.values()) or not (total > 0 if counts else abs(total - 1) <= CLOSE):
        raise DataError("rake_shares", margin=name, total=f"{total:g}")
    return {code: value / total for code, value in margin.items() if value}


def _codes(sample: "pd.DataFrame", name: str, target: dict[str, float]) -> "np.ndarray":
    """Each row's place in the margin; refuses rows and codes that have no partner."""
    import pandas as pd

    if name not in sample.columns:
        raise DataError("survey_no_items", items=name, there=", ".join(map(str, sample.columns)))
    code = pd.Index(list(target)).get_indexer(sample[name])
    if (code < 0).any():
        first = ", ".join(mask_column(sample.loc[code < 0, name].head(3).astype("str").fillna("-"), name))
        raise DataError("rake_unknown", margin=name, count=int((code < 0).sum()), first=first)
    empty = [str(value) for place, value in enumerate(target) if place not in set(code)]
    if empty:
        raise DataError("rake_empty", margin=name, codes=", ".join(empty))
    return code.astype("int64")
