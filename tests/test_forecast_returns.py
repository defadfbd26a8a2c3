"""Who buys again: nothing from the future is used, the measures are right, and the verdict is honest."""

import re
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from kinds import KINDS
from shoppers import AS_OF, COLUMNS, shoppers, visitors
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from crmlab import DataError, ParameterError, show, type_customers
from crmlab.forecast import predict_return, returns
from crmlab.forecast.history import customers_on, sampled
from crmlab.forecast.measures import calibration, scored
from crmlab.forecast.return_model import _judged
from crmlab.rfm.door import retype
from crmlab.show import forecast as pictures

HORIZON = 60
NUMBERS = ["recency_days", "frequency", "monetary"]


def typed(orders, **settings):
    return type_customers(orders, as_of=AS_OF, window=365, **COLUMNS, **settings)


@pytest.fixture(scope="module")
def orders():
    return shoppers()


@pytest.fixture(scope="module")
def result(orders):
    return typed(orders)


@pytest.fixture(scope="module")
def model(result):
    return predict_return(result, HORIZON)


def test_every_customer_gets_a_probability_and_its_risk(model, result):
    assert model.table.columns.tolist() == ["buyer", "p_return", "risk"]
    assert model.table["buyer"].tolist() == result.customers["buyer"].tolist()
    assert model.table["p_return"].between(0, 1, inclusive="neither").all()
    assert (model.table["p_return"] + model.table["risk"] == 1).all()


def test_probabilities_stand_with_their_customers(model, result):
    auc = model.scores.query("measure == 'auc' and model == 'model'")["estimate"].item()
    assert roc_auc_score(model.tested["bought"], model.tested["p_return"]) == pytest.approx(auc)
    both = result.customers.merge(model.table, on="buyer").set_index("recency_days")["p_return"]
    assert both[both.index <= 14].mean() > 2 * both[both.index >= 180].mean()


def test_customers_on_a_day_are_as_type_customers_has_them(result, orders):
    day = date(2026, 4, 18)
    found = customers_on(result, day, lately=30)
    there = retype(result, as_of=day).customers.rename(columns={"buyer": "customer"})
    pd.testing.assert_frame_equal(found[["customer", *NUMBERS]], there[["customer", *NUMBERS]])
    known = orders[orders["bought_on"] <= pd.Timestamp(day)]
    by_hand = known.groupby("buyer")["bought_on"].agg(["size", "min"]).loc[found["customer"]]
    assert found["orders"].tolist() == by_hand["size"].tolist()
    assert found["tenure_days"].tolist() == (pd.Timestamp(day) - by_hand["min"]).dt.days.tolist()
    late = known[known["bought_on"] > pd.Timestamp(day) - pd.Timedelta(days=30)]
    assert found["lately"].sum() == len(late)


def test_a_refund_after_the_day_is_not_known_yet(orders):
    day = date(2026, 4, 18)
    last = orders[orders["bought_on"] <= pd.Timestamp(day)].groupby("buyer", as_index=False).last()
    refunds = last.head(50).assign(back=lambda own: own["paid"], back_on=pd.Timestamp("2026-05-01").as_unit("us"))
    refunded = orders.merge(refunds[["number", "back", "back_on"]], on="number", how="left")
    later = typed(refunded, refund="back", refund_date="back_on", refunds="drop")
    pd.testing.assert_frame_equal(customers_on(later, day, lately=30), customers_on(typed(orders), day, lately=30))
    assert later.customers["monetary"].sum() < typed(orders).customers["monetary"].sum()


def test_what_happens_after_the_test_day_changes_no_tested_probability(model, orders):
    after = orders["bought_on"] > pd.Timestamp(model.test_day)
    changed = orders.copy()
    changed.loc[after, "buyer"] = np.random.default_rng(1).choice(orders["buyer"].unique(), after.sum())
    other = predict_return(typed(changed), HORIZON)
    pd.testing.assert_series_equal(other.tested["p_return"], model.tested["p_return"])
    pd.testing.assert_frame_equal(other.choice, model.choice)
    assert (other.tested["bought"] != model.tested["bought"]).any()


def test_bought_is_an_order_in_the_days_after_the_test_day(model, orders):
    last = pd.Timestamp(model.test_day)
    assert pd.Timestamp(AS_OF) - last == timedelta(days=HORIZON)
    assert model.test_day - model.train_day == timedelta(days=HORIZON)
    buyers = set(orders.loc[orders["bought_on"] > last, "buyer"])
    assert model.tested["bought"].tolist() == [int(buyer in buyers) for buyer in model.tested["buyer"]]


