"""A table sorted by keyboard, without a kernel, on a phone: by value, ties as given, missing values last."""

import pandas as pd
import pytest

from crmlab import show
from crmlab.widgets.inpage import alive_html
from crmlab.words import LANGUAGES, word

FRAME = pd.DataFrame(
    {
        "customer_id": ["p", "q", "r", "s", "t"],
        "frequency": pd.array([10, 9, None, 9, 100], dtype="Int64"),
        "evidence": ["<b>x</b>", "y", "", "y", "z"],
    }
)
ORDERS = ["qsptr", "tpqsr", "pqrst"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_heading_sorts_up_down_and_back(page, lang):
    table = show.table(FRAME, lang, sortable=True)
    state = {name: value for name, value in table.get_state().items() if name != "layout"}
    page.set_viewport_size({"width": 390, "height": 800})
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.set_content(f'<html lang="{lang}"><body>{alive_html(table.model_id, {table.model_id: {"state": state}})}')
    heads = page.locator("th")
    heads.nth(1).get_by_role("button").focus()
    for order, sorted_as, key in zip(
        ORDERS, ("ascending", "descending", "none"), ("ascending", "descending", "given"), strict=True
    ):
        page.keyboard.press("Enter")
        assert "".join(page.locator("tbody tr td:first-child").all_inner_texts()) == order
        assert [heads.nth(number).get_attribute("aria-sort") for number in range(3)] == ["none", sorted_as, "none"]
        said = word(f"sortable.{key}", lang).replace("{heading}", word("column.frequency", lang))
        assert page.locator("[aria-live]").inner_text() == said
    assert page.locator("tbody td").nth(2).inner_text() == "<b>x</b>"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert faults == []
