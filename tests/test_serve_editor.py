"""The form for the plan: what people write is kept, what is refused is told in plain words, and nothing is lost."""

from datetime import date

import pytest
from bs4 import BeautifulSoup
from serving import plan_of, typed

from crmlab.errors import DataError
from crmlab.serve import editor as room
from crmlab.serve.editor import plan_editor
from crmlab.words import LANGUAGES, word

RESULT = typed()
SIGNS = {"c00": ["tier.high", "need.decaf"], "c01": ["tier.low", "declined.gift_wrap"], "c02": ["tier.mid"]}
DAY = date(2026, 6, 17)
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def editor():
    return plan_editor(plan_of(RESULT, SIGNS), "en", by="staff-3", on=DAY)


def cell(plan, customer, column="service"):
    return plan.table.set_index("customer_id").loc[customer, column]


def write(editor, text, why="an old customer"):
    editor.text.value, editor.why.value = text, why
    editor.save.click()


def said(editor):
    return BeautifulSoup(editor.said.value, "html.parser").get_text()


def tables(editor):
    """Caption and rows of the lists under the form."""
    page = BeautifulSoup(editor.lists.value, "html.parser")
    return {
        table.caption.get_text(): [[one.get_text() for one in row("td")] for row in table.tbody("tr")]
        for table in page("table")
    }


def test_a_saved_edit_is_what_plan_edit_makes(editor):
    write(editor, "send flowers")
    by_hand = plan_of(RESULT, SIGNS).edit("c00", "service", "send flowers", by="staff-3", on=DAY, why="an old customer")
    assert editor.plan.edits.to_dict("records") == by_hand.edits.to_dict("records")
    assert editor.plan.table.equals(by_hand.table)
    assert said(editor) == word("editor.saved", "en", count=1)
    assert editor.text.value == cell(by_hand, "c00")
    assert editor.why.value == ""
    assert tables(editor)[word("editor.edits", "en")] == [
        ["2026-06-17", "c00", "personalised service", "send flowers", "an old customer", "staff-3"]
    ]


def test_the_other_column_and_another_customer_can_be_changed_too(editor):
    editor.customer.value, editor.column.value = "c02", "customer_features"
    assert editor.text.value == cell(editor.plan, "c02", "customer_features")
    write(editor, "likes tea")
    assert cell(editor.plan, "c02", "customer_features") == "likes tea"
    assert editor.plan.edits["proposed"].tolist() == ["<tier.mid>"]


@pytest.mark.parametrize(
    ("customer", "text", "why", "error"),
    [
        ("c00", "call 12000000001", "a reason", "serve_edit_personal"),
        ("c00", "call", "her mail is a@shop.example", "serve_edit_personal"),
        ("c00", "x" * 10_001, "a reason", "serve_edit_long"),
        ("c00", "call", "  ", "serve_edit_why"),
        ("c05", "call", "a reason", "serve_edit_not_agreed"),
    ],
)
def test_what_is_refused_is_told_and_stays_in_the_form(editor, customer, text, why, error):
    editor.customer.value = customer
    write(editor, text, why)
    assert (editor.text.value, editor.why.value) == (text, why)
    assert editor.plan.edits.empty
    assert tables(editor) == {}
    page = BeautifulSoup(editor.said.value, "html.parser")
    assert page.p["role"] == "status"
    if error == "serve_edit_why":
        assert word(f"error.{error}", "en") in page.get_text()
    else:
        with pytest.raises(DataError) as refused:
            editor.plan.edit(customer, "service", text, by="staff-3", on=DAY, why=why)
        assert refused.value.key == error
        assert refused.value.message("en") in page.get_text()
    assert "12000000001" not in editor.said.value


def test_what_is_typed_and_not_saved_waits_while_others_are_looked_at(editor):
    editor.text.value, editor.why.value = "half a thought", "because"
    editor.customer.value = "c01"
    assert editor.text.value == cell(editor.plan, "c01")
    assert editor.why.value == ""
    write(editor, "for c01")
    editor.column.value = "customer_features"
    editor.customer.value = "nobody"
    editor.customer.value = "c00"
    assert editor.text.value == cell(editor.plan, "c00", "customer_features")
    editor.column.value = "service"
    assert (editor.text.value, editor.why.value) == ("half a thought", "because")
    assert said(editor) == word("editor.typed", "en")
    editor.save.click()
    assert editor.plan.edits["text"].tolist() == ["for c01", "half a thought"]
    assert (editor.text.value, editor.why.value) == (cell(editor.plan, "c00"), "")


def test_what_is_put_back_by_hand_is_not_kept_as_typed(editor):
    before = editor.text.value
    editor.text.value = "half a thought"
    editor.customer.value = "c01"
    editor.customer.value = "c00"
    editor.text.value = before
    editor.customer.value = "c01"
    editor.customer.value = "c00"
    assert editor.text.value == before
    assert said(editor) == ""


