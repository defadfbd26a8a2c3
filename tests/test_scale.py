"""Reversed items, missing policies, and reliability against published values, pingouin and statsmodels."""

import numpy as np
import pandas as pd
import pingouin
import pytest

from crmlab.errors import DataError, ParameterError
from crmlab.survey.factor import one_factor
from crmlab.survey.scale import reliability, reverse, scale_scores

LOADINGS = np.array([0.8, 0.7, 0.6, 0.5])
ATTITUDE = [
    [128909, 116388, 55214, 77521, 64979, 16393, 16898],
    [116388, 154236, 79128, 81132, 80598, 21516, 26766],
    [55214, 79128, 130244, 61636, 49304, 15508, 37598],
    [77521, 81132, 61636, 119849, 67981, 11717, 55852],
    [64979, 80598, 49304, 67981, 94049, 33733, 53438],
    [16393, 21516, 15508, 11717, 33733, 85181, 25096],
    [16898, 26766, 37598, 55852, 53438, 25096, 92096],
]
"""870 (30 · 29) times the covariances of the attitude survey of Chatterjee and Price 1977, 30 answers."""


def with_covariance(covariance, n) -> pd.DataFrame:
    """Answers whose sample covariance is the one that is given."""
    raw = np.random.default_rng(1).normal(size=(n, len(covariance)))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T))).T
    return pd.DataFrame(white @ np.linalg.cholesky(np.asarray(covariance)).T).rename(columns=lambda k: f"q{k + 1}")


def one_factor_correlation(loadings):
    correlation = np.outer(loadings, loadings)
    np.fill_diagonal(correlation, 1)
    return correlation


@pytest.fixture(scope="module")
def model() -> pd.DataFrame:
    return with_covariance(one_factor_correlation(LOADINGS), 60)


def test_items_are_reversed_by_the_scale_and_not_by_the_data():
    answers = pd.DataFrame({"a": [2, 3, None], "b": [2, 3, 4]})
    turned = reverse(answers, ["a"], 1, 5)
    assert turned["a"].dropna().tolist() == [4, 3]
    assert turned["b"].tolist() == answers["b"].tolist()
    assert answers["a"].tolist()[:2] == [2, 3]
    assert reverse(answers, ["b"], 0, 10)["b"].tolist() == [8, 7, 6]


@pytest.mark.parametrize("value", [0, 6, 2.5, "agree"])
def test_a_reversed_answer_off_the_scale_is_refused(value):
    with pytest.raises(DataError, match="slow"):
        reverse(pd.DataFrame({"slow": [3, value]}), ["slow"], 1, 5)


def test_an_item_that_is_not_there_is_named():
    with pytest.raises(DataError, match="fast"):
        reverse(pd.DataFrame({"slow": [3]}), ["fast"], 1, 5)
    with pytest.raises(DataError, match="fast"):
        reliability(pd.DataFrame({"slow": [3]}), ["slow", "fast"])


@pytest.mark.parametrize("value", ["12012345678", 12012345678, "luo@shop.example"])
def test_a_contact_typed_into_an_item_stays_out_of_the_error(value):
    with pytest.raises(DataError, match="slow") as error:
        reverse(pd.DataFrame({"slow": [3, value]}), ["slow"], 1, 5)
    assert "12345678" not in str(error.value)
    assert "luo" not in str(error.value)


@pytest.mark.parametrize(
    ("policy", "scored"), [("half", [2, 3, 4, None, None]), ("complete", [2, None, None, None, None])]
)
def test_scores_follow_the_named_policy_and_count_what_they_leave_out(policy, scored):
    answers = pd.DataFrame({"a": [1, 2, 4, 5, None], "b": [1, 3, 4, *[None] * 2], "c": [3, 4, *[None] * 3],
                            "d": [3, *[None] * 4]})  # fmt: skip
    found = scale_scores(answers, list("abcd"), 1, 5, missing=policy)
    assert found.table["score"].tolist() == pytest.approx([np.nan if x is None else x for x in scored], nan_ok=True)
    assert found.table["answered"].tolist() == [4, 3, 2, 1, 0]
    assert (found.n, found.left_out) == (sum(x is not None for x in scored), sum(x is None for x in scored))
    assert found.n + found.left_out == len(answers)
    assert str(found.left_out) in found.sentence("zh")


