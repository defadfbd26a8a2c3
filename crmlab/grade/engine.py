"""A papermill engine that runs a notebook in a sandbox: `papermill --engine crmlab in.ipynb out.ipynb`."""

import atexit
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from papermill.engines import NotebookExecutionManager

    from crmlab.sandbox import Ended, Pool

ENTRY = "crmlab.grade.child:main"
PACKAGE = Path(__file__).parents[1]
DATASETS = PACKAGE.parent / "datasets"
SECRETS = (PACKAGE / "questions" / "right",)
"""What says what is right: no cell may read it."""


class CrmlabEngine:
    """Runs the code cells in a fork of a warm worker; the working folder is empty and vanishes afterwards.

    By `papermill --engine crmlab` cells may read crmlab and its datasets, no file of your own, and leave none behind.
    Whatever kernel a notebook names, it is Python. An error ends the run as with papermill's own engine. It is no
    subclass of papermill's Engine: papermill loads its plug-ins, this module, while it is itself being imported.
    """

    @classmethod
    def execute_notebook(cls, nb: "NotebookNode", kernel_name: str | None, **options: Any) -> "NotebookNode":
        from papermill.engines import Engine

        return Engine.execute_notebook.__func__(cls, nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: "NotebookNode", name: str | None = None) -> str:
        return "python3"

    @classmethod
    def nb_language(cls, nb: "NotebookNode", language: str | None = None) -> str:
        return "python"

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: "NotebookExecutionManager",
        kernel_name: str,
        *,
        pool: "Pool | None" = None,
        name: str = "notebook",
        lang: str = "",
        files: Mapping[str, bytes] | None = None,
        stop_on_error: bool = True,
        execution_timeout: float | None = None,
        on_answer: Callable[[dict[str, Any]], None] = lambda message: None,
        on_end: Callable[["Ended"], None] = lambda ended: None,
        **_: Any,
    ) -> None:
        """`pool`, `name`, `files` and the two callbacks are for `crmlab.grade.execute`; papermill gives the others."""
        from crmlab.sandbox import Job

        course = nb_man.nb.metadata.get("crmlab", {})
        lang = lang or course.get("lang", "")
        lang = lang if lang in LANGUAGES else "en"
        payload = {
            "cells": [{"source": cell.source if cell.cell_type == "code" else ""} for cell in nb_man.nb.cells],
            "lang": lang,
            "questions": list(course.get("questions", ())),
            "seconds_per_cell": execution_timeout,
            "stop": stop_on_error,
        }
        told = _Told(nb_man, on_answer, stop_on_error)
        told.go_on()
        ended = (pool or shared_pool()).run(Job(name, ENTRY, payload, files or {}), told.take)
        on_end(told.finish(ended, lang))


@cache
def shared_pool() -> "Pool":
    """The one pool of this process for `papermill --engine crmlab`; closed when the process ends."""
    from crmlab.sandbox import Pool

    pool = Pool(workers=1, read=(DATASETS,), hide=SECRETS)
    atexit.register(pool.close)
    return pool


class _Told:
    """Puts what the child tells into the notebook. Cells are told in their order, each once; all else is ignored."""

    def __init__(self, nb_man: "NotebookExecutionManager", on_answer: Callable[[dict], None], stop: bool):
        self.nb_man = nb_man
        self.on_answer = on_answer
        self.stop = stop
        self.ahead = iter(enumerate(nb_man.nb.cells))
        self.place: int | None = None
        """The cell that runs now; None when all is done."""
        self.count = 0

    def go_on(self) -> None:
        """Go to the next cell that runs; those that do not are done at once."""
        for place, cell in self.ahead:
            self.nb_man.cell_start(cell, place)
            if cell.cell_type == "code" and cell.source.strip():
                self.place = place
                return
            self.nb_man.cell_complete(cell, cell_index=place)
        self.place = None

    def take(self, message: dict[str, Any]) -> None:
        from crmlab.grade.cells import read_outputs

        if "answer" in message:
            self.on_answer(message)
        elif self.place is not None and message.get("cell") == self.place:
            failed = message.get("error") is True
            self._complete(read_outputs(message.get("outputs"), self.count + 1), failed)
            if not (failed and self.stop):
                self.go_on()

    def finish(self, ended: "Ended", lang: str) -> "Ended":
        """Say in the cell that was running why the run ended there. A regular end before the last cell is a crash."""
        if self.place is None:
            return ended
        from crmlab.grade.cells import error_output

        ended = replace(ended, outcome="crash") if ended.outcome == "done" else ended
        self._complete([error_output("RunEnded", word(f"grade.ended.{ended.outcome}", lang))], True)
        return ended

    def _complete(self, outputs: "list[NotebookNode]", failed: bool) -> None:
        cell = self.nb_man.nb.cells[self.place]
        self.count += 1
        cell.execution_count = self.count
        cell.outputs = outputs
        if failed:
            self.nb_man.cell_exception(cell, cell_index=self.place)
        self.nb_man.cell_complete(cell, cell_index=self.place)
        self.place = None
