"""What a period rests on: its days, what the data lack of it, and what is known with hindsight only."""

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.frames import rows
from crmlab.words import word

if TYPE_CHECKING:
    from crmlab.rfm import RFM
    from crmlab.rfm.settings import Settings


def first_order_day(result: "RFM") -> dt.date:
    """The day of the first order in the data, inside the window or before it."""
    (found,) = rows(result.orders.select(nw.col("day").min()))
    return found["day"].date() if isinstance(found["day"], dt.datetime) else found["day"]


def days_without_data(settings: "Settings", first: dt.date) -> int:
    """How many days at the start of the window lie before the first order in the data."""
    return max(0, (first - settings.first_day).days) if settings.first_day else 0


def days_between(earlier: "Settings", later: "Settings", first: dt.date) -> int:
    """Days between two periods: 0 where one follows the other, less than 0 where they overlap by so many days.

    Without a window a period begins with the first order in the data. The later period ends no earlier.
    """
    starts = [settings.first_day or min(first, settings.as_of) for settings in (earlier, later)]
    return (max(starts) - earlier.as_of).days - 1


def hindsight(result: "RFM") -> tuple[str, ...]:
    """What a result for an earlier day knows that nobody knew on that day: later states, refunds without a date."""
    names = result.lent.names
    undated = "refund" in names and "refund_day" not in names and result.settings.refunds != "ignore"
    return tuple(key for key, there in (("states", "state" in names), ("refunds", undated)) if there)


def period_words(settings: "Settings", lang: str) -> str:
    """The days of a period as people read them."""
    if not settings.window:
        return word("movement.all_until", lang, last=settings.as_of)
    return word("movement.period", lang, first=settings.first_day, last=settings.as_of, days=settings.window)


def notes(periods: Iterable["Settings"], first: dt.date, known: tuple[str, ...], lang: str) -> list[str]:
    """What the reader should know of the periods before trusting a comparison: missing days, hindsight."""
    short = [
        word("movement.short", lang, period=period_words(settings, lang), days=days_without_data(settings, first),
             first=first)
        for settings in periods if days_without_data(settings, first)
    ]  # fmt: skip
    return short + [word(f"movement.hindsight_{key}", lang) for key in known]
