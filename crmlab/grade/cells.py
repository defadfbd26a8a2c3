"""What cells showed, as it came back from the child: hostile dicts in, valid nbformat outputs out."""

import binascii
import os
import re
import sys
import sysconfig
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.questions.plain import readable

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEXTS = ("text/html", "text/latex", "text/markdown", "text/plain", "image/svg+xml")
PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
"""Kinds of pictures and the bytes that each begins with."""
COUNT = 600
"""Outputs of one cell."""
LINES = 1000
"""Lines of a traceback."""
ALT = 10_000
"""Characters of an alternative text."""
PLACES = sorted(
    {sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), str(Path(__file__).parents[2]), sys.prefix}, key=len
)
OURS = re.compile("|".join(re.escape(place + os.sep) for place in reversed(PLACES)))
COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def read_outputs(found: Any, count: int) -> "list[NotebookNode]":
    """The outputs of one cell, the `count`-th that ran: only kinds that are known, only text and true pictures.

    What is not valid is left out. Texts lose the folders of this machine, and half characters that no file can hold.
    Html stays as it is: whoever shows it cleans it.
    """
    outputs = found[:COUNT] if isinstance(found, list) else []
    read = [_output(one, count) for one in outputs if isinstance(one, dict)]
    return [output for output in read if output is not None]


def error_output(name: str, message: str) -> "NotebookNode":
    """An error of ours as an output, such as why the run ended here."""
    from nbformat.v4 import new_output

    return new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def _output(found: dict, count: int) -> "NotebookNode | None":
    from nbformat.v4 import new_output

    match found:
        case {"output_type": "stream", "name": ("stdout" | "stderr") as name, "text": str(text)}:
            return new_output("stream", name=name, text=_text(text))
        case {"output_type": "error", "ename": str(name), "evalue": str(message), "traceback": list(trace)}:
            lines = [_text(line) for line in trace[:LINES] if isinstance(line, str)]
            return new_output("error", ename=_text(name), evalue=_text(message), traceback=lines)
        case {"output_type": ("display_data" | "execute_result") as kind, "data": dict(data)}:
            shown = {mime: value for mime in (*TEXTS, *PICTURES) if (value := _shown(mime, data.get(mime))) is not None}
            counted = {"execution_count": count} if kind == "execute_result" else {}
            return new_output(kind, data=shown, metadata=_alt(found.get("metadata")), **counted)
    return None


def _text(text: str) -> str:
    return OURS.sub("", COLOUR.sub("", readable(text)))


def _shown(mime: str, value: Any) -> str | None:
    """A text, or a picture that begins as such pictures do."""
    if not isinstance(value, str):
        return None
    if mime in TEXTS:
        return _text(value)
    try:
        picture = b64decode(value, validate=False)
    except (binascii.Error, ValueError):
        return None
    return value if picture.startswith(PICTURES[mime]) and value.isascii() else None


def _alt(metadata: Any) -> dict[str, dict[str, str]]:
    match metadata:
        case {"image/png": {"alt": str(alt)}}:
            return {"image/png": {"alt": _text(alt[:ALT])}}
    return {}
