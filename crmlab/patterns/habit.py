"""Habits: who bought from a category in every one of the last months."""

from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.errors import DataError, ParameterError
from crmlab.frames import collected
from crmlab.patterns.lines import PurchaseLines
from crmlab.patterns.months import first_day, last_complete_month, month_of, month_text

if TYPE_CHECKING:
    import pandas as pd


def habit(lines: PurchaseLines, category: str, months: int = 6) -> "pd.DataFrame":
    """Who bought from a category in the last complete calendar months, and who did so in every one of them.

    The months are the last ones that are over on the reference date: on 2026-06-17 six months are December to May, on
    2026-06-30 January to June. The day of an order is the day in the time zone of `type_customers`. A line that only
    gives money back is no purchase. Columns: the customer, months_bought (1 to `months`), first_month and last_month
    (YYYY-MM), is_habit (bought in all of them). Customers who bought in none are not listed. Collects one row per
    customer.

    Raises DataError without a category column or without the category in it, and ParameterError for months that are
    not covered: lines with `history=True` reach back before the window.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.patterns import purchase_lines
    >>> orders = pd.DataFrame({
    ...     "customer_id": list("aab"), "order_id": list("123"),
    ...     "order_date": pd.to_datetime(["2026-04-30", "2026-05-01", "2026-05-31"]), "amount": [9, 9, 9],
    ...     "goods": ["coffee"] * 3,
    ... })
    >>> lines = purchase_lines(orders, type_customers(orders, as_of="2026-06-17"), category="goods")
    >>> habit(lines, "coffee", months=2)
      customer_id  months_bought first_month last_month  is_habit
    0           a              2     2026-04    2026-05      True
    1           b              1     2026-05    2026-05     False
    """
    lines.demand("category")
    if not isinstance(months, int) or isinstance(months, bool) or months < 1:
        raise ParameterError("patterns_months", value=repr(months))
    result = lines.result
    last = last_complete_month(result.settings.as_of)
    first = last - months + 1
    covered_from = None if lines.history else result.settings.first_day
    if covered_from and covered_from > first_day(first):
        raise ParameterError("patterns_window", first=first_day(first), covered=covered_from)
    if not isinstance(category, str):
        raise DataError("patterns_unknown_category", column=lines.columns["category"], category=category)
    of_category = lines.lines.filter(nw.col("category") == category)
    month = nw.col("month")
    bought = of_category.filter("bought").select("customer", month=month_of("day"))
    each = bought.filter((month >= first) & (month <= last)).group_by("customer", "month").agg(nw.len().alias("lines"))
    found = each.group_by("customer").agg(
        nw.len().alias("months_bought"), month.min().alias("first_month"), month.max().alias("last_month")
    )
    table = collected(found.rename({"customer": result.customer_column}))
    if table.empty and not of_category.head(1).collect("pyarrow").shape[0]:
        raise DataError("patterns_unknown_category", column=lines.columns["category"], category=category)
    table = table.sort_values(result.customer_column, ignore_index=True).astype({"months_bought": "int64"})
    texts = {number: month_text(number) for number in range(first, last + 1)}
    return table.assign(
        first_month=table["first_month"].map(texts).astype("str"),
        last_month=table["last_month"].map(texts).astype("str"),
        is_habit=table["months_bought"] == months,
    )
