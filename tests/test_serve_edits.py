"""What people change in the plan survives the next run, and nothing that they wrote is lost silently."""

import csv
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from serving import plan_of, typed

from crmlab import serve
from crmlab.collect.consent import with_consent
from crmlab.collect.scan import find_personal
from crmlab.errors import DataError, ParameterError
from crmlab.handover.cells import FORMULA_SIGNS

RESULT = typed()
SIGNS = {"c00": ["tier.high", "need.decaf"], "c01": ["tier.low"], "c02": ["tier.mid"]}
DAY = date(2026, 6, 17)
ABOUT = {"by": "店长", "on": DAY, "why": "老朋友"}
PERSON = "a real person for questions and complaints"


@pytest.fixture
def plan():
    return plan_of(RESULT, SIGNS)


def cell(plan, customer, column):
    return plan.table.set_index("customer_id").loc[customer, column]


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(lines))


def rewrite(path, lines, encoding="utf-8-sig"):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(lines)


def test_an_edited_cell_stays_and_the_new_proposal_stands_beside_it(plan, tmp_path):
    edited = plan.edit("c00", "service", "send flowers", **ABOUT)
    assert cell(edited, "c00", "service") == f"send flowers; {PERSON}"
    assert cell(plan, "c00", "service") != cell(edited, "c00", "service")
    assert edited.conflicts.empty
    edited.save(tmp_path)
    same = plan_of(RESULT, SIGNS).reopen(tmp_path)
    assert same.conflicts.empty
    assert cell(same, "c00", "service") == f"send flowers; {PERSON}"
    other = plan_of(RESULT, SIGNS | {"c00": ["tier.high", "need.invoice"]}).reopen(tmp_path)
    assert cell(other, "c00", "service") == f"send flowers; {PERSON}"
    (conflict,) = other.conflicts.to_dict("records")
    assert conflict["proposed"] == cell(plan, "c00", "service")
    assert conflict["proposed_now"] == cell(
        plan_of(RESULT, SIGNS | {"c00": ["tier.high", "need.invoice"]}), "c00", "service"
    )
    assert (conflict["edited_by"], conflict["edited_on"], conflict["edited_why"]) == ("店长", "2026-06-17", "老朋友")
    assert "店长" in other.why("c00")["evidence"].iloc[-1]
    other.save(tmp_path)
    assert rows(tmp_path / "plan_conflicts.csv")[1][2] == "send flowers"


def test_the_last_edit_of_a_cell_counts_and_all_are_kept(plan):
    twice = plan.edit("c00", "customer_features", "likes tea", **ABOUT).edit("c00", "customer_features", "", **ABOUT)
    assert cell(twice, "c00", "customer_features") == ""
    assert len(twice.edits) == 2


def test_who_gets_a_service_leaves_out_whom_a_person_took_over(plan):
    assert plan.customers_of("high_care")["customer_id"].tolist() == ["c00"]
    assert plan.edit("c00", "customer_features", "x", **ABOUT).customers_of("high_care")["customer_id"].tolist() == [
        "c00"
    ]
    assert plan.edit("c00", "service", "x", **ABOUT).customers_of("high_care").empty
    assert len(plan.customers_of("person")) == len(RESULT.customers)
    with pytest.raises(ParameterError):
        plan.customers_of("nothing")
    with pytest.raises(DataError) as caught:
        plan_of(RESULT, SIGNS, agreed=None).customers_of("high_care")
    assert caught.value.key == "serve_exercise"


@pytest.mark.parametrize(
    ("signs", "settings", "reason"),
    [
        ({"c01": ["tier.low"]}, {"agreed": ["c01"]}, "not_agreed"),
        (SIGNS, {"personalised": False}, "not_personalised"),
        (SIGNS, {"lang": "zh"}, "other_language"),
    ],
)
def test_an_edit_that_may_not_stand_is_listed(plan, tmp_path, signs, settings, reason):
    plan.edit("c00", "service", "send flowers", **ABOUT).save(tmp_path)
    again = plan_of(RESULT, signs, **settings).reopen(tmp_path)
    assert again.not_applied["reason"].tolist() == [reason]
    assert not again.table["service"].str.contains("flowers").any()
    pd.testing.assert_frame_equal(again.table, again.machine)


