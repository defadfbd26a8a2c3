"""Contestants of benchmarks/grading.py that run in Python: `python grading_contestants.py crmlab|limit FOLDER`.

Each is started in a process of its own. `crmlab` grades the class as `crmlab grade` does. `limit` only executes the
students' code, in forks of a warm process, on as many cores.
"""

import json
import os
import sys
import time
from pathlib import Path

JOBS = 2


def crmlab(folder: Path) -> None:
    """Everything that `crmlab grade` does and writes, into out/."""
    sys.modules.setdefault("rfc3987_syntax", None)  # as the command does (crmlab.cli.main)
    import grading_class

    from crmlab.assign.roster import read_roster
    from crmlab.grade.grade import grade_class
    from crmlab.grade.one import Assignment
    from crmlab.grade.results import write_results

    roster = read_roster(folder / "class.csv")
    key, lang = grading_class.KEY, grading_class.LANG
    assignment = Assignment(grading_class.lesson(), grading_class.rules(), key, roster, lang=lang)
    out = folder / "out"
    write_results(assignment, grade_class(assignment, folder / "handed_in", out, jobs=JOBS), out)


def limit(folder: Path) -> None:
    """The code of each student in a fork of its own, with its outputs made and thrown away; limit.json has the seconds
    and CPU seconds of the cells alone and the answers, by student."""
    works = json.loads((folder / "cells.json").read_text(encoding="utf-8"))
    warm_up()
    lanes = [fork(lambda lane=lane: run_lane(works[lane::JOBS], folder)) for lane in range(JOBS)]
    for pid in lanes:
        demand_end(pid)


def warm_up() -> None:
    """As crmlab's own workers are: libraries imported and used once, memory in large pages."""
    import gc

    import crmlab.grade.warm  # noqa: F401
    from crmlab.sandbox import pages

    gc.collect()
    gc.disable()
    gc.freeze()
    pages.enlarge(Path("/proc/self/maps").read_text(encoding="utf-8"))


def run_lane(works: list[dict], folder: Path) -> None:
    for work in works:
        demand_end(fork(lambda work=work: run_cells(work, folder)))


def run_cells(work: dict, folder: Path) -> None:
    import gc

    from crmlab.grade.warm import SHELL
    from crmlab.questions.plain import NotPlainError, encode

    gc.enable()
    began, used = time.perf_counter(), time.process_time()
    for source in work["cells"]:
        SHELL.succeeds(source)
        SHELL.outputs.end()
    found = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - used, "answers": {}}
    for name, value in SHELL.user_ns["answers"].items():
        try:
            found["answers"][name] = encode(value)
        except NotPlainError:
            continue
    path = folder / "limit" / f"{work['student']}.json"
    path.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8", newline="\n")


def fork(work) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def demand_end(pid: int) -> None:
    if os.waitpid(pid, 0)[1]:
        raise SystemExit("a run of the limit failed")


if __name__ == "__main__":
    {"crmlab": crmlab, "limit": limit}[sys.argv[1]](Path(sys.argv[2]))
