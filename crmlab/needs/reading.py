"""What a text says by the word list: needs, complaints and opinions, each with its place and whether it is negated."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from crmlab.needs.lexicon import OPINIONS, TAGGED, Lexicon, Rule
from crmlab.needs.patterns import Hit, Index, Words

TURNED_BY = {"need": "declines", "complaint": "negates", "positive": "negates", "negative": "negates"}


class Said(NamedTuple):
    """Something found in a text: what it is, where it stands, whether it is negated, by which line of the list."""

    kind: str
    tag: str
    start: int
    end: int
    negated: bool
    rule: int


class Turn(NamedTuple):
    """One pattern of a negation: its words before and after what it turns round, either of them maybe none."""

    before: str
    after: str
    reach: int


class Reader:
    """Reads texts of one language by a word list."""

    def __init__(self, lexicon: Lexicon, lang: str):
        self.lang = lang
        self.turns = {kind: _turns(lexicon.of(lang, kind)) for kind in set(TURNED_BY.values())}
        sides = {side for turns in self.turns.values() for side in turns}
        kinds = (*TAGGED, *OPINIONS, "ignores", "breaks")
        rules = ((pattern, rule) for rule in lexicon.of(lang, *kinds) for pattern in rule.patterns)
        self.index = Index([*rules, *((side, side) for side in sorted(sides))])

    def read(self, text: str) -> list[Said]:
        """All that a text says, in its order; of complaints that overlap, and of opinions, the longest."""
        words = Words(text, self.lang)
        tagged: list[tuple[Hit, Rule]] = []
        ignored: list[Hit] = []
        marks = list(words.marks)
        sides: dict[str, list[Hit]] = {}
        for hit, meaning in self.index.find(words):
            if isinstance(meaning, str):
                sides.setdefault(meaning, []).append(hit)
            elif meaning.kind == "ignores":
                ignored.append(hit)
            elif meaning.kind == "breaks":
                marks.append(hit.start)
            else:
                tagged.append((hit, meaning))
        found = [(hit, rule) for hit, rule in tagged if not _inside(hit, ignored)]
        if not found:
            return []
        marks.sort()
        sides = {side: [hit for hit in hits if not _inside(hit, ignored)] for side, hits in sides.items()}
        return [
            Said(rule.kind, rule.tag, hit.start, hit.end, self._negated(words, marks, sides, hit, rule), rule.line)
            for hit, rule in _longest(found)
        ]

    def opinions(self, text: str) -> list[Said]:
        """The words of opinion and the complaints of a text, in their order; of those that overlap, the complaint."""
        said = self.read(text)
        blamed = [(one.start, one.end) for one in said if one.kind == "complaint"]
        free = [one for one in said if one.kind in OPINIONS and not _touches(one, blamed)]
        return sorted((*(one for one in said if one.kind == "complaint"), *free), key=lambda one: one.start)

    def _negated(self, words: Words, marks: list[int], sides: dict[str, list[Hit]], hit: Hit, rule: Rule) -> bool:
        """Whether an odd number of negations reach what was found: two of them take each other back."""
        reaching = set()
        turns = self.turns[TURNED_BY[rule.kind]]
        for turn in {turn for side in sides for turn in turns.get(side, ())}:
            before, after = sides.get(turn.before, ()), sides.get(turn.after, ())
            reaching.update(one for one in before if _inside(one, hit.gaps))
            before = [
                one for one in before if one.end <= hit.start and _reaches(words, marks, one.end, hit.start, turn.reach)
            ]
            after = [
                one for one in after if hit.end <= one.start and _reaches(words, marks, hit.end, one.start, turn.reach)
            ]
            if turn.before and turn.after and before and after:
                reaching.add(Hit(before[-1].start, after[0].end))
            elif not turn.after:
                reaching.update(before)
            elif not turn.before:
                reaching.update(after)
        return len(_apart(reaching)) % 2 == 1


def _turns(rules: Iterable[Rule]) -> dict[str, list[Turn]]:
    """Negations by each of their sides."""
    found: dict[str, list[Turn]] = {}
    for rule in rules:
        for pattern in rule.patterns:
            turn = Turn(*_sides(pattern), rule.reach)
            for side in filter(None, (turn.before, turn.after)):
                found.setdefault(side, []).append(turn)
    return found


def _sides(pattern: str) -> tuple[str, str]:
    before, after = pattern.split("_")
    return before.strip(), after.strip()


def _inside(hit: Hit, spans: Iterable[tuple]) -> bool:
    return any(start <= hit.start and hit.end <= end for start, end, *_ in spans)


def _touches(said: Said, spans: Iterable[tuple[int, int]]) -> bool:
    return any(said.start < end and start < said.end for start, end in spans)


def _reaches(words: Words, marks: list[int], end: int, start: int, reach: int) -> bool:
    return words.between(end, start) <= reach and not words.apart(end, start, marks)


def _apart(spans: Iterable[Hit]) -> list[Hit]:
    """The spans that have no character in common, longer ones first."""
    chosen: list[Hit] = []
    for span in sorted(spans, key=lambda one: (one.start - one.end, one.start)):
        if all(span.end <= one.start or one.end <= span.start for one in chosen):
            chosen.append(span)
    return chosen


def _longest(found: list[tuple[Hit, Rule]]) -> Iterator[tuple[Hit, Rule]]:
    """Of one kind and tag, and of all opinions, what does not overlap with something longer."""
    groups: dict[tuple[str, str], list[tuple[Hit, Rule]]] = {}
    for hit, rule in found:
        group = (
            (rule.kind, rule.tag) if rule.kind == "need" else ("", "") if rule.kind == "complaint" else ("opinion", "")
        )
        groups.setdefault(group, []).append((hit, rule))
    for group in sorted(groups):
        kept = _apart({hit for hit, _ in groups[group]})
        first = {}
        for hit, rule in groups[group]:
            first.setdefault(hit, rule)
        yield from sorted(((hit, first[hit]) for hit in kept), key=lambda one: one[0])


@lru_cache(maxsize=8)
def reader_of(lexicon: Lexicon, lang: str) -> Reader:
    """The reader of a word list, made once."""
    return Reader(lexicon, lang)
