"""Write a world to files: CSV tables, data.toml (what the data are), checksums, and the data cards."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from crmlab.errors import ParameterError
from crmlab.tables import TABLES, TRUTH, Table
from crmlab.words import LANGUAGES
from crmlab.world.cards import card
from crmlab.world.season import AS_OF, TIME_ZONE

SUMS = "sha256sums.txt"
DATA = """\
name = "xiaoman"
title_zh = "小满杂货：618 之前的一家店"
title_en = "Xiaoman Goods: a shop before the 618 festival"
as_of = "{as_of}"
currency = "CNY"
time_zone = "{time_zone}"
seed = {seed}
# This key is public and hides nothing; it makes the lessons the same everywhere. Your own data get a key of your own.
public_key = "xiaoman: a key that everybody knows"
"""
GENERATED = "<!-- made by crmlab world from crmlab/tables/schema.csv and tables.toml: edit those -->\n\n"


def write_world(folder: Path | str, truth_folder: Path | str, seed: int = 618) -> None:
    """Draw the world of `seed`; write its tables to `folder` and the hidden truth to `truth_folder`.

    Each folder gets a sha256sums.txt; other files in it stay as they are. Raises ParameterError if the truth
    would lie inside `folder`, where students would find it.
    """
    from crmlab.world import make_world

    folder, truth_folder = Path(folder).resolve(), Path(truth_folder).resolve()
    if truth_folder.is_relative_to(folder):
        raise ParameterError("world_truth_inside", truth=truth_folder.name, folder=folder.name)
    world = make_world(seed)
    _write_folder(folder, world.tables, "data.toml", DATA.format(as_of=AS_OF, time_zone=TIME_ZONE, seed=seed))
    _write_folder(truth_folder, world.truth, "card.md", GENERATED + "\n".join(map(_card, TRUTH.values())))


def write_cards(folder: Path | str) -> None:
    """Write one data card per teaching table to `folder`, in Chinese and English."""
    for name, table in TABLES.items():
        _write(Path(folder) / f"{name}.md", GENERATED + _card(table))


def _card(table: Table) -> str:
    return "\n".join([f"# {table.name}\n", *(card(table, lang) for lang in LANGUAGES)])


def _write_folder(folder: Path, tables: dict[str, pd.DataFrame], about: str, text: str) -> None:
    for name, table in tables.items():
        _write(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    _write(folder / about, text)
    _write(folder / SUMS, _sums(folder, sorted([about, *(f"{name}.csv" for name in tables)])))


def _sums(folder: Path, names: Iterable[str]) -> str:
    """What `sha256sum` prints for these files."""
    return "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
