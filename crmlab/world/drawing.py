"""One draw by weight, as often as a world needs it."""

from collections.abc import Sequence

import numpy as np


def place_of(rng: np.random.Generator, weights: Sequence[float] | np.ndarray) -> int:
    """A place in `weights`, drawn with probabilities in proportion to them. At least one is above 0.

    The same draw as `rng.choice(len(weights), p=weights / weights.sum())`, bit for bit, in half the time: the weights
    are not checked.

    >>> place_of(np.random.default_rng(618), [0.0, 1.0, 0.0])
    1
    """
    shares = np.asarray(weights, dtype=float)
    cumulated = (shares / shares.sum()).cumsum()
    cumulated /= cumulated[-1]
    return int(cumulated.searchsorted(rng.random(), side="right"))


def one_of(rng: np.random.Generator, options: Sequence[str], weights: Sequence[float] | np.ndarray) -> str:
    """One of the options, drawn with these weights.

    >>> one_of(np.random.default_rng(618), ("app", "web"), (0.0, 1.0))
    'web'
    """
    return options[place_of(rng, weights)]
