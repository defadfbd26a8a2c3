"""After a deletion only keyed hashes stay: they stop the person from being imported again."""

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from crmlab.collect.personal import ANY_PHONE, EMAIL, plain
from crmlab.collect.pseudonym import Key, plain_contact

if TYPE_CHECKING:
    import pandas as pd

REASONS = ("request", "withdrawal", "retention")
"""Why a person was deleted: they asked for it, they withdrew, or the time for keeping their data ended."""
TOMBSTONES = f"""CREATE TABLE IF NOT EXISTS tombstones (
    hash VARCHAR NOT NULL CHECK (length(hash) = 64),
    kind VARCHAR NOT NULL CHECK (kind IN ('customer', 'contact')),
    deleted_on DATE NOT NULL,
    reason VARCHAR NOT NULL CHECK (reason IN {REASONS}),
    PRIMARY KEY (hash, kind)
)"""
"""The table of tombstones in a customer base."""
CONTACTS = ("phone", "email", "wechat")
"""Columns of customers whose hashes a tombstone keeps beside the customer number."""


def tombstone_hash(key: Key, kind: str, text: str) -> str:
    """The hash that stands for a deleted customer number (kind "customer") or phone or mail (kind "contact").

    HMAC-SHA256 (RFC 2104), 64 hex digits. It differs from the pseudonym and from the hash in a suppression list, so
    that it leads to no row that stood under those.

    >>> key = Key(b"for the doctest")
    >>> tombstone_hash(key, "contact", "+86 120-0000-0001") == tombstone_hash(key, "contact", "12000000001")
    True
    """
    plain = plain_contact(text) if kind == "contact" else text
    return hmac.new(key.secret, f"tombstone {kind}\0{plain}".encode(), hashlib.sha256).hexdigest()


def buried(frame: "pd.DataFrame", tombstones: "pd.DataFrame", key: Key) -> "pd.Series":
    """Which rows belong to a deleted person and must not be imported: a boolean per row of `frame`.

    `frame` is a table of the house (any text in its columns; None for blank), `tombstones` has hash, kind and
    deleted_on. A deleted customer number is never used again. A deleted phone, mail or WeChat id stops a row of
    customers too, however it is written and whatever stands beside it in the cell, unless its registered_on is later
    than the deletion: whoever comes back of their own will is a new customer.
    Tables without customer_id and contacts have no such rows.
    """
    import pandas as pd

    stopped = pd.Series(False, index=frame.index)
    if "customer_id" in frame:
        stopped |= _days(frame["customer_id"], tombstones, "customer", key).notna()
    registered = pd.to_datetime(frame["registered_on"], errors="coerce") if "registered_on" in frame else None
    for column in CONTACTS:
        if column in frame:
            days = _days(frame[column], tombstones, "contact", key)
            anew = False if registered is None else registered > days
            stopped |= days.notna() & ~anew
    return stopped


def _days(texts: "pd.Series", tombstones: "pd.DataFrame", kind: str, key: Key) -> "pd.Series":
    """The day on which each text was deleted; NaT for one that was not."""
    import pandas as pd

    of_kind = tombstones[tombstones["kind"] == kind]
    by_hash = dict(zip(of_kind["hash"], pd.to_datetime(of_kind["deleted_on"]), strict=True))
    by_text = {}
    for text in texts.dropna().unique():
        meant = _contacts_in(str(text)) if kind == "contact" else {str(text)}
        days = {by_hash.get(tombstone_hash(key, kind, one)) for one in meant} - {None}
        by_text[text] = max(days, default=pd.NaT)
    return pd.to_datetime(texts.map(by_text))


def _contacts_in(text: str) -> set[str]:
    """The cell as a contact, and every phone and e-mail in it.

    >>> sorted(_contacts_in("0086 120.0000.0001")), sorted(_contacts_in("罗 <A@Shop.Example>"))
    (['0086 120.0000.0001', '12000000001'], ['a@shop.example', '罗 <a@shop.example>'])
    """
    text = plain(text)
    phones = {plain_contact(match[1]) for match in ANY_PHONE.finditer(text)}
    return {text, re.sub(r"\D", "", text)[-11:], *phones, *EMAIL.findall(text)} - {""}
