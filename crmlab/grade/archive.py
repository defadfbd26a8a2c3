"""What strangers packed: a zip, a folder or one file, looked at in memory and never unpacked to disk."""

import lzma
import mmap
import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from crmlab.errors import DataError

MOST_BYTES = 256 * 2**20
"""Of one file."""
MOST_INNER = 64 * 2**20
"""Of a zip inside a zip or a folder, as it is packed."""
MOST_ENTRIES = 20_000
"""Of one archive."""
MOST_RATIO = 1032
"""Deflate makes nothing smaller than 1 : 1032, so more than that means entries that lie over one another."""
SURELY_HONEST = 100 * 2**20
"""An archive that unpacks to less than this is no bomb, whatever its ratio."""
IGNORED = frozenset({"__macosx", "__pycache__", "thumbs.db", "desktop.ini", "node_modules", "site-packages", "venv"})
"""What systems and editors leave behind, in lower case; names that begin with a dot are ignored too."""
OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
ENTRY_MARK = re.compile(rb"PK\x01\x02")
"""How each entry in the list of a zip begins."""
UNREADABLE = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, lzma.LZMAError, zlib.error,
    struct.error,
)  # fmt: skip
"""What the standard library raises on archives that are broken."""


@dataclass(frozen=True)
class Entry:
    """A file inside: `parts` of its path, `size` in bytes, `modified` as ISO text without zone or "".

    `read()` gives its bytes and raises DataError when they are too many or broken.
    """

    parts: tuple[str, ...]
    size: int
    modified: str
    read: Callable[[], bytes] = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        return "/".join(self.parts)


@dataclass(frozen=True)
class Refused:
    """A file that is not looked into; `error.message(lang)` says why."""

    parts: tuple[str, ...]
    error: DataError


@contextmanager
def opened(path: Path) -> Iterator[tuple[list[Entry], list[Refused]]]:
    """The files of a zip or a folder, or the one file that `path` is; zips inside are opened, one level deep.

    Of several files with one name the last counts, as with any unpacker. Links, devices, names that lead out, encrypted
    and oversized files, broken and nested archives are refused one by one. Raises DataError when `path` is not there,
    is a broken zip, holds too many files or unpacks to more than any honest zip can.
    """
    if not path.exists():
        raise DataError("no_file", path=path.name)
    if path.is_dir():
        yield _with_inner(*_folder(path))
    elif path.suffix.lower() == ".zip":
        with _zip(path, path.name) as archive:
            yield _with_inner(*_listed(archive, (), lambda info: lambda: _content(archive, info)))
    elif path.suffix.lower() in OTHER_ARCHIVES:
        raise DataError("archive_other", file=path.name)
    else:
        yield [_of_disk(path, (path.name,))], []


def shown(name: str) -> str:
    """A name of a stranger for people's eyes: one line, no control or direction signs, at most 120 characters.

    >>> shown("a\\u202eb\\n.ipynb")
    'a\ufffdb\ufffd.ipynb'
    """
    clean = "".join("\ufffd" if unicodedata.category(sign).startswith("C") else sign for sign in name[:500])
    return clean if len(clean) <= 120 else clean[:119] + "…"


def _folder(root: Path) -> tuple[list[Entry], list[Refused]]:
    entries, refused = [], []

    def closed(error: OSError) -> None:
        if Path(error.filename) == root:
            raise DataError("archive_broken", file=shown(root.name))
        refused.append(_refused("archive_broken", _parts(root, Path(error.filename))))

    for folder, folders, files in os.walk(root, onerror=closed):
        folders[:] = sorted(name for name in folders if not _junk(name))
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*links, *(name for name in files if not _junk(name))]):
            path = Path(folder, name)
            parts = _parts(root, path)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                entries.append(_of_disk(path, parts))
            else:
                refused.append(_refused("archive_link" if stat.S_ISLNK(mode) else "archive_device", parts))
        if len(entries) > MOST_ENTRIES:
            raise DataError("archive_many", file=shown(root.name), most=MOST_ENTRIES)
    return entries, refused


def _parts(root: Path, path: Path) -> tuple[str, ...]:
    return tuple(_meant(os.fsencode(part)) for part in path.relative_to(root).parts)


def _of_disk(path: Path, parts: tuple[str, ...]) -> Entry:
    def read() -> bytes:
        with _plainly(path.name), open(path, "rb", opener=_no_link) as file:
            return _all_of(file, path.name)

    about = path.stat()
    moment = datetime.fromtimestamp(about.st_mtime).isoformat(timespec="seconds")
    return Entry(parts, about.st_size, moment, read)


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


