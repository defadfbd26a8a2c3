"""The sheet for answers that a person marks: no names on it, and a careful way back."""

import pandas as pd
import pytest
from graded_class import GRADED, hostile, marks, record
from openpyxl import Workbook, load_workbook

from crmlab.collect.pseudonym import Key
from crmlab.errors import DataError
from crmlab.grade.manual import apply_manual, manual_sheet, read_manual, write_manual
from crmlab.words import LANGUAGES, word

KEY = Key(b"x" * 64)
ANSWERS = {
    ("s03", "q4"): "因为老客户更看重服务。\n\n第二段，带“引号”和,逗号。",
    ("s10", "q4"): "=HYPERLINK(\"http://shop.example\")",
    ("s12", "q4"): "Because\u202e of\x00 the mean" + " very" * 9000,
}  # fmt: skip


def written(tmp_path, lang="zh", ending=".csv"):
    path = tmp_path / f"sheet{ending}"
    write_manual(manual_sheet(GRADED, ANSWERS, KEY), path, lang)
    return path


def cells(path) -> pd.DataFrame:
    """The sheet as a person has it before them, with the columns of the house."""
    read = pd.read_csv if path.suffix == ".csv" else pd.read_excel
    frame = read(path, dtype="str", keep_default_na=False)
    return frame.set_axis(["code", "question", "answer", "points", "earned", "comment"], axis=1)


def save(frame, path, lang="zh", encoding="utf-8-sig"):
    frame = frame.rename(columns={name: word(f"manual.{name}", lang) for name in frame})
    frame.to_csv(path, index=False, encoding=encoding, errors="replace")


def read(path, lang="zh"):
    return read_manual(path, GRADED, ANSWERS, KEY, lang)


def test_the_sheet_has_what_waits_and_no_names(tmp_path):
    sheet = manual_sheet(GRADED, ANSWERS, KEY)
    assert len(sheet) == 3
    assert set(sheet["points"]) == {10}
    assert set(sheet["earned"]) | set(sheet["comment"]) == {""}
    text = written(tmp_path).read_text("utf-8-sig")
    assert not any(f"s{number:02}" in text or f"张示{number:02}" in text for number in range(1, 13))
    assert list(sheet["code"]) == sorted(sheet["code"])


