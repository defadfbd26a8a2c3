"""The rule itself: the golden customers on every kind of frame, ties, the mean of integers, windows, populations."""

import datetime as dt
import random

import golden
import pandas as pd
import pytest
from golden import AS_OF
from kinds import KINDS, SAME_KIND, as_pandas, types

from crmlab import type_customers, word

KEYS = ("population.window", "refunds.net", "split.mean", "reason.before_window", "describe.no_states")
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_golden_customers(kind, tmp_path):
    result = type_customers(KINDS[kind](golden.orders(), tmp_path), as_of=AS_OF)
    assert isinstance(result.table, SAME_KIND[kind])
    table = as_pandas(result.table).set_index("customer_id")
    assert table["type"].to_dict() == golden.TYPES
    assert table[["r_mark", "f_mark", "m_mark"]].sum(axis=1).to_dict() == golden.MARKS
    assert [tuple(row) for row in table[["recency_days", "frequency", "monetary"]].to_numpy()] == [
        (days, orders, yuan * 100) for days, orders, yuan in golden.CUSTOMERS.values()
    ]
    assert {name: threshold.value for name, threshold in result.thresholds.items()} == {
        "recency_days": 50, "frequency": 6, "monetary": 55000,
    }  # fmt: skip
    assert (result.rows_in, result.rows_used, result.orders_used, result.identical_lines) == (96, 96, 48, 48)


@every_kind
def test_golden_names_in_both_languages(kind, tmp_path):
    result = type_customers(KINDS[kind](golden.orders(), tmp_path), as_of=AS_OF)
    for place, lang in enumerate(("zh", "en")):
        summary = result.summary(lang)
        assert summary["customers"].tolist() == [1] * 8
        assert summary["name"].tolist() == [golden.NAMES[number][place] for number in summary["type"]]
        assert summary["type"].tolist() == [1, 2, 3, 4, 5, 6, 0, 0]
        assert summary["marks"].tolist() == [
            "R↓F↑M↑", "R↓F↓M↑", "R↓F↑M↓", "R↑F↑M↑", "R↑F↑M↓", "R↑F↓M↓", "R↓F↓M↓", "R↑F↓M↑",
        ]  # fmt: skip
        for customer, number in golden.TYPES.items():
            assert golden.NAMES[number][place] in result.explain(customer, lang)


@every_kind
def test_a_customer_at_the_mean_is_up(kind, tmp_path):
    orders = golden.orders(golden.CUSTOMERS | {"i": (50, 6, 550)})
    found = types(type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF).table)
    assert found == golden.TYPES | {"i": 4}


@every_kind
def test_a_single_customer_is_up_three_times(kind, tmp_path):
    orders = golden.orders({"alone": (400, 1, 0.01)})
    assert types(type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF).table) == {"alone": 4}


@every_kind
def test_thirty_customers_with_one_cent_each_are_equal(kind, tmp_path):
    orders = golden.orders({f"c{number:02d}": (5, 1, 0.01) for number in range(30)}).iloc[::2]
    assert set(types(type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF).table).values()) == {4}


def test_the_unnamed_two_can_be_named_and_stay_type_zero():
    result = type_customers(golden.orders(), as_of=AS_OF, names={"R↓F↓M↓": "new and small"})
    assert result.summary("en")["name"].tolist()[-2:] == ["new and small", "unnamed"]
    assert types(result.table) == golden.TYPES
    assert "new and small" in result.explain("g", "en")


def test_summary_shares_add_up():
    summary = type_customers(golden.orders(golden.CUSTOMERS | {"z": (10, 2, 90)}), as_of=AS_OF).summary("en")
    assert summary["customers"].sum() == 9
    assert summary["customer_share"].sum() == pytest.approx(1)
    assert summary["monetary"].sum() == 449000
    assert summary["monetary_share"].sum() == pytest.approx(1)


def test_summary_of_no_money_has_no_share():
    summary = type_customers(golden.orders({"a": (1, 1, 0)}), as_of=AS_OF).summary()
    assert summary["monetary_share"].isna().all()


