"""What a customer usually buys, and how much it hangs on one thing and on discounts."""

from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.errors import ParameterError
from crmlab.patterns.lines import PurchaseLines, per_customer

if TYPE_CHECKING:
    import pandas as pd

LEAST_ORDERS = 3
"""With fewer orders in the window a preference is unknown."""


def preferences(lines: PurchaseLines) -> "pd.DataFrame":
    """The usual category of every customer, and how much they buy at a discount. Collects one row per customer.

    Columns: the customer, top_category (the one with most net money; of equal ones the first by name),
    top_category_share (its money / money in all categories), categories (how many), discount_share (money of lines
    with a discount / money of all lines). Money given back counts down, and a category of which nothing is left counts
    as 0. Blank for customers with fewer than three orders in the window, and where the lines have no such column.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.patterns import purchase_lines
    >>> orders = pd.DataFrame({
    ...     "customer_id": "a", "order_id": list("123"), "order_date": pd.to_datetime(["2026-06-01"] * 3),
    ...     "amount": [60, 20, 20], "category": ["coffee", "tea", "coffee"], "off": [0, 5, 0],
    ... })
    >>> result = type_customers(orders, as_of="2026-06-17")
    >>> preferences(purchase_lines(orders, result, category="category", discount="off")).iloc[:, 1:]
      top_category  top_category_share  categories  discount_share
    0       coffee                 0.8           2             0.2
    """
    import pandas as pd

    result = lines.result
    enough = result.customers["frequency"] >= LEAST_ORDERS
    found = result.customers[[result.customer_column]].assign(
        top_category=pd.Series(pd.NA, dtype="string"), top_category_share=float("nan"),
        categories=pd.Series(pd.NA, dtype="Int64"), discount_share=float("nan"),
    )  # fmt: skip
    if "category" in lines.columns:
        top = per_customer(result, _top(lines, "category"))
        found["top_category"] = top["thing"].astype("string").where(enough)
        found["top_category_share"] = (top["best"] / top["total"].where(top["total"] > 0)).where(enough)
        found["categories"] = top["things"].astype("Int64").where(enough)
    if "discount" in lines.columns:
        money = nw.col("money").cast(nw.Float64)
        cheap = nw.when(nw.col("discount") > 0).then(money).otherwise(nw.lit(0.0))
        spent = lines.lines.select("customer", money=money, cheap=cheap).group_by("customer")
        sums = per_customer(result, spent.agg(nw.col("money", "cheap").sum()))
        found["discount_share"] = (sums["cheap"].clip(lower=0) / sums["money"].where(sums["money"] > 0)).where(enough)
    return found


def concentration(lines: PurchaseLines, by: str = "category") -> "pd.DataFrame":
    """How far a customer's money goes to one thing: a category, a brand (name its column as `category`), a product.

    Columns: the customer, things (how many), concentration: the Herfindahl-Hirschman index, the sum of the squared
    shares of money, from 1 / things (spread evenly) to 1 (all to one). Blank under three orders in the window. `by` is
    "category" or "product", else ParameterError; DataError when the lines have no such column.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.patterns import purchase_lines
    >>> orders = pd.DataFrame({
    ...     "customer_id": "a", "order_id": list("123"), "order_date": pd.to_datetime(["2026-06-01"] * 3),
    ...     "amount": [60, 20, 20], "brand": ["x", "y", "x"],
    ... })
    >>> lines = purchase_lines(orders, type_customers(orders, as_of="2026-06-17"), category="brand")
    >>> concentration(lines)
      customer_id  things  concentration
    0           a       2           0.68
    """
    if by not in ("category", "product"):
        raise ParameterError("choice", name="by", value=repr(by), allowed="category, product")
    lines.demand(by)
    result = lines.result
    spent = result.lent.keep(_spent(lines, by)).with_columns(square=nw.col("money") * nw.col("money"))
    sums = per_customer(
        result,
        spent.group_by("customer").agg(nw.len().alias("things"), nw.col("money", "square").sum()),
    )
    enough = (result.customers["frequency"] >= LEAST_ORDERS) & (sums["money"] > 0)
    return sums[[result.customer_column]].assign(
        things=sums["things"].astype("Int64").where(enough),
        concentration=(sums["square"] / sums["money"] ** 2).where(enough),
    )


def _spent(lines: PurchaseLines, by: str) -> nw.LazyFrame:
    """The money of every customer on every thing, as a float and not below 0."""
    money = nw.col("money").cast(nw.Float64)
    named = lines.lines.filter(~nw.col(by).is_null()).select("customer", thing=nw.col(by), money=money)
    spent = named.group_by("customer", "thing").agg(nw.col("money").sum())
    return spent.with_columns(money=nw.when(nw.col("money") > 0).then(nw.col("money")).otherwise(nw.lit(0.0)))


def _top(lines: PurchaseLines, by: str) -> nw.LazyFrame:
    """Of every customer the thing with most money, what it took, what all took, and how many things there are."""
    spent = lines.result.lent.keep(_spent(lines, by))
    sums = spent.group_by("customer").agg(
        nw.col("money").max().alias("best"), nw.col("money").sum().alias("total"), nw.len().alias("things")
    )
    best = spent.join(sums, on="customer", how="inner").filter(nw.col("money") == nw.col("best"))
    return best.group_by("customer").agg(nw.col("thing").min(), nw.col("best", "total", "things").max())
