"""The bytes of a stranger's notebook to a clean notebook, or to a plain reason why they are none."""

import codecs
import json
import re
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError
from crmlab.intake.text import decode

if TYPE_CHECKING:
    from nbformat import NotebookNode

MOST_BYTES = 256 * 2**20
"""Of a file in UTF-8, which is looked through before it is read."""
MOST_READ = 16 * 2**20
"""Of what is left without outputs and pictures, and of a file in another encoding."""
MOST_SIGNS = 4_000_000
"""Texts and brackets in what is dropped."""
MOST_CELLS = 2_000
MOST_CODE = 2**20
"""Characters of code in all cells."""
CHUNK = 2**20
DROPPED = re.compile(rb'"(?:outputs|attachments|widgets)"\s*+:\s*+(?=[\[{])')
"""Where JSON holds what nobody needs. In valid JSON this never stands inside a text, where quotes are escaped."""
SIGN = re.compile(rb'["\[\]{}]')
TEXT = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
BACKSLASH = ord("\\")
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
WEB_PAGE = re.compile(r"\s*<(!doctype|html|\?xml)", re.IGNORECASE)
MARKS = ("lesson", "lang", "student")
"""What the notebook may say of itself under `crmlab`."""


def read_notebook(data: bytes, file: str) -> "tuple[NotebookNode, tuple[str, ...]]":
    """A valid notebook of format 4.5 without outputs, and flags: old_format, colab, vscode.

    Reads UTF-8, UTF-16 and GB18030 with or without a mark, formats 2 to 4, notebooks of Jupyter, Colab and VS Code.
    Of metadata only what grading needs is kept: tags and `crmlab` of cells, `crmlab` of the notebook; ids that are no
    ids or stand twice are replaced. `file` is the name for errors.
    Raises DataError that says what is wrong: empty, too large, of no encoding, broken off, no JSON (and at which line),
    nested too deeply, a web page, or no notebook.

    >>> node, flags = read_notebook(b'{"worksheets": [{"cells": [{"cell_type": "code", "input": "1"}]}]}', "a.ipynb")
    >>> node.cells[0].source, flags
    ('1', ('old_format',))
    """
    import nbformat

    found = _json(data, file)
    cells, old = _cells(found, file)
    clean = _clean(cells)
    if sum(len(cell["source"]) for cell in clean if cell["cell_type"] == "code") > MOST_CODE:
        raise DataError("notebook_long", file=file, most=MOST_CODE)
    metadata = _mapping(found.get("metadata"))
    about = _mapping(metadata.get("crmlab"))
    flags = {
        "old_format": old,
        "colab": "colab" in metadata,
        "vscode": "vscode" in metadata or any("vscode" in _mapping(cell.get("metadata")) for cell in cells),
    }
    kept = {"crmlab": {name: _clear(about[name]) for name in MARKS if isinstance(about.get(name), str)}}
    node = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": kept, "cells": clean})
    return node, tuple(name for name, holds in flags.items() if holds)


