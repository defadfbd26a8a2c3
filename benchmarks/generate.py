"""Order lines like those of a shop, from a fixed seed, written bit by bit: `python generate.py ROWS FILE`.

With a third word, the lines to a customer, there is a category on each line too.
"""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 618
LINES_PER_ORDER = 3
LINES_PER_CUSTOMER = 11
CHUNK = 1_000_000
CATEGORIES = ("bread", "coffee", "fruit", "milk", "snacks", "tea", "toys", "wine")


def main(rows: str, path: str, lines_per_customer: str = "") -> None:
    lines = int(rows)
    draw = np.random.default_rng(SEED)
    orders, customers = lines // LINES_PER_ORDER, lines // int(lines_per_customer or LINES_PER_CUSTOMER)
    owner = draw.integers(0, customers, orders, dtype=np.int32)
    first = np.datetime64("2024-06-18")
    age = draw.integers(0, 730, orders, dtype=np.int16)
    names = {
        "customer_id": pa.int64(),
        "order_id": pa.int64(),
        "order_date": pa.timestamp("us"),
        "amount": pa.float64(),
    }
    if lines_per_customer:
        names["category"] = pa.string()
    schema = pa.schema(names.items())
    with pq.ParquetWriter(path, schema) as file:
        for start in range(0, lines, CHUNK):
            order = draw.integers(0, orders, min(CHUNK, lines - start))
            columns = {
                "customer_id": owner[order].astype(np.int64),
                "order_id": order,
                "order_date": (first + age[order].astype("timedelta64[D]")).astype("datetime64[us]"),
                "amount": draw.integers(1, 100_000, len(order)) / 100,
            }
            if lines_per_customer:
                columns["category"] = pa.array(CATEGORIES).take(draw.integers(0, len(CATEGORIES), len(order)))
            file.write_table(pa.table(columns, schema))


if __name__ == "__main__":
    main(*sys.argv[1:])
