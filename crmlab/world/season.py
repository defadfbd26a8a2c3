"""The calendar of the world: its days, the shop's campaigns, and how busy each day is.

Days are whole numbers: day 0 is 2024-06-18 and the last one is the reference date.
"""

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

AS_OF = dt.date(2026, 6, 17)
START = dt.date(2024, 6, 18)
LAST_DAY = (AS_OF - START).days
WINDOW_START = LAST_DAY - 364
"""First day of the 365 days that end on the reference date."""
CLOSED = WINDOW_START - 1
"""2025-06-17, the day before that window: the shop was closed, so no order stands on the window's edge."""
TIME_ZONE = "Asia/Shanghai"

CAMPAIGN_COLUMNS = ("campaign_id", "name_zh", "name_en", "starts_on", "ends_on")
CAMPAIGNS = (
    ("K01", "2024 双十一", "Double 11 2024", "2024-10-24", "2024-11-11"),
    ("K02", "2025 年货节", "New Year market 2025", "2025-01-07", "2025-01-22"),
    ("K03", "2025 春茶季", "Spring tea 2025", "2025-03-20", "2025-04-10"),
    ("K04", "2025 年 618", "618 festival 2025", "2025-05-30", "2025-06-20"),
    ("K05", "2025 中秋礼盒", "Autumn gift boxes 2025", "2025-09-15", "2025-10-05"),
    ("K06", "2025 双十一", "Double 11 2025", "2025-10-20", "2025-11-11"),
    ("K07", "2026 年货节", "New Year market 2026", "2026-01-26", "2026-02-08"),
    ("K08", "2026 春茶季", "Spring tea 2026", "2026-03-20", "2026-04-10"),
    ("K09", "2026 年 618 预售", "618 festival 2026 pre-sale", "2026-05-28", "2026-06-17"),
)
PEAKS = {
    "2024-06-18": 4,
    "2024-11-01": 2.5,
    "2024-11-11": 5,
    "2025-06-18": 2.2,
    "2025-11-01": 2.5,
    "2025-11-11": 5,
}
QUIET = (("2025-01-24", "2025-02-05"), ("2026-02-10", "2026-03-03"))
"""Spring Festival: couriers rest."""
WEEKDAYS = np.array([0.95, 0.9, 0.92, 0.96, 1.05, 1.2, 1.16])


def day_of(iso: str) -> int:
    """The day number of an ISO date.

    >>> day_of("2024-06-19")
    1
    """
    return (dt.date.fromisoformat(iso) - START).days


@cache
def date_of(day: int) -> dt.date:
    """The date of a day number; numbers below 0 lie before the history.

    >>> date_of(729) == AS_OF
    True
    """
    return START + dt.timedelta(days=int(day))


@cache
def month_of(day: int) -> str:
    """The calendar month of a day number, as in 2026-05."""
    return date_of(day).isoformat()[:7]


@cache
def campaign_on(day: int) -> str:
    """The id of the campaign that runs on a day, or an empty text."""
    today = date_of(day).isoformat()
    return next((campaign[0] for campaign in CAMPAIGNS if campaign[3] <= today <= campaign[4]), "")


def busyness() -> np.ndarray:
    """How busy each day of the history is, as weights for drawing order days. Shape (730,)."""
    days = np.arange(LAST_DAY + 1)
    weights = WEEKDAYS[(START.weekday() + days) % 7] * (1 + 0.25 * days / LAST_DAY)
    weights *= [1.6 if campaign_on(day) else 1.0 for day in days]
    for iso, factor in PEAKS.items():
        weights[day_of(iso)] *= factor
    for first, last in QUIET:
        weights[day_of(first) : day_of(last) + 1] *= 0.35
    weights[CLOSED] = 0
    return weights


def campaigns_table() -> pd.DataFrame:
    """The campaigns table; it is the same for every seed."""
    return pd.DataFrame(CAMPAIGNS, columns=list(CAMPAIGN_COLUMNS))
