"""The tables of the customer base as SQL, made from `crmlab.tables`: the database itself refuses what does not fit."""

from crmlab.collect.tombstones import TOMBSTONES
from crmlab.collect.validate import CATALOGUES, references
from crmlab.frames import quoted
from crmlab.tables import TABLES, Column, Table
from crmlab.tables.codes import CODES

TYPES = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "code": "VARCHAR",
    "date": "DATE",
    "time": "TIMESTAMP",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "money": "DECIMAL(18, 3)",
}
"""The SQL type of each kind of column. Money is decimal, exact to three places (no ISO currency in use has more than
three, apart from units of account)."""


def literal(text: str) -> str:
    """A text for SQL, in single quotes."""
    return "'" + text.replace("'", "''") + "'"


ACTIONS = ("load", "add", "change", "refuse", "consent", "withdraw", "delete", "export")
"""What an entry of the audit table says was done."""
BOOKS = (
    "CREATE TABLE about (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)",
    """CREATE TABLE loads (
        sha256 VARCHAR NOT NULL CHECK (length(sha256) = 64), file VARCHAR NOT NULL, loaded_on DATE NOT NULL,
        format VARCHAR NOT NULL, encoding VARCHAR NOT NULL, PRIMARY KEY (sha256, file)
    )""",
    """CREATE TABLE filled (
        customer_id VARCHAR NOT NULL, "column" VARCHAR NOT NULL, source VARCHAR NOT NULL, filled_on DATE NOT NULL,
        PRIMARY KEY (customer_id, "column")
    )""",
    """CREATE TABLE conflicts (
        customer_id VARCHAR NOT NULL, "column" VARCHAR NOT NULL, kept_source VARCHAR NOT NULL,
        other_source VARCHAR NOT NULL, kept_value VARCHAR NOT NULL, other_value VARCHAR NOT NULL,
        found_on DATE NOT NULL,
        PRIMARY KEY (customer_id, "column", other_source, other_value)
    )""",
    f"""CREATE TABLE audit (
        entry BIGINT PRIMARY KEY, noted_on DATE NOT NULL,
        action VARCHAR NOT NULL CHECK (action IN ({", ".join(map(literal, ACTIONS))})),
        "table" VARCHAR NOT NULL, "rows" BIGINT NOT NULL CHECK ("rows" >= 0)
    )""",
    TOMBSTONES,
)
"""What the base keeps beside the data: what it is, which files came in, which channel filled a blank cell of a
customer, where channels disagree, what was done when, and who must not come back."""


def tables_sql() -> list[str]:
    """One CREATE TABLE per table of the house, those that are pointed to first, and the books of the base.

    >>> [line for line in tables_sql() if line.startswith('CREATE TABLE "consents"')][0].splitlines()[1]
    '    "customer_id" VARCHAR NOT NULL,'
    """
    return [*map(create_table, TABLES.values()), *BOOKS]


def create_table(table: Table) -> str:
    """CREATE TABLE with types, NOT NULL, CHECK, PRIMARY KEY and FOREIGN KEY as the schema of the house says.

    Catalogues are not demanded by the database: a shop may have orders and no list of its products.
    """
    parts = [_column(column) for column in table.columns]
    parts.append(f"PRIMARY KEY ({_names(table.key)})")
    for other, columns in references(table).items():
        if other not in CATALOGUES:
            parts.append(f"FOREIGN KEY ({_names(columns)}) REFERENCES {quoted(other)} ({_names(columns)})")
    return f"CREATE TABLE {quoted(table.name)} (\n    " + ",\n    ".join(parts) + "\n)"


def _column(column: Column) -> str:
    name = quoted(column.name)
    parts = [name, TYPES[column.kind]]
    if column.required or column.key:
        parts.append("NOT NULL")
    if column.codes:
        parts.append(f"CHECK ({name} IN ({', '.join(map(literal, CODES[column.codes]))}))")
    if column.pattern:
        parts.append(f"CHECK (regexp_full_match({name}, {literal(column.pattern)}))")
    if column.low is not None:
        parts.append(f"CHECK ({name} >= {column.low})")
    if column.high is not None:
        parts.append(f"CHECK ({name} <= {column.high})")
    return " ".join(parts)


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, columns))
