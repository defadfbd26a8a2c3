"""The calls of Linux that Python's library does not have, through ctypes; every failure is an OSError."""

import csv
import ctypes
import os
import platform
import sys
from functools import cache
from importlib.resources import files
from typing import Any

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The machines that the table of calls knows, with the number by which the kernel names them (linux/audit.h)."""
MACHINE = platform.machine()

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
CLONE_THREAD = 0x10000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER, PR_CAP_AMBIENT = 1, 24, 38, 36, 47
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_CAP_AMBIENT_CLEAR_ALL = 22, 2, 4


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def supported() -> bool:
    """Whether this is a Linux on a machine that the table of calls knows."""
    return sys.platform == "linux" and MACHINE in MACHINES


def _call(function: str, *values: Any) -> int:
    found = getattr(_libc(), function)(*(ctypes.c_long(value) if isinstance(value, int) else value for value in values))
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
    return found


def syscall(name: str, *values: Any) -> int:
    """Make the call of this name from calls.csv with whole numbers, bytes or ctypes values."""
    return _call("syscall", numbers()[name], *values)


def prctl(option: int, *values: Any) -> int:
    return _call("prctl", option, *values, *(0,) * (4 - len(values)))


def unshare(flags: int) -> None:
    _call("unshare", flags)


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    _call("mount", source.encode(), os.fsencode(target), kind.encode(), flags, options.encode())


def unmount(target: str) -> None:
    """Take the mount away at once; what still uses it keeps it alive until its end."""
    _call("umount2", os.fsencode(target), MNT_DETACH)


def advise(start: int, size: int, advice: int) -> None:
    """Tell the kernel how to treat this process's memory from address `start` (madvise)."""
    _call("madvise", start, size, advice)


def drop_capabilities() -> None:
    """Give up every privilege that root or the owner of a user namespace has, for good."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # past the last one, or none held in the first place
            break
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


@cache
def calls() -> tuple[tuple[str, str, int], ...]:
    """(group, name, number) of the calls in calls.csv that this machine has."""
    with files("crmlab.sandbox").joinpath("calls.csv").open(encoding="utf-8", newline="") as lines:
        rows = [(row["group"], row["name"], row[MACHINE]) for row in csv.DictReader(lines)]
    return tuple((group, name, int(number)) for group, name, number in rows if number)


@cache
def numbers() -> dict[str, int]:
    """Numbers of calls by name."""
    return {name: number for _, name, number in calls()}
