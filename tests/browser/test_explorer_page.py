"""In a page without a kernel the explorer computes, draws and says exactly what Python does."""

import json
import random
from datetime import date, timedelta
from fractions import Fraction

import pandas as pd
import polars as pl
import pytest
from ipywidgets import Widget

from crmlab import check_settings, open_data, type_customers
from crmlab.explorer import explore
from crmlab.explorer.answer import answer, setting_of
from crmlab.explorer.draw import page as drawn
from crmlab.explorer.widget import place_of
from crmlab.widgets.inpage import alive_html

AS_OF = date(2026, 6, 17)
CASES = [("zh", "CNY", "net"), ("en", "BHD", "drop"), ("en", "JPY", "ignore")]
MOVED = """([el, moves]) => moves.map((move) => {
  el.model.set(move);
  return {
    told: [...el.querySelectorAll("[aria-live] p")].map((line) => line.textContent),
    cells: [...el.querySelectorAll("tr")].map((row) => [...row.cells].map((cell) => cell.textContent)),
    chosen: el.querySelector("tr.chosen td")?.textContent ?? null,
    pictures: [...el.querySelectorAll("svg")].map((picture) => picture.getAttribute("aria-label")),
    answer: el.answer,
  };
})"""


def opened(page, folder, explorer) -> None:
    """Show an explorer in a plain page, where nothing else is."""
    states = Widget.get_manager_state()["state"]
    made = f'<!doctype html><meta charset="utf-8"><body>{alive_html(explorer.model_id, states)}'
    file = folder / f"{explorer.model_id}.html"
    file.write_text(made, encoding="utf-8", newline="\n")
    page.goto(file.as_uri())
    page.wait_for_selector("table")


def messy(seed: int, lines: int = 80) -> pd.DataFrame:
    """Orders with lines on several days, credit notes, and refunds before, on and after the line."""
    draw = random.Random(seed)
    made = []
    for _ in range(lines):
        order = draw.randrange(lines // 2)
        day = AS_OF - timedelta(days=draw.randrange(40))
        amount = draw.choice([10, 20.5, 0, -5, -20, 7, 1234.56])
        refund = draw.choice([None, 0, 5, 10, 20]) if amount >= 0 else None
        made.append((order % 9, order, day, amount, refund, day + timedelta(days=draw.randrange(-3, 40))))
    frame = pd.DataFrame(made, columns=["customer_id", "order_id", "order_date", "amount", "refund", "refund_day"])
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in ("order_date", "refund_day")})


def moves(explorer, draw: random.Random, count: int) -> list[dict]:
    """Settings of all kinds, as a page would send them."""
    ids = [str(one) for one in explorer.versions.customers]
    return [
        {
            "window": draw.choice([draw.randint(1, explorer.given["span"]), explorer.given["span"], 3]),
            "back": -draw.randint(0, explorer.given["first"]),
            "split": draw.choice(["mean", "median", "quantile", "fixed"]),
            "limits": {"recency_days": draw.randint(-1, 30), "frequency": draw.randint(0, 4),
                       "monetary": draw.randint(-2000, 300000)},
            "customer": draw.choice([*ids, "nobody", f" {ids[0]} "]),
        }
        for _ in range(count)
    ]  # fmt: skip


def in_python(explorer, move: dict) -> dict:
    """What Python has for a move: the answer, the sentences, the table as it stands still."""
    from bs4 import BeautifulSoup

    explorer.split = move["split"]
    for name, value in move.items():
        setattr(explorer, name, value)
    place = explorer._row(explorer.now)
    html = drawn(explorer.now, explorer.lang, explorer._named, place) if explorer.now else ""
    still = BeautifulSoup(html, "html.parser")
    return {
        "told": [*explorer.about.splitlines(), explorer.sentence],
        "cells": [[cell.text for cell in row(["th", "td"])] for row in still("tr")],
        "pictures": [picture["alt"] for picture in still("img")],
        "chosen": place["marks"] if place else None,
    }


def exact(reply: dict) -> dict:
    """An answer with its fractions as such: a page does not reduce them."""
    limits = [{**limit, "value": Fraction(*map(int, limit["value"]))} for limit in reply.get("thresholds", [])]
    return reply | {"thresholds": limits}


