"""Grades as Canvas and Moodle import them."""

import csv
import io
from pathlib import Path

from crmlab.grade.gradebook import Gradebook
from crmlab.grade.harmless import plain
from crmlab.handover.cells import safe

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
POSSIBLE = "    Points Possible"
NAME = 200


def write_canvas(book: Gradebook, path: Path, title: str, assignment: str = "") -> None:
    """Write the final points as Canvas imports them (Instructure Community guide "How do I import grades in the
    Gradebook?"; columns as GradebookImporter of canvas-lms reads them).

    The roster's id stands as SIS User ID and as SIS Login ID: Canvas looks for the student by either, and then by name.
    `title` names the assignment; with `assignment`, its number in Canvas, the column is "title (number)", and Canvas
    fills the assignment that is there and makes no new one. Whoever waits for a person's marks has an empty cell,
    which leaves Canvas as it is.
    """
    column = f"{_text(title)} ({assignment})" if assignment else _text(title)
    rows = [[*CANVAS, column], [POSSIBLE, "", "", "", "", _number(sum(book.points.values()))]]
    for row in book.marks.itertuples(index=False):
        student = _text(row.student)
        rows.append([_text(row.name), "", student, student, "", "" if row.waits else _number(row.final)])
    _write(rows, path)


def write_moodle(book: Gradebook, path: Path, title: str) -> None:
    """Write the final points as Moodle imports them (MoodleDocs "Grade import": CSV file, map from "ID number" to
    "ID number", and `title` to the activity or to a new grade item).

    There is one row per student with the roster's id as ID number; Moodle stops the whole import at an id that it does
    not know. Whoever waits for a person's marks has "-", which Moodle takes for no grade. There is no column of
    feedback: Moodle would let it replace grades. Grades above 100 need Moodle's setting for unlimited grades.
    """
    rows = [["ID number", _text(title)]]
    for row in book.marks.itertuples(index=False):
        rows.append([_text(row.student), "-" if row.waits else _number(row.final)])
    _write(rows, path)


def _text(text: str) -> str:
    return safe(" ".join(plain(text, NAME).split()))


def _number(points: float) -> str:
    """Hundredths with a point at most, as both take them in every language.

    >>> _number(12.0), _number(7.25)
    ('12', '7.25')
    """
    return f"{points:.2f}".rstrip("0").rstrip(".")


def _write(rows: list[list[str]], path: Path) -> None:
    """Utf-8 without a mark, lines as RFC 4180 has them."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.getvalue().encode("utf-8"))
