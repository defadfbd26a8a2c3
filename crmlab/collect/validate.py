"""Rows checked against the tables of the house: what fits is kept with its types, every fault is listed.

The checks of single cells are a pandera schema made from `crmlab.tables`; keys are compared row by row.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from crmlab.collect.mask import looks_personal, mask, mask_column
from crmlab.errors import DataError
from crmlab.kinds import typed
from crmlab.tables import TABLES, Column, Table
from crmlab.tables.codes import CODES
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

LISTED = ("file", "row", "table", "column", "value", "reason")
"""Columns of every listing of faults."""
PLACE = ("file", "row")
"""Columns that say where a row stands: file name, and line number with the heading as line 1."""
FORMS = {
    "integer": r"-?[0-9]{1,15}(\.0*)?",
    "money": r"-?[0-9]{1,12}(\.[0-9]{1,3})?",
    "number": r"-?[0-9]{1,15}(\.[0-9]+)?",
    "date": r"(19|20)[0-9][0-9]-[0-9][0-9]-[0-9][0-9]([T ][0-9][0-9]:[0-9][0-9](:[0-9][0-9](\.[0-9]{1,6})?)?)?",
}
FORMS["time"] = FORMS["date"]


@dataclass(frozen=True, repr=False)
class Checked:
    """What came of a check. `kept` has the columns of the table with their types, and `file` and `row`; `listed` has
    a line for every fault (file, row, table, column, value, reason; personal values masked).

    `rows` is how many rows came in; rows = len(kept) + refused. `blanked` tells which of the kept rows lost a cell,
    by their index in `kept`. The rows may hold personal data; a Checked shows itself without them.
    """

    kept: "pd.DataFrame"
    listed: "pd.DataFrame"
    rows: int
    blanked: "pd.Index"

    def __repr__(self) -> str:
        return f"Checked(rows={self.rows}, kept={len(self.kept)}, listed={len(self.listed)})"

    @property
    def refused(self) -> int:
        """How many rows are listed and not kept."""
        return self.rows - len(self.kept)

    def balance(self, lang: str = "zh") -> str:
        """Rows in = rows kept + rows listed, in words."""
        values = {"rows": self.rows, "kept": len(self.kept), "blanked": len(self.blanked), "refused": self.refused}
        return word("collect.balance", lang, **values, faults=len(self.listed))


CATALOGUES = ("products", "campaigns")
"""Tables that a source often does not have. While such a table is empty, what points to it is taken as it comes."""


def check(table: str, frame: "pd.DataFrame", *, known: Mapping[str, "pd.DataFrame"] | None = None) -> Checked:
    """Check the rows of one table of the house, given as text.

    `frame` has columns of the table as text (None or an empty text for a blank) and may have `file` and `row`; without
    `row`, rows are counted from 2, as in a file with headings. Columns that the table does not have are left aside.
    `known` gives the rows that references may point to, by table; a reference to a table that is not in it, or to a
    catalogue without rows, is not checked. A fault in a required or key column refuses the row; in any other column
    the cell is emptied and the row kept. Of several rows with one key the first line is kept. The result is the same
    whatever the order of the rows.

    Raises DataError for a name that is no table of the house.

    >>> import pandas as pd
    >>> told = pd.DataFrame({"customer_id": ["C1", "C2"], "source": ["phone", "fax"], "phone": ["1200", None]})
    >>> found = check("customers", told)
    >>> found.kept["customer_id"].tolist(), found.listed[["row", "column", "value", "reason"]].values.tolist()
    (['C1'], [[2, 'phone', '0000', 'bad_pattern'], [3, 'source', 'fax', 'unknown_code']])
    """
    if table not in TABLES:
        raise DataError("no_table", table=table, there=", ".join(TABLES))
    return check_text(TABLES[table], as_text(TABLES[table], frame), known or {})


def check_text(house: Table, text: "pd.DataFrame", known: Mapping[str, "pd.DataFrame"]) -> Checked:
    """`check` for rows as `as_text` gives them; the index of the rows stays as it is."""
    faults = [_cell_faults(house, text)]
    kept, blanked = _without(house, text, faults[0])
    for name, columns in references(house).items():
        if name in known and (len(known[name]) or name not in CATALOGUES):
            faults.append(_orphans(house, kept, columns, known[name]))
            kept, emptied = _without(house, kept, faults[-1])
            blanked = blanked.union(emptied)
    faults.append(_repeats(house, kept))
    kept, _ = _without(house, kept, faults[-1])
    return Checked(typed(house.name, kept), listing(house, text, faults), len(text), kept.index.intersection(blanked))


def references(table: Table) -> dict[str, tuple[str, ...]]:
    """The tables that a table points to, with the columns that do; they are named as the key there."""
    named = dict.fromkeys(column.references for column in table.columns if column.references)
    return {other: tuple(column.name for column in table.columns if column.references == other) for other in named}


@cache
def schema_of(table: str) -> Any:
    """The pandera schema of one table as text: required columns, forms, ranges, codes and patterns.

    The name of a check is the reason code of a row that fails it.
    """
    pa = _pandera()
    columns = {
        column.name: pa.Column("str", checks=_checks(pa, column), nullable=not column.required, coerce=False)
        for column in TABLES[table].columns
    }
    return pa.DataFrameSchema(columns, strict=False)


@cache
def _pandera() -> Any:
    """pandera, ready for pandas, without the warning of a PySpark that happens to be installed."""
    import warnings

    import pandas as pd

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        import pandera.pandas as pa

        pa.DataFrameSchema.register_default_backends(pd.DataFrame)
    return pa


def _checks(pa: Any, column: Column) -> list[Any]:
    rules = []
    if column.kind in FORMS:
        reason = "bad_date" if column.kind in ("date", "time") else "bad_number"
        rules.append((reason, lambda text: _readable(text, column.kind)))
    if column.codes:
        rules.append(("unknown_code", lambda text: text.isin(CODES[column.codes])))
    if column.pattern:
        rules.append(("bad_pattern", lambda text: text.str.fullmatch(column.pattern, flags=re.ASCII)))
    if column.low is not None or column.high is not None:
        rules.append(("out_of_range", lambda text: _in_range(text, column)))
    return [pa.Check(rule, name=reason) for reason, rule in rules]


def _readable(text: "pd.Series", kind: str) -> "pd.Series":
    import pandas as pd

    formed = text.str.fullmatch(FORMS[kind])
    if kind not in ("date", "time"):
        return formed
    return formed & pd.to_datetime(text.where(formed), format="ISO8601", errors="coerce").notna()


def _in_range(text: "pd.Series", column: Column) -> "pd.Series":
    """Whether numbers lie in the range; what is no number is another check's business."""
    import pandas as pd

    numbers = pd.to_numeric(text.where(_readable(text, column.kind)))
    low = float("-inf") if column.low is None else column.low
    high = float("inf") if column.high is None else column.high
    return numbers.isna() | numbers.between(low, high)


