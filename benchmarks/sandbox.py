"""Time what the sandbox itself costs: `python benchmarks/sandbox.py`.

Prints a Markdown table, medians of 50 jobs in a worker that has imported what lessons use (crmlab.grade.warm): from
the call of `Pool.run` to the first line of the entry, with all layers, with those of an ordinary user without
namespaces, and with none; and a fresh interpreter that imports the same.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from crmlab.sandbox import Job, Pool

JOBS = 50
WARM = "crmlab.grade.warm"
KINDS = {
    "all layers": (),
    "Landlock, seccomp, limits": ("namespaces", "own_user"),
    "no layer": ("namespaces", "own_user", "privileges", "limits", "landlock", "seccomp"),
}


def report_time(payload: dict, send) -> None:
    """The entry: tells when its first line runs."""
    send({"first_line": time.monotonic()})


def starts(without: tuple[str, ...]) -> tuple[float, float]:
    """Median seconds to the first line of the entry, and to the end of the job."""
    first, whole = [], []
    with Pool(workers=1, warm=(WARM, "sandbox"), read=[Path(__file__).parent], without=without) as pool:
        for number in range(JOBS + 1):
            told: list[dict] = []
            begun = time.monotonic()
            ended = pool.run(Job(str(number), "sandbox:report_time", {}), told.append)
            assert ended.outcome == "done", ended
            first.append(told[0]["first_line"] - begun)
            whole.append(time.monotonic() - begun)
    return statistics.median(first[1:]), statistics.median(whole[1:])


def interpreter() -> float:
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", f"import {WARM}"], check=True)
    return time.monotonic() - begun


def main() -> None:
    print("| layers | to the first line, ms | to the end of the job, ms |\n| --- | --- | --- |")
    for name, without in KINDS.items():
        first, whole = starts(without)
        print(f"| {name} | {1000 * first:.1f} | {1000 * whole:.1f} |")
    print(f"| fresh interpreter | {1000 * interpreter():.0f} | |")


if __name__ == "__main__":
    main()
