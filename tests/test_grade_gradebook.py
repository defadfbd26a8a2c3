"""The gradebook: everybody is in it, sums are right, and no cell is a formula."""

import csv
import io

import pytest
from graded_class import GRADED, LATE, POINTS, ROSTER, hostile, marks, record
from openpyxl import load_workbook

from crmlab.errors import DataError
from crmlab.grade.gradebook import gradebook, write_gradebook
from crmlab.grade.late import days_late, deduction, final
from crmlab.grade.records import OUTCOMES
from crmlab.handover.cells import FORMULA_SIGNS
from crmlab.questions.rules import Late
from crmlab.words import LANGUAGES


def test_every_student_is_a_row_and_who_handed_in_nothing_has_zero():
    book = gradebook(ROSTER, GRADED, POINTS, LATE)
    assert list(book.marks["student"]) == [student.id for student in ROSTER]
    missing = book.marks[book.marks["outcome"] == "missing"]
    assert list(missing["student"]) == ["s11"]
    assert missing[[*POINTS, "total", "final", "deduction", "late_days", "waits"]].to_numpy().tolist() == [[0] * 9]
    assert set(book.marks["points"]) == {20}


def test_points_deductions_and_waiting():
    book = gradebook(ROSTER, GRADED, POINTS, LATE)
    rows = book.marks.set_index("student")
    assert rows.loc["s02", ["q4", "total", "late_days", "deduction", "final"]].tolist() == [7.5, 17.5, 1, 1.75, 15.75]
    assert rows.loc["s08", ["total", "late_days", "deduction", "final"]].tolist() == [11, 20, 5.5, 5.5]
    assert rows.loc["s03", ["total", "waits"]].tolist() == [4.5, 1]
    assert rows["q4"].isna().sum() == 3
    assert book.notes.to_numpy().tolist()[0] == ["s06", "s06.ipynb", "两份笔记本，用了较新的一份。"]


def test_a_stranger_stands_at_the_end_with_a_flag():
    book = gradebook(ROSTER, [*GRADED, record("x99", marks(2, 3, 5, 10))], POINTS, LATE)
    assert len(book.marks) == 13
    assert book.marks.iloc[-1][["student", "name", "flags", "final"]].tolist() == ["x99", "", "unknown_student", 20]


def test_two_records_of_one_student_and_records_by_other_rules_are_refused():
    with pytest.raises(DataError) as error:
        gradebook(ROSTER, [GRADED[0], GRADED[0]], POINTS, LATE)
    assert error.value.key == "gradebook_twice"
    with pytest.raises(DataError) as error:
        gradebook(ROSTER, GRADED, POINTS | {"q4": 9}, LATE)
    assert error.value.key == "gradebook_questions"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_files_hold_the_same_in_words(tmp_path, lang):
    book = gradebook(ROSTER, GRADED, POINTS, LATE)
    sheet, workbook = write_gradebook(book, tmp_path / "out", lang)
    raw = sheet.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    opened = load_workbook(workbook)
    marks_sheet, notes = opened.worksheets
    assert len(rows) == 13
    assert marks_sheet.freeze_panes == notes.freeze_panes == "A2"
    assert [str(cell.value) for cell in marks_sheet[1]] == rows[0]
    assert {"zh": "q4（10 分）", "en": "q4 (of 10)"}[lang] in rows[0]
    late = rows[0].index({"zh": "最后得分", "en": "final"}[lang])
    assert rows[2][late] == "15.75"
    assert marks_sheet.cell(3, late + 1).value == 15.75
    assert {"zh": "没有交", "en": "not handed in"}[lang] in rows[11]
    assert [row[0].value for row in notes.iter_rows(min_row=2)] == ["s06", "s12", "s12"]
    assert len(marks_sheet[1]) == len(POINTS) + 12
    assert marks_sheet.column_dimensions["B"].width > 6


def test_nothing_in_the_files_is_a_formula_or_a_hidden_sign(tmp_path):
    book = gradebook(ROSTER, [hostile("s01")], POINTS, LATE)
    sheet, workbook = write_gradebook(book, tmp_path, "en")
    cells = [cell for row in csv.reader(io.StringIO(sheet.read_text("utf-8-sig"))) for cell in row]
    opened = load_workbook(workbook)
    found = [cell for one in opened.worksheets for row in one.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in found} <= {"s", "n"}
    texts = cells + [cell.value for cell in found if cell.data_type == "s"]
    assert [text for text in texts if text.startswith(tuple(FORMULA_SIGNS))] == []
    assert any(text.startswith("'=cmd") for text in texts)
    assert any(text.startswith("'@SUM") for text in texts)


def test_the_same_gradebook_gives_the_same_bytes(tmp_path):
    book = gradebook(ROSTER, GRADED, POINTS, LATE)
    first, again = ([path.read_bytes() for path in write_gradebook(book, tmp_path / name, "zh")] for name in "ab")
    assert first == again


def test_a_class_of_which_nobody_handed_in_anything(tmp_path):
    book = gradebook(ROSTER, [], POINTS, LATE)
    write_gradebook(book, tmp_path, "zh")
    assert book.marks["final"].sum() == 0
    assert set(book.marks["outcome"]) == {"missing"}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_has_its_words(tmp_path, outcome):
    book = gradebook(ROSTER, [record("s01", marks(0, 0, 0, 0), outcome=outcome)], POINTS, LATE)
    for lang in LANGUAGES:
        write_gradebook(book, tmp_path / lang, lang)


def test_the_late_policy_takes_a_share_of_what_was_earned_up_to_a_most():
    one = record("s1", marks(2, 3, 5, 0), late_days=3)
    assert (deduction(one, Late(10, 50)), final(one, Late(10, 50))) == (3, 7)
    assert final(one, Late(10, 20)) == 8
    assert final(record("s1", marks(2, 3, 5, 0)), Late(100, 100)) == 10


@pytest.mark.parametrize(
    ("handed_in", "days"),
    [
        ("", 0),
        ("2026-06-17T12:00:00+08:00", 0),
        ("2026-06-17T12:00:01+08:00", 1),
        ("2026-06-17T04:00:01+00:00", 1),
        ("2026-06-18T12:00:00+08:00", 1),
        ("2026-06-18T12:00:01+08:00", 2),
        ("2026-06-01T12:00:00+08:00", 0),
    ],
)
def test_days_late_are_begun_days(handed_in, days):
    assert days_late(handed_in, "2026-06-17T12:00:00+08:00") == days


def test_a_moment_without_a_zone_is_not_compared_with_one_that_has_one():
    with pytest.raises(DataError) as error:
        days_late("2026-06-17T12:00", "2026-06-17T12:00+08:00")
    assert error.value.key == "late_zone"
