"""The record of a campaign: the draw, what it refuses, saving, power and overlap."""

import datetime as dt
import json
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from crmlab.errors import DataError, ParameterError
from crmlab.track import Campaign, detectable, false_alarms, needed, overlaps, power
from crmlab.track.draw import draw
from crmlab.words import LANGUAGES

START = dt.date(2026, 6, 18)


def people(**sizes):
    """So many customers by type, as in people(one=10, four=3)."""
    types = {"one": 1, "two": 2, "four": 4, "six": 6, "none": 0}
    rows = [(f"{name}{number:04}", types[name]) for name, size in sizes.items() for number in range(size)]
    return pd.DataFrame(rows, columns=["customer_id", "type"])


def recall(group=None, **changed):
    settled = {"message": "coupon_618", "starts_on": START, "holdout": 0.2}
    return Campaign("recall_618", group=people(four=100, six=50) if group is None else group, **(settled | changed))


def test_the_draw_keeps_the_shares_of_the_strata_and_everybody_is_in_one_arm():
    campaign = recall(people(four=100, six=50, none=3))
    assert campaign.strata.values.tolist() == [
        ["type_4", 100, 80, 20, True],
        ["type_6", 50, 40, 10, True],
        ["type_0", 3, 3, 0, False],
    ]
    both = pd.concat([campaign.treated, campaign.held_out])
    assert sorted(both["customer_id"]) == sorted(campaign.group["customer_id"])
    assert campaign.held_out["type"].value_counts().to_dict() == {4: 20, 6: 10}


@given(order=st.permutations(range(40)))
@settings(max_examples=25, deadline=None)
def test_the_order_of_rows_changes_nothing(order):
    group = people(four=25, six=15)
    assert recall(group.iloc[list(order)]).customers.equals(recall(group).customers)


def test_another_seed_or_name_is_another_draw_and_the_same_one_is_the_same():
    arm = recall().customers["arm"]
    assert recall().customers["arm"].equals(arm)
    assert not recall(seed=619).customers["arm"].equals(arm)
    assert not replace(recall(), name="recall_2").customers["arm"].equals(arm)


def test_whom_the_draw_takes_does_not_hang_on_the_others():
    """A place in line is a hash of the customer alone: without half of the others, those first in line still are."""
    campaign = recall(people(four=100))
    half = recall(campaign.group.iloc[:50])
    first = set(campaign.held_out["customer_id"]) & set(half.group["customer_id"])
    now = set(half.held_out["customer_id"])
    assert len(now) == 10
    assert first <= now or now <= first


def test_each_customer_is_held_out_as_often_as_any_other():
    """Over 200 keys each of 20 customers is held out 40 times, give or take 5 standard deviations (28)."""
    ids = people(four=20)["customer_id"]
    counts = sum(draw(ids, ids.map(len), holdout=0.2, key=str(seed)).astype("int64") for seed in range(200))
    assert counts.sum() == 200 * 4
    assert counts.between(12, 68).all()


@pytest.mark.parametrize(
    ("size", "holdout", "expected"),
    [(3, 0.2, 0), (4, 0.2, 2), (10, 0.25, 3), (30, 0.15, 5), (100, 0.29, 29), (5, 0.9, 3), (1000, 0.05, 50)],
)
def test_held_out_is_rounded_half_up_and_leaves_two_in_either_arm(size, holdout, expected):
    assert len(recall(people(four=size), holdout=holdout).held_out) == expected
    if expected not in (0, 2, size - 2):
        assert expected == int(size * Fraction(str(holdout)) + Fraction(1, 2))


def test_a_campaign_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        recall().holdout = 0.5


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"holdout": 0}, "track_holdout"),
        ({"holdout": 1.0}, "track_holdout"),
        ({"days": 0}, "track_days"),
        ({"days": 2.5}, "track_days"),
        ({"worthwhile": 0}, "track_worthwhile"),
        ({"starts_on": "18.6."}, "as_of"),
        ({"drawn_on": START + dt.timedelta(days=1)}, "track_drawn_late"),
    ],
)
def test_settings_that_cannot_be_used(changed, key):
    with pytest.raises(ParameterError) as caught:
        recall(**changed)
    assert caught.value.key == key
    for lang in LANGUAGES:
        assert caught.value.message(lang)


@pytest.mark.parametrize("name", ["", "Recall", "recall 618", "../x", "召回"])
def test_a_name_is_plain(name):
    with pytest.raises(ParameterError) as caught:
        replace(recall(), name=name)
    assert caught.value.key == "track_name"


@pytest.mark.parametrize(
    ("group", "key"),
    [
        (people(four=5).drop(columns="type"), "track_columns"),
        (people(four=5).assign(type=[4, 4, None, 4, 4]), "track_blank"),
        (pd.concat([people(four=5), people(four=1)]), "track_twice"),
        (people(four=5).iloc[:0], "track_nobody"),
    ],
)
def test_groups_that_cannot_be_used(group, key):
    with pytest.raises(DataError) as caught:
        recall(group)
    assert caught.value.key == key
    assert "four0000" not in str(caught.value)


def test_a_draw_on_the_first_day_is_still_before_the_results():
    assert "2026-06-18" in recall(drawn_on=START).describe("en")
    assert "not recorded" in recall().describe("en")