def as_text(house: Table, frame: "pd.DataFrame") -> "pd.DataFrame":
    """The columns of the table as text, blanks as missing, with file and row, in the order of the lines."""
    names = [column.name for column in house.columns]
    text = frame.reindex(columns=names).astype("str")
    text = text.mask(text.eq(""))
    text["file"] = frame["file"].astype("str") if "file" in frame else ""
    text["row"] = frame["row"].astype("int64") if "row" in frame else range(2, len(frame) + 2)
    return text.sort_values([*PLACE, *names], ignore_index=True)


def faults_at(index: Any, column: str, reason: str) -> "pd.DataFrame":
    """The same fault in one column of several rows."""
    import pandas as pd

    return pd.DataFrame({"index": pd.Series(index, dtype="int64"), "column": column, "reason": reason})


def _cell_faults(house: Table, text: "pd.DataFrame") -> "pd.DataFrame":
    """Every cell that fails a check: index, column, reason."""
    import pandas as pd

    try:
        schema_of(house.name).validate(text, lazy=True)
    except _pandera().errors.SchemaErrors as errors:
        cases = errors.failure_cases
        reason = cases["check"].replace("not_nullable", "missing")
        return pd.DataFrame({"index": cases["index"].astype("int64"), "column": cases["column"], "reason": reason})
    return faults_at([], "", "")


