"""Frames of any kind in, the same kind out: one analysis, written once on narwhals.

A pandas frame, a pyarrow table or a file is lent to the embedded DuckDB; every other kind is worked on where it lives.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw

from crmlab.errors import DataError

FILE_KINDS = (".parquet", ".csv")


@dataclass
class Lent:
    """Order lines lent to the engine that will work on them.

    `lines` is lazy and has the columns under their inner names; `names` maps those to the given ones; `kind` says what
    came in.
    """

    lines: nw.LazyFrame
    names: dict[str, str]
    kind: str

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

    def give(self, frame: nw.LazyFrame, by: str) -> Any:
        """The frame as the kind that came in, in the order of column `by` where the kind has an order of rows."""
        match self.kind:
            case "pandas" | "file":
                return frame.sort(by).collect("pyarrow").to_pandas()
            case "pyarrow":
                return frame.sort(by).collect("pyarrow").to_native()
            case "polars":
                return frame.sort(by).collect("polars").to_native()
            case _:
                return frame.to_native()

    def days(self, column: str) -> nw.Expr:
        """The calendar day of a date or time column, in a type that the engine compares with `self.day`."""
        return nw.col(column) if self.kind == "dask" else nw.col(column).cast(nw.Date)

    def day(self, day: dt.date) -> nw.Expr:
        """A day as a literal."""
        return nw.lit(dt.datetime(day.year, day.month, day.day) if self.kind == "dask" else day)


def rows(frame: nw.LazyFrame) -> list[dict[str, Any]]:
    """The rows of a small frame as Python values."""
    return frame.collect("pyarrow").rows(named=True)


def lend(
    orders: Any, columns: Mapping[str, str], *, ids: tuple[str, ...], times: tuple[str, ...], numbers: tuple[str, ...],
    time_zone: str | None,
) -> Lent:  # fmt: skip
    """Lend `orders` to its engine, with the columns renamed to their inner names (`columns`: inner name to given name).

    `ids`, `times` and `numbers` are the inner names that must hold ids, dates or times, and amounts. Files are read as
    text first, so ids stay as they are written. Raises DataError for something that is no frame, a missing column, or a
    column of the wrong type.
    """
    if isinstance(orders, str | Path):
        kind, native = "file", _open_file(Path(orders), columns, times, numbers)
    else:
        kind, native = _lend_frame(orders, columns, ids, times, numbers)
    frame = nw.from_native(native)
    schema = frame.collect_schema()
    _demand_columns(columns, schema.names())
    for inner in times:
        zone = getattr(schema[columns[inner]], "time_zone", None)
        if zone and not time_zone:
            raise DataError("zoned_time", column=columns[inner], zone=zone)
        if zone:
            frame = _local_time(frame, kind, columns[inner], zone, time_zone)
        elif time_zone:
            raise DataError("no_zone", column=columns[inner], zone=time_zone)
    _demand_types(columns, schema, ids, times, numbers)
    lines = frame.select(**{inner: nw.col(given) for inner, given in columns.items()})
    return Lent(lines.lazy() if isinstance(lines, nw.DataFrame) else lines, dict(columns), kind)


def _open_file(path: Path, columns: Mapping[str, str], times: tuple[str, ...], numbers: tuple[str, ...]) -> Any:
    import duckdb

    if not path.exists():
        raise DataError("no_file", path=path)
    connection = duckdb.connect()
    if path.suffix == ".parquet":
        return connection.read_parquet(str(path))
    if path.suffix != ".csv":
        raise DataError("file_kind", path=path, kinds=", ".join(FILE_KINDS))
    text = connection.read_csv(str(path), all_varchar=True, header=True)
    _demand_columns(columns, text.columns)
    kinds = {columns[name]: "TIMESTAMP" for name in times} | {columns[name]: "DECIMAL(38, 9)" for name in numbers}
    quoted = {name: '"' + name.replace('"', '""') + '"' for name in columns.values()}
    return text.select(
        ", ".join(
            f"TRY_CAST(trim({quoted[name]}) AS {kinds[name]}) AS {quoted[name]}" if name in kinds else quoted[name]
            for name in dict.fromkeys(columns.values())
        )
    )


def _lend_frame(
    orders: Any, columns: Mapping[str, str], ids: tuple[str, ...], times: tuple[str, ...], numbers: tuple[str, ...]
) -> tuple[str, Any]:
    try:
        frame = nw.from_native(orders)
    except TypeError:
        raise DataError("no_frame", kind=type(orders).__name__) from None
    implementation = frame.implementation
    if implementation.is_pandas() or implementation.is_pyarrow():
        import duckdb

        _demand_columns(columns, frame.columns)
        needed = orders[list(dict.fromkeys(columns.values()))] if implementation.is_pandas() else orders
        if implementation.is_pandas():
            needed = _plain_pandas(needed, columns, ids, times, numbers)
            return "pandas", duckdb.connect().from_df(needed)
        return "pyarrow", duckdb.connect().from_arrow(needed)
    if implementation.is_polars():
        return ("polars", orders.lazy()) if isinstance(frame, nw.DataFrame) else ("polars-lazy", orders)
    if implementation.is_pyspark() or implementation.is_pyspark_connect():
        return "pyspark", orders
    return implementation.name.lower(), orders


def _plain_pandas(frame: Any, columns: Mapping[str, str], ids: tuple, times: tuple, numbers: tuple) -> Any:
    """Refuse object columns that mix types (DuckDB would turn 1 and "1" into one id); make categories plain."""
    import pandas as pd

    allowed = (
        dict.fromkeys(ids, ("string", "integer", "empty"))
        | dict.fromkeys(times, ("date", "datetime", "datetime64", "empty"))
        | dict.fromkeys(numbers, ("decimal", "integer", "floating", "mixed-integer-float", "empty"))
    )
    for inner, given in columns.items():
        column = frame[given]
        if isinstance(column.dtype, pd.CategoricalDtype):
            frame = frame.assign(**{given: column.astype(column.cat.categories.dtype)})
        elif column.dtype == object and inner in allowed:
            found = pd.api.types.infer_dtype(column, skipna=True)
            if found not in allowed[inner]:
                raise _type_error(inner, given, found, ids, times)
            if found == "decimal":
                frame = frame.assign(**{given: pd.to_numeric(column)})
    return frame


def _demand_columns(columns: Mapping[str, str], there: list[str]) -> None:
    missing = [given for given in columns.values() if given not in there]
    if missing:
        raise DataError("missing_column", column=", ".join(map(repr, missing)), there=", ".join(map(repr, there)))


def _demand_types(columns: Mapping[str, str], schema: nw.Schema, ids: tuple, times: tuple, numbers: tuple) -> None:
    for inner, given in columns.items():
        found = schema[given]
        if inner in ids:
            fits = found.is_integer() or isinstance(found, nw.String | nw.Enum | nw.Categorical)
        elif inner in times:
            fits = isinstance(found, nw.Date | nw.Datetime)
        elif inner in numbers:
            fits = found.is_numeric()
        else:
            fits = True
        if not fits:
            raise _type_error(inner, given, str(found), ids, times)


def _type_error(inner: str, given: str, found: str, ids: tuple, times: tuple) -> DataError:
    if inner in ids:
        return DataError("float_id" if "float" in found.lower() else "mixed_id", column=given, found=found)
    return DataError("not_a_date" if inner in times else "not_a_number", column=given, found=found)


def _local_time(frame: nw.LazyFrame, kind: str, column: str, zone: str, wanted: str) -> nw.LazyFrame:
    """Zoned times as wall-clock times of the wanted zone. Each engine has its own words for it."""
    native = frame.to_native()
    if kind in ("pandas", "pyarrow", "file", "duckdb"):
        quoted = '"' + column.replace('"', '""') + '"'
        return nw.from_native(native.select(f"* REPLACE (timezone('{wanted}', {quoted}) AS {quoted})"))
    if kind == "pyspark":
        from pyspark.sql import functions as spark

        wall = spark.convert_timezone(spark.lit(zone), spark.lit(wanted), spark.col(column).cast("timestamp_ntz"))
        return nw.from_native(native.withColumn(column, wall))
    if kind == "ibis":
        raise DataError("zoned_ibis", column=column, zone=wanted)
    return frame.with_columns(nw.col(column).dt.convert_time_zone(wanted).dt.replace_time_zone(None))
