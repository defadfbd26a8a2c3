"""The worker: a fork of the template in a view of its own, which forks once for each job.

It has one thread, so that a fork is safe, and never reads what a job holds or sends: the job comes as an open file
and the messages leave by a pipe, both handed on to the fork. So no job finds the remains of another in its memory.
"""

import gc
import json
import os
import select
import signal
import socket
import time
from contextlib import suppress
from typing import NoReturn

from crmlab.sandbox import confine, kernel, landlock, namespaces, seccomp
from crmlab.sandbox.folder import Folder
from crmlab.sandbox.limits import Limits
from crmlab.sandbox.readable import Readable
from crmlab.sandbox.watch import Processes, Watch

PACKET = 1 << 16
ALL = ("namespaces", "own_user", "privileges", "limits", "landlock", "seccomp")


def main(control: socket.socket, config: dict) -> NoReturn:
    """Serve orders from this socket until it is closed."""
    try:
        worker = Worker(control, config)
    except Exception as error:
        control.send(packet(failed=f"{type(error).__name__}: {error}"[:1000]))
        os._exit(1)
    control.send(packet(layers=worker.why))
    worker.serve()
    os._exit(0)


def demand_one_thread(processes: Processes) -> None:
    """A fork is only safe from a process with one thread. Raises RuntimeError where this one has more."""
    _, threads = processes.use(os.getpid())
    if threads != 1:
        raise RuntimeError(f"{threads} threads")


def packet(**values: object) -> bytes:
    return json.dumps(values).encode("ascii")


def _works(*steps) -> bool:
    """Whether these steps succeed, tried in a fork."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1] == 0
    try:
        for step in steps:
            step()
    except BaseException:
        os._exit(1)
    os._exit(0)


class Worker:
    """`why` says for each layer why it does not hold; "" where it holds."""

    def __init__(self, control: socket.socket, config: dict):
        self._control, self._base = control, config["base"]
        self._readable = Readable(tuple(config["folders"]), tuple(config["hidden"]))
        self.why = dict.fromkeys(ALL, "") | dict.fromkeys(config["without"], "left_out")
        number = 50_000 + os.getpid() % 10_000
        self._user = (number, number)
        proc = self._enter_namespaces()
        self._choose_layers()
        held = frozenset(layer for layer, why in self.why.items() if not why)
        user = self._user if "own_user" in held else (os.geteuid(), os.getegid())
        self._layers = confine.Layers(held, self._readable.grants, user)
        self._processes = Processes(proc, alone="namespaces" in held)
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)

    def _enter_namespaces(self) -> int:
        """Returns an open folder of /proc in which the jobs will be seen."""
        if not self.why["namespaces"] and not _works(namespaces.enter, self._try_view):
            self.why["namespaces"] = "closed"
        if self.why["namespaces"]:
            return os.open("/proc", os.O_DIRECTORY | os.O_CLOEXEC)
        namespaces.enter()
        inner = os.fork()
        if inner:
            self._control.close()
            os.waitpid(inner, 0)
            os._exit(0)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        return namespaces.build_view(self._readable)

    def _try_view(self) -> None:
        if not _works(lambda: namespaces.build_view(self._readable)):
            raise OSError

    def _choose_layers(self) -> None:
        if not self.why["own_user"]:
            if os.geteuid():
                self.why["own_user"] = "not_root"
            elif not _works(lambda: confine.become(*self._user), self._read_environment):
                self.why["own_user"] = "unreadable"
        if not self.why["landlock"] and not landlock.version():
            self.why["landlock"] = "kernel"
        no_privileges = lambda: kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)  # noqa: E731
        if not self.why["seccomp"] and not _works(no_privileges, lambda: seccomp.confine(metadata=False)):
            self.why["seccomp"] = "kernel"

    def _read_environment(self) -> None:
        for folder in self._readable.folders:
            os.stat(folder)
            if not os.access(folder, os.R_OK):
                raise PermissionError
        with open(os.__file__, "rb"):
            pass

    def serve(self) -> None:
        while True:
            order, descriptors, *_ = socket.recv_fds(self._control, PACKET, 2)
            if not order:
                return
            if descriptors:  # else an order to stop that came after the end of its job
                demand_one_thread(self._processes)
                self._control.send(self._run(Limits(**json.loads(order)), *descriptors))

    def _run(self, limits: Limits, job: int, message: int) -> bytes:
        base = "" if "namespaces" in self._layers.held else self._base
        folder = Folder(base, user=self._layers.user, size=limits.disk)
        mapped = self._processes.mapped()
        watch = Watch(limits, self._processes, folder.watched)
        pid = os.fork()
        if not pid:
            self._become_job(folder, limits, mapped, job, message)
        os.close(job)
        os.close(message)
        stopped = self._follow(pid, watch)
        seconds = watch.seconds
        status, used = self._end(pid)
        folder.remove()
        cpu = used.ru_utime + used.ru_stime
        return packet(stopped=stopped, seconds=seconds, cpu_seconds=cpu, peak_memory=watch.peak, status=status)

    def _become_job(self, folder: Folder, limits: Limits, mapped: int, job: int, message: int) -> NoReturn:
        status = 70
        try:
            with open(job, "rb") as file:
                data = file.read()
            confine.confine(self._layers, folder.path, limits, mapped=mapped, message=message)
            gc.enable()
            confine.perform(data, confine.MESSAGES)
            status = 0
        finally:
            os._exit(status)

    def _follow(self, pid: int, watch: Watch) -> str:
        """Wait for the end of a job; returns which limit it passed, or what the order to stop says, or ""."""
        process = os.pidfd_open(pid)
        poll = select.poll()
        poll.register(process, select.POLLIN)
        poll.register(self._control, select.POLLIN)
        try:
            while True:
                ready = [descriptor for descriptor, _ in poll.poll(1000 * watch.pause)]
                if self._control.fileno() in ready:
                    return self._stopped(pid)
                if process in ready:
                    return ""
                if passed := watch.exceeded():
                    return passed
        finally:
            os.close(process)

    def _stopped(self, pid: int) -> str:
        order = self._control.recv(PACKET)
        if not order:
            self._end(pid)
            os._exit(1)
        return json.loads(order)["stop"]

    def _end(self, pid: int):
        """Kill whatever is left of a job; returns the exit status and the use of its first process."""
        os.kill(pid, signal.SIGKILL)
        _, status, used = os.wait4(pid, 0)
        while below := self._processes.below():
            for other in [-1] if os.getpid() == 1 else below:  # all at once where all others are the job's
                with suppress(ProcessLookupError):
                    os.kill(other, signal.SIGKILL)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            time.sleep(0.001)
        return os.waitstatus_to_exitcode(status), used
