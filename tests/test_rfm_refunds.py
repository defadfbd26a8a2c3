"""States and refunds: what counts for R, for F and for M, and where every line goes."""

import pandas as pd
import pytest
from golden import AS_OF
from kinds import KINDS, as_pandas

from crmlab import DataError, ParameterError, type_customers

every_kind = pytest.mark.parametrize("kind", KINDS)


def order_lines(*lines: tuple) -> pd.DataFrame:
    """Lines of customer, order, day, amount, refund, day of the refund; x is a bystander whose order counts."""
    names = ["customer_id", "order_id", "order_date", "amount", "refund", "refund_day"]
    frame = pd.DataFrame([("x", "x1", "2026-06-10", 50, None, None), *lines], columns=names)
    times = {name: pd.to_datetime(frame[name]) for name in ("order_date", "refund_day")}
    return frame.assign(**times, amount=frame["amount"].astype(float), refund=frame["refund"].astype(float))


def values(kind, folder, orders, customer="a", **settings):
    """R, F and M of one customer, or None; and the lines left out."""
    given = {name: name for name in ("refund", "refund_date") if name in settings}
    given = {"refund": "refund", "refund_date": "refund_day"} | given
    result = type_customers(KINDS[kind](orders, folder), as_of=AS_OF, **given, **settings)
    assert result.rows_in == len(orders) == result.rows_used + sum(result.rows_left_out.values())
    table = as_pandas(result.table).set_index("customer_id")
    found = tuple(table.loc[customer, ["recency_days", "frequency", "monetary"]]) if customer in table.index else None
    return found, result.rows_left_out


OLD, NEW = ("a", "1", "2026-05-01", 80), ("a", "2", "2026-06-01", 20)
OLD_ONLY, BOTH = (47, 1, 8000), (16, 2, 10000)


@every_kind
@pytest.mark.parametrize(("refunded", "policy", "expected", "left_out"), [
    ((20, "2026-06-05"), "net", (16, 2, 8000), {}),
    ((20, "2026-06-05"), "drop", OLD_ONLY, {"refunded": 1}),
    ((20, "2026-06-05"), "ignore", BOTH, {}),
    ((5, "2026-06-05"), "net", (16, 2, 9500), {}),
    ((5, "2026-06-05"), "drop", (16, 2, 9500), {}),
    ((20, "2026-06-17"), "drop", OLD_ONLY, {"refunded": 1}),
    ((20, "2026-06-18"), "net", BOTH, {}),
    ((20, "2026-06-18"), "drop", BOTH, {}),
    ((20, None), "net", (16, 2, 8000), {}),
    ((0, "2026-06-05"), "drop", BOTH, {}),
    ((None, None), "drop", BOTH, {}),
])  # fmt: skip
def test_a_refund_column(kind, refunded, policy, expected, left_out, tmp_path):
    orders = order_lines((*OLD, None, None), (*NEW, *refunded))
    assert values(kind, tmp_path, orders, refunds=policy) == (expected, left_out)


@every_kind
@pytest.mark.parametrize(("policy", "expected", "left_out"), [
    ("net", (16, 2, 8000), {}),
    ("drop", OLD_ONLY, {"refunded": 2}),
    ("ignore", BOTH, {"refund_line": 1}),
])  # fmt: skip
def test_a_negative_line_in_the_order_refunds_it(kind, policy, expected, left_out, tmp_path):
    orders = order_lines((*OLD, None, None), (*NEW, None, None), ("a", "2", "2026-06-15", -20, None, None))
    assert values(kind, tmp_path, orders, refunds=policy) == (expected, left_out)


@every_kind
@pytest.mark.parametrize(("policy", "expected", "left_out"), [
    ("net", (16, 2, 8000), {}),
    ("drop", (16, 2, 8000), {}),
    ("ignore", BOTH, {"refund_line": 1}),
])  # fmt: skip
def test_a_credit_note_with_its_own_number_lowers_money_and_is_no_purchase(kind, policy, expected, left_out, tmp_path):
    orders = order_lines((*OLD, None, None), (*NEW, None, None), ("a", "note", "2026-06-15", -20, None, None))
    assert values(kind, tmp_path, orders, refunds=policy) == (expected, left_out)


@every_kind
def test_an_order_worth_nothing_is_an_order(kind, tmp_path):
    orders = order_lines((*OLD, None, None), ("a", "2", "2026-06-01", 0, None, None))
    for policy in ("net", "drop", "ignore"):
        assert values(kind, tmp_path, orders, refunds=policy) == ((16, 2, 8000), {})


