"""A job and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

OUTCOMES = ("done", "time", "memory", "output", "disk", "crash")


@dataclass(frozen=True)
class Job:
    """One call in a sandbox.

    `entry` is "package.module:function", called there as `function(payload, send)`; `payload` is a dict that JSON can
    hold, and `send(dict)` sends a message out at once. `files` are put into the fresh working folder before, by
    relative names.

    >>> Job("a", "json:dumps", {}, {"../b": b""})
    Traceback (most recent call last):
    ValueError: '../b' does not stay in the working folder
    """

    name: str
    entry: str
    payload: dict
    files: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self):
        for name in self.files:
            path = PurePosixPath(name)
            if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
                raise ValueError(f"{name!r} does not stay in the working folder")


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    `outcome` is done, or the limit that it passed (time, memory, output, disk), or crash: it ended before its entry
    returned, sent what is no message, or started too many threads. `seconds` is wall clock, `cpu_seconds` the
    processor's time, `peak_memory` the bytes in memory on top of the warm worker, seen twenty times a second.
    `detail` says more in a few characters of ASCII (`exit 3`, `SIGSEGV`, `threads`, `garbled`, `lingers`, `worker`), or
    is the text of an exception: that text comes from the job and is as hostile as a message.
    """

    name: str
    outcome: str
    seconds: float
    cpu_seconds: float
    peak_memory: int
    detail: str
