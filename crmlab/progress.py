"""How far a long piece of work is: silent for two seconds, then text that can be read wherever it ends up."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any, TextIO, TypeVar

from crmlab.words import LANGUAGES, word

Step = TypeVar("Step")
DELAY = 2
"""Seconds in which nothing is shown."""
OFTEN, SELDOM = 0.5, 60
"""The fewest and the most seconds between two states that are shown."""


class Progress:
    """A bar on a terminal; anywhere else (notebook, log) lines, ever farther apart, without a carriage return.

    tqdm counts the time. A state is shown when it is told and due, so one step that takes minutes shows nothing until
    it ends. In an environment with TQDM_DISABLE=1 all is silent.

    Use it as `with Progress("grade", lang) as shown:` and tell it `shown.show(done, of)`. `key` names the work in
    words.csv; without `lang` both languages stand there. `file` is standard error unless given.
    """

    def __init__(self, key: str, lang: str = "", *, file: TextIO | None = None):
        self.done = 0
        self._label = " / ".join(word(f"progress.{key}", one) for one in ([lang] if lang else LANGUAGES))
        self._file = file or sys.stderr
        self._bar: Any = None

    def __enter__(self) -> "Progress":
        from tqdm.std import tqdm

        unwatched = type("Unwatched", (tqdm,), {"monitor_interval": 0})
        self._bar = unwatched(desc=self._label, total=0, delay=DELAY, mininterval=OFTEN, **place(self._file))
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, done: int, of: int) -> None:
        """So many steps of so many are done."""
        more, self.done = done - self.done, done
        self._bar.total = of
        if self._bar.update(more) and not self._file.isatty():
            passed = self._bar.last_print_t - self._bar.start_t
            self._bar.mininterval = min(max(OFTEN, passed / 2), SELDOM)


def place(file: TextIO) -> dict[str, Any]:
    """What tqdm is told of where its text goes: a bar on a terminal, lines of text elsewhere."""
    drawn = " {bar:24}" if file.isatty() else ""
    shown = f"{{desc}} {{n_fmt}}/{{total_fmt}}{drawn} {{elapsed}}<{{remaining}}"
    return {"file": file if drawn else _Lines(file), "bar_format": shown, "miniters": 1}


class _Lines:
    """Text of a bar as lines: a carriage return says nothing, and a state is said once."""

    def __init__(self, file: TextIO):
        self._file, self._last = file, ""

    def write(self, text: str) -> None:
        said = text.strip()
        if said and said != self._last:
            print(said, file=self._file, flush=True)
        self._last = said or self._last

    def flush(self) -> None:
        self._file.flush()


def counted(steps: Sequence[Step], key: str, lang: str = "") -> Iterator[Step]:
    """The steps one after the other, with their `Progress`.

    >>> list(counted("abc", "stability"))
    ['a', 'b', 'c']
    """
    with Progress(key, lang) as progress:
        for done, step in enumerate(steps, start=1):
            yield step
            progress.show(done, len(steps))
