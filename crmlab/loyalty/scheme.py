"""The members' scheme as people write it: one TOML file with the rules of points, levels and prices."""

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError
from crmlab.money import format_money
from crmlab.show.table import code_word
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = ("down", "half_up")


@dataclass(frozen=True)
class PointRules:
    """How points are earned and how long they hold.

    An order earns `points` for each `per` minor units of its net money, rounded once for the whole order by `rounding`
    ("down" or "half_up"). Only orders in one of `states` earn. Points end on the same day `validity_months` later, and
    at the end of a shorter month.

    >>> rules = open_scheme().points
    >>> rules.earned(12_999), rules.expiry(dt.date(2024, 2, 29))
    (129, datetime.date(2025, 2, 28))
    """

    points: int
    per: int
    rounding: str
    states: tuple[str, ...]
    validity_months: int

    def earned(self, money: Any) -> Any:
        """The points of an order whose net money (minor units; an integer or integers in an array) this is."""
        return (money * self.points + (self.per // 2 if self.rounding == "half_up" else 0)) // self.per

    def expiry(self, on: dt.date) -> dt.date:
        """The first day on which points of the day `on` do not hold any more."""
        import pandas as pd

        return (pd.Timestamp(on) + pd.DateOffset(months=self.validity_months)).date()


@dataclass(frozen=True)
class Level:
    """A level of members: from which spend (minor units) it is reached, and its discount in whole per cent."""

    key: str
    titles: dict[str, str]
    spend_from: int
    discount_percent: int


@dataclass(frozen=True)
class Scheme:
    """The rules of the members' scheme: of points, of levels (lowest first), and of the discount at each level.

    `months` is how long a purchase counts for the level, `grace_days` for how many days the spend must have been too
    low before a level is lost.
    """

    titles: dict[str, str]
    currency: str
    points: PointRules
    months: int
    grace_days: int
    levels: tuple[Level, ...]

    def table(self) -> "pd.DataFrame":
        """The published levels: level, spend_from (minor units), discount_percent."""
        import pandas as pd

        return pd.DataFrame(
            {"level": level.key, "spend_from": level.spend_from, "discount_percent": level.discount_percent}
            for level in self.levels
        )

    def describe(self, lang: str = "zh") -> str:
        """The rules in sentences, as the shop publishes them."""
        points = self.points
        states = word("list.comma", lang).join(code_word("state", state, lang) for state in points.states)
        money = format_money(points.per, self.currency, lang)
        rows = [
            word("loyalty.points_rule", lang, points=points.points, money=money, states=states,
                 rounding=word(f"loyalty.rounding.{points.rounding}", lang)),
            word("loyalty.expiry_rule", lang, months=points.validity_months),
            word("loyalty.reverse_rule", lang),
            word("loyalty.level_rule", lang, months=self.months, days=self.grace_days),
        ]  # fmt: skip
        rows += [
            word("loyalty.level_row", lang, level=level.titles[lang], discount=level.discount_percent,
                 spend=format_money(level.spend_from, self.currency, lang))
            for level in self.levels
        ]  # fmt: skip
        return "\n".join([*rows, word("loyalty.price_rule", lang)])


def open_scheme(name: str | Path = "scheme", *, currency: str = "") -> Scheme:
    """The scheme in a TOML file; without a name, that of the teaching shop.

    `currency` puts another one (ISO 4217) in place of the file's; the numbers of minor units stay as they are.
    Raises DataError for a file that is not there, or that says something that cannot be: it names the entry.

    >>> [(level.key, level.spend_from, level.discount_percent) for level in open_scheme().levels]
    [('basic', 0, 0), ('silver', 100000, 3), ('gold', 300000, 5)]
    """
    path = Path(name)
    source = path if path.suffix == ".toml" else files("crmlab.loyalty").joinpath(f"{name}.toml")
    if not source.is_file():
        raise DataError("loyalty_no_scheme", name=path.name)
    try:
        told = tomllib.loads(source.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError("rules_syntax", file=source.name, reason=str(error)) from None
    return _File(source.name, told | ({"currency": currency} if currency else {})).scheme()


class _File:
    """What a file says, entry by entry; the first entry that cannot be is a DataError."""

    def __init__(self, name: str, told: Mapping[str, Any]):
        self.name, self.told = name, told

    def scheme(self) -> Scheme:
        self._entries("file", self.told, {"zh", "en", "currency", "points", "members", "levels"})
        points, members = self.told["points"], self.told["members"]
        self._entries("points", points, set(PointRules.__dataclass_fields__))
        self._entries("members", members, {"months", "grace_days"})
        states = points["states"]
        self._demand("points", "states", isinstance(states, list) and states and all(type(s) is str for s in states))
        self._demand("points", "rounding", points["rounding"] in ROUNDING)
        for where, name, least in (
            ("points", "points", 1), ("points", "per", 1), ("points", "validity_months", 1),
            ("members", "months", 1), ("members", "grace_days", 0),
        ):  # fmt: skip
            self._whole(where, name, self.told[where][name], least)
        return Scheme(
            titles=self._titles("file", self.told),
            currency=self._currency(),
            points=PointRules(**{**points, "states": tuple(states)}),
            months=members["months"],
            grace_days=members["grace_days"],
            levels=self._levels(),
        )

    def _levels(self) -> tuple[Level, ...]:
        told = self.told["levels"]
        self._demand("file", "levels", isinstance(told, list) and len(told) > 0)
        for entry in told:
            self._entries("levels", entry, {"key", "zh", "en", "spend_from", "discount_percent"})
            self._demand("levels", "key", isinstance(entry["key"], str) and entry["key"])
            self._whole(entry["key"], "spend_from", entry["spend_from"], 0)
            self._whole(entry["key"], "discount_percent", entry["discount_percent"], 0, 99)
        levels = tuple(
            Level(entry["key"], self._titles(entry["key"], entry), entry["spend_from"], entry["discount_percent"])
            for entry in told
        )
        self._demand("levels", "key", len({level.key for level in levels}) == len(levels))
        self._demand(levels[0].key, "spend_from", levels[0].spend_from == 0)
        for below, above in pairwise(levels):
            self._demand(above.key, "spend_from", below.spend_from < above.spend_from)
            self._demand(above.key, "discount_percent", below.discount_percent <= above.discount_percent)
        return levels

    def _currency(self) -> str:
        from babel.numbers import list_currencies

        self._demand("file", "currency", self.told["currency"] in list_currencies())
        return self.told["currency"]

    def _titles(self, where: str, entry: Mapping[str, Any]) -> dict[str, str]:
        for lang in LANGUAGES:
            self._demand(where, lang, isinstance(entry[lang], str) and entry[lang])
        return {lang: entry[lang] for lang in LANGUAGES}

    def _entries(self, where: str, entry: Any, known: set[str]) -> None:
        self._demand("file", where, isinstance(entry, dict))
        if missing := known - set(entry):
            raise DataError("rules_lacks", file=self.name, where=where, found=", ".join(sorted(missing)))
        if strange := set(entry) - known:
            raise DataError(
                "rules_unknown", file=self.name, where=where, found=", ".join(sorted(strange)),
                there=", ".join(sorted(known)),
            )  # fmt: skip

    def _whole(self, where: str, name: str, value: Any, least: int, most: int = 2**53) -> None:
        self._demand(where, name, type(value) is int and least <= value <= most)

    def _demand(self, where: str, name: str, fits: Any) -> None:
        if not fits:
            raise DataError("loyalty_scheme_value", file=self.name, where=where, name=name)
