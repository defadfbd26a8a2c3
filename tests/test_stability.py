"""Stability: counts and money worked out by hand, the same for shuffled rows and on every engine, nothing silent."""

import datetime as dt
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from golden import AS_OF
from kinds import KINDS
from purchases import purchases

from crmlab import DataError, ParameterError, show, type_customers
from crmlab.movement import stability
from crmlab.show.movement import stability_bars

BOUGHT = [
    ("a", 10, 100),
    ("a", 200, 500),
    ("b", 20, 300),
    ("c", 5, 50),
    ("c", 15, 50),
    ("c", 300, 100),
    ("d", 250, 1000),
]
"""Customer, days before the reference date, yuan. Over 365 days: a R↓F↑M↑, b R↓F↓M↓, c R↓F↑M↓, d R↑F↓M↑."""


def lines(bought=BOUGHT) -> pd.DataFrame:
    return purchases(bought, AS_OF)


@pytest.fixture(scope="module")
def result():
    return type_customers(lines(), as_of=AS_OF, window=365)


def values(found, row: int) -> tuple:
    columns = ["change", "window", "as_of", "split", "customers", "only_base", "only_other", "moved"]
    return tuple(found.table.loc[row, columns])


def by_mark(found, row: int, column: str) -> list[float]:
    return found.by_mark.loc[found.by_mark["row"] == row, column].tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_by_hand_on_every_kind_and_for_shuffled_rows(kind, tmp_path):
    shuffled = lines().sample(frac=1, random_state=3).reset_index(drop=True)
    given = KINDS[kind](shuffled, tmp_path)
    found = stability(type_customers(given, as_of=AS_OF, window=365), windows=[30], days_back=[100])
    earlier = AS_OF - dt.timedelta(days=100)
    assert values(found, 0) == ("window", 30, AS_OF, "mean", 3, 1, 0, 2)
    assert found.table["changed_share"].tolist() == [2 / 3, 1.0, 1 / 4]
    assert found.table["money_changed_share"].tolist() == [900 / 1100, 1.0, 300 / 2100]
    assert by_mark(found, 0, "changed_share") == [1 / 3, 1 / 3, 2 / 3]
    assert by_mark(found, 0, "money_changed_share") == [300 / 1100, 600 / 1100, 900 / 1100]
    assert values(found, 1) == ("as_of", 365, earlier, "mean", 3, 1, 0, 3)
    assert by_mark(found, 1, "money_changed_share") == [200 / 1800, 1000 / 1800, 600 / 1800]
    assert values(found, 2) == ("split", 365, AS_OF, "median", 4, 0, 0, 1)
    assert by_mark(found, 2, "moved") == [1, 0, 0]
    assert found.steady_share == 0
    assert found.changed(0).to_numpy().tolist() == [
        ["a", "R↓F↑M↑", "R↓F↓M↓", 60_000],
        ["b", "R↓F↓M↓", "R↑F↓M↑", 30_000],
    ]
    assert found.changed(2).to_numpy().tolist() == [["b", "R↓F↓M↓", "R↑F↓M↓", 30_000]]


def test_every_customer_is_evidence(result):
    found = stability(type_customers(lines(), as_of=AS_OF, window=30), windows=[365], days_back=[], splits=[])
    assert values(found, 0)[4:7] == (3, 0, 1)
    assert found.customers["customer_id"].tolist() == list("abcd")
    assert found.changed(0)["customer_id"].tolist() == ["a", "b"]
    assert found.customers["base_marks"].isna().tolist() == [False, False, False, True]
    assert found.customers["base_monetary"].tolist()[:3] == [10_000, 30_000, 10_000]
    found = stability(result, windows=[30], days_back=[], splits=["median"])
    assert found.steady_share == 2 / 4


def test_customers_keep_the_name_of_their_column():
    orders = lines().rename(columns={"customer_id": "会员"})
    found = stability(type_customers(orders, as_of=AS_OF, customer="会员"), windows=[30], days_back=[], splits=[])
    assert found.customers.columns[0] == found.changed(0).columns[0] == "会员"


def test_the_same_thresholds_given_by_hand_move_nobody(result):
    fixed = {name: threshold.at_least for name, threshold in result.thresholds.items()}
    found = stability(result, windows=[365], days_back=[0], splits=["mean", fixed])
    assert found.table[["split", "customers", "moved"]].to_numpy().tolist() == [["fixed", 4, 0]]
    assert found.steady_share == 1
    assert found.changed(0).empty


