"""The customer base: one DuckDB file that holds the tables of the house and refuses what does not fit them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.collect.ddl import tables_sql
from crmlab.collect.pseudonym import Key
from crmlab.errors import DataError
from crmlab.frames import quoted
from crmlab.kinds import typed
from crmlab.tables import TABLES

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from crmlab.collect.report import LoadReport

ENDING = ".duckdb"
CONFIG = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


class CustomerBase:
    """An open customer base. Use it in a `with` block, or call `close`.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, CustomerBase.create(Path(folder) / "shop.duckdb") as base:
    ...     len(base.read("customers"))
    0
    """

    def __init__(self, path: Path, connection: "duckdb.DuckDBPyConnection"):
        self.path = path
        self.connection = connection

    @classmethod
    def create(cls, path: Path | str) -> "CustomerBase":
        """A new base without rows. Raises DataError where there is a file already."""
        path = Path(path)
        if path.exists():
            raise DataError("base_exists", file=path.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = connect(path)
        _make_tables(connection)
        return cls(path, connection)

    @classmethod
    def open(cls, path: Path | str, *, read_only: bool = False) -> "CustomerBase":
        """A base that is there; one whose creation was broken off gets its tables now. Raises DataError for a file
        that is not there, is no customer base, or is being written by another program."""
        path = Path(path)
        if not path.is_file():
            raise DataError("no_file", path=path.name)
        connection = connect(path, read_only=read_only)
        there = _tables_of(connection)
        if not there and not read_only:
            _make_tables(connection)
            there = _tables_of(connection)
        if not there >= {*TABLES, "about", "audit"}:
            connection.close()
            raise DataError("no_base", file=path.name)
        return cls(path, connection)

    def __enter__(self) -> "CustomerBase":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, so that others may write to it."""
        self.connection.close()

    @property
    def about(self) -> dict[str, str]:
        """What the data are, as their data.toml said: name, as_of, currency, public_key; empty without one."""
        return dict(self.connection.execute("SELECT name, value FROM about").fetchall())

    @cached_property
    def key(self) -> Key:
        """The key of the pseudonyms: the public one of the data, or else that of the person at this computer."""
        public = self.about.get("public_key")
        return Key(public.encode()) if public else Key.of_user()

    def load(self, sources: Path | str | Iterable[Any], *, on: date, unreadable: str = "list") -> "LoadReport":
        """Read, check and take in files, all or nothing: a load that does not end leaves the base as it was.

        `sources` is a folder, a file, or several of them; what `read_file` gave is taken too. `on` is the day that the
        books of the base name. `unreadable` says whether a line that cannot be read is listed ("list") or stops the
        load ("stop"). Nothing is taken in twice: a row that the base has already is counted as unchanged. A row with
        more than the base has fills blank cells. A row that contradicts the base changes nothing: for customers the
        contradiction goes to the conflicts, for other rows to the listing. An order may go on to a later state.
        """
        from crmlab.collect.loading import load

        return load(self, sources, on=on, unreadable=unreadable)

    def read(self, table: str) -> "pd.DataFrame":
        """One table of the house with its personal columns and real customer ids, ordered by its key."""
        if table not in TABLES:
            raise DataError("no_table", table=table, there=", ".join(TABLES))
        key = ", ".join(map(quoted, TABLES[table].key))
        return typed(table, self.connection.execute(f"SELECT * FROM {quoted(table)} ORDER BY {key}").df())

    def note(self, action: str, table: str, rows: int, *, on: date) -> None:
        """Write down in the audit table that `rows` rows of a table were loaded, changed, deleted … on a day."""
        self.connection.execute(
            "INSERT INTO audit SELECT coalesce(max(entry), 0) + 1, ?, ?, ?, ? FROM audit", [on, action, table, rows]
        )

    def audit(self) -> "pd.DataFrame":
        """What was done with the base: entry, noted_on, action, table, rows; the oldest first."""
        return self.connection.execute("SELECT * FROM audit ORDER BY entry").df()


def connect(path: Path, *, read_only: bool = False) -> "duckdb.DuckDBPyConnection":
    """A connection that prints nothing and fetches nothing. Raises DataError where another program writes."""
    import duckdb

    try:
        connection = duckdb.connect(path, read_only=read_only, config=CONFIG)
    except duckdb.ConnectionException:
        if not read_only:
            raise DataError("base_locked", file=path.name) from None
        # This program has the base open for writing already: DuckDB shares that connection, with its settings.
        connection = duckdb.connect(path, config=CONFIG)
    except duckdb.IOException as error:
        key = "base_locked" if "lock" in str(error) else "no_base"
        raise DataError(key, file=path.name) from None
    connection.execute("SET enable_progress_bar = false")
    return connection


def _tables_of(connection: "duckdb.DuckDBPyConnection") -> set[str]:
    return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def _make_tables(connection: "duckdb.DuckDBPyConnection") -> None:
    with transaction(connection):
        for statement in tables_sql():
            connection.execute(statement)


def demand_writable(connection: "duckdb.DuckDBPyConnection") -> None:
    """Raises DataError for a base that was opened for reading only."""
    if connection.execute("SELECT current_setting('access_mode')").fetchone() == ("read_only",):
        raise DataError("base_read_only")


@contextmanager
def transaction(connection: "duckdb.DuckDBPyConnection") -> Iterator[None]:
    """All or nothing: commits at the end of a `with` block, undoes everything when an error leaves it. Raises DataError
    for a base that was opened for reading only."""
    demand_writable(connection)
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
