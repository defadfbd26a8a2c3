"""Frames of any kind in, the same kind out: one analysis, written once on narwhals.

A pandas frame, a pyarrow table or a file is lent to the embedded DuckDB; every other kind is worked on where it lives.
"""

import contextlib
import datetime as dt
import os
import tempfile
import uuid
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from crmlab.columns import ROLES, demand_columns, demand_types, plain_pandas, zones_of
from crmlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

DUCKDB_KINDS = ("pandas", "pyarrow", "file", "duckdb")
MEMORY = "1GB"
"""What DuckDB may hold of what it works on. More goes to temporary files."""
PIECE = 8_000_000
"""How many rows are looked at in one piece where the groups of all of them would take too much memory."""
STREAMED = "64MB"
"""What DuckDB may compute ahead of whoever reads: with its usual 1 MB one core waits for the other."""
SHOWN = 3
"""How many rows an error tells."""


class Held:
    """Frames that Spark keeps for us. It lets go of them with the last result or table that rests on them."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        weakref.finalize(self, _let_go, self.frames).atexit = False


def _let_go(frames: list[Any]) -> None:
    """A Spark that has stopped keeps nothing any more, and says so by an error that nobody could catch here."""
    for frame in frames:
        with contextlib.suppress(Exception):
            frame.unpersist()


@dataclass
class Lent:
    """Order lines lent to the engine that will work on them.

    `lines` is lazy and has the columns under their inner names; `names` maps those to the given ones; `kind` says what
    came in; `source` is everything that came in, as its engine reads it; `connection` is the DuckDB they were lent to,
    where it is ours; `held` is what Spark keeps for us. With `last_day` the lines end on that day, and
    `source` may hold later ones.
    """

    lines: nw.LazyFrame
    names: dict[str, str]
    kind: str
    source: Any
    connection: Any = None
    last_day: dt.date | None = None
    held: Held = field(default_factory=Held)

    def until(self, day: dt.date) -> "Lent":
        """The lines up to a day."""
        return replace(self, lines=self.lines.filter(self.days("day") <= self.day(day)), last_day=day)

    def keep(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """The same rows, computed once and held by the engine, so that later steps do not start from the lines."""
        native = frame.to_native()
        match self.kind:
            case "polars" | "polars-lazy":
                return frame.collect().lazy()
            case "dask":
                return nw.from_native(native.persist())
            case "ibis":
                return nw.from_native(native.cache())
            case "pyspark":
                self.held.frames.append(native.cache())
                return nw.from_native(self.held.frames[-1])
            case _:
                return nw.from_native(native.materialize())

    def give(self, frame: nw.LazyFrame) -> Any:
        """A frame with the column "customer" as the kind that came in, that column under its own name again.

        A table on Spark holds what it rests on; a frame made of it does not, and may have to start from the lines.
        """
        named = frame.rename({"customer": self.names["customer"]})
        match self.kind:
            case "pandas" | "file":
                return named.collect("pyarrow").to_pandas()
            case "pyarrow":
                return named.collect("pyarrow").to_native()
            case "polars":
                return named.collect("polars").to_native()
            case "pyspark":
                table = named.to_native()
                table.held = self.held
                return table
            case _:
                return named.to_native()

    def pieces(self, frame: nw.LazyFrame) -> Iterator[nw.LazyFrame]:
        """The rows in pieces, each with all the rows of its customers: where DuckDB works, some million rows a piece;
        elsewhere all at once."""
        parts = 1
        if self.kind in DUCKDB_KINDS:
            (found,) = rows(frame.select(nw.len().alias("rows")))
            parts += found["rows"] // PIECE
        for part in range(parts):
            own = f"hash(customer) % {parts} = {part}"
            yield nw.from_native(frame.to_native().filter(own)) if parts > 1 else frame

    def all_different(self, frame: nw.LazyFrame, column: str) -> bool:
        """Whether no value of the column stands in two rows. False may also mean that it is not known."""
        if self.kind not in DUCKDB_KINDS:
            (found,) = rows(frame.group_by(column).agg(rows=nw.len()).select(nw.col("rows").max()))
            return (found["rows"] or 1) == 1
        hashes = frame.to_native().select(f"hash({quoted(column)}) AS hash").fetchnumpy()["hash"]
        hashes.sort()
        return not (hashes[1:] == hashes[:-1]).any()

    def look(self, known: Mapping[str, nw.Expr], scanned: Mapping[str, nw.Expr]) -> dict[str, Any]:
        """The values of aggregates over all lines.

        Those that a Parquet file may know without being read (`known`) are asked for apart from the others.
        """
        parts = [known, scanned] if self.kind == "file" else [{**known, **scanned}]
        return {name: value for part in parts if part for name, value in rows(self.lines.select(**part))[0].items()}

    @property
    def has_row_order(self) -> bool:
        """Whether the rows of what is given back stand in an order."""
        return self.kind in ("pandas", "file", "pyarrow", "polars")

    def days(self, column: str) -> nw.Expr:
        """The calendar day of a date or time column, in a type that the engine compares with `self.day`."""
        return nw.col(column) if self.kind == "dask" else nw.col(column).cast(nw.Date)

    def day(self, day: dt.date) -> nw.Expr:
        """A day as a literal."""
        return nw.lit(dt.datetime(day.year, day.month, day.day) if self.kind == "dask" else day)

    def different_lines(self, time_zone: str | None) -> int:
        """How many lines are left when of those that are equal in every column one is kept."""
        match self.kind:
            case "pandas" | "dask":
                distinct = self.source.drop_duplicates()
            case "polars" | "polars-lazy":
                distinct = self.source.unique()
            case _:
                distinct = self.source.distinct()
        lines = nw.from_native(distinct).lazy()
        if self.last_day:
            lines = _lend_days(distinct, self, time_zone).until(self.last_day).lines
        (found,) = rows(lines.select(nw.len().alias("lines")))
        return int(found["lines"])


def rows(frame: nw.LazyFrame) -> list[dict[str, Any]]:
    """The rows of a small frame as Python values."""
    return frame.collect("pyarrow").rows(named=True)


def collected(frame: nw.LazyFrame) -> "pd.DataFrame":
    """A lazy frame as a pandas frame, with the same types whatever the engine; Arrow frees each column on the way."""
    table = frame.collect("pyarrow").select(frame.collect_schema().names()).to_native().replace_schema_metadata(None)
    return table.to_pandas(self_destruct=True)


def told(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as an error tells them.

    >>> told([{"order_id": "7", "amount": None}, {"order_id": "9", "amount": None}])
    'order_id=7, amount=None; order_id=9, amount=None'
    """
    return "; ".join(", ".join(f"{name}={value}" for name, value in row.items()) for row in rows)