def test_the_policy_none_takes_no_missing_answer():
    whole = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    assert scale_scores(whole, ["a", "b"], 1, 5, missing="none").table["score"].tolist() == [2, 3]
    with pytest.raises(DataError, match="1 answers"):
        scale_scores(whole.assign(a=[1, None]), ["a", "b"], 1, 5, missing="none")
    with pytest.raises(ParameterError, match="half"):
        scale_scores(whole, ["a", "b"], 1, 5, missing="zero")


def test_the_model_of_four_loadings_gives_the_printed_values(model):
    found = reliability(model)
    assert (found.alpha, found.g6, found.omega) == pytest.approx((0.7421, 0.6936, 0.74945), abs=5e-5)
    table = found.table
    assert table["alpha_dropped"].tolist() == pytest.approx([0.6245, 0.6604, 0.6993, 0.7399], abs=5e-5)
    assert table["r_total"].tolist() == pytest.approx([0.8124, 0.7758, 0.7325, 0.6826], abs=5e-5)
    assert table["r_rest"].tolist() == pytest.approx([0.6352, 0.5745, 0.5062, 0.4315], abs=5e-5)
    assert table["loading"].tolist() == pytest.approx(LOADINGS.tolist(), abs=1e-5)
    assert found.warnings("zh") == []
    assert found.srmr == pytest.approx(0, abs=1e-5)


def test_an_item_left_reversed_lowers_alpha_and_is_told_but_not_turned(model):
    found = reliability(model.assign(q4=-model["q4"]))
    assert found.alpha == pytest.approx(0.2268, abs=5e-5)
    assert found.table.set_index("item").loc["q4", "r_rest"] < 0
    assert "q4" in found.warnings("zh")[0]
    assert found.warnings("en")[0] in found.sentence("en")


def test_the_attitude_survey():
    found = reliability(with_covariance(np.array(ATTITUDE) / 870, 30))
    assert (found.alpha, found.standardised, found.g6, found.mean_r) == pytest.approx(
        (0.84314, 0.83908, 0.87522, 0.42691), abs=5e-6
    )
    assert (found.low, found.high) == pytest.approx((0.739, 0.916), abs=5e-4)
    assert found.omega == pytest.approx(0.8405, abs=5e-5)


def test_alpha_agrees_with_pingouin_on_its_own_ratings():
    long = pingouin.read_dataset("cronbach_alpha")
    wide = long.pivot(index="Subj", columns="Items", values="Scores")
    found = reliability(wide)
    oracle, interval = pingouin.cronbach_alpha(wide)
    assert found.alpha == pytest.approx(oracle)
    assert found.alpha == pytest.approx(0.591719, abs=5e-7)
    assert (found.low, found.high) == pytest.approx(tuple(interval), abs=5e-4)
    assert (found.low, found.high) == pytest.approx((0.195, 0.840), abs=5e-4)


def test_each_missing_policy_gives_its_own_alpha():
    wide = pingouin.read_dataset("cronbach_wide_missing")
    pairwise, complete = (reliability(wide, missing=policy) for policy in ("pairwise", "complete"))
    assert (pairwise.alpha, complete.alpha) == pytest.approx((0.73266, 0.80170), abs=6e-6)
    assert (pairwise.low, pairwise.high) == pytest.approx((0.435, 0.909), abs=5e-4)
    oracle, interval = pingouin.cronbach_alpha(wide.dropna())
    assert complete.alpha == pytest.approx(oracle)
    assert (complete.low, complete.high) == pytest.approx(tuple(interval), abs=5e-4)
    assert (pairwise.n, pairwise.left_out, complete.n, complete.left_out) == (12, 0, 9, 3)
    assert pairwise.table["missing"].tolist() == complete.table["missing"].tolist() == wide.isna().sum().tolist()


