"""Sentences of a result as paragraphs, so that a page can wrap them."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Text:
    """Text that a notebook shows as paragraphs, one per line, and a terminal as it stands."""

    text: str

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(line)}</p>" for line in self.text.splitlines())

    def __repr__(self) -> str:
        return self.text


def text(words: str) -> Text:
    """Show sentences as paragraphs.

    >>> text("R < 30")._repr_html_()
    '<p>R &lt; 30</p>'
    """
    return Text(words)
