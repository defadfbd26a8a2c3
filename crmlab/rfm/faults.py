"""A look through the order lines before anything is computed, and every fault in plain words."""

import datetime as dt
from dataclasses import dataclass

import narwhals.stable.v2 as nw

from crmlab.addresses import span
from crmlab.errors import DataError
from crmlab.frames import SHOWN, Lent, rows, told
from crmlab.rfm.settings import Settings

LARGEST = 2**52
"""Amounts above this many minor units are refused: a float no longer holds them and their halves exactly."""

HALF_OF_64_BITS = 2**62
"""Sums below it fit in 64 bits for sure."""


@dataclass(frozen=True)
class Facts:
    """What a look through the lines says: how many there are, whether any is a refund, how many a state leaves out.

    `places` has the numbers of customers and orders where they are whole and lie close together, and every sum of money
    fits in 64 bits.
    """

    lines: int
    negative: bool
    refunded: bool
    left_out: dict[str, int]
    places: dict[str, range]


@dataclass(frozen=True)
class Fault:
    """A kind of fault that lines can have.

    `key` names the error and `column` the inner name of the column. `test` is true on a faulty line. `sign` is not 0 if
    there may be such a line, and costs less than counting them; `scans` says that it has to look at every value.
    """

    key: str
    column: str
    test: nw.Expr
    sign: nw.Expr
    scans: bool = False


def facts(lent: Lent, settings: Settings) -> Facts:
    """Look through the lines. Raises DataError for the first kind of fault there is."""
    faults = _faults(lent, settings)
    known = {"lines": nw.len(), "negative": _edges("amount")[0] < 0}
    if "refund" in lent.names:
        known["refunded"] = _edges("refund")[1] > 0
    known |= {f"sign_{place}": fault.sign for place, fault in enumerate(faults) if not fault.scans}
    schema = lent.lines.collect_schema()
    numbers = [name for name in ("customer", "order") if lent.connection and schema[name].is_integer()]
    for name in numbers:
        known |= {f"low_{name}": nw.col(name).min(), f"high_{name}": nw.col(name).max()}
    for name in (name for name in ("amount", "refund") if name in lent.names):
        known |= {f"edge_{place}_{name}": edge for place, edge in enumerate(_edges(name))}
    scanned = {f"sign_{place}": fault.sign for place, fault in enumerate(faults) if fault.scans}
    if "state" in lent.names:
        scanned |= {
            f"state_{place}": _count(nw.col("state") == state) for place, state in enumerate(settings.left_out_states)
        }
    found = lent.look(known, scanned)
    if not found["lines"]:
        raise DataError("no_rows")
    if any(value for name, value in found.items() if name.startswith("sign_")):
        _raise_first(lent, settings, faults)
    left_out = {state: int(found.get(f"state_{place}") or 0) for place, state in enumerate(settings.left_out_states)}
    spans = {name: span(found[f"low_{name}"], found[f"high_{name}"], found["lines"]) for name in numbers}
    largest = sum(abs(value or 0) for name, value in found.items() if name.startswith("edge_")) * settings.scale
    fits = largest * found["lines"] < HALF_OF_64_BITS
    places = {name: numbers for name, numbers in spans.items() if numbers and fits}
    return Facts(int(found["lines"]), bool(found["negative"]), bool(found.get("refunded")), left_out, places)


def _count(test: nw.Expr) -> nw.Expr:
    return test.cast(nw.Int32).cast(nw.Int64).sum()


def _edges(column: str) -> tuple[nw.Expr, nw.Expr]:
    """The lowest and the highest amount."""
    amount = nw.col(column).cast(nw.Float64)
    return amount.min(), amount.max()


def _faults(lent: Lent, settings: Settings) -> list[Fault]:
    schema = lent.lines.collect_schema()
    faults = []
    for name in ("customer", "order", "day", "amount"):
        column = nw.col(name)
        test = column.is_null() | column.is_nan() if schema[name].is_float() else column.is_null()
        faults.append(Fault(f"empty_{name}", name, test, nw.len() - column.count()))
        if isinstance(schema[name], nw.String):
            faults.append(Fault(f"empty_{name}", name, (column == "").fill_null(False), column.min() == ""))
    for name in (name for name in ("amount", "refund") if name in schema.names()):
        scaled = nw.col(name).cast(nw.Float64) * settings.scale
        lowest, highest = (edge * settings.scale for edge in _edges(name))
        too_large = (highest > LARGEST) | (lowest < -LARGEST)
        faults.append(Fault("too_large", name, scaled.abs() > LARGEST, too_large))
        if not schema[name].is_integer():
            if lent.kind in ("ibis", "pyspark"):  # there the floor is a 64-bit integer
                scaled = scaled.clip(-LARGEST, LARGEST)
            too_fine = (scaled - nearest(scaled)).abs() > 1e-6 + scaled.abs() * 1e-14
            faults.append(Fault("decimals", name, too_fine, _count(too_fine), scans=True))
    tomorrow = lent.day(settings.as_of + dt.timedelta(days=1))
    faults.append(Fault("after", "day", lent.days("day") >= tomorrow, nw.col("day").max() >= tomorrow))
    if "refund" in schema.names():
        faults.append(Fault("refund_negative", "refund", nw.col("refund") < 0, _edges("refund")[0] < 0))
    if settings.refunds == "refuse":
        faults.append(Fault("refunds_there", "amount", nw.col("amount") < 0, _edges("amount")[0] < 0))
        if "refund" in schema.names():
            faults.append(Fault("refunds_there", "refund", nw.col("refund") > 0, _edges("refund")[1] > 0))
    if "state" in schema.names():
        known = nw.col("state").is_in([*settings.valid_states, *settings.left_out_states])
        unknown = nw.col("state").is_null() | ~known
        faults.append(Fault("unknown_state", "state", unknown, nw.len() - _count(known), scans=True))
    if "currency" in schema.names():
        same = nw.col("currency") == settings.currency
        other = nw.col("currency").is_null() | ~same
        faults.append(Fault("currencies", "currency", other, nw.len() - _count(same), scans=True))
    return faults


def _raise_first(lent: Lent, settings: Settings, faults: list[Fault]) -> None:
    """Count the faulty lines of every kind, and raise DataError for the first kind that has any."""
    (found,) = rows(lent.lines.select(**{f"fault_{place}": _count(fault.test) for place, fault in enumerate(faults)}))
    for place, fault in enumerate(faults):
        if count := int(found[f"fault_{place}"] or 0):
            raise _error(lent, settings, fault, count)


def _error(lent: Lent, settings: Settings, fault: Fault, count: int) -> DataError:
    faulty, column = lent.lines.filter(fault.test), fault.column
    if column in ("state", "currency"):
        counted = rows(faulty.group_by(column).agg(nw.len().alias("lines")).sort(column).head(SHOWN))
        first = ", ".join(f"{row[column]!r}: {row['lines']}" for row in counted)
    else:
        shown = ("day", "amount") if column == "order" else ("order", column)
        first = told({lent.names[name]: row[name] for name in shown} for row in rows(faulty.select(*shown).head(SHOWN)))
    return DataError(
        fault.key,
        column=lent.names[column],
        count=count,
        first=first,
        decimals=settings.decimals,
        currency=settings.currency,
        as_of=settings.as_of,
        known=", ".join(settings.valid_states + settings.left_out_states),
    )


def nearest(value: nw.Expr) -> nw.Expr:
    """The nearest whole number. Every engine agrees on the way there, and it is faster than rounding."""
    return (value + 0.5).floor()
