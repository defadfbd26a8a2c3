"""A grid of texts as a CSV or Excel file: the same texts give the same bytes, at any time on any machine."""

import csv
import io
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError, ParameterError
from crmlab.handover.cells import NUMBERS

if TYPE_CHECKING:
    import pandas as pd

ENCODINGS = ("utf-8-sig", "gb18030")
ENDINGS = (".csv", ".xlsx")
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The date of the members of an Excel file: the first that a zip archive can hold."""
WRITTEN_AT = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")
SHORT_NUMBER = re.compile(r"-?(?=[\d.]{1,15}$)\d+(\.\d+)?", re.ASCII)
"""A number of which a spreadsheet keeps every digit."""
GB18030_MARK = "\ufeff".encode("gb18030")


def write_grid(grid: "pd.DataFrame", kinds: dict[str, str], path: Path, encoding: str) -> None:
    """Write a frame of texts (missing = empty cell) as .csv or .xlsx, by the ending of the path.

    `kinds` says what each column holds: numbers become number cells in Excel, everything else text cells, so that ids
    keep all their digits. Raises DataError for another ending and ParameterError for another encoding.
    """
    if path.suffix.lower() not in ENDINGS:
        raise DataError("file_kind", path=path.name, kinds=", ".join(ENDINGS))
    if encoding not in ENCODINGS:
        raise ParameterError("choice", name="encoding", value=encoding, allowed=", ".join(ENCODINGS))
    content = _csv(grid, encoding) if path.suffix.lower() == ".csv" else _xlsx(grid, kinds)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _csv(grid: "pd.DataFrame", encoding: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(grid.columns)
    writer.writerows(grid.fillna("").to_numpy("object"))
    content = text.getvalue().encode(encoding)
    return GB18030_MARK + content if encoding == "gb18030" and _looks_like_utf8(content) else content


def _looks_like_utf8(content: bytes) -> bool:
    """Whether bytes in GB18030 happen to be good UTF-8 as well, so that a reader could not tell."""
    try:
        return not content.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def _xlsx(grid: "pd.DataFrame", kinds: dict[str, str]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    sheet.freeze_panes = "A2"

    def cell(text: object, kind: str) -> Any:
        if not isinstance(text, str):
            return None
        if kind in NUMBERS and SHORT_NUMBER.fullmatch(text):
            made = WriteOnlyCell(sheet, Decimal(text))
            made.number_format = "0.00" if kind == "money" else "General"
            return made
        made = WriteOnlyCell(sheet, text)
        made.number_format, made.data_type = "@", "s"
        return made

    sheet.append([cell(heading, "text") for heading in grid.columns])
    kind_of = [kinds[heading] for heading in grid.columns]
    for row in grid.to_numpy("object"):
        sheet.append([cell(text, kind) for text, kind in zip(row, kind_of, strict=True)])
    file = io.BytesIO()
    book.save(file)
    return without_clock(file)


def without_clock(file: io.BytesIO) -> bytes:
    """The same archive without the time at which it was written."""
    timeless = io.BytesIO()
    with zipfile.ZipFile(file) as made, zipfile.ZipFile(timeless, "w", zipfile.ZIP_DEFLATED) as kept:
        for name in made.namelist():
            content = WRITTEN_AT.sub(rb"\g<1>1980-01-01T00:00:00Z", made.read(name))
            kept.writestr(zipfile.ZipInfo(name, LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return timeless.getvalue()
