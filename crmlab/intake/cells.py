"""Cells as files have them to texts as the house has them: ids, codes, dates, money, counts, durations.

A text that is none of the known forms stays as it stands, so that validation can list it with its row.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from crmlab.collect.personal import INVISIBLE
from crmlab.collect.pseudonym import plain_contact
from crmlab.tables import Column
from crmlab.tables.codes import CODES
from crmlab.words import LANGUAGES, has_word, word

if TYPE_CHECKING:
    import pandas as pd

PROTECTED = re.compile(r"'(?=[0-9=+\-@\t\r＝＋－＠'])")
"""An apostrophe that a spreadsheet or a careful writer put before a number or a text that looks like a formula."""
FORMULA = re.compile(r"=\s*(?:[A-Za-z_.]+[(|]|\$?[A-Z]{1,3}\$?\d|[-+]?\d+\s*[-+*/^]\s*\d|[-+]?\()")
"""How a formula begins that was saved as text."""
LOST_DIGITS = re.compile(r"\d(?:\.\d+)?[eE]\+\d+")
"""A long number that a spreadsheet rounded: its last digits are gone."""
_DAY = r"(\d{4})(?:\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?|(\d\d)(\d\d))"
_CLOCK = r"[T\s]*(上午|下午)?\s*(\d{1,2})\s*[:时点]\s*(\d{1,2})(?:\s*[:分]\s*(\d{1,2}))?(?:\.0+)?\s*[分秒]?"
_TIME = re.compile(rf"{_DAY}(?:{_CLOCK}(?:\+08:?00)?)?")
_MONTH_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(.*)", re.DOTALL)
_BIRTHDAY = re.compile(r"(?:\d{4}\s*[-/.年]\s*)?(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_MONEY = re.compile(
    r"(?:[¥$]|CNY|RMB)?\s*([-+]?)\s*(?:[¥$])?\s*(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?\s*(?:元|CNY|RMB)?", re.IGNORECASE
)
_COUNT = re.compile(r"([-+]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.0+)?\s*(?:[件个次笔星分]|\(.*\))?")
_DURATION = re.compile(r"(?:(\d+)\s*(?:小时|时|h))?\s*(?:(\d+)\s*(?:分钟|分|min))?\s*(?:(\d+)\s*(?:秒钟|秒|s))?")
_CURRENCIES = {"人民币": "CNY", "RMB": "CNY", "元": "CNY", "¥": "CNY", "美元": "USD", "港币": "HKD", "欧元": "EUR"}


def plain(cells: "pd.Series") -> "pd.Series":
    """Cells without blanks around them, without ="…" and without a protecting apostrophe; an empty one is missing.

    >>> import pandas as pd
    >>> plain(pd.Series(['="0071"', "'12000000001", " 茶 ", "'t", ""])).tolist()
    ['0071', '12000000001', '茶', "'t", nan]
    """
    text = cells.astype("str").str.strip()
    wrapped = text.str.startswith('="').fillna(False) & text.str.endswith('"').fillna(False)
    quoted = text.str.startswith("'").fillna(False)
    if wrapped.any():
        text[wrapped] = text[wrapped].str.slice(2, -1).str.strip()
    if quoted.any():
        text[quoted] = text[quoted].map(
            lambda cell: PROTECTED.sub("", cell, count=1) if PROTECTED.match(cell) else cell
        )
    return text.mask(text == "")


def normal(cells: "pd.Series", column: Column, codes: Mapping[str, str], *, month_first: bool = False) -> "pd.Series":
    """Plain cells as a column of the house holds them; `codes` are wordings of the file beside those of the house."""
    return _each(cells, _form(column, codes, month_first))


def _each(cells: "pd.Series", form: Callable[[str], str]) -> "pd.Series":
    """Every distinct text goes through `form` once; an empty result is missing."""
    forms = {cell: form(cell) or None for cell in cells.dropna().unique()}
    return cells.map(forms).astype("str")


def _form(column: Column, codes: Mapping[str, str], month_first: bool) -> Callable[[str], str]:
    own = {fold(wording): code for wording, code in codes.items()}
    if column.kind == "code":
        known = wordings(column.codes) | own
        return lambda cell: known.get(fold(cell), cell)
    if own:
        form = _form(column, {}, month_first)
        return lambda cell: own[fold(cell)] if fold(cell) in own else form(cell)
    if column.kind in ("date", "time"):
        return lambda cell: moment(cell, day=column.kind == "date", month_first=month_first)
    if column.name == "birthday":
        return lambda cell: birthday(moment(cell, day=True, month_first=month_first))
    by_name = {"phone": phone, "email": _half_width, "currency": _currency}
    if column.name in by_name:
        return by_name[column.name]
    if column.unit == "s":
        return seconds
    return {"id": _half_width, "integer": count, "number": decimal, "money": decimal}.get(column.kind, str)


def fold(text: str) -> str:
    """A wording for comparison: without blanks and underscores, small letters, half width, every dash a hyphen.

    >>> fold("25–34 岁") == fold("２５-34岁"), fold("Last_Name") == fold("last name")
    (True, True)
    """
    return re.sub(r"[\s_]+", "", re.sub("[–—~～]", "-", unicodedata.normalize("NFKC", text))).casefold()


def wordings(codes: str) -> dict[str, str]:
    """The code for each wording of a list of codes: the code itself, its words in both languages, a city with 市."""
    known = {}
    for code in CODES.get(codes, ()):
        for lang in LANGUAGES:
            if has_word(f"world.{codes}.{code}"):
                known[fold(word(f"world.{codes}.{code}", lang))] = code
        if codes == "city":
            known[fold(word(f"world.city.{code}", "zh") + "市")] = code
        known[fold(code)] = code
    return known


def moment(cell: str, *, day: bool, month_first: bool = False) -> str:
    """A date or time in ISO 8601; `day` leaves the time of day away. 06/17/2026 is read with `month_first` only.

    >>> moment("2026年6月7日", day=True), moment("20260617", day=True), moment("2026.6.7 下午3:05", day=False)
    ('2026-06-07', '2026-06-17', '2026-06-07T15:05:00')
    >>> moment("2026-02-30", day=True), moment("17/06/26", day=True)
    ('2026-02-30', '17/06/26')
    """
    text = unicodedata.normalize("NFKC", cell).strip()
    if month_first and (american := _MONTH_FIRST.fullmatch(text)):
        text = "{2}-{0}-{1}{3}".format(*american.groups())
    found = _TIME.fullmatch(text)
    if not found:
        return cell
    year, month, of_month, month_8, day_8, half, hour, minute, second = found.groups()
    date = f"{year}-{(month or month_8):0>2}-{(of_month or day_8):0>2}"
    if day or hour is None:
        return date
    hour = int(hour) + 12 if half == "下午" and int(hour) < 12 else int(hour)
    return f"{date}T{hour:02}:{minute:0>2}:{second or '00':0>2}"


def birthday(cell: str) -> str:
    """A birthday as MM-DD; the year is left away, because the house does not keep it.

    >>> birthday("1990/3/5"), birthday("3月5日"), birthday("03-05")
    ('03-05', '03-05', '03-05')
    """
    found = _BIRTHDAY.fullmatch(unicodedata.normalize("NFKC", cell))
    return f"{found[1]:0>2}-{found[2]:0>2}" if found else cell


def decimal(cell: str) -> str:
    """An amount as plain digits: without currency, thousands commas and full-width digits.

    >>> decimal("¥1,234.50"), decimal("１２８．５０元"), decimal("1,28"), decimal("免费")
    ('1234.50', '128.50', '1,28', '免费')
    """
    found = _MONEY.fullmatch(unicodedata.normalize("NFKC", cell))
    if not found:
        return cell
    sign, whole, fraction = found.groups()
    return sign.replace("+", "") + whole.replace(",", "") + (fraction or "")


def count(cell: str) -> str:
    """A whole number as plain digits: without commas, zeros in front, .0, the word for pieces, or a label behind it.

    >>> count("02"), count("1,280 件"), count("3.0"), count("5（完全同意）"), count("3.5")
    ('2', '1280', '3', '5', '3.5')
    """
    found = _COUNT.fullmatch(unicodedata.normalize("NFKC", cell))
    return str(int(found[1] + found[2].replace(",", ""))) if found else cell


def seconds(cell: str) -> str:
    """A duration in whole seconds.

    >>> seconds("125秒"), seconds("2分5秒"), seconds("1小时"), seconds("40")
    ('125', '125', '3600', '40')
    """
    found = _DURATION.fullmatch(unicodedata.normalize("NFKC", cell).strip())
    if not found or not any(found.groups()):
        return count(cell)
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return str(hours * 3600 + minutes * 60 + rest)


def phone(cell: str) -> str:
    """A phone number as digits without +86; anything with other characters stays as it stands.

    >>> phone("+86 120-0000-0001"), phone("１２０００００００１"), phone("不便透露")
    ('12000000001', '1200000001', '不便透露')
    """
    text = _half_width(cell)
    return plain_contact(text) if re.fullmatch(r"[\d\s()+-]+", text) else cell


def _half_width(cell: str) -> str:
    """Full-width signs narrow, and nothing in it that nobody sees: an id must be one id however it was copied.

    >>> _half_width("Ｃ１\u200b")
    'C1'
    """
    return unicodedata.normalize("NFKC", cell).translate(INVISIBLE).strip()


def _currency(cell: str) -> str:
    text = unicodedata.normalize("NFKC", cell).strip().upper()
    return _CURRENCIES.get(text, text)
