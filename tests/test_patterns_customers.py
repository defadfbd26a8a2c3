"""Rhythm, preferences and habits of customers, against hand sheets and the planted truth."""

from pathlib import Path

import pandas as pd
import pytest
from kinds import KINDS

from crmlab import DataError, ParameterError, type_customers
from crmlab.course.settings import check_settings
from crmlab.data import open_data
from crmlab.patterns import concentration, habit, preferences, purchase_lines, rhythm

AS_OF = "2026-06-17"
TRUTH = Path(__file__).resolve().parents[1] / "datasets" / "truth" / "habits.csv"


def bought(rows, columns=("customer_id", "order_id", "order_date", "amount")):
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(order_date=pd.to_datetime(frame["order_date"]))


RHYTHM = bought(
    [
        ("a", "1", "2026-01-01", 10.00),
        ("a", "2", "2026-01-11", 10.01),
        ("a", "3", "2026-01-11", 10.00),
        ("a", "4", "2026-01-31", 10.00),
        ("a", "5", "2026-03-12", 10.00),
        ("b", "6", "2026-06-01", 5.00),
        ("b", "7", "2026-06-01", 5.01),
        ("c", "8", "2026-05-01", 3.00),
        ("c", "9", "2026-05-31", 3.00),
    ]
)
"""a: gaps of 10, 20 and 40 days; b: one day only; c: a single gap."""


def test_rhythm_is_that_of_the_hand_sheet():
    found = rhythm(type_customers(RHYTHM, as_of=AS_OF)).set_index("customer_id")
    assert found["orders"].to_dict() == {"a": 5, "b": 2, "c": 2}
    assert found["average_order"].to_dict() == {"a": 1000, "b": 501, "c": 300}
    assert found["median_gap"].dropna().to_dict() == {"a": 20.0, "c": 30.0}
    assert found["gap_spread"].dropna().to_dict() == {"a": 15.0}
    assert found["days_since_last"].to_dict() == {"a": 97, "b": 16, "c": 17}


@pytest.mark.parametrize("kind", KINDS)
def test_rhythm_is_the_same_on_every_engine_and_in_any_order_of_rows(kind, tmp_path):
    given = KINDS[kind](RHYTHM.sample(frac=1, random_state=5), tmp_path)
    expected = rhythm(type_customers(RHYTHM, as_of=AS_OF))
    pd.testing.assert_frame_equal(rhythm(type_customers(given, as_of=AS_OF)), expected)


def test_customers_without_an_order_in_the_window_have_blanks():
    result = type_customers(RHYTHM, as_of=AS_OF, window=30, population="history")
    found = rhythm(result).set_index("customer_id")
    assert found.loc["a", "orders"] == 0
    assert found.loc["a", ["average_order", "median_gap", "gap_spread"]].isna().all()
    assert found.loc["a", "days_since_last"] == 97


PREFERENCES = bought(
    [
        ("a", "1", "2026-06-01", 60, "coffee", 0, "x"),
        ("a", "2", "2026-06-02", 30, "tea", 5, "y"),
        ("a", "3", "2026-06-03", 30, "coffee", 5, "x"),
        ("a", "3", "2026-06-03", -20, "coffee", 0, "x"),
        ("b", "4", "2026-06-01", 10, "tea", 0, "x"),
        ("b", "5", "2026-06-02", 10, "coffee", 0, "x"),
        ("b", "6", "2026-06-03", 10, None, 0, "x"),
        ("c", "7", "2026-06-01", 99, "tea", 9, "x"),
        ("c", "8", "2026-06-02", 99, "tea", 9, "x"),
    ],
    ("customer_id", "order_id", "order_date", "amount", "category", "discount", "brand"),
)
"""a: coffee 70 of 100 yuan, 60 of 100 at a discount; b: a tie, and a line without a category; c: two orders."""


def test_preferences_are_those_of_the_hand_sheet():
    result = type_customers(PREFERENCES, as_of=AS_OF)
    lines = purchase_lines(PREFERENCES, result, category="category", discount="discount")
    found = preferences(lines).set_index("customer_id")
    assert found["top_category"].dropna().to_dict() == {"a": "coffee", "b": "coffee"}
    assert found["top_category_share"].dropna().to_dict() == {"a": 0.7, "b": 0.5}
    assert found["categories"].dropna().to_dict() == {"a": 2, "b": 2}
    assert found["discount_share"].dropna().to_dict() == {"a": 0.6, "b": 0.0}


def test_preferences_without_a_category_or_a_discount_are_blank():
    result = type_customers(PREFERENCES, as_of=AS_OF)
    found = preferences(purchase_lines(PREFERENCES, result))
    assert list(found["customer_id"]) == ["a", "b", "c"]
    assert found.drop(columns="customer_id").isna().all(axis=None)


def test_a_category_of_which_nothing_is_left_counts_as_nothing():
    orders = PREFERENCES.assign(amount=[60, 30, 30, -95, 1, 1, 1, 1, 1])
    lines = purchase_lines(orders, type_customers(orders, as_of=AS_OF), category="category")
    a = preferences(lines).set_index("customer_id").loc["a"]
    assert (a["top_category"], a["top_category_share"], a["categories"]) == ("tea", 1.0, 2)


