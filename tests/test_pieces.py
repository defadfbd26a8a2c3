"""Many orders are looked at in pieces, and what does not fit in memory goes to temporary files."""

import os

import pandas as pd
import pytest

import crmlab.frames
from crmlab import type_customers
from crmlab.frames import rows, thrifty_connection
from crmlab.grouping import facts
from crmlab.patterns import retention, rhythm


@pytest.fixture
def pieces(monkeypatch):
    monkeypatch.setattr(crmlab.frames, "PIECE", 50)


@pytest.fixture
def wanted(random_orders):
    result = type_customers(random_orders, as_of="2026-06-17", window=120)
    return {"rhythm": rhythm(result), "facts": facts(result), "cells": retention(result).cells}


@pytest.mark.parametrize("ids", ["text", "numbers"])
def test_pieces_give_what_the_whole_gives(ids, wanted, pieces, random_orders):
    orders = random_orders
    if ids == "numbers":
        orders = orders.assign(
            customer_id=orders["customer_id"].str[1:].astype(int), order_id=orders["order_id"].astype(int)
        )
    result = type_customers(orders, as_of="2026-06-17", window=120)
    cut = list(result.lent.pieces(result.purchases(history=True)))
    assert len(cut) == len(orders) // 50 + 1 > 5
    customers = [{row["customer"] for row in rows(piece)} for piece in cut]
    assert sum(map(len, customers)) == len(set.union(*customers)) == orders["customer_id"].nunique()
    found = {"rhythm": rhythm(result), "facts": facts(result), "cells": retention(result).cells}
    for name, table in found.items():
        there = table.drop(columns="customer_id", errors="ignore")
        pd.testing.assert_frame_equal(there, wanted[name].drop(columns="customer_id", errors="ignore"))


def test_temporary_files_go_with_the_connection(monkeypatch):
    monkeypatch.setattr(crmlab.frames, "MEMORY", "60MB")
    connection = thrifty_connection()
    ((folder,),) = connection.sql("SELECT current_setting('temp_directory')").fetchall()
    assert not os.path.exists(folder)
    connection.execute(
        "CREATE TEMP TABLE much AS SELECT hash(range) AS one, hash(range + 1) AS two FROM range(8000000)"
    )
    assert os.listdir(folder)
    assert connection.sql("SELECT count(*) FROM much").fetchall() == [(8_000_000,)]
    connection.close()
    assert not os.path.exists(folder)


def test_the_table_is_made_when_it_is_asked_for(small):
    result = type_customers(small, as_of="2026-06-17")
    assert "table" not in vars(result)
    small["amount"] = 99.0
    assert result.table["monetary"].tolist() == [300, 700, 1100]
    assert result.table is result.table


def test_what_is_collected_can_be_changed(small):
    customers = type_customers(small, as_of="2026-06-17").customers
    customers.loc[0, "monetary"] = 5
    assert customers["monetary"].tolist() == [5, 700, 1100]
