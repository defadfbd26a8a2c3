"""All that is known of each customer, one row each, so that rules, clusters and plans see the same columns."""

from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.collect.consent import demand_purpose
from crmlab.errors import DataError
from crmlab.grouping.lifecycle import demand_same_ids, first_and_last
from crmlab.grouping.thirds import order_groups
from crmlab.patterns.lines import PurchaseLines, per_customer
from crmlab.patterns.months import month_of
from crmlab.patterns.rhythm import rhythm
from crmlab.patterns.usual import LEAST_ORDERS
from crmlab.rfm.rule import day_number

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

BLANK = {
    "age_range": "string",
    "city": "string",
    "top_category": "string",
    "top_category_share": "float64",
    "categories": "Int64",
    "discount_share": "float64",
    "pieces_per_order": "float64",
    "events_per_30_days": "float64",
}
"""Columns that not every shop has: blank where no table brings them."""
WEEK, WORKING_DAYS = 7, 5


def facts(result: "RFM", *tables: "pd.DataFrame") -> "pd.DataFrame":
    """One row per customer of `result`, sorted by customer, with everything that groups are made of.

    From the orders: the columns of `result.customers`; frequency_group and spend_group (low, mid, high); average_order
    (minor units), median_gap and gap_spread (days), days_since_last; gap_ratio, days_since_last over the own median
    gap, blank under three days with a purchase; days_since_first, over all of history; active_months, calendar months
    of the window with a purchase; weekday_share, orders from Monday to Friday over all orders, blank under three.

    From `tables`, each with one row per customer under the customer column's own name: all their columns but personal
    ones, for example `shop.table("customers")`, `preferences(lines)`, `basket(lines)`, `interactions(events, result)`.
    Customers who are not in `result` are left away. What no table brings stays blank: age_range, city, top_category,
    top_category_share, categories, discount_share, pieces_per_order, events_per_30_days.

    Collects one row per customer. Raises DataError for a table with a customer twice, without the customer column, with
    ids of another type, or with a column that is there already; ConsentError for rows kept for another purpose than
    analysis.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-04-01", "2026-05-02", "2026-05-31", "2026-03-01"])
    >>> orders = pd.DataFrame({"customer_id": list("aaab"), "order_id": list("1234"), "order_date": days, "amount": 9})
    >>> ages = pd.DataFrame({"customer_id": ["a"], "age_range": ["18-24"]})
    >>> found = facts(type_customers(orders, as_of="2026-06-17"), ages)
    >>> found[["customer_id", "median_gap", "gap_ratio", "active_months", "age_range"]]
      customer_id  median_gap  gap_ratio  active_months age_range
    0           a        30.0   0.566667              2     18-24
    1           b         NaN        NaN              1       NaN
    """
    column = result.customer_column
    known = _beside(order_groups(result), rhythm(result).drop(columns="orders"), column)
    known = _beside(known, _calendar(result), column)
    enough = known["gap_spread"].notna()
    known["gap_ratio"] = (known["days_since_last"] / known["median_gap"]).where(enough)
    known["days_since_first"] = per_customer(result, first_and_last(result))["days_since_first"].astype("Int64")
    for table in tables:
        attributes = _attributes(table, column, known)
        known = _beside(known, known[[column]].merge(attributes, on=column, how="left", validate="one_to_one"), column)
    return known.assign(**{name: _blank(known, kind) for name, kind in BLANK.items() if name not in known})


def basket(lines: PurchaseLines) -> "pd.DataFrame":
    """How large the orders of each customer are: the customer, pieces_per_order (pieces bought over orders).

    Blank where the lines have no quantity, and for customers without an order in the window. Collects one row per
    customer.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.patterns import purchase_lines
    >>> orders = pd.DataFrame({
    ...     "customer_id": "a", "order_id": ["1", "1", "2"], "order_date": pd.to_datetime(["2026-06-01"] * 3),
    ...     "amount": [60, 20, 20], "quantity": [5, 1, 1],
    ... })
    >>> basket(purchase_lines(orders, type_customers(orders, as_of="2026-06-17"), quantity="quantity"))
      customer_id  pieces_per_order
    0           a               3.5
    """
    result = lines.result
    if "quantity" not in lines.columns:
        return result.customers[[result.customer_column]].assign(pieces_per_order=float("nan"))
    bought = lines.lines.filter("bought").group_by("customer").agg(nw.col("quantity").sum())
    pieces = per_customer(result, bought.with_columns(nw.col("quantity").cast(nw.Float64)))["quantity"]
    orders = result.customers["frequency"]
    return result.customers[[result.customer_column]].assign(pieces_per_order=pieces / orders.where(orders > 0))


