"""What the columns of order lines are for, and which types they may have."""

from collections.abc import Mapping
from typing import Any

import narwhals.stable.v2 as nw

from crmlab.errors import DataError

ROLES = {
    "customer": "id", "order": "id", "day": "time", "refund_day": "time", "amount": "number", "refund": "number",
    "state": "text", "currency": "text", "category": "text", "product": "id", "discount": "number",
    "quantity": "number",
}  # fmt: skip
"""What each column is for, by its inner name."""
TEXT = (nw.String, nw.Enum, nw.Categorical)
BEYOND_64_BITS = (nw.Int128, nw.UInt128)


def demand_columns(columns: Mapping[str, str], there: list[str]) -> None:
    """Raise DataError unless all the given columns are there."""
    missing = [given for given in columns.values() if given not in there]
    if missing:
        raise DataError("missing_column", column=", ".join(map(repr, missing)), there=", ".join(map(repr, there)))


def demand_types(columns: Mapping[str, str], schema: nw.Schema) -> None:
    """Raise DataError unless every column has a type that fits its role."""
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


def zones_of(columns: Mapping[str, str], schema: nw.Schema, time_zone: str | None) -> dict[str, str]:
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


def plain_pandas(frame: Any, columns: Mapping[str, str]) -> Any:
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
