"""The worlds that the tests look at, as plain rows read with the standard library alone."""

import csv
import datetime as dt
from collections import defaultdict
from functools import cache
from pathlib import Path

from crmlab.tables import TABLES, TRUTH
from crmlab.world import make_world

DATASETS = Path(__file__).parents[1] / "datasets"
AS_OF = dt.date(2026, 6, 17)
VALID = ("paid", "shipped", "completed")
OTHER_SEEDS = (1, 20260617)


@cache
def worlds():
    """The committed world and two of other seeds: table name -> list of rows, teaching and truth together."""
    folders = {**dict.fromkeys(TABLES, "teaching"), **dict.fromkeys(TRUTH, "truth")}
    shipped = {name: _read(DATASETS / folder / f"{name}.csv") for name, folder in folders.items()}
    return shipped, *map(_plain, _drawn())


@cache
def incoming():
    """The incoming files of the same worlds: file name -> bytes."""
    shipped = {path.name: path.read_bytes() for path in (DATASETS / "incoming").glob("*.csv")}
    return shipped, *(world.incoming for world in _drawn())


@cache
def _drawn():
    return [make_world(seed) for seed in OTHER_SEEDS]


def _read(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _plain(world):
    return {name: table.to_dict("records") for name, table in {**world.tables, **world.truth}.items()}


def to_fen(yuan):
    return int(yuan.replace(".", ""))


def date_in(row, column):
    return dt.date.fromisoformat(row[column][:10])


def rows_by(rows, column):
    grouped = defaultdict(list)
    for row in rows:
        grouped[row[column]].append(row)
    return grouped


def valid_orders(world):
    return [order for order in world["orders"] if order["state"] in VALID]
