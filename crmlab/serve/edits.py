"""What people change in the plan, written down so that it survives the next run.

An edit is a row: customer_id, column, text (as the person wants the cell), edited_by, edited_on, edited_why, lang, and
proposed, the machine's text at that time. Later rows go before earlier ones of the same cell. The machine never changes
an edited cell: where it proposes something else now, both stand in the list of conflicts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.handover.cells import CONTROL, texts
from crmlab.serve.signs import shown_id
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.serve.plan import Plan

EDIT = ["customer_id", "column", "text", "edited_by", "edited_on", "edited_why", "lang", "proposed"]
CONFLICT = ["customer_id", "column", "text", "proposed", "proposed_now", "edited_by", "edited_on", "edited_why"]
NOT_APPLIED = ["customer_id", "column", "text", "edited_by", "edited_on", "edited_why", "reason"]
EDITABLE = ("customer_features", "service")
LONGEST = 10_000
"""Characters of a changed cell: a spreadsheet cuts off what is beyond 32,767, and the ways to a person follow."""


@dataclass(frozen=True)
class Edited:
    """The table with the edits in it, the edits that stand in it (the last of each cell), and the lists of conflicts
    and of edits that change nothing."""

    table: "pd.DataFrame"
    used: "pd.DataFrame"
    conflicts: "pd.DataFrame"
    not_applied: "pd.DataFrame"


def none() -> "pd.DataFrame":
    """No edits."""
    import pandas as pd

    return pd.DataFrame({name: pd.Series(dtype="str") for name in EDIT})


def added(
    plan: "Plan",
    changes: Iterable[tuple[str, str, str]],
    *,
    by: str,
    on: date,
    why: str,
    proposed: Sequence[str] | None = None,
) -> "pd.DataFrame":
    """The edits of a plan and more of them: (customer_id, column, text). See `Plan.edit` for what is refused.

    `proposed` are the machine's texts of these cells, where they are not those of the plan.
    """
    import pandas as pd

    rows = pd.DataFrame(list(changes), columns=EDIT[:3], dtype="str")
    for name, said in (("by", by), ("why", why)):
        if not said.strip():
            raise DataError("serve_edit_blank", name=name)
    if len(foreign := rows[~rows["column"].isin(EDITABLE)]):
        raise DataError("serve_edit_column", column=foreign["column"].iloc[0], there=", ".join(EDITABLE))
    places = plan.places_of(rows["customer_id"])
    for wrong, key in ((places < 0, "serve_no_customer"), (~plan.taking_part[places], "serve_edit_not_agreed")):
        if wrong.any():
            raise DataError(key, customer=shown_id(rows.loc[wrong, "customer_id"].iloc[0]))
    demand_sayable(rows.assign(edited_by=by, edited_why=why))
    if proposed is None:
        proposed = [plan.machine[one].iloc[place] for one, place in zip(rows["column"], places, strict=True)]
    about = {"edited_by": by, "edited_on": on.isoformat(), "edited_why": why, "lang": plan.lang}
    rows = rows.assign(proposed=pd.Series(proposed, dtype="str"), **about)[EDIT].apply(written)
    return pd.concat([plan.edits, rows], ignore_index=True)


def written(cells: "pd.Series") -> "pd.Series":
    """Texts as a file holds them: without blanks around them and signs that nobody sees; a missing one is empty."""
    return texts(cells.astype("str"), "text").astype("str").str.replace(CONTROL, "", regex=True).fillna("")


def demand_sayable(edits: "pd.DataFrame") -> None:
    """Raises DataError for an edit with personal data in it, or too long for the cell of a spreadsheet."""
    from crmlab.collect.scan import find_personal_in

    long = edits["text"].str.len() > LONGEST
    if long.any():
        customer = shown_id(edits.loc[long, "customer_id"].iloc[0])
        raise DataError("serve_edit_long", customer=customer, length=int(edits["text"].str.len().max()), most=LONGEST)
    for one in edits.itertuples():
        if len(found := find_personal_in(f"{one.text}\n{one.edited_by}\n{one.edited_why}")):
            kind = partial(word, f"scan.kind.{found['kind'].iloc[0]}")
            raise DataError("serve_edit_personal", customer=shown_id(one.customer_id), kind=kind)


def applied(plan: "Plan") -> Edited:
    """The machine's table with the edits of the plan."""
    import numpy as np
    import pandas as pd

    edits = plan.edits.drop_duplicates(["customer_id", "column"], keep="last").reset_index(drop=True)
    places = plan.places_of(edits["customer_id"])
    reason = np.select(
        [places < 0, np.full(len(edits), not plan.personalised), ~plan.taking_part[places], edits["lang"] != plan.lang],
        ["no_customer", "not_personalised", "not_agreed", "other_language"],
        "",
    )
    used = edits[reason == ""].assign(place=places[reason == ""])
    table, now = plan.machine.copy(), pd.Series("", index=used.index, dtype="str")
    for column in EDITABLE:
        own = used[used["column"] == column]
        now[own.index] = table[column].iloc[own["place"]].to_numpy()
        text = own["text"] if column != "service" else own["text"].map(lambda said: _with_person(plan, said))
        table.iloc[own["place"], table.columns.get_loc(column)] = text.to_numpy()
    conflicts = used.assign(proposed_now=now)[now != used["proposed"]]
    return Edited(
        table,
        used[EDIT],
        conflicts[CONFLICT].reset_index(drop=True),
        edits.assign(reason=reason)[reason != ""][NOT_APPLIED].reset_index(drop=True),
    )


def _with_person(plan: "Plan", text: str) -> str:
    """The text of a service cell in which the ways to a person stand, whatever else was taken out."""
    ways = [one.title[plan.lang] for one in plan.allotment.services if one.person and not one.personal]
    return word("list.semicolon", plan.lang).join(filter(None, [text, *(way for way in ways if way not in text)]))
