"""Customers classified by two criteria, without cells that speak of single people."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.collect.completeness import SMALLEST
from crmlab.grouping.thirds import thirds
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.cases.case import Case


@dataclass(frozen=True)
class Groups:
    """A two-way table of customers.

    Attributes
    ----------
    table : pandas frame
        The facts, and for each criterion that is a number the column with its thirds: high, mid, low.
    counts : pandas frame
        Customers by level; blank where there are 1 to 4. No totals stand beside them, since a total gives a lone blank
        cell away.
    rows, columns : str
        The columns of `table` whose levels are the rows and the columns of `counts`.
    hidden : int
        How many cells are blank.
    """

    table: "pd.DataFrame"
    counts: "pd.DataFrame"
    rows: str
    columns: str
    hidden: int

    def describe(self, lang: str = "zh") -> str:
        """How many customers there are, and how many cells are not shown."""
        return word("case.groups", lang, customers=len(self.table), hidden=self.hidden, smallest=SMALLEST)


def group(case: "Case", facts: "pd.DataFrame") -> Groups:
    """Classify customers by the two criteria of a case; `facts` comes from `case.facts`.

    Equal values stay in one third. Codes that the case does not list come last.

    >>> import pandas as pd
    >>> from crmlab.cases import open_case
    >>> facts = pd.DataFrame({"assets": [10] * 6 + [20] * 6 + [90] * 6, "preference": ["bold"] * 16 + ["cautious"] * 2})
    >>> group(open_case("bank"), facts).counts.reset_index().values.tolist()
    [['high', nan, 0.0, nan], ['mid', 0.0, 0.0, 6.0], ['low', 0.0, 0.0, 6.0]]
    """
    import pandas as pd

    for criterion in case.criteria:
        if criterion.group:
            facts = thirds(facts, criterion.column, criterion.group)
    rows, columns = (criterion.shown for criterion in case.criteria)
    counts = pd.crosstab(facts[rows], facts[columns])
    index, heads = (
        [*criterion.levels, *sorted(set(there) - set(criterion.levels))]
        for criterion, there in zip(case.criteria, (counts.index, counts.columns), strict=True)
    )
    counts = counts.reindex(index=index, columns=heads, fill_value=0)
    small = (counts > 0) & (counts < SMALLEST)
    return Groups(facts, counts.mask(small).astype("float64"), rows, columns, int(small.to_numpy().sum()))
