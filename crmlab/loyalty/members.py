"""Members' levels by date: up on the day the spend is reached, down only after a grace."""

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError
from crmlab.loyalty.scheme import Scheme
from crmlab.patterns.lines import collected
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

WHY = ("first", "up", "down")
EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True, repr=False)
class Members:
    """The level of every customer who has bought, on a day and on every day before.

    Attributes
    ----------
    current : pandas frame
        Sorted by customer: the customer column, level, reached_on, member_spend (minor units, of the months that
        count), to_next (minor units missing to the next level, blank at the highest), and below_since and lost_on
        (while the spend is too low for the level: since when, and on which day it is lost if nothing is bought; else
        blank).
    history : pandas frame
        One row per change, by customer and day: the customer column, on, from_level (blank at first), level, why
        (first, up or down), member_spend on that day.
    """

    scheme: Scheme
    on: dt.date
    customer_column: str
    current: "pd.DataFrame"
    history: "pd.DataFrame"

    def counts(self) -> "pd.DataFrame":
        """Customers per level, the lowest first: level, spend_from, discount_percent, customers, customer_share."""
        counted = self.current["level"].value_counts()
        table = self.scheme.table()
        table["customers"] = table["level"].map(counted).fillna(0).astype("int64")
        table["customer_share"] = table["customers"] / (len(self.current) or float("nan"))
        return table

    def level(self, customer: Any, on: dt.date) -> str:
        """The level of a customer at the end of a day, "" before the first purchase. Raises DataError for a day that
        is later than `on`."""
        import pandas as pd

        if on > self.on:
            raise DataError("loyalty_after", until=on, as_of=self.on)
        own = self.history[self.history[self.customer_column] == customer]
        own = own[own["on"] <= pd.Timestamp(on)]
        return own["level"].iloc[-1] if len(own) else ""

    def describe(self, lang: str = "zh") -> str:
        """How many customers there are, and how many have kept a level by the grace only."""
        waiting = int(self.current["lost_on"].notna().sum())
        return word("loyalty.members", lang, on=self.on, customers=len(self.current), waiting=waiting)

    def __repr__(self) -> str:
        return f"{self.describe('zh')}\n{self.describe('en')}"


def members(result: "RFM", scheme: Scheme, *, on: dt.date | None = None) -> Members:
    """The members' levels on a day, the reference date of `result` where none is given.

    The spend on a day is the net money of the orders that count (those of F, with all of history) whose day lies within
    the `months` of the scheme: an order of 2026-01-05 counts from that day to the day before 2027-01-05. Whoever
    reaches the spend of a level, exactly or more, has it from that day. Whoever falls below keeps the level for
    `grace_days`, the first day below among them; at the end of the day after them the level is what the spend then
    gives. Levels are those at the end of a day.
    Refunds known on the reference date are taken off on the day of their order.

    Collects one row per order. Raises DataError for a day after the reference date, and for a scheme in another
    currency.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.loyalty import open_scheme
    >>> orders = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "amount": [1000.0, 999.99],
    ...     "order_date": pd.to_datetime(["2026-06-01", "2026-06-02"])})
    >>> found = members(type_customers(orders, as_of="2026-06-17"), open_scheme())
    >>> found.current[["customer_id", "level", "to_next"]].values.tolist()
    [['a', 'silver', 200000], ['b', 'basic', 1]]
    """
    on = on or result.settings.as_of
    if on > result.settings.as_of:
        raise DataError("loyalty_after", until=on, as_of=result.settings.as_of)
    if scheme.currency != result.settings.currency:
        raise DataError("loyalty_currency", orders=result.settings.currency, scheme=scheme.currency)
    column = result.customer_column
    steps = _spend(collected(result.purchases(history=True)), scheme, on).rename(columns={"customer": column})
    history, below = _walk(steps, scheme, on, column)
    current = history.drop_duplicates(column, keep="last")[[column, "level", "on"]].rename(columns={"on": "reached_on"})
    spend = steps.drop_duplicates(column, keep="last").set_index(column)["member_spend"]
    current["member_spend"] = current[column].map(spend).astype("int64")
    current = _with_outlook(current, below, scheme, column)
    return Members(scheme, on, column, current.reset_index(drop=True), _with_keys(history, scheme))


