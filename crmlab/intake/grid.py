"""A file as a grid of texts: headings, one row per record with its line number, and what could not be read."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.collect.mask import mask
from crmlab.errors import DataError
from crmlab.intake.text import decode

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = ",\t;"
KINDS = (".csv", ".txt", ".tsv", ".xlsx", ".parquet")
"""The endings of the files that can be read; .txt and .tsv are what Excel calls Unicode text."""

RECORD = re.compile(r"@|\d{4}(?!年)")
"""What stands in records and in no heading: an e-mail, a number of four digits or more."""


@dataclass(frozen=True)
class Grid:
    """One sheet of a file. `cells` has a column per heading, all text, with None for an empty cell; its index is the
    line (1-based; the heading's is 1) of each record. `faults` are (line, text, reason) of records without a row."""

    cells: "pd.DataFrame"
    faults: list[tuple[int, str, str]]
    encoding: str
    sheet: str = ""

    @property
    def headings(self) -> list[str]:
        return list(self.cells.columns)

    @property
    def records(self) -> int:
        """Records of the file: lines that hold anything, without the heading."""
        return len(self.cells) + len({line for line, _, _ in self.faults})


def read_grids(path: Path) -> Iterator[Grid]:
    """The sheets of a file as grids: one of a CSV or Parquet file, those that hold anything of an Excel file.

    In Parquet the first record is row 2, as if its headings were a line. Raises DataError for a file that is not
    there, is a folder, has another ending, or whose bytes are not what its ending says.
    """
    if path.is_dir():
        raise DataError("intake_folder", path=path)
    if not path.is_file():
        raise DataError("no_file", path=path)
    ending = path.suffix.lower()
    if ending not in KINDS:
        raise DataError("file_kind", path=path, kinds=", ".join(KINDS))
    if ending == ".xlsx":
        from crmlab.intake.excel import sheets

        yield from sheets(path)
    else:
        yield _parquet(path) if ending == ".parquet" else _text(path)


def grid(rows: Iterator[tuple[int, list[str]]], faults: list[tuple[int, str, str]], **about: str) -> Grid:
    """A grid from numbered rows, the first of which holds the headings.

    A row with more or fewer cells than there are headings becomes a fault; empty cells at its end do not count.
    """
    import pandas as pd

    _, first = next(rows, (0, []))
    headings = [plain_heading(heading) for heading in first]
    while headings and not headings[-1]:
        headings.pop()
    width, lines, kept = len(headings), [], []
    for line, row in rows:
        if len(row) > width and not any(row[width:]):
            row = row[:width]
        if len(row) == width:
            lines.append(line)
            kept.append(row)
        else:
            faults.append((line, f"{len(row)} / {width}", "few_cells" if len(row) < width else "many_cells"))
    cells = pd.DataFrame(kept, columns=headings, index=pd.Index(lines, name="row", dtype="int64"), dtype="str")
    return Grid(cells, sorted(faults), **about)


def plain_heading(heading: str) -> str:
    """A heading without what exports put around it: blanks, a byte order mark, quotes, ="…"."""
    text = heading.strip().strip("\ufeff").strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text.strip('"').strip()


def shown(headings: list[str]) -> str:
    """Headings for an error message; only their shape where they look like a record of a file without headings: where
    numbers or e-mails are among them, or fewer than half stand in any format.

    >>> shown(["客户编号", "手机", "宠物"]), shown(["王示一", "女", "上海"])
    ('客户编号、手机、宠物', '〇〇〇、〇、〇〇')
    """
    from crmlab.intake.formats import Headings, all_formats, known_headings

    known = {heading for form in all_formats().values() for heading in known_headings(form, Headings(headings))}
    if len(known) * 2 < len(headings) or any(RECORD.search(heading) for heading in headings):
        headings = [mask(heading) for heading in headings]
    return "、".join(headings)


def demand_headings(grid: Grid, file: str) -> None:
    """Raise DataError when there is no heading, a heading stands twice, or one in the middle is blank."""
    headings = grid.headings
    if not any(headings):
        raise DataError("intake_empty", file=file)
    if "" in headings:
        raise DataError("intake_heading_blank", file=file, place=headings.index("") + 1)
    twice = sorted({heading for heading in headings if headings.count(heading) > 1})
    if twice:
        raise DataError("intake_headings_twice", file=file, headings=shown(twice))


def _text(path: Path) -> Grid:
    text, encoding = decode(path.read_bytes(), path.name)
    lines = StringIO(text, newline=None).readlines()
    faults: list[tuple[int, str, str]] = []
    return grid(_records(lines, faults), faults, encoding=encoding)


def _records(lines: list[str], faults: list[tuple[int, str, str]]) -> Iterator[tuple[int, list[str]]]:
    """The records of a delimited text with the number of the line each begins on; empty lines are none.

    Where quotes do not close, or a record over several lines has not as many cells as the headings, its first line
    becomes a fault and reading goes on with the next line: one lost quote must not swallow the records after it.
    """
    delimiter = max(DELIMITERS, key=next(filter(str.strip, lines), "").count)
    start, width = 0, None
    while start < len(lines):
        reader = csv.reader((lines[at] for at in range(start, len(lines))), delimiter=delimiter, strict=True)
        begin = start
        try:
            for row in reader:
                end = start + reader.line_num
                if any(cell.strip() for cell in row):
                    if width is not None and end - begin > 1 and len(row) != width:
                        raise csv.Error
                    width = width or len(row)
                    yield begin + 1, row
                begin = end
            return
        except csv.Error:
            faults.append((begin + 1, "", "broken_quote"))
            start = begin + 1


def _parquet(path: Path) -> Grid:
    import pandas as pd

    try:
        frame = pd.read_parquet(path).reset_index(drop=True)
    except ValueError as error:
        raise DataError("intake_no_parquet", file=path.name, problem=type(error).__name__) from None
    cells = pd.DataFrame({plain_heading(str(name)): _as_text(frame[name]) for name in frame.columns}, dtype="str")
    return Grid(cells.set_axis(pd.RangeIndex(2, len(cells) + 2, name="row")), [], "parquet")


def _as_text(column: "pd.Series") -> "pd.Series":
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column.map(lambda time: time.isoformat(), na_action="ignore").str.removesuffix("T00:00:00").astype("str")
    if pd.api.types.is_float_dtype(column.dtype):
        return column.map(number_text, na_action="ignore").astype("str")
    return column.astype("str")


def number_text(number: float) -> str:
    """A number of a spreadsheet as the sheet shows it: at most 15 digits, without .0.

    >>> number_text(3.0), number_text(0.1 + 0.2), number_text(1930679858170647123.0)
    ('3', '0.3', '1.93067985817065e+18')
    """
    return f"{number:.15g}"
