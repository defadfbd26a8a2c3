"""Lifetime value: published and hand-made values, parameters found again, and a check that looks at no future."""

from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kinds import KINDS
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.special import roots_genlaguerre, roots_jacobi
from scipy.stats import gamma
from shoppers import AS_OF, COLUMNS, shoppers

from crmlab import DataError, ParameterError, show, type_customers
from crmlab.forecast import lifetime_value, value
from crmlab.forecast.buying import Buying, buying_likelihood, fit_buying
from crmlab.forecast.spending import Spending, fit_spending, spending_likelihood
from crmlab.forecast.value import histories
from crmlab.show import forecast as pictures

PUBLISHED = Buying(0.243, 4.414, 0.793, 2.426, -9582.4, 2357)


def typed(orders, **settings):
    return type_customers(orders, as_of=AS_OF, window=365, **COLUMNS, **settings)


@pytest.fixture(scope="module")
def orders():
    return shoppers(500)


@pytest.fixture(scope="module")
def estimate(orders):
    return lifetime_value(typed(orders))


def cdnow(name: str) -> pd.DataFrame:
    """Tables of the CDNOW customers that the package lifetimes carries; the package itself is not imported."""
    found = find_spec("lifetimes")
    if found is None:
        pytest.skip("the package lifetimes, which carries the CDNOW customers, is not installed")
    return pd.read_csv(Path(found.submodule_search_locations[0]) / "datasets" / name, encoding="utf-8")


def test_bg_nbd_on_cdnow_is_as_published():
    people = cdnow("cdnow_customers_summary.csv")
    model = fit_buying(people["frequency"].to_numpy(), people["recency"].to_numpy(), people["T"].to_numpy())
    assert model.customers == 2357
    assert [round(each, 3) for each in (model.r, model.alpha, model.a, model.b)] == [0.243, 4.414, 0.793, 2.426]
    assert round(model.log_likelihood, 1) == -9582.4


def test_gamma_gamma_on_cdnow_is_as_published():
    people = cdnow("cdnow_customers_summary_with_transactions.csv")
    people = people[people["x"] > 0]
    model = fit_spending(people["x"].to_numpy(), people["zbar"].to_numpy())
    assert [round(each, 2) for each in (model.p, model.q, model.v)] == pytest.approx([6.25, 3.74, 15.44], abs=0.011)


def gamma_nodes(shape, rate):
    nodes, weights = roots_genlaguerre(80, shape - 1)
    return nodes / rate, weights / weights.sum()


def beta_nodes(a, b):
    nodes, weights = roots_jacobi(80, b - 1, a - 1)
    return (1 + nodes) / 2, weights / weights.sum()


@pytest.mark.parametrize(("repeat", "last", "age"), [(0, 0.0, 9.0), (1, 3.0, 9.0), (4, 7.0, 8.0)])
def test_bg_nbd_likelihood_is_the_integral_over_rates_and_leaving(repeat, last, age):
    r, alpha, a, b = 1.3, 2.5, 1.6, 2.2
    (rate, rates), (leave, leaves) = gamma_nodes(r, alpha), beta_nodes(a, b)
    rate = rate[:, None]
    stayed = ((1 - leave) * rate) ** repeat * np.exp(-rate * age)
    left = leave * (1 - leave) ** (repeat - 1) * rate**repeat * np.exp(-rate * last) if repeat else 0
    by_hand = rates @ (stayed + left) @ leaves
    rows = {"repeat": np.array([repeat]), "last": np.array([last]), "age": np.array([age])}
    assert buying_likelihood(np.array([r, alpha, a, b]), **rows)[0][0] == pytest.approx(np.log(by_hand), abs=1e-6)


