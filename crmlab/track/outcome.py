"""What the customers of a campaign did in its days: one row each, from order lines and from the log of the outbox."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError, ParameterError
from crmlab.rfm.door import retype, type_customers

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM
    from crmlab.track.campaign import Campaign

REACHED = ("written", "sent")
"""Decisions of the outbox after which a customer has the message."""


def in_its_days(campaign: "Campaign", orders: Any, *, as_of: dt.date | None = None, **columns: Any) -> "RFM":
    """The orders of the days of a campaign, typed: states, refunds, money and engine as everywhere.

    `orders` are order lines and `columns` their settings, both as `type_customers` takes them. `as_of` is the day up to
    which the orders are known, by default the last day of the campaign. Raises ParameterError before the campaign is
    over, and what `type_customers` raises, as for order lines later than `as_of`.
    """
    known_until = as_of or campaign.ends_on
    if known_until < campaign.ends_on:
        raise ParameterError("track_not_over", known=known_until, last=campaign.ends_on)
    known = type_customers(orders, as_of=known_until, window=None, **({"customer": campaign.customer} | columns))
    return retype(known, as_of=campaign.ends_on, window=campaign.days)


def outcomes(campaign: "Campaign", typed: "RFM", *, log: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    """One row per customer of the campaign: the customer column, stratum, arm, bought, money, contacted.

    `typed` is what `in_its_days` gave. bought is whether there is a valid order in the days of the campaign, money
    their net sum in minor units (0 without one). contacted comes from `log` (the customer column and decision, as the
    log of the outbox has them; where there is a column template, only rows of the campaign's message count); without a
    log all treated customers count as contacted. Rows of customers are collected, orders are not.

    Raises DataError when nobody of the campaign is among the buyers, or when the log does not know the message.
    """
    from pandas.api.types import is_integer_dtype

    key, people = campaign.customer, campaign.customers
    bought = typed.customers.rename(columns={typed.customer_column: key, "monetary": "money"})
    if is_integer_dtype(people[key]) != is_integer_dtype(bought[key]):
        raise DataError("two_id_types", column=key)
    joined = people.merge(bought[[key, "money"]], on=key, how="left")
    if joined["money"].isna().all():
        raise DataError("track_strangers", customers=len(people), buyers=len(bought), column=key)
    reached = people["arm"] == "treated" if log is None else people[key].isin(_reached(log, campaign))
    money = joined["money"].fillna(0).astype("int64")
    return people.assign(bought=joined["money"].notna(), money=money, contacted=reached)


def _reached(log: "pd.DataFrame", campaign: "Campaign") -> "pd.Series":
    if missing := [column for column in (campaign.customer, "decision") if column not in log]:
        raise DataError("track_columns", columns=", ".join(missing), there=", ".join(map(str, log.columns)))
    if "template" in log:
        log = log[log["template"] == campaign.message]
        if log.empty:
            raise DataError("track_no_message", message=campaign.message)
    return log.loc[log["decision"].isin(REACHED), campaign.customer]


def overlaps(campaign: "Campaign", *others: "Campaign") -> "pd.DataFrame":
    """Customers who are in another campaign too, whose days run into those of this one.

    One row per customer and other campaign: the customer column, arm (here), other_campaign, other_arm. What they do
    may come from either campaign. As both are drawn by lot, the comparison stays fair, but its effect is that among
    customers of whom some got the other message too.
    """
    import pandas as pd

    columns = [campaign.customer, "arm", "other_campaign", "other_arm"]
    found = [pd.DataFrame(columns=columns, dtype="str")]
    for other in others:
        if other.starts_on <= campaign.ends_on and campaign.starts_on <= other.ends_on:
            theirs = other.customers.rename(columns={other.customer: campaign.customer, "arm": "other_arm"})
            both = campaign.customers.merge(theirs.drop(columns="stratum"), on=campaign.customer)
            found.append(both.assign(other_campaign=other.name)[columns])
    return pd.concat(found, ignore_index=True)
