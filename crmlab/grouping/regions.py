"""Where customers live, without a row that would speak of a few people."""

from typing import TYPE_CHECKING

from crmlab.collect.completeness import SMALLEST
from crmlab.columns import demand_columns

if TYPE_CHECKING:
    import pandas as pd

OTHERS = "other_places"


def regions(facts: "pd.DataFrame", by: str = "city") -> "pd.DataFrame":
    """Customers and money per place, the largest first: the column `by`, customers, customer_share, monetary (minor
    units), monetary_share.

    A place with fewer than five customers is not shown. Such places, and those who gave none if they are that few,
    stand together in the last row, "other_places"; it always speaks of five customers at least, if need be with the
    smallest place that could have been shown, so nothing can be worked out from the sums. "unknown" are those who gave
    none. With fewer than five customers in all there is no row.

    `facts` is what `crmlab.grouping.facts` gives. Raises DataError without the column.

    >>> import pandas as pd
    >>> cities = ["shanghai"] * 6 + ["wuhan"] * 5 + ["dalian"]
    >>> regions(pd.DataFrame({"city": cities, "monetary": 100})).iloc[:, :2].values.tolist()
    [['shanghai', 6], ['other_places', 6]]
    """
    import pandas as pd

    demand_columns({"city": by}, facts.columns)
    places = facts.groupby(facts[by].astype("object").where(facts[by].notna(), "unknown"))["monetary"]
    table = places.agg(customers="size", monetary="sum").rename_axis(by).reset_index()
    table = table.sort_values(["customers", by], ascending=[False, True], ignore_index=True)
    kept = int((table["customers"] >= SMALLEST).sum())
    while kept and 0 < table["customers"][kept:].sum() < SMALLEST:
        kept -= 1
    rest = table[kept:]
    if rest["customers"].sum() >= SMALLEST:
        others = {by: OTHERS, "customers": rest["customers"].sum(), "monetary": rest["monetary"].sum()}
        table = pd.concat([table[:kept], pd.DataFrame([others])], ignore_index=True)
    else:
        table = table[:kept]
    customers, money = len(facts), facts["monetary"].sum()
    return pd.DataFrame(
        {by: table[by], "customers": table["customers"], "customer_share": table["customers"] / customers,
         "monetary": table["monetary"], "monetary_share": table["monetary"] / (money or float("nan"))}
    )  # fmt: skip
