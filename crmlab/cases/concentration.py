"""In which categories the money of one group of customers is concentrated."""

from dataclasses import dataclass
from math import exp, log, nan, sqrt
from typing import TYPE_CHECKING, Any

from crmlab.collect.completeness import SMALLEST
from crmlab.columns import demand_columns
from crmlab.errors import DataError
from crmlab.words import word

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw
    import numpy as np
    import pandas as pd

    from crmlab.patterns import PurchaseLines

CATEGORIES = 12
"""How many categories are looked at, those with most money first."""
LEVEL = 0.95


@dataclass(frozen=True)
class Concentration:
    """Shares of money by category, inside a group of customers and outside of it.

    Attributes
    ----------
    table : pandas frame
        Per category, the largest lift first: category, inside_share and outside_share (of the money of these and of all
        other customers), lift (the one divided by the other), lift_low and lift_high, inside_buyers_share and
        outside_buyers_share (of the customers), concentrated (lift_low is above 1). A category that fewer than 5
        customers of either side bought has no interval.
    column, level : str
        The group is the customers with this level in this column.
    customers, others : int
        How many are inside and outside.
    left_out : int
        Customers with purchases and no level. They are in neither.
    more : int
        Categories beyond the 12 largest. Their money counts in the shares, and they have no row.
    """

    table: "pd.DataFrame"
    column: str
    level: str
    customers: int
    others: int
    left_out: int
    more: int

    def describe(self, lang: str = "zh") -> str:
        """Where the money is concentrated, and what this does not say."""
        from crmlab.show.table import code_word, heading

        found = self.table[self.table["concentrated"]]
        said = [
            word("case.concentration", lang, column=heading(self.column, lang), customers=self.customers,
                 level=code_word(self.column, self.level, lang), others=self.others)
        ]  # fmt: skip
        said += [
            word("case.concentrated", lang, category=code_word("category", row.category, lang), inside=row.inside_share,
                 outside=row.outside_share, lift=row.lift, low=row.lift_low, high=row.lift_high)
            for row in found.itertuples()
        ]  # fmt: skip
        said += [] if len(found) else [word("case.nowhere", lang)]
        said += [word("case.left_out", lang, count=self.left_out)] if self.left_out else []
        said += [word("case.more", lang, count=self.more, shown=len(self.table))] if self.more else []
        return "\n".join([*said, word("case.not_why", lang), word("case.no_numbers", lang)])


def concentration(lines: "PurchaseLines", groups: "pd.DataFrame", *, column: str, level: str) -> Concentration:
    """Find the categories in which the customers with `level` in `column` of `groups` spend more of their money.

    `groups` has one row per customer. Shares are ratios of sums over customers; their variance is that of the ratio
    estimator (Cochran, Sampling Techniques, 1977, 2.11), and the two sides are independent, so the interval of the lift
    is taken on its logarithm. The intervals of all categories hold together at 95 % (Bonferroni). Collects one row
    per customer. Raises DataError for lines without any category, a missing column, and a side of fewer than 5
    customers.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.patterns import purchase_lines
    >>> orders = pd.DataFrame({
    ...     "customer_id": [f"c{n}" for n in range(12)] * 2, "order_id": range(24), "order_date": "2026-06-01",
    ...     "amount": [90, 80] * 3 + [20, 30] * 3 + [10, 20] * 3 + [80, 70] * 3, "goods": ["pan"] * 12 + ["tea"] * 12,
    ... }).astype({"order_date": "datetime64[us]"})
    >>> lines = purchase_lines(orders, type_customers(orders, as_of="2026-06-17"), category="goods")
    >>> tiers = pd.DataFrame({"customer_id": [f"c{n}" for n in range(12)], "tier": ["high"] * 6 + ["low"] * 6})
    >>> concentration(lines, tiers, column="tier", level="high").table[["category", "lift", "concentrated"]].round(1)
      category  lift  concentrated
    0      pan   3.4          True
    1      tea   0.2         False
    """
    import pandas as pd
    from scipy.stats import norm

    lines.demand("category")
    demand_columns({"customer": lines.result.customer_column, "group": column}, list(groups.columns))
    names, money = _money_by_category(lines)
    if not names:
        raise DataError("case_blank", column=lines.columns["category"])
    customers, ids = pd.Series(money["customer"].to_numpy()), groups[lines.result.customer_column]
    known = customers.isin(ids).to_numpy()
    inside = customers.isin(ids[groups[column] == level]).to_numpy()
    outside = known & ~inside
    if min(inside.sum(), outside.sum()) < SMALLEST:
        raise DataError("case_few", level=level, column=column, inside=int(inside.sum()), outside=int(outside.sum()))
    shown = names[:CATEGORIES]
    z = norm.ppf(1 - (1 - LEVEL) / 2 / len(shown))
    total = money["total"].to_numpy()
    found = []
    for number, name in enumerate(shown):
        spent = money[f"c{number}"].to_numpy()
        ours, theirs = (_share(spent[side], total[side]) for side in (inside, outside))
        found.append({"category": name, **_lift(ours, theirs, z)})
    table = pd.DataFrame(found).sort_values(["lift", "category"], ascending=[False, True], ignore_index=True)
    left_out = int((~known).sum())
    more = len(names) - len(shown)
    return Concentration(table, column, level, int(inside.sum()), int(outside.sum()), left_out, more)


def _money_by_category(lines: "PurchaseLines") -> tuple[list[str], "nw.DataFrame"]:
    """The categories, those with most money first; and per customer the money in all (total) and in each of the first
    (c0, c1, …)."""
    import narwhals.stable.v2 as nw

    from crmlab.frames import rows

    category, money = nw.col("category"), nw.col("money")
    sums = lines.lines.filter(~category.is_null()).group_by("category").agg(money.sum())
    ranked = sorted(rows(sums), key=lambda row: (-int(row["money"]), row["category"]))
    names = [row["category"] for row in ranked]
    parts = {
        f"c{number}": nw.when(category == name).then(money).otherwise(nw.lit(0))
        for number, name in enumerate(names[:CATEGORIES])
    }
    columns = ["total", *parts]
    grouped = lines.lines.select("customer", total=money, **parts).group_by("customer").agg(nw.col(*columns).sum())
    return names, grouped.select("customer", nw.col(*columns).cast(nw.Int64)).collect("pyarrow")


@dataclass(frozen=True)
class _Share:
    """A share of money as a ratio estimate: its value, its relative variance, and who bought."""

    value: float
    relative_variance: float
    buyers: int
    customers: int


def _share(spent: "np.ndarray", total: "np.ndarray") -> _Share:
    customers, whole = len(total), int(total.sum())
    share = int(spent.sum()) / whole if whole > 0 else nan
    variance = customers / (customers - 1) * float(((spent - share * total) ** 2).sum()) / whole**2 if whole else nan
    return _Share(share, variance / share**2 if share > 0 else nan, int((spent > 0).sum()), customers)


def _lift(ours: _Share, theirs: _Share, z: float) -> dict[str, Any]:
    lift = ours.value / theirs.value if theirs.value > 0 else nan
    low = high = nan
    if min(ours.buyers, theirs.buyers) >= SMALLEST and lift > 0:
        half = z * sqrt(ours.relative_variance + theirs.relative_variance)
        low, high = exp(log(lift) - half), exp(log(lift) + half)
    return {
        "inside_share": ours.value,
        "outside_share": theirs.value,
        "lift": lift,
        "lift_low": low,
        "lift_high": high,
        "inside_buyers_share": ours.buyers / ours.customers,
        "outside_buyers_share": theirs.buyers / theirs.customers,
        "concentrated": low > 1,
    }
