"""Files beside a notebook that its code may read, and those that are left out."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from crmlab.assign.variants import FOLDER
from crmlab.data import CARD
from crmlab.errors import DataError
from crmlab.grade.archive import Entry, shown
from crmlab.grade.owners import without_platform
from crmlab.tables import TABLES
from crmlab.words import word

READABLE = frozenset(
    {".bmp", ".csv", ".gif", ".jpeg", ".jpg", ".json", ".md", ".parquet", ".png", ".svg"}
    | {".toml", ".tsv", ".txt", ".webp", ".xls", ".xlsx", ".yaml", ".yml"}
)
CODE = frozenset(
    {".dll", ".dylib", ".egg", ".pth", ".py", ".pyc", ".pyd", ".pyi", ".pyo", ".pyw", ".pyx", ".pyz", ".so", ".whl"}
)
"""What Python might import in place of what it should."""
MOST_FILES = 100
MOST_NAME = 200
"""Bytes of a path."""
MOST_BYTES = 20 * 2**20
"""Of all files together."""


def files_beside(notebook: Entry, entries: Iterable[Entry], lang: str) -> tuple[dict[str, bytes], list[str], list[str]]:
    """The files that belong to a notebook, by their path from its folder; flags; notes to the instructor.

    Data and pictures beside or below the notebook are kept, up to 100 files and 20 MB. Left out are the tables that
    were handed out, code that Python might import in place of its own modules and folders that hold such code (flag
    `shadow_files`), and everything else that a run cannot use (a note).
    """
    home = notebook.parts[:-1]
    others = [entry for entry in entries if entry is not notebook]
    near = {_path(entry, home): entry for entry in others if entry.parts[: len(home)] == home}
    code = sorted(path for path in near if _endings(path) & CODE)
    packages = {path.parts[0] for path in code if len(path.parts) > 1}
    files: dict[str, bytes] = {}
    left_out = [entry.name for entry in others if entry.parts[: len(home)] != home]
    room = MOST_BYTES
    for path, entry in sorted(near.items()):
        if path in code or path.suffix.lower() == ".ipynb" or _is_ours(path):
            continue
        usable = _is_usable(path) and path.parts[0] not in {FOLDER, *packages}
        if not usable or entry.size > room or len(files) == MOST_FILES or any(str(up) in files for up in path.parents):
            left_out.append(entry.name)
            continue
        try:
            files[str(path)] = entry.read()
        except DataError:
            left_out.append(entry.name)
        else:
            room -= len(files[str(path)])
    flags, notes = [], []
    if code:
        flags.append("shadow_files")
        notes.append(word("submission.shadow_files", lang, count=len(code), first=shown(str(code[0]))))
    if left_out:
        notes.append(word("submission.left_out", lang, count=len(left_out), first=shown(left_out[0])))
    return files, flags, notes


def _path(entry: Entry, home: tuple[str, ...]) -> PurePosixPath:
    *folders, name = entry.parts[len(home) :]
    return PurePosixPath(*folders, without_platform(name))


def _endings(path: PurePosixPath) -> set[str]:
    """Every ending, because Python imports `a.cpython-311-x86_64-linux-gnu.so`."""
    return {ending.lower() for ending in path.suffixes}


def _is_usable(path: PurePosixPath) -> bool:
    """A kind that a notebook reads, under a name that any file system takes."""
    return path.suffix.lower() in READABLE and str(path).isprintable() and len(str(path).encode()) <= MOST_NAME


def _is_ours(path: PurePosixPath) -> bool:
    return path.parts[0] == FOLDER and (path.stem in TABLES or path.name == CARD)
