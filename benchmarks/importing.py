"""Time `import crmlab` beside `import pandas` in one run: `python benchmarks/importing.py --date 2026-11-22`.

Prints a Markdown table of medians and ratios. Each import is timed in an interpreter of its own, by the time of the
processor; the contestants take turns. Compiled files are there, as they are from the second import on.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from statistics import median

CONTESTANTS = {
    "`import pandas`": ("", "import pandas"),
    "**`import crmlab`**": ("", "import crmlab"),
    "**`import crmlab.rfm`**": ("", "import crmlab.rfm"),
    "**`import crmlab`** after pandas": ("import pandas", "import crmlab"),
    "**`import crmlab.rfm`** after pandas": ("import pandas", "import crmlab.rfm"),
}
CODE = """
import time
{before}
begin = time.process_time()
{timed}
print(time.process_time() - begin)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9, help="timed turns of each contestant, after one that is not")
    parser.add_argument("--date", required=True, help="the day of the measurement, for the table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as compiled:
        turns = [turn(compiled) for _ in range(arguments.runs + 1)][1:]
    found = {name: median(one[name] for one in turns) for name in CONTESTANTS}
    pandas = next(iter(found.values()))
    print(f"Measured on {arguments.date}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, "
          f"medians of {arguments.runs} runs.\n")  # fmt: skip
    print("| import | CPU ms | ratio to pandas |")
    print("| --- | ---: | ---: |")
    for name, seconds in found.items():
        print(f"| {name} | {seconds * 1000:.0f} | {seconds / pandas:.2f} |")


def turn(compiled: str) -> dict[str, float]:
    """Seconds of processor time of each import, once."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = compiled
    return {name: timed(CODE.format(before=before, timed=what), environment)
            for name, (before, what) in CONTESTANTS.items()}  # fmt: skip


def timed(code: str, environment: dict[str, str]) -> float:
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True,
                         encoding="utf-8", check=True)  # fmt: skip
    return float(run.stdout)


if __name__ == "__main__":
    main()
