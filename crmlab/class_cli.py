"""The commands of an instructor: assign, grade, marks."""

import argparse
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.course.paths import course_root
from crmlab.errors import CrmlabError, DataError
from crmlab.progress import Progress
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    from crmlab.grade.one import Assignment

ROSTER = "class"
KEY = Path.home() / ".crmlab" / "course.key"


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the three commands to those of crmlab."""
    one = commands.add_parser("assign", help=_both("help_assign"))
    one.set_defaults(command=assign)
    one.add_argument("roster", type=Path, metavar="ROSTER.csv", help=_both("help_roster"))
    _add_lesson(one)
    _add_jobs(one)

    one = commands.add_parser("grade", help=_both("help_grade"))
    one.set_defaults(command=grade)
    one.add_argument("submissions", type=Path, metavar="SUBMISSIONS", help=_both("help_submissions"))
    _add_lesson(one)
    _add_class(one)
    _add_jobs(one)
    one.add_argument("--resume", action="store_true", help=_both("help_resume"))
    one.add_argument("--only", default="", metavar="STUDENT", help=_both("help_only"))
    one.add_argument("--allow-unsandboxed", action="store_true", help=_both("help_unsandboxed"))

    one = commands.add_parser("marks", help=_both("help_marks"))
    one.set_defaults(command=marks)
    one.add_argument("sheet", type=Path, metavar="SHEET", help=_both("help_sheet"))
    _add_lesson(one)
    _add_class(one)


def assign(given: argparse.Namespace) -> int:
    from crmlab.assign import package
    from crmlab.assign.roster import read_roster
    from crmlab.collect.pseudonym import Key

    lesson = package.open_lesson(course_root(), given.lesson)
    students = read_roster(given.roster)
    out = given.out or Path("out", "assign", lesson.stem)
    key = Key.of_file(given.key)
    with Progress("assign", given.lang) as bar:
        package.assign(course_root(), students, lesson.stem, key, out, jobs=given.jobs, progress=bar.show)
    shutil.copyfile(given.roster, given.key.with_name(f"{ROSTER}_{lesson.stem}{given.roster.suffix.lower()}"))
    print(word("class.assigned", given.lang, count=len(students), folder=out, file=given.key))
    return 0


def grade(given: argparse.Namespace) -> int:
    from crmlab.grade.grade import grade_class
    from crmlab.grade.results import write_results

    assignment, out = _assignment(given), _out(given)
    if given.only and given.only not in {student.id for student in assignment.roster}:
        raise DataError("class_no_student", student=given.only)
    _say_protection(given)
    with Progress("grade", given.lang) as bar:
        try:
            found = grade_class(
                assignment,
                given.submissions,
                out,
                jobs=given.jobs,
                resume=given.resume,
                only=given.only,
                sandboxed=not given.allow_unsandboxed,
                progress=bar.show,
            )
        except KeyboardInterrupt:
            print(word("class.stopped", given.lang, done=bar.done), file=sys.stderr)
            raise
    files = write_results(assignment, found, out)
    for file, note in found.notes:
        print(f"{file}: {note}", file=sys.stderr)
    counts = {"graded": len(found.graded), "missing": len(assignment.roster) - len(found.graded)}
    print(word("class.graded", given.lang, folder=out, files=", ".join(path.name for path in files), **counts))
    return 0


def marks(given: argparse.Namespace) -> int:
    from crmlab import show
    from crmlab.grade.grade import Class, read_records
    from crmlab.grade.results import take_marks, write_results

    assignment, out = _assignment(given), _out(given)
    marked, returned = take_marks(assignment, read_records(assignment, out), given.sheet, out)
    write_results(assignment, Class(marked, []), out)
    print(word("class.marked", given.lang, marked=len(returned.marked), waiting=returned.waiting, folder=out))
    if len(returned.faults):
        print(show.table(returned.faults, given.lang, rows=len(returned.faults)), file=sys.stderr)
    return 1 if len(returned.faults) else 0


def _assignment(given: argparse.Namespace) -> "Assignment":
    from crmlab.assign.package import open_lesson
    from crmlab.assign.roster import read_roster
    from crmlab.collect.pseudonym import Key
    from crmlab.grade.one import Assignment
    from crmlab.questions.rules import read_rules

    lesson = open_lesson(course_root(), given.lesson)
    roster = given.roster or _assigned(given.key, lesson.stem)
    deadline = given.deadline.isoformat() if given.deadline else ""
    return Assignment(
        lesson, read_rules(lesson.stem), Key.of_file(given.key), read_roster(roster), deadline, given.lang
    )


def _assigned(key: Path, lesson: str) -> Path:
    """The roster that `crmlab assign` left beside the key: it has names, and the zips are handed out."""
    found = sorted(key.parent.glob(f"{ROSTER}_{lesson}.*"))
    if not found:
        raise DataError("class_no_roster")
    return found[0]


def _out(given: argparse.Namespace) -> Path:
    from crmlab.assign.package import open_lesson

    return given.out or Path("out", "grade", open_lesson(course_root(), given.lesson).stem)


def _say_protection(given: argparse.Namespace) -> None:
    """Which layers hold here, where not all do; without a sandbox the run needs a person's word."""
    from crmlab import show
    from crmlab.sandbox import capabilities

    found = capabilities()
    if given.allow_unsandboxed:
        print(word("class.unsandboxed", given.lang), file=sys.stderr)
    elif not found.sandboxed:
        raise CrmlabError("sandbox_none")
    if not all(found.holds.values()):
        print(word("class.layers_missing", given.lang), file=sys.stderr)
        print(show.table(found.table()[["layer", "detail"]], given.lang, rows=len(found.why)), file=sys.stderr)


def _add_lesson(one: argparse.ArgumentParser) -> None:
    one.add_argument("--lesson", required=True, metavar="LESSON", help=_both("help_one_lesson"))
    one.add_argument("--key", type=Path, default=KEY, metavar="FILE", help=_both("help_course_key"))
    one.add_argument("--out", type=Path, metavar="DIR", help=_both("help_out"))
    one.add_argument("--lang", choices=LANGUAGES, default="zh")


def _add_class(one: argparse.ArgumentParser) -> None:
    one.add_argument("--roster", type=Path, metavar="ROSTER.csv", help=_both("help_roster"))
    one.add_argument("--deadline", type=datetime.fromisoformat, metavar="WHEN", help=_both("help_deadline"))


def _add_jobs(one: argparse.ArgumentParser) -> None:
    one.add_argument("--jobs", type=int, metavar="N", help=_both("help_jobs"))


def _both(key: str) -> str:
    return " / ".join(word(f"class.{key}", lang) for lang in LANGUAGES)
