"""Who is to be contacted when: a communication plan per value tier, with a cadence that every run repeats."""

import csv
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from crmlab.columns import demand_columns
from crmlab.errors import ParameterError
from crmlab.serve.signs import LEVELS
from crmlab.words import word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

DUE = ["due_on", "customer_id", "value_tier", "channel", "what", "who"]


@cache
def measures() -> tuple[dict[str, str], ...]:
    """The lines of communication.csv: tier, zh, en, channel, every_days, who."""
    with files("crmlab.serve").joinpath("communication.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


@dataclass(frozen=True, repr=False)
class CommunicationPlan:
    """`table` is the plan per tier: value_tier, customers, channel, what, every_days, who, contacts (due in the range),
    and for every tier the way to a person. `due` lists the contacts: due_on, customer_id, value_tier, channel, what,
    who. `not_agreed` customers agreed to no profiling, `unknown` have no tier: nobody approaches them, and they have
    the way to a person like everybody."""

    table: "pd.DataFrame"
    due: "pd.DataFrame" = field(compare=False)
    not_agreed: int
    unknown: int

    def describe(self, lang: str = "zh") -> str:
        """Contacts, days, and who has none, in words."""
        return word("serve.communication", lang, contacts=len(self.due), customers=self.due["customer_id"].nunique(),
                    not_agreed=self.not_agreed, unknown=self.unknown)  # fmt: skip


def communication_plan(
    tiers: "pd.DataFrame", *, agreed: Collection | None, on: date, until: date, lang: str = "zh"
) -> CommunicationPlan:
    """The contacts that are due from `on` to `until`, both days included.

    `tiers` is what `value_tiers` gives: the customer in the first column, and value_tier. `agreed` are the ids of those
    who agreed to profiling, or None for data without a ledger of consents (see `make_plan`).

    Each customer has days of their own, found by a hash of the id, so that the work is spread evenly; from there every
    measure of communication.csv comes back after its number of days. So any range gives the part of one and the same
    calendar that lies in it, whatever ran before. This is a plan: whether a message may go out is decided when it is
    sent (consent to marketing, opt-outs). Raises ParameterError where `until` is before `on`.

    >>> import pandas as pd
    >>> tiers = pd.DataFrame({"customer_id": ["a", "b"], "value_tier": ["low", "unknown"]})
    >>> found = communication_plan(tiers, agreed=None, on=date(2026, 6, 1), until=date(2026, 8, 29), lang="en")
    >>> len(found.due), found.unknown
    (1, 1)
    """
    import numpy as np
    import pandas as pd

    demand_columns({"value_tier": "value_tier"}, list(tiers.columns))
    if until < on:
        raise ParameterError("serve_range", on=on, until=until)
    ids = tiers.iloc[:, 0]
    part = np.ones(len(tiers), dtype=bool) if agreed is None else ids.isin(list(agreed)).to_numpy()
    first, last = on.toordinal(), until.toordinal()
    due, table = [], []
    for level in reversed(LEVELS):
        own = ids[part & (tiers["value_tier"] == level).to_numpy()]
        for line in (one for one in measures() if one["tier"] == level):
            days, places = _days(own, line["channel"], int(line["every_days"]), first, last)
            same = {"value_tier": level, "channel": line["channel"], "what": line[lang], "who": line["who"]}
            due.append(pd.DataFrame({"day": days, "customer_id": own.iloc[places].array}).assign(**same))
            table.append(same | {"customers": len(own), "every_days": int(line["every_days"]), "contacts": len(days)})
        way = {"value_tier": level, "channel": "phone", "what": word("serve.way_to_person", lang), "who": "team"}
        table.append(way | {"customers": len(own), "every_days": None, "contacts": None})
    listed = pd.concat(due, ignore_index=True).sort_values(["day", "customer_id", "channel"], ignore_index=True)
    listed["due_on"] = pd.to_datetime(listed["day"] - date(1970, 1, 1).toordinal(), unit="D")
    columns = ["value_tier", "customers", "channel", "what", "every_days", "who", "contacts"]
    frame = pd.DataFrame(table)[columns].astype({"every_days": "Int64", "contacts": "Int64"})
    known = tiers["value_tier"].isin(LEVELS).to_numpy()
    return CommunicationPlan(frame, listed[DUE], int((known & ~part).sum()), int((~known).sum()))


def _days(ids: "pd.Series", channel: str, every: int, first: int, last: int) -> tuple["np.ndarray", "np.ndarray"]:
    """The due days as ordinals, and the place of the customer of each."""
    import numpy as np
    import pandas as pd

    own = pd.util.hash_array((ids.astype("str") + "/" + channel).to_numpy("object"), categorize=False) % every
    start = first + (own.astype("int64") - first) % every
    count = np.maximum(0, (last - start) // every + 1)
    places = np.repeat(np.arange(len(ids)), count)
    step = np.arange(count.sum()) - np.repeat(count.cumsum() - count, count)
    return start[places] + step * every, places
