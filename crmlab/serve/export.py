"""The plan as files: a table of exactly three columns that a spreadsheet opens safely, and what stands behind it."""

from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.handover.cells import guarded
from crmlab.handover.files import write_grid
from crmlab.handover.write import Written, write_crm
from crmlab.serve.edits import written
from crmlab.serve.returned import BOOK, EDITS, EXPORTED, TABLE, demand_read, write_sums
from crmlab.show.table import heading
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.data import Shop
    from crmlab.serve.plan import Plan

CRMS = ("zoho_plan", "fxiaoke_plan")


def save_plan(plan: "Plan", folder: Path) -> None:
    """Write the files of a plan; see `Plan.save`."""
    demand_read(plan, folder)
    for name in (TABLE, BOOK, EXPORTED):
        _write(plan.in_words(), folder / name)
    write_sums(folder)
    behind = {
        "plan_evidence.csv": plan.features,
        "plan_waiting.csv": plan.waiting,
        "plan_conflicts.csv": plan.conflicts,
    }
    for name, frame in behind.items():
        _write(frame.rename(columns=lambda column: heading(column, plan.lang)), folder / name)
    _write(plan.edits, folder / EDITS)
    note = folder / "plan_exercise.txt"
    if plan.agreed is None:
        note.write_text(f"{word('plan.exercise', plan.lang)}\n", encoding="utf-8", newline="\n")
    else:
        note.unlink(missing_ok=True)


def _write(frame: "pd.DataFrame", path: Path) -> None:
    """A frame as plain texts, none of which a spreadsheet takes for a formula."""
    grid = type(frame)({name: guarded(written(frame[name]), "text") for name in frame.columns})
    write_grid(grid, dict.fromkeys(grid.columns, "text"), path, "utf-8-sig")


def write_plan(plan: "Plan", shop: "Shop", crm: str, path: str | Path) -> Written:
    """Write the plan as the import file of a CRM (.csv or .xlsx): the shop's own customer number, features, service.

    `crm` is zoho_plan or fxiaoke_plan, or the path of a map of your own (.toml, see crmlab/serve/maps). Pseudonyms
    become the shop's own numbers again. Only customers who agree to profiling on the shop's day are written; the others
    are counted as refused. Raises DataError for data without a ledger of consents.
    """
    if not shop.has("consents"):
        raise DataError("handover_no_consents")
    people = shop.read_personal("customers").reindex(columns=["customer_id", "name"])
    shown = people["customer_id"] if shop.key is None else shop.key.pseudonyms(people["customer_id"])
    frame = people.assign(shown=shown).merge(plan.table.rename(columns={"customer_id": "shown"}), on="shown")
    frame = frame.drop(columns="shown")
    consents = shop.read_personal("consents")
    if crm not in CRMS:
        return write_crm(frame, crm, path, purpose="profiling", consents=consents, on=shop.as_of)
    with as_file(files("crmlab.serve").joinpath("maps", f"{crm}.toml")) as own:
        return write_crm(frame, own, path, purpose="profiling", consents=consents, on=shop.as_of)
