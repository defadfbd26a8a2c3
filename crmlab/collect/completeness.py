"""How much is known of whom: the share of customers with each field, by the channel they came through."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.data import Shop

SMALLEST = 5
"""A channel with fewer customers is not shown: its shares would speak of single people."""


def coverage(shop: "Shop", fields: tuple[str, ...]) -> "pd.DataFrame":
    """Share (0 to 1) of customers with each field, a row per channel, a column per field that the source has.

    Personal fields are counted here and shown nowhere. Without channels in the source there is one row, "all".
    """
    customers = shop.read_personal("customers")
    channel = customers["source"] if "source" in customers else ["all"] * len(customers)
    known = customers[[field for field in fields if field in customers]].notna()
    groups = known.groupby(channel)
    shares = groups.mean()[groups.size() >= SMALLEST]
    return shares.rename_axis(index="source", columns="field")
