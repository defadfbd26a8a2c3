"""The order lines behind R, F and M, with what was bought on them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from crmlab.columns import demand_columns
from crmlab.errors import DataError
from crmlab.files import typed_text
from crmlab.frames import Lent, collected, lend
from crmlab.rfm.door import type_lines
from crmlab.rfm.orders import in_minor_units, known_refund, valid_lines
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

WHAT = ("category", "product", "discount", "quantity")
"""What a line may say of the goods, by inner name."""


@dataclass(frozen=True, repr=False)
class PurchaseLines:
    """Order lines that count, where they live.

    Attributes
    ----------
    lines : narwhals LazyFrame
        customer, order, day (the day of the order), order_money (of the whole order), money (net, minor units), bought
        (False on a line that only gives money back), and of category, product, discount and quantity those that were
        named. An empty category is null.
    result : RFM
        Whose orders they are.
    columns : dict of str to str
        The named columns: category, product, discount, quantity to the name in the data.
    history : bool
        Whether orders before the window are among them.
    """

    lines: nw.LazyFrame
    result: "RFM"
    columns: dict[str, str]
    history: bool

    def demand(self, *names: str) -> None:
        """Raise DataError, in plain words, for the first of the columns that was not named."""
        for name in names:
            if name not in self.columns:
                raise DataError(f"patterns_no_{name}")

    def describe(self, lang: str = "zh") -> str:
        """Which columns the lines have, and what cannot be told without the others."""
        named = [word(f"patterns.named_{name}", lang, column=given) for name, given in self.columns.items()]
        lacking = [word(f"patterns.without_{name}", lang) for name in WHAT if name not in self.columns]
        return "\n".join(named + lacking)

    def __repr__(self) -> str:
        return f"{self.describe('zh')}\n{self.describe('en')}"


def purchase_lines(
    orders: Any,
    result: "RFM",
    *,
    category: str | None = None,
    product: str | None = None,
    discount: str | None = None,
    quantity: str | None = None,
    history: bool = False,
) -> PurchaseLines:
    """The lines of the orders that count in `result`, with the columns that say what was bought.

    Parameters
    ----------
    orders : frame or path
        What `result` was typed from.
    category : str, optional
        A column of text.
    product : str, optional
        A column of text or integers.
    discount : str, optional
        A number above 0 says that the line was sold at a discount.
    quantity : str, optional
        How many pieces.
    history : bool
        Whether the orders before the window belong to the lines. Without them, the money of every customer's lines adds
        up to M.

    The lines stay lazy. Those of a pandas frame are typed again here, and raise DataError unless they are those of
    `result`; otherwise they are taken from where `result` has them. Raises DataError for a column that is not there or
    has the wrong type.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> orders = pd.DataFrame({
    ...     "customer_id": ["a", "a"], "order_id": ["1", "1"], "order_date": pd.to_datetime(["2026-06-01"] * 2),
    ...     "amount": [12.50, 7.00], "goods": ["coffee", "tea"],
    ... })
    >>> lines = purchase_lines(orders, type_customers(orders, as_of="2026-06-17"), category="goods")
    >>> lines.lines.select("category", "money").sort("category").collect("pandas").to_native()
      category  money
    0   coffee   1250
    1      tea    700
    """
    given = {"category": category, "product": product, "discount": discount, "quantity": quantity}
    columns = {inner: name for inner, name in given.items() if name}
    lent, beside = _lent_with(orders, result, columns)
    settings = result.settings
    money = in_minor_units(lent.lines, "amount", settings)
    if "refund" in lent.names and settings.refunds != "ignore":
        money = money - known_refund(lent, lent.lines, settings)
    known = lent.lines.filter(lent.days("day") <= lent.day(settings.as_of))
    what = {"category": nw.when(nw.col("category") != "").then(nw.col("category"))} if category else {}
    others = [name for name in columns if name != "category"]
    lines = valid_lines(known, settings).select(
        "customer", "order", *others, money=money, bought=nw.col("amount") >= 0, **what
    )
    keys = ["order"] if settings.order_scope == "all" else ["customer", "order"]
    days = _orders_of_m(beside, history).select(*keys, "day", order_money="money")
    return PurchaseLines(lines.join(days, on=keys, how="inner"), result, columns, history)


def _orders_of_m(result: "RFM", history: bool) -> nw.LazyFrame:
    """The purchases, and the orders that only give money back: those are no purchase, but M is net of them."""
    there = result.orders.collect_schema().names()
    if "bought" not in there:
        return result.purchases(history=history)
    kept = result.orders.filter(~nw.col("refunded")) if "refunded" in there else result.orders
    if history:
        return kept
    inside = kept.filter("inside") if "inside" in there else kept
    return inside.join(result.typed.select("customer"), on="customer", how="semi")


def _lent_with(orders: Any, result: "RFM", columns: dict[str, str]) -> tuple[Lent, "RFM"]:
    """The lines of `result` with more columns, and a result whose orders live in the same engine.

    A pandas frame is lent to a DuckDB of its own each time, and the tables of one DuckDB cannot be joined with those of
    another: its orders are typed again beside the new lines.
    """
    zone, names = result.settings.time_zone, {**result.lent.names, **columns}
    if result.lent.kind != "pandas":
        source = result.lent.source
        if result.lent.kind == "file" and nw.from_native(source).collect_schema()[names["day"]] == nw.String:
            demand_columns(names, list(source.columns))
            source = typed_text(source, names)
        return replace(lend(source, names, time_zone=zone), kind=result.lent.kind), result
    lent = lend(orders, names, time_zone=zone).until(result.settings.as_of)
    again = type_lines(lent, result.settings, result.split, result.names)
    if again.orders_used != result.orders_used or again.thresholds != result.thresholds:
        raise DataError("patterns_other_orders", given=again.orders_used, typed=result.orders_used)
    return lent, again


def per_customer(result: "RFM", *pieces: nw.LazyFrame) -> "pd.DataFrame":
    """One row for every customer of `result`, under the column's own name and sorted by it, with the columns of a lazy
    frame of customers beside it, or of some that have no customer in common. Collects one row per customer; who is in
    none of them has blanks."""
    import pandas as pd

    column = result.customer_column
    found = pd.concat([collected(piece.rename({"customer": column})) for piece in pieces])
    return result.customers[[column]].merge(found, on=column, how="left", validate="one_to_one")
