"""Thirds that keep equal values together: groups by frequency and by spend."""

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from crmlab.columns import demand_columns
from crmlab.errors import DataError
from crmlab.rfm.marks import cut_points

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

LEVELS = ("low", "mid", "high")


def thirds(table: Any, column: str, name: str) -> Any:
    """The table with a column `name`: low, mid or high, cut at the thirds of an integer column, equal values together.

    `table` is any eager frame (pandas, polars, pyarrow); the same kind comes back. A value belongs to the higher
    group when it lies above the cut point, so a large block of equal values stays whole and groups may differ in size.
    Raises DataError for a missing column, and for one that is no whole number in every row.

    >>> import pandas as pd
    >>> thirds(pd.DataFrame({"orders": [1, 1, 1, 2, 5, 9]}), "orders", "group")["group"].tolist()
    ['low', 'low', 'low', 'mid', 'high', 'high']
    """
    import narwhals.stable.v2 as nw

    frame = nw.from_native(table, eager_only=True)
    demand_columns({"column": column}, frame.columns)
    if not frame[column].dtype.is_integer() or frame[column].is_null().any():
        raise DataError("thirds_type", column=column, found=frame[column].dtype)
    if frame.is_empty():
        return frame.with_columns(nw.lit("").alias(name)).to_native()
    first, second = cut_points(frame[column].to_numpy(), [Fraction(1, 3), Fraction(2, 3)])
    value = nw.col(column)
    level = nw.when(value > floor(second)).then(nw.lit("high")).otherwise(
        nw.when(value > floor(first)).then(nw.lit("mid")).otherwise(nw.lit("low"))
    )  # fmt: skip
    return frame.with_columns(level.alias(name)).to_native()


def order_groups(result: "RFM") -> "pd.DataFrame":
    """Two groupings side by side: `frequency_group` and `spend_group`, each low, mid or high by thirds.

    Returns `result.customers` with the two columns.
    """
    return thirds(thirds(result.customers, "frequency", "frequency_group"), "monetary", "spend_group")
