"""Lifecycle: potential, new, active, silent and lost customers, by explicit day limits."""

from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.collect.consent import demand_purpose
from crmlab.errors import DataError, ParameterError
from crmlab.frames import collected
from crmlab.grouping.rules import Grouped, open_rules
from crmlab.rfm.rule import day_number

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM


def lifecycle(result: "RFM", customers: "pd.DataFrame | None" = None, **limits: int) -> Grouped:
    """The stage of every customer, and which of the three wide classes it belongs to.

    The stages rest on the days from the first and from the last order that counts to the reference date, over all of
    history, whatever the window. By default: new, first order at most 90 days ago; active, an earlier first order and
    the last at most 90 days ago; silent, the last 91 to 180 days ago; lost, longer ago; potential, no order yet. A
    limit of exactly 90 days is still new or active. The three classes are potential (potential), existing (new,
    active, silent) and lost (lost).

    Parameters
    ----------
    customers : pandas frame, optional
        The registered customers, one row each, with the customer column of the orders: those without an order are
        potential. With registered_on, those registered after the reference date are left out. Where there is a consent
        ledger, give those who agreed to analysis (`with_consent(...).kept`): the orders of the others are not among
        `result`, and they would seem potential. Without this frame there are no potential customers.
    new_days, silent_days, lost_days : int, optional
        Other limits in days.

    Returns
    -------
    Grouped
        Its `table` is a pandas frame sorted by customer: the customer column, days_since_first, days_since_last
        (missing for those who never bought), monetary (minor units, in the window), stage, relation. One row per
        customer is collected.

    Raises
    ------
    ParameterError for limits by which not every customer has exactly one stage; DataError for a customer who is
    registered twice, a missing column, or ids of another type; ConsentError for customers who did not agree to
    analysis.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-06-01", "2026-01-10", "2025-06-01"])
    >>> orders = pd.DataFrame({"customer_id": list("abc"), "order_id": list("123"), "order_date": days, "amount": 9.9})
    >>> found = lifecycle(type_customers(orders, as_of="2026-06-17"), pd.DataFrame({"customer_id": list("abcd")}))
    >>> found.table[["customer_id", "days_since_last", "stage", "relation"]]
      customer_id  days_since_last      stage   relation
    0           a               16        new   existing
    1           b              158     silent   existing
    2           c              381       lost       lost
    3           d             <NA>  potential  potential
    """
    rules = open_rules("lifecycle", **limits)
    if not rules.proof().partition:
        raise ParameterError("rules_limits", parameters=", ".join(f"{k}={v}" for k, v in rules.parameters.items()))
    column = result.customer_column
    spent = first_and_last(result).join(result.typed.select("customer", "monetary"), on="customer", how="left")
    table = _collected(spent.with_columns(nw.col("monetary").fill_null(0)), result)
    if customers is not None:
        table = table.merge(_registered(customers, result), on=column, how="outer")
        table["monetary"] = table["monetary"].fillna(0).astype("int64")
    return rules.apply(table.sort_values(column, ignore_index=True))


def first_and_last(result: "RFM") -> nw.LazyFrame:
    """customer, days_since_first and days_since_last: from the first and the last order that counts, over all of
    history, to the reference date. Customers without one have no row."""
    bought = result.purchases(history=True).group_by("customer").agg(
        nw.col("day").min().alias("first"), nw.col("day").max().alias("last")
    )  # fmt: skip
    as_of = nw.lit(result.settings.as_of.toordinal())
    return bought.select(
        "customer", **{f"days_since_{name}": (as_of - day_number(name)).cast(nw.Int64) for name in ("first", "last")}
    )


def _collected(frame: nw.LazyFrame, result: "RFM") -> "pd.DataFrame":
    return collected(frame.rename({"customer": result.customer_column})).astype(
        {"days_since_first": "Int64", "days_since_last": "Int64"}
    )


def _registered(customers: "pd.DataFrame", result: "RFM") -> "pd.DataFrame":
    import pandas as pd

    column = result.customer_column
    if column not in customers:
        raise DataError("missing_column", column=column, there=", ".join(customers.columns))
    there = demand_purpose(customers, "analysis")
    if "registered_on" in there:
        there = there[~(there["registered_on"] > pd.Timestamp(result.settings.as_of))]
    if twice := int(there[column].duplicated().sum()):
        raise DataError("customer_twice", count=twice)
    demand_same_ids(there[column], result.customers[column])
    return there[[column]]


def demand_same_ids(ids: "pd.Series", known: "pd.Series") -> None:
    """Raises DataError where the ids of a table are numbers and those of the orders text, or the other way round."""
    from pandas.api.types import is_numeric_dtype

    if len(ids) and is_numeric_dtype(ids) != is_numeric_dtype(known):
        raise DataError("table_id_types", column=known.name)
