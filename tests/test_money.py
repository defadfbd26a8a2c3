"""Money as people read it: the text is babel's to the last character, in every currency and both languages."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from babel.numbers import format_currency, get_currency_precision, list_currencies
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.money import LOCALES, format_money
from crmlab.words import LANGUAGES

AMOUNTS = (0, 1, -1, 5, -99, 100, 99_999, -1_234_567, 10**15)
MEANS = st.fractions(min_value=-(10**12), max_value=10**12, max_denominator=10**6)


def babel(minor, currency, lang, **settings):
    number = Decimal(minor.numerator) / minor.denominator / 10 ** get_currency_precision(currency)
    return format_currency(number, currency, locale=LOCALES[lang], **settings)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_currency_is_written_as_babel_writes_it(lang):
    currencies = sorted(list_currencies())
    assert len(currencies) > 150
    assert {get_currency_precision(one) for one in currencies} >= {0, 2, 3}
    for currency in currencies:
        for minor in AMOUNTS:
            assert format_money(minor, currency, lang) == babel(minor, currency, lang)


@settings(max_examples=150, deadline=None)
@given(st.integers(-(10**14), 10**14) | MEANS, st.sampled_from(["CNY", "USD", "JPY", "KWD", "SEK"]),
       st.sampled_from(LANGUAGES))  # fmt: skip
def test_any_amount_and_any_mean_are_rounded_as_babel_rounds(minor, currency, lang):
    assert format_money(minor, currency, lang) == babel(minor, currency, lang)


@pytest.mark.parametrize("half", [Fraction(1, 2), Fraction(3, 2), Fraction(-1, 2), Fraction(-5, 2)])
def test_half_a_fen_goes_to_the_even_one(half):
    shown = (Decimal(half.numerator) / half.denominator).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    assert format_money(half, "CNY", "zh") == f"{'-' if half < 0 else ''}¥0.0{abs(shown)}"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("currency", ["CNY", "JPY", "KWD"])
@pytest.mark.parametrize("digits", [1, 3, 9])
def test_a_mean_gets_the_decimals_that_tell_it_from_a_value_and_no_more(currency, lang, digits):
    mean = 1_234_567 + Fraction(4, 10**digits)
    exact = babel(mean, currency, lang, decimal_quantization=False)
    assert format_money(mean, currency, lang, apart_from=1_234_567) == exact
    assert format_money(mean, currency, lang, apart_from=1_234_566) == babel(mean, currency, lang)
    assert format_money(1_234_567, currency, lang, apart_from=1_234_567) == babel(1_234_567, currency, lang)


def test_a_difference_too_small_to_show_has_no_row_of_zeros():
    assert format_money(33 + Fraction(1, 10**15), "CNY", "zh", apart_from=33) == "¥0.33"
