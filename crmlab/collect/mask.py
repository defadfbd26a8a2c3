"""Personal values in a listing keep their shape and lose their content."""

import unicodedata
from typing import TYPE_CHECKING

from crmlab.collect.personal import ANY_PHONE, by_shape, plain
from crmlab.data import PERSONAL

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 40
"""Characters shown of a masked value."""


def mask(text: str) -> str:
    """The shape of a text: digits become 0, ASCII letters x, all other characters 〇; punctuation and blanks stay.

    At most 40 characters are shown, so that a long text tells no more than that it is long.

    >>> mask("120-1229664"), mask("luo@shop"), mask("罗示松")
    ('000-0000000', 'xxx@xxxx', '〇〇〇')
    """
    return "".join(map(_masked, text[:LONGEST])) + ("…" if len(text) > LONGEST else "")


def _masked(character: str) -> str:
    if character.isdecimal():
        return "0"
    if character.isascii():
        return "x" if character.isalpha() else character
    return character if unicodedata.category(character)[0] in "PZ" else "〇"


def mask_column(values: "pd.Series", column: str) -> "pd.Series":
    """The values of a column as a listing may show them.

    Personal columns and customer ids are masked. In any other column, values that look like personal data are: a
    phone may be part of an order number.
    """
    if column in PERSONAL or column == "customer_id":
        return values.map(mask, na_action="ignore")
    return values.map(lambda text: mask(text) if looks_personal(text) else text, na_action="ignore")


def looks_personal(text: str) -> bool:
    """Whether a text has a phone number, an e-mail, an IP address or an identity number in it.

    >>> looks_personal("R12000000001-1"), looks_personal("1930679858170647123")
    (True, False)
    """
    plain_text = plain(text)
    return any(by_shape(plain_text)) or ANY_PHONE.search(plain_text) is not None
