"""Is every possible customer in exactly one group? Checked for all values at once.

The limits of the rules cut each column into classes of values that no condition tells apart: for whole numbers the
stretches from one limit to the next, for other numbers the limits and the open stretches between them, for codes each
code, and the missing value where one is allowed. One value of each class stands for all, so trying every combination
of classes proves the matter for every customer whose columns keep to what the rule set declares.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from math import ceil, floor, inf, prod
from typing import Any

from crmlab.errors import ParameterError
from crmlab.grouping.conditions import Column, Rule
from crmlab.words import LANGUAGES, word

MOST = 100_000
"""Combinations of classes that are tried at most."""
SHOWN = 5


@dataclass(frozen=True)
class Class:
    """Values of a column that no condition tells apart: from `low` to `high`, both of them unless left `open`.
    `value` is one of them; None is the missing value, and `Other` stands for codes that no rule names."""

    value: Any
    low: Any = None
    high: Any = None
    open_low: bool = False
    open_high: bool = False

    def text(self, column: Column, lang: str, currency: str) -> str:
        if self.low is None:
            other = isinstance(self.value, Other)
            shown = word("rules.other", lang) if other else column.shown(self.value, lang, currency)
            return word("rules.value", lang, column=column.title(lang), value=shown)
        low, high = (column.shown(end, lang, currency) if abs(end) != inf else "" for end in (self.low, self.high))
        if self.low == self.high or not (low or high):
            text = low or word("rules.any", lang)
        elif low and high and not (self.open_low or self.open_high):
            text = word("rules.between", lang, low=low, high=high)
        else:
            tests = {"above" if self.open_low else "at_least": low, "below" if self.open_high else "at_most": high}
            limits = (word(f"rules.{test}", lang, value=limit) for test, limit in tests.items() if limit)
            text = word("rules.and", lang).join(limits)
        return word("rules.asked", lang, about=column.title(lang), tests=text)


class Other:
    """Any code that no rule names."""


Region = Mapping[str, Class]


@dataclass(frozen=True, repr=False)
class Proof:
    """What trying every combination of classes of values showed.

    `regions` is how many there are; `gaps` those that no rule takes; `overlaps` those that several rules take, each
    with the keys of the rules by priority.
    """

    regions: int
    gaps: tuple[Region, ...]
    overlaps: tuple[tuple[Region, tuple[str, ...]], ...]
    columns: Mapping[str, Column]
    titles: Mapping[str, Mapping[str, str]]

    @property
    def partition(self) -> bool:
        """Whether exactly one rule takes every possible customer."""
        return not self.gaps and not self.overlaps

    def describe(self, lang: str = "zh", *, currency: str = "CNY") -> str:
        """The finding in words: a partition, or the first gaps and overlaps and how many there are of each."""
        if self.partition:
            return word("rules.partition", lang, regions=self.regions)
        lines = [word("rules.no_partition", lang, regions=self.regions, gaps=len(self.gaps),
                      overlaps=len(self.overlaps))]  # fmt: skip
        lines += [word("rules.gap", lang, region=self._told(region, lang, currency)) for region in self.gaps[:SHOWN]]
        for region, keys in self.overlaps[:SHOWN]:
            names = word("list.comma", lang).join(self.titles[key][lang] for key in keys)
            lines.append(word("rules.overlap", lang, region=self._told(region, lang, currency), names=names))
        return "\n".join(lines)

    def _told(self, region: Region, lang: str, currency: str) -> str:
        parts = (one.text(self.columns[name], lang, currency) for name, one in region.items())
        return word("list.semicolon", lang).join(parts)

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def prove(rules: tuple[Rule, ...], columns: Mapping[str, Column]) -> Proof:
    """Try the rules on every combination of classes. Raises ParameterError for more than 100,000 of them."""
    classes = {name: list(_classes(column, rules)) for name, column in columns.items()}
    number = prod(map(len, classes.values()))
    if number > MOST:
        raise ParameterError("rules_regions", count=number, most=MOST)
    regions, gaps, overlaps = 0, [], []
    for chosen in product(*classes.values()):
        region = dict(zip(classes, chosen, strict=True))
        row = {name: one.value for name, one in region.items()}
        if any(c.blank_with and (row[c.name] is None) != (row[c.blank_with] is None) for c in columns.values()):
            continue
        regions += 1
        taking = tuple(rule.key for rule in rules if rule.holds(row))
        if not taking:
            gaps.append(region)
        elif len(taking) > 1:
            overlaps.append((region, taking))
    return Proof(regions, tuple(gaps), tuple(overlaps), columns, {rule.key: rule.title for rule in rules})


def _classes(column: Column, rules: tuple[Rule, ...]) -> Iterator[Class]:
    conditions = [one for rule in rules for one in rule.conditions if one.column == column and one.test != "blank"]
    if column.kind == "code":
        named = column.codes or sorted({code for one in conditions for code in one.value}, key=str)
        yield from (Class(code) for code in named)
        if not column.codes:
            yield Class(Other())
    elif column.whole:
        yield from _stretches(column, {limit for one in conditions for limit in _starts(one.test, one.value)})
    else:
        yield from _points(column, {v for one in conditions for v in (one.value if one.test == "in" else [one.value])})
    if column.blank:
        yield Class(None)


def _starts(test: str, value: Any) -> list[int]:
    """The whole numbers at which a condition changes its answer."""
    if test == "in":
        return [start for one in value for start in (one, one + 1)]
    return [ceil(value) if test in ("at_least", "below") else floor(value) + 1]


def _stretches(column: Column, starts: set[int]) -> Iterator[Class]:
    low = -inf if column.low is None else ceil(column.low)
    high = inf if column.high is None else floor(column.high)
    ends = [low, *sorted(start for start in starts if low < start <= high), high + 1]
    for start, after in pairwise(ends):
        last = after - 1
        yield Class(start if start != -inf else last if last != inf else 0, start, last)


def _points(column: Column, cuts: set[float]) -> Iterator[Class]:
    low = -inf if column.low is None else column.low
    high = inf if column.high is None else column.high
    ends = sorted({low, high, *(cut for cut in cuts if low <= cut <= high)})
    for start, end in pairwise(ends):
        if start in cuts:
            yield Class(start, start, start)
        inner = (start + end) / 2 if inf not in (end, -start) else (start + 1 if start != -inf else end - 1)
        yield Class(0 if start == -inf and end == inf else inner, start, end, start in cuts, end in cuts)
    if high in cuts:
        yield Class(high, high, high)
