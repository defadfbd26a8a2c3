"""Keyed hashes: in a notebook a customer goes by a pseudonym, in a suppression list a contact by its hash."""

import base64
import hmac
import os
import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

LENGTH = 12
"""Characters of a pseudonym: 60 bits, so that two of ten million customers share one in 4 of 100,000 cases."""
KEY_FILE = "CRMLAB_KEY_FILE"
"""The environment variable that names the key file; without it the key lies in .crmlab/key of the home folder."""

PHONE_SIGNS = re.compile(r"[\s()+-]")


@dataclass(frozen=True)
class Key:
    """A secret, and the pseudonyms made with it (HMAC-SHA256, RFC 2104).

    The same secret gives the same pseudonyms, so the key file is kept apart from the data and from the notebooks.

    >>> key = Key(b"for the doctest")
    >>> key.pseudonym("C0001")
    'dqnz25uym2uw'
    >>> key.contact("+86 120-0000-0001") == key.contact("12000000001")
    True
    """

    secret: bytes = field(repr=False)

    @classmethod
    def of_user(cls) -> "Key":
        """The key of the person at this computer: made at the first use, readable for that person only."""
        return cls.of_file(Path(os.environ.get(KEY_FILE) or Path.home() / ".crmlab" / "key"))

    @classmethod
    def of_file(cls, path: Path) -> "Key":
        """The key in a file; a new one is drawn when there is no such file. Raises DataError for a key too short."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(secrets.token_hex(32))
        secret = path.read_text(encoding="utf-8").strip().encode()
        if len(secret) < 32:
            raise DataError("short_key", file=path.name)
        return cls(secret)

    def pseudonym(self, customer_id: str) -> str:
        """The pseudonym of one customer: 12 lower-case letters and digits."""
        return self._hash("customer", customer_id)

    def pseudonyms(self, ids: "pd.Series") -> "pd.Series":
        """The pseudonyms of a column of customer ids; a missing id stays missing.

        Raises DataError in the rare case that two customers would share one.
        """
        distinct = ids.dropna().unique()
        names = {one: self.pseudonym(str(one)) for one in distinct}
        if len(set(names.values())) < len(distinct):
            raise DataError("same_pseudonym", count=len(distinct) - len(set(names.values())))
        return ids.map(names).astype("str")

    def contact(self, contact: str) -> str:
        """The hash of a phone number or an e-mail, the same however it is written."""
        return self._hash("contact", plain_contact(contact))

    def _hash(self, about: str, text: str) -> str:
        digest = hmac.digest(self.secret, f"{about}\0{text}".encode(), "sha256")
        return base64.b32encode(digest[:10]).decode("ascii").lower()[:LENGTH]


def plain_contact(contact: str) -> str:
    """A phone number as its digits without +86; an e-mail or a name in small letters without blanks around it.

    >>> plain_contact(" +86 120-0000 0001 "), plain_contact("A@Shop.Example ")
    ('12000000001', 'a@shop.example')
    """
    text = unicodedata.normalize("NFKC", contact).strip().lower()
    digits = PHONE_SIGNS.sub("", text)
    if not digits.isdecimal():
        return text
    return digits[2:] if len(digits) == 13 and digits.startswith("86") else digits
