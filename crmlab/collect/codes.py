"""Is the phone or mail the customer's own? Verification codes, simulated, and calls that confirm a number."""

import hashlib
import hmac
import random
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmlab.collect.pseudonym import Key
from crmlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 6
ATTEMPTS = 5
"""Wrong or right, a code can be tried five times."""
VALID_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class Verdict:
    """Whether a code was accepted, and why not: "no_code", "used", "attempts", "expired" or "wrong".

    An accepted code has the reason "right".
    """

    accepted: bool
    reason: str


@dataclass
class _Issued:
    salt: bytes
    digest: bytes
    at: datetime
    attempts: int = 0
    used: bool = False


@dataclass
class VerificationCodes:
    """Codes sent to phones and mails, and how the answers are judged. Nothing is really sent.

    Neither contacts nor codes are kept, only their hashes (HMAC-SHA256 with a salt of its own for each code). A code
    has six digits, holds for five minutes, can be tried five times and used once; a new code makes the old one void.
    `source` gives the digits: the computer's secure source, unless a lesson hands in a seeded random.Random.

    >>> codes = VerificationCodes(Key(b"for the doctest"), source=random.Random(1))
    >>> sent = codes.issue("120 0000 0001", at=datetime(2026, 6, 17, 9, 0))
    >>> codes.check("12000000001", sent, at=datetime(2026, 6, 17, 9, 4))
    Verdict(accepted=True, reason='right')
    >>> codes.check("12000000001", sent, at=datetime(2026, 6, 17, 9, 4)).reason
    'used'
    """

    key: Key
    source: random.Random = field(default_factory=secrets.SystemRandom, repr=False)
    _issued: dict[str, _Issued] = field(default_factory=dict, init=False, repr=False)

    def issue(self, contact: str, *, at: datetime) -> str:
        """A new code for a phone or mail: the six digits that would be sent to it."""
        code = f"{self.source.randrange(10**DIGITS):0{DIGITS}d}"
        salt = self.source.randbytes(16)
        self._issued[self.key.contact(contact)] = _Issued(salt, self._digest(salt, code), at)
        return code

    def check(self, contact: str, code: str, *, at: datetime) -> Verdict:
        """Judges what a customer typed in. Only the right code, in time, unused and within five attempts, is accepted.

        Raises DataError for a time before the code was issued.
        """
        issued = self._issued.get(self.key.contact(contact))
        if issued is None:
            return Verdict(False, "no_code")
        if at < issued.at:
            raise DataError("code_early")
        if issued.used:
            return Verdict(False, "used")
        if issued.attempts == ATTEMPTS:
            return Verdict(False, "attempts")
        if at >= issued.at + VALID_FOR:
            return Verdict(False, "expired")
        issued.attempts += 1
        if not hmac.compare_digest(issued.digest, self._digest(issued.salt, code.strip())):
            return Verdict(False, "wrong")
        issued.used = True
        return Verdict(True, "right")

    def _digest(self, salt: bytes, code: str) -> bytes:
        return hmac.new(self.key.secret, salt + code.encode(), hashlib.sha256).digest()


def phone_confirmations(calls: "pd.DataFrame") -> "pd.DataFrame":
    """Whose number a call has confirmed, and when: customer_id, phone_confirmed_at.

    `calls` is the log with customer_id, called_at and outcome. Nothing else confirms a number: customers without a
    call whose outcome is "confirmed" are not in the result. The latest such call counts, and a wrong number found
    later takes it back.

    >>> import pandas as pd
    >>> calls = pd.DataFrame({"customer_id": ["a", "b"], "outcome": ["confirmed", "no_answer"]})
    >>> calls["called_at"] = pd.Timestamp("2026-06-01 10:30")
    >>> phone_confirmations(calls)["customer_id"].tolist()
    ['a']
    """
    telling = calls[calls["outcome"].isin(["confirmed", "wrong_number"]) & calls["customer_id"].notna()]
    latest = telling.sort_values(["called_at", "outcome"]).drop_duplicates("customer_id", keep="last")
    confirmed = latest[latest["outcome"] == "confirmed"].sort_values("customer_id", ignore_index=True)
    return confirmed[["customer_id", "called_at"]].rename(columns={"called_at": "phone_confirmed_at"})