def test_the_order_and_the_codes_come_from_the_key_and_tell_nothing_across_questions():
    many = [record(f"s{number}", marks(0, 0, None, None)) for number in range(30)]
    sheet = manual_sheet(many, {}, KEY)
    assert sheet["code"].is_unique
    assert list(sheet["question"]) == ["q3"] * 30 + ["q4"] * 30
    again = manual_sheet(many[::-1], {}, KEY)
    assert sheet.equals(again)
    other = manual_sheet(many, {}, Key(b"y" * 64))
    assert set(other["code"]).isdisjoint(sheet["code"])
    students = {KEY.pseudonym(f"manual\0{one.lesson}\0{one.student}\0{question}"): one.student
                for one in many for question in ("q3", "q4")}  # fmt: skip
    by_row = [students[code] for code in sheet["code"]]
    assert by_row[:30] != [one.student for one in many]
    assert by_row[:30] != by_row[30:]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_an_answer_is_never_a_formula_and_comes_back_unchanged(tmp_path, lang, ending):
    path = written(tmp_path, lang, ending)
    frame = cells(path)
    assert not frame["answer"].str.startswith("=").any()
    assert frame["answer"].str.startswith("'=").sum() == 1
    if ending == ".xlsx":
        assert "f" not in {cell.data_type for row in load_workbook(path).active.iter_rows() for cell in row}
    back = read(path, lang)
    assert (len(back.marked), len(back.faults), back.waiting) == (0, 0, 3)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_points_and_comments_find_their_students(tmp_path, encoding):
    path = written(tmp_path)
    frame = cells(path)
    frame["earned"], frame["comment"] = ["10", " 7.5", "０"], ["", "写得清楚。", "再看看窗口"]
    save(frame.iloc[::-1], path, encoding=encoding)
    back = read(path)
    assert back.faults.empty
    assert sorted(points for points, _ in back.marked.values()) == [0, 7.5, 10]
    done = {one.student: one for one in apply_manual(GRADED, back)}
    marked = [done[student].marks[3] for student, _ in back.marked]
    assert {(mark.earned, mark.verdict) for mark in marked} == {(10, "right"), (7.5, "partly"), (0, "wrong")}
    assert {mark.hint for mark in marked} == {"", "写得清楚。", "再看看窗口"}
    assert not any(one.waits for one in done.values())
    assert done["s01"] == GRADED[0]
    codes = dict(zip(manual_sheet(GRADED, ANSWERS, KEY)["code"], frame["earned"].map(float), strict=True))
    for (student, question), (points, _) in back.marked.items():
        assert codes[KEY.pseudonym(f"manual\0{GRADED[0].lesson}\0{student}\0{question}")] == points


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("earned", "10.5", "range"),
        ("earned", "-1", "range"),
        ("earned", "nan", "range"),
        ("earned", "inf", "range"),
        ("earned", "gut", "number"),
        ("code", "aaaabbbbcccc", "unknown"),
        ("question", "q1", "question"),
        ("answer", "another answer", "answer"),
    ],
)
def test_a_row_with_a_fault_marks_nothing_and_is_told(tmp_path, column, value, fault):
    path = written(tmp_path)
    frame = cells(path).assign(earned="5")
    frame.loc[1, column] = value
    save(frame, path)
    back = read(path)
    assert len(back.marked) == 2
    told = back.faults.iloc[0]
    assert (told["row"], told["fault"]) == (3, word(f"manual.fault.{fault}", "zh", points=10))
    assert len(back.faults) == (2 if column == "code" else 1), "a code that is gone is a missing row too"


def test_rows_that_slipped_do_not_give_points_to_another_student(tmp_path):
    path = written(tmp_path)
    frame = cells(path).assign(earned="5")
    frame["answer"] = frame["answer"].to_list()[1:] + frame["answer"].to_list()[:1]
    save(frame, path)
    assert read(path).marked == {}


def test_missing_and_repeated_rows_are_told(tmp_path):
    path = written(tmp_path)
    frame = cells(path).assign(earned="5")
    save(pd.concat([frame.iloc[:2], frame.iloc[:1]]), path)
    back = read(path, "en")
    assert len(back.marked) == 1
    assert sorted(back.faults["fault"]) == sorted(
        [word("manual.fault.twice", "en")] * 2 + [word("manual.fault.missing", "en")]
    )


def test_a_formula_without_a_value_is_told(tmp_path):
    path = written(tmp_path, ending=".xlsx")
    book = load_workbook(path)
    book.active.cell(2, 5).value = "=5+3"
    book.save(path)
    back = read(path)
    assert back.marked == {}
    assert back.faults["fault"].tolist()[0] == word("manual.fault.formula", "zh")


def test_another_file_is_refused_in_plain_words(tmp_path):
    path = tmp_path / "other.xlsx"
    book = Workbook()
    book.active.append(["code", "question"])
    book.save(path)
    with pytest.raises(DataError) as error:
        read(path, "en")
    assert error.value.key == "manual_column"
    with pytest.raises(DataError) as error:
        write_manual(manual_sheet(GRADED, ANSWERS, KEY), tmp_path / "sheet.doc", "en")
    assert error.value.key == "file_kind"


def test_a_sheet_that_is_there_is_never_written_over(tmp_path):
    path = written(tmp_path)
    with pytest.raises(DataError) as error:
        write_manual(manual_sheet(GRADED, ANSWERS, KEY), path, "zh")
    assert error.value.key == "manual_there"


def test_without_its_text_an_answer_stands_in_its_short_form():
    sheet = manual_sheet([hostile()], {}, KEY)
    assert sheet["answer"][0].startswith("=HYPERLINK")
