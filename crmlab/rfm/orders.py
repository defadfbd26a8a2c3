"""From order lines to checked orders: what counts, what is left out and why, and every fault in plain words."""

import datetime as dt
from dataclasses import dataclass, fields
from typing import Any

import narwhals.stable.v2 as nw

from crmlab.errors import DataError, ParameterError
from crmlab.frames import Lent, rows

VALID_STATES = ("paid", "shipped", "completed")
LEFT_OUT_STATES = ("unpaid", "cancelled")
REFUND_POLICIES = ("net", "drop", "ignore", "refuse")
POPULATIONS = ("window", "history")
LARGEST = 2**53
"""Amounts above this many minor units are refused: a float no longer holds them exactly."""
SHOWN = 3


@dataclass(frozen=True)
class Settings:
    """What a result depends on besides the orders. It is printed with every result."""

    as_of: dt.date
    window: int | None
    population: str
    valid_states: tuple[str, ...]
    left_out_states: tuple[str, ...]
    refunds: str
    currency: str
    minor_units: bool
    order_scope: str
    time_zone: str | None
    split: str

    @property
    def first_day(self) -> dt.date | None:
        """The first day of the window; its last day is `as_of`."""
        return self.as_of - dt.timedelta(days=self.window - 1) if self.window else None

    @property
    def decimals(self) -> int:
        """How many decimals the currency has: 2 for CNY, 0 for JPY."""
        from babel.numbers import get_currency_precision

        return get_currency_precision(self.currency)

    @property
    def scale(self) -> int:
        """Minor units in one unit of the given amounts."""
        return 1 if self.minor_units else 10**self.decimals


def check_settings(settings: Settings) -> None:
    """Raise ParameterError for a setting that cannot be used."""
    from babel.numbers import list_currencies

    choices = {"population": POPULATIONS, "refunds": REFUND_POLICIES, "order_scope": ("all", "customer")}
    for name, allowed in choices.items():
        if getattr(settings, name) not in allowed:
            raise ParameterError("choice", name=name, value=repr(getattr(settings, name)), allowed=", ".join(allowed))
    if settings.window is not None and (
        isinstance(settings.window, bool) or not isinstance(settings.window, int) or settings.window < 1
    ):
        raise ParameterError("window", value=repr(settings.window))
    if settings.currency not in list_currencies():
        raise ParameterError("currency", value=repr(settings.currency))


def reference_date(as_of: Any) -> dt.date:
    """The reference date as a date, from a date or ISO text. A time of day is refused: days are whole.

    >>> reference_date("2026-06-17")
    datetime.date(2026, 6, 17)
    """
    if isinstance(as_of, str):
        try:
            return dt.date.fromisoformat(as_of)
        except ValueError:
            raise ParameterError("as_of", value=repr(as_of)) from None
    if isinstance(as_of, dt.datetime):
        if as_of.time() != dt.time() or as_of.tzinfo:
            raise ParameterError("as_of", value=repr(str(as_of)))
        return as_of.date()
    if not isinstance(as_of, dt.date):
        raise ParameterError("as_of", value=repr(as_of))
    return as_of


@dataclass(frozen=True)
class Facts:
    """What one scan says of the lines: how many there are, and how many have each fault."""

    lines: int
    customer: int
    order: int
    day: int
    amount: int
    decimals: int
    too_large: int
    after: int
    negative: int
    refunded: int


def facts(lent: Lent, settings: Settings) -> Facts:
    """Count the lines and their faults in one scan, and raise DataError for the first kind of fault there is."""
    faults = _faults(lent, settings)
    counted = lent.lines.select(
        nw.len().cast(nw.Int64).alias("lines"),
        *(test.cast(nw.Int64).sum().cast(nw.Int64).alias(name) for name, test in faults.items()),
    )
    (found,) = rows(counted)
    result = Facts(**{field.name: int(found.get(field.name) or 0) for field in fields(Facts)})
    if not result.lines:
        raise DataError("no_rows")
    allowed = () if settings.refunds == "refuse" else ("negative", "refunded")
    for name, test in faults.items():
        if found[name] and name not in allowed:
            raise _fault(lent, settings, name, test, int(found[name]))
    return result


def _faults(lent: Lent, settings: Settings) -> dict[str, nw.Expr]:
    schema = lent.lines.collect_schema()

    def empty(column: str) -> nw.Expr:
        missing = nw.col(column).is_null()
        return missing | nw.col(column).is_nan() if isinstance(schema[column], nw.Float32 | nw.Float64) else missing

    def scaled(column: str) -> nw.Expr:
        return nw.col(column).cast(nw.Float64) * settings.scale

    def whole(column: str) -> nw.Expr:
        off = (scaled(column) - scaled(column).round()).abs()
        return off > 1e-6 + scaled(column).abs() * 1e-14

    tests = {name: empty(name) for name in ("customer", "order", "day", "amount")}
    tests["too_large"] = scaled("amount").abs() > LARGEST
    tests["decimals"] = whole("amount")
    tests["after"] = lent.days("day") >= lent.day(settings.as_of + dt.timedelta(days=1))
    tests["negative"] = nw.col("amount") < 0
    if "refund" in schema.names():
        tests["refund_negative"] = nw.col("refund") < 0
        tests["refund_decimals"] = whole("refund")
        tests["refunded"] = nw.col("refund") > 0
    return tests


