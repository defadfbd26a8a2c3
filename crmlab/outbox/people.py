"""Who can be written to: the customers of a shop with their contacts, zones and what is closed to them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from crmlab.collect.consent import with_consent
from crmlab.collect.personal import by_shape, plain
from crmlab.collect.pseudonym import plain_contact
from crmlab.collect.tombstones import buried
from crmlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.pseudonym import Key
    from crmlab.data import Shop

ADDRESS_COLUMNS = {"email": "email", "sms": "phone", "wangwang": "customer_id", "onsite": "customer_id"}
"""Where the address for a channel stands: the shop's own messages go to the customer number."""
NEEDED = ("customers", "consents")
PHONE = r"1[0-9]{10}"
REFUSED_BY_PERSON = ("opt_out", "complaint")
"""Reasons of a suppression that a person gave. They end profiling for marketing too (GDPR art. 21(2)-(3))."""


@dataclass(frozen=True, repr=False)
class People:
    """The customers by pseudonym, as they are at the moment of a decision. It shows nothing of itself."""

    rows: "pd.DataFrame"
    consents: "pd.DataFrame"
    suppressions: "pd.DataFrame"
    key: "Key"

    @classmethod
    def of(cls, shop: "Shop", own: "pd.DataFrame") -> "People":
        """The people of a shop; `own` are the suppressions of the outbox. Raises DataError for a number twice."""
        import pandas as pd

        customers = shop.read_personal("customers")
        if customers["customer_id"].duplicated().any():
            raise DataError("sending_twice", count=int(customers["customer_id"].duplicated().sum()))
        wanted = ["customer_id", "name", "phone", "email", "wechat", "language", "zone", "registered_on"]
        rows = customers.reindex(columns=wanted)
        rows = rows.astype(dict.fromkeys(wanted[:-1], "str"))
        rows["phone"] = rows["phone"].map(_phone, na_action="ignore")
        rows["email"] = rows["email"].str.strip()
        tombstones = _tombstones(shop)
        rows["deleted"] = buried(rows, tombstones, shop.key) if len(tombstones) else False
        rows.index = pd.Index(shop.key.pseudonyms(rows["customer_id"]), name="customer")
        closed = shop.read_personal("suppressions")[["contact", "channel", "since", "reason"]]
        closed = pd.concat([closed.assign(own=False), own.assign(own=True)], ignore_index=True)
        closed["since"] = pd.to_datetime(closed["since"])
        return cls(rows, shop.read_personal("consents"), closed, shop.key)

    @cached_property
    def _names(self) -> dict[int, set[str]]:
        """Names and WeChat ids of all customers by their length; a single character tells nobody."""
        names: dict[int, set[str]] = {}
        for value in {*self.rows["name"].dropna(), *self.rows["wechat"].dropna()}:
            text = plain(value).strip()
            if len(text) > 1:
                names.setdefault(len(text), set()).add(text)
        return names

    def hashes(self, contacts: "pd.Series") -> "pd.Series":
        """The keyed hash of each contact; a missing one stays missing."""
        return contacts.map({one: self.key.contact(one) for one in contacts.dropna().unique()}).astype("str")

    def agreed(self, customer_ids: "pd.Series", purpose: str, on: date) -> "pd.Series":
        """Why there is no consent to a purpose on a day, "none" or "withdrawn"; missing where there is one."""
        distinct = customer_ids.drop_duplicates().to_frame("customer_id")
        refused = with_consent(distinct, self.consents, purpose=purpose, on=on).refused
        return customer_ids.map(refused.set_index("customer_id")["reason"]).astype("str")

    def closed(self, hashes: "pd.Series", channels: "pd.Series", days: "pd.Series") -> "pd.Series":
        """The reason for which a channel of a contact is closed on a day; missing where it is open.

        A suppression of the outbox's own holds at once, whatever the day. Of several the gravest counts: a dead
        address (hard_bounce), which no message may use.
        """
        import pandas as pd

        asked = pd.DataFrame({"contact": hashes, "channel": channels, "day": days}).reset_index(names="place")
        found = asked.merge(self.suppressions, on=["contact", "channel"])
        found = found[found["own"].astype("bool") | (found["since"] <= found["day"])]
        found = found.sort_values("reason", key=lambda reason: reason != "hard_bounce", kind="stable")
        return found.drop_duplicates("place").set_index("place")["reason"].reindex(hashes.index).astype("str")

    def objected(self) -> set[str]:
        """Pseudonyms of those who refused messages on any channel: no profiling for marketing any more."""
        refused = self.suppressions[self.suppressions["reason"].isin(REFUSED_BY_PERSON)]
        contacts = set(refused["contact"])
        found = set()
        for column in set(ADDRESS_COLUMNS.values()):
            found.update(self.rows.index[self.hashes(self.rows[column]).isin(contacts)])
        return found

    def foreign(self, values: "pd.Series", customers: "pd.Series") -> "pd.Series":
        """Whether a value has the name or the contact of somebody else in it: any phone or e-mail not the customer's
        own, and any name, WeChat id or contact that belongs to other customers only."""
        told = {value: _told(value, self._names) for value in values.dropna().unique()}
        risky = values.map(lambda value: bool(told[value]), na_action="ignore").eq(True)
        own = self.rows[["name", "phone", "email", "wechat"]].reindex(customers[risky])
        own = [{plain(text).strip() for text in row if isinstance(text, str)} for row in own.itertuples(index=False)]
        others = [row for row, mine in zip(values.index[risky], own, strict=True) if not told[values[row]] <= mine]
        return risky & values.index.isin(others)


def _phone(text: str) -> str:
    """A number as digits; one of another country stays as it is, for +1 310… is not the Chinese 1310…."""
    abroad = re.match(r"\s*\+(?!\s*86)", unicodedata.normalize("NFKC", text))
    return text.strip() if abroad else plain_contact(text)


def _told(value: str, names: dict[int, set[str]]) -> set[str]:
    """What of persons stands in a text: names as whole words, and whatever has the shape of personal data."""
    text = plain(value)
    spans = ((start, start + length) for length in names for start in range(len(text) - length + 1))
    named = {text[a:b] for a, b in spans if text[a:b] in names[b - a] and not _inside_word(text, a, b)}
    return named | {plain_contact(text[one.start : one.end]) for one in by_shape(text)}


def _inside_word(text: str, start: int, end: int) -> bool:
    """Whether a part of a text begins or ends in the middle of a word of Latin letters or digits."""
    edges = (text[max(start - 1, 0) : start + 1], text[end - 1 : end + 1])
    return any(len(edge) == 2 and edge.isascii() and edge.isalnum() for edge in edges)


def demand_tables(shop: "Shop") -> None:
    """Raises DataError for data without customers, consents or a key: there is nobody to write to."""
    lacking = [name for name in NEEDED if not shop.has(name)]
    if lacking or shop.key is None:
        raise DataError("outbox_no_people", tables=", ".join(lacking) or "customers")


def _tombstones(shop: "Shop") -> "pd.DataFrame":
    """The tombstones of a customer base; other data have none."""
    import pandas as pd

    from crmlab.collect.base import CustomerBase
    from crmlab.collect.shops import BaseShop

    if not isinstance(shop, BaseShop):
        return pd.DataFrame(columns=["hash", "kind", "deleted_on"])
    with CustomerBase.open(shop.path, read_only=True) as base:
        return base.connection.execute("SELECT hash, kind, deleted_on FROM tombstones").df()
