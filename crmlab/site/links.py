"""Links of the repository's Markdown, as they must be on the site."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from crmlab.errors import CrmlabError

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
SWITCH = re.compile(r"^\[(?:中文|English)\]\([^)]*\)\n+", re.MULTILINE)
FENCED = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


def relinked(text: str, place: Path, root: Path, page: str, known: Mapping[str, str], source: Path) -> str:
    """The Markdown of the file `place` as the page `page` ("more/rfm.md") of the site.

    `known` names the page that each path of the repository has become. A link to another file of the repository becomes
    one to its copy in `source`/files; of a link to a folder only the words stay. The line that leads to the other
    language goes: each page has its own switch. Code is left alone. Raises CrmlabError for a link that leads nowhere.
    """
    pieces = FENCED.split(SWITCH.sub("", text))
    return "".join(
        piece if number % 2 else LINK.sub(lambda link: _led(link, place, root, page, known, source), piece)
        for number, piece in enumerate(pieces)
    )


def _led(link: re.Match, place: Path, root: Path, page: str, known: Mapping[str, str], source: Path) -> str:
    picture, words, target = link.groups()
    if "://" in target or target.startswith("#"):
        return link[0]
    path, _, anchor = target.partition("#")
    found = (place.parent / path).resolve()
    if not (found.exists() and found.is_relative_to(root.resolve())):
        raise CrmlabError("site_link", file=place.name, link=target)
    name = found.relative_to(root.resolve()).as_posix()
    if name in known:
        end = f"#{anchor}" if anchor else ""
        return f"{picture}[{words}]({between(page, known[name])}{end})"
    if found.is_dir():
        return words
    copied = copy_file(found, source, name)
    return f"![{words}]({between(page, copied)})" if picture else download(words, page, copied)


def copy_file(file: Path, source: Path, name: str) -> str:
    """Copy a file for download into a source tree; the path of the copy, from the root of the tree."""
    copied = f"files/{name}"
    (source / copied).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, source / copied)
    return copied


def download(words: str, page: str, file: str) -> str:
    """A link in Markdown that hands over a file of the source tree.

    >>> download("Exercise 02", "exercises.md", "files/02.ipynb")
    '{download}`Exercise 02 <files/02.ipynb>`'
    """
    return f"{{download}}`{words} <{between(page, file)}>`"


def between(page: str, target: str) -> str:
    """The way from one page of the tree to another.

    >>> between("more/rfm.md", "data/index.md")
    '../data/index.md'
    """
    return Path(os.path.relpath(target, Path(page).parent)).as_posix()
