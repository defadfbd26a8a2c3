"""From order lines to orders: which lines count, and what each order counts for."""

import datetime as dt

import narwhals.stable.v2 as nw

from crmlab.addresses import group_owned
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
    return _what_counts(lent, _grouped(*_needed(lent, lines, settings, found)), settings)


def keep_orders(lent: Lent, lines: nw.LazyFrame, settings: Settings, found: Facts) -> nw.LazyFrame:
    """The rows of `to_orders`, computed once and held by the engine.

    Raises DataError for an order number that stands with two customers, unless each customer has numbers of its own.
    On Spark, orders with numbers for customers are neither held nor looked through yet: they have the column `lowest`,
    and `demand_one_customer` and `Lent.keep` come when the customers are made of them in the same pass.
    """
    needed, maxima = _needed(lent, lines, settings, found)
    one_customer = settings.order_scope == "all"
    if one_customer and needed.collect_schema()["customer"].is_integer():
        orders = _keep_by_order(lent, needed, maxima, found)
    else:
        orders = lent.keep(_grouped(needed, maxima))
        if one_customer and not lent.all_different(orders, "order"):
            counted = orders.group_by("order").agg(nw.len().alias("customers"))
            _demand_none(lent, counted.filter(nw.col("customers") > 1))
    return _what_counts(lent, orders, settings)


def _needed(lent: Lent, lines: nw.LazyFrame, settings: Settings, found: Facts) -> tuple[nw.LazyFrame, list[str]]:
    """What is needed of each line, and the columns of which an order has the largest value; of money it has the sum."""
    money = in_minor_units(lines, "amount", settings)
    back = nw.col("amount") < 0
    if "refund" in lent.names and settings.refunds != "ignore":
        refund = known_refund(lent, lines, settings)
        money, back = money - refund, back | (refund > 0)
    maxima = {"day": lent.days("day")}
    if found.negative:
        maxima["bought_on"] = nw.when(nw.col("amount") >= 0).then(lent.days("day"))
    if settings.refunds == "drop" and (found.negative or found.refunded):
        maxima["back"] = back.cast(nw.Int32)
    return lines.select("customer", "order", money=money, **maxima), list(maxima)


def _grouped(needed: nw.LazyFrame, maxima: list[str]) -> nw.LazyFrame:
    grouped = needed.group_by("customer", "order").agg(
        nw.col(*maxima).max(), nw.col("money").sum(), nw.len().alias("lines")
    )
    return grouped.with_columns(nw.col("money", "lines").cast(nw.Int64))


def _keep_by_order(lent: Lent, needed: nw.LazyFrame, maxima: list[str], found: Facts) -> nw.LazyFrame:
    """The same, by order alone: its customer is the highest of its lines, which has to be the lowest too."""
    if (orders := _by_address(lent, needed, maxima, found)) is not None:
        return orders
    grouped = needed.group_by("order").agg(
        nw.col("customer", *maxima).max(),
        nw.col("customer").min().alias("lowest"),
        nw.col("money").sum(),
        nw.len().alias("lines"),
    )
    orders = grouped.with_columns(nw.col("money", "lines").cast(nw.Int64))
    if lent.kind == "pyspark":
        return orders
    orders = lent.keep(orders)
    demand_one_customer(lent, orders)
    return orders.select("customer", "order", *maxima, "money", "lines")


def _by_address(lent: Lent, needed: nw.LazyFrame, maxima: list[str], found: Facts) -> nw.LazyFrame | None:
    """The orders in the order of their numbers, where these can be addresses and each is seen to have one customer."""
    if len(found.places) < 2:
        return None
    orders = group_owned(
        needed,
        "order",
        found.places["order"],
        owner="customer",
        owners=found.places["customer"],
        maxima=maxima,
        sums=["money"],
        lines=found.lines,
        connection=lent.connection,
    )
    return orders and orders.select("customer", "order", *maxima, "money", lines=nw.col("rows").cast(nw.Int64))


def demand_one_customer(lent: Lent, orders: nw.LazyFrame) -> None:
    """Raise DataError if the lowest customer of an order is not the highest."""
    _demand_none(lent, orders.filter(nw.col("customer") != nw.col("lowest")))


def _demand_none(lent: Lent, shared: nw.LazyFrame) -> None:
    """Raise DataError if there is any of these orders that stand with two customers."""
    (counted,) = rows(shared.select(nw.len().alias("numbers")))
    if counted["numbers"]:
        first = rows(shared.sort("order").head(SHOWN))
        raise DataError(
            "order_of_two",
            column=lent.names["order"],
            count=counted["numbers"],
            first=", ".join(str(row["order"]) for row in first),
        )


def _what_counts(lent: Lent, orders: nw.LazyFrame, settings: Settings) -> nw.LazyFrame:
    there = orders.collect_schema().names()
    derived = {}
    if "bought_on" in there:
        derived["bought"] = ~nw.col("bought_on").is_null()
        derived["day"] = nw.when(derived["bought"]).then(nw.col("bought_on")).otherwise(nw.col("day"))
    if "back" in there:
        derived["refunded"] = (nw.col("back") > 0) & (nw.col("money") <= 0)
        if "bought_on" in there:
            derived["refunded"] = derived["refunded"] & derived["bought"]
    return in_window(lent, orders.with_columns(**derived) if derived else orders, settings)


def in_window(lent: Lent, orders: nw.LazyFrame, settings: Settings) -> nw.LazyFrame:
    """The orders with `inside` for the window of the settings, or without it where there is no window."""
    if settings.window:
        return orders.with_columns(inside=nw.col("day") >= lent.day(settings.first_day))
    return orders.drop("inside", strict=False)


def in_minor_units(lines: nw.LazyFrame, column: str, settings: Settings) -> nw.Expr:
    """A column of money in minor units; no refund is a refund of 0."""
    given = nw.col(column).fill_null(0) if column == "refund" else nw.col(column)
    if lines.collect_schema()[column].is_integer():
        return given.cast(nw.Int64) * settings.scale
    return nearest(given.cast(nw.Float64) * settings.scale).cast(nw.Int64)


def known_refund(lent: Lent, lines: nw.LazyFrame, settings: Settings) -> nw.Expr:
    """The refund of a line as far as it is known on the reference date: a later one counts as none."""
    refund = in_minor_units(lines, "refund", settings)
    if "refund_day" not in lent.names:
        return refund
    later = (lent.days("refund_day") >= lent.day(settings.as_of + dt.timedelta(days=1))).fill_null(False)
    return nw.when(later).then(nw.lit(0)).otherwise(refund)
