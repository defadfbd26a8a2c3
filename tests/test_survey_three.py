"""The three questions: bands, units, skipped answers, and what cannot be coded."""

from datetime import date
from fractions import Fraction

import pandas as pd
import pytest

from crmlab import survey
from crmlab.errors import DataError, ParameterError
from crmlab.survey.questionnaire import questionnaire
from crmlab.survey.three import top_band

AS_OF = date(2026, 6, 17)


def answers(**columns):
    given = {"q1_last": "week", "q2_orders": "1", "q3_spend": "0-200", "submitted_at": pd.Timestamp("2026-06-16 23:59")}
    frame = pd.DataFrame({name: columns.get(name, [value]) for name, value in given.items()})
    return frame.assign(answer_id="a", customer_id="c")


@pytest.mark.parametrize(
    ("n_below", "n", "estimator", "value"),
    [
        *((30, 10, "harmonic", 3000.0), (30, 10, "mean", 4000.0), (30, 10, "median", 2828.43)),
        *((60, 40, "harmonic", 3512.94), (60, 40, "mean", 8212.57)),
    ],
)
def test_top_band_gives_the_reference_values(n_below, n, estimator, value):
    assert top_band(1000, 2000, n_below, n, estimator=estimator) == pytest.approx(value, abs=0.005)


def test_the_harmonic_mean_is_the_one_to_use():
    assert survey.top_band(1000, 2000, 30, 10) == top_band(1000, 2000, 30, 10, estimator="harmonic")


@pytest.mark.parametrize("n", [30, 40])
def test_a_mean_that_is_infinite_is_refused(n):
    with pytest.raises(DataError, match="harmonic"):
        top_band(1000, 2000, 30, n, estimator="mean")
    assert top_band(1000, 2000, 30, n, estimator="median") > 2000


def test_an_unknown_estimator_and_a_band_from_zero_are_refused():
    with pytest.raises(ParameterError, match="mode"):
        top_band(1000, 2000, 30, 10, estimator="mode")
    with pytest.raises(DataError, match="200"):
        top_band(0, 200, 30, 10)


@pytest.mark.parametrize("estimator", ["harmonic", "mean", "median"])
def test_answers_and_the_table_of_bands_take_the_estimator_that_is_stated(estimator):
    given = pd.concat([answers(q3_spend=[band]) for band in ["1000-2000"] * 30 + ["2000+"] * 10])
    value = top_band(1000, 2000, 30, 10, estimator=estimator)
    coded = survey.code_answers(given, as_of=AS_OF, estimator=estimator)
    assert coded["spend_per_quarter"].tolist() == [150_000] * 30 + [round(value * 100)] * 10
    table = survey.band_table(given, estimator=estimator).set_index("band")
    assert table.loc["2000+", "midpoint"] == value


def test_eight_orders_in_a_year_of_365_and_a_quarter_days_are_two_a_quarter():
    assert survey.per_quarter(8, Fraction(1461, 4)) == 2


def test_totals_and_quarterly_rates_rank_new_and_old_customers_differently():
    new, old = (3, Fraction(1461, 16)), (8, Fraction(1461, 4))
    assert new[0] < old[0]
    assert survey.per_quarter(*new) > survey.per_quarter(*old)


def test_bands_of_a_question_leave_no_gap_and_do_not_overlap():
    last, _, spend = survey.QUESTIONS
    assert all(low.high + 1 == high.low for low, high in zip(last.bands, last.bands[1:], strict=False))
    assert all(low.high == high.low for low, high in zip(spend.bands, spend.bands[1:], strict=False))


def test_the_questions_are_those_of_the_questionnaire():
    asked = questionnaire("shopping")
    assert asked.questions[:3] == survey.QUESTIONS
    assert [question.indicator for question in survey.QUESTIONS] == [
        *("recency_days", "orders_per_quarter", "spend_per_quarter"),
    ]


def test_recency_runs_from_the_own_day_to_the_common_date():
    coded = survey.code_answers(answers(submitted_at=[pd.Timestamp("2026-06-07 08:00")]), as_of=AS_OF)
    assert coded.loc[0, "recency_days"] == round(3.5 + 10)


def test_never_is_zero_and_skipped_is_missing():
    coded = survey.code_answers(answers(q2_orders=["0"]), as_of=AS_OF)
    assert coded.loc[0, "orders_per_quarter"] == 0
    coded = survey.code_answers(answers(q2_orders=[None], q1_last=[None], q3_spend=[None]), as_of=AS_OF)
    assert coded.loc[0, ["recency_days", "orders_per_quarter", "spend_per_quarter"]].isna().all()


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("q1_last", "yesterday", "yesterday"),
        ("q3_spend", "5-7", "5-7"),
        ("q2_orders", "2.5", "'2.5'"),
        ("q2_orders", "-1", "'-1'"),
        ("q2_orders", "often", "'often'"),
    ],
)
def test_answers_that_fit_nothing_are_named(column, value, said):
    with pytest.raises(DataError) as error:
        survey.code_answers(answers(**{column: [value]}), as_of=AS_OF)
    for lang in ("zh", "en"):
        assert column in error.value.message(lang)
        assert said in error.value.message(lang)


def test_an_answer_after_the_reference_date_is_refused():
    with pytest.raises(DataError, match="submitted_at"):
        survey.code_answers(answers(submitted_at=[pd.Timestamp("2026-06-18")]), as_of=AS_OF)


def test_the_top_band_needs_its_neighbour():
    with pytest.raises(DataError, match="2000"):
        survey.code_answers(answers(q3_spend=["2000+"]), as_of=AS_OF)


def test_no_answers_give_no_rows():
    coded = survey.code_answers(answers().iloc[:0], as_of=AS_OF)
    assert len(coded) == 0
    assert coded["spend_per_quarter"].dtype == "Int64"