def test_a_learnable_shop_beats_both_baselines(model):
    assert model.beats_baseline
    auc = model.scores.query("measure == 'auc'").set_index("model")["estimate"]
    assert auc["model"] > auc["recency"] > auc["base_rate"] == 0.5
    assert "better than both" in model.describe("en")
    assert "都好" in model.describe("zh")


def test_where_there_is_nothing_to_learn_it_says_so():
    model = predict_return(typed(visitors()), HORIZON)
    assert not model.beats_baseline
    assert "no evidence" in model.describe("en")
    assert "没有证据" in model.describe("zh")


def test_the_better_of_two_is_chosen(model):
    assert model.choice["model"].tolist() == ["logistic", "boosting"]
    assert model.chosen == model.choice.loc[model.choice["log_loss"].idxmin(), "model"]


def test_measures_are_those_of_scikit_learn():
    draw = np.random.default_rng(3)
    bought = draw.integers(0, 2, 300)
    rounded = {"rough": draw.choice([0.1, 0.3, 0.6, 0.9], 300), "fine": draw.uniform(0.01, 0.99, 300)}
    scores, gains = scored(bought, rounded, chosen="fine", seed=1)
    found = scores.set_index(["measure", "model"])
    for name, predicted in rounded.items():
        assert found.loc[("brier", name), "estimate"] == pytest.approx(brier_score_loss(bought, predicted))
        assert found.loc[("log_loss", name), "estimate"] == pytest.approx(log_loss(bought, predicted))
        assert found.loc[("auc", name), "estimate"] == pytest.approx(roc_auc_score(bought, predicted))
    assert ((scores["low"] < scores["estimate"]) & (scores["estimate"] < scores["high"])).all()
    one = found["estimate"]
    assert gains["gain_share"].tolist() == pytest.approx(
        [1 - one[kind, "fine"] / one[kind, "rough"] for kind in ("brier", "log_loss")]
    )
    again, _ = scored(bought, rounded, chosen="fine", seed=1)
    other, _ = scored(bought, rounded, chosen="fine", seed=2)
    assert again.equals(scores)
    assert not other["low"].equals(scores["low"])


def test_bootstrap_intervals_are_as_wide_as_the_theory_says():
    draw = np.random.default_rng(4)
    predicted = draw.uniform(0.1, 0.9, 4000)
    bought = (draw.random(4000) < predicted).astype("int64")
    scores, _ = scored(bought, {"model": predicted}, chosen="model", seed=1)
    brier = scores.iloc[0]
    half = 1.96 * ((predicted - bought) ** 2).std(ddof=1) / 4000**0.5
    assert (brier["high"] - brier["low"]) / 2 == pytest.approx(half, rel=0.15)


def test_calibration_has_every_customer_in_the_bin_of_its_probability():
    predicted = np.array([0.0, 0.1, 0.19, 0.2, 0.999, 1.0])
    table = calibration(np.array([0, 1, 0, 1, 1, 1]), predicted)
    assert table["bin"].tolist() == ["0–10%", "10–20%", "20–30%", "90–100%"]
    assert table["customers"].tolist() == [1, 2, 1, 2]
    assert table["observed_share"].tolist() == [0, 0.5, 1, 1]


def test_intervals_are_those_of_wilson():
    table = calibration(np.array([1] * 3 + [0] * 7), np.full(10, 0.25))
    assert table.loc[0, ["low_share", "high_share"]].tolist() == pytest.approx([0.1078, 0.6032], abs=1e-4)


def test_the_types_are_those_of_the_test_day(model, result):
    then = retype(result, as_of=model.test_day).customers
    pd.testing.assert_frame_equal(model.tested[["buyer", *NUMBERS, "type"]], then[["buyer", *NUMBERS, "type"]])
    table = model.against_types()
    assert table["type"].tolist() == [1, 2, 3, 4, 5, 6, 0, 0]
    assert table["customers"].sum() == len(model.tested)
    own = model.tested[model.tested["type"] == 6]
    six = table.set_index("type").loc[6]
    assert six["predicted_share"] == pytest.approx(own["p_return"].mean())
    assert six["observed_share"] == pytest.approx(own["bought"].mean())
    likely = own[own["p_return"] >= 0.5]
    assert six["misjudged"] == len(likely)


def test_a_combination_without_customers_has_blank_shares(model):
    fewer = replace(model, tested=model.tested[model.tested["type"] != 5])
    five = fewer.against_types().set_index("type").loc[5]
    assert five["customers"] == 0
    assert np.isnan(five["observed_share"])


def test_mark_and_probability_disagree_in_two_ways():
    people = pd.DataFrame({"marks": ["R↑F↓M↓", "R↑F↓M↓", "R↓F↑M↑", "R↓F↑M↑"], "p_return": [0.5, 0.49, 0.2, 0.21]})
    assert _judged(people).tolist() == ["gone_but_likely", "", "here_but_unlikely", ""]


