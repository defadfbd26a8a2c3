"""The response queue: the planted order, the bound on the wait for any pattern of arrivals, and strict that starves."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.care import busy_day, compare_queues, longest_possible_waits, simulate_queue
from crmlab.care.queue import HEAD_START, RULES
from crmlab.errors import DataError, ParameterError

NINE = pd.Timestamp("2026-06-18 09:00")


def tickets(*rows):
    """(ticket_id, tier, minute of arrival, minutes of work)"""
    made = pd.DataFrame(rows, columns=["ticket_id", "value_tier", "minute", "work"])
    times = NINE + pd.to_timedelta(made["minute"], unit="min")
    return made.assign(opened_at=times, seconds=made["work"] * 60)


PLANTED = tickets(
    ("first", "low", 0, 10), ("low", "low", 1, 10), ("mid", "mid", 2, 10), ("high", "high", 3, 10),
    ("late_high", "high", 62, 10), ("second", "high", 5, 10),
)  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "order"),
    [
        ("ageing", ["first", "high", "second", "mid", "low", "late_high"]),
        ("strict", ["first", "high", "second", "mid", "low", "late_high"]),
        ("fifo", ["first", "low", "mid", "high", "second", "late_high"]),
    ],
)
def test_the_planted_order(rule, order):
    done = simulate_queue(PLANTED, agents=("A1",), rule=rule)
    assert done["ticket_id"].tolist() == order
    assert done["wait_seconds"].iloc[0] == 0
    assert (done["started_at"] - done["opened_at"]).dt.total_seconds().tolist() == done["wait_seconds"].tolist()


def test_whoever_waited_an_hour_is_not_overtaken():
    old, fresh = ("old", "low", 0, 5), ("fresh", "high", 59, 5)
    blocked = [("block", "high", -1, 61), old]
    done = simulate_queue(tickets(*blocked, fresh), agents=("A1",))
    assert done["ticket_id"].tolist() == ["block", "fresh", "old"]
    done = simulate_queue(tickets(*blocked, ("fresh", "high", 60, 5)), agents=("A1",))
    assert done["ticket_id"].tolist() == ["block", "old", "fresh"]


def test_two_agents_work_at_the_same_time():
    rows = tickets(("a", "low", 0, 10), ("b", "low", 0, 3), ("c", "low", 0, 5), ("d", "low", 20, 5))
    done = simulate_queue(rows, agents=("A1", "A2"))
    assert done[["ticket_id", "agent", "wait_seconds"]].values.tolist() == [
        ["a", "A1", 0], ["b", "A2", 0], ["c", "A2", 180], ["d", "A1", 0],
    ]  # fmt: skip


ROWS = st.lists(
    st.tuples(st.sampled_from(["high", "mid", "low"]), st.integers(0, 7200), st.integers(1, 2400)),
    min_size=1,
    max_size=40,
)
HEADS = st.fixed_dictionaries({tier: st.integers(0, 90) for tier in ("high", "mid", "low")})


def queue_of(rows):
    made = pd.DataFrame(rows, columns=["value_tier", "arrival", "seconds"])
    made.insert(0, "ticket_id", [f"T{number:02}" for number in range(len(made))])
    return made.assign(opened_at=NINE + pd.to_timedelta(made["arrival"], unit="s"))


@settings(max_examples=60, deadline=None)
@given(ROWS, HEADS, st.integers(1, 4))
def test_no_wait_is_longer_than_its_bound_whatever_comes(rows, heads, agents):
    given_tickets = queue_of(rows)
    staff = tuple(f"A{number}" for number in range(agents))
    done = simulate_queue(given_tickets, agents=staff, head_start=heads).set_index("ticket_id")
    bounds = longest_possible_waits(given_tickets, agents=agents, head_start=heads).set_index("ticket_id")
    assert (done["wait_seconds"] <= bounds["bound_seconds"].loc[done.index]).all()
    start = done["arrival"] + done["wait_seconds"]
    ahead = done["value_tier"].map(heads) * 60
    for one in done.index:
        fixed = done["arrival"] - ahead > done.loc[one, "arrival"] - ahead[one]
        assert (start[fixed & (done["arrival"] > done.loc[one, "arrival"])] >= start[one]).all()
        tier = done["value_tier"] == done.loc[one, "value_tier"]
        assert (start[tier & (done["arrival"] > done.loc[one, "arrival"])] >= start[one]).all()


@settings(max_examples=25, deadline=None)
@given(ROWS, st.integers(1, 3), st.sampled_from(RULES), st.randoms(use_true_random=False))
def test_nobody_idles_while_somebody_waits_and_rows_have_no_order(rows, agents, rule, random):
    given_tickets = queue_of(rows)
    staff = tuple(f"A{number}" for number in range(agents))
    done = simulate_queue(given_tickets, agents=staff, rule=rule)
    start = done["arrival"] + done["wait_seconds"]
    end = start + done["seconds"]
    assert (done["wait_seconds"] >= 0).all()
    for moment, wait in zip(start, done["wait_seconds"], strict=True):
        if wait:
            assert ((start <= moment - 1) & (end > moment - 1)).sum() == agents
    for _, own in done.assign(start=start, end=end).sort_values("start").groupby("agent"):
        assert (own["start"].iloc[1:].to_numpy() >= own["end"].iloc[:-1].to_numpy()).all()
    mixed = given_tickets.sample(frac=1, random_state=random.randrange(1000))
    pd.testing.assert_frame_equal(simulate_queue(mixed, agents=staff, rule=rule), done)


def test_strict_priority_starves_and_ageing_does_not():
    stream = [(f"h{minute:03}", "high", minute, 1) for minute in range(600)]
    rows = tickets(("block", "high", -1, 2), ("poor", "low", 0, 1), *stream)
    waits = {
        rule: simulate_queue(rows, agents=("A1",), rule=rule).set_index("ticket_id").loc["poor", "wait_seconds"]
        for rule in RULES
    }
    bound = longest_possible_waits(rows, agents=1).set_index("ticket_id").loc["poor", "bound_seconds"]
    assert waits["fifo"] == 2 * 60
    assert waits["ageing"] == 61 * 60
    assert waits["ageing"] <= bound < 65 * 60
    assert waits["strict"] == 601 * 60


def test_a_bound_by_hand():
    rows = tickets(("a", "low", 0, 30), ("b", "low", 10, 5), ("c", "high", 69, 7), ("d", "high", 70, 7))
    bounds = longest_possible_waits(rows, agents=1).set_index("ticket_id")["bound_seconds"] / 60
    assert bounds.to_dict() == {"a": 0, "b": 20 + 7, "c": 0, "d": 6}


def test_the_three_rules_side_by_side(shop, result):
    from crmlab.grouping import value_tiers

    rows = busy_day(shop.table("service_records"), value_tiers(result), day=dt.date(2026, 6, 18), tickets=300)
    found = compare_queues(rows, agents=("A1", "A2", "A3"))
    assert found["rule"].unique().tolist() == list(RULES)
    assert (found.groupby("rule")["tickets"].sum() == 300).all()
    low = found[found["value_tier"] == "low"].set_index("rule")["longest_wait"]
    assert low["strict"] > low["ageing"] >= 0
    ageing = found[found["rule"] == "ageing"]
    assert (ageing["longest_wait"] <= ageing["bound"]).all()
    assert found.loc[found["rule"] != "ageing", "bound"].isna().all()
    assert (found["median_wait"] <= found["p90_wait"]).all()
    assert (found["p90_wait"] <= found["longest_wait"]).all()
    done = simulate_queue(rows, agents=("A1", "A2", "A3"))
    waits = sorted(done.loc[done["value_tier"] == "high", "wait_seconds"] / 60)
    high = ageing.set_index("value_tier").loc["high"]
    assert high["p90_wait"] == waits[-(-9 * len(waits) // 10) - 1]


def test_a_busy_day_is_the_same_for_the_same_seed(shop, result):
    from crmlab.grouping import value_tiers

    records, tiers, day = shop.table("service_records"), value_tiers(result), dt.date(2026, 6, 18)
    rows = busy_day(records, tiers, day=day, tickets=50, seed=3)
    shuffled = busy_day(records.sample(frac=1, random_state=1), tiers, day=day, tickets=50, seed=3)
    pd.testing.assert_frame_equal(rows, shuffled)
    assert rows["opened_at"].between("2026-06-18 09:00", "2026-06-18 20:00").all()
    assert not rows.equals(busy_day(records, tiers, day=day, tickets=50, seed=4))
    with pytest.raises(ParameterError, match="0"):
        busy_day(records, tiers, day=day, tickets=0)
    with pytest.raises(DataError, match="service"):
        busy_day(records.iloc[:0], tiers, day=day)


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"agents": ()}, ParameterError, "agents"),
        ({"rule": "random"}, ParameterError, "random"),
        ({"head_start": {"high": 60, "mid": 20}}, ParameterError, "low"),
        ({"head_start": HEAD_START | {"low": -1}}, ParameterError, "-1"),
        ({"head_start": HEAD_START | {"low": 1.5}}, ParameterError, "1.5"),
        ({"tickets": PLANTED.drop(columns="seconds")}, DataError, "seconds"),
        ({"tickets": PLANTED.assign(seconds=0)}, DataError, "6"),
        ({"tickets": PLANTED.assign(ticket_id="same")}, DataError, "5"),
        ({"tickets": PLANTED.assign(value_tier=None)}, DataError, "first"),
    ],
)
def test_what_cannot_be_simulated(change, error, told):
    given_tickets = {"tickets": PLANTED, "agents": ("A1",)} | change
    with pytest.raises(error, match=told):
        simulate_queue(given_tickets.pop("tickets"), **given_tickets)
