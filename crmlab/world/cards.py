"""A data card: what a table holds, how it was made and what to watch for, as Markdown."""

from crmlab.tables import Column, Table
from crmlab.tables.codes import CODES
from crmlab.words import word

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
