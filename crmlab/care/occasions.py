"""Occasions to get in touch, as data: holidays by the sun and the moon, birthdays, and days after something happened.

Lunar dates come from lunar_python. A festival is kept in the month itself, never in the leap month that repeats it.
"""

import datetime as dt
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from crmlab.errors import DataError, ParameterError
from crmlab.words import LANGUAGES

AFTER = ("birthday", "delivery", "large_order", "last_order", "complaint")
WAYS = ("sms", "email", "phone", "visit")
PURPOSES = ("marketing", "service")
LEAP_DAYS = ("02-28", "03-01")
"""When a birthday on 29 February may be kept in other years."""
NEEDED = {"key": str, "zh": str, "en": str, "purpose": str, "days": int, "ways": list}
WHEN = ("solar", "lunar", "after")


@dataclass(frozen=True)
class Occasion:
    """One occasion. `when` is "solar", "lunar" or one of AFTER; `date` is its month-day or "".

    `days` are added to the date; `at_least` is a decimal amount for large orders; `title` is by language.
    """

    key: str
    title: dict[str, str]
    purpose: str
    when: str
    date: str
    days: int
    ways: tuple[str, ...]
    at_least: str = ""

    @property
    def table(self) -> str:
        """The table of the house that says when it is due; "" for a holiday."""
        tables = {"birthday": "customers", "delivery": "deliveries", "complaint": "service_records"}
        return "" if self.date else tables.get(self.when, "orders")

    def holidays(self, since: dt.date, until: dt.date) -> list[dt.date]:
        """The days from `since` to `until` on which a holiday's task is due, `days` added; none for other occasions.

        >>> eve = {one.key: one for one in read_occasions()}["spring_festival"]
        >>> [str(day) for day in eve.holidays(dt.date(2025, 1, 1), dt.date(2027, 12, 31))]
        ['2025-01-28', '2026-02-16', '2027-02-05']
        """
        if not self.date:
            return []
        on_day = lunar_day if self.when == "lunar" else solar_day
        month, day = map(int, self.date.split("-"))
        shift = dt.timedelta(days=self.days)
        years = range((since - shift).year - 1, (until - shift).year + 1)
        due = [on_day(year, month, day) + shift for year in years]
        return [one for one in due if since <= one <= until]


def solar_day(year: int, month: int, day: int) -> dt.date:
    return dt.date(year, month, day)


def lunar_day(year: int, month: int, day: int) -> dt.date:
    """The day of a date of the lunar year that begins in `year`; the 30th of a month of 29 days is its last day.

    >>> lunar_day(2025, 8, 15), lunar_day(2026, 12, 30)
    (datetime.date(2025, 10, 6), datetime.date(2027, 2, 5))
    """
    from lunar_python import Lunar, LunarMonth

    there = LunarMonth.fromYm(year, month).getDayCount()
    solar = Lunar.fromYmd(year, month, min(day, there)).getSolar()
    return dt.date(solar.getYear(), solar.getMonth(), solar.getDay())


def read_occasions(path: str | Path | None = None, *, only: tuple[str, ...] = ()) -> list[Occasion]:
    """The occasions of a TOML file in their order, those of the house without one; with `only`, those of these keys.

    Raises DataError for a file that cannot be read or says something that cannot be, with the occasion and the field;
    ParameterError for a key that the file does not have.

    >>> [one.key for one in read_occasions(only=("birthday", "mid_autumn"))]
    ['birthday', 'mid_autumn']
    """
    source = Path(path) if path else files("crmlab.care").joinpath("occasions.toml")
    try:
        told = tomllib.loads(source.read_text(encoding="utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError("care_file", file=source.name, reason=str(getattr(error, "strerror", None) or error)) from None
    found = [_occasion(entry, source.name) for entry in told.get("occasions", [])]
    keys = [one.key for one in found]
    for key in keys:
        if keys.count(key) > 1:
            raise DataError("care_entry", file=source.name, entry=key, field="key")
    for key in only:
        if key not in keys:
            raise ParameterError("choice", name="only", value=key, allowed=", ".join(keys))
    return [one for one in found if not only or one.key in only]


def _occasion(entry: dict[str, Any], file: str) -> Occasion:
    name = str(entry.get("key", "?"))

    def demand(holds: bool, field: str) -> None:
        if not holds:
            raise DataError("care_entry", file=file, entry=name, field=field)

    for field, kind in NEEDED.items():
        demand(type(entry.get(field)) is kind, field)
    for field in entry:
        demand(field in (*NEEDED, *WHEN, "at_least"), field)
    said = [field for field in WHEN if field in entry]
    demand(len(said) == 1, ", ".join(WHEN))
    when, value = said[0], str(entry[said[0]])
    demand(value in AFTER if when == "after" else _is_day(when, value), when)
    demand(entry["purpose"] in PURPOSES, "purpose")
    demand(bool(entry["ways"]) and set(entry["ways"]) <= set(WAYS), "ways")
    demand((value == "large_order") == ("at_least" in entry) and _is_amount(entry.get("at_least", "0")), "at_least")
    return Occasion(
        key=name,
        title={lang: entry[lang] for lang in LANGUAGES},
        purpose=entry["purpose"],
        when=value if when == "after" else when,
        date="" if when == "after" else value,
        days=entry["days"],
        ways=tuple(entry["ways"]),
        at_least=str(entry.get("at_least", "")),
    )


def _is_day(calendar: str, text: str) -> bool:
    """Whether a text is the month and day of every year: 29 February is not, and a lunar month has 30 days at most."""
    try:
        month, day = map(int, text.split("-"))
        if calendar == "lunar":
            return 1 <= month <= 12 and 1 <= day <= 30
        return bool(dt.date(2025, month, day))
    except ValueError:
        return False


def _is_amount(text: object) -> bool:
    return isinstance(text, str) and text.replace(".", "", 1).isdecimal()
