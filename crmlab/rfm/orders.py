"""From order lines to orders: which lines count, and what each order counts for."""

import datetime as dt

import narwhals.stable.v2 as nw

from crmlab.errors import DataError
from crmlab.frames import SHOWN, Lent, rows
from crmlab.rfm.faults import Facts, nearest
from crmlab.rfm.settings import Settings

VALID_STATES = ("paid", "shipped", "completed")
LEFT_OUT_STATES = ("unpaid", "cancelled")


def valid_lines(lines: nw.LazyFrame, settings: Settings) -> nw.LazyFrame:
    """Those of the lines whose state counts and, where refunds are ignored, that are no refund."""
    if settings.valid_states:
        lines = lines.filter(nw.col("state").is_in(settings.valid_states))
    return lines.filter(nw.col("amount") >= 0) if settings.refunds == "ignore" else lines


def to_orders(lent: Lent, lines: nw.LazyFrame, settings: Settings, found: Facts) -> nw.LazyFrame:
    """One row per customer and order, from valid lines: day, money (minor units), lines, and what it counts for.

    An order's day is the day of its last purchase line, or of its last line where it has none. Three more columns stand
    there where they can matter: `bought` says that the order holds a purchase (a line of 0 or more), `refunded` that
    nothing of it was left under the policy "drop", `inside` that its day lies in the window.
    """
    money = _minor(lines, "amount", settings)
    back = nw.col("amount") < 0
    if "refund" in lent.names and settings.refunds != "ignore":
        refund = _known_refund(lent, lines, settings)
        money, back = money - refund, back | (refund > 0)
    columns = {"day": lent.days("day"), "money": money}
    aggregates = [nw.col("day").max(), nw.col("money").sum(), nw.len().alias("lines")]
    derived = {name: nw.col(name).cast(nw.Int64) for name in ("money", "lines")}
    if found.negative:
        columns["bought_on"] = nw.when(nw.col("amount") >= 0).then(lent.days("day"))
        aggregates.append(nw.col("bought_on").max())
        derived["bought"] = ~nw.col("bought_on").is_null()
        derived["day"] = nw.when(derived["bought"]).then(nw.col("bought_on")).otherwise(nw.col("day"))
    if settings.refunds == "drop" and (found.negative or found.refunded):
        columns["back"] = back.cast(nw.Int64)
        aggregates.append(nw.col("back").max())
        derived["refunded"] = (nw.col("back") > 0) & (nw.col("money") <= 0)
    grouped = lines.select("customer", "order", **columns).group_by("customer", "order").agg(*aggregates)
    orders = grouped.with_columns(**derived)
    if "refunded" in derived and "bought" in derived:
        orders = orders.with_columns(refunded=nw.col("refunded") & nw.col("bought"))
    return in_window(lent, orders, settings)


def in_window(lent: Lent, orders: nw.LazyFrame, settings: Settings) -> nw.LazyFrame:
    """The orders with `inside` for the window of the settings, or without it where there is no window."""
    if settings.window:
        return orders.with_columns(inside=nw.col("day") >= lent.day(settings.first_day))
    return orders.drop("inside", strict=False)


def _minor(lines: nw.LazyFrame, column: str, settings: Settings) -> nw.Expr:
    """A column of money in minor units; no refund is a refund of 0."""
    given = nw.col(column).fill_null(0) if column == "refund" else nw.col(column)
    if lines.collect_schema()[column].is_integer():
        return given.cast(nw.Int64) * settings.scale
    return nearest(given.cast(nw.Float64) * settings.scale).cast(nw.Int64)


def _known_refund(lent: Lent, lines: nw.LazyFrame, settings: Settings) -> nw.Expr:
    """The refund of a line as far as it is known on the reference date: a later one counts as none."""
    refund = _minor(lines, "refund", settings)
    if "refund_day" not in lent.names:
        return refund
    later = (lent.days("refund_day") >= lent.day(settings.as_of + dt.timedelta(days=1))).fill_null(False)
    return nw.when(later).then(nw.lit(0)).otherwise(refund)


def demand_order_of_one_customer(lent: Lent, orders: nw.LazyFrame) -> None:
    """Raise DataError for an order number that stands with two customers."""
    if lent.all_different(orders, "order"):
        return
    counted = orders.group_by("order").agg(nw.len().alias("customers")).filter(nw.col("customers") > 1)
    (shared,) = rows(counted.select(nw.len().alias("numbers")))
    if shared["numbers"]:
        first = rows(counted.sort("order").head(SHOWN))
        raise DataError(
            "order_of_two",
            column=lent.names["order"],
            count=shared["numbers"],
            first=", ".join(str(row["order"]) for row in first),
        )
