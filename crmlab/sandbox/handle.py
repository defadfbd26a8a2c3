"""The trusted end of one worker: hand it jobs, read what comes back, stop it."""

import json
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import IO

from crmlab.errors import CrmlabError
from crmlab.sandbox.inbox import Inbox
from crmlab.sandbox.job import Ended
from crmlab.sandbox.limits import Limits
from crmlab.sandbox.readable import Readable
from crmlab.sandbox.workers import Worker, WorkerGoneError, Workers

GRACE = 10.0
"""Seconds after the time limit within which a worker must have ended its job by itself."""
LINGER = 1.0
"""Seconds that a job may take to leave after it has told its end."""
TIDY = 2.0
"""Seconds that a worker has to end its job and remove the working folder."""
CHUNK = 1 << 18


class Handle:
    """One worker. It is forked when the first job comes; one that has gone is forked again with the next job."""

    def __init__(self, workers: Workers, readable: Readable, without: tuple[str, ...] = ()):
        self._workers = workers
        self._config = {"folders": readable.folders, "hidden": readable.hidden, "without": without}
        self._lock, self._running = threading.Lock(), threading.RLock()
        self._stopped = False
        self._worker: Worker | None = None
        self._why: dict[str, str] = {}

    def _start(self) -> Worker:
        found = self._workers.fork(self._config)
        with self._lock:
            self._worker = found
            if self._stopped:
                found.kill(TIDY)
                raise WorkerGoneError
        told = found.receive()
        if "failed" in told:
            raise CrmlabError("sandbox_warm", problem=told["failed"])
        self._why = told["layers"]
        return found

    def why(self) -> dict[str, str]:
        """Why each layer does not hold, "" where it holds; waits until a worker is ready."""
        if self._worker is None:
            self._start()
        return self._why

    def run(self, name: str, job: IO[bytes], limits: Limits, on_message: Callable[[dict], None]) -> Ended:
        """Run the job that is written in the file `job`."""
        with self._running:
            return self._run(self._ready(), name, job, limits, on_message)

    def _ready(self) -> Worker:
        if self._worker is not None and self._worker.has_ended():
            self._close()
        return self._worker or self._start()

    def _run(
        self, worker: Worker, name: str, job: IO[bytes], limits: Limits, on_message: Callable[[dict], None]
    ) -> Ended:
        try:
            source, message = os.pipe()
            with open(source, "rb", buffering=0) as pipe:
                try:
                    order = json.dumps(vars(limits)).encode("ascii")
                    socket.send_fds(worker.control, [order], [job.fileno(), message])
                except OSError as error:
                    raise WorkerGoneError from error
                finally:
                    os.close(message)
                return self._follow(worker, name, pipe, limits, on_message)
        except BaseException:
            worker.kill(TIDY)
            raise

    def _follow(
        self, worker: Worker, name: str, pipe: IO[bytes], limits: Limits, on_message: Callable[[dict], None]
    ) -> Ended:
        inbox = Inbox(limits.output, on_message)
        deadline = time.monotonic() + limits.seconds + GRACE
        until = deadline
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            selector.register(worker.control, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select(max(0.0, until - time.monotonic()))]
                if not ready and until == deadline:
                    raise WorkerGoneError
                if not ready:
                    worker.control.send(json.dumps({"stop": "lingers"}).encode("ascii"))
                    until = deadline
                elif pipe in ready:
                    data = os.read(pipe.fileno(), CHUNK)
                    inbox.take(data)
                    if inbox.stop:
                        worker.control.send(json.dumps({"stop": inbox.stop}).encode("ascii"))
                    if inbox.complete:
                        until = min(deadline, time.monotonic() + LINGER)
                    if inbox.stop or inbox.complete or not data:
                        selector.unregister(pipe)
                elif worker.control in ready:
                    return inbox.ended(name, worker.receive())

    def _close(self) -> None:
        with self._lock:
            if self._worker is not None:
                self._worker.close()
                self._worker = None

    def stop(self) -> None:
        """End the worker and its job for good; may be called while another thread waits in `run`."""
        with self._lock:
            self._stopped = True
            if self._worker is not None:
                self._worker.kill(TIDY)
        with self._running:
            self._close()
