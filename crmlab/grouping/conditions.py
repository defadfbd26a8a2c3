"""What a rule asks of a customer: columns as a rule set declares them, conditions on them, and rules made of these.

Each test exists once and works on a narwhals column and on one value alike, so what is explained is what was applied.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmlab.words import word

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw

NUMBERS = ("integer", "money", "share", "number")
"""Kinds of columns that hold numbers: whole ones, minor units of money, shares from 0 to 1, any."""
LIMITS: Mapping[str, Callable[[Any, Any], Any]] = {
    "at_least": operator.ge,
    "above": operator.gt,
    "at_most": operator.le,
    "below": operator.lt,
}


@dataclass(frozen=True)
class Column:
    """A column that the conditions of a rule set may use, and what may stand in it.

    `blank` says by language what a missing value means, and is empty where none may be missing. `blank_with` names a
    column that is missing for the same customers. `codes` are all codes that there are; without them any may come.
    """

    name: str
    kind: str
    low: float | None = None
    high: float | None = None
    codes: tuple[str | int, ...] = ()
    blank: Mapping[str, str] = field(default_factory=dict)
    blank_with: str = ""

    @property
    def whole(self) -> bool:
        return self.kind in ("integer", "money")

    def title(self, lang: str) -> str:
        """What people call the column."""
        from crmlab.show.table import heading

        return heading(self.name, lang)

    def shown(self, value: Any, lang: str, currency: str, *, apart_from: Any = None) -> str:
        """A value of the column for people's eyes; money in whole units, shares as per cent, codes in words.

        A number gets as many decimals as it takes to tell it from `apart_from`, the limit that it is compared with.
        """
        from crmlab.money import format_money
        from crmlab.show.table import code_word

        if missing(value):
            return self.blank[lang] if self.blank else word("rules.missing", lang)
        if self.kind == "money":
            return format_money(int(value), currency, lang)
        if self.kind == "code":
            return code_word(self.name, value, lang)
        form = "%" if self.kind == "share" else "f"
        places = 1 if form == "%" else 0 if float(value).is_integer() else 2
        while apart_from not in (None, value) and f"{value:.{places}{form}}" == f"{apart_from:.{places}{form}}":
            places += 1
        return f"{value:,.{places}{form}}"


def missing(value: Any) -> bool:
    """Whether one value says nothing: None, NaN, NA or NaT.

    >>> missing(None), missing(float("nan")), missing(0), missing("")
    (True, True, False, False)
    """
    import pandas as pd

    return bool(pd.isna(value))


@dataclass(frozen=True)
class Condition:
    """One test of one column: "in" (a tuple of codes or whole numbers), a limit, or "blank" (nothing stands there)."""

    column: Column
    test: str
    value: Any

    def expression(self, column: "nw.Expr", known: "nw.Expr") -> "nw.Expr":
        """True or False for every row: a missing value satisfies no condition but "blank"."""
        if self.test == "blank":
            return ~known
        return known & (column.is_in(self.value) if self.test == "in" else LIMITS[self.test](column, self.value))

    def holds(self, value: Any) -> bool | None:
        """The same for one value; None where a missing value leaves it open."""
        if self.test == "blank" or missing(value):
            return missing(value) if self.test == "blank" else None
        return value in self.value if self.test == "in" else bool(LIMITS[self.test](value, self.value))

    def text(self, lang: str, currency: str) -> str:
        """What is asked, without the column, such as "at most 90"."""
        if self.test == "blank":
            return self.column.shown(None, lang, currency)
        if self.test == "in":
            return word("rules.or", lang).join(self.column.shown(one, lang, currency) for one in self.value)
        return word(f"rules.{self.test}", lang, value=self.column.shown(self.value, lang, currency))


@dataclass(frozen=True)
class Rule:
    """One group: who satisfies all conditions is in it. `title` is by language, `wider` a group that holds this one."""

    key: str
    title: Mapping[str, str]
    priority: int
    conditions: tuple[Condition, ...]
    wider: str = ""

    def holds(self, row: Mapping[str, Any]) -> bool | None:
        """Whether one customer is in the group; None where missing values leave it open."""
        found = [condition.holds(row[condition.column.name]) for condition in self.conditions]
        return False if False in found else None if None in found else True

    def asks(self, lang: str, currency: str = "CNY") -> str:
        """All that the rule asks, in words."""
        parts = [(condition.column.title(lang), condition.text(lang, currency)) for condition in self.conditions]
        return _joined(parts, "asked", lang)

    def sentence(self, row: Mapping[str, Any], lang: str, currency: str) -> str:
        """Whether one customer is in the group, with the values and limits that decide it."""
        found = self.holds(row)
        deciding = [one for one in self.conditions if found or one.holds(row[one.column.name]) is found]
        answer = word(f"rules.{'unknown' if found is None else 'yes' if found else 'no'}", lang)
        return word(
            "rules.sentence", lang, name=self.title[lang], answer=answer, reasons=_tested(deciding, row, lang, currency)
        )

    def values(self, row: Mapping[str, Any], lang: str, currency: str = "CNY") -> str:
        """The values of one customer, each beside what the rule asks of it."""
        return _tested(self.conditions, row, lang, currency)


def _tested(conditions: Iterable[Condition], row: Mapping[str, Any], lang: str, currency: str) -> str:
    parts = []
    for one in conditions:
        limit = one.value if one.test in LIMITS else None
        value = one.column.shown(row[one.column.name], lang, currency, apart_from=limit)
        parts.append((word("rules.value", lang, column=one.column.title(lang), value=value),
                      "" if one.test == "blank" else one.text(lang, currency)))  # fmt: skip
    return _joined(parts, "tested", lang)


def _joined(parts: list[tuple[str, str]], key: str, lang: str) -> str:
    """Parts with the tests of one column side by side, as rules.<key> in words.csv puts them."""
    tests: dict[str, list[str]] = {}
    for about, test in parts:
        tests.setdefault(about, []).extend([test] if test else [])
    told = [
        word(f"rules.{key}", lang, about=about, tests=word("rules.and", lang).join(each)) if each else about
        for about, each in tests.items()
    ]
    return word("list.semicolon", lang).join(told)
