"""A view of its own for a worker: no network, no other process, and only the readable part of the file system.

Done once per worker, before it takes a job. The root is a small file system in memory into which the readable
folders are bound, read-only; all else is not there at all. As an ordinary user this needs user namespaces.
"""

import ctypes
import os
import struct
from collections.abc import Iterable

from crmlab.sandbox import kernel
from crmlab.sandbox.readable import DEVICES, Readable

FOLDER = "/home/job"
"""Working folder of a job inside the view."""
_OLD = "/old"
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000


def enter() -> None:
    """New namespaces; processes that this one starts from now on are in a process namespace of their own."""
    user, group = os.geteuid(), os.getegid()
    kinds = (kernel.CLONE_NEWNS, kernel.CLONE_NEWPID, kernel.CLONE_NEWNET, kernel.CLONE_NEWIPC, kernel.CLONE_NEWUTS)
    kernel.unshare(sum(kinds) + (kernel.CLONE_NEWUSER if user else 0))
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii", newline="\n") as file:
                file.write(text)


def build_view(readable: Readable) -> int:
    """Make the view the root of this process, the first in its namespace; returns an open folder of a private /proc.

    Jobs have no /proc: the mount is taken out of the view at once, and the open folder is closed in each job.
    """
    kernel.numbers()  # read now: this package itself may lie below /tmp, which the mounts cover
    kernel.mount("none", "/", "none", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("view", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755,size=1m")
    os.mkdir("/tmp" + _OLD)
    os.chdir("/tmp")
    kernel.syscall("pivot_root", b"/tmp", b"/tmp" + _OLD.encode())
    os.chdir("/")
    for path in readable.folders:
        _bind(path)
    for path in DEVICES:
        _bind(path, device=True)
    _link_alternative_names()
    _cover(readable.hidden)
    os.makedirs("/proc")
    kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    proc = os.open("/proc", os.O_DIRECTORY | os.O_CLOEXEC)
    kernel.unmount("/proc")
    os.rmdir("/proc")
    kernel.unmount(_OLD)
    os.rmdir(_OLD)
    os.makedirs(FOLDER)
    _read_only("/", recursive=False)
    return proc


def _bind(path: str, *, device: bool = False) -> None:
    if os.path.isdir(_OLD + path):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    kernel.mount(_OLD + path, path, "none", kernel.MS_BIND | kernel.MS_REC)
    _read_only(path, device=device)


def _read_only(path: str, *, recursive: bool = True, device: bool = False) -> None:
    flags = kernel.MS_RDONLY | kernel.MS_NOSUID | (0 if device else kernel.MS_NODEV)
    attributes = ctypes.create_string_buffer(struct.pack("=QQQQ", flags, 0, 0, 0))
    flag = _AT_RECURSIVE if recursive else 0
    kernel.syscall("mount_setattr", _AT_FDCWD, os.fsencode(path), flag, attributes, 32)


def _link_alternative_names() -> None:
    """/lib and its like are links to /usr/lib on most systems, and libraries are looked up by either name."""
    for name in ("/lib", "/lib64", "/etc/localtime"):
        if os.path.islink(_OLD + name) and not os.path.lexists(name):
            os.makedirs(os.path.dirname(name), exist_ok=True)
            os.symlink(os.readlink(_OLD + name), name)


def _cover(hidden: Iterable[str]) -> None:
    os.mkdir("/nothing", 0o000)
    os.close(os.open("/nothing_file", os.O_CREAT | os.O_WRONLY, 0o000))
    for path in hidden:
        if os.path.lexists(path):
            cover = "/nothing" if os.path.isdir(path) else "/nothing_file"
            kernel.mount(cover, path, "none", kernel.MS_BIND)


def mount_folder(size: int, files: int, user: int, group: int) -> None:
    """A fresh working folder in memory, with room for `size` bytes in so many `files`."""
    options = f"size={size},nr_inodes={files},mode=700,uid={user},gid={group}"
    kernel.mount("folder", FOLDER, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC, options)