def test_a_customer_who_is_no_longer_there_is_listed(tmp_path):
    wide = plan_of(RESULT, SIGNS | {"c11": ["tier.low"]}).edit("c11", "service", "send flowers", **ABOUT)
    wide.save(tmp_path)
    fewer = plan_of(typed(5), SIGNS).reopen(tmp_path)
    assert fewer.not_applied[["customer_id", "reason"]].values.tolist() == [["c11", "no_customer"]]
    assert "1" in fewer.describe()


@pytest.mark.parametrize(
    ("customer", "column", "text", "about", "key"),
    [
        ("c00", "customer_id", "x", {}, "serve_edit_column"),
        ("c00", "price", "x", {}, "serve_edit_column"),
        ("c99", "service", "x", {}, "serve_no_customer"),
        ("c05", "service", "x", {}, "serve_edit_not_agreed"),
        ("c00", "service", "call 12012345678", {}, "serve_edit_personal"),
        ("c00", "service", "x", {"why": "says a@shop.example"}, "serve_edit_personal"),
        ("c00", "service", "x", {"by": " "}, "serve_edit_blank"),
        ("c00", "service", "x", {"why": ""}, "serve_edit_blank"),
    ],
)
def test_edits_that_are_refused(plan, customer, column, text, about, key):
    with pytest.raises(DataError) as caught:
        plan.edit(customer, column, text, **(ABOUT | about))
    assert caught.value.key == key
    assert "12012345678" not in str(caught.value)


@pytest.mark.parametrize(("lang", "kind"), [("zh", "手机号"), ("en", "phone number")])
def test_the_kind_of_personal_data_is_told_in_words(plan, lang, kind):
    with pytest.raises(DataError) as caught:
        plan.edit("c00", "service", "call 12012345678", **ABOUT)
    assert kind in caught.value.message(lang)


