"""Which ways to a customer are open on a day, and what the customer said about marketing."""

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from crmlab.collect.consent import with_consent

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.data import Shop

CONTACTS = {"sms": "phone", "email": "email"}
"""The column of customers that a message of each kind goes to."""


def marketing_states(customers: "pd.DataFrame", consents: "pd.DataFrame", *, on: date) -> "pd.Series":
    """What holds for marketing on a day, by customer_id: "agreed", "withdrawn", or "none" (never agreed)."""
    import pandas as pd

    found = with_consent(customers[["customer_id"]], consents, purpose="marketing", on=on)
    states = pd.concat([found.kept.assign(reason="agreed"), found.refused])
    return states.drop_duplicates("customer_id").set_index("customer_id")["reason"]


def open_ways(shop: "Shop", customers: "pd.DataFrame", *, on: date, visit_cities: Collection[str]) -> "pd.DataFrame":
    """A row per customer (index: customer_id) and a column per way: sms, email, phone, visit; whether it is open.

    A message needs a contact that is not suppressed on the day. A call needs a number of which the last logged call
    did not say that it is wrong. A visit needs a city among `visit_cities`. The column suppressed says whether a
    contact is there and closed.
    """
    import pandas as pd

    own = customers.set_index("customer_id")
    closed = {way: _closed(shop, own[column], way, on) for way, column in CONTACTS.items()}
    ways = {way: own[column].notna() & ~closed[way] for way, column in CONTACTS.items()}
    ways["phone"] = own["phone"].notna() & ~own.index.isin(_wrong_numbers(shop, on))
    ways["visit"] = own["city"].isin(list(visit_cities))
    return pd.DataFrame(ways).assign(suppressed=closed["sms"] | closed["email"])


def _closed(shop: "Shop", contacts: "pd.Series", channel: str, on: date) -> "pd.Series":
    """Whether a contact is there and suppressed for this channel."""
    import pandas as pd

    rows = shop.read_personal("suppressions")
    rows = rows[(rows["channel"] == channel) & (rows["since"] <= pd.Timestamp(on))]
    if rows.empty or shop.key is None:
        return pd.Series(False, index=contacts.index)
    return contacts.map(shop.key.contact, na_action="ignore").isin(rows["contact"])


def _wrong_numbers(shop: "Shop", on: date) -> "pd.Series":
    """The customers whose last call up to the day said that the number is wrong."""
    import pandas as pd

    calls = shop.read_personal("calls")
    calls = calls[calls["called_at"] < pd.Timestamp(on) + pd.Timedelta(days=1)]
    last = calls.sort_values(["called_at", "call_id"]).drop_duplicates("customer_id", keep="last")
    return last.loc[last["outcome"] == "wrong_number", "customer_id"]