@pytest.mark.parametrize("population", ["window", "history"])
@pytest.mark.parametrize(
    ("lang", "currency", "refunds"), [("zh", "CNY", "net"), ("en", "BHD", "drop"), ("en", "JPY", "ignore")]
)
def test_a_page_computes_and_says_what_python_does(page, tmp_path, lang, currency, refunds, population):
    draw = random.Random(f"{lang}{currency}{population}")
    orders = messy(draw.randrange(1000))
    if currency == "JPY":
        orders = orders.assign(amount=orders["amount"].round(), customer_id="c" + orders["customer_id"].astype("str"))
    result = type_customers(
        pl.from_pandas(orders), as_of=AS_OF, currency=currency, refunds=refunds, population=population,
        refund="refund", refund_date="refund_day",
    )  # fmt: skip
    explorer = explore(result, lang)
    made = moves(explorer, draw, 40)
    opened(page, tmp_path, explorer)
    shown = page.evaluate(MOVED, [page.query_selector("[data-model]"), made])
    for move, there in zip(made, shown, strict=True):
        here = in_python(explorer, move)
        assert {name: there[name] for name in here} == here, move
        wanted = answer(
            explorer.now, explorer.start, setting_of(explorer._settings(), explorer.chosen["split"]),
            explorer.customer.strip(), place_of(explorer.versions, explorer.customer),
        )  # fmt: skip
        assert exact(there["answer"]) == exact(json.loads(json.dumps(wanted)))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_reader_moves_the_controls_on_a_phone_with_the_keyboard_alone(page, tmp_path, screenshot, lang):
    shop = open_data(check_settings(data="teaching"))
    result = type_customers(shop.orders, as_of=shop.as_of, window=365, currency=shop.currency, **shop.columns)
    explorer = explore(result, lang)
    page.set_viewport_size({"width": 390, "height": 900})
    opened(page, tmp_path, explorer)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    screenshot(page, f"phone_{lang}", full_page=True)

    def label(name: str, **values: object) -> str:
        return explorer.given["words"][f"explorer.{name}"].format(**values)

    slider = page.get_by_role("slider", name=label("window"))
    slider.focus()
    page.keyboard.press("ArrowLeft")
    explorer.window = 364
    told = page.locator("[aria-live]")
    assert told.inner_text().split("\n\n") == [*explorer.about.splitlines(), explorer.sentence]
    page.get_by_role("combobox", name=label("split")).select_option("fixed")
    explorer.split = "fixed"
    field = page.get_by_role("spinbutton", name=label("monetary", unit=explorer.given["unit"]))
    assert float(field.input_value()) * 100 == explorer.limits["monetary"]
    field.fill("1234.56")
    explorer.limits = explorer.limits | {"monetary": 123456}
    assert told.locator("p").last.inner_text() == explorer.sentence
    page.get_by_role("spinbutton", name=label("window")).fill("9999")
    assert slider.input_value() == "364"
    day = page.get_by_label(label("as_of", as_of="2026-06-17"), exact=True).last
    day.fill("2026-05-01")
    explorer.as_of = date(2026, 5, 1)
    assert told.inner_text().split("\n\n") == [*explorer.about.splitlines(), explorer.sentence]
    customer = page.get_by_role("combobox", name=label("customer"))
    customer.fill("nobody")
    customer.press("Enter")
    explorer.customer = "nobody"
    assert told.locator("p").last.inner_text() == explorer.sentence
    page.set_viewport_size({"width": 1280, "height": 900})
    screenshot(page, f"wide_{lang}", full_page=True)


def test_more_orders_than_a_page_holds_are_drawn_and_a_kernel_is_asked_for(page, tmp_path, monkeypatch):
    monkeypatch.setattr("crmlab.explorer.answer.FITTING", 10)
    explorer = explore(type_customers(messy(5), as_of=AS_OF, refund="refund", refund_date="refund_day"), "en")
    opened(page, tmp_path, explorer)
    told = page.locator("[aria-live]")
    assert told.inner_text().split("\n\n") == [*explorer.about.splitlines(), explorer.sentence]
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("alert").wait_for()
    assert "kernel" in page.get_by_role("alert").inner_text()
    explorer.window -= 1
    page.evaluate("([el, answer]) => el.model.set({ answer })", [page.query_selector("[data-model]"), explorer.answer])
    assert told.inner_text().split("\n\n") == [*explorer.about.splitlines(), explorer.sentence]


@pytest.mark.parametrize(("amounts", "mean"), [([0.10, 0.10, 0.11], "CN¥0.103"), ([0.01, 0.02], "CN¥0.015")])
def test_a_mean_that_would_be_rounded_to_the_value_beside_it_keeps_its_decimals(page, tmp_path, amounts, mean):
    ids = [str(number) for number in range(len(amounts))]
    orders = pd.DataFrame({"customer_id": ids, "order_id": ids, "order_date": pd.Timestamp(AS_OF), "amount": amounts})
    told = []
    explorer = explore(type_customers(orders, as_of=AS_OF), "en")
    opened(page, tmp_path, explorer)
    for move in ({"customer": one} for one in ids):
        explorer.customer = move["customer"]
        told += page.evaluate(MOVED, [page.query_selector("[data-model]"), [move]])[0]["told"][-1:]
        assert told[-1] == explorer.sentence
    assert any(mean in one for one in told)