@pytest.mark.parametrize(("purchases", "mean"), [(1, 12.0), (5, 30.0)])
def test_gamma_gamma_likelihood_is_the_integral_over_scales(purchases, mean):
    p, q, v = 3.0, 4.0, 15.0

    def of_one(scale):
        return gamma.pdf(mean, p * purchases, scale=1 / (scale * purchases)) * gamma.pdf(scale, q, scale=1 / v)

    by_hand, _ = quad(of_one, 0, 10)
    rows = {"purchases": np.array([purchases]), "mean": np.array([mean])}
    assert spending_likelihood(np.array([p, q, v]), **rows)[0][0] == pytest.approx(np.log(by_hand), abs=1e-6)


def test_derivatives_are_those_of_the_likelihood():
    buyer = {"repeat": np.array([0, 3]), "last": np.array([0, 5.0]), "age": np.array([9.0, 9.0])}
    spender = {"purchases": np.array([2, 5]), "mean": np.array([12.0, 40.0])}
    for model, at, rows in (
        (buying_likelihood, np.array([1.3, 2.5, 0.6, 2.2]), buyer),
        (spending_likelihood, np.array([3.0, 4.0, 15.0]), spender),
    ):
        numeric = approx_fprime(at, lambda values, model=model, rows=rows: model(values, **rows)[0].sum(), 1e-7)
        assert model(at, **rows)[1].sum(axis=1) == pytest.approx(numeric, rel=1e-4, abs=1e-5)


def bought_by(draw, rates, leave, until):
    """Repeat purchases, last purchase and whether still active, of customers who start at 0."""
    repeat, last = np.zeros(len(rates), int), np.zeros(len(rates))
    clock, active = np.zeros(len(rates)), np.ones(len(rates), bool)
    while active.any():
        clock = clock + draw.exponential(1 / rates)
        active &= clock < until
        repeat, last = repeat + active, np.where(active, clock, last)
        active &= draw.random(len(rates)) >= leave
    return repeat, last


def test_known_parameters_are_found_again_and_predict_what_follows():
    draw = np.random.default_rng(11)
    n, age, ahead = 20_000, 52.0, 26.0
    rates, leave = draw.gamma(0.8, 1 / 6.0, n), draw.beta(0.9, 2.5, n)
    both = [bought_by(np.random.default_rng(12), rates, leave, until) for until in (age, age + ahead)]
    repeat, last = both[0]
    model = fit_buying(repeat, last, np.full(n, age))
    assert (model.r, model.alpha, model.a, model.b) == pytest.approx((0.8, 6.0, 0.9, 2.5), rel=0.15)
    assert model.edge == ()
    predicted = model.expected(ahead, repeat, last, np.full(n, age)).sum()
    assert predicted == pytest.approx((both[1][0] - repeat).sum(), rel=0.04)
    draw = np.random.default_rng(13)
    means = 30 * 15 / draw.gamma(4.0, 1.0, n)
    bought = repeat + 1
    mean = draw.gamma(2.0 * bought) * means / (2.0 * bought)
    money = fit_spending(bought, mean)
    assert (money.p, money.q) == pytest.approx((2.0, 4.0), rel=0.1)
    assert money.p * money.v == pytest.approx(450, rel=0.1)


def test_expected_purchases_are_the_integral_over_leaving():
    for model in (PUBLISHED, Buying(2.9, 27.7, 46, 500, 0, 1), Buying(0.5, 5, 1.000001, 3, 0, 1)):
        for repeat, last, age in ((0, 0, 0), (0, 0, 50), (1, 10, 50), (60, 49, 50), (400, 49.9, 50)):
            leave, weights = beta_nodes(model.a, model.b + repeat)
            buyer = np.array([repeat]), np.array([float(last)]), np.array([float(age)])
            left = ((model.alpha + age) / (model.alpha + age + leave * 52)) ** (model.r + repeat)
            by_hand = weights @ ((1 - left) / leave) * model.p_alive(*buyer)[0]
            assert model.expected(52, *buyer)[0] == pytest.approx(by_hand, rel=1e-6)


