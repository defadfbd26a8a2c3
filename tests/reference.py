"""The rule written a second time, slowly, with fractions and plain loops: what the fast one must agree with."""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pandas as pd

NAMES = {"↓↑↑": 1, "↓↓↑": 2, "↓↑↓": 3, "↑↑↑": 4, "↑↑↓": 5, "↑↓↓": 6}


@dataclass
class Found:
    """Customer to (recency_days, frequency, monetary), to marks, to scores; lines used and lines left out."""

    values: dict[Any, tuple[int, int, int]]
    marks: dict[Any, str] = field(default_factory=dict)
    scores: dict[Any, tuple[int, int, int]] = field(default_factory=dict)
    used: int = 0
    left_out: Counter = field(default_factory=Counter)

    def rows(self) -> list[tuple]:
        """The rows of the result table, sorted by customer."""
        return [
            (who, *self.values[who], *self.scores.get(who, ()), *self.marks[who], NAMES.get(self.marks[who], 0))
            for who in sorted(self.values)
        ]


def reference(
    lines: list[dict], as_of: dt.date, window: int | None = None, population: str = "window", refunds: str = "net",
    split: Any = "mean", scale: int = 100, valid: tuple = ("paid", "shipped", "completed"),
) -> Found:  # fmt: skip
    """Type the customers of `lines`: dicts of customer, order, day, amount, and maybe state, refund and refund_day."""
    left_out: Counter = Counter()
    orders = defaultdict(list)
    for line in lines:
        if "state" in line and line["state"] not in valid:
            left_out[f"state.{line['state']}"] += 1
        elif refunds == "ignore" and line["amount"] < 0:
            left_out["refund_line"] += 1
        else:
            orders[line["customer"], line["order"]].append(line)

    bought_on, frequency, monetary, used = defaultdict(list), Counter(), Counter(), Counter()
    for (customer, _), parts in orders.items():
        money, back = Fraction(0), False
        for line in parts:
            refund = Fraction(str(line.get("refund") or 0))
            if refunds == "ignore" or (line.get("refund_day") and line["refund_day"] > as_of):
                refund = Fraction(0)
            money += (Fraction(str(line["amount"])) - refund) * scale
            back = back or refund > 0 or line["amount"] < 0
        purchases = [line["day"] for line in parts if line["amount"] >= 0]
        day = max(purchases or [line["day"] for line in parts])
        inside = window is None or (as_of - day).days < window
        refunded = refunds == "drop" and back and money <= 0 and bool(purchases)
        if not inside:
            left_out["before_window"] += len(parts)
        elif refunded:
            left_out["refunded"] += len(parts)
        else:
            used[customer] += len(parts)
            monetary[customer] += int(money)
        if purchases and not refunded and (inside or population == "history"):
            bought_on[customer].append(day)
            frequency[customer] += inside
    for customer in used.keys() - bought_on.keys():
        left_out["no_purchase"] += used.pop(customer)

    values = {
        customer: ((as_of - max(days)).days, frequency[customer], monetary[customer])
        for customer, days in bought_on.items()
    }
    found = Found(values, used=sum(used.values()), left_out=left_out)
    if values:
        _mark(found, split)
    return found


def _mark(found: Found, split: Any) -> None:
    columns = list(zip(*found.values.values(), strict=True))
    if split == "quantile":
        best_is_small = (True, False, False)
        scored = [_scores(column, small) for column, small in zip(columns, best_is_small, strict=True)]
        found.scores = dict(zip(found.values, zip(*scored, strict=True), strict=True))
        means = [Fraction(sum(column), len(column)) for column in scored]
        for who, (r, f, m) in found.scores.items():
            ups = (r <= means[0], f >= means[1], m >= means[2])
            found.marks[who] = "".join("↑" if up else "↓" for up in ups)
        return
    if split == "mean":
        limits = [Fraction(sum(column), len(column)) for column in columns]
    elif split == "median":
        limits = [quantile(column, Fraction(1, 2)) for column in columns]
    else:
        limits = [Fraction(split[name]) for name in ("recency_days", "frequency", "monetary")]
    for who, values in found.values.items():
        ups = (value >= limit for value, limit in zip(values, limits, strict=True))
        found.marks[who] = "".join("↑" if up else "↓" for up in ups)


def _scores(column: tuple, small_is_best: bool) -> list[int]:
    cuts = [quantile(column, Fraction(k, 5)) for k in range(1, 5)]
    return [1 + sum((value < cut) if small_is_best else (value > cut) for cut in cuts) for value in column]


def quantile(values: tuple, share: Fraction) -> Fraction:
    """Linear interpolation between order statistics."""
    ranked = sorted(values)
    position = (len(ranked) - 1) * share
    low = floor(position)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (position - low)


def frame(lines: list[dict]) -> pd.DataFrame:
    """The same lines for crmlab, under its default column names."""
    table = pd.DataFrame(lines).rename(columns={"customer": "customer_id", "order": "order_id", "day": "order_date"})
    for name in ("order_date", "refund_day"):
        if name in table:
            table[name] = pd.to_datetime(table[name])
    return table


def random_lines(customers: int, seed: int, as_of: dt.date) -> list[dict]:
    """Order lines with states, refunds (some after as_of), credit notes, lines of 0, identical lines."""
    random = np.random.default_rng(seed)
    lines = []
    for customer in range(customers):
        for number in range(random.integers(1, 5)):
            age = int(random.integers(0, 700))
            for _ in range(random.integers(1, 4)):
                amount = int(random.integers(0, 300)) * int(random.integers(0, 100))
                line = {
                    "customer": f"c{customer:05d}",
                    "order": f"{customer:05d}-{number}",
                    "day": as_of - dt.timedelta(days=int(random.integers(0, age + 1))),
                    "amount": amount / 100 if random.random() > 0.05 else -amount / 100,
                    "state": str(random.choice(["completed", "paid", "shipped", "cancelled", "unpaid"],
                                               p=[0.6, 0.2, 0.1, 0.06, 0.04])),
                    "refund": None,
                    "refund_day": None,
                }  # fmt: skip
                if random.random() < 0.1:
                    share = random.choice([1.0, 0.5])
                    line["refund"] = round(max(amount, 0) * share) / 100
                    line["refund_day"] = as_of + dt.timedelta(days=int(random.integers(-60, 30)))
                lines += [line] * (2 if random.random() < 0.02 else 1)
    return lines
