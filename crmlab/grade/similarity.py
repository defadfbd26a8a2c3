"""Which submissions are alike beyond what the lesson gives and what many write: places to look, never a verdict.

Code is compared as tokens in which names that a student chose, numbers, texts and comments do not count. Fingerprints
find the candidates (winnowing: S. Schleimer, D. Wilkerson, A. Aiken, SIGMOD 2003), and of each pair only long passages
stay that neither the lesson's own code nor many of the class have.
"""

import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations, islice
from typing import Any

from crmlab.grade import pages
from crmlab.grade.class_report import WRONG
from crmlab.grade.feedback import OURS, tags
from crmlab.grade.harmless import plain
from crmlab.grade.records import Graded
from crmlab.words import word

GRAM = 12
"""Tokens of which a fingerprint is made: shorter passages are never found."""
WINDOW = 8
"""Each passage of GRAM + WINDOW - 1 tokens or more leaves a fingerprint."""
PASSAGE = 30
"""Tokens of the shortest passage that is listed."""
OWN = 60
"""Tokens of their own that a submission needs to be compared at all."""
SHARE = 0.25
"""Least share of the shorter submission's own code that a listed pair has in common."""
MANY, MANY_SHARE = 6, 0.1
"""Code that more people than this have (a number, or a share of the class) is what many write."""
FEW = 3
"""A wrong value that more people than this gave is a common mistake."""
CODE = 200_000
READINGS = 10
"""How often, on average, a line of faulty code may be read."""
SHOWN_PAIRS, SHOWN_PASSAGES, PASSAGE_TEXT = 60, 5, 3_000
SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Alike:
    """A pair of submissions: which `share` of the own code of the shorter one (`first`) is in the other as well, how
    many tokens that is, the passages as (text of the first, text of the second), and the questions to which both gave
    the same wrong value that hardly anybody else gave."""

    first: str
    second: str
    share: float
    tokens: int
    passages: tuple[tuple[str, str], ...]
    same_wrong: tuple[str, ...]


@dataclass(frozen=True)
class Similar:
    """The listed pairs, most alike first, how many submissions were compared, and how many were too short for it."""

    pairs: tuple[Alike, ...]
    compared: int
    short: int


class _Code:
    """The code cells of one submission: lines, tokens (text, line), and by place the hash of each run of GRAM
    tokens. No run goes from one cell into the next, so that many short answers are not taken for a long one."""

    def __init__(self, cells: list[str], names: frozenset[str]):
        self.lines: list[str] = []
        self.tokens: list[tuple[str, int]] = []
        self.grams: dict[int, int] = {}
        self.fingerprints: set[int] = set()
        self.places = defaultdict(list)
        read = [list(_tokens(cell)) for cell in cells]
        names = names.union(*map(_chosen_names, read))
        for cell, tokens in zip(cells, read, strict=True):
            self._add([(_plain_token(kind, string, names), line) for kind, string, line in tokens])
            self.lines += cell.splitlines()

    def _add(self, tokens: list[tuple[str, int]]) -> None:
        words = [word for word, _ in tokens]
        hashes = [_hash(words[at : at + GRAM]) for at in range(len(words) - GRAM + 1)]
        windows = range(max(1, len(hashes) - WINDOW + 1)) if hashes else ()
        self.fingerprints.update(min(hashes[at : at + WINDOW]) for at in windows)
        for at, gram in enumerate(hashes, start=len(self.tokens)):
            self.grams[at] = gram
            self.places[gram].append(at)
        self.tokens += [(word, line + len(self.lines)) for word, line in tokens] + [("", len(self.lines))]

    def runs(self, grams: Set[int]) -> Iterator[tuple[int, int]]:
        """From and to (exclusive) of each run of tokens that such grams cover."""
        start = end = -1
        for at in sorted(at for gram in grams for at in self.places.get(gram, ())):
            if at > end:
                if end >= 0:
                    yield start, end
                start = at
            end = at + GRAM
        if end >= 0:
            yield start, end

    def size(self, grams: Set[int]) -> int:
        """How many tokens such grams cover."""
        return sum(end - start for start, end in self.runs(grams))

    def passage(self, start: int, end: int) -> str:
        """The lines in which a run of tokens stands."""
        text = "\n".join(self.lines[self.tokens[start][1] : self.tokens[end - 1][1] + 1])
        return plain(text, PASSAGE_TEXT)


