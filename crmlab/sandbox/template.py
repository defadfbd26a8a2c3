"""The template: a fresh interpreter that imports what jobs need, once, and forks every worker from it (a zygote).

It has one thread, so that a fork is safe, and never sees a job. A worker that starts again costs no second import.
"""

import gc
import importlib
import json
import os
import signal
import socket
from typing import NoReturn

from crmlab.sandbox import confine, pages, worker
from crmlab.sandbox.folder import Folder
from crmlab.sandbox.watch import Processes

WARM_ROOM = 200 * 2**20


def main(descriptor: str) -> NoReturn:
    """Import what the first packet says, then fork a worker for each packet that comes with its end of a socket."""
    control = socket.socket(fileno=int(descriptor))
    processes = Processes(os.open("/proc", os.O_DIRECTORY | os.O_CLOEXEC), alone=False)
    try:
        _warm_up(**json.loads(control.recv(worker.PACKET)))
        pages.enlarge(processes.maps())
        worker.demand_one_thread(processes)
    except Exception as error:
        control.send(worker.packet(failed=f"{type(error).__name__}: {error}"[:1000]))
        os._exit(1)
    control.send(worker.packet(failed=""))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        order, descriptors, *_ = socket.recv_fds(control, worker.PACKET, 1)
        if not order:
            os._exit(0)
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            worker.main(socket.socket(fileno=descriptors[0]), json.loads(order))
        os.close(descriptors[0])
        control.send(worker.packet(pid=pid))


def _warm_up(base: str, modules: list[str]) -> None:
    folder = Folder(base, user=(os.geteuid(), os.getegid()), size=WARM_ROOM)
    os.environ |= dict.fromkeys(confine.PLACES, folder.path)
    for module in modules:
        importlib.import_module(module)
    folder.remove()
    gc.collect()
    gc.disable()
    gc.freeze()
