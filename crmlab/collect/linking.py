"""Events linked to customers: by exact id, else by hashed phone or e-mail, else not at all. Nothing is guessed.

The rule, row by row:

1. An id that exists wins. Where the row's phone or e-mail is known to be somebody else's, `note` says so.
2. Without such an id, phone and e-mail decide if all customers who have one of them are one and the same.
3. Several customers: the row is ambiguous. None: it is unlinked. Both are listed with the reason.

Contacts are compared as keyed hashes of their plain form, so hashed columns link as well as raw ones.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.collect.pseudonym import plain_contact
from crmlab.errors import DataError
from crmlab.frames import private_connection
from crmlab.tables import TABLES
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.pseudonym import Key

CONTACTS = ("phone", "email")
GIVEN = ("event_id", "customer_id", "phone", "email", "phone_hash", "email_hash")
ADDRESSES, VISITORS = ("ip", "ip_address", "user_ip"), ("client_id", "user_pseudo_id")
"""Columns of web-analytics exports that name a machine, and those that name a browser."""
PARTS = {
    "linked": "customer_id IS NOT NULL",
    "ambiguous": "customer_id IS NULL AND candidates > 0",
    "unlinked": "customer_id IS NULL AND candidates = 0",
}
OUTCOME = """
CREATE TABLE links AS
WITH found AS (
    SELECT event_id, given.customer_id AS id, people.customer_id AS by_id,
           coalesce(phone, email, phone_hash, email_hash) IS NOT NULL AS has_contact,
           list_distinct(coalesce(phone_texts.owners, []) || coalesce(phone_hashes.owners, [])) AS by_phone,
           list_distinct(coalesce(email_texts.owners, []) || coalesce(email_hashes.owners, [])) AS by_email,
           list_distinct(by_phone || by_email) AS owners
    FROM given
    LEFT JOIN people ON given.customer_id = people.customer_id
    LEFT JOIN phone_texts ON phone = phone_texts.text LEFT JOIN phone_hashes ON phone_hash = phone_hashes.hash
    LEFT JOIN email_texts ON email = email_texts.text LEFT JOIN email_hashes ON email_hash = email_hashes.hash
)
SELECT event_id,
       CASE WHEN by_id IS NOT NULL THEN by_id WHEN len(owners) = 1 THEN owners[1] END AS customer_id,
       CASE WHEN by_id IS NOT NULL THEN 'id' WHEN len(owners) <> 1 THEN NULL
            WHEN len(by_phone) = 0 THEN 'email' WHEN len(by_email) = 0 THEN 'phone' ELSE 'phone_email' END AS how,
       CASE WHEN by_id IS NULL AND id IS NOT NULL AND len(owners) = 1 THEN 'unknown_id'
            WHEN len(by_phone) > 0 AND NOT list_contains(by_phone, by_id) THEN 'contact_of_another'
            WHEN len(by_email) > 0 AND NOT list_contains(by_email, by_id) THEN 'contact_of_another' END AS note,
       if(by_id IS NULL, len(owners), 1) AS candidates,
       CASE WHEN by_id IS NOT NULL OR len(owners) = 1 THEN NULL
            WHEN greatest(len(by_phone), len(by_email)) > 1 THEN 'shared_contact'
            WHEN len(owners) > 1 THEN 'contacts_differ' WHEN id IS NOT NULL THEN 'unknown_id'
            WHEN has_contact THEN 'unknown_contact' ELSE 'no_identifier' END AS reason