def _fault(lent: Lent, settings: Settings, name: str, test: nw.Expr, count: int) -> DataError:
    column = {"too_large": "amount", "decimals": "amount", "after": "day", "negative": "amount"}.get(name, name)
    column = "refund" if name.startswith("refund") else column
    shown = list(dict.fromkeys(("order", column)))
    first = rows(lent.lines.filter(test).select(*shown).head(SHOWN))
    key = f"empty_{name}" if name in ("customer", "order", "day", "amount") else name
    key = "refunds_there" if name in ("negative", "refunded") else key
    return DataError(
        key,
        column=lent.names[column],
        count=count,
        first="; ".join(", ".join(f"{lent.names[name]}={row[name]}" for name in shown) for row in first),
        decimals=settings.decimals,
        currency=settings.currency,
        as_of=settings.as_of,
    )


def states_left_out(lent: Lent, settings: Settings) -> dict[str, int]:
    """Lines per state that does not count. A state that is on neither list stops the work."""
    counted = rows(lent.lines.group_by("state").agg(nw.len().alias("lines")))
    found = {row["state"]: row["lines"] for row in counted}
    known = {*settings.valid_states, *settings.left_out_states}
    unknown = {state: lines for state, lines in found.items() if state not in known}
    if unknown:
        first = ", ".join(f"{state!r}: {lines}" for state, lines in sorted(unknown.items(), key=str)[:SHOWN])
        raise DataError(
            "unknown_state",
            column=lent.names["state"],
            count=sum(unknown.values()),
            first=first,
            known=", ".join(settings.valid_states + settings.left_out_states),
        )
    return {state: found[state] for state in settings.left_out_states if state in found}


def demand_one_currency(lent: Lent, settings: Settings) -> None:
    """Raise DataError unless every line is in the currency that was named."""
    counted = rows(lent.lines.group_by("currency").agg(nw.len().alias("lines")))
    found = {row["currency"]: row["lines"] for row in counted}
    if set(found) != {settings.currency}:
        first = ", ".join(f"{currency!r}: {lines}" for currency, lines in sorted(found.items(), key=str)[:SHOWN])
        raise DataError("currencies", column=lent.names["currency"], first=first, currency=settings.currency)


def valid_lines(lent: Lent, settings: Settings) -> nw.LazyFrame:
    """The lines whose state counts and, where refunds are ignored, that are no refund."""
    lines = lent.lines
    if "state" in lent.names:
        lines = lines.filter(nw.col("state").is_in(settings.valid_states))
    return lines.filter(nw.col("amount") >= 0) if settings.refunds == "ignore" else lines


def to_orders(lent: Lent, lines: nw.LazyFrame, settings: Settings, found: Facts) -> nw.LazyFrame:
    """One row per customer and order, from valid lines: day, money (minor units), lines, and what it counts for.

    An order's day is the day of its last line. `bought` says that it holds a purchase (a line of 0 or more), `refunded`
    that nothing of it was left under the policy "drop", `inside` that its day lies in the window.
    """
    names = lines.collect_schema().names()
    money = _minor(lines, "amount", settings)
    if "refund" in names and settings.refunds != "ignore":
        money = money - _known_refund(lent, lines, settings)
    back = nw.col("amount") < 0
    if "refund" in names:
        back = back | (nw.col("refund") > 0).fill_null(False)
    aggregates = [nw.col("day").max(), nw.col("money").sum().cast(nw.Int64), nw.len().cast(nw.Int64).alias("lines")]
    columns = {"day": lent.days("day"), "money": money}
    bought, gone = nw.lit(True), nw.lit(False)
    if found.negative:
        columns["largest"] = nw.col("amount")
        aggregates.append(nw.col("largest").max())
        bought = nw.col("largest") >= 0
    if settings.refunds == "drop" and (found.negative or found.refunded):
        columns["back"] = back.cast(nw.Int64)
        aggregates.append(nw.col("back").max())
        gone = (nw.col("back") > 0) & (nw.col("money") <= 0)
        gone = gone & bought
    inside = nw.col("day") >= lent.day(settings.first_day) if settings.window else nw.lit(True)
    return (
        lines.select("customer", "order", **columns)
        .group_by("customer", "order")
        .agg(*aggregates)
        .with_columns(bought=bought, refunded=gone, inside=inside)
    )


def _minor(lines: nw.LazyFrame, column: str, settings: Settings) -> nw.Expr:
    if lines.collect_schema()[column].is_integer():
        return nw.col(column).cast(nw.Int64) * settings.scale
    return (nw.col(column).cast(nw.Float64) * settings.scale).round().cast(nw.Int64)


def _known_refund(lent: Lent, lines: nw.LazyFrame, settings: Settings) -> nw.Expr:
    """The refund of a line as far as it is known on the reference date: a later one counts as none."""
    refund = _minor(lines, "refund", settings).fill_null(0)
    if "refund_day" not in lines.collect_schema().names():
        return refund
    later = (lent.days("refund_day") >= lent.day(settings.as_of + dt.timedelta(days=1))).fill_null(False)
    return nw.when(later).then(nw.lit(0)).otherwise(refund)


def demand_order_of_one_customer(lent: Lent, orders: nw.LazyFrame) -> None:
    """Raise DataError for an order number that stands with two customers."""
    (found,) = rows(orders.select(nw.col("order").n_unique().alias("numbers"), nw.len().alias("orders")))
    if found["numbers"] != found["orders"]:
        counted = orders.group_by("order").agg(nw.len().alias("customers")).filter(nw.col("customers") > 1)
        first = rows(counted.sort("order").head(SHOWN))
        raise DataError(
            "order_of_two",
            column=lent.names["order"],
            count=found["orders"] - found["numbers"],
            first=", ".join(str(row["order"]) for row in first),
        )