def test_a_longer_silence_makes_a_customer_less_likely_to_be_active():
    last = np.array([40.0, 30.0, 20.0, 10.0, 1.0])
    alive = PUBLISHED.p_alive(np.full(5, 6), last, np.full(5, 40.0))
    assert (np.diff(alive) < 0).all()
    by_hand = 1 / (1 + 0.793 / (2.426 + 6 - 1) * ((4.414 + 40) / (4.414 + 20)) ** (0.243 + 6))
    assert alive[2] == pytest.approx(by_hand)
    assert PUBLISHED.p_alive(np.array([0]), np.array([0.0]), np.array([300.0])) == 1
    assert PUBLISHED.p_alive(np.array([900]), np.array([1.0]), np.array([300.0])) == pytest.approx(0)


def test_spend_lies_between_the_own_mean_and_that_of_all():
    model = Spending(6.25, 3.74, 15.44, 0, 946)
    of_all = model.p * model.v / (model.q - 1)
    once, often = model.expected(np.array([1, 50]), np.array([100.0, 100.0]))
    assert of_all < once < often < 100
    assert model.expected(np.array([0]), np.array([0.0])) == pytest.approx(of_all)


def test_a_history_is_counted_in_days_with_an_order(orders):
    day = date(2026, 1, 1)
    found = histories(typed(orders), day).set_index("customer")
    known = orders[orders["bought_on"] <= pd.Timestamp(day)]
    days = known.groupby("buyer")["bought_on"]
    assert found["repeat"].to_dict() == (days.nunique() - 1).to_dict()
    assert found["last"].to_dict() == (days.max() - days.min()).dt.days.to_dict()
    assert found["age"].to_dict() == (pd.Timestamp(day) - days.min()).dt.days.to_dict()
    fen = (known["paid"] * 100).round().astype("int64").groupby(known["buyer"]).sum()
    assert found["money"].to_dict() == fen.to_dict()


def test_the_table_has_every_customer_and_whole_fen(estimate, orders):
    table = estimate.table
    assert table["buyer"].tolist() == typed(orders).customers["buyer"].tolist()
    assert str(table["value"].dtype) == str(table["expected_spend"].dtype) == "int64"
    assert table["p_alive"].between(0, 1).all()
    assert (table["value"] <= (table["expected_purchases"] * (table["expected_spend"] + 1)).round() + 1).all()
    assert estimate.people == orders["buyer"].nunique() > len(table)


def test_discounting_takes_off_what_a_year_costs(orders, estimate):
    plain = lifetime_value(typed(orders), discount_rate=0).table
    whole = plain["expected_purchases"] * plain["expected_spend"]
    assert plain["value"].to_numpy() == pytest.approx(whole.to_numpy(), abs=10)
    ratio = estimate.table["value"].sum() / plain["value"].sum()
    assert ratio == pytest.approx(1.1**-0.5, abs=0.004)


def test_the_check_knows_nothing_of_what_it_predicts(orders, estimate):
    after = orders["bought_on"] > pd.Timestamp(estimate.checked_from)
    changed = orders.copy()
    changed.loc[after, "buyer"] = np.random.default_rng(1).choice(orders["buyer"].unique(), after.sum())
    other = lifetime_value(typed(changed))
    assert other.check["predicted"].tolist() == estimate.check["predicted"].tolist()
    assert other.check["observed"].tolist() != estimate.check["observed"].tolist()


def test_the_check_counts_the_days_that_were_bought_on(orders, estimate):
    day = pd.Timestamp(estimate.checked_from)
    before, after = orders[orders["bought_on"] <= day], orders[orders["bought_on"] > day]
    known = sorted(before["buyer"].unique())
    observed = after.groupby("buyer")["bought_on"].nunique().reindex(known, fill_value=0)
    assert estimate.check["observed"].tolist() == observed.tolist()
    table = estimate.holdout()
    assert table["customers"].sum() == len(known)
    weighted = (table["observed"] * table["customers"]).sum()
    assert weighted == pytest.approx(observed.sum())
    assert ((table["low"] <= table["observed"]) & (table["observed"] <= table["high"]))[table["customers"] > 1].all()


