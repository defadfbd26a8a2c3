"""Run the lessons on somebody's data by papermill: one folder of notebooks, tables and a report."""

import ast
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from crmlab.course.fingerprint import fingerprint
from crmlab.course.settings import SettingsError, check_settings
from crmlab.course.source import literal_parameters
from crmlab.errors import CrmlabError, ParameterError
from crmlab.progress import place
from crmlab.words import word

OWN_OPTION = {"lang": "--lang", "data": "--data", "tables": "--out"}
RECORD = "run.json"
TOLD_EVERY = 10
"""Seconds between two lines of a log that say how far a lesson is."""


@dataclass(frozen=True)
class Job:
    """One lesson to run: its generated notebook and the checked parameters that it is given."""

    notebook: Path
    parameters: dict[str, object]

    @property
    def stem(self) -> str:
        return self.notebook.stem


class LessonError(CrmlabError):
    """A cell failed, or a person stopped the run; `exit_code` is 1 or 130."""

    def __init__(self, key: str, exit_code: int = 1, **values: object):
        super().__init__(key, **values)
        self.exit_code = exit_code


def run_course(
    root: Path,
    lessons: Sequence[str] = (),
    *,
    lang: str = "zh",
    data: str = "teaching",
    given: Iterable[tuple[str, str]] = (),
    out: Path | None = None,
    fresh: bool = False,
    say: Callable[[str], None] = print,
    progress: TextIO | None = None,
) -> Path:
    """Run lessons ("02" or "02_segment"; none means all) and hand back the folder that holds the results.

    `given` are (name, text) pairs as typed after -p; `say` gets the results, `progress` (stderr) each lesson.
    Raises ParameterError before anything runs when a value cannot be used, and LessonError when a cell fails.
    """
    started = time.monotonic()
    progress = progress or sys.stderr
    notebooks = choose(root / "notebooks" / lang, lessons)
    given = dict(given)
    out = (out or Path("out", _data_name(data, given.get("orders")), lang)).absolute()
    jobs = make_jobs(notebooks, {"lang": lang, "data": data, "tables": str(out / "tables")}, given)

    (out / "tables").mkdir(parents=True, exist_ok=True)
    record = _read_record(out / RECORD)
    for job in jobs:
        mark = fingerprint(root, job.notebook, job.parameters)
        if not fresh and _up_to_date(out, record.get(job.stem), job.stem, mark):
            print(word("run.up_to_date", lang, lesson=job.stem), file=progress, flush=True)
            continue
        record.pop(job.stem, None)
        _write_record(out / RECORD, record)
        before = _tables(out)
        _execute(job, out, lang, progress)
        tables = sorted(name for name, changed in _tables(out).items() if before.get(name) != changed)
        record[job.stem] = {"fingerprint": mark, "tables": tables}
        _write_record(out / RECORD, record)

    from crmlab.course.report import write_report

    done = [out / job.notebook.name for job in jobs]
    write_report(done, out / "report.html", lang)
    tables = {name for job in jobs for name in record[job.stem]["tables"]}
    _say_results(say, lang, out, done, sorted(tables), time.monotonic() - started)
    return out


def choose(folder: Path, lessons: Sequence[str]) -> list[Path]:
    """The generated notebooks that the names mean, in the order of the course."""
    every = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    unknown = [name for name in lessons if not any(name in (path.stem, path.stem[:2]) for path in every)]
    if not every:
        raise CrmlabError("run_not_built", folder=folder)
    if unknown:
        known = ", ".join(path.stem for path in every)
        raise CrmlabError("run_no_lesson", names=", ".join(unknown), known=known)
    return [path for path in every if not lessons or {path.stem, path.stem[:2]} & set(lessons)]


def make_jobs(notebooks: list[Path], fixed: dict[str, object], given: dict[str, str]) -> list[Job]:
    """Give each lesson the values that it has a parameter for, once all of them are checked."""
    defaults = {path: _defaults(path) for path in notebooks}
    known = {name: value for values in defaults.values() for name, value in values.items()}
    for name in given:
        if name in OWN_OPTION:
            raise ParameterError("run_own_option", name=name, option=OWN_OPTION[name])
        if name not in known:
            names = ", ".join(sorted(set(known) - set(OWN_OPTION)))
            raise ParameterError("run_no_parameter", name=name, known=names)
    wanted = fixed | {name: _typed(text, known[name]) for name, text in given.items()}

    jobs, problems = [], []
    for path, values in defaults.items():
        mine = {name: value for name, value in wanted.items() if name in values}
        try:
            checked = vars(check_settings(**values | mine))
        except SettingsError as error:
            problems += [problem for problem in error.problems if problem not in problems]
        else:
            jobs.append(Job(path, {name: checked[name] for name in mine}))
    if problems:
        raise SettingsError(problems)
    return jobs


