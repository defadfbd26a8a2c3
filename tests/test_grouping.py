"""Thirds and value tiers: ties together, open weights."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from crmlab import type_customers
from crmlab.errors import ParameterError
from crmlab.grouping import order_groups, thirds, value_tiers


@pytest.fixture(scope="module")
def orders():
    draw = np.random.default_rng(7)
    customers = np.repeat([f"C{number:03}" for number in range(120)], draw.integers(1, 9, 120))
    return pd.DataFrame(
        {
            "customer_id": customers,
            "order_id": [str(number) for number in range(len(customers))],
            "order_date": pd.Timestamp("2026-06-17") - pd.to_timedelta(draw.integers(0, 300, len(customers)), unit="D"),
            "amount": draw.integers(100, 90_000, len(customers)) / 100,
        }
    )


@pytest.fixture(scope="module")
def result(orders):
    return type_customers(orders, as_of="2026-06-17")


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
