"""Thirds and value tiers: ties together, open weights."""

import pandas as pd
import polars as pl
import pytest

from crmlab import type_customers
from crmlab.errors import DataError, ParameterError
from crmlab.grouping import order_groups, thirds, value_tiers


@pytest.fixture(scope="module")
def result(random_orders):
    return type_customers(random_orders, as_of="2026-06-17")


def test_equal_values_are_in_one_group():
    table = thirds(pd.DataFrame({"x": [5] * 90 + [6] * 5 + [7] * 5}), "x", "group")
    assert table.groupby("x")["group"].nunique().max() == 1
    assert table["group"].tolist() == ["low"] * 90 + ["high"] * 10


def test_thirds_of_nine_different_values_are_three_each():
    assert thirds(pd.DataFrame({"x": range(9)}), "x", "g")["g"].value_counts().to_dict() == dict.fromkeys(
        ("low", "mid", "high"), 3
    )


def test_thirds_hand_back_the_kind_that_came_in():
    table = thirds(pl.DataFrame({"x": [1, 2, 3]}), "x", "g")
    assert isinstance(table, pl.DataFrame)
    assert table["g"].to_list() == ["low", "mid", "high"]


def test_groups_hold_every_customer_once(result):
    groups = order_groups(result)
    assert sorted(groups["customer_id"]) == sorted(result.table["customer_id"])
    assert groups[["frequency_group", "spend_group"]].notna().all().all()


def test_weights_decide_the_tier(result):
    by_money = value_tiers(result, {"monetary": 1})
    assert (
        by_money.groupby("value_tier")["monetary"].min()["high"]
        > by_money.groupby("value_tier")["monetary"].max()["low"]
    )
    by_recency = value_tiers(result, {"recency_days": 1})
    best = by_recency[by_recency["value_tier"] == "high"]["recency_days"].max()
    assert best < by_recency[by_recency["value_tier"] == "low"]["recency_days"].min()


@pytest.mark.parametrize("weights", [{"monetary": 0}, {"monetary": 0.5}, {"money": 1}, {"monetary": -1}])
def test_weights_that_cannot_be_used_are_refused(result, weights):
    with pytest.raises(ParameterError, match="weights"):
        value_tiers(result, weights)


@pytest.mark.parametrize("values", [[1.5, 2.5], ["a", "b"], pd.array([1, None], dtype="Int64")])
def test_thirds_need_a_whole_number_in_every_row(values):
    with pytest.raises(DataError, match="spend"):
        thirds(pd.DataFrame({"spend": values}), "spend", "group")


def test_thirds_of_a_missing_column_and_of_nobody():
    with pytest.raises(DataError, match="spend"):
        thirds(pd.DataFrame({"orders": [1]}), "spend", "group")
    assert thirds(pd.DataFrame({"orders": [1]}).head(0), "orders", "group").columns.tolist() == ["orders", "group"]
