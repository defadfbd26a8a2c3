"""How much is known of whom: the share of customers with each field, by the channel they came through."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SMALLEST = 5
"""A channel with fewer customers is not shown: its shares would speak of single people."""


def coverage(customers: "pd.DataFrame", fields: tuple[str, ...]) -> "pd.DataFrame":
    """Share (0 to 1) of customers with each field, a row per channel, a column per field that the frame has.

    `customers` may hold personal columns: they are counted here and shown nowhere. Without a column source there is one
    row, "all".

    >>> import pandas as pd
    >>> customers = pd.DataFrame({"source": ["phone"] * 5, "sex": ["female", "male", None, None, "male"]})
    >>> float(coverage(customers, ("sex",)).loc["phone", "sex"])
    0.6
    """
    channel = customers["source"] if "source" in customers else ["all"] * len(customers)
    known = customers[[field for field in fields if field in customers]].notna()
    groups = known.groupby(channel)
    shares = groups.mean()[groups.size() >= SMALLEST]
    return shares.rename_axis(index="source", columns="field")
