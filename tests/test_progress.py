"""Long work says how far it is, in text that stays readable; short work says nothing."""

import io
import sys

import nbformat
import papermill
import pytest

from crmlab.course.kernel import NAME, OwnKernel
from crmlab.course.report import write_report
from crmlab.progress import Progress, counted
from crmlab.words import LANGUAGES, word


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when a test says so."""
    import tqdm.std

    now = [100.0]
    monkeypatch.setattr(tqdm.std, "time", lambda: now[0])
    return now


def told(clock, file, steps, seconds):
    """What is written about so many steps of so many seconds each."""
    with Progress("grade", "en", file=file) as shown:
        for done in range(1, steps + 1):
            clock[0] += seconds
            shown.show(done, steps)
    return file.getvalue()


def test_a_log_has_whole_lines_that_come_ever_more_rarely(clock):
    text = told(clock, io.StringIO(), 600, 1)
    assert "\r" not in text
    lines = text.splitlines()
    assert lines[0].startswith("Grading 2/600 00:02<")
    assert lines[-1].startswith("Grading 600/600 10:00<00:00")
    assert len(lines) == len(set(lines)) < 30


def test_a_terminal_has_one_line_that_moves(clock):
    text = told(clock, Terminal(), 10, 1)
    assert text.count("\n") == 1
    assert text.count("\r") > 8
    assert "Grading 10/10 ######################## 00:10<00:00" in text.splitlines()[-1]


@pytest.mark.parametrize("file", [io.StringIO, Terminal])
def test_work_under_two_seconds_is_silent(clock, file):
    assert told(clock, file(), 19, 0.1) == ""
    assert told(clock, file(), 21, 0.1) != ""


def test_work_that_fails_leaves_what_it_said_and_the_error(clock, capsys):
    def fail():
        for step in counted(range(5), "clusters"):
            clock[0] += 3
            if step == 2:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    both = " / ".join(word("progress.clusters", lang) for lang in LANGUAGES)
    lines = [line.split("<")[0] for line in capsys.readouterr().err.splitlines()]
    assert lines == [f"{both} 1/5 00:03", f"{both} 2/5 00:06", f"{both} 2/5 00:09"]


def test_all_is_silent_where_tqdm_is_switched_off(monkeypatch, clock):
    for name in [name for name in sys.modules if name.split(".")[0] == "tqdm"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert told(clock, io.StringIO(), 9, 9) == ""


def test_nothing_watches_the_bars_from_a_thread_of_its_own(clock):
    import threading

    before = threading.active_count()
    told(clock, Terminal(), 3, 3)
    assert threading.active_count() == before


def test_an_executed_notebook_keeps_readable_text_of_slow_work_only(tmp_path):
    slow = "import time\nfrom crmlab.progress import counted\n"
    slow += "for _ in counted(range(12), 'stability', 'zh'):\n    time.sleep(0.25)"
    quick = slow.replace("0.25", "0")
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (slow, quick)])
    nbformat.write(made, tmp_path / "in.ipynb")
    done = papermill.execute_notebook(
        str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb"), kernel_name=NAME, language="python",
        kernel_manager_class=OwnKernel, progress_bar=False,
    )  # fmt: skip
    first, second = done.cells
    assert {output.name for output in first.outputs} == {"stderr"}
    text = "".join(output.text for output in first.outputs)
    label = word("progress.stability", "zh")
    assert all(line.startswith(f"{label} ") for line in text.splitlines())
    assert f"{label} 12/12 00:03<00:00" in text
    assert "\r" not in text
    assert 1 < len(text.splitlines()) < 7
    assert second.outputs == []

    write_report([tmp_path / "out.ipynb"], tmp_path / "report.html", "zh")
    assert label not in (tmp_path / "report.html").read_text(encoding="utf-8")
