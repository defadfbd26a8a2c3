"""Ids keep their type, columns have any name, dates any unit, money any currency, and days begin in a named zone."""

import datetime as dt
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from golden import AS_OF
from kinds import KINDS, as_pandas, orders_explained, types

from crmlab import DataError, ParameterError, type_customers

every_kind = pytest.mark.parametrize("kind", KINDS)
VALUES = [[16, 2, 300], [77, 2, 700], [136, 2, 1100]]


def values(orders, **settings):
    table = as_pandas(type_customers(orders, as_of=AS_OF, **settings).table)
    return table[["recency_days", "frequency", "monetary"]].to_numpy().tolist()


@every_kind
def test_integer_ids_stay_integers_in_frames_and_are_text_in_csv(kind, small, tmp_path):
    big = 9_007_199_254_740_993
    small["customer_id"] = [big, big, big + 1, big + 1, 7, 7]
    result = type_customers(KINDS[kind](small, tmp_path), as_of=AS_OF)
    found = as_pandas(result.table)["customer_id"].tolist()
    assert found == (sorted([str(big), str(big + 1), "7"]) if kind == "csv" else [7, big, big + 1])
    assert orders_explained(result, found[0]) == 2


@every_kind
def test_long_and_dotted_ids_stay_apart(kind, small, tmp_path):
    small["customer_id"] = ["A.01", "A.01", "A.02", "A.02", "A.1", "A.1"]
    small["order_id"] = [f"201606170000000000{number}" for number in range(6)]
    result = type_customers(KINDS[kind](small, tmp_path), as_of=AS_OF)
    assert list(types(result.table)) == ["A.01", "A.02", "A.1"]
    assert result.evidence("A.02")["order"].tolist() == ["2016061700000000002", "2016061700000000003"]


@every_kind
def test_19_digit_integers_stay_exact(kind, small, tmp_path):
    small["order_id"] = [2016061700000000000 + number for number in range(6)]
    result = type_customers(KINDS[kind](small, tmp_path), as_of=AS_OF)
    assert result.orders_used == 6
    assert int(result.evidence("a")["order"][0]) == 2016061700000000000


@pytest.mark.parametrize("convert", [
    lambda ids: ids.astype("category"),
    lambda ids: ids.astype(pd.CategoricalDtype(["c", "b", "a"])),
    lambda ids: ids.astype(object),
    lambda ids: ids.astype("string"),
    lambda ids: ids.astype(pd.ArrowDtype(pa.string())),
    lambda ids: ids.astype(pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
])  # fmt: skip
def test_text_ids_of_every_pandas_type(small, convert):
    result = type_customers(small.assign(customer_id=convert(small["customer_id"])), as_of=AS_OF)
    assert result.table["customer_id"].tolist() == ["a", "b", "c"]
    assert orders_explained(result, "b") == 2


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64", "Int64", "int64[pyarrow]", "category", object])
def test_integer_ids_of_every_pandas_type(small, dtype):
    ids = pd.Series([1, 1, 2, 2, 3, 3]).astype(dtype)
    table = type_customers(small.assign(customer_id=ids), as_of=AS_OF).table
    assert table["customer_id"].tolist() == [1, 2, 3]
    assert pd.api.types.is_integer_dtype(table["customer_id"])


def test_object_integers_that_outgrow_the_first_ones():
    ids = pd.Series([1] * 3000 + [2**40], dtype=object)
    orders = pd.DataFrame({"customer_id": ids, "order_id": range(3001), "order_date": dt.date(2026, 1, 1), "amount": 1})
    assert type_customers(orders, as_of=AS_OF).table["customer_id"].tolist() == [1, 2**40]


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["c", "b", "a", "other"]), pl.String])
def test_polars_ids_and_states(small, dtype):
    orders = pl.from_pandas(small.assign(status="paid"))
    orders = orders.with_columns(pl.col("customer_id").cast(dtype), pl.col("status").cast(pl.Enum(["paid", "lost"])))
    result = type_customers(orders, as_of=AS_OF, state="status")
    assert result.table.schema["customer_id"] == dtype
    assert set(types(result.table)) == {"a", "b", "c"}
    assert orders_explained(result, "b") == 2
    with pytest.raises(ParameterError):
        result.explain("nobody")


