"""What is bought together, what is popular, and the standard tables: hand values, planted pairs, sums that agree."""

import pandas as pd
import pytest
from kinds import KINDS

from crmlab import DataError, ParameterError, type_customers
from crmlab.patterns import (
    bought_together,
    by_frequency,
    by_goods,
    by_spend,
    popular,
    purchase_lines,
)

AS_OF = "2026-06-17"
FILTERS = "咖啡滤纸 100 张"


@pytest.fixture(scope="module")
def lines(shop, result):
    return purchase_lines(shop.orders, result, **shop.goods_columns)


def baskets(*things):
    """One order per text; each letter is a line."""
    rows = [(str(number), thing) for number, basket in enumerate(things) for thing in basket]
    orders = pd.DataFrame(rows, columns=["order_id", "goods"])
    orders = orders.assign(customer_id="a", order_date=pd.Timestamp("2026-06-01"), amount=9)
    return purchase_lines(orders, type_customers(orders, as_of=AS_OF), category="goods", product="goods")


def test_lift_is_the_hand_value():
    found = bought_together(baskets("ab", "ab", "abc", "c", "c", "bc", "d", "d"), "category", least=1)
    pair = found.pairs.set_index(["first", "second"]).loc[("a", "b")]
    assert (pair["orders"], pair["support"]) == (3, 3 / 8)
    assert (pair["confidence"], pair["confidence_back"]) == (1.0, 3 / 4)
    assert pair["expected"] == pytest.approx(3 * 4 / 8)
    assert pair["lift"] == pytest.approx((3 / 8) / (3 / 8 * 4 / 8))
    assert found.orders == found.looked_at == 8
    assert not found.sampled
    assert list(found.pairs["first"] + found.pairs["second"]) == ["ab", "bc", "ac"]


def test_a_thing_bought_twice_in_an_order_is_counted_once():
    found = bought_together(baskets("aab", "ab", "c"), least=1)
    assert found.pairs["orders"].tolist() == [2]


def test_rare_pairs_are_left_out_and_few_orders_give_an_empty_table():
    assert bought_together(baskets("ab", "ab", "ac"), least=2).pairs["second"].tolist() == ["b"]
    for few in (baskets("ab"), baskets("a", "b", "a", "b", "a", "b")):
        assert bought_together(few).pairs.empty


def test_the_planted_pair_of_coffee_and_filters_comes_first(shop, lines):
    products = shop.table("products").set_index("product_id")
    (filters,) = products.index[products["name_zh"] == FILTERS]
    top = bought_together(lines).pairs.head(5)
    assert ((top["first"] == filters) | (top["second"] == filters)).all()
    others = top["first"].where(top["first"] != filters, top["second"])
    assert set(products.loc[others, "category"]) == {"coffee"}
    assert (top["lift"] > 1.5).all()


def test_all_pairs_of_categories_agree_with_counts_by_hand(lines):
    each = lines.lines.select("order", "category").collect("pyarrow").to_pandas().drop_duplicates()
    number = each["order"].nunique()
    both = each.merge(each, on="order").query("category_x < category_y").groupby(["category_x", "category_y"]).size()
    single = each["category"].value_counts()
    pairs = bought_together(lines, "category", least=1).pairs.set_index(["first", "second"])
    assert pairs["orders"].sort_index().to_dict() == both.to_dict()
    for (first, second), lift in pairs["lift"].items():
        assert lift == pytest.approx(both[first, second] * number / single[first] / single[second])


def test_a_sample_is_named_and_the_same_on_every_engine_and_in_any_order(shop, tmp_path):
    samples = []
    for kind in ("pandas", "polars", "parquet", "duckdb"):
        given = KINDS[kind](shop.orders.sample(frac=1, random_state=len(samples)), tmp_path)
        result = type_customers(given, as_of=AS_OF, window=365, **shop.columns)
        samples.append(bought_together(purchase_lines(given, result, product="product_id"), sample=1000))
    assert 900 < samples[0].looked_at < 1100
    assert samples[0].sampled
    assert "618" in samples[0].describe("en")
    for other in samples[1:]:
        pd.testing.assert_frame_equal(other.pairs, samples[0].pairs)
    again = bought_together(purchase_lines(given, result, product="product_id"), sample=1000, seed=7)
    assert not again.pairs.equals(samples[0].pairs)


def test_a_sample_is_about_as_large_as_asked_whatever_the_prices():
    days = pd.Timestamp("2026-06-17") - pd.to_timedelta([number % 300 for number in range(6000)], unit="D")
    amounts = [(number * 37 % 50 + 1) * 10 for number in range(6000)]
    orders = pd.DataFrame({"customer_id": "a", "order_id": range(6000), "order_date": days, "amount": amounts})
    orders = orders.assign(goods="x")
    lines = purchase_lines(orders, type_customers(orders, as_of=AS_OF), product="goods")
    assert 480 < bought_together(lines, sample=600).looked_at < 720


@pytest.mark.parametrize("settings", [{"by": "brand"}, {"least": 0}, {"sample": 0}, {"least": 1.5}, {"seed": True}])
def test_settings_that_cannot_be_used_are_refused(lines, settings):
    with pytest.raises(ParameterError):
        bought_together(lines, **settings)


