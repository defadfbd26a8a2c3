"""The verdict on a campaign: what it changed, with intervals; what it cost; and what to do next."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from crmlab.cases import response_costs
from crmlab.errors import ParameterError
from crmlab.frames import rows
from crmlab.track.campaign import ARMS, Campaign, in_order
from crmlab.track.effects import UNKNOWN, Effect, adjusted_p, money_effect, share_effect
from crmlab.track.outcome import in_its_days, outcomes, overlaps
from crmlab.words import LANGUAGES

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

ENOUGH = 30
"""Compared customers that each arm needs before there is any verdict."""
CLEAR = 0.05
"""Below this adjusted p-value the effect in one stratum is taken as shown."""


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a campaign did, by everybody who was drawn, whether the message reached them or not (intention to treat).

    Attributes
    ----------
    campaign : Campaign
    outcomes : pandas frame
        One row per customer: the customer column, stratum, arm, bought, money (minor units), contacted.
    share : Effect
        On the share who bought. Strata weighted by their customers; interval as in `share_effect`.
    money : Effect
        On net money per customer, minor units. Interval as in `money_effect`.
    last_order : date
        The day of the last order in the campaign's days.
    cost : int
        What the contacts cost, minor units.
    contaminated : pandas frame
        Held-out customers who got the message nevertheless: the customer column, stratum.
    overlapping : pandas frame
        Customers who were in another campaign in these days (see `overlaps`).
    simulated : bool
        Whether the orders come from `aftermath` and nobody ever placed them.
    """

    campaign: Campaign
    outcomes: "pd.DataFrame"
    share: Effect
    money: Effect
    last_order: dt.date
    cost: int
    cost_per_contact: int
    currency: str
    contaminated: "pd.DataFrame"
    overlapping: "pd.DataFrame"
    simulated: bool

    @cached_property
    def table(self) -> "pd.DataFrame":
        """Did more of them buy? The row "all", then one per stratum.

        Columns: stratum, treated and held_out (customers), treated_share and held_out_share (of them bought),
        extra_share with extra_low_share and extra_high_share, and p_holm: Fisher's exact p-value after Holm, because
        who looks at many strata finds something in one of them. The row "all" weights the strata and has no p_holm; a
        stratum too small to compare has no interval.
        """
        table = _rows(self.outcomes)
        fits = table["treated"].ge(2) & table["held_out"].ge(2)
        effects = [share_effect(table.loc[[row]]) if fit else UNKNOWN for row, fit in fits.items()]
        for arm in ARMS:
            table[f"{arm}_share"] = table[f"{arm}_bought"] / table[arm].where(table[arm] > 0)
        for column, part in zip(SHARE_COLUMNS[2:], ("estimate", "low", "high"), strict=True):
            table[column] = [getattr(effect, part) for effect in effects]
        table["p_holm"] = adjusted_p(table[fits])["p_holm"]
        whole = {"stratum": "all", **{arm: int(table[arm].sum()) for arm in ARMS}, "p_holm": nan}
        whole |= dict(zip(SHARE_COLUMNS, _told(self.share), strict=True))
        return _with_whole(whole, table)[["stratum", *ARMS, *SHARE_COLUMNS, "p_holm"]]

    @cached_property
    def money_table(self) -> "pd.DataFrame":
        """Did they bring more money? The row "all", then one per stratum: stratum, treated_money and held_out_money
        (net per customer), extra_money with extra_low_money and extra_high_money; minor units, rounded half to even."""
        table = _rows(self.outcomes)
        fits = table["treated"].ge(2) & table["held_out"].ge(2)
        effects = [money_effect(table.loc[[row]]) for row in table.index[fits]]
        told = [dict(zip(MONEY_COLUMNS, _told(effect), strict=True)) for effect in (self.money, *effects)]
        table = _with_whole({"stratum": "all"}, table[fits][["stratum"]])
        for column in MONEY_COLUMNS:
            table[column] = [None if isnan(row[column]) else round(row[column]) for row in told]
        return table.astype(dict.fromkeys(MONEY_COLUMNS, "Int64"))

    @cached_property
    def costs(self) -> "pd.DataFrame":
        """What an answer cost, by stratum and in all: stratum, treated, contacted_share, cost, cost_per_response,
        cost_per_extra (see `crmlab.cases.response_costs`). It stays blank where extra responses are not shown: in the
        row "all", which rests on the weighted strata, while the interval reaches 0; in a stratum until it is `shown`.
        """
        import pandas as pd

        people = self.outcomes.assign(
            held_out=self.outcomes["arm"] == "held_out",
            responded=self.outcomes["bought"],
            cost=self.cost_per_contact * (self.outcomes["contacted"] & (self.outcomes["arm"] == "treated")),
        )
        both = pd.concat([people.assign(stratum="all"), people])
        table = response_costs(both, group="stratum").rename(columns={"contacted": "treated"})
        treated = both[both["arm"] == "treated"]
        table["contacted_share"] = table["stratum"].map(treated.groupby("stratum")["contacted"].mean())
        extra = self.share.estimate * int((self.outcomes["arm"] == "treated").sum())
        whole = table["stratum"] == "all"
        table.loc[whole, "cost_per_extra"] = round(self.cost / extra) if self.share.low > 0 else pd.NA
        table.loc[~whole & ~table["stratum"].isin(self.shown["stratum"]), "cost_per_extra"] = pd.NA
        table = pd.concat([table[whole], in_order(table[~whole])], ignore_index=True)
        return table[["stratum", "treated", "contacted_share", "cost", "cost_per_response", "cost_per_extra"]]

    @property
    def contacted_share(self) -> float:
        """The share of the treated whom the message reached."""
        return float(self.outcomes.loc[self.outcomes["arm"] == "treated", "contacted"].mean())

    @property
    def gain(self) -> Effect:
        """Money per treated customer after the cost of the contacts: `money`, less the cost per customer."""
        each = self.cost / int((self.outcomes["arm"] == "treated").sum())
        moved = (self.money.estimate - each, self.money.low - each, self.money.high - each)
        return Effect(self.money.treated - each, self.money.held_out, *moved)

    @property
    def shown(self) -> "pd.DataFrame":
        """The strata whose effect is shown after Holm: rows of `table`."""
        return self.table[self.table["p_holm"] < CLEAR]

    @property
    def compared(self) -> dict[str, int]:
        """Customers in strata that can be compared, by arm."""
        strata = self.campaign.strata
        return {arm: int(strata.loc[strata["compared"], arm].sum()) for arm in ARMS}

    @property
    def reason(self) -> str:
        """Which rule decided, from the first that applies; the settings were fixed before the campaign started.

        few: fewer than 30 compared customers in an arm. harmed: a stratum is shown to buy less. dear: more buy, but
        the money after cost is shown to be less. works: more buy. aim: not shown over all, but in a stratum. small: any
        effect is surely below the smallest that is worthwhile. wide: the interval holds both no effect and a
        worthwhile one.
        """
        if min(self.compared.values()) < ENOUGH:
            return "few"
        shown = self.shown["extra_share"]
        if (shown < 0).any():
            return "harmed"
        if self.share.low > 0:
            return "dear" if self.gain.high < 0 else "works"
        if (shown > 0).any():
            return "aim"
        return "small" if self.share.high < self.campaign.worthwhile else "wide"

    @property
    def decision(self) -> str:
        """What to do: repeat, change, stop, or not_enough (data)."""
        return DECISIONS[self.reason]

    @property
    def needed(self) -> dict[str, int] | None:
        """The customers that the smallest worthwhile lift would need, at the rate of those held out (None if no such
        lift is possible)."""
        base = self.share.held_out
        if isnan(base) or base + self.campaign.worthwhile > 1:
            return None
        return self.campaign.needed(base)

    def describe(self, lang: str = "zh") -> str:
        """The verdict in words: the decision, the comparison, effects with intervals, cost, warnings, methods."""
        from crmlab.track.say import say

        return say(self, lang)

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


