"""Pages that hold together: every link leads somewhere, and nothing is fetched from another host."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

OUTSIDE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
HARMLESS = re.compile(r"(?:data|mailto|javascript):", re.IGNORECASE)
FETCHED_BY_CSS = re.compile(r"(?:url\(\s*|@import\s+)['\"]?((?:https?:)?//[^'\")\s]+)", re.IGNORECASE)
FETCHING = {"src", "srcset", "poster", "data", "background"}
LINKS_THAT_FETCH = {"stylesheet", "icon", "shortcut", "preload", "prefetch", "preconnect", "dns-prefetch", "manifest"}
LINKS_THAT_FETCH |= {"modulepreload", "apple-touch-icon"}


class _Page(HTMLParser):
    """What a page names: its anchors, where its links lead, what it fetches, and its styles."""

    def __init__(self, text: str):
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.styles: list[str] = []
        self._style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self._style = tag == "style"
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.styles.append(given.get("style", ""))
        self.fetched |= {given[name] for name in FETCHING & given.keys() if name != "data" or tag == "object"}
        if "href" in given:
            fetches = tag in ("use", "image") or (
                tag == "link" and LINKS_THAT_FETCH & set(given.get("rel", "").split())
            )
            (self.fetched if fetches else self.links).add(given["href"])

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if self._style:
            self.styles.append(data)


def site_faults(html: Path) -> list[str]:
    """One line for each fault of the pages below a folder: page, what is wrong, and the address.

    A link to another host is no fault, for nothing is fetched until somebody follows it; a picture, a script, a style
    or a font from another host is.
    """
    found = (path for path in sorted(html.rglob("*.html")) if "_static" not in path.parts)
    pages = {path.resolve(): _Page(path.read_text(encoding="utf-8")) for path in found}
    faults = []
    for path, page in pages.items():
        name = path.relative_to(html.resolve()).as_posix()
        faults += [f"{name}: other host: {address}" for address in sorted(page.fetched) if OUTSIDE.match(address)]
        faults += [f"{name}: other host: {found}" for text in page.styles for found in FETCHED_BY_CSS.findall(text)]
        for address in sorted(page.links | page.fetched):
            if address and not OUTSIDE.match(address) and not HARMLESS.match(address):
                faults += [f"{name}: {fault}: {address}" for fault in _faults_of(address, path, pages)]
    for path in sorted(html.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(html).as_posix()
        faults += [f"{name}: other host: {found}" for found in FETCHED_BY_CSS.findall(text)]
    return faults


def _faults_of(address: str, path: Path, pages: dict[Path, _Page]) -> list[str]:
    target, _, anchor = address.partition("#")
    target = unquote(target.partition("?")[0])
    found = (path.parent / target).resolve() if target else path
    if not found.is_file():
        return ["leads nowhere"]
    if anchor and found in pages and unquote(anchor) not in pages[found].anchors:
        return ["no such anchor"]
    return []
