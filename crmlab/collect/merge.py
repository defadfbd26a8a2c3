"""Rows that came in beside the rows that the base has: what is new, what goes on, what contradicts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.collect.states import may_become
from crmlab.tables import Table

if TYPE_CHECKING:
    import pandas as pd

FIRST = ("source", "registered_on")
"""Columns of customers that tell of the first contact: a later channel has others without contradicting."""
THERE = "\0there"


@dataclass(frozen=True)
class Merged:
    """Rows by what becomes of them; the index is that of the rows that came in.

    `new` are to be inserted, `changed` (whole rows, as they will be) to be updated in `columns`. `fills` says which
    blank cells of the base get a value, `contradicts` which cells have another value than the base (index, column,
    kept, other), `faults` why rows are refused (index, column, reason).
    """

    new: "pd.DataFrame"
    changed: "pd.DataFrame"
    columns: list[str]
    fills: "pd.DataFrame"
    contradicts: "pd.DataFrame"
    faults: "pd.DataFrame"


def compare(table: Table, kept: "pd.DataFrame", there: "pd.DataFrame") -> Merged:
    """Compare checked rows with the rows of the base that have the same keys.

    Blank cells of the base are filled, an order goes on to a state that may follow. Any other difference contradicts:
    a customer keeps the value of the base, a row of another table is refused.
    """
    import pandas as pd

    names = [column.name for column in table.columns]
    others = [name for name in names if name not in table.key]
    pairs = kept.reset_index(names="index").merge(
        there[names], on=list(table.key), how="left", suffixes=("", THERE), indicator="found", validate="one_to_one"
    )
    pairs = pairs.set_index("index")
    is_known = pairs["found"] == "both"
    known = pairs[is_known]
    given, ours = known[others], known[[name + THERE for name in others]].set_axis(others, axis="columns")
    fills = ours.isna() & given.notna()
    differs = ours.notna() & given.notna() & (ours.ne(given))
    steps = pd.DataFrame(False, index=known.index, columns=others, dtype=bool)
    if table.name == "customers":
        differs[list(FIRST)] = False
    if table.name == "orders":
        steps["state"] = [may_become(*pair) for pair in zip(ours["state"], given["state"], strict=True)]
        differs &= ~steps
    contradicts = _cells(differs).assign(kept=_values(ours, differs), other=_values(given, differs))
    faults = contradicts[["index", "column"]].iloc[: 0 if table.name == "customers" else None]
    faults = faults.assign(reason=["illegal_state" if name == "state" else "differs" for name in faults["column"]])
    fills.loc[faults["index"]] = steps.loc[faults["index"]] = False
    changes = fills | steps
    changed = known[names].copy()
    changed[others] = ours.where(~changes, given)
    return Merged(
        new=kept.loc[pairs.index[~is_known], names],
        changed=changed[changes.any(axis="columns")],
        columns=[name for name in others if changes[name].any()],
        fills=_cells(fills),
        contradicts=contradicts,
        faults=faults,
    )


def _cells(marked: "pd.DataFrame") -> "pd.DataFrame":
    """The cells that are True, row by row: index, column."""
    import pandas as pd

    rows, columns = marked.to_numpy(dtype=bool).nonzero()
    return pd.DataFrame({"index": marked.index[rows], "column": marked.columns[columns]})


def _values(frame: "pd.DataFrame", marked: "pd.DataFrame") -> list[str]:
    """The values of those cells as text."""
    return [str(value) for value in frame.to_numpy(dtype=object)[marked.to_numpy(dtype=bool)]]
