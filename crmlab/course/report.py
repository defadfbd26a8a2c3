"""One HTML page out of executed lessons, for people who do not run notebooks. It fetches nothing."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from io import BytesIO
from itertools import pairwise
from pathlib import Path

from crmlab.course.source import literal_parameters
from crmlab.words import word

NUMBER = re.compile(r"[-−+±]?[¥$€£]?[-−+]?\d[\d,.]*(?:\s?[%‰×]|\s?(?:CNY|USD|EUR))?")
UNSAFE_TAGS = ("script", "link", "iframe", "object", "embed", "form", "base", "meta", "video", "audio")
OUTSIDE = re.compile(r"url\s*\(\s*['\"]?(?!data:)|@import", re.IGNORECASE)
FIRST_CHINESE = "\u2e80"
FONT = "noto_sans_sc_gb2312.ttf"


@dataclass
class Section:
    """One lesson in the report: its parameters, its finished HTML and its headings (level, anchor, text)."""

    anchor: str
    parameters: dict[str, object] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)
    headings: list[tuple[int, str, str]] = field(default_factory=list)


def write_report(notebooks: list[Path], target: Path, lang: str) -> None:
    """Write executed lessons as one self-contained page to `target`: text, tables and pictures, no code.

    The page carries its own Chinese letters, cut to those that it uses. The style sheet names them before any
    other font, and unicode-range keeps them from Latin text: named later, Chromium shows some words as boxes.
    """
    import jinja2
    import nbformat

    sections = [
        _section(nbformat.read(path, as_version=4), f"lesson-{number}", lang)
        for number, path in enumerate(notebooks, start=1)
    ]
    template = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        files("crmlab.course").joinpath("report.html.j2").read_text(encoding="utf-8")
    )
    page = template.render(
        lang={"zh": "zh-CN", "en": "en"}[lang],
        sections=sections,
        word=lambda key: word(f"report.{key}", lang),
        css=files("crmlab.course").joinpath("report.css").read_text(encoding="utf-8"),
        shown=_shown,
    )
    page = page.replace("%FONT%", _font({letter for letter in page if letter >= FIRST_CHINESE}), 1)
    part = target.with_name(target.name + ".part")
    part.write_text(page, encoding="utf-8", newline="\n")
    part.replace(target)


def _section(notebook, anchor: str, lang: str) -> Section:
    section = Section(anchor)
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", ()))
        if tags & {"parameters", "injected-parameters"}:
            section.parameters |= literal_parameters(cell.source)
        elif cell.cell_type == "markdown":
            section.body.append(_markdown(cell.source, section))
        elif "setup" not in tags:
            section.body += filter(None, (_output(output, section, lang) for output in cell.get("outputs", ())))
    return section


def _markdown(text: str, section: Section) -> str:
    """Markdown as HTML; its headings get anchors and are noted for the table of contents."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            anchor = f"{section.anchor}-{len(section.headings) + 1}"
            opening.attrSet("id", anchor)
            plain = "".join(child.content for child in inline.children)
            section.headings.append((int(opening.tag[1]), anchor, plain))
    return _clean(parser.renderer.render(tokens, parser.options, {}))


def _output(output, section: Section, lang: str) -> str | None:
    """The richest form of one output that a page without scripts can show."""
    if output.output_type == "stream":
        return f"<pre>{escape(output.text)}</pre>" if output.name == "stdout" else None
    data = output.get("data", {})
    for kind in ("image/svg+xml", "image/png", "image/jpeg"):
        if kind in data and "text/html" not in data:
            return _picture(kind, data[kind], output.metadata, section, lang)
    if "text/html" in data:
        return f'<div class="output">{_clean(_own_ids(data["text/html"]))}</div>'
    if "text/markdown" in data:
        return _markdown(data["text/markdown"], section)
    return f"<pre>{escape(data['text/plain'])}</pre>" if data.get("text/plain") else None


def _picture(kind: str, data: str, metadata: dict, section: Section, lang: str) -> str:
    """A picture inside the page; without an alt text of its own it is named after the heading above it."""
    coded = base64.b64encode(data.encode()).decode() if kind == "image/svg+xml" else "".join(data.split())
    heading = section.headings[-1][2] if section.headings else ""
    own = metadata.get(kind, {}).get("alt") or metadata.get("alt")
    alt = own or word("report.figure", lang, heading=heading)
    return f'<figure><img alt="{escape(alt)}" src="data:{kind};base64,{coded}"></figure>'


def _own_ids(html: str) -> str:
    """Styled pandas tables with ids of their own, so that the style of one does not reach another."""
    digest = hashlib.sha256(html.encode()).hexdigest()[:8]
    return re.sub(r"\bT_(?=\w)", f"T_{digest}_", html) if '<table id="T_' in html else html


def _clean(html: str) -> str:
    """The HTML without anything that runs or fetches, and with the numbers in its tables marked as such."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    for tag in soup(UNSAFE_TAGS):
        tag.decompose()
    for style in soup("style"):
        if style.has_attr("scoped") or OUTSIDE.search(style.text):
            style.decompose()
    for tag in soup(True):
        source = tag.get("src", "data:") + tag.get("srcset", "") + tag.get("style", "")
        if not source.startswith("data:") or OUTSIDE.search(source):
            tag.decompose()
            continue
        for name in [name for name in tag.attrs if name.startswith("on")]:
            del tag[name]
    for table in soup("table"):
        _mark_numbers(table)
        del table["border"]
        table.wrap(soup.new_tag("div", attrs={"class": "table"}))
    return str(soup)


def _mark_numbers(table) -> None:
    """Give the class "number" to cells that hold one, and to the heads of columns that hold nothing else."""
    rows = [row(["th", "td"]) for row in table("tr")]
    bodies = [row for row in rows if any(cell.name == "td" for cell in row)]
    numbers = [cell for row in bodies for cell in row if _is_number(cell)]
    columns = list(zip(*bodies, strict=False))
    for row in rows:
        if row not in bodies and len(row) == len(columns):
            numbers += [head for head, column in zip(row, columns, strict=True) if all(map(_is_number, column))]
    for cell in numbers:
        cell["class"] = [*cell.get("class", []), "number"]


def _is_number(cell) -> bool:
    return cell.name == "td" and NUMBER.fullmatch(cell.get_text(strip=True)) is not None


def _shown(value: object) -> str:
    """A parameter as the report shows it: of a path only the last part, and a dash for nothing."""
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else str(value) or "–"


def _font(characters: set[str]) -> str:
    """The course's font, cut to these characters, as base64 WOFF."""
    import logging

    from fontTools import subset

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = subset.Options(flavor="woff", hinting=False, desubroutinize=True, notdef_outline=True)
    with files("crmlab").joinpath("fonts", FONT).open("rb") as file:
        font = subset.load_font(BytesIO(file.read()), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(character) for character in characters])
    cutter.subset(font)
    cut = BytesIO()
    subset.save_font(font, cut, options)
    return base64.b64encode(cut.getvalue()).decode()
