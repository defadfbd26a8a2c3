"""Import files of Canvas and Moodle, read back as these two read them."""

import csv
import io

import pytest
from graded_class import GRADED, LATE, POINTS, ROSTER

from crmlab.assign.roster import Student
from crmlab.grade.gradebook import gradebook
from crmlab.grade.lms import write_canvas, write_moodle


@pytest.fixture
def book():
    return gradebook(ROSTER, GRADED, POINTS, LATE)


def rows(path):
    raw = path.read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(raw.decode("utf-8"), newline="")))


def test_canvas_finds_its_columns_and_its_row_of_points(tmp_path, book):
    write_canvas(book, tmp_path / "out" / "canvas.csv", "02 任务二", "4711")
    head, possible, *students = rows(tmp_path / "out" / "canvas.csv")
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "02 任务二 (4711)"]
    assert possible == ["    Points Possible", "", "", "", "", "20"]
    assert students[1] == ["张示02", "", "s02", "s02", "", "15.75"]
    assert students[10][5] == "0", "nothing was handed in"
    assert [row[2] for row in students if row[5] == ""] == ["s03", "s10", "s12"], "they wait for a person"
    assert len(students) == len(ROSTER)


def test_canvas_makes_a_new_assignment_without_a_number(tmp_path, book):
    write_canvas(book, tmp_path / "canvas.csv", "=02,\n二")
    assert rows(tmp_path / "canvas.csv")[0][5] == "'=02, 二"


def test_moodle_has_an_id_and_a_grade_per_student(tmp_path, book):
    write_moodle(book, tmp_path / "moodle.csv", "02 任务二")
    head, *students = rows(tmp_path / "moodle.csv")
    assert head == ["ID number", "02 任务二"]
    assert students[1] == ["s02", "15.75"]
    assert [row[0] for row in students if row[1] == "-"] == ["s03", "s10", "s12"]
    assert len(students) == len(ROSTER)


def test_a_name_is_never_a_formula(tmp_path):
    book = gradebook([Student("s1", "=1+1", "zh")], [], POINTS, LATE)
    write_canvas(book, tmp_path / "canvas.csv", "02")
    assert rows(tmp_path / "canvas.csv")[2][0] == "'=1+1"
