"""Who is answered next: by tier, and so that nobody waits for ever.

Each tier has a head start in minutes. The next ticket is the one with the smallest arrival − head start, so a ticket
gains on every later one while it waits (ageing), and within a tier the first comes first. Once a ticket has waited as
long as the largest difference of head starts, nobody who comes later is answered before it: hence a bound on its wait.
"Strict" always takes the higher tier and has no such bound; "fifo" takes the first.

The loop is a heap of fifteen lines. A simulation library such as SimPy would not make it shorter, and its clock of
floats would not keep ties exact.
"""

import heapq
from collections.abc import Mapping
from typing import TYPE_CHECKING

from crmlab.errors import DataError, ParameterError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

RULES = ("ageing", "fifo", "strict")
HEAD_START = {"high": 60, "mid": 20, "low": 0, "unknown": 0}
"""Minutes by value tier."""
NEEDED = ("ticket_id", "value_tier", "opened_at", "seconds")


def simulate_queue(
    tickets: "pd.DataFrame",
    *,
    agents: tuple[str, ...],
    rule: str = "ageing",
    head_start: Mapping[str, int] = HEAD_START,
) -> "pd.DataFrame":
    """Who answers each ticket and when, in the order in which they are taken up.

    Parameters
    ----------
    tickets : frame with ticket_id (once each), value_tier, opened_at (a time) and seconds (whole seconds of work, 1 or
        more); other columns are kept
    agents : codes of the staff; each works on one ticket at a time and takes the next as soon as there is one. Among
        free agents the first one of the list takes it
    rule : "ageing", "fifo", or "strict" (higher tier first, tiers in the order of their head starts)
    head_start : minutes by tier

    Returns
    -------
    the tickets with agent, started_at, and wait_seconds (from opened_at)

    Of tickets with equal arrival − head start the one that came first goes first, then the smaller id: the order of the
    rows changes nothing. Raises ParameterError for no agents, another rule, a tier without head start, a head start
    that is no whole number of 0 or more; DataError for a missing column, a blank, an id given twice, or work below 1 s.
    """
    import pandas as pd

    _check(tickets, agents, rule, head_start)
    rows = tickets.sort_values(["opened_at", "ticket_id"], ignore_index=True)
    arrivals, work = _seconds(rows), rows["seconds"].to_numpy("int64")
    keys = _keys(rows, arrivals, rule, head_start)
    starts, by = _run(arrivals.tolist(), work.tolist(), keys, len(agents))
    done = rows.assign(agent=[agents[place] for place in by], wait_seconds=pd.Series(starts, dtype="int64") - arrivals)
    done["started_at"] = done["opened_at"] + pd.to_timedelta(done["wait_seconds"], unit="s")
    return done.sort_values(["started_at", "ticket_id"], ignore_index=True)


def _run(arrivals: list[int], work: list[int], keys: list[tuple[int, ...]], agents: int) -> tuple[list[int], list[int]]:
    """When each ticket is taken up, and by whom: whoever is free takes the waiting ticket with the smallest key."""
    starts, by = [0] * len(arrivals), [0] * len(arrivals)
    idle, busy, waiting = list(range(agents)), [], []
    coming, now = 0, 0
    while coming < len(arrivals) or waiting:
        while waiting and idle:
            *_, ticket = heapq.heappop(waiting)
            starts[ticket], by[ticket] = now, heapq.heappop(idle)
            heapq.heappush(busy, (now + work[ticket], by[ticket]))
        if coming == len(arrivals) and not waiting:
            break
        next_free = busy[0][0] if busy else None
        next_come = arrivals[coming] if coming < len(arrivals) else None
        now = min(time for time in (next_free, next_come) if time is not None)
        while busy and busy[0][0] <= now:
            heapq.heappush(idle, heapq.heappop(busy)[1])
        while coming < len(arrivals) and arrivals[coming] <= now:
            heapq.heappush(waiting, (*keys[coming], coming))
            coming += 1
    return starts, by


