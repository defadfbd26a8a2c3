"""Write a world to files: CSV tables, data.toml (what the data are), incoming files, checksums, and the data cards."""

import hashlib
from pathlib import Path

import pandas as pd

from crmlab.errors import ParameterError
from crmlab.tables import TABLES, TRUTH, Table
from crmlab.words import LANGUAGES
from crmlab.world.bank import bank_files
from crmlab.world.cards import card, incoming_card
from crmlab.world.contacts import PUBLIC_KEY
from crmlab.world.season import AS_OF, TIME_ZONE

INCOMING, BANK = "incoming", "bank"
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
public_key = "{public_key}"
"""
GENERATED = "<!-- made by crmlab world from crmlab/tables/schema.csv and tables.toml: edit those -->\n\n"
GENERATED_INCOMING = "<!-- made by crmlab world from crmlab/world/incoming/files.toml: edit that -->\n\n"


def write_world(folder: Path | str, truth_folder: Path | str, seed: int = 618) -> None:
    """Draw the world of `seed`; write its tables to `folder`, the files that come in later and the second trade to the
    folders `incoming` and `bank` beside it, and the hidden truth to `truth_folder`.

    Each folder gets a sha256sums.txt; other files in it stay as they are. Raises ParameterError if the truth
    would lie inside `folder`, where students would find it.
    """
    from crmlab.world import make_world

    folder, truth_folder = Path(folder).resolve(), Path(truth_folder).resolve()
    if truth_folder.is_relative_to(folder):
        raise ParameterError("world_truth_inside", truth=truth_folder.name, folder=folder.name)
    world = make_world(seed)
    about = DATA.format(as_of=AS_OF, time_zone=TIME_ZONE, seed=seed, public_key=PUBLIC_KEY)
    _write_folder(folder, {**_as_files(world.tables), "data.toml": about.encode()})
    _write_folder(folder.parent / INCOMING, world.incoming)
    _write_folder(folder.parent / BANK, bank_files(seed))
    card_of_truth = GENERATED + "\n".join(map(_card, TRUTH.values()))
    _write_folder(truth_folder, {**_as_files(world.truth), "card.md": card_of_truth.encode()})


def write_cards(folder: Path | str) -> None:
    """Write one data card per teaching table to `folder`, and one for the incoming files, in Chinese and English."""
    cards = {f"{name}.md": GENERATED + _card(table) for name, table in TABLES.items()}
    cards[f"{INCOMING}.md"] = GENERATED_INCOMING + "\n".join([f"# {INCOMING}\n", *map(incoming_card, LANGUAGES)])
    _write_files(Path(folder), {name: text.encode() for name, text in cards.items()})


def _card(table: Table) -> str:
    return "\n".join([f"# {table.name}\n", *(card(table, lang) for lang in LANGUAGES)])


def _as_files(tables: dict[str, pd.DataFrame]) -> dict[str, bytes]:
    return {f"{name}.csv": table.to_csv(index=False, lineterminator="\n").encode() for name, table in tables.items()}


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """The files, and what `sha256sum` prints for them."""
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    _write_files(folder, {**files, SUMS: sums.encode()})


def _write_files(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
