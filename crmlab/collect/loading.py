"""Files into the customer base: read, check, compare with what is there, take in; all or nothing."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from crmlab.collect.base import CustomerBase, transaction
from crmlab.collect.mask import mask_column
from crmlab.collect.merge import Merged, compare
from crmlab.collect.report import CONFLICTS, FILES, LoadReport
from crmlab.collect.sources import Source, read_sources
from crmlab.collect.tombstones import buried
from crmlab.collect.validate import LISTED, as_text, check_text, faults_at, listing, references
from crmlab.errors import DataError
from crmlab.frames import quoted
from crmlab.kinds import typed
from crmlab.progress import counted
from crmlab.tables import TABLES, Table

if TYPE_CHECKING:
    import pandas as pd


def load(base: CustomerBase, sources: Any, *, on: date, unreadable: str) -> LoadReport:
    """See `CustomerBase.load`."""
    import duckdb

    read = read_sources(sources, unreadable=unreadable, key=base.key if "public_key" in base.about else None)
    try:
        with transaction(base.connection):
            return _Load(base, on).take(read)
    except duckdb.ConstraintException:
        raise DataError("base_refused", file=base.path.name) from None
    finally:
        base.connection.unregister("incoming")


class _Load:
    """One load on its way: what it has counted and listed so far."""

    def __init__(self, base: CustomerBase, on: date):
        self.base, self.on, self.run = base, on, base.connection.execute
        self.files: list[dict[str, Any]] = []
        self.listed: list[pd.DataFrame] = []
        self.conflicts: list[pd.DataFrame] = []
        self.deleted: dict[str, pd.DataFrame] = {}
        self.keys: dict[str, pd.DataFrame] = {}
        self.tombstones = self.run("SELECT * FROM tombstones").df()

    def take(self, sources: list[Source]) -> LoadReport:
        import pandas as pd

        for source in sources:
            self._remember(source)
        taken = [(table, source) for name, table in TABLES.items() for source in sources if name in source.tables]
        for table, source in counted(taken, "collect"):
            self._take_table(table, source)
        files = pd.DataFrame(self.files, columns=list(FILES)).sort_values("file", kind="stable", ignore_index=True)
        aside = tuple(source.file for source in sources if source.file and not source.format and not source.card)
        return LoadReport(files, _joined(self.listed, LISTED), _joined(self.conflicts, CONFLICTS), aside)

    def _remember(self, source: Source) -> None:
        """Note the file, what its data.toml says, and its lines that could not be read."""
        if source.sha256:
            self.run(
                "INSERT INTO loads (sha256, file, loaded_on, format, encoding) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                [source.sha256, source.file, self.on, source.format, source.encoding],
            )
        if source.card:
            self._learn(source.card)
        if source.unreadable is not None and len(source.unreadable):
            lines = source.unreadable.assign(file=source.file)[list(LISTED)]
            self.listed.append(lines)
            lost = lines["row"].nunique()
            self._count(source, "", rows=lost, listed=lost)

    def _learn(self, card: Mapping[str, Any]) -> None:
        """What the data are is said once, by the first data.toml; only the reference date moves on."""
        if not self.base.about:
            for name in ("name", "currency", "public_key"):
                if name in card:
                    self.run("INSERT INTO about VALUES (?, ?)", [name, str(card[name])])
        if "as_of" in card:
            self.run(
                "INSERT INTO about VALUES ('as_of', ?) "
                "ON CONFLICT DO UPDATE SET value = greatest(value, excluded.value)",
                [str(card["as_of"])],
            )

    def _take_table(self, table: Table, source: Source) -> None:
        text = as_text(table, source.tables[table.name].assign(file=source.file))
        gone = self._of_deleted(table, text)
        checked = check_text(table, text.drop(index=gone["index"]), self._known(table))
        merged = compare(table, checked.kept, self._there(table, checked.kept))
        self._write(table, merged)
        if table.name == "customers":
            self._note_channels(checked.kept, merged)
        self.listed += [listing(table, text, [gone]), checked.listed, listing(table, text, [merged.faults])]
        refused = len(gone) + checked.refused + merged.faults["index"].nunique()
        added, changed = len(merged.new), len(merged.changed)
        counts = {"rows": len(text), "added": added, "changed": changed, "listed": refused}
        counts["unchanged"] = len(text) - added - changed - refused
        counts["blanked"] = len(checked.blanked.difference(merged.faults["index"]))
        self._count(source, table.name, **counts)
        for action, rows in (("load", len(text)), ("add", added), ("change", changed), ("refuse", refused)):
            if rows or action == "load":
                self.base.note(action, table.name, rows, on=self.on)

    def _count(self, source: Source, table: str, **counts: int) -> None:
        about = {"file": source.file, "format": source.format, "encoding": source.encoding, "table": table}
        self.files.append(dict.fromkeys(FILES, 0) | about | counts)

    def _of_deleted(self, table: Table, text: "pd.DataFrame") -> "pd.DataFrame":
        """Rows of persons who were deleted, and rows that hang on such rows."""
        import pandas as pd

        stopped = buried(text, self.tombstones, self.base.key) if len(self.tombstones) else text["row"].isna()
        for other, columns in references(table).items():
            if other in self.deleted:
                names = list(columns)
                found = text[names].merge(self.deleted[other], on=names, how="left", indicator="found")
                stopped |= (found["found"] == "both").to_numpy()
        if stopped.any():
            keys = [text.loc[stopped, list(table.key)], self.deleted.get(table.name)]
            self.deleted[table.name] = pd.concat(keys).drop_duplicates()
        first = next(iter(references(table).values()), table.key)[0]
        return faults_at(text.index[stopped], first, "deleted_person")

    def _known(self, table: Table) -> dict[str, "pd.DataFrame"]:
        """The keys that rows of a table may point to. Tables that are pointed to come before those that point."""
        for other in references(table):
            if other not in self.keys:
                self.keys[other] = self._select(TABLES[other], ", ".join(map(quoted, TABLES[other].key)))
        return self.keys

    def _there(self, table: Table, kept: "pd.DataFrame") -> "pd.DataFrame":
        """The rows of the base with the keys of the rows that came in."""
        names = ", ".join(map(quoted, table.key))
        self._lend(kept[list(table.key)])
        return self._select(table, "*", f"SEMI JOIN incoming USING ({names})")

    def _select(self, table: Table, what: str, rest: str = "") -> "pd.DataFrame":
        return typed(table.name, self.run(f"SELECT {what} FROM {quoted(table.name)} {rest}").df())

    def _lend(self, frame: "pd.DataFrame") -> None:
        """Let the database see the frame as the view `incoming`."""
        self.base.connection.register("incoming", frame)

    def _write(self, table: Table, merged: Merged) -> None:
        name, columns = quoted(table.name), ", ".join(quoted(column.name) for column in table.columns)
        if len(merged.new):
            self._lend(merged.new)
            self.run(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM incoming")
        if len(merged.changed):
            sets = ", ".join(f"{quoted(column)} = incoming.{quoted(column)}" for column in merged.columns)
            keys = " AND ".join(f"{name}.{quoted(column)} = incoming.{quoted(column)}" for column in table.key)
            self._lend(merged.changed)
            self.run(f"UPDATE {name} SET {sets} FROM incoming WHERE {keys}")

    def _note_channels(self, kept: "pd.DataFrame", merged: Merged) -> None:
        """Which channel filled which cell of a customer, and where a channel contradicts what is known."""
        came = kept[["file", "row", "customer_id", "source"]]
        fills = merged.fills.join(came, on="index")
        self._lend(fills)
        self.run(
            'INSERT INTO filled SELECT customer_id, "column", source, ? FROM incoming ON CONFLICT DO NOTHING',
            [self.on],
        )
        cells = merged.contradicts.join(came, on="index")
        if cells.empty:
            return
        self._lend(cells)
        found = self.run(
            """SELECT incoming.file, incoming."row", incoming.customer_id, incoming."column",
                coalesce(filled.source, customers.source) AS kept_source, incoming.source AS other_source,
                incoming.kept AS kept_value, incoming.other AS other_value
            FROM incoming JOIN customers USING (customer_id) LEFT JOIN filled USING (customer_id, "column")
            ORDER BY ALL"""
        ).df()
        self._lend(found)
        names = 'customer_id, "column", kept_source, other_source, kept_value, other_value'
        self.run(f"INSERT INTO conflicts SELECT {names}, ? FROM incoming ON CONFLICT DO NOTHING", [self.on])
        found["customer_id"] = self.base.key.pseudonyms(found["customer_id"])
        self.conflicts += [_masked(cells, column) for column, cells in found.groupby("column")]


def _masked(cells: "pd.DataFrame", column: str) -> "pd.DataFrame":
    """Conflicts in one column as a report shows them."""
    return cells.assign(**{name: mask_column(cells[name], column) for name in ("kept_value", "other_value")})


def _joined(parts: list["pd.DataFrame"], columns: tuple[str, ...]) -> "pd.DataFrame":
    """The lines of all parts in the order of files and rows."""
    import pandas as pd

    filled = [part for part in parts if len(part)]
    lines = pd.concat(filled) if filled else pd.DataFrame(columns=list(columns))
    return lines.sort_values(["file", "row", "column"], kind="stable", ignore_index=True)[list(columns)]
