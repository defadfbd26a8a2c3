"""The log of the outbox: one line per decision, added and never changed, chained so that a change is noticed.

It is an SQLite file. A log needs small commits that outlive a crash, a lock against a second writer, and triggers
that refuse a change; the standard library brings all three, and DuckDB, made for long scans, lacks the triggers.
"""

import hmac
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.pseudonym import Key

FILE = "log.sqlite"
PERSON = ("customer", "contact")
"""Columns that say who it was: a pseudonym and a keyed hash. They alone can be blanked."""
FACTS = (
    *("run", "at", "kind", "message", "channel", "template", "campaign", "commercial"),
    *("decision", "reason", "detail", "until", "file", "digest", "keep_until"),
)
"""Columns that stay. kind: decision, handover, reply or erased."""
START = bytes(32)
UNCHANGED = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in ("entry", *FACTS, "who", "hash"))
BLANKED = " AND ".join(f"(NEW.{name} IS NULL OR NEW.{name} IS OLD.{name})" for name in PERSON)
TABLES = f"""
CREATE TABLE IF NOT EXISTS log (
    entry INTEGER PRIMARY KEY, {", ".join(FACTS)}, {", ".join(PERSON)}, who BLOB NOT NULL, hash BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS log_message ON log (message);
CREATE INDEX IF NOT EXISTS log_at ON log (at);
CREATE TABLE IF NOT EXISTS suppressions (
    contact TEXT NOT NULL, channel TEXT NOT NULL, since TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (contact, channel)
);
CREATE TABLE IF NOT EXISTS key (digest BLOB PRIMARY KEY);
CREATE TRIGGER IF NOT EXISTS log_stays BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_unchanged BEFORE UPDATE ON log WHEN NOT ({UNCHANGED} AND {BLANKED})
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS suppressions_stay BEFORE DELETE ON suppressions
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS suppressions_unchanged BEFORE UPDATE ON suppressions
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""
LATEST = "FROM log WHERE entry IN (SELECT max(entry) FROM log WHERE kind = 'decision' GROUP BY message)"


class Log:
    """The log in one folder. `key` is the shop's: without it nobody can write an entry that passes `broken`.

    Raises DataError where it cannot be opened, and for another key than it was begun with: all pseudonyms and hashes
    would be others, and whoever refused would get messages again.
    """

    def __init__(self, folder: Path, key: "Key"):
        self._key = key
        with _told():
            self._connection = sqlite3.connect(folder / FILE, isolation_level=None, timeout=5)
        try:
            with _told():
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.execute("PRAGMA secure_delete = ON")
                self._connection.executescript(TABLES)
                self._demand_key()
        except DataError:
            self._connection.close()
            raise

    def _demand_key(self) -> None:
        own = hmac.digest(self._key.secret, b"outbox key", "sha256")
        self._connection.execute("INSERT INTO key SELECT ? WHERE NOT EXISTS (SELECT 1 FROM key)", [own])
        if self._connection.execute("SELECT digest FROM key").fetchone()[0] != own:
            raise DataError("outbox_other_key", file=FILE)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing, and nobody else writes meanwhile. Raises DataError where another program does, and where the
        disk takes nothing."""
        with _told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def add(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Adds entries to the chain; a name that an entry lacks is blank. Call it while `writing`."""
        last, previous = self._last()
        made = []
        for number, entry in enumerate(entries, last + 1):
            facts, person = [entry.get(name) for name in FACTS], [entry.get(name) for name in PERSON]
            who = self._hash(number, *person)
            previous = self._hash(previous, number, *facts, who)
            made.append((number, *facts, *person, who, previous))
        places = ", ".join("?" * (len(FACTS) + len(PERSON) + 3))
        self._connection.executemany(f"INSERT INTO log VALUES ({places})", made)

    def _last(self) -> tuple[int, bytes]:
        rows = self._connection.execute("SELECT entry, hash FROM log ORDER BY entry DESC LIMIT 1").fetchall()
        return rows[0] if rows else (0, START)

    def _hash(self, *values: Any) -> bytes:
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=bytes.hex)
        return hmac.digest(self._key.secret, f"outbox {text}".encode(), "sha256")

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash (hexadecimal) of the last entry."""
        entry, own = self._last()
        return entry, own.hex()

    def hash_of(self, entry: int) -> str | None:
        """The hash of one entry; None where there is none."""
        rows = self._connection.execute("SELECT hash FROM log WHERE entry = ?", [entry]).fetchall()
        return rows[0][0].hex() if rows else None

    def broken(self) -> list[int]:
        """Entries that somebody changed, took out or put in, as far as the chain tells."""
        found, previous = [], START
        columns = ", ".join(("entry", *FACTS, *PERSON, "who", "hash"))
        for expected, row in enumerate(self._connection.execute(f"SELECT {columns} FROM log ORDER BY entry"), 1):
            number, facts, person = row[0], row[1 : 1 + len(FACTS)], row[1 + len(FACTS) : -2]
            who, own = row[-2:]
            forged = None not in person[:1] and self._hash(number, *person) != who
            if number != expected or own != self._hash(previous, number, *facts, who) or forged:
                found.append(number)
            previous = own
        return found

    def read(self, sql: str = "SELECT * FROM log ORDER BY entry", values: Iterable[Any] = ()) -> "pd.DataFrame":
        """Rows of the log as a frame."""
        import pandas as pd

        asked = self._connection.execute(sql, tuple(values))
        return pd.DataFrame(asked.fetchall(), columns=[column[0] for column in asked.description])

    @property
    def last_run(self) -> int:
        return self._connection.execute("SELECT coalesce(max(run), 0) FROM log").fetchone()[0]

    def settled(self, at: datetime) -> "pd.Series":
        """What needs no decision any more at a moment, by message: "written", or "held" (still, or since that very
        moment)."""
        import pandas as pd

        latest = self.read(f"SELECT message, decision {LATEST} AND decision IN ('written', 'held')")
        then = self.read("SELECT DISTINCT message, decision FROM log WHERE decision = 'held' AND at = ?", [stamp(at)])
        both = pd.concat([latest, then]).drop_duplicates("message")
        return both.set_index("message")["decision"]

    def due(self, at: datetime) -> "pd.DataFrame":
        """Held messages whose time has come, by number: message, customer, template, channel, campaign, file."""
        asked = "SELECT message, customer, template, channel, campaign, file " + LATEST
        asked += " AND customer IS NOT NULL AND decision = 'held' AND until <= ? ORDER BY message"
        return self.read(asked, [stamp(at)]).astype("str")

    def refused_then(self, decided: "pd.DataFrame", at: datetime) -> "pd.Series":
        """Which decisions are refusals that the log has already, for the same reason at the same moment."""
        import pandas as pd

        there = self.read("SELECT message, reason FROM log WHERE decision = 'refused' AND at = ?", [stamp(at)])
        known = pd.MultiIndex.from_frame(there)
        asked = pd.MultiIndex.from_frame(decided[["message", "reason"]])
        return pd.Series((decided["decision"] == "refused").to_numpy() & asked.isin(known), index=decided.index)

    def near(self, at: datetime, days: int) -> "pd.Series":
        """Messages of marketing and care written less than `days` days before or after a time, by customer."""
        span = timedelta(days=days)
        rows = self.read(
            "SELECT customer, count(*) AS messages FROM log WHERE kind = 'decision' AND decision = 'written' "
            "AND commercial AND customer IS NOT NULL AND at > ? AND at < ? GROUP BY customer",
            [stamp(at - span), stamp(at + span)],
        )
        return rows.set_index("customer")["messages"]

    def suppressions(self) -> "pd.DataFrame":
        """Contacts that are closed for ever: contact (keyed hash), channel, since, reason."""
        return self.read("SELECT contact, channel, since, reason FROM suppressions ORDER BY contact, channel")

    def closed(self, contact: str, channel: str) -> str | None:
        """Why a channel of a contact (keyed hash) is closed at this very moment; None where it is open."""
        asked = "SELECT reason FROM suppressions WHERE contact = ? AND channel = ?"
        found = self._connection.execute(asked, [contact, channel]).fetchone()
        return found[0] if found else None

    def suppress(self, contact: str, channel: str, since: date, reason: str) -> None:
        """Closes a channel of a contact; the first day stands. Call it while `writing`."""
        self._connection.execute(
            "INSERT OR IGNORE INTO suppressions VALUES (?, ?, ?, ?)", [contact, channel, since.isoformat(), reason]
        )

    def blank(self, condition: str, values: Iterable[Any]) -> int:
        """Takes pseudonym and contact out of entries; gives how many had one. Call it while `writing`."""
        there = "(customer IS NOT NULL OR contact IS NOT NULL)"
        blanked = self._connection.execute(
            f"UPDATE log SET customer = NULL, contact = NULL WHERE {there} AND ({condition})", tuple(values)
        )
        return blanked.rowcount


@contextmanager
def _told() -> Iterator[None]:
    """What SQLite cannot do, in plain words: another program writes, the disk takes nothing, or this is no log."""
    try:
        yield
    except sqlite3.OperationalError as error:
        busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        raise (DataError("outbox_busy") if busy else DataError("outbox_not_written", problem=error)) from None
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError:
        raise DataError("outbox_no_log", file=FILE) from None


@contextmanager
def on_disk() -> Iterator[None]:
    """What the disk does not take, in plain words and without a path: full, read-only, not allowed."""
    try:
        yield
    except OSError as error:
        raise DataError("outbox_not_written", problem=error.strerror or error) from None


def stamp(at: datetime) -> str:
    """A time as the log writes it: in UTC, to the second, so that texts sort as times do."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
