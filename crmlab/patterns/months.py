"""Calendar months as whole numbers, so that every engine counts them alike."""

import datetime as dt

import narwhals.stable.v2 as nw


def month_number(day: dt.date) -> int:
    """How many months lie before the month of a day, from year 0 on.

    >>> month_number(dt.date(2026, 1, 31)) - month_number(dt.date(2025, 12, 1))
    1
    """
    return day.year * 12 + day.month - 1


def month_text(number: int) -> str:
    """A month as ISO 8601 writes it.

    >>> month_text(month_number(dt.date(2026, 6, 17)))
    '2026-06'
    """
    return f"{number // 12:04}-{number % 12 + 1:02}"


def first_day(number: int) -> dt.date:
    """The first day of a month.

    >>> first_day(month_number(dt.date(2026, 6, 17)))
    datetime.date(2026, 6, 1)
    """
    return dt.date(number // 12, number % 12 + 1, 1)


def last_complete_month(as_of: dt.date) -> int:
    """The last month that is over when `as_of` is: its own on a last day, else the one before.

    >>> month_text(last_complete_month(dt.date(2026, 6, 17))), month_text(last_complete_month(dt.date(2026, 6, 30)))
    ('2026-05', '2026-06')
    """
    return month_number(as_of + dt.timedelta(days=1)) - 1


def month_of(column: str) -> nw.Expr:
    """The month number of a column of days."""
    return nw.col(column).dt.year().cast(nw.Int64) * 12 + nw.col(column).dt.month().cast(nw.Int64) - 1