def interactions(events: "pd.DataFrame", result: "RFM") -> "pd.DataFrame":
    """How often customers get in touch: the customer, events, events_per_30_days (events of the window / days * 30).

    `events` has the customer column and event_time (local time); events by nobody known are left out. The window is
    that of `result`; without one it begins with the first event. Every customer of `result` has a row, with 0 for none.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> day = pd.to_datetime(["2026-06-01"])
    >>> orders = pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "order_date": day, "amount": [9]})
    >>> times = pd.to_datetime(["2026-06-17 23:59", "2026-05-19 00:00", "2026-05-18 23:59"])
    >>> events = pd.DataFrame({"customer_id": "a", "event_time": times})
    >>> interactions(events, type_customers(orders, as_of="2026-06-17", window=30))
      customer_id  events  events_per_30_days
    0           a       2                 2.0
    """
    import pandas as pd

    column, settings = result.customer_column, result.settings
    _demand(events, column)
    days = demand_purpose(events, "analysis")["event_time"].dt.normalize()
    last = pd.Timestamp(settings.as_of)
    first = pd.Timestamp(settings.first_day) if settings.window else days.min()
    inside = events[(days >= first) & (days <= last)]
    found = result.customers[[column]]
    counts = found[column].map(inside[column].value_counts()).fillna(0).astype("int64")
    length = settings.window or (last - first).days + 1
    return found.assign(events=counts, events_per_30_days=counts * 30 / length)


def _calendar(result: "RFM") -> "pd.DataFrame":
    """Months with a purchase, and the share of orders on working days of the week (holidays are not known here)."""
    monday = day_number("day") - 1
    purchases = result.purchases().select(
        "customer", month=month_of("day"), weekday=(monday % WEEK < WORKING_DAYS).cast(nw.Int32)
    )
    found = per_customer(result, *map(_months, result.lent.pieces(purchases)))
    return found[[result.customer_column]].assign(
        active_months=found["months"].fillna(0).astype("int64"),
        weekday_share=(found["weekday"] / found["orders"]).where(found["orders"] >= LEAST_ORDERS),
    )


def _months(purchases: nw.LazyFrame) -> nw.LazyFrame:
    months = purchases.group_by("customer", "month").agg(nw.len().alias("orders"), nw.col("weekday").sum())
    counts = months.group_by("customer").agg(nw.len().alias("months"), nw.col("orders", "weekday").sum())
    return counts.with_columns(nw.col("orders", "weekday").cast(nw.Float64))


def _beside(known: "pd.DataFrame", more: "pd.DataFrame", column: str) -> "pd.DataFrame":
    """The columns of two frames with the same customers in the same order; nothing is copied."""
    return known.assign(**{name: more[name] for name in more.columns.drop(column)})


def _attributes(table: "pd.DataFrame", column: str, known: "pd.DataFrame") -> "pd.DataFrame":
    from crmlab.data import PERSONAL

    _demand(table, column)
    there = demand_purpose(table, "analysis")
    if twice := int(there[column].duplicated().sum()):
        raise DataError("customer_twice", count=twice)
    demand_same_ids(there[column], known[column])
    there = there.drop(columns=[name for name in PERSONAL if name in there])
    if taken := sorted(set(there.columns) & set(known.columns) - {column}):
        raise DataError("rules_taken", columns=", ".join(taken))
    return there


def _demand(table: "pd.DataFrame", column: str) -> None:
    if column not in table:
        raise DataError("missing_column", column=column, there=", ".join(map(str, table.columns)))


def _blank(frame: "pd.DataFrame", kind: str) -> "pd.Series":
    import pandas as pd

    return pd.Series(float("nan") if kind == "float64" else pd.NA, index=frame.index, dtype=kind)
