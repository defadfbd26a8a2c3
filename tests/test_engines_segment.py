"""Groups, patterns, movements, forecasts and the explorer are on every engine what they are on pandas.

Dask, Ibis (on DuckDB, and on a PostgreSQL server of our own), PySpark, and a Spark cluster of two workers:
`make test-engines`.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import shoppers
import test_engines
from kinds import as_pandas
from test_base_shops import server  # noqa: F401
from test_engines_cluster import session, spark_cluster  # noqa: F401

from crmlab import cases, forecast, grouping, movement, patterns, type_customers
from crmlab.errors import DataError
from crmlab.explorer import explore

pytestmark = test_engines.pytestmark
SETTINGS = shoppers.COLUMNS | {
    "as_of": shoppers.AS_OF, "window": 365, "state": "state", "refund": "refund", "refund_date": "refunded_on",
}  # fmt: skip
GOODS = {"category": "category", "product": "product", "discount": "discount", "quantity": "quantity"}
NO_STATE = ("state", "refund", "refund_date")


def goods(people: int = 320) -> pd.DataFrame:
    """Order lines with what was bought: 1 to 3 on each order, some returned, some cancelled, some without a category.

    Every category has products of its own; who buys beans often takes filters too.
    """
    draw = np.random.default_rng(71)
    orders = shoppers.shoppers(people, seed=71)
    lines = orders.loc[orders.index.repeat(draw.integers(1, 4, len(orders)))].reset_index(drop=True)
    many = len(lines)
    category = draw.choice(["beans", "filters", "cups", ""], many, p=[0.5, 0.3, 0.15, 0.05])
    paid = (lines["paid"] * draw.uniform(0.2, 1, many)).round(2)
    back = draw.random(many) < 0.06
    later = pd.to_timedelta(draw.integers(0, 60, many), unit="D")
    return lines.assign(
        paid=paid.mask(draw.random(many) < 0.01, -paid),
        category=category,
        product=[f"{name or 'other'}-{number}" for name, number in zip(category, draw.integers(1, 6, many))],
        discount=np.where(draw.random(many) < 0.4, 5.0, 0.0),
        quantity=draw.integers(1, 4, many),
        state=draw.choice(["completed", "paid", "cancelled"], many, p=[0.8, 0.15, 0.05]),
        refund=np.where(back, (paid / 2).round(2), np.nan),
        refunded_on=(lines["bought_on"] + later).where(back),
    )


def ages(orders: pd.DataFrame) -> pd.DataFrame:
    """The age ranges of the customers, some of them unknown."""
    people = sorted(orders["buyer"].unique())
    ranges = np.random.default_rng(72).choice(np.array(["18-24", "25-34", "45-54", None]), len(people))
    return pd.DataFrame({"buyer": people, "age_range": pd.Series(ranges, dtype="str")})


def room(lend, orders: pd.DataFrame) -> SimpleNamespace:
    """What the functions are given: a result, lines of the window and of all history, facts, and `lend`."""
    lent = lend(orders)
    result = type_customers(lent, **SETTINGS)
    return SimpleNamespace(
        lend=lend,
        ages=ages(orders),
        result=result,
        lines=patterns.purchase_lines(lent, result, **GOODS),
        history=patterns.purchase_lines(lent, result, history=True, **GOODS),
    )


def known(room: SimpleNamespace) -> pd.DataFrame:
    """Facts from pandas, to be put where the engine is."""
    return grouping.facts(room.result, room.ages, patterns.preferences(room.lines), grouping.basket(room.lines))


def ruled(grouped: grouping.rules.Grouped, key: str) -> dict[str, pd.DataFrame]:
    """Everything that a rule set applied can be asked for."""
    return {
        "table": as_pandas(grouped.table),
        "summary": grouped.summary("en"),
        "members": as_pandas(grouped.members(key)),
        "unknown": as_pandas(grouped.unknown(key)),
        "gaps": as_pandas(grouped.gaps),
        "overlaps": as_pandas(grouped.overlaps),
        "lacking": pd.DataFrame({"lacking": grouped.lacking("en").splitlines()}),
    }


def numbers(counted: dict[str, tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame(counted, index=["customers", "money"])


def explored(room: SimpleNamespace) -> dict[str, pd.DataFrame]:
    explorer = explore(room.result, "en")
    start = numbers(explorer.now.counted)
    explorer.window.value, explorer.back.value = 120, 45
    return {"start": start, "moved": numbers(explorer.now.counted)}


def returned(room: SimpleNamespace) -> dict[str, pd.DataFrame]:
    model = forecast.predict_return(room.result, 90)
    return {name: getattr(model, name) for name in ("table", "choice", "scores", "gains", "calibration", "tested")}


def moved(room: SimpleNamespace) -> dict[str, pd.DataFrame]:
    found = movement.migrate_periods(room.result, 180)
    return {"customers": found.customers, "cells": found.cells}


def steady(room: SimpleNamespace) -> dict[str, pd.DataFrame]:
    found = movement.stability(room.result, windows=[90, None], days_back=[30], splits=["median", "quantile"])
    return {"table": found.table, "by_mark": found.by_mark, "customers": found.customers}


def clustered(room: SimpleNamespace) -> dict[str, pd.DataFrame]:
    found = grouping.cluster(room.result.customers, 3, seed=618)
    return {"table": found.table, "profile": found.profile}


def told(room: SimpleNamespace) -> dict[str, pd.DataFrame]:
    tiers = grouping.value_tiers(room.result)
    found = cases.concentration(room.lines, tiers, column="value_tier", level="high")
    return {"table": found.table}


WAYS = {
    "customers": lambda room: {"customers": room.result.customers},
    "lifecycle": lambda room: ruled(grouping.lifecycle(room.result, room.ages), "silent"),
    "rhythm": lambda room: {"table": patterns.rhythm(room.result)},
    "preferences": lambda room: {"table": patterns.preferences(room.lines)},
    "concentration of customers": lambda room: {
        by: patterns.concentration(room.lines, by) for by in ("category", "product")
    },
    "basket": lambda room: {"table": grouping.basket(room.lines)},
    "facts": lambda room: {"table": known(room)},
    "named groups": lambda room: ruled(grouping.named_groups(known(room)), "at_risk"),
    "order groups": lambda room: {"table": grouping.order_groups(room.result)},
    "value tiers": lambda room: {"table": grouping.value_tiers(room.result)},
    "stability": steady,
    "migrate periods": moved,
    "habit": lambda room: {"table": patterns.habit(room.history, "beans", months=3)},
    "popular": lambda room: {by: patterns.popular(room.lines, by).table for by in ("product", "category")},
    "retention": lambda room: vars(patterns.retention(room.result)) | {"first_month": None, "last_month": None},
    "bought together": lambda room: {
        str(sample): patterns.bought_together(room.lines, "category", sample=sample).pairs for sample in (100_000, 700)
    },
    "by frequency": lambda room: {"table": patterns.by_frequency(room.result)},
    "by spend": lambda room: {"table": patterns.by_spend(room.result)},
    "by goods": lambda room: {by: patterns.by_goods(room.lines, by) for by in ("category", "product")},
    "trend": lambda room: {
        value: patterns.trend(room.history, "category", value=value).months for value in ("money", "orders")
    },
    "cluster": clustered,
    "predict return": returned,
    "lifetime value": lambda room: {"table": forecast.lifetime_value(room.result).table},
    "concentration of groups": told,
    "explore": explored,
}
