"""The largest likelihood of a model with positive parameters, by scipy."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Found(NamedTuple):
    """The parameters, the log-likelihood of all customers, and which parameters stand at an end of the search."""

    values: tuple[float, ...]
    log_likelihood: float
    edge: tuple[bool, ...]


def largest(
    model: Callable[["np.ndarray"], tuple["np.ndarray", "np.ndarray"]],
    start: Sequence[float],
    weights: "np.ndarray",
    ends: Sequence[tuple[float, float]],
) -> Found:
    """The parameters that make the weighted sum of the log-likelihoods largest.

    `model` gives, for the parameters, the log-likelihood of each row and its derivatives (one line per parameter).
    The search is L-BFGS-B on the logarithms of the parameters (Byrd, Lu, Nocedal and Zhu 1995), from `start`,
    between the `ends`.
    """
    import numpy as np
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    total = weights.sum()
    bounds = np.log(ends)

    def loss(logs: "np.ndarray") -> tuple[float, "np.ndarray"]:
        log_likelihood, slopes = model(np.exp(logs))
        return -(log_likelihood @ weights) / total, -(slopes @ weights) * np.exp(logs) / total

    with threadpool_limits(limits=1):
        found = minimize(
            loss, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds,
            options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 1000},
        )  # fmt: skip
    edge = np.isclose(found.x[:, None], bounds, atol=1e-6).any(axis=1)
    return Found(tuple(float(value) for value in np.exp(found.x)), float(-found.fun * total), tuple(edge.tolist()))
