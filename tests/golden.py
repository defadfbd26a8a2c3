"""The eight golden customers: means of 50 days, 6 orders and 550 yuan, and every combination of marks once."""

import datetime as dt

import pandas as pd

AS_OF = dt.date(2026, 6, 17)
CUSTOMERS = {
    "a": (10, 10, 1000), "b": (10, 2, 1000), "c": (10, 10, 100), "d": (90, 10, 1000),
    "e": (90, 10, 100), "f": (90, 2, 100), "g": (10, 2, 100), "h": (90, 2, 1000),
}  # fmt: skip
"""Days since the last order, number of orders, yuan."""
MARKS = {"a": "↓↑↑", "b": "↓↓↑", "c": "↓↑↓", "d": "↑↑↑", "e": "↑↑↓", "f": "↑↓↓", "g": "↓↓↓", "h": "↑↓↑"}
TYPES = {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 0, "h": 0}
NAMES = {
    1: ("重要维护客户", "key customers to maintain"),
    2: ("重要发展客户", "key customers to develop"),
    3: ("一般重要客户", "fairly important customers"),
    4: ("重要挽留客户", "key customers to win back"),
    5: ("一般客户", "ordinary customers"),
    6: ("无价值客户", "no-value customers"),
    0: ("未命名", "unnamed"),
}


def orders(customers: dict[str, tuple[int, int, float]] = CUSTOMERS) -> pd.DataFrame:
    """Order lines that give each customer exactly these values: two lines to an order, three days between orders."""
    lines = []
    for customer, (days, count, yuan) in customers.items():
        share, rest = divmod(round(yuan * 100), 2 * count)
        for number in range(2 * count):
            day = AS_OF - dt.timedelta(days=days + 3 * (number // 2))
            lines.append((customer, f"{customer}-{number // 2}", day, (share + (number < rest)) / 100))
    frame = pd.DataFrame(lines, columns=["customer_id", "order_id", "order_date", "amount"])
    return frame.assign(order_date=pd.to_datetime(frame["order_date"]))
