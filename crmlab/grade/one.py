"""One submission, from what was handed in to its record."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from crmlab.assign.roster import Student
from crmlab.assign.variants import variant
from crmlab.collect.pseudonym import Key
from crmlab.course.source import Lesson
from crmlab.errors import CrmlabError
from crmlab.grade.assemble import assemble
from crmlab.grade.execute import execute
from crmlab.grade.hidden import Hidden
from crmlab.grade.late import days_late
from crmlab.grade.marking import marks
from crmlab.grade.records import Graded
from crmlab.grade.submissions import Submission
from crmlab.questions.rules import Rules
from crmlab.sandbox import Pool
from crmlab.words import word

if TYPE_CHECKING:
    from nbformat import NotebookNode

SANDBOX = ("sandbox_closed", "sandbox_warm")
"""Errors of the sandbox itself: no student is to blame, and the run ends."""
WORKER_GONE = "worker"
"""What a run says when its worker died: that is worth one more try."""


@dataclass(frozen=True)
class Assignment:
    """What a class was given and is graded by. `deadline` is a moment as ISO text, or "" for none; `lang` is the
    instructor's language."""

    lesson: Lesson
    rules: Rules
    key: Key
    roster: tuple[Student, ...]
    deadline: str = ""
    lang: str = "zh"

    @property
    def title(self) -> str:
        return f"{self.lesson.header['number']} {self.lesson.header['title'][self.lang]}"


def grade_one(
    submission: Submission, assignment: Assignment, hidden: Hidden, pool: Pool
) -> tuple[Graded, "NotebookNode | None"]:
    """The record of one submission, and its notebook as it ran (None where none could be read).

    Whatever was handed in ends in a record; what goes wrong on our side is a note to the instructor.
    """
    try:
        return _graded(submission, assignment, hidden, pool)
    except Exception as error:
        if isinstance(error, CrmlabError) and error.key in SANDBOX:
            raise
        note = word("grade.own_fault", assignment.lang, error=type(error).__name__)
        return _record(submission, assignment, "crash", {}, notes=(note,)), None


def _graded(
    submission: Submission, assignment: Assignment, hidden: Hidden, pool: Pool
) -> tuple[Graded, "NotebookNode | None"]:
    if submission.notebook is None:
        return _record(submission, assignment, "unreadable", {}), None
    own = variant(assignment.key, assignment.lesson.stem, submission.student).parameters
    made = assemble(submission, assignment.lesson, assignment.lang, given=own)
    names = [question.name for question in assignment.rules.questions]
    made.notebook.metadata.setdefault("crmlab", {})["questions"] = names
    run = partial(
        execute,
        made.notebook,
        hidden.parameters(submission.lang),
        pool,
        name=submission.student,
        lang=submission.lang,
        files=submission.files,
    )
    done = run()
    if done.ended.detail == WORKER_GONE:
        done = run()
    right = hidden.right(submission.lang)
    graded = _record(
        submission, assignment, done.outcome, done.answers, right, flags=made.flags, notes=made.notes, took=done.seconds
    )
    return graded, done.notebook


def _record(
    submission: Submission,
    assignment: Assignment,
    outcome: str,
    answers: dict[str, Any],
    right: dict[str, Any] | None = None,
    *,
    flags: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    took: float = 0.0,
) -> Graded:
    marked = marks(assignment.rules, answers, right or {}, submission.lang)
    waiting = [mark.question for mark in marked if mark.earned is None]
    return Graded(
        student=submission.student,
        lesson=assignment.lesson.stem,
        lang=submission.lang,
        file=submission.file,
        digest=submission.digest,
        outcome=outcome,
        marks=marked,
        flags=tuple(dict.fromkeys((*submission.flags, *flags))),
        notes=(*submission.notes, *notes),
        seconds=round(took, 3),
        handed_in=submission.handed_in,
        late_days=days_late(submission.handed_in, assignment.deadline) if assignment.deadline else 0,
        essays={name: answers[name] for name in waiting},
    )
