"""The points ledger: never below zero, always the sum of its entries, the same thing twice changes nothing."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.errors import DataError
from crmlab.loyalty import Ledger, check_ledger, open_scheme
from crmlab.loyalty.checking import INVARIANTS

RULES = open_scheme().points
START = date(2024, 1, 31)
OPERATIONS = st.lists(
    st.tuples(
        st.integers(0, 150),
        st.sampled_from(["earn", "earn", "spend", "refund"]),
        st.sampled_from("ab"),
        st.integers(0, 4),
        st.integers(0, 40),
    ),
    max_size=20,
)


class Coins:
    """Every point as a coin of its own, as one would do it with coins on a table."""

    def __init__(self):
        self.coins = {"a": [], "b": []}
        self.debt = {"a": 0, "b": 0}
        self.claims = {}
        self.spends = {}

    def move(self, day):
        for coins in self.coins.values():
            for coin in coins:
                if coin["place"] == "purse" and coin["ends"] <= day:
                    coin["place"] = "ended"

    def purse(self, who):
        return [coin for coin in self.coins[who] if coin["place"] == "purse"]

    def earn(self, who, order, points, day):
        if (who, order) in self.claims or not points:
            return
        self.claims[who, order] = 0
        ends = day.replace(year=day.year + 1, day=min(day.day, 28) if day.month == 2 else day.day)
        self.coins[who] += [{"order": order, "ends": ends, "place": "purse"} for _ in range(points)]
        for coin in self.purse(who)[: self.debt[who]]:
            coin["place"] = "paid"
            self.debt[who] -= 1

    def spend(self, who, points):
        for coin in self.purse(who)[:points]:
            coin["place"] = "spent"

    def refund(self, who, order, stays):
        own = [coin for coin in self.coins[who] if coin["order"] == order]
        for _ in range(len(own) - self.claims.get((who, order), 0) - stays):
            self.claims[who, order] += 1
            mine = [coin for coin in own if coin["place"] == "purse"]
            ended = [coin for coin in own if coin["place"] == "ended"]
            if mine or ended:
                (mine or ended)[0]["place"] = "back"
            elif self.purse(who):
                self.purse(who)[0]["place"] = "back"
            else:
                self.debt[who] += 1


def play(operations):
    """The operations on a ledger and on coins; their balances are compared after each."""
    ledger, coins, day = Ledger(RULES), Coins(), START
    for step, (days, kind, who, order, number) in enumerate(operations):
        day += timedelta(days=days)
        if kind == "spend":
            coins.move(day)
            if not 1 <= number <= len(coins.purse(who)):
                with pytest.raises(DataError):
                    ledger.spend(who, number, on=day, reference=step)
                ledger.move(day)
            else:
                for _ in range(2):
                    ledger.spend(who, number, on=day, reference=step)
                coins.spend(who, number)
        else:
            coins.move(day)
            for _ in range(2):
                (ledger.earn if kind == "earn" else ledger.refund)(who, order, number * 100 + 99, on=day)
            coins.earn(who, order, number, day) if kind == "earn" else coins.refund(who, order, number)
        assert [ledger.balance(one) for one in "ab"] == [len(coins.purse(one)) for one in "ab"]
    return ledger, coins


@settings(max_examples=40, deadline=None)
@given(OPERATIONS)
def test_the_ledger_is_what_coins_on_a_table_would_be(operations):
    ledger, coins = play(operations)
    log = ledger.frame()
    assert check_ledger(log).empty
    for who in "ab":
        own = log[log["customer_id"] == who]
        assert (own["points"].cumsum() == own["balance"]).all()
        assert (own["balance"] >= 0).all()
        assert not len(own) or own["debt"].iloc[-1] == coins.debt[who]


@settings(max_examples=15, deadline=None)
@given(OPERATIONS)
def test_a_ledger_goes_on_from_its_log(operations):
    log = play(operations)[0].frame()
    again = Ledger.of(log, RULES)
    pd.testing.assert_frame_equal(again.frame(), log)
    for ledger in (again, play(operations)[0]):
        ledger.move(START + timedelta(days=5000))
        assert [ledger.balance(who) for who in "ab"] == [0, 0]


def test_on_every_day_the_balance_is_the_sum_of_the_entries_so_far():
    ledger = example()
    log = ledger.frame()
    for day in pd.date_range("2026-01-05", ledger.until, freq="14D"):
        sums = log[log["on"] <= day].groupby("customer_id")["points"].sum()
        assert ledger.balances(day.date()).set_index("customer_id")["balance"].to_dict() == sums.to_dict()


def example():
    ledger = Ledger(RULES)
    ledger.earn("a", "1", 30_000, on=date(2026, 1, 5))
    ledger.earn("b", "2", 20_000, on=date(2026, 1, 6))
    ledger.spend("a", 250, on=date(2026, 2, 1), reference="cup")
    ledger.refund("a", "1", 10_000, on=date(2026, 2, 3))
    ledger.earn("a", "3", 40_000, on=date(2026, 3, 1))
    ledger.move(date(2027, 3, 1))
    return ledger


def test_spent_points_that_a_refund_calls_back_are_owed_and_paid_by_the_next_order():
    log = example().frame()
    assert log.loc[log["customer_id"] == "a", ["kind", "points", "balance", "debt", "claimed"]].values.tolist() == [
        ["earn", 300, 300, 0, 0],
        ["spend", -250, 50, 0, 0],
        ["reverse", -50, 0, 150, 200],
        ["earn", 400, 400, 150, 0],
        ["reverse", -150, 250, 0, 0],
        ["expire", -250, 0, 0, 0],
    ]


def test_points_end_on_their_day_and_not_the_day_before():
    ledger = Ledger(RULES)
    ledger.earn("a", "1", 10_000, on=date(2026, 1, 5))
    ledger.move(date(2027, 1, 4))
    assert ledger.balance("a") == 100
    ledger.move(date(2027, 1, 5))
    assert ledger.balance("a") == 0
    with pytest.raises(DataError, match="0"):
        ledger.spend("a", 1, on=date(2027, 1, 5), reference="late")


def test_a_spend_on_the_day_on_which_points_end_finds_none():
    ledger = Ledger(RULES)
    ledger.earn("a", "1", 10_000, on=date(2026, 1, 5))
    with pytest.raises(DataError):
        ledger.spend("a", 1, on=date(2027, 1, 5), reference="late")
    assert len(ledger) == 1


def test_the_whole_balance_can_be_spent_and_an_order_earns_once():
    ledger = Ledger(RULES)
    for _ in range(2):
        ledger.earn("a", "1", 10_000, on=date(2026, 1, 5))
    assert ledger.balance("a") == 100
    ledger.spend("a", 100, on=date(2026, 1, 5), reference="cup")
    assert ledger.balance("a") == 0


def test_points_that_end_first_are_spent_first():
    ledger = Ledger(RULES)
    ledger.earn("a", "old", 10_000, on=date(2026, 1, 5))
    ledger.earn("a", "new", 10_000, on=date(2026, 6, 5))
    ledger.spend("a", 100, on=date(2026, 7, 1), reference="cup")
    ledger.move(date(2027, 1, 5))
    assert ledger.balance("a") == 100
    assert ledger.frame()["kind"].tolist() == ["earn", "earn", "spend"]


def test_a_refund_after_the_points_have_ended_takes_nothing_more():
    ledger = Ledger(RULES)
    ledger.earn("a", "1", 10_000, on=date(2025, 1, 5))
    ledger.earn("a", "2", 10_000, on=date(2025, 12, 5))
    ledger.refund("a", "1", 0, on=date(2026, 2, 1))
    last = ledger.frame().iloc[-1]
    assert (last["kind"], last["points"], last["claimed"], last["balance"], last["debt"]) == ("reverse", 0, 100, 100, 0)


def test_refunds_of_parts_add_up_to_the_refund_of_all():
    for cuts in ([9_999, 5_001, 333, 0], [0], [5_050, 0]):
        ledger = Ledger(RULES)
        ledger.earn("a", "1", 10_050, on=date(2026, 1, 5))
        for left in cuts:
            ledger.refund("a", "1", left, on=date(2026, 1, 6))
        assert ledger.frame()["points"].sum() == 0


def test_what_cannot_be_entered_is_refused_and_changes_nothing():
    ledger = example()
    before = ledger.frame()
    tries = (
        lambda: ledger.spend("a", 1, on=date(2027, 2, 28), reference="x"),
        lambda: ledger.earn("a", "9", 100, on=date(2027, 2, 28)),
        lambda: ledger.spend("a", 0, on=ledger.until, reference="x"),
        lambda: ledger.spend("a", 5, on=ledger.until, reference="cup"),
        lambda: ledger.spend("nobody", 5, on=date(2030, 1, 1), reference="x"),
        lambda: ledger.balances(date(2027, 3, 2)),
    )
    for do in tries:
        with pytest.raises(DataError):
            do()
    pd.testing.assert_frame_equal(ledger.frame(), before)
    assert ledger.until == date(2027, 3, 1)


def put(place, **cells):
    def change(log):
        return log.assign(**{name: log[name].where(log.index != place, value) for name, value in cells.items()})

    return change


BREAKS = {
    "entries": (9, put(2, entry=9)),
    "days": (5, put(4, on=pd.Timestamp("2026-01-31"))),
    "kind": (1, put(0, kind="gift")),
    "sign": (3, put(2, points=250)),
    "balance": (3, put(2, balance=60)),
    "negative": (3, put(2, balance=-5)),
    "debt": (4, put(3, debt=151)),
    "debt_first": (5, lambda log: log.drop(index=5)),
    "twice": (5, put(4, reference="1")),
    "early": (7, put(6, on=pd.Timestamp("2027-01-05"))),
    "overdue": (3, put(0, expires_on=pd.Timestamp("2026-01-20"))),
    "claimed": (4, put(3, claimed=301)),
    "expired": (7, put(6, points=-201)),
}


@pytest.mark.parametrize("invariant", INVARIANTS)
def test_each_invariant_is_found_where_it_is_broken(invariant):
    entry, change = BREAKS[invariant]
    found = check_ledger(change(example().frame()))
    assert entry in found.loc[found["invariant"] == invariant, "entry"].tolist()


def test_a_row_taken_out_of_the_log_is_seen():
    log = example().frame()
    assert "entries" in check_ledger(log.drop(index=3))["invariant"].tolist()


def test_a_changed_log_does_not_go_on():
    log = example().frame()
    log.loc[2, ["points", "balance"]] = [-200, 100]
    with pytest.raises(DataError, match="check_ledger"):
        Ledger.of(log, RULES)


def test_an_empty_ledger_has_nothing_wrong():
    log = Ledger(RULES, customer="buyer").frame()
    assert check_ledger(log, customer="buyer").empty
    assert len(Ledger.of(log, RULES, customer="buyer")) == 0


def test_a_log_that_is_none_is_refused_in_words():
    log = example().frame()
    with pytest.raises(DataError, match="debt"):
        check_ledger(log.drop(columns="debt"))
    with pytest.raises(DataError, match="points"):
        check_ledger(log.assign(points=log["points"] + 0.5))
    with pytest.raises(DataError, match="expires_on"):
        check_ledger(log.assign(expires_on="2026"))


@pytest.mark.parametrize(("key", "do"), [
    ("loyalty_day", lambda ledger: ledger.earn("a", "1", 100, on=pd.Timestamp("2026-01-05"))),
    ("loyalty_day", lambda ledger: ledger.spend("a", 1, on=datetime(2026, 1, 5, 9), reference="x")),
    ("loyalty_day", lambda ledger: ledger.move("2026-01-05")),
    ("loyalty_money", lambda ledger: ledger.earn("a", "1", float("nan"), on=date(2026, 1, 5))),
    ("loyalty_money", lambda ledger: ledger.earn("a", "1", 99.9, on=date(2026, 1, 5))),
    ("loyalty_money", lambda ledger: ledger.refund("a", "1", "100", on=date(2026, 1, 5))),
    ("loyalty_points_number", lambda ledger: ledger.spend("a", True, on=date(2026, 1, 5), reference="x")),
    ("loyalty_points_number", lambda ledger: ledger.spend("a", -5, on=date(2026, 1, 5), reference="x")),
])  # fmt: skip
def test_days_money_and_points_of_another_kind_are_refused_in_words_and_change_nothing(key, do):
    ledger = Ledger(RULES)
    with pytest.raises(DataError) as caught:
        do(ledger)
    assert caught.value.key == key
    assert (len(ledger), ledger.until) == (0, None)
    assert all(caught.value.message(lang) for lang in ("zh", "en"))


def test_money_as_numpy_counts_it_is_money():
    ledger = Ledger(RULES)
    ledger.earn("a", "1", np.int64(10_000), on=date(2026, 1, 5))
    assert ledger.balance("a") == 100
