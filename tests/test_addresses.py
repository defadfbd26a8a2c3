"""Ids that are whole numbers close together are used as addresses: the same results as from a hash table."""

import datetime as dt

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import pytest
import reference
from golden import AS_OF
from kinds import KINDS, as_pandas
from test_rfm_agreement import WAYS, agree

import crmlab.rfm.orders
import crmlab.rfm.rule
from crmlab import DataError, type_customers
from crmlab.addresses import group_by_address, group_owned, span
from crmlab.rfm import retype

COLUMNS = {"state": "state", "refund": "refund", "refund_date": "refund_day"}
every_way = pytest.mark.parametrize("way", WAYS)
own_engine = pytest.mark.parametrize("kind", ["pandas", "pyarrow", "parquet"])


@pytest.fixture(scope="module")
def lines():
    """Random lines with whole numbers as ids; they start far from 0."""
    lines = reference.random_lines(700, seed=618, as_of=AS_OF)
    customers = {name: 9_000_000_000 + place for place, name in enumerate(sorted({line["customer"] for line in lines}))}
    orders = {name: place - 50 for place, name in enumerate(sorted({line["order"] for line in lines}))}
    return [line | {"customer": customers[line["customer"]], "order": orders[line["order"]]} for line in lines]


@pytest.fixture
def counted(monkeypatch):
    """How often rows were grouped by address."""
    calls = []

    def spied(group):
        def spy(*given, **named):
            calls.append(given[1])
            return group(*given, **named)

        return spy

    monkeypatch.setattr(crmlab.rfm.orders, "group_owned", spied(group_owned))
    monkeypatch.setattr(crmlab.rfm.rule, "group_by_address", spied(group_by_address))
    return calls


@own_engine
@every_way
def test_results_are_those_of_the_slow_reference(kind, way, lines, counted, tmp_path):
    orders = KINDS[kind](reference.frame(lines), tmp_path)
    result = type_customers(orders, as_of=AS_OF, **COLUMNS, **WAYS[way])
    assert counted == ["order", "customer"]
    agree(result, reference.reference(lines, AS_OF, **WAYS[way]), lines)
    assert as_pandas(result.table)["customer_id"].dtype == "int64"
    assert result.purchases().collect_schema()["customer"] == nw.Int64


@every_way
def test_the_kept_orders_are_those_of_a_hash_table(way, lines, counted):
    """Numbers far apart, text, and a DuckDB of the user's own have no addresses."""
    frame = reference.frame(lines)
    found = type_customers(frame, as_of=AS_OF, **COLUMNS, **WAYS[way])
    assert counted == ["order", "customer"]
    apart = frame.assign(order_id=frame["order_id"] * 10**9)
    others = [apart, duckdb.connect().from_df(frame)]
    kept = [type_customers(orders, as_of=AS_OF, **COLUMNS, **WAYS[way]).orders for orders in others]
    assert counted == ["order", "customer", "customer"]
    wanted = found.orders.collect("pyarrow").to_pandas().sort_values("order", ignore_index=True)
    for orders, factor in zip(kept, (10**9, 1), strict=True):
        table = orders.collect("pyarrow").to_pandas().sort_values("order", ignore_index=True)[list(wanted)]
        assert table.assign(order=table["order"] // factor).astype(str).equals(wanted.astype(str))


def test_a_result_is_typed_again_from_its_orders(lines):
    frame = reference.frame(lines)
    result = retype(type_customers(frame, as_of=AS_OF, **COLUMNS), window=90)
    pd.testing.assert_frame_equal(result.table, type_customers(frame, as_of=AS_OF, window=90, **COLUMNS).table)


def test_one_customer_explained(lines, counted):
    frame = reference.frame(lines)
    result = type_customers(frame, as_of=AS_OF, **COLUMNS)
    customer = int(frame["customer_id"].iloc[0])
    assert str(customer) in result.explain(customer, "en")
    assert counted == ["order", "customer"], "one customer's orders need no address for everybody's"


@own_engine
def test_an_order_of_two_customers(kind, lines, tmp_path):
    frame = reference.frame(lines)
    shared = frame["order_id"].iloc[[0, -1]].tolist()
    more = frame.iloc[[0, -1]].assign(customer_id=frame["customer_id"].max() + 1)
    with pytest.raises(DataError) as caught:
        type_customers(KINDS[kind](pd.concat([frame, more]), tmp_path), as_of=AS_OF)
    assert caught.value.key == "order_of_two"
    assert caught.value.values["count"] == 2
    assert caught.value.values["first"] == ", ".join(map(str, sorted(shared)))


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "uint64", "Int64"])
def test_ids_keep_their_type(dtype, small, tmp_path):
    orders = small.assign(
        customer_id=small["customer_id"].map({"a": 1, "b": 2, "c": 3}).astype(dtype), order_id=range(6)
    )
    table = type_customers(orders, as_of=AS_OF).table
    assert table["customer_id"].tolist() == [1, 2, 3]
    assert table["customer_id"].dtype == dtype.lower()


