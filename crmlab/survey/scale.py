"""Scales of several items: reversed items, scores under a named missing policy, and how reliable they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmlab.collect.mask import mask_column
from crmlab.errors import DataError, ParameterError
from crmlab.survey.factor import one_factor
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SCORE_POLICIES = ("complete", "half", "none")
COVARIANCE_POLICIES = ("complete", "pairwise")
LEVEL = 0.95
LARGE_RESIDUAL = 0.08
"""From which SRMR on one factor does not fit. Source: Hu and Bentler 1999."""


def on_scale(answers: "pd.DataFrame", items: Sequence[str], low: int, high: int) -> "pd.DataFrame":
    """The items as numbers (float64, missing as NaN), every answer a whole number from `low` to `high`.

    Raises DataError for items that the frame lacks and for answers that are not on the scale.
    """
    numbers = _numbers(answers, items)
    wrong = numbers.notna() & ((numbers < low) | (numbers > high) | (numbers % 1 != 0))
    for item in items:
        if wrong[item].any():
            first = _first(answers.loc[wrong[item], item])
            raise DataError(
                "survey_off_scale", column=item, count=int(wrong[item].sum()), first=first, low=low, high=high
            )
    return numbers


def reverse(answers: "pd.DataFrame", items: Sequence[str], low: int, high: int) -> "pd.DataFrame":
    """The frame with `items` turned round: low + high − x, by the ends of the scale and not of the data.

    Raises DataError as `on_scale` does.

    >>> import pandas as pd
    >>> reverse(pd.DataFrame({"good": [5, 4], "slow": [2, 4]}), ["slow"], 1, 5)["slow"].tolist()
    [4.0, 2.0]
    """
    return answers.assign(**(low + high - on_scale(answers, items, low, high)))


@dataclass(frozen=True, repr=False)
class ScaleScores:
    """One score per answer and the policy that made it.

    `table` has the index of the answers: score (mean of the answered items, on the scale; NaN where the policy gives
    none) and answered (how many items were). n + left_out = all answers.
    """

    items: tuple[str, ...]
    policy: str
    n: int
    left_out: int
    table: "pd.DataFrame" = field(compare=False)

    def sentence(self, lang: str) -> str:
        """How many answers have a score, under which policy."""
        return word("scale.scores", lang, n=self.n, left_out=self.left_out, items=len(self.items),
                    policy=word(f"policy.{self.policy}", lang))  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(self.sentence(lang) for lang in LANGUAGES)


def scale_scores(
    answers: "pd.DataFrame", items: Sequence[str], low: int, high: int, *, missing: str = "half"
) -> ScaleScores:
    """Score a scale by the mean of its items, reversed ones turned round before.

    `missing` names the policy: "complete" scores only answers with every item, "half" takes the person's mean if at
    least half of the items are answered, "none" expects no missing answer and raises DataError when there is one.

    >>> import pandas as pd
    >>> answers = pd.DataFrame({"a": [4, 5, None], "b": [2, None, None]})
    >>> scale_scores(answers, ["a", "b"], 1, 5).table["score"].tolist()
    [3.0, 5.0, nan]
    """
    if missing not in SCORE_POLICIES:
        raise ParameterError("choice", name="missing", value=repr(missing), allowed=", ".join(SCORE_POLICIES))
    numbers = on_scale(answers, items, low, high)
    answered = numbers.notna().sum(axis=1)
    if missing == "none" and (answered < len(items)).any():
        raise DataError("survey_missing", count=int((answered < len(items)).sum()), items=", ".join(items))
    enough = answered * 2 >= len(items) if missing == "half" else answered == len(items)
    table = numbers.mean(axis=1).where(enough).to_frame("score").assign(answered=answered)
    n = int(enough.sum())
    return ScaleScores(tuple(items), missing, n, len(table) - n, table)


@dataclass(frozen=True, repr=False)
class Reliability:
    """How far the items of a scale measure one thing.

    alpha with its Feldt interval (low, high), standardised alpha, G6 (Guttman's lambda 6), mean_r (mean correlation
    between items), omega (McDonald's omega total of one factor by maximum likelihood; NaN below three items) with
    srmr and fit_p, and spearman_brown for a scale of two items, NaN otherwise. n answers were used under `policy`.

    `table` has one row per item: item, n, missing, mean, sd, r_total and r_rest (correlation with the sum of all
    items and of the others), alpha_dropped (alpha without it), loading. A negative r_rest is reported by `warnings`;
    nothing is turned round silently.
    """

    items: tuple[str, ...]
    policy: str
    level: float
    n: int
    left_out: int
    alpha: float
    low: float
    high: float
    standardised: float
    g6: float
    mean_r: float
    omega: float
    srmr: float
    fit_p: float
    spearman_brown: float
    found: tuple[tuple[str, Mapping[str, object]], ...]
    table: "pd.DataFrame" = field(compare=False)

    def warnings(self, lang: str) -> list[str]:
        """What stands against the figures, one sentence each; empty when nothing does."""
        return [word(f"scale.warning_{key}", lang, **values) for key, values in self.found]

    def sentence(self, lang: str) -> str:
        """The figures with their policy, and every warning."""
        figures = "two_items" if len(self.items) == 2 else "no_omega" if self.omega != self.omega else "reliability"
        told = word(f"scale.{figures}", lang, items=len(self.items), n=self.n,
                    left_out=self.left_out, policy=word(f"policy.{self.policy}", lang), alpha=self.alpha, low=self.low,
                    high=self.high, level=self.level, omega=self.omega, spearman_brown=self.spearman_brown)  # fmt: skip
        return ("" if lang == "zh" else " ").join([told, *self.warnings(lang)])

    def __repr__(self) -> str:
        return "\n".join(self.sentence(lang) for lang in LANGUAGES)


def reliability(
    answers: "pd.DataFrame", items: Sequence[str] | None = None, *, missing: str = "complete", level: float = LEVEL
) -> Reliability:
    """Cronbach's alpha and its companions for the items of one scale, reversed items turned round before.

    Parameters
    ----------
    answers : one row per answer, one column of numbers per item
    items : the columns, by default all
    missing : "complete" uses answers with every item; "pairwise" takes each covariance from the answers that have
        both items, and the interval counts all of them

    Raises
    ------
    DataError for columns that are not there or hold no numbers, below two items, below three answers, or when an item
    or the sum of the items does not vary.

    Notes
    -----
    alpha = k/(k−1)·(1 − Σ var/var total), Cronbach 1951; interval by Feldt 1965; omega total =
    (Σλ)²/((Σλ)² + Σ(1−λ²)), McDonald 1999; G6 = 1 − Σ(1−smc)/ΣR, Guttman 1945; for two items 2r/(1+r), which
    Eisinga, te Grotenhuis and Pelzer 2013 prefer to alpha.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [1, 3, 2, 5, 4], "c": [2, 2, 3, 5, 5]})
    >>> found = reliability(answers)
    >>> round(found.alpha, 3), round(found.omega, 3), found.warnings("en")
    (0.947, 0.95, [])
    """
    import numpy as np

    items = tuple(answers.columns if items is None else items)
    used, n = _used(answers, items, missing)
    cov = used.cov().to_numpy()
    _demand_variance(items, cov)
    k, sums, total, variance = len(items), cov.sum(axis=0), cov.sum(), np.diag(cov)
    correlation = cov / np.sqrt(np.outer(variance, variance))
    mean_r = float((correlation.sum() - k) / (k * (k - 1)))
    alpha = float(_alpha(k, variance.sum(), total))
    low, high = _feldt(alpha, n, k, level)
    factor = one_factor(correlation, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        r_rest = (sums - variance) / np.sqrt(variance * (total - 2 * sums + variance))
        dropped = _alpha(k - 1, variance.sum() - variance, total - 2 * sums + variance)
    table = used.agg(["mean", "std"]).T.set_axis(["mean", "sd"], axis=1)
    table = table.assign(r_total=sums / np.sqrt(variance * total), r_rest=r_rest)
    table = table.assign(alpha_dropped=dropped, loading=factor.loadings)
    counts = {"n": used.notna().sum(), "missing": answers[list(items)].isna().sum()}
    table = table.assign(**counts)[["n", "missing", *table.columns]].rename_axis("item").reset_index()
    found = []
    negative = table.loc[table["r_rest"] < 0, "item"]
    if len(negative):
        found.append(("negative", {"items": ", ".join(negative)}))
    if factor.srmr > LARGE_RESIDUAL and factor.p < 1 - level:
        found.append(("factor", {"srmr": factor.srmr, "limit": LARGE_RESIDUAL, "p": factor.p}))
    if factor.trouble:
        found.append((factor.trouble, {}))
    return Reliability(
        items, missing, level, n, len(answers) - n, alpha, low, high,
        standardised=k * mean_r / (1 + (k - 1) * mean_r), g6=factor.g6, mean_r=mean_r, omega=factor.omega,
        srmr=factor.srmr, fit_p=factor.p, spearman_brown=2 * mean_r / (1 + mean_r) if k == 2 else np.nan,
        found=tuple(found), table=table,
    )  # fmt: skip


def _numbers(answers: "pd.DataFrame", items: Sequence[str]) -> "pd.DataFrame":
    import pandas as pd

    lacking = [item for item in items if item not in answers.columns]
    if lacking:
        raise DataError("survey_no_items", items=", ".join(lacking), there=", ".join(map(str, answers.columns)))
    given = answers[list(items)]
    numbers = given.apply(pd.to_numeric, errors="coerce").astype("float64")
    wrong = given.notna() & numbers.isna()
    for item in items:
        if wrong[item].any():
            first = _first(given.loc[wrong[item], item])
            raise DataError("survey_no_number", column=item, count=int(wrong[item].sum()), first=first)
    return numbers


def _first(wrong: "pd.Series") -> str:
    """The first three values, masked where they look like personal data typed into the wrong field."""
    return ", ".join(mask_column(wrong.head(3).astype("str"), str(wrong.name)))


def _used(answers: "pd.DataFrame", items: tuple[str, ...], missing: str) -> tuple["pd.DataFrame", int]:
    """The answers that the covariances rest on, and how many they are."""
    if missing not in COVARIANCE_POLICIES:
        raise ParameterError("choice", name="missing", value=repr(missing), allowed=", ".join(COVARIANCE_POLICIES))
    if len(items) < 2:
        raise DataError("survey_few_items", count=len(items))
    numbers = _numbers(answers, items)
    used = numbers.dropna(how="any" if missing == "complete" else "all")
    if len(used) < 3:
        raise DataError("survey_few_answers", count=len(used), least=3)
    return used, len(used)


def _demand_variance(items: tuple[str, ...], cov: "np.ndarray") -> None:
    constant = [item for item, variance in zip(items, cov.diagonal(), strict=True) if not variance > 0]
    if constant:
        raise DataError("survey_constant", items=", ".join(constant))
    if not cov.sum() > 1e-12 * cov.diagonal().sum():
        raise DataError("survey_constant_sum", items=", ".join(items))


def _alpha(k: int, variances: "float | np.ndarray", total: "float | np.ndarray") -> "float | np.ndarray":
    import numpy as np

    return np.divide(k, k - 1) * (1 - variances / total)


def _feldt(alpha: float, n: int, k: int, level: float) -> tuple[float, float]:
    from scipy.stats import f

    tail, degrees = (1 - level) / 2, (n - 1, (n - 1) * (k - 1))
    return float(1 - (1 - alpha) * f.isf(tail, *degrees)), float(1 - (1 - alpha) * f.ppf(tail, *degrees))