def test_the_order_of_the_rows_does_not_matter():
    orders = golden.orders()
    shuffled = orders.sample(frac=1, random_state=3)
    expected = type_customers(orders, as_of=AS_OF).table
    pd.testing.assert_frame_equal(type_customers(shuffled, as_of=AS_OF).table, expected)


@every_kind
@pytest.mark.parametrize(("age", "there"), [(0, True), (29, True), (30, False)])
def test_the_window_counts_as_of_as_its_last_day(kind, age, there, tmp_path):
    orders = golden.orders({"near": (3, 1, 10), "edge": (age, 1, 10)})
    result = type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF, window=30)
    assert ("edge" in types(result.table)) is there
    assert result.rows_left_out == ({} if there else {"before_window": 2})
    assert result.settings.first_day == dt.date(2026, 5, 19)


def test_a_window_of_one_day_is_the_reference_date():
    orders = golden.orders({"today": (0, 1, 10), "yesterday": (1, 1, 10)})
    assert list(types(type_customers(orders, as_of=AS_OF, window=1).table)) == ["today"]


@every_kind
def test_population_history_keeps_those_who_bought_before_the_window(kind, tmp_path):
    orders = KINDS[kind](golden.orders({"new": (3, 2, 10), "old": (200, 2, 99)}), tmp_path)
    table = as_pandas(type_customers(orders, as_of=AS_OF, window=30, population="history").table)
    assert table.iloc[:, :4].to_numpy().tolist() == [["new", 3, 2, 1000], ["old", 200, 0, 0]]
    assert list(types(type_customers(orders, as_of=AS_OF, window=30).table)) == ["new"]


@every_kind
@pytest.mark.parametrize(("split", "method"), [
    ("median", "median"), ("quantile", "quantile"),
    ({"recency_days": 91, "frequency": 2, "monetary": 100000}, "fixed"),
])  # fmt: skip
def test_other_splits_on_the_golden_customers(kind, split, method, tmp_path):
    result = type_customers(KINDS[kind](golden.orders(), tmp_path), as_of=AS_OF, split=split)
    assert {threshold.method for threshold in result.thresholds.values()} == {method}
    found = types(result.table)
    if method == "fixed":
        assert found == {"a": 1, "b": 1, "c": 3, "d": 1, "e": 3, "f": 3, "g": 3, "h": 1}
    else:
        assert found == golden.TYPES
    scores = [name for name in as_pandas(result.table).columns if name.endswith("_score")]
    assert scores == (["r_score", "f_score", "m_score"] if split == "quantile" else [])


def test_scores_give_five_to_the_best_and_keep_ties_together():
    days = {f"c{number:02d}": (number, 1, number) for number in range(1, 11)}
    table = type_customers(golden.orders(days | {"tie": (1, 1, 10)}), as_of=AS_OF, split="quantile").table
    by_customer = table.set_index("customer_id")
    assert by_customer.loc["c01", ["r_score", "m_score"]].tolist() == [5, 1]
    assert by_customer.loc["c10", ["r_score", "m_score"]].tolist() == [1, 5]
    assert by_customer.loc["tie", ["r_score", "m_score"]].tolist() == [5, 5]
    assert set(by_customer["f_score"]) == {1}


def test_settings_and_account_are_printed(small):
    shown = repr(type_customers(small, as_of=AS_OF, window=100))
    for part in ("2026-06-17", "2026-03-10", "CNY", *(word(key, lang) for key in KEYS for lang in ("zh", "en"))):
        assert part in shown


def test_equal_customers_are_equal_in_any_company():
    chance = random.Random(5)
    values = {
        f"c{number}": (chance.randrange(300), chance.randrange(1, 4), chance.randrange(500)) for number in range(60)
    }
    twins = {f"twin-{customer}": value for customer, value in values.items()}
    found = types(type_customers(golden.orders(values | twins), as_of=AS_OF).table)
    assert all(found[customer] == found[f"twin-{customer}"] for customer in values)