FROM found
"""
TORN = """
CREATE TABLE torn AS
SELECT event_id, count(DISTINCT customer_id) AS candidates FROM links WHERE customer_id IS NOT NULL
GROUP BY event_id HAVING min(customer_id) <> max(customer_id)
"""
UNTIE = """
UPDATE links SET customer_id = NULL, how = NULL, note = NULL, candidates = torn.candidates, reason = 'event_of_two'
FROM torn WHERE links.event_id = torn.event_id AND customer_id IS NOT NULL
"""


@dataclass(frozen=True, repr=False)
class Linked:
    """What `link` found. Linked + ambiguous + unlinked = all rows given.

    Rows come as a pandas frame where one was given, sorted by event_id, else as DuckDB relations. None holds a phone,
    an e-mail, a hash of one, or any other column of the events.
    """

    connection: Any
    key: "Key"
    as_pandas: bool

    @cached_property
    def events(self) -> Any:
        """Linked rows: event_id, customer_id (pseudonym), how (id, phone, email or phone_email), and note: missing,
        "unknown_id" (linked by contact; the row's id is nobody's) or "contact_of_another"."""
        ids = self.connection.sql("SELECT DISTINCT customer_id FROM links WHERE customer_id IS NOT NULL").df()
        self.connection.from_df(ids.assign(pseudonym=self.key.pseudonyms(ids["customer_id"]))).create("pseudonyms")
        return self._give(
            "SELECT event_id, pseudonym AS customer_id, how, note FROM links JOIN pseudonyms USING (customer_id)"
        )

    def read_personal(self) -> Any:
        """Linked rows as in `events` with the customers' real ids, for the customer base and not for a notebook."""
        return self._give(f"SELECT event_id, customer_id, how, note FROM links WHERE {PARTS['linked']}")

    @cached_property
    def ambiguous(self) -> Any:
        """Rows that point to several customers: event_id, candidates (how many customers), and reason:
        "shared_contact" (several customers have this phone or e-mail), "contacts_differ" (phone and e-mail of two
        customers) or "event_of_two" (rows with the same event_id point to different customers)."""
        return self._give(f"SELECT event_id, candidates, reason FROM links WHERE {PARTS['ambiguous']}")

    @cached_property
    def unlinked(self) -> Any:
        """Rows that point to nobody: event_id and reason ("no_identifier", "unknown_id" or "unknown_contact")."""
        return self._give(f"SELECT event_id, reason FROM links WHERE {PARTS['unlinked']}")

    @cached_property
    def summary(self) -> "pd.DataFrame":
        """How many rows went where: outcome (linked, ambiguous, unlinked), link_reason (by what, or why not), events,
        share (0 to 1)."""
        parts = " UNION ALL ".join(
            f"SELECT {place} AS place, '{part}' AS outcome, coalesce(how, reason) AS link_reason FROM links "
            f"WHERE {rule}"
            for place, (part, rule) in enumerate(PARTS.items())
        )
        counted = self.connection.sql(
            f"SELECT outcome, link_reason, count(*) AS events FROM ({parts}) GROUP BY place, outcome, link_reason "
            "ORDER BY place, events DESC, link_reason"
        ).df()
        return counted.assign(share=counted["events"] / counted["events"].sum())

    def balance(self, lang: str = "zh") -> str:
        """Rows in = linked + ambiguous + unlinked, in words, and how many of the links bear a note."""
        counts = {part: int(self.summary.loc[self.summary["outcome"] == part, "events"].sum()) for part in PARTS}
        ((noted,),) = self.connection.sql("SELECT count(note) FROM links").fetchall()
        return word("linking.balance", lang, events=sum(counts.values()), noted=noted, **counts)

    def _give(self, query: str) -> Any:
        found = self.connection.sql(query)
        return found.order("ALL").df() if self.as_pandas else found

    def __repr__(self) -> str:
        return f"{self.balance('zh')}\n{self.balance('en')}"


def link(events: Any, customers: "pd.DataFrame", key: "Key") -> Linked:
    """Link events to customers by exact id, else by hashed phone or e-mail, else not at all.

    `events` is a pandas frame, a DuckDB relation or the path of a Parquet file, with event_id and any of customer_id,
    phone, email (raw), phone_hash, email_hash (made by `Key.contact`); other columns are left alone. `customers` has
    customer_id, and phone and email where they are known, as `Shop.read_personal("customers")` gives them. What is no
    phone number or no e-mail there, such as "none", is nobody's. Raises DataError for no event_id or customer_id
    column, an empty event_id, ids or phones read as floats, or a customer on two rows of `customers`.

    >>> import pandas as pd
    >>> from crmlab.collect.pseudonym import Key
    >>> customers = pd.DataFrame({"customer_id": ["C1", "C2"], "phone": ["12000000001", "12000000002"]})
    >>> events = pd.DataFrame({"event_id": ["E1", "E2", "E3"], "customer_id": ["C1", None, None]})
    >>> linked = link(events.assign(phone=["", "+86 120-0000-0002", ""]), customers, Key(b"for the doctest"))
    >>> print(linked.balance("en"))
    3 events = 2 linked + 0 ambiguous + 1 unlinked. Links that bear a note: 0
    >>> linked.events[["event_id", "how"]].to_dict("records")
    [{'event_id': 'E1', 'how': 'id'}, {'event_id': 'E2', 'how': 'phone'}]
    """
    connection = private_connection()
    _open(connection, events)
    hashed = cache(key.contact)
    _hold_customers(connection, customers, hashed)
    for kind in CONTACTS:
        _look_up(connection, kind, hashed)
    for step in (OUTCOME, TORN, UNTIE):
        connection.execute(step)
    return Linked(connection, key, as_pandas=hasattr(events, "iloc"))


