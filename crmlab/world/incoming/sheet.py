"""A file in the making: its records, the faults planted in them, and at the end its bytes."""

import csv
import io
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.resources import files
from typing import Any

import numpy as np

Cells = dict[str, str]


@cache
def about() -> dict[str, dict[str, Any]]:
    """What files.toml says of each file, by name without its ending."""
    return tomllib.loads(files("crmlab.world.incoming").joinpath("files.toml").read_text(encoding="utf-8"))


@dataclass
class Record:
    """One line: its cells by heading, the planted fault (house column, reason), the planted conflict (customer,
    column). A record is `taken` when it has a fault, a conflict or a repeat, or must stay whole for another reason."""

    cells: Cells
    fault: tuple[str, str] = ("", "")
    conflict: tuple[str, str] = ("", "")
    taken: bool = False


@dataclass
class Sheet:
    """The records of one file, in the order of its lines."""

    name: str
    rng: np.random.Generator
    records: list[Record] = field(default_factory=list)

    def add(self, cells: Cells, conflict: tuple[str, str] = ("", ""), *, whole: bool = False) -> None:
        """Append a record; `whole` keeps faults away from it."""
        self.records.append(Record(cells, conflict=conflict, taken=whole or bool(conflict[0])))

    def plant(
        self, column: str, reason: str, changes: Iterable[Cells], where: Callable[[Cells], bool] = lambda _: True
    ) -> list[Record]:
        """Put each of the changes into a free record: from then on its house column `column` is wrong for `reason`."""
        hit = []
        for change in changes:
            record = self._free(where)
            record.cells |= change
            record.fault = (column, reason)
            hit.append(record)
        return hit

    def repeat(self, key: str, changes: Iterable[Cells], where: Callable[[Cells], bool] = lambda _: True) -> None:
        """Repeat free records further down, each with a change; without one the repeat is exact.

        Where no free record fits, any will do that the change leaves different.
        """
        for change in changes:
            record = self._free(where if any(map(where, self.whole)) else partial(_differs, change))
            place = int(self.rng.integers(self.records.index(record) + 1, len(self.records) + 1))
            self.records.insert(place, Record(record.cells | change, fault=(key, "duplicate"), taken=True))

    def _free(self, where: Callable[[Cells], bool]) -> Record:
        free = [record for record in self.records if not record.taken and where(record.cells)]
        record = free[int(self.rng.integers(len(free)))]
        record.taken = True
        return record

    @property
    def whole(self) -> list[Cells]:
        """The records without a fault, a conflict or a repeat."""
        return [record.cells for record in self.records if not record.taken]

    def truth(self, what: str) -> list[tuple[str, str, str, str]]:
        """The planted faults or conflicts: file, line number (the heading is line 1), and the pair."""
        found = ((row, getattr(record, what)) for row, record in enumerate(self.records, start=2))
        return [(f"{self.name}.csv", str(row), *pair) for row, pair in found if pair[0]]

    def to_bytes(self) -> bytes:
        """The file as it comes in: CSV in the encoding of files.toml."""
        text = io.StringIO()
        writer = csv.DictWriter(text, about()[self.name]["headings"], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(record.cells for record in self.records)
        return text.getvalue().encode(about()[self.name]["encoding"])


def _differs(change: Cells, cells: Cells) -> bool:
    return all(cells[name] not in ("", new) for name, new in change.items())