def test_concentration_of_brands_is_the_sum_of_squared_shares():
    lines = purchase_lines(PREFERENCES, type_customers(PREFERENCES, as_of=AS_OF), category="brand")
    found = concentration(lines).set_index("customer_id")
    assert found["concentration"].dropna().round(12).to_dict() == {"a": 0.58, "b": 1.0}
    assert found["things"].dropna().to_dict() == {"a": 2, "b": 1}


@pytest.fixture(scope="module")
def shop():
    return open_data(check_settings(data="teaching"))


@pytest.fixture(scope="module")
def lines(shop):
    result = type_customers(shop.orders, as_of=shop.as_of, window=365, **shop.columns)
    return purchase_lines(shop.orders, result, **shop.goods_columns)


@pytest.mark.parametrize(("category", "fewest"), [("coffee", 30), ("kitchen", 11), ("tea", 0)])
def test_habits_are_the_true_ones_of_customers_who_agreed_to_analysis(shop, lines, category, fewest):
    truth = pd.read_csv(TRUTH, encoding="utf-8")
    truth = truth[truth["category"] == category]
    truth = truth.assign(customer_id=shop.key.pseudonyms(truth["customer_id"]))
    truth = truth[truth["customer_id"].isin(shop.orders["customer_id"])]
    found = habit(lines, category)
    habits = set(found.loc[found["is_habit"], "customer_id"])
    true = set(truth.loc[truth["months"] == 6, "customer_id"])
    assert len(true) >= fewest
    precision = len(habits & true) / len(habits) if habits else 1.0
    recall = len(habits & true) / len(true) if true else 1.0
    assert (precision, recall) == (1.0, 1.0)
    near = truth[truth["months"] == 5].merge(found, on="customer_id")
    assert len(near) == (truth["months"] == 5).sum()
    assert set(near["months_bought"]) <= {5}


def coffee(days):
    rows = [("a", str(number), day, 9.0, "coffee") for number, day in enumerate(days)]
    frame = pd.DataFrame(rows, columns=["customer_id", "order_id", "order_date", "amount", "category"])
    return frame.assign(order_date=pd.to_datetime(frame["order_date"], format="ISO8601"))


def habit_of(orders, as_of, months, **settings):
    history = settings.pop("history", False)
    result = type_customers(orders, as_of=as_of, **settings)
    found = habit(purchase_lines(orders, result, category="category", history=history), "coffee", months)
    return found.iloc[0, 1:].tolist()


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2026-05-31", [2, "2026-04", "2026-05", True]),
        ("2026-06-30", [1, "2026-05", "2026-05", False]),
        ("2026-06-29", [2, "2026-04", "2026-05", True]),
    ],
)
def test_a_month_counts_once_it_is_over(as_of, expected):
    assert habit_of(coffee(["2026-04-01", "2026-05-31"]), as_of, 2) == expected


def test_the_first_and_the_last_instant_of_a_month_belong_to_it():
    orders = coffee(["2026-03-31 23:59:59.999999", "2026-04-30 23:59:59.999999", "2026-05-01 00:00:00"])
    assert habit_of(orders, "2026-06-17", 3) == [3, "2026-03", "2026-05", True]


@pytest.mark.parametrize(("zone", "months"), [("Asia/Shanghai", 2), ("UTC", 1)])
def test_months_are_those_of_the_time_zone(zone, months):
    orders = coffee(["2026-04-10", "2026-04-30 20:00"])
    orders = orders.assign(order_date=orders["order_date"].dt.tz_localize("UTC"))
    assert habit_of(orders, "2026-06-17", 2, time_zone=zone)[0] == months


def test_money_given_back_is_no_purchase():
    orders = coffee(["2026-04-10", "2026-05-10", "2026-05-11"]).assign(
        order_id=["1", "2", "2"], amount=[9, 5, -2], category=["coffee", "tea", "coffee"]
    )
    assert habit_of(orders, "2026-06-17", 2)[0] == 1


def test_a_window_that_is_too_short_is_refused_unless_history_is_taken():
    orders = coffee([f"2026-0{month}-05" for month in range(1, 7)])
    with pytest.raises(ParameterError) as error:
        habit_of(orders, "2026-06-17", 5, window=90)
    assert error.value.key == "patterns_window"
    assert habit_of(orders, "2026-06-17", 5, window=90, history=True) == [5, "2026-01", "2026-05", True]


@pytest.mark.parametrize("months", [0, -1, 2.0, True, "6"])
def test_months_are_whole_numbers(lines, months):
    with pytest.raises(ParameterError, match="whole number"):
        habit(lines, "coffee", months)


def test_an_unknown_category_is_no_empty_answer(lines):
    with pytest.raises(DataError, match="Coffee"):
        habit(lines, "Coffee")
    with pytest.raises(DataError, match='purchase of "3"'):
        habit(lines, 3)


def test_concentration_of_something_else_is_refused(lines):
    with pytest.raises(ParameterError, match="category, product"):
        concentration(lines, "brand")


def test_a_known_category_without_a_habit_is_an_empty_table():
    orders = coffee(["2025-01-05"])
    lines = purchase_lines(orders, type_customers(orders, as_of="2026-06-17"), category="category")
    found = habit(lines, "coffee")
    assert found.empty
    assert list(found) == ["customer_id", "months_bought", "first_month", "last_month", "is_habit"]
