"""A hundred submissions of mixed quality, graded, broken off and resumed: every grade as planted.

What each must come out with is worked out from what was put into it (mixed_class.py, mixed_pieces.py), not by grading.
"""

import csv
from collections import Counter
from functools import lru_cache

import pytest
from mixed_class import BROKEN, DEADLINE, FORMS, LATE, WAYS, again, hundred, roster
from mixed_files import KEY, handed_in
from mixed_pieces import ENDING, ESSAY, LOOPS, QUESTIONS, RULES, lesson, wrong_methods

from crmlab.grade import grade, one
from crmlab.grade.execute import SECONDS
from crmlab.grade.grade import grade_class
from crmlab.grade.gradebook import gradebook, write_gradebook
from crmlab.grade.one import Assignment
from crmlab.grade.records import VERDICTS
from crmlab.sandbox import capabilities
from crmlab.words import word
from crmlab.world import make_world

pytestmark = pytest.mark.skipif(not capabilities().sandboxed, reason="no sandbox on this machine")

BREAK = 40
"""How many are graded when the run is broken off."""
SURELY_BEFORE = 20
"""The first of the roster, who are graded by then."""
LOOP_SECONDS = 8
"""What a cell of those may take who wrote an endless loop."""


@pytest.fixture(scope="module")
def works():
    return {work.student.id: work for work in hundred()}


@pytest.fixture(scope="module")
def changed(works):
    return {work.student.id: work for work in again(list(works.values()), SURELY_BEFORE)}


@pytest.fixture(scope="module")
def planted(works, changed):
    return works | changed


@pytest.fixture(scope="module")
def assignment():
    return Assignment(lesson(), RULES, KEY, roster(), DEADLINE.isoformat(), "en")


@pytest.fixture(scope="module")
def graded(assignment, works, planted, tmp_path_factory):
    """The class; the times of the records that were there at the break; who was graded after it; the folder."""
    out = tmp_path_factory.mktemp("hundred")
    for name, handing in (("first", works), ("second", planted)):
        (out / f"{name}.zip").write_bytes(handed_in(list(handing.values())))
    limits = {student: LOOP_SECONDS for student, work in works.items() if work.does in LOOPS}
    resumed = []

    def stop(done, of):
        if done == BREAK:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        execute, grade_one = one.execute, grade.grade_one

        def with_limit(*given, name, **more):
            return execute(*given, name=name, seconds_per_cell=limits.get(name, SECONDS), **more)

        def told(submission, *rest):
            resumed.append(submission.student)
            return grade_one(submission, *rest)

        patch.setattr(one, "execute", with_limit)
        patch.setattr("crmlab.world.make_world", lru_cache(make_world))
        with pytest.raises(KeyboardInterrupt):
            grade_class(assignment, out / "first.zip", out, jobs=2, progress=stop)
        before = {path.stem: path.stat().st_mtime_ns for path in (out / "records").iterdir()}
        patch.setattr(grade, "grade_one", told)
        found = grade_class(assignment, out / "second.zip", out, jobs=2, resume=True)
    return found, before, resumed, out


def test_the_class_holds_everything(works, changed):
    """Every way to answer, to break and to hand in, in one class of a hundred."""
    every = list(works.values())
    assert len(every) == len({work.student.name for work in every}) == 100
    assert {work.form for work in every} == {*FORMS, *BROKEN, "absent", "no_notebook"}
    assert {work.way for work in every} == set(WAYS)
    assert {moment for moment, _ in LATE} <= {work.moment for work in every}
    assert {work.does for work in every} >= {"careful", "untouched", "above", *LOOPS, *ENDING}
    written = {piece.source for work in every if work.runs for piece in work.pieces}
    for name in set(QUESTIONS) - {ESSAY}:
        in_both = zip(wrong_methods(name, "zh"), wrong_methods(name, "en"), strict=True)
        assert all(written & {zh.source, en.source} for zh, en in in_both), name
    verdicts = {verdict for work in every for _, verdict in work.marks.values()}
    assert verdicts == set(VERDICTS) - {"too_large"}
    assert {work.outcome for work in every} == {"done", "crash", "unreadable", "missing"}
    assert {flag for work in every for flag in work.flags} >= {"cells_missing", "cells_copied", "cells_reordered"}
    assert all(works[name].marks != work.marks for name, work in changed.items())


def test_every_mark_is_as_planted(graded, planted):
    found = {one.student: one for one in graded[0].graded}
    assert set(found) == {student for student, work in planted.items() if work.form != "absent"}
    wrong = {}
    for student, record in found.items():
        work, marks = planted[student], {mark.question: (mark.earned, mark.verdict) for mark in record.marks}
        if off := {name: (marks[name], work.marks[name]) for name in QUESTIONS if marks[name] != work.marks[name]}:
            wrong[student, work.does, work.form, work.way] = off
    assert wrong == {}


def test_every_run_ends_as_planted_and_the_instructor_is_told(graded, planted):
    found = {one.student: (one.outcome, set(one.flags), one.late_days) for one in graded[0].graded}
    expected = {
        student: (work.outcome, work.flags, work.late) for student, work in planted.items() if work.form != "absent"
    }
    assert found == expected


def test_every_total_in_the_gradebook_is_as_planted(graded, planted):
    found, *_, out = graded
    points = {name: RULES[name].points for name in QUESTIONS}
    write_gradebook(gradebook(roster(), found.graded, points, RULES.late), out, "en")
    with (out / "gradebook.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["student"] for row in rows] == list(planted)
    columns = {name: word(f"gradebook.{name}", "en") for name in ("total", "late_days", "deduction", "final", "waits")}
    for row in rows:
        work = planted[row["student"]]
        final = round(work.total - work.deduction, 2)
        waits = sum(points is None for points, _ in work.marks.values())
        told = [float(row[heading]) for heading in columns.values()]
        assert told == [work.total, work.late, work.deduction, final, waits], row["student"]


def test_who_was_graded_before_the_break_is_not_graded_again(graded, planted, changed):
    _, before, resumed, out = graded
    there = {student for student, work in planted.items() if work.form != "absent"}
    assert BREAK <= len(before) < len(there) / 2 + BREAK / 2
    assert Counter(resumed) == Counter((there - set(before)) | set(changed))
    times = {path.stem: path.stat().st_mtime_ns for path in (out / "records").iterdir()}
    assert {name for name, time in before.items() if times[name] == time} == set(before) - set(changed)


def test_what_belongs_to_nobody_is_told(graded):
    assert [file for file, _ in graded[0].notes] == ["某人"]
