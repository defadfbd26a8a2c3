"""Read one file that people really have into the tables of the house."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.collect.pseudonym import Key
from crmlab.errors import DataError, ParameterError
from crmlab.intake.build import Build
from crmlab.intake.excel import sheet_names
from crmlab.intake.formats import Format, Headings, all_formats, format_named, missing, recognised
from crmlab.intake.grid import Grid, demand_headings, read_grids, shown
from crmlab.tables import TABLES
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

UNREADABLE = ("list", "stop")


@dataclass(frozen=True, repr=False)
class Read:
    """What a file held.

    `tables` has a frame for each table of the house that the file speaks of: all its columns as text (missing where
    nothing was given), and `row`, the line of the record (the headings are line 1). `listed` has a line for each
    fault of a record that gave no row: file, row, table, column, value (personal ones masked), reason. `rows` counts
    the records: those with rows and those listed. `dropped_columns` were left away on purpose, `unknown_columns`
    because the format does not know them; `other_sheets` of an Excel file were not read.

    The tables hold personal data; a Read shows itself without them.
    """

    file: str
    format: str
    encoding: str
    sheet: str
    rows: int
    tables: dict[str, "pd.DataFrame"]
    listed: "pd.DataFrame"
    dropped_columns: list[str]
    unknown_columns: list[str]
    other_sheets: list[str]

    def __repr__(self) -> str:
        rows = ", ".join(f"{name}: {len(frame)}" for name, frame in self.tables.items())
        return f"Read({self.file}, {self.format}, {self.encoding}, rows={self.rows}, tables={{{rows}}})"

    def balance(self, lang: str = "zh") -> str:
        """Records in the file = records with rows + records listed, in words."""
        listed = self.listed["row"].nunique()
        return word("intake.balance", lang, file=self.file, rows=self.rows, read=self.rows - listed, listed=listed)


def read_file(path: Path | str, *, format: Path | str = "", unreadable: str = "list", key: Key | None = None) -> Read:
    """Read a CSV, Excel or Parquet file: an export of a shop, a CRM or a questionnaire, or a table of the house.

    Parameters
    ----------
    path : the file; its encoding (utf-8, utf-8-sig, utf-16, gb18030) is found, and reported
    format : name of a format, or the .toml file of a field map of one's own; "" finds it by the headings
    unreadable : "list" goes on after a record that cannot be read and lists it; "stop" raises at the first one
    key : for the hash of contacts who do not want mail (Zoho); by default that of the person at this computer

    Raises
    ------
    DataError for a file that cannot be read at all, headings that fit no format or several, an export without records
    (a table of the house may be empty), a field map with mistakes, and, with unreadable="stop", the first record that
    cannot be read.
    """
    if unreadable not in UNREADABLE:
        raise ParameterError("choice", name="unreadable", value=unreadable, allowed=", ".join(UNREADABLE))
    path = Path(path)
    grid, form = _first_that_fits(path, str(format))
    if not grid.records and form.name not in TABLES:
        raise DataError("intake_headings_only", file=path.name)
    build = Build(grid, form, path.name, key)
    if unreadable == "stop" and len(build.listed):
        first = build.listed.iloc[0]
        raise DataError(f"intake_line.{first['reason']}", file=path.name, row=first["row"])
    others = [name for name in sheet_names(path) if name != grid.sheet] if grid.sheet else []
    return Read(
        file=path.name,
        format=form.name,
        encoding=grid.encoding,
        sheet=grid.sheet,
        rows=grid.records,
        tables=build.tables(),
        listed=build.listed,
        dropped_columns=build.dropped(),
        unknown_columns=build.unknown(),
        other_sheets=others,
    )


def _first_that_fits(path: Path, name: str) -> tuple[Grid, Format]:
    """The first sheet whose headings fit the format that was named, or fit one best; DataError about the first."""
    errors = []
    for grid in read_grids(path):
        try:
            demand_headings(grid, path.name)
            return grid, _fitting(grid, name, path)
        except DataError as error:
            errors.append(error)
    raise errors[0]


def _fitting(grid: Grid, name: str, path: Path) -> Format:
    found = shown(grid.headings)
    if name:
        form = format_named(name)
        lacking = "、".join(missing(form, Headings(grid.headings)))
        if lacking:
            raise DataError("intake_misfit", file=path.name, format=form.name, missing=lacking, found=found)
        return form
    fitting = recognised(grid.headings, path.stem)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(form.name for form in fitting)
        raise DataError("intake_ambiguous", file=path.name, formats=names, found=found)
    raise DataError("intake_unknown", file=path.name, found=found, formats=", ".join(all_formats()))
