"""What a running job uses, looked up from outside by its worker: time, memory of all its processes, disk."""

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

from crmlab.sandbox.limits import FILES, PROCESSES, Limits

PAUSE = 0.05
"""Seconds between two looks."""
_BLOCK = 512


class Processes:
    """The processes under this one, seen through an open folder of /proc.

    In a process namespace of its own (`alone`) that is every other process; else those that descend from this one.
    """

    def __init__(self, proc: int, *, alone: bool):
        self._proc = proc
        self._alone = alone

    def below(self) -> list[int]:
        found = [int(name) for name in os.listdir(self._proc) if name.isdigit()]
        if self._alone:
            return [pid for pid in found if pid != os.getpid()]
        parents = {pid: int(stat.rpartition(") ")[2].split()[1]) for pid in found if (stat := self._read(pid, "stat"))}
        family = {os.getpid()}
        while new := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= new
        return sorted(family - {os.getpid()})

    def _read(self, pid: int, name: str) -> str:
        try:
            with open(
                os.open(f"{pid}/{name}", os.O_RDONLY, dir_fd=self._proc), encoding="utf-8", errors="replace"
            ) as file:
                return file.read()
        except (FileNotFoundError, ProcessLookupError):
            return ""

    def use(self, pid: int) -> tuple[int, int]:
        """Bytes in memory that have no file behind them, and number of threads."""
        lines = dict(line.split(":", 1) for line in self._read(pid, "status").splitlines())
        resident = sum(int(lines.get(name, "0 kB").split()[0]) * 1024 for name in ("RssAnon", "RssShmem"))
        return resident, int(lines.get("Threads", "0"))

    def maps(self) -> str:
        """The memory of this process itself, one line per stretch."""
        return self._read(os.getpid(), "maps")

    def mapped(self) -> int:
        """Bytes of addresses that this process itself has in use."""
        return int(self._read(os.getpid(), "statm").split()[0]) * os.sysconf("SC_PAGE_SIZE")

    def deleted(self, pid: int, device: int) -> int:
        """Bytes on this device in files that are deleted but still open."""
        try:
            folder = os.open(f"{pid}/fd", os.O_DIRECTORY, dir_fd=self._proc)
        except OSError:
            return 0
        total = 0
        for name in os.listdir(folder):
            try:
                found = os.stat(name, dir_fd=folder)
            except OSError:
                continue
            if found.st_dev == device and not found.st_nlink:
                total += found.st_blocks * _BLOCK
        os.close(folder)
        return total


class Watch:
    """Says which limit a job has passed. `folder` is None where the kernel itself bounds the working folder."""

    def __init__(self, limits: Limits, processes: Processes, folder: Path | None):
        self._limits, self._processes, self._folder = limits, processes, folder
        self._started = time.monotonic()
        self._baseline, _ = processes.use(os.getpid())
        self._next_walk = 0.0
        self.peak = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        return max(0.001, min(PAUSE, self._limits.seconds - self.seconds))

    def exceeded(self) -> str:
        """`time`, `memory`, `threads`, `disk`, or "" while all is well."""
        if self.seconds >= self._limits.seconds:
            return "time"
        below = self._processes.below()
        used = [self._processes.use(pid) for pid in below]
        self.peak = max(self.peak, sum(max(0, size - self._baseline) for size, _ in used))
        if self.peak > self._limits.memory:
            return "memory"
        if sum(threads for _, threads in used) > PROCESSES:
            return "threads"
        if self._folder and time.monotonic() >= self._next_walk and self._disk_is_full(below):
            return "disk"
        return ""

    def _disk_is_full(self, pids: list[int]) -> bool:
        begun = time.monotonic()
        device = os.stat(self._folder).st_dev
        used = sum(self._processes.deleted(pid, device) for pid in pids)
        count = 0
        for size in _sizes(self._folder):
            used += size
            count += 1
            if used > self._limits.disk or count > FILES:
                break
        now = time.monotonic()
        self._next_walk = now + 5 * (now - begun)
        return used > self._limits.disk or count > FILES


def _sizes(folder: Path) -> Iterator[float]:
    """Bytes of each file and folder below; links are not followed, a folder that cannot be looked into is too large."""
    waiting = [os.fspath(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    yield entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except FileNotFoundError:
            continue
        except OSError:
            yield math.inf
