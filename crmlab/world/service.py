"""The service desk's records: who asked, complained, returned or praised, how fast each was answered, and by whom."""

import datetime as dt

import numpy as np
import pandas as pd

from crmlab.tables.codes import CODES
from crmlab.world.season import AS_OF, LAST_DAY, date_of, day_of
from crmlab.world.shopping import Order

KIND_SHARES = (0.56, 0.3, 0.0, 0.14)
"""Returns come from the refunds instead."""
CONTACTS = 460
RETURN_CONTACTS = 0.75
REPLY_MINUTES = {"phone": 2, "web": 22, "social": 95}
CLOSING_HOURS = {"question": 5, "complaint": 40, "return": 70, "praise": 1}
UNRESOLVED = {"question": 0.06, "complaint": 0.22, "return": 0.08, "praise": 0.0}
END = dt.datetime.combine(AS_OF, dt.time(21, 0))
"""The desk closes; what is not closed by then is open."""
TRAITS = ("ordinary", "ordinary", "ordinary", "resolver", "slow", "complaints", "new")
"""One member of staff each. Who has which trait is drawn."""
NEW_SINCE = "2026-05-15"
UNNOTED = 0.015
"""How often nobody noted who answered."""


def draw_service(
    rng: np.random.Generator, people: pd.DataFrame, orders: list[Order], refunds: pd.DataFrame
) -> pd.DataFrame:
    """The service_records table."""
    ordered = {order.order_id: order for order in orders}
    cases = [(order.customer_id, *_some_day(rng, order.day)) for order in rng.choice(_objects(orders), CONTACTS)]
    for refund in refunds.itertuples():
        order = ordered[refund.order_id]
        if rng.random() < RETURN_CONTACTS:
            cases.append(
                (
                    order.customer_id,
                    int(rng.integers(order.day + 1, day_of(refund.refund_date) + 1)),
                    "return",
                )
            )
    quiet = people.index[~people.index.isin([order.customer_id for order in orders])]
    for customer_id in rng.choice(quiet, 18, replace=False):
        first = day_of(people.at[customer_id, "registered_on"])
        cases.append((customer_id, int(rng.integers(first, LAST_DAY + 1)), "question"))
    rows = [_record(rng, *case) for case in cases]
    table = pd.DataFrame([row for row in rows if row["first_reply_at"] <= END.isoformat()])
    table = table.sort_values(["opened_at", "customer_id"])
    table.insert(0, "record_id", [f"S{number:04d}" for number in range(1, len(table) + 1)])
    return table


def _objects(items: list) -> np.ndarray:
    return np.array(items, dtype=object)


def _some_day(rng: np.random.Generator, day: int) -> tuple[int, str]:
    return min(day + int(rng.exponential(6)), LAST_DAY), str(rng.choice(CODES["service_kind"], p=KIND_SHARES))


def _record(rng: np.random.Generator, customer_id: str, day: int, kind: str) -> dict[str, str]:
    channel = str(rng.choice(CODES["service_channel"], p=(0.35, 0.45, 0.2)))
    opened = dt.datetime.combine(date_of(day), dt.time(9)) + dt.timedelta(seconds=int(rng.integers(11 * 3600)))
    reply = opened + dt.timedelta(seconds=int(60 * REPLY_MINUTES[channel] * rng.lognormal(0, 1)))
    closed = reply + dt.timedelta(seconds=60 + int(3600 * CLOSING_HOURS[kind] * rng.lognormal(-0.5, 0.9)))
    is_open = closed > END or rng.random() < 0.01
    resolved = not is_open and rng.random() >= UNRESOLVED[kind]
    return {
        "customer_id": customer_id,
        "channel": channel,
        "kind": kind,
        "opened_at": opened.isoformat(),
        "first_reply_at": reply.isoformat(),
        "closed_at": "" if is_open else closed.isoformat(),
        "resolved": "yes" if resolved else "no",
    }


def draw_agents(rng: np.random.Generator, records: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """Who answered each record (blank where nobody noted it), and the truth about them (agent, trait).

    The records are as they are; agents are given to them so that one is slow, one leaves little unresolved, one gets
    most complaints and returns, and a new one has few records.
    """
    agents = [f"A{number}" for number in range(1, len(TRAITS) + 1)]
    truth = pd.DataFrame({"agent": agents, "trait": rng.permutation(TRAITS)})
    weights = np.stack([_weights(records)[trait] for trait in truth["trait"]], axis=1)
    reached = weights.cumsum(axis=1) / weights.sum(axis=1, keepdims=True)
    drawn = np.array(agents)[(rng.random((len(records), 1)) > reached).sum(axis=1)]
    noted = rng.random(len(records)) >= UNNOTED
    return pd.Series(np.where(noted, drawn, ""), index=records.index), truth


def _weights(records: pd.DataFrame) -> dict[str, np.ndarray]:
    """By trait, how likely each record is to be such an agent's."""
    opened, replied = (pd.to_datetime(records[name]) for name in ("opened_at", "first_reply_at"))
    usual = (replied - opened).dt.total_seconds() / 60 / records["channel"].map(REPLY_MINUTES)
    unresolved = ((records["closed_at"] != "") & (records["resolved"] == "no")).to_numpy()
    hard = records["kind"].isin(["complaint", "return"]).to_numpy()
    recent = (records["opened_at"] >= NEW_SINCE).to_numpy()
    return {
        "ordinary": np.where(hard, 0.7, 1.0),
        "resolver": np.where(hard, 0.7, 1.0) * np.where(unresolved, 0.03, 1.1),
        "slow": np.where(hard, 0.7, 1.0) * np.select([usual > 3, usual > 1], [3.5, 1.2], 0.45),
        "complaints": np.where(hard, 1.8, 0.15),
        "new": np.where(recent, 2.0, 0.0),
    }
