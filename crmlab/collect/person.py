"""Everything held about one person: exported in one call, deleted in one call, looked for in what is left."""

import json
import os
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.collect.base import CustomerBase, connect, demand_writable, transaction
from crmlab.collect.ddl import literal
from crmlab.collect.personal import KNOWN_KINDS, PersonalData
from crmlab.collect.scan import find_personal
from crmlab.collect.tombstones import CONTACTS, REASONS, tombstone_hash
from crmlab.errors import DataError, ParameterError
from crmlab.frames import quoted
from crmlab.intake.cells import plain

if TYPE_CHECKING:
    import pandas as pd

OWNERS = {"order_id": "orders", "event_id": "events", "text_id": "texts"}
"""Ids of what a customer did, and the table that says whose it is."""
OUTBOX_LOG = "log.sqlite"
"""What stands in the folder of an outbox that keeps a log."""
FRESH = "without_the_person"
"""The name of a base, and the ending of a file, that is to take the place of the old one."""


def identify(base: CustomerBase, customer_id: str) -> PersonalData:
    """What would give this person away: customer_id, pseudonym, name, phone, email and wechat, for `find_traces`.

    Take it before the deletion. What other channels said of the person, as the conflicts have it, counts too. A name or
    contact that other customers have is left out: it tells nobody. Raises DataError for a customer that the base does
    not have.
    """
    customers = base.read("customers")
    own = customers["customer_id"] == customer_id
    if not own.any():
        raise DataError("no_such_customer")
    values = {"customer_id": [customer_id], "pseudonym": [base.key.pseudonym(customer_id)]}
    told = 'SELECT other_value FROM conflicts WHERE customer_id = ? AND "column" = ?'
    for kind in KNOWN_KINDS:
        others = set(customers.loc[~own, kind])
        more = (value for (value,) in base.connection.execute(told, [customer_id, kind]).fetchall())
        values[kind] = [one for one in dict.fromkeys([*customers.loc[own, kind].dropna(), *more]) if one not in others]
    return PersonalData(values)


def find_traces(person: PersonalData, places: Path | Iterable[Path]) -> "pd.DataFrame":
    """Where a person is still to be found: one row per place, as `crmlab.collect.scan.find_personal` gives them.

    `person` comes from `identify`; `places` are files and folders: the base (closed), outbox, notebooks, reports.
    """
    found = find_personal(places, person)
    return found[found["by"] == "known"].reset_index(drop=True)


def export_person(base: CustomerBase, customer_id: str, path: Path, *, on: date) -> "pd.DataFrame":
    """Everything that the base holds about one person, as a JSON file (utf-8): the copy that PIPL art. 45 grants.

    Under "tables" the file has the rows of every table, entries of the suppression list among them; money is in units
    of the currency, times are in ISO 8601. Gives table and rows: how many rows of which table were written. Raises
    DataError for a customer that the base does not have.
    """
    import pandas as pd

    own = base.connection.execute("SELECT phone, email FROM customers WHERE customer_id = ?", [customer_id]).fetchone()
    if not own:
        raise DataError("no_such_customer")
    contacts = [base.key.contact(contact) for contact in own if contact]
    written = {}
    for table in _tables(base):
        belongs = "list_contains($id, contact)" if table == "suppressions" else _belongs(base, table)
        if belongs:
            values = contacts if table == "suppressions" else customer_id
            found = base.connection.execute(f"SELECT * FROM {quoted(table)} WHERE {belongs}", {"id": values})
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, map(_plain, row), strict=True)) for row in found.fetchall()]
            written |= {table: rows} if rows else {}
    text = json.dumps(
        {"customer_id": customer_id, "exported_on": on.isoformat(), "tables": written}, ensure_ascii=False, indent=2
    )
    with transaction(base.connection):
        for table, rows in written.items():
            base.note("export", table, len(rows), on=on)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return pd.DataFrame([(table, len(rows)) for table, rows in written.items()], columns=["table", "rows"])


def delete_person(
    base: CustomerBase, customer_id: str, *, on: date, reason: str, outbox: Path | None = None
) -> "pd.DataFrame":
    """Removes a person from every table of the base and from the outbox, and leaves tombstones against a re-import.

    `reason` is "request", "withdrawal" or "retention". `outbox` is a folder: rows of its CSV files (utf-8) with this
    customer_id go, and so do the files in it that their column `file` names. The base is written anew without the
    person and then put in the place of the old file, so that its bytes hold no trace, and a call that is broken off
    can be made again. An outbox with a log is for `crmlab.outbox.forget_person`, which keeps its proof whole. Entries
    of the suppression list stay: nobody is to write to that phone or mail. A tombstone keeps hashes of the number,
    phone and mail; a contact that another customer has too is not hashed.

    Gives place (table or file of the outbox) and rows: how many went from where. Raises ParameterError for another
    reason, and DataError for a customer that the base never had, while another connection has the base open, and for a
    folder with the log of an outbox in it.
    PIPL art. 47; whatever a law demands to be kept must be taken elsewhere first.
    """
    import pandas as pd

    if reason not in REASONS:
        raise ParameterError("choice", name="reason", value=reason, allowed=", ".join(REASONS))
    demand_writable(base.connection)
    if outbox and any(outbox.rglob(OUTBOX_LOG)):
        raise DataError("outbox_has_log", file=OUTBOX_LOG)
    own_hash = tombstone_hash(base.key, "customer", customer_id)
    buried = base.connection.execute("SELECT 1 FROM tombstones WHERE hash = ?", [own_hash]).fetchone()
    person = None if buried else identify(base, customer_id)
    removed = clear_files(outbox, customer_id) if outbox else {}
    if person:
        hashes = [(own_hash, "customer")]
        contacts = (contact for kind in CONTACTS for contact in person.values[kind])
        hashes += [(tombstone_hash(base.key, "contact", one), "contact") for one in contacts]
        removed |= _write_without(base, customer_id, [(*one, on, reason) for one in hashes])
    return pd.DataFrame(sorted(removed.items()), columns=["place", "rows"])