def lend(orders: Any, columns: Mapping[str, str], *, time_zone: str | None) -> Lent:
    """Lend `orders` to its engine, with the columns under their inner names (`columns`: inner name to given name).

    Times that carry a zone become wall-clock times of `time_zone`. Raises DataError for something that is no frame, a
    missing column, a column of the wrong type, or a zone without `time_zone` (and the other way round).
    """
    if isinstance(orders, str | os.PathLike):
        from crmlab.files import open_file

        kind, connection = "file", thrifty_connection()
        source, frame = open_file(Path(orders), columns, connection)
    else:
        kind, source, frame, connection = _open_frame(orders, columns)
    schema = frame.collect_schema()
    demand_columns(columns, schema.names())
    demand_types(columns, schema)
    zones = zones_of(columns, schema, time_zone)
    if kind in DUCKDB_KINDS:
        lines = _from_duckdb(frame.to_native(), columns, zones, time_zone)
    elif kind == "pyspark":
        lines = _from_spark(frame.to_native(), columns, zones, time_zone)
    else:
        lines = frame.lazy().select(**{inner: nw.col(given) for inner, given in columns.items()})
        if zones and kind == "ibis":
            raise DataError("zoned_ibis", column=columns[next(iter(zones))], zone=time_zone)
        local = {inner: nw.col(inner).dt.convert_time_zone(time_zone).dt.replace_time_zone(None) for inner in zones}
        lines = lines.with_columns(**local) if local else lines
    return Lent(_plain(lines, kind), dict(columns), kind, source, connection)


