"""Sentences of a result as paragraphs, so that a page can wrap them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from crmlab.errors import CrmlabError

HYPHEN = re.compile(r"(?<![\w-])-(?=[\d¥$€£]|[A-Z]{2,3}[¥$€£\d])")
MINUS = "\u2212\u2060"
"""The minus sign, and behind it a word joiner, which keeps a line from ending there."""


def with_minus(words: str) -> str:
    """Negative numbers and amounts with a minus sign in place of the hyphen; dates and words keep theirs.

    >>> with_minus("2026-06-17: -0.05, -CN¥3").split(MINUS)
    ['2026-06-17: ', '0.05, ', 'CN¥3']
    """
    return HYPHEN.sub(MINUS, words)


@dataclass(frozen=True)
class Text:
    """Text that a notebook shows as paragraphs, one per line, and a terminal as it stands."""

    text: str

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(with_minus(line))}</p>" for line in self.text.splitlines())

    def __repr__(self) -> str:
        return self.text


def text(words: str) -> Text:
    """Show sentences as paragraphs.

    >>> text("R < 30")._repr_html_()
    '<p>R &lt; 30</p>'
    """
    return Text(words)


def tried(do: Callable[[], Any], lang: str = "zh") -> Any:
    """What `do` gives, or in words why it is refused: for steps that are to fail, or that the data may not allow.

    Only errors that crmlab raises on purpose are told; any other goes on.

    >>> from crmlab.errors import DataError
    >>> def refuse():
    ...     raise DataError("file_kind", path="a.doc", kinds=".csv")
    >>> "a.doc" in tried(refuse, "en").text
    True
    >>> tried(lambda: 3)
    3
    """
    try:
        return do()
    except CrmlabError as error:
        return text(error.message(lang))
