"""Files of web events into the base: linked first, and taken in under the customers they belong to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from crmlab.collect.base import CustomerBase
from crmlab.collect.linking import Linked, link
from crmlab.collect.report import LoadReport
from crmlab.errors import DataError


@dataclass(frozen=True)
class EventsLoaded:
    """What became of the events: `linked` says who they belong to, `report` which rows the base took in."""

    linked: Linked
    report: LoadReport


def load_events(base: CustomerBase, files: Iterable[Path], *, on: date) -> EventsLoaded:
    """Link the events of files to the customers of a base, and take them in.

    An event that is ambiguous or unlinked is taken in without a customer. Rows without an event number cannot be
    linked; the report lists them. Raises DataError for a file without events, and what `read_file` says of files.
    """
    import pandas as pd

    from crmlab.intake import read_file
    from crmlab.kinds import empty

    read = [read_file(file, key=base.key) for file in files]
    without = [one.file for one in read if "events" not in one.tables]
    if without:
        raise DataError("no_events", files=", ".join(without))
    rows = (
        pd.concat([one.tables["events"] for one in read], ignore_index=True) if read else empty("events").astype("str")
    )
    numbered = rows[rows["event_id"].notna()]
    linked = link(numbered, base.read("customers"), base.key)
    owner = linked.read_personal().drop_duplicates("event_id").set_index("event_id")["customer_id"]
    owned = rows.assign(customer_id=rows["event_id"].map(owner).astype("str"))
    return EventsLoaded(linked, base.load({"events": owned.drop(columns=["phone", "email"], errors="ignore")}, on=on))