def test_where_customers_behave_as_assumed_the_check_comes_out_well(estimate):
    errors = estimate.errors()
    assert errors["bg_nbd"] < errors["own_rate"]
    assert estimate.check["predicted"].sum() == pytest.approx(estimate.check["observed"].sum(), rel=0.15)
    assert "the model is closer" in estimate.describe("en")
    assert "acceptable" in estimate.describe("en")
    assert "不是利润" in estimate.describe("zh")


def test_spend_that_goes_with_frequency_is_called_out(orders):
    often = orders.groupby("buyer")["number"].transform("size")
    related = lifetime_value(typed(orders.assign(paid=(often * 10.0 + orders["paid"] / 10).round(2))))
    assert related.correlation > 0.5
    assert "fails" in related.describe("en")
    assert "不成立" in related.describe("zh")


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "duckdb", "parquet"])
def test_every_kind_and_order_of_rows_gives_the_same(kind, estimate, orders, tmp_path):
    other = lifetime_value(typed(KINDS[kind](orders.sample(frac=1, random_state=5), tmp_path)))
    assert other.table["buyer"].tolist() == estimate.table["buyer"].tolist()
    assert other.table["value"].tolist() == estimate.table["value"].tolist()


def test_many_customers_are_sampled_openly(monkeypatch, estimate, orders):
    monkeypatch.setattr(value, "SAMPLE", 250)
    few = lifetime_value(typed(orders))
    assert few.buying.customers == 250
    assert len(few.table) == len(estimate.table)
    assert len(few.check) == 250
    assert "250" in few.describe("en")


def test_one_price_for_all_is_no_trouble(orders):
    same = lifetime_value(typed(orders.assign(paid=10.0)))
    assert same.table["expected_spend"].between(995, 1005).all()
    assert "nan" not in same.describe("en")


def test_too_little_data_and_odd_settings_are_told(orders):
    result = typed(orders)
    for days in (0, 1.5, True, "30"):
        with pytest.raises(ParameterError, match="days"):
            lifetime_value(result, days)
    for rate in (-0.1, float("nan"), "0.1", True):
        with pytest.raises(ParameterError, match="discount_rate"):
            lifetime_value(result, discount_rate=rate)
    with pytest.raises(ParameterError, match="seed"):
        lifetime_value(result, seed=1.5)
    with pytest.raises(DataError, match="Lifetime values need"):
        lifetime_value(typed(orders[orders["buyer"] < "K0120"]))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_picture_says_in_words_what_it_shows(estimate, lang):
    show.theme()
    shown = pictures.value_holdout(estimate, lang)
    first = estimate.holdout().iloc[0]
    assert f"{first['predicted']:.1f}" in shown.alt
    assert f"{first['observed']:.1f}" in shown.alt
    assert shown.png().startswith(b"\x89PNG")


def test_a_short_history_gives_values_without_a_check():
    start = pd.Timestamp(AS_OF) - pd.Timedelta(days=20)
    crowd = pd.DataFrame({"buyer": [f"P{number:03d}" for number in range(300)] * 2})
    when = [start + pd.Timedelta(days=11 + place % 3 + 4 * (place >= 300)) for place in range(600)]
    first = pd.DataFrame({"buyer": ["Q"], "bought_on": [start]})
    crowd = pd.concat([first, crowd.assign(bought_on=when)], ignore_index=True)
    crowd = crowd.assign(number=[f"N{place}" for place in range(601)], paid=5.0)
    crowd["bought_on"] = crowd["bought_on"].astype("datetime64[us]")
    unchecked = lifetime_value(typed(crowd), days=30)
    assert unchecked.check.empty
    assert "too short for a check" in unchecked.describe("en")
    assert "没有可以画的" in pictures.value_holdout(unchecked, "zh").alt
