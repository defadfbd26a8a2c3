"""Signs: the codes by which features and the catalogue speak of the same thing.

A combination of marks is its own code (R↓F↑M↑). All others have a kind before the dot: tier.high, stage.new,
group.at_risk, need.decaf, declined.gift_wrap, complaint.delivery, usual.coffee, latent.tea.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING

from crmlab.grouping.rules import open_rules
from crmlab.rfm.marks import COMBINATIONS
from crmlab.show.table import code_word
from crmlab.tables.codes import CODES
from crmlab.words import has_word, word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LEVELS = ("low", "mid", "high")
MARKS = "marks"
KINDS = ("tier", "stage", "group", "need", "declined", "complaint", "usual", "latent")
WORDED_BY = {"tier": "value_tier", "need": "need", "declined": "need", "complaint": "complaint", "usual": "category",
             "latent": "category"}  # fmt: skip
"""The column of a table in which the second part of a code would stand as a code."""


def kind_of(code: str) -> str:
    """The kind of a code: `marks`, or what stands before the dot.

    >>> kind_of("R↓F↑M↑"), kind_of("tier.high"), kind_of("complaint")
    ('marks', 'tier', 'complaint')
    """
    return MARKS if code in COMBINATIONS else code.split(".", 1)[0]


def matches(asked: str, sign: str) -> bool:
    """Whether a code of the catalogue takes a sign: the same, or any of its kind.

    >>> matches("need.decaf", "need.decaf"), matches("complaint", "complaint.delivery"), matches("need.d", "need.decaf")
    (True, True, False)
    """
    return asked == sign or sign.startswith(f"{asked}.")


@cache
def known_codes() -> frozenset[str]:
    """All codes of the house, the kinds alone among them."""
    groups = {"stage": ("lifecycle",), "group": ("named", "needs")}
    known = {*COMBINATIONS, *KINDS, *(f"tier.{level}" for level in LEVELS)}
    for kind, names in groups.items():
        known |= {f"{kind}.{rule.key}" for name in names for rule in open_rules(name).rules}
    known |= {f"{kind}.{need}" for kind in ("need", "declined") for need in CODES["need"]}
    known |= {f"{kind}.{category}" for kind in ("usual", "latent") for category in CODES["category"]}
    return frozenset(known | {f"complaint.{topic}" for topic in CODES["complaint"]})


def sign_word(code: str, lang: str) -> str:
    """A code in words: what people read in the overview of the catalogue.

    >>> sign_word("tier.high", "en"), sign_word("need.decaf", "en"), sign_word("complaint", "en")
    ('high value', 'named a need: decaf', 'complained')
    """
    kind, _, rest = code.partition(".")
    if not rest:
        return word(f"serve.any.{kind}", lang) if has_word(f"serve.any.{kind}") else code
    if kind not in KINDS:
        return code
    if kind in ("stage", "group"):
        titles = {rule.key: rule.title[lang] for name in ("lifecycle", "named", "needs") for rule in _rules(name)}
        return word(f"serve.sign.{kind}", lang, of=titles.get(rest, rest))
    return word(f"serve.sign.{kind}", lang, of=code_word(WORDED_BY[kind], rest, lang))


def shown_id(customer: object) -> str:
    """An id as an error may show it: one that is a phone number or a mail at the same time is masked."""
    from crmlab.collect.mask import looks_personal, mask

    return mask(str(customer)) if looks_personal(str(customer)) else str(customer)


@cache
def _rules(name: str) -> tuple:
    return open_rules(name).rules


@dataclass(frozen=True)
class Signs:
    """Which of n customers show which sign: `by_sign` has an array of n truth values for each."""

    n: int
    by_sign: Mapping[str, "np.ndarray"]
    _found: dict[str, "np.ndarray"] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, features: "pd.DataFrame", places: "np.ndarray", n: int) -> "Signs":
        """From features whose customers stand at `places`."""
        import numpy as np

        by_sign = {}
        for rule, rows in features.groupby("rule", sort=True).indices.items():
            by_sign[rule] = np.zeros(n, dtype=bool)
            by_sign[rule][places[rows]] = True
        return cls(n, by_sign)

    def any_of(self, asked: Iterable[str]) -> "np.ndarray":
        """Who shows at least one sign that one of the codes takes."""
        return reduce(or_, (self._one(code) for code in asked))

    def _one(self, code: str) -> "np.ndarray":
        import numpy as np

        if code not in self._found:
            taken = [shown for sign, shown in self.by_sign.items() if matches(code, sign)]
            self._found[code] = reduce(or_, taken) if taken else np.zeros(self.n, dtype=bool)
        return self._found[code]
