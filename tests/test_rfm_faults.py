"""Every fault in the data or the settings has an error that says where, how many, which first, and what to do."""

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest
from golden import AS_OF
from kinds import KINDS

from crmlab import DataError, ParameterError, type_customers

every_kind = pytest.mark.parametrize("kind", KINDS)


def caught(error, orders, **settings):
    with pytest.raises(error) as found:
        type_customers(orders, **({"as_of": AS_OF} | settings))
    return found.value


def check(error, key, *parts):
    """The message has all the parts in both languages, and no customer in it."""
    assert error.key == key
    for lang in ("zh", "en"):
        message = error.message(lang)
        assert all(str(part) in message for part in parts), message
        assert not re.search(r"secret-\d", message), message
        assert not re.search(r"\{[a-z_]+\}", message), message
        assert message in str(error)


@pytest.fixture
def orders(small):
    return small.assign(customer_id=["secret-1", "secret-1", "secret-2", "secret-2", "secret-3", "secret-3"])


@every_kind
@pytest.mark.parametrize(("column", "rows", "value", "key", "told"), [
    ("customer_id", [1, 3], None, "empty_customer", ["customer_id", 2, "order_id=2", "order_id=4"]),
    ("customer_id", [1], "", "empty_customer", ["customer_id", 1, "order_id=2"]),
    ("order_id", [0], None, "empty_order", ["order_id", 1, "order_date=2026-06-01", "amount=1"]),
    ("order_date", [0, 1, 2, 4], pd.NaT, "empty_day", ["order_date", 4, "order_id=1", "order_id=3"]),
    ("amount", [2], np.nan, "empty_amount", ["amount", 1, "order_id=3"]),
    ("amount", [2], 1.005, "decimals", ["amount", 1, "order_id=3", "1.005", "CNY", 2]),
    ("amount", [2, 5], 1e17, "too_large", ["amount", 2, "order_id=3", "order_id=6"]),
    ("order_date", [5], pd.Timestamp("2026-06-18"), "after", ["order_date", 1, "order_id=6", "2026-06-17"]),
])  # fmt: skip
def test_a_faulty_line(kind, orders, column, rows, value, key, told, tmp_path):
    orders.loc[rows, column] = value
    check(caught(DataError, KINDS[kind](orders, tmp_path)), key, *told)


@every_kind
def test_at_most_three_rows_are_told(kind, orders, tmp_path):
    orders["amount"] += 0.001
    message = caught(DataError, KINDS[kind](orders, tmp_path)).message("en")
    assert message.count("order_id=") == 3
    assert "6 rows" in message


@every_kind
@pytest.mark.parametrize(("refund", "key"), [(-1.0, "refund_negative"), (0.001, "decimals"), (1e17, "too_large")])
def test_a_faulty_refund(kind, orders, refund, key, tmp_path):
    orders["back"] = [0, refund, None, 0, 0, 0]
    check(caught(DataError, KINDS[kind](orders, tmp_path), refund="back"), key, "back", 1, "order_id=2")


@every_kind
def test_missing_columns(kind, orders, tmp_path):
    wide = KINDS[kind](orders.drop(columns=["amount", "order_date"]), tmp_path)
    check(caught(DataError, wide), "missing_column", "'order_date', 'amount'", "'customer_id', 'order_id'")


@every_kind
def test_two_currencies(kind, orders, tmp_path):
    mixed = orders.assign(money=["CNY", "USD", "USD", "EUR", None, "CNY"])
    error = caught(DataError, KINDS[kind](mixed, tmp_path), currency_column="money")
    check(error, "currencies", "money", 4, "CNY", "'EUR': 1", "'USD': 2")
    dollars = KINDS[kind](orders.assign(money="USD"), tmp_path)
    check(caught(DataError, dollars, currency_column="money"), "currencies", "'USD': 6")
    assert type_customers(dollars, as_of=AS_OF, currency="USD", currency_column="money").rows_used == 6


@every_kind
def test_an_unknown_state(kind, orders, tmp_path):
    orders["status"] = ["completed", "lost", "lost", None, "paid", "paid"]
    error = caught(DataError, KINDS[kind](orders, tmp_path), state="status")
    check(error, "unknown_state", "status", 3, "'lost': 2", "completed", "cancelled", "valid_states")
    orders["status"] = pd.Series([None] * 6, dtype="string")
    check(caught(DataError, KINDS[kind](orders, tmp_path), state="status"), "unknown_state", "status", 6, "None: 6")


@every_kind
def test_an_order_of_two_customers(kind, orders, tmp_path):
    orders.loc[2, "order_id"] = "1"
    check(caught(DataError, KINDS[kind](orders, tmp_path)), "order_of_two", "order_id", 1, "order_scope")


@every_kind
def test_no_valid_order(kind, orders, tmp_path):
    orders["status"] = "cancelled"
    check(caught(DataError, KINDS[kind](orders, tmp_path), state="status"), "no_valid_order", 6, "2026-06-17")
    old = KINDS[kind](orders, tmp_path)
    check(caught(DataError, old, window=10), "no_valid_order", 6, 10)


