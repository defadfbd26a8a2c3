"""A class handed in, graded, broken off, resumed, marked by hand: the whole way, in the sandbox."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import pytest

from crmlab.assign.package import packed
from crmlab.assign.roster import Student
from crmlab.assign.variants import variant
from crmlab.collect.pseudonym import Key
from crmlab.course.paths import course_root
from crmlab.course.source import read_lesson
from crmlab.errors import CrmlabError
from crmlab.grade import grade
from crmlab.grade.grade import grade_class, read_records
from crmlab.grade.one import Assignment
from crmlab.grade.results import write_results
from crmlab.questions.rules import read_rules
from crmlab.sandbox import Pool, capabilities
from crmlab.world import make_world

pytestmark = pytest.mark.skipif(not capabilities().sandboxed, reason="no sandbox on this machine")

KEY = Key(b"a key for the tests of a whole class only")
LESSON = read_lesson(course_root() / "notebooks" / "source" / "00_start.py")
COPIED = 'answer("q1", 1200)\nanswer("q2", "R↓F↑M↑")'
CLASS = {
    "right": ("solution", 0),
    "blank": ("blank", 0),
    "half": ({"q2": 'answer("q2", ["not", "text"])'}, 0),
    "crash": ({"q2": "import os\nos._exit(0)"}, 0),
    "leaves": ({"q1": "import sys\nsys.exit(0)"}, 0),
    "typo": ({"q1": "answer('q1', len(shop.table('customers'"}, 0),
    "object": ({"q1": "answer('q1', object())"}, 0),
    "broken": ("{not a notebook", 0),
    "late": ("solution", 3),
    "absent": (None, 0),
}
"""What each student does to the exercise (None hands in nothing), and how many days after the deadline's."""
LOST = {
    "right": (), "blank": ("q1", "q2"), "half": ("q2",), "crash": ("q2",), "leaves": ("q1",), "typo": ("q1",),
    "object": ("q1",), "broken": ("q1", "q2"), "late": (),
}  # fmt: skip
ROSTER = tuple(Student(name, f"王示{place}", ("zh", "en")[place % 2]) for place, name in enumerate(CLASS))


def handed_in(folder: Path) -> Path:
    """A zip with a file for each of the class; names of files have blanks and Chinese."""
    path = folder / "作业 一.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for student in ROSTER:
            does, days = CLASS[student.id]
            if does is not None:
                moment = (2026, 6, 20 + days, 12, 0, 0)
                archive.writestr(zipfile.ZipInfo(f"{student.id}/我的 作业.ipynb", moment), work(student, does))
        archive.writestr(zipfile.ZipInfo("nobody.ipynb", (2026, 6, 20, 12, 0, 0)), work(ROSTER[0], "blank"))
    return path


def work(student: Student, does: str | dict) -> str:
    if isinstance(does, str) and does.startswith("{"):
        return does
    with zipfile.ZipFile(io.BytesIO(exercise(student))) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".ipynb")]
        made = json.loads(archive.read(name).decode("utf-8"))
    made["metadata"]["crmlab"].pop("student")
    if does == "blank":
        return json.dumps(made, ensure_ascii=False)
    solved = {cell.solution: cell.text[student.lang] for cell in LESSON.cells if cell.solution}
    for cell in made["cells"]:
        if question := cell["metadata"].get("crmlab", {}).get("question"):
            cell["source"] = does.get(question, solved[question]) if isinstance(does, dict) else solved[question]
    return json.dumps(made, ensure_ascii=False)


def exercise(student: Student) -> bytes:
    return packed(student, LESSON, variant(KEY, LESSON.stem, student.id))


@pytest.fixture(scope="module")
def assignment(module_patch) -> Assignment:
    return Assignment(LESSON, read_rules(LESSON.stem), KEY, ROSTER, "2026-06-20T18:00:00", "en")


