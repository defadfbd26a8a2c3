"""The explorer gives what `retype` gives, on every engine, and can be read without a kernel."""

import base64
import random
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree

import pandas as pd
import polars as pl
import pytest
from bs4 import BeautifulSoup
from kinds import KINDS

from crmlab import DataError, ParameterError, check_settings, open_data, type_customers
from crmlab.explorer import answer, explore, versions
from crmlab.explorer.state import CODES, state
from crmlab.rfm import retype
from crmlab.rfm.marks import INDICATORS
from crmlab.widgets.kept import alive_states

AS_OF = date(2026, 6, 17)
REFUNDS = {"state": "state", "refund": "refund", "refund_date": "refund_day"}
SPLITS = ["mean", "median", "quantile", {"recency_days": 5, "frequency": 2, "monetary": 1000}]


def messy(seed: int, lines: int = 60) -> pd.DataFrame:
    """Orders over several days and states, with credit notes, and with refunds before, on and after the line."""
    draw = random.Random(seed)
    made = []
    for _ in range(lines):
        order = draw.randrange(lines // 2)
        day = AS_OF - timedelta(days=draw.randrange(30))
        amount = draw.choice([10, 20.5, 0, -5, -20, 7])
        refund = draw.choice([None, 0, 5, 10, 20]) if amount >= 0 else None
        refund_day = draw.choice([None, day + timedelta(days=draw.randrange(-3, 40))])
        state = draw.choice(["paid", "paid", "cancelled"])
        made.append((f"c{order % 6}", f"o{order}", day, amount, refund, refund_day, state))
    frame = pd.DataFrame(
        made, columns=["customer_id", "order_id", "order_date", "amount", "refund", "refund_day", "state"]
    )
    times = {name: pd.to_datetime(frame[name]) for name in ("order_date", "refund_day")}
    return frame.assign(**times).astype({"amount": float, "refund": float})


def found(all_versions: versions.Versions, now) -> dict | None:
    """A state as lists, to be compared."""
    if now is None:
        return None
    ids = all_versions.customers[now.place].tolist()
    values = {name: column.tolist() for name, column in now.values.items()}
    return {"ids": ids, "codes": now.code.tolist(), "thresholds": now.thresholds, "counted": now.counted} | values


def expected(result) -> dict:
    """The same of a result."""
    table, summary = result.customers, result.summary("en")
    marks = "R" + table["r_mark"] + "F" + table["f_mark"] + "M" + table["m_mark"]
    counted = zip(summary["customers"].tolist(), summary["monetary"].tolist(), strict=True)
    return {
        "ids": table[result.customer_column].tolist(),
        "codes": marks.map(CODES).tolist(),
        "thresholds": result.thresholds,
        "counted": dict(zip(summary["marks"], counted, strict=True)),
    } | {name: table[name].tolist() for name in INDICATORS}


def retyped(result, **setting) -> dict | None:
    """What `retype` gives, None where nobody bought."""
    try:
        return expected(retype(result, **setting))
    except DataError as error:
        if error.key not in ("no_valid_order", "no_order_yet"):
            raise
        return None


@pytest.fixture(scope="module")
def result():
    shop = open_data(check_settings(data="teaching"))
    return type_customers(shop.orders, as_of=shop.as_of, window=365, currency=shop.currency, **shop.columns)


@pytest.mark.parametrize("population", ["window", "history"])
@pytest.mark.parametrize("refunds", ["net", "drop", "ignore"])
def test_every_setting_gives_what_retype_gives(refunds, population):
    draw = random.Random(f"{refunds} {population}")
    for seed in range(4):
        orders = pl.from_pandas(messy(seed))
        result = type_customers(orders, as_of=AS_OF, refunds=refunds, population=population, **REFUNDS)
        fetched = versions.fetch(result)
        for split in SPLITS:
            as_of, window = AS_OF - timedelta(days=draw.randrange(20)), draw.choice([None, 1, 5, 14, 30])
            now = state(fetched, replace(result.settings, as_of=as_of, window=window), split)
            assert found(fetched, now) == retyped(result, as_of=as_of, window=window, split=split)


@pytest.mark.parametrize("kind", KINDS)
def test_every_engine_and_every_order_of_rows_gives_the_same(kind, tmp_path):
    orders = messy(1)
    wanted = versions.fetch(type_customers(pl.from_pandas(orders), as_of=AS_OF, refunds="drop", **REFUNDS))
    shuffled = orders.sample(frac=1, random_state=7, ignore_index=True)
    result = type_customers(KINDS[kind](shuffled, tmp_path), as_of=AS_OF, refunds="drop", **REFUNDS)
    fetched = versions.fetch(result)
    for window in (None, 7):
        settings = replace(result.settings, as_of=AS_OF - timedelta(days=4), window=window)
        assert found(fetched, state(fetched, settings, "mean")) == found(wanted, state(wanted, settings, "mean"))


def test_a_refund_is_known_from_its_day_on(small):
    orders = small.assign(refund=[0, 2.0, 0, 0, 0, 0], refund_day=pd.to_datetime(["2026-06-10"] * 6))
    result = type_customers(orders, as_of=AS_OF, refunds="drop", refund="refund", refund_date="refund_day")
    explorer = explore(result, "en", customer="a")
    row = {}
    for back in (0, -7, -8):
        explorer.back = back
        row[back] = tuple(explorer.now.row(0)[name] for name in INDICATORS)
    assert row == {0: (16, 1, 100), -7: (9, 1, 100), -8: (8, 2, 300)}


def test_the_controls_give_what_retype_gives_for_what_they_say(result):
    explorer = explore(result, "zh")
    assert found(explorer.versions, explorer.now) == expected(result)
    explorer.window, explorer.back, explorer.split = 120, -40, "median"
    assert explorer.chosen == {"as_of": date(2026, 5, 8), "window": 120, "split": "median"}
    assert found(explorer.versions, explorer.now) == expected(retype(result, **explorer.chosen))
    explorer.split = "fixed"
    before = found(explorer.versions, explorer.now)["codes"]
    assert before == expected(retype(result, **explorer.chosen))["codes"]
    explorer.limits = explorer.limits | {"monetary": 123456}
    assert explorer.chosen["split"]["monetary"] == 123456
    assert found(explorer.versions, explorer.now) == expected(retype(result, **explorer.chosen))
    assert before != found(explorer.versions, explorer.now)["codes"]


def test_controls_stay_within_their_bounds(result):
    explorer = explore(result, "en")
    explorer.window, explorer.back = 10**6, 7
    assert (explorer.window, explorer.back) == (explorer.given["span"], 0)
    explorer.window, explorer.as_of = -3, date(2026, 6, 1)
    assert (explorer.window, explorer.back) == (1, -16)
    explorer.limits = dict.fromkeys(INDICATORS, 10**20)
    assert set(explorer.limits.values()) == {2**53 - 1}


def test_what_a_page_cannot_compute_the_kernel_answers(result, monkeypatch):
    """Too many orders, or sums that a page would not hold exactly: then each move is answered by Python."""
    explorer = explore(result, "en")
    assert explorer.orders
    assert explorer.answer == {}
    monkeypatch.setattr(answer, "FITTING", 5000)
    explorer = explore(result, "en")
    assert explorer.orders == ""
    assert explorer.answer["size"] == len(explorer.start.place)
    explorer.window, explorer.split = 90, "quantile"
    assert explorer.answer["setting"] == {"as_of": AS_OF.toordinal(), "window": 90, "split": "quantile"}
    assert [own for own, *_ in explorer.answer["counted"]] == [own for own, _ in explorer.now.counted.values()]
    explorer.customer = "nobody"
    assert not explorer.answer["known"]


def test_sums_beyond_what_a_page_holds_exactly_are_left_to_python(small):
    large = small.assign(amount=[9 * 10**11] * len(small))
    many = pd.concat([large.assign(order_id=large["order_id"].astype("str") + mark) for mark in "abc"])
    assert explore(type_customers(large, as_of=AS_OF, currency="BHD"), "en").orders
    explorer = explore(type_customers(many, as_of=AS_OF, currency="BHD"), "en")
    assert explorer.orders == ""
    assert sum(int(spent) for _, spent, *_ in explorer.answer["counted"]) == 9 * 10**14 * len(many) > 2**53


@pytest.mark.parametrize("split", ["mean", "quantile", {"recency_days": -3, "frequency": 10**7, "monetary": -5}])
def test_it_starts_at_the_setting_of_the_result(small, split):
    result = type_customers(small, as_of=AS_OF, split=split)
    explorer = explore(result, "en")
    assert explorer.chosen == {"as_of": AS_OF, "window": None, "split": split}
    assert found(explorer.versions, explorer.now) == expected(result)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("split", SPLITS, ids=str)
def test_the_sentence_says_what_the_explanation_says(result, lang, split):
    explorer = explore(retype(result, split=split), lang)
    customer = explorer.customer
    explained = retype(result, split=split).explain(customer, lang)
    told = explorer.sentence
    start = told.index("标记是" if lang == "zh" else "has the marks")
    parts = told[start:].split("：" if lang == "zh" else ": ", 1)
    assert parts[0] in explained
    for part in parts[1].split("。" if lang == "zh" else ". ")[0].split("；" if lang == "zh" else "; "):
        assert part.rstrip(".") in explained


def test_the_customer_shown_first_changes_marks_with_half_the_window(result):
    explorer = explore(result, "en")
    place = explorer.versions.customers.get_loc(explorer.customer)
    before = explorer.now.row(place)["marks"]
    assert "too" in explorer.sentence
    explorer.window = 365 // 2
    assert explorer.now.row(place)["marks"] != before
    assert f"At the start the marks were {before}." in explorer.sentence


def test_what_cannot_be_shown_is_said(small):
    explorer = explore(type_customers(small, as_of=AS_OF), "en", customer="c")
    explorer.window = 17
    assert "no valid purchase" in explorer.sentence
    explorer.window = 1
    assert "nobody has bought" in explorer.sentence
    assert explorer.now is None
    assert "nobody has bought" in explorer.still
    explorer.window, explorer.customer = 100, "<b>nobody</b>"
    assert "There is no customer <b>nobody</b>" in explorer.sentence
    assert "<b>" not in explorer.still
    with pytest.raises(ParameterError):
        explore(explorer.result, "en", customer="nobody")


def test_ids_that_are_numbers_are_found(small):
    orders = small.assign(customer_id=[7, 7, 8, 8, 9, 9])
    explorer = explore(type_customers(orders, as_of=AS_OF), "en", customer=8)
    assert explorer.sentence.startswith("Customer 8 has")
    for unknown in ("x", "--8", "9" * 30):
        explorer.customer = unknown
        assert f"no customer {unknown}" in explorer.sentence


def test_money_at_or_below_zero_has_no_share(small):
    orders = small.assign(refund=small["amount"] + 1)
    explorer = explore(type_customers(orders, as_of=AS_OF, refund="refund"), "zh")
    page = BeautifulSoup(explorer.still, "html.parser")
    assert {row("td")[-1].text for row in page("tr")[1:]} == {"–"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_without_a_kernel_there_are_pictures_with_words_and_a_table(result, lang):
    explorer = explore(result, lang)
    page = BeautifulSoup(explorer.still, "html.parser")
    summary = result.summary(lang).set_index("marks")
    assert len(page("img")) == 2
    for picture in page("img"):
        drawn = ElementTree.fromstring(base64.b64decode(picture["src"].partition("base64,")[2]))
        assert drawn.tag.endswith("svg")
        assert len(picture["alt"]) > 30
    rows = {row("td")[0].text: [cell.text for cell in row("td")] for row in page("tr")[1:]}
    assert list(rows) == list(summary.index)
    for marks, cells in rows.items():
        assert cells[2] == f"{summary.loc[marks, 'customers']:,}"
        assert cells[3] == f"{summary.loc[marks, 'customer_share']:.1%}"
        assert cells[5] == f"{summary.loc[marks, 'monetary_share']:.1%}"
    assert page.find("tr", class_="chosen")("td")[0].text in explorer.sentence
    assert explorer.sentence in page.text
    assert explorer.sentence in repr(explorer)
    assert len(explorer.still) < 40_000


NOTEBOOK = """
import pandas as pd
from crmlab import type_customers
from crmlab.explorer import explore
days = pd.to_datetime(["2026-06-01", "2026-05-01"])
orders = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "order_date": days, "amount": [1, 2]})
explore(type_customers(orders, as_of="2026-06-17"), "en")
"""


def test_a_run_without_a_browser_leaves_the_still_state_beside_the_live_one():
    """The live one hides the still one by its name; where nothing is live, the still one is there to be read."""
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    from crmlab.course.kernel import NAME, OwnKernel

    made = new_notebook(cells=[new_code_cell(NOTEBOOK)])
    NotebookClient(made, kernel_name=NAME, kernel_manager_class=OwnKernel, timeout=60).execute()
    live, still = (output["data"] for output in made.cells[0]["outputs"])
    assert live["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert live["text/plain"] == ""
    assert list(still) == ["text/html", "text/plain"]
    (block,) = BeautifulSoup(still["text/html"], "html.parser").find_all("div", class_=re.compile("^crmlab-still-"))
    assert len(block("img")) == 2
    assert "Customer a has the marks" in block.text
    (state,) = alive_states(made).values()
    assert state["state"]["hides"] == block["class"]


def test_names_of_ones_own_are_written_as_text(small):
    names = {"R↓F↓M↓": "<script>1</script>"}
    explorer = explore(type_customers(small, as_of=AS_OF, names=names), "zh")
    assert "<script>" not in explorer.still
    assert "&lt;script&gt;" in explorer.still


def test_more_orders_than_it_takes_become_a_sample_that_is_named(monkeypatch):
    orders = messy(3, 200)
    orders["customer_id"] = "k" + orders["order_id"]
    result = type_customers(orders, as_of=AS_OF, **REFUNDS)
    everyone = versions.fetch(result)
    monkeypatch.setattr(versions, "ORDERS", 10)
    monkeypatch.setattr(versions, "SAMPLE", 25)
    explorer = explore(result, "en")
    assert len(explorer.versions.customers) == 25 < len(everyone.customers) == explorer.versions.drawn_from
    assert f"25 of {len(everyone.customers)} customers (seed 618)" in explorer.still
    assert explorer.versions.customers.equals(explore(result, "zh").versions.customers)
    kept = orders[orders["customer_id"].isin(explorer.versions.customers)]
    assert found(explorer.versions, explorer.now) == expected(type_customers(kept, as_of=AS_OF, **REFUNDS))


def test_widgets_load_with_the_explorer_only():
    code = "import sys, crmlab.explorer; print({'ipywidgets', 'pandas', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_before_the_first_order_there_is_nobody(small):
    result = type_customers(small, as_of=AS_OF)
    before = replace(result.settings, as_of=date(2025, 12, 31))
    assert state(versions.fetch(result), before, "mean") is None is retyped(result, as_of="2025-12-31")
