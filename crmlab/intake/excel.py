"""Excel workbooks as grids: what each cell shows, and which formulas have no value."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from crmlab.errors import DataError
from crmlab.intake.grid import Grid, grid, number_text


def sheets(path: Path) -> Iterator[Grid]:
    """The sheets that hold anything, in their order; row numbers are those of the sheet.

    A formula gives the value that was saved with it; a record with a formula without one becomes a fault.
    Raises DataError for a file that is no workbook or that holds nothing.
    """
    from openpyxl import load_workbook

    try:
        values = load_workbook(path, read_only=True, data_only=True)
        formulas = load_workbook(path, read_only=True) if _has_formulas(path) else None
    except (BadZipFile, KeyError, ValueError) as error:
        raise DataError("intake_no_workbook", file=path.name, problem=type(error).__name__) from None
    with closing(values):
        filled = False
        for sheet in values.worksheets:
            faults: list[tuple[int, str, str]] = []
            rows = _rows(sheet, formulas and formulas[sheet.title], faults)
            first = next(rows, None)
            if first is not None:
                filled = True
                yield grid(chain([first], rows), faults, encoding="xlsx", sheet=sheet.title)
        if formulas:
            formulas.close()
        if not filled:
            raise DataError("intake_empty", file=path.name)


def sheet_names(path: Path) -> list[str]:
    """The names of all sheets of a workbook."""
    from openpyxl import load_workbook

    with closing(load_workbook(path, read_only=True)) as workbook:
        return workbook.sheetnames


def _has_formulas(path: Path) -> bool:
    with ZipFile(path) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/")]
        return any(re.search(rb"<f[ >/]", parts.read(name)) for name in sheets if name.endswith(".xml"))


def _rows(sheet: Any, formulas: Any, faults: list[tuple[int, str, str]]) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, with their numbers, as wide as the first of them."""
    sheet.reset_dimensions()
    if formulas is not None:
        formulas.reset_dimensions()
    width = 0
    as_written = iter(formulas.iter_rows(values_only=True)) if formulas is not None else None
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        written = next(as_written) if as_written else row
        texts = [_text(cell) for cell in row]
        if not any(text.strip() for text in texts) and not any(written):
            continue
        if any(_is_formula(formula) and value is None for formula, value in zip(written, row, strict=True)):
            faults.append((number, "", "formula_no_value"))
            continue
        width = width or len(texts)
        yield number, texts + [""] * (width - len(texts))


def _is_formula(cell: Any) -> bool:
    return type(cell).__name__ == "ArrayFormula" or (isinstance(cell, str) and cell.startswith("="))


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return number_text(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds").removesuffix("T00:00:00")
    if isinstance(cell, timedelta):
        return str(int(cell.total_seconds()))
    return str(cell)
