"""Intraclass correlations: the published example, pingouin, McGraw and Wong's cases, ratings that do not vary."""

import numpy as np
import pandas as pd
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.errors import DataError
from crmlab.survey.measures import FORMS, icc, icc_a1

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
"""Six subjects, four judges: Shrout and Fleiss 1979, table 2."""


def estimates(ratings) -> pd.Series:
    return icc(pd.DataFrame(ratings)).set_index("form")["estimate"]


def noisy(n: int, k: int) -> list[list[float]]:
    rng = np.random.default_rng(n * k)
    return (rng.normal(size=(n, 1)) + rng.normal(size=k) + rng.normal(size=(n, k))).tolist()


def test_the_six_forms_of_shrout_and_fleiss():
    published = [0.166, 0.290, 0.715, 0.443, 0.620, 0.909]
    assert estimates(SHROUT_FLEISS).tolist() == pytest.approx(published, abs=5e-4)


@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")
@pytest.mark.parametrize("ratings", [SHROUT_FLEISS, noisy(12, 2), noisy(30, 5)], ids=["published", "pairs", "five"])
def test_estimates_and_intervals_agree_with_pingouin(ratings, monkeypatch):
    monkeypatch.setitem(pingouin.options, "round.column.CI95", 9)
    long = pd.DataFrame(ratings).rename_axis("target").reset_index().melt("target", var_name="rater")
    oracle = pingouin.intraclass_corr(long, "target", "rater", "value").set_index("Type")
    found = icc(pd.DataFrame(ratings)).set_index("form")
    assert found.index.tolist() == list(FORMS)
    for form in FORMS:
        wanted = [oracle.loc[form, "ICC"], *oracle.loc[form, "CI95"]]
        assert found.loc[form].tolist() == pytest.approx(wanted, abs=1e-8), form


def test_icc_a1_is_one_of_the_six():
    ratings = pd.DataFrame(SHROUT_FLEISS)
    found = icc_a1(ratings)
    assert [found.estimate, found.low, found.high] == icc(ratings).set_index("form").loc["ICC(A,1)"].tolist()
    assert found.n == 6


def test_absolute_agreement_sees_the_bias_that_consistency_and_a_correlation_do_not():
    first = pd.Series([1.0, 2.0, 3.0, 4.0])
    shifted = pd.DataFrame({"first": first, "second": first + 2})
    assert shifted.corr().iloc[0, 1] == pytest.approx(1)
    found = estimates(shifted)
    assert found["ICC(C,1)"] == found["ICC(C,k)"] == 1
    assert found["ICC(A,1)"] < 0.5


NAN, OPEN = float("nan"), float("-inf")


@pytest.mark.parametrize(
    ("ratings", "single", "mean"),
    [
        ([[1, 2], [2, 1]], [-1, NAN, -1], [OPEN, NAN, OPEN]),
        ([[3, 3], [3, 3]], [NAN] * 3, [NAN] * 3),
        ([[0.1, 0.1], [0.1, 0.1], [0.1, 0.1]], [NAN] * 3, [NAN] * 3),
        ([(1, 2), (1, 2)], [-1, 0, NAN], [OPEN, 0, NAN]),
        ([(0.1, 0.7)] * 3, [-1, 0, NAN], [OPEN, 0, NAN]),
        ([(0.3, 1.1)] * 7, [-1, 0, NAN], [OPEN, 0, NAN]),
        ([[1, 1], [2, 2]], [1, 1, 1], [1, 1, 1]),
        ([[1, 2]], [NAN] * 3, [NAN] * 3),
        ([[2, 1, 1], [2, 1, 1], [1, 1, 2]], [-0.5] * 3, [OPEN] * 3),
    ],
)
def test_degenerate_ratings(ratings, single, mean):
    assert estimates(ratings).tolist() == pytest.approx([*single, *mean], nan_ok=True)


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_perfect_agreement_is_one_with_its_interval_on_every_scale(scale):
    found = icc(pd.DataFrame([[0.1, 0.1, 0.1], [0.2, 0.2, 0.2], [0.4, 0.4, 0.4]]) * scale)
    assert (found[["estimate", "low", "high"]] == 1).all(axis=None)


small = st.integers(1, 4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(small, small, small), min_size=2, max_size=6))
def test_any_ratings_give_ordered_intervals_without_a_warning(ratings):
    found = icc(pd.DataFrame(ratings)).dropna()
    assert (found["estimate"] <= 1).all()
    assert (found["low"] <= found["estimate"] + 1e-9).all()
    assert (found["estimate"] <= found["high"] + 1e-9).all()


def test_ratings_that_cannot_be_compared_are_refused():
    with pytest.raises(DataError, match="there are 1"):
        icc(pd.DataFrame({"first": [1, 2]}))
    with pytest.raises(DataError, match="missing in 1 rows"):
        icc(pd.DataFrame({"first": [1, None, 3], "second": [1, None, 2]}))
