"""CSAT, NPS and CES: published intervals, the ends of the scales, and what cannot be scored."""

import numpy as np
import pandas as pd
import pytest

from crmlab.errors import DataError, ParameterError
from crmlab.survey.satisfaction import ces, csat, nps, scores

CES_COUNTS = (80, 210, 140, 110, 160, 180, 120)


def nps_answers(promoters, passives, detractors):
    return pd.Series([10] * promoters + [7] * passives + [6] * detractors)


@pytest.mark.parametrize(
    ("top", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_csat_has_newcombes_wilson_intervals(top, n, low, high):
    found = csat(pd.Series([4] * top + [3] * (n - top)))
    assert (found.estimate, found.n) == (top / n, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_the_top_boxes_of_another_scale():
    assert csat(pd.Series([7, 6, 5, 1]), top=3, high=7).estimate == 0.75
    assert csat(pd.Series([5, 4, 4, 1]), top=1).estimate == 0.25


@pytest.mark.parametrize(
    ("counts", "estimate", "low", "high"),
    [((50, 30, 20), 30, 14.05, 44.20), ((5, 3, 2), 30, -19.05, 65.20), ((10, 0, 0), 100, 47.50, 100)],
)
def test_nps_has_the_adjusted_wald_interval_cut_at_100(counts, estimate, low, high):
    found = nps(nps_answers(*counts))
    assert found.estimate == pytest.approx(estimate)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.005)


def test_nps_is_cut_at_minus_100_too():
    assert nps(nps_answers(0, 0, 10)).low == -100


def test_promoters_begin_at_9_and_detractors_end_at_6():
    assert nps(pd.Series([9, 8, 7, 6])).estimate == 0
    assert nps(pd.Series([9, 8, 7, 7])).estimate == 25


def test_ces_gives_what_each_method_says():
    answers = pd.Series(np.repeat(range(1, 8), CES_COUNTS))
    assert round(ces(answers).estimate, 2) == 4.08
    assert ces(answers, method="index_67").estimate == pytest.approx(-13)
    assert ces(answers, method="top_57").estimate == pytest.approx(0.46)
    assert {method: ces(answers, method=method).method for method in ("mean", "index_67", "top_57")} == {
        "mean": "mean",
        "index_67": "index_67",
        "top_57": "top_57",
    }


def test_the_mean_of_ces_has_a_t_interval():
    from scipy import stats

    answers = pd.Series([1, 4, 4, 6, 7])
    found = ces(answers)
    low, high = stats.t.interval(0.95, 4, loc=answers.mean(), scale=stats.sem(answers))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert np.isnan(ces(pd.Series([5])).low)


def test_missing_answers_are_left_out_and_counted():
    found = csat(pd.Series([5, None, 1, None, None]))
    assert (found.n, found.missing, found.estimate, found.policy) == (2, 3, 0.5, "answered")


@pytest.mark.parametrize(
    ("score", "value"), [(csat, 0), (csat, 6), (csat, 4.5), (nps, 11), (nps, -1), (ces, 8), (ces, "easy")]
)
def test_an_answer_off_the_scale_is_refused(score, value):
    with pytest.raises(DataError) as error:
        score(pd.Series([5, value], name="asked"))
    for lang in ("zh", "en"):
        assert "asked" in error.value.message(lang)
        assert str(value) in error.value.message(lang)


def test_nobody_answered_gives_no_score():
    with pytest.raises(DataError, match="csat"):
        csat(pd.Series([None, None], name="csat", dtype="float64"))


def test_an_unknown_method_is_refused():
    with pytest.raises(ParameterError, match="top_57"):
        ces(pd.Series([5]), method="sum")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("score", [csat, nps, ces])
def test_the_sentence_carries_n_policy_method_and_interval(score, lang):
    from crmlab.words import word

    found = score(pd.Series([5, 5, 3, None]))
    told = found.sentence(lang)
    for said in ("3", "95%", word("policy.answered", lang), word(f"score.method.{found.method}", lang)):
        assert said in told
    assert told in repr(found)


def test_the_table_has_a_row_for_each_score_that_was_asked():
    answers = pd.DataFrame({"ces": [5, 6], "csat": [5, 1], "other": ["a", "b"]})
    table = scores(answers, ces_method="top_57")
    assert table["score"].tolist() == ["csat", "ces"]
    assert table["method"].tolist() == ["top_box", "top_57"]
    assert (table["low"] < table["estimate"]).all()
    with pytest.raises(DataError, match="other"):
        scores(answers[["other"]])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_picture_shows_each_score_on_its_whole_scale(lang):
    from crmlab import show
    from crmlab.show.survey import scores_with_intervals

    show.theme()
    table = scores(pd.DataFrame({"csat": [5, 4, 2], "nps": [10, 9, 2], "ces": [7, 5, 4]}))
    drawn = scores_with_intervals(table, lang)
    assert drawn.png().startswith(b"\x89PNG")
    assert [axes.get_xlim() for axes in drawn.figure.axes] == [(0, 1), (-100, 100), (1, 7)]
    assert "67%" in drawn.alt
    assert "n = 3" in drawn.alt


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_mean_of_one_answer_has_no_interval_and_says_so(lang):
    from crmlab import show
    from crmlab.words import word

    show.theme()
    answers = pd.DataFrame({"ces": [6]})
    drawn = show.scores_with_intervals(scores(answers), lang)
    assert drawn.png()
    assert word("chart.scores_alone", lang, name=word("score.ces", lang), estimate="6.0", n=1) in drawn.alt
    for told in (drawn.alt, ces(answers["ces"]).sentence(lang)):
        assert "nan" not in told
