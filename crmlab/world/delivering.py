"""Deliveries of the orders that were shipped or completed."""

import numpy as np
import pandas as pd

from crmlab.world.season import LAST_DAY, date_of
from crmlab.world.shopping import Order

LATE = 0.08
PROMISED_DAYS = 4
"""Days from dispatch to the promised day."""
MOST_DAYS_LATE = 5


def draw_deliveries(rng: np.random.Generator, orders: list[Order]) -> pd.DataFrame:
    """The deliveries table: a completed order has arrived, a shipped one may still be on its way."""
    rows = []
    for order in orders:
        if order.state not in ("shipped", "completed"):
            continue
        shipped = min(order.day + int(rng.integers(0, 3)), LAST_DAY)
        promised = shipped + PROMISED_DAYS
        late = rng.random() < LATE
        days = int(rng.integers(1, MOST_DAYS_LATE + 1)) if late else -int(rng.integers(0, PROMISED_DAYS))
        delivered = promised + days
        if order.state == "completed":
            delivered = min(delivered, LAST_DAY)
        rows.append(
            {
                "order_id": order.order_id,
                "shipped_on": date_of(shipped).isoformat(),
                "promised_on": date_of(promised).isoformat(),
                "delivered_on": date_of(delivered).isoformat() if delivered <= LAST_DAY else "",
            }
        )
    return pd.DataFrame(rows)
