"""What customers would do in the days of a campaign, with an effect that is planted: a simulation that says so."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlab.errors import ParameterError
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    from crmlab.data import Shop
    from crmlab.rfm import RFM
    from crmlab.track import Campaign

STREAM = 2_606
"""Sets these draws apart from those of the world with the same seed."""
LOWEST, HIGHEST = 0.02, 0.9
HALF_LIFE = 120
"""Days of silence that halve a customer's chance to come back."""
AGAIN = 0.5
"""Further orders of a buyer, as a share of the usual number."""
SPREAD = 0.4
"""Standard deviation of the logarithm of an order, around the customer's average order."""


@dataclass(frozen=True, repr=False)
class Aftermath:
    """Simulated orders of the days of a campaign. Nobody has placed them.

    Attributes
    ----------
    orders : pandas frame
        Order lines with the columns that the shop's own have for `type_customers`, one line per order.
    columns : dict
        Those columns, as keywords for `type_customers`.
    currency : str
    planted : pandas frame
        The truth by stratum: stratum, customers, base_share (who would buy without the campaign, expected) and
        planted_share (what the campaign adds to the share of its treated customers, expected). The row "all" weights
        the strata by their customers.
    """

    orders: pd.DataFrame
    columns: Mapping[str, str]
    currency: str
    planted: pd.DataFrame
    simulated: bool = True

    def describe(self, lang: str = "zh") -> str:
        """That it is simulated, how many orders there are, and how much was planted."""
        whole = self.planted.iloc[0]
        return word("track.aftermath", lang, orders=len(self.orders), base=whole["base_share"],
                    planted=100 * whole["planted_share"])  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def aftermath(
    shop: "Shop",
    result: "RFM",
    campaign: "Campaign",
    *,
    effect: Mapping[Any, float] | float,
    coupon: int = 0,
    contacted: Collection[Any] | None = None,
    seed: int = 618,
) -> Aftermath:
    """Simulate the orders of all customers of `result` in the days of `campaign`.

    A customer's chance to buy rises with the usual number of orders in so many days and halves with every 120 days of
    silence. `effect` is added to it for treated customers whom the message reached: one number, or one by value of
    `campaign.by` (0 for a value that is not named), in shares: 0.05 is five points. `coupon` (minor units) comes off
    their first order. `contacted` names whom the message reached; without it all who are treated.

    The same customer has the same luck with any campaign of the same `seed`, treated or not, whatever the order of
    rows; so the effect alone makes the difference. Raises ParameterError for an effect of a value that the group does
    not have, or outside −1 to 1.
    """
    rng = np.random.default_rng([STREAM, seed])
    people = result.customers
    size, key = len(people), result.customer_column
    usual = people["frequency"].to_numpy() * campaign.days / _days_known(result)
    silent = people["recency_days"].to_numpy()
    chance = LOWEST + (HIGHEST - LOWEST) * -np.expm1(-usual) * 0.5 ** (silent / HALF_LIFE)
    luck, spread = rng.random(size), rng.lognormal(-(SPREAD**2) / 2, SPREAD, (size, 6))
    further, day = np.minimum(rng.poisson(AGAIN * usual), 5), rng.integers(campaign.days, size=(size, 6))

    drawn = people[[key]].merge(
        campaign.customers.assign(extra=_extra(campaign, effect)), left_on=key, right_on=campaign.customer, how="left"
    )
    extra = np.clip(chance + drawn["extra"].fillna(0).to_numpy(), 0, 1) - chance
    reached = (drawn["arm"] == "treated").to_numpy()
    if contacted is not None:
        reached = reached & people[key].isin(list(contacted)).to_numpy()
    bought = luck < chance + extra * reached

    orders = np.where(bought, 1 + further, 0)
    buyer, number = np.repeat(np.arange(size), orders), _count_up(orders)
    average = people["monetary"] / people["frequency"].where(people["frequency"] > 0)
    average = average.fillna(average.mean()).clip(lower=1).to_numpy()
    money = np.maximum(np.rint(average[buyer] * spread[buyer, number]), 1).astype("int64")
    money = np.where((number == 0) & reached[buyer], np.maximum(money - coupon, 0), money)
    lines = {
        "customer": people[key].to_numpy()[buyer],
        "order": [f"{campaign.name}-{place + 1}" for place in range(len(buyer))],
        "date": _dates(campaign.starts_on, day[buyer, number], shop.columns.get("time_zone")),
        "amount": money / result.settings.scale,
        "state": "paid",
        "refund": np.nan,
        "refund_date": pd.Series(pd.NaT, range(len(buyer)), dtype="datetime64[us]"),
    }
    named = {column: lines[role] for role, column in shop.columns.items() if role in lines}
    planted = _planted(drawn.assign(chance=chance, extra=extra, reached=reached))
    return Aftermath(pd.DataFrame(named), shop.columns, shop.currency, planted)


def _days_known(result: "RFM") -> int:
    if result.settings.window:
        return result.settings.window
    return int(result.customers["recency_days"].max()) + 1


def _extra(campaign: "Campaign", effect: Mapping[Any, float] | float) -> "pd.Series":
    """The planted effect of each customer of the campaign."""
    values = campaign.group[campaign.by]
    if not isinstance(effect, Mapping):
        effect = dict.fromkeys(values.unique(), effect)
    if unknown := set(effect) - set(values):
        raise ParameterError("track_effect_value", values=", ".join(map(str, unknown)), column=campaign.by)
    if wrong := [value for value in effect.values() if not -1 <= value <= 1]:
        raise ParameterError("track_effect_share", value=wrong[0])
    return values.map(effect).fillna(0).astype("float64")


def _count_up(sizes: np.ndarray) -> np.ndarray:
    """0, 1, … within each of `sizes`.

    >>> _count_up(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    starts = np.repeat(sizes.cumsum() - sizes, sizes)
    return np.arange(sizes.sum()) - starts


def _dates(first: dt.date, days: np.ndarray, zone: str | None) -> "pd.Series":
    dates = pd.Series(pd.Timestamp(first) + pd.to_timedelta(days, unit="D")).astype("datetime64[us]")
    return dates.dt.tz_localize(zone).dt.tz_convert("UTC") if zone else dates


def _planted(drawn: "pd.DataFrame") -> "pd.DataFrame":
    """What is expected by stratum; the effect as thin as the message that did not reach everybody makes it."""
    inside = drawn.dropna(subset=["stratum"])
    groups = inside.groupby("stratum")
    reached = inside[inside["arm"] == "treated"].groupby("stratum")["reached"].mean()
    table = groups.agg(customers=("chance", "size"), base_share=("chance", "mean"), planted_share=("extra", "mean"))
    table["planted_share"] *= reached.reindex(table.index).fillna(0)
    weights = table["customers"] / table["customers"].sum()
    whole = {"stratum": "all", "customers": int(table["customers"].sum())}
    whole |= {column: float(weights @ table[column]) for column in ("base_share", "planted_share")}
    return pd.concat([pd.DataFrame([whole]), table.reset_index()], ignore_index=True)
