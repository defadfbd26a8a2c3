"""How much a customer spends per purchase: the Gamma-Gamma model, by maximum likelihood.

Fader and Hardie 2013, "The Gamma-Gamma model of monetary value": the amounts of one customer are gamma distributed
around the customer's own mean, and the means are spread among customers (p, q, v). How much somebody spends has nothing
to do with how often: check that before believing it.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from crmlab.forecast.likelihood import largest

if TYPE_CHECKING:
    import numpy as np

NAMES = ("p", "q", "v")
ENDS = ((1e-4, 1e4), (1.01, 1e4), (1e-4, 1e5))
"""Between what the parameters are searched, v in medians of the amounts. At q = 1 there is no mean of all customers."""


@dataclass(frozen=True)
class Spending:
    """A fitted Gamma-Gamma model; v is in the unit of the amounts. `edge` as in `Buying`."""

    p: float
    q: float
    v: float
    log_likelihood: float
    customers: int
    edge: tuple[str, ...] = ()

    def expected(self, purchases: "np.ndarray", mean: "np.ndarray") -> "np.ndarray":
        """Expected amount of a purchase, for customers with a `mean` over so many `purchases` (equation 5 of the note).

        It lies between the customer's own mean and that of everybody, closer to the own one with every purchase.

        >>> import numpy as np
        >>> cdnow = Spending(6.25, 3.74, 15.44, -4055.8, 946)
        >>> cdnow.expected(np.array([0, 2, 2]), np.array([0, 22.0, 200.0])).round(2)
        array([ 35.22,  24.38, 170.37])
        """
        return self.p * (self.v + purchases * mean) / (self.p * purchases + self.q - 1)


def fit_spending(purchases: "np.ndarray", mean: "np.ndarray") -> Spending:
    """The Gamma-Gamma model with the largest likelihood, for customers with purchases and a mean above 0.

    >>> import numpy as np
    >>> fit_spending(np.array([1, 2, 3, 4, 2]), np.array([10.0, 12, 30, 22, 15])).customers
    5
    """
    import numpy as np

    unit = float(np.median(mean))
    model = partial(spending_likelihood, purchases=purchases, mean=mean / unit)
    found = largest(model, (1.0, 2.0, 1.0), np.ones(len(purchases)), ENDS)
    p, q, v = found.values
    edge = tuple(name for name, out in zip(NAMES, found.edge, strict=True) if out)
    return Spending(p, q, v * unit, found.log_likelihood - len(mean) * float(np.log(unit)), len(mean), edge)


def spending_likelihood(
    values: "np.ndarray", *, purchases: "np.ndarray", mean: "np.ndarray"
) -> tuple["np.ndarray", "np.ndarray"]:
    """Log-likelihood of each customer (equation 1a of the note), and its derivatives by p, q, v: 3 rows."""
    import numpy as np
    from scipy.special import betaln, psi

    p, q, v = values
    shape, spread = p * purchases, np.log(v + purchases * mean)
    log_likelihood = (
        -betaln(shape, q) + q * np.log(v) + shape * np.log(purchases * mean) - np.log(mean) - (shape + q) * spread
    )
    both = psi(shape + q)
    slopes = [
        purchases * (both - psi(shape) + np.log(purchases * mean) - spread),
        both - psi(q) + np.log(v) - spread,
        q / v - (shape + q) / (v + purchases * mean),
    ]
    return log_likelihood, np.array(slopes)
