"""What a class handed in: one submission for each student of the roster, and what belongs to nobody."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.grade.archive import Entry, Refused, opened, shown
from crmlab.grade.beside import files_beside
from crmlab.grade.notebooks import read_notebook
from crmlab.grade.owners import Owners, late_in_canvas
from crmlab.words import word

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from crmlab.assign.roster import Student

NOTEBOOK = re.compile(r"\.ipynb(\.(txt|json|\d))?$", re.IGNORECASE)
"""Browsers and chats add endings: 02_segment.ipynb.txt."""
PRACTICE = re.compile(r"\bpractice\(\s*(['\"])(\w+)\1")
"""How the set-up of an exercise names its lesson, also where a program keeps no metadata, as Colab does."""
MOST_NOTEBOOKS = 10
"""Of one student that are read to find the right one."""
MOST_TOLD = 5
"""Refused files of one student that are named."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    `student` is the id of the roster, or "" for what belongs to nobody that is known. `file` is the path inside what
    was handed in ("" for nothing), `digest` a SHA-256 of it and of `files`, `handed_in` when the file was last changed,
    as the zip or the folder says it (ISO without zone, or ""). `notebook` is None where there is none that can be read;
    then `notes` says why, or the flag is `missing`. `files` are those beside it that the notebook may read. `flags` are
    keys under `flag.` in words.csv, `notes` sentences to the instructor.
    """

    student: str
    lang: str
    file: str = ""
    digest: str = ""
    handed_in: str = ""
    notebook: "NotebookNode | None" = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _Heap:
    """What belongs together: to one student, or to nobody."""

    entries: list[Entry] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def notebooks(self) -> list[Entry]:
        """The newest first; where no time is known, or all have one, the last by name."""
        found = [entry for entry in self.entries if NOTEBOOK.search(entry.parts[-1])]
        return sorted(found, key=lambda entry: (entry.modified, _counted(entry)), reverse=True)[:MOST_NOTEBOOKS]


@dataclass(frozen=True)
class _Tried:
    entry: Entry
    digest: str = ""
    notebook: "NotebookNode | None" = None
    flags: tuple[str, ...] = ()
    error: DataError | None = None

    def says(self, name: str) -> str:
        """What the notebook says of itself."""
        return self.notebook.metadata.crmlab.get(name, "") if self.notebook else ""

    @property
    def lesson(self) -> str:
        """The lesson that it is of, as it says itself, else as its set-up does; "" where neither tells."""
        cells = self.notebook.cells if self.notebook else []
        told = (PRACTICE.search(cell.source) for cell in cells if cell.cell_type == "code")
        return self.says("lesson") or next((found[2] for found in told if found), "")


def read_submissions(path: Path, roster: Sequence["Student"], lesson: str, *, lang: str = "zh") -> Iterator[Submission]:
    """One submission for each student in the order of the roster, then one for each thing that belongs to nobody.

    `path` is a zip, a folder (with zips inside, one level deep) or one notebook; `lesson` is a stem ("02_segment") and
    `lang` the instructor's language. A student is known by the outermost name that holds an id or a name of the roster
    (folders, file names, names as Moodle and Canvas write them), and last by what the notebook says of itself, unless
    the student handed in something under their name. Of several notebooks of the lesson the newest that can be read
    counts, and a note says so. Nothing of one student stops the others. Bytes are read one student at a time.
    Raises DataError when `path` is not there or cannot be opened at all.
    """
    with opened(path) as (entries, refused):
        heaps, strange = _sorted_out(path, entries, refused, Owners(roster, lesson))
        claimed = _claimed(strange, heaps, {student.id for student in roster})
        for student in roster:
            yield _of_student(student, heaps.get(student.id), lesson, lang, by_itself=student.id in claimed)
        for (name, owners), heap in strange.items():
            yield _of_nobody(name, owners, heap, lang)


def _sorted_out(
    path: Path, entries: list[Entry], refused: list[Refused], owners: Owners
) -> tuple[dict[str, _Heap], dict[tuple[str, tuple[str, ...]], _Heap]]:
    """Heaps by student, and those of nobody by their outermost name and the students they may belong to.

    The folders around everything and the name of `path` itself name a student only where nothing inside names any.
    """
    heaps: dict[str, _Heap] = defaultdict(_Heap)
    strange: dict[tuple[str, tuple[str, ...]], _Heap] = defaultdict(_Heap)
    shared = _shared([one.parts for one in (*entries, *refused)])
    found = [owners.of(one.parts[shared:]) for one in (*entries, *refused)]
    if not any(found):
        above = next((one.parts[:shared] for one in (*entries, *refused)), ())
        found = [owners.of([*reversed(above), path.stem])] * len(found)
    for one, students in zip((*entries, *refused), found, strict=True):
        [student, *others] = sorted(students) or [""]
        known = student and not others
        heap = heaps[student] if known else strange[one.parts[shared], tuple(sorted(students))]
        (heap.entries if isinstance(one, Entry) else heap.refused).append(one)
    return heaps, strange


def _shared(paths: list[tuple[str, ...]]) -> int:
    """How many folders all paths begin with."""
    folders = [parts[:-1] for parts in paths]
    levels = zip(*folders, strict=False)
    return next((level for level, names in enumerate(levels) if len(set(names)) > 1), min(map(len, folders), default=0))


def _claimed(
    strange: dict[tuple[str, tuple[str, ...]], _Heap], heaps: dict[str, _Heap], students: set[str]
) -> set[str]:
    """Moves heaps of nobody to the student whom their notebooks name, unless there is something under that name."""
    named = {
        (name, owners): {_try(entry).says("student") for entry in heap.notebooks} & set(owners or students)
        for (name, owners), heap in strange.items()
    }
    times = Counter(student for found in named.values() for student in found)
    moved = set()
    for key, found in named.items():
        if len(found) == 1 and times[student := found.pop()] == 1 and student not in heaps:
            heaps[student] = strange.pop(key)
            moved.add(student)
    return moved


def _of_student(student: "Student", heap: _Heap | None, lesson: str, lang: str, *, by_itself: bool) -> Submission:
    if heap is None:
        return Submission(student.id, student.lang, flags=("missing",))
    flags, notes = _told_of_refused(heap, lang)
    if by_itself:
        notes.append(word("submission.by_itself", lang))
    if not heap.notebooks:
        names = ", ".join(shown(entry.name) for entry in heap.entries[:MOST_TOLD])
        if names:
            notes.append(word("submission.no_notebook", lang, count=len(heap.entries), names=names))
        return Submission(student.id, student.lang, flags=(*flags, "no_notebook"), notes=tuple(notes))
    chosen, more_flags, more_notes = _chosen(heap, student.id, lesson, lang)
    files, file_flags, file_notes = files_beside(chosen.entry, heap.entries, lang) if chosen.notebook else ({}, [], [])
    return Submission(
        student.id,
        student.lang,
        file=shown(chosen.entry.name),
        digest=_digest(chosen.digest, files),
        handed_in=chosen.entry.modified,
        notebook=chosen.notebook,
        files=files,
        flags=(*flags, *more_flags, *file_flags),
        notes=(*notes, *more_notes, *file_notes),
    )


def _chosen(heap: _Heap, student: str, lesson: str, lang: str) -> tuple[_Tried, list[str], list[str]]:
    """The notebook that counts: of this lesson before others, readable before broken, then the newest."""
    tried = [_try(entry) for entry in heap.notebooks]
    readable = [one for one in tried if one.notebook]
    right = [one for one in readable if one.lesson == lesson]
    named = [one for one in readable if not one.lesson and lesson in one.entry.parts[-1]]
    pool = right or named or readable or tried
    chosen = pool[0]
    flags, notes = list(chosen.flags), []
    if others := len({one.digest for one in pool} - {chosen.digest}):
        flags.append("two_files")
        notes.append(word("submission.two_files", lang, count=others + 1, file=shown(chosen.entry.name)))
    if chosen.error:
        flags.append("unreadable")
        notes.append(chosen.error.message(lang))
    elif broken := [one for one in tried[: tried.index(chosen)] if one.error]:
        flags.append("newer_unreadable")
        notes += [one.error.message(lang) for one in broken if one.error]
    if (other := chosen.lesson) and other != lesson:
        flags.append("other_lesson")
        notes.append(word("submission.other_lesson", lang, other=shown(other)))
    if (other := chosen.says("student")) and other != student:
        flags.append("other_student")
        notes.append(word("submission.other_student", lang, other=shown(other)))
    if late_in_canvas(chosen.entry.parts[-1]):
        flags.append("late_in_canvas")
    return chosen, flags, notes


def _try(entry: Entry) -> _Tried:
    digest = ""
    try:
        data = entry.read()
        digest = hashlib.sha256(data).hexdigest()
        notebook, flags = read_notebook(data, shown(entry.name))
    except DataError as error:
        return _Tried(entry, digest, error=error)
    return _Tried(entry, digest, notebook, flags)


def _digest(notebook: str, files: Mapping[str, bytes]) -> str:
    """That of the notebook where nothing lies beside it."""
    if not files:
        return notebook
    parts = [notebook, *(f"{name}\0{hashlib.sha256(content).hexdigest()}" for name, content in sorted(files.items()))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _told_of_refused(heap: _Heap, lang: str) -> tuple[list[str], list[str]]:
    notes = [one.error.message(lang) for one in heap.refused[:MOST_TOLD]]
    if more := len(heap.refused) - len(notes):
        notes.append(word("submission.refused_more", lang, count=more))
    return ["refused_files"] if notes else [], notes


def _of_nobody(name: str, owners: tuple[str, ...], heap: _Heap, lang: str) -> Submission:
    flags, notes = _told_of_refused(heap, lang)
    count = len(heap.entries) + len(heap.refused)
    if owners:
        sentence = word("submission.ambiguous", lang, file=shown(name), ids=", ".join(map(shown, owners)), count=count)
        return Submission("", lang, file=shown(name), flags=("ambiguous_student", *flags), notes=(sentence, *notes))
    sentence = word("submission.unknown", lang, file=shown(name), count=count)
    return Submission("", lang, file=shown(name), flags=("unknown_student", *flags), notes=(sentence, *notes))


def _counted(entry: Entry) -> list[tuple[int, str]]:
    """A name for sorting in which 10 stands behind 9."""
    return [(int(digits or 0), text) for text, digits in re.findall(r"(\D*)(\d{0,15})", Path(entry.name).stem)]
