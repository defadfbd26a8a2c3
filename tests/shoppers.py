"""Order lines of invented customers with known behaviour: each buys at a rate of their own until they leave."""

import numpy as np
import pandas as pd

FIRST = pd.Timestamp("2024-07-01")
AS_OF = "2026-06-17"
DAYS = 716


def shoppers(customers: int = 700, *, seed: int = 7, leaving: float = 0.06, spread: float = 0.7) -> pd.DataFrame:
    """Rates are gamma distributed with shape `spread`; after each purchase a customer leaves with `leaving`."""
    draw = np.random.default_rng(seed)
    lines = []
    for number in range(customers):
        gap, level, day = 60 / draw.gamma(spread, 1 / spread), draw.gamma(4, 30), draw.integers(0, DAYS // 2)
        while day < DAYS:
            lines.append((f"K{number:04d}", day, round(level * draw.gamma(5, 0.2) + 1, 2)))
            if draw.random() < leaving:
                break
            day += 1 + int(draw.exponential(gap))
    return _orders(lines)


def visitors(customers: int = 500, *, seed: int = 7) -> pd.DataFrame:
    """Everybody buys alike, at random: nothing about a customer says who comes back."""
    draw = np.random.default_rng(seed)
    days = np.sort(draw.integers(0, DAYS, customers * 6))
    return _orders([(f"K{draw.integers(customers):04d}", day, 50.0) for day in days])


def _orders(lines: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(lines, columns=["buyer", "day", "paid"])
    number = [f"N{place:05d}" for place in range(len(frame))]
    when = FIRST + pd.to_timedelta(frame.pop("day"), unit="D")
    return frame.assign(number=number, bought_on=when.astype("datetime64[us]"))


COLUMNS = {"customer": "buyer", "order": "number", "date": "bought_on", "amount": "paid"}
