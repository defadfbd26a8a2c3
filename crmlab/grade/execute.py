"""Run one notebook with its parameters in the sandbox: the notebook with outputs, and its answers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlab.questions.plain import NotPlainError, decode, readable

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from crmlab.sandbox import Ended, Pool

ENGINE = "crmlab"
NAMES = 200
"""Answers of one notebook."""
NAME = 100
"""Characters of the name of an answer, and of its type."""
SECONDS = 30.0
"""What one cell may take."""


@dataclass(frozen=True)
class Fault:
    """An answer that is none: `fault` is "blank", "not_plain" or "too_large", `type` what was given, such as "dict"."""

    fault: str
    type: str = ""


@dataclass(frozen=True)
class Executed:
    """A notebook that ran.

    `answers` hold, by name and in the order in which they came last, a plain value (None, bool, int, float, str, list,
    DataFrame) or a Fault; a blank takes no answer back. `outcome` is one of crmlab.grade.records.OUTCOMES, `seconds`
    the wall clock of the run, and `ended` has its other figures.
    """

    notebook: "NotebookNode"
    answers: dict[str, Any]
    outcome: str
    seconds: float
    ended: "Ended"


def execute(
    notebook: "NotebookNode",
    parameters: Mapping[str, Any],
    pool: "Pool",
    *,
    name: str,
    lang: str,
    files: Mapping[str, bytes] | None = None,
    seconds_per_cell: float = SECONDS,
) -> Executed:
    """Run a notebook by papermill with its engine "crmlab"; an error in a cell does not end the run.

    `parameters` go below the cell that is tagged so, as papermill does it; `files` into the empty working folder. The
    names that answers may have stand in the metadata of the notebook, crmlab.questions: another name is an error in
    the student's cell. What ends the run early is an error in the cell where it ended. `notebook` itself is not
    changed.
    """
    from papermill.engines import papermill_engines
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    given = parameterize_notebook(load_notebook_node(notebook), dict(parameters), engine_name=ENGINE)
    answers = _Answers(given.metadata.get("crmlab", {}).get("questions", ()))
    ends: list[Ended] = []
    done = papermill_engines.execute_notebook_with_engine(
        ENGINE,
        given,
        kernel_name=None,
        progress_bar=False,
        pool=pool,
        name=name,
        lang=lang,
        files=files,
        stop_on_error=False,
        execution_timeout=seconds_per_cell,
        on_answer=answers.take,
        on_end=ends.append,
    )
    [ended] = ends
    return Executed(done, answers.found, ended.outcome, ended.seconds, ended)


class _Answers:
    """The answers of one run, read from messages of unknown origin."""

    def __init__(self, questions: Collection[str]):
        self.questions = frozenset(questions)
        self.found: dict[str, Any] = {}

    def take(self, message: dict[str, Any]) -> None:
        name = message.get("answer")
        if not isinstance(name, str) or len(name) > NAME or (self.questions and name not in self.questions):
            return
        if message.get("fault") == "blank" and name in self.found:
            return
        self.found.pop(name, None)
        if len(self.found) < NAMES:
            self.found[readable(name)] = _value(message)


def _value(message: dict[str, Any]) -> Any:
    """The plain value of a message, or the fault that it tells or is."""
    match message:
        case {"fault": ("blank" | "not_plain" | "too_large") as fault, "type": str(kind)}:
            return Fault(fault, readable(kind[:NAME]))
        case {"value": value}:
            try:
                return decode(value)
            except NotPlainError as error:
                return Fault(error.fault, error.what)
    return Fault("not_plain", "message")
