"""Customers as they stood on a day: what was known then, and nothing that came later."""

import datetime as dt
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.frames import rows
from crmlab.rfm.door import retype

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

KEYED = 16
"""How many characters the key of pandas' hash has."""


def first_day(result: "RFM") -> dt.date:
    """The day of the first order that counts."""
    (found,) = rows(result.purchases(history=True).select(nw.col("day").min()))
    day = found["day"]
    return day.date() if isinstance(day, dt.datetime) else day


def purchases_on(result: "RFM", day: dt.date) -> nw.LazyFrame:
    """The orders that count, as they were known on `day`: customer, order, day, money (minor units).

    Where there are refunds, the orders are counted again as of that day, so that no later refund is known yet.
    """
    if day < result.settings.as_of and (result.facts.negative or result.facts.refunded):
        return retype(result, as_of=day, window=None, split="mean").purchases(history=True)
    return result.purchases(history=True).filter(nw.col("day") <= result.lent.day(day))


def customers_on(result: "RFM", day: dt.date, *, lately: int) -> "pd.DataFrame":
    """One row per customer of the population, as of `day`, sorted by customer. All columns but the first are int64.

    customer, recency_days, frequency and monetary (minor units) as `type_customers` counts them; of all history: orders
    and tenure_days (since the first order); lately, the orders of the last `lately` days. The customers are collected,
    the orders are not.
    """
    settings, literal = result.settings, result.lent.day
    bought_on, whole = nw.col("day"), {"last": "recency_days", "first": "tenure_days"}
    columns = {
        "last": bought_on,
        "first": bought_on,
        "frequency": nw.lit(1),
        "monetary": nw.col("money"),
        "lately": (bought_on > literal(day - dt.timedelta(days=lately))).cast(nw.Int32),
    }
    if settings.window:
        inside = bought_on >= literal(day - dt.timedelta(days=settings.window - 1))
        columns["frequency"] = inside.cast(nw.Int32)
        columns["monetary"] = nw.when(inside).then(nw.col("money")).otherwise(nw.lit(0))
    sums = ("frequency", "monetary", "lately")
    grouped = purchases_on(result, day).select("customer", **columns).group_by("customer").agg(
        nw.col("last").max(), nw.col("first").min(), nw.len().alias("orders"), nw.col(*sums).sum()
    )  # fmt: skip
    found = collected(grouped.with_columns(nw.col("orders", *sums).cast(nw.Int64)))
    if settings.population == "window":
        found = found[found["frequency"] > 0]
    days = found[list(whole)].rsub(day.toordinal())
    found = found.drop(columns=list(whole)).assign(**{new: days[old] for old, new in whole.items()})
    return found[["customer", "recency_days", "frequency", "monetary", "orders", "tenure_days", "lately"]].reset_index(
        drop=True
    )


def buyers_between(result: "RFM", after: dt.date, until: dt.date) -> "pd.Series":
    """The customers with an order later than `after` and not later than `until`, each once."""
    bought_on, literal = nw.col("day"), result.lent.day
    inside = result.purchases(history=True).filter(bought_on > literal(after), bought_on <= literal(until))
    return collected(inside.group_by("customer").agg(nw.len().alias("orders")))["customer"]


def collected(frame: nw.LazyFrame) -> "pd.DataFrame":
    """A frame with a column `customer` as pandas, sorted by it, days as ordinals (as `date.toordinal` has them)."""
    import pyarrow as pa

    epoch = dt.date(1970, 1, 1).toordinal()
    table = frame.collect("pyarrow").to_native().replace_schema_metadata(None).sort_by("customer")
    days = [name for name in table.column_names if pa.types.is_temporal(table.schema.field(name).type)]
    for name in days:
        place = table.column_names.index(name)
        table = table.set_column(place, name, table[name].cast(pa.date32()).cast(pa.int32()).cast(pa.int64()))
    plain = table.to_pandas()
    plain[days] += epoch
    return plain


def sampled(customers: "pd.DataFrame", size: int, seed: int) -> "pd.DataFrame":
    """At most `size` customers, chosen by a seeded hash of the id: the same ones whatever the order of rows.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"customer": ["a", "b", "c", "d"]})
    >>> one, other = sampled(people, 2, 618), sampled(people.iloc[::-1], 2, 618)
    >>> sorted(one["customer"]) == sorted(other["customer"])
    True
    """
    import numpy as np
    from pandas.util import hash_array

    if len(customers) <= size:
        return customers
    ids = customers["customer"].astype("str").to_numpy(dtype=object)
    hashes = hash_array(ids, hash_key=f"{seed:0{KEYED}d}", categorize=False)
    return customers[hashes <= np.partition(hashes, size - 1)[size - 1]]
