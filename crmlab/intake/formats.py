"""Field maps: which column of a file is which column of the house. One TOML file a format, in formats/.

A map has `zh` and `en` (its name for people), `recognise` (headings that a file of this format has; a list in it is a
choice), `drop` (headings left away on purpose), `blank` (texts that mean nothing was given), `month_first` (dates such
as 06/17/2026), and [[tables]]: `table`, `columns` (house column = source), `fixed` (house column = value where the file
gives none), `codes` (house column = wording to code), `split` (house column = separator; one row each), `where` (house
column that must be filled and not 0 for a row), `once` (records that say the same give one row), `needs` (headings
without which the table is left away), and `beside` (columns that go along though the table does not have them).

A source is a heading; a list of headings, of which the first filled one counts; or a table with one of the keys of
`RULES`. Headings are compared without blanks, underscores, case and full width; * stands for any characters.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from crmlab.errors import DataError
from crmlab.intake.cells import fold
from crmlab.tables import TABLES
from crmlab.tables.codes import CODES

RULES = {
    "text": "a text with {heading} in it",
    "number_of": "the number, from 1, of this heading's text among those within another: within",
    "times": "the product of two headings",
    "share": "the order's amount shared over its lines: within, by (two headings: price and quantity)",
    "off": "what the share leaves of price times quantity: within, by",
    "hashed": "the keyed hash of a phone number or e-mail",
}
"""The sources that are more than a heading."""


@dataclass(frozen=True)
class Part:
    """What one record says about one table of the house."""

    table: str
    columns: Mapping[str, Any]
    fixed: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    split: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    once: bool = False
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """A field map. `title` is its name for people, by language."""

    name: str
    title: Mapping[str, str]
    recognise: tuple[str | list[str], ...]
    parts: tuple[Part, ...]
    drop: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()
    month_first: bool = False


class Headings:
    """The headings of a file, found however they are written.

    >>> Headings(["Last Name", "1、您最近一次购买是多久以前？"]).find("Last_Name"), Headings(["a"]).find("b")
    ('Last Name', None)
    >>> Headings(["1、您最近一次购买是多久以前？"]).find("*最近一次购买*")
    '1、您最近一次购买是多久以前？'
    """

    def __init__(self, headings: list[str]):
        self._by_key = {fold(heading): heading for heading in headings}

    def find(self, pattern: str) -> str | None:
        wanted = fold(pattern)
        if "*" not in wanted:
            return self._by_key.get(wanted)
        form = re.compile(".*".join(re.escape(piece) for piece in wanted.split("*")))
        return next((heading for key, heading in self._by_key.items() if form.fullmatch(key)), None)

    def found(self, patterns: Any) -> set[str]:
        return {heading for heading in map(self.find, patterns) if heading is not None}


def sources(source: Any) -> list[str]:
    """The headings that a source reads.

    >>> sources("a"), sources(["a", "b"]), sources({"text": "R{a}{b}"}), sources({"number_of": "a", "within": "b"})
    (['a'], ['a', 'b'], ['a', 'b'], ['a', 'b'])
    """
    if isinstance(source, str):
        return [source]
    if isinstance(source, list):
        return source
    if "text" in source:
        return re.findall(r"\{(.+?)\}", source["text"])
    return [heading for value in source.values() for heading in sources(value)]


def known_headings(form: Format, headings: Headings) -> set[str]:
    """The headings of a file that a format uses or leaves away on purpose."""
    used = {heading for part in made(form, headings) for one in part.columns.values() for heading in sources(one)}
    beside = {heading for part in form.parts for heading in part.beside.values()}
    return headings.found([*used, *beside, *form.drop])


def made(form: Format, headings: Headings) -> list[Part]:
    """The parts of a format for which the file has what they need."""
    return [part for part in form.parts if all(map(headings.find, part.needs))]


def missing(form: Format, headings: Headings) -> list[str]:
    """Of the headings that a format is recognised by, those that a file does not have; of a choice the first."""
    return [sources(one)[0] for one in form.recognise if not headings.found(sources(one))]


def recognised(headings: list[str], stem: str) -> list[Format]:
    """The formats that fit the headings best: one, none, or several that fit equally well.

    A format fits when all headings are there that it is recognised by; the one that knows most of the headings is
    best, and a house table in a file of its own name is best among equals.
    """
    there = Headings(headings)
    scores: dict[tuple[int, bool], list[Format]] = {}
    for form in all_formats().values():
        if not missing(form, there):
            score = (len(known_headings(form, there)), form.name == stem)
            scores.setdefault(score, []).append(form)
    return scores[max(scores)] if scores else []


def format_named(name: str) -> Format:
    """A format by name, or a field map of one's own by the path of its .toml file."""
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise DataError("no_file", path=path)
        return _format(path.stem, path.read_text(encoding="utf-8"), path.name)
    if name not in all_formats():
        raise DataError("intake_no_format", format=name, there=", ".join(all_formats()))
    return all_formats()[name]


@cache
def all_formats() -> dict[str, Format]:
    """The formats that come with crmlab: the field maps, and the tables of the house under their own names."""
    room = files("crmlab.intake").joinpath("formats")
    maps = sorted((entry for entry in room.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    shipped = {
        entry.name.removesuffix(".toml"): _format(
            entry.name.removesuffix(".toml"), entry.read_text(encoding="utf-8"), entry.name
        )
        for entry in maps
    }
    return shipped | {name: _of_house(name) for name in TABLES}


def _of_house(name: str) -> Format:
    columns = TABLES[name].columns
    needed = tuple(column.name for column in columns if column.required or column.key)
    return Format(name, TABLES[name].row, needed, (Part(name, {column.name: column.name for column in columns}),))


def _format(name: str, text: str, file: str) -> Format:
    try:
        told = tomllib.loads(text)
        title = {lang: told.pop(lang) for lang in ("zh", "en")}
        parts = tuple(Part(**part) for part in told.pop("tables"))
        form = Format(name, title, parts=parts, **told)
    except (tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise DataError("intake_map", file=file, problem=str(error)) from None
    for problem in _problems(form):
        raise DataError("intake_map", file=file, problem=problem)
    return form


def _problems(form: Format) -> list[str]:
    """What a map says that the house cannot follow."""
    found = []
    for part in form.parts:
        if part.table not in TABLES:
            found.append(f"table = {part.table!r}")
            continue
        columns = {column.name: column for column in TABLES[part.table].columns}
        named = [*part.columns, *part.fixed, *part.codes, *part.split, *([part.where] if part.where else [])]
        found += [f"{part.table}.{name}" for name in named if name not in columns]
        found += [
            f"{part.table}.codes.{name}: {code!r}"
            for name, codes in part.codes.items()
            for code in codes.values()
            if name in columns and code and columns[name].codes and code not in CODES[columns[name].codes]
        ]
        rules = [source for source in part.columns.values() if isinstance(source, dict)]
        found += [f"{part.table}: {source}" for source in rules if not RULES.keys() & source.keys()]
    return found
