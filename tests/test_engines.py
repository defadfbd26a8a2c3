"""Dask, Ibis and PySpark give the golden customers their types and agree with pandas: `make test-engines`."""

import shutil
from decimal import Decimal
from types import SimpleNamespace

import golden
import pandas as pd
import pyarrow as pa
import pytest
import reference
from golden import AS_OF
from kinds import as_pandas, orders_explained, types

from crmlab import DataError, type_customers
from crmlab.rfm import retype

pytestmark = [
    pytest.mark.engines,
    # narwhals announces a package narwhals-dask that is not published yet.
    pytest.mark.filterwarnings("ignore:Dask support is moving out:FutureWarning"),
    # Ibis 12 calls a name that DuckDB has renamed.
    pytest.mark.filterwarnings("ignore:fetch_arrow_table\\(\\) is deprecated:DeprecationWarning"),
]
WAYS = {
    "mean": {"window": 365},
    "drop": {"window": 365, "refunds": "drop", "population": "history", "split": "quantile"},
    "ignore": {"refunds": "ignore", "split": "median"},
}


def arrow(orders: pd.DataFrame | pa.Table) -> pa.Table:
    return orders if isinstance(orders, pa.Table) else pa.Table.from_pandas(orders)


def start_dask(tmp_path_factory) -> SimpleNamespace:
    frames = pytest.importorskip("dask.dataframe", reason="Dask is not installed: make test-engines installs it")
    return SimpleNamespace(
        name="dask", kind=frames.DataFrame, lend=lambda orders: frames.from_pandas(orders, npartitions=3)
    )


def start_ibis(tmp_path_factory) -> SimpleNamespace:
    ibis = pytest.importorskip("ibis", reason="Ibis is not installed: make test-engines installs it")
    connection = ibis.duckdb.connect()
    names = (f"orders_{number}" for number in range(10**6))
    return SimpleNamespace(
        name="ibis", kind=ibis.Table, lend=lambda orders: connection.create_table(next(names), arrow(orders))
    )


def start_spark(tmp_path_factory) -> SimpleNamespace:
    sql = pytest.importorskip("pyspark.sql", reason="PySpark is not installed: make test-engines installs it")
    if not shutil.which("java"):
        pytest.skip("PySpark needs Java 17 or newer, and there is no java on this machine")
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "America/New_York")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")

    def lend(orders: pd.DataFrame | pa.Table):
        table = arrow(orders)
        kinds = {"large_string": "string", "string": "string", "double": "double", "int64": "bigint",
                 "date32[day]": "date", "decimal128(12, 4)": "decimal(12, 4)"}  # fmt: skip
        types = (
            kinds.get(str(each.type), "timestamp" if getattr(each.type, "tz", None) else "timestamp_ntz")
            for each in table.schema
        )
        columns = ", ".join(f"`{name}` {type_}" for name, type_ in zip(table.column_names, types, strict=True))
        return session.createDataFrame(table, columns)

    return SimpleNamespace(name="spark", kind=sql.DataFrame, lend=lend, session=session)


@pytest.fixture(scope="module", params=[start_dask, start_ibis, start_spark], ids=["dask", "ibis", "spark"])
def engine(request, tmp_path_factory):
    engine = request.param(tmp_path_factory)
    yield engine
    if engine.name == "spark":
        engine.session.stop()


def test_golden_customers_in_both_languages(engine):
    result = type_customers(engine.lend(golden.orders()), as_of=AS_OF)
    assert isinstance(result.table, engine.kind)
    table = as_pandas(result.table).set_index("customer_id")
    assert table["type"].to_dict() == golden.TYPES
    assert table[["r_mark", "f_mark", "m_mark"]].sum(axis=1).to_dict() == golden.MARKS
    assert {name: threshold.value for name, threshold in result.thresholds.items()} == {
        "recency_days": 50, "frequency": 6, "monetary": 55000,
    }  # fmt: skip
    assert result.identical_lines == 48
    for place, lang in enumerate(("zh", "en")):
        summary = result.summary(lang)
        assert summary["name"].tolist() == [golden.NAMES[number][place] for number in summary["type"]]
        assert summary["customers"].tolist() == [1] * 8
        for customer, number in golden.TYPES.items():
            assert golden.NAMES[number][place] in result.explain(customer, lang)


@pytest.fixture(scope="module")
def random_lines():
    return reference.random_lines(3000, seed=20260617, as_of=AS_OF)


@pytest.mark.parametrize("way", WAYS)
def test_agrees_with_pandas_to_the_last_customer(engine, way, random_lines):
    settings = {"as_of": AS_OF, "state": "state", "refund": "refund", "refund_date": "refund_day"} | WAYS[way]
    orders = reference.frame(random_lines)
    expected = type_customers(orders, **settings)
    result = type_customers(engine.lend(orders), **settings)
    table = as_pandas(result.table)
    assert table.astype(str).to_numpy().tolist() == expected.table.astype(str).to_numpy().tolist()
    assert all(
        str(dtype).lower() == "int64" for dtype in table[["recency_days", "frequency", "monetary", "type"]].dtypes
    )
    assert result.thresholds == expected.thresholds
    assert (result.rows_in, result.rows_left_out) == (expected.rows_in, expected.rows_left_out)
    assert result.orders_used == expected.orders_used
    assert result.identical_lines == expected.identical_lines
    assert result.summary("en").equals(expected.summary("en"))
    for customer in ("c00000", "c00007", "c02999"):
        assert result.explain(customer, "en") == expected.explain(customer, "en")


@pytest.fixture(scope="module")
def numbered_lines(random_lines):
    """The same lines with whole numbers as ids; those of customers are far apart."""
    orders = reference.frame(random_lines)
    codes = {name: orders[name].astype("category").cat.codes.astype("int64") for name in ("customer_id", "order_id")}
    return orders.assign(customer_id=codes["customer_id"] * 10**12, order_id=codes["order_id"])


