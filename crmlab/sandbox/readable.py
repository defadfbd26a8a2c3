"""What a job may read: the Python environment, the system's libraries, folders that the caller names, less some."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from crmlab.sandbox.landlock import DEVICE, LIST, READ

SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/usr/share/zoneinfo", "/usr/share/fonts")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
ITSELF = ("/proc/self/maps", "/proc/self/status", "/proc/self/cgroup", "/sys/fs/cgroup")
"""Where libraries look how much memory and how many threads they may use; each job finds itself there."""
PACKAGE = Path(__file__).parents[1]


def environment() -> list[str]:
    """Folders of this Python: its prefixes, its packages, and crmlab itself."""
    packages = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    library = os.path.dirname(os.__file__)
    return [sys.prefix, sys.base_prefix, library, *packages, str(PACKAGE)]


def _with_compiled(path: str) -> list[str]:
    """A module together with its compiled copies, which hold the same."""
    folder, name = os.path.split(path)
    if not name.endswith(".py"):
        return [path]
    return [path, *map(str, Path(folder, "__pycache__").glob(f"{name.removesuffix('.py')}.*.pyc"))]


@dataclass(frozen=True)
class Readable:
    """`folders` and files that may be read, but not what is in `hidden`; all are real paths without links."""

    folders: tuple[str, ...]
    hidden: tuple[str, ...]

    @classmethod
    def of(cls, read: Iterable[str | os.PathLike], hide: Iterable[str | os.PathLike]) -> "Readable":
        wanted = [*environment(), *SYSTEM, *SYSTEM_FILES, *map(os.fspath, read)]
        real = sorted({os.path.realpath(path) for path in wanted if os.path.exists(path)})
        folders = tuple(path for path in real if not any(_within(path, other) for other in real if other != path))
        hidden = [found for path in hide for found in _with_compiled(os.path.realpath(path))]
        return cls(folders, tuple(path for path in hidden if os.path.exists(path)))

    @cached_property
    def grants(self) -> list[tuple[str, int]]:
        """Pairs of path and access for Landlock. It cannot take back: beside a hidden path all is granted by name."""
        folders = [grant for folder in self.folders for grant in self._beside(folder)]
        return [*folders, *((path, READ) for path in ITSELF), *((path, DEVICE) for path in DEVICES)]

    def _beside(self, path: str) -> Iterator[tuple[str, int]]:
        if path in self.hidden:
            return
        if not any(_within(hidden, path) for hidden in self.hidden):
            yield path, READ
            return
        yield path, LIST
        for entry in sorted(os.listdir(path)):
            below = os.path.join(path, entry)
            if not os.path.islink(below):
                yield from self._beside(below)


def _within(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")
