"""Who comes back: customers by the month of their first purchase, and the share of them that buys again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.frames import collected
from crmlab.patterns.months import last_complete_month, month_of, month_text
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

SMALL = 5
"""In a cohort of fewer customers a share says little."""

CELLS = ["cohort", "month_no", "customers", "orders", "money", "complete"]


@dataclass(frozen=True)
class Retention:
    """Cohorts by the month of the first purchase.

    Attributes
    ----------
    cells : pandas frame
        One row per cohort and month in which somebody of it bought: cohort (YYYY-MM), month_no (0 is the month of the
        first purchase), customers (who bought), orders, money (net, minor units), complete (whether the month was over
        on the reference date). The orders add up to `result.purchases(history=True)`.
    shares : pandas frame
        One row per cohort, one column per month_no: share of the cohort that bought, from 0 to 1. The first column is
        1. Months that are not over, and those to come, are blank.
    cohorts : pandas frame
        cohort, customers, small (fewer than five), complete (whether its own month was over).
    first_month, last_month : str
        The first month of the data, and the last that is over. Whom the first cohorts hold may have bought before.
    """

    cells: "pd.DataFrame"
    shares: "pd.DataFrame"
    cohorts: "pd.DataFrame"
    first_month: str
    last_month: str

    @property
    def table(self) -> "pd.DataFrame":
        """The cohorts beside their shares."""
        return self.cohorts.merge(self.shares.rename(columns=str), left_on="cohort", right_index=True)

    def mean(self) -> "pd.DataFrame":
        """Over all cohorts that are old enough: month_no, cohorts, customers (of those cohorts), customers_share (of
        them who bought in that month)."""
        import pandas as pd

        sizes = self.cohorts.set_index("cohort")["customers"]
        known = self.shares.notna()
        customers = known.mul(sizes, axis="index").sum()
        bought = self.shares.mul(sizes, axis="index").sum()
        table = pd.DataFrame(
            {"cohorts": known.sum(), "customers": customers, "customers_share": bought / customers}
        ).query("cohorts > 0")
        return table.rename_axis("month_no").reset_index()

    def describe(self, lang: str = "zh") -> str:
        """From where to where, how many cohorts are small, and what the first of them may hide."""
        return word(
            "patterns.retention", lang, first=self.first_month, last=self.last_month, cohorts=len(self.cohorts),
            small=int(self.cohorts["small"].sum()), least=SMALL,
        )  # fmt: skip


def retention(result: "RFM") -> Retention:
    """Cohorts by the month of the first purchase, and the share of each that buys again month by month.

    It looks at all orders that count, those before the window too. Collects one row per cohort and month.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-03-05", "2026-03-20", "2026-05-02", "2026-06-10"])
    >>> orders = pd.DataFrame({"customer_id": list("abab"), "order_id": list("1234"), "order_date": days, "amount": 9})
    >>> retention(type_customers(orders, as_of="2026-06-17")).shares.loc["2026-03"].tolist()
    [1.0, 0.0, 0.5]
    """
    import numpy as np
    import pandas as pd

    bought = result.purchases(history=True).select("customer", "money", month=month_of("day"))
    pieces = pd.concat([_cells(result, piece) for piece in result.lent.pieces(bought)])
    cells = pieces.groupby(["cohort", "month"], as_index=False).sum()
    last = last_complete_month(result.settings.as_of)
    cells = cells.assign(month_no=cells["month"] - cells["cohort"], complete=cells["month"] <= last)
    start = int(cells["cohort"].min())
    months = pd.RangeIndex(max(last - start, 0) + 1, name="month_no")
    counts = cells.pivot(index="cohort", columns="month_no", values="customers").reindex(columns=months, fill_value=0)
    over = np.add.outer(counts.index.to_numpy(), months.to_numpy()) <= last
    over[:, 0] = True
    shares = counts.fillna(0).div(counts[0], axis="index").where(over)
    cohorts = pd.DataFrame({"cohort": counts.index, "customers": counts[0].astype("int64").to_numpy()})
    cohorts = cohorts.assign(small=cohorts["customers"] < SMALL, complete=cohorts["cohort"] <= last)
    return Retention(
        cells=cells.assign(cohort=cells["cohort"].map(month_text))[CELLS],
        shares=shares.set_axis(shares.index.map(month_text).rename("cohort")),
        cohorts=cohorts.assign(cohort=cohorts["cohort"].map(month_text)),
        first_month=month_text(start),
        last_month=month_text(last),
    )


def _cells(result: "RFM", bought: nw.LazyFrame) -> "pd.DataFrame":
    """The customers, orders and money of every cohort and month."""
    each = result.lent.keep(bought.group_by("customer", "month").agg(nw.len().alias("orders"), nw.col("money").sum()))
    first = each.group_by("customer").agg(nw.col("month").min().alias("cohort"))
    grouped = (
        each.join(first, on="customer", how="inner")
        .group_by("cohort", "month")
        .agg(nw.len().alias("customers"), nw.col("orders", "money").sum())
    )
    return collected(grouped.with_columns(nw.col("customers", "orders", "money").cast(nw.Int64))).astype("int64")
