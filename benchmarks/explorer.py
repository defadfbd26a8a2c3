"""Time what follows a moved slider: `python benchmarks/explorer.py --customers 100000 --orders 1000000`.

Prints a Markdown table: how long it takes to open the explorer, the median and the longest of the moves of each
control (computing and handing over the numbers; drawing them in the page comes on top), and the size of the answer.
With --page it times the pages alone: both explorers of the teaching data in chromium, drawing included, no kernel.
"""

import argparse
import json
import resource
import shutil
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from crmlab import check_settings, open_data, type_customers
from crmlab.explorer import explore
from crmlab.explorer.widget import Explorer
from crmlab.grouping.explorer import explore_clusters
from crmlab.widgets.inpage import alive_html

SEED, MOVES, DAYS = 618, 20, 730
TIMED = """(moves) => moves.map((move) => {
  const el = document.querySelector("[data-model]"), start = performance.now();
  el.model.set(move);
  el.getBoundingClientRect();
  return performance.now() - start;
})"""


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


def moved(explorer: Explorer, control: str, value: object) -> None:
    """Move a control; the explorer answers its page."""
    setattr(explorer, control, value)


def moves(explorer: Explorer) -> dict[str, list[float]]:
    """Milliseconds of the moves of each control."""
    draw = np.random.default_rng(SEED)
    found = {}
    for split in ("mean", "median", "quantile", "fixed"):
        explorer.split = split
        found[f"window, {split}"] = [
            timed(lambda days=days: moved(explorer, "window", days))
            for days in draw.permutation(np.arange(1, DAYS))[:MOVES].tolist()
        ]
    found["reference date"] = [
        timed(lambda back=back: moved(explorer, "back", back))
        for back in draw.permutation(np.arange(-DAYS // 2, 0))[:MOVES].tolist()
    ]
    found["threshold of F"] = [
        timed(lambda orders=orders: moved(explorer, "limits", explorer.limits | {"frequency": orders}))
        for orders in range(10, 10 + MOVES)
    ]
    found["customer"] = [
        timed(lambda name=name: moved(explorer, "customer", name))
        for name in explorer.versions.customers[1 : MOVES + 1]
    ]
    return found


def in_page() -> str:
    """Milliseconds from a set control to the new drawing, laid out, in pages of the teaching data without a kernel."""
    from playwright.sync_api import sync_playwright

    shop = open_data(check_settings(data="teaching"))
    result = type_customers(shop.orders, as_of=shop.as_of, window=365, currency=shop.currency, **shop.columns)
    draw = np.random.default_rng(SEED)
    splits = ("mean", "median", "quantile", "fixed")
    settings = [{"split": split, "window": int(draw.integers(1, DAYS))} for split in splits for _ in range(5 * MOVES)]
    clusters = explore_clusters(result, "zh", currency=shop.currency, seed=SEED)
    choices = [{"chosen": chosen.split("|")} for chosen in clusters.pages]
    lines = ["| explorer | moves | median, ms | longest, ms |", "| --- | --- | --- | --- |"]
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, widget, made in (("RFM", explore(result, "zh"), settings), ("clusters", clusters, choices)):
            page = browser.new_page()
            page.set_content(alive_html(widget.model_id, {widget.model_id: {"state": widget.get_state()}}))
            page.wait_for_selector("table")
            times = page.evaluate(TIMED, made)
            lines.append(f"| {name} | {len(times)} | {statistics.median(times):.0f} | {max(times):.0f} |")
        browser.close()
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--page", action="store_true")
    given = parser.parse_args()
    if given.page:
        print(in_page())
        return
    lines = order_lines(given.customers, given.orders)
    result = type_customers(lines, as_of="2026-06-17", window=365, refund="refund", refund_date="refund_day")
    start = time.perf_counter()
    explorer = explore(result, "zh")
    opened = time.perf_counter() - start
    size = len(json.dumps(explorer.answer)) / 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{given.customers:,} customers, {given.orders:,} orders: opened in {opened:.1f} s; {size:.0f} kB an answer\n"
    )
    print("| move | median, ms | longest, ms |\n| --- | --- | --- |")
    for name, times in moves(explorer).items():
        print(f"| {name} | {statistics.median(times):.0f} | {max(times):.0f} |")
    print(f"\nPeak memory of the process, with the lines and the result: {peak:.1f} GB")


if __name__ == "__main__":
    main()
