"""The rule on one row per customer: the indicators, where they are split, the marks, the types."""

from collections.abc import Mapping

import narwhals.stable.v2 as nw

from crmlab.addresses import group_by_address
from crmlab.frames import Lent, rows
from crmlab.rfm import marks
from crmlab.rfm.marks import INDICATORS, MARK_COLUMNS, SCORE_COLUMNS, Threshold
from crmlab.rfm.settings import Settings


def customers(lent: Lent, orders: nw.LazyFrame, settings: Settings, places: range | None) -> nw.LazyFrame:
    """One row per customer: recency_days, frequency, monetary, whether the customer is in the population (`typed`), and
    what `accounts` needs.

    The engine holds it. Where rows stand in an order, it is that of the customers.
    """
    inside, kept, bought = _tests(orders)
    dated = bought + kept + ([] if settings.population == "history" else inside)
    tests = bought + kept + inside
    counted = orders.select(
        "customer",
        last=nw.when(*dated).then(nw.col("day")) if dated else nw.col("day"),
        **({"frequency": _where(tests, nw.lit(1))} if tests or not places else {}),
        monetary=_where(kept + inside, nw.col("money")),
        **_accounted(orders),
    )
    sums = counted.collect_schema().names()[2:]
    if places:
        grouped = group_by_address(counted, "customer", places, maxima=["last"], sums=sums, connection=lent.connection)
        if not tests:
            grouped, sums = grouped.rename({"rows": "frequency"}), ["frequency", *sums]
        return _with_recency(lent, grouped, settings, sums)
    grouped = counted.group_by("customer").agg(nw.col("last").max(), nw.col(*sums).sum())
    found = _with_recency(lent, grouped, settings, sums)
    return lent.keep(found.sort("customer") if lent.has_row_order else found)


def _with_recency(lent: Lent, grouped: nw.LazyFrame, settings: Settings, sums: list[str]) -> nw.LazyFrame:
    typed = ~nw.col("last").is_null()
    last = nw.when(typed).then(nw.col("last")).otherwise(lent.day(settings.as_of))
    return grouped.with_columns(last=last, typed=typed).select(
        "customer",
        "typed",
        (nw.lit(settings.as_of.toordinal()) - day_number("last")).cast(nw.Int64).alias("recency_days"),
        nw.col(*sums).cast(nw.Int64),
    )


def day_number(column: str) -> nw.Expr:
    """The proleptic Gregorian ordinal of a day, as `date.toordinal` has it. Not every engine subtracts days.

    Whole years are counted by floats, half a year from any doubt: narwhals makes a long story of integer division.
    """
    years = nw.col(column).dt.year().cast(nw.Int64) - 1
    leap = ((years + 0.5) * 0.25).floor() - ((years + 0.5) * 0.01).floor() + ((years + 0.5) * 0.0025).floor()
    return years * 365 + leap.cast(nw.Int64) + nw.col(column).dt.ordinal_day()


def _accounted(orders: nw.LazyFrame) -> dict[str, nw.Expr]:
    """What each order adds to the accounts: its lines, those of them inside the window, and those kept there."""
    inside, kept, _ = _tests(orders)
    added = {"lines": nw.col("lines")}
    if inside:
        added["inside"] = _where(inside, nw.col("lines"))
    if kept:
        added["kept"] = _where(inside + kept, nw.col("lines"))
    if "lowest" in orders.collect_schema().names():
        added["shared"] = _where([nw.col("customer") != nw.col("lowest")], nw.lit(1))
    return added


def in_population(customers: nw.LazyFrame) -> nw.LazyFrame:
    return customers.filter(nw.col("typed"))


def accounts(customers: nw.LazyFrame) -> dict[str, int]:
    """Where the valid lines went, all of them in one of the counts, and the sums of R, F and M over the population.

    `shared` counts the order numbers that stand with two customers, where they are looked for along the way.
    """
    there = customers.collect_schema().names()
    sums = [name for name in ("lines", "inside", "kept", "shared") if name in there]
    last = "kept" if "kept" in there else "inside" if "inside" in there else "lines"
    typed = {"customers": nw.lit(1), "used": nw.col(last), **{name: nw.col(name) for name in INDICATORS}}
    (found,) = rows(
        customers.select(
            nw.col(*sums).sum().cast(nw.Int64),
            **{name: _where([nw.col("typed")], value).sum().cast(nw.Int64) for name, value in typed.items()},
        )
    )
    total = {name: int(value or 0) for name, value in found.items()}
    inside = total.get("inside", total["lines"])
    kept = total.get("kept", inside)
    return {
        "customers": total["customers"],
        "orders": total["frequency"],
        "lines": total["lines"],
        "before_window": total["lines"] - inside,
        "refunded": inside - kept,
        "no_purchase": kept - total["used"],
        "shared": total.get("shared", 0),
        **{name: total[name] for name in INDICATORS},
    }


