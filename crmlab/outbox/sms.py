"""How long a text message is: characters, alphabet, and the parts in which a phone network sends it."""

from functools import cache
from typing import NamedTuple

SEPTETS, SEPTETS_OF_PART = 160, 153
UNITS, UNITS_OF_PART = 70, 67


class Length(NamedTuple):
    """Characters as people count them, the alphabet ("gsm7" or "ucs2"), and the parts that are paid for."""

    characters: int
    alphabet: str
    parts: int


def sms_length(text: str) -> Length:
    """Length of a text message after 3GPP TS 23.038 and 23.040.

    The default alphabet holds 160 septets in one part, or 153 in each of several; some signs such as € take two. Any
    other character, and so any Chinese one, makes the whole text UCS-2: 70 units in one part, 67 in each of several;
    an emoji takes two. A sign of two units is never cut in half.

    >>> sms_length("a" * 160), sms_length("a" * 161)
    (Length(characters=160, alphabet='gsm7', parts=1), Length(characters=161, alphabet='gsm7', parts=2))
    >>> sms_length("券" * 70).parts, sms_length("券" * 71).parts, sms_length("€" * 80).parts, sms_length("€" * 81).parts
    (1, 2, 1, 2)
    """
    widths = _septets(text)
    if widths is not None:
        return Length(len(text), "gsm7", _parts(widths, SEPTETS, SEPTETS_OF_PART))
    units = [len(sign.encode("utf-16-le")) // 2 for sign in text]
    return Length(len(text), "ucs2", _parts(units, UNITS, UNITS_OF_PART))


def _septets(text: str) -> list[int] | None:
    """Septets of each sign, None where the default alphabet lacks one."""
    widths = [_width(sign) for sign in text]
    return None if None in widths else widths


@cache
def _width(sign: str) -> int | None:
    """Septets of one sign, None where the default alphabet lacks it."""
    import gsm0338  # registers the codec

    try:
        return len(sign.encode(gsm0338.Codec.NAME))
    except UnicodeEncodeError:
        return None


def _parts(widths: list[int], whole: int, part: int) -> int:
    if sum(widths) <= whole:
        return 1
    parts, filled = 1, 0
    for width in widths:
        if filled + width > part:
            parts, filled = parts + 1, 0
        filled += width
    return parts
