"""Time what follows a moved slider: `python benchmarks/explorer.py --customers 100000 --orders 1000000`.

Prints a Markdown table: how long it takes to open the explorer, the median and the longest of the moves of each
control (computing, drawing and handing over the HTML; the browser comes on top), and the size of what is shown.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from crmlab import type_customers
from crmlab.explorer import Explorer, explore

SEED, MOVES, DAYS = 618, 20, 730


def order_lines(customers: int, orders: int) -> pd.DataFrame:
    """One line per order, one in twenty refunded within two months."""
    draw = np.random.default_rng(SEED)
    day = pd.Timestamp("2026-06-17") - pd.to_timedelta(draw.integers(0, DAYS, orders), "D")
    refunded = draw.random(orders) < 0.05
    amount = draw.integers(100, 100_000, orders) / 100
    return pd.DataFrame(
        {
            "customer_id": pd.Series(draw.integers(0, customers, orders)).map("c{:07d}".format),
            "order_id": np.arange(orders),
            "order_date": day,
            "amount": amount,
            "refund": np.where(refunded, amount, 0),
            "refund_day": day + pd.to_timedelta(draw.integers(1, 60, orders), "D"),
        }
    )


def timed(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return (time.perf_counter() - start) * 1000


def moves(explorer: Explorer) -> dict[str, list[float]]:
    """Milliseconds of the moves of each control."""
    draw = np.random.default_rng(SEED)
    found = {}
    for split in ("mean", "median", "quantile", "fixed"):
        explorer.split.value = split
        found[f"window, {split}"] = [
            timed(lambda days=days: setattr(explorer.window, "value", days))
            for days in draw.permutation(np.arange(1, DAYS))[:MOVES].tolist()
        ]
    found["reference date"] = [
        timed(lambda back=back: setattr(explorer.back, "value", back))
        for back in draw.permutation(np.arange(-DAYS // 2, 0))[:MOVES].tolist()
    ]
    found["threshold of F"] = [
        timed(lambda orders=orders: setattr(explorer.limits["frequency"], "value", orders))
        for orders in range(10, 10 + MOVES)
    ]
    found["customer"] = [
        timed(lambda name=name: setattr(explorer.customer, "value", name))
        for name in explorer.versions.customers[1 : MOVES + 1]
    ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    given = parser.parse_args()
    lines = order_lines(given.customers, given.orders)
    result = type_customers(lines, as_of="2026-06-17", window=365, refund="refund", refund_date="refund_day")
    start = time.perf_counter()
    explorer = explore(result, "zh")
    opened = time.perf_counter() - start
    size = len(explorer.still) / 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{given.customers:,} customers, {given.orders:,} orders: opened in {opened:.1f} s; {size:.0f} kB of HTML\n")
    print("| move | median, ms | longest, ms |\n| --- | --- | --- |")
    for name, times in moves(explorer).items():
        print(f"| {name} | {statistics.median(times):.0f} | {max(times):.0f} |")
    print(f"\nPeak memory of the process, with the lines and the result: {peak:.1f} GB")


if __name__ == "__main__":
    main()
