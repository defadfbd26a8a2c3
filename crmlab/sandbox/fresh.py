"""Without a sandbox: a fresh interpreter per job, with limits and the same messages, but nothing kept from it.

Works on every system; for machines that offer no sandbox, where the instructor has agreed to it. Processor time and
memory are not measured here (0 in Ended).
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from crmlab.sandbox import confine, limits
from crmlab.sandbox.folder import remove_tree
from crmlab.sandbox.inbox import Inbox
from crmlab.sandbox.interpreter import command, environment
from crmlab.sandbox.job import Ended
from crmlab.sandbox.limits import Limits
from crmlab.sandbox.watch import Processes

CHUNK, LOOK, DRAIN = 1 << 16, 0.05, 1.0


def main(settings: str) -> None:
    """In the fresh interpreter: the job comes by standard input, the messages leave by what was standard output."""
    data = sys.stdin.buffer.read()
    message = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    confine.clean_environment(os.environ, os.getcwd())
    if os.name == "posix":
        linux = sys.platform == "linux"
        mapped = Processes(os.open("/proc", os.O_DIRECTORY), alone=False).mapped() if linux else None
        limits.confine(Limits(**json.loads(settings)), mapped=mapped, own_user=False)
    confine.perform(data, message)
    os._exit(0)


def run_fresh(name: str, job: IO[bytes], limit: Limits, on_message: Callable[[dict], None]) -> Ended:
    """Run the job that is written in the file `job`, outside any sandbox."""
    inbox = Inbox(limit.output, on_message)
    folder = tempfile.mkdtemp(prefix="crmlab-job-")
    begun = time.monotonic()
    process = subprocess.Popen(
        command("crmlab.sandbox.fresh", json.dumps(vars(limit))),
        stdin=job,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=environment(),
        start_new_session=True,
    )
    chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process.stdout, chunks), daemon=True)
    reader.start()
    try:
        stopped = _follow(process, chunks, inbox, begun + limit.seconds)
        seconds = time.monotonic() - begun
    finally:
        _kill(process)
        reader.join(DRAIN)
        if os.name == "posix":
            remove_tree(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    told = {"stopped": stopped, "seconds": seconds, "cpu_seconds": 0.0, "peak_memory": 0, "status": process.returncode}
    return inbox.ended(name, told)


def _follow(process: subprocess.Popen, chunks: "queue.SimpleQueue[bytes]", inbox: Inbox, deadline: float) -> str:
    """Take messages until the end of the process, of its messages, or of its time; what it started may live longer."""
    while time.monotonic() < deadline:
        if process.poll() is not None:
            deadline = min(deadline, time.monotonic() + DRAIN)
        with suppress(queue.Empty):
            data = chunks.get(timeout=LOOK)
            inbox.take(data)
            if inbox.stop or inbox.complete or not data:
                return ""
    return "" if process.poll() is not None else "time"


def _read(source: IO[bytes], chunks: "queue.SimpleQueue[bytes]") -> None:
    with source:
        while data := os.read(source.fileno(), CHUNK):
            chunks.put(data)
    chunks.put(b"")


def _kill(process: subprocess.Popen) -> None:
    with suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
