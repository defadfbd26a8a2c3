"""Time `crmlab grade` beside nbgrader on the same class, in one run: `python benchmarks/grading.py --date 2026-11-22`.

nbgrader lives in .venv-bench-grading, made from benchmarks/requirements-grading.lock. Prints a Markdown table. The
contestants take turns, each starts from nothing in processes of its own, and each must come to the planted points. The
third is the limit: the students' code alone.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import grading_class
import psutil
from grading_contestants import JOBS
from grading_nbgrader import Course

from crmlab.grade.records import Graded

ROOT = Path(__file__).resolve().parents[1]
BIN = "Scripts/python.exe" if os.name == "nt" else "bin/python"
OURS, PEERS = ROOT / ".venv" / BIN, ROOT / ".venv-bench-grading" / BIN
NAMES = {
    "nbgrader": "nbgrader autograde, generate_feedback, export",
    "crmlab": f"**crmlab grade, sandbox on, {JOBS} jobs**",
    "limit": f"the students' code alone, {JOBS} processes",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, nargs="+", default=[40, 160], help="sizes of the class")
    parser.add_argument("--nbgrader", type=int, default=40, help="most students that nbgrader grades")
    parser.add_argument("--runs", type=int, default=1, help="timed turns of each contestant")
    parser.add_argument("--date", required=True, help="the day of the measurement, for the table")
    arguments = parser.parse_args()
    make_environment()
    compile_libraries()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(f"Measured on {arguments.date}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {sys.version.split()[0]}.\n")
    print("| students | contestant | s | CPU s | a minute | ratio to nbgrader | share of the limit | load |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(prefix="crmlab-bench-") as room:
        opening = grading_class.opening(Path(room) / "data")
        stage = Stage(Path(room), opening, grading_class.right(opening))
        nbgrader = None
        for students in sorted(arguments.students):
            names = [name for name in NAMES if name != "nbgrader" or students <= arguments.nbgrader]
            found = contest(stage, students, names, arguments.runs)
            nbgrader = rate_of(students, found["nbgrader"]) if "nbgrader" in found else nbgrader
            for name in found:
                print(table_row(students, name, found, nbgrader), flush=True)
            cpu = found["limit"]["cpu"] / students
            print(f"{students} students: a notebook's own cells take {cpu:.2f} s of CPU time.", file=sys.stderr)


class Stage:
    """Where the contestants run: a folder, and what the graded notebooks have above their questions."""

    def __init__(self, room: Path, opening: list[str], right: dict[str, dict]):
        self.room, self.opening, self.right = room, opening, right
        self.lesson = grading_class.lesson()

    def turn(self, name: str, students: int) -> dict:
        """Seconds, CPU seconds, the load of the machine before, and the points by student and question."""
        works = grading_class.works(students)
        with tempfile.TemporaryDirectory(dir=self.room) as folder:
            found = getattr(self, f"_{name}")(Path(folder), works)
        for work in works:
            if found["points"][work.student] != work.points:
                raise SystemExit(f"{name} gives {found['points'][work.student]} to {work.student}, not {work.points}")
        return found

    def _nbgrader(self, folder: Path, works: list[grading_class.Work]) -> dict:
        course = Course(folder, PEERS, OURS, self.opening, self.right)
        course.hand_in(works)
        return timed(course.grade) | {"points": course.points()}

    def _crmlab(self, folder: Path, works: list[grading_class.Work]) -> dict:
        grading_class.hand_in(self.lesson, works, folder / "handed_in")
        grading_class.write_roster(works, folder / "class.csv")
        found = timed(lambda: contestant("crmlab", folder))
        graded = [Graded.read(folder / "out" / "records" / f"{work.student}.json") for work in works]
        return found | {"points": {one.student: {mark.question: mark.earned for mark in one.marks} for one in graded}}

    def _limit(self, folder: Path, works: list[grading_class.Work]) -> dict:
        cells = [{"student": one.student, "cells": [*self.opening, *one.code.values()]} for one in works]
        grading_class.write_json(cells, folder / "cells.json")
        (folder / "limit").mkdir()
        found = timed(lambda: contestant("limit", folder))
        told = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (folder / "limit").iterdir()}
        seconds = sum(one["seconds"] for one in told.values()) / JOBS
        points = {student: grading_class.points(one["answers"], self.right) for student, one in told.items()}
        return found | {"seconds": seconds, "cpu": sum(one["cpu"] for one in told.values()), "points": points}


def contest(stage: Stage, students: int, names: list[str], runs: int) -> dict[str, dict]:
    """What each contestant took: medians of its turns, the load of the machine before them."""
    turns: dict[str, list[dict]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            turns[name].append(stage.turn(name, students))
    return {
        name: {
            "seconds": median(one["seconds"] for one in found),
            "cpu": median(one["cpu"] for one in found),
            "load": max(one["load"] for one in found),
        }
        for name, found in turns.items()
    }


def contestant(name: str, folder: Path) -> None:
    from crmlab.sandbox.interpreter import environment

    own = environment() | {"HOME": str(folder)} if name == "limit" else {}
    words = [OURS, Path(__file__).with_name("grading_contestants.py"), name, folder]
    done = subprocess.run(words, env=os.environ | own, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"{name}:\n{done.stderr[-3000:]}")


def timed(work: Callable[[], None]) -> dict:
    load, used = os.getloadavg()[0], cpu_seconds()
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "cpu": cpu_seconds() - used, "load": load}


def cpu_seconds() -> float:
    """What the whole machine has used; workers are no children of the process that grades."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system


def rate_of(students: int, entry: dict) -> float:
    return 60 * students / entry["seconds"]


def table_row(students: int, name: str, found: dict[str, dict], nbgrader: float | None) -> str:
    entry = found[name]
    seconds, rate = entry["seconds"], rate_of(students, entry)
    ratio = f"{rate / nbgrader:.1f}" if nbgrader else ""
    share = f"{found['limit']['seconds'] / seconds:.0%}"
    return (
        f"| {students} | {NAMES[name]} | {seconds:.1f} | {entry['cpu']:.1f} | {rate:.0f} | {ratio} | {share} | "
        f"{entry['load']:.1f} |"
    )


def compile_libraries() -> None:
    """Both environments and crmlab, so that nobody pays for it: where PYTHONDONTWRITEBYTECODE is set, nothing is kept
    from one start to the next."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for python, folder in ((OURS, ROOT / ".venv"), (OURS, ROOT / "crmlab"), (PEERS, ROOT / ".venv-bench-grading")):
        subprocess.run([python, "-m", "compileall", "-qq", folder], env=clean)  # some files of libraries are no Python


def make_environment() -> None:
    lock = Path(__file__).with_name("requirements-grading.lock")
    stamp = PEERS.parents[1] / "bench.stamp"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    uv = [OURS, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", OURS, PEERS.parents[1]], check=True)
    subprocess.run([*uv, "pip", "install", "--quiet", "--require-hashes", "--python", PEERS, "-r", lock], check=True)
    stamp.write_bytes(lock.read_bytes())


if __name__ == "__main__":
    main()