@pytest.mark.parametrize("way", WAYS)
def test_ids_that_are_whole_numbers(engine, way, numbered_lines):
    """Typed, and typed again from the orders that the engine keeps and, with an earlier day, from the lines."""
    settings = {"as_of": AS_OF, "state": "state", "refund": "refund", "refund_date": "refund_day"} | WAYS[way]
    wanted = type_customers(numbered_lines, **settings)
    found = type_customers(engine.lend(numbered_lines), **settings)
    for change in ({}, {"window": 50}, {"as_of": "2026-03-31", "window": 180}):
        ours, theirs = (retype(result, **change) if change else result for result in (found, wanted))
        pd.testing.assert_frame_equal(ours.customers, theirs.customers)
        assert (ours.rows_in, ours.rows_left_out) == (theirs.rows_in, theirs.rows_left_out)
        assert (ours.thresholds, ours.orders_used) == (theirs.thresholds, theirs.orders_used)
        bought = [as_pandas(one.purchases().collect("pyarrow").to_native()) for one in (ours, theirs)]
        assert [len(orders) for orders in bought] == [ours.orders_used] * 2
        assert bought[0]["money"].sum() == bought[1]["money"].sum()


def test_an_order_number_of_two_customers_that_are_numbers(engine, numbered_lines):
    shared = numbered_lines.copy()
    shared.loc[[0, 5], "customer_id"] += 1
    told = []
    for orders in (shared, engine.lend(shared)):
        with pytest.raises(DataError) as caught:
            type_customers(orders, as_of=AS_OF)
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert caught.value.key == "order_of_two"


def test_equal_sums_of_cents_are_at_their_mean(engine):
    orders = golden.orders({f"c{number}": (5, 1, 0.3) for number in range(307)})
    assert set(types(type_customers(engine.lend(orders), as_of=AS_OF).table).values()) == {4}


def test_integer_ids_and_odd_names(engine, small):
    big = 9_007_199_254_740_993
    ids = {"a": big, "b": big + 1, "c": 7}
    orders = small.assign(customer_id=small["customer_id"].map(ids)).rename(columns={"customer_id": "客户 a.b "})
    result = type_customers(engine.lend(orders), as_of=AS_OF, customer="客户 a.b ")
    assert list(types(result.table)) == [7, big, big + 1]
    assert orders_explained(result, big) == 2


@pytest.mark.parametrize("first", ["2000-02-29", "1999-12-31", "1970-01-01", "1900-03-01", "2024-02-29"])
def test_days_between_dates(engine, first, small):
    table = as_pandas(type_customers(engine.lend(small.assign(order_date=pd.Timestamp(first))), as_of=AS_OF).table)
    assert set(table["recency_days"]) == {(pd.Timestamp(AS_OF) - pd.Timestamp(first)).days}


@pytest.mark.parametrize(("column", "value", "key"), [
    ("customer_id", None, "empty_customer"), ("order_id", None, "empty_order"), ("order_date", pd.NaT, "empty_day"),
    ("amount", float("nan"), "empty_amount"), ("amount", 0.125, "decimals"), ("amount", 1e17, "too_large"),
    ("order_date", pd.Timestamp("2026-06-18"), "after"), ("order_id", "3", "order_of_two"),
])  # fmt: skip
def test_faults(engine, column, value, key, small):
    small.loc[0, column] = value
    with pytest.raises(DataError) as caught:
        type_customers(engine.lend(small), as_of=AS_OF)
    assert caught.value.key == key
    assert caught.value.values["count"] == 1


def test_unknown_states_and_currencies(engine, small):
    orders = engine.lend(small.assign(status=["paid"] * 4 + ["lost", "lost"], money=["CNY"] * 5 + ["USD"]))
    for settings, first in (({"state": "status"}, "'lost': 2"), ({"currency_column": "money"}, "'USD': 1")):
        with pytest.raises(DataError) as caught:
            type_customers(orders, as_of=AS_OF, **settings)
        assert caught.value.values["first"] == first


def test_times_with_a_zone(engine, small):
    """On Spark a plain timestamp carries the zone of the session, New York here, and must not decide the day."""
    late = pd.to_datetime(["2026-06-16 23:30"] * 6).tz_localize("UTC")
    orders = engine.lend(small.assign(order_date=late))
    with pytest.raises(DataError) as caught:
        type_customers(orders, as_of=AS_OF)
    assert caught.value.key == "zoned_time"
    if engine.name == "ibis":
        with pytest.raises(DataError) as caught:
            type_customers(orders, as_of=AS_OF, time_zone="Asia/Shanghai")
        assert caught.value.key == "zoned_ibis"
        return
    for zone, recency in (("Asia/Shanghai", 0), ("UTC", 1), ("America/New_York", 1)):
        table = as_pandas(type_customers(orders, as_of=AS_OF, time_zone=zone).table)
        assert table["recency_days"].tolist() == [recency] * 3


def test_dates_and_decimals(engine, small):
    table = pa.table(
        {
            "customer_id": small["customer_id"].tolist(),
            "order_id": small["order_id"].tolist(),
            "order_date": small["order_date"].dt.date.tolist(),
            "amount": pa.array([Decimal("1.10")] * 6, pa.decimal128(12, 4)),
        }
    )
    lent = engine.lend(table.to_pandas(types_mapper=pd.ArrowDtype) if engine.name == "dask" else table)
    result = as_pandas(type_customers(lent, as_of=AS_OF, window=80).table)
    assert result[["recency_days", "frequency", "monetary"]].to_numpy().tolist() == [[16, 2, 220], [77, 1, 110]]