@pytest.mark.parametrize("convert", [
    lambda ids: pd.Series(ids.map({"a": 9, "b": 10, "c": 11, "d": -1}), dtype="int64"),
    lambda ids: ids.astype("category"),
])  # fmt: skip
def test_ids_of_other_types(convert, result):
    orders = lines().assign(customer_id=lambda frame: convert(frame["customer_id"]))
    found = stability(type_customers(orders, as_of=AS_OF, window=365))
    expected = stability(result)
    pd.testing.assert_frame_equal(found.table, expected.table)
    assert found.customers["customer_id"].is_monotonic_increasing


def test_polars_categories(result):
    orders = pl.from_pandas(lines()).with_columns(pl.col("customer_id").cast(pl.Enum(["d", "x", "c", "b", "a"])))
    found = stability(type_customers(orders, as_of=AS_OF, window=365))
    pd.testing.assert_frame_equal(found.table, stability(result).table)


def test_money_that_adds_up_to_nothing_has_no_share():
    found = stability(type_customers(lines([("a", 1, 0), ("b", 50, 0)]), as_of=AS_OF), windows=[10], days_back=[])
    assert np.isnan(found.table["money_changed_share"]).all()
    assert found.table["changed_share"].notna().all()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_in_words(result, lang):
    found = stability(result, windows=[30, None], days_back=[100, 320])
    told = found.describe(lang).splitlines()
    assert len(told) == 1 + 5 + 1 + 4
    for number in ("2025-06-18", "2026-06-17", "365", {"zh": "4 位客户", "en": "customers: 4"}[lang], "2,100.00"):
        assert number in told[0]
    for number in ("30", {"zh": "客户 3 位", "en": "in both 3;"}[lang], "66.7%", "81.8%", "33.3%", "1"):
        assert number in told[1]
    assert {"zh": "全部历史", "en": "all history"}[lang] in told[2]
    assert {"zh": "没有两边都有的客户", "en": "no customer is in both"}[lang] in told[4]
    assert "2025-08-21" in told[7]
    assert "0x" not in repr(found)


def test_days_that_the_data_lack_are_told(result):
    found = stability(result, windows=[366], days_back=[], splits=[])
    base, other = found.describe("en").splitlines()[-2:]
    assert "the first 64 days" in base
    assert "2025-08-21" in base
    assert "the first 65 days" in other


@pytest.mark.parametrize(("more", "known"), [
    ({}, ()),
    ({"state": "state", "refund": "refund"}, ("states", "refunds")),
    ({"state": "state", "refund": "refund", "refund_date": "order_date"}, ("states",)),
    ({"refund": "refund", "refunds": "ignore"}, ()),
])  # fmt: skip
def test_what_is_known_with_hindsight_is_told(more, known):
    orders = lines().assign(state="paid", refund=0.0)
    found = stability(type_customers(orders, as_of=AS_OF, **more), windows=[], days_back=[7], splits=[])
    assert found.hindsight == known
    told = found.describe("en")
    assert ("order states are those of today" in told) is ("states" in known)
    assert ("refunds carry no date" in told) is ("refunds" in known)
    without = stability(type_customers(orders, as_of=AS_OF, **more), windows=[30], days_back=[], splits=[])
    assert "earlier reference date" not in without.describe("en")


@pytest.mark.parametrize("settings", [
    {"windows": [0]}, {"windows": [-1]}, {"windows": [1.5]}, {"days_back": [-1]}, {"days_back": [True]},
    {"days_back": [7.0]}, {"days_back": [10**9]}, {"splits": ["thirds"]}, {"splits": [{"monetary": 1}]},
    {"windows": [365], "days_back": [0], "splits": ["mean"]}, {"windows": [], "days_back": [], "splits": []},
])  # fmt: skip
def test_settings_that_cannot_be_used(result, settings):
    with pytest.raises(ParameterError):
        stability(result, **settings)


def test_other_errors_of_the_data_are_not_swallowed(result, monkeypatch):
    def refuse(*_, **__):
        raise DataError("no_frame", kind="str")

    monkeypatch.setattr(sys.modules["crmlab.movement.stability"], "retype", refuse)
    with pytest.raises(DataError):
        stability(result)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_picture_is_sorted_and_says_what_it_shows(result, lang):
    show.theme()
    found = stability(result, windows=[30], days_back=[100, 320])
    picture = stability_bars(found, lang)
    assert len(picture.png()) > 10_000
    (axes,) = picture.figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [found.label(row, lang) for row in (3, 0, 1)]
    widths = [round(bar.get_width(), 4) for bar in axes.patches]
    assert widths == [0.25, 0.6667, 1, 0.1429, 0.8182, 1]
    for shown in (found.label(1, lang), "100.0%", found.label(3, lang), "25.0%"):
        assert shown in picture.alt


def test_a_picture_of_nobody_says_so(result):
    show.theme()
    found = stability(result, windows=[], days_back=[320], splits=[])
    assert "there is nothing" in stability_bars(found, "en").alt
