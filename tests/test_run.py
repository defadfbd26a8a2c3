"""`crmlab run`: lessons executed by papermill on what a person gave; and the command line."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from tiny_course import BODY, TABLE_LESSON, write_lesson, write_unexecuted

from crmlab import cli
from crmlab.course.run import choose, make_jobs, run_course
from crmlab.errors import CrmlabError, ParameterError

SLOW = f"""{BODY}
# %%
import os
import time

Path(tables, "pid").write_text(str(os.getpid()), encoding="utf-8")
Path(tables, "pid").rename(Path(tables, "kernel"))
time.sleep(60)
"""
BROKEN = BODY + "\n# %%\nlimit = 0\n1 / limit\n"


def make_course(root):
    write_lesson(root, "01", "window")
    write_lesson(root, "02", "table", TABLE_LESSON)
    write_unexecuted(root)
    (root / "datasets" / "teaching").mkdir(parents=True)
    return root


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One run of both lessons, started from another folder with paths relative to it."""
    root = make_course(tmp_path_factory.mktemp("course {x}"))
    here = tmp_path_factory.mktemp("here")
    (here / "my.csv").write_text("a\n1\n", encoding="utf-8")
    home = tmp_path_factory.mktemp("home")
    spec = home / ".local" / "share" / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "python"}),
        encoding="utf-8",
    )
    said, progress = [], io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        patch.setenv("HOME", str(home))
        patch.setenv("JUPYTER_PATH", str(home / ".local" / "share" / "jupyter"))
        patch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
        given = [("orders", "my.csv"), ("as_of", "2026-06-17"), ("window", "90")]
        out = run_course(root, given=given, say=said.append, progress=progress)
        run_course(root, given=given, say=said.append, progress=progress)
    return {"root": root, "here": here, "out": out, "said": said, "progress": progress.getvalue()}


def outputs(path):
    made = nbformat.read(path, as_version=4)
    return "".join(output.get("text", "") for cell in made.cells for output in cell.get("outputs", ()))


def test_parameters_reach_the_lessons_that_have_them(ran):
    assert ran["out"] == ran["here"] / "out" / "my" / "zh"
    assert outputs(ran["out"] / "01_window.ipynb") == "window 90\n"
    assert (ran["out"] / "tables" / "seen.txt").read_text(encoding="utf-8") == f"teaching|{ran['here'] / 'my.csv'}"


def test_the_kernel_is_the_python_of_crmlab(ran):
    made = nbformat.read(ran["out"] / "02_table.ipynb", as_version=4)
    [result] = [output for cell in made.cells for output in cell.get("outputs", ())]
    assert result.data["text/plain"] == repr((False, sys.prefix))


def test_a_second_run_skips_what_is_up_to_date(ran):
    lines = ran["progress"].splitlines()
    assert re.fullmatch(r"01_window：7 格，[\d.]+ 秒", lines[0])
    assert lines[2:] == ["01_window：已是最新，跳过", "02_table：已是最新，跳过"]


def test_the_run_ends_by_naming_what_it_wrote(ran):
    text = "\n".join(ran["said"])
    for part in ("report.html", "01_window.ipynb, 02_table.ipynb", "types.csv 2 行", "seen.txt"):
        assert text.count(part) == 2
    assert not list(ran["out"].glob("*.part*"))


def test_the_fingerprint_knows_code_parameters_and_data(course, monkeypatch):
    from crmlab.course.fingerprint import fingerprint

    notebook = course / "notebooks" / "zh" / "01_window.ipynb"
    first = fingerprint(course, notebook, {"window": 90})
    assert first == fingerprint(course, notebook, {"window": 90})
    assert first != fingerprint(course, notebook, {"window": 91})
    data = course / "datasets" / "teaching" / "orders.csv"
    data.write_text("1\n", encoding="utf-8")
    second = fingerprint(course, notebook, {"window": 90})
    os.utime(data, ns=(0, 0))
    third = fingerprint(course, notebook, {"window": 90})
    notebook.write_bytes(notebook.read_bytes() + b"\n")
    package = course / "package"
    package.mkdir()
    (package / "words.csv").touch()
    monkeypatch.setattr("crmlab.__file__", str(package / "__init__.py"))
    fourth = fingerprint(course, notebook, {"window": 90})
    (package / "rfm.py").touch()
    assert len({first, second, third, fourth, fingerprint(course, notebook, {"window": 90})}) >= 4


