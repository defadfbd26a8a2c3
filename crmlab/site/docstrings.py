"""Docstrings of the house as reStructuredText, which Sphinx reads.

They are written for people who look at them in a notebook: `name : meaning` for each thing of a list, headings
underlined as numpy does, code between single backticks, formulas and longer code indented, and no other marks.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ITEM = re.compile(r"([\w.]+(?:, [\w.]+)*) : (.+)")
UNDERLINE = re.compile(r"-{3,}")
CODE = re.compile(r"`([^`]+)`")
MARKS = re.compile(r"([*|\\]|_(?!\w))")


def as_rst(docstring: str) -> str:
    r"""A docstring as reStructuredText: items as a definition list, headings bold, prose without accidental marks.

    >>> print(as_rst("Two `Score`s.\n\nby : a column,\n    or none"))
    Two ``Score``\ s.
    <BLANKLINE>
    ``by``
        a column, or none
    <BLANKLINE>
    """
    paragraphs = [list(lines) for filled, lines in groupby(docstring.splitlines(), key=bool) if filled]
    return "\n".join(line for lines in paragraphs for line in _paragraph(lines))


def _paragraph(lines: list[str]) -> Iterator[str]:
    headed = len(lines) > 1 and UNDERLINE.fullmatch(lines[1])
    if headed:
        yield from (f"**{lines[0]}**", "")
        lines = lines[2:]
    indented = any(line.startswith(" ") for line in lines)
    if lines[0].startswith(">>>"):
        yield from lines
    elif lines[0].startswith("- "):
        yield from (f"- {prose(told.removeprefix('- '))}" for told in map(" ".join, _hanging(lines)))
    elif ITEM.fullmatch(lines[0]) or (headed and indented):
        for item in _hanging(lines):
            yield from _definition(*item)
    elif indented:
        yield from ("::", "", *(f"    {line}" for line in lines))
    else:
        yield from map(prose, lines)
    yield ""


def _hanging(lines: list[str]) -> list[list[str]]:
    """Lines put together with the indented ones that follow them."""
    groups: list[list[str]] = []
    for line in lines:
        if line.startswith(" "):
            groups[-1].append(line.strip())
        else:
            groups.append([line])
    return groups


def _definition(first: str, *rest: str) -> Iterator[str]:
    """One thing and what is told of it; a type that stands beside its name ends like a sentence."""
    names, _, told = first.partition(" : ")
    if told and rest and rest[0][0].isupper() and told[-1] not in ".:,;":
        told += "."
    yield ", ".join(f"``{name}``" for name in names.split(", "))
    yield f"    {prose(' '.join((told, *rest)).strip())}"


def prose(text: str) -> str:
    r"""A line of prose with its code marked, and with nothing else that reStructuredText would take for a mark.

    >>> print(prose("`a|b` writes email/*.eml"))
    ``a|b`` writes email/\*.eml
    """
    pieces = CODE.split(text)
    marked = ""
    for code, after in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        marked += f"``{code}``" if code else ""
        marked += "\\ " if code and re.match(r"\w", after) else ""
        marked += MARKS.sub(r"\\\1", after)
    return marked


def setup(app: "Sphinx") -> dict[str, bool]:
    """Have Sphinx read every docstring so, list what a room offers, and make no link of a name that two rooms have."""
    from sphinx.domains.python import PythonDomain

    class Python(PythonDomain):
        def find_obj(self, *given: Any) -> list[tuple[str, Any]]:
            found = super().find_obj(*given)
            return found if sum(not entry.aliased for _, entry in found) <= 1 else []

    def read(app: "Sphinx", what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
        lines[:] = as_rst("\n".join(lines)).splitlines()
        if what == "module":
            lines += ["", " · ".join(f":py:obj:`{offered} <{name}.{offered}>`" for offered in thing.__all__), ""]

    app.add_domain(Python, override=True)
    app.connect("autodoc-process-docstring", read)
    return {"parallel_read_safe": True}
