"""Recency, frequency, monetary value: exact marks and the six types of the lesson, on any frame.

The rule: over the analysed customers, an indicator at or above its arithmetic mean is marked ↑, else ↓, each by itself,
and a tie is ↑, for recency too. Six of the eight combinations have a type; the other two are results of their own
(type 0).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import narwhals.stable.v2 as nw

from crmlab.errors import DataError, ParameterError
from crmlab.frames import Lent, lend
from crmlab.rfm import orders as order_lines
from crmlab.rfm import rule
from crmlab.rfm.faults import Facts, facts
from crmlab.rfm.marks import COMBINATIONS, INDICATORS, MARK_COLUMNS, SCORE_COLUMNS
from crmlab.rfm.orders import LEFT_OUT_STATES, VALID_STATES
from crmlab.rfm.result import RFM
from crmlab.rfm.settings import Settings, check_settings, reference_date

SPLITS = ("mean", "median", "quantile")
OUTPUT_COLUMNS = (*INDICATORS, *SCORE_COLUMNS, *MARK_COLUMNS, "type")


def type_customers(
    orders: Any,
    *,
    as_of: Any,
    window: int | None = None,
    customer: str = "customer_id",
    order: str = "order_id",
    date: str = "order_date",
    amount: str = "amount",
    state: str | None = None,
    refund: str | None = None,
    refund_date: str | None = None,
    currency: str = "CNY",
    currency_column: str | None = None,
    minor_units: bool = False,
    valid_states: tuple[str, ...] = VALID_STATES,
    left_out_states: tuple[str, ...] = LEFT_OUT_STATES,
    refunds: str = "net",
    population: str = "window",
    order_scope: str = "all",
    time_zone: str | None = None,
    split: str | Mapping[str, int] = "mean",
    names: Mapping[str, str] | None = None,
) -> RFM:
    """Give every customer R, F and M, their marks, and the type they make.

    Parameters
    ----------
    orders : frame or path
        Order lines, one row each: a pandas, polars (eager or lazy), pyarrow, DuckDB, Ibis, Dask or PySpark frame, or a
        path to a .parquet or .csv file. Lines of one order are one purchase; identical lines are all counted.
    as_of : date or ISO text
        The reference date, the last day of the window. Nothing in `orders` may be later.
    window : int, optional
        How many days count, `as_of` included. None takes all of history.
    customer, order, date, amount : str
        The columns. Ids are text or integers; the date is a date or a time; the amount is money in whole units of
        `currency` with at most its decimals (in minor units with `minor_units=True`).
    state : str, optional
        The column with the order state. Lines in `valid_states` count, those in `left_out_states` are left out, and any
        other state is an error. Without it every line counts.
    refund, refund_date : str, optional
        The column with the amount refunded on a line (0 or empty for none), and the day of it: a refund later than
        `as_of` is not known yet. A negative amount is a refund too.
    refunds : {"net", "drop", "ignore", "refuse"}
        net: refunds lower M, the order still counts for R and F. drop: orders of which nothing is left count for
        nothing, others net. ignore: refunds change nothing. refuse: refunds in the data are an error.
    population : {"window", "history"}
        window: customers with a purchase in the window. history: all who ever bought; R is their last purchase, and F
        and M are 0 for those who bought nothing in the window.
    order_scope : {"all", "customer"}
        Whether order numbers are unique among all customers (a number with two customers is an error) or only within
        one customer.
    time_zone : str, optional
        The zone in which days begin, needed for times that carry a zone.
    split : {"mean", "median", "quantile"} or dict
        Where ↑ begins. The lesson's rule is the mean. quantile scores 1 to 5 (ties together, 5 is best) and applies the
        mean rule to the scores. A dict gives fixed thresholds: recency_days, frequency, monetary (minor units).
    names : dict, optional
        Names for the two combinations that the lesson does not name, by their marks, e.g. {"R↓F↓M↓": "new and small"}.
        They stay type 0.

    Returns
    -------
    RFM
        Its `table` is a frame of the same kind with one row per customer.

    Raises
    ------
    DataError
        The orders cannot be typed: it says which column, how many rows, the first of them, and what to do.
    ParameterError
        A setting cannot be used.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "a", "b"],
    ...         "order_id": ["1", "2", "3"],
    ...         "order_date": pd.to_datetime(["2026-06-01", "2026-06-10", "2026-03-01"]),
    ...         "amount": [120.50, 80.00, 30.00],
    ...     }
    ... )
    >>> result = type_customers(orders, as_of="2026-06-17")
    >>> result.table[["customer_id", "recency_days", "frequency", "monetary", "type"]]
      customer_id  recency_days  frequency  monetary  type
    0           a             7          2     20050     1
    1           b           108          1      3000     6
    """
    settings = Settings(
        as_of=reference_date(as_of),
        window=window,
        population=population,
        valid_states=_states("valid_states", valid_states) if state else (),
        left_out_states=_states("left_out_states", left_out_states) if state else (),
        refunds=refunds,
        currency=currency,
        minor_units=minor_units,
        order_scope=order_scope,
        time_zone=time_zone,
        split=split if isinstance(split, str) else "fixed",
    )
    check_settings(settings)
    _check_split(split)
    _check_names(names or {})
    given = {"customer": customer, "order": order, "day": date, "amount": amount, "state": state, "refund": refund,
             "refund_day": refund_date, "currency": currency_column}  # fmt: skip
    columns = {inner: name for inner, name in given.items() if name is not None}
    _check_columns(columns)
    return type_lines(lend(orders, columns, time_zone=time_zone), settings, split, dict(names or {}))


def type_lines(lent: Lent, settings: Settings, split: str | Mapping[str, int], names: dict[str, str]) -> RFM:
    """What `type_customers` does once the settings are checked and the lines are lent to their engine."""
    found = facts(lent, settings)
    lines = order_lines.valid_lines(lent.lines, settings)
    orders = order_lines.keep_orders(lent, lines, settings, found)
    return type_orders(lent, found, orders, settings, split, names)


def type_orders(
    lent: Lent,
    found: Facts,
    orders: nw.LazyFrame,
    settings: Settings,
    split: str | Mapping[str, int],
    names: dict[str, str],
) -> RFM:
    """From the orders that the engine keeps to the result."""
    customers = rule.customers(lent, orders, settings, found.places.get("customer"))
    accounts = rule.accounts(customers)
    if accounts["shared"]:
        order_lines.demand_one_customer(lent, orders)
    if "lowest" in orders.collect_schema().names():
        orders = lent.keep(orders.drop("lowest"))
    customers = rule.in_population(customers)
    if not accounts["customers"]:
        raise DataError("no_valid_order", count=found.lines, as_of=settings.as_of, window=settings.window or "∞")
    thresholds = rule.mean_thresholds(accounts) if split == "mean" else rule.thresholds(customers, split)
    typed = rule.typed(customers, thresholds)
    reasons = {f"state.{name}": lines for name, lines in found.left_out.items()}
    if settings.refunds == "ignore":
        reasons["refund_line"] = found.lines - sum(found.left_out.values()) - accounts["lines"]
    reasons |= {name: accounts[name] for name in ("before_window", "refunded", "no_purchase")}
    return RFM(
        settings=settings,
        thresholds=thresholds,
        rows_in=found.lines,
        rows_left_out={name: lines for name, lines in reasons.items() if lines},
        orders_used=accounts["orders"],
        names=names,
        split=split,
        lent=lent,
        facts=found,
        typed=typed,
        orders=orders,
    )


def retype(
    result: RFM,
    *,
    as_of: Any = None,
    window: int | None = 0,
    split: str | Mapping[str, int] | None = None,
) -> RFM:
    """The same customers' orders typed again with another reference date, window or split; the rest stays.

    `window` None takes all of history, 0 keeps the window. With an earlier `as_of` later lines are as if they did not
    exist yet; they are no part of `rows_in`. Order states, and refunds without a date, stay as they are known today.
    On the same day the orders that the engine keeps are used again; only an earlier one reads the lines again. Raises
    ParameterError for a reference date after that of `result`, and DataError for one without any order before it.

    >>> import pandas as pd
    >>> days = pd.to_datetime(["2026-01-05", "2026-06-10"])
    >>> orders = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "order_date": days, "amount": [5, 7]})
    >>> earlier = retype(type_customers(orders, as_of="2026-06-17"), as_of="2026-01-31")
    >>> earlier.table[["customer_id", "recency_days", "monetary"]]
      customer_id  recency_days  monetary
    0           a            26       500
    """
    old = result.settings
    day = reference_date(as_of) if as_of else old.as_of
    if day > old.as_of:
        raise ParameterError("later_as_of", as_of=day, known=old.as_of)
    split = result.split if split is None else split
    _check_split(split)
    settings = replace(
        old,
        as_of=day,
        window=old.window if window == 0 else window,
        split=split if isinstance(split, str) else "fixed",
    )
    check_settings(settings)
    lent = result.lent
    if day == old.as_of:
        orders = order_lines.in_window(lent, result.orders, settings)
        return type_orders(lent, result.facts, orders, settings, split, result.names)
    try:
        return type_lines(lent.until(day), settings, split, result.names)
    except DataError as error:
        if error.key == "no_rows":
            raise DataError("no_order_yet", as_of=day) from None
        raise


def _states(name: str, states: Iterable[str]) -> tuple[str, ...]:
    if isinstance(states, str) or not all(isinstance(state, str) for state in states):
        raise ParameterError("states", name=name, value=repr(states))
    return tuple(states)


def _check_columns(columns: Mapping[str, str]) -> None:
    for name, column in columns.items():
        if not isinstance(column, str) or not column:
            raise ParameterError("column_name", name=name, value=repr(column))
    if columns["customer"] == columns["order"]:
        raise ParameterError("same_column", column=columns["customer"])
    if columns["customer"] in OUTPUT_COLUMNS:
        raise ParameterError("name_taken", column=columns["customer"], names=", ".join(OUTPUT_COLUMNS))


def _check_split(split: str | Mapping[str, int]) -> None:
    if isinstance(split, Mapping):
        whole = all(isinstance(value, int) and not isinstance(value, bool) for value in split.values())
        if set(split) != set(INDICATORS) or not whole:
            raise ParameterError("fixed_split", value=repr(dict(split)), names=", ".join(INDICATORS))
    elif split not in SPLITS:
        raise ParameterError("choice", name="split", value=repr(split), allowed=", ".join(SPLITS))


def _check_names(names: Mapping[str, str]) -> None:
    unnamed = [combination for combination, number in COMBINATIONS.items() if not number]
    if not set(names) <= set(unnamed):
        raise ParameterError("names", value=", ".join(sorted(names)), allowed=", ".join(unnamed))
