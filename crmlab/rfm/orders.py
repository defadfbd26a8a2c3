"""From order lines to checked orders: what counts, what is left out and why, and every fault in plain words."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import narwhals.stable.v2 as nw

from crmlab.errors import DataError, ParameterError
from crmlab.frames import SHOWN, Lent, rows, told

VALID_STATES = ("paid", "shipped", "completed")
LEFT_OUT_STATES = ("unpaid", "cancelled")
REFUND_POLICIES = ("net", "drop", "ignore", "refuse")
POPULATIONS = ("window", "history")
LARGEST = 2**53
"""Amounts above this many minor units are refused: a float no longer holds them exactly."""


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
    window = settings.window
    if window is not None and (
        not isinstance(window, int) or isinstance(window, bool) or not 0 < window <= settings.as_of.toordinal()
    ):
        raise ParameterError("window", value=repr(window))
    if settings.currency not in list_currencies():
        raise ParameterError("currency", value=repr(settings.currency))
    if settings.time_zone is not None:
        try:
            ZoneInfo(settings.time_zone)
        except (TypeError, ValueError, OSError, ZoneInfoNotFoundError):
            raise ParameterError("time_zone", value=repr(settings.time_zone)) from None
    if both := set(settings.valid_states) & set(settings.left_out_states):
        raise ParameterError("states_both", states=", ".join(sorted(both)))


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
    """What one scan says of the lines: how many there are, how many are refunds, and how many each state leaves out."""

    lines: int
    negative: int
    refunded: int
    left_out: dict[str, int]


def facts(lent: Lent, settings: Settings) -> Facts:
    """Look through all lines once. Raises DataError for the first kind of fault there is."""
    faults = _faults(lent, settings)
    counts = {f"fault_{place}": test for place, (_, _, test) in enumerate(faults)}
    counts["negative"] = nw.col("amount") < 0
    if "refund" in lent.names:
        counts["refunded"] = nw.col("refund") > 0
    if "state" in lent.names:
        counts |= {f"state_{place}": nw.col("state") == state for place, state in enumerate(settings.left_out_states)}
    (found,) = rows(
        lent.lines.select(
            nw.len().cast(nw.Int64).alias("lines"),
            *(test.cast(nw.Int64).sum().cast(nw.Int64).alias(name) for name, test in counts.items()),
        )
    )
    found = {name: int(count or 0) for name, count in found.items()}
    if not found["lines"]:
        raise DataError("no_rows")
    for place, (key, column, test) in enumerate(faults):
        if count := found[f"fault_{place}"]:
            raise _fault(lent, settings, key, column, test, count)
    if settings.refunds == "refuse":
        for name, column in (("negative", "amount"), ("refunded", "refund")):
            if found.get(name):
                raise _fault(lent, settings, "refunds_there", column, counts[name], found[name])
    left_out = {state: found.get(f"state_{place}", 0) for place, state in enumerate(settings.left_out_states)}
    return Facts(found["lines"], found["negative"], found.get("refunded", 0), left_out)


def _faults(lent: Lent, settings: Settings) -> list[tuple[str, str, nw.Expr]]:
    """Key of the error, inner name of the column, and the test that is true on a faulty line."""
    schema = lent.lines.collect_schema()

    def empty(column: str) -> nw.Expr:
        missing = nw.col(column).is_null()
        return missing | (nw.col(column) == "") if isinstance(schema[column], nw.String) else missing

    def scaled(column: str) -> nw.Expr:
        return nw.col(column).cast(nw.Float64) * settings.scale

    def too_fine(column: str) -> nw.Expr:
        inside = scaled(column).clip(-LARGEST, LARGEST)  # Ibis rounds to 64-bit integers
        return (inside - inside.round()).abs() > 1e-6 + inside.abs() * 1e-14

    faults = [(f"empty_{column}", column, empty(column)) for column in ("customer", "order", "day", "amount")]
    for column in (name for name in ("amount", "refund") if name in schema.names()):
        faults.append(("too_large", column, scaled(column).abs() > LARGEST))
        if not schema[column].is_integer():
            faults.append(("decimals", column, too_fine(column)))
    faults.append(("after", "day", lent.days("day") >= lent.day(settings.as_of + dt.timedelta(days=1))))
    if "refund" in schema.names():
        faults.append(("refund_negative", "refund", nw.col("refund") < 0))
    if "state" in schema.names():
        known = nw.col("state").is_in([*settings.valid_states, *settings.left_out_states])
        faults.append(("unknown_state", "state", nw.col("state").is_null() | ~known))
    if "currency" in schema.names():
        other = nw.col("currency").is_null() | (nw.col("currency") != settings.currency)
        faults.append(("currencies", "currency", other))
    return faults


def _fault(lent: Lent, settings: Settings, key: str, column: str, test: nw.Expr, count: int) -> DataError:
    faulty = lent.lines.filter(test)
    if column in ("state", "currency"):
        counted = rows(faulty.group_by(column).agg(nw.len().alias("lines")).sort(column).head(SHOWN))
        first = ", ".join(f"{row[column]!r}: {row['lines']}" for row in counted)
    else:
        shown = ("day", "amount") if column == "order" else ("order", column)
        first = told(
            {lent.names[name]: row[name] for name in shown} for row in rows(faulty.select(*shown).head(SHOWN))
        )
    return DataError(
        key,
        column=lent.names[column],
        count=count,
        first=first,
        decimals=settings.decimals,
        currency=settings.currency,
        as_of=settings.as_of,
        known=", ".join(settings.valid_states + settings.left_out_states),
    )


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
    if settings.window:
        orders = orders.with_columns(inside=nw.col("day") >= lent.day(settings.first_day))
    return orders


def _minor(lines: nw.LazyFrame, column: str, settings: Settings) -> nw.Expr:
    """A column of money in minor units; no refund is a refund of 0."""
    given = nw.col(column).fill_null(0) if column == "refund" else nw.col(column)
    if lines.collect_schema()[column].is_integer():
        return given.cast(nw.Int64) * settings.scale
    return (given.cast(nw.Float64) * settings.scale).round().cast(nw.Int64)


def _known_refund(lent: Lent, lines: nw.LazyFrame, settings: Settings) -> nw.Expr:
    """The refund of a line as far as it is known on the reference date: a later one counts as none."""
    refund = _minor(lines, "refund", settings)
    if "refund_day" not in lent.names:
        return refund
    later = (lent.days("refund_day") >= lent.day(settings.as_of + dt.timedelta(days=1))).fill_null(False)
    return nw.when(later).then(nw.lit(0)).otherwise(refund)


def demand_order_of_one_customer(lent: Lent, orders: nw.LazyFrame) -> None:
    """Raise DataError for an order number that stands with two customers."""
    (found,) = rows(orders.select(nw.col("order").n_unique().alias("numbers"), nw.len().alias("orders")))
    if found["orders"] and found["numbers"] != found["orders"]:
        counted = orders.group_by("order").agg(nw.len().alias("customers")).filter(nw.col("customers") > 1)
        (shared,) = rows(counted.select(nw.len().alias("numbers")))
        first = rows(counted.sort("order").head(SHOWN))
        raise DataError(
            "order_of_two",
            column=lent.names["order"],
            count=shared["numbers"],
            first=", ".join(str(row["order"]) for row in first),
        )