@every_kind
def test_a_customer_with_only_a_credit_note_is_not_typed(kind, tmp_path):
    orders = order_lines(("a", "note", "2026-06-15", -20, None, None))
    assert values(kind, tmp_path, orders) == (None, {"no_purchase": 1})


def test_a_later_refund_of_a_free_order_does_not_drop_it(tmp_path):
    orders = order_lines(("a", "1", "2026-06-01", 0, 5, "2026-07-01"))
    assert values("pandas", tmp_path, orders, refunds="drop") == ((16, 1, 0), {})


def test_a_refund_dated_in_the_window_does_not_bring_an_old_order_into_it(tmp_path):
    orders = order_lines(("a", "1", "2026-01-01", 20, None, None), ("a", "1", "2026-06-15", -20, None, None))
    assert values("pandas", tmp_path, orders, window=30) == (None, {"before_window": 2})


@every_kind
def test_refuse_tells_which_lines(kind, tmp_path):
    for line, column in ((("a", "9", "2026-06-01", -3, None, None), "amount"), ((*NEW, 5, None), "refund")):
        orders = KINDS[kind](order_lines((*OLD, None, None), line), tmp_path)
        with pytest.raises(DataError) as caught:
            type_customers(orders, as_of=AS_OF, refund="refund", refund_date="refund_day", refunds="refuse")
        assert caught.value.key == "refunds_there"
        assert (caught.value.values["column"], caught.value.values["count"]) == (column, 1)
    plain = order_lines((*OLD, 0, None))
    assert type_customers(plain, as_of=AS_OF, refund="refund", refunds="refuse").orders_used == 2


@every_kind
def test_states_that_do_not_count_are_left_out_by_name(kind, tmp_path, small):
    states = ["completed", "cancelled", "paid", "unpaid", "shipped", "cancelled"]
    orders = KINDS[kind](small.assign(status=states), tmp_path)
    result = type_customers(orders, as_of=AS_OF, state="status")
    assert result.rows_left_out == {"state.cancelled": 2, "state.unpaid": 1}
    assert (result.rows_used, result.orders_used) == (3, 3)
    table = as_pandas(result.table)
    assert table["monetary"].tolist() == [100, 300, 500]


def test_own_states_and_their_order_of_words(small):
    orders = small.assign(status=["已发货", "退货", "已发货", "已发货", "已发货", "退货"])
    result = type_customers(
        orders, as_of=AS_OF, state="status", valid_states=("已发货",), left_out_states=("退货", "作废")
    )
    assert result.rows_left_out == {"state.退货": 2}
    assert "状态为“退货”" in result.describe("zh")


def test_without_a_state_column_every_line_counts(small):
    result = type_customers(small.assign(state="cancelled"), as_of=AS_OF)
    assert result.rows_used == 6
    assert result.settings.valid_states == ()


@pytest.mark.parametrize(("settings", "key"), [
    ({"valid_states": "completed"}, "states"),
    ({"valid_states": (1, 2)}, "states"),
    ({"valid_states": ("completed", "cancelled")}, "states_both"),
])  # fmt: skip
def test_states_that_cannot_be_meant(small, settings, key):
    with pytest.raises(ParameterError) as caught:
        type_customers(small.assign(status="completed"), as_of=AS_OF, state="status", **settings)
    assert caught.value.key == key


@every_kind
def test_order_numbers_within_a_customer(kind, tmp_path, small):
    orders = KINDS[kind](small.assign(order_id=["1", "2"] * 3), tmp_path)
    result = type_customers(orders, as_of=AS_OF, order_scope="customer")
    assert result.orders_used == 6
    with pytest.raises(DataError) as caught:
        type_customers(orders, as_of=AS_OF)
    assert caught.value.key == "order_of_two"
    assert (caught.value.values["count"], caught.value.values["first"]) == (2, "1, 2")


@every_kind
def test_identical_lines_are_counted_and_kept(kind, tmp_path, small):
    doubled = pd.concat([small, small.iloc[[0, 0, 5]]], ignore_index=True).assign(note="same")
    result = type_customers(KINDS[kind](doubled, tmp_path), as_of=AS_OF)
    assert result.identical_lines == 3
    assert as_pandas(result.table)["monetary"].tolist() == [500, 700, 1700]
    assert as_pandas(result.table)["frequency"].tolist() == [2, 2, 2]
    doubled.loc[8, "note"] = "another column differs"
    assert type_customers(KINDS[kind](doubled, tmp_path), as_of=AS_OF).identical_lines == 2
