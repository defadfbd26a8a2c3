"""The students of a class, from a file as registrars and teachers have it."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from crmlab.errors import DataError
from crmlab.intake.grid import Grid, demand_headings, read_grids
from crmlab.words import word

HEADINGS = {
    "student": ("student", "student_id", "student id", "student number", "id", "学号", "学生编号", "学生"),
    "name": ("name", "student name", "姓名", "学生姓名"),
    "lang": ("lang", "language", "语言"),
}
"""The headings by which each column may go; others are left alone."""
LANGS = {"": "zh", "zh": "zh", "中文": "zh", "chinese": "zh", "en": "en", "英文": "en", "英语": "en", "english": "en"}
ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""What Windows takes for a device."""
SHOWN = 10
"""Rows that an error names."""


@dataclass(frozen=True)
class Student:
    """One student: `id` names their files, `name` is for the gradebook alone, `lang` is "zh" or "en"."""

    id: str
    name: str
    lang: str


class RosterError(DataError):
    """Rows of a roster that cannot be used; `faults` holds (row, key in words.csv under roster.) in their order."""

    def __init__(self, file: str, faults: list[tuple[int, str]]):
        self.faults = faults
        super().__init__("roster", file=file, count=len(faults))

    def message(self, lang: str) -> str:
        lines = [word(f"roster.{fault}", lang, row=row) for row, fault in self.faults[:SHOWN]]
        return "\n  - ".join([super().message(lang), *lines])


def read_roster(path: Path) -> tuple[Student, ...]:
    """The students of a CSV or Excel file (UTF-8, UTF-16 or GB18030), in its order.

    Needed is a column student (or 学号); name (姓名) and lang (语言; blank is zh) may be there. Raises DataError for
    a file that cannot be read, has no such column or nobody in it, and RosterError that names the rows (the headings
    are row 1) whose student is blank, there before, or no file name, or whose language is neither Chinese nor English.
    """
    grid = next(read_grids(path))
    demand_headings(grid, path.name)
    columns = _columns(grid, path.name)
    cells = {name: grid.cells[heading].fillna("").map(_plain) for name, heading in columns.items()}
    blank = cells["student"].map(lambda _: "")
    rows = list(zip(grid.cells.index, *(cells.get(name, blank) for name in HEADINGS), strict=True))
    faults = [(row, "record") for row, _, _ in grid.faults]
    seen: set[str] = set()
    for row, student, _, lang in rows:
        if fault := _fault(student, lang, seen):
            faults.append((row, fault))
        seen.add(student.casefold())
    if faults:
        raise RosterError(path.name, sorted(faults))
    if not rows:
        raise DataError("roster_nobody", file=path.name)
    return tuple(Student(student, name, LANGS[lang.casefold()]) for _, student, name, lang in rows)


def _columns(grid: Grid, file: str) -> dict[str, str]:
    """The heading of each column that is there."""
    found: dict[str, list[str]] = {name: [] for name in HEADINGS}
    for heading in grid.headings:
        for name, ways in HEADINGS.items():
            if _plain(heading).casefold() in ways:
                found[name].append(heading)
    if not found["student"]:
        raise DataError("roster_no_student", file=file)
    if twice := [headings for headings in found.values() if len(headings) > 1]:
        raise DataError("roster_columns", file=file, headings=", ".join(twice[0]))
    return {name: headings[0] for name, headings in found.items() if headings}


def _fault(student: str, lang: str, seen: set[str]) -> str:
    """What is wrong with a row; "" where nothing is. Case is not told apart, as some file systems do not."""
    if not student:
        return "blank"
    if not ID.fullmatch(student) or RESERVED.fullmatch(student):
        return "no_file_name"
    if student.casefold() in seen:
        return "twice"
    return "" if lang.casefold() in LANGS else "lang"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
