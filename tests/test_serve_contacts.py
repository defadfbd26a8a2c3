"""Who is to be contacted when, and who has which account manager: exact, even, and the same on every run."""

from collections import Counter
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.errors import DataError, ParameterError
from crmlab.serve import assign_managers, communication_plan
from crmlab.serve.communication import measures
from crmlab.words import LANGUAGES

ON = date(2026, 6, 18)
TIERS = pd.DataFrame({"id": [f"c{place:03}" for place in range(90)], "value_tier": ["high", "mid", "low"] * 30})


def due(on, until, tiers=TIERS, agreed=None):
    return communication_plan(tiers, agreed=agreed, on=on, until=until, lang="en").due


def test_each_customer_is_due_every_so_many_days_and_by_nothing_else():
    found = due(ON, date(2027, 6, 17))
    for line in measures():
        every, own = int(line["every_days"]), TIERS.loc[TIERS["value_tier"] == line["tier"], "id"]
        part = found[(found["value_tier"] == line["tier"]) & (found["channel"] == line["channel"])]
        assert sorted(part["customer_id"].unique()) == own.tolist()
        days = part.groupby("customer_id")["due_on"]
        assert (days.diff().dropna() == pd.Timedelta(days=every)).all()
        assert (days.min() < pd.Timestamp(ON + timedelta(days=every))).all()
        assert (days.max() > pd.Timestamp(date(2027, 6, 17) - timedelta(days=every))).all()
        assert (part["who"] == line["who"]).all()
    month = [ON + timedelta(days=day) for day in range(30)]
    assert [len(due(day, day)) for day in month] == [(found["due_on"] == pd.Timestamp(day)).sum() for day in month]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 400), st.integers(0, 60), st.integers(1, 60), st.randoms())
def test_two_ranges_make_the_range_of_both(start, first, second, chance):
    on = ON + timedelta(days=start)
    middle, end = on + timedelta(days=first), on + timedelta(days=first + second)
    parts = pd.concat([due(on, middle), due(middle + timedelta(days=1), end)], ignore_index=True)
    shuffled = TIERS.iloc[chance.sample(range(len(TIERS)), len(TIERS))]
    pd.testing.assert_frame_equal(parts, due(on, end, shuffled))


def test_the_plan_counts_what_is_due_and_every_tier_has_a_way_to_a_person():
    found = communication_plan(TIERS, agreed=None, on=ON, until=date(2026, 9, 15), lang="en")
    counted = found.due.groupby(["value_tier", "channel"]).size()
    for line in found.table.dropna(subset=["contacts"]).itertuples():
        assert line.contacts == counted[line.value_tier, line.channel]
        assert line.customers == 30
        assert line.contacts == 30 * 90 / line.every_days or 90 % line.every_days
    ways = found.table[found.table["every_days"].isna()]
    assert sorted(ways["value_tier"]) == ["high", "low", "mid"]
    assert ways["what"].str.contains("a real person").all()


def test_the_work_is_spread_over_the_days():
    many = pd.DataFrame({"id": [f"x{place}" for place in range(9000)], "value_tier": "high"})
    calls = due(ON, ON + timedelta(days=29), many)
    daily = calls[calls["channel"] == "phone"].groupby("due_on").size()
    assert len(daily) == 30
    assert daily.sum() == 9000
    assert daily.between(200, 400).all()


def test_nobody_is_approached_without_consent_or_tier():
    tiers = pd.concat([TIERS, pd.DataFrame({"id": ["u1"], "value_tier": ["unknown"]})], ignore_index=True)
    found = communication_plan(tiers, agreed=["c000", "c001", "u1"], on=ON, until=date(2026, 12, 31))
    assert set(found.due["customer_id"]) == {"c000", "c001"}
    assert (found.not_agreed, found.unknown) == (88, 1)
    assert all(found.describe(lang) for lang in LANGUAGES)
    with pytest.raises(ParameterError):
        communication_plan(TIERS, agreed=None, on=ON, until=date(2026, 6, 17))


