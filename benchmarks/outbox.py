"""Time an outbox of 100,000 requests over all channels: `python benchmarks/outbox.py --date DAY`.

Prints a Markdown table: seconds and the most memory of the process. The folder is made anew and taken away.
"""

import argparse
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from crmlab.collect.pseudonym import Key
from crmlab.kinds import empty, typed
from crmlab.outbox import Outbox, Sender, open_rules

KEY = Key(b"a key for the benchmark of the outbox alone")
MORNING = datetime(2026, 6, 17, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
CHANNELS = ("email", "sms", "wangwang", "onsite")


@dataclass
class Shop:
    """Tables in memory, as a shop hands them over."""

    tables: dict[str, pd.DataFrame]
    key: Key = KEY

    def has(self, table: str) -> bool:
        return table in self.tables

    def read_personal(self, name: str) -> pd.DataFrame:
        return self.tables.get(name, empty(name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--mails", action="store_true", help="e-mails only, the heaviest channel")
    parser.add_argument("--date", required=True, help="the day of the measurement, for the table")
    arguments = parser.parse_args()
    shop, requests = make(arguments.requests, ("email",) if arguments.mails else CHANNELS)
    print(f"Measured on {arguments.date}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, "
          f"{arguments.requests:,} customers and as many requests.\n")  # fmt: skip
    print("| what | s | CPU s | written | held | refused | already |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        box = Outbox.open(Path(folder), shop, rules=open_rules("cn"), sender=Sender.example())
        timed("put", lambda: box.put(requests, at=MORNING))
        timed("the same again", lambda: box.put(requests, at=MORNING))
        late = requests.assign(campaign="late")
        timed("put at night", lambda: box.put(late, at=MORNING.replace(hour=22)))
        timed("release in the morning", lambda: box.release(at=MORNING + timedelta(days=1)))
        started, busy = perf_counter(), process_time()
        if len(box.verify()):
            raise SystemExit("the outbox is not as it was written")
        print(f"| verify | {perf_counter() - started:.1f} | {process_time() - busy:.1f} | | | | |")
    print(f"\nMost memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB.")


def make(count: int, channels: tuple[str, ...]) -> tuple[Shop, pd.DataFrame]:
    """Customers, nine in ten of whom agreed, some of whom refused; a coupon with a code of its own for each."""
    rng = np.random.default_rng(618)
    number = pd.Series(np.arange(count))
    ids = "C" + number.astype("str").str.zfill(7)
    customers = pd.DataFrame({
        "customer_id": ids,
        "name": [f"{one}示{two}" for one, two in rng.choice(list("赵钱孙李周吴郑王安北川东方"), (count, 2))],
        "phone": "120" + number.astype("str").str.zfill(8),
        "email": "c" + number.astype("str") + "@shop.example",
        "language": rng.choice(["zh", "en"], count, p=[0.9, 0.1]),
        "registered_on": "2025-01-01",
    })  # fmt: skip
    agreed = pd.DataFrame({"customer_id": ids, "purpose": "marketing", "given_on": "2026-01-01", "withdrawn_on": None})
    closed = customers.sample(frac=0.01, random_state=1)["phone"].map(KEY.contact)
    closed = pd.DataFrame({"contact": closed, "channel": "sms", "since": "2026-01-01", "reason": "opt_out"})
    tables = {"customers": customers, "consents": agreed[rng.random(count) < 0.9], "suppressions": closed}
    requests = pd.DataFrame({
        "customer_id": KEY.pseudonyms(ids),
        "template": "coupon",
        "channel": rng.choice(channels, count),
        "code": "K" + number.astype("str").str.zfill(7),
        "until": "2026-06-30",
    })  # fmt: skip
    return Shop({name: typed(name, table) for name, table in tables.items()}), requests


def timed(what: str, work: Callable[[], Any]) -> None:
    started, busy = perf_counter(), process_time()
    counts = work().counts
    spent = f"{perf_counter() - started:.1f} | {process_time() - busy:.1f}"
    print(f"| {what} | {spent} | " + " | ".join(f"{one:,}" for one in counts.values()) + " |", flush=True)


if __name__ == "__main__":
    main()
