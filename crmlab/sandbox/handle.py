"""The trusted end of one worker: start it, hand it jobs, read what comes back, stop it."""

import json
import os
import selectors
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from crmlab.errors import CrmlabError
from crmlab.sandbox.folder import remove_tree
from crmlab.sandbox.inbox import Inbox
from crmlab.sandbox.interpreter import command, environment
from crmlab.sandbox.job import Ended
from crmlab.sandbox.limits import Limits
from crmlab.sandbox.readable import Readable

PACKET = 1 << 16
GRACE = 10.0
"""Seconds after the time limit within which a worker must have ended its job by itself."""
LINGER = 1.0
"""Seconds that a job may take to leave after it has told its end."""
TIDY = 2.0
"""Seconds that a worker has to end its job and remove the working folder."""
CHUNK = 1 << 18


class WorkerGoneError(Exception):
    """The worker itself ended."""


class Handle:
    """One worker. It is started when made; one that has gone is started again with the next job."""

    def __init__(self, readable: Readable, warm: tuple[str, ...], without: tuple[str, ...] = ()):
        base = tempfile.mkdtemp(prefix="crmlab-sandbox-")
        os.chmod(base, 0o711)
        self._config = {"folders": readable.folders, "hidden": readable.hidden, "warm": warm, "without": without}
        self._config["base"] = base
        self._lock = threading.Lock()
        self._stopped = False
        self._start()

    def _start(self) -> None:
        with self._lock:
            if self._stopped:
                raise WorkerGoneError
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    command("crmlab.sandbox.worker", str(theirs.fileno())),
                    env=environment(),
                    cwd="/",
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            self._control.send(json.dumps(self._config).encode("ascii"))
            self._why: dict[str, str] | None = None

    def why(self) -> dict[str, str]:
        """Why each layer does not hold, "" where it holds; waits until the worker is ready."""
        if self._why is None:
            try:
                packet = self._receive()
            except WorkerGoneError:
                if self._stopped:
                    raise
                packet = {"failed": "-"}
            if "failed" in packet:
                raise CrmlabError("sandbox_warm", problem=packet["failed"])
            self._why = packet["layers"]
        return self._why

    def _receive(self) -> dict:
        try:
            packet = self._control.recv(PACKET)
        except OSError:
            packet = b""
        if not packet:
            raise WorkerGoneError
        return json.loads(packet)

    def run(self, name: str, job: IO[bytes], limits: Limits, on_message: Callable[[dict], None]) -> Ended:
        """Run the job that is written in the file `job`."""
        if self._process.poll() is not None:
            self._control.close()
            self._start()
        try:
            self.why()
            source, message = os.pipe()
            with open(source, "rb", buffering=0) as pipe:
                try:
                    order = json.dumps(vars(limits)).encode("ascii")
                    socket.send_fds(self._control, [order], [job.fileno(), message])
                except OSError as error:
                    raise WorkerGoneError from error
                finally:
                    os.close(message)
                return self._follow(name, pipe, limits, on_message)
        except BaseException:
            self._kill()
            raise

    def _follow(self, name: str, pipe: IO[bytes], limits: Limits, on_message: Callable[[dict], None]) -> Ended:
        inbox = Inbox(limits.output, on_message)
        deadline = time.monotonic() + limits.seconds + GRACE
        until = deadline
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            selector.register(self._control, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select(max(0.0, until - time.monotonic()))]
                if not ready and until == deadline:
                    raise WorkerGoneError
                if not ready:
                    self._control.send(json.dumps({"stop": "lingers"}).encode("ascii"))
                    until = deadline
                elif pipe in ready:
                    data = os.read(pipe.fileno(), CHUNK)
                    inbox.take(data)
                    if inbox.stop:
                        self._control.send(json.dumps({"stop": inbox.stop}).encode("ascii"))
                    if inbox.complete:
                        until = min(deadline, time.monotonic() + LINGER)
                    if inbox.stop or inbox.complete or not data:
                        selector.unregister(pipe)
                elif self._control in ready:
                    return inbox.ended(name, self._receive())

    def _kill(self) -> None:
        """End the worker and its job; first let it tidy up."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(TIDY)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End the worker and its job for good; may be called while another thread waits in `run`."""
        with self._lock:
            self._stopped = True
        self._kill()
        self._control.close()
        with suppress(FileNotFoundError):
            remove_tree(self._config["base"])