def test_three_rankings_are_three_answers(shop, lines):
    found = popular(lines)
    names = shop.table("products").set_index("product_id")["name_zh"].to_dict()
    assert found.top(1, names).iloc[0].tolist() == [1, FILTERS, FILTERS, "电动磨豆机"]
    assert names[found.top(1)["by_money"][0]] == "电动磨豆机"
    plain = lines.lines.select("customer", "product", "quantity", "money").collect("pyarrow").to_pandas()
    grouped = plain.groupby("product")
    table = found.table.set_index("product").sort_index()
    assert table["customers"].to_dict() == grouped["customer"].nunique().to_dict()
    assert table["units"].to_dict() == grouped["quantity"].sum().to_dict()
    assert table["money"].to_dict() == grouped["money"].sum().to_dict()


def test_ties_share_a_rank_and_stand_by_name():
    found = popular(baskets("b", "a", "c", "c"))
    assert found.table[["product", "customers_rank", "money_rank"]].to_numpy().tolist() == [
        ["a", 1, 2], ["b", 1, 2], ["c", 1, 1]
    ]  # fmt: skip
    assert found.top(2)["by_money"].tolist() == ["c", "a"]
    assert found.rankings == ("customers", "money")


def test_money_given_back_makes_no_customer_and_takes_no_unit():
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "b", "b"],
            "order_id": ["1", "2", "2"],
            "order_date": pd.Timestamp("2026-06-01"),
            "amount": [5.0, 9.0, -2.0],
            "goods": ["x", "y", "x"],
            "pieces": [1, 1, 1],
        }
    )
    lines = purchase_lines(orders, type_customers(orders, as_of=AS_OF), product="goods", quantity="pieces")
    found = popular(lines).table.set_index("product").loc["x"]
    assert (found["customers"], found["units"], found["money"]) == (1, 1, 300)
    assert by_goods(lines, "product").set_index("product")["lines"].to_dict() == {"x": 2, "y": 1}


def test_fractions_of_a_unit_are_kept():
    orders = pd.DataFrame(
        {
            "customer_id": "a",
            "order_id": ["1", "2"],
            "order_date": pd.Timestamp("2026-06-01"),
            "amount": 5,
            "goods": "x",
        }
    )
    orders = orders.assign(kilos=[0.5, 0.75])
    lines = purchase_lines(orders, type_customers(orders, as_of=AS_OF), product="goods", quantity="kilos")
    assert popular(lines).table["units"].tolist() == [1.25]


def test_the_standard_tables_add_up_to_the_result(result, lines):
    money, orders = result.customers["monetary"].sum(), result.customers["frequency"].sum()
    for table in (by_frequency(result), by_spend(result)):
        assert table["customers"].sum() == len(result.customers)
        assert table["orders"].sum() == orders
        assert table["money"].sum() == money
        assert table[["customer_share", "money_share"]].sum().tolist() == pytest.approx([1, 1])
    goods = by_goods(lines)
    assert goods["money"].sum() == money
    assert goods["lines"].sum() == result.rows_used
    assert goods["money"].is_monotonic_decreasing


def test_bands_hold_their_lower_end():
    amounts = [0.99, 1, 1.99, 2, 4.99, 5, 100]
    orders = pd.DataFrame({"customer_id": list("abcdefg"), "order_id": list("1234567"), "amount": amounts})
    table = by_spend(type_customers(orders.assign(order_date=pd.Timestamp("2026-06-01")), as_of=AS_OF))
    bands = dict(zip(table["spend_band"], table["customers"], strict=True))
    assert bands == {"< 1": 1, "1–2": 2, "2–5": 2, "5–10": 1, "≥ 50": 1}


def test_bands_of_frequency_begin_with_none():
    days = pd.to_datetime(["2025-01-01"] + ["2026-06-01"] * 7)
    orders = pd.DataFrame(
        {"customer_id": list("abbbbbbb"), "order_id": list("12345678"), "order_date": days, "amount": 1}
    )
    table = by_frequency(type_customers(orders, as_of=AS_OF, window=365, population="history"))
    assert table["frequency_band"].tolist() == ["0", "6–10"]
    assert table["orders"].tolist() == [0, 7]


def test_lines_without_a_category_stand_in_a_row_of_their_own(small):
    orders = small.assign(category=["x", "x", None, "y", "y", "y"])
    table = by_goods(purchase_lines(orders, type_customers(orders, as_of=AS_OF), category="category"))
    assert table.loc[table["category"].isna(), "money"].tolist() == [300]
    assert table["money"].sum() == 2100
    assert popular(purchase_lines(orders, type_customers(orders, as_of=AS_OF), category="category"), "category").table[
        "category"
    ].tolist() == ["y", "x"]


@pytest.mark.parametrize("step", [popular, by_goods, bought_together])
def test_steps_that_need_products_say_so(small, step):
    lines = purchase_lines(small, type_customers(small, as_of=AS_OF))
    with pytest.raises(DataError, match="no product"):
        step(lines, "product")


def test_a_column_that_is_empty_in_every_line_is_said(small):
    orders = small.assign(goods="")
    lines = purchase_lines(orders, type_customers(orders, as_of=AS_OF), category="goods")
    with pytest.raises(DataError, match="goods is empty in every line"):
        popular(lines, by="category")