@contextmanager
def _zip(source: Path | bytes, name: str) -> Iterator[zipfile.ZipFile]:
    """An open zip whose list of entries is short enough to be read at all."""
    with _plainly(name):
        if isinstance(source, bytes):
            marks = sum(1 for _ in ENTRY_MARK.finditer(source))
        else:
            with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                marks = sum(1 for _ in ENTRY_MARK.finditer(content))
        if marks > 50 * MOST_ENTRIES:
            raise DataError("archive_many", file=shown(name), most=MOST_ENTRIES)
        archive = zipfile.ZipFile(source if isinstance(source, Path) else BytesIO(source))
    with archive:
        infos = archive.infolist()
        packed = len(source) if isinstance(source, bytes) else source.stat().st_size
        if len(infos) > MOST_ENTRIES:
            raise DataError("archive_many", file=shown(name), most=MOST_ENTRIES)
        if sum(info.file_size for info in infos) > max(SURELY_HONEST, MOST_RATIO * packed):
            raise DataError("archive_bomb", file=shown(name))
        yield archive


def _listed(
    archive: zipfile.ZipFile, inside: tuple[str, ...], reader: Callable[[zipfile.ZipInfo], Callable[[], bytes]]
) -> tuple[list[Entry], list[Refused]]:
    entries, refused = {}, []
    for info in archive.infolist():
        name = _name(info)
        own = tuple(part for part in name.split("/") if part not in ("", "."))
        parts = inside + own
        if not own or name.endswith("/") or any(_junk(part) for part in own):
            continue
        if key := _fault(info, name):
            refused.append(_refused(key, parts))
        else:
            entries[parts] = Entry(parts, info.file_size, _moment(info), reader(info))
    return list(entries.values()), refused


def _fault(info: zipfile.ZipInfo, name: str) -> str | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if ".." in name.split("/") or name.startswith("/") or re.match(r"[A-Za-z]:", name) or "\0" in name:
        return "archive_outside"
    if kind not in (0, stat.S_IFREG):
        return "archive_link" if kind == stat.S_IFLNK else "archive_device"
    if info.flag_bits & 0x1:
        return "archive_encrypted"
    return "archive_large" if info.file_size > MOST_BYTES else None


def _name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant, with slashes: one that is not marked as UTF-8 was read as cp437."""
    name = info.orig_filename
    return (name if info.flag_bits & 0x800 else _meant(name.encode("cp437"))).replace("\\", "/")


def _meant(raw: bytes) -> str:
    """A name of no known encoding: UTF-8 where it fits, else GB18030, else what old zip programs used.

    >>> _meant("作业".encode("gbk")), _meant("作业".encode())
    ('作业', '作业')
    """
    for encoding in ("utf-8", "gb18030", "cp437"):
        try:
            return unicodedata.normalize("NFC", raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise AssertionError("cp437 decodes every byte")


def _moment(info: zipfile.ZipInfo) -> str:
    """When the file was changed, by the clock of whoever packed it; "" for 1980, which means that nobody said."""
    try:
        return datetime(*info.date_time).isoformat() if info.date_time[0] > 1980 else ""
    except ValueError:
        return ""


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    name = _name(info).rsplit("/", 1)[-1]
    with _plainly(name), archive.open(info) as file:
        return _all_of(file, name)


def _all_of(file: BinaryIO, name: str) -> bytes:
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise DataError("archive_large", file=shown(name), most=MOST_BYTES // 2**20)
    return data


def _with_inner(entries: list[Entry], refused: list[Refused]) -> tuple[list[Entry], list[Refused]]:
    """Zips replaced by what is in them. The bytes of one at a time are kept, so a class needs the room of one."""
    packed = lru_cache(maxsize=1)(lambda entry: entry.read())
    found = []
    for entry in entries:
        ending = Path(entry.parts[-1]).suffix.lower()
        if ending == ".zip":
            inner, faulty = _inner(entry, packed)
            found += inner
            refused += faulty
        elif ending in OTHER_ARCHIVES:
            refused.append(_refused("archive_other", entry.parts))
        else:
            found.append(entry)
    return found, refused


def _inner(outer: Entry, packed: Callable[[Entry], bytes]) -> tuple[list[Entry], list[Refused]]:
    name = outer.parts[-1]

    def reader(info: zipfile.ZipInfo) -> Callable[[], bytes]:
        def read() -> bytes:
            with _zip(packed(outer), name) as again:
                return _content(again, info)

        return read

    try:
        if outer.size > MOST_INNER:
            raise DataError("archive_large", file=shown(name), most=MOST_INNER // 2**20)
        with _zip(packed(outer), name) as archive:
            listed, refused = _listed(archive, (*outer.parts[:-1], Path(name).stem), reader)
    except DataError as error:
        return [], [Refused(outer.parts, error)]
    kept = []
    for entry in listed:
        if entry.parts[-1].lower().endswith((".zip", *OTHER_ARCHIVES)):
            refused.append(_refused("archive_nested", entry.parts))
        else:
            kept.append(entry)
    return kept, refused


def _junk(part: str) -> bool:
    return part.casefold() in IGNORED or (part.startswith(".") and part != "..")


def _refused(key: str, parts: tuple[str, ...]) -> Refused:
    return Refused(parts, DataError(key, file=shown("/".join(parts)), most=MOST_BYTES // 2**20))


@contextmanager
def _plainly(name: str) -> Iterator[None]:
    """What the standard library raises on a broken archive or file, in plain words."""
    try:
        yield
    except DataError:
        raise
    except UNREADABLE:
        raise DataError("archive_broken", file=shown(name)) from None
