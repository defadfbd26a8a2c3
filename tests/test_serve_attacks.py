"""Edited plans as they come back from spreadsheets and from people who mean no good: each fault is a plain sentence."""

import csv
from datetime import date, datetime

import openpyxl
import pytest
from serving import plan_of, typed

from crmlab.errors import DataError
from crmlab.serve.edits import LONGEST
from crmlab.words import LANGUAGES

RESULT = typed(8)
SIGNS = {"c00": ["tier.high", "need.decaf"], "c01": ["tier.low"], "c02": ["tier.mid"]}
ABOUT = {"by": "店长", "on": date(2026, 6, 17), "why": "老朋友"}
PHONE = "12012345678"


@pytest.fixture(scope="module")
def plan():
    return plan_of(RESULT, SIGNS)


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(lines))


def rewrite(path, lines):
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(lines)


def after(plan, folder, change):
    """The saved plan as a workbook, changed as a person would."""
    plan.save(folder)
    book = openpyxl.load_workbook(folder / "plan.xlsx")
    change(book.active)
    book.save(folder / "plan.xlsx")
    return folder / "plan.xlsx"


def put(**cells):
    def change(sheet):
        for place, value in cells.items():
            sheet[place] = value

    return change


def swap_ids(sheet):
    sheet["A2"], sheet["A3"] = "c01", "c00"


def sort_services_alone(sheet):
    texts = sorted(sheet.cell(line, 3).value for line in range(2, 10))
    for line, text in enumerate(texts, 2):
        sheet.cell(line, 3, text)


FAULTS = {
    "a formula": (put(C2="=1+1"), "serve_edited_formula", "2"),
    "a formula as an id": (put(A3='=CONCATENATE("c","01")'), "serve_edited_formula", "3"),
    "a link": (put(C4='=HYPERLINK("http://shop.example","x")'), "serve_edited_formula", "4"),
    "an error of a formula": (put(C3="#REF!"), "serve_edited_error", "3"),
    "an id lost to an error": (put(A4="#N/A"), "serve_edited_error", "4"),
    "merged across": (lambda sheet: sheet.merge_cells("B2:C2"), "serve_edited_merged", "B2:C2"),
    "merged down": (lambda sheet: sheet.merge_cells("C2:C4"), "serve_edited_merged", "C2:C4"),
    "a changed id": (put(A2="c99"), "serve_edited_foreign", "1"),
    "an empty id": (put(A2=None), "serve_edited_foreign", "1"),
    "an id that became a number": (put(A2=0), "serve_edited_foreign", "1"),
    "ids exchanged": (swap_ids, "serve_edited_moved", "2"),
    "one column sorted": (sort_services_alone, "serve_edited_moved", "plan.xlsx"),
    "a column deleted": (lambda sheet: sheet.delete_cols(2), "serve_edited_headings", "customer ID, personalised"),
    "a column added": (put(D1="notes"), "serve_edited_headings", "notes"),
    "notes beside the table": (put(D2="ask again"), "serve_edited_cells", "2"),
    "a row twice": (lambda sheet: sheet.append([one.value for one in sheet[2]]), "serve_edited_twice", "1"),
    "a long text": (put(C2="花" * (LONGEST + 1)), "serve_edit_long", str(LONGEST)),
    "a phone": (put(C2=f"call {PHONE}"), "serve_edit_personal", "c00"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_workbook_is_refused_in_words_with_its_place(plan, tmp_path, fault):
    change, key, said = FAULTS[fault]
    path = after(plan, tmp_path, change)
    with pytest.raises(DataError) as caught:
        plan.read_edits(path, **ABOUT)
    assert caught.value.key == key
    for lang in LANGUAGES:
        assert said in caught.value.message(lang)
        assert PHONE not in caught.value.message(lang)


def test_a_merged_note_on_another_sheet_is_seen_too(plan, tmp_path):
    plan.save(tmp_path)
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    book.create_sheet("notes").merge_cells("D4:E5")
    book.save(tmp_path / "plan.xlsx")
    with pytest.raises(DataError, match="D4:E5"):
        plan.read_edits(tmp_path / "plan.xlsx", **ABOUT)


@pytest.mark.parametrize(("value", "text"), [
    (datetime(2026, 6, 20), "2026-06-20"), (1.5, "1.5"), (True, "True"), ("2026年6月20日", "2026年6月20日"),
])  # fmt: skip
def test_a_date_or_a_number_is_the_text_that_stands_there(plan, tmp_path, value, text):
    edits = plan.read_edits(after(plan, tmp_path, put(C2=value)), **ABOUT).edits
    assert edits[["customer_id", "column", "text"]].values.tolist() == [["c00", "service", text]]


def test_two_texts_that_are_new_are_no_sort(plan, tmp_path):
    found = plan.read_edits(after(plan, tmp_path, put(C2="a card", C3="flowers")), **ABOUT)
    assert found.edits["text"].tolist() == ["a card", "flowers"]


def test_a_table_without_headings_shows_nothing_of_its_first_customer(plan, tmp_path):
    path = after(plan, tmp_path, lambda sheet: (put(C2=f"王示一 {PHONE}")(sheet), sheet.delete_rows(1)))
    with pytest.raises(DataError) as caught:
        plan.read_edits(path, **ABOUT)
    assert caught.value.key == "serve_edited_headings"
    for told in (PHONE, "王示一", "c00", "decaf"):
        assert told not in str(caught.value)
    path = after(plan, tmp_path / "other", put(D1=PHONE))
    with pytest.raises(DataError) as caught:
        plan.read_edits(path, **ABOUT)
    assert PHONE not in str(caught.value)
    assert "features" in caught.value.message("en")


@pytest.mark.parametrize("length", [LONGEST + 1, 3_000_000])
def test_a_huge_cell_of_a_csv_file_is_refused(plan, tmp_path, length):
    plan.save(tmp_path)
    lines = rows(tmp_path / "plan.csv")
    lines[1][2] = "x" * length
    rewrite(tmp_path / "plan.csv", lines)
    with pytest.raises(DataError) as caught:
        plan.read_edits(tmp_path / "plan.csv", **ABOUT)
    assert caught.value.key in ("serve_edit_long", "serve_edited_cells")
    assert len(str(caught.value)) < 1_000


def test_the_longest_text_survives_the_workbook(plan, tmp_path):
    edited = plan.edit("c00", "service", "花" * LONGEST, **ABOUT)
    edited.save(tmp_path)
    sheet = openpyxl.load_workbook(tmp_path / "plan.xlsx").active
    assert sheet["C2"].value == edited.table["service"].iloc[0]
    with pytest.raises(DataError, match=str(LONGEST)):
        plan.edit("c00", "service", "花" * (LONGEST + 1), **ABOUT)


@pytest.mark.parametrize(("column", "text", "key"), [
    ("text", f"call {PHONE}", "serve_edit_personal"),
    ("edited_why", "a@shop.example", "serve_edit_personal"),
    ("text", "x" * (LONGEST + 1), "serve_edit_long"),
])  # fmt: skip
def test_a_list_of_edits_that_somebody_wrote_into_is_read_as_carefully(plan, tmp_path, column, text, key):
    plan.edit("c00", "service", "flowers", **ABOUT).save(tmp_path)
    lines = rows(tmp_path / "plan_edits.csv")
    lines[1][lines[0].index(column)] = text
    rewrite(tmp_path / "plan_edits.csv", lines)
    with pytest.raises(DataError) as caught:
        plan.reopen(tmp_path)
    assert caught.value.key == key
    assert PHONE not in str(caught.value)