def test_a_customer_who_is_not_there_is_told_and_nothing_can_be_typed_until_then(editor):
    editor.text.value = "half a thought"
    editor.customer.value = "12000000001"
    assert "12000000001" not in editor.said.value
    assert said(editor)
    assert editor.row.value == ""
    assert (editor.text.disabled, editor.why.disabled, editor.save.disabled) == (True, True, True)
    editor.customer.value = " c00 "
    assert editor.text.value == "half a thought"
    assert (editor.text.disabled, editor.why.disabled, editor.save.disabled) == (False, False, False)


def test_a_new_plan_keeps_what_people_wrote_and_lists_the_conflicts(editor):
    write(editor, "send flowers")
    editor.customer.value = "c01"
    editor.text.value = "half a thought"
    other = plan_of(RESULT, SIGNS | {"c00": ["tier.high", "need.invoice"]})
    editor.take(other)
    assert cell(editor.plan, "c00").startswith("send flowers")
    assert editor.text.value == "half a thought"
    ((customer, column, text, proposed, now),) = tables(editor)[word("editor.conflicts", "en")]
    assert (customer, column, text) == ("c00", "personalised service", "send flowers")
    assert proposed == cell(plan_of(RESULT, SIGNS), "c00")
    assert now == cell(other, "c00")
    editor.take(other)
    assert len(editor.plan.edits) == 1


def test_edits_that_are_not_in_use_are_listed_with_the_reason(editor):
    write(editor, "send flowers")
    editor.take(plan_of(RESULT, {"c01": ["tier.low"]}))
    ((*_, reason),) = tables(editor)[word("editor.not_applied", "en")]
    assert reason == word("reason.not_agreed", "en")
    assert cell(editor.plan, "c00") != "send flowers"


def test_edits_of_the_plan_it_begins_with_are_there():
    plan = plan_of(RESULT, SIGNS).edit("c02", "service", "call", by="x", on=DAY, why="y")
    editor = plan_editor(plan, "en", by="staff-3", on=DAY, customer="c02")
    assert editor.text.value == cell(plan, "c02")
    write(editor, "send flowers")
    assert [row[3] for row in tables(editor)[word("editor.edits", "en")]] == ["send flowers", "call"]


def test_the_row_stands_with_all_it_is_based_on(editor):
    editor.customer.value = "c01"
    page = BeautifulSoup(editor.row.value, "html.parser")
    plan, evidence = page("table")
    assert [one.get_text() for one in plan.tbody("td")] == editor.plan.table.iloc[1].tolist()
    told = [tuple(one.get_text() for one in row("td")) for row in evidence.tbody("tr")]
    why = editor.plan.why("c01")
    assert told == list(zip(why["said"], why["evidence"], strict=True))
    assert "<tier.low>" in dict(told)


def test_it_begins_with_a_customer_who_has_features_or_the_one_that_is_named():
    plan = plan_of(RESULT, {"c07": ["tier.high"]})
    assert plan_editor(plan, by="x", on=DAY).customer.value == "c07"
    assert plan_editor(plan, by="x", on=DAY, customer="c03").customer.value == "c03"
    assert plan_editor(plan_of(RESULT, {}), by="x", on=DAY).customer.value == "c00"
    with pytest.raises(DataError):
        plan_editor(plan, by="x", on=DAY, customer="c99")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_field_has_a_label_and_a_page_stands_where_no_kernel_runs(lang, monkeypatch):
    monkeypatch.setattr(room, "FEW", 2)
    editor = plan_editor(plan_of(RESULT, SIGNS, lang=lang), lang, by="staff-3", on=DAY)
    for name in ("customer", "column", "text", "why"):
        field = getattr(editor, name)
        assert field.description == field.tooltip == word(f"editor.{name}", lang)
    assert editor.save.description == word("editor.save", lang)
    write(editor, "<b>flowers</b>")
    shown = editor._repr_mimebundle_()
    assert shown[VIEW]["model_id"] == editor.widget.model_id
    page = BeautifulSoup(shown["text/html"], "html.parser")
    assert {"script", "input", "b"} & {tag.name for tag in page(True)} == set()
    plan, edits = page("table")
    assert [[one.get_text() for one in row("td")] for row in plan.tbody("tr")] == (
        editor.plan.table.head(2).to_numpy().tolist()
    )
    assert "<b>flowers</b>" in edits.get_text()
    assert word("editor.told", lang, edits=1, conflicts=0) in shown["text/plain"]
    assert "c01" in shown["text/plain"]
    assert "c02" not in shown["text/plain"]
