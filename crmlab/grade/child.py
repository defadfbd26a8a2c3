"""What runs in the confined child: the cells of one notebook, one after the other, each told at once."""

import json
import signal
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from crmlab.errors import ParameterError
from crmlab.questions.plain import NotPlainError, encode
from crmlab.words import word

TOLD = 16 * 2**20
"""Bytes of JSON that one run may tell."""
NAME = 100
"""Characters of the name of an answer, where the names are not known."""
PRACTICE = "crmlab.course.practice"


def main(payload: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
    """Run the cells of a notebook; an error in one does not end the run, unless `stop` asks for it.

    `payload` holds "cells" (a list of {"source"}), "lang", and may hold "questions" (the names that answers may have;
    none means any), "seconds_per_cell" and "stop". For each cell that holds code `send` gets {"cell": its place,
    "outputs": nbformat dicts, "seconds", "error"}; for each answer, at once, {"answer": name, "value": as `encode` has
    it} or {"answer": name, "fault": "blank", "not_plain" or "too_large", "type": what it was}; the last of a name
    counts.
    """
    from crmlab.grade.shell import take_over
    from crmlab.grade.warm import SHELL

    lang = payload["lang"]
    tell = _Teller(send)
    _replace_practice(tell, lang, tuple(payload.get("questions") or ()))
    take_over(SHELL, lang)
    signal.signal(signal.SIGALRM, _Late(lang, payload.get("seconds_per_cell")))
    for place, cell in enumerate(payload["cells"]):
        if not cell["source"].strip():
            continue
        started = time.monotonic()
        good = _run(SHELL, cell["source"], payload.get("seconds_per_cell"))
        seconds = round(time.monotonic() - started, 4)
        outputs = SHELL.outputs.end()
        told = {"cell": place, "outputs": outputs, "seconds": seconds, "error": not good}
        if not tell(told):
            note = {"output_type": "stream", "name": "stderr", "text": word("grade.cut_run", lang) + "\n"}
            send(told | {"outputs": [note]})
        if payload.get("stop") and not good:
            return


class _Teller:
    """Sends messages as long as there is room for them."""

    def __init__(self, send: Callable[[dict[str, Any]], None]):
        self.send = send
        self.room = TOLD

    def __call__(self, message: dict[str, Any]) -> bool:
        size = len(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"))
        if size > self.room:
            return False
        self.room -= size
        self.send(message)
        return True


class _Late:
    """Ends a cell that takes too long with a TimeoutError."""

    def __init__(self, lang: str, seconds: float | None):
        self.lang = lang
        self.seconds = seconds

    def __call__(self, number: int, frame: Any) -> None:
        __tracebackhide__ = True
        raise TimeoutError(word("grade.cell_late", self.lang, seconds=f"{self.seconds:g}"))


def _run(shell: Any, source: str, seconds: float | None) -> bool:
    """Whether the cell ran without an error."""
    try:
        if seconds:
            signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            return shell.succeeds(source)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except BaseException as error:
        shell.outputs.fail(type(error).__name__, str(error), [])
        return False


def _replace_practice(tell: _Teller, lang: str, questions: tuple[str, ...]) -> None:
    """Put in place of crmlab's practice, which knows what is right, one that only collects."""
    import crmlab.course

    def answer(name: str, value: Any) -> None:
        __tracebackhide__ = True
        if not isinstance(name, str) or (name not in questions if questions else len(name) > NAME):
            raise _OneLanguageError(lang, "no_question", name=str(name)[:NAME], there=", ".join(questions))
        told = {"answer": str.__str__(name)} | _answered(value)
        if not tell(told):
            tell({"answer": told["answer"], "fault": "too_large", "type": type(value).__name__})

    def check(name: str) -> _Says:
        return _Says(word("grade.check", lang))

    module = ModuleType(PRACTICE)
    module.practice = lambda lesson, shop, settings: (answer, check)  # type: ignore[attr-defined]
    sys.modules[PRACTICE] = module
    crmlab.course.practice = module  # type: ignore[attr-defined]


def _answered(value: Any) -> dict[str, Any]:
    if value is ...:
        return {"fault": "blank", "type": ""}
    try:
        return {"value": encode(value)}
    except NotPlainError as error:
        return {"fault": error.fault, "type": error.what}


class _OneLanguageError(ParameterError):
    """A ParameterError that speaks the student's language only."""

    def __init__(self, lang: str, key: str, **values: object):
        super().__init__(key, **values)
        self.lang = lang

    def __str__(self) -> str:
        return self.message(self.lang)


class _Says:
    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text
