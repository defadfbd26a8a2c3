"""Time `link` beside plain pandas on the same generated events: `python benchmarks/linking.py --date 2026-11-22`.

Prints a Markdown table. Each contestant is timed in a process of its own, reading included.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SEED = 618
EVENTS_PER_CUSTOMER = 10
NAMES = {"plain_pandas": "plain pandas, Parquet", "crmlab_link": "**crmlab `link`, Parquet**"}


def generate(rows: int, folder: Path) -> None:
    """Events as a shop has them: 55 % by id, 25 % by phone, 15 % by e-mail, 5 % by nothing; of each contact one in
    ten is nobody's, and one customer in a hundred shares a phone."""
    import duckdb

    customers = rows // EVENTS_PER_CUSTOMER
    connection = duckdb.connect()
    phone = "format('120{:08d}', if(n % 100 = 7, n - 1, n))"
    connection.execute(f"""
        COPY (SELECT format('C{{:08d}}', n) AS customer_id, {phone} AS phone,
                     format('u{{}}@shop.example', n) AS email FROM range({customers}) AS t(n) ORDER BY n)
        TO '{folder / "customers.parquet"}'
    """)
    connection.execute(f"""
        COPY (
            WITH drawn AS (
                SELECT i, hash(i + {SEED}) % 100 AS way, hash(i * 7 + {SEED}) % {customers * 10 // 9} AS n
                FROM range({rows}) AS t(i)
            )
            SELECT format('E{{:09d}}', i) AS event_id,
                   if(way < 55, format('C{{:08d}}', n % {customers}), NULL) AS customer_id,
                   if(way BETWEEN 55 AND 79, {phone}, NULL) AS phone,
                   if(way BETWEEN 80 AND 94, format('U{{}}@Shop.example', n), NULL) AS email
            FROM drawn ORDER BY i
        ) TO '{folder / "events.parquet"}'
    """)


def crmlab_link(folder: Path) -> dict[str, int]:
    import pandas as pd

    from crmlab.collect.linking import link
    from crmlab.collect.pseudonym import Key

    linked = link(folder / "events.parquet", pd.read_parquet(folder / "customers.parquet"), Key(b"for the benchmark"))
    return linked.summary.groupby("outcome")["events"].sum().astype(int).to_dict()


def plain_pandas(folder: Path) -> dict[str, int]:
    """What one writes by hand: hash each different contact once, look up those that one customer alone has."""
    import pandas as pd

    from crmlab.collect.pseudonym import Key

    key = Key(b"for the benchmark")
    events, customers = pd.read_parquet(folder / "events.parquet"), pd.read_parquet(folder / "customers.parquet")
    customer = events["customer_id"].where(events["customer_id"].isin(customers["customer_id"]))
    shared = pd.Series(False, index=events.index)
    for kind in ("phone", "email"):
        owners = customers.assign(hash=customers[kind].map(key.contact))
        hashes = events[kind].map({text: key.contact(text) for text in events[kind].dropna().unique()})
        several = owners["hash"].duplicated(keep=False)
        shared |= hashes.isin(owners.loc[several, "hash"])
        customer = customer.fillna(hashes.map(owners[~several].set_index("hash")["customer_id"]))
    ambiguous = int((customer.isna() & shared).sum())
    return {
        "ambiguous": ambiguous,
        "linked": int(customer.notna().sum()),
        "unlinked": int(customer.isna().sum()) - ambiguous,
    }


def measure(name: str, folder: Path) -> dict:
    done = subprocess.run(
        [sys.executable, __file__, name, folder], check=True, capture_output=True, text=True, encoding="utf-8"
    )
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, nargs="+", default=[1e6, 1e7], help="events to generate")
    parser.add_argument("--date", required=True, help="the day of the measurement, for the table")
    arguments = parser.parse_args()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(f"Measured on {arguments.date}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {sys.version.split()[0]}.\n")
    print("| events | contestant | s | ratio to plain pandas | peak GiB |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for rows in map(int, arguments.rows):
        with tempfile.TemporaryDirectory() as folder:
            generate(rows, Path(folder))
            found = {name: measure(name, Path(folder)) for name in NAMES}
        if found["crmlab_link"]["counts"] != found["plain_pandas"]["counts"]:
            raise SystemExit(f"the contestants do not agree: {found}")
        for name, entry in found.items():
            ratio = entry["seconds"] / found["plain_pandas"]["seconds"]
            print(
                f"| {rows:,} | {NAMES[name]} | {entry['seconds']:.1f} | {ratio:.2f} | {entry['peak']:.1f} |", flush=True
            )
        print(f"<!-- {found['crmlab_link']['counts']} -->")


def contest(name: str, folder: str) -> None:
    started = time.perf_counter()
    counts = {"crmlab_link": crmlab_link, "plain_pandas": plain_pandas}[name](Path(folder))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "peak": peak, "counts": counts}))


if __name__ == "__main__":
    contest(*sys.argv[1:]) if sys.argv[1] in NAMES else main()
