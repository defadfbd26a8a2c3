"""Bands leave types open: decided + undecided + skipped = all, and no decision is ever wrong."""

from datetime import date
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import type_customers
from crmlab.errors import DataError
from crmlab.rfm.marks import COMBINATIONS
from crmlab.survey.three import QUESTIONS, code_answers
from crmlab.survey.undecided import decide, quarterly, stated_marks

AS_OF = date(2026, 6, 17)
LIMITS = {"recency_days": 60, "orders_per_quarter": Fraction(9, 4), "spend_per_quarter": 75000}
LAST, _, SPEND = QUESTIONS


def answers(rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["q1_last", "q2_orders", "q3_spend"]).astype({"q2_orders": "object"})
    names = [f"{letter}{place}" for letter in "ac" for place in range(len(frame))]
    return frame.assign(answer_id=names[: len(frame)], customer_id=names[len(frame) :],
                        submitted_at=pd.Timestamp("2026-06-17 09:00"))  # fmt: skip


def one(last="week", orders=5, spend="2000+", **limits):
    return decide(answers([(last, orders, spend)]), {**LIMITS, **limits}, as_of=AS_OF).table.loc[0]


@pytest.mark.parametrize(
    ("last", "mark"), [("week", "↓"), ("month", "↓"), ("quarter", "?"), ("half_year", "↑"), ("longer", "↑")]
)
def test_recency_is_open_where_the_band_crosses_the_threshold(last, mark):
    assert one(last=last)["r_mark"] == mark


def test_the_open_top_band_is_never_below():
    assert one(last="longer", recency_days=1000)["r_mark"] == "?"
    assert one(last="longer", recency_days=183)["r_mark"] == "↑"


@pytest.mark.parametrize(("orders", "mark"), [(0, "↓"), (1, "↓"), (2, "?"), (3, "↑"), (9, "↑")])
def test_a_whole_number_of_orders_stands_for_a_rounded_rate(orders, mark):
    assert one(orders=orders)["f_mark"] == mark


def test_never_is_zero_and_not_rounded():
    assert one(orders=0, orders_per_quarter=Fraction(1, 4))["f_mark"] == "↓"
    assert one(orders=0, orders_per_quarter=0)["f_mark"] == "↑"


@pytest.mark.parametrize(
    ("spend", "mark"), [("0-200", "↓"), ("200-500", "↓"), ("500-1000", "?"), ("1000-2000", "↑"), ("2000+", "↑")]
)
def test_money_is_compared_in_minor_units(spend, mark):
    assert one(spend=spend)["m_mark"] == mark


def test_a_value_on_the_threshold_is_up_and_an_end_below_it_is_down():
    assert one(spend="1000-2000", spend_per_quarter=100000)["m_mark"] == "↑"
    assert one(spend="500-1000", spend_per_quarter=100000)["m_mark"] == "↓"
    assert one(spend="500-1000", spend_per_quarter=Fraction(199999, 2))["m_mark"] == "?"
    assert one(last="month", recency_days=30)["r_mark"] == "?"
    assert one(last="month", recency_days=Fraction(61, 2))["r_mark"] == "↓"


def test_recency_is_moved_to_the_common_date():
    frame = answers([("month", 5, "2000+")]).assign(submitted_at=pd.Timestamp("2026-05-18 23:00"))
    assert decide(frame, {**LIMITS, "recency_days": 38}, as_of=AS_OF).table.loc[0, "r_mark"] == "↑"
    assert decide(frame, {**LIMITS, "recency_days": 39}, as_of=AS_OF).table.loc[0, "r_mark"] == "?"


def test_one_open_mark_leaves_the_type_open_and_one_skipped_question_is_said():
    found = decide(
        answers([("week", 5, "2000+"), ("quarter", 5, "2000+"), ("quarter", None, "2000+"), ("longer", 0, "0-200")]),
        LIMITS,
        as_of=AS_OF,
    )
    assert found.table["state"].tolist() == ["decided", "undecided", "skipped", "decided"]
    assert found.table["type"].isna().tolist() == [False, True, True, False]
    assert found.table["type"].dropna().tolist() == [1, 6]
    assert found.table["marks"].isna().tolist() == [False, False, True, False]
    assert (found.n, found.decided, found.undecided, found.skipped) == (4, 2, 1, 1)
    assert "undecided" not in found.sentence("zh")


band = st.sampled_from([None, *(each.code for each in LAST.bands)])
count = st.one_of(st.none(), st.integers(0, 12))
money = st.sampled_from([None, *(each.code for each in SPEND.bands)])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(band, count, money), min_size=1, max_size=15), st.integers(1, 300), st.integers(1, 250000))
def test_decided_undecided_and_skipped_are_all(rows, days, fen):
    limits = {"recency_days": days, "orders_per_quarter": Fraction(17, 7), "spend_per_quarter": fen}
    found = decide(answers(rows), limits, as_of=AS_OF)
    assert found.decided + found.undecided + found.skipped == found.n == len(rows)
    assert found.table["type"].notna().sum() == found.decided
    assert found.table.loc[found.table["state"] == "decided", "marks"].isin(COMBINATIONS).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 400), st.integers(0, 40), st.integers(0, 400000), st.integers(1, 300), st.integers(1, 250000))
def test_a_decided_mark_is_the_mark_of_every_value_in_the_band(days, quarters, fen, limit_days, limit_fen):
    """Whatever the customer truly did, a mark that the bands decide is the true one."""
    rate = Fraction(quarters, 4)
    said = (
        LAST.band_of(days).code,
        round(rate),
        SPEND.band_of(fen / 100).code,
    )
    if 0 < rate < Fraction(1, 2):
        return
    limits = {"recency_days": limit_days, "orders_per_quarter": Fraction(9, 4), "spend_per_quarter": limit_fen}
    marks = decide(answers([said]), limits, as_of=AS_OF).table.loc[0, ["r_mark", "f_mark", "m_mark"]]
    for mark, value, limit in zip(marks, (days, rate, fen), limits.values(), strict=True):
        assert mark in ("?", "↑" if value >= limit else "↓")


def test_the_thresholds_of_a_result_become_quarterly(small):
    result = type_customers(small, as_of=AS_OF, window=365)
    limits = quarterly(result)
    assert limits["recency_days"] == result.thresholds["recency_days"].value
    assert limits["orders_per_quarter"] == 2 * Fraction(1461, 16) / 365
    assert limits["spend_per_quarter"] == 700 * Fraction(1461, 16) / 365
    with pytest.raises(DataError, match="window=365"):
        quarterly(type_customers(small, as_of=AS_OF))
    with pytest.raises(DataError, match="quantile"):
        quarterly(type_customers(small, as_of=AS_OF, window=365, split="quantile"))


def test_marks_of_coded_answers_use_the_one_value_of_each_band():
    frame = answers([("week", 3, "500-1000"), ("half_year", 1, "0-200"), (None, 1, "0-200")])
    marks = stated_marks(code_answers(frame, as_of=AS_OF), LIMITS)
    assert marks.tolist()[:2] == ["R↓F↑M↑", "R↑F↓M↓"]
    assert marks.isna().tolist() == [False, False, True]


def test_a_band_that_is_not_asked_is_named():
    with pytest.raises(DataError, match="yesterday"):
        one(last="yesterday")
