"""Groups, patterns, movements, forecasts and the explorer are on every engine what they are on pandas.

Dask, Ibis (on DuckDB, and on a PostgreSQL server of our own), PySpark, and a Spark cluster of two workers:
`make test-engines`.
"""

import gc
from functools import cache
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
from crmlab.explorer import explore

pytestmark = test_engines.pytestmark
SETTINGS = shoppers.COLUMNS | {
    "as_of": shoppers.AS_OF, "window": 365, "state": "state", "refund": "refund", "refund_date": "refunded_on",
}  # fmt: skip
GOODS = {"category": "category", "product": "product", "discount": "discount", "quantity": "quantity"}


def goods(people: int = 320) -> pd.DataFrame:
    """Order lines with what was bought: 1 to 3 on each order, some returned, some cancelled, some without a category.

    Every category has products of its own; who buys beans often takes filters too.
    """
    draw = np.random.default_rng(71)
    orders = shoppers.shoppers(people, seed=71)
    lines = orders.loc[orders.index.repeat(draw.integers(1, 4, len(orders)))].reset_index(drop=True)
    many = len(lines)
    places = draw.integers(1, 6, many)
    category = draw.choice(["beans", "filters", "cups", ""], many, p=[0.5, 0.3, 0.15, 0.05])
    paid = (lines["paid"] * draw.uniform(0.2, 1, many)).round(2)
    back = draw.random(many) < 0.06
    later = pd.to_timedelta(draw.integers(0, 60, many), unit="D")
    return lines.assign(
        paid=paid.mask(draw.random(many) < 0.01, -paid),
        category=category,
        product=[f"{name or 'other'}-{number}" for name, number in zip(category, places, strict=True)],
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


def explored(room: SimpleNamespace) -> dict[str, pd.DataFrame]:
    explorer = explore(room.result, "en")
    counted = {"start": explorer.now.counted}
    explorer.window, explorer.back = 120, 45
    counted["moved"] = explorer.now.counted
    return {name: pd.DataFrame(found, index=["customers", "money"]) for name, found in counted.items()}


def parts(found: object, *names: str) -> dict[str, pd.DataFrame]:
    return {name: getattr(found, name) for name in names}


WAYS = {
    "customers": lambda room: {"table": room.result.customers},
    "lifecycle": lambda room: ruled(grouping.lifecycle(room.result, room.ages), "silent"),
    "rhythm": lambda room: {"table": patterns.rhythm(room.result)},
    "facts": lambda room: {"table": known(room)},
    "order groups": lambda room: {"table": grouping.order_groups(room.result)},
    "value tiers": lambda room: {"table": grouping.value_tiers(room.result)},
    "cluster": lambda room: parts(grouping.cluster(room.result.customers, 3, seed=618), "table", "profile"),
    "stability": lambda room: parts(
        movement.stability(room.result, windows=[90], days_back=[30], splits=["quantile"]),
        "table", "by_mark", "customers",
    ),
    "migrate periods": lambda room: parts(movement.migrate_periods(room.result, 180), "customers", "cells"),
    "habit": lambda room: {"table": patterns.habit(room.history, "beans", months=3)},
    "popular": lambda room: {"table": patterns.popular(room.lines).table},
    "retention": lambda room: parts(patterns.retention(room.result), "cells", "shares", "cohorts"),
    "bought together": lambda room: {"pairs": patterns.bought_together(room.lines, "category", sample=700).pairs},
    "by frequency": lambda room: {"table": patterns.by_frequency(room.result)},
    "by spend": lambda room: {"table": patterns.by_spend(room.result)},
    "by goods": lambda room: {"table": patterns.by_goods(room.lines)},
    "concentration of customers": lambda room: {"table": patterns.concentration(room.lines)},
    "concentration of groups": lambda room: parts(
        cases.concentration(room.lines, grouping.value_tiers(room.result), column="value_tier", level="high"), "table"
    ),
    "trend of money": lambda room: parts(patterns.trend(room.history, "category"), "months"),
    "trend of orders": lambda room: parts(patterns.trend(room.history, value="orders"), "months"),
    "predict return": lambda room: parts(
        forecast.predict_return(room.result, 90), "table", "choice", "scores", "gains", "calibration", "tested"
    ),
    "lifetime value": lambda room: parts(forecast.lifetime_value(room.result), "table"),
    "explore": explored,
}  # fmt: skip


def start_postgresql(request) -> SimpleNamespace:
    ibis = pytest.importorskip("ibis", reason="Ibis is not installed: make test-engines installs it")
    connection = ibis.connect(request.getfixturevalue("server"))
    names = (f"lent_{number}" for number in range(10**6))

    def stop() -> None:
        connection.drop_table = lambda *_, **__: None  # the server goes, and what Ibis drops afterwards is gone already
        connection.disconnect()

    return SimpleNamespace(
        lend=lambda frame: connection.create_table(next(names), test_engines.arrow(frame)), stop=stop
    )


def start_cluster(request) -> SimpleNamespace:
    spark = request.getfixturevalue("session")
    folder = request.getfixturevalue("tmp_path_factory").mktemp("cluster")

    def lend(frame: pd.DataFrame):
        frame.to_parquet(folder / "lines.parquet", coerce_timestamps="us")
        return spark.read.parquet(str(folder / "lines.parquet"))

    return SimpleNamespace(lend=lend, stop=lambda: None)


def start(request) -> SimpleNamespace:
    folders = request.getfixturevalue("tmp_path_factory")
    engine = getattr(test_engines, f"start_{request.param}")(folders)
    return SimpleNamespace(lend=engine.lend, stop=engine.session.stop if request.param == "spark" else lambda: None)


ENGINES = {"dask": start, "ibis": start, "postgresql": start_postgresql, "spark": start, "cluster": start_cluster}
ONE_MACHINE = [name for name in ENGINES if name != "cluster"]


@pytest.fixture(scope="module")
def lend(request):
    engine = ENGINES[request.param](request)
    yield engine.lend
    gc.collect()  # what Ibis keeps goes while the server is there
    engine.stop()


@pytest.fixture(scope="module")
def orders():
    return goods()


@pytest.fixture(scope="module")
def there(lend, orders):
    return room(lend, orders)


@pytest.fixture(scope="module")
def expected(orders):
    here = room(lambda frame: frame, orders)
    return cache(lambda way: WAYS[way](here))


def demand_same(found: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame]) -> None:
    for name, table in expected.items():
        pd.testing.assert_frame_equal(found[name], table, rtol=1e-9, obj=name)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("lend", ONE_MACHINE, indirect=True)
def test_the_same_tables_as_on_pandas(there, way, expected):
    demand_same(WAYS[way](there), expected(way))


@pytest.mark.parametrize("lend", ["cluster"], indirect=True)
def test_two_workers_find_what_pandas_finds(there, expected):
    for way in ("lifecycle", "rhythm", "popular"):
        demand_same(WAYS[way](there), expected(way))


@pytest.mark.parametrize("lend", ONE_MACHINE, indirect=True)
def test_rules_on_a_frame_where_it_lives(lend, expected):
    """The groups come back as the kind of frame that came in, and nothing of it is collected."""
    known = expected("facts")["table"].drop(columns=["city", "events_per_30_days"]).astype({"categories": "float64"})
    rules = grouping.open_rules("named")
    wanted = ruled(rules.apply(known), "at_risk")
    frame = lend(known)
    grouped = rules.apply(frame)
    assert type(grouped.table) is type(frame)
    for name, table in ruled(grouped, "at_risk").items():
        pd.testing.assert_frame_equal(table, wanted[name], check_dtype=False, rtol=1e-9, obj=name)