def _orphans(house: Table, kept: "pd.DataFrame", columns: tuple[str, ...], there: "pd.DataFrame") -> "pd.DataFrame":
    """Rows whose reference points nowhere; a reference with a blank part points to nobody, which is no fault."""
    names = list(columns)
    wanted = typed(house.name, kept[names]).dropna()
    keys = there[names].drop_duplicates()
    found = wanted.reset_index().merge(keys, on=names, how="left", indicator="found")
    lost = found.loc[found["found"] == "left_only", "index"]
    optional = not next(column for column in house.columns if column.name == names[0]).required
    reason = "unlinked" if optional and names == ["customer_id"] else "orphan"
    return faults_at(lost.to_numpy(), names[0], reason)


def _repeats(house: Table, kept: "pd.DataFrame") -> "pd.DataFrame":
    """Rows with the key of an earlier line."""
    again = typed(house.name, kept[list(house.key)]).duplicated()
    return faults_at(kept.index[again], house.key[0], "duplicate")


def _without(house: Table, text: "pd.DataFrame", faults: "pd.DataFrame") -> tuple["pd.DataFrame", "pd.Index"]:
    """The rows that stay, with faulty cells of optional columns emptied, and which rows those are."""
    demanded = {column.name for column in house.columns if column.required or column.key}
    refuses = faults["column"].isin(demanded)
    stays = text.drop(index=faults.loc[refuses, "index"].unique())
    emptied = faults[~refuses & faults["index"].isin(stays.index)]
    for column, cells in emptied.groupby("column")["index"]:
        stays.loc[cells.unique(), column] = None
    return stays, stays.index.intersection(emptied["index"])


def listing(house: Table, text: "pd.DataFrame", faults: list["pd.DataFrame"]) -> "pd.DataFrame":
    """The lines that tell of faults (frames with index, column, reason) in rows as `as_text` gives them."""
    import pandas as pd

    every = pd.concat(faults, ignore_index=True).drop_duplicates(["index", "column"])
    if every.empty:
        return pd.DataFrame({name: pd.Series(dtype="int64" if name == "row" else "str") for name in LISTED})
    slipped = _slipped(house, text, every)
    lines = pd.concat([_faults_of(house, text, column, cells, slipped) for column, cells in every.groupby("column")])
    place = {name: at for at, name in enumerate(column.name for column in house.columns)}
    order = lines["column"].map(place)
    lines = lines.assign(order=order).sort_values([*PLACE, "order", "reason"], ignore_index=True)
    return lines[list(LISTED)]


def _slipped(house: Table, text: "pd.DataFrame", faults: "pd.DataFrame") -> "pd.Index":
    """Rows whose cells may stand in columns of others, so that a name can be anywhere: those with a contact outside of
    its column, and in a table with personal columns those with two faulty cells."""
    rows = text.loc[faults["index"].unique()]
    found = rows.index[:0]
    for column in house.columns:
        if column.name not in ("customer_id", "phone", "email"):
            cells = rows[column.name]
            found = found.union(cells.index[cells.isin(list(filter(looks_personal, cells.dropna().unique())))])
    if any(column.personal for column in house.columns):
        counts = faults["index"].value_counts()
        found = found.union(counts.index[counts > 1])
    return found


def _faults_of(
    house: Table, text: "pd.DataFrame", column: str, cells: "pd.DataFrame", slipped: "pd.Index"
) -> "pd.DataFrame":
    """Lines of the listing for one column."""
    values = mask_column(text.loc[cells["index"], column], column)
    values = values.mask(values.index.isin(slipped), values.map(mask, na_action="ignore"))
    lines = text.loc[cells["index"], list(PLACE)].assign(table=house.name, column=column, value=values)
    return lines.assign(reason=cells["reason"].to_numpy())
