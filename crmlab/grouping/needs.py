"""What customers buy for: a rule on basket and time, set beside what they say themselves."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmlab.collect.completeness import SMALLEST
from crmlab.collect.consent import demand_purpose
from crmlab.columns import demand_columns
from crmlab.errors import DataError
from crmlab.grouping.rules import Grouped, open_rules
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

NEEDS = ("business", "leisure")


def need_groups(facts: "pd.DataFrame", **parameters: float) -> Grouped:
    """Business or leisure by basket and time, in the column need_group.

    business: at least `weekday_from` (0.8) of the orders from Monday to Friday, and at least `pieces_from` (5) pieces
    per order. leisure: less of both. The others are in no group, and unknown where orders are too few or quantities
    are not recorded. `facts` is what `crmlab.grouping.facts` gives, with `basket(lines)` among its tables.
    """
    return open_rules("needs", **parameters).apply(facts)


@dataclass(frozen=True, repr=False)
class NeedAgreement:
    """How far a rule says what customers say of themselves.

    `table` counts customers: one row per group of the rule (need_group, "" for none), one column per declared need;
    counts under five are blank, and where one blank could be worked out from the sums below, a second is blank. `n` are
    those who declared a need; `decided` those of them whom the rule puts into a group; of these `agreed_share` agree
    and `kappa` is Cohen's (1960), what is agreed beyond chance: 1 is all, 0 what chance would reach. Both are None with
    fewer than five decided, kappa also where all say the same.
    """

    n: int
    decided: int
    agreed_share: float | None
    kappa: float | None
    table: "pd.DataFrame" = field(compare=False)

    def describe(self, lang: str = "zh") -> str:
        """The agreement in a sentence."""
        key = "few" if self.agreed_share is None else "agreed" if self.kappa is None else "kappa"
        return word(f"need.{key}", lang, n=self.n, decided=self.decided, share=self.agreed_share, kappa=self.kappa)

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def need_agreement(groups: "pd.DataFrame", declared: "pd.DataFrame", *, need: str = "buys_for") -> NeedAgreement:
    """The need groups of a rule beside the needs that customers declare.

    `groups` is the table of `need_groups`, `declared` has the same customer column (the first of `groups`) and the
    declared need, "business" or "leisure", in the column `need`; blanks declare nothing. Only customers of both count.
    Raises DataError for a missing column, a customer who declares twice, or another need; ConsentError for
    declarations kept for another purpose than analysis.

    >>> import pandas as pd
    >>> rule = pd.DataFrame({"customer_id": list("abcdefghijkl"), "need_group": ["business"] * 6 + ["leisure"] * 6})
    >>> said = pd.DataFrame({"customer_id": list("abcdefghijkl"), "buys_for": ["business"] * 5 + ["leisure"] * 7})
    >>> found = need_agreement(rule, said)
    >>> found.n, round(found.agreed_share, 3), round(found.kappa, 3)
    (12, 0.917, 0.833)
    """
    column = groups.columns[0]
    demand_columns({"customer": column, "need": need}, declared.columns)
    said = demand_purpose(declared, "analysis")[[column, need]].dropna()
    if twice := int(said[column].duplicated().sum()):
        raise DataError("customer_twice", count=twice)
    if len(foreign := said[~said[need].isin(NEEDS)]):
        raise DataError("need_unknown", column=need, count=len(foreign), there=", ".join(NEEDS))
    both = groups[[column, "need_group"]].merge(said, on=column, validate="one_to_one")
    decided = both[both["need_group"].isin(NEEDS)]
    enough = len(decided) >= SMALLEST
    return NeedAgreement(
        n=len(both),
        decided=len(decided),
        agreed_share=float((decided["need_group"] == decided[need]).mean()) if enough else None,
        kappa=_kappa(decided["need_group"], decided[need]) if enough else None,
        table=_confusion(both["need_group"], both[need]),
    )


def _kappa(one: "pd.Series", other: "pd.Series") -> float | None:
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(one, other)) if len({*one, *other}) > 1 else None


def _confusion(rule: "pd.Series", said: "pd.Series") -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    counts = pd.crosstab(rule, said).reindex(columns=list(NEEDS), fill_value=0).rename_axis(columns=None)
    small = (counts > 0) & (counts < SMALLEST)
    decided = counts.index.isin(NEEDS)[:, None]
    agreed = np.equal.outer(counts.index.to_numpy(), counts.columns.to_numpy())
    for part in (decided & agreed, decided & ~agreed, ~decided & ~agreed):
        if (small & part).to_numpy().sum() == 1:
            others = counts.where(part & ~small)
            small |= others == others.min().min()
    order = [key for key in (*NEEDS, "unknown", "") if key in counts.index]
    return counts.astype("Int64").mask(small).loc[order].rename_axis("need_group").reset_index()
