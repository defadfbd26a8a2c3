"""Where workers come from: the trusted end of the template."""

import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from crmlab.errors import CrmlabError
from crmlab.sandbox.folder import remove_tree
from crmlab.sandbox.interpreter import command, environment
from crmlab.sandbox.worker import PACKET


class WorkerGoneError(Exception):
    """A worker, or the template, has ended."""


class Worker:
    """A running worker: its process, which is no child of this one, and our end of its socket."""

    def __init__(self, pid: int, control: socket.socket):
        self.pid, self.control = pid, control
        try:
            self._process = os.pidfd_open(pid)
        except ProcessLookupError as error:
            control.close()
            raise WorkerGoneError from error

    def receive(self) -> dict[str, Any]:
        return _receive(self.control)

    def has_ended(self, seconds: float = 0.0) -> bool:
        """Whether its process has ended, or does so within this time."""
        poll = select.poll()
        poll.register(self._process, select.POLLIN)
        return bool(poll.poll(1000 * seconds))

    def kill(self, seconds: float) -> None:
        """End it and its job; it has so many seconds to tidy up first."""
        with suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)
        if not self.has_ended(seconds):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
            self.has_ended(seconds)

    def close(self) -> None:
        self.control.close()
        os.close(self._process)


class Workers:
    """Starts the template at once, without waiting for its imports; a template that has gone is started again."""

    def __init__(self, warm: Sequence[str]):
        self._warm = list(warm)
        self._base = tempfile.mkdtemp(prefix="crmlab-sandbox-")
        os.chmod(self._base, 0o711)
        self._asking, self._starting = threading.Lock(), threading.Lock()
        self._stopped = self._ready = False
        self._start()

    def _start(self) -> None:
        with self._starting:
            if self._stopped:
                raise WorkerGoneError
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    command("crmlab.sandbox.template", str(theirs.fileno())),
                    env=environment(),
                    cwd="/",
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            self._control.send(json.dumps({"base": self._base, "modules": self._warm}).encode("ascii"))
            self._ready = False

    def fork(self, config: Mapping[str, Any]) -> Worker:
        """A new worker; waits until the template is ready.

        Raises CrmlabError `sandbox_warm` where the template cannot import what it should, and WorkerGoneError.
        """
        with self._asking:
            if self._process.poll() is not None:
                self._control.close()
                self._start()
            self._demand_ready()
            control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                with theirs:
                    order = json.dumps(config | {"base": self._base}).encode("ascii")
                    socket.send_fds(self._control, [order], [theirs.fileno()])
                return Worker(_receive(self._control)["pid"], control)
            except OSError as error:
                control.close()
                raise WorkerGoneError from error

    def _demand_ready(self) -> None:
        if self._ready:
            return
        try:
            problem = _receive(self._control)["failed"]
        except WorkerGoneError:
            if self._stopped:
                raise
            problem = "-"
        if problem:
            raise CrmlabError("sandbox_warm", problem=problem)
        self._ready = True

    def stop(self) -> None:
        """End the template for good; may be called while other threads wait in `fork`. Workers are stopped apart."""
        with self._starting:
            self._stopped = True
            self._process.kill()
        self._process.wait()
        self._control.close()
        with suppress(FileNotFoundError):
            remove_tree(self._base)


def _receive(control: socket.socket) -> dict[str, Any]:
    try:
        packet = control.recv(PACKET)
    except OSError:
        packet = b""
    if not packet:
        raise WorkerGoneError
    return json.loads(packet)