def test_numbers_that_may_be_addresses():
    assert span(5, 9, rows=5) == range(5, 10)
    assert span(5, 9, rows=4) is None
    assert span(None, None, rows=0) is None
    assert span(2**63, 2**63 + 1, rows=9) is None
    assert span(0, 2**30, rows=2**40) is None
    assert span(-(2**63), -(2**63) + 1, rows=9) == range(-(2**63), -(2**63) + 2)


def test_groups_with_nothing_in_them_and_empty_days():
    connection = duckdb.connect()
    day = dt.date(2026, 6, 1)
    frame = pd.DataFrame({"key": [7, 3, 7], "n": [2**40, 5, -1], "day": pd.to_datetime([None, None, day])})
    lines = nw.from_native(connection.from_df(frame)).with_columns(nw.col("day").cast(nw.Date))
    grouped = group_by_address(lines, "key", range(2, 9), maxima=["day"], sums=["n"], connection=connection)
    assert grouped.collect("pyarrow").rows() == [(3, None, 5, 1), (7, day, 2**40 - 1, 2)]


def owned(customers, orders, lines=None, days=None):
    connection = duckdb.connect()
    days = pd.to_datetime(days or ["2026-06-01"] * len(orders))
    frame = pd.DataFrame({"order": orders, "customer": customers, "day": days, "money": range(len(orders))})
    rows = nw.from_native(connection.from_df(frame)).with_columns(nw.col("day").cast(nw.Date))
    found = group_owned(
        rows, "order", range(-3, 9), owner="customer", owners=range(5, 5 + 2**29), maxima=["day"], sums=["money"],
        lines=lines or len(orders), connection=connection,
    )  # fmt: skip
    names = ["order", "customer", "day", "money", "rows"]
    return found and found.collect("pyarrow").to_native().select(names).to_pylist()


def test_the_owner_of_a_number_and_his_last_day():
    before, after = dt.date(1969, 12, 31), dt.date(2026, 6, 1)
    found = owned([9, 5, 9, 2**29], [4, -3, 4, 8], days=[before, before, after, after])
    assert [tuple(row.values()) for row in found] == [
        (-3, 5, before, 1, 1), (4, 9, after, 2, 2), (8, 2**29, after, 3, 1)
    ]  # fmt: skip


@pytest.mark.parametrize("customers", [[5, 6], [6, 5], [5, 2**29], [5, 6, 7], [6, 6, 5, 7]])
def test_no_owner_where_a_number_has_two(customers):
    assert owned(customers, [4] * len(customers)) is None
    assert owned(customers, range(len(customers))) is not None


def test_no_owner_where_bits_are_too_few():
    """2 ** 32 lines leave 31 bits to the sum of the owners; the highest has 29."""
    assert owned([2**29] * 4, [4] * 4, lines=2**32) is not None
    assert owned([2**29] * 5, [4] * 5, lines=2**32) is None
    assert owned([5], [4], lines=2**35) is None


def test_an_order_with_more_lines_than_its_bits_can_tell(monkeypatch):
    """It is grouped by the hash table: the result is the same."""
    orders = pd.DataFrame(
        {"customer_id": [1, 1, 2], "order_id": [1, 1, 2], "order_date": pd.Timestamp("2026-06-01"), "amount": [1, 2, 3]}
    )
    wanted = type_customers(orders, as_of=AS_OF)
    monkeypatch.setattr(crmlab.rfm.orders, "group_owned", lambda *given, **named: None)
    found = type_customers(orders, as_of=AS_OF)
    pd.testing.assert_frame_equal(found.table, wanted.table)
    assert found.orders.sort("order").collect("pyarrow").rows() == wanted.orders.collect("pyarrow").rows()


def test_no_line_that_counts(small):
    orders = small.assign(customer_id=[1, 1, 2, 2, 3, 3], order_id=range(6), state="cancelled")
    with pytest.raises(DataError) as caught:
        type_customers(orders, as_of=AS_OF, state="state")
    assert caught.value.key == "no_valid_order"


def test_sums_that_may_not_fit_in_64_bits_have_no_addresses(counted):
    days = pd.Timestamp("2026-06-01")
    orders = pd.DataFrame({"customer_id": range(1200), "order_id": range(1200), "order_date": days, "amount": 4e13})
    assert set(type_customers(orders, as_of=AS_OF).table["monetary"]) == {4 * 10**15}
    assert counted == []
    assert type_customers(orders.assign(amount=4.0), as_of=AS_OF).rows_used == 1200
    assert counted == ["order", "customer"]
