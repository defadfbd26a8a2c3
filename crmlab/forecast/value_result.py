"""What came out of estimating lifetime values, with what it assumes and how it did where the truth is known."""

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmlab.forecast import buying, spending
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

BANDS = (0, 1, 2, 3, 5, 10, 20, 50)
"""Where the rows of the check begin, by number of earlier purchases."""
STRONG = 0.2
"""From this correlation on, how often and how much are not taken for independent."""


@dataclass(frozen=True, repr=False)
class LifetimeValue:
    """Expected purchases and money of each customer over the next `days` days.

    Attributes
    ----------
    table : pandas frame
        One row per customer of the result: its customer column, repeat_purchases (days with an order after the first
        one), p_alive (probability to be still active), expected_purchases, expected_spend (minor units per purchase),
        value (minor units: net sales of the expected purchases, discounted).
    buying, spending : Buying, Spending
        The fitted models; time in weeks, money in units of the currency.
    people : int
        Customers who ever bought. The models rest on `buying.customers` of them, a sample where they are many.
    not_paying : int
        Customers whose purchases add up to nothing after refunds; no part of the spending model.
    correlation : float
        Spearman's, between repeat purchases and money per purchase; the models assume none.
    checked_from, check
        The check: the day until which orders were known, and per customer earlier (repeat purchases until then),
        predicted, own_rate (as many as at the customer's own rate so far) and observed purchases after it. Empty where
        the history is too short.
    """

    table: "pd.DataFrame" = field(compare=False)
    days: int
    discount_rate: float
    buying: buying.Buying
    spending: spending.Spending
    people: int
    not_paying: int
    correlation: float
    checked_from: dt.date
    check: "pd.DataFrame" = field(compare=False)
    result: "RFM" = field(compare=False)

    @property
    def parameters(self) -> "pd.DataFrame":
        """The fitted parameters: model ("bg_nbd" or "gamma_gamma"), parameter, estimate."""
        import pandas as pd

        fitted = {"bg_nbd": (self.buying, buying.NAMES), "gamma_gamma": (self.spending, spending.NAMES)}
        return pd.DataFrame(
            {"model": code, "parameter": name, "estimate": getattr(model, name)}
            for code, (model, names) in fitted.items()
            for name in names
        )

    def holdout(self) -> "pd.DataFrame":
        """The check by number of earlier purchases.

        Columns: earlier (such as "0" or "3–4"), customers, predicted and observed (mean purchases per customer), low
        and high (95 % interval of the observed mean, Student's), own_rate.
        """
        from numpy import searchsorted
        from scipy.stats import t

        band = searchsorted(BANDS, self.check["earlier"].to_numpy("int64"), side="right") - 1
        table = self.check.assign(band=band).groupby("band", as_index=False).agg(
            customers=("observed", "size"),
            predicted=("predicted", "mean"),
            observed=("observed", "mean"),
            error=("observed", "sem"),
            own_rate=("own_rate", "mean"),
        )  # fmt: skip
        half = t.ppf(0.975, (table["customers"] - 1).clip(lower=1)) * table.pop("error")
        ends = {"low": (table["observed"] - half).clip(lower=0), "high": table["observed"] + half}
        earlier = [_band(place) for place in table["band"]]
        return table.assign(**ends, earlier=earlier)[
            ["earlier", "customers", "predicted", "observed", "low", "high", "own_rate"]
        ]

    def errors(self) -> dict[str, float]:
        """Mean absolute error of the check in purchases per customer: of the model ("bg_nbd") and of "own_rate"."""
        apart = {"bg_nbd": "predicted", "own_rate": "own_rate"}
        return {
            name: float((self.check[column] - self.check["observed"]).abs().mean()) for name, column in apart.items()
        }

    def describe(self, lang: str = "zh") -> str:
        """What was estimated, what it assumes, whether that holds, and how the check came out, a line each."""
        told = [
            word(
                "forecast.value", lang, customers=len(self.table), days=self.days, as_of=self.result.settings.as_of,
                rate=self.discount_rate, fitted=self.buying.customers, paying=self.spending.customers,
            ),
            word("forecast.value_assumes", lang),
            word("forecast.value_once", lang, once=int((self.table["repeat_purchases"] == 0).sum())),
        ]  # fmt: skip
        related = "related" if abs(self.correlation) >= STRONG else "unrelated"
        told.append(word(f"forecast.value_{related}", lang, correlation=self.correlation, n=self.spending.customers))
        if self.people > self.buying.customers:
            told.append(word("forecast.sample", lang, used=self.buying.customers, customers=self.people))
        if self.not_paying:
            told.append(word("forecast.value_not_paying", lang, customers=self.not_paying))
        if edge := (*self.buying.edge, *self.spending.edge):
            told.append(word("forecast.value_edge", lang, names=", ".join(edge)))
        return "\n".join([*told, self._checked(lang)])

    def _checked(self, lang: str) -> str:
        if self.check.empty:
            return word("forecast.value_unchecked", lang, day=self.checked_from)
        errors = self.errors()
        predicted, observed = self.check["predicted"].sum(), int(self.check["observed"].sum())
        better = "better" if errors["bg_nbd"] < errors["own_rate"] else "not_better"
        return word(
            "forecast.value_checked", lang, day=self.checked_from, customers=len(self.check),
            predicted=predicted, observed=observed, off=predicted / observed - 1 if observed else float("nan"),
            ahead=(self.result.settings.as_of - self.checked_from).days, error=errors["bg_nbd"],
            own=errors["own_rate"], verdict=word(f"forecast.value_{better}", lang),
        )  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def _band(place: int) -> str:
    """
    >>> [_band(place) for place in (0, 3, 7)]
    ['0', '3–4', '50+']
    """
    if place == len(BANDS) - 1:
        return f"{BANDS[place]}+"
    low, high = BANDS[place], BANDS[place + 1] - 1
    return str(low) if low == high else f"{low}–{high}"
