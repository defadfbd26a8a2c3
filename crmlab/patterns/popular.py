"""Which products are popular: by customers, by units and by money, which are three different answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from crmlab.errors import DataError, ParameterError
from crmlab.frames import collected
from crmlab.patterns.lines import PurchaseLines

if TYPE_CHECKING:
    import pandas as pd

ORDER = ("customers", "units", "money")


@dataclass(frozen=True)
class Popular:
    """Three rankings of the same things.

    Attributes
    ----------
    table : pandas frame
        One row per product (or category), most customers first: its column `product` (or `category`), customers, units
        (where a quantity was named), money (net, minor units), and their ranks customers_rank, units_rank, money_rank
        (1 is the most; equal values share a rank). Lines that name none are not ranked.
    by : str
        "product" or "category".
    currency : str
        The currency of the money.
    """

    table: "pd.DataFrame"
    by: str
    currency: str

    @property
    def rankings(self) -> tuple[str, ...]:
        """What the things are ranked by: customers, units where they are known, money."""
        return tuple(name for name in ORDER if name in self.table)

    def top(self, rows: int = 10, names: Mapping[Any, str] | None = None) -> "pd.DataFrame":
        """The first rows of the rankings side by side: rank, by_customers, by_units and by_money (the things, or what
        `names` calls them)."""
        import pandas as pd

        columns = {"rank": range(1, min(rows, len(self.table)) + 1)}
        for name in self.rankings:
            ranked = self.table.sort_values([f"{name}_rank", self.by])
            columns[f"by_{name}"] = [(names or {}).get(thing, thing) for thing in ranked[self.by].head(rows)]
        return pd.DataFrame(columns)


def popular(lines: PurchaseLines, by: str = "product") -> Popular:
    """Products (or categories) ranked by customers who bought them, by units and by money.

    A line that only gives money back makes nobody a customer and takes no unit; its money counts down. Units need a
    column of quantities. Collects one row per product. Raises DataError without the column and where it is
    empty in every line, ParameterError for another `by`.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.patterns import purchase_lines
    >>> orders = pd.DataFrame({
    ...     "customer_id": list("aab"), "order_id": list("123"), "order_date": pd.to_datetime(["2026-06-01"] * 3),
    ...     "amount": [5, 90, 5], "goods": ["tea", "pot", "tea"], "pieces": [1, 1, 1],
    ... })
    >>> result = type_customers(orders, as_of="2026-06-17")
    >>> popular(purchase_lines(orders, result, product="goods", quantity="pieces")).top()
       rank by_customers by_units by_money
    0     1          tea      tea      pot
    1     2          pot      pot      tea
    """
    table = sums_of_things(lines, by).drop(columns="lines").dropna(subset=[by])
    if table.empty:
        raise DataError("case_blank", column=lines.columns[by])
    ranks = {name: table[name].rank(method="min", ascending=False).astype("int64") for name in table.columns[1:]}
    table = table.assign(**{f"{name}_rank": rank for name, rank in ranks.items()})
    return Popular(table.sort_values(["customers_rank", by], ignore_index=True), by, lines.result.settings.currency)


def sums_of_things(lines: PurchaseLines, by: str) -> "pd.DataFrame":
    """Per product or category: `by`, customers who bought it, lines, units (where a quantity was named), money.

    Lines that name none have a row with a blank. Raises DataError without the column, ParameterError for another `by`.
    """
    if by not in ("product", "category"):
        raise ParameterError("choice", name="by", value=repr(by), allowed="product, category")
    lines.demand(by)
    values = {"customers": nw.col("bought").cast(nw.Int32).cast(nw.Float64), "lines": nw.lit(1).cast(nw.Float64)}
    if "quantity" in lines.columns:
        pieces = nw.when("bought").then(nw.col("quantity").cast(nw.Float64)).otherwise(nw.lit(0.0))
        values["units"] = pieces.fill_null(0.0)
    values["money"] = nw.col("money").cast(nw.Float64)
    added = [nw.col(name).sum() for name in values if name != "customers"]
    each = lines.lines.select("customer", by, **values).group_by("customer", by)
    sums = each.agg(nw.col("customers").max(), *added).group_by(by).agg(nw.col("customers").sum(), *added)
    table = collected(sums)[[by, *values]]
    whole = [name for name in values if (table[name] % 1 == 0).all()]
    return table.astype(dict.fromkeys(whole, "int64"))