def _spend(orders: "pd.DataFrame", scheme: Scheme, on: dt.date) -> "pd.DataFrame":
    """The spend that counts, from each day on which it changes: customer, day, member_spend, target (the level that it
    gives, from 0)."""
    import numpy as np
    import pandas as pd

    bought = pd.DataFrame(
        {"customer": orders["customer"], "day": pd.to_datetime(orders["day"]).astype("datetime64[us]")}
    )
    bought["money"] = orders["money"].astype("int64")
    over = bought.assign(day=bought["day"] + pd.DateOffset(months=scheme.months), money=-bought["money"])
    steps = pd.concat([bought, over])
    steps = steps[steps["day"] <= pd.Timestamp(on)].groupby(["customer", "day"], as_index=False)["money"].sum()
    steps["member_spend"] = steps.groupby("customer")["money"].cumsum()
    limits = [level.spend_from for level in scheme.levels]
    steps["target"] = np.searchsorted(limits, steps["member_spend"].clip(lower=0), side="right") - 1
    return steps.drop(columns="money")


def _walk(steps: "pd.DataFrame", scheme: Scheme, on: dt.date, column: str) -> tuple["pd.DataFrame", "pd.Series"]:
    """Every change of level (on, from_level, level, why, member_spend), and since when who is below is below it."""
    import pandas as pd

    turns = steps[steps["target"] != steps.groupby(column)["target"].shift()]
    days = turns["day"].to_numpy().astype("datetime64[D]").astype("int64").tolist()
    last = (on - EPOCH).days
    changes, below = [], {}
    rows = zip(turns[column].tolist(), days, turns["target"].tolist(), strict=True)
    for customer, own in groupby(rows, key=itemgetter(0)):
        climbed, since = _climb([(day, target) for _, day, target in own], scheme.grace_days, last)
        changes += [(customer, *change) for change in climbed]
        if since is not None:
            below[customer] = since
    history = pd.DataFrame(changes, columns=[column, "on", "from_level", "level", "why"]).astype(
        {column: steps[column].dtype, "from_level": "Int64", "level": "int64", "why": "str"}
    )
    history["on"] = _dates(history["on"])
    spend = steps.rename(columns={"day": "on"})[[column, "on", "member_spend"]].sort_values("on")
    history = pd.merge_asof(history.sort_values("on", kind="stable"), spend, on="on", by=column)
    return history.sort_values([column, "on"], kind="stable", ignore_index=True), _dates(
        pd.Series(below, dtype="int64")
    )


def _climb(turns: list[tuple[int, int]], grace: int, last: int) -> tuple[list[tuple], int | None]:
    """The changes of one customer's level, (day, from, to, why), from the days on which the spend gives another one;
    and since when the spend is below the level, if it is on the last day."""
    changes: list[tuple] = []
    level = below = held = None
    for day, target in [*turns, (last + 1, None)]:
        if below is not None and below + grace < day:
            changes.append((below + grace, level, held, "down"))
            level, below = held, None
        if target is None:
            break
        held = target
        if level is None or target > level:
            changes.append((day, level, target, "first" if level is None else "up"))
            level = target
        if target == level:
            below = None
        elif below is None:
            below = day
    return changes, below


def _with_outlook(current: "pd.DataFrame", below: "pd.Series", scheme: Scheme, column: str) -> "pd.DataFrame":
    """With what is missing to the next level, and with the end of the grace for those who are below theirs."""
    import pandas as pd

    above = [level.spend_from for level in scheme.levels[1:]]
    missing = current["level"].map(dict(enumerate(above))).astype("Int64") - current["member_spend"]
    current = current.assign(to_next=missing.astype("Int64"), below_since=below.reindex(current[column]).to_numpy())
    current["lost_on"] = current["below_since"] + pd.Timedelta(days=scheme.grace_days)
    return _with_keys(current, scheme)


def _with_keys(frame: "pd.DataFrame", scheme: Scheme) -> "pd.DataFrame":
    keys = {place: level.key for place, level in enumerate(scheme.levels)}
    levels = {name: frame[name].map(keys).astype("str") for name in ("from_level", "level") if name in frame}
    return frame.assign(**levels)


def _dates(days: "pd.Series") -> "pd.Series":
    """Days since 1970 as dates."""
    return (days.astype("int64") * 86_400_000_000).astype("datetime64[us]")