def without_outputs(data: bytes, file: str) -> bytes:
    """JSON in UTF-8 with its outputs, attachments and widgets emptied; line breaks stay, and so do line numbers.

    Raises DataError when the file breaks off inside of them, or when they hold too many parts.

    >>> without_outputs(b'{"outputs": [\\n{"text": "]"}], "source": ""}', "a.ipynb")
    b'{"outputs": [\\n], "source": ""}'
    """
    kept, place, steps = [], 0, 0
    while key := DROPPED.search(data, place):
        end, depth = key.end(), 0
        while depth or end == key.end():
            sign = SIGN.search(data, end)
            end, steps = sign.end() if sign else 0, steps + 1
            if sign and sign[0] == b'"':
                end = _end_of_text(data, end)
            elif sign:
                depth += 1 if sign[0] in b"[{" else -1
            if not end:
                raise DataError("notebook_cut", file=file, line=data.count(b"\n") + 1)
            if steps > MOST_SIGNS:
                raise DataError("notebook_large", file=file, most=MOST_BYTES // 2**20)
        closed = b"]" if data[key.end() : key.end() + 1] == b"[" else b"}"
        kept += [data[place : key.end() + 1], b"\n" * data.count(b"\n", key.end(), end), closed]
        place = end
    return b"".join([*kept, data[place:]])


def _end_of_text(data: bytes, start: int) -> int:
    """Behind the quote that ends a text; 0 when there is none. Long texts without quotes are skipped at once."""
    end = data.find(b'"', start)
    if end < 0 or data[end - 1] != BACKSLASH:
        return end + 1
    text = TEXT.match(data, start)
    return text.end() if text else 0


def _json(data: bytes, file: str) -> dict:
    if not data.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise DataError("notebook_empty", file=file)
    if len(data) > MOST_BYTES:
        raise DataError("notebook_large", file=file, most=MOST_BYTES // 2**20)
    text = without_outputs(_utf_8(data, file), file)
    if len(text) - text.count(b"\n") > MOST_READ:
        raise DataError("notebook_large", file=file, most=MOST_READ // 2**20)
    try:
        found = json.loads(text.decode("utf-8"), parse_int=_whole, parse_constant=lambda _: None, strict=False)
    except json.JSONDecodeError as error:
        if WEB_PAGE.match(error.doc):
            raise DataError("notebook_page", file=file) from None
        key = "notebook_cut" if not error.doc[error.pos :].strip() else "notebook_corrupt"
        raise DataError(key, file=file, line=error.lineno) from None
    except RecursionError:
        raise DataError("notebook_deep", file=file) from None
    if not isinstance(found, dict):
        raise DataError("notebook_none", file=file)
    return found


def _utf_8(data: bytes, file: str) -> bytes:
    """The bytes as UTF-8 without a mark. What is UTF-8 already is looked through in pieces and not copied."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), CHUNK):
            decoder.decode(data[start : start + CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        if len(data) > MOST_READ:
            raise DataError("notebook_large", file=file, most=MOST_READ // 2**20) from None
        try:
            return decode(data, file)[0].encode("utf-8")
        except DataError as error:
            key = "notebook_none" if error.key == "intake_binary" else "notebook_encoding"
            raise DataError(key, file=file, line=error.values.get("line")) from None
    if b"\0" in data[:CHUNK]:
        raise DataError("notebook_none", file=file)
    return data.removeprefix(codecs.BOM_UTF8)


def _whole(digits: str) -> int:
    """No notebook needs a number of thousands of digits, which Python refuses to read."""
    return int(digits) if len(digits) < 20 else 0


def _cells(found: dict, file: str) -> tuple[list[dict], bool]:
    """The cells, and whether they come from a format before 4."""
    old = "cells" not in found
    sheets = found.get("worksheets") if old else [found]
    if not isinstance(sheets, list):
        raise DataError("notebook_none", file=file)
    lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
    cells = [cell for cells in lists if isinstance(cells, list) for cell in cells if isinstance(cell, dict)]
    if not cells:
        raise DataError("notebook_no_cells", file=file)
    if len(cells) > MOST_CELLS:
        raise DataError("notebook_many_cells", file=file, count=len(cells), most=MOST_CELLS)
    return cells, old


def _clean(cells: list[dict]) -> list[dict]:
    clean, taken = [], set()
    for number, cell in enumerate(cells):
        metadata = _mapping(cell.get("metadata"))
        names = [name for name in (cell.get("id"), metadata.get("id")) if isinstance(name, str) and ID.fullmatch(name)]
        name = next((name for name in names if name not in taken), None)
        if name is None:
            name = next(new for new in (f"cell-{number}{'x' * more}" for more in range(64)) if new not in taken)
        taken.add(name)
        code = {"outputs": [], "execution_count": None} if cell.get("cell_type") == "code" else {}
        kind = "code" if code else "raw" if cell.get("cell_type") == "raw" else "markdown"
        clean.append({"cell_type": kind, "id": name, "metadata": _marks(metadata), "source": _source(cell)} | code)
    return clean


def _source(cell: dict) -> str:
    """The text of a cell, which formats 2 and 3 call `input` in code, and which comes as one text or as lines."""
    source = cell.get("source", cell.get("input", ""))
    lines = source if isinstance(source, list) else [source]
    text = _clear("".join(line for line in lines if isinstance(line, str)))
    level = cell.get("level")
    heading = cell.get("cell_type") == "heading" and isinstance(level, int) and 1 <= level <= 6
    return f"{'#' * level} {text}" if heading else text


def _marks(metadata: dict) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    tags = metadata.get("tags")
    if isinstance(tags, list) and (tags := sorted({_clear(tag) for tag in tags if isinstance(tag, str) and tag})):
        kept["tags"] = tags
    question = _mapping(metadata.get("crmlab")).get("question")
    if isinstance(question, str):
        kept["crmlab"] = {"question": _clear(question)}
    return kept


def _mapping(value: Any) -> dict:
    return value if isinstance(value, dict) else {}


def _clear(text: str) -> str:
    """Text that can be written as UTF-8: JSON may hold halves of characters."""
    return text.encode("utf-8", "replace").decode("utf-8")