@every_kind
def test_no_rows(kind, orders, tmp_path):
    check(caught(DataError, KINDS[kind](orders.iloc[:0], tmp_path)), "no_rows")


@pytest.mark.parametrize("nothing", [None, 3, [1, 2], {"a": [1]}, np.zeros((3, 4)), pd.Series([1.0])])
def test_no_frame(nothing):
    check(caught(DataError, nothing), "no_frame", type(nothing).__name__)


def test_columns_of_one_name(orders):
    check(caught(DataError, pd.concat([orders, orders[["amount"]]], axis=1)), "same_columns")


@pytest.mark.parametrize(("column", "values", "key"), [
    ("customer_id", [1.0, 1.0, 2.0, 2.0, 3.0, 3.0], "float_id"),
    ("order_id", pd.Series([1.5, 2, 3, 4, 5, 6], dtype=object), "float_id"),
    ("order_id", pd.array([1, 2, 3, 4, 5, 6], dtype="Float64"), "float_id"),
    ("customer_id", pd.Series([1, "1", 2, 2, 3, 3], dtype=object), "mixed_id"),
    ("customer_id", pd.Series([2**70] * 6, dtype=object), "mixed_id"),
    ("customer_id", [True, True, False, False, True, True], "mixed_id"),
    ("customer_id", pd.Series([b"a"] * 6, dtype=object), "mixed_id"),
    ("order_date", ["2026-06-01"] * 6, "not_a_date"),
    ("order_date", pd.Series(["2026-06-01", 3, 4, 5, 6, 7], dtype=object), "not_a_date"),
    ("order_date", [20260601] * 6, "not_a_date"),
    ("order_date", pd.to_timedelta([1] * 6, unit="D"), "not_a_date"),
    ("order_date", pd.period_range("2026-01-01", periods=6, freq="D"), "not_a_date"),
    ("amount", ["1.0"] * 6, "not_a_number"),
    ("amount", [True] * 6, "not_a_number"),
    ("amount", [1j] * 6, "not_a_number"),
    ("amount", pd.Series([1, "x", 2, 3, 4, 5], dtype=object), "not_a_number"),
])  # fmt: skip
def test_a_column_of_the_wrong_type(orders, column, values, key):
    check(caught(DataError, orders.assign(**{column: values})), key, column)


@every_kind
def test_float_ids_and_text_dates_on_every_kind(kind, orders, tmp_path):
    if kind != "csv":
        floats = KINDS[kind](orders.assign(customer_id=[1.0] * 6), tmp_path)
        check(caught(DataError, floats), "float_id", "customer_id")
        texts = KINDS[kind](orders.assign(order_date="2026-06-01"), tmp_path)
        check(caught(DataError, texts), "not_a_date", "order_date")
        numbers = KINDS[kind](orders.assign(status=1), tmp_path)
        check(caught(DataError, numbers, state="status"), "not_text", "status")


@pytest.mark.parametrize(("settings", "key", "told"), [
    ({"as_of": "17.06.2026"}, "as_of", "17.06.2026"),
    ({"as_of": None}, "as_of", "None"),
    ({"as_of": dt.datetime(2026, 6, 17, 9)}, "as_of", "09:00"),
    ({"window": 0}, "window", "0"),
    ({"window": True}, "window", "True"),
    ({"window": 30.0}, "window", "30.0"),
    ({"window": 10**7}, "window", "10000000"),
    ({"population": "all"}, "choice", "window, history"),
    ({"refunds": "gross"}, "choice", "net, drop, ignore, refuse"),
    ({"order_scope": "shop"}, "choice", "all, customer"),
    ({"split": "mode"}, "choice", "mean, median, quantile"),
    ({"split": None}, "choice", "None"),
    ({"split": {"recency_days": 3}}, "fixed_split", "recency_days, frequency, monetary"),
    ({"split": {"recency_days": 3, "frequency": 1.5, "monetary": 2}}, "fixed_split", "1.5"),
    ({"currency": "RMB"}, "currency", "RMB"),
    ({"time_zone": "Asia/Shang'hai"}, "time_zone", "Shang'hai"),
    ({"time_zone": ""}, "time_zone", "''"),
    ({"names": {"R↓F↑M↑": "best"}}, "names", "R↓F↑M↑"),
    ({"customer": "order_id"}, "same_column", "order_id"),
    ({"customer": 0}, "column_name", "0"),
    ({"amount": ""}, "column_name", "''"),
])  # fmt: skip
def test_a_setting_that_cannot_be_used(orders, settings, key, told):
    check(caught(ParameterError, orders, **settings), key, told)


@pytest.mark.parametrize("name", ["type", "frequency", "r_mark", "m_score"])
def test_a_customer_column_with_a_name_of_the_result(orders, name):
    renamed = orders.rename(columns={"customer_id": name})
    check(caught(ParameterError, renamed, customer=name), "name_taken", name)
