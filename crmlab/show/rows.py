"""Small tables as HTML without ids or styles of their own, for widgets that put many of them into a page."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import zip_longest


def table_parts(
    kind: str, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, marks: Sequence[str] = (),
    bold: str = "",
) -> Iterator[str]:  # fmt: skip
    """A table with a caption: its head, a part for each row, its end. Joined they are the HTML.

    `kind` is the class of the table, `marks` is HTML to stand before the rows, and a row whose first cell is `bold`
    has the class chosen. A table wider than the page scrolls by itself, also from the keyboard. Texts are escaped.

    >>> print(*table_parts("few", "A < B", ["a"], [["<1>"]]), sep="")
    ... # doctest: +NORMALIZE_WHITESPACE
    <div class="wide" tabindex="0" role="region" aria-label="A &lt; B"><table class="few"><caption>A &lt; B</caption>
    <thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td>&lt;1&gt;</td></tr></tbody></table></div>
    """
    cells = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    yield (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(title)}"><table class="{kind}">'
        f"<caption>{escape(title)}</caption>\n<thead><tr>{cells}</tr></thead><tbody>"
    )
    for row, mark in zip_longest(rows, marks, fillvalue=""):
        told = "".join(f"<td>{escape(text)}</td>" for text in row[1:])
        yield f"<tr{' class=chosen' if row[0] == bold else ''}><td>{mark}{escape(row[0])}</td>{told}</tr>"
    yield "</tbody></table></div>"
