"""The working folder of one job: fresh, and gone afterwards."""

import os
import tempfile
from pathlib import Path

from crmlab.sandbox import kernel, limits, namespaces

_OPEN = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


class Folder:
    """A working folder owned by `user`: on disk under `base`, and watched, or without a base in memory, in a view."""

    def __init__(self, base: str, *, user: tuple[int, int], size: int):
        self.view = not base
        if self.view:
            self.path = namespaces.FOLDER
            namespaces.mount_folder(size, limits.FILES, *user)
        else:
            self.path = tempfile.mkdtemp(dir=base)
            os.chown(self.path, *user)

    @property
    def watched(self) -> Path | None:
        return None if self.view else Path(self.path)

    def remove(self) -> None:
        if self.view:
            kernel.unmount(self.path)
        else:
            remove_tree(self.path)


def remove_tree(folder: str) -> None:
    """Remove a hostile folder: however deep, without rights, full of links. No link is followed, no path gets long."""
    os.chmod(folder, 0o700)
    here = os.open(folder, _OPEN)
    levels = [(folder, _clear(here))]
    while levels:
        name, left = levels[-1]
        if left:
            below = left.pop()
            os.chmod(below, 0o700, dir_fd=here)
            here = _move(here, below)
            levels.append((below, _clear(here)))
        else:
            levels.pop()
            here = _move(here, "..")
            os.rmdir(name, dir_fd=here)
    os.close(here)


def _clear(folder: int) -> list[str]:
    """Remove what is no folder from an open folder; returns the names of the folders."""
    entries = list(os.scandir(folder))
    inner = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
    for entry in entries:
        if entry.name not in inner:
            os.unlink(entry.name, dir_fd=folder)
    return list(inner)


def _move(folder: int, name: str) -> int:
    """Open the folder of this name from an open folder, and close that."""
    try:
        return os.open(name, _OPEN, dir_fd=folder)
    finally:
        os.close(folder)
