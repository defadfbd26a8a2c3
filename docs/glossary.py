"""Write docs/glossary.zh.md and docs/glossary.en.md from docs/glossary.csv: `python docs/glossary.py`."""

import csv
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).resolve().parent
TITLE = {"zh": "术语表", "en": "Glossary"}
ABOUT = {
    "zh": "课程里一个词只有一个意思，一个意思也只用一个词。这里说用哪个词，以及不用哪些词。",
    "en": "In the course a word has one meaning, and a meaning has one word. Here is which one, and which not.",
}
HEADINGS = {
    "zh": ("词", "英文", "意思", "不说"),
    "en": ("Word", "Chinese", "What it means", "Not"),
}
PARTS = {
    "data": {"zh": "资料和同意", "en": "Data and consent"},
    "rfm": {"zh": "R、F、M 和类型", "en": "R, F, M and types"},
    "group": {"zh": "别的分法", "en": "Other groups"},
    "survey": {"zh": "问卷", "en": "Questionnaires"},
    "serve": {"zh": "服务", "en": "Serving"},
    "track": {"zh": "跟踪", "en": "Tracking"},
    "class": {"zh": "课堂", "en": "In class"},
}
OTHER = {"zh": "en", "en": "zh"}
MARK = {"zh": "、", "en": ", "}


def rows() -> list[dict[str, str]]:
    """The rows of glossary.csv. A list in a cell is parted by |, and what is said comes first."""
    with (HERE / "glossary.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def page(lang: str) -> str:
    """The page in "zh" or "en"."""
    parts = [f"# {TITLE[lang]}\n\n{ABOUT[lang]}\n"]
    for part, terms in groupby(rows(), key=lambda row: row["term"].partition(".")[0]):
        table = [HEADINGS[lang], ("---",) * 4, *(_cells(row, lang) for row in terms)]
        lines = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
        parts.append(f"## {PARTS[part][lang]}\n\n{lines}\n")
    return "\n".join(parts)


def _cells(row: dict[str, str], lang: str) -> tuple[str, ...]:
    said, partner = (row[code].partition("|")[0] for code in (lang, OTHER[lang]))
    return said, partner, row[f"meaning_{lang}"], row[f"never_{lang}"].replace("|", MARK[lang])


if __name__ == "__main__":
    for lang in TITLE:
        (HERE / f"glossary.{lang}.md").write_text(page(lang), encoding="utf-8", newline="\n")
