"""The three standard tables of behaviour: how often, how much, and what customers buy."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from crmlab.patterns.popular import sums_of_things

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.patterns.lines import PurchaseLines
    from crmlab.rfm import RFM

FREQUENCY_STARTS = (1, 2, 3, 4, 5, 6, 11, 21)
FREQUENCY_BANDS = ("0", "1", "2", "3", "4", "5", "6–10", "11–20", "≥ 21")


def by_frequency(result: "RFM") -> "pd.DataFrame":
    """How often customers buy. Columns: frequency_band (orders in the window), customers, customer_share, orders, money
    (minor units), money_share. The customers, the orders and the money add up to those of the result.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-06-01"] * 3)
    >>> orders = pd.DataFrame({"customer_id": list("aab"), "order_id": list("123"), "order_date": days, "amount": 2})
    >>> by_frequency(type_customers(orders, as_of="2026-06-17"))
      frequency_band  customers  customer_share  orders  money  money_share
    0              1          1             0.5       1    200     0.333333
    1              2          1             0.5       2    400     0.666667
    """
    return _banded(result, "frequency", FREQUENCY_STARTS, FREQUENCY_BANDS).rename(columns={"band": "frequency_band"})


def by_spend(result: "RFM") -> "pd.DataFrame":
    """How much customers spend. Columns: spend_band (net money in the window, in whole units of the currency; the lower
    end belongs to the band), customers, customer_share, orders, money (minor units), money_share. The bands begin at 1,
    2 and 5 times powers of ten and reach from the fifth to the ninety-fifth per cent of the customers. The sums are
    those of the result.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-06-01"] * 3)
    >>> orders = pd.DataFrame({"customer_id": list("abc"), "order_id": list("123"), "order_date": days})
    >>> result = type_customers(orders.assign(amount=[1, 7, 30]), as_of="2026-06-17")
    >>> by_spend(result)[["spend_band", "customers", "money"]]
      spend_band  customers  money
    0        < 2          1    100
    1       5–10          1    700
    2       ≥ 20          1   3000
    """
    unit = 10**result.settings.decimals
    spent = result.customers["monetary"]
    low, high = spent.quantile(0.05), spent.quantile(0.95)
    steps = [step * 10**power for power in range(13) for step in (1, 2, 5)]
    starts = [step for step in steps if low < step * unit <= high] or [1]
    between = [f"{start:,}–{end:,}" for start, end in pairwise(starts)]
    bands = [f"< {starts[0]:,}", *between, f"≥ {starts[-1]:,}"]
    return _banded(result, "monetary", [start * unit for start in starts], bands).rename(columns={"band": "spend_band"})


def by_goods(lines: "PurchaseLines", by: str = "category") -> "pd.DataFrame":
    """What customers buy, most money first. Columns: category or product, customers, lines, units (where a quantity
    was named), money (net, minor units), money_share. Lines that name nothing stand in a row with a blank, so
    the lines and the money add up. Lines that only give money back count in `lines` and `money` alone.

    Raises DataError without the column, ParameterError for another `by`.
    """
    table = sums_of_things(lines, by).sort_values(["money", by], ascending=[False, True], ignore_index=True)
    return table.assign(money_share=_shares(table["money"]))


def _banded(result: "RFM", column: str, starts: Sequence[int], bands: Sequence[str]) -> "pd.DataFrame":
    """The customers by bands of a column; band n holds the values from the n-th start on. Empty bands are left out."""
    import numpy as np

    customers = result.customers
    place = np.searchsorted(starts, customers[column].to_numpy(), side="right")
    table = customers.groupby(place).agg(
        customers=("monetary", "size"), orders=("frequency", "sum"), money=("monetary", "sum")
    )
    table.insert(0, "band", [bands[number] for number in table.index])
    table.insert(2, "customer_share", _shares(table["customers"]))
    return table.assign(money_share=_shares(table["money"])).reset_index(drop=True)


def _shares(column: "pd.Series") -> "pd.Series":
    return column / column.sum() if column.sum() else column * float("nan")