def test_misjudged_customers_are_listed_with_their_evidence(model, result):
    wrong = model.misjudged()
    both = result.customers.merge(model.table, on="buyer")
    gone = (both["r_mark"] == "↑") & (both["p_return"] >= 0.5)
    here = (both["r_mark"] == "↓") & (both["p_return"] <= 0.2)
    assert sorted(wrong["buyer"]) == sorted(both.loc[gone | here, "buyer"])
    assert len(wrong) > 0
    assert wrong.columns.tolist() == ["buyer", "type", "marks", *NUMBERS, "p_return", "judged"]


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "duckdb", "parquet"])
def test_every_kind_and_order_of_rows_gives_the_same(kind, model, orders, tmp_path):
    shuffled = orders.sample(frac=1, random_state=5)
    other = predict_return(typed(KINDS[kind](shuffled, tmp_path)), HORIZON)
    assert other.table["buyer"].tolist() == model.table["buyer"].tolist()
    assert other.table["p_return"].tolist() == pytest.approx(model.table["p_return"].tolist(), abs=1e-12)


def test_many_customers_are_sampled_openly(monkeypatch, model, orders):
    monkeypatch.setattr(returns, "SAMPLE", 300)
    few = predict_return(typed(orders), HORIZON)
    assert len(few.tested) == 300
    assert few.population == len(model.tested)
    assert len(few.table) == len(model.table)
    assert "300" in few.describe("en")
    shuffled = predict_return(typed(orders.sample(frac=1, random_state=5)), HORIZON)
    pd.testing.assert_frame_equal(shuffled.table, few.table)


def test_a_sample_depends_on_ids_and_seed_only():
    people = pd.DataFrame({"customer": np.arange(1000)})
    one = sampled(people, 100, 1)
    assert len(one) == 100
    assert sorted(sampled(people.iloc[::-1], 100, 1)["customer"]) == sorted(one["customer"])
    assert sorted(sampled(people, 100, 2)["customer"]) != sorted(one["customer"])


def test_all_of_history_and_the_customers_of_history_work_too(orders):
    whole = type_customers(orders, as_of=AS_OF, population="history", window=200, **COLUMNS)
    assert len(predict_return(whole, HORIZON).table) == orders["buyer"].nunique()


@pytest.mark.parametrize("horizon", [0, -1, 1.5, True, "30", 10**6])
def test_a_horizon_is_a_whole_number_of_days(result, horizon):
    with pytest.raises(ParameterError, match="horizon"):
        predict_return(result, horizon)


def test_a_seed_is_a_whole_number(result):
    with pytest.raises(ParameterError, match="seed"):
        predict_return(result, HORIZON, seed=-1)


def test_too_little_data_is_told_with_what_to_do(orders, result):
    with pytest.raises(DataError) as short:
        predict_return(result, 360)
    assert short.value.key == "return_short"
    assert "2024-07-01" in short.value.message("en")
    with pytest.raises(DataError) as few:
        predict_return(typed(orders[orders["buyer"] < "K0150"]), HORIZON)
    assert few.value.key == "return_few"
    with pytest.raises(DataError) as same:
        predict_return(result, 1)
    assert same.value.key == "return_one_side"


def test_without_an_earlier_period_there_is_no_choice(orders):
    recent = orders[orders["bought_on"] >= pd.Timestamp(AS_OF) - pd.Timedelta(days=2 * HORIZON + 110)]
    model = predict_return(typed(recent), HORIZON)
    assert model.choice.empty
    assert model.chosen == "logistic"
    assert "too short to compare" in model.describe("en")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pictures_say_in_words_what_they_show(model, lang):
    show.theme()
    shown = pictures.calibration(model, lang)
    largest = model.calibration.loc[model.calibration["customers"].idxmax()]
    assert largest["bin"] in shown.alt
    assert f"{largest['observed_share']:.0%}" in shown.alt
    assert shown.png().startswith(b"\x89PNG")
    by_type = pictures.return_by_type(model, lang)
    six = model.against_types().set_index("marks").loc["R↑F↓M↓"]
    assert re.search(rf"R↑F↓M↓ \D*{six['predicted_share']:.0%}\D+{six['observed_share']:.0%}", by_type.alt)
    assert by_type.png().startswith(b"\x89PNG")


def test_the_teaching_shop_is_scored_whole():
    from crmlab.course.settings import check_settings
    from crmlab.data import open_data

    shop = open_data(check_settings(data="teaching"))
    result = type_customers(shop.orders, as_of=shop.as_of, window=365, currency=shop.currency, **shop.columns)
    model = predict_return(result, HORIZON)
    assert len(model.table) == len(result.customers)
    assert set(model.scores["model"]) == {"model", "recency", "base_rate"}
