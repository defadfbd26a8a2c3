"""Frames of any kind in, the same kind out: one analysis, written once on narwhals.

A pandas frame, a pyarrow table or a file is lent to the embedded DuckDB; every other kind is worked on where it lives.
"""

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw

from crmlab.errors import DataError

ROLES = {
    "customer": "id", "order": "id", "day": "time", "refund_day": "time", "amount": "number", "refund": "number",
    "state": "text", "currency": "text",
}  # fmt: skip
"""What each column is for, by its inner name."""
TEXT = (nw.String, nw.Enum, nw.Categorical)
BEYOND_64_BITS = (nw.Int128, nw.UInt128)
SHOWN = 3
"""How many rows an error tells."""


@dataclass
class Lent:
    """Order lines lent to the engine that will work on them.

    `lines` is lazy and has the columns under their inner names; `names` maps those to the given ones; `kind` says what
    came in; `source` is everything that came in, as its engine reads it.
    """

    lines: nw.LazyFrame
    names: dict[str, str]
    kind: str
    source: Any

    def keep(self, frame: nw.LazyFrame) -> nw.LazyFrame:
        """The same rows, computed once and held by the engine, so that later steps do not start from the lines."""
        native = frame.to_native()
        match self.kind:
            case "polars" | "polars-lazy":
                return frame.collect().lazy()
            case "dask":
                return nw.from_native(native.persist())
            case "pyspark" | "ibis":
                return nw.from_native(native.cache())
            case _:
                return nw.from_native(native.materialize())

    def give(self, frame: nw.LazyFrame) -> Any:
        """A frame with the column "customer" as the kind that came in, that column under its own name again."""
        named = frame.rename({"customer": self.names["customer"]})
        match self.kind:
            case "pandas" | "file":
                return named.collect("pyarrow").to_pandas()
            case "pyarrow":
                return named.collect("pyarrow").to_native()
            case "polars":
                return named.collect("polars").to_native()
            case _:
                return named.to_native()

    @property
    def has_row_order(self) -> bool:
        """Whether the rows of what is given back stand in an order."""
        return self.kind in ("pandas", "file", "pyarrow", "polars")

    def days(self, column: str) -> nw.Expr:
        """The calendar day of a date or time column, in a type that the engine compares with `self.day`."""
        return nw.col(column).cast(nw.Datetime("us") if self.kind == "dask" else nw.Date)

    def day(self, day: dt.date) -> nw.Expr:
        """A day as a literal."""
        return nw.lit(dt.datetime(day.year, day.month, day.day) if self.kind == "dask" else day)

    def different_lines(self) -> int:
        """How many lines are left when of those that are equal in every column one is kept."""
        match self.kind:
            case "pandas" | "dask":
                return len(self.source.drop_duplicates())
            case "polars" | "polars-lazy":
                distinct = self.source.unique()
            case _:
                distinct = self.source.distinct()
        (found,) = rows(nw.from_native(distinct).lazy().select(nw.len().alias("lines")))
        return int(found["lines"])


def rows(frame: nw.LazyFrame) -> list[dict[str, Any]]:
    """The rows of a small frame as Python values."""
    return frame.collect("pyarrow").rows(named=True)


