"""One warm worker for all tests that run notebooks: it takes seconds to start."""

import atexit
from functools import cache

import nbformat.v4 as v4
import pytest

from crmlab.course.notebook import KERNEL
from crmlab.grade.engine import DATASETS, SECRETS
from crmlab.sandbox import Job, Limits, Pool, capabilities

needs_sandbox = pytest.mark.skipif(not capabilities().sandboxed, reason="no sandbox on this machine")


@cache
def warm_pool() -> Pool:
    pool = Pool(workers=1, limits=Limits(seconds=60), read=(DATASETS,), hide=SECRETS)
    atexit.register(pool.close)
    return pool


def run_cells(*sources: str, lang: str = "en", **more) -> list[dict]:
    """What the child tells about these cells."""
    told: list[dict] = []
    payload = {"cells": [{"source": source} for source in sources], "lang": lang} | more
    ended = warm_pool().run(Job("test", "crmlab.grade.child:main", payload), told.append)
    assert ended.outcome == "done", ended
    return told


def book(*sources: str, questions: tuple[str, ...] = ()):
    """A notebook of code cells; the first is tagged parameters."""
    cells = [v4.new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = ["parameters"]
    about = {"kernelspec": dict(KERNEL), "crmlab": {"lang": "en", "questions": list(questions)}}
    return v4.new_notebook(cells=cells, metadata=about)
