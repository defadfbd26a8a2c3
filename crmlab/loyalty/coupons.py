"""Coupons within a budget: one for each customer, codes that say nothing and cannot be guessed, redeemed once."""

import base64
import datetime as dt
import hmac
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING

from crmlab.collect.pseudonym import Key
from crmlab.columns import demand_columns
from crmlab.errors import DataError, ParameterError
from crmlab.money import format_money
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

CODE_BYTES = 10
"""80 bits: a million tries a second for a year find one of a million coupons with a chance of about 3 in 100,000."""
ISSUED = ("code", "campaign_id", "customer_id", "face_value", "minimum_order", "issued_on", "expires_on")
COSTS = ("on", "code", "order_id", "outcome", "cost")
OUTCOMES = ("redeemed", "unknown", "early", "expired", "used", "other_customer", "below_minimum")


@dataclass(frozen=True)
class CouponCampaign:
    """What a coupon is worth and how much all of them may cost at most; money in minor units.

    An order of at least `minimum_order` is `face_value` cheaper. Coupons hold from the day of issue until the day
    before `expires_on`. Raises ParameterError for numbers that are not whole, a value below 1 or above the minimum
    order, or a budget below 0.
    """

    campaign_id: str
    face_value: int
    minimum_order: int
    budget: int
    expires_on: dt.date
    currency: str = "CNY"

    def __post_init__(self) -> None:
        numbers = (self.face_value, self.minimum_order, self.budget)
        if not all(type(number) is int for number in numbers) or not (
            1 <= self.face_value <= self.minimum_order and self.budget >= 0
        ):
            raise ParameterError("loyalty_campaign", values=", ".join(map(str, numbers)))


@dataclass(frozen=True, repr=False)
class Coupons:
    """The coupons of a campaign, who got none, and what was redeemed.

    Attributes
    ----------
    issued : pandas frame
        One row per coupon, by customer: code, campaign_id, customer_id, face_value, minimum_order, issued_on,
        expires_on. It is for the till and the outbox; codes are worth money and are not shown in a notebook.
    listed : pandas frame
        Customers of the last run who got none: customer_id, reason ("already" has one, "budget", "expired" campaign).
    log : pandas frame
        The cost ledger, one row per attempt to redeem: on, code, order_id, outcome ("redeemed", or why not), cost.
    """

    campaign: CouponCampaign
    issued: "pd.DataFrame"
    listed: "pd.DataFrame"
    log: "pd.DataFrame"

    @property
    def at_most(self) -> int:
        """What it costs in minor units if every coupon is redeemed; never above the budget."""
        return len(self.issued) * self.campaign.face_value

    @property
    def cost(self) -> int:
        """What the redeemed coupons have cost so far, in minor units."""
        return int(self.log["cost"].sum())

    def redeem(self, code: str, *, order: str, customer: str, money: int, on: dt.date) -> "Redemption":
        """Whether a coupon is taken for an order of so much money (minor units), and the coupons after it.

        It is taken once, between its days, by the customer who got it, for an order of the minimum or more. The same
        coupon for the same order again changes nothing. A code may be written in small letters and with hyphens.
        Raises DataError for an order without a number, or for money that is no whole number.
        """
        import pandas as pd

        order, customer = str(order).strip(), str(customer)
        if not order:
            raise DataError("loyalty_no_order")
        if not isinstance(money, Integral):
            raise DataError("loyalty_money", kind=type(money).__name__)
        code = code.strip().upper().replace("-", "")
        taken = self.log[(self.log["outcome"] == "redeemed") & (self.log["code"] == code)]
        if (taken["order_id"] == order).any():
            return Redemption(True, "redeemed", self)
        outcome = self._judge(code, customer, money, on, used=len(taken) > 0)
        cost = self.campaign.face_value if outcome == "redeemed" else 0
        row = pd.DataFrame([(pd.Timestamp(on), code, order, outcome, cost)], columns=COSTS).astype(_types(COSTS))
        log = pd.concat([self.log, row], ignore_index=True)
        return Redemption(bool(cost), outcome, Coupons(self.campaign, self.issued, self.listed, log))

    def _judge(self, code: str, customer: str, money: int, on: dt.date, *, used: bool) -> str:
        import pandas as pd

        own = self.issued[self.issued["code"] == code]
        if own.empty:
            return "unknown"
        (coupon,) = own.to_dict("records")
        tests = {
            "other_customer": coupon["customer_id"] != customer,
            "early": pd.Timestamp(on) < coupon["issued_on"],
            "expired": pd.Timestamp(on) >= coupon["expires_on"],
            "used": used,
            "below_minimum": money < coupon["minimum_order"],
        }
        return next((name for name, refused in tests.items() if refused), "redeemed")

    def describe(self, lang: str = "zh") -> str:
        """Customers in = issued in this run + listed, the most that it can cost beside the budget, and the cost so
        far."""
        sums = {"budget": self.campaign.budget, "most": self.at_most, "cost": self.cost}
        money = {name: format_money(value, self.campaign.currency, lang) for name, value in sums.items()}
        reasons = self.listed["reason"].value_counts()
        listed = word("list.comma", lang).join(
            word("loyalty.counted", lang, what=word(f"loyalty.reason.{reason}", lang), count=count)
            for reason, count in sorted(reasons.items())
        )
        redeemed = int((self.log["outcome"] == "redeemed").sum())
        said = word("loyalty.coupons", lang, issued=len(self.issued), redeemed=redeemed, **money)
        return "\n".join([said, word("loyalty.coupons_listed", lang, listed=listed)] if listed else [said])

    def __repr__(self) -> str:
        return f"{self.describe('zh')}\n{self.describe('en')}"


