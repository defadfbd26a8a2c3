"""Value tiers by declared weights, loyalty among them, and how much hangs on the weights."""

import pandas as pd
import pytest

from crmlab import type_customers
from crmlab.errors import DataError, ParameterError
from crmlab.grouping.thirds import order_groups
from crmlab.grouping.tiers import tier_sensitivity, value_tiers

# Nine customers: recency rises, spend rises, so the two pull against each other; frequency is 1 for all.
DAYS = pd.Timestamp("2026-06-17") - pd.to_timedelta(range(9), unit="D")
ORDERS = pd.DataFrame(
    {
        "customer_id": list("abcdefghi"),
        "order_id": range(9),
        "order_date": DAYS,
        "amount": [10 * n for n in range(1, 10)],
    }
)


@pytest.fixture(scope="module")
def result():
    return type_customers(ORDERS, as_of="2026-06-17")


def tiers(table):
    return dict(zip(table["customer_id"], table["value_tier"], strict=True))


def test_by_money_alone_the_scores_are_fifths_and_the_tiers_thirds_of_the_scores(result):
    table = value_tiers(result, {"monetary": 1})
    assert table["value_score"].tolist() == [1, 1, 2, 2, 3, 4, 4, 5, 5]
    assert tiers(table) == dict(zip("abcdefghi", ["low"] * 4 + ["mid"] * 3 + ["high"] * 2, strict=True))


def test_the_sensitivity_table_counts_who_moves_and_their_money(result):
    by_money, by_recency = {"monetary": 1}, {"recency_days": 1}
    found = tier_sensitivity(result, [by_money, by_recency], declared=by_money, lang="en")
    first, second = found.to_dict("records")
    assert [first[name] for name in ("customers_changed", "customers_up", "customers_down", "monetary_changed")] == [
        0
    ] * 4
    before, after = tiers(value_tiers(result, by_money)), tiers(value_tiers(result, by_recency))
    level = ["low", "mid", "high"].index
    moved = [one for one in before if before[one] != after[one]]
    assert second["customers_changed"] == len(moved) > 4
    assert second["customers_changed_share"] == len(moved) / 9
    assert second["customers_up"] == sum(level(after[one]) > level(before[one]) for one in moved)
    assert second["customers_down"] == sum(level(after[one]) < level(before[one]) for one in moved)
    spent = dict(zip(ORDERS["customer_id"], ORDERS["amount"] * 100, strict=True))
    assert second["monetary_changed"] == sum(spent[one] for one in moved)
    assert second["monetary_changed_share"] == second["monetary_changed"] / sum(spent.values())
    assert found["weights"].tolist() == ["net spend × 1", "days since last purchase × 1"]


def test_weights_in_one_proportion_give_the_same_tiers(result):
    (row,) = tier_sensitivity(
        result, [{"recency_days": 3, "monetary": 6}], declared={"recency_days": 1, "monetary": 2}
    ).to_dict("records")
    assert row["customers_changed"] == 0


def test_equal_customers_are_in_one_tier_and_one_group():
    parts = [ORDERS.assign(customer_id=ORDERS["customer_id"] + part, order_id=range(n, n + 9)) for part, n in
             (("x", 0), ("y", 9), ("z", 18))]  # fmt: skip
    orders = pd.concat(parts)
    result = type_customers(orders.sample(frac=1, random_state=2), as_of="2026-06-17")
    table = value_tiers(result).merge(order_groups(result)[["customer_id", "frequency_group", "spend_group"]])
    alike = table.groupby(["recency_days", "frequency", "monetary"])
    assert alike.ngroups == 9
    for column in ("value_tier", "spend_group", "frequency_group"):
        assert alike[column].nunique().max() == 1


def test_loyalty_can_weigh_and_a_blank_leaves_the_tier_unknown(result):
    months = pd.DataFrame({"customer_id": list("ihgfedcb"), "active_months": [1, 1, 1, 1, 1, 1, 1, 12]})
    table = value_tiers(result, {"active_months": 1}, months)
    assert tiers(table) == {"a": "unknown", "b": "high"} | dict.fromkeys("cdefghi", "low")
    assert table.set_index("customer_id")["value_score"].isna().to_dict()["a"]
    with_money = value_tiers(result, {"active_months": 1, "monetary": 1}, months).set_index("customer_id")
    assert with_money.loc["c", "value_score"] == 2 + 1
    (row,) = tier_sensitivity(result, [{"active_months": 1}], facts=months, lang="zh").to_dict("records")
    assert row["weights"] == "有购买的月数 × 1"


def test_a_column_without_any_value_makes_every_tier_unknown(result):
    blank = pd.DataFrame({"customer_id": list("abc"), "nps": [float("nan")] * 3})
    assert set(value_tiers(result, {"nps": 1}, blank)["value_tier"]) == {"unknown"}


def test_what_cannot_be_weighed_is_refused(result):
    with pytest.raises(ParameterError, match="loyalty"):
        value_tiers(result, {"loyalty": 1})
    halves = pd.DataFrame({"customer_id": list("ab"), "share": [0.5, 1.0]})
    with pytest.raises(DataError, match="share"):
        value_tiers(result, {"share": 1}, halves)
    with pytest.raises(DataError, match="share"):
        value_tiers(result, {"share": 1}, halves.assign(share=["half", "all"]))


def test_order_groups_as_tiers_by_person_and_by_buying_group_are_two_units():
    """A buying group and the people in it are different customers; each typing keeps to one of them."""
    orders = ORDERS.assign(group_id=["g1"] * 4 + ["g2"] * 5)
    people = type_customers(orders, as_of="2026-06-17")
    groups = type_customers(orders, as_of="2026-06-17", customer="group_id")
    assert (people.customer_column, groups.customer_column) == ("customer_id", "group_id")
    assert sorted(people.customers["customer_id"]) == list("abcdefghi")
    assert groups.customers.set_index("group_id")["frequency"].to_dict() == {"g1": 4, "g2": 5}
    assert groups.customers.set_index("group_id")["monetary"].to_dict() == {"g1": 10_000, "g2": 35_000}
    assert not {"group_id"} & set(people.customers)
    assert not {"customer_id"} & set(groups.customers)
    assert people.customers["monetary"].sum() == groups.customers["monetary"].sum()