def test_integers_beyond_64_bits_are_refused(small):
    connection = duckdb.connect()
    connection.register("orders", small)
    with pytest.raises(DataError) as caught:
        type_customers(connection.sql("SELECT * REPLACE (7::HUGEINT AS customer_id) FROM orders"), as_of=AS_OF)
    assert caught.value.key == "mixed_id"


def test_duckdb_enums(small):
    connection = duckdb.connect()
    connection.register("orders", small)
    enums = connection.sql("SELECT * REPLACE (customer_id::ENUM('c', 'b', 'a') AS customer_id) FROM orders")
    result = type_customers(enums, as_of=AS_OF)
    assert str(result.table.types[0]).startswith("ENUM")
    assert orders_explained(result, "b") == 2


FOURS = (
    ("客户", "my column", "trailing ", "a.b"),
    ('say "hi"', "it's", "order", "customer"),
    ("amount", "day", "lines", "select"),
    ("last", "{x}", "%", "Customer_ID"),
    ("-", "1", "date", "state"),
)


@pytest.mark.parametrize("names", FOURS, ids=" ".join)
@pytest.mark.parametrize(
    ("kind", "shift"), [(kind, shift) for kind in KINDS for shift in range(4 if kind in ("pandas", "polars") else 1)]
)
def test_any_column_name(kind, shift, names, small, tmp_path):
    """Four names at a time, in every role where DuckDB works and where polars does, in one role elsewhere."""
    if kind == "csv":
        names = [name.strip() for name in names]  # DuckDB drops spaces around the names in a CSV file
    roles = dict(zip(("customer", "order", "date", "amount"), [*names[shift:], *names[:shift]], strict=True))
    columns = dict(zip(small.columns, roles.values(), strict=True))
    orders = small.rename(columns=columns).assign(**{"other.column ": 1})
    result = type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF, **roles)
    table = as_pandas(result.table)
    assert table.columns[0] == roles["customer"]
    assert table[["recency_days", "frequency", "monetary"]].to_numpy().tolist() == VALUES
    assert result.identical_lines == 0
    assert orders_explained(result, "b") == 2


@every_kind
def test_column_names_that_are_inner_names_of_others(kind, small, tmp_path):
    swapped = {"customer_id": "order", "order_id": "customer", "order_date": "amount", "amount": "day"}
    orders = KINDS[kind](small.rename(columns=swapped), tmp_path)
    assert values(orders, customer="order", order="customer", date="amount", amount="day") == VALUES


@pytest.mark.parametrize("convert", [
    lambda days: days.astype("datetime64[ns]"),
    lambda days: days.astype("datetime64[s]"),
    lambda days: days + pd.Timedelta("23:59:59.999999"),
    lambda days: days.dt.date,
    lambda days: pd.Series(list(days.dt.to_pydatetime()), dtype=object),
    lambda days: days.astype("timestamp[us][pyarrow]"),
    lambda days: days.astype("timestamp[us][pyarrow]").astype("date32[pyarrow]"),
])  # fmt: skip
def test_dates_of_every_pandas_type(small, convert):
    assert values(small.assign(order_date=convert(small["order_date"]))) == VALUES


@every_kind
def test_a_time_of_day_does_not_change_the_day(kind, small, tmp_path):
    late = small.assign(order_date=small["order_date"] + pd.Timedelta("23:59:59"))
    late.loc[0, "order_date"] = pd.Timestamp("2026-06-17 23:59:59")
    orders = KINDS[kind](late, tmp_path)
    assert [recency for recency, *_ in values(orders)] == [0, 77, 136]
    assert [recency for recency, *_ in values(orders, window=1)] == [0]


