"""The numbers a shop steers by, each defined once: satisfaction, loyalty, growth, and the service behind them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from crmlab.collect.behaviour import on_time, reply_times, resolution
from crmlab.collect.completeness import SMALLEST
from crmlab.collect.consent import with_consent
from crmlab.errors import ParameterError
from crmlab.money import format_money
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.data import Shop

UNKNOWN = (float("nan"), 0)


@dataclass(frozen=True)
class Period:
    """What a shop's customers did in the last `window` days, the reference date included (None: in all of history).

    Orders of customers who agreed to analysis, answers of those who agreed to surveys.
    """

    shop: "Shop"
    window: int | None

    @cached_property
    def customers(self) -> "pd.DataFrame":
        """One row per customer with a valid order: frequency (orders) and monetary (net, minor units)."""
        from crmlab.rfm import type_customers

        shop = self.shop
        found = type_customers(
            shop.orders, as_of=shop.as_of, window=self.window, currency=shop.currency, **shop.columns
        )
        return found.table

    def rows(self, table: str, time: str, *, purpose: str = "") -> "pd.DataFrame":
        """The rows of a table whose `time` lies in the period, of customers who agreed to `purpose`."""
        import pandas as pd

        rows = self.shop.table(table)
        if purpose and self.shop.has("consents"):
            rows = with_consent(rows, self.shop.table("consents"), purpose=purpose, on=self.shop.as_of).kept
        end = pd.Timestamp(self.shop.as_of + timedelta(days=1))
        since = end - pd.Timedelta(days=self.window) if self.window else pd.Timestamp.min
        return rows[(rows[time] >= since) & (rows[time] < end)]


def _csat(period: Period) -> tuple[float, int]:
    from crmlab.survey.satisfaction import csat

    answers = period.rows("satisfaction_answers", "submitted_at", purpose="survey")["csat"].dropna()
    return (csat(answers).estimate, len(answers)) if len(answers) else UNKNOWN


def _repeat_rate(period: Period) -> tuple[float, int]:
    return float((period.customers["frequency"] >= 2).mean()), len(period.customers)


def _net_revenue(period: Period) -> tuple[float, int]:
    return float(period.customers["monetary"].sum()), len(period.customers)


def _orders_per_customer(period: Period) -> tuple[float, int]:
    return float(period.customers["frequency"].mean()), len(period.customers)


def _spend_per_customer(period: Period) -> tuple[float, int]:
    return float(period.customers["monetary"].mean()), len(period.customers)


def _on_time_rate(period: Period) -> tuple[float, int]:
    sent = period.rows("deliveries", "shipped_on")
    if sent.empty:
        return UNKNOWN
    found = on_time(sent[sent["order_id"].isin(period.shop.orders["order_id"])], on=period.shop.as_of)
    return float(found["on_time_share"].item()), int(found["delivered"].item())


def _resolution_rate(period: Period) -> tuple[float, int]:
    found = resolution(period.rows("service_records", "opened_at", purpose="analysis").assign(kind="all"))
    return (float(found["resolved_share"].item()), int(found["closed"].item())) if len(found) else UNKNOWN


def _reply_minutes(period: Period) -> tuple[float, int]:
    found = reply_times(period.rows("service_records", "opened_at", purpose="analysis").assign(channel="all"))
    return (float(found["median_minutes"].item()), int(found["records"].item())) if len(found) else UNKNOWN


@dataclass(frozen=True)
class Metric:
    """One number: its unit (share, money in minor units, orders or minutes) and the one function that measures it,
    which gives the value and how many answers, customers, orders or records it rests on. Its name and its formula in
    words stand in words.csv under metric.<name> and metric.formula.<name>."""

    unit: str
    measure: Callable[[Period], tuple[float, int]]


METRICS = {
    "csat": Metric("share", _csat),
    "repeat_rate": Metric("share", _repeat_rate),
    "net_revenue": Metric("money", _net_revenue),
    "orders_per_customer": Metric("orders", _orders_per_customer),
    "spend_per_customer": Metric("money", _spend_per_customer),
    "on_time_rate": Metric("share", _on_time_rate),
    "resolution_rate": Metric("share", _resolution_rate),
    "reply_minutes": Metric("minutes", _reply_minutes),
}
"""Satisfaction, loyalty and growth first; then what a customer buys, and the service."""


def metrics(shop: "Shop", window: int | None = None) -> "pd.DataFrame":
    """Every metric over the last `window` days up to the reference date: metric, value, unit, n.

    Money is in minor units. A value is missing where the source has no such data and where it rests on fewer than
    five. Raises ParameterError for a window below 1, DataError when there is no valid order in it.

    >>> from crmlab import check_settings, open_data
    >>> found = metrics(open_data(check_settings(data="teaching")), 365)
    >>> found["metric"].tolist()[:3], found["unit"].tolist()[:3]
    (['csat', 'repeat_rate', 'net_revenue'], ['share', 'share', 'money'])
    """
    import pandas as pd

    if window is not None and window < 1:
        raise ParameterError("window", value=window)
    period = Period(shop, window)
    rows = [(name, *metric.measure(period), metric.unit) for name, metric in METRICS.items()]
    table = pd.DataFrame(rows, columns=["metric", "value", "n", "unit"])
    return table.assign(value=table["value"].where(table["n"] >= SMALLEST))[["metric", "value", "unit", "n"]]


def metric_sheet(found: "pd.DataFrame", lang: str = "zh", *, currency: str = "CNY") -> "pd.DataFrame":
    """What `metrics` found as people read it: metric, result (with its unit), n, formula in words.

    >>> import pandas as pd
    >>> found = pd.DataFrame({"metric": ["repeat_rate"], "value": [0.25], "unit": ["share"], "n": [80]})
    >>> metric_sheet(found, "en")["result"].tolist()
    ['25.0%']
    """
    import pandas as pd

    rows = [
        (
            word(f"metric.{row.metric}", lang),
            _shown(row, lang, currency),
            row.n,
            word(f"metric.formula.{row.metric}", lang),
        )
        for row in found.itertuples()
    ]
    return pd.DataFrame(rows, columns=["metric", "result", "n", "formula"])


def _shown(row: "pd.Series", lang: str, currency: str) -> str:
    if row.value != row.value:
        return word("metric.unknown", lang)
    if row.unit == "money":
        return format_money(round(row.value), currency, lang)
    if row.unit == "share":
        return f"{row.value:.1%}"
    return word(f"metric.unit.{row.unit}", lang, value=row.value)
