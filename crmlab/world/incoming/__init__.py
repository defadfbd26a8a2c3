"""The files that come in on 2026-06-17: six channels and the web events, dirty as such files are, and what is wrong.

They continue a world: some of the people in them are in its base already, some are new.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab.collect.pseudonym import plain_contact
from crmlab.world.incoming.desk import calls, service
from crmlab.world.incoming.forms import members, register, signups
from crmlab.world.incoming.sheet import Cells, Sheet
from crmlab.world.incoming.taobao import taobao
from crmlab.world.incoming.told import Cast
from crmlab.world.incoming.web import web_events

KNOWN_VISITORS = 120


@dataclass(frozen=True)
class Incoming:
    """`files` are the bytes by file name, `truth` the hidden tables faults, conflicts and links."""

    files: dict[str, bytes]
    truth: dict[str, pd.DataFrame]


def draw_incoming(rng: np.random.Generator, people: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> Incoming:
    """The incoming files of a world."""
    cast = Cast(rng, people, tables["consents"])
    registered, shared = register(cast)
    sheets = [registered, *taobao(cast, tables), members(cast), calls(cast), signups(cast), service(cast)]
    found = [*(teller.told for teller in cast.known(KNOWN_VISITORS)), *_newly_registered(registered)]
    identified = [one for one in found if one["phone"] and one["email"]]
    events, links = web_events(cast, identified, shared, tables["products"])
    sheets.append(events)
    truth = {
        "faults": _truth(sheets, "fault", ("column", "reason")),
        "conflicts": _truth(sheets, "conflict", ("customer_id", "column")),
        "links": links,
    }
    return Incoming({f"{sheet.name}.csv": sheet.to_bytes() for sheet in sheets}, truth)


def _newly_registered(sheet: Sheet) -> list[Cells]:
    """Customers of the registration form without a fault or a shared phone."""
    return [
        {"customer_id": cells["客户编号"], "phone": plain_contact(cells["手机号码"]), "email": cells["电子邮箱"]}
        for cells in sheet.whole
    ]


def _truth(sheets: list[Sheet], what: str, columns: tuple[str, str]) -> pd.DataFrame:
    rows = [line for sheet in sheets for line in sheet.truth(what)]
    return pd.DataFrame(rows, columns=["file", "row", *columns])
