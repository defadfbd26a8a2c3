"""A campaign that nobody randomised: how its customers differed before it, and why no effect follows from it."""

import datetime as dt
from dataclasses import dataclass
from math import nan, sqrt
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.errors import DataError, ParameterError
from crmlab.money import format_money
from crmlab.movement.periods import first_order_day
from crmlab.rfm import type_customers
from crmlab.track.effects import UNKNOWN, Effect, money_effect
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.data import Shop
    from crmlab.rfm import RFM

UNEVEN = 0.1
"""From this standardised difference on, groups are commonly called uneven (Austin 2009)."""


@dataclass(frozen=True, repr=False)
class Observed:
    """What was seen of a campaign whose customers somebody chose.

    Attributes
    ----------
    campaign_id, first, last
        The campaign and its days.
    households : pandas frame
        One row per customer who bought before the campaign: the customer column, inside (in the campaign), and orders
        and money (minor units) in its days and in as many days before (orders_before, money_before, orders_during,
        money_during), and days_since_last before it.
    balance : pandas frame
        How the two groups differed before: characteristic, inside_mean, others_mean, standard_difference (difference
        of means over the root of the mean variance; from 0.1 on the groups are called uneven, Austin 2009). Money is in
        whole units here.
    naive : Effect
        Money per customer in the days of the campaign, inside minus others. No effect: the groups were chosen.
    change : Effect
        How much more the money of those inside rose from before to during (difference in differences, Welch interval).
        An illustration: it would be an effect only if both groups had otherwise moved alike.
    placebo : Effect
        The same between two periods before the campaign, when there was none. Away from 0 it shows that the groups do
        not move alike. Unknown where the data begin too late.
    redeemed, redeemers : int
        Coupons redeemed, and by how many customers.
    discount, matched : int
        What the coupons took off (minor units), and for how many redemptions a line with a coupon discount was found.
    in_others : float
        The share of the customers inside who were in another campaign in these days as well.
    """

    campaign_id: str
    first: dt.date
    last: dt.date
    households: "pd.DataFrame"
    balance: "pd.DataFrame"
    naive: Effect
    change: Effect
    placebo: Effect
    redeemed: int
    redeemers: int
    discount: int
    matched: int
    in_others: float
    currency: str

    def describe(self, lang: str = "zh") -> str:
        """Who was in it, how they differed before, what changed, and why that is no effect."""
        inside = int(self.households["inside"].sum())
        uneven = self.balance[self.balance["standard_difference"].abs() >= UNEVEN]
        worst = self.balance["standard_difference"].abs().max()
        lines = [
            word("track.observed", lang, campaign=self.campaign_id, first=self.first, last=self.last, inside=inside,
                 others=len(self.households) - inside),
            word("track.redeemed", lang, coupons=self.redeemed, customers=self.redeemers, matched=self.matched,
                 discount=self._money(self.discount, lang)),
            word("track.uneven", lang, uneven=len(uneven), of=len(self.balance), worst=worst),
            word("track.naive", lang, **self._told(self.naive, lang)),
            word("track.change", lang, **self._told(self.change, lang)),
        ]  # fmt: skip
        known = self.placebo.estimate == self.placebo.estimate
        lines.append(
            word("track.placebo", lang, **self._told(self.placebo, lang)) if known else word("track.no_placebo", lang)
        )
        return "\n".join([*lines, word("track.in_others", lang, share=self.in_others), word("track.chosen", lang)])

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)

    def _money(self, amount: float, lang: str) -> str:
        return format_money(round(amount), self.currency, lang)

    def _told(self, effect: Effect, lang: str) -> dict[str, str]:
        return {name: self._money(getattr(effect, name), lang) for name in ("estimate", "low", "high")}


CHARACTERISTICS = ("orders_before", "money_before", "days_since_last", "bought_before")


