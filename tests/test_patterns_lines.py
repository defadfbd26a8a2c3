"""Order lines that count: they add up to M, whatever frame came in and whatever becomes of refunds."""

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import KINDS

from crmlab import DataError, type_customers
from crmlab.course.settings import check_settings
from crmlab.data import open_data
from crmlab.patterns import preferences, purchase_lines, rhythm
from crmlab.rfm import retype

AS_OF = "2026-06-17"
COLUMNS = {"state": "state", "refund": "refund", "refund_date": "refund_date"}
GOODS = {"category": "category", "product": "product_id", "discount": "discount", "quantity": "quantity"}


@pytest.fixture(scope="module")
def shop():
    return open_data(check_settings(data="teaching"))


@pytest.fixture(scope="module")
def orders(shop):
    return shop.orders


def collected(lines, *columns):
    """The lines as a pandas frame in an order that does not depend on the engine."""
    frame = lines.lines.select(*columns).collect("pyarrow").to_pandas()
    return frame.sort_values(list(columns), ignore_index=True)


def sums(lines):
    """Money by customer."""
    return collected(lines, "customer", "money").groupby("customer")["money"].sum()


@pytest.mark.parametrize("refunds", ["net", "drop", "ignore"])
@pytest.mark.parametrize("window", [90, None])
def test_money_of_the_lines_is_m_of_every_customer(orders, shop, refunds, window):
    result = type_customers(orders, as_of=AS_OF, window=window, refunds=refunds, **shop.columns)
    found = sums(purchase_lines(orders, result, **GOODS))
    assert found.to_dict() == result.customers.set_index("customer_id")["monetary"].to_dict()


def test_lines_of_history_add_up_to_all_orders(orders, shop):
    result = type_customers(orders, as_of=AS_OF, window=90, **shop.columns)
    everything = type_customers(orders, as_of=AS_OF, window=None, **shop.columns)
    found = sums(purchase_lines(orders, result, history=True))
    assert found.to_dict() == everything.customers.set_index("customer_id")["monetary"].to_dict()


def test_lines_are_the_same_on_every_engine(orders, shop, tmp_path):
    columns = ("customer", "order", "money", "bought", "category", "product")
    found = {}
    for kind, convert in KINDS.items():
        given = convert(orders.sample(frac=1, random_state=len(found)), tmp_path)
        result = type_customers(given, as_of=AS_OF, window=365, **shop.columns)
        lines = purchase_lines(given, result, **GOODS)
        customers = rhythm(result).merge(preferences(lines), validate="one_to_one")
        found[kind] = collected(lines, *columns), customers
    first_lines, first_customers = found.pop("pandas")
    assert len(first_lines) > 5000
    assert len(first_customers) == 869
    for lines, customers in found.values():
        pd.testing.assert_frame_equal(lines, first_lines)
        pd.testing.assert_frame_equal(customers, first_customers)


line = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from("abc"),
        "number": st.integers(0, 3),
        "day": st.integers(0, 40),
        "amount": st.integers(-500, 900),
        "refund": st.integers(0, 400),
    }
)


@settings(max_examples=25, deadline=None)
@given(st.lists(line, min_size=1, max_size=12), st.sampled_from(["net", "drop", "ignore"]))
def test_lines_add_up_to_m_with_refunds_of_every_kind(drawn, refunds):
    frame = pd.DataFrame([*drawn, {"customer_id": "z", "number": 9, "day": 40, "amount": 100, "refund": 0}])
    frame = pl.from_pandas(
        frame.assign(
            order_id=frame["customer_id"] + frame["number"].astype("str"),
            order_date=pd.Timestamp("2026-05-08") + pd.to_timedelta(frame["day"], unit="D"),
            amount=frame["amount"] / 100,
            refund=frame["refund"] / 100,
        )
    )
    result = type_customers(frame, as_of=AS_OF, window=20, refunds=refunds, refund="refund")
    monetary = result.customers.set_index("customer_id")["monetary"]
    assert sums(purchase_lines(frame, result)).to_dict() == monetary.to_dict()


