"""How much a job may use, and the limits that the kernel keeps for a process."""

import math
from dataclasses import dataclass

FILES = 10_000
"""Files and folders that a job may have at once in its working folder."""
OPEN_FILES, PROCESSES = 256, 256


@dataclass(frozen=True)
class Limits:
    """Limits of one job: wall clock in seconds; memory on top of the warm worker, messages and files in bytes."""

    seconds: float = 120.0
    memory: int = 2 * 2**30
    output: int = 20 * 2**20
    disk: int = 200 * 2**20


def confine(limits: Limits, *, mapped: int | None, own_user: bool) -> None:
    """Set the limits of this process, which has `mapped` bytes of addresses in use already.

    Address space (left out where `mapped` is None), so that too large an array is a MemoryError; processor time, as a
    last resort behind the wall clock; size of one file; open files; no core dump. The number of processes and threads
    is counted per user: it is set only for a user of the job's own (`own_user`).
    """
    import resource

    processor = math.ceil(4 * limits.seconds) + 10
    wanted = {
        resource.RLIMIT_CPU: processor,
        resource.RLIMIT_FSIZE: limits.disk,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    if mapped is not None:
        wanted[resource.RLIMIT_AS] = mapped + limits.memory
    if own_user:
        wanted[resource.RLIMIT_NPROC] = PROCESSES
    for kind, value in wanted.items():
        _, most = resource.getrlimit(kind)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (value, value))
