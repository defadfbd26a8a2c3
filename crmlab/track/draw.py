"""Who is held out: drawn by a keyed hash within each stratum, so that the order of rows changes nothing."""

import hmac
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SMALLEST_ARM = 2
"""Customers that each arm of a stratum needs before the two can be compared: one alone has no spread."""


def held_out_of(customers: int, holdout: float) -> int:
    """How many of a stratum are held out: its share, rounded half up, and at least 2 in either arm.

    A stratum of fewer than 4 customers cannot be compared, so nobody in it is held out.

    >>> [held_out_of(customers, 0.2) for customers in (3, 4, 12, 13, 1000)]
    [0, 2, 2, 3, 200]
    """
    if customers < 2 * SMALLEST_ARM:
        return 0
    wanted = floor(customers * Fraction(str(holdout)) + Fraction(1, 2))
    return min(max(wanted, SMALLEST_ARM), customers - SMALLEST_ARM)


def draw(customers: "pd.Series", strata: "pd.Series", *, holdout: float, key: str) -> "pd.Series":
    """Whether each customer is held out: booleans with the index of `customers`.

    Within a stratum the customers stand in line by the first 64 bits of HMAC-SHA256(key, id), which nobody can steer,
    and the first ones are held out. Another key is another draw; another order of rows is the same draw.

    >>> import pandas as pd
    >>> ids = pd.Series(list("abcdefghij"))
    >>> int(draw(ids, pd.Series("all", ids.index), holdout=0.2, key="recall").sum())
    2
    """
    import numpy as np
    import pandas as pd

    secret = key.encode()
    hashes = b"".join(hmac.digest(secret, str(customer).encode(), "sha256")[:8] for customer in customers)
    line = np.frombuffer(hashes, dtype=">u8").astype("uint64")
    rows = pd.DataFrame({"stratum": strata.astype("category"), "line": line}, index=customers.index)
    place = rows.groupby("stratum", observed=True)["line"].rank(method="first")
    sizes = strata.map(strata.value_counts().map(lambda size: held_out_of(int(size), holdout)))
    return place <= sizes
