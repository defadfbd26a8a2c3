"""Calls that a job has no use for are refused by the kernel (seccomp), so that Python tells a plain PermissionError.

The table is calls.csv: a group, the name of the call and its number on each machine. The filter is a program of the
classic Berkeley packet filter (linux/filter.h); it reads the call's number and the lower halves of its arguments.
"""

import ctypes
import errno
import os
import struct

from crmlab.sandbox import kernel

NEWEST = 462
"""The last call that the table was checked against; a later one does not exist for a job."""
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_O_TRUNC, _O_ACCMODE = 0o1000, 3
_STREAM, _SOCKET_KIND = 1, 0xF

Code = tuple[int, int, int, int]
"""One step: operation, steps to jump when true, when false, operand."""


def _return(value: int) -> Code:
    return _RETURN, 0, 0, value


def _refuse(number: int = errno.EPERM) -> Code:
    return _return(_ERRNO | number)


def _argument(position: int) -> Code:
    return _LOAD, 0, 0, _ARGUMENTS_AT + 8 * position


def _only_if(test: list[Code], *values: int) -> list[Code]:
    """Allow the call if the tested value is one of `values`, refuse it otherwise."""
    equal = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [*test, *equal, _refuse(), _return(_ALLOW)]


def _bodies(pid: int, metadata: bool) -> dict[str, list[Code]]:
    refused = ("process", "others", "signal", "mount", "namespace", "network", "shared", "kernel")
    return {group: [_refuse()] for group in refused} | {
        "own": _only_if([_argument(0)], 0, pid),
        "signal_self": _only_if([_argument(0)], pid),
        "pair": _only_if([_argument(1), (_AND, 0, 0, _SOCKET_KIND)], _STREAM),
        "files": [_refuse(errno.ENOSYS)],
        "metadata": [_return(_ALLOW) if metadata else _refuse()],
    }


def _body(name: str, group: str, bodies: dict[str, list[Code]]) -> list[Code]:
    if name == "clone":
        return _only_if([_argument(0), (_AND, 0, 0, kernel.CLONE_THREAD)], kernel.CLONE_THREAD)
    if name == "clone3":  # its flags lie in memory, where a filter cannot look; the C library falls back to clone
        return [_refuse(errno.ENOSYS)]
    if group == "open":  # reading with O_TRUNC empties a file on kernels whose Landlock does not know truncation
        flags = _argument(1 if name == "open" else 2)
        test = [flags, (_AND, 0, 0, _O_TRUNC | _O_ACCMODE), (_EQUAL, 0, 1, _O_TRUNC)]
        return [*test, _refuse(), _return(_ALLOW)]
    return bodies[group]


def program(pid: int, *, metadata: bool) -> list[Code]:
    """The filter for process `pid`; `metadata` allows chmod, chown, times and attributes of files.

    Order: a foreign machine ends the process; calls newer than the table and the x32 twins of x86 do not exist; then
    call by call; what is left is allowed.
    """
    bodies = _bodies(pid, metadata)
    steps: list[Code] = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUAL, 1, 0, kernel.MACHINES[kernel.MACHINE]),
        _return(_KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, 0, 1, NEWEST + 1),
        _refuse(errno.ENOSYS),
    ]
    for group, name, number in kernel.calls():
        if group != "landlock":
            body = _body(name, group, bodies)
            steps += [(_EQUAL, 0, len(body), number), *body]
    return [*steps, _return(_ALLOW)]


def confine(*, metadata: bool) -> None:
    """Put this process, which has one thread, under the filter; NO_NEW_PRIVS is set before."""
    steps = program(os.getpid(), metadata=metadata)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    head = struct.pack("HP", len(steps), ctypes.addressof(code))
    kernel.prctl(kernel.PR_SET_SECCOMP, kernel.SECCOMP_MODE_FILTER, head)
