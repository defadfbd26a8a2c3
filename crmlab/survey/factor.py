"""One factor behind the items of a scale: its loadings, McDonald's omega, and whether one factor is enough."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

HEYWOOD = 0.005
"""Below this uniqueness the factor explains an item whole, which no questionnaire item is."""


@dataclass(frozen=True)
class OneFactor:
    """Loadings of one factor (standardised, NaN where it cannot be found), omega total, G6, and the fit.

    srmr is the root mean square of the residual correlations, p that of the likelihood-ratio test of one factor with
    Bartlett's correction; both are NaN where there is nothing to test. `trouble` is empty, "singular", "heywood"
    (an item explained whole) or "no_factor" (no solution found).
    """

    loadings: "np.ndarray"
    omega: float
    g6: float
    srmr: float
    p: float
    trouble: str


def one_factor(correlation: "np.ndarray", n: int) -> OneFactor:
    """The factor of a correlation matrix (k × k) from n answers, by maximum likelihood.

    Source: McDonald 1999; Lawley and Maxwell 1971. statsmodels finds the loadings; the start is fixed, the first
    principal component, so equal data give equal results.

    >>> import numpy as np
    >>> correlation = np.outer([0.8, 0.7, 0.6, 0.5], [0.8, 0.7, 0.6, 0.5])
    >>> np.fill_diagonal(correlation, 1)
    >>> round(one_factor(correlation, 100).omega, 5)
    0.74945
    """
    import numpy as np

    k, nan = len(correlation), float("nan")
    values, vectors = np.linalg.eigh(correlation)
    if not values[0] > 1e-8:
        return OneFactor(np.full(k, nan), nan, nan, nan, nan, "singular")
    g6 = float(1 - (1 / np.linalg.inv(correlation).diagonal()).sum() / correlation.sum())
    if k < 3:
        return OneFactor(np.full(k, nan), nan, g6, nan, nan, "")
    loadings, uniqueness, found = _fit(correlation, vectors[:, -1] * np.sqrt(values[-1]), n)
    if uniqueness.min() >= HEYWOOD and not found:
        return OneFactor(np.full(k, nan), nan, g6, nan, nan, "no_factor")
    loadings = loadings if loadings.sum() >= 0 else -loadings
    omega = float(loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum()))
    srmr, p = _misfit(correlation, loadings, uniqueness, n) if k > 3 else (nan, nan)
    return OneFactor(loadings, omega, g6, srmr, p, "heywood" if uniqueness.min() < HEYWOOD else "")


def _fit(correlation: "np.ndarray", start: "np.ndarray", n: int) -> tuple["np.ndarray", "np.ndarray", bool]:
    """Loadings, uniquenesses, and whether statsmodels found an optimum, which it does not in a Heywood case."""
    import warnings

    import numpy as np
    from statsmodels.multivariate.factor import Factor
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, EstimationWarning

    start = start.clip(-0.95, 0.95)
    model = Factor(corr=correlation, n_factor=1, method="ml", nobs=n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", EstimationWarning)
        fitted = model.fit(start=(start[:, None], 1 - start**2))
    return fitted.loadings[:, 0], np.asarray(fitted.uniqueness), bool(model.mle_retvals.success)


def _misfit(correlation: "np.ndarray", loadings: "np.ndarray", uniqueness: "np.ndarray", n: int) -> tuple[float, float]:
    """SRMR and the p of the likelihood-ratio test against any correlation matrix."""
    import numpy as np
    from scipy.stats import chi2

    k = len(correlation)
    model = np.outer(loadings, loadings) + np.diag(uniqueness)
    residual = (correlation - model)[np.tril_indices(k)]
    distance = np.linalg.slogdet(model)[1] - np.linalg.slogdet(correlation)[1]
    distance += np.trace(np.linalg.solve(model, correlation)) - k
    statistic = max(n - 1 - (2 * k + 5) / 6 - 2 / 3, 0) * max(distance, 0.0)
    return float(np.sqrt(np.mean(residual**2))), float(chi2.sf(statistic, k * (k - 3) / 2))
