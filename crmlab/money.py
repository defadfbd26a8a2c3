"""Money for people's eyes. Inside crmlab money is an integer number of minor units."""

from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from crmlab.words import has_word, word

if TYPE_CHECKING:
    from babel import Locale

LOCALES = {"zh": "zh_CN", "en": "en_US"}


def minor_units_in(currency: str) -> int:
    """How many minor units make one unit of a currency: 100 fen to the yuan, 1 for the yen.

    >>> minor_units_in("CNY"), minor_units_in("JPY")
    (100, 1)
    """
    from babel.numbers import get_currency_precision

    return 10 ** get_currency_precision(currency)


def money_unit(currency: str, lang: str) -> str:
    """What one unit of a currency is called on an axis; its code where we have no word.

    >>> money_unit("CNY", "zh"), money_unit("CNY", "en"), money_unit("SEK", "zh")
    ('元', 'yuan', 'SEK')
    """
    key = f"unit.{currency}"
    return word(key, lang) if has_word(key) else currency


@cache
def _locale(lang: str) -> "Locale":
    from babel import Locale

    return Locale.parse(LOCALES[lang])


def format_money(minor: int | Fraction, currency: str, lang: str, *, apart_from: int | None = None) -> str:
    """An amount in minor units as people write it.

    A fraction of a minor unit (a mean) is rounded for show; where rounding would make it equal to `apart_from`, the
    value that it is compared with, it keeps more decimals.

    >>> format_money(123450, "CNY", "zh")
    '¥1,234.50'
    >>> format_money(Fraction(100, 3), "CNY", "en", apart_from=33)
    'CN¥0.333'
    """
    from babel.numbers import format_currency, get_currency_precision

    places = get_currency_precision(currency)
    amount = Fraction(minor) / 10**places
    shown = places
    while apart_from is not None and round(amount, shown) * 10**places == apart_from != minor and shown < places + 10:
        shown += 1
    number = Decimal(amount.numerator) / Decimal(amount.denominator)
    return format_currency(round(number, shown), currency, locale=_locale(lang), decimal_quantization=False) \
        if shown > places else format_currency(number, currency, locale=_locale(lang))  # fmt: skip
