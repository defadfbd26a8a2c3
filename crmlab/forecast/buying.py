"""How often a customer will buy: the BG/NBD model, by maximum likelihood.

Fader, Hardie and Lee 2005, "Counting your customers" the easy way: while active, a customer buys at a rate that is
gamma distributed among customers (shape r, rate alpha), and becomes inactive after any purchase with a probability
that is beta distributed (a, b). A customer is `repeat` (purchases after the first), `last` (time from the first to the
last purchase) and `age` (time since the first), all in one unit of time.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from crmlab.forecast.likelihood import largest

if TYPE_CHECKING:
    import numpy as np

NAMES = ("r", "alpha", "a", "b")
ENDS = ((1e-4, 1e3), (1e-4, 1e5), (1e-4, 50.0), (1e-4, 500.0))
"""Between what the parameters are searched. At b = 500 customers are as good as alike in how they leave."""


@dataclass(frozen=True)
class Buying:
    """A fitted BG/NBD model. `edge` names parameters that ran to an end of what is searched."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers: int
    edge: tuple[str, ...] = ()

    def p_alive(self, repeat: "np.ndarray", last: "np.ndarray", age: "np.ndarray") -> "np.ndarray":
        """The probability that a customer is still active. It is 1 without a repeat purchase: the model lets nobody
        leave before the second one.

        >>> import numpy as np
        >>> cdnow = Buying(0.243, 4.414, 0.793, 2.426, -9582.4, 2357)
        >>> cdnow.p_alive(np.array([0, 2, 2]), np.array([0, 30.43, 5]), np.array([38.86, 38.86, 38.86])).round(3)
        array([1.   , 0.727, 0.124])
        """
        import numpy as np
        from scipy.special import expit

        odds = np.log(self.a) - np.log(self.b + np.maximum(repeat, 1) - 1)
        odds = odds + (self.r + repeat) * (np.log(self.alpha + age) - np.log(self.alpha + last))
        return np.where(repeat > 0, expit(-odds), 1.0)

    def expected(self, ahead: float, repeat: "np.ndarray", last: "np.ndarray", age: "np.ndarray") -> "np.ndarray":
        """Expected purchases in the time `ahead` (equation 10 of the paper).

        The hypergeometric function is taken by Euler's transformation, which neither overflows for customers who buy
        very often nor loses digits.

        >>> import numpy as np
        >>> cdnow = Buying(0.243, 4.414, 0.793, 2.426, -9582.4, 2357)
        >>> cdnow.expected(39, np.array([2]), np.array([30.43]), np.array([38.86])).round(3)
        array([1.226])
        """
        from scipy.special import hyp2f1

        share = ahead / (self.alpha + age + ahead)
        ratio = (1 - share) ** (self.a - 1) * hyp2f1(
            self.a + self.b - 1 - self.r, self.a - 1, self.a + self.b + repeat - 1, share
        )
        bought = (self.a + self.b + repeat - 1) / (self.a - 1) * (1 - ratio)
        return bought * self.p_alive(repeat, last, age)


def fit_buying(
    repeat: "np.ndarray", last: "np.ndarray", age: "np.ndarray", weights: "np.ndarray | None" = None
) -> Buying:
    """The BG/NBD model with the largest likelihood. `weights` counts the customers that each row stands for.

    >>> import numpy as np
    >>> model = fit_buying(np.array([0, 3, 1, 8, 2]), np.array([0, 5, 2, 9.5, 9]), np.array([10.0, 10, 10, 10, 10]))
    >>> model.customers
    5
    """
    import numpy as np

    counts = np.ones(len(repeat)) if weights is None else weights
    start = (1.0, float(np.average(age, weights=counts)) / 4, 1.0, 2.0)
    found = largest(partial(buying_likelihood, repeat=repeat, last=last, age=age), start, counts, ENDS)
    edge = tuple(name for name, out in zip(NAMES, found.edge, strict=True) if out)
    return Buying(*found.values, found.log_likelihood, int(counts.sum()), edge)


def buying_likelihood(
    values: "np.ndarray", *, repeat: "np.ndarray", last: "np.ndarray", age: "np.ndarray"
) -> tuple["np.ndarray", "np.ndarray"]:
    """Log-likelihood of each customer (equation 6 of the paper), and its derivatives by r, alpha, a, b: 4 rows."""
    import numpy as np
    from scipy.special import betaln, gammaln, psi

    r, alpha, a, b = values
    later = np.maximum(repeat, 1)
    active = -(r + repeat) * np.log(alpha + age)
    gone = np.where(repeat > 0, np.log(a) - np.log(b + later - 1) - (r + repeat) * np.log(alpha + last), -np.inf)
    both = np.logaddexp(active, gone)
    log_likelihood = gammaln(r + repeat) - gammaln(r) + r * np.log(alpha) + betaln(a, b + repeat) - betaln(a, b) + both
    left = np.exp(gone - both)
    slopes = [
        psi(r + repeat) - psi(r) + np.log(alpha) - (1 - left) * np.log(alpha + age) - left * np.log(alpha + last),
        r / alpha - (r + repeat) * ((1 - left) / (alpha + age) + left / (alpha + last)),
        psi(a + b) - psi(a + b + repeat) + left / a,
        psi(a + b) - psi(a + b + repeat) + psi(b + repeat) - psi(b) - left / (b + later - 1),
    ]
    return log_likelihood, np.array(slopes)
