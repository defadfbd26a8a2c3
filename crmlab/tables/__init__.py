"""The tables of the house: schema.csv lists their columns and keys, tables.toml tells of them.

Everything that knows a column reads it here: the generator, the data cards, validation, and the customer base.
"""

import csv
import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Column:
    """One column of a table.

    `kind` is what it holds: id, text, code, date, time, integer, number or money. `codes` names the list of codes
    that may stand in it, `references` the table whose key it points to, `pattern` a regular expression for the whole
    text, `low` and `high` the ends of its range (None for an open end). `meaning` and `blank` are by language; `blank`
    says what a missing value means, and is empty where none may be missing. `personal` columns never reach a notebook.
    """

    name: str
    kind: str
    unit: str
    codes: str
    key: bool
    references: str
    pattern: str
    low: int | None
    high: int | None
    personal: bool
    meaning: dict[str, str]
    blank: dict[str, str]

    @property
    def required(self) -> bool:
        return not self.blank["en"]


@dataclass(frozen=True)
class Table:
    """One table: what a row is, how it was made, what to watch for (each by language), and its columns."""

    name: str
    row: dict[str, str]
    made: dict[str, str]
    quirks: dict[str, list[str]]
    columns: tuple[Column, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that together name a row."""
        return tuple(column.name for column in self.columns if column.key)


def _tables() -> dict[str, Table]:
    room = files("crmlab.tables")
    about = tomllib.loads(room.joinpath("tables.toml").read_text(encoding="utf-8"))
    columns: dict[str, list[Column]] = {name: [] for name in about}
    with room.joinpath("schema.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            columns[row["table"]].append(_column(row))
    return {name: Table(name, **told, columns=tuple(columns[name])) for name, told in about.items()}


def _column(row: dict[str, str]) -> Column:
    low, high = (int(row[end]) if row[end] else None for end in ("low", "high"))
    meaning, blank = ({lang: row[f"{start}{lang}"] for lang in ("zh", "en")} for start in ("", "blank_"))
    as_written = (row[name] for name in ("column", "kind", "unit", "codes"))
    return Column(
        *as_written,
        key=bool(row["key"]),
        references=row["references"],
        pattern=row["pattern"],
        low=low,
        high=high,
        personal=bool(row["personal"]),
        meaning=meaning,
        blank=blank,
    )


HIDDEN = (
    *("types", "needs", "habits", "latent", "recall", "planted_personal"),
    *("declined", "complaints"),
    *("careless", "agents", "faults", "conflicts", "links"),
)
TRUTH = {name: table for name, table in _tables().items() if name in HIDDEN}
"""The tables of the hidden truth by name."""
TABLES = {name: table for name, table in _tables().items() if name not in HIDDEN}
"""The tables that students get, by name."""
