"""One question of a questionnaire: what it asks, what may be answered, and what an answer is called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from crmlab.words import word

KINDS = ("choice", "count", "scale", "text")
"""Single choice by band, whole number, scale from low to high with labelled ends, open text."""
MISSING = ("not_asked", "skipped", "refused", "not_applicable")
"""Why a question has no answer. A blank is "skipped"."""
ENDS_INCLUDED = ("both", "low")
"""Whether a band holds both of its ends (whole days), or the low one only (money)."""


@dataclass(frozen=True)
class Band:
    """A range to tick, `low` to `high` in the unit of its question; the top band has no `high`."""

    code: str
    low: int
    high: int | None
    label: Mapping[str, str] = field(default_factory=dict)

    @property
    def midpoint(self) -> Fraction | None:
        """The middle of a closed band; None for the open one, whose value needs an estimator."""
        return None if self.high is None else Fraction(self.low + self.high, 2)


@dataclass(frozen=True)
class Question:
    """One question. Nobody has to answer it: a blank means skipped, which is not 0.

    `key` is its column, `wording` its text by language, `indicator` what it measures, `unit` the unit of the answer.
    A choice has `bands`, lowest first; a scale runs from `low` to `high`, whose labels are `ends` by language; a count
    is a whole number from `low` (0 means never) to `high` (None: no limit). `reverse` marks a scale question that is
    worded against its indicator. `offers` names the reasons for no answer that the respondent may tick.
    """

    key: str
    kind: str
    wording: Mapping[str, str]
    indicator: str = ""
    unit: str = ""
    bands: tuple[Band, ...] = ()
    ends_included: str = ""
    low: int | None = None
    high: int | None = None
    ends: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    reverse: bool = False
    offers: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its answers: one, and for an open text one for each language it may be written in."""
        return tuple(f"{self.key}_{lang}" for lang in self.wording) if self.kind == "text" else (self.key,)

    def band_of(self, value: float) -> Band:
        """The band that holds a value of at least the lowest end.

        >>> bands = (Band("few", 0, 200), Band("many", 200, None))
        >>> Question("spend", "choice", {}, bands=bands, ends_included="low").band_of(200).code
        'many'
        """
        closed = (band for band in self.bands if band.high is not None)
        inside = (band for band in closed if value < band.high or (value == band.high and self.ends_included == "both"))
        return next(inside, self.bands[-1])

    def options(self, lang: str) -> dict[str, str]:
        """What may be ticked, by code, in words: bands, or the points of a scale with its ends labelled."""
        if self.kind == "scale":
            labels = {self.low: self.ends[lang][0], self.high: self.ends[lang][1]}
            words = {point: word("survey.point", lang, point=point, label=label) for point, label in labels.items()}
            return {str(point): words.get(point, str(point)) for point in range(self.low, self.high + 1)}
        return {band.code: band.label[lang] for band in self.bands}
