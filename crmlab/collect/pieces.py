"""Every text in a file, wherever it hides: in the cells of a notebook, a mail's attachment, an archive, a picture."""

import base64
import binascii
import gzip
import io
import json
import re
import zipfile
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crmlab.errors import DataError

if TYPE_CHECKING:
    import duckdb

ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
"""How archives begin, whatever their ending: .zip and .gz, and the files of office programs."""
CODED = re.compile(r"(?:[A-Za-z0-9+/]{60,}\n)*[A-Za-z0-9+/]{12,}={0,2}")
"""What may be base64."""
PNG = b"\x89PNG\r\n\x1a\n"
DEEPEST = 4
"""How many layers of packing are opened: a mail in an archive, a picture in a page in a notebook."""


class Piece(NamedTuple):
    """A text and where it stands: the cell of a notebook (from 1; None elsewhere) and the place in the file."""

    cell: int | None
    where: str
    text: str


def pieces(name: str, content: bytes, deep: int = 0) -> Iterator[Piece]:
    """All texts in the bytes of a file, by the ending of its name."""
    ending = Path(name).suffix.lower()
    if deep > DEEPEST:
        return
    if content.startswith(GZIP):
        yield from pieces(name.removesuffix(".gz"), _from_gzip(content), deep + 1)
    elif content.startswith(ZIP) and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from _placed(member, pieces(member, archive.read(member), deep + 1))
    elif ending == ".parquet":
        yield from _pieces_of_parquet(content)
    elif ending == ".eml":
        yield from _pieces_of_mail(content, deep)
    elif content.startswith(PNG):
        yield from _pieces_of_picture(content)
    elif not is_binary(content):
        text = _decoded(content)
        notebook = _json(text) if ending == ".ipynb" else None
        if notebook is None:
            yield from _opened(Piece(None, "", text), deep)
        else:
            for piece in _pieces_of_notebook(notebook):
                yield from _opened(piece, deep)


def _placed(place: str, inner: Iterable[Piece]) -> Iterator[Piece]:
    for piece in inner:
        yield Piece(piece.cell, f"{place}, {piece.where}" if piece.where else place, piece.text)


def is_binary(content: bytes) -> bool:
    """Whether the bytes are no text in UTF-8, GB18030 or UTF-16."""
    return b"\0" in content and not content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))


def _decoded(content: bytes) -> str:
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", errors="replace")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _opened(piece: Piece, deep: int) -> Iterator[Piece]:
    """The text itself, and what stands in it in base64: a picture, or another text."""
    rest = piece.text
    for match in CODED.finditer(piece.text):
        content = _from_base64(match[0])
        if content.startswith(PNG) or _is_text(content):
            inner = _placed(f"{piece.where} base64".strip(), pieces("", content, deep + 1))
            yield from (Piece(piece.cell, one.where, one.text) for one in inner)
        if content.startswith(PNG):
            rest = rest.replace(match[0], "")
    yield Piece(piece.cell, piece.where, rest)


def _from_base64(text: str) -> bytes:
    """The bytes that base64 letters stand for; none where they stand for nothing."""
    letters = text.replace("\n", "").rstrip("=")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def _from_gzip(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError):
        return b""


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(text) and all(sign.isprintable() or sign in "\r\n\t" for sign in text)


def _pieces_of_notebook(notebook: dict) -> Iterator[Piece]:
    for number, cell in enumerate(notebook.get("cells", ()), start=1):
        yield from (Piece(number, where, text) for where, text in _leaves(cell))
    rest = {name: part for name, part in notebook.items() if name != "cells"}
    yield from (Piece(None, where, text) for where, text in _leaves(rest))


def _leaves(part: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text and number in parsed JSON, and every name, with its place such as outputs.0.data.text/html.

    The names of an object are told as one text, and so is a list of lines.
    """
    if isinstance(part, dict):
        yield where, "\n".join(part)
        for name, inner in part.items():
            yield from _leaves(inner, f"{where}.{name}".lstrip("."))
    elif isinstance(part, list):
        if part and all(isinstance(line, str) for line in part):
            yield where, ("" if all(line.endswith("\n") for line in part[:-1]) else "\n").join(part)
        else:
            for number, inner in enumerate(part):
                yield from _leaves(inner, f"{where}.{number}".lstrip("."))
    elif isinstance(part, str | int | float):
        yield where, str(part)


def _pieces_of_mail(content: bytes, deep: int) -> Iterator[Piece]:
    from email import message_from_bytes, policy

    message = message_from_bytes(content, policy=policy.default)
    for part in message.walk():
        for name, value in part.items():
            yield Piece(None, name, str(value))
        if not part.is_multipart():
            name, inner = part.get_filename() or part.get_content_type(), part.get_payload(decode=True) or b""
            if part.get_content_maintype() == "text":
                inner = inner.decode(part.get_content_charset("utf-8"), errors="replace").encode("utf-8")
            yield from _placed(name, pieces(name, inner, deep + 1))


def _pieces_of_picture(content: bytes) -> Iterator[Piece]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as picture:
            notes = {name: note for name, note in picture.info.items() if isinstance(note, str)}
    except OSError:
        return
    for name, note in notes.items():
        yield Piece(None, f"picture {name}", note)


def _pieces_of_parquet(content: bytes) -> Iterator[Piece]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from crmlab.frames import private_connection

    connection = private_connection()
    relation = connection.from_arrow(pq.read_table(pa.BufferReader(content)))
    yield from _pieces_of_relation("", relation)


def pieces_of_base(path: Path) -> Iterator[Piece]:
    import duckdb

    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error:
        raise DataError("scan_open_base", file=path.name) from None
    with connection:
        for (name,) in connection.sql("SELECT table_name FROM duckdb_tables() ORDER BY ALL").fetchall():
            yield from _pieces_of_relation(name, connection.table(name))


def _pieces_of_relation(name: str, relation: "duckdb.DuckDBPyRelation") -> Iterator[Piece]:
    """One piece per column of texts or whole numbers, one line per row."""
    for column, kind in zip(relation.columns, relation.types, strict=True):
        if kind.id in ("varchar", "bigint", "hugeint", "integer", "uuid", "blob", "json", "list", "struct", "map"):
            quoted = '"' + column.replace('"', '""') + '"'
            lines = relation.select(f"coalesce(translate(CAST({quoted} AS VARCHAR), chr(10), ' '), '')").fetchall()
            yield Piece(None, f"{name}.{column}".lstrip("."), "\n".join(line for (line,) in lines))
