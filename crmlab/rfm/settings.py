"""What a result depends on besides the orders, and which settings cannot be used."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmlab.errors import ParameterError

REFUND_POLICIES = ("net", "drop", "ignore", "refuse")
POPULATIONS = ("window", "history")


@dataclass(frozen=True)
class Settings:
    """What a result depends on besides the orders. It is printed with every result."""

    as_of: dt.date
    window: int | None
    population: str
    valid_states: tuple[str, ...]
    left_out_states: tuple[str, ...]
    refunds: str
    currency: str
    minor_units: bool
    order_scope: str
    time_zone: str | None
    split: str

    @property
    def first_day(self) -> dt.date | None:
        """The first day of the window; its last day is `as_of`."""
        return self.as_of - dt.timedelta(days=self.window - 1) if self.window else None

    @property
    def decimals(self) -> int:
        """How many decimals the currency has: 2 for CNY, 0 for JPY."""
        from babel.numbers import get_currency_precision

        return get_currency_precision(self.currency)

    @property
    def scale(self) -> int:
        """Minor units in one unit of the given amounts."""
        return 1 if self.minor_units else 10**self.decimals


def check_settings(settings: Settings) -> None:
    """Raise ParameterError for a setting that cannot be used."""
    from babel.numbers import list_currencies

    choices = {"population": POPULATIONS, "refunds": REFUND_POLICIES, "order_scope": ("all", "customer")}
    for name, allowed in choices.items():
        if getattr(settings, name) not in allowed:
            raise ParameterError("choice", name=name, value=repr(getattr(settings, name)), allowed=", ".join(allowed))
    window = settings.window
    if window is not None and (
        not isinstance(window, int) or isinstance(window, bool) or not 0 < window <= settings.as_of.toordinal()
    ):
        raise ParameterError("window", value=repr(window))
    if settings.currency not in list_currencies():
        raise ParameterError("currency", value=repr(settings.currency))
    if settings.time_zone is not None:
        try:
            ZoneInfo(settings.time_zone)
        except (TypeError, ValueError, OSError, ZoneInfoNotFoundError):
            raise ParameterError("time_zone", value=repr(settings.time_zone)) from None
    if both := set(settings.valid_states) & set(settings.left_out_states):
        raise ParameterError("states_both", states=", ".join(sorted(both)))


def reference_date(as_of: Any) -> dt.date:
    """The reference date as a date, from a date or ISO text. A time of day is refused: days are whole.

    >>> reference_date("2026-06-17")
    datetime.date(2026, 6, 17)
    """
    if isinstance(as_of, str):
        try:
            return dt.date.fromisoformat(as_of)
        except ValueError:
            raise ParameterError("as_of", value=repr(as_of)) from None
    if isinstance(as_of, dt.datetime):
        if as_of.time() != dt.time() or as_of.tzinfo:
            raise ParameterError("as_of", value=repr(str(as_of)))
        return as_of.date()
    if not isinstance(as_of, dt.date):
        raise ParameterError("as_of", value=repr(as_of))
    return as_of
