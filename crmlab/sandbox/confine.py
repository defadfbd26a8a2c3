"""What happens in a forked worker before anything of a job runs: the layers, in their order."""

import importlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crmlab.sandbox import kernel, landlock, limits, messages, seccomp
from crmlab.sandbox.limits import Limits

MESSAGES = 3
"""Descriptor of the messages in a job; 0, 1 and 2 are /dev/null, and there is no other."""
FAULT_CHARACTERS = 500
PLACES = ("HOME", "TMPDIR", "MPLCONFIGDIR", "IPYTHONDIR")
"""Variables of the environment that name a folder to write in."""


@dataclass(frozen=True)
class Layers:
    """Which layers a worker puts around its jobs, and what they need to know."""

    held: frozenset[str]
    grants: list[tuple[str, int]]
    user: tuple[int, int]


def confine(layers: Layers, folder: str, limit: Limits, *, mapped: int, message: int) -> None:
    """Confine this process for good, with `folder` to work in and the descriptor `message` to write to.

    `mapped` is the address space that the worker itself has in use. Raises OSError where a layer cannot be put in
    place: then nothing may run.
    """
    held = layers.held
    os.setsid()
    if "namespaces" in held:
        kernel.unshare(kernel.CLONE_NEWIPC)
    os.chdir(folder)
    _keep_only(message)
    if "own_user" in held:
        become(*layers.user)
    if "privileges" in held:
        kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
    clean_environment(os.environ, folder)
    if "limits" in held:
        limits.confine(limit, mapped=mapped, own_user="own_user" in held)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if "landlock" in held:
        landlock.confine(layers.grants, folder)
    if "seccomp" in held:
        seccomp.confine(metadata="namespaces" in held)


def become(user: int, group: int) -> None:
    """From root to a user without rights and without groups, for good."""
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)


def _keep_only(message: int) -> None:
    """Close every descriptor but /dev/null and the messages."""
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in range(MESSAGES):
        os.dup2(nothing, number)
    os.dup2(message, MESSAGES)
    os.closerange(MESSAGES + 1, os.sysconf("SC_OPEN_MAX"))


def clean_environment(environment: dict | os._Environ, folder: str) -> None:
    """Nothing but what programs need, with every place to write in the job's folder."""
    kept = {name: value for name, value in environment.items() if not name.startswith("PYTHON")}
    environment.clear()
    environment.update(kept | dict.fromkeys(PLACES, folder))
    tempfile.tempdir = None


def read_job(data: bytes) -> tuple[str, dict, dict[str, bytes]]:
    """(entry, payload, files) from what `pack_job` made."""
    head, _, rest = data.partition(b"\n")
    job = json.loads(head)
    found, start = {}, 0
    for name, size in job["files"]:
        found[name] = rest[start : start + size]
        start += size
    return job["entry"], job["payload"], found


def pack_job(entry: str, payload: dict, files: Mapping[str, bytes]) -> bytes:
    """One line of JSON, then the contents of the files, end to end."""
    sizes = [(name, len(content)) for name, content in files.items()]
    head = json.dumps({"entry": entry, "payload": payload, "files": sizes})
    return b"\n".join((head.encode("ascii"), b"".join(files.values())))


def perform(data: bytes, message: int) -> None:
    """Write the files of a job into the current folder and call its entry; tells of an exception by its text."""
    try:
        entry, payload, files = read_job(data)
        for name, content in files.items():
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            with open(name, "wb") as file:
                file.write(content)
        module, _, function = entry.partition(":")
        called: Callable = getattr(importlib.import_module(module), function)
        called(payload, messages.sender(message))
    except BaseException as error:
        fault = {"fault": f"{type(error).__name__}: {error}"[:FAULT_CHARACTERS]}
        messages.write(message, messages.FAULT, json.dumps(fault).encode("ascii"))
    else:
        messages.write(message, messages.END)
