"""Time crmlab beside its peers on the same generated orders, in one run: `python benchmarks/run.py --date 2026-11-21`.

Peers live in .venv-bench, made from benchmarks/requirements.lock. Prints a Markdown table of medians and ratios.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = "Scripts/python.exe" if os.name == "nt" else "bin/python"
OURS, PEERS = ROOT / ".venv" / BIN, ROOT / ".venv-bench" / BIN
PYTHON = {
    "sql_file": OURS,
    "crmlab_file": OURS,
    "sql_frame": OURS,
    "crmlab_frame": OURS,
    "lifetimes": PEERS,
    "pymc_marketing": PEERS,
}
NAMES = {
    "sql_file": "hand-written DuckDB SQL, Parquet",
    "crmlab_file": "**crmlab, Parquet**",
    "sql_frame": "hand-written DuckDB SQL, pandas frame",
    "crmlab_frame": "**crmlab, pandas frame**",
    "lifetimes": "lifetimes `summary_data_from_transaction_data`, pandas frame",
    "pymc_marketing": "pymc-marketing `rfm_summary`, pandas frame",
}
BASE = {name: "sql_file" if name.endswith("_file") else "sql_frame" for name in NAMES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, nargs="+", default=[1e6, 1e7], help="order lines to generate")
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each contestant, after one that is not")
    parser.add_argument("--date", required=True, help="the day of the measurement, for the table")
    arguments = parser.parse_args()
    make_environment()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(f"Measured on {arguments.date}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {sys.version.split()[0]}.\n")
    print("| order lines | contestant | median s | ratio to the SQL on the same input | peak GiB |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for rows in map(int, arguments.rows):
        with tempfile.TemporaryDirectory() as folder:
            orders = Path(folder) / "orders.parquet"
            subprocess.run([OURS, Path(__file__).with_name("generate.py"), str(rows), orders], check=True)
            found = {name: measure(name, orders, arguments.runs) for name in NAMES}
        demand_same(found)
        for name, entry in found.items():
            ratio = entry["seconds"] / found[BASE[name]]["seconds"]
            print(
                f"| {rows:,} | {NAMES[name]} | {entry['seconds']:.2f} | {ratio:.2f} | {entry['peak']:.1f} |", flush=True
            )
        ours = found["crmlab_frame"]["seconds"]
        for peer in ("lifetimes", "pymc_marketing"):
            print(f"<!-- {peer} takes {found[peer]['seconds'] / ours:.1f} times as long as crmlab on the frame -->")


def measure(name: str, orders: Path, runs: int) -> dict:
    words = [PYTHON[name], Path(__file__).with_name("contestants.py"), name, orders, str(runs)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, encoding="utf-8")
    return json.loads(done.stdout.splitlines()[-1])


def demand_same(found: dict[str, dict]) -> None:
    """Whoever counts the same must have found the same; the peers define F and M otherwise, but see every customer."""
    expected = found["sql_file"]["sums"]
    for name, entry in found.items():
        same = expected if PYTHON[name] == OURS else expected[:1]
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