def test_a_record_reads_back_as_the_same_draw(tmp_path):
    campaign = recall(drawn_on=START, worthwhile=0.03)
    file = tmp_path / "recall.json"
    campaign.save(file)
    campaign.save(file)
    back = Campaign.open(file)
    assert back.customers.equals(campaign.customers)
    assert back.describe("zh") == campaign.describe("zh")
    with pytest.raises(DataError) as caught:
        replace(campaign, seed=1).save(file)
    assert caught.value.key == "track_saved"


def test_a_record_that_was_changed_is_noticed(tmp_path):
    file = tmp_path / "recall.json"
    recall().save(file)
    record = json.loads(file.read_text(encoding="utf-8"))
    one = record["arms"].index("held_out")
    record["arms"][one] = "treated"
    file.write_text(json.dumps(record), encoding="utf-8", newline="\n")
    with pytest.raises(DataError) as caught:
        Campaign.open(file)
    assert (caught.value.key, caught.value.values["count"]) == ("track_other_draw", 1)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "x"}', "not json"])
def test_a_file_that_is_no_record(tmp_path, text):
    file = tmp_path / "other.json"
    file.write_text(text, encoding="utf-8", newline="\n")
    with pytest.raises(DataError) as caught:
        Campaign.open(file)
    assert caught.value.key == "track_file"


def test_whole_numbers_and_other_frames(tmp_path):
    import polars as pl

    group = pd.DataFrame({"client": range(40), "tier": ["high", "low"] * 20})
    campaign = Campaign("own", group=group, message="m", starts_on=START, by="tier", customer="client")
    file = tmp_path / "own.json"
    campaign.save(file)
    assert Campaign.open(file).customers.equals(campaign.customers)
    for other in (pl.from_pandas(group), pl.from_pandas(group).lazy()):
        assert replace(campaign, group=other).customers.equals(campaign.customers)


def test_the_sample_size_by_hand():
    """Fleiss 1981, written out, for 10 % against 15 % with as many in either arm."""
    low, high = 0.10, 0.15
    middle = (low + high) / 2
    spread = norm.isf(0.025) * (2 * middle * (1 - middle)) ** 0.5
    spread += norm.isf(0.2) * (low * (1 - low) + high * (1 - high)) ** 0.5
    expected = (spread / (high - low)) ** 2
    assert needed(low, high - low)["treated"] == -(-expected // 1)
    assert power(low, high - low, treated=round(expected), held_out=round(expected)) == pytest.approx(0.8, abs=0.001)


@pytest.mark.parametrize("holdout", [0.1, 0.2, 0.5, 0.7])
def test_size_power_and_lift_agree(holdout):
    counts = needed(0.2, 0.06, holdout=holdout)
    arms = {name: counts[name] for name in ("treated", "held_out")}
    assert power(0.2, 0.06, **arms) == pytest.approx(0.8, abs=0.005)
    assert detectable(0.2, **arms) == pytest.approx(0.06, abs=0.0005)
    assert counts["held_out"] / counts["customers"] == pytest.approx(holdout, abs=0.002)


def test_power_of_a_campaign_is_that_of_its_arms():
    campaign = recall()
    assert campaign.power(0.1, 0.2) == power(0.1, 0.2, treated=120, held_out=30)
    assert campaign.power(0.1) == campaign.power(0.1, 0.05)
    assert campaign.needed(0.1) == needed(0.1, 0.05, holdout=0.2)
    assert campaign.power(0.1, campaign.detectable(0.1)) == pytest.approx(0.8, abs=1e-6)
    assert recall(people(four=3)).power(0.1, 0.2) == 0


def test_too_few_customers_can_show_nothing():
    assert detectable(0.5, treated=3, held_out=2) != detectable(0.5, treated=3, held_out=2)


@pytest.mark.parametrize(("base", "lift"), [(-0.1, 0.2), (0.9, 0.2), (0.1, -0.2), (1.1, 0)])
def test_shares_outside_0_to_1(base, lift):
    with pytest.raises(ParameterError):
        power(base, lift, treated=10, held_out=10)


def test_no_lift_needs_no_number():
    with pytest.raises(ParameterError) as caught:
        needed(0.1, 0.0)
    assert caught.value.key == "track_no_lift"


def test_peeking_mistakes_luck_for_an_effect():
    """One look is wrong in about 5 %. Ten looks at evenly growing data reject in 19.3 % (Armitage et al. 1969)."""
    found = false_alarms(0.3, treated=2000, held_out=2000, looks=10, draws=4000).set_index("looks")["false_share"]
    assert found[1] == pytest.approx(0.05, abs=0.015)
    assert found[10] == pytest.approx(0.193, abs=0.025)
    with pytest.raises(ParameterError):
        false_alarms(0.3, treated=5, held_out=5, looks=6)


def test_overlapping_campaigns_are_listed():
    first = recall(people(four=40))
    later = replace(first, name="later", starts_on=first.ends_on + dt.timedelta(days=1))
    other = replace(first, name="other", group=people(four=10, six=30), starts_on=first.ends_on)
    found = overlaps(first, later, other)
    assert set(found["other_campaign"]) == {"other"}
    assert sorted(found["customer_id"]) == [f"four{number:04}" for number in range(10)]
    arms = other.customers.set_index("customer_id")["arm"]
    assert found["other_arm"].tolist() == arms.reindex(found["customer_id"]).tolist()
    assert len(overlaps(first, later)) == 0


def test_no_customer_is_told():
    campaign = recall()
    text = repr(campaign)
    assert not any(one in text for one in campaign.group["customer_id"])
    assert "recall_618" in text