def told(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as an error tells them.

    >>> told([{"order_id": "7", "amount": None}, {"order_id": "9", "amount": None}])
    'order_id=7, amount=None; order_id=9, amount=None'
    """
    return "; ".join(", ".join(f"{name}={value}" for name, value in row.items()) for row in rows)


def lend(orders: Any, columns: Mapping[str, str], *, time_zone: str | None) -> Lent:
    """Lend `orders` to its engine, with the columns under their inner names (`columns`: a name of ROLES to the given one).

    Times that carry a zone become wall-clock times of `time_zone`. Raises DataError for something that is no frame, a
    missing column, a column of the wrong type, or a zone without `time_zone` (and the other way round).
    """
    if isinstance(orders, str | os.PathLike):
        from crmlab.files import open_file

        kind, source, frame = "file", *open_file(Path(orders), columns)
    else:
        kind, source, frame = _open_frame(orders, columns)
    schema = frame.collect_schema()
    demand_columns(columns, schema.names())
    _demand_types(columns, schema)
    zones = _zones(columns, schema, time_zone)
    if kind in ("pandas", "pyarrow", "file", "duckdb"):
        lines = _from_duckdb(frame.to_native(), columns, zones, time_zone)
    elif kind == "pyspark":
        lines = _from_spark(frame.to_native(), columns, zones, time_zone)
    else:
        lines = frame.lazy().select(**{inner: nw.col(given) for inner, given in columns.items()})
        if zones and kind == "ibis":
            raise DataError("zoned_ibis", column=columns[next(iter(zones))], zone=time_zone)
        local = {inner: nw.col(inner).dt.convert_time_zone(time_zone).dt.replace_time_zone(None) for inner in zones}
        lines = lines.with_columns(**local) if local else lines
    return Lent(_plain(lines), dict(columns), kind, source)


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def private_connection() -> Any:
    """A DuckDB of our own: it prints nothing and fetches nothing."""
    import duckdb

    connection = duckdb.connect(config={"autoinstall_known_extensions": False})
    connection.execute("SET enable_progress_bar = false")
    return connection


def demand_columns(columns: Mapping[str, str], there: list[str]) -> None:
    """Raise DataError unless all the given columns are there."""
    missing = [given for given in columns.values() if given not in there]
    if missing:
        raise DataError("missing_column", column=", ".join(map(repr, missing)), there=", ".join(map(repr, there)))


def _open_frame(orders: Any, columns: Mapping[str, str]) -> tuple[str, Any, Any]:
    """The kind of frame, everything in it, and the needed part of it for narwhals to work on."""
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
        needed = _plain_pandas(orders[list(dict.fromkeys(columns.values()))], columns)
        _demand_types(columns, nw.from_native(needed).schema)
        return "pandas", orders, nw.from_native(private_connection().from_df(needed))
    if implementation.is_pyarrow():
        relation = private_connection().from_arrow(orders)
        return "pyarrow", relation, nw.from_native(relation)
    if implementation.is_polars():
        return "polars" if isinstance(frame, nw.DataFrame) else "polars-lazy", orders, frame
    if implementation.is_pyspark() or implementation.is_pyspark_connect():
        return "pyspark", orders, frame
    if implementation.is_duckdb() or implementation.is_ibis() or implementation.is_dask():
        return implementation.name.lower(), orders, frame
    raise DataError("no_frame", kind=type(orders).__name__)


def _plain_pandas(frame: Any, columns: Mapping[str, str]) -> Any:
    """Make categories plain and give object columns a type, unless they mix types (1 and "1" are not one id)."""
    import pandas as pd

    found_in = {
        "id": {"string": "string", "integer": "Int64", "empty": "string"},
        "time": dict.fromkeys(("date", "datetime", "datetime64", "empty"), "datetime64[us]"),
        "number": dict.fromkeys(("decimal", "integer", "floating", "mixed-integer-float", "empty"), "Float64"),
        "text": {"string": "string", "empty": "string"},
    }
    plain = {}
    for inner, given in columns.items():
        column = frame[given]
        if isinstance(column.dtype, pd.CategoricalDtype):
            plain[given] = column.astype(column.cat.categories.dtype)
        elif column.dtype == object:
            found = pd.api.types.infer_dtype(column, skipna=True)
            target = found_in[ROLES[inner]].get(found)
            if target is None:
                raise _type_error(inner, given, found)
            try:
                plain[given] = pd.to_datetime(column) if ROLES[inner] == "time" else column.astype(target)
            except (OverflowError, TypeError, ValueError):
                raise _type_error(inner, given, found) from None
    return frame.assign(**plain)


def _demand_types(columns: Mapping[str, str], schema: nw.Schema) -> None:
    for inner, given in columns.items():
        found = schema[given]
        match ROLES[inner]:
            case "id":
                fits = isinstance(found, TEXT) or (found.is_integer() and not isinstance(found, BEYOND_64_BITS))
            case "time":
                fits = isinstance(found, nw.Date | nw.Datetime)
            case "number":
                fits = found.is_numeric()
            case _:
                fits = isinstance(found, TEXT)
        if not fits:
            raise _type_error(inner, given, str(found))


def _type_error(inner: str, given: str, found: str) -> DataError:
    keys = {"id": "mixed_id", "time": "not_a_date", "number": "not_a_number", "text": "not_text"}
    is_float = ROLES[inner] == "id" and "float" in found.lower()
    return DataError("float_id" if is_float else keys[ROLES[inner]], column=given, found=found)


def _zones(columns: Mapping[str, str], schema: nw.Schema, time_zone: str | None) -> dict[str, str]:
    """The zone of each time column that carries one. With `time_zone` all must carry one, without it none may."""
    zones = {}
    for inner, given in columns.items():
        if ROLES[inner] != "time":
            continue
        zone = getattr(schema[given], "time_zone", None)
        if zone and not time_zone:
            raise DataError("zoned_time", column=given, zone=zone)
        if time_zone and not zone:
            raise DataError("no_zone", column=given, zone=time_zone)
        if zone:
            zones[inner] = zone
    return zones


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


def _plain(lines: nw.LazyFrame) -> nw.LazyFrame:
    """NaN amounts are missing amounts and states are text, whatever the engine thinks of them."""
    plain = {}
    for name, found in lines.collect_schema().items():
        if ROLES[name] == "number" and isinstance(found, nw.Float32 | nw.Float64):
            plain[name] = nw.when(~nw.col(name).is_nan()).then(nw.col(name))
        elif ROLES[name] == "text" and not isinstance(found, nw.String):
            plain[name] = nw.col(name).cast(nw.String)
    return lines.with_columns(**plain) if plain else lines
