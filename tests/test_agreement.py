"""Stated beside logged: published worked examples, oracles, zeros in the open, groups, types."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import type_customers
from crmlab.errors import DataError
from crmlab.rfm.marks import COMBINATIONS
from crmlab.survey.agreement import NO_PAIR, ORDER_BANDS, ZERO, _band, _kappa, compare, logged
from crmlab.survey.measures import bland_altman

PEFR_WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
PEFR_MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
"""Peak flow, first measurement by each meter: Bland and Altman 1986."""
INDICATORS = ["recency_days", "orders_per_quarter", "spend_per_quarter"]


def frame(**columns) -> pd.DataFrame:
    n = max(len(values) for values in columns.values())
    plain = {"recency_days": [30] * n, "orders_per_quarter": [2.0] * n, "spend_per_quarter": [50000] * n}
    return pd.DataFrame({"customer_id": [f"c{k}" for k in range(n)], **plain, **columns})


def row(found, indicator, group="all"):
    return found.table.set_index(["group", "indicator"]).loc[(group, indicator)]


def test_bland_and_altmans_peak_flow():
    found = bland_altman(pd.Series(PEFR_WRIGHT), pd.Series(PEFR_MINI), sds=2)
    assert (found.bias, found.sd) == pytest.approx((-2.12, 38.77), abs=0.005)
    assert (found.low, found.high) == pytest.approx((-79.6, 75.4), abs=0.06)
    narrow = bland_altman(pd.Series(PEFR_WRIGHT), pd.Series(PEFR_MINI))
    assert narrow.high - narrow.low == pytest.approx(2 * 1.96 * found.sd)


def test_the_bias_has_students_interval():
    from scipy import stats

    apart = np.array(PEFR_WRIGHT) - PEFR_MINI
    found = bland_altman(pd.Series(PEFR_WRIGHT), pd.Series(PEFR_MINI))
    low, high = stats.t.interval(0.95, 16, loc=apart.mean(), scale=stats.sem(apart))
    assert (found.bias_low, found.bias_high) == pytest.approx((low, high))


def test_kappa_of_cohens_table():
    first, second = [0] * 25 + [1] * 25, [0] * 20 + [1] * 5 + [0] * 10 + [1] * 15
    assert _kappa(first, second) == pytest.approx(0.40)
    assert _kappa(first, second, "quadratic") == pytest.approx(0.40)


def test_weighted_kappa_agrees_with_the_definition():
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 5, 200), rng.integers(0, 5, 200)
    second = np.where(rng.random(200) < 0.6, first, second)
    seen = np.zeros((5, 5))
    np.add.at(seen, (first, second), 1)
    weight = (np.arange(5)[:, None] - np.arange(5)) ** 2
    chance = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / 200
    assert _kappa(first, second, "quadratic") == pytest.approx(1 - (weight * seen).sum() / (weight * chance).sum())


def test_kappa_of_recency_is_weighted_on_the_bands_of_the_question():
    said, known = [3, 20, 60, 100, 200, 200], [3, 60, 60, 200, 100, 20]
    found = compare(frame(recency_days=said), frame(recency_days=known))
    bands = [0, 1, 2, 3, 4, 4], [0, 2, 2, 4, 3, 1]
    assert row(found, "recency_days")["kappa"] == pytest.approx(_kappa(*bands, "quadratic"))
    assert _kappa(*bands, "quadratic") != pytest.approx(_kappa(*bands))


def test_bands_of_orders_begin_where_a_rate_is_rounded_up():
    assert _band(pd.Series([0, 0.4, 0.5, 1, 2, 2.6, 4, 5, 12]), ORDER_BANDS).tolist() == [0, 0, 1, 1, 2, 3, 3, 4, 4]


def test_a_ratio_that_is_always_the_same_is_found():
    orders = frame(spend_per_quarter=[10000, 20000, 40000, 90000, 150000])
    said = orders.assign(spend_per_quarter=orders["spend_per_quarter"] * 1.3)
    found = row(compare(said, orders), "spend_per_quarter")
    assert found[["ratio", "limit_low", "limit_high"]].tolist() == pytest.approx([1.3] * 3)
    assert found["icc"] < 1


def test_ratio_and_limits_are_the_exponentials_of_those_on_the_logarithm():
    rng = np.random.default_rng(2)
    orders = frame(spend_per_quarter=rng.lognormal(10, 1, 80))
    said = orders.assign(spend_per_quarter=orders["spend_per_quarter"] * rng.lognormal(0.2, 0.3, 80))
    found = row(compare(said, orders), "spend_per_quarter")
    apart = np.log(said["spend_per_quarter"] / orders["spend_per_quarter"])
    assert found["ratio"] == pytest.approx(np.exp(apart.mean()))
    assert found["limit_high"] == pytest.approx(np.exp(apart.mean() + 1.96 * apart.std()))
    assert found["ratio_low"] < found["ratio"] < found["ratio_high"]


def test_zeros_skipped_and_customers_without_orders_are_counted_apart():
    said = frame(orders_per_quarter=[0, 0, 2, 1, None, 3])
    orders = frame(orders_per_quarter=[0, 1, 0, 1, 1, 1]).iloc[:5]
    found = compare(said, orders)
    counted = row(found, "orders_per_quarter")
    names = ["n", *NO_PAIR, *ZERO]
    assert counted[names].tolist() == [1, 1, 1, 0, 1, 1, 1]
    assert counted["n_kappa"] == 4
    assert found.pairs.query("indicator == 'orders_per_quarter'")["state"].tolist() == [
        *("both_zero", "stated_zero", "logged_zero", "used", "skipped", "not_logged")
    ]


def test_a_customer_who_bought_after_the_answer_could_not_have_said_so():
    said = frame(recency_days=[12, 40, 40], days_since=[10, 10, 10])
    found = compare(said, frame(recency_days=[10, 3, 30]))
    assert row(found, "recency_days")[["n", "bought_since", "n_kappa"]].tolist() == [2, 1, 2]
    assert row(found, "orders_per_quarter")[["n", "bought_since"]].tolist() == [3, 0]


values = st.one_of(st.none(), st.integers(0, 4))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(values, values), min_size=1, max_size=12))
def test_every_answer_is_used_or_listed_with_a_reason(pairs):
    said, known = (pd.Series(side, dtype="float64") for side in zip(*pairs, strict=True))
    found = compare(frame(recency_days=said), frame(recency_days=known))
    counts = row(found, "recency_days")[["n", *NO_PAIR, *ZERO]]
    assert counts.sum() == len(pairs) == found.n


def test_answers_that_do_not_vary_have_no_icc_but_a_ratio():
    found = row(compare(frame(recency_days=[2, 2]), frame(recency_days=[1, 1])), "recency_days")
    assert found[["n", "ratio", "icc"]].tolist() == pytest.approx([2, 2, 0])
    assert found[["icc_low", "icc_high"]].isna().all()


def test_each_group_has_its_own_rows_that_add_up():
    rng = np.random.default_rng(4)
    orders = frame(spend_per_quarter=rng.lognormal(10, 1, 60)).assign(tier=["high", "low", "mid"] * 20)
    heavy = np.where(orders["tier"] == "high", 1.5, 1.0)
    found = compare(orders.drop(columns="tier").assign(spend_per_quarter=orders["spend_per_quarter"] * heavy), orders,
                    group="tier")  # fmt: skip
    assert found.table["group"].unique().tolist() == ["all", "high", "low", "mid"]
    assert row(found, "spend_per_quarter", "high")["ratio"] == pytest.approx(1.5)
    assert row(found, "spend_per_quarter", "low")["ratio"] == pytest.approx(1.0)
    assert found.table.query("group != 'all' and indicator == 'recency_days'")["n"].sum() == 60


def test_types_are_crossed_with_kappa_and_prevalence():
    marks = ["R↓F↑M↑"] * 6 + ["R↑F↓M↓"] * 3 + ["R↓F↓M↓"]
    said = frame(marks=["R↓F↑M↑"] * 5 + ["R↑F↓M↓"] * 3 + ["R↑F↑M↑", None])
    found = compare(said, frame(marks=marks))
    assert found.confusion.shape == (8, 8)
    assert found.confusion.index.tolist() == found.confusion.columns.tolist() == list(COMBINATIONS)
    assert found.confusion.to_numpy().sum() == 9
    assert found.confusion.loc["R↑F↑M↑", "R↑F↓M↓"] == 1
    overall = found.types.iloc[0]
    assert (overall["n"], overall["agreed_share"]) == (9, 7 / 9)
    assert overall["most_common_share"] == pytest.approx(6 / 9)
    expected = (5 * 6 + 3 * 3) / 81
    assert overall["kappa"] == pytest.approx((7 / 9 - expected) / (1 - expected))


def test_without_marks_there_are_no_types():
    found = compare(frame(recency_days=[1, 2]), frame(recency_days=[1, 2]))
    assert found.types is None
    assert found.confusion is None


def test_the_orders_become_rates_per_quarter(small):
    result = type_customers(small, as_of=date(2026, 6, 17), window=365)
    rates = logged(result).set_index("customer_id")
    assert rates["orders_per_quarter"].tolist() == pytest.approx([2 * 91.3125 / 365] * 3)
    assert rates["spend_per_quarter"].tolist() == pytest.approx([m * 91.3125 / 365 for m in (300, 700, 1100)])
    assert rates.loc["a", "recency_days"] == 16
    assert set(rates["marks"]) <= set(COMBINATIONS)
    with pytest.raises(DataError, match="window=365"):
        logged(type_customers(small, as_of=date(2026, 6, 17)))


def test_a_new_customer_is_measured_from_registration_and_over_a_quarter_at_least(small):
    result = type_customers(small, as_of=date(2026, 6, 17), window=365)
    days = pd.to_datetime(["2026-06-01", "2025-12-17", "2020-01-01"])
    registered = pd.DataFrame({"customer_id": ["a", "b", "c"], "registered_on": days})
    rates = logged(result, registered).set_index("customer_id")["orders_per_quarter"]
    assert rates.tolist() == pytest.approx([2, 2 * 91.3125 / 183, 2 * 91.3125 / 365])


def test_two_answers_of_one_customer_are_refused():
    twice = pd.concat([frame(recency_days=[1, 2])] * 2)
    with pytest.raises(DataError, match="2 rows"):
        compare(twice, frame(recency_days=[1, 2]))


def test_columns_that_are_not_there_are_named():
    with pytest.raises(DataError, match="spend_per_quarter"):
        compare(frame(recency_days=[1]).drop(columns="spend_per_quarter"), frame(recency_days=[1]))
    with pytest.raises(DataError, match="tier"):
        compare(frame(recency_days=[1]), frame(recency_days=[1]), group="tier")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_sentence_tells_of_all_three_and_the_types(lang):
    from crmlab.words import word

    orders = frame(spend_per_quarter=[100, 200, 300], marks=["R↓F↑M↑", "R↑F↓M↓", "R↑F↓M↓"])
    told = compare(orders, orders).sentence(lang)
    for indicator in INDICATORS:
        assert word(f"column.{indicator}", lang) in told
    assert "100.0%" in told


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_picture_has_a_panel_for_each_indicator_and_counts_what_it_leaves_out(lang):
    from crmlab import show
    from crmlab.show.survey import bland_altman as picture

    show.theme()
    rng = np.random.default_rng(7)
    orders = frame(spend_per_quarter=rng.lognormal(10, 1, 40), recency_days=rng.integers(1, 300, 40))
    said = orders.assign(orders_per_quarter=[0] * 7 + [3] * 33)
    drawn = picture(compare(said, orders), lang)
    assert drawn.png().startswith(b"\x89PNG")
    shown = [len(axes.collections[0].get_offsets()) for axes in drawn.figure.axes]
    assert shown == [40, 33, 40]
    assert "33" in drawn.alt
    assert " 7 " in drawn.alt


def test_a_picture_without_lines_where_one_pair_has_no_limits():
    from crmlab import show
    from crmlab.show.survey import bland_altman as picture

    show.theme()
    found = compare(frame(recency_days=[None]), frame(recency_days=[3]))
    drawn = picture(found, "zh")
    assert drawn.png()
    for told in (drawn.alt, found.sentence("zh"), found.sentence("en")):
        assert "nan" not in told
    assert "只有 1 对" in drawn.alt


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_without_answers_nothing_is_drawn_and_every_count_is_0(lang):
    from crmlab import show
    from crmlab.show.survey import bland_altman as picture
    from crmlab.words import word

    orders = frame(spend_per_quarter=[100, 200], marks=["R↓F↑M↑", "R↑F↓M↓"])
    found = compare(orders.iloc[:0], orders)
    assert found.table[["n", *NO_PAIR, *ZERO]].eq(0).all(axis=None)
    assert "nan" not in found.sentence(lang)
    show.theme()
    drawn = picture(found, lang)
    assert drawn.alt == word("chart.nothing_alt", lang, title=word("chart.bland_altman", lang))
    assert drawn.png()


def test_customers_whose_registration_nobody_knows_have_the_whole_window(small):
    result = type_customers(small, as_of=date(2026, 6, 17), window=365)
    ids = small[["customer_id"]].drop_duplicates()
    pd.testing.assert_frame_equal(logged(result, ids), logged(result))
