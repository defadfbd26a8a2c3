"""The cluster explorer, the outbox preview and the plan editor as a reader uses them: by keyboard, on a phone, in both
languages, and (the first two) without a kernel."""

import nbformat
import pytest
from jupyter_page import in_kernel, open_file, run_all
from outbox_shop import MORNING, asked, box_of, tiny_shop
from test_choices import shoppers

from crmlab.grouping import choosing
from crmlab.grouping.explorer import explore_clusters
from crmlab.outbox.preview import previews
from crmlab.widgets.inpage import alive_html
from crmlab.words import LANGUAGES, word

SIZES = {"phone": {"width": 390, "height": 800}, "desk": {"width": 1280, "height": 900}}
SHOWN = "document.querySelector('.crmlab-choices [role=status]').innerText.trim().replace(/\\s*\\n\\s*/g, '\\n')"
ORDERS = """
import datetime as dt
import pandas as pd
from crmlab import type_customers
from crmlab.serve import make_plan, open_catalogue, type_features
from crmlab.serve.editor import plan_editor

days = pd.to_datetime(["2026-06-01", "2026-05-01", "2026-06-10"])
orders = pd.DataFrame({"customer_id": list("abc"), "order_id": list("123"), "order_date": days, "amount": [5, 700, 70]})
result = type_customers(orders, as_of="2026-06-17")
known = {"agreed": ["a", "b"], "policy": "activate", "lang": lang}
plan = make_plan(result, [type_features(result, lang)], open_catalogue(), **known)
editor = plan_editor(plan, lang, by="staff-3", on=dt.date(2026, 6, 17))
editor
"""
CHOICES = """
from crmlab.widgets.choices import Choices, Control, Page

cups = Control("Cups", {"1": "one", "2": "two", "3": "three"}, slider=True)
pages = {(one,): Page(f"said {one}", (f"<b>page {one}</b>",), one) for one in cups.options}
choices = Choices([cups], pages, ["1"])
choices
"""


@pytest.fixture(scope="module", autouse=True)
def few_trials():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "TRIALS", 2)
        yield


@pytest.fixture(scope="module")
def clusters():
    return {lang: explore_clusters(shoppers(), lang, seed=618) for lang in LANGUAGES}


def in_html(page, widget):
    """Put a widget into a page of plain HTML, as the course site does."""
    state = widget.get_state()
    html = alive_html(widget.model_id, {widget.model_id: {"state": state}})
    page.set_content(f"<meta name=viewport content='width=device-width'><body>{html}</body>")
    page.wait_for_selector(".crmlab-choices .page")


def wait_for_text(page, text):
    page.wait_for_function("text => document.body.innerText.includes(text)", arg=text)


