"""The tables and columns of the world: schema.csv lists the columns, tables.toml tells of the tables."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from crmlab.words import word
from crmlab.world.catalogue import read
from crmlab.world.codes import CODES

HEADINGS = ("column", "kind", "unit", "meaning", "blank")


@dataclass(frozen=True)
class Column:
    """One column: `kind` is what its text holds, `codes` the list of codes that may stand in it.

    `meaning` and `blank` are by language; `blank` says what a missing value means, empty where none can be.
    """

    name: str
    kind: str
    unit: str
    codes: str
    meaning: dict[str, str]
    blank: dict[str, str]


@dataclass(frozen=True)
class Table:
    """One table: what a row is, how it was made, what to watch for (each by language), and its columns."""

    name: str
    row: dict[str, str]
    made: dict[str, str]
    quirks: dict[str, list[str]]
    columns: tuple[Column, ...]


def _tables() -> dict[str, Table]:
    about = tomllib.loads(files("crmlab.world").joinpath("tables.toml").read_text(encoding="utf-8"))
    columns: dict[str, list[Column]] = {name: [] for name in about}
    for row in read("schema.csv"):
        texts = ({lang: row[f"{start}{lang}"] for lang in ("zh", "en")} for start in ("", "blank_"))
        columns[row["table"]].append(Column(row["column"], row["kind"], row["unit"], row["codes"], *texts))
    return {name: Table(name, **told, columns=tuple(columns[name])) for name, told in about.items()}


HIDDEN = ("types", "needs", "habits", "latent", "recall", "planted_personal")
TRUTH = {name: table for name, table in _tables().items() if name in HIDDEN}
"""The tables of the hidden truth by name."""
TABLES = {name: table for name, table in _tables().items() if name not in HIDDEN}
"""The tables that students get, by name."""


def card(table: Table, lang: str) -> str:
    """The data card of one table in one language, as Markdown under a heading of the second level."""
    headings = [word(f"world.card.{name}", lang) for name in HEADINGS]
    parts = {
        "row": [table.row[lang]],
        "columns": _markdown([headings, *(_described(column, lang) for column in table.columns)]),
        "codes": [_listed(column, lang) for column in table.columns if column.codes],
        "made": [table.made[lang]],
        "quirks": [f"- {quirk}" for quirk in table.quirks[lang]],
    }
    shown = (f"**{word(f'world.card.{name}', lang)}**\n\n" + "\n".join(lines) for name, lines in parts.items() if lines)
    return "\n\n".join([f"## {word(f'world.card.{lang}', lang)}", *shown]) + "\n"


def _described(column: Column, lang: str) -> list[str]:
    kind = word(f"world.kind.{column.kind}", lang)
    unit = word(f"world.unit.{column.unit}", lang) if column.unit else ""
    return [
        f"`{column.name}`",
        kind,
        unit,
        column.meaning[lang],
        column.blank[lang] or word("world.card.never", lang),
    ]


def _listed(column: Column, lang: str) -> str:
    named = (f"`{code}` {word(f'world.{column.codes}.{code}', lang)}" for code in CODES[column.codes])
    return f"- `{column.name}`: {word('world.card.comma', lang).join(named)}"


def _markdown(cells: list[list[str]]) -> list[str]:
    head, *body = (f"| {' | '.join(row)} |" for row in cells)
    return [head, "|" + " --- |" * len(cells[0]), *body]
