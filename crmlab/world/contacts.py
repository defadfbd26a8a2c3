"""What became of the contacts: calls that check a number, and contacts that must not be written to any more."""

import datetime as dt

import numpy as np
import pandas as pd

from crmlab.collect.pseudonym import Key
from crmlab.tables.codes import CODES
from crmlab.world.people import in_force
from crmlab.world.season import AS_OF, LAST_DAY, date_of, day_of

PUBLIC_KEY = "xiaoman: a key that everybody knows"
OTHER_CALLS = 75
"""How many customers of other channels than the phone are called."""
OUTCOME_SHARES = (0.62, 0.28, 0.1)
CALLED_AGAIN = 0.3
"""How often a call that nobody answered is repeated."""
SUPPRESSED = 25
REASON_SHARES = {"sms": (0.8, 0.2, 0.0), "email": (0.7, 0.1, 0.2)}


def draw_calls(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """The calls table: every customer who came by phone, and some others with a number."""
    numbered = people[people["phone"] != ""]
    came_by_phone = numbered.index[numbered["source"] == "phone"]
    others = rng.choice(numbered.index.difference(came_by_phone), OTHER_CALLS, replace=False)
    rows = []
    for customer_id in sorted([*came_by_phone, *others]):
        first = max(day_of(people.at[customer_id, "registered_on"]), LAST_DAY - 364)
        outcome = ""
        while not outcome or (outcome == "no_answer" and rng.random() < CALLED_AGAIN):
            at = dt.datetime.combine(date_of(rng.integers(first, LAST_DAY + 1)), dt.time(9))
            at += dt.timedelta(seconds=int(rng.integers(11 * 3600)))
            outcome = str(rng.choice(CODES["outcome"], p=OUTCOME_SHARES))
            rows.append({"customer_id": str(customer_id), "called_at": at.isoformat(), "outcome": outcome})
    table = pd.DataFrame(rows).sort_values(["called_at", "customer_id"])
    table.insert(0, "call_id", [f"H{number:04d}" for number in range(1, len(table) + 1)])
    return table


def draw_suppressions(rng: np.random.Generator, people: pd.DataFrame, consents: pd.DataFrame) -> pd.DataFrame:
    """The suppressions table: contacts of customers whose consent to marketing no longer holds."""
    ledger = consents[(consents["purpose"] == "marketing") & (consents["withdrawn_on"] != "")]
    since = ledger.groupby("customer_id")["withdrawn_on"].max()
    since = since.drop(in_force(consents, "marketing", AS_OF.isoformat()), errors="ignore")
    key = Key(PUBLIC_KEY.encode())
    able = [
        (customer_id, channel, contact)
        for customer_id in since.index
        for channel, contact in zip(("sms", "email"), people.loc[customer_id, ["phone", "email"]], strict=True)
        if contact
    ]
    rows = []
    for index in rng.permutation(len(able))[:SUPPRESSED]:
        customer_id, channel, contact = able[index]
        rows.append(
            {
                "contact": key.contact(contact),
                "channel": channel,
                "since": since[customer_id],
                "reason": str(rng.choice(CODES["suppressed_reason"], p=REASON_SHARES[channel])),
            }
        )
    return pd.DataFrame(rows).sort_values(["since", "contact"])
