"""How much and how often a customer buys: the average order, the usual gap and its spread."""

from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.frames import private_connection
from crmlab.patterns.lines import per_customer
from crmlab.rfm.rule import day_number

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM


def rhythm(result: "RFM") -> "pd.DataFrame":
    """The rhythm of every customer, from the orders in the window. Collects one row per customer.

    Columns: the customer, orders, average_order (minor units, half up), median_gap and gap_spread (days; the spread is
    the interquartile range, between linear quartiles), days_since_last (recency_days). Gaps lie between days with a
    purchase, so two orders on one day are no gap of 0. The median needs two such days and the spread three; without
    them, and for those without an order in the window, the cells are blank.

    Dask has no window functions: there the days of the orders are collected first.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-03-01", "2026-04-01", "2026-05-01", "2026-06-10"])
    >>> orders = pd.DataFrame({"customer_id": "a", "order_id": list("1234"), "order_date": days})
    >>> rhythm(type_customers(orders.assign(amount=[9, 9, 9, 3]), as_of="2026-06-17")).iloc[:, 1:]
       orders  average_order  median_gap  gap_spread  days_since_last
    0       4            750        31.0         5.0                7
    """
    orders = result.purchases().select("customer", "money", number=day_number("day"))
    if result.lent.kind == "dask":
        orders = nw.from_native(private_connection().from_arrow(orders.collect("pyarrow").to_native()))
    found = per_customer(result, *map(_gaps, result.lent.pieces(orders)))
    orders = found["orders"].fillna(0).astype("int64")
    money = found["money"].astype("Int64")
    return found[[result.customer_column]].assign(
        orders=orders,
        average_order=(2 * money + orders) // (2 * orders.where(orders > 0).astype("Int64")),
        median_gap=found["median_gap"],
        gap_spread=(found["high"] - found["low"]).where(found["gaps"] > 1),
        days_since_last=result.customers["recency_days"],
    )


def _gaps(orders: nw.LazyFrame) -> nw.LazyFrame:
    """Orders and money of every customer, and the median and the quartiles of the days between."""
    gap = nw.col("gap")
    before = nw.col("number").shift(1).over("customer", order_by="number")
    gaps = orders.with_columns(gap=(nw.col("number") - before).cast(nw.Int32))
    return (
        gaps.with_columns(gap=nw.when(gap > 0).then(gap))
        .group_by("customer")
        .agg(
            nw.len().alias("orders"),
            nw.col("money").sum(),
            gap.count().alias("gaps"),
            gap.median().alias("median_gap"),
            gap.quantile(0.25, "linear").alias("low"),
            gap.quantile(0.75, "linear").alias("high"),
        )
    )