def longest_possible_waits(
    tickets: "pd.DataFrame", *, agents: int, head_start: Mapping[str, int] = HEAD_START
) -> "pd.DataFrame":
    """A bound on each ticket's wait under "ageing", from arrivals and work alone: the tickets with bound_seconds.

    While a ticket waits, all c agents work on tickets that go before it: on what was unfinished when it came, and on
    later ones with a larger head start that come before it can no longer be overtaken. So

        c · wait ≤ backlog(arrival) + work of those later ones + (c − 1) · longest work

    where backlog is what c agents who never idle while there is work would have left. (Two ways to work that leave
    nobody idle while somebody waits differ by at most (c − 1) · longest work.) Whole seconds, rounded down.
    """
    import numpy as np

    _check(tickets, ("A",) * max(agents, 0), "ageing", head_start)
    rows = tickets.sort_values(["opened_at", "ticket_id"], ignore_index=True)
    arrivals, work = _seconds(rows), rows["seconds"].to_numpy("int64")
    total = _backlog(arrivals, work, agents) + (agents - 1) * work.max(initial=0)
    own = rows["value_tier"].map(head_start).to_numpy("int64") * 60
    for tier in rows["value_tier"].unique():
        minutes = head_start[tier] * 60
        theirs = np.flatnonzero(rows["value_tier"] == tier)
        times, done = arrivals[theirs], np.concatenate([[0], work[theirs].cumsum()])
        ahead = np.maximum(minutes - own, 0)
        last = np.searchsorted(times, arrivals + ahead, side="left")
        first = np.searchsorted(times, arrivals, side="right")
        total = total + np.where(ahead > 0, done[np.maximum(last, first)] - done[first], 0)
    return rows.assign(bound_seconds=total // agents)


def _backlog(arrivals: "np.ndarray", work: "np.ndarray", agents: int) -> "np.ndarray":
    """Unfinished work when each ticket comes: of those before it and of the others of the same second."""
    import numpy as np

    done = work.cumsum()
    free = done - work - agents * arrivals
    lowest = np.minimum.accumulate(free)
    at_once = np.searchsorted(arrivals, arrivals, side="right") - 1
    return done[at_once] - work - agents * arrivals - lowest


def compare_queues(
    tickets: "pd.DataFrame", *, agents: tuple[str, ...], head_start: Mapping[str, int] = HEAD_START
) -> "pd.DataFrame":
    """The three rules side by side, by tier: rule, value_tier, tickets, and minutes of waiting: median_wait,
    p90_wait, longest_wait (order statistics), bound (the longest bound of the tier; "ageing" only).
    """
    import numpy as np
    import pandas as pd

    bounds = longest_possible_waits(tickets, agents=len(agents), head_start=head_start)
    bounds = bounds.groupby("value_tier")["bound_seconds"].max() / 60
    parts = []
    for rule in RULES:
        done = simulate_queue(tickets, agents=agents, rule=rule, head_start=head_start)
        groups = (done["wait_seconds"] / 60).groupby(done["value_tier"])
        part = groups.agg(
            tickets="size",
            median_wait=lambda waits: np.quantile(waits, 0.5, method="inverted_cdf"),
            p90_wait=lambda waits: np.quantile(waits, 0.9, method="inverted_cdf"),
            longest_wait="max",
        )
        part["bound"] = bounds if rule == "ageing" else float("nan")
        tiers = sorted(part.index, key=lambda tier: (-head_start[tier], tier))
        parts.append(part.loc[tiers].reset_index().assign(rule=rule))
    return pd.concat(parts, ignore_index=True)[["rule", *parts[0].columns[:-1]]]


def _seconds(rows: "pd.DataFrame") -> "np.ndarray":
    """Arrivals in whole seconds since the first one, rounded down."""
    since = rows["opened_at"] - rows["opened_at"].min()
    return (since.dt.total_seconds() // 1).to_numpy("int64")


def _keys(
    rows: "pd.DataFrame", arrivals: "np.ndarray", rule: str, head_start: Mapping[str, int]
) -> list[tuple[int, ...]]:
    ahead = rows["value_tier"].map(head_start).to_numpy("int64") * 60
    first = {"ageing": arrivals - ahead, "fifo": arrivals, "strict": -ahead}[rule]
    return list(zip(first.tolist(), arrivals.tolist(), strict=True))


def _check(tickets: "pd.DataFrame", agents: tuple[str, ...], rule: str, head_start: Mapping[str, int]) -> None:
    if not agents:
        raise ParameterError("care_no_agents")
    if rule not in RULES:
        raise ParameterError("choice", name="rule", value=rule, allowed=", ".join(RULES))
    if missing := [column for column in NEEDED if column not in tickets]:
        raise DataError("care_columns", columns=", ".join(missing), needed=", ".join(NEEDED))
    faulty = tickets[list(NEEDED)].isna().any(axis="columns") | tickets["ticket_id"].duplicated()
    faulty |= ~(tickets["seconds"] >= 1)
    if faulty.any():
        first = ", ".join(map(str, tickets.loc[faulty, "ticket_id"].head(3)))
        raise DataError("care_tickets", count=int(faulty.sum()), first=first)
    for tier in tickets["value_tier"].unique():
        minutes = head_start.get(tier)
        if type(minutes) is not int or minutes < 0:
            raise ParameterError("care_head_start", tier=tier, value=repr(minutes))
