"""Answers as plain data: numbers, text, lists and tables as JSON, and nothing else back.

What travels is JSON: null, true, 3, 1.5, "text", `{"float": "nan"}` (also "inf" and "-inf"), a list of these up to
three deep, or `{"table": [{"name": ..., "type": ..., "values": [...]}]}`, whole under the key "plain". `encode` runs
beside the student's code, so `decode` believes nothing: it builds from its own list of types or raises NotPlainError.
"""

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TEXT = 100_000
"""Characters of one text."""
ALL_TEXT = 5_000_000
"""Characters of all texts of one answer, names of columns included."""
ITEMS = 100_000
"""Items of a list, those of lists inside it included."""
CELLS = 200_000
"""Rows times columns of a table."""
DEEP = 3
"""Lists inside lists."""
WHOLE = 2**63
"""Whole numbers lie below this, on either side of zero."""
TYPES = ("int", "float", "text", "bool", "date")
"""Of columns. A missing value is null in each of them."""
SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class NotPlainError(ValueError):
    """A value is no plain data (`fault` "not_plain") or too much of it ("too_large"); `what` names its type."""

    def __init__(self, fault: str, what: str):
        super().__init__(f"{fault}: {what}")
        self.fault = fault
        self.what = what


def encode(value: Any) -> dict[str, Any]:
    """A value as JSON that `decode` takes. Raises NotPlainError, naming the type.

    Tuples, Series, Index, arrays and ranges become lists, sets become sorted lists; subclasses become what they derive
    from; a Decimal becomes a float, dates and times ISO text (a midnight only its day), periods and intervals their
    text; None, NA, NaT and what is missing in pandas become null. A table is its columns: the index is no part of it,
    and names become text.

    >>> encode((1, 2.5, None))
    {'plain': [1, 2.5, None]}
    """
    import pandas as pd

    room = _Room()
    if isinstance(value, pd.DataFrame):
        return {"plain": {"table": _table(value, room)}}
    return {"plain": _value(value, room, DEEP)}


def decode(found: Any) -> Any:
    """What `encode` was given, from JSON of unknown origin: None, bool, int, float, str, list or pandas DataFrame.

    Columns come as int64, float64, bool, str or datetime64[us], with missing values as Int64 and boolean. Raises
    NotPlainError for everything else.

    >>> decode({"plain": [1, 2.5, None]})
    [1, 2.5, None]
    """
    room = _Room()
    if type(found) is not dict or list(found) != ["plain"]:
        raise NotPlainError("not_plain", "message")
    value = found["plain"]
    if type(value) is dict and list(value) == ["table"]:
        return _frame(value["table"], room)
    return _read(value, room, DEEP)


def readable(text: str) -> str:
    """The text without halves of characters, which no file can hold.

    >>> readable("a\\ud800")
    'a\\ufffd'
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Room:
    """How much of an answer's size is left."""

    def __init__(self) -> None:
        self.text = ALL_TEXT
        self.items = ITEMS

    def take_text(self, text: str) -> str:
        self.text -= len(text)
        if len(text) > TEXT or self.text < 0:
            raise NotPlainError("too_large", "text")
        return text

    def take_items(self, number: int) -> None:
        self.items -= number
        if self.items < 0:
            raise NotPlainError("too_large", "list")


def _value(value: Any, room: _Room, deep: int) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(value, np.ndarray):
        if value.dtype.kind in "mM":
            value = value.astype(f"{value.dtype.kind}8[us]")
        value = value if value.ndim else value.item()
    if isinstance(value, pd.Series | pd.Index | np.ndarray | pd.api.extensions.ExtensionArray):
        if value.size > ITEMS:
            raise NotPlainError("too_large", "list")
        value = value.tolist() if isinstance(value, np.ndarray) else _values(pd.Series(value))
    if isinstance(value, list | tuple | set | frozenset | range):
        if not deep:
            raise NotPlainError("not_plain", "list in lists")
        room.take_items(len(value))
        items = [_value(item, room, deep - 1) for item in value]
        if not isinstance(value, set | frozenset):
            return items
        try:
            return sorted(items)
        except TypeError:
            raise NotPlainError("not_plain", type(value).__name__) from None
    return _scalar(value, room)


def _scalar(value: Any, room: _Room) -> Any:
    import numpy as np
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        whole = int.__int__(value) if isinstance(value, int) else int(value)
        if not -WHOLE <= whole < WHOLE:
            raise NotPlainError("too_large", "int")
        return whole
    if isinstance(value, float | np.floating | Decimal | Fraction):
        return _float(value)
    if isinstance(value, str):
        return room.take_text(str.__str__(value))
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, dt.date):
        return _iso(value)
    if isinstance(value, pd.Period | pd.Interval):
        return room.take_text(str(value))
    raise NotPlainError("not_plain", type(value).__name__)


def _float(value: Any) -> float | dict[str, str]:
    try:
        number = float.__float__(value) if isinstance(value, float) else float(value)
    except (ValueError, OverflowError):  # a signalling NaN, a Fraction beyond floats
        raise NotPlainError("too_large", type(value).__name__) from None
    return number if math.isfinite(number) else {"float": str(number)}