def similar(notebooks: Mapping[str, Any], templates: Sequence[Any], graded: Sequence[Graded]) -> Similar:
    """Compare the code cells of all submissions with one another.

    `notebooks` are executed nbformat v4 nodes by student, `templates` the notebooks that the students were given
    (exercise and lesson). A pair is listed for long passages of code only; equal wrong values stand beside them and
    never alone.
    """
    lesson = [source for notebook in templates for source in _sources(notebook.cells)]
    names = frozenset().union(*(_chosen_names(_tokens(source)) for source in lesson))
    codes = {student: _Code(_sources(_own_cells(notebook)), names) for student, notebook in notebooks.items()}
    having = Counter(gram for code in codes.values() for gram in code.places)
    many = max(MANY, MANY_SHARE * len(codes))
    usual = {gram for gram, count in having.items() if count > many}.union(_Code(lesson, names).places)
    own = {student: code.places.keys() - usual for student, code in codes.items()}
    sizes = {student: code.size(own[student]) for student, code in codes.items()}
    compared = sorted((student for student, size in sizes.items() if size >= OWN), key=lambda one: (sizes[one], one))
    wrong = _rare_wrong(graded)
    pairs = []
    for first, second in _candidates({student: codes[student].fingerprints & own[student] for student in compared}):
        shared = own[first] & own[second]
        if len(shared) <= PASSAGE - GRAM:
            continue
        tokens, passages = _passages(codes[first], codes[second], shared)
        if tokens >= SHARE * sizes[first]:
            same = tuple(sorted({question for question, given in wrong if {first, second} <= given}))
            pairs.append(Alike(first, second, tokens / sizes[first], tokens, passages, same))
    pairs.sort(key=lambda pair: (-pair.share, -pair.tokens, pair.first, pair.second))
    return Similar(tuple(pairs), len(compared), len(codes) - len(compared))


def similarity_page(found: Similar, lang: str, *, title: str) -> str:
    """The list as a self-contained page for the instructor, with the passages side by side; all code is escaped."""
    key = "page.similar_some" if found.pairs else "page.similar_none"
    lines = [word(key, lang, count=found.compared, pairs=len(found.pairs))]
    if found.short:
        lines.append(word("page.similar_short", lang, count=found.short))
    pairs = []
    for pair in found.pairs[:SHOWN_PAIRS]:
        about = {"first": plain(pair.first, 80), "second": plain(pair.second, 80), "share": f"{pair.share:.0%}"}
        notes = []
        if pair.same_wrong:
            questions = word("consent.mark", lang).join(pair.same_wrong)
            notes.append(word("page.similar_wrong", lang, count=len(pair.same_wrong), questions=questions))
        if (more := len(pair.passages) - SHOWN_PASSAGES) > 0:
            notes.append(word("page.similar_more", lang, count=more))
        heading = word("page.similar_pair", lang, tokens=pair.tokens, **about)
        pairs.append({"heading": heading, "passages": pair.passages[:SHOWN_PASSAGES], "notes": notes, **about})
    if (more := len(found.pairs) - SHOWN_PAIRS) > 0:
        lines.append(word("page.similar_cut", lang, count=more))
    return pages.page("similarity.html.j2", lang, title=title, lines=lines, pairs=pairs, tokens=PASSAGE)


def _own_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if not OURS & set(tags(cell))]