def test_lessons_are_chosen_by_number_or_name_in_the_order_of_the_course(course):
    folder = course / "notebooks" / "zh"
    both = [folder / "01_window.ipynb", folder / "02_table.ipynb"]
    assert choose(folder, []) == both
    assert choose(folder, ["02_table", "01"]) == both
    assert choose(folder, ["02"]) == both[1:]
    with pytest.raises(CrmlabError, match="01_window, 02_table"):
        choose(folder, ["02", "3"])
    with pytest.raises(CrmlabError, match="make build"):
        choose(course / "notebooks" / "en", [])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"widow": "9"}, "as_of, orders, window"),
        ({"window": "'90'"}, "whole number"),
        ({"window": "ninety"}, "whole number"),
        ({"orders": "gone.csv", "as_of": "2026-06-17"}, "gone.csv"),
        ({"orders": "gone.csv"}, "reference date"),
        ({"as_of": "2026"}, "2026-06-17"),
        ({"lang": "en"}, "--lang"),
        ({"tables": "x"}, "--out"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_before_anything_runs(course, given, told):
    with pytest.raises(ParameterError) as caught:
        run_course(course, given=given.items(), out=course / "out")
    assert told in caught.value.message("en")
    assert not (course / "out").exists()


def test_problems_of_all_lessons_are_told_together(course):
    with pytest.raises(ParameterError) as caught:
        make_jobs(choose(course / "notebooks" / "zh", []), {"data": "gone"}, {"window": "-1", "as_of": "x"})
    assert [values["name"] for _, values in caught.value.problems] == ["data", "window", "as_of"]


def test_a_failing_cell_stops_the_run_and_keeps_the_good_notebook(course, capsys):
    write_lesson(course, "01", "window", BROKEN)
    write_unexecuted(course)
    out = course / "out"
    out.mkdir()
    (out / "01_window.ipynb").write_text("good", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "course_root", lambda: course)
        code = cli.main(["run", "--out", str(out)])
    told = capsys.readouterr()
    assert code == 1
    assert "In [5]" in told.err
    assert "limit = 0" in told.err
    assert "ZeroDivisionError: division by zero" in told.err
    assert str(out / "01_window.failed.ipynb") in told.err
    assert "Traceback" not in told.err
    assert "\x1b" not in told.err
    assert told.out == ""
    assert len(told.err.splitlines()) == 4
    assert (out / "01_window.ipynb").read_text(encoding="utf-8") == "good"
    assert "ZeroDivisionError" in (out / "01_window.failed.ipynb").read_text(encoding="utf-8")
    assert not list(out.glob("*.part*"))
    assert not (out / "02_table.ipynb").exists()
    write_lesson(course, "01", "window")
    write_unexecuted(course)
    run_course(course, ["01"], out=out, progress=io.StringIO())
    assert outputs(out / "01_window.ipynb") == "window 365\n"
    assert not (out / "01_window.failed.ipynb").exists()


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_ctrl_c_keeps_the_good_notebook_and_ends_the_kernel(course):
    write_lesson(course, "01", "window", SLOW)
    write_unexecuted(course)
    out = course / "out"
    out.mkdir()
    (out / "01_window.ipynb").write_text("good", encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from crmlab import cli; "
        "cli.course_root = lambda: Path(sys.argv[1]); "
        "sys.exit(cli.main(['run', '01', '--lang', 'zh', '--out', sys.argv[2]]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, course, out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    kernel = out / "tables" / "kernel"
    deadline = time.monotonic() + 60
    while not kernel.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "01_window 被你中止了" in told
    assert "Traceback" not in told
    assert (out / "01_window.ipynb").read_text(encoding="utf-8") == "good"
    assert (out / "01_window.failed.ipynb").exists()
    assert not list(out.glob("*.part*"))
    with pytest.raises(ProcessLookupError):
        os.kill(int(kernel.read_text(encoding="utf-8")), 0)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_a_bar_for_each_lesson(course):
    progress = Terminal()
    run_course(course, ["01"], out=course / "out", progress=progress, say=lambda line: None)
    assert re.search(r"01_window 7/7 ", progress.getvalue())
    assert "Executing" not in progress.getvalue()


def test_a_log_tells_how_far_a_long_lesson_is(course, monkeypatch):
    monkeypatch.setattr("crmlab.course.run.TOLD_EVERY", 0.01)
    progress = io.StringIO()
    run_course(course, ["01"], out=course / "out", progress=progress, say=lambda line: None)
    *told, done = progress.getvalue().splitlines()
    assert re.fullmatch(r"01_window \d/7 \d\d:\d\d<.*", told[-1])
    assert done.startswith("01_window：7 格")
    assert "\r" not in progress.getvalue()


def test_a_real_report_stays_small(ran):
    assert (ran["out"] / "report.html").stat().st_size < 6_000_000


def test_refusals_are_plain_words_and_exit_code_2(capsys):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "course_root", lambda: (_ for _ in ()).throw(CrmlabError("no_course")))
        assert cli.main(["run", "--lang", "en"]) == 2
        assert cli.main(["world"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("The lessons are not here.")
    assert "这里没有课程文件" in told
    assert "Traceback" not in told


def test_build_check_prints_what_differs(tmp_path, capsys):
    from tiny_course import write_readmes

    write_lesson(tmp_path, "01", "window")
    write_readmes(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "course_root", lambda: tmp_path)
        assert cli.main(["build", "--check"]) == 1
        assert "notebooks/zh/01_window.ipynb: is not there" in capsys.readouterr().out


def test_world_writes_data_truth_and_cards_beside_each_other(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr("crmlab.world.write_world", lambda *folders, seed: written.extend((*folders, seed)))
    monkeypatch.setattr("crmlab.world.write_cards", written.append)
    assert cli.main(["world", "--out", str(tmp_path), "--seed", "7"]) == 0
    assert written == [tmp_path / "teaching", tmp_path / "truth", 7, tmp_path / "cards"]


def test_the_command_loads_nothing_heavy():
    heavy = ("pandas", "nbformat", "papermill", "duckdb")
    code = f"import sys, crmlab.cli; print([name for name in {heavy} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8")
    assert said.stdout == "[]\n"
    said = subprocess.run([sys.executable, "-m", "crmlab", "--version"], capture_output=True, check=True)
    assert re.fullmatch(rb"crmlab \d+\.\d+\.\d+\r?\n", said.stdout)


def test_a_base_is_known_by_its_file_and_a_server_never(course, tmp_path):
    from crmlab.course.fingerprint import fingerprint

    notebook, base = course / "notebooks" / "zh" / "01_window.ipynb", tmp_path / "shop.duckdb"
    base.write_bytes(b"1")
    first = fingerprint(course, notebook, {"data": str(base)})
    assert first == fingerprint(course, notebook, {"data": str(base)})
    base.write_bytes(b"12")
    assert first != fingerprint(course, notebook, {"data": str(base)})
    server = {"data": "postgres://localhost/shop"}
    assert fingerprint(course, notebook, server) != fingerprint(course, notebook, server)
