"""Grade a class: every submission runs in the sandbox, and each record is on disk as soon as it is there."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from crmlab.grade.engine import SECRETS
from crmlab.grade.feedback import feedback_page
from crmlab.grade.hidden import Hidden
from crmlab.grade.one import Assignment, grade_one
from crmlab.grade.records import Graded
from crmlab.grade.submissions import Submission, read_submissions
from crmlab.sandbox import Pool
from crmlab.words import word

RECORDS, EXECUTED, FEEDBACK = "records", "executed", "feedback"
BASIS = "basis.txt"
"""What the records of a folder rest on: another lesson, rule, key or deadline makes them old."""


@dataclass(frozen=True)
class Class:
    """`graded` has a record for every student of the roster who handed something in, in the roster's order; `notes`
    tell what was handed in and belongs to nobody, as (file, sentence)."""

    graded: list[Graded]
    notes: list[tuple[str, str]]


def grade_class(
    assignment: Assignment,
    handed_in: Path,
    out: Path,
    *,
    jobs: int | None = None,
    resume: bool = False,
    only: str = "",
    sandboxed: bool = True,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Class:
    """Grade what a class handed in (a zip, a folder, one notebook) into the folder `out`.

    It gets records/<student>.json, executed/<student>.ipynb and feedback/<student>.html as soon as a student is graded,
    so that nothing is lost when it is broken off. `resume` keeps the records of files that have not changed; `only`
    grades one student anew and keeps the others. `jobs` submissions run at once, by default one for each core.
    Raises CrmlabError where nothing can be read, or no sandbox is offered and `sandboxed` asks for one.
    """
    rooms = {name: out / name for name in (RECORDS, EXECUTED, FEEDBACK)}
    for room in rooms.values():
        room.mkdir(parents=True, exist_ok=True)
    kept = _kept(rooms[RECORDS], out / BASIS, _basis(assignment))
    found: dict[str, Graded] = {}
    todo, notes = [], []
    for submission in read_submissions(handed_in, assignment.roster, assignment.lesson.stem, lang=assignment.lang):
        before = kept.get(submission.student)
        same = before is not None and before.digest == submission.digest
        if not submission.student:
            notes += [(submission.file, note) for note in submission.notes]
        elif (resume and same) or (only and only != submission.student):
            found |= {submission.student: before} if before else {}
        elif submission.file or submission.notes:
            todo.append(submission)
    for graded in _run(assignment, todo, rooms, jobs or os.cpu_count() or 1, sandboxed, progress):
        found[graded.student] = graded
    for path in rooms[RECORDS].glob("*.json"):
        if path.stem not in found:
            path.unlink()
    return Class([found[student.id] for student in assignment.roster if student.id in found], notes)


def read_records(assignment: Assignment, out: Path) -> list[Graded]:
    """The records of a folder, in the order of the roster."""
    paths = [out / RECORDS / f"{student.id}.json" for student in assignment.roster]
    return [Graded.read(path) for path in paths if path.exists()]


def _run(
    assignment: Assignment,
    todo: Sequence[Submission],
    rooms: dict[str, Path],
    jobs: int,
    sandboxed: bool,
    progress: Callable[[int, int], None],
):
    if not todo:
        return
    with (
        Hidden.of(assignment.lesson, assignment.rules, assignment.key, assignment.deadline) as hidden,
        Pool(min(jobs, len(todo)), read=(hidden.folder,), hide=SECRETS, sandboxed=sandboxed) as pool,
        ThreadPoolExecutor(jobs + 1) as threads,
    ):
        hidden.make()  # while the workers import what lessons need
        waiting = [threads.submit(_one, submission, assignment, hidden, pool, rooms) for submission in todo]
        try:
            for lang in {submission.lang for submission in todo}:
                hidden.right(lang)  # while the first ones run
            for done, future in enumerate(as_completed(waiting), start=1):
                yield future.result()
                progress(done, len(todo))
        except BaseException:
            pool.close()
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def _one(submission: Submission, assignment: Assignment, hidden: Hidden, pool: Pool, rooms: dict[str, Path]) -> Graded:
    """Grade one submission and write its files, the record last."""
    from crmlab.course.notebook import written

    graded, notebook = grade_one(submission, assignment, hidden, pool)
    executed = rooms[EXECUTED] / f"{graded.student}.ipynb"
    executed.unlink(missing_ok=True)
    if notebook is not None:
        executed.write_text(written(notebook), encoding="utf-8", newline="\n")
    write_feedback(assignment, graded, notebook, rooms[FEEDBACK])
    graded.write(rooms[RECORDS] / f"{graded.student}.json")
    return graded


def write_feedback(assignment: Assignment, graded: Graded, notebook, folder: Path) -> None:
    """The page of one student, in the student's language."""
    header = assignment.lesson.header
    title = word("lesson.exercise_title", graded.lang, number=header["number"], title=header["title"][graded.lang])
    [name] = [student.name for student in assignment.roster if student.id == graded.student]
    page = feedback_page(graded, notebook, title=title, late=assignment.rules.late, name=name)
    (folder / f"{graded.student}.html").write_text(page, encoding="utf-8", newline="\n")


def _kept(folder: Path, file: Path, basis: str) -> dict[str, Graded]:
    """Records that still hold; those that rest on something else are taken away."""
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    if old != basis:
        for path in folder.glob("*.json"):
            path.unlink()
        file.write_text(basis, encoding="utf-8", newline="\n")
    return {path.stem: Graded.read(path) for path in folder.glob("*.json")}


def _basis(assignment: Assignment) -> str:
    rules = files("crmlab.questions").joinpath("rules", f"{assignment.lesson.stem}.toml").read_bytes()
    parts = (
        repr(assignment.lesson).encode(),
        rules,
        assignment.key.pseudonym("basis").encode(),
        assignment.deadline.encode(),
        version("crmlab").encode(),
    )
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest() + "\n"