def _tables(base: CustomerBase, database: str = "") -> list[str]:
    """The tables of the base or of a database attached to it, each after those that it points to."""
    found = base.connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = coalesce(nullif(?, ''), current_database()) "
        "ORDER BY table_oid",
        [database],
    )
    return [name for (name,) in found.fetchall()]


def _belongs(base: CustomerBase, table: str) -> str:
    """The SQL condition for rows of the customer $id; empty for a table that is not about customers."""
    columns = [name for name, *_ in base.connection.execute(f"DESCRIBE {quoted(table)}").fetchall()]
    own = ["customer_id = $id"] if "customer_id" in columns else []
    through = [
        f"{name} IN (SELECT {name} FROM {OWNERS[name]} WHERE customer_id = $id)"
        for name in columns
        if OWNERS.get(name, table) != table
    ]
    return " OR ".join(own + through)


def _plain(value: object) -> object:
    """A value of the base as JSON knows it."""
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _write_without(base: CustomerBase, customer_id: str, tombstones: list[tuple]) -> dict[str, int]:
    """Puts a base without the rows of a customer in the place of the base; tells how many rows of which table went."""
    fresh = base.path.with_name(f"{base.path.name}.{FRESH}")
    _discard(fresh)
    try:
        removed = _fill(base, fresh, customer_id, tombstones)
        base.close()
        _demand_closed(base.path)
        os.replace(fresh, base.path)
    finally:
        base.close()
        _discard(fresh)
        base.connection = connect(base.path)
    return removed


def _fill(base: CustomerBase, fresh: Path, customer_id: str, tombstones: list[tuple]) -> dict[str, int]:
    """Writes the file `fresh`: the base without the rows of a customer, with the tombstones, and the deletion noted."""
    run, removed = base.connection.execute, {}
    (old,) = run("SELECT current_database()").fetchone()
    run("CHECKPOINT")
    run(f"ATTACH {literal(str(fresh))} AS {FRESH}")
    run(f"COPY FROM DATABASE {quoted(old)} TO {FRESH} (SCHEMA)")
    with transaction(base.connection):
        for table in _tables(base, FRESH):
            condition = _belongs(base, table)
            rest = f"WHERE ({condition}) IS NOT TRUE" if condition else ""
            values = {"id": customer_id} if condition else {}
            (rows,) = run(f"SELECT count(*) FROM {quoted(table)}").fetchone()
            copy = run(f"INSERT INTO {FRESH}.{quoted(table)} SELECT * FROM {quoted(table)} {rest}", values)
            removed[table] = rows - copy.fetchone()[0]
        run(f"USE {FRESH}")
        base.connection.executemany("INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?)", tombstones)
        for table, rows in removed.items():
            if rows:
                base.note("delete", table, rows, on=tombstones[0][2])
        run(f"USE {quoted(old)}")
    run(f"DETACH {FRESH}")
    return {table: rows for table, rows in removed.items() if rows}


def _demand_closed(path: Path) -> None:
    """Raises DataError where another connection of this program has the base open: it would go on with the old file."""
    import duckdb

    try:
        duckdb.connect(path, read_only=True).close()
    except duckdb.ConnectionException:
        raise DataError("base_locked", file=path.name) from None


def _discard(fresh: Path) -> None:
    for path in (fresh, fresh.with_name(f"{fresh.name}.wal")):
        path.unlink(missing_ok=True)


def clear_files(folder: Path, customer_id: str) -> dict[str, int]:
    """Takes the rows of a customer out of the CSV files (utf-8) of a folder, and first the files that these rows name;
    tells how many rows of which file went. Raises DataError for a file that cannot be read."""
    removed = {}
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".csv")
    for path, frame in {path: _read_outbox(path) for path in files}.items():
        if "customer_id" in frame:
            own = (frame["customer_id"] == customer_id) | (plain(frame["customer_id"]) == customer_id)
            for name in frame.loc[own, "file"] if "file" in frame else ():
                _unlink_inside(folder, path.parent / name)
            if own.any():
                rest = path.with_name(f"{path.name}.{FRESH}")
                frame[~own].to_csv(rest, index=False, encoding="utf-8", lineterminator="\n")
                os.replace(rest, path)
                removed[path.relative_to(folder).as_posix()] = int(own.sum())
    return removed


def _read_outbox(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except ValueError as error:
        raise DataError("unreadable", path=path.name, problem=type(error).__name__) from None


def _unlink_inside(folder: Path, path: Path) -> None:
    """Removes a file that an outbox names; a name that leads out of the outbox, or nowhere, is left alone."""
    if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
        path.unlink()