def test_equal_loadings_make_omega_alpha():
    found = reliability(with_covariance(one_factor_correlation([0.6] * 5), 50))
    assert found.omega == pytest.approx(found.alpha, abs=1e-6) == pytest.approx(found.standardised, abs=1e-6)


def test_two_items_are_judged_by_spearman_and_brown():
    found = reliability(with_covariance([[1, 0.5], [0.5, 1]], 20))
    assert found.spearman_brown == pytest.approx(2 / 3)
    assert np.isnan(found.omega)
    assert "0.667" in found.sentence("en")
    assert found.table["alpha_dropped"].isna().all()
    assert found.warnings("en") == []


def test_two_factors_are_told():
    block = np.full((3, 3), 0.6)
    correlation = np.block([[block, np.full((3, 3), 0.1)], [np.full((3, 3), 0.1), block]])
    np.fill_diagonal(correlation, 1)
    found = reliability(with_covariance(correlation, 300))
    assert found.srmr > 0.08
    assert "SRMR" in found.warnings("zh")[0]


def test_an_item_that_follows_from_others_leaves_alpha_alone(model):
    found = reliability(model.assign(q5=model["q1"]))
    assert found.alpha > 0.7
    assert np.isnan(found.omega)
    assert np.isnan(found.g6)
    assert "omega" in found.sentence("en")
    assert len(found.warnings("en")) == 1


def test_a_heywood_case_is_told():
    correlation = np.array([[1, 0.8, 0.8, 0.1], [0.8, 1, 0.4, 0.1], [0.8, 0.4, 1, 0.1], [0.1, 0.1, 0.1, 1.0]])
    assert one_factor(correlation, 200).trouble == "heywood"
    assert any("Heywood" in told for told in reliability(with_covariance(correlation, 200)).warnings("zh"))


def test_order_of_answers_and_items_does_not_matter(model):
    shuffled = model.sample(frac=1, random_state=2)[["q3", "q1", "q4", "q2"]]
    first, second = reliability(model), reliability(shuffled)
    assert (second.alpha, second.omega, second.g6) == pytest.approx((first.alpha, first.omega, first.g6), abs=1e-6)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"a": [1, 2, 3], "b": [1, "often", 3]}, "often"),
        ({"a": [1, 2, 3]}, "at least 2 items"),
        ({"a": [1, 2], "b": [2, 1]}, "Only 2"),
        ({"a": [1, 2, None], "b": [None, 1, 2]}, "Only 1"),
        ({"a": [1, 2, 3], "b": [4, 4, 4]}, "answers to b"),
        ({"a": [1, 2, 3], "b": [3, 2, 1]}, "sum of a, b"),
    ],
)
def test_what_has_no_reliability_is_said(answers, said):
    with pytest.raises(DataError) as error:
        reliability(pd.DataFrame(answers))
    assert said in error.value.message("en")


def test_an_unknown_policy_for_covariances_is_refused(model):
    with pytest.raises(ParameterError, match="pairwise"):
        reliability(model, missing="half")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_picture_of_missing_answers_counts_patterns(lang):
    from crmlab import show
    from crmlab.show.survey import missing_pattern
    from crmlab.words import word

    show.theme()
    answers = pd.DataFrame({"csat": [1, None, None, 4], "nps": [3, None, None, 5], "ces": [None, 1, 2, 3]})
    drawn = missing_pattern(answers, lang)
    assert drawn.png().startswith(b"\x89PNG")
    (axes,) = drawn.figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["2", "1", "1"]
    assert drawn.alt == word("chart.missing_alt", lang, answers=4, patterns=3, complete=1,
                             item=word("column.csat", lang), missing=2)  # fmt: skip
