"""Open answers put into categories by several people: how far their codes agree beyond chance."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.collect.mask import mask_column
from crmlab.errors import DataError, ParameterError
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LEVELS = ("nominal", "ordinal", "interval", "ratio")


@dataclass(frozen=True, repr=False)
class Coding:
    """Krippendorff's alpha at a level of measurement: 1 − observed / expected disagreement.

    `n` units were coded by two people or more and hold `codes` codes; `left_out` units have fewer than two codes and
    cannot agree or disagree. n + left_out = all units. Krippendorff 2004 relies on an alpha from 0.800 and draws
    tentative conclusions from 0.667.
    """

    level: str
    n: int
    left_out: int
    codes: int
    observed: float
    expected: float
    alpha: float

    def sentence(self, lang: str) -> str:
        """The alpha with its level, and how many units it rests on."""
        return word("coding.alpha", lang, n=self.n, left_out=self.left_out, codes=self.codes, alpha=self.alpha,
                    level=word(f"coding.{self.level}", lang))  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(self.sentence(lang) for lang in LANGUAGES)


def krippendorff_alpha(codes: "pd.DataFrame", level: str = "nominal") -> Coding:
    """Krippendorff's alpha of any number of coders, missing codes allowed.

    Parameters
    ----------
    codes : one row per unit (an answer to be coded), one column per coder, missing where a coder left the unit out
    level : what the distance of two codes is. "nominal": equal or not, for codes of any kind; for numbers also
        "ordinal": the ranks between them, "interval": their difference, "ratio": their difference by their sum

    Raises
    ------
    ParameterError for another level. DataError when no unit has two codes, when all codes that can be compared are
    the same, for codes that are no numbers where the level needs them, and for negative ones at "ratio".

    Notes
    -----
    By the coincidence matrix o, whose diagonal has distance 0: alpha = 1 − (n−1)·Σ o_ck·δ²_ck / Σ n_c·n_k·δ²_ck.
    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.

    Examples
    --------
    >>> import pandas as pd
    >>> codes = pd.DataFrame({"first": ["price", "price", "service", None], "second": ["price", "service", "service",
    ...     "service"]})
    >>> found = krippendorff_alpha(codes)
    >>> round(found.alpha, 3), found.n, found.left_out
    (0.444, 3, 1)
    """
    import numpy as np
    import pandas as pd

    if level not in LEVELS:
        raise ParameterError("choice", name="level", value=repr(level), allowed=", ".join(LEVELS))
    if level != "nominal":
        codes = _numbers(codes, level)
    unit, coder = np.nonzero(codes.notna().to_numpy())
    which, values = pd.factorize(codes.to_numpy()[unit, coder], sort=level != "nominal")
    counts = np.zeros((len(codes), len(values)))
    np.add.at(counts, (unit, which), 1)
    used = counts[counts.sum(axis=1) >= 2]
    if not len(used):
        raise DataError("coding_few", units=len(codes), coders=codes.shape[1])
    shared = used / (used.sum(axis=1, keepdims=True) - 1)
    together = shared.T @ used
    totals = used.sum(axis=0)
    n, distance = totals.sum(), _distance(level, values, totals)
    observed = float((together * distance).sum() / n)
    expected = float(totals @ distance @ totals / (n * (n - 1)))
    if expected == 0:
        raise DataError("coding_constant", units=len(used))
    return Coding(level, len(used), len(codes) - len(used), int(n), observed, expected, 1 - observed / expected)


def _numbers(codes: "pd.DataFrame", level: str) -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    numbers = codes.apply(pd.to_numeric, errors="coerce").astype("float64")
    for coder in codes.columns:
        wrong = codes[coder].notna() & ~np.isfinite(numbers[coder])
        if wrong.any():
            first = ", ".join(mask_column(codes.loc[wrong, coder].head(3).astype("str"), str(coder)))
            raise DataError("survey_no_number", column=coder, count=int(wrong.sum()), first=first)
    negative = int((numbers < 0).sum().sum())
    if level == "ratio" and negative:
        raise DataError("coding_negative", count=negative)
    return numbers


def _distance(level: str, values: "np.ndarray", totals: "np.ndarray") -> "np.ndarray":
    """The squared distances of all values, in rows and columns; `totals` counts each among the comparable codes."""
    import numpy as np

    if level == "nominal":
        return 1 - np.eye(len(values))
    if level == "ordinal":
        middle = totals.cumsum() - totals / 2
        return (middle[:, None] - middle) ** 2
    apart = values[:, None] - values
    if level == "ratio":
        sums = values[:, None] + values
        apart = np.divide(apart, sums, out=np.zeros_like(apart), where=sums > 0)
    return apart**2
