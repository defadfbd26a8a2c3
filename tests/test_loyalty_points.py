"""Points from orders: every order comes out somewhere, on every engine, in one go or in several."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from crmlab import type_customers
from crmlab.errors import DataError
from crmlab.loyalty import Ledger, add_orders, check_ledger, open_scheme, points_from_orders

RULES = open_scheme().points
COLUMNS = {"customer": "buyer", "order": "number", "date": "bought_on", "amount": "paid", "state": "state",
           "refund": "back", "refund_date": "back_on"}  # fmt: skip


def lines(*rows):
    frame = pd.DataFrame(rows, columns=["buyer", "number", "bought_on", "paid", "state", "back", "back_on"])
    days = {name: pd.to_datetime(frame[name]).astype("datetime64[us]") for name in ("bought_on", "back_on")}
    return frame.assign(**days, back=frame["back"].astype("float64"))


SHOP = lines(
    ("a", "1", "2026-01-05", 120.60, "completed", None, None),
    ("a", "1", "2026-01-05", 79.60, "completed", 79.60, "2026-02-01"),
    ("a", "2", "2026-03-01", 55.50, "shipped", None, None),
    ("b", "3", "2026-03-02", 0.99, "completed", None, None),
    ("b", "4", "2026-03-03", 10.00, "cancelled", None, None),
    ("b", "5", "2026-03-04", 30.00, "completed", 10.0, None),
)


def typed(orders, as_of="2026-06-17", **columns):
    return type_customers(orders, as_of=as_of, **(columns or COLUMNS))


def entries(ledger):
    return ledger.frame()[[ledger.customer_column, "on", "kind", "points", "reference"]].values.tolist()


def test_orders_earn_by_their_money_and_refunds_take_back():
    ledger = points_from_orders(typed(SHOP), RULES)
    day = pd.Timestamp
    assert entries(ledger) == [
        ["a", day("2026-01-05"), "earn", 200, "1"],
        ["a", day("2026-02-01"), "reverse", -80, "1"],
        ["b", day("2026-03-04"), "earn", 30, "5"],
        ["b", day("2026-03-04"), "reverse", -10, "5"],
    ]


def test_two_refunds_of_one_order_add_up():
    twice = SHOP.assign(back=[60.0, *SHOP["back"][1:]], back_on=pd.to_datetime(["2026-03-01", *SHOP["back_on"][1:]]))
    found = entries(points_from_orders(typed(twice), RULES))
    assert [entry[3] for entry in found if entry[4] == "1"] == [200, -80, -60]


def test_refunds_of_one_day_add_up_whether_they_are_refunds_or_negative_lines():
    frame = lines(
        ("a", "1", "2026-01-05", 100.0, "completed", 30.0, "2026-02-01"),
        ("a", "1", "2026-01-05", 100.0, "completed", 20.0, "2026-02-01"),
        ("a", "1", "2026-02-01", -15.0, "completed", None, None),
    )
    assert [entry[1:4] for entry in entries(points_from_orders(typed(frame), RULES))] == [
        [pd.Timestamp("2026-01-05"), "earn", 200],
        [pd.Timestamp("2026-02-01"), "reverse", -65],
    ]


def test_a_refund_before_the_last_line_of_its_order_waits_until_the_order_has_earned():
    frame = lines(
        ("a", "1", "2026-01-05", 100.0, "completed", 30.0, "2026-01-07"),
        ("a", "1", "2026-01-09", 50.0, "completed", None, None),
    )
    assert [entry[1:4] for entry in entries(points_from_orders(typed(frame), RULES))] == [
        [pd.Timestamp("2026-01-09"), "earn", 150],
        [pd.Timestamp("2026-01-09"), "reverse", -30],
    ]


def test_more_money_back_than_was_paid_takes_no_more_points_than_were_earned():
    frame = lines(
        ("a", "1", "2026-01-05", 100.0, "completed", None, None),
        ("a", "1", "2026-01-09", -130.0, "completed", None, None),
    )
    log = points_from_orders(typed(frame), RULES).frame()
    assert log[["points", "claimed", "balance", "debt"]].values.tolist() == [[100, 0, 100, 0], [-100, 100, 0, 0]]


def test_an_order_that_lost_money_twice_has_not_grown():
    frame = lines(
        ("a", "1", "2026-01-05", 100.0, "completed", 30.0, "2026-02-01"),
        ("a", "1", "2026-01-05", 100.0, "completed", 20.0, "2026-03-01"),
    )
    ledger = points_from_orders(typed(frame), RULES)
    found = add_orders(ledger, typed(frame)).set_index("outcome")["orders"]
    assert (found["known"], found["grown"]) == (1, 0)
    assert [entry[3] for entry in entries(ledger)] == [200, -30, -20]


def test_every_order_comes_out_somewhere():
    ledger = Ledger(RULES, customer="buyer")
    found = add_orders(ledger, typed(SHOP)).set_index("outcome")["orders"].to_dict()
    assert found == {"earned": 2, "known": 0, "grown": 0, "state": 2, "no_purchase": 0, "no_points": 1}
    again = add_orders(ledger, typed(SHOP)).set_index("outcome")["orders"].to_dict()
    assert again == {"earned": 0, "known": 2, "grown": 0, "state": 2, "no_purchase": 0, "no_points": 1}
    assert len(ledger) == 4


def test_an_order_that_completes_or_is_cancelled_later_is_entered_then():
    ledger = points_from_orders(typed(SHOP, "2026-04-01"), RULES)
    later = SHOP.assign(state=["cancelled", "cancelled", "completed", *SHOP["state"][3:]])
    found = add_orders(ledger, typed(later)).set_index("outcome")["orders"]
    assert entries(ledger)[4:] == [
        ["a", pd.Timestamp("2026-04-01"), "earn", 55, "2"],
        ["a", pd.Timestamp("2026-06-17"), "reverse", -120, "1"],
    ]
    assert ledger.balances(date(2026, 6, 17))["balance"].tolist() == [55, 20]
    assert found["known"] == 2
    assert check_ledger(ledger.frame(), customer="buyer").empty


def test_an_order_that_has_grown_is_listed_and_gets_no_more():
    ledger = points_from_orders(typed(SHOP), RULES)
    found = add_orders(ledger, typed(SHOP.assign(paid=SHOP["paid"] + 5))).set_index("outcome")["orders"]
    assert (found["grown"], found["known"]) == (2, 0)
    assert found["earned"] == 1
    assert entries(ledger)[4:] == [["b", pd.Timestamp("2026-06-17"), "earn", 5, "3"]]


def test_a_negative_line_takes_back_from_its_order_and_one_without_an_order_is_listed():
    frame = pd.DataFrame({"customer_id": list("aab"), "order_id": ["1", "1", "2"], "amount": [100.0, -30.0, -5.0]})
    frame["order_date"] = pd.to_datetime(["2026-01-01", "2026-01-09", "2026-01-10"])
    result = type_customers(frame, as_of="2026-06-17")
    ledger = Ledger(RULES)
    found = add_orders(ledger, result).set_index("outcome")["orders"]
    assert (found["earned"], found["no_purchase"]) == (1, 1)
    assert entries(ledger) == [
        ["a", pd.Timestamp("2026-01-01"), "earn", 100, "1"],
        ["a", pd.Timestamp("2026-01-09"), "reverse", -30, "1"],
    ]


def test_spends_between_two_runs_stay_and_late_orders_come_on_the_clocks_day():
    ledger = points_from_orders(typed(SHOP), RULES, until=date(2026, 1, 20))
    ledger.spend("a", 200, on=date(2026, 3, 3), reference="cup")
    add_orders(ledger, typed(SHOP))
    assert entries(ledger)[1:] == [
        ["a", pd.Timestamp("2026-03-03"), "spend", -200, "cup"],
        ["a", pd.Timestamp("2026-03-03"), "reverse", 0, "1"],
        ["b", pd.Timestamp("2026-03-04"), "earn", 30, "5"],
        ["b", pd.Timestamp("2026-03-04"), "reverse", -10, "5"],
    ]
    assert ledger.balances(ledger.until)["debt"].tolist() == [80, 0]


def test_days_outside_are_refused():
    result = typed(SHOP)
    with pytest.raises(DataError, match="2026-06-18"):
        points_from_orders(result, RULES, until=date(2026, 6, 18))
    with pytest.raises(DataError, match="2026-06-17"):
        add_orders(points_from_orders(result, RULES), result, until=date(2026, 6, 1))


def test_half_up_rounds_the_order_once():
    rules = RULES.__class__(1, 100, "half_up", ("completed",), 12)
    ledger = points_from_orders(typed(SHOP), rules)
    assert [entry[3] for entry in entries(ledger)] == [200, -79, 1, 30, -10]


def test_the_teaching_shop_against_a_sum_by_hand(shop, result):
    ledger = Ledger(RULES)
    found = add_orders(ledger, result)
    orders = shop.orders
    assert found["orders"].sum() == orders["order_id"].nunique()
    done = orders[orders["state"] == "completed"]
    fen = (done["amount"] * 100).round().astype(int).groupby([done["customer_id"], done["order_id"]]).sum()
    back = (done["refund"].fillna(0) * 100).round().astype(int).groupby([done["customer_id"], done["order_id"]]).sum()
    log = ledger.frame()
    sums = log.groupby("kind")[["points", "claimed"]].sum()
    assert sums.loc["earn", "points"] == (fen // 100).sum()
    assert sums.loc["reverse", "claimed"] == (fen // 100).sum() - ((fen - back) // 100).sum()
    first_day = pd.Timestamp(shop.as_of) - pd.DateOffset(months=12)
    assert log.loc[log["kind"] == "expire", "on"].max() <= pd.Timestamp(shop.as_of)
    still = log[(log["kind"] == "earn") & (log["on"] > first_day)]["points"].sum()
    assert 0 < ledger.balances(shop.as_of)["balance"].sum() <= still
    assert check_ledger(log).empty
    pd.testing.assert_frame_equal(Ledger.of(log, RULES).frame(), log)


def test_several_runs_give_the_log_of_one(shop, result):
    whole = points_from_orders(result, RULES).frame()
    ledger = points_from_orders(result, RULES, until=date(2024, 12, 24))
    for until in (date(2025, 2, 28), date(2025, 12, 1), None):
        add_orders(ledger, result, until=until)
    pd.testing.assert_frame_equal(ledger.frame(), whole)


def test_rows_in_another_order_and_other_engines_give_the_same(tmp_path):
    import duckdb
    import polars
    import pyarrow

    draw = np.random.default_rng(3)
    frame = pd.concat([SHOP.assign(buyer=f"c{n}", number=SHOP["number"] + f"-{n}") for n in draw.integers(0, 40, 25)])
    frame = frame.drop_duplicates(["buyer", "number", "paid"]).reset_index(drop=True)
    wanted = points_from_orders(typed(frame), RULES).frame()
    frame.to_parquet(tmp_path / "orders.parquet")
    shuffled = frame.sample(frac=1, random_state=1)
    relation = duckdb.connect().from_df(frame)
    for given in (shuffled, polars.from_pandas(frame), pyarrow.Table.from_pandas(frame), relation,
                  tmp_path / "orders.parquet"):  # fmt: skip
        pd.testing.assert_frame_equal(points_from_orders(typed(given), RULES).frame(), wanted)


def test_four_columns_are_enough(random_orders):
    result = type_customers(random_orders, as_of="2026-06-17")
    ledger = points_from_orders(result, RULES)
    assert ledger.frame()["kind"].unique().tolist() == ["earn"]
    assert ledger.frame()["points"].sum() == (random_orders["amount"] * 100).round().astype(int).floordiv(100).sum()


def test_numbers_as_ids_are_kept_as_numbers(small):
    numbers = small.assign(customer_id=small["customer_id"].map(ord), order_id=small["order_id"].astype(int))
    result = type_customers(numbers, as_of="2026-06-17")
    ledger = points_from_orders(result, RULES)
    assert ledger.balance(ord("a")) == 3
    assert add_orders(ledger, result).set_index("outcome").loc["known", "orders"] == 6
    assert ledger.frame()["customer_id"].dtype == "int64"
