"""Raking: margins met, trimming said, precision lost."""

import numpy as np
import pandas as pd
import pytest

from crmlab.errors import DataError, ParameterError
from crmlab.survey.weights import design_effect, effective_n, rake


@pytest.fixture
def sample() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame({"sex": rng.choice(["female", "male"], 400, p=[0.7, 0.3]),
                         "age": rng.choice(["18-24", "25-34", "35+"], 400, p=[0.5, 0.3, 0.2])})  # fmt: skip


MARGINS = {"sex": {"female": 0.5, "male": 0.5}, "age": {"18-24": 0.2, "25-34": 0.4, "35+": 0.4}}


def test_kish_on_five_weights():
    weights = pd.Series([1, 1, 2, 2, 4])
    assert effective_n(weights) == pytest.approx(3.846, abs=5e-4)
    assert design_effect(weights) == pytest.approx(1.30)
    assert effective_n(pd.Series([3.0] * 7)) == pytest.approx(7)


def test_raked_weights_meet_every_margin(sample):
    found = rake(sample, MARGINS)
    assert found.converged
    for name, margin in MARGINS.items():
        shares = found.weights.groupby(sample[name]).sum() / found.weights.sum()
        assert shares.to_dict() == pytest.approx(margin, abs=2e-6)
    assert found.weights.mean() == pytest.approx(1)
    assert found.trimmed == 0
    assert found.effective_n == pytest.approx(effective_n(found.weights))
    assert found.effective_n < 400


def test_one_margin_is_weighting_by_class(sample):
    found = rake(sample, {"sex": MARGINS["sex"]})
    assert found.weights.to_numpy() == pytest.approx(0.5 * 400 / sample.groupby("sex")["sex"].transform("size"))


def test_raking_keeps_the_odds_ratio_of_the_sample(sample):
    """Iterative fitting changes margins only, never the association: Deming and Stephan 1940."""
    margins = {"sex": {"female": 0.4, "male": 0.6}, "old": {True: 0.45, False: 0.55}}
    sample = sample.assign(old=sample["age"] == "35+")
    found = rake(sample, margins, most=20)
    assert found.trimmed == 0

    def odds(values):
        table = values.groupby([sample["sex"], sample["old"]]).sum().unstack().to_numpy()
        return table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0])

    assert odds(found.weights) == pytest.approx(odds(pd.Series(1.0, index=sample.index)), rel=1e-5)


def test_counts_and_shares_of_the_population_say_the_same(sample):
    counts = {"sex": {"female": 500, "male": 500}, "age": {"18-24": 20, "25-34": 40, "35+": 40}}
    assert rake(sample, counts).weights.tolist() == rake(sample, MARGINS).weights.tolist()


def test_trimmed_weights_stay_below_the_limit_and_say_what_they_miss():
    sample = pd.DataFrame({"sex": ["female"] * 98 + ["male"] * 2})
    found = rake(sample, {"sex": {"female": 0.5, "male": 0.5}}, most=5)
    assert found.weights.max() <= 5 * (1 + 1e-9)
    assert found.weights.mean() == pytest.approx(1)
    assert not found.converged
    assert found.trimmed == 2
    assert found.worst == pytest.approx(0.4)
    assert "40.0%" in found.sentence("zh")
    assert rake(sample, {"sex": {"female": 0.5, "male": 0.5}}, most=50).converged


def test_margins_that_contradict_do_not_converge():
    sample = pd.DataFrame({"a": ["x", "y"] * 5, "b": ["x", "y"] * 5})
    found = rake(sample, {"a": {"x": 0.3, "y": 0.7}, "b": {"x": 0.6, "y": 0.4}})
    assert not found.converged
    assert found.worst == pytest.approx(0.3)


def test_the_table_shows_sample_target_and_result(sample):
    table = rake(sample, MARGINS).table
    assert table["n"].sum() == 800
    assert table["weighted_share"].tolist() == pytest.approx(table["target_share"].tolist(), abs=2e-6)
    assert table.groupby("margin")["sample_share"].sum().tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("margins", "said"),
    [
        ({"sex": {"female": 0.5, "male": 0.6}}, "1.1"),
        ({"sex": {"female": 1.5, "male": -0.5}}, "sex"),
        ({"sex": {"female": 1.0}}, "male"),
        ({"sex": {"female": 0.5, "male": 0.4, "other": 0.1}}, "other"),
        ({"city": {"here": 1.0}}, "city"),
    ],
)
def test_margins_that_do_not_fit_the_sample_are_refused(sample, margins, said):
    with pytest.raises(DataError) as error:
        rake(sample, margins)
    assert said in error.value.message("zh")


def test_answers_without_a_class_are_counted(sample):
    sample.loc[:6, "sex"] = None
    with pytest.raises(DataError, match="7 answers"):
        rake(sample, MARGINS)


def test_a_limit_of_one_leaves_nothing_to_weight(sample):
    with pytest.raises(ParameterError, match="most"):
        rake(sample, MARGINS, most=1)
