"""The gradebook: a row for every student of the roster, as a frame, as CSV and as an Excel workbook."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError
from crmlab.grade.harmless import plain
from crmlab.grade.late import deduction, final
from crmlab.grade.records import Graded
from crmlab.handover.cells import safe
from crmlab.questions.rules import Late
from crmlab.words import has_word, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.assign.roster import Student

MISSING = "missing"
"""The outcome of a student who handed in nothing."""
STRANGER = "unknown_student"
CELL = 2_000
WIDEST = 60
ABOUT = ("total", "points", "late_days", "deduction", "final", "outcome", "flags", "waits")


@dataclass(frozen=True)
class Gradebook:
    """`marks` has a row per student: student, name, a column per question (points earned; missing while a person has to
    mark it), total, points, late_days, deduction, final, outcome (code), flags (keys, with blanks between), waits (how
    many questions a person has to mark), handed_in, file. `notes` has a row per plain sentence: student, file, note.
    `points` are the points of each question.
    """

    lesson: str
    marks: "pd.DataFrame"
    notes: "pd.DataFrame"
    points: dict[str, int]


def gradebook(
    roster: Sequence["Student"], graded: Sequence[Graded], points: Mapping[str, int], late: Late
) -> Gradebook:
    """The gradebook of a class and one lesson, in the order of the roster.

    Students without a submission are rows with 0 points and the outcome "missing". Submissions of people who are not in
    the roster stand at the end with the flag "unknown_student". Raises DataError when one student has two records, or a
    record has other questions than `points`.
    """
    import pandas as pd

    of_student = {one.student: one for one in graded}
    for student, count in Counter(one.student for one in graded).items():
        if count > 1:
            raise DataError("gradebook_twice", student=student, count=count)
    for one in graded:
        if {mark.question: mark.points for mark in one.marks} != dict(points):
            raise DataError("gradebook_questions", student=one.student, lesson=one.lesson)
    names = {student.id: student.name for student in roster}
    strangers = sorted(of_student.keys() - names.keys())
    rows = [
        _row(student, names.get(student, ""), of_student.get(student), points, late, stranger=student not in names)
        for student in (*names, *strangers)
    ]
    columns = ["student", "name", *points, *ABOUT, "handed_in", "file"]
    notes = [(one.student, one.file, note) for student in (*names, *strangers) if (one := of_student.get(student))
             for note in one.notes]  # fmt: skip
    return Gradebook(
        graded[0].lesson if graded else "",
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(notes, columns=["student", "file", "note"], dtype="str"),
        dict(points),
    )


def _row(
    student: str, name: str, one: Graded | None, points: Mapping[str, int], late: Late, *, stranger: bool
) -> dict[str, Any]:
    if one is None:
        nothing = dict.fromkeys((*points, "total", "late_days", "deduction", "final", "waits"), 0)
        about = {"points": sum(points.values()), "outcome": MISSING, "flags": "", "handed_in": "", "file": ""}
        return {"student": student, "name": name, **nothing, **about}
    return {
        "student": student,
        "name": name,
        **{mark.question: mark.earned for mark in one.marks},
        "total": one.earned,
        "points": one.points,
        "late_days": one.late_days,
        "deduction": deduction(one, late),
        "final": final(one, late),
        "outcome": one.outcome,
        "flags": " ".join((*one.flags, STRANGER) if stranger else one.flags),
        "waits": sum(mark.earned is None for mark in one.marks),
        "handed_in": one.handed_in,
        "file": one.file,
    }


def flag_word(flag: str, lang: str) -> str:
    """The words for a flag of a submission; one that words.csv does not know stands as it is."""
    return word(f"flag.{flag}", lang) if has_word(f"flag.{flag}") else flag


def write_gradebook(book: Gradebook, folder: Path, lang: str) -> list[Path]:
    """Write gradebook.csv (utf-8 with a mark, so that Excel reads Chinese) and gradebook.xlsx; gives their paths.

    The workbook has a sheet of marks and one of notes. Nothing in them is a formula: a text that a spreadsheet would
    take for one has an apostrophe before it. The same gradebook gives the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    marks = _in_words(book, lang)
    marks.to_csv(folder / "gradebook.csv", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    titles = {column: word(f"gradebook.{column}", lang) for column in book.notes}
    notes = book.notes.map(_cell).rename(columns=titles)
    sheets = {word("gradebook.sheet_marks", lang): marks, word("gradebook.sheet_notes", lang): notes}
    (folder / "gradebook.xlsx").write_bytes(workbook(sheets))
    return [folder / "gradebook.csv", folder / "gradebook.xlsx"]


def _in_words(book: Gradebook, lang: str) -> "pd.DataFrame":
    marks = book.marks.assign(
        outcome=[word(f"gradebook.outcome.{code}", lang) for code in book.marks["outcome"]],
        flags=[
            word("list.semicolon", lang).join(flag_word(flag, lang) for flag in flags.split())
            for flags in book.marks["flags"]
        ],
    )
    texts = ["student", "name", "outcome", "flags", "handed_in", "file"]
    marks[texts] = marks[texts].map(_cell)
    titles = {name: word("gradebook.question", lang, name=name, points=most) for name, most in book.points.items()}
    titles |= {name: word(f"gradebook.{name}", lang) for name in marks.columns if name not in book.points}
    return marks.rename(columns=titles)


def _cell(text: str) -> str:
    return safe(" ".join(plain(text, CELL).split()))


def workbook(sheets: Mapping[str, "pd.DataFrame"]) -> bytes:
    """An Excel workbook: a sheet per frame with a frozen heading and columns as wide as they need to be.

    Texts are text cells, whatever they begin with. The same frames give the same bytes.
    """
    import io

    import pandas as pd
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    from crmlab.handover.files import without_clock

    book = Workbook(write_only=True)
    for title, frame in sheets.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for number, column in enumerate(frame.columns, start=1):
            widest = max([_width(column), *(_width(value) for value in frame[column])])
            sheet.column_dimensions[get_column_letter(number)].width = min(widest + 2, WIDEST)

        def cell(value: Any, sheet=sheet, **style: Any) -> Any:
            if value is None or (not isinstance(value, str) and pd.isna(value)):
                return None
            made = WriteOnlyCell(sheet, value if isinstance(value, str) else float(value))
            if isinstance(value, str):
                made.number_format, made.data_type = "@", "s"
            for name, one in style.items():
                setattr(made, name, one)
            return made

        sheet.append([cell(str(column), font=Font(bold=True)) for column in frame.columns])
        wrapped = Alignment(vertical="top", wrap_text=True)
        for row in frame.itertuples(index=False):
            sheet.append([cell(value, alignment=wrapped) for value in row])
    file = io.BytesIO()
    book.save(file)
    return without_clock(file)


def _width(value: object) -> int:
    """How wide the longest line is, in Latin letters; a Chinese one takes two."""
    return max(sum(1 + (letter >= "\u2e80") for letter in line) for line in str(value).split("\n"))