def _tests(orders: nw.LazyFrame) -> tuple[list[nw.Expr], list[nw.Expr], list[nw.Expr]]:
    """What must hold for an order to be inside the window, to be kept and to be a purchase: a test, or none needed."""
    there = orders.collect_schema().names()
    tests = {"inside": nw.col("inside"), "refunded": ~nw.col("refunded"), "bought": nw.col("bought")}
    inside, kept, bought = ([test] if name in there else [] for name, test in tests.items())
    return inside, kept, bought


def _where(tests: list[nw.Expr], value: nw.Expr) -> nw.Expr:
    return nw.when(*tests).then(value).otherwise(nw.lit(0)) if tests else value


def mean_thresholds(totals: Mapping[str, int]) -> dict[str, Threshold]:
    """The mean of each indicator from its sum and the number of `customers`."""
    return {name: marks.mean_threshold(name, int(totals[name]), int(totals["customers"])) for name in INDICATORS}


def thresholds(kept: nw.LazyFrame, split: str | Mapping[str, int]) -> dict[str, Threshold]:
    if isinstance(split, Mapping):
        return {name: marks.fixed_threshold(name, split[name]) for name in INDICATORS}
    if split == "mean":
        sums = {name: nw.col(name).sum().cast(nw.Int64) for name in INDICATORS}
        (totals,) = rows(kept.select(nw.len().cast(nw.Int64).alias("customers"), **sums))
        return mean_thresholds(totals)
    values = kept.select(*INDICATORS).collect("pyarrow")
    columns = {name: values[name].to_numpy() for name in INDICATORS}
    if split == "median":
        return {name: marks.median_threshold(name, column) for name, column in columns.items()}
    cuts = {name: marks.score_cuts(column) for name, column in columns.items()}
    scored = kept.select(**{name: _score(name, cuts[name]) for name in INDICATORS})
    sums = {name: nw.col(name).sum().cast(nw.Int64) for name in INDICATORS}
    (totals,) = rows(scored.select(**sums))
    return {name: marks.score_threshold(name, cuts[name], int(totals[name]), len(columns[name])) for name in INDICATORS}


def _score(indicator: str, cuts: tuple) -> nw.Expr:
    small_is_best = indicator == "recency_days"
    score = nw.lit(1).cast(nw.Int64)
    for limit in marks.score_limits(cuts, small_is_best):
        better = nw.col(indicator) <= limit if small_is_best else nw.col(indicator) >= limit
        score = score + better.cast(nw.Int32).cast(nw.Int64)
    return score


def typed(kept: nw.LazyFrame, limits: Mapping[str, Threshold]) -> nw.LazyFrame:
    scores = {}
    if any(threshold.cuts for threshold in limits.values()):
        for column, name in zip(SCORE_COLUMNS, INDICATORS, strict=True):
            scores[column] = _score(name, limits[name].cuts)
    up = {}
    for column, name, score in zip(MARK_COLUMNS, INDICATORS, SCORE_COLUMNS, strict=True):
        threshold = limits[name]
        if not scores:
            up[column] = nw.col(name) >= threshold.at_least
        elif name == "recency_days":
            up[column] = nw.col(score) <= threshold.at_most
        else:
            up[column] = nw.col(score) >= threshold.at_least
    marked = (kept.with_columns(**scores) if scores else kept).with_columns(
        **{name: nw.when(test).then(nw.lit(marks.UP)).otherwise(nw.lit(marks.DOWN)) for name, test in up.items()}
    )
    type_ = nw.lit(0)
    for combination, number in marks.TYPES.items():
        if number:
            r, f, m = combination
            fits = (nw.col("r_mark") == r) & (nw.col("f_mark") == f) & (nw.col("m_mark") == m)
            type_ = nw.when(fits).then(nw.lit(number)).otherwise(type_)
    return marked.select("customer", *INDICATORS, *scores, *MARK_COLUMNS, type_.cast(nw.Int64).alias("type"))
