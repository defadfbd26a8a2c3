"""Verdicts by hand, their intervals beside other formulas, guards, and the planted effect over many draws."""

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, ttest_ind
from statsmodels.stats.proportion import confint_proportions_2indep

from crmlab import type_customers
from crmlab.errors import DataError, ParameterError
from crmlab.track import Campaign, campaign_record, in_its_days, outcomes
from crmlab.track.effects import adjusted_p, money_effect, share_effect
from crmlab.track.verdict import DECISIONS, _rows
from crmlab.words import LANGUAGES
from crmlab.world.aftermath import aftermath

START = dt.date(2026, 6, 18)


def campaign_of(sizes, *, holdout=0.5, **changed):
    """So many customers by type, as in {4: 100}."""
    rows = [(f"T{kind}N{number:04}", kind) for kind, size in sizes.items() for number in range(size)]
    group = pd.DataFrame(rows, columns=["customer_id", "type"])
    settled = {"message": "coupon", "starts_on": START, "holdout": holdout}
    return Campaign("recall", group=group, **(settled | changed))


def orders_of(campaign, bought, *, amount=10.0, day="2026-07-17"):
    """One order for the first so many customers of each arm and type: {(arm, type): how many}."""
    found = []
    for (arm, kind), count in bought.items():
        rows = campaign.treated if arm == "treated" else campaign.held_out
        found += rows.loc[rows["type"] == kind, "customer_id"].tolist()[:count]
    lines = pd.DataFrame({"customer_id": found, "order_date": pd.Timestamp(day), "amount": amount})
    return lines.assign(order_id=[str(number) for number in lines.index])


def test_two_strata_by_hand():
    """40 + 20 treated, 10 + 5 held out; 20 and 5 treated bought, 2 and 1 held out: weights 2/3 and 1/3."""
    campaign = campaign_of({4: 50, 6: 25}, holdout=0.2)
    orders = orders_of(campaign, {("treated", 4): 20, ("treated", 6): 5, ("held_out", 4): 2, ("held_out", 6): 1})
    found = campaign.verdict(orders, cost_per_contact=30)
    share = found.share
    assert share.treated == pytest.approx(2 / 3 * 0.5 + 1 / 3 * 0.25)
    assert share.held_out == pytest.approx(0.2)
    assert share.estimate == pytest.approx(2 / 3 * 0.3 + 1 / 3 * 0.05)
    assert found.table["stratum"].tolist() == ["all", "type_4", "type_6"]
    assert found.table[["treated", "held_out"]].values.tolist() == [[60, 15], [40, 10], [20, 5]]
    assert found.money.estimate == pytest.approx(1000 * share.estimate)
    assert (found.cost, found.contacted_share) == (60 * 30, 1)
    assert found.gain.estimate == pytest.approx(found.money.estimate - 30)
    assert found.costs["cost"].tolist() == [1800, 1200, 600]
    assert found.costs["cost_per_response"].tolist() == [72, 60, 120]
    if share.low <= 0:
        assert pd.isna(found.costs["cost_per_extra"][0])


def test_one_stratum_is_the_interval_of_newcombe():
    counts = pd.DataFrame({"treated": [80], "treated_bought": [31], "held_out": [37], "held_out_bought": [6]})
    found = share_effect(counts)
    low, high = confint_proportions_2indep(31, 80, 6, 37, compare="diff", method="newcomb")
    assert (found.low, found.high) == pytest.approx((low, high))


def test_strata_that_are_alike_narrow_the_interval_as_one_large_sample_does():
    """Four equal strata: squares of a quarter of each distance, four times, so half of one stratum's distance."""
    row = {"treated": [80], "treated_bought": [31], "held_out": [37], "held_out_bought": [6]}
    one, four = (
        share_effect(pd.DataFrame(row)),
        share_effect(pd.DataFrame({key: 4 * cell for key, cell in row.items()})),
    )
    assert four.estimate == pytest.approx(one.estimate)
    assert four.estimate - four.low == pytest.approx((one.estimate - one.low) / 2)


