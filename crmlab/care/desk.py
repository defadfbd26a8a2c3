"""The service desk's work as tickets: a busy day to try rules on, and an owner and a due time for every complaint."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from crmlab.care.standards import Standard, demand_records, limits, read_standards
from crmlab.errors import DataError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

WORK_MINUTES = {"question": 4, "complaint": 12, "return": 8, "praise": 2}
"""Mean minutes of work on a matter: an assumption, as no record says how long somebody worked."""
OPENS, CLOSES = 9, 20


def with_tiers(records: "pd.DataFrame", tiers: "pd.DataFrame") -> "pd.DataFrame":
    """The records with value_tier; "unknown" where `tiers` (customer_id, value_tier) does not have the customer.

    Raises DataError for a customer who stands in `tiers` twice, and where no customer of the records is among them.
    """
    if missing := [column for column in ("customer_id", "value_tier") if column not in tiers]:
        raise DataError("care_columns", columns=", ".join(missing), needed="customer_id, value_tier")
    if twice := int(tiers["customer_id"].duplicated().sum()):
        raise DataError("care_tiers_twice", count=twice)
    if len(records) and len(tiers) and not records["customer_id"].isin(tiers["customer_id"]).any():
        raise DataError("care_no_match")
    tier = records["customer_id"].map(tiers.set_index("customer_id")["value_tier"])
    return records.assign(value_tier=tier.astype("str").fillna("unknown"))


def busy_day(
    records: "pd.DataFrame", tiers: "pd.DataFrame", *, day: date, tickets: int = 300, seed: int = 618
) -> "pd.DataFrame":
    """An invented busy day, made of matters as the records have them: tickets for `simulate_queue`.

    `tickets` records are drawn with replacement from `seed`, so the mix of kinds and tiers is the recorded one. They
    arrive from 9:00 to 20:00, most before noon, and the work on each is exponential with the mean of WORK_MINUTES (an
    assumption). Columns: ticket_id, customer_id, kind, value_tier, opened_at, seconds. Raises ParameterError for fewer
    than one ticket, DataError without records.
    """
    import numpy as np
    import pandas as pd

    if tickets < 1:
        raise ParameterError("care_tickets_number", value=tickets)
    known = with_tiers(demand_records(records), tiers)
    draw = np.random.default_rng(seed)
    known = known.sort_values("record_id", ignore_index=True)
    drawn = known.iloc[draw.integers(len(known), size=tickets)][["customer_id", "kind", "value_tier"]]
    opened = (draw.beta(1.3, 2.2, tickets) * (CLOSES - OPENS) * 3600).astype("int64") + OPENS * 3600
    work = draw.exponential(drawn["kind"].map(WORK_MINUTES).to_numpy() * 60)
    drawn = drawn.assign(seconds=np.maximum(work.astype("int64"), 1))
    drawn["opened_at"] = pd.Timestamp(day) + pd.to_timedelta(opened, unit="s")
    drawn = drawn.sort_values("opened_at", kind="stable", ignore_index=True)
    drawn.insert(0, "ticket_id", [f"T{number:05d}" for number in range(1, len(drawn) + 1)])
    return drawn


def own_complaints(
    records: "pd.DataFrame", *, agents: tuple[str, ...], at: datetime, standards: list[Standard] | None = None
) -> "pd.DataFrame":
    """Every complaint that is open at a time, with an owner and the time by which it must be closed.

    Whoever answered keeps a complaint, if still among `agents`; the others go, oldest first, to the agent with the
    fewest open complaints (of equals, the first of the list). Columns: record_id, customer_id, opened_at, agent, given
    (whether it was given to the agent here), due_at, past_due. The soonest due stands first. Raises ParameterError
    without agents, DataError without records and where the standards do not say when a complaint must be closed.
    """
    import pandas as pd

    if not agents:
        raise ParameterError("care_no_agents")
    moment = pd.Timestamp(at)
    records = demand_records(records)
    rows = records[(records["kind"] == "complaint") & (records["opened_at"] <= moment)]
    rows = rows[~(rows["closed_at"] <= moment)].sort_values(["opened_at", "record_id"], ignore_index=True)
    hours = limits(rows, standards if standards is not None else read_standards())["close_hours"]
    if hours.isna().any():
        raise DataError("care_no_limit", count=int(hours.isna().sum()))
    kept = rows["agent"].where(rows["agent"].isin(agents))
    load = {agent: int((kept == agent).sum()) for agent in agents}
    owners = []
    for agent in kept:
        if pd.isna(agent):
            agent = min(load, key=load.get)
            load[agent] += 1
        owners.append(agent)
    due = rows["opened_at"] + pd.to_timedelta(hours.astype("float64"), unit="h")
    table = rows[["record_id", "customer_id", "opened_at"]].assign(
        agent=pd.Series(owners, dtype="str"), given=kept.isna(), due_at=due, past_due=due < moment
    )
    return table.sort_values(["due_at", "record_id"], ignore_index=True)