def _iso(value: dt.date) -> str:
    """ISO text; a midnight without a zone is its day."""
    if not isinstance(value, dt.datetime):
        return dt.date.isoformat(value)
    return dt.datetime.isoformat(value).removesuffix("T00:00:00")


def _table(frame: "pd.DataFrame", room: _Room) -> list[dict[str, Any]]:
    if max(len(frame), 1) * len(frame.columns) > CELLS:
        raise NotPlainError("too_large", "table")
    names = [room.take_text(str(name)) for name in frame.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise NotPlainError("not_plain", f"table with {twice[0]} twice")
    return [_column(name, frame.iloc[:, place], room) for place, name in enumerate(names)]


def _column(name: str, column: "pd.Series", room: _Room) -> dict[str, Any]:
    values = _values(column)
    kind = _kind_of(column, [value for value in values if value is not None])
    return {"name": name, "type": kind, "values": [_cell(value, kind, room) for value in values]}


def _values(column: "pd.Series") -> list[Any]:
    return column.astype("object").where(column.notna(), None).tolist()


def _kind_of(column: "pd.Series", there: list[Any]) -> str:
    """The type of a column: from its dtype where that says it, else from the values that are there."""
    import numpy as np
    from pandas.api import types

    if types.is_bool_dtype(column.dtype):
        return "bool"
    if types.is_integer_dtype(column.dtype):
        return "int"
    if types.is_float_dtype(column.dtype):
        return "float"
    if types.is_datetime64_dtype(column.dtype):
        return "date"
    flags = {isinstance(value, bool | np.bool_) for value in there}
    if flags == {True}:
        return "bool"
    if flags == {False}:
        if all(isinstance(value, int | np.integer) for value in there):
            return "int"
        if all(isinstance(value, int | np.integer | float | np.floating | Decimal | Fraction) for value in there):
            return "float"
        if all(isinstance(value, dt.date) and getattr(value, "tzinfo", None) is None for value in there):
            return "date"
    return "text"


def _cell(value: Any, kind: str, room: _Room) -> Any:
    """One cell of a column; a column that mixes types is text, and a cell that holds a list is not plain."""
    plain = _scalar(value, room)
    if isinstance(plain, dict):
        return plain["float"]
    if kind == "float" and plain is not None:
        return float(plain)
    return str(plain) if kind == "text" and plain is not None else plain


def _read(value: Any, room: _Room, deep: int) -> Any:
    if value is None or type(value) is bool:
        return value
    if type(value) is float or (type(value) is int and -WHOLE <= value < WHOLE):
        return value
    if type(value) is str:
        return readable(room.take_text(value))
    if type(value) is list and deep:
        room.take_items(len(value))
        return [_read(item, room, deep - 1) for item in value]
    if type(value) is dict and list(value) == ["float"] and type(value["float"]) is str:
        return _special(value["float"])
    raise NotPlainError("not_plain", type(value).__name__)


def _special(name: str) -> float:
    if name not in SPECIAL:
        raise NotPlainError("not_plain", "float")
    return SPECIAL[name]


def _frame(columns: Any, room: _Room) -> "pd.DataFrame":
    import pandas as pd

    if type(columns) is not list or not all(type(one) is dict for one in columns):
        raise NotPlainError("not_plain", "table")
    made: dict[str, Any] = {}
    lengths = set()
    for one in columns:
        if set(one) != {"name", "type", "values"} or type(one["name"]) is not str or type(one["values"]) is not list:
            raise NotPlainError("not_plain", "column")
        lengths.add(len(one["values"]))
        if len(lengths) > 1 or max(len(one["values"]), 1) * len(columns) > CELLS:
            raise NotPlainError("not_plain" if len(lengths) > 1 else "too_large", "table")
        name = readable(room.take_text(one["name"]))
        if name in made or type(one["type"]) is not str or one["type"] not in TYPES:
            raise NotPlainError("not_plain", "column")
        made[name] = _series(one["type"], one["values"], room)
    return pd.DataFrame(made)


def _series(kind: str, values: list[Any], room: _Room) -> "pd.Series":
    import pandas as pd

    some_missing = None in values
    dtypes = {"float": "float64", "text": "str", "date": "datetime64[us]"}
    dtypes |= {"int": "Int64", "bool": "boolean"} if some_missing else {"int": "int64", "bool": "bool"}
    dtype = dtypes[kind]
    return pd.Series([None if value is None else _known(kind, value, room) for value in values], dtype=dtype)


def _known(kind: str, value: Any, room: _Room) -> Any:
    """A value of a column, if it is of the column's type."""
    match kind, value:
        case ("bool", bool()) | ("float", float()):
            return value
        case "int", int() if type(value) is int and -WHOLE <= value < WHOLE:
            return value
        case "float", str():
            return _special(value)
        case "text", str():
            return readable(room.take_text(value))
        case "date", str():
            try:
                moment = dt.datetime.fromisoformat(value)
            except ValueError:
                raise NotPlainError("not_plain", "date") from None
            if moment.tzinfo is None:
                return moment
    raise NotPlainError("not_plain", f"{kind} column")
