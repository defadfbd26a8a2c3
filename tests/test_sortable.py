"""Tables that the page sorts: by exact value, ties as given, missing values last; a plain table elsewhere."""

import numpy as np
import pandas as pd
import pytest

from crmlab import show
from crmlab.show.sortable import SortableTable
from crmlab.words import LANGUAGES


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "customer_id": ["b", "a", "d", "c"],
            "monetary": pd.array([10**17 + 1, 10**17, -5, None], dtype="Int64"),
            "customer_share": [0.2561, 0.2559, np.nan, 0.2561],
            "last_order": pd.to_datetime(["2026-06-02", "2026-06-11", None, "2026-05-30"]),
            "category": ["tea", None, "coffee", "tea"],
        }
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_gets_all_rows_as_shown_and_places_by_exact_value(frame, lang):
    table = show.table(frame, lang, rows=2, sortable=True)
    assert len(table.cells) == 4
    assert table.cells[0][2] == table.cells[1][2] == "25.6%"
    assert table.places == [None, [2, 1, 0, None], [1, 0, None, 1], [1, 2, None, 0], None]
    assert table.numbers == [False, True, True, False, False]
    assert table.headings == show.table(frame, lang).headings()


def test_without_scripts_it_is_the_plain_table(frame):
    plain, table = show.table(frame, "zh", rows=2), show.table(frame, "zh", rows=2, sortable=True)
    assert table.still == plain._repr_html_()
    assert repr(table) == repr(plain)
    assert "<script" not in table.still


def test_a_cell_is_text_in_the_page():
    wild = pd.DataFrame({"name": ["<b>", "-5"], "monetary": [-5, 7]})
    table = show.table(wild, "en", sortable=True)
    assert [cells[0] for cells in table.cells] == ["<b>", "\u2212\u20605"]
    assert ".innerHTML" not in table._esm.split("function draw", 1)[1]
    assert table.cells[0][1].startswith("\u2212")


@pytest.mark.parametrize("rows", [0, 1, 2_001])
def test_what_cannot_be_sorted_in_a_page_is_a_plain_table(rows):
    assert isinstance(show.table(pd.DataFrame({"customers": range(rows)}), "zh", sortable=True), show.Table)
    assert isinstance(show.table(pd.DataFrame({"customers": range(2_000)}), "zh", sortable=True), SortableTable)
