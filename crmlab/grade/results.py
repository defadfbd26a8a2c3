"""What an instructor takes away: gradebook, files for Canvas and Moodle, a sheet to mark, the report of the class."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.grade.class_report import class_report
from crmlab.grade.grade import EXECUTED, FEEDBACK, RECORDS, Class, write_feedback
from crmlab.grade.gradebook import gradebook, write_gradebook
from crmlab.grade.lms import write_canvas, write_moodle
from crmlab.grade.manual import Returned, apply_manual, asks_already, manual_sheet, read_manual, write_manual
from crmlab.grade.one import Assignment
from crmlab.grade.records import Graded
from crmlab.grade.similarity import similar, similarity_page

if TYPE_CHECKING:
    from nbformat import NotebookNode


def write_results(assignment: Assignment, found: Class, out: Path) -> list[Path]:
    """Write everything that rests on the records of a class, and hand back the files.

    gradebook.csv and .xlsx, canvas.csv, moodle.csv, report.html, similar.html, and where texts wait for a person
    that no sheet asks for yet a new one: manual.csv, or manual_2.csv and so on, because somebody may have marked in one
    that is there.
    """
    import pandas as pd

    points = {question.name: question.points for question in assignment.rules.questions}
    late, lang, title = assignment.rules.late, assignment.lang, assignment.title
    book = gradebook(assignment.roster, found.graded, points, late)
    strange = pd.DataFrame([("", *note) for note in found.notes], columns=list(book.notes.columns), dtype="str")
    book = replace(book, notes=pd.concat([book.notes, strange], ignore_index=True))
    files = write_gradebook(book, out, lang)
    write_canvas(book, canvas := out / "canvas.csv", title)
    write_moodle(book, moodle := out / "moodle.csv", title)
    pages = {
        "report.html": class_report(assignment.roster, found.graded, points, late, lang, title=title),
        "similar.html": similarity_page(
            similar(_executed(found.graded, out), _given(assignment), found.graded), lang, title=title
        ),
    }
    for name, page in pages.items():
        (out / name).write_text(page, encoding="utf-8", newline="\n")
    files += [canvas, moodle, *(out / name for name in pages)]
    sheet = manual_sheet(found.graded, _essays(found.graded), assignment.key)
    if len(sheet) and not any(asks_already(path, sheet, lang) for path in out.glob("manual*.csv")):
        write_manual(sheet, path := _free(out / "manual.csv"), lang)
        files.append(path)
    return files


def take_marks(
    assignment: Assignment, graded: Sequence[Graded], sheet: Path, out: Path
) -> tuple[list[Graded], Returned]:
    """Put the points of a marked sheet into the records and the feedback pages; gives the records, and what came back.

    Raises DataError as `read_manual` does.
    """
    returned = read_manual(sheet, graded, _essays(graded), assignment.key, assignment.lang)
    marked = apply_manual(graded, returned)
    notebooks = _executed(marked, out)
    for before, one in zip(graded, marked, strict=True):
        if one != before:
            write_feedback(assignment, one, notebooks.get(one.student), out / FEEDBACK)
            one.write(out / RECORDS / f"{one.student}.json")
    return marked, returned


def _essays(graded: Sequence[Graded]) -> dict[tuple[str, str], str]:
    return {(one.student, question): text for one in graded for question, text in one.essays.items()}


def _executed(graded: Sequence[Graded], out: Path) -> "dict[str, NotebookNode]":
    import nbformat

    paths = {one.student: out / EXECUTED / f"{one.student}.ipynb" for one in graded}
    return {
        student: nbformat.reads(path.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
        for student, path in paths.items()
        if path.exists()
    }


def _given(assignment: Assignment) -> "list[NotebookNode]":
    """The notebooks that students have: what is theirs is what stands in none of them."""
    lesson = assignment.lesson
    return [made(lang) for made in (lesson.exercise, lesson.notebook) for lang in ("zh", "en")]


def _free(path: Path) -> Path:
    number = 1
    while path.exists():
        number += 1
        path = path.with_name(f"{path.stem.split('_')[0]}_{number}{path.suffix}")
    return path
