"""What personal data look like in a text: by their shape, and by the values that are known."""

import ipaddress
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from crmlab.collect.pseudonym import plain_contact

if TYPE_CHECKING:
    import pandas as pd

KNOWN_KINDS = ("name", "phone", "email", "wechat")
"""The columns of the customers that tell a person by themselves."""
GAP = "[ \\-\u2010\u2013\u2014]"
COUNTRY = rf"(?:(?:\+|00)?86{GAP}?)?"
PHONE = re.compile(
    rf"(?<![\w.]){COUNTRY}(?:1\d{{10}}|(?:120|1[3-9]\d)({GAP}|\.)\d{{4}}\1\d{{4}})(?![A-Za-z_\d]|\.\d*[1-9])", re.ASCII
)
ANY_PHONE = re.compile(rf"(?<!\d)(?={COUNTRY}(1(?:{GAP}?\d){{10}})(?!\d))")
EMAIL = re.compile(r"(?<![\w.+%-])[A-Za-z0-9][\w.+%-]*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}", re.ASCII)
IP4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)", re.ASCII)
IP6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{4}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![\w:])", re.ASCII)
IDENTITY = re.compile(
    r"(?<![\w.])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\w)", re.A
)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
COLOURS = re.compile(r"\x1b\[[\d;]*m")
"""What a terminal takes for a change of colour; it stands around the words of a traceback."""
INVISIBLE = dict.fromkeys(
    [0xAD, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x206A)]
)
"""What nobody sees in a text: soft hyphens, joiners, marks of direction (telephones copy them around a number)."""


class Found(NamedTuple):
    """One piece of personal data in a text: its kind, whether by "shape" or "known", where it begins and ends."""

    kind: str
    by: str
    start: int
    end: int


def is_identity_number(text: str) -> bool:
    """Whether the 18th character is the check digit of the 17 before it (GB 11643-1999, ISO 7064 MOD 11-2).

    >>> is_identity_number("11010519491231002X"), is_identity_number("110105194912310021")
    (True, False)
    """
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], WEIGHTS, strict=True))
    return text[17].upper() == CHECKS[total % 11]


def plain(text: str) -> str:
    """The text in which both ways of finding look: full-width signs narrow, small letters, nothing invisible.

    >>> plain("\\x1b[31mＬｕｏ\\u200b１２０\\x1b[0m")
    'luo120'
    """
    return unicodedata.normalize("NFKC", COLOURS.sub("", text)).translate(INVISIBLE).lower()


def by_shape(text: str) -> Iterator[Found]:
    """Chinese mobile numbers, e-mails, IP addresses and identity numbers in a plain text.

    A number inside a longer run of digits (a 19-digit order number) is none, and neither are the addresses that every
    computer has for itself (127.0.0.1, ::1).

    >>> text = "拨 +86 120-1229-6649 或写信到 a@shop.example；订单 2612012296649074514；127.0.0.1"
    >>> [text[found.start : found.end] for found in by_shape(text)]
    ['+86 120-1229-6649', 'a@shop.example']
    """
    for match in PHONE.finditer(text):
        yield Found("phone", "shape", *match.span())
    for match in EMAIL.finditer(text):
        yield Found("email", "shape", *match.span())
    for match in (*IP4.finditer(text), *IP6.finditer(text)):
        if _is_address(match[0]):
            yield Found("ip", "shape", *match.span())
    for match in IDENTITY.finditer(text):
        if is_identity_number(match[0]):
            yield Found("identity_number", "shape", *match.span())


def _is_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or (address.version == 6 and address.is_reserved))


@dataclass(frozen=True)
class PersonalData:
    """Values that must not turn up: by kind, such as {"name": ["罗示松"], "phone": ["12012296649"]}.

    >>> known = PersonalData({"name": ["罗示松"], "customer_id": ["C0001"]})
    >>> [found.kind for found in known.find(plain("C0001 罗示松, C00012"))]
    ['customer_id', 'name']
    """

    values: Mapping[str, Iterable[str]] = field(repr=False)

    @classmethod
    def of_customers(cls, customers: "pd.DataFrame") -> "PersonalData":
        """Names, phones, e-mails and WeChat ids of `shop.read_personal("customers")`."""
        return cls({kind: customers[kind].dropna().astype("str") for kind in KNOWN_KINDS if kind in customers})

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Every value as `plain` writes it, and its kind. A single character tells nobody and is left out."""
        known = {plain(str(value)).strip(): kind for kind, values in self.values.items() for value in values}
        return {value: kind for value, kind in known.items() if len(value) > 1}

    @cached_property
    def _phones(self) -> dict[str, str]:
        contacts = {plain_contact(value): kind for value, kind in self.kinds.items()}
        return {value: kind for value, kind in contacts.items() if re.fullmatch(r"1\d{10}", value)}

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return re.compile(_trie_pattern(self.kinds)) if self.kinds else None

    @cached_property
    def _raw_pattern(self) -> re.Pattern[bytes] | None:
        raw = {value.encode().decode("latin-1") for value in self.kinds}
        return re.compile(_trie_pattern(raw).encode("latin-1")) if raw else None

    def find(self, text: str) -> list[Found]:
        """Where the values stand in a plain text: as whole words where they begin or end with a letter or digit."""
        matches = self._pattern.finditer(text) if self._pattern else ()
        found = [
            Found(self.kinds[match[0]], "known", *match.span())
            for match in matches
            if not _inside_word(text, *match.span())
        ]
        phones = []
        for match in ANY_PHONE.finditer(text) if self._phones else ():
            kind = self._phones.get("".join(sign for sign in match[1] if sign.isdecimal()))
            if kind and not overlaps(found, *match.span(1)):
                phones.append(Found(kind, "known", *match.span(1)))
        return sorted([*found, *phones], key=lambda one: one.start)

    def find_in_bytes(self, content: bytes) -> list[Found]:
        """Where the values stand in the bytes of a file, also inside other words."""
        if self._raw_pattern is None:
            return []
        matches = self._raw_pattern.finditer(content.lower())
        return [Found(self.kinds[match[0].decode()], "known", *match.span()) for match in matches]


def overlaps(found: list[Found], start: int, end: int) -> bool:
    """Whether one of the findings, which stand in order and apart, has a character in common with the range.

    >>> found = [Found("name", "known", 2, 5), Found("name", "known", 8, 9)]
    >>> [overlaps(found, *range_) for range_ in ((0, 2), (0, 3), (4, 6), (5, 8), (0, 20))]
    [False, True, True, False, True]
    """
    before = bisect_left(found, end, key=lambda one: one.start)
    return before > 0 and found[before - 1].end > start


def _inside_word(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return any(
        edge.isascii() and edge.isalnum() and beyond.isascii() and beyond.isalnum()
        for edge, beyond in ((text[start], before), (text[end - 1], after))
    )


def _trie_pattern(values: Iterable[str]) -> str:
    """A regular expression for any of the values that shares their beginnings, so that thousands cost no time."""
    trie: dict[str, dict] = {}
    for value in values:
        branch = trie
        for character in value:
            branch = branch.setdefault(character, {})
        branch[""] = {}
    return _branch_pattern(trie)


def _branch_pattern(branch: dict[str, dict]) -> str:
    chain = ""
    while len(branch) == 1 and "" not in branch:
        ((character, branch),) = branch.items()
        chain += re.escape(character)
    ways = [re.escape(character) + _branch_pattern(rest) for character, rest in branch.items() if character]
    if not ways:
        return chain
    return f"{chain}(?:{'|'.join(ways)})" + ("?" if "" in branch else "")
