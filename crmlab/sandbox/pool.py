"""Jobs in sandboxes: warm workers, one fresh sandbox per job."""

import os
import queue
import tempfile
import threading
from collections.abc import Callable, Collection, Sequence

from crmlab.errors import CrmlabError
from crmlab.sandbox.confine import pack_job
from crmlab.sandbox.fresh import run_fresh
from crmlab.sandbox.handle import Handle
from crmlab.sandbox.job import Ended, Job
from crmlab.sandbox.limits import Limits
from crmlab.sandbox.readable import Readable
from crmlab.sandbox.workers import WorkerGoneError, Workers

LIMITS = Limits()


class Pool:
    """Workers that run hostile jobs, each in a sandbox of its own.

    The modules `warm` are imported once, and `workers` processes are forked from there; `run` may be called from as
    many threads. A job may read the Python environment, crmlab and the folders `read`, but nothing of `hide` (a hidden
    module hides its compiled copies). `sandboxed=False` runs each job in a fresh interpreter instead, with limits but
    without protection. `without` leaves layers out; it is there to show what each layer keeps.

    Raises CrmlabError `sandbox_none` where this machine offers no sandbox, `sandbox_warm` where a worker cannot start.

    with Pool(workers=2) as pool:
        ended = pool.run(Job("a", "package.module:function", {}), print)
    """

    def __init__(
        self,
        workers: int = 2,
        warm: Sequence[str] = ("crmlab.grade.warm",),
        limits: Limits = LIMITS,
        read: Sequence[str | os.PathLike] = (),
        hide: Sequence[str | os.PathLike] = (),
        sandboxed: bool = True,
        without: Collection[str] = (),
    ):
        self._limits, self._sandboxed = limits, sandboxed
        self._closed = threading.Event()
        self._idle: queue.SimpleQueue[Handle | None] = queue.SimpleQueue()
        self._workers: Workers | None = None
        self._handles: list[Handle] = []
        if sandboxed:
            from crmlab.sandbox.capabilities import capabilities

            if not capabilities().sandboxed:
                raise CrmlabError("sandbox_none")
            readable = Readable.of(read, hide)
            self._workers = Workers(warm)
            self._handles = [Handle(self._workers, readable, tuple(without)) for _ in range(workers)]
        for handle in self._handles or [None] * workers:
            self._idle.put(handle)

    def run(self, job: Job, on_message: Callable[[dict], None]) -> Ended:
        """Run one job and wait for its end; `on_message` gets each message at once, in the thread that called.

        Messages are plain JSON of a hostile origin. Raises CrmlabError `sandbox_closed` if the pool is closed
        meanwhile, and whatever `on_message` raises: the job is stopped then.
        """
        handle = self._idle.get()
        try:
            if self._closed.is_set():
                raise CrmlabError("sandbox_closed")
            with tempfile.TemporaryFile() as file:
                file.write(pack_job(job.entry, job.payload, job.files))
                file.seek(0)
                if handle is None:
                    return run_fresh(job.name, file, self._limits, on_message)
                return handle.run(job.name, file, self._limits, on_message)
        except WorkerGoneError:
            if self._closed.is_set():
                raise CrmlabError("sandbox_closed") from None
            return Ended(job.name, "crash", 0.0, 0.0, 0, "worker")
        finally:
            self._idle.put(handle)

    def close(self) -> None:
        """Stop every worker and every job at once; nothing is left of them."""
        self._closed.set()
        if self._workers:
            self._workers.stop()
        for handle in self._handles:
            handle.stop()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
