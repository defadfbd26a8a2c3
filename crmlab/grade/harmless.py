"""What came from a student made harmless: text without signs that hide or turn, HTML rebuilt from a short list, PNG."""

import base64
import binascii
import re
from html import escape, unescape
from itertools import compress

from crmlab.course.report import NUMBER

UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that change the direction of the text around them (CVE-2021-42574), so that it reads as what it is not."""
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
FOLDERS = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?(?:[\\/][^\s\\/:*?\"'<>|]+)+[\\/](?=[^\s\\/]+)")
"""The folders before a file name, which say how the grading machine is set up."""

TAG = re.compile(
    r"""<(?:(?P<close>/)?(?P<name>[A-Za-z][A-Za-z0-9]*)(?P<rest>(?:[^<>"']|"[^"<]*"|'[^'<]*')*+)|[!?/][^<>]*+)>"""
)
OF_TABLES = frozenset({"caption", "thead", "tbody", "tfoot", "tr", "th", "td"})
INLINE = frozenset({"b", "strong", "i", "em", "u", "s", "sub", "sup", "code", "kbd", "small", "br"})
BLOCKS = frozenset({"p", "hr", "div", "pre", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "table"})
KEPT = OF_TABLES | INLINE | BLOCKS | {f"h{level}" for level in range(1, 7)}
LONE = frozenset({"br", "hr"})
DROPPED = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title"})
DROPPED |= {"textarea", "select", "audio", "video"}
"""Elements that go with all that they hold; any other element that is not kept leaves its text."""
CELLS, ROWS = {"td", "th"}, {"td", "th", "tr"}
ENDED_BY = {
    **{"li": {"li"}, "p": {"p"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "td": CELLS, "th": CELLS, "tr": ROWS},
    **dict.fromkeys(("thead", "tbody", "tfoot"), ROWS | {"thead", "tbody", "tfoot", "caption"}),
}
"""Elements whose end tag people leave out, and which tags open them."""
DEPTH = 60
SPAN = re.compile(r"""\b(colspan|rowspan)\s*=\s*["']?([1-9]\d?)\b""", re.ASCII)

PNG_BEGINS = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
PNG_ENDS = b"IEND\xaeB`\x82"
PNG_BYTES = 3 * 2**20
PNG_PIXELS = 25_000_000


def plain(text: object, most: int) -> str:
    """Text without signs that nobody sees, at most `most` characters; a sign that turns the text stands as its code.

    >>> plain("a\\x00b\\u202ec", 99), plain("x" * 9, 4)
    ('ab\\\\u202ec', 'xxx…')
    """
    text = str(text)[: 2 * most + 1000].replace("\r\n", "\n").replace("\r", "\n")
    text = UNSEEN.sub("", ANSI.sub("", text))
    text = TURNING.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def without_folders(text: str) -> str:
    """Text with the names of files, but not of the folders they lie in.

    >>> without_folders('File "/opt/env/lib/pandas/core.py", line 3; 1/2')
    'File "…/core.py", line 3; 1/2'
    """
    return FOLDERS.sub("…/", text)


def png(data: object) -> str | None:
    """A PNG picture as clean base64; None for anything else, and for one above 3 MB or 25 million pixels."""
    if not isinstance(data, str) or len(data) > 2 * PNG_BYTES:
        return None
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    good = content.startswith(PNG_BEGINS) and content.endswith(PNG_ENDS) and len(content) <= PNG_BYTES
    return base64.b64encode(content).decode("ascii") if good and 0 < width * height <= PNG_PIXELS else None


def rebuilt(html: str) -> str:
    """HTML written anew: text, lists and tables without any attribute but the span of a cell.

    Nothing is handed through: every tag is one of a short list and is closed, every text is escaped. Cells that hold a
    number get the class "number". What is no whole tag stands as text. Takes time in proportion to the length.

    >>> rebuilt('<p onclick="x()">a<script>b</script><td>c<b>d')
    '<p>ac<b>d</b></p>'
    """
    made = _Rebuilt()
    end = 0
    for found in TAG.finditer(html := _without_comments(html)):
        made.text(unescape(html[end : found.start()]))
        end = found.end()
        name = (found["name"] or "").lower()
        if found["close"]:
            made.close(name)
        elif name:
            made.start(name, found["rest"])
    made.text(unescape(html[end:]))
    return made.whole()


def _without_comments(html: str) -> str:
    """One that is never closed reaches to the end. (A pattern would take the square of the length.)"""
    parts, end = [], 0
    while end >= 0 and (start := html.find("<!--", end)) >= 0:
        parts.append(html[end:start])
        end = html.find("-->", start)
        end += 3 * (end >= 0)
    return "".join([*parts, html[end:] if end >= 0 else ""])


class _Rebuilt:
    """Writes the kept tags it is told of. `rows` are those of the table at hand: (tag, place in `parts`, its texts)."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.open: list[str] = []
        self.skipped: list[str] = []
        self.rows: list[list[tuple[str, int, list[str]]]] = []

    def start(self, tag: str, rest: str) -> None:
        if tag in DROPPED and not rest.endswith("/"):
            self.skipped.append(tag)
        if self.skipped or tag not in KEPT or len(self.open) >= DEPTH:
            return
        if (tag in OF_TABLES) != ("table" in self.open) and (tag in OF_TABLES or tag == "table"):
            return
        while self.open and self.open[-1] in ENDED_BY.get(tag, ()):
            self._end()
        if tag == "tr":
            self.rows.append([])
        if tag in CELLS and self.rows:
            self.rows[-1].append((tag, len(self.parts), []))
        self.parts.append(f"<{tag}{_spans(rest) if tag in CELLS else ''}>")
        if tag not in LONE:
            self.open.append(tag)

    def close(self, tag: str) -> None:
        if self.skipped:
            if tag in self.skipped:
                del self.skipped[self.skipped.index(tag) :]
        elif tag in self.open:
            while self._end() != tag:
                pass

    def text(self, data: str) -> None:
        if self.skipped:
            return
        text = plain(data, len(data) + 1)
        self.parts.append(escape(text))
        if self.rows and self.rows[-1]:
            self.rows[-1][-1][2].append(text)

    def whole(self) -> str:
        while self.open:
            self._end()
        return "".join(self.parts)

    def _end(self) -> str:
        tag = self.open.pop()
        self.parts.append(f"</{tag}>")
        if tag == "table":
            self._mark_numbers()
            self.rows = []
        return tag

    def _mark_numbers(self) -> None:
        """Give the class "number" to cells that hold one, and to the heads of columns that hold nothing else."""
        bodies = [row for row in self.rows if any(tag == "td" for tag, _, _ in row)]
        heads = [row for row in self.rows if all(tag == "th" for tag, _, _ in row)]
        marked = [cell for row in bodies for cell in row if _is_number(cell)]
        if len({len(row) for row in bodies}) == 1:
            numbers = [all(map(_is_number, column)) for column in zip(*bodies, strict=True)]
            marked += [head for row in heads if len(row) == len(numbers) for head in compress(row, numbers)]
        for tag, place, _ in marked:
            self.parts[place] = self.parts[place].replace(f"<{tag}", f'<{tag} class="number"', 1)


def _spans(rest: str) -> str:
    return "".join(f' {name}="{cells}"' for name, cells in sorted(dict(SPAN.findall(rest.lower())).items()))


def _is_number(cell: tuple[str, int, list[str]]) -> bool:
    return cell[0] == "td" and NUMBER.fullmatch("".join(cell[2]).strip()) is not None