def test_the_export_has_three_columns_and_no_formulas(plan, tmp_path):
    edited = plan.edit("c00", "service", "=1+1", **ABOUT).edit("c01", "customer_features", "@SUM(A1)", **ABOUT)
    edited.save(tmp_path)
    lines = rows(tmp_path / "plan.csv")
    assert lines[0] == ["customer ID", "features", "personalised service"]
    assert {len(line) for line in lines} == {3}
    assert len(lines) == 1 + len(RESULT.customers)
    sheet = openpyxl.load_workbook(tmp_path / "plan.xlsx").active
    assert [[value or "" for value in line] for line in sheet.iter_rows(values_only=True)] == lines
    every = [text for path in tmp_path.glob("*.csv") for line in rows(path) for text in line]
    assert any("=1+1" in text for text in every)
    assert not [text for text in every if text.startswith(tuple(FORMULA_SIGNS))]
    assert (tmp_path / "plan.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert find_personal(tmp_path).empty
    again = plan_of(RESULT, SIGNS).reopen(tmp_path)
    pd.testing.assert_frame_equal(again.table, edited.table)
    zh = plan_of(RESULT, SIGNS, lang="zh")
    zh.save(tmp_path / "zh")
    assert rows(tmp_path / "zh" / "plan.csv")[0] == ["顾客ID", "客户特征", "个性化服务"] == list(zh.in_words())


def test_nothing_is_written_without_a_folder(plan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan.save("")
    assert not list(tmp_path.iterdir())


def test_an_exercise_says_so_beside_its_table(tmp_path, plan):
    plan_of(RESULT, SIGNS, agreed=None).save(tmp_path)
    assert "nobody may be contacted" in (tmp_path / "plan_exercise.txt").read_text(encoding="utf-8")
    plan.save(tmp_path)
    assert not (tmp_path / "plan_exercise.txt").exists()


@pytest.mark.parametrize("kind", ["xlsx", "csv", "gb18030"])
def test_changes_in_a_spreadsheet_come_back_as_edits_and_news_do_not(plan, tmp_path, kind):
    plan.edit("c01", "service", "a card", **ABOUT).save(tmp_path)
    if kind == "xlsx":
        path = tmp_path / "plan.xlsx"
        book = openpyxl.load_workbook(path)
        sheet = book.active
        sheet["C2"] = "send flowers"
        sheet.delete_rows(5)
        book.save(path)
    else:
        path = tmp_path / "plan.csv"
        lines = rows(path)
        lines[1][2] = "send flowers"
        rewrite(path, [lines[0], *lines[:0:-1][:-3], lines[1], lines[2]], "utf-8-sig" if kind == "csv" else "gb18030")
    news = plan_of(RESULT, SIGNS | {"c02": ["tier.high"]}).reopen(tmp_path)
    found = news.read_edits(path, by="店员", on=DAY, why="打过电话")
    assert found.edits[["customer_id", "column", "text"]].values.tolist() == [
        ["c01", "service", "a card"],
        ["c00", "service", "send flowers"],
    ]
    assert found.edits["proposed"].iloc[-1] == cell(plan, "c00", "service")
    assert cell(found, "c02", "service") == cell(plan_of(RESULT, {"c02": ["tier.high"]}), "c02", "service")
    assert found.conflicts.empty
    assert len(found.read_edits(path, by="店员", on=DAY, why="打过电话").edits) >= 2


def test_a_second_change_of_a_cell_remembers_what_the_machine_proposed(plan, tmp_path):
    first = plan.edit("c00", "service", "a card", **ABOUT)
    first.save(tmp_path)
    lines = rows(tmp_path / "plan.csv")
    lines[1][2] = "send flowers"
    rewrite(tmp_path / "plan.csv", lines)
    second = first.read_edits(tmp_path / "plan.csv", **ABOUT)
    assert second.edits["proposed"].tolist() == [cell(plan, "c00", "service")] * 2
    assert second.conflicts.empty


def test_saving_never_overwrites_what_people_wrote(plan, tmp_path):
    plan.edit("c00", "service", "send flowers", **ABOUT).save(tmp_path)
    with pytest.raises(DataError) as caught:
        plan.save(tmp_path)
    assert caught.value.key == "serve_edits_unread"
    known = plan.reopen(tmp_path)
    known.save(tmp_path)
    lines = rows(tmp_path / "plan.csv")
    lines[2][1] = "wants to be called in the evening"
    rewrite(tmp_path / "plan.csv", lines)
    with pytest.raises(DataError) as caught:
        known.save(tmp_path)
    assert (caught.value.key, caught.value.values["file"]) == ("serve_export_unread", "plan.csv")
    known.read_edits(tmp_path / "plan.csv", **ABOUT).save(tmp_path)
    assert rows(tmp_path / "plan.csv")[2][1] == "wants to be called in the evening"
    plan.reopen(tmp_path).save(tmp_path)


def test_files_that_are_no_edited_plan(plan, tmp_path):
    plan.save(tmp_path)
    lines = rows(tmp_path / "plan.csv")
    faults = {
        "serve_edited_headings": [[*lines[0], "notes"], *([*line, ""] for line in lines[1:])],
        "serve_edited_twice": [*lines, lines[1]],
        "serve_edited_foreign": [*lines, ["12012345678", "", ""]],
    }
    for key, changed in faults.items():
        rewrite(tmp_path / "changed.csv", changed)
        with pytest.raises(DataError) as caught:
            plan.read_edits(tmp_path / "changed.csv", **ABOUT)
        assert caught.value.key == key
        assert "12012345678" not in str(caught.value)
    (tmp_path / "plan_edits.csv").write_text("a,b\n1,2\n", encoding="utf-8", newline="\n")
    with pytest.raises(DataError) as caught:
        plan.reopen(tmp_path)
    assert caught.value.key == "serve_edits_file"


@pytest.mark.parametrize(("crm", "name"), [("zoho_plan", "plan.csv"), ("fxiaoke_plan", "plan.xlsx")])
def test_the_plan_goes_to_a_crm_under_the_shops_own_numbers(shop, result, tmp_path, crm, name):
    agreed = with_consent(result.table, shop.table("consents"), purpose="profiling", on=shop.as_of).kept["customer_id"]
    plan = serve.make_plan(
        result, [serve.type_features(result, "zh")], serve.open_catalogue(), agreed=agreed, policy="activate"
    )
    written = serve.write_plan(plan, shop, crm, tmp_path / name)
    assert (written.rows, written.written, len(written.refused)) == (
        len(result.customers),
        len(agreed),
        len(plan.table) - len(agreed),
    )
    assert len(written.columns) == 4
    path = tmp_path / name
    lines = rows(path)[1:] if path.suffix == ".csv" else list(openpyxl.load_workbook(path).active.values)[1:]
    texts = dict(zip(plan.table["customer_id"], plan.table["service"], strict=True))
    shown = shop.key.pseudonyms(pd.Series([line[0] for line in lines]))
    assert sorted(shown) == sorted(agreed)
    assert [line[3] for line in lines] == [texts[one] for one in shown]
    maps = Path(serve.__file__).with_name("maps")
    assert serve.write_plan(plan, shop, maps / f"{crm}.toml", tmp_path / "own.csv").written == len(agreed)
