"""Killed at any step and run again: every message stands on the disk once, and the log is whole."""

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from outbox_shop import MORNING, asked, box_of, files_in, reasons, tiny_shop
from test_outbox_property import messages_in

from crmlab.errors import DataError
from crmlab.outbox.artefacts import Run

ROWS = [("C1", "coupon", "email"), ("C2", "coupon", "sms"), ("C3", "coupon", "email"), ("C9", "coupon", "sms"),
        ("C1", "birthday", "onsite"), ("C2", "shipped", "wangwang")]  # fmt: skip
KILLED = 9
DRIVER = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from outbox_shop import MORNING, asked, box_of, tiny_shop
from test_outbox_crash import KILLED, ROWS
import crmlab.outbox.box, crmlab.handover.files, crmlab.collect.base, crmlab.collect.shops

def run(folder, last):
    box = box_of(folder, tiny_shop(3))
    steps = 0

    def step(*_):
        nonlocal steps
        steps += 1
        if steps == last:
            os._exit(KILLED)

    def watch(event, what):
        inside = str(folder) in str(what[0]) if what else False
        if inside and (event in ("os.mkdir", "os.rename", "shutil.rmtree") or event == "open" and "w" in str(what[1])):
            step()

    sys.addaudithook(watch)
    box._log._connection.set_trace_callback(step)
    if {night}:
        box.put(asked(*ROWS), at=MORNING.replace(hour=23))
        box.release(at=MORNING.replace(day=18))
    else:
        box.put(asked(*ROWS), at=MORNING)
    return steps

def apart(folder, last):
    pid = os.fork()
    if pid == 0:
        folder.mkdir()
        (folder / "steps").write_text(str(run(folder, last)))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

root = Path({folder!r})
assert apart(root / "whole", 0) == 0
steps = int((root / "whole" / "steps").read_text())
for last in {chosen}:
    assert apart(root / str(last), last) == KILLED, last
"""


def killed_folders(root: Path, chosen: str, *, night: bool) -> list[Path]:
    """Runs the same again and again in a program of its own, each time killed at another step.

    Each write of a file, each making or naming of a folder, and each statement of the log is a step; `chosen` says
    which of the `steps` there are.
    """
    chosen = "range(1, steps + 1)" if os.environ.get("CRMLAB_EXAMPLES") else chosen
    code = DRIVER.format(tests=str(Path(__file__).parent), folder=str(root), chosen=chosen, night=night)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    (root / "whole" / "steps").unlink()
    return sorted(path for path in root.iterdir() if path.name != "whole")


def check_whole(folder, at):
    """Runs the same once more, and looks."""
    with box_of(folder, tiny_shop(3)) as box:
        report = box.put(asked(*ROWS), at=at)
        box.release(at=MORNING.replace(day=18))
        assert Counter(reasons(report))["refused: unknown_customer"] == 1
        assert box.verify().empty
        log = box.history()
        assert not list(folder.glob("runs/*.part"))
        written = log[log["decision"] == "written"]
        assert Counter(message for message, *_ in messages_in(folder)) == Counter(written["message"])
        assert len(written) == len(ROWS) - 1
        before = files_in(folder)
        box.put(asked(*ROWS), at=at)
        assert files_in(folder) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_steps_from_the_first_to_the_last(tmp_path):
    folders = killed_folders(tmp_path, "[*range(2, steps - 6, 9), *range(steps - 4, steps + 1)]", night=False)
    assert len(folders) > 6
    for folder in folders:
        check_whole(folder, MORNING)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_while_held_messages_are_released(tmp_path):
    for folder in killed_folders(tmp_path, "[steps // 2, steps * 2 // 3, steps - 2, steps]", night=True):
        check_whole(folder, MORNING.replace(hour=23))


def test_an_error_in_the_middle_leaves_nothing(tmp_path, monkeypatch):
    box = box_of(tmp_path, tiny_shop(3))
    with monkeypatch.context() as patch:
        patch.setattr(Run, "manifest", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(DataError, match="disk full"):
            box.put(asked(*ROWS), at=MORNING)
    assert (files_in(tmp_path), len(box.history())) == ({}, 0)
    assert reasons(box.put(asked(*ROWS), at=MORNING)).count("written") == 5
    assert box.verify().empty


def test_only_one_program_writes_at_a_time(tmp_path, monkeypatch):
    one, two = box_of(tmp_path, tiny_shop(3)), box_of(tmp_path, tiny_shop(3))
    two._log._connection.execute("PRAGMA busy_timeout = 0")
    with one._log.writing(), pytest.raises(DataError, match="Another program"):
        two.put(asked(*ROWS), at=MORNING)
    assert reasons(two.put(asked(*ROWS), at=MORNING)).count("written") == 5
    assert reasons(one.put(asked(*ROWS), at=MORNING)).count("already: written_before") == 5


def test_something_else_under_the_name_of_the_log_is_told(tmp_path):
    (tmp_path / "log.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(DataError, match=r"log\.sqlite"):
        box_of(tmp_path, tiny_shop(1))


def test_wild_order_of_calls_never_writes_a_message_twice(tmp_path):
    box = box_of(tmp_path, tiny_shop(3))
    frame = pd.concat([asked(*ROWS)] * 2, ignore_index=True)
    for hours in (14, 0, 24, 13, 2):
        box.put(frame, at=MORNING + timedelta(hours=hours))
        box.release(at=MORNING + timedelta(hours=hours))
    log = box.history()
    assert log[log["decision"] == "written"]["message"].is_unique
    assert Counter(message for message, *_ in messages_in(tmp_path)).most_common(1)[0][1] == 1
