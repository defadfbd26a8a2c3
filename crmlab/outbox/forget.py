"""A person leaves: out of the customer base, the files and the log of the outbox, in one call."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.collect.person import clear_files, delete_person
from crmlab.outbox.log import FILE, Log
from crmlab.outbox.upkeep import erase

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.base import CustomerBase


def forget_person(
    base: "CustomerBase", customer_id: str, *, on: date, reason: str, outbox: Path | None = None
) -> "pd.DataFrame":
    """Removes a person from a customer base and from a folder with outboxes: place (table or file), rows. PIPL art. 47.

    First from the base (see `crmlab.collect.delete_person`), so that no other program can write to the person any more;
    then from every outbox in the folder, whose log keeps its chain and its suppressions; then from the other CSV files
    (utf-8) there. `Outbox.verify` finds nothing wrong afterwards. A call that was broken off can be made again. Look
    for what is left with `find_traces`: a file in a form of its own, such as an import file of another program, stays.

    Raises what `delete_person` raises, and DataError for an outbox that another program holds or that has another key.
    """
    import pandas as pd

    tables = delete_person(base, customer_id, on=on, reason=reason)
    removed = dict(zip(tables["place"], tables["rows"], strict=True))
    for path in sorted(outbox.rglob(FILE)) if outbox else ():
        log = Log(path.parent, base.key)
        try:
            at = datetime.combine(on, time(), UTC)
            found = erase(path.parent, log, base.key, base.key.pseudonym(customer_id), at=at)
        finally:
            log.close()
        places = ((path.parent / place).relative_to(outbox).as_posix() for place in found["place"])
        removed |= dict(zip(places, found["rows"], strict=True))
    removed |= clear_files(outbox, customer_id) if outbox else {}
    return pd.DataFrame(sorted(removed.items()), columns=["place", "rows"])
