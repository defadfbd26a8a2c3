"""A scanner for personal data in what leaves the house: notebooks, pages, tables, mails, logs and data bases."""

import html
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from crmlab.collect.mask import mask
from crmlab.collect.personal import Found, PersonalData, by_shape, overlaps, plain
from crmlab.collect.pieces import Piece, is_binary, pieces, pieces_of_base
from crmlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["file", "cell", "kind", "by", "where", "masked"]
NOBODY = PersonalData({})
BASES = (".duckdb", ".db")
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\[nrt]")


def find_personal(places: Path | str | Iterable[Path | str], known: PersonalData = NOBODY) -> "pd.DataFrame":
    """Personal data in files and in all files of folders: one row per place, never the value itself.

    Looks for mobile numbers, e-mails, IP addresses and identity numbers by their shape (column by: "shape"), and for
    the values that are known ("known"). Columns: file, cell (number of the notebook cell from 1), kind, by, where
    (the place and the line in it, such as outputs.0.text:3, or @ and the byte), masked (the shape of the value).

    Looked into: sources, outputs and metadata of notebooks; texts, pages, mails with their attachments; .zip, .gz and
    the files of office programs; .parquet; the tables and the raw bytes of DuckDB files; notes in PNG pictures; and
    what is written in the codes of HTML, JSON, URLs or base64. Other binary files are searched for the known values
    only. Raises DataError for a place that is not there and for a base that is still open.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = Path(folder) / "page.html"
    ...     _ = page.write_text("<td>&#x7f57;示松</td>", encoding="utf-8")
    ...     found = find_personal(page, PersonalData({"name": ["罗示松"]}))
    >>> found[["kind", "by", "where", "masked"]].to_dict("records")
    [{'kind': 'name', 'by': 'known', 'where': '1', 'masked': '〇〇〇'}]
    """
    rows: list[tuple] = []
    for path in _files(places):
        content = path.read_bytes()
        inside = pieces_of_base(path) if path.suffix in BASES else pieces(path.name, content)
        rows += [(path.name, *found) for found in _found(inside, known)]
        if is_binary(content):
            raw = known.find_in_bytes(content)
            rows += [(path.name, None, found.kind, found.by, f"@{found.start}", "") for found in raw]
    return _table(rows)


def find_personal_in(text: str, known: PersonalData = NOBODY) -> "pd.DataFrame":
    """Personal data in one text; as `find_personal`, with an empty file.

    >>> find_personal_in("拨 12012296649")[["kind", "where", "masked"]].to_dict("records")
    [{'kind': 'phone', 'where': '1', 'masked': '00000000000'}]
    """
    return _table([("", *found) for found in _found([Piece(None, "", text)], known)])


def _table(rows: list[tuple]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(rows, columns=COLUMNS).astype({"cell": "Int64"})


def _files(places: Path | str | Iterable[Path | str]) -> list[Path]:
    given = [places] if isinstance(places, Path | str) else list(places)
    found: list[Path] = []
    for place in map(Path, given):
        if not place.exists():
            raise DataError("no_file", path=place)
        found += sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    return found


def _found(texts: Iterable[Piece], known: PersonalData) -> Iterator[tuple]:
    """Cell, kind, by, where and masked value of every finding, each once."""
    told = set()
    for piece in texts:
        for text in _readings(piece.text):
            lines = [match.start() for match in re.finditer("\n", text)]
            for one in _in_text(text, known):
                value = text[one.start : one.end]
                where = f"{piece.where}:{bisect_left(lines, one.start) + 1}".lstrip(":")
                if (piece.cell, one.kind, where, value) not in told:
                    told.add((piece.cell, one.kind, where, value))
                    yield piece.cell, one.kind, one.by, where, mask(value)


def _in_text(text: str, known: PersonalData) -> list[Found]:
    by_value = known.find(text)
    shaped = (found for found in by_shape(text) if not overlaps(by_value, found.start, found.end))
    return sorted((*by_value, *shaped), key=lambda found: found.start)


def _readings(text: str) -> list[str]:
    """The text as it stands, and as HTML, JSON strings and URLs mean it, where that makes a difference."""
    meant = [text]
    if "&" in text:
        meant.append(html.unescape(text))
    if "\\" in text:
        meant.append(_unescaped(text))
    if "%" in text:
        meant.append(unquote(text))
    return list(dict.fromkeys(map(plain, meant)))


def _unescaped(text: str) -> str:
    halves = ESCAPED.sub(lambda match: chr(int(match[1], 16)) if match[1] else " ", text)
    return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