def people(money, tier="high"):
    ids = [f"c{place:03}" for place in range(len(money))]
    return pd.DataFrame({"customer_id": ids, "value_tier": tier, "monetary": money})


def staff(capacities):
    return pd.DataFrame({"manager": [f"M{place}" for place in range(len(capacities))], "capacity": capacities})


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 5), max_size=25),
    st.lists(st.integers(0, 6), min_size=1, max_size=5),
    st.lists(st.integers(0, 6), min_size=1, max_size=5),
    st.sets(st.integers(0, 24)),
    st.randoms(),
)
def test_no_manager_is_over_capacity_and_who_has_one_keeps_him(money, before, after, gone, chance):
    every = people(money)
    first = assign_managers(every, staff(before).astype({"capacity": "int64"}), agreed=None)
    left = every.drop(index=[place for place in gone if place < len(every)])
    now = assign_managers(
        left.iloc[chance.sample(range(len(left)), len(left))], staff(after), agreed=None, previous=first.table
    )
    for found, given_people, limits in ((first, every, before), (now, left, after)):
        load = Counter(found.table["manager"])
        limit = {f"M{place}": capacity for place, capacity in enumerate(limits)}
        assert all(load[one] <= limit[one] for one in load)
        assert sorted([*found.table["customer_id"], *found.waiting["customer_id"]]) == sorted(
            given_people["customer_id"]
        )
        assert len(found.table) == min(len(given_people), sum(limits))
        assert found.load.set_index("manager")["customers"].to_dict() == {one: load[one] for one in limit}
    fresh = Counter(first.table["manager"])
    room = [fresh[f"M{place}"] for place, capacity in enumerate(before) if fresh[f"M{place}"] < capacity]
    assert not room or max(fresh.values(), default=0) - min(room) <= 1
    old, new = (dict(zip(one.table["customer_id"], one.table["manager"], strict=True)) for one in (first, now))
    kept = set(now.table.loc[now.table["kept_manager"], "customer_id"])
    assert kept == {one for one, manager in new.items() if old.get(one) == manager and one in kept}
    for manager in {f"M{place}" for place in range(len(after))}:
        mine = [one for one in left["customer_id"] if old.get(one) == manager]
        assert sum(new.get(one) == manager and one in kept for one in mine) == min(len(mine), after[int(manager[1:])])


def test_more_money_goes_first_and_equal_money_by_no_order_of_rows():
    found = assign_managers(people([1, 9, 5, 9]), staff([1, 1]), agreed=None)
    assert sorted(found.table["customer_id"]) == ["c001", "c003"]
    assert found.waiting.values.tolist() == [["c002", 1], ["c000", 2]]
    mixed = pd.concat([people([9], "mid"), people([1]).assign(customer_id="high")])
    assert assign_managers(mixed, staff([1]), agreed=None).table["customer_id"].tolist() == ["high"]
    assert assign_managers(people([1, 9]), staff([5]), agreed=["c000"]).not_agreed == 1
    assert "1 did not agree" in assign_managers(people([1, 9]), staff([5]), agreed=["c000"]).describe("en")


@pytest.mark.parametrize(
    ("customers", "managers", "key"),
    [
        (people([1]), pd.DataFrame({"manager": ["a", "a"], "capacity": [1, 1]}), "serve_manager_twice"),
        (people([1]), staff([1.5]), "serve_manager_capacity"),
        (people([1]), staff([-1]), "serve_manager_capacity"),
        (pd.concat([people([1]), people([2])]), staff([1]), "customer_twice"),
        (people([1]).drop(columns="monetary"), staff([1]), "missing_column"),
    ],
)
def test_tables_that_cannot_be_used(customers, managers, key):
    with pytest.raises(DataError) as caught:
        assign_managers(customers, managers, agreed=None)
    assert caught.value.key == key
