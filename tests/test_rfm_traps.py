"""Each trap that cost an engine its right answer in the trials; those of Dask, Ibis and Spark are in test_engines."""

import ast
import inspect
import re
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest
from golden import AS_OF
from kinds import KINDS, as_pandas

import crmlab.frames
import crmlab.rfm
from crmlab import DataError, type_customers

every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_trap_1_equal_sums_of_cents_are_at_their_mean(kind, tmp_path):
    """A float mean marks all of these customers up on some engines and none on others."""
    customers = [f"c{number:05d}" for number in range(3007) for _ in range(3)]
    orders = pd.DataFrame({"customer_id": customers, "order_date": pd.Timestamp("2026-06-01"), "amount": 0.1})
    orders["order_id"] = [str(number) for number in range(len(orders))]
    table = as_pandas(type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF).table)
    assert set(table["m_mark"]) == {"↑"}


@every_kind
def test_trap_2_sums_are_64_bit_integers_everywhere(kind, small, tmp_path):
    result = type_customers(KINDS[kind](small, tmp_path), as_of=AS_OF)
    dtypes = as_pandas(result.table).dtypes.astype(str)
    assert dtypes[["recency_days", "frequency", "monetary", "type"]].tolist() == ["int64"] * 4
    assert all(type(count) is int for count in (result.rows_in, result.rows_used, result.orders_used))


def test_trap_3_only_elementary_aggregations():
    """Anything around an aggregation makes pandas go group by group: minutes instead of a moment. Dask refuses it."""
    grouped = []
    for path in Path(crmlab.rfm.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="agg"), args=found):
                    grouped += [ast.unparse(each) for each in found if not isinstance(each, ast.Starred)]
                case ast.Call(func=ast.Attribute(value=ast.Name(id="aggregates"), attr="append"), args=found):
                    grouped += map(ast.unparse, found)
                case ast.Assign(targets=[ast.Name(id="aggregates")], value=ast.List(elts=found)):
                    grouped += map(ast.unparse, found)
    assert len(grouped) >= 9
    elementary = re.compile(r"nw\.(col\([^()]*\)\.(sum|max|min)\(\)|len\(\))(\.alias\('\w+'\))?")
    assert [each for each in grouped if not elementary.fullmatch(each)] == []


def test_trap_4_no_engine_uses_the_zone_of_its_session(small):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'America/New_York'")
    connection.register("frame", small.assign(order_date=pd.Timestamp("2026-06-16 23:30", tz="UTC")))
    table = type_customers(connection.sql("FROM frame"), as_of=AS_OF, time_zone="Asia/Shanghai").table
    assert as_pandas(table)["recency_days"].tolist() == [0, 0, 0]


@every_kind
def test_trap_5_no_half_cent_is_rounded_by_an_engine(kind, small, tmp_path):
    with pytest.raises(DataError) as caught:
        type_customers(KINDS[kind](small.assign(amount=0.125), tmp_path), as_of=AS_OF)
    assert caught.value.key == "decimals"


@every_kind
def test_trap_6_empty_order_ids_are_refused_not_dropped(kind, small, tmp_path):
    small.loc[0, "order_id"] = None
    with pytest.raises(DataError) as caught:
        type_customers(KINDS[kind](small, tmp_path), as_of=AS_OF)
    assert caught.value.key == "empty_order"


@every_kind
@pytest.mark.parametrize("first", ["2000-02-29", "1999-12-31", "1970-01-01", "1900-03-01", "2024-02-29", "2023-12-31"])
def test_trap_7_days_between_dates_without_day_differences(kind, first, small, tmp_path):
    orders = KINDS[kind](small.assign(order_date=pd.Timestamp(first)), tmp_path)
    table = as_pandas(type_customers(orders, as_of=AS_OF).table)
    assert set(table["recency_days"]) == {(pd.Timestamp(AS_OF) - pd.Timestamp(first)).days}


def test_trap_8_most_customers_bought_once_and_scores_hold():
    orders = pd.DataFrame({"customer_id": [f"c{n}" for n in range(10)] + ["c9"] * 3, "order_id": range(13)})
    orders = orders.assign(order_date=pd.Timestamp("2026-06-01"), amount=1.0)
    table = type_customers(orders, as_of=AS_OF, split="quantile").table
    assert table["f_score"].tolist() == [1] * 9 + [5]


def test_trap_9_no_relation_method_that_duckdb_dropped():
    assert "fetchone" not in inspect.getsource(crmlab.frames)


def test_a_polars_plan_may_run_in_streaming(small):
    plan = pl.from_pandas(small).lazy()
    table = type_customers(plan, as_of=AS_OF).table
    assert table.collect(engine="streaming").sort("customer_id")["frequency"].to_list() == [2, 2, 2]
