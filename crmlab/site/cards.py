"""Data cards as pages: of each card the half in one language."""

import re
from collections.abc import Mapping
from pathlib import Path

from crmlab.site.links import relinked
from crmlab.words import word

FOLDER = "datasets/cards"
HALVES = {"zh": "## 中文\n", "en": "## English\n"}
COMMENT = re.compile(r"<!--.*?-->\n*", re.DOTALL)
SENTENCE = re.compile(r".*?(?:。|\.(?= |$)|$)")


def card_places(root: Path) -> dict[str, str]:
    """The page for each card, and for their folder."""
    cards = sorted((root / FOLDER).glob("*.md"))
    return {FOLDER: "data/index.md"} | {f"{FOLDER}/{path.name}": f"data/{path.name}" for path in cards}


def card_pages(root: Path, source: Path, lang: str, known: Mapping[str, str]) -> None:
    """Write the cards in `lang`, and a page that lists them, into a source tree."""
    (source / "data").mkdir(parents=True, exist_ok=True)
    rows, names = [], []
    for place in sorted((root / FOLDER).glob("*.md")):
        page = f"data/{place.name}"
        text = half(place.read_text(encoding="utf-8"), lang)
        card = f"# {place.stem}\n\n" + relinked(text, place, root, page, known, source)
        (source / page).write_text(card, encoding="utf-8", newline="\n")
        rows.append(f"| [{place.stem}]({place.name}) | {first_sentence(text)} |")
        names.append(place.stem)
    head = f"# {word('site.cards', lang)}\n\n{word('site.cards_about', lang)}\n\n{word('site.cards_head', lang)}"
    tree = "```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```"
    index = "\n".join((head, "| --- | --- |", *rows, "", tree, ""))
    (source / "data" / "index.md").write_text(index, encoding="utf-8", newline="\n")


def half(card: str, lang: str) -> str:
    """What a card says in one language, its headings one level up.

    >>> half("# orders\\n\\n## 中文\\n\\n订单\\n\\n## English\\n\\n### Columns\\n", "en")
    '## Columns\\n'
    """
    other = next(mark for language, mark in HALVES.items() if language != lang)
    own = COMMENT.sub("", card).split(HALVES[lang])[1].split(other)[0]
    return re.sub(r"^##(#+ )", r"#\1", own.lstrip("\n"), flags=re.MULTILINE)


def first_sentence(text: str) -> str:
    """The first sentence of a card that is no heading.

    >>> first_sentence("**What a row is**\\n\\nOne row is one order. Some are cancelled.\\n")
    'One row is one order.'
    """
    lines = (line for line in text.splitlines() if line and not re.fullmatch(r"\*\*.*\*\*|#.*", line))
    return SENTENCE.match(next(lines))[0]
