"""The types that lessons meet: ids and texts as text, numbers as numbers, dates and times as times."""

from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

NUMBERS, TIMES = ("integer", "number", "money"), ("date", "time")


def kinds_of(table: str) -> dict[str, str]:
    """The columns of a table of the house and their kinds. Raises DataError for a name that is no table."""
    if table not in TABLES:
        raise DataError("no_table", table=table, there=", ".join(TABLES))
    return {column.name: column.kind for column in TABLES[table].columns}


def typed(table: str, frame: "pd.DataFrame") -> "pd.DataFrame":
    """A table, given as text or as a database hands it over, with the types that lessons meet.

    Ids, codes and texts are str. Numbers are int64, or float64 where some are blank; money is float64 in whole units.
    Dates (without time of day) and times are datetime64[us]; times with a zone stay as they are. Columns that no table
    of the house has are left alone. Raises DataError for a text that is no number or no date.

    >>> import pandas as pd
    >>> typed("products", pd.DataFrame({"product_id": ["007"], "price": ["1.50"]})).to_dict("records")
    [{'product_id': '007', 'price': 1.5}]
    """
    frame, kinds = frame.copy(), all_kinds() | kinds_of(table)
    for column in frame.columns:
        if column in kinds:
            try:
                frame[column] = _of_kind(frame[column], kinds[column])
            except ValueError:
                raise DataError("untyped", table=table, column=column, kind=kinds[column]) from None
    return frame


def _of_kind(values: "pd.Series", kind: str) -> "pd.Series":
    import pandas as pd

    if kind in NUMBERS:
        values = values if pd.api.types.is_numeric_dtype(values) else pd.to_numeric(values)
        whole = pd.api.types.is_integer_dtype(values) and not values.hasnans
        return values.astype("int64" if whole else "float64")
    if kind not in TIMES:
        return values.astype("str")
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values
    if not pd.api.types.is_datetime64_dtype(values):
        values = pd.to_datetime(values, format="ISO8601")
    values = values.astype("datetime64[us]")
    return values.dt.normalize() if kind == "date" else values


def all_kinds() -> dict[str, str]:
    """The kinds of all columns of the house, for a table of one's own that holds columns of another."""
    return {name: kind for table in TABLES for name, kind in kinds_of(table).items()}


def empty(table: str) -> "pd.DataFrame":
    """A table of the house without rows. Raises DataError for a name that is no table."""
    import pandas as pd

    kinds = kinds_of(table)
    types = {
        name: "float64" if kind in NUMBERS else "datetime64[us]" if kind in TIMES else "str"
        for name, kind in kinds.items()
    }
    return pd.DataFrame(columns=list(kinds)).astype(types)