@pytest.fixture(scope="module")
def module_patch():
    """Zips without data, for what students practise on plays no part here; and the world of the hidden data made once,
    because that takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crmlab.world.make_world", lru_cache(make_world))
        patch.setattr("crmlab.assign.package.variant_files", lambda one: {})
        yield patch


@pytest.fixture(scope="module")
def graded(assignment, tmp_path_factory):
    """The class, broken off after three students and resumed; who was graded in the second part; the folder."""
    folder = tmp_path_factory.mktemp("class")
    given, out = handed_in(folder), folder / "out"

    def stop(done, of):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade_class(assignment, given, out, jobs=2, progress=stop)
    before = {path.stem for path in (out / "records").iterdir()}
    again = []
    with pytest.MonkeyPatch.context() as patch:
        real = grade.grade_one
        patch.setattr(grade, "grade_one", lambda one, *rest: (again.append(one.student), real(one, *rest))[1])
        found = grade_class(assignment, given, out, jobs=2, resume=True)
    return found, before, again, out


def test_what_was_graded_before_the_break_is_not_graded_again(graded):
    found, before, again, _ = graded
    assert len(before) >= 3
    assert sorted([*before, *again]) == sorted(LOST) == sorted(one.student for one in found.graded)


def test_every_grade_is_as_planted(graded):
    points = {question.name: question.points for question in read_rules(LESSON.stem).questions}
    for one in graded[0].graded:
        expected = {name: 0 if name in LOST[one.student] else most for name, most in points.items()}
        assert {mark.question: mark.earned for mark in one.marks} == expected, one.student


def test_each_ends_as_it_should(graded):
    outcome = {one.student: one.outcome for one in graded[0].graded}
    assert outcome.pop("crash") == "crash"
    assert outcome.pop("broken") == "unreadable"
    assert set(outcome.values()) == {"done"}
    verdicts = {one.student: {mark.question: mark.verdict for mark in one.marks} for one in graded[0].graded}
    assert verdicts["half"]["q2"] == "kind"
    assert verdicts["object"]["q1"] == "not_plain"
    assert set(verdicts["blank"].values()) == {"blank"}
    assert verdicts["crash"]["q2"] == verdicts["typo"]["q1"] == "missing"
    [broken] = [one for one in graded[0].graded if one.student == "broken"]
    assert broken.notes


def test_what_belongs_to_nobody_is_told(graded):
    [(file, note)] = graded[0].notes
    assert file == "nobody.ipynb"
    assert note


def test_the_gradebook_has_a_row_for_everybody(graded, assignment):
    found, *_, out = graded
    files = write_results(assignment, found, out)
    assert all(path.exists() for path in files)
    with (out / "gradebook.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = {row["student"]: row for row in csv.DictReader(lines)}
    assert list(rows) == [student.id for student in ROSTER]
    full = sum(question.points for question in assignment.rules.questions)
    assert float(rows["right"]["final"]) == full
    assert int(rows["late"]["days late"]) == 3
    assert float(rows["late"]["final"]) == round(full * (1 - assignment.rules.late.percent(3) / 100), 2)
    assert float(rows["absent"]["final"]) == 0


def test_pages_hold_nothing_of_the_grading_machine(graded):
    found, *_, out = graded
    pages = sorted((out / "feedback").iterdir())
    assert [page.stem for page in pages] == sorted(one.student for one in found.graded)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "crmlab-" not in text, "the folder of the hidden data"
        assert str(course_root()) not in text


def test_copied_numbers_fail_on_the_hidden_variant(assignment, tmp_path):
    """Numbers that are right for the teaching data are wrong where the parameters are others."""
    student = ROSTER[0]
    (tmp_path / "right.ipynb").write_text(work(student, {"q1": COPIED, "q2": ""}), encoding="utf-8")
    found = grade_class(assignment, tmp_path / "right.ipynb", tmp_path / "out", jobs=1)
    [one] = found.graded
    assert {mark.question: mark.verdict for mark in one.marks}["q1"] == "wrong"


def test_one_student_is_graded_alone_and_the_others_are_kept(graded, assignment):
    found, *_, out = graded
    given = out.parent / "作业 一.zip"
    times = {path: path.stat().st_mtime_ns for path in (out / "records").iterdir()}
    grade_class(assignment, given, out, jobs=1, only="half")
    changed = {path.stem for path, time in times.items() if path.stat().st_mtime_ns != time}
    assert changed == {"half"}
    assert [replace(one, seconds=0) for one in read_records(assignment, out)] == [
        replace(one, seconds=0) for one in found.graded
    ]


def test_another_deadline_makes_all_records_old(graded, assignment, tmp_path):
    *_, out = graded
    assert read_records(assignment, out)
    again = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grade, "_run", lambda one, todo, *rest: again.extend(todo) or [])
        grade_class(replace(assignment, deadline=""), out.parent / "作业 一.zip", tmp_path, resume=True)
    assert len(again) == len(LOST)


def test_a_sandbox_that_cannot_start_ends_the_run_and_nobody_gets_a_grade(assignment, tmp_path, monkeypatch):
    monkeypatch.setattr(grade, "Pool", partial(Pool, warm=("no_such_module",)))
    with pytest.raises(CrmlabError) as told:
        grade_class(assignment, handed_in(tmp_path), tmp_path / "out", jobs=2)
    assert told.value.key == "sandbox_warm"
    assert {path.stem for path in (tmp_path / "out" / "records").iterdir()} <= {"broken"}, "not read, so not run"
