"""A data card: what a table holds, how it was made and what to watch for, as Markdown."""

from collections.abc import Iterator
from typing import Any

from crmlab.tables import Column, Table
from crmlab.tables.codes import CODES
from crmlab.words import word
from crmlab.world.incoming.sheet import about

HEADINGS = ("column", "kind", "unit", "meaning", "blank")


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


def incoming_card(lang: str) -> str:
    """The card of the incoming files in one language: what they are, and each with its headings."""
    parts = [f"## {word(f'world.card.{lang}', lang)}", word("world.card.incoming", lang)]
    for name, file in about().items():
        parts += [f"### `{name}.csv`", "\n".join(_told_of_file(file, lang))]
    return "\n\n".join(parts) + "\n"


def _told_of_file(file: dict[str, Any], lang: str) -> Iterator[str]:
    comma = word("world.card.comma", lang)
    tables, headings = (comma.join(f"`{name}`" for name in file[part]) for part in ("tables", "headings"))
    yield file[lang] + "\n"
    if file["source"]:
        source = word(f"world.source.{file['source']}", lang)
        yield f"- {word('world.card.channel', lang)}{source}"
    yield f"- {word('world.card.encoding', lang)}{file['encoding']}"
    yield f"- {word('world.card.feeds', lang)}{tables}"
    yield f"- {word('world.card.headings', lang)}{headings}"


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
