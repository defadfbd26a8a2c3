"""The catalogue is data: what people write wrongly is found with its line, and what it promises is there for all."""

from importlib.resources import files

import pytest
from serving import CATALOGUE

from crmlab import serve, show
from crmlab.errors import DataError, ParameterError
from crmlab.rfm import COMBINATIONS
from crmlab.serve.catalogue import POLICIES
from crmlab.serve.signs import known_codes, sign_word
from crmlab.words import LANGUAGES

TEXT = files("crmlab.serve").joinpath("catalogue.csv").read_text(encoding="utf-8")
LINES = TEXT.splitlines()


def line_of(service):
    return next(number for number, line in enumerate(LINES, 1) if line.startswith(f"{service},"))


@pytest.fixture
def opened(tmp_path):
    def write(*changes, **settings):
        text = TEXT
        for before, after in changes:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        path = tmp_path / "own.csv"
        path.write_text(text, encoding="utf-8", newline="\n")
        return serve.open_catalogue(path, **settings)

    return write


def test_every_combination_tier_and_policy_has_a_service_that_everybody_gets():
    for policy in POLICIES:
        sure = [one for one in CATALOGUE.of(policy) if one.sure]
        for code in (*COMBINATIONS, "tier.high", "tier.mid", "tier.low"):
            assert any(one.applies == (code,) for one in sure)
        assert {one.policy for one in CATALOGUE.of(policy)} == {"", policy}
    assert [one.line for one in CATALOGUE.services] != sorted(one.line for one in CATALOGUE.services)
    assert all(LINES[one.line - 1].startswith(f"{one.service_id},") for one in CATALOGUE.services)


FAULTS = {
    "headings": ([("priority,person", "priority")], "serve_headings", None),
    "foreign heading": ([("priority,person\n", "priority,person,colour\n")], "serve_headings", None),
    "two currencies": ([("cost_CNY", "cost_CNY,cost_USD")], "serve_headings", None),
    "currency": ([("cost_CNY", "cost_XYZ")], "serve_value", 1),
    "code": ([("need.decaf", "need.decafe")], "serve_code", "decaf"),
    "exception": ([("3000,150,stage.lost", "3000,150,stage.gone")], "serve_code", "manager"),
    "channel": ([("need.invoice,,shop", "need.invoice,,pigeon")], "serve_value", "invoice"),
    "policy": ([("R↑F↓M↓,activate", "R↑F↓M↓,drop")], "serve_value", "light_offer"),
    "cost": ([(",parcel,2500,", ",parcel,25.00,")], "serve_value", "first_trial"),
    "capacity": ([("2500,60,", "2500,-1,")], "serve_value", "first_trial"),
    "blank text": ([("推荐低因咖啡", "")], "serve_value", "decaf"),
    "mark": ([("推荐低因咖啡", "推荐；低因咖啡")], "serve_mark", "decaf"),
    "twice": ([("\nlow_sugar,", "\ndecaf,")], "serve_twice", "low_sugar"),
    "with itself": ([("at_risk_call,43,", "win_back_call,43,")], "serve_never_with", "win_back_call"),
    "with nobody": ([("at_risk_call,43,", "holiday,43,")], "serve_never_with", "win_back_call"),
    "with everybody": ([("at_risk_call,43,", "person,43,")], "serve_never_with", "win_back_call"),
    "tie": ([("at_risk_call,43,", "at_risk_call,63,")], "serve_tie", "win_back_call"),
    "limit for everybody": ([("everybody,,phone,0,,", "everybody,,phone,0,5,")], "serve_common", "person"),
    "no service for a combination": ([("R↓F↑M↓,,onsite,50,,", "R↓F↑M↓,,onsite,50,10,")], "serve_uncovered", None),
    "no service for a tier": ([("tier.high,,shop,300,,", "tier.high,,shop,300,,stage.lost")], "serve_uncovered", None),
    "no service for one policy": ([("R↑F↓M↓,activate", "tier.low,activate")], "serve_uncovered", None),
    "nothing for the others": ([("otherwise,,onsite", "everybody,,onsite")], "serve_uncovered", None),
    "no person": ([(",99,yes", ",99,")], "serve_no_person", None),
    "cells": ([("a real person for", "a real person, for")], "serve_cells", "person"),
    "shifted cells": ([("suggest decaf coffee", "suggest, decaf coffee")], "serve_value", "decaf"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_with_its_line(opened, fault):
    changes, key, where = FAULTS[fault]
    with pytest.raises(DataError) as caught:
        opened(*changes)
    assert caught.value.key == key
    if where:
        line = where if isinstance(where, int) else line_of(where)
        assert caught.value.values["line"] == line
        assert all(str(line) in caught.value.message(lang) for lang in LANGUAGES)


def test_codes_of_your_own_and_excel(opened, tmp_path):
    with pytest.raises(DataError):
        opened(("need.decaf", "need.vegan"))
    found = opened(("need.decaf", "need.vegan"), codes=["need.vegan"])
    assert found.by_id["decaf"].applies == ("need.vegan",)
    from openpyxl import Workbook

    book = Workbook()
    for line in LINES:
        book.active.append(line.split(","))
    book.save(tmp_path / "own.xlsx")
    again = serve.open_catalogue(tmp_path / "own.xlsx")
    assert [one.service_id for one in again.services] == [one.service_id for one in CATALOGUE.services]
    with pytest.raises(ParameterError):
        CATALOGUE.of("drop")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_people_read_words_and_no_codes(lang):
    shown = str(show.table(CATALOGUE.overview(lang), lang, rows=99))
    assert not any(code in shown for code in known_codes() if "." in code)
    assert "{" not in shown
    assert "onsite" not in shown
    for code in known_codes():
        assert "{" not in sign_word(code, lang)
