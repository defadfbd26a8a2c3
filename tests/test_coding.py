"""Krippendorff's alpha: the published example, the package krippendorff, codes that are words, what cannot be said."""

import krippendorff
import numpy as np
import pandas as pd
import pytest

from crmlab.errors import DataError, ParameterError
from crmlab.survey.coding import LEVELS, krippendorff_alpha
from crmlab.words import LANGUAGES

NAN = float("nan")
CODERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]
"""Four coders, twelve units: Krippendorff 2011, example C."""
CLASSIC = pd.DataFrame(CODERS, index=list("ABCD")).T


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_the_published_example(level, published):
    found = krippendorff_alpha(CLASSIC, level=level)
    assert found.alpha == pytest.approx(published, abs=5e-4)
    assert found.alpha == 1 - found.observed / found.expected
    assert (found.n, found.left_out, found.codes) == (11, 1, 40)


def random_codes(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 6, (60, 1))
    codes = np.where(rng.random((60, 5)) < 0.6, true, rng.integers(0, 6, (60, 5))).astype(float)
    return pd.DataFrame(np.where(rng.random((60, 5)) < 0.5, NAN, codes))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_codes_with_zeros_and_gaps_agree_with_the_package(level, seed):
    codes = random_codes(seed)
    oracle = krippendorff.alpha(codes.to_numpy().T, level_of_measurement=level)
    found = krippendorff_alpha(codes, level=level)
    assert found.alpha == pytest.approx(oracle)
    assert found.left_out == (codes.notna().sum(axis=1) < 2).sum() > 0


def test_words_are_codes_at_the_nominal_level():
    names = {1: "价格", 2: "质量", 3: "服务", 4: "物流", 5: "其他"}
    named = CLASSIC.apply(lambda coder: coder.map(names))
    assert krippendorff_alpha(named).alpha == pytest.approx(krippendorff_alpha(CLASSIC).alpha)
    with pytest.raises(DataError, match=r"A has 9 .*\(such as 价格, 质量, 服务\)"):
        krippendorff_alpha(named, level="ordinal")


def test_the_order_and_the_names_of_units_and_coders_do_not_matter():
    turned = CLASSIC.sample(frac=1, random_state=1)[list("DBCA")].set_axis(["u"] * 12).set_axis([1, 2, 3, 3], axis=1)
    assert krippendorff_alpha(turned).alpha == pytest.approx(krippendorff_alpha(CLASSIC).alpha)


def test_perfect_and_opposite_codes():
    assert krippendorff_alpha(pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]})).alpha == 1
    assert krippendorff_alpha(pd.DataFrame({"a": [1, 2], "b": [2, 1]})).alpha == pytest.approx(-0.5)


@pytest.mark.parametrize(
    "codes",
    [{}, {"a": []}, {"a": [1, 2, 3]}, {"a": [1, None], "b": [None, 2]}],
    ids=["nothing", "empty", "one coder", "no unit twice"],
)
@pytest.mark.parametrize("level", LEVELS)
def test_too_few_codes_are_refused(codes, level):
    with pytest.raises(DataError, match="two people"):
        krippendorff_alpha(pd.DataFrame(codes), level=level)


@pytest.mark.parametrize("level", LEVELS)
def test_codes_without_variation_are_refused(level):
    same = pd.DataFrame({"a": [2, 2, 2, 1], "b": [2, 2, 2, None]})
    with pytest.raises(DataError, match="3 answers"):
        krippendorff_alpha(same, level=level)


def test_a_ratio_scale_has_no_negative_codes():
    codes = pd.DataFrame({"a": [-1, 2], "b": [1, -2]})
    with pytest.raises(DataError, match="2 codes"):
        krippendorff_alpha(codes, level="ratio")
    assert krippendorff_alpha(codes, level="interval").n == 2


def test_codes_that_are_no_numbers_are_named_and_personal_ones_masked():
    codes = pd.DataFrame({"a": ["1", "inf", "12012345678"], "b": ["1", "2", "xx"]})
    with pytest.raises(DataError, match=r"a has 1 .*inf"):
        krippendorff_alpha(codes, level="interval")
    with pytest.raises(DataError) as raised:
        krippendorff_alpha(codes.assign(a=["1", "2", "shi@shop.example"]), level="interval")
    assert "shop" not in str(raised.value)


def test_an_unknown_level_names_the_four():
    with pytest.raises(ParameterError, match="nominal, ordinal, interval, ratio"):
        krippendorff_alpha(CLASSIC, level="metric")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sentence_tells_alpha_level_and_units(lang):
    found = krippendorff_alpha(CLASSIC, level="ordinal")
    told = found.sentence(lang)
    assert told in repr(found)
    assert all(part in told for part in ("0.815", "11", "40", {"zh": "定序", "en": "ordinal"}[lang]))
