"""Who may be told of a new product in a category: interested, by what they bought or viewed, and agreed."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crmlab.collect.consent import with_consent
from crmlab.columns import demand_columns
from crmlab.errors import DataError, ParameterError
from crmlab.rfm.orders import VALID_STATES
from crmlab.show.table import code_word
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

VIEW = ("event_id", "customer_id", "event", "event_time", "product_id")
PURPOSES = ("marketing", "profiling")
"""The news is marketing, and what somebody bought and viewed decides who gets it."""


@dataclass(frozen=True, repr=False)
class InterestList:
    """Interested = kept + listed.

    `kept` and `listed` have customer_id, orders and last_bought_on, views and last_viewed_on (in the category and the
    window), interest (bought, viewed, both), and evidence (the last order and the last view). `listed` names the
    purpose that is lacking, and the reason (none: never agreed, withdrawn). `viewed` says whether there were views.
    """

    category: str
    kept: "pd.DataFrame"
    listed: "pd.DataFrame"
    viewed: bool

    def describe(self, lang: str = "zh") -> str:
        """How many are interested in the category, and how many of them may be told."""
        kept, listed = len(self.kept), len(self.listed)
        category = code_word("category", self.category, lang)
        told = word("care.interest", lang, category=category, all=kept + listed, kept=kept, listed=listed)
        return told if self.viewed else told + word("care.interest_no_views", lang)

    def __repr__(self) -> str:
        return "\n".join(map(self.describe, LANGUAGES))


def interest_list(
    category: str,
    *,
    lines: "pd.DataFrame",
    events: "pd.DataFrame",
    products: "pd.DataFrame",
    consents: "pd.DataFrame",
    on: date,
    window: int = 180,
) -> InterestList:
    """Customers who bought or viewed a category in the last `window` days, the day included, and agreed to be told.

    `lines` are order lines with customer_id, order_id, order_date, category and maybe state (`shop.orders`); the other
    frames are tables of the house. Only customers who agreed to marketing and to profiling are kept. Raises DataError
    where a column is missing or nothing is of this category, ParameterError for a window below 1.

    >>> import pandas as pd
    >>> day = pd.Timestamp("2026-06-01")
    >>> line = {"customer_id": ["a", "b"], "order_id": ["1", "2"], "order_date": day, "category": "tea"}
    >>> given = {"customer_id": ["a", "a", "b"], "purpose": ["marketing", "profiling", "marketing"]}
    >>> consents = pd.DataFrame(given).assign(given_on=day, withdrawn_on=pd.NaT)
    >>> events = pd.DataFrame(columns=["event_id", "customer_id", "event", "event_time", "product_id"])
    >>> products = pd.DataFrame({"product_id": ["p"], "category": ["tea"]})
    >>> found = interest_list("tea", lines=pd.DataFrame(line), events=events, products=products, consents=consents,
    ...                       on=date(2026, 6, 17))
    >>> found.kept[["customer_id", "evidence"]].values.tolist(), found.listed["reason"].tolist()
    ([['a', 'orders.order_id 1']], ['none'])
    """
    import pandas as pd

    if window < 1:
        raise ParameterError("window", value=window)
    if "category" not in lines:
        raise DataError("care_no_category")
    demand_columns({name: name for name in VIEW}, events.columns)
    end = pd.Timestamp(on) + pd.Timedelta(days=1)
    since = end - pd.Timedelta(days=window)
    known = {*lines["category"].dropna(), *products["category"].dropna()}
    if category not in known:
        raise DataError("care_unknown_category", category=category, there=", ".join(sorted(known)))
    days = lines["order_date"].dt.tz_localize(None)
    bought = lines[(lines["category"] == category) & (days >= since) & (days < end)]
    bought = bought[bought["state"].isin(VALID_STATES)] if "state" in bought else bought
    goods = products.loc[products["category"] == category, "product_id"]
    seen = events[(events["event"] == "view") & events["product_id"].isin(goods) & events["customer_id"].notna()]
    seen = seen[(seen["event_time"] >= since) & (seen["event_time"] < end)]
    parts = [
        _last(bought, "order_id", "order_date", "orders", "last_bought_on"),
        _last(seen, "event_id", "event_time", "views", "last_viewed_on"),
    ]
    both = parts[0].merge(parts[1], on="customer_id", how="outer").sort_values("customer_id", ignore_index=True)
    both = both.astype({"orders": "Int64", "views": "Int64"}).fillna({"orders": 0, "views": 0})
    interest = (both["orders"] > 0).map({True: "bought", False: "viewed"})
    both["interest"] = interest.mask((both["orders"] > 0) & (both["views"] > 0), "both")
    orders, views = ("orders.order_id " + both["order_id"]), ("events.event_id " + both["event_id"])
    both["evidence"] = orders.str.cat(views, sep="; ").fillna(orders).fillna(views)
    both = both.drop(columns=["order_id", "event_id"])
    kept, refused = both, []
    for purpose in PURPOSES:
        found = with_consent(kept, consents, purpose=purpose, on=on)
        kept = found.kept
        refused.append(found.refused.assign(purpose=purpose))
    return InterestList(category, kept, pd.concat(refused, ignore_index=True), not events.empty)


def _last(rows: "pd.DataFrame", number: str, time: str, count: str, last: str) -> "pd.DataFrame":
    """Per customer: how many different numbers, the last one, and its day."""
    rows = rows.drop_duplicates(["customer_id", number]).sort_values([time, number])
    per = rows.groupby("customer_id").agg(**{count: (number, "size"), number: (number, "last"), last: (time, "last")})
    return per.astype({last: "datetime64[us]"}).assign(**{last: lambda part: part[last].dt.normalize()}).reset_index()
