"""Time what follows the typing at a size that does not fit in memory: `python benchmarks/large.py --date 2026-11-22`.

Each function runs in a process of its own: it types the customers of one Parquet file with the orders of two years and
20 lines to a customer, and then the function is timed. Prints a Markdown table: seconds, CPU seconds, and the peak of
memory of the process, with everything that Python, DuckDB and the result hold. Temporary files are not memory.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from contestants import AS_OF

LINES_PER_CUSTOMER = 20
WINDOW = 365


def functions(result, orders: str) -> dict[str, Callable[[], object]]:
    """What a notebook calls after the typing, by the name that the table has."""
    from crmlab import forecast, grouping, movement, patterns

    def lines(*, history: bool = False):
        return patterns.purchase_lines(orders, result, category="category", history=history)

    return {
        "type_customers": lambda: None,
        "result.table": lambda: result.table,
        "result.summary": lambda: result.summary(),
        "lifecycle": lambda: grouping.lifecycle(result).table,
        "order_groups": lambda: grouping.order_groups(result),
        "value_tiers": lambda: grouping.value_tiers(result),
        "facts": lambda: grouping.facts(result),
        "cluster": lambda: grouping.cluster(result, seed=618),
        "rhythm": lambda: patterns.rhythm(result),
        "retention": lambda: patterns.retention(result),
        "preferences": lambda: patterns.preferences(lines()),
        "concentration": lambda: patterns.concentration(lines()),
        "habit": lambda: patterns.habit(lines(), "coffee"),
        "popular": lambda: patterns.popular(lines(), "category"),
        "trend": lambda: patterns.trend(lines(history=True)),
        "trend, orders by category": lambda: patterns.trend(lines(history=True), "category", value="orders"),
        "stability": lambda: movement.stability(result),
        "migrate_periods": lambda: movement.migrate_periods(result),
        "predict_return": lambda: forecast.predict_return(result),
        "lifetime_value": lambda: forecast.lifetime_value(result),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, default=1e8, help="order lines to generate")
    parser.add_argument("--date", required=True, help="the day of the measurement, for the table")
    parser.add_argument("--only", nargs="+", help="the functions to measure; without it all of them")
    arguments = parser.parse_args()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    rows = int(arguments.rows)
    print(f"Measured on {arguments.date}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {sys.version.split()[0]}, "
          f"{rows:,} order lines.\n")  # fmt: skip
    print("| function | s | CPU s | peak GiB |")
    print("| --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        orders = Path(folder) / "orders.parquet"
        words = [Path(__file__).with_name("generate.py"), str(rows), orders, str(LINES_PER_CUSTOMER)]
        subprocess.run([sys.executable, *words], check=True)
        for name in arguments.only or functions(None, ""):
            done = subprocess.run(
                [sys.executable, __file__, "--one", name, orders], capture_output=True, encoding="utf-8"
            )
            found = json.loads(done.stdout) if not done.returncode else None
            print(f"| {name} | {row(found)} |" if found else f"| {name} | failed: {done.stderr[-200:]!r} |", flush=True)


def row(found: dict[str, float]) -> str:
    return f"{found['seconds']:.0f} | {found['cpu']:.0f} | {found['peak']:.1f}"


def one(name: str, orders: str) -> None:
    from crmlab import type_customers

    typing = (time.perf_counter(), time.process_time())
    result = type_customers(orders, as_of=AS_OF, window=WINDOW)
    started = typing if name == "type_customers" else (time.perf_counter(), time.process_time())
    functions(result, orders)[name]()
    seconds, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak}))


if __name__ == "__main__":
    one(*sys.argv[2:]) if sys.argv[1] == "--one" else main()