def test_one_stratum_of_money_is_the_interval_of_welch():
    draw = np.random.default_rng(1)
    treated, held_out = draw.normal(30, 9, 40), draw.normal(20, 3, 25)
    row = {"treated": 40, "held_out": 25}
    row |= {f"treated_{name}": value for name, value in (("mean", treated.mean()), ("variance", treated.var(ddof=1)))}
    row |= {
        f"held_out_{name}": value for name, value in (("mean", held_out.mean()), ("variance", held_out.var(ddof=1)))
    }
    found = money_effect(pd.DataFrame([row]))
    expected = ttest_ind(treated, held_out, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_holm_by_hand():
    counts = pd.DataFrame(
        {"treated": [10, 10, 10], "treated_bought": [10, 8, 5], "held_out": [10] * 3, "held_out_bought": [0, 2, 5]}
    )
    found = adjusted_p(counts)
    smallest = 2 / math.comb(20, 10)
    assert found["p_value"][0] == pytest.approx(smallest)
    assert found["p_holm"][0] == pytest.approx(3 * smallest)
    assert found["p_holm"][1] == pytest.approx(2 * found["p_value"][1])
    assert found["p_holm"][2] == 1


@pytest.mark.parametrize(
    ("sizes", "bought", "cost", "reason"),
    [
        ({4: 400}, {("treated", 4): 90, ("held_out", 4): 40}, 0, "works"),
        ({4: 400}, {("treated", 4): 90, ("held_out", 4): 40}, 2000, "dear"),
        ({4: 400, 6: 400}, {("treated", 4): 90, ("held_out", 6): 60, ("treated", 6): 10}, 0, "harmed"),
        ({4: 100, 6: 900}, {("treated", 4): 20, ("treated", 6): 210, ("held_out", 6): 230}, 0, "aim"),
        ({4: 4000}, {("treated", 4): 400, ("held_out", 4): 400}, 0, "small"),
        ({4: 200}, {("treated", 4): 24, ("held_out", 4): 18}, 0, "wide"),
        ({4: 50}, {("treated", 4): 25, ("held_out", 4): 1}, 0, "few"),
    ],
)  # fmt: skip
def test_each_decision(sizes, bought, cost, reason):
    campaign = campaign_of(sizes)
    found = campaign.verdict(orders_of(campaign, bought), cost_per_contact=cost)
    assert found.reason == reason
    assert found.decision == DECISIONS[reason]
    for lang in LANGUAGES:
        assert found.describe(lang)
    assert ("customers are needed" in found.describe("en")) == (found.decision == "not_enough")


def test_orders_outside_the_days_do_not_count():
    campaign = campaign_of({4: 80})
    inside = orders_of(campaign, {("treated", 4): 10, ("held_out", 4): 5}, day="2026-06-18")
    before = orders_of(campaign, {("held_out", 4): 40}, day="2026-06-17").assign(
        order_id=lambda rows: "b" + rows["order_id"]
    )
    later = orders_of(campaign, {("held_out", 4): 40}, day="2026-07-18").assign(
        order_id=lambda rows: "l" + rows["order_id"]
    )
    found = campaign.verdict(pd.concat([before, inside, later]), as_of=dt.date(2026, 8, 1))
    assert found.outcomes.groupby("arm")["bought"].sum().to_dict() == {"held_out": 5, "treated": 10}
    assert found.last_order == START
    assert "29 days before the end" in found.describe("en")


def test_states_and_refunds_count_as_they_do_everywhere():
    campaign = campaign_of({4: 80})
    orders = orders_of(campaign, {("treated", 4): 10, ("held_out", 4): 5}).assign(state="paid", refund=0.0)
    orders.loc[0, "state"] = "cancelled"
    orders.loc[1, "refund"] = 4.5
    found = campaign.verdict(orders, state="state", refund="refund")
    assert int(found.outcomes["bought"].sum()) == 14
    assert int(found.outcomes["money"].sum()) == 14 * 1000 - 450


def test_shuffled_rows_give_the_same_verdict():
    campaign = campaign_of({4: 60, 6: 40})
    orders = orders_of(campaign, {("treated", 4): 20, ("held_out", 4): 9, ("treated", 6): 4, ("held_out", 6): 6})
    other = replace(campaign, group=campaign.group.sample(frac=1, random_state=3))
    first, second = campaign.verdict(orders), other.verdict(orders.sample(frac=1, random_state=4))
    pd.testing.assert_frame_equal(first.table, second.table)
    assert first.describe("zh") == second.describe("zh")


def test_other_frames_and_a_file_give_the_same(tmp_path):
    import duckdb
    import polars as pl

    campaign = campaign_of({4: 60, 6: 40})
    orders = orders_of(campaign, {("treated", 4): 20, ("held_out", 4): 9, ("treated", 6): 4, ("held_out", 6): 6})
    file = tmp_path / "orders.parquet"
    orders.to_parquet(file)
    expected = campaign.verdict(orders).describe("en")
    for other in (pl.from_pandas(orders), pl.from_pandas(orders).lazy(), duckdb.from_df(orders), file):
        assert campaign.verdict(other).describe("en") == expected


def test_before_the_end_there_is_no_verdict():
    campaign = campaign_of({4: 80})
    with pytest.raises(ParameterError) as caught:
        campaign.verdict(orders_of(campaign, {("treated", 4): 9}, day="2026-06-20"), as_of=dt.date(2026, 7, 16))
    assert caught.value.key == "track_not_over"


def test_ids_that_do_not_fit_are_noticed():
    campaign = campaign_of({4: 80})
    orders = orders_of(campaign, {("treated", 4): 9})
    with pytest.raises(DataError) as caught:
        campaign.verdict(orders.assign(customer_id="X" + orders["customer_id"]))
    assert caught.value.key == "track_strangers"
    with pytest.raises(DataError) as caught:
        campaign.verdict(orders.assign(customer_id=range(len(orders))))
    assert caught.value.key == "two_id_types"


@pytest.mark.parametrize("cost", [-1, 0.3, True])
def test_costs_are_whole_minor_units(cost):
    campaign = campaign_of({4: 80})
    with pytest.raises(ParameterError) as caught:
        campaign.verdict(orders_of(campaign, {("treated", 4): 9}), cost_per_contact=cost)
    assert caught.value.key == "track_cost"


def test_who_was_refused_still_counts_as_treated_and_who_was_not_to_get_it_is_listed():
    campaign = campaign_of({4: 100})
    orders = orders_of(campaign, {("treated", 4): 30, ("held_out", 4): 10})
    treated, held_out = (rows["customer_id"].tolist() for rows in (campaign.treated, campaign.held_out))
    log = pd.DataFrame({"customer_id": [*treated, held_out[0]], "decision": ["refused"] * 20 + ["written"] * 31})
    plain, found = campaign.verdict(orders, cost_per_contact=10), campaign.verdict(orders, cost_per_contact=10, log=log)
    assert found.share == plain.share
    assert (found.contacted_share, found.cost) == (0.6, 300)
    assert found.contaminated["customer_id"].tolist() == [held_out[0]]
    told = found.describe("en")
    assert "60.0% were contacted" in told
    assert held_out[0] not in told


def test_the_log_counts_for_the_own_message_only():
    campaign = campaign_of({4: 100})
    orders = orders_of(campaign, {("treated", 4): 30})
    log = pd.DataFrame({"customer_id": campaign.held_out["customer_id"], "decision": "written", "template": "birthday"})
    with pytest.raises(DataError) as caught:
        campaign.verdict(orders, log=log)
    assert caught.value.key == "track_no_message"
    own = log.assign(customer_id=campaign.treated["customer_id"], template="coupon")
    found = campaign.verdict(orders, log=pd.concat([log, own]))
    assert (found.contacted_share, len(found.contaminated)) == (1, 0)
    with pytest.raises(DataError) as caught:
        campaign.verdict(orders, log=log.drop(columns="decision"))
    assert caught.value.key == "track_columns"


def test_strata_too_small_to_compare_are_told_and_left_out():
    campaign = campaign_of({4: 100, 6: 3})
    orders = orders_of(campaign, {("treated", 4): 30, ("held_out", 4): 10, ("treated", 6): 3})
    found = campaign.verdict(orders)
    assert found.share.treated == pytest.approx(0.6)
    small = found.table.set_index("stratum").loc["type_6"]
    assert (small["treated"], small["held_out"]) == (3, 0)
    assert math.isnan(small["extra_share"])
    assert "fewer than 4 customers: 1, with 3 customers" in found.describe("en")
    assert found.money_table["stratum"].tolist() == ["all", "type_4"]


def test_nobody_held_out_is_no_verdict_but_few():
    campaign = campaign_of({4: 3, 6: 3})
    found = campaign.verdict(orders_of(campaign, {("treated", 4): 1}))
    assert (found.reason, found.decision, found.needed) == ("few", "not_enough", None)
    assert "not enough data" in found.describe("en")


def test_another_campaign_in_these_days_is_told():
    campaign = campaign_of({4: 100})
    orders = orders_of(campaign, {("treated", 4): 30, ("held_out", 4): 10})
    other = replace(campaign, name="other", group=campaign.group.iloc[:20])
    found = campaign.verdict(orders, others=(other,))
    assert len(found.overlapping) == 20
    assert "20 customers were in another campaign" in found.describe("en")


@pytest.fixture(scope="module")
def chances(result):
    """A campaign for all teaching customers, which tests draw again and again."""
    return Campaign("again", group=result.customers, message="coupon", starts_on=START, holdout=0.3)


def judged(shop, result, campaign, effect, seed):
    """What `verdict` computes from simulated orders, without lending them to an engine each time."""
    after = aftermath(shop, result, campaign, effect=effect, seed=seed)
    money = (after.orders["amount"] * 100).round().astype("int64").groupby(after.orders["customer_id"]).sum()
    people = campaign.customers
    people = people.assign(money=people["customer_id"].map(money).fillna(0).astype("int64"))
    strata = _rows(people.assign(bought=people["customer_id"].isin(money.index)))
    return after.planted, share_effect(strata), money_effect(strata)


def test_the_quick_way_of_these_tests_is_the_verdict(shop, result, chances):
    planted, share, money = judged(shop, result, chances, {4: 0.2}, 1)
    after = aftermath(shop, result, chances, effect={4: 0.2}, seed=1)
    found = chances.verdict(after)
    assert (found.share, found.money) == (share, money)
    assert found.simulated
    assert "simulated" in found.describe("en")
    pd.testing.assert_frame_equal(after.planted, planted)


DRAWS = 20
LIKELY = binom(DRAWS, 0.95).ppf([0.0005, 1])
"""Where the number of 95 % intervals that hold the truth lies, but for one in two thousand."""


def test_over_many_draws_the_interval_holds_the_planted_effect(shop, result, chances):
    effect = {1: 0.05, 4: 0.2, 6: 0.1}
    held = []
    for seed in range(DRAWS):
        planted, share, _ = judged(shop, result, replace(chances, seed=seed), effect, 1000 + seed)
        held.append(share.low <= planted["planted_share"][0] <= share.high)
    assert LIKELY[0] <= sum(held) <= LIKELY[1]


def test_without_an_effect_none_is_shown(shop, result, chances):
    clear = []
    for seed in range(DRAWS):
        _, share, money = judged(shop, result, replace(chances, seed=seed), 0.0, 2000 + seed)
        clear.append((share.low <= 0 <= share.high, money.low <= 0 <= money.high))
    assert all(LIKELY[0] <= sum(column) <= LIKELY[1] for column in zip(*clear, strict=True))


def test_both_intervals_hold_the_truth_in_95_of_100_samples():
    """400 samples of three strata with shares, effects and spreads of their own; 4 standard deviations are 18."""
    draw = np.random.default_rng(618)
    size = {"treated": np.array([90, 40, 12]), "held_out": np.array([30, 20, 6])}
    chance = {"treated": np.array([0.35, 0.15, 0.5]), "held_out": np.array([0.2, 0.15, 0.3])}
    weights = (size["treated"] + size["held_out"]) / 198
    truth = weights @ (chance["treated"] - chance["held_out"])
    held = {"share": 0, "money": 0}
    for _ in range(400):
        counts, sums = pd.DataFrame(size), pd.DataFrame(size)
        for arm in size:
            counts[f"{arm}_bought"] = draw.binomial(size[arm], chance[arm])
            money = [draw.gamma(2, 100 * rate, number) for rate, number in zip(chance[arm], size[arm], strict=True)]
            sums[f"{arm}_mean"] = [one.mean() for one in money]
            sums[f"{arm}_variance"] = [one.var(ddof=1) for one in money]
        share, gain = share_effect(counts), money_effect(sums)
        held["share"] += share.low <= truth <= share.high
        held["money"] += gain.low <= 200 * truth <= gain.high
    assert held["share"] == pytest.approx(380, abs=18)
    assert held["money"] == pytest.approx(380, abs=18)


def test_two_periods_of_campaigns_come_out_the_same_again(shop, result):
    """Campaign one for four types; its verdict; campaign two for those who came out best; both in one record."""

    def loop():
        group = result.customers[result.customers["type"].isin([4, 5, 6])]
        first = Campaign("recall_1", group=group, message="coupon", starts_on=START, holdout=0.5)
        after = aftermath(shop, result, first, effect={4: 0.35}, seed=5)
        one = first.verdict(after, cost_per_contact=50)
        best = one.table.iloc[1:].sort_values("extra_low_share").iloc[-1]["stratum"]
        orders = pd.concat([shop.orders, after.orders])
        typed = type_customers(orders, as_of=first.ends_on, window=365, **shop.columns)
        chosen = typed.customers[typed.customers["type"] == int(best.removeprefix("type_"))]
        starts = first.ends_on + dt.timedelta(days=1)
        second = replace(first, name="recall_2", group=chosen, message="call", starts_on=starts)
        two = second.verdict(aftermath(shop, typed, second, effect=0.3, seed=6), cost_per_contact=200)
        return best, campaign_record(two, one)

    (best, record), (again, same) = loop(), loop()
    assert best == again
    pd.testing.assert_frame_equal(record, same)
    assert record["campaign"].tolist() == ["recall_1", "recall_2"]
    assert record["next_step"].isin({"repeat", "change", "stop", "not_enough"}).all()


def test_real_orders_without_a_campaign_show_no_effect(shop, result):
    """Nobody was contacted in the last 30 days, so a draw made for them compares like with like."""
    last = dt.timedelta(days=29)
    group = result.customers[result.customers["recency_days"] >= 0]
    campaign = Campaign("nothing", group=group, message="none", starts_on=shop.as_of - last, holdout=0.5)
    found = campaign.verdict(shop.orders, currency=shop.currency, **shop.columns)
    assert found.share.low <= 0 <= found.share.high
    assert found.decision in ("not_enough", "stop")
    assert not found.simulated


def test_outcomes_have_a_row_per_customer_drawn():
    campaign = campaign_of({4: 80})
    orders = orders_of(campaign, {("treated", 4): 9, ("held_out", 4): 2})
    found = outcomes(campaign, in_its_days(campaign, orders))
    assert found["customer_id"].tolist() == campaign.group["customer_id"].tolist()
    assert int(found["money"].sum()) == 11_000