SHARE_COLUMNS = ("treated_share", "held_out_share", "extra_share", "extra_low_share", "extra_high_share")
MONEY_COLUMNS = ("treated_money", "held_out_money", "extra_money", "extra_low_money", "extra_high_money")
DECISIONS = {
    **{"works": "repeat", "aim": "change", "dear": "change", "harmed": "change"},
    **{"small": "stop", "few": "not_enough", "wide": "not_enough"},
}


def judge(
    campaign: Campaign,
    orders: Any,
    *,
    cost_per_contact: int = 0,
    as_of: dt.date | None = None,
    log: "pd.DataFrame | None" = None,
    others: tuple[Campaign, ...] = (),
    currency: str = "CNY",
    **columns: Any,
) -> Verdict:
    """Compare the treated with those held out, as they were drawn, on the orders of the campaign's days.

    `orders` is what `aftermath` gave, or order lines with their `columns` (see `in_its_days`, which tells of `as_of`
    too; `outcomes` tells of `log`). `cost_per_contact` is in minor units. `others` are campaigns whose customers may
    overlap.

    >>> import pandas as pd
    >>> group = pd.DataFrame({"customer_id": [f"C{number:03}" for number in range(200)], "type": 4})
    >>> campaign = Campaign("recall", group=group, message="coupon", starts_on="2026-06-18", holdout=0.5)
    >>> bought = [*campaign.treated["customer_id"][:60], *campaign.held_out["customer_id"][:20]]
    >>> orders = pd.DataFrame({"customer_id": bought, "order_date": pd.Timestamp("2026-06-20"), "amount": 30.0})
    >>> found = campaign.verdict(orders.assign(order_id=orders.index.astype("str")), cost_per_contact=50)
    >>> found.decision, round(found.share.estimate, 2), round(found.share.low, 2), round(found.share.high, 2)
    ('repeat', 0.4, 0.27, 0.51)
    """
    if isinstance(cost_per_contact, bool) or not isinstance(cost_per_contact, int) or cost_per_contact < 0:
        raise ParameterError("track_cost", value=repr(cost_per_contact))
    simulated = getattr(orders, "simulated", False)
    if simulated:
        columns, currency, orders = orders.columns | columns, orders.currency, orders.orders
    typed = in_its_days(campaign, orders, as_of=as_of, currency=currency, **columns)
    found = outcomes(campaign, typed, log=log)
    strata = _rows(found)
    strata = strata[strata["stratum"].isin(campaign.strata.loc[campaign.strata["compared"], "stratum"])]
    treated = found["arm"] == "treated"
    leaked = found[~treated & found["contacted"]][[campaign.customer, "stratum"]]
    return Verdict(
        campaign=campaign,
        outcomes=found,
        share=share_effect(strata),
        money=money_effect(strata),
        last_order=last_order_day(typed),
        cost=cost_per_contact * int((treated & found["contacted"]).sum()),
        cost_per_contact=cost_per_contact,
        currency=currency,
        contaminated=leaked.reset_index(drop=True),
        overlapping=overlaps(campaign, *others),
        simulated=simulated,
    )


