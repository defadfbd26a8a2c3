"""Files that come back from people: the list of edits, and the exported plan as somebody changed it in a spreadsheet.

Beside the plan lies plan_exported.csv, the table as it was written. What differs from it was changed by a person; what
differs from the plan of today may only be news.
"""

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from crmlab.errors import DataError
from crmlab.serve.edits import EDIT, EDITABLE, demand_sayable
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.intake.grid import Grid
    from crmlab.serve.plan import Plan

TABLE, BOOK, EDITS, EXPORTED, SUMS = (
    "plan.csv",
    "plan.xlsx",
    "plan_edits.csv",
    "plan_exported.csv",
    "plan_exported.sha256",
)
COLUMNS = ["customer_id", "customer_features", "service"]
ERROR_VALUES = ("#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
"""What a spreadsheet shows where a formula went wrong."""


MERGED = re.compile(rb'mergeCell [^>]*?ref="([A-Z0-9:]+)"')


def headings(lang: str) -> dict[str, str]:
    """The three columns of the export in words."""
    return {name: word(f"plan.heading.{name}", lang) for name in COLUMNS}


def read_edit_list(folder: Path) -> "pd.DataFrame | None":
    """The edits that `Plan.save` wrote into a folder; None where there is no such file."""
    path = folder / EDITS
    if not path.exists():
        return None
    grid, found = _grid(path)
    if found != EDIT or grid.faults:
        raise DataError("serve_edits_file", file=path.name, there=", ".join(EDIT))
    cells = grid.cells.apply(_plain)
    foreign = cells[~cells["column"].isin(EDITABLE) | ~cells["lang"].isin(LANGUAGES)]
    if len(foreign):
        raise DataError("serve_edits_row", file=path.name, line=int(foreign.index[0]), count=len(foreign))
    demand_sayable(cells)
    return cells.reset_index(drop=True)


def changed_cells(plan: "Plan", path: Path, exported: Path | None) -> "pd.DataFrame":
    """The cells of an edited export that are not as they were exported: customer_id, column, text, proposed.

    `exported` is the export as it was written; without it, the file plan_exported.csv beside `path`, and where there is
    none either, the table of the plan.
    """
    import pandas as pd

    exported = exported or path.with_name(EXPORTED)
    given = _table(path)
    before = _table(exported) if exported.exists() else plan.table.astype("str").set_index("customer_id")
    foreign = given.index[~given.index.isin(before.index)]
    if len(foreign):
        raise DataError("serve_edited_foreign", file=path.name, count=len(foreign))
    earlier = plan.edits.drop_duplicates(["customer_id", "column"], keep="last")
    found = []
    for column in EDITABLE:
        was = _plain(before[column]).reindex(given.index)
        own = pd.DataFrame({"column": column, "text": given[column], "proposed": was})[given[column] != was]
        _demand_beside_their_customers(own, path.name)
        known = earlier[earlier["column"] == column].set_index("customer_id")["proposed"]
        found.append(own.assign(proposed=known.reindex(own.index).fillna(own["proposed"])))
    return pd.concat(found).rename_axis("customer_id").reset_index().sort_values(["customer_id", "column"])


def demand_read(plan: "Plan", folder: Path) -> None:
    """Raises DataError where a folder holds changes by people that the plan does not know and would overwrite."""
    there = read_edit_list(folder)
    if there is not None:
        both = there.merge(plan.edits.drop_duplicates(), on=EDIT, how="left", indicator=True)
        if unread := int((both["_merge"] == "left_only").sum()):
            raise DataError("serve_edits_unread", file=EDITS, count=unread)
    known = plan.edits[["customer_id", "column", "text"]]
    for name in _touched(folder):
        changed = changed_cells(plan, folder / name, None)[["customer_id", "column", "text"]]
        both = changed.merge(known.drop_duplicates(), how="left", indicator=True)
        if unread := int((both["_merge"] == "left_only").sum()):
            raise DataError("serve_export_unread", file=name, count=unread)


def write_sums(folder: Path) -> None:
    """Note the SHA-256 of the exports, by which it is seen later whether somebody saved them again."""
    told = "".join(f"{_sum(folder / name)}  {name}\n" for name in (TABLE, BOOK))
    (folder / SUMS).write_text(told, encoding="utf-8", newline="\n")


def _touched(folder: Path) -> list[str]:
    if not (folder / SUMS).exists():
        return []
    noted = (line.split() for line in (folder / SUMS).read_text(encoding="utf-8").splitlines())
    return [name for one, name in noted if (folder / name).exists() and _sum(folder / name) != one]


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _table(path: Path) -> "pd.DataFrame":
    """An export read back, by customer."""
    names = {said: name for lang in LANGUAGES for name, said in headings(lang).items()} | {one: one for one in COLUMNS}
    grid, found = _grid(path)
    columns = [names.get(one, one) for one in found]
    if sorted(columns) != sorted(COLUMNS):
        there = " / ".join(", ".join(headings(lang).values()) for lang in LANGUAGES)
        raise DataError("serve_edited_headings", file=path.name, found=_shown(found, names), there=there)
    if grid.faults:
        line, _, reason = grid.faults[0]
        key = "serve_edited_formula" if reason == "formula_no_value" else "serve_edited_cells"
        raise DataError(key, file=path.name, line=line, count=len(grid.faults))
    _demand_unmerged(path)
    cells = grid.cells.apply(_plain).set_axis(columns, axis="columns")
    wrong = cells.isin(ERROR_VALUES).any(axis=1)
    if wrong.any():
        raise DataError("serve_edited_error", file=path.name, line=int(cells.index[wrong][0]), count=int(wrong.sum()))
    if twice := int(cells["customer_id"].duplicated().sum()):
        raise DataError("serve_edited_twice", file=path.name, count=twice)
    return cells.set_index("customer_id")


def _shown(found: list[str], names: dict[str, str]) -> str:
    """Headings for an error message; only their shape where they may be a row of customers without its headings."""
    from crmlab.collect.mask import looks_personal, mask

    known = set(found) & set(names)
    return ", ".join(one if known and not looks_personal(one) else mask(one) for one in found) or "–"


def _demand_unmerged(path: Path) -> None:
    """Merging cells throws away what stood in all but the first of them; nobody meant to empty those."""
    if path.suffix.lower() != ".xlsx":
        return
    with ZipFile(path) as parts:
        for name in parts.namelist():
            if name.startswith("xl/worksheets/") and (found := MERGED.search(parts.read(name))):
                raise DataError("serve_edited_merged", file=path.name, cells=found[1].decode("ascii"))


def _demand_beside_their_customers(changed: "pd.DataFrame", file: str) -> None:
    """Raises DataError where all changed texts are the old ones of other customers: a column was sorted by itself."""
    if len(changed) > 1 and sorted(changed["text"]) == sorted(changed["proposed"]):
        raise DataError("serve_edited_moved", file=file, count=len(changed))


def _grid(path: Path) -> tuple["Grid | None", list[str]]:
    """The first sheet of a file and its headings."""
    from crmlab.intake.grid import read_grids

    grid = next(read_grids(path), None)
    return grid, grid.headings if grid else []


def _plain(texts: "pd.Series") -> "pd.Series":
    from crmlab.intake.cells import plain

    return plain(texts).fillna("").astype("str")
