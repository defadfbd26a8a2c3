"""What a job may read and write, refused by the kernel for all else (Landlock); needs no privilege.

From its versions (ABI): 1 files, 2 moving between folders, 3 truncation, 4 TCP, 5 calls on devices, 6 signals and
abstract sockets. What a version does not know is left to the other layers.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from crmlab.sandbox import kernel

_VERSION_FLAG, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE = 1 << 14
_ALL_OF = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_FILE_ONLY = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
_TCP, _SCOPES = 3, 3

READ = _READ_FILE | _READ_DIR
LIST = _READ_DIR
"""See the names in a folder (and below), open nothing."""
DEVICE = _READ_FILE | _WRITE_FILE


def version() -> int:
    """The version of Landlock in this kernel; 0 where there is none or it is switched off."""
    if not kernel.supported():
        return 0
    try:
        return kernel.syscall("landlock_create_ruleset", None, 0, _VERSION_FLAG)
    except OSError:
        return 0


def confine(grants: Iterable[tuple[str, int]], folder: str) -> None:
    """Confine this process to `grants`, pairs of a path and what may be done there, and to `folder`, for writing.

    No program can be started, no TCP connection made, no process outside signalled. Paths that are not there are
    passed over. Raises OSError where the kernel refuses.
    """
    known = version()
    handled = _ALL_OF[min(known, 5)]
    rules = struct.pack("=QQQ", handled, _TCP if known >= 4 else 0, _SCOPES if known >= 6 else 0)
    size = 8 if known < 4 else 16 if known < 6 else 24
    ruleset = kernel.syscall("landlock_create_ruleset", rules, size, 0)
    for path, access in (*grants, (folder, handled & ~_EXECUTE)):
        _allow(ruleset, path, access & handled)
    kernel.syscall("landlock_restrict_self", ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        access &= _FILE_ONLY
    rule = ctypes.create_string_buffer(struct.pack("=Qi", access, place))
    kernel.syscall("landlock_add_rule", ruleset, _PATH_BENEATH, rule, 0)
    os.close(place)
