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


@cache
def _around(currency: str, lang: str, negative: bool) -> tuple[int, str, str]:
    """The decimals of a currency and what stands before and after the number; babel is asked once for each."""
    from babel.numbers import format_currency, get_currency_precision

    places = get_currency_precision(currency)
    one = format_currency(-1 if negative else 1, currency, locale=_locale(lang))
    before, after = one.split(f"{1:.{places}f}")
    return places, before, after


def format_money(minor: int | Fraction, currency: str, lang: str, *, apart_from: int | None = None) -> str:
    """An amount in minor units as people write it.

    A fraction of a minor unit (a mean) is rounded for show, half a unit to the even one; where rounding would make it
    equal to `apart_from`, the value that it is compared with, it keeps more decimals.

    >>> format_money(123450, "CNY", "zh")
    '¥1,234.50'
    >>> format_money(Fraction(100, 3), "CNY", "en", apart_from=33)
    'CN¥0.333'
    """
    places, before, after = _around(currency, lang, minor < 0)
    shown = places
    if apart_from is not None and round(minor) == apart_from != minor:
        more = range(places + 1, places + 11)
        shown = next(
            (one for one in more if round(Fraction(minor, 10**places), one) * 10**places != apart_from), places
        )
    number = Decimal(minor.numerator) / (minor.denominator * 10**places)
    return f"{before}{abs(number):,.{shown}f}{after}"
