"""Rows grouped by whole numbers that lie close together: each number is the address of its group.

A hash table writes every row down before it adds it up. Where the numbers of a column lie close together, as numbers
given one after the other do, an array with one place for each of them holds the sums, and the rows are only read. On
two cores this takes about half the time. What comes out is sorted by the number.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

BATCH = 1_000_000
LARGEST = 2**30
"""More addresses than this are not used: a place and its sign fit in 32 bits."""


def span(low: int | None, high: int | None, rows: int) -> range | None:
    """The numbers from `low` to `high` if each may have a place: no more of them than there are rows.

    >>> span(1001, 1003, rows=5), span(1001, 9001, rows=5)
    (range(1001, 1004), None)
    """
    if low is None or high - low >= min(rows, LARGEST) or not -(2**63) <= low <= high < 2**63:
        return None
    return range(low, high + 1)


def group_by_address(
    frame: nw.LazyFrame, key: str, places: range, *, maxima: list[str], sums: list[str], connection: Any
) -> nw.LazyFrame:
    """One row per number in `key`, sorted by it: the largest value of `maxima`, the sum of `sums` (64-bit integers) and
    how many rows it has (`rows`). Held in memory, and lent to the DuckDB `connection`.

    `frame` lives in DuckDB; its `key` holds no number outside `places`. Maxima are 32-bit integers or dates.
    """
    import numpy as np
    import pyarrow as pa

    kinds = frame.collect_schema()
    placed = frame.select(
        (nw.col(key).cast(nw.Int64) - places.start).cast(nw.Int32).alias(key), *maxima, nw.col(*sums).cast(nw.Int64)
    )
    found = {name: np.full(len(places), np.iinfo(np.int32).min, np.int32) for name in maxima}
    found |= {name: np.zeros(len(places), np.int64) for name in sums}
    count = np.zeros(len(places), np.int32)
    with ThreadPoolExecutor(2) as threads:
        for batch in placed.to_native().to_arrow_reader(BATCH):
            place = batch[key].to_numpy()
            jobs = [threads.submit(np.add.at, count, place, np.int32(1))]
            jobs += [threads.submit(np.maximum.at, found[name], place, _numbers(batch[name])) for name in maxima]
            jobs += [threads.submit(np.add.at, found[name], place, batch[name].to_numpy()) for name in sums]
            for job in jobs:
                job.result()
    there = np.flatnonzero(count)
    columns = {key: pa.array(there + places.start)}
    columns |= {name: _column(found.pop(name)[there], kinds[name]) for name in maxima}
    columns |= {name: pa.array(found.pop(name)[there]) for name in sums}
    grouped = nw.from_native(connection.from_arrow(pa.table(columns | {"rows": pa.array(count[there])})))
    return grouped.with_columns(nw.col(key).cast(kinds[key]))


def _numbers(column: "pa.Array") -> "np.ndarray":
    """Values as 32-bit integers; what is empty is smaller than all of them."""
    import numpy as np
    import pyarrow as pa

    return column.view(pa.int32()).fill_null(np.iinfo(np.int32).min).to_numpy()


def _column(values: "np.ndarray", kind: nw.dtypes.DType) -> "pa.Array":
    import numpy as np
    import pyarrow as pa

    empty = values == np.iinfo(np.int32).min
    numbers = pa.array(values, mask=empty) if empty.any() else pa.array(values)
    return numbers.view(pa.date32()) if isinstance(kind, nw.Date) else numbers