@pytest.mark.parametrize("convert", [
    lambda amounts: amounts.astype(object),
    lambda amounts: amounts.astype("int64"),
    lambda amounts: amounts.astype("Float64"),
    lambda amounts: amounts.astype("float32"),
    lambda amounts: amounts.map(lambda amount: Decimal(str(amount))),
    lambda amounts: amounts.map(lambda amount: Decimal(str(amount))).astype(pd.ArrowDtype(pa.decimal128(12, 4))),
])  # fmt: skip
def test_amounts_of_every_pandas_type(small, convert):
    assert values(small.assign(amount=convert(small["amount"]))) == VALUES


@every_kind
@pytest.mark.parametrize(("currency", "minor_units", "amount", "expected"), [
    ("CNY", False, 12.34, 1234),
    ("JPY", False, 12.0, 12),
    ("KWD", False, 12.345, 12345),
    ("CNY", True, 1234.0, 1234),
    ("JPY", True, 12.0, 12),
])  # fmt: skip
def test_currencies(kind, currency, minor_units, amount, expected, small, tmp_path):
    orders = KINDS[kind](small.assign(amount=amount), tmp_path)
    result = type_customers(orders, as_of=AS_OF, currency=currency, minor_units=minor_units)
    assert as_pandas(result.table)["monetary"].tolist() == [2 * expected] * 3


@pytest.mark.parametrize(("currency", "minor_units", "amount"), [("JPY", False, 12.5), ("CNY", True, 12.5)])
def test_more_decimals_than_the_currency(currency, minor_units, amount, small):
    with pytest.raises(DataError) as caught:
        type_customers(small.assign(amount=amount), as_of=AS_OF, currency=currency, minor_units=minor_units)
    assert caught.value.key == "decimals"


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_the_largest_amount_is_exact_and_one_more_is_refused(dtype, small):
    largest = 2**52
    orders = small.assign(amount=pd.Series([largest, 1, largest - 1, 2, -largest, 3]).astype(dtype))
    table = type_customers(orders, as_of=AS_OF, minor_units=True).table
    assert table["monetary"].tolist() == [largest + 1, largest + 1, 3 - largest]
    orders.loc[3, "amount"] = largest + 1
    with pytest.raises(DataError) as caught:
        type_customers(orders, as_of=AS_OF, minor_units=True)
    assert caught.value.key == "too_large"


def test_sums_of_floats_are_exact():
    orders = pd.DataFrame(
        {"customer_id": "a", "order_id": range(1000), "order_date": dt.date(2026, 1, 1), "amount": 0.1}
    )
    assert type_customers(orders, as_of=AS_OF).table["monetary"].tolist() == [10_000]


ZONED = ["pandas", "polars", "polars-lazy", "pyarrow", "duckdb", "parquet", "csv"]


@pytest.mark.parametrize("kind", ZONED)
@pytest.mark.parametrize(("zone", "recency"), [("Asia/Shanghai", 0), ("UTC", 1), ("America/New_York", 1)])
def test_days_begin_in_the_zone_that_is_named(kind, zone, recency, small, tmp_path):
    late = pd.to_datetime(["2026-06-16 23:30"] * 6).tz_localize("UTC")
    orders = KINDS[kind](small.assign(order_date=late, back=0.0, back_on=late), tmp_path)
    found = values(orders, time_zone=zone, refund="back", refund_date="back_on")
    assert [days for days, *_ in found] == [recency] * 3


@pytest.mark.parametrize("kind", ZONED)
def test_a_zone_needs_a_name_and_a_name_needs_a_zone(kind, small, tmp_path):
    zoned = KINDS[kind](small.assign(order_date=small["order_date"].dt.tz_localize("Asia/Shanghai")), tmp_path)
    with pytest.raises(DataError) as caught:
        type_customers(zoned, as_of=AS_OF)
    assert caught.value.key == "zoned_time"
    with pytest.raises(DataError) as caught:
        type_customers(KINDS[kind](small, tmp_path), as_of=AS_OF, time_zone="Asia/Shanghai")
    assert caught.value.key == "no_zone"


def test_numpy_integers_explain_too(small):
    result = type_customers(small.assign(customer_id=np.repeat([1, 2, 3], 2)), as_of=AS_OF)
    assert result.explain(np.int64(2), "en") == result.explain(2, "en")
