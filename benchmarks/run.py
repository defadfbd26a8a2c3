"""Time crmlab beside its peers on the same generated orders, in one run: `python benchmarks/run.py --date 2026-11-22`.

Peers live in .venv-bench, made from benchmarks/requirements.lock. Prints a Markdown table of medians and ratios. The
contestants take turns, so that other work on the machine falls on all of them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from math import log
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
BIN = "Scripts/python.exe" if os.name == "nt" else "bin/python"
OURS, PEERS = ROOT / ".venv" / BIN, ROOT / ".venv-bench" / BIN
NAMES = {
    "scan_file": "bare scan of the four columns, Parquet",
    "sql_file": "hand-written DuckDB SQL, Parquet",
    "crmlab_file": "**crmlab, Parquet**",
    "sql_frame": "hand-written DuckDB SQL, pandas frame",
    "crmlab_frame": "**crmlab, pandas frame**",
    "lifetimes": "lifetimes `summary_data_from_transaction_data`, pandas frame",
    "pymc_marketing": "pymc-marketing `rfm_summary`, pandas frame",
}
PEER_NAMES = ("lifetimes", "pymc_marketing")
FRAME_ROWS = 30_000_000
"""Above this many lines the contestants on a pandas frame are left out."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, nargs="+", default=[1e6, 1e7], help="order lines to generate")
    parser.add_argument("--runs", type=int, default=3, help="timed turns of each contestant")
    parser.add_argument("--date", required=True, help="the day of the measurement, for the table")
    arguments = parser.parse_args()
    make_environment()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(f"Measured on {arguments.date}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {sys.version.split()[0]}.\n")
    print(
        "| order lines | contestant | s | ratio to SQL | ratio to scan | CPU s | CPU ratio to SQL | peak GiB | growth |"
    )
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    before: dict[str, dict] = {}
    notes = []
    for rows in sorted(map(int, arguments.rows)):
        names = [name for name in NAMES if rows <= FRAME_ROWS or name.endswith("_file")]
        found = contest(rows, names, arguments.runs)
        demand_same(found)
        for name, entry in found.items():
            print(table_row(rows, name, found, before.get(name)), flush=True)
            before[name] = entry | {"rows": rows}
        notes += [against(peer, rows, found) for peer in PEER_NAMES if peer in found]
        if rows > FRAME_ROWS:
            notes.append(f"{rows:,} lines: no contestants on a pandas frame, for the frame alone takes more than 4 GiB "
                         "with what is copied of it.")  # fmt: skip
    print("", *notes, sep="\n")


def contest(rows: int, names: list[str], runs: int) -> dict[str, dict]:
    """What each contestant took: the median of its turns, its highest peak, and what it found."""
    turns: dict[str, list[dict]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        orders = Path(folder) / "orders.parquet"
        subprocess.run([OURS, Path(__file__).with_name("generate.py"), str(rows), orders], check=True)
        for _ in range(runs):
            for name in names:
                turns[name].append(turn(name, orders))
    return {
        name: {
            "seconds": median(each["seconds"] for each in found),
            "cpu": median(each["cpu"] for each in found),
            "peak": max(each["peak"] for each in found),
            "sums": found[0]["sums"],
        }
        for name, found in turns.items()
    }


def turn(name: str, orders: Path) -> dict:
    python = PEERS if name in PEER_NAMES else OURS
    words = [python, Path(__file__).with_name("contestants.py"), name, orders]
    done = subprocess.run(words, check=True, capture_output=True, text=True, encoding="utf-8")
    return json.loads(done.stdout.splitlines()[-1])


def table_row(rows: int, name: str, found: dict[str, dict], before: dict | None) -> str:
    """`growth` is the exponent of the time between this size and the one before: 1 is linear."""
    entry, sql = found[name], found["sql_file" if name.endswith("_file") else "sql_frame"]
    seconds, cpu = entry["seconds"], entry["cpu"]
    growth = f"{log(seconds / before['seconds']) / log(rows / before['rows']):.2f}" if before else ""
    ratios = f"{seconds / sql['seconds']:.2f} | {seconds / found['scan_file']['seconds']:.1f}"
    return (
        f"| {rows:,} | {NAMES[name]} | {seconds:.2f} | {ratios} | {cpu:.2f} | {cpu / sql['cpu']:.2f} | "
        f"{entry['peak']:.1f} | {growth} |"
    )


def against(peer: str, rows: int, found: dict[str, dict]) -> str:
    times, cpu = (found[peer][part] / found["crmlab_frame"][part] for part in ("seconds", "cpu"))
    return f"{rows:,} lines: {peer} takes {times:.1f} times as long as crmlab on the frame ({cpu:.1f} times the CPU)."


def demand_same(found: dict[str, dict]) -> None:
    """Whoever counts the same must have found the same; the peers define F and M otherwise, but see every customer."""
    expected = found["sql_file"]["sums"]
    for name, entry in found.items():
        same = {"scan_file": [], "lifetimes": expected[:1], "pymc_marketing": expected[:1]}.get(name, expected)
        if entry["sums"] != same:
            raise SystemExit(f"{name} found {entry['sums']}, the SQL found {same}")


def make_environment() -> None:
    lock = Path(__file__).with_name("requirements.lock")
    stamp = ROOT / ".venv-bench" / "bench.stamp"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    subprocess.run([sys.executable, "-m", "venv", ROOT / ".venv-bench"], check=True)
    install = [OURS, "-m", "uv", "pip", "install", "--quiet", "--require-hashes", "--python", PEERS, "-r", lock]
    subprocess.run(install, check=True)
    stamp.write_bytes(lock.read_bytes())


if __name__ == "__main__":
    main()
