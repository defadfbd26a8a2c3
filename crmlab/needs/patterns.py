"""Patterns of the word list and the words of a text: where one stands in the other.

A pattern is words as they follow each other. `(a|b)` is one or the other, `*` at the end of a word is any ending, and
` .. ` lets up to four other words stand between, never across a mark such as a comma. `_` in the pattern of a negation
is where the negated words stand.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from itertools import product
from typing import NamedTuple

GAP = 4
"""How many words ` .. ` may pass over."""
SIGNS = 3
"""By how many of its first signs a run is looked up."""
MARKS = frozenset(".,;:!?，。；：！？…~～\n\r")
"""Where a clause ends."""
WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)*")
STRAIGHT = str.maketrans({"’": "'", "‘": "'", "-": " ", "\u2010": " ", "\u2011": " ", "\n": " ", "\t": " "})


class Run(NamedTuple):
    """Words side by side; `open` where any ending may follow."""

    words: str
    open: bool


class Hit(NamedTuple):
    """Where a pattern stands in a text; `gaps` are the places between its runs."""

    start: int
    end: int
    gaps: tuple[tuple[int, int], ...] = ()


def runs_of(pattern: str) -> list[tuple[Run, ...]]:
    """The ways to read a pattern, each as runs of words between which other words may stand.

    >>> runs_of("(less|no) .. sugar*")
    [(Run(words='less', open=False), Run(words='sugar', open=True)), (Run(words='no', open=False), \
Run(words='sugar', open=True))]
    """
    parts = [part.split("|") for part in re.split(r"\(([^()]*)\)", pattern)]
    ways = ("".join(chosen) for chosen in product(*parts))
    return [tuple(_run(words.strip()) for words in way.split(" .. ")) for way in ways]


def _run(words: str) -> Run:
    return Run(words.removesuffix("*").lower().translate(STRAIGHT), words.endswith("*"))


def patterns_of(cell: str) -> list[str]:
    """The patterns of a cell, which `|` parts outside of brackets.

    >>> patterns_of("a (b|c) d|e")
    ['a (b|c) d', 'e']
    """
    return re.split(r"\|(?![^(]*\))", cell)


def lowered(text: str) -> str:
    """A text in small letters, sign by sign, so that every place stays what it was (İ has two signs in small).

    >>> len("İ".lower()), len(lowered("İ"))
    (2, 1)
    """
    small = text.lower()
    return (
        small if len(small) == len(text) else "".join(sign if len(sign.lower()) > 1 else sign.lower() for sign in text)
    )


@cache
def _segmenter():
    import rjieba

    return rjieba.Jieba()


class Words:
    """A text cut into words: by rjieba in Chinese, by letters and digits in English.

    Chinese words that hold shorter ones are cut both ways, so that 发票 stands in 开发票 and 没 not in 没有.
    """

    def __init__(self, text: str, lang: str):
        self.text = lowered(text).translate(STRAIGHT)
        if lang == "zh":
            spans = [(start, end) for _, start, end in _segmenter().tokenize(self.text, mode="search", hmm=False)]
        else:
            spans = [match.span() for match in WORD.finditer(self.text)]
        self.starts = sorted({start for start, _ in spans})
        self.ends = {end for _, end in spans}
        self.longest: dict[int, int] = {}
        for start, end in spans:
            self.longest[start] = max(end, self.longest.get(start, 0))
        self.marks = [place for place, sign in enumerate(text) if sign in MARKS and not _in_number(text, place)]

    @cached_property
    def whole(self) -> list[int]:
        """Where the words begin that are not inside a longer one; marks are no words."""
        found, reached = [], 0
        for start in self.starts:
            if start >= reached and (self.text[start].isalnum()):
                found.append(start)
            reached = max(reached, self.longest[start])
        return found

    def between(self, end: int, start: int) -> int:
        """How many words begin in [end, start)."""
        return bisect_left(self.whole, start) - bisect_left(self.whole, end)

    def apart(self, end: int, start: int, marks: list[int] | None = None) -> bool:
        """Whether a mark parts what ends at `end` from what begins at `start`."""
        marks = self.marks if marks is None else marks
        place = bisect_left(marks, end)
        return place < len(marks) and marks[place] < start

    def run_ends(self, run: Run, start: int) -> int | None:
        """Where a run that begins at `start` ends, or None where it does not stand there as whole words."""
        if not self.text.startswith(run.words, start):
            return None
        end = start + len(run.words)
        if end in self.ends:
            return end
        if not run.open:
            return None
        last = self.starts[bisect_right(self.starts, end - 1) - 1]
        return max(end, self.longest[last])

    def following(self, end: int) -> list[int]:
        """Where words begin that ` .. ` reaches from `end`: after up to four other words, before the next mark."""
        place = bisect_left(self.marks, end)
        mark = self.marks[place] if place < len(self.marks) else len(self.text)
        found = []
        for start in self.starts[bisect_left(self.starts, end) :]:
            if start > mark or self.between(end, start) > GAP:
                break
            found.append(start)
        return found


def _in_number(text: str, place: int) -> bool:
    """Whether a point or a comma stands between two digits."""
    return text[place] in ".,:" and text[place - 1 : place].isdigit() and text[place + 1 : place + 2].isdigit()


class Index:
    """Patterns by the first signs of their first run, each with what it stands for. What they share is tried once."""

    def __init__(self, patterns: Iterable[tuple[str, object]] = ()):
        self.by_signs: dict[str, dict[Run, Index]] = {}
        self.meanings: list[object] = []
        for pattern, meaning in patterns:
            for runs in runs_of(pattern):
                self._add(runs, meaning)

    def _add(self, runs: tuple[Run, ...], meaning: object) -> None:
        if not runs:
            self.meanings.append(meaning)
            return
        ways = self.by_signs.setdefault(runs[0].words[:SIGNS], {})
        ways.setdefault(runs[0], Index())._add(runs[1:], meaning)

    def find(self, words: Words) -> Iterator[tuple[Hit, object]]:
        """Every place of every pattern in a text, by where it begins; of its further runs the nearest."""
        for start in words.starts:
            for end, rest in self._at(words, start):
                for reached, gaps, meaning in rest._ends(words, end):
                    yield Hit(start, reached, gaps), meaning

    def _at(self, words: Words, start: int) -> Iterator[tuple[int, "Index"]]:
        by_signs, text = self.by_signs, words.text
        for length in range(1, SIGNS + 1):
            ways = by_signs.get(text[start : start + length])
            for run in ways or ():
                end = words.run_ends(run, start)
                if end is not None:
                    yield end, ways[run]

    def _ends(self, words: Words, end: int) -> Iterator[tuple[int, tuple[tuple[int, int], ...], object]]:
        for meaning in self.meanings:
            yield end, (), meaning
        met: set[int] = set()
        for start in words.following(end) if self.by_signs else ():
            for reached, rest in self._at(words, start):
                if id(rest) not in met:
                    met.add(id(rest))
                    for last, gaps, meaning in rest._ends(words, reached):
                        yield last, ((end, start), *gaps), meaning
