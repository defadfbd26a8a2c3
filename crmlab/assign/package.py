"""One zip for each student: the exercise in their language, an invented shop of their own, nothing of the answers."""

import multiprocessing
import os
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from io import BytesIO
from pathlib import Path

from crmlab.assign.roster import Student
from crmlab.assign.variants import FOLDER, Variant, variant, variant_files
from crmlab.collect.pseudonym import Key
from crmlab.course.notebook import with_values, written
from crmlab.course.source import Lesson, read_lesson
from crmlab.errors import CrmlabError
from crmlab.questions.rules import read_rules
from crmlab.words import word

README = "readme.md"
WRITTEN_AT = (1980, 1, 1, 0, 0, 0)
"""The time of every entry of a zip, so that the same content gives the same bytes."""
READABLE = 0o100644 << 16
UNIX = 3


def assign(
    root: Path,
    roster: Sequence[Student],
    lesson: str,
    key: Key,
    out: Path,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[Path]:
    """Write <student>.zip to `out` for each student of a roster (see `read_roster`) and hand back the files.

    `lesson` is "02" or "02_segment". A zip holds a folder with the exercise notebook, whose parameters are the
    student's, the tables of the student's variant and a readme. The same roster, lesson and key give the same bytes.
    `jobs` processes work at once (by default one for each core); `progress` is told how many students are done and of
    how many. A student takes some seconds. Each file is there whole or not at all.
    Raises CrmlabError where the lesson is not there or asks nothing.
    """
    lesson = open_lesson(root, lesson)
    out.mkdir(parents=True, exist_ok=True)
    work = [(student, lesson, variant(key, lesson.stem, student.id), out) for student in roster]
    jobs = min(jobs or os.cpu_count() or 1, len(work))
    if jobs <= 1:
        for done, one in enumerate(work, start=1):
            _write(*one)
            progress(done, len(work))
    else:
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            waiting = [pool.submit(_write, *one) for one in work]
            try:
                for done, one in enumerate(as_completed(waiting), start=1):
                    one.result()
                    progress(done, len(work))
            finally:
                pool.shutdown(cancel_futures=True)
    return [out / f"{student.id}.zip" for student in roster]


def open_lesson(root: Path, name: str) -> Lesson:
    """The lesson "02" or "02_segment" of a course. Raises CrmlabError where it is not there or asks no question."""
    every = sorted((root / "notebooks" / "source").glob("[0-9][0-9]_*.py"))
    found = [path for path in every if name in (path.stem, path.stem[:2])]
    if not found:
        raise CrmlabError("run_no_lesson", names=name, known=", ".join(path.stem for path in every))
    lesson = read_lesson(found[0])
    if not lesson.questions:
        raise CrmlabError("assign_no_question", lesson=lesson.stem)
    return lesson


def packed(student: Student, lesson: Lesson, variant: Variant) -> bytes:
    """The zip of one student, as bytes that depend on nothing else."""
    name = f"{lesson.stem}_{student.id}.ipynb"
    files = {
        name: _notebook(student, lesson, variant).encode(),
        README: _readme(student, lesson, name).encode(),
        **{f"{FOLDER}/{file}": content for file, content in variant_files(variant).items()},
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(files):
            entry = zipfile.ZipInfo(f"{student.id}/{file}", WRITTEN_AT)
            entry.external_attr, entry.create_system = READABLE, UNIX
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[file])
    return packed.getvalue()


def _write(student: Student, lesson: Lesson, variant: Variant, out: Path) -> None:
    part = out / f"{student.id}.zip.part"
    part.write_bytes(packed(student, lesson, variant))
    os.replace(part, out / f"{student.id}.zip")


def _notebook(student: Student, lesson: Lesson, variant: Variant) -> str:
    notebook = lesson.exercise(student.lang)
    notebook.metadata["crmlab"]["student"] = student.id
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", ()):
            cell.source = with_values(cell.source, variant.parameters)
    return written(notebook)


def _readme(student: Student, lesson: Lesson, notebook: str) -> str:
    rules = read_rules(lesson.stem)
    minutes = sum(question.minutes for question in rules.questions)
    number, named = lesson.header["number"], lesson.header["title"][student.lang]
    title = word("lesson.exercise_title", student.lang, number=number, title=named)
    about = {"student": student.id, "notebook": notebook, "points": rules.points, "minutes": minutes, "folder": FOLDER}
    parts = [word(f"assign.{part}", student.lang, **about) for part in ("about", "open", "work", "hand_in")]
    return "\n\n".join([f"# {title}", *parts]) + "\n"
