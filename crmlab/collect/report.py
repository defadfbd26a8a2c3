"""What a load did: every row that came in is added, changed, unchanged or listed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

COUNTS = ("rows", "added", "changed", "unchanged", "listed", "blanked")
FILES = ("file", "format", "encoding", "table", *COUNTS)
"""Columns of `LoadReport.files`."""
CONFLICTS = ("file", "row", "customer_id", "column", "kept_source", "other_source", "kept_value", "other_value")
"""Columns of `LoadReport.conflicts`."""


@dataclass(frozen=True)
class LoadReport:
    """What came of a load.

    `files` has a row per file and table: rows = added + changed + unchanged + listed; `blanked` is how many of the
    rows taken in lost a cell. Lines that could not be read at all stand in a row with an empty table. `listed` has a
    line for every fault (file, row, table, column, value, reason), `conflicts` one for every cell in which a customer
    has another value than the base (customers under pseudonyms); personal values are masked in both.
    """

    files: "pd.DataFrame"
    listed: "pd.DataFrame"
    conflicts: "pd.DataFrame"
    left_aside: tuple[str, ...]

    def balance(self, lang: str = "zh") -> str:
        """Rows in = rows added + changed + unchanged + listed, in words."""
        counts = {name: int(self.files[name].sum()) for name in COUNTS}
        return word("collect.load_balance", lang, **counts, faults=len(self.listed), conflicts=len(self.conflicts))

    def reasons(self) -> "pd.DataFrame":
        """Faults by file, table, column and reason: how many (count) and where first (row). The most frequent first."""
        places = self.listed.groupby(["file", "table", "column", "reason"], as_index=False)
        counted = places.agg(count=("row", "size"), row=("row", "min"))
        return counted.sort_values("count", ascending=False, kind="stable", ignore_index=True)
