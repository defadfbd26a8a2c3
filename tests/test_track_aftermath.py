"""The simulated days after a campaign: what is planted, that luck is the same, and comparisons that mislead."""

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from crmlab import type_customers
from crmlab.errors import ParameterError
from crmlab.track import Campaign, shortcuts
from crmlab.world.aftermath import aftermath

START = dt.date(2026, 6, 18)


@pytest.fixture(scope="module")
def recall(result):
    group = result.customers[result.customers["type"].isin([4, 5, 6])]
    return Campaign("recall", group=group, message="coupon", starts_on=START, holdout=0.5)


def buyers(after):
    return set(after.orders["customer_id"])


def test_the_same_seed_is_the_same_future_and_the_order_of_rows_changes_nothing(shop, result, recall):
    first = aftermath(shop, result, recall, effect=0.1, seed=3)
    other = replace(recall, group=recall.group.sample(frac=1, random_state=1))
    second = aftermath(shop, result, other, effect=0.1, seed=3)
    pd.testing.assert_frame_equal(first.orders, second.orders)
    assert not first.orders.equals(aftermath(shop, result, recall, effect=0.1, seed=4).orders)


def test_the_effect_alone_makes_the_difference(shop, result, recall):
    """With the same luck an effect only adds buyers, all of them treated; a negative one only takes some away."""
    plain, more, fewer = (buyers(aftermath(shop, result, recall, effect=effect)) for effect in (0, 0.3, -0.3))
    treated = set(recall.treated["customer_id"])
    assert plain < more
    assert more - plain <= treated
    assert fewer < plain
    assert plain - fewer <= treated


def test_an_effect_by_type_reaches_that_type_only(shop, result, recall):
    plain, found = (aftermath(shop, result, recall, effect=effect) for effect in (0, {4: 0.5}))
    added = buyers(found) - buyers(plain)
    types = recall.group.set_index("customer_id")["type"]
    assert set(types.reindex(sorted(added))) == {4}
    planted = found.planted.set_index("stratum")["planted_share"]
    assert planted["type_4"] == pytest.approx(0.5, abs=0.02)
    assert planted[["type_5", "type_6"]].tolist() == [0, 0]
    sizes = recall.strata.set_index("stratum")["customers"]
    assert planted["all"] == pytest.approx(planted["type_4"] * sizes["type_4"] / sizes.sum())


def test_what_is_planted_cannot_push_a_chance_beyond_one(shop, result, recall):
    planted = aftermath(shop, result, recall, effect=1.0).planted.set_index("stratum")
    assert (planted["base_share"] + planted["planted_share"]).between(0.999, 1.001).all()


def test_a_message_that_reaches_half_has_half_the_effect(shop, result, recall):
    treated = recall.treated["customer_id"]
    half = aftermath(shop, result, recall, effect=0.2, contacted=treated[::2])
    whole, none = (aftermath(shop, result, recall, effect=0.2, contacted=ids) for ids in (treated, treated[:0]))
    shares = [after.planted["planted_share"][0] for after in (none, half, whole)]
    assert shares[0] == 0
    assert shares[1] == pytest.approx(shares[2] / 2, rel=0.02)
    assert buyers(half) - buyers(none) <= set(treated[::2])


def test_a_coupon_comes_off_the_first_order_of_those_who_were_reached(shop, result, recall):
    plain, found = (aftermath(shop, result, recall, effect=0.1, coupon=coupon) for coupon in (0, 500))
    taken = plain.orders["amount"] - found.orders["amount"]
    treated = plain.orders["customer_id"].isin(recall.treated["customer_id"])
    assert taken[~treated].eq(0).all()
    assert taken[treated].groupby(plain.orders["customer_id"]).sum().round(2).le(5).all()
    assert taken.sum() == pytest.approx(5 * plain.orders.loc[treated, "customer_id"].nunique(), abs=20)


def test_the_orders_are_as_the_shops_own_and_in_the_days_of_the_campaign(shop, result, recall):
    after = aftermath(shop, result, recall, effect=0.1)
    assert after.orders["order_date"].between("2026-06-18", "2026-07-17").all()
    both = pd.concat([shop.orders, after.orders])
    typed = type_customers(both, as_of=recall.ends_on, window=30, currency=shop.currency, **shop.columns)
    assert len(typed.customers) == len(buyers(after))
    assert int(typed.customers["monetary"].sum()) == round(100 * after.orders["amount"].sum())
    assert "was ever placed" in after.describe("en")


def test_the_world_is_as_busy_as_it_says(shop, result, recall):
    """The expected share of buyers without an effect, beside the one that 20 futures have: within 2 points."""
    group = replace(recall, group=result.customers)
    found = [buyers(aftermath(shop, result, group, effect=0, seed=seed)) for seed in range(20)]
    expected = aftermath(shop, result, group, effect=0).planted["base_share"][0]
    assert sum(map(len, found)) / 20 / len(result.customers) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(("effect", "key"), [({9: 0.1}, "track_effect_value"), ({4: 1.2}, "track_effect_share"),
                                             (-2, "track_effect_share")])  # fmt: skip
def test_effects_that_cannot_be_planted(shop, result, recall, effect, key):
    with pytest.raises(ParameterError) as caught:
        aftermath(shop, result, recall, effect=effect)
    assert caught.value.key == key


def test_only_the_hold_out_finds_what_was_planted(shop, result):
    """The best customers get a useless message: beside all others it seems to work wonders."""
    group = result.customers[result.customers["type"].isin([1, 2, 3])]
    campaign = Campaign("best", group=group, message="thanks", starts_on=START, holdout=0.5)
    after = aftermath(shop, result, campaign, effect=0.0)
    found = shortcuts(campaign.verdict(after), result, after).set_index("comparison")
    assert found["planted_share"].eq(0).all()
    assert abs(found.loc["held_out", "off_share"]) < 0.1
    assert found.loc["not_chosen", "off_share"] > 0.1
    assert found.loc["before_after", "off_share"] < -0.1
    everybody = Campaign("all", group=result.customers, message="thanks", starts_on=START)
    after = aftermath(shop, result, everybody, effect=0.0)
    assert shortcuts(everybody.verdict(after), result, after)["comparison"].tolist() == ["held_out", "before_after"]