def wide(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_cluster_explorer_answers_the_keyboard_without_a_kernel(page, screenshot, clusters, lang, size):
    widget = clusters[lang]
    widget.chosen = ["4", "recency_days frequency monetary"]
    page.set_viewport_size(SIZES[size])
    in_html(page, widget)
    assert page.evaluate(SHOWN) == widget.said
    page.keyboard.press("Tab")
    slider = page.get_by_label(word("clusters.k", lang), exact=True)
    assert slider.evaluate("field => field === document.activeElement")
    page.keyboard.press("ArrowRight")
    widget.chosen = ["5", "recency_days frequency monetary"]
    assert page.evaluate(SHOWN) == widget.said
    assert slider.get_attribute("aria-valuetext") == "5"
    assert len(page.locator("table.profile tbody tr").all()) == 5
    page.keyboard.press("Tab")
    assert page.get_by_label(word("clusters.features", lang), exact=True).evaluate(
        "field => field === document.activeElement"
    )
    page.keyboard.press("ArrowDown")
    widget.chosen = ["5", "recency_days frequency"]
    assert page.evaluate(SHOWN) == widget.said
    assert page.locator(".drawings svg").count() == 1
    assert page.locator(".drawings svg").bounding_box()["height"] > 150
    assert not wide(page)
    screenshot(page, f"clusters_{lang}_{size}", full_page=True)


def test_the_sentence_is_read_out_when_it_changes(page, clusters):
    in_html(page, clusters["en"])
    live = page.get_by_role("status")
    assert live.get_attribute("aria-live") == "polite"
    live.evaluate(
        "place => { window.heard = 0; new MutationObserver(() => heard++).observe(place, {childList: true}) }"
    )
    page.get_by_label(word("clusters.k", "en"), exact=True).press("Home")
    page.wait_for_function("heard > 0")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_messages_of_another_customer_can_be_chosen_without_a_kernel(page, screenshot, tmp_path, lang):
    box = box_of(tmp_path, tiny_shop(3), lang=lang)
    rows = [("C1", "coupon", "email"), ("C1", "coupon", "sms"), ("C2", "coupon", "sms")]
    box.put(asked(*rows), at=MORNING)
    widget = previews(box, lang)
    page.set_viewport_size(SIZES["phone"])
    in_html(page, widget)
    assert page.get_by_role("article").count() == 2
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.get_by_role("article").count() == 1
    widget.chosen = [list(widget.pages)[1]]
    assert page.evaluate(SHOWN) == widget.said
    assert not wide(page)
    screenshot(page, f"messages_{lang}", full_page=True)


@pytest.fixture
def opened(lab, page):
    """A notebook with the editor and a page of choices, run in JupyterLab."""
    cells = [nbformat.v4.new_code_cell(source) for source in (f'lang = "{lab.lang}"{ORDERS}', CHOICES)]
    about = nbformat.read(lab.root / "notebooks" / lab.lang / "00_start.ipynb", as_version=4).metadata
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": about["kernelspec"]})
    nbformat.write(notebook, lab.root / "of_this_test.ipynb")
    open_file(page, lab, "of_this_test.ipynb")
    assert [cell["errors"] for cell in run_all(page)] == [[], []]
    page.wait_for_selector(".crmlab-choices .page")
    return lab.lang, page


def test_in_jupyterlab_the_plan_is_changed_by_keyboard_and_the_choices_go_both_ways(opened, screenshot):
    lang, page = opened
    field = {name: page.get_by_label(word(f"editor.{name}", lang), exact=True) for name in ("customer", "text", "why")}
    column = {name: page.get_by_role("button", name=word(f"plan.heading.{name}", lang), exact=True)
              for name in ("customer_features", "service")}  # fmt: skip
    field["customer"].click()
    for wanted in (column["customer_features"], column["service"], field["text"]):
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement.className.includes('wide')"):
            page.keyboard.press("Tab")
        assert wanted.evaluate("field => field === document.activeElement")
    page.keyboard.press("Control+A")
    page.keyboard.type("call 12000000001")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for_text(page, word("error.serve_edit_why", lang))
    field["why"].click()
    page.keyboard.type("because")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    refused = word("error.serve_edit_personal", lang, customer="a", kind=word("scan.kind.phone", lang))
    wait_for_text(page, refused)
    assert field["text"].input_value() == "call 12000000001"
    assert in_kernel(page, "print(len(editor.plan.edits))") == "0"
    field["text"].click()
    page.keyboard.press("Control+A")
    page.keyboard.type("call first")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for_text(page, word("editor.saved", lang, count=1))
    assert in_kernel(page, "print(*editor.plan.edits.iloc[0, :3])") == "a service call first"
    assert page.get_by_text("call first").count() >= 2
    screenshot(page, f"editor_{lang}")
    column["customer_features"].press("Enter")
    told = in_kernel(page, "print(editor.plan.table['customer_features'].iloc[0])")
    page.wait_for_function("([field, text]) => field.value === text", arg=[field["text"].element_handle(), told])

    cups = page.get_by_label("Cups")
    cups.press("ArrowRight")
    page.get_by_text("page 2").wait_for()
    assert in_kernel(page, "print(*choices.chosen)") == "2"
    in_kernel(page, 'choices.chosen = ["3"]')
    page.get_by_text("page 3").wait_for()
    assert cups.input_value() == "2"
    assert not page.get_by_text("page 1").is_visible()
