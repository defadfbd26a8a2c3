"""Whether the Chinese and the English text of a lesson say the same: headings, numbers, links and code."""

import re
from collections import Counter
from collections.abc import Iterator

from crmlab.course.source import LISTS, Lesson
from crmlab.words import word

FEATURES = {
    "headings": re.compile(r"^(#{1,6}) ", re.MULTILINE),
    "numbers": re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?"),
    "links": re.compile(r"\]\(([^)\s]+)"),
    "code": re.compile(r"(?<!`)`([^`\n]+)`(?!`)"),
}


def pair_faults(lesson: Lesson, lang: str = "en") -> list[str]:
    """One sentence, in `lang`, for each thing that stands in only one language of a lesson."""
    faults = []
    for name in LISTS:
        zh, en = (len(lesson.header[name][language]) for language in ("zh", "en"))
        if zh != en:
            faults.append(word("build.pair_length", lang, lesson=lesson.stem, name=name, zh=zh, en=en))
    for where, texts in _pairs(lesson):
        for feature, pattern in FEATURES.items():
            zh, en = (Counter(_found(pattern, texts[language])) for language in ("zh", "en"))
            if zh != en:
                faults.append(
                    word(
                        "build.pair_differs",
                        lang,
                        lesson=lesson.stem,
                        where=where,
                        feature=word(f"build.pair_{feature}", lang),
                        zh=_listed(zh - en),
                        en=_listed(en - zh),
                    )
                )
    return faults


def _pairs(lesson: Lesson) -> Iterator[tuple[str, dict[str, str]]]:
    yield "title", lesson.header["title"]
    for name in LISTS:
        zh, en = lesson.header[name]["zh"], lesson.header[name]["en"]
        for number, texts in enumerate(zip(zh, en, strict=False), start=1):
            yield f"{name} {number}", dict(zip(("zh", "en"), texts, strict=True))
    for cell in lesson.cells:
        if cell.kind == "markdown":
            yield cell.text["en"].partition("\n")[0], cell.text


def _found(pattern: re.Pattern, text: str) -> list[str]:
    """What the pattern finds, with 1,200 as 1200."""
    return [re.sub(r"(?<=\d),(?=\d{3})", "", found) for found in pattern.findall(text)]


def _listed(found: Counter) -> str:
    return " ".join(found.elements()) or "–"