def _sources(cells: list[Any]) -> list[str]:
    """The code of the cells, up to CODE characters in all."""
    found, left = [], CODE
    for cell in cells:
        if cell.cell_type == "code" and left > 0:
            found.append(cell.source[:left])
            left -= len(cell.source)
    return found


def _tokens(text: str) -> Iterator[tuple[int, str, int]]:
    """The tokens of code (kind, string, line from 0); a faulty line is left out and reading goes on below it.

    What is read again and again, as code made to take long is, ends the reading.
    """
    lines = text.splitlines(keepends=True)
    fed, start = 0, 0

    def feed() -> Iterator[str]:
        nonlocal fed
        for line in islice(lines, start, None):
            fed += 1
            yield line

    while start < len(lines) and fed < READINGS * len(lines):
        read = start
        try:
            for token in tokenize.generate_tokens(feed().__next__):
                read = start + token.end[0]
                if token.type not in SILENT:
                    yield token.type, token.string, start + token.start[0] - 1
            return
        except (tokenize.TokenError, SyntaxError):
            start = max(read, start + 1)


def _plain_token(kind: int, string: str, names: frozenset[str]) -> str:
    if kind == tokenize.NAME:
        return "name" if string in names else string
    return {tokenize.NUMBER: "0", tokenize.STRING: "''"}.get(kind, string)


def _chosen_names(tokens: Iterable[tuple[int, str, int]]) -> set[str]:
    """Names that somebody chose: what stands before "=", after def, class, as and for, and arguments of functions.

    Read from tokens and not from a syntax tree, because one faulty cell must not hide the names of the others.
    """
    chosen, before, depth, listing = set(), "", 0, False
    for kind, string, _ in tokens:
        if kind == tokenize.OP:
            depth += (string in "([{") - (string in ")]}")
        listing = listing and string not in ("in", ":")
        if string in ("for", "lambda", "def"):
            listing = True
        elif kind == tokenize.NAME and (listing or before in ("class", "as")):
            chosen.add(string)
        elif string == "=" and not depth and before.isidentifier():
            chosen.add(before)
        before = string
    return chosen


def _hash(words: list[str]) -> int:
    """The same for the same words in every process, unlike Python's own hash."""
    return int.from_bytes(blake2b("\0".join(words).encode(), digest_size=8).digest(), "big")


def _candidates(fingerprints: Mapping[str, set[int]]) -> list[tuple[str, str]]:
    """Pairs with a fingerprint in common, in the order of the mapping."""
    having = defaultdict(list)
    for student, marks in fingerprints.items():
        for mark in marks:
            having[mark].append(student)
    place = {student: number for number, student in enumerate(fingerprints)}
    pairs = {pair for students in having.values() for pair in combinations(students, 2)}
    return sorted(pairs, key=lambda pair: (place[pair[0]], place[pair[1]]))


def _passages(first: _Code, second: _Code, shared: set[int]) -> tuple[int, tuple[tuple[str, str], ...]]:
    """How many tokens of the first stand in long passages that the second has too, and these, longest first."""
    there = [(start, end) for start, end in second.runs(shared) if end - start >= PASSAGE]
    where = {second.grams[at]: run for run in reversed(there) for at in range(run[0], run[1] - GRAM + 1)}
    runs = [(start, end) for start, end in first.runs(shared) if end - start >= PASSAGE and first.grams[start] in where]
    runs.sort(key=lambda run: (run[0] - run[1], run))
    passages = tuple((first.passage(*run), second.passage(*where[first.grams[run[0]]])) for run in runs)
    return sum(end - start for start, end in runs), passages


def _rare_wrong(graded: Sequence[Graded]) -> list[tuple[str, set[str]]]:
    """Questions with the few students who gave one and the same wrong value."""
    given = defaultdict(set)
    for one in graded:
        for mark in one.marks:
            if mark.verdict in WRONG and mark.shown.strip():
                given[mark.question, mark.shown].add(one.student)
    return [(question, students) for (question, _), students in given.items() if 2 <= len(students) <= FEW]
