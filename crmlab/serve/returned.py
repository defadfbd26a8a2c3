"""Files that come back from people: the list of edits, and the exported plan as somebody changed it in a spreadsheet.

Beside the plan lies plan_exported.csv, the table as it was written. What differs from it was changed by a person; what
differs from the plan of today may only be news.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.serve.edits import EDIT, EDITABLE
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.serve.plan import Plan

TABLE, BOOK, EDITS, EXPORTED, SUMS = (
    "plan.csv",
    "plan.xlsx",
    "plan_edits.csv",
    "plan_exported.csv",
    "plan_exported.sha256",
)
COLUMNS = ["customer_id", "customer_features", "service"]


def headings(lang: str) -> dict[str, str]:
    """The three columns of the export in words."""
    return {name: word(f"plan.heading.{name}", lang) for name in COLUMNS}


def read_edit_list(folder: Path) -> "pd.DataFrame | None":
    """The edits that `Plan.save` wrote into a folder; None where there is no such file."""
    path = folder / EDITS
    if not path.exists():
        return None
    cells, found = _cells(path)
    if found != EDIT or cells is None:
        raise DataError("serve_edits_file", file=path.name, there=", ".join(EDIT))
    foreign = cells[~cells["column"].isin(EDITABLE) | ~cells["lang"].isin(LANGUAGES)]
    if len(foreign):
        raise DataError("serve_edits_row", file=path.name, line=int(foreign.index[0]), count=len(foreign))
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
    cells, found = _cells(path)
    columns = [names.get(one, one) for one in found]
    if sorted(columns) != sorted(COLUMNS) or cells is None:
        there = " / ".join(", ".join(headings(lang).values()) for lang in LANGUAGES)
        raise DataError("serve_edited_headings", file=path.name, found=", ".join(found) or "–", there=there)
    cells = cells.set_axis(columns, axis="columns")
    if twice := int(cells["customer_id"].duplicated().sum()):
        raise DataError("serve_edited_twice", file=path.name, count=twice)
    return cells.set_index("customer_id")


def _cells(path: Path) -> tuple["pd.DataFrame | None", list[str]]:
    """The cells of a file and its headings; None for the cells where a row has too many or too few of them."""
    from crmlab.intake.grid import read_grids

    grid = next(read_grids(path), None)
    if grid is None:
        return None, []
    return None if grid.faults else grid.cells.apply(_plain), grid.headings


def _plain(texts: "pd.Series") -> "pd.Series":
    from crmlab.intake.cells import plain

    return plain(texts).fillna("").astype("str")
