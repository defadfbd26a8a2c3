"""A result typed again is the result that the earlier lines, another window or another split would have given."""

import datetime as dt
from functools import cache

import pandas as pd
import pytest
import reference
from golden import AS_OF
from kinds import KINDS, as_pandas, orders_explained

from crmlab import DataError, ParameterError, type_customers
from crmlab.rfm import retype

every_kind = pytest.mark.parametrize("kind", KINDS)
COLUMNS = {"state": "state", "refund": "refund", "refund_date": "refund_day"}
WAYS = {
    "net": {"window": 365},
    "drop": {"window": 200, "refunds": "drop", "population": "history", "split": "quantile"},
    "ignore": {"refunds": "ignore", "split": "median"},
}
AGAIN = {"window": {"window": 90}, "all of history": {"window": None}, "split": {"split": "median"},
         "fixed": {"split": {"recency_days": 60, "frequency": 2, "monetary": 50_000}}}  # fmt: skip


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    """Orders of random customers, and each tenth line once more."""
    found = reference.frame(reference.random_lines(150, seed=37, as_of=AS_OF))
    return pd.concat([found, found.iloc[::10]], ignore_index=True)


def typed(lines, way, as_of=AS_OF, **changed):
    return type_customers(lines, as_of=as_of, **COLUMNS, **{**way, **changed})


@pytest.fixture(scope="module")
def anew(lines):
    """The lines up to a day typed anew, a `change` of the settings made: once for all kinds of frames."""

    @cache
    def typed_anew(way, as_of=AS_OF, change=None, **changed):
        earlier = lines[lines["order_date"] <= pd.Timestamp(as_of)]
        return typed(earlier, WAYS[way], as_of, **(AGAIN.get(change, {}) | changed))

    return typed_anew


def same(found, expected) -> None:
    pd.testing.assert_frame_equal(as_pandas(found.table), as_pandas(expected.table))
    assert found.thresholds == expected.thresholds
    assert (found.rows_in, found.rows_left_out) == (expected.rows_in, expected.rows_left_out)
    assert (found.orders_used, found.settings) == (expected.orders_used, expected.settings)
    assert found.identical_lines == expected.identical_lines > 0


@pytest.mark.parametrize(
    ("kind", "way"), [("pandas", "net"), ("duckdb", "ignore"), *((kind, "drop") for kind in KINDS)]
)
def test_an_earlier_day_is_as_if_later_lines_did_not_exist(kind, way, lines, anew, tmp_path):
    day = AS_OF - dt.timedelta(days=70)
    result = typed(KINDS[kind](lines, tmp_path), WAYS[way])
    found = retype(result, as_of=day)
    same(found, anew(way, day))
    assert found.rows_in < result.rows_in
    before = day - dt.timedelta(days=30)
    same(retype(found, as_of=before, window=120), anew(way, before, window=120))


every_case = pytest.mark.parametrize(
    ("kind", "way", "change"),
    [("pandas", way, change) for way in WAYS for change in AGAIN] + [(kind, "drop", "window") for kind in KINDS],
)


@every_case
def test_the_same_day_gives_what_typing_anew_gives(kind, way, change, lines, anew, tmp_path):
    given = KINDS[kind](lines, tmp_path)
    found = retype(typed(given, WAYS[way]), **AGAIN[change])
    same(found, anew(way, change=change))
    same(retype(found, window=200), anew(way, change=change, window=200))


def test_without_a_change_nothing_changes(lines):
    result = typed(lines, WAYS["net"])
    same(retype(result), result)
    same(retype(result, as_of=str(AS_OF)), result)


@every_kind
def test_what_was_typed_again_can_be_explained(kind, lines, tmp_path):
    result = typed(KINDS[kind](lines, tmp_path), WAYS["net"])
    day = AS_OF - dt.timedelta(days=70)
    for found in (retype(result, window=100), retype(result, as_of=day)):
        row = found.customers.iloc[0]
        assert orders_explained(found, row["customer_id"]) == row["frequency"]
        assert found.evidence(row["customer_id"])["day"].max() <= found.settings.as_of
        assert str(found.settings.as_of) in found.describe("en")


@pytest.mark.parametrize("kind", ["pandas", "polars", "duckdb", "parquet", "csv"])
def test_identical_lines_end_on_the_day_in_the_named_zone(kind, small, tmp_path):
    late = pd.to_datetime(["2026-05-01 16:30", "2026-05-01 15:30"] * 3).tz_localize("UTC")
    lines = small.assign(order_id="1", customer_id="a", amount=1.0, order_date=late)
    lines = pd.concat([lines] * 2, ignore_index=True)
    result = type_customers(KINDS[kind](lines, tmp_path), as_of=AS_OF, time_zone="Asia/Shanghai")
    assert (result.rows_in, result.identical_lines) == (12, 10)
    found = retype(result, as_of="2026-05-01")
    assert (found.rows_in, found.identical_lines) == (6, 5)


def test_later_days_and_days_before_the_first_order_are_refused(small):
    result = type_customers(small, as_of=AS_OF, window=60)
    with pytest.raises(ParameterError) as caught:
        retype(result, as_of=AS_OF + dt.timedelta(days=1))
    assert caught.value.key == "later_as_of"
    with pytest.raises(DataError) as caught:
        retype(result, as_of="2025-12-31")
    assert caught.value.key == "no_order_yet"
    assert "2025-12-31" in caught.value.message("en")
    with pytest.raises(ParameterError):
        retype(result, window=-1)
    with pytest.raises(ParameterError):
        retype(result, split="thirds")
