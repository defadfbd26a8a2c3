"""Refunds of completed orders."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from crmlab.tables.codes import CODES
from crmlab.world.catalogue import Line
from crmlab.world.money import yuan
from crmlab.world.planting import Plan
from crmlab.world.season import LAST_DAY, date_of
from crmlab.world.shopping import Order

SHARE = 0.042
FULL = 0.62
REASON_SHARES = (0.4, 0.15, 0.33, 0.12)


def draw_refunds(rng: np.random.Generator, orders: list[Order], plans: list[Plan]) -> pd.DataFrame:
    """At most one refund per order and line, none on the coffee of somebody with a planted habit."""
    habits = {plan.customer_id for plan in plans if plan.habit}
    rows = []
    for order in orders:
        lines = list(_returnable(order, habits))
        if order.state != "completed" or not lines or rng.random() >= SHARE:
            continue
        number, line = lines[int(rng.integers(len(lines)))]
        late = rng.random() < 0.14
        day = order.day + int(rng.integers(31, 76) if late else rng.integers(2, 22))
        share = 1.0 if rng.random() < FULL else rng.uniform(0.2, 0.7)
        if day > LAST_DAY:
            continue
        rows.append(
            {
                "order_id": order.order_id,
                "line_no": str(number),
                "refund_date": date_of(day).isoformat(),
                "amount": yuan(max(int(line.fen * share), 1)),
                "reason": str(rng.choice(CODES["reason"], p=REASON_SHARES)),
            }
        )
    table = pd.DataFrame(rows).sort_values(["refund_date", "order_id"])
    table.insert(0, "refund_id", [f"R{number:05d}" for number in range(1, len(table) + 1)])
    return table


def _returnable(order: Order, habits: set[str]) -> Iterator[tuple[int, Line]]:
    kept = "coffee" if order.customer_id in habits else ""
    for number, line in enumerate(order.lines, start=1):
        if line.fen and line.product.category != kept:
            yield number, line
