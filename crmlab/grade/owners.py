"""Whose file is it: students found in the names of folders and files, as people and learning platforms write them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmlab.assign.roster import Student

MOODLE = re.compile(r"^(?P<who>.+)_\d+_assignsubmission_[a-z]+_?$")
"""Full name, number of the participant, kind of submission."""
CANVAS = re.compile(r"^(?P<who>[^_]+)_(?P<late>late_)?(?P<user>\d{3,})_\d{3,}_(?P<file>.+)$")
"""Name without spaces, maybe LATE, number of the user, number of the submission, name of the file."""
COPY = re.compile(r"[ (（]+\d+[)）]+$")
"""What browsers and systems add to the name of a second copy."""
ENDING = re.compile(r"\.(ipynb(\.[a-z0-9]+)?|zip)$")
MOST_WORDS = 4
"""Of a name in Latin letters that is looked for in any order."""


class Owners:
    """Finds students of a roster in names; `stem` ("02_segment") is the lesson, whose number is nobody's id.

    >>> from types import SimpleNamespace as Student
    >>> owners = Owners([Student(id="2023001", name="张示三"), Student(id="2", name="Li Shi")], "02_segment")
    >>> owners.of(["02_segment_2023001.ipynb"]), owners.of(["张示三_12_assignsubmission_file_", "a.ipynb"])
    ({'2023001'}, {'2023001'})
    >>> owners.of(["lishi_LATE_12345_678_02_segment.ipynb"]), owners.of(["02_segment.ipynb"])
    ({'2'}, set())
    """

    def __init__(self, roster: Sequence["Student"], stem: str):
        self.stem = _plain(stem)
        self.ids = {student.id: _bounded(re.escape(_plain(student.id))) for student in roster}
        self.names = {student.id: _name(student.name) for student in roster if student.name}
        self.known: dict[str, set[str]] = {}
        self.short = {student.id for student in roster if re.fullmatch(r"\d{1,2}", _plain(student.id))}

    def of(self, parts: Iterable[str]) -> set[str]:
        """The students whom the first part names that names any: by id, else by name. Empty when none does."""
        for part in parts:
            if part not in self.known:
                self.known[part] = self._ids(part) or _longest(self.names, _who(part))
            if found := self.known[part]:
                return found
        return set()

    def _ids(self, part: str) -> set[str]:
        """Ids of one and two digits count only where nothing else stands, because counters look the same."""
        text = _who(part)
        alone = COPY.sub("", text.replace(self.stem, " ")).strip(" _-")
        found = _longest(self.ids, alone)
        return {student for student in found if student not in self.short or _plain(student) == alone}


def late_in_canvas(part: str) -> bool:
    """Whether a file name of Canvas says that the file came late."""
    told = CANVAS.match(_plain(part))
    return bool(told and told["late"])


def without_platform(part: str) -> str:
    """The name that the student gave the file.

    >>> without_platform("zhangshi_12345_678_chart.png")
    'chart.png'
    """
    told = re.match(CANVAS.pattern, part, re.IGNORECASE)
    return told["file"] if told else part


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _who(part: str) -> str:
    """What of a name may name a student: numbers that Moodle and Canvas count by are gone, and so is the ending."""
    text = ENDING.sub("", _plain(part))
    if told := MOODLE.match(text):
        return told["who"]
    if told := CANVAS.match(text):
        return f"{told['who']} {told['user']} {told['file']}"
    return text


def _bounded(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9a-z])(?:{pattern})(?![0-9a-z])")


def _name(name: str) -> re.Pattern[str]:
    """Chinese names anywhere; names in letters as whole words, in any order, with or without spaces."""
    words = re.findall(r"\w+", _plain(name))
    orders = permutations(words) if len(words) <= MOST_WORDS else [words]
    pattern = "|".join(r"[\W_]*".join(map(re.escape, order)) for order in orders)
    return _bounded(pattern) if re.search("[0-9a-z]", pattern) else re.compile(pattern)


def _longest(patterns: dict[str, re.Pattern[str]], text: str) -> set[str]:
    """Who is found, without those of whom every trace lies inside a longer one: 张示 is not meant by 张示三."""
    spans = {student: [hit.span() for hit in pattern.finditer(text)] for student, pattern in patterns.items()}
    places = [(student, *span) for student, found in spans.items() for span in found if span[0] < span[1]]
    return {
        student
        for student, start, end in places
        if not any(s <= start and end <= e and (s, e) != (start, end) for _, s, e in places)
    }
