"""From a grid to the tables of the house, by a field map."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlab.collect.mask import mask_column
from crmlab.collect.pseudonym import Key
from crmlab.intake.cells import FORMULA, LOST_DIGITS, normal, plain
from crmlab.intake.derived import number_of, off, share, text, times
from crmlab.intake.formats import Format, Headings, Part, known_headings, made, sources
from crmlab.intake.grid import Grid
from crmlab.tables import TABLES, Column

if TYPE_CHECKING:
    import pandas as pd

LISTED = ("file", "row", "table", "column", "value", "reason")
"""Columns of every listing."""


def _column(table: str, name: str) -> Column:
    """The column of a table, or of another table when the column goes along."""
    near = (TABLES[table], *TABLES.values())
    return next(column for one in near for column in one.columns if column.name == name)


@dataclass
class Build:
    """One grid, one field map. `tables` and `listed` are what comes out; a listed record is in no table."""

    grid: Grid
    form: Format
    file: str
    key: Key | None

    def __post_init__(self) -> None:
        self.headings = Headings(self.grid.headings)
        self.listed = self._listing()
        self.cells = self.grid.cells[~self.grid.cells.index.isin(self.listed["row"])]
        self._plain: dict[str, pd.Series] = {}

    def dropped(self) -> list[str]:
        """Headings left away on purpose."""
        return sorted(self.headings.found(self.form.drop), key=self.grid.headings.index)

    def unknown(self) -> list[str]:
        """Headings that the map does not know."""
        known = known_headings(self.form, self.headings)
        return [heading for heading in self.grid.headings if heading not in known]

    def tables(self) -> dict[str, "pd.DataFrame"]:
        """The tables by name: all columns of the house as text, those that go along, and `row`; by line."""
        import pandas as pd

        found: dict[str, list[pd.DataFrame]] = {}
        for part in made(self.form, self.headings):
            found.setdefault(part.table, []).append(self._part(part))
        return {
            name: pd.concat(frames).sort_values("row", kind="stable", ignore_index=True)
            for name, frames in found.items()
        }

    def _part(self, part: Part) -> "pd.DataFrame":
        import pandas as pd

        columns = {column.name: column for column in TABLES[part.table].columns}
        frame = pd.DataFrame(index=self.cells.index)
        for name in columns:
            cells = self._source(part.columns[name]) if name in part.columns else self._constant(None)
            if name in part.fixed:
                cells = cells.fillna(part.fixed[name])
            if name in part.split:
                frame[name] = cells.str.split(part.split[name], regex=False)
            else:
                frame[name] = self._normal(cells, name, part)
        for name, heading in part.beside.items():
            frame[name] = self._normal(self._source(heading), name, part)
        for name in part.split:
            frame = frame.explode(name)
            frame[name] = self._normal(plain(frame[name]), name, part)
        frame = frame.rename_axis("row").reset_index()
        if part.where:
            filled = frame[part.where].notna()
            if columns[part.where].kind == "money":
                filled &= pd.to_numeric(frame[part.where], errors="coerce") != 0
            frame = frame[filled]
        for name, source in part.columns.items():
            if isinstance(source, dict) and "hashed" in source:
                frame[name] = self._hashed(frame[name])
        if part.once:
            frame = frame.drop_duplicates([*columns, *part.beside])
        return frame[[*columns, *part.beside, "row"]]

    def _normal(self, cells: "pd.Series", name: str, part: Part) -> "pd.Series":
        column = _column(part.table, name)
        return normal(cells, column, part.codes.get(name, {}), month_first=self.form.month_first)

    def _source(self, source: Any) -> "pd.Series":
        if isinstance(source, str):
            return self._cells(source)
        if isinstance(source, list):
            cells = self._cells(source[0])
            for other in source[1:]:
                cells = cells.fillna(self._cells(other))
            return cells
        if "text" in source:
            return text(
                source["text"], {heading: self._cells(heading) for heading in sources(source)}, self.cells.index
            )
        if "number_of" in source:
            return number_of(self._cells(source["number_of"]), self._cells(source["within"]))
        if "times" in source:
            return times(*map(self._cells, source["times"]))
        if "hashed" in source:
            return self._cells(source["hashed"])
        rule = share if "share" in source else off
        amount = self._cells(source.get("share") or source.get("off"))
        return rule(amount, self._cells(source["within"]), times(*map(self._cells, source["by"])))

    def _hashed(self, cells: "pd.Series") -> "pd.Series":
        if cells.isna().all():
            return cells
        key = self.key or Key.of_user()
        return cells.map(key.contact, na_action="ignore").astype("str")

    def _cells(self, pattern: str) -> "pd.Series":
        """The plain cells under a heading, a missing one where the file does not have it."""
        heading = self.headings.find(pattern)
        return self._constant(None) if heading is None else self._of(heading)

    def _of(self, heading: str) -> "pd.Series":
        if heading not in self._plain:
            cells = plain(self.cells[heading])
            self._plain[heading] = cells.mask(cells.isin(self.form.blank)) if self.form.blank else cells
        return self._plain[heading]

    def _constant(self, value: str | None) -> "pd.Series":
        import pandas as pd

        return pd.Series(value, index=self.cells.index, dtype="str")

    def _listing(self) -> "pd.DataFrame":
        """Records without a row: those that could not be read, formulas as text, ids that lost their digits."""
        import pandas as pd

        rows = [(line, "", "", value, reason) for line, value, reason in self.grid.faults]
        for part in made(self.form, self.headings):
            for name, source in part.columns.items():
                for heading in self.headings.found(sources(source)):
                    rows += self._faults(part.table, name, heading)
        listed = pd.DataFrame(rows, columns=list(LISTED[1:])).drop_duplicates(["row", "value", "reason"])
        listed.insert(0, "file", self.file)
        return listed.sort_values(["row", "table", "column"], ignore_index=True)

    def _faults(self, table: str, name: str, heading: str) -> list[tuple[int, str, str, str, str]]:
        raw = self.grid.cells[heading].str.strip()
        starts = raw[raw.str.startswith("=").fillna(False) & ~raw.str.startswith('="').fillna(False)]
        formulas = starts[starts.map(FORMULA.match).astype("bool")]
        found = [(formulas, "formula_text")]
        if _column(table, name).kind == "id":
            ids = plain(self.grid.cells[heading])
            found.append((ids[ids.str.fullmatch(LOST_DIGITS).fillna(False)], "lost_digits"))
        return [
            (line, table, name, value, reason)
            for cells, reason in found
            for line, value in mask_column(cells, name).items()
        ]