def test_an_order_that_only_gives_money_back_is_no_purchase_but_counts_down():
    days = pd.to_datetime(["2026-06-01", "2026-06-05", "2026-06-05"])
    orders = pd.DataFrame({"customer_id": list("aab"), "order_id": list("123"), "order_date": days})
    orders = orders.assign(amount=[10, -4, -3], goods="x")
    lines = purchase_lines(orders, type_customers(orders, as_of=AS_OF, window=30), category="goods")
    assert collected(lines, "money", "bought").to_numpy().tolist() == [[-400, False], [1000, True]]


def test_the_day_of_a_line_is_the_day_of_its_order():
    days = pd.to_datetime(["2026-06-01", "2026-06-03"])
    orders = pd.DataFrame({"customer_id": "a", "order_id": "1", "order_date": days, "amount": [5, 7]})
    lines = purchase_lines(orders, type_customers(orders, as_of=AS_OF, window=15))
    assert collected(lines, "day", "money")["money"].tolist() == [500, 700]
    assert set(collected(lines, "day")["day"].astype("str")) == {"2026-06-03"}


def test_an_order_number_used_by_two_customers_stays_with_each_of_them():
    days = pd.to_datetime(["2026-06-01", "2026-01-01"])
    orders = pd.DataFrame({"customer_id": ["a", "b"], "order_id": "1", "order_date": days, "amount": [5, 7]})
    result = type_customers(orders, as_of=AS_OF, window=30, order_scope="customer")
    assert sums(purchase_lines(orders, result)).to_dict() == {"a": 500}


def test_an_earlier_reference_date_knows_no_later_line(orders, shop, tmp_path):
    for kind in ("pandas", "parquet", "csv"):
        given = KINDS[kind](orders, tmp_path)
        result = retype(type_customers(given, as_of=AS_OF, window=365, **shop.columns), as_of="2026-01-31")
        found = sums(purchase_lines(given, result, category="category"))
        assert found.to_dict() == result.customers.set_index("customer_id")["monetary"].to_dict()


def test_other_orders_are_refused(orders, shop):
    result = type_customers(orders, as_of=AS_OF, window=365, **shop.columns)
    with pytest.raises(DataError) as error:
        purchase_lines(orders.iloc[:-500], result)
    assert error.value.key == "patterns_other_orders"


@pytest.mark.parametrize("kind", ["pandas", "polars", "parquet", "csv"])
def test_a_missing_column_is_named(small, kind, tmp_path):
    given = KINDS[kind](small, tmp_path)
    result = type_customers(given, as_of=AS_OF)
    with pytest.raises(DataError, match="'goods'"):
        purchase_lines(given, result, category="goods")


def test_a_category_of_numbers_is_refused(small):
    result = type_customers(small, as_of=AS_OF)
    with pytest.raises(DataError) as error:
        purchase_lines(small.assign(category=1.5), result, category="category")
    assert error.value.key == "not_text"


def test_odd_column_names_and_empty_categories(small, tmp_path):
    orders = small.rename(columns={"customer_id": "客户 a.b"}).assign(**{'the "goods"': ["", "x", None, "x", "x", "x"]})
    for kind in ("pandas", "duckdb", "parquet", "csv"):
        given = KINDS[kind](orders, tmp_path)
        result = type_customers(given, as_of=AS_OF, customer="客户 a.b")
        lines = purchase_lines(given, result, category='the "goods"')
        assert lines.lines.collect("pyarrow").to_pandas()["category"].isna().sum() == 2
        assert preferences(lines).columns[0] == "客户 a.b"


def test_lines_of_a_duckdb_relation_stay_lazy(small):
    given = duckdb.connect().from_df(small.assign(category="x"))
    lines = purchase_lines(given, type_customers(given, as_of=AS_OF), category="category")
    assert isinstance(lines.lines, nw.LazyFrame)
    assert isinstance(lines.lines.to_native(), duckdb.DuckDBPyRelation)


def test_what_cannot_be_told_is_said_in_words(small):
    lines = purchase_lines(small, type_customers(small, as_of=AS_OF))
    assert lines.describe("en").count("There is no") == 4
    assert "没有品类" in repr(lines)
    with pytest.raises(DataError) as error:
        lines.demand("category")
    assert "category=" in error.value.message("en")
