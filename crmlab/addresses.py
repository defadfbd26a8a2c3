"""Rows grouped by whole numbers that lie close together: each number is the address of its group.

A hash table writes every row down before it adds it up. Where the numbers of a column lie close together, as numbers
given one after the other do, an array with one place for each of them holds the sums, and the rows are only read. On
two cores this takes about half the time. What comes out is sorted by the number.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from crmlab.frames import quoted

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

BATCH = 250_000
LARGEST = 2**30
"""More addresses than this are not used: a place and its sign fit in 32 bits."""
EMPTY = -(2**31)
"""Stands for no number among 32-bit ones."""


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

    placed = frame.select(_place(key, places), *maxima, nw.col(*sums).cast(nw.Int64), rows=nw.lit(1).cast(nw.Int32))
    found = _empty(places, maxima, sums) | {"rows": np.zeros(len(places), np.int32)}
    _fill(placed.to_native(), found, maxima)
    there = np.flatnonzero(found["rows"])
    columns = {name: found.pop(name)[there] for name in list(found)}
    return _lent(columns, frame, {key: places}, there, connection)


def group_owned(
    frame: nw.LazyFrame,
    key: str,
    places: range,
    *,
    owner: str,
    owners: range,
    maxima: list[str],
    sums: list[str],
    lines: int,
    connection: Any,
) -> nw.LazyFrame | None:
    """The same with the `owner` of each number: the value, one of `owners`, that stands in all of its rows. None where
    a number has rows of two owners, or too many rows to be sure.

    The first of `maxima` is a date without blanks; `frame` has at most `lines` rows. Two arrays say it all. The maximum
    of owner and date in one number is the highest owner and his last date. The other sums up the owners and counts the
    rows, these in its last bits. With rows of one owner alone the sum is that owner as often as there are rows, and it
    fits in the bits.
    """
    import numpy as np

    day, *others = maxima
    bits = lines.bit_length()
    if len(owners) << bits >= 2**63:
        return None
    owned = frame.select(_place(key, places), _place(owner, owners), *maxima, nw.col(*sums).cast(nw.Int64))
    packed = [
        quoted(key),
        f"{quoted(owner)} * {2**32} + ({quoted(day)} - DATE '1970-01-01') - ({EMPTY}) AS latest",
        f"{quoted(owner)} * {2**bits} + 1 AS counted",
    ]
    placed = owned.to_native().select(", ".join([*packed, *map(quoted, [*others, *sums])]))
    found = {name: np.zeros(len(places), np.int64) for name in ("latest", "counted")} | _empty(places, others, sums)
    _fill(placed, found, ["latest", *others])
    if not _has_one_owner(found["latest"], found["counted"], bits):
        return None
    there = np.flatnonzero(found["counted"])
    columns = {"rows": (found.pop("counted")[there] & (2**bits - 1)).astype(np.int32)}
    latest = found.pop("latest")[there]
    columns |= {owner: (latest >> 32).astype(np.int32), day: ((latest & (2**32 - 1)) + EMPTY).astype(np.int32)}
    columns |= {name: found.pop(name)[there] for name in list(found)}
    return _lent(columns, frame, {key: places, owner: owners}, there, connection)


def _place(column: str, places: range) -> nw.Expr:
    return (nw.col(column).cast(nw.Int64) - places.start).alias(column)


def _empty(places: range, maxima: list[str], sums: list[str]) -> "dict[str, np.ndarray]":
    import numpy as np

    found = {name: np.full(len(places), EMPTY, np.int32) for name in maxima}
    return found | {name: np.zeros(len(places), np.int64) for name in sums}


def _fill(placed: Any, found: "dict[str, np.ndarray]", maxima: list[str]) -> None:
    """Read the rows, the first column of which is a place, and note at each place its maxima and its sums."""
    import numpy as np

    for batch in _read_ahead(placed.to_arrow_reader(BATCH)):
        place = batch[0].to_numpy()
        for name, array in found.items():
            at = np.maximum.at if name in maxima else np.add.at
            at(array, place, _numbers(batch[name]))


def _read_ahead(reader: "pa.RecordBatchReader") -> Iterator["pa.RecordBatch"]:
    """The batches of a reader. While one is worked on, DuckDB makes the next."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, reader, None)
        while (batch := coming.result()) is not None:
            coming = thread.submit(next, reader, None)
            yield batch


def _has_one_owner(latest: "np.ndarray", counted: "np.ndarray", bits: int) -> bool:
    """Whether the sum of the owners is, at every place, the highest of them as often as there are rows."""
    import numpy as np

    for start in range(0, len(latest), BATCH):
        owner, rows = latest[start : start + BATCH] >> 32, counted[start : start + BATCH] & (2**bits - 1)
        if int(owner.max()) * int(rows.max()) >> (64 - bits):
            return False
        total = counted[start : start + BATCH].view(np.uint64) >> np.uint64(bits)
        if (total != (owner * rows).view(np.uint64)).any():
            return False
    return True


def _numbers(column: "pa.Array") -> "np.ndarray":
    """Values as integers; an empty 32-bit one is smaller than all of them."""
    import pyarrow as pa

    if column.type.bit_width == 32:
        column = column.view(pa.int32()).fill_null(EMPTY)
    return column.to_numpy()


def _lent(
    columns: "dict[str, np.ndarray]",
    frame: nw.LazyFrame,
    places: dict[str, range],
    there: "np.ndarray",
    connection: Any,
) -> nw.LazyFrame:
    """What was found as columns of the kinds that `frame` has; `there` are the places of the first of `places`."""
    import numpy as np
    import pyarrow as pa

    kinds = frame.collect_schema()
    columns = {next(iter(places)): there.astype(np.int32), **columns}
    table = pa.table({name: _column(values, kinds.get(name)) for name, values in columns.items()})
    own = {name: (nw.col(name).cast(nw.Int64) + numbers.start).cast(kinds[name]) for name, numbers in places.items()}
    return nw.from_native(connection.from_arrow(table)).with_columns(**own)


def _column(values: "np.ndarray", kind: nw.dtypes.DType | None) -> "pa.Array":
    import pyarrow as pa

    empty = values == EMPTY if values.dtype.itemsize == 4 else None
    numbers = pa.array(values, mask=empty) if empty is not None and empty.any() else pa.array(values)
    return numbers.view(pa.date32()) if isinstance(kind, nw.Date) else numbers