def observe_campaign(shop: "Shop", campaign_id: str) -> Observed:
    """Look at a campaign of completejourney: who was in it, before and in its days, beside all other households.

    Only households who had bought before it. Rows of customers are collected, orders are not. Raises DataError for
    data that do not say who was in a campaign, and ParameterError for a campaign that they do not have, that is not
    over on the reference date, or that started before there were as many days of data as it has.
    """
    from crmlab.journey import Journey

    if not isinstance(shop, Journey):
        raise DataError("track_no_members")
    members, campaigns = shop.campaign_members(), shop.table("campaigns").set_index("campaign_id")
    if campaign_id not in campaigns.index:
        raise ParameterError("track_no_campaign", name=repr(campaign_id), there=", ".join(campaigns.index))
    starts, ends = campaigns["starts_on"].dt.date, campaigns["ends_on"].dt.date
    first, last = starts[campaign_id], ends[campaign_id]
    if last > shop.as_of:
        raise ParameterError("track_not_over", known=shop.as_of, last=last)
    days = (last - first).days + 1
    result = type_customers(shop.orders, as_of=shop.as_of, window=None, currency=shop.currency, **shop.columns)
    begins = first_order_day(result)
    if begins > first - dt.timedelta(days=days):
        raise ParameterError("track_no_before", campaign=campaign_id, first=first, days=days, begins=begins)
    people = _periods(result, first, days)
    inside = members.loc[members["campaign_id"] == campaign_id, "customer_id"]
    people.insert(1, "inside", people[result.customer_column].isin(inside))
    early = begins <= first - dt.timedelta(days=2 * days)
    together = set(campaigns.index[(starts <= last) & (ends >= first)]) - {campaign_id}
    elsewhere = members.loc[members["campaign_id"].isin(together), "customer_id"]
    coupons = shop.coupon_use(campaign_id)
    return Observed(
        campaign_id=campaign_id,
        first=first,
        last=last,
        households=people.drop(columns="money_earlier"),
        balance=_balance(people.assign(money_before=people["money_before"] / result.settings.scale)),
        naive=_apart(people["money_during"], people["inside"]),
        change=_apart(people["money_during"] - people["money_before"], people["inside"]),
        placebo=_apart(people["money_before"] - people["money_earlier"], people["inside"]) if early else UNKNOWN,
        redeemed=len(coupons),
        redeemers=int(coupons["customer_id"].nunique()),
        discount=round(coupons["discount"].sum() * result.settings.scale),
        matched=int(coupons["discount"].notna().sum()),
        in_others=float(inside.isin(elsewhere).mean()),
        currency=shop.currency,
    )


def _periods(result: "RFM", first: dt.date, days: int) -> "pd.DataFrame":
    """Orders and money of each customer in three periods of equal length, the last of which begins with `first`."""
    import pandas as pd

    lent, day = result.lent, nw.col("day")
    starts = {name: first + dt.timedelta(days=shift * days)
              for name, shift in (("earlier", -2), ("before", -1), ("during", 0))}  # fmt: skip
    parts = {}
    for name, start in starts.items():
        inside = (day >= lent.day(start)) & (day < lent.day(start + dt.timedelta(days=days)))
        parts[f"orders_{name}"] = nw.when(inside).then(nw.lit(1)).otherwise(nw.lit(0))
        parts[f"money_{name}"] = nw.when(inside).then(nw.col("money")).otherwise(nw.lit(0))
    orders = result.purchases(history=True).with_columns(**parts)
    summed = orders.group_by("customer").agg(*[nw.col(name).sum().cast(nw.Int64) for name in parts])
    known = orders.filter(day < lent.day(first)).group_by("customer").agg(nw.col("day").max().alias("last"))
    found = known.join(summed, on="customer").collect("pyarrow").to_pandas()
    found["days_since_last"] = (pd.Timestamp(first) - pd.to_datetime(found.pop("last"))).dt.days - 1
    found["bought_before"] = (found["orders_before"] > 0).astype("int64")
    found = found.drop(columns="orders_earlier").rename(columns={"customer": result.customer_column})
    return found.sort_values(result.customer_column, ignore_index=True)


def _balance(people: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    rows = []
    for name in CHARACTERISTICS:
        inside, others = people.loc[people["inside"], name], people.loc[~people["inside"], name]
        spread = sqrt((inside.var() + others.var()) / 2)
        apart = (inside.mean() - others.mean()) / spread if spread else nan
        rows.append((name, inside.mean(), others.mean(), apart))
    return pd.DataFrame(rows, columns=["characteristic", "inside_mean", "others_mean", "standard_difference"])


def _apart(values: "pd.Series", inside: "pd.Series") -> Effect:
    """Those inside minus the others, with Welch's interval."""
    import pandas as pd

    row = {}
    for arm, part in (("treated", values[inside]), ("held_out", values[~inside])):
        row |= {arm: len(part), f"{arm}_mean": part.mean(), f"{arm}_variance": part.var()}
    return money_effect(pd.DataFrame([row])) if min(row["treated"], row["held_out"]) > 1 else UNKNOWN