def _lend_days(source: Any, lent: Lent, time_zone: str | None) -> Lent:
    """What came in, lent again with its days only. A CSV file came in as text."""
    from crmlab.files import typed_text

    days = {"day": lent.names["day"]}
    is_text = lent.kind == "file" and nw.from_native(source).collect_schema()[days["day"]] == nw.String
    return lend(typed_text(source, days) if is_text else source, days, time_zone=time_zone)


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def private_connection() -> Any:
    """A DuckDB of our own: it prints nothing and fetches nothing."""
    import duckdb

    connection = duckdb.connect(config={"autoinstall_known_extensions": False})
    connection.execute(f"SET enable_progress_bar = false; SET streaming_buffer_size = '{STREAMED}'")
    return connection


def thrifty_connection() -> Any:
    """The same for order lines, of which there may be many: what does not fit in `MEMORY` goes to files in the folder
    for temporary ones. DuckDB makes its folder there when it needs one, and removes it with the connection."""
    connection = private_connection()
    folder = Path(tempfile.gettempdir(), f"crmlab_{uuid.uuid4().hex}")
    connection.execute("SET memory_limit = ?", [MEMORY])
    connection.execute("SET temp_directory = ?", [str(folder)])
    return connection


def _open_frame(orders: Any, columns: Mapping[str, str]) -> tuple[str, Any, Any, Any]:
    """The kind of frame, everything in it, the needed part of it for narwhals to work on, and a DuckDB of our own."""
    try:
        frame = nw.from_native(orders)
        there = frame.collect_schema().names()
    except TypeError:
        raise DataError("no_frame", kind=type(orders).__name__) from None
    except nw.exceptions.DuplicateError:
        raise DataError("same_columns") from None
    demand_columns(columns, there)
    implementation = frame.implementation
    if implementation.is_pandas():
        needed = plain_pandas(orders[list(dict.fromkeys(columns.values()))], columns)
        demand_types(columns, nw.from_native(needed).schema)
        connection = thrifty_connection()
        return "pandas", orders, nw.from_native(connection.from_df(needed)), connection
    if implementation.is_pyarrow():
        connection = thrifty_connection()
        relation = connection.from_arrow(orders)
        return "pyarrow", relation, nw.from_native(relation), connection
    if implementation.is_polars():
        return "polars" if isinstance(frame, nw.DataFrame) else "polars-lazy", orders, frame, None
    if implementation.is_pyspark() or implementation.is_pyspark_connect():
        return "pyspark", orders, frame, None
    if implementation.is_duckdb() or implementation.is_ibis() or implementation.is_dask():
        return implementation.name.lower(), orders, frame, None
    raise DataError("no_frame", kind=type(orders).__name__)


def _from_duckdb(
    relation: Any, columns: Mapping[str, str], zones: Mapping[str, str], wanted: str | None
) -> nw.LazyFrame:
    """Named by SQL, because narwhals takes "a.b" for a column of a table and drops a space at the end."""
    parts = [
        f"timezone('{wanted}', {quoted(given)}) AS {inner}" if inner in zones else f"{quoted(given)} AS {quoted(inner)}"
        for inner, given in columns.items()
    ]
    return nw.from_native(relation.select(", ".join(parts)))


def _from_spark(frame: Any, columns: Mapping[str, str], zones: Mapping[str, str], wanted: str | None) -> nw.LazyFrame:
    from pyspark.sql import functions as spark

    parts = []
    for inner, given in columns.items():
        column = spark.col("`" + given.replace("`", "``") + "`")
        if inner in zones:
            column = spark.convert_timezone(spark.lit(zones[inner]), spark.lit(wanted), column.cast("timestamp_ntz"))
        parts.append(column.alias(inner))
    return nw.from_native(frame.select(*parts))


def _plain(lines: nw.LazyFrame, kind: str) -> nw.LazyFrame:
    """A refund of NaN is no refund and states are text, whatever the engine thinks. On Dask every date is a time."""
    plain = {}
    for name, found in lines.collect_schema().items():
        if name == "refund" and found.is_float():
            plain[name] = nw.when(~nw.col(name).is_nan()).then(nw.col(name))
        elif ROLES[name] == "time" and kind == "dask":
            plain[name] = nw.col(name).cast(nw.Datetime("us"))
        elif ROLES[name] == "text" and not isinstance(found, nw.String):
            plain[name] = nw.col(name).cast(nw.String)
    return lines.with_columns(**plain) if plain else lines