def hash_identifiers(events: "pd.DataFrame", key: "Key") -> "pd.DataFrame":
    """Web-analytics events without what names a person or a machine, to keep and to show; `link` takes them too.

    phone and email become phone_hash and email_hash, client_id (or user_pseudo_id) becomes `visitor`, and IP addresses
    are dropped.

    >>> import pandas as pd
    >>> from crmlab.collect.pseudonym import Key
    >>> log = pd.DataFrame({"event_id": ["E1"], "ip": ["192.0.2.7"], "client_id": ["81.22"], "phone": ["12000000001"]})
    >>> hash_identifiers(log, Key(b"for the doctest")).columns.tolist()
    ['event_id', 'visitor', 'phone_hash']
    """
    columns = {}
    for name, values in events.items():
        if name in CONTACTS:
            columns[f"{name}_hash"] = values.map(key.contact, na_action="ignore").astype("str")
        elif name in VISITORS:
            columns["visitor"] = key.pseudonyms("visitor " + values.astype("str"))
        elif name not in ADDRESSES:
            columns[name] = values
    return type(events)(columns)


def _open(connection: Any, events: Any) -> None:
    """Make `given`: the columns that link, as text, with NULL for blank and for a column that is not there."""
    if isinstance(events, str | os.PathLike):
        path = Path(events)
        if not path.is_file():
            raise DataError("no_file", path=path.name)
        if path.suffix.lower() != ".parquet":
            raise DataError("file_kind", path=path.name, kinds=".parquet")
        source = connection.read_parquet(escape(str(path)))
    elif hasattr(events, "iloc"):
        _demand("event_id", events)
        source = connection.from_df(events[[name for name in GIVEN if name in events]])
    else:
        source = events
    _demand("event_id", source.columns)
    plain = source.select(", ".join(_plain(source, name) for name in GIVEN))
    if source is events:
        connection.from_arrow(plain.to_arrow_reader()).create("given")
    else:
        plain.create_view("given")
    ((empty,),) = connection.sql("SELECT count(*) FROM given WHERE event_id IS NULL").fetchall()
    if empty:
        raise DataError("event_id_empty", count=empty)


def _demand(wanted: str, columns: Iterable[str]) -> None:
    if wanted not in columns:
        raise DataError("missing_column", column=repr(wanted), there=", ".join(map(repr, columns)))


def _plain(source: Any, name: str) -> str:
    """The SQL of a column as text. Raises DataError where numbers were read as floats: 1.0 is not the id 1."""
    if name not in source.columns:
        return f"CAST(NULL AS VARCHAR) AS {name}"
    found = str(source.select(name).types[0])
    if found in ("DOUBLE", "FLOAT") and source.filter(f"isfinite({name})").limit(1).fetchall():
        raise DataError("float_id", column=name, found=found)
    return f"nullif(trim(CAST({name} AS VARCHAR)), '') AS {name}"


def _hold_customers(connection: Any, customers: "pd.DataFrame", hashed: Callable[[str], str]) -> None:
    """Make `people`, and phone_hashes and email_hashes: each hash of a contact and its owners."""
    import pandas as pd

    _demand("customer_id", customers)
    ids = customers["customer_id"].astype("str")
    if ids.duplicated().any():
        raise DataError("customer_twice", count=int(ids.duplicated().sum()))
    connection.from_df(ids.to_frame()).create("people")
    patterns = {column.name: column.pattern for column in TABLES["customers"].columns}
    for kind in CONTACTS:
        known = pd.DataFrame({"customer_id": ids, "hash": customers.get(kind)}).dropna().astype("str")
        plain = known["hash"].map(plain_contact).astype("str")
        owned = known.assign(hash=plain.map(hashed))[plain.str.fullmatch(patterns[kind])].astype("str")
        owners = "SELECT hash, list(DISTINCT customer_id) AS owners FROM owned GROUP BY hash"
        connection.from_df(owned).query("owned", owners).create(f"{kind}_hashes")


def _look_up(connection: Any, kind: str, hashed: Callable[[str], str]) -> None:
    """Make phone_texts or email_texts: each raw contact of the events that is somebody's, and its owners."""
    texts = connection.sql(f"SELECT DISTINCT {kind} AS text FROM given WHERE {kind} IS NOT NULL").df()
    hashes = texts.assign(hash=texts["text"].map(plain_contact).map(hashed).astype("str"))
    owners = f"SELECT text, owners FROM hashes JOIN {kind}_hashes USING (hash)"
    connection.from_df(hashes).query("hashes", owners).create(f"{kind}_texts")
