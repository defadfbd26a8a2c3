"""Lessons and exercises in a real JupyterLab: what a student clicks, types and sees."""

import pytest
from jupyter_page import READY, in_kernel, in_page, open_file, run_all, run_cells, write_cell

from crmlab.words import word

expect = pytest.importorskip("playwright.sync_api", reason="run `make test-browser`").expect
SHARES = "area => String(area.textContent.match(/[0-9.]+%/g))"


def cell_of(page, part: str):
    """The cell whose code has `part`."""
    return page.locator(".jp-CodeCell").filter(has=page.locator(".cm-content", has_text=part))


def test_lesson_02_runs_and_its_explorer_answers_to_the_keyboard(lab, page, screenshot):
    open_file(page, lab, "notebooks/zh/02_segment.ipynb")
    cells = run_all(page, 300)
    assert [(cell["source"], cell["errors"]) for cell in cells if cell["errors"] or not cell["count"]] == []
    explorer = cell_of(page, "explore(result, lang)")
    slider = explorer.get_by_role("slider").first
    slider.scroll_into_view_if_needed()
    screenshot(page, "explorer_before")
    area = explorer.locator(".jp-OutputArea").first.element_handle()
    before = area.evaluate(SHARES)
    assert before.count("%") >= 16
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"([area, before]) => ({SHARES})(area) !== before", arg=[area, before])
    assert area.evaluate(SHARES).count("%") == before.count("%")
    screenshot(page, "explorer_after")


def test_an_answer_to_the_questionnaire_of_lesson_01_arrives(lab, page, screenshot):
    open_file(page, lab, "notebooks/zh/01_collect.ipynb")
    run_cells(page, "as_of = ", "settings = ", "asked = ")
    form = cell_of(page, "asked.form(lang")
    form.get_by_role("radio").first.check()
    page.keyboard.press("ArrowDown")
    expect(form.get_by_role("radio").nth(1)).to_be_checked()
    form.get_by_role("textbox").last.fill("多一点低糖零食")
    form.get_by_role("button", name=word("survey.form.send", "zh")).focus()
    page.keyboard.press("Enter")
    said = form.get_by_role("status").filter(has_text=word("survey.form.sent", "zh", count=1))
    said.wait_for()
    said.scroll_into_view_if_needed()
    screenshot(page, "questionnaire_sent")
    expect(form.get_by_role("radio").nth(1)).not_to_be_checked()
    sent = "print([value for value in Out.values() if hasattr(value, 'answers')][-1].answers.T.to_string())"
    assert "多一点低糖零食" in in_kernel(page, sent)


def test_arrow_keys_still_lead_from_cell_to_cell(lab, page):
    open_file(page, lab, "exercises/zh/00_start.ipynb")
    place = READY + "return panel.content.activeCellIndex"
    in_page(page, READY + "panel.activate(); panel.content.mode = 'command'")
    assert in_page(page, place) == 0
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert in_page(page, place) == 1


def test_a_check_that_fails_and_then_one_that_passes(lab, page, screenshot):
    lang = lab.lang
    open_file(page, lab, f"exercises/{lang}/00_start.ipynb")
    run_cells(page, "window = ", "settings = ", "practice(")
    said = cell_of(page, 'check("q1")').locator(".jp-OutputArea-output")
    write_cell(page, 'answer("q1"', 'answer("q1", 1)')
    run_cells(page, 'answer("q1"', 'check("q1")')
    expect(said).to_have_text(word("check.wrong", lang, name="q1", hint=word("hint.00_start.q1", lang)))
    said.scroll_into_view_if_needed()
    screenshot(page, f"check_wrong_{lang}")
    write_cell(page, 'answer("q1"', 'answer("q1", len(shop.table("customers")))')
    run_cells(page, 'answer("q1"', 'check("q1")')
    expect(said).to_have_text(word("check.right", lang, name="q1"))
    said.scroll_into_view_if_needed()
    screenshot(page, f"check_right_{lang}")
