"""Values of the house as the texts of a file that another program opens: plain, and never a formula."""

import re
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FORMULA_SIGNS = "=+-@\t\r＝＋－＠"
"""What a cell begins with that a spreadsheet takes for a formula (OWASP ASVS 1.2.10, CWE-1236)."""
UNSAFE = re.compile(rf"[{re.escape(FORMULA_SIGNS)}]|'[0-9'{re.escape(FORMULA_SIGNS)}]")
"""A beginning that gets an apostrophe: a formula's, or one from which a reader would take an apostrophe away."""
NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]"
"""Signs that no spreadsheet file can hold, as an RE2 pattern."""
NUMBERS = ("integer", "number", "money")


def texts(values: "pd.Series", kind: str) -> "pd.Series":
    """A column of the house as plain texts; a missing value stays missing.

    Dates are ISO 8601, money has its decimals (1234.50), a text has no blanks around it and ends its lines with \\n.

    >>> import pandas as pd
    >>> days = pd.Series(pd.to_datetime(["2026-06-17"]))
    >>> texts(pd.Series([1234.5, None]), "money").tolist(), texts(days, "date").tolist()
    (['1234.50', nan], ['2026-06-17'])
    """
    if kind in _FORMS:
        values = values.map(_FORMS[kind], na_action="ignore")
    text = values.astype("str").str.replace("\r\n", "\n", regex=False).str.replace("\r", "\n", regex=False)
    return text.str.strip().replace("", None)


def _day(value: Any) -> str:
    return value.date().isoformat() if hasattr(value, "date") else str(value)


def _time(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _number(value: Any) -> str:
    if isinstance(value, str):
        return value
    number = Decimal(str(value))
    return format(number.to_integral_value() if number == number.to_integral_value() else number, "f")


def _money(value: Any) -> str:
    text = _number(value)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2}" if NUMBER.fullmatch(text) else text


_FORMS = {"date": _day, "time": _time, "money": _money, "number": _number, "integer": _number}


def safe(text: str, kind: str = "text") -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula; a number needs none.

    `crmlab.intake` takes exactly this apostrophe away again.

    >>> safe("=1+1"), safe("＠SUM(A1)"), safe("'=x"), safe("'tis"), safe("-5.00", "money"), safe("-5.00")
    ("'=1+1", "'＠SUM(A1)", "''=x", "'tis", '-5.00', "'-5.00")
    """
    if kind in NUMBERS and NUMBER.fullmatch(text):
        return text
    return f"'{text}" if UNSAFE.match(text) else text


def guarded(values: "pd.Series", kind: str) -> "pd.Series":
    """A column of texts, each `safe`; a missing value stays missing."""
    risky = values.str.startswith((*FORMULA_SIGNS, "'")).eq(True)
    return values.where(~risky, values[risky].map(partial(safe, kind=kind)))
