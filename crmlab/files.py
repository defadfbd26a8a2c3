"""Orders in a file: Parquet with the types it has; CSV as text first, so that ids stay as they are written."""

from collections.abc import Mapping
from glob import escape
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw

from crmlab.columns import ROLES, demand_columns
from crmlab.errors import DataError
from crmlab.frames import SHOWN, private_connection, quoted, told

LOOKED_AT = 100_000
FILE_KINDS = (".parquet", ".csv")
ZONED = "regexp_matches({text}, ':[0-9.]+ *([A-Za-z].*|[+-][0-9:]+)$')"
"""A time of day with a zone after it: Z, +08:00, Asia/Shanghai."""


def open_file(path: Path, columns: Mapping[str, str], connection: Any) -> tuple[Any, nw.LazyFrame]:
    """Everything in the file as a relation of the DuckDB `connection`, and the needed columns with their types.

    A CSV file is read once and held: what it says later does not matter. Raises DataError for a file that is not there
    or cannot be read, and for a date or a number that is none.
    """
    import duckdb

    if not path.is_file():
        raise DataError("no_file", path=path)
    if path.suffix.lower() not in FILE_KINDS:
        raise DataError("file_kind", path=path, kinds=", ".join(FILE_KINDS))
    name = escape(str(path))
    try:
        if path.suffix.lower() == ".parquet":
            everything = connection.read_parquet(name)
            return everything, nw.from_native(everything)
        everything = connection.read_csv(name, all_varchar=True, header=True)
        demand_columns(columns, everything.columns)
        needed = dict.fromkeys(columns.values())
        text = everything.select(", ".join(quoted(name) for name in needed)).materialize()
    except duckdb.Error as error:
        raise DataError("unreadable", path=path, problem=str(error).splitlines()[0]) from None
    return everything, nw.from_native(typed_text(text, columns))


def first_texts(path: Path, column: str) -> list[str]:
    """What stands in a column on the first 100,000 lines of a Parquet or CSV file, each once; nothing where it cannot
    be read, for `open_file` tells that better."""
    import duckdb

    connection, name = private_connection(), escape(str(path))
    try:
        lines = (
            connection.read_parquet(name) if path.suffix == ".parquet" else connection.read_csv(name, all_varchar=True)
        )
        texts = lines.limit(LOOKED_AT).select(f"CAST({quoted(column)} AS VARCHAR)").distinct()
        return [text for (text,) in texts.fetchall() if text is not None]
    except duckdb.Error:
        return []


def typed_text(text: Any, columns: Mapping[str, str]) -> Any:
    """The text of a CSV file with dates as times and amounts as decimals; ids and states stay text."""
    casts = {name: quoted(name) for name in columns.values()}
    for inner, name in columns.items():
        trimmed = f"trim({quoted(name)})"
        if ROLES[inner] == "number":
            casts[name] = f"TRY_CAST({trimmed} AS DECIMAL(38, 9))"
            _demand_none(text, columns, name, f"{casts[name]} IS NULL", "no_number_text")
        elif ROLES[inner] == "time":
            zoned = ZONED.format(text=trimmed)
            has_zones = text.filter(zoned).limit(1).fetchall()
            casts[name] = f"TRY_CAST({trimmed} AS {'TIMESTAMPTZ' if has_zones else 'TIMESTAMP'})"
            _demand_none(text, columns, name, f"NOT coalesce(isfinite({casts[name]}), false)", "no_date_text")
            if has_zones:
                _demand_none(text, columns, name, f"NOT {zoned}", "mixed_zones")
    return text.select(", ".join(f"{cast} AS {quoted(name)}" for name, cast in casts.items())).materialize()


def _demand_none(text: Any, columns: Mapping[str, str], name: str, fault: str, key: str) -> None:
    """Raise DataError with the first of them if the column has texts for which `fault` is true."""
    faulty = text.filter(f"trim({quoted(name)}) <> '' AND {fault}")
    ((count,),) = faulty.aggregate("count(*)").fetchall()
    if count:
        first = nw.from_native(faulty.select(f"{quoted(columns['order'])}, {quoted(name)}").limit(SHOWN))
        raise DataError(key, column=name, count=count, first=told(first.collect("pyarrow").rows(named=True)))
