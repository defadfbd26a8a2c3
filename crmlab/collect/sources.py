"""What a load is given: folders, files, or tables that somebody made ready."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.collect.pseudonym import Key
from crmlab.errors import DataError
from crmlab.progress import counted

if TYPE_CHECKING:
    import pandas as pd

DATA = (".csv", ".tsv", ".xlsx", ".parquet")
"""Endings of the files that are taken from a folder; a .txt is taken where it is named itself."""
CARD = "data.toml"


@dataclass(frozen=True)
class Source:
    """One file as it was read: its tables as text, its lines that could not be read, and the hash of its bytes.

    `card` is what a data.toml says. Tables that came from no file have no name, format, encoding or hash. A file of a
    folder that is no data file has a name only.
    """

    file: str = ""
    tables: Mapping[str, "pd.DataFrame"] = field(default_factory=dict)
    unreadable: "pd.DataFrame | None" = None
    format: str = ""
    encoding: str = ""
    sha256: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)


def read_sources(sources: Any, *, unreadable: str, key: Key | None) -> list[Source]:
    """Read a folder (its data files and its data.toml), a file, a mapping of tables, or several.

    They come in the order of their names, whatever order they were given in. `key` hashes contacts; without one, the
    public key of a data.toml among the sources does. Raises DataError for a path that is not there, and whatever
    `read_file` says of a file that it cannot read.
    """
    if isinstance(sources, str | Path | Mapping):
        sources = [sources]
    given = list(sources)
    files = [file for source in given if not isinstance(source, Mapping) for file in _files(Path(source))]
    cards = [_card(file) for file in files if file.name == CARD]
    public = [Key(card.card["public_key"].encode()) for card in cards if "public_key" in card.card]
    named = {Path(source) for source in given if not isinstance(source, Mapping)}
    aside = [file for file in files if file.suffix.lower() not in DATA and file not in named and file.name != CARD]
    data = [file for file in files if file.name != CARD and file not in aside]
    read = [_read(file, unreadable, key or next(iter(public), None)) for file in counted(data, "reading")]
    ready = [Source(tables=source) for source in given if isinstance(source, Mapping)]
    others = [Source(file.name) for file in aside]
    return sorted([*cards, *read, *ready, *others], key=lambda source: (source.file, source.sha256))


def _files(path: Path) -> list[Path]:
    """The file, or the files of a folder; hidden ones and what Excel leaves while it has a file open are none."""
    if not path.exists():
        raise DataError("no_file", path=path.name)
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith((".", "~$")))


def _card(file: Path) -> Source:
    """What a data.toml says. Raises DataError where it is no TOML, or its as_of no date."""
    try:
        card = tomllib.loads(file.read_text(encoding="utf-8"))
        if "as_of" in card:
            date.fromisoformat(str(card["as_of"]))
    except ValueError as error:
        raise DataError("bad_card", file=file.name, problem=type(error).__name__) from None
    return Source(file.name, card=card)


def _read(file: Path, unreadable: str, key: Key | None) -> Source:
    from crmlab.intake import read_file

    read = read_file(file, unreadable=unreadable, key=key)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Source(file.name, read.tables, read.listed, read.format, read.encoding, digest)