@dataclass(frozen=True)
class Redemption:
    """Whether a coupon was taken, why not, and the coupons with this attempt in their log."""

    accepted: bool
    outcome: str
    coupons: Coupons = field(repr=False)


def issue_coupons(
    customers: "pd.DataFrame",
    campaign: CouponCampaign,
    *,
    key: Key | None,
    on: dt.date,
    by: str | None = None,
    earlier: Coupons | None = None,
    customer: str = "customer_id",
) -> Coupons:
    """Coupons for customers, one for each, as many as the budget allows if all of them are redeemed.

    Parameters
    ----------
    customers : pandas frame
        One row per customer; of rows that repeat a customer the first counts and the others are listed.
    key : Key or None
        The secret that codes are made with (HMAC-SHA256); None, as `shop.key` of data without a key, is refused. The
        key of the teaching shop is public, so its codes are for lessons only; a shop uses a key of its own, which never
        leaves it.
    by : str, optional
        A column of numbers; the largest come first while the budget lasts. Without one, and among equal numbers, the
        order is a draw by the key and the campaign: nobody can choose it, and rows in another order give the same.
    earlier : Coupons, optional
        The coupons of an earlier run: whoever has one gets no second, and all of them count against the budget.

    Customers = issued in this run + listed. A coupon lies in the customer's account and is no message; whether it may
    be announced is for the outbox to decide, by consent. Raises DataError for a missing column, an empty customer or a
    blank in `by`, coupons of another campaign, or no key.

    >>> import pandas as pd
    >>> campaign = CouponCampaign("K10", face_value=2000, minimum_order=10_000, budget=5_000,
    ...     expires_on=dt.date(2026, 7, 1))
    >>> found = issue_coupons(pd.DataFrame({"customer_id": list("abc")}), campaign, key=Key(b"for the doctest"),
    ...     on=dt.date(2026, 6, 17))
    >>> len(found.issued), found.listed["reason"].tolist(), found.at_most
    (2, ['budget'], 4000)
    """
    import pandas as pd

    if key is None:
        raise DataError("loyalty_no_key")
    demand_columns({"customer": customer, **({"by": by} if by else {})}, list(customers.columns))
    if blank := int(customers[[customer, *([by] if by else [])]].isna().any(axis=1).sum()):
        raise DataError("loyalty_blank", columns=", ".join(filter(None, [customer, by])), count=blank)
    if earlier and earlier.campaign != campaign:
        raise DataError("loyalty_other_campaign", campaign=campaign.campaign_id, earlier=earlier.campaign.campaign_id)
    before = earlier.issued if earlier else pd.DataFrame(columns=ISSUED).astype(_types(ISSUED))
    asked = pd.DataFrame({"customer_id": customers[customer].astype("str")})
    asked["code"] = [coupon_code(key, campaign.campaign_id, one) for one in asked["customer_id"]]
    asked["by"] = customers[by].to_numpy() if by else 0
    asked["draw"] = [coupon_code(key, campaign.campaign_id + "\0draw", one) for one in asked["customer_id"]]
    asked = asked.sort_values(["by", "draw"], ascending=[False, True], kind="stable")
    asked["reason"] = ""
    asked.loc[asked["customer_id"].isin(before["customer_id"]) | asked["customer_id"].duplicated(), "reason"] = (
        "already"
    )
    if on >= campaign.expires_on:
        asked.loc[asked["reason"] == "", "reason"] = "expired"
    left = max(0, campaign.budget // campaign.face_value - len(before))
    waiting = asked.index[asked["reason"] == ""]
    asked.loc[waiting[left:], "reason"] = "budget"
    new = asked.loc[asked["reason"] == "", ["code", "customer_id"]].assign(
        campaign_id=campaign.campaign_id,
        face_value=campaign.face_value,
        minimum_order=campaign.minimum_order,
        issued_on=pd.Timestamp(on),
        expires_on=pd.Timestamp(campaign.expires_on),
    )
    issued = pd.concat([before, new[list(ISSUED)].astype(_types(ISSUED))]).sort_values("customer_id", ignore_index=True)
    listed = asked.loc[asked["reason"] != "", ["customer_id", "reason"]].sort_values("customer_id", ignore_index=True)
    log = earlier.log if earlier else pd.DataFrame(columns=COSTS).astype(_types(COSTS))
    return Coupons(campaign, issued, listed, log)


def coupon_code(key: Key, campaign_id: str, customer_id: str) -> str:
    """The code of a customer in a campaign: 16 capital letters and digits 2 to 7 (HMAC-SHA256, cut to 80 bits)."""
    digest = hmac.digest(key.secret, f"coupon\0{campaign_id}\0{customer_id}".encode(), "sha256")
    return base64.b32encode(digest[:CODE_BYTES]).decode("ascii")


def _types(columns: tuple[str, ...]) -> dict[str, str]:
    kinds = {"face_value": "int64", "minimum_order": "int64", "cost": "int64"}
    return {name: "datetime64[us]" if name.endswith("on") else kinds.get(name, "str") for name in columns}
