"""The word list as data: which words name a need or a complaint, praise or blame, and which words turn them round."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from crmlab.errors import DataError
from crmlab.needs.patterns import patterns_of, runs_of
from crmlab.words import LANGUAGES

COLUMNS = ("kind", "tag", "lang", "pattern", "reach")
TAGGED = ("need", "complaint")
OPINIONS = ("positive", "negative")
TURNS = ("declines", "negates")
OTHERS = ("ignores", "breaks")
SHOWN = 8
"""Faults told in an error; of more, the first."""


class Rule(NamedTuple):
    """A line of the word list. `line` is its number in the file, `reach` how many words a negation passes over."""

    line: int
    kind: str
    tag: str
    lang: str
    patterns: tuple[str, ...]
    reach: int


@dataclass(frozen=True)
class Lexicon:
    """A word list: its rules, as the file has them."""

    rules: tuple[Rule, ...]

    def of(self, lang: str, *kinds: str) -> tuple[Rule, ...]:
        """The rules of some kinds in a language."""
        return tuple(rule for rule in self.rules if rule.lang == lang and rule.kind in kinds)

    def tags(self, kind: str, lang: str) -> tuple[str, ...]:
        """The tags of a kind, as the file has them."""
        return tuple(dict.fromkeys(rule.tag for rule in self.of(lang, kind)))


def open_lexicon(path: Path | str | None = None) -> Lexicon:
    """The word list of the house, or one of your own in a CSV file (utf-8) with these columns.

    kind : need and complaint carry a `tag`; positive and negative are words of opinion; declines turn a need round
        ("不用_"), negates a complaint or an opinion ("not _"); in ignores nothing is looked for ("有没有", "not only");
        at breaks the reach of a negation ends ("但是", "but")
    tag : a code of your own, letters, digits and _; only of needs and complaints
    lang : zh or en
    pattern : words, several patterns parted by `|`. `(a|b)` is one or the other, `leak*` any ending, ` .. ` up to four
        words between, `_` in declines and negates the place of what is turned round
    reach : in declines and negates, how many words may stand between the negation and what it turns round

    Raises DataError with every faulty line (its number and what is wrong) and for a file that cannot be read.

    >>> lexicon = open_lexicon()
    >>> lexicon.tags("complaint", "en")
    ('delivery', 'package', 'price', 'service', 'product')
    """
    if path is None:
        return _of_the_house()
    path = Path(path)
    if not path.is_file():
        raise DataError("no_file", path=path)
    try:
        return _read(path.name, path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise DataError("lexicon_encoding", file=path.name) from None


@cache
def _of_the_house() -> Lexicon:
    return _read("lexicon.csv", files("crmlab.needs").joinpath("lexicon.csv").read_text(encoding="utf-8"))


def _read(file: str, content: str) -> Lexicon:
    lines = csv.DictReader(content.splitlines(keepends=True))
    lacking = [column for column in COLUMNS if column not in (lines.fieldnames or ())]
    if lacking:
        raise DataError("lexicon_columns", file=file, lacking=", ".join(lacking))
    rules, faults = [], []
    for row in lines:
        told = [f"{lines.line_num}: {fault}" for fault in _faults(row)]
        faults += told
        if not told:
            patterns = tuple(pattern.strip() for pattern in patterns_of(row["pattern"]))
            reach = int(row["reach"] or 0)
            rules.append(Rule(lines.line_num, row["kind"], row["tag"], row["lang"], patterns, reach))
    if faults:
        more = " …" if len(faults) > SHOWN else ""
        raise DataError("lexicon_lines", file=file, count=len(faults), faults="; ".join(faults[:SHOWN]) + more)
    return Lexicon(tuple(rules))


def _faults(row: dict[str, str]) -> Iterator[str]:
    """What is wrong with a line, by the columns it stands in."""
    kind, tag, turns = row["kind"], row["tag"] or "", row["kind"] in TURNS
    if kind not in (*TAGGED, *OPINIONS, *TURNS, *OTHERS):
        yield f"kind {kind!r}"
        return
    if (kind in TAGGED) != bool(tag) or not ((tag.isascii() and tag.replace("_", "a").isalnum()) or not tag):
        yield f"tag {tag!r}"
    if row["lang"] not in LANGUAGES:
        yield f"lang {row['lang']!r}"
    if turns != bool(row["reach"]) or (turns and not row["reach"].isdecimal()):
        yield f"reach {row['reach']!r}"
    for pattern in patterns_of(row["pattern"] or ""):
        if not _is_pattern(pattern.strip(), turns):
            yield f"pattern {pattern!r}"


def _is_pattern(pattern: str, turns: bool) -> bool:
    closed = pattern.count("(") == pattern.count(")")
    if pattern.count("_") != turns or not closed or (turns and " .. " in pattern):
        return False
    return all(all(run.words for run in runs) for part in _halves(pattern) for runs in runs_of(part))


def _halves(pattern: str) -> list[str]:
    return [part.strip() for part in pattern.split("_") if part.strip()] or [""]
