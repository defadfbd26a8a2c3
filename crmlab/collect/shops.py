"""The tables of the house from a customer base or from a PostgreSQL server, as lessons meet them.

Both are read only, and under the same names as in files: pseudonyms for customers, no personal columns.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crmlab.collect.base import CustomerBase
from crmlab.data import Shop, facts
from crmlab.errors import DataError, ParameterError
from crmlab.frames import quoted
from crmlab.kinds import empty, typed

if TYPE_CHECKING:
    import pandas as pd

READ_ONLY = "-c default_transaction_read_only=on"


@dataclass(frozen=True)
class BaseShop(Shop):
    """A customer base as the data of a lesson."""

    path: Path

    @classmethod
    def open(cls, path: Path, *, as_of: str = "", currency: str = "") -> "BaseShop":
        """The base in a file; `as_of` and `currency` are needed only where the base does not know them.

        Raises ParameterError when nobody says the reference date, DataError for a file that is no customer base.
        """
        with CustomerBase.open(path, read_only=True) as base:
            known = base.about
        return cls(folder=None, path=path, **facts(path.stem, known, as_of=as_of, currency=currency))

    def has(self, table: str) -> bool:
        """Whether the base has rows of this table. It always has the consents: an empty ledger is no yes."""
        if table == "consents":
            return True
        with CustomerBase.open(self.path, read_only=True) as base:
            return bool(base.connection.execute(f"SELECT 1 FROM {quoted(table)} LIMIT 1").fetchall())

    def _read(self, table: str) -> "pd.DataFrame":
        with CustomerBase.open(self.path, read_only=True) as base:
            return base.read(table)


@dataclass(frozen=True)
class PostgresShop(Shop):
    """A PostgreSQL database that has tables of the house, read through Ibis."""

    address: str = field(repr=False)

    @classmethod
    def open(cls, address: str, *, as_of: str = "", currency: str = "") -> "PostgresShop":
        """The database at postgres://user@host/name. The password comes from PGPASSWORD or ~/.pgpass.

        Tables and columns that the database does not have are empty or missing, as in a folder of files. A table
        `about` (name, value) may say the reference date, the currency and the public key. Raises ParameterError when
        nobody says the reference date or the extra `engines` is not installed, DataError when the server does not
        answer.
        """
        with _server(address) as server:
            name, known = server.current_catalog, {}
            if "about" in server.list_tables():
                known = dict(_rows(server.table("about").select("name", "value")).itertuples(index=False))
        return cls(folder=None, address=address, **facts(name, known, as_of=as_of, currency=currency))

    def has(self, table: str) -> bool:
        with _server(self.address) as server:
            return table in server.list_tables()

    def _read(self, table: str) -> "pd.DataFrame":
        with _server(self.address) as server:
            there = table in server.list_tables()
            return typed(table, _rows(server.table(table))) if there else empty(table)


@contextmanager
def _server(address: str) -> Iterator[Any]:
    """An Ibis connection that cannot write, closed at the end."""
    try:
        import ibis
        import psycopg
    except ImportError:
        raise ParameterError("no_engines") from None
    try:
        connection = psycopg.connect(address, options=READ_ONLY, autocommit=True)
    except psycopg.Error:
        raise DataError("no_server", host=urlsplit(address).hostname or "localhost") from None
    with connection:
        yield ibis.postgres.from_connection(connection)


def _rows(table: Any) -> "pd.DataFrame":
    """An Ibis table as pandas, by way of Arrow: Ibis' own way warns with pandas 3."""
    return table.to_pyarrow().to_pandas()
