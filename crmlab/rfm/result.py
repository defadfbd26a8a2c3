"""What typing the customers gave: the table, the summary, and everything that they rest on."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from crmlab.frames import Lent, collected, rows
from crmlab.rfm import marks
from crmlab.rfm.faults import Facts
from crmlab.rfm.marks import COMBINATIONS, MARK_COLUMNS, Threshold
from crmlab.rfm.settings import Settings
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class RFM:
    """What `type_customers` found, and everything that it rests on.

    Attributes
    ----------
    table : frame of the kind that came in
        One row per customer: the customer column, recency_days (days), frequency (orders), monetary (minor units), with
        split="quantile" r_score, f_score and m_score (1 to 5), then r_mark, f_mark, m_mark (↑ or ↓) and type (1 to 6,
        or 0 for the two unnamed combinations). Frames with an order of rows are sorted by customer.
    settings : Settings
        Reference date, window, population, states, refund policy, currency, and the rest.
    thresholds : dict of str to Threshold
        By indicator: the exact value, and the smallest integer that is marked ↑.
    rows_in, rows_used : int
        Order lines given, and order lines that R, F and M rest on.
    rows_left_out : dict of str to int
        Lines left out, by reason. rows_in = rows_used + their sum.
    orders_used : int
        Distinct orders counted in F.
    """

    settings: Settings
    thresholds: dict[str, Threshold]
    rows_in: int
    rows_left_out: dict[str, int]
    orders_used: int
    names: dict[str, str]
    split: Any
    lent: Lent = field(compare=False)
    facts: Facts = field(compare=False)
    typed: nw.LazyFrame = field(compare=False)
    orders: nw.LazyFrame = field(compare=False)

    @property
    def rows_used(self) -> int:
        return self.rows_in - sum(self.rows_left_out.values())

    @property
    def customer_column(self) -> str:
        """What the column of the customer is called in the given orders, and in every table of customers."""
        return self.lent.names["customer"]

    @cached_property
    def table(self) -> Any:
        """One row per customer, as the kind of frame that came in, made when it is first asked for."""
        return self.lent.give(self.typed)

    @cached_property
    def customers(self) -> "pd.DataFrame":
        """The table as a pandas frame sorted by customer, whatever kind came in. It has to fit in memory: 5 million
        customers take about 0.5 GB."""
        plain = collected(self.typed.rename({"customer": self.customer_column}))
        ids = plain[self.customer_column]
        return plain if ids.is_monotonic_increasing else plain.sort_values(ids.name, ignore_index=True)

    def purchases(self, *, history: bool = False) -> nw.LazyFrame:
        """The orders that count, one row each, where they live: customer, order, day, money (minor units).

        Those in the window are the orders of F, and their money adds up to M but for credit notes with an order number
        of their own, which lower M and are no purchase. With `history` the earlier ones are among them too.
        """
        there = self.orders.collect_schema().names()
        tests = {"bought": nw.col("bought"), "refunded": ~nw.col("refunded"), "inside": nw.col("inside")}
        wanted = [test for name, test in tests.items() if name in there and not (history and name == "inside")]
        orders = self.orders.filter(*wanted) if wanted else self.orders
        return orders.select("customer", "order", "day", "money")

    @cached_property
    def identical_lines(self) -> int:
        """Lines that are equal to an earlier one in every column. They are kept; the number is reported."""
        return self.rows_in - self.lent.different_lines(self.settings.time_zone)

    def type_name(self, combination: str, lang: str) -> str:
        """The name of a combination such as "R↓F↑M↑": the lesson's, or the one given for an unnamed one."""
        number = COMBINATIONS[combination]
        return self.names.get(combination) or word(f"type.{number}", lang)

    def summary(self, lang: str = "zh") -> "pd.DataFrame":
        """Customers and money per combination, all eight of them, the two unnamed ones last.

        Columns: type, marks, name (in `lang`), customers, customer_share, monetary (minor units), monetary_share.
        """
        import pandas as pd

        grouped = self.typed.group_by(*MARK_COLUMNS).agg(nw.len().alias("customers"), nw.col("monetary").sum())
        counted = {"".join(row[name] for name in MARK_COLUMNS): row for row in rows(grouped)}
        order = sorted(marks.TYPES.items(), key=lambda item: item[1] or len(marks.TYPES))
        table = pd.DataFrame(
            {
                "type": number,
                "marks": marks.combination(found),
                "name": self.type_name(marks.combination(found), lang),
                "customers": int(counted.get(found, {}).get("customers", 0)),
                "monetary": int(counted.get(found, {}).get("monetary", 0)),
            }
            for found, number in order
        )
        table.insert(4, "customer_share", table["customers"] / table["customers"].sum())
        money = table["monetary"].sum()
        table["monetary_share"] = table["monetary"] / money if money else float("nan")
        return table

    def explain(self, customer_id: Any, lang: str = "zh") -> str:
        """Why this customer has this type, in one sentence: values, thresholds, marks, window, orders in and out."""
        from crmlab.rfm.explain import explain

        return explain(self, customer_id, lang)

    def evidence(self, customer_id: Any) -> "pd.DataFrame":
        """The orders of one customer: order, day, money (minor units), lines, and `left_out`, the reason or empty."""
        from crmlab.rfm.explain import evidence

        return evidence(self, customer_id)

    def describe(self, lang: str = "zh") -> str:
        """The settings and the account of the rows, in words."""
        from crmlab.rfm.explain import describe

        return describe(self, lang)

    def __repr__(self) -> str:
        return f"{self.describe('zh')}\n{self.describe('en')}"
