"""What an instructor takes away from the records, and marks that come back from a person."""

import csv
from dataclasses import replace

import pytest

from crmlab.assign.roster import Student
from crmlab.collect.pseudonym import Key
from crmlab.course.paths import course_root
from crmlab.course.source import read_lesson
from crmlab.grade.grade import EXECUTED, FEEDBACK, RECORDS, Class, read_records
from crmlab.grade.one import Assignment
from crmlab.grade.records import Graded, Mark
from crmlab.grade.results import take_marks, write_results
from crmlab.questions.rules import read_rules

RULES = read_rules("02_segment")
[ESSAY] = [question for question in RULES.questions if question.kind == "essay"]
TEXT = "I choose R↑F↑M↑ because they are few and spend much."
FULL = sum(question.points for question in RULES.questions) - ESSAY.points


@pytest.fixture
def assignment():
    lesson = read_lesson(course_root() / "notebooks" / "source" / "02_segment.py")
    roster = tuple(Student(name, f"王示{name}", "en") for name in ("s1", "s2", "s3"))
    return Assignment(lesson, RULES, Key(b"a key for the tests of the results only"), roster, lang="en")


@pytest.fixture
def found(tmp_path):
    """Two of three students, all right but for the text that waits for a person; the folder holds their records."""
    for name in (RECORDS, EXECUTED, FEEDBACK):
        (tmp_path / name).mkdir()
    graded = []
    for student in ("s1", "s2"):
        marks = [Mark(one.name, one.points, float(one.points), "right") for one in RULES.questions if one != ESSAY]
        marks.append(Mark(ESSAY.name, ESSAY.points, None, "manual", TEXT[:20]))
        essays = {ESSAY.name: f"{TEXT} {student}"}
        graded.append(Graded(student, "02_segment", "en", "a.ipynb", "0", "done", tuple(marks), essays=essays))
        graded[-1].write(tmp_path / RECORDS / f"{student}.json")
    return Class(graded, [("stray.ipynb", "belongs to nobody")])


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def mark_by_hand(sheet, points, comment=""):
    """Fill in the sheet as a person does: the same points for everybody."""
    given = rows(sheet)
    names = list(given[0])
    with sheet.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, names)
        writer.writeheader()
        writer.writerows(row | {names[4]: points, names[5]: comment} for row in given)


def test_records_come_back_as_they_were_written(assignment, found, tmp_path):
    assert read_records(assignment, tmp_path) == found.graded


def test_texts_wait_for_a_person_without_names(assignment, found, tmp_path):
    files = write_results(assignment, found, tmp_path)
    sheet = next(path for path in files if path.name == "manual.csv")
    text = sheet.read_text(encoding="utf-8-sig")
    assert sorted(row["answer"] for row in rows(sheet)) == [f"{TEXT} s1", f"{TEXT} s2"]
    assert not [student for student in assignment.roster if student.name in text]
    assert {row["waiting for a person"] for row in rows(tmp_path / "gradebook.csv") if row["student"] != "s3"} == {"1"}


def test_what_belongs_to_nobody_stands_in_the_notes_of_the_workbook(assignment, found, tmp_path):
    import openpyxl

    write_results(assignment, found, tmp_path)
    book = openpyxl.load_workbook(tmp_path / "gradebook.xlsx")
    assert ["stray.ipynb", "belongs to nobody"] in [[cell.value for cell in row][1:] for row in book["notes"]]


def test_marks_of_a_person_reach_records_pages_and_gradebook(assignment, found, tmp_path):
    write_results(assignment, found, tmp_path)
    mark_by_hand(tmp_path / "manual.csv", "2.5", "Name the numbers.")
    marked, returned = take_marks(assignment, found.graded, tmp_path / "manual.csv", tmp_path)
    assert len(returned.marked) == 2
    assert not len(returned.faults)
    assert [one.earned for one in marked] == [FULL + 2.5] * 2
    assert read_records(assignment, tmp_path) == marked
    assert "Name the numbers." in (tmp_path / FEEDBACK / "s1.html").read_text(encoding="utf-8")
    write_results(assignment, Class(marked, []), tmp_path)
    final = {row["student"]: float(row["final"]) for row in rows(tmp_path / "gradebook.csv")}
    assert final == {"s1": FULL + 2.5, "s2": FULL + 2.5, "s3": 0}


def test_a_new_sheet_is_written_when_a_text_is_new_and_none_is_ever_overwritten(assignment, found, tmp_path):
    def sheets():
        return sorted(path.name for path in tmp_path.glob("manual*"))

    write_results(assignment, found, tmp_path)
    mark_by_hand(tmp_path / "manual.csv", "1")
    before = (tmp_path / "manual.csv").read_bytes()
    assert "manual.csv" not in [path.name for path in write_results(assignment, found, tmp_path)]
    assert sheets() == ["manual.csv"]
    again = replace(found.graded[0], essays={ESSAY.name: "Handed in anew."})
    write_results(assignment, Class([again, *found.graded[1:]], []), tmp_path)
    assert sheets() == ["manual.csv", "manual_2.csv"]
    assert (tmp_path / "manual.csv").read_bytes() == before
