"""Ideas that a student may name in words of their own: each with the ways in which people say it."""

import csv
import unicodedata
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Concepts:
    """Ideas that an answer must name, each by any of its synonyms; naming more does no harm.

    >>> needed = concepts("metrics")
    >>> needed.named_in(["最近一次购买", "Frequency", "金额", "age"]), needed.named_in(["R", "F"])
    (True, False)
    """

    synonyms: tuple[frozenset[str], ...]

    def named_in(self, words: list[str]) -> bool:
        """Whether every idea is among these words; capitals, blanks around a word and full-width letters are equal."""
        said = {_plain(word) for word in words}
        return all(said & ways for ways in self.synonyms)


def concepts(name: str) -> Concepts:
    """The ideas of one set in concepts.csv."""
    with files("crmlab.questions").joinpath("right", "concepts.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row["synonyms"].split("|") for row in csv.DictReader(lines) if row["set"] == name]
    return Concepts(tuple(frozenset(map(_plain, ways)) for ways in rows))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