def _defaults(path: Path) -> dict[str, object]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    [cell] = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", ())]
    return literal_parameters("".join(cell["source"]))


def _typed(text: str, default: object) -> object:
    """What was typed after -p: text for a parameter that is text, else the Python literal that it spells."""
    if isinstance(default, str):
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _data_name(data: str, orders: str | None) -> str:
    return Path(orders).name.split(".")[0] if orders else Path(data).absolute().name


def _execute(job: Job, out: Path, lang: str, progress: TextIO) -> None:
    """Run one lesson into a part file that takes the lesson's name only when it is whole."""
    import logging

    from nbclient.exceptions import DeadKernelError
    from papermill import PapermillExecutionError, execute_notebook

    from crmlab.course.kernel import NAME, OwnKernel

    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    part, whole, failed = (out / f"{job.stem}{ending}.ipynb" for ending in (".part", "", ".failed"))
    terminal = progress.isatty()
    bar = {"desc": job.stem, **place(progress)}
    if not terminal:
        bar |= {"delay": TOLD_EVERY, "mininterval": TOLD_EVERY, "leave": False}
    started = time.monotonic()
    try:
        done = execute_notebook(
            _unformatted(job.notebook),
            _unformatted(part),
            job.parameters,
            kernel_name=NAME,
            language="python",
            kernel_manager_class=OwnKernel,
            progress_bar=bar,
            cwd=out,
        )
    except PapermillExecutionError as error:
        part.replace(failed)
        message = re.sub(r"\x1b\[[0-9;]*m", "", error.evalue)
        raise LessonError(
            "run_cell",
            lesson=job.stem,
            cell=error.exec_count,
            line=error.source.partition("\n")[0],
            error=f"{error.ename}: {message}",
            file=failed,
        ) from None
    except DeadKernelError:
        part.replace(failed)
        raise LessonError("run_dead", lesson=job.stem, file=failed) from None
    except KeyboardInterrupt:
        if part.exists():
            part.replace(failed)
        raise LessonError("run_stopped", exit_code=130, lesson=job.stem, file=failed) from None
    part.replace(whole)
    failed.unlink(missing_ok=True)
    if not terminal:
        seconds = f"{time.monotonic() - started:.1f}"
        line = word("run.lesson_done", lang, lesson=job.stem, cells=len(done.cells), seconds=seconds)
        print(line, file=progress, flush=True)


def _unformatted(path: Path) -> str:
    """A path that papermill's str.format leaves as it is."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _read_record(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["lessons"]
    except (OSError, ValueError, KeyError):
        return {}


def _write_record(path: Path, lessons: dict) -> None:
    text = json.dumps({"lessons": lessons}, indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _up_to_date(out: Path, entry: dict | None, stem: str, mark: str) -> bool:
    if not entry or entry["fingerprint"] != mark:
        return False
    return all(path.exists() for path in (out / f"{stem}.ipynb", *(out / "tables" / name for name in entry["tables"])))


def _tables(out: Path) -> dict[str, int]:
    """Each file of tables/ with the time of its last change."""
    return {path.name: path.stat().st_mtime_ns for path in (out / "tables").iterdir() if path.is_file()}


def _say_results(
    say: Callable[[str], None], lang: str, out: Path, notebooks: list[Path], tables: list[str], seconds: float
) -> None:
    shown = out.relative_to(Path.cwd()) if out.is_relative_to(Path.cwd()) else out
    say(word("run.report", lang, file=shown / "report.html"))
    say(word("run.notebooks", lang, folder=shown, files=", ".join(path.name for path in notebooks)))
    if tables:
        listed = ", ".join(_with_rows(out / "tables" / name, lang) for name in tables)
        say(word("run.tables", lang, folder=shown / "tables", files=listed))
    say(word("run.time", lang, seconds=f"{seconds:.1f}"))


def _with_rows(path: Path, lang: str) -> str:
    """A table's name with its number of rows, where that is cheap to know."""
    if path.suffix == ".csv":
        import csv

        with path.open(encoding="utf-8", newline="") as lines:
            rows = sum(1 for _ in csv.reader(lines)) - 1
    elif path.suffix == ".parquet":
        from pyarrow.parquet import read_metadata

        rows = read_metadata(path).num_rows
    else:
        return path.name
    return word("run.table", lang, file=path.name, rows=f"{rows:,}")