def last_order_day(typed: "RFM") -> dt.date:
    """The day of the last order in the window."""
    (found,) = rows(typed.purchases().select(nw.col("day").max()))
    return found["day"].date() if isinstance(found["day"], dt.datetime) else found["day"]


def _rows(outcomes: "pd.DataFrame") -> "pd.DataFrame":
    """One row per stratum: stratum, and for each arm its customers, how many bought, mean and variance of money."""
    parts = outcomes.groupby(["stratum", "arm"]).agg(
        size=("bought", "size"), bought=("bought", "sum"), mean=("money", "mean"), variance=("money", "var")
    )
    wide = parts.unstack()
    table = wide["size"].reindex(columns=list(ARMS)).fillna(0).astype("int64")
    table.columns = list(ARMS)
    for arm in ARMS:
        for part in ("bought", "mean", "variance"):
            there = arm in wide[part]
            table[f"{arm}_{part}"] = wide[part][arm] if there else 0
        table[f"{arm}_bought"] = table[f"{arm}_bought"].fillna(0).astype("int64")
    return in_order(table.reset_index())


def _told(effect: Effect) -> tuple[float, ...]:
    return effect.treated, effect.held_out, effect.estimate, effect.low, effect.high


def _with_whole(whole: dict[str, Any], table: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    return pd.concat([pd.DataFrame([whole]), table], ignore_index=True)
