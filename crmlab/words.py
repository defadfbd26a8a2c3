"""Every word that a person sees, by key and language, from words.csv."""

import csv
from functools import cache
from importlib.resources import files

LANGUAGES = ("zh", "en")


@cache
def _table() -> dict[str, dict[str, str]]:
    with files("crmlab").joinpath("words.csv").open(encoding="utf-8", newline="") as lines:
        return {row["key"]: row for row in csv.DictReader(lines)}


def word(key: str, lang: str, **values: object) -> str:
    """The text for `key` in `lang` ("zh" or "en"), with `{name}` filled from `values`.

    Raises KeyError for a key that words.csv does not have, and ValueError for another language.

    >>> word("type.1", "en")
    'key customers to maintain'
    >>> word("rfm.recency_days", "zh")
    '距上次购买天数'
    """
    if lang not in LANGUAGES:
        raise ValueError(f"lang must be one of {', '.join(LANGUAGES)}; it is {lang!r}")
    text = _table()[key][lang]
    return text.format(**values) if values else text


def has_word(key: str) -> bool:
    """Whether words.csv has this key."""
    return key in _table()
