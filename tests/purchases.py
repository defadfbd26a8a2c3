"""Order lines from a hand-written list."""

import pandas as pd


def purchases(bought: list[tuple[str, int, float]], as_of: str) -> pd.DataFrame:
    """One order of one line for each (customer, days before the reference date, amount)."""
    frame = pd.DataFrame(bought, columns=["customer_id", "days", "amount"])
    day = pd.Timestamp(as_of) - pd.to_timedelta(frame.pop("days"), unit="D")
    return frame.assign(order_date=day, order_id=[str(number) for number in range(len(frame))])
