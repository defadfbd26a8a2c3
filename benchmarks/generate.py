"""Order lines like those of a shop, from a fixed seed: `python generate.py ROWS FILE`."""

import sys

import numpy as np
import pandas as pd

SEED = 618
LINES_PER_ORDER = 3
LINES_PER_CUSTOMER = 11


def main(rows: str, path: str) -> None:
    lines = int(rows)
    draw = np.random.default_rng(SEED)
    orders, customers = lines // LINES_PER_ORDER, lines // LINES_PER_CUSTOMER
    owner = draw.integers(0, customers, orders)
    day = np.datetime64("2024-06-18") + draw.integers(0, 730, orders).astype("timedelta64[D]")
    order = draw.integers(0, orders, lines)
    pd.DataFrame(
        {
            "customer_id": owner[order],
            "order_id": order,
            "order_date": day[order].astype("datetime64[us]"),
            "amount": draw.integers(1, 100_000, lines) / 100,
        }
    ).to_parquet(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
