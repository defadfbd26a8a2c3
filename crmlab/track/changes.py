"""What a run on new files changed since the last one. It is a periodic re-run, not tracking in real time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.movement import Migration, migration
from crmlab.movement.migration import LEFT, NEW
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

KINDS = ("new", "moved", "left", "same")


@dataclass(frozen=True, repr=False)
class Changes:
    """The difference between two runs.

    Attributes
    ----------
    customers : pandas frame
        One row per customer of either run, sorted: the customer column, from_marks and to_marks (a combination, new or
        left), customer_change (new, moved, left or same), and, where plans were given, plan_changed.
    migration : Migration
        The same with its money and beside what chance gives.
    """

    customers: "pd.DataFrame"
    migration: Migration

    @property
    def table(self) -> "pd.DataFrame":
        """Customers by customer_change: customer_change, customers, and plans_changed where plans were given."""
        groups = self.customers.groupby("customer_change")
        counted = groups.size().reindex(list(KINDS), fill_value=0).rename("customers").to_frame()
        if "plan_changed" in self.customers:
            counted["plans_changed"] = groups["plan_changed"].sum().reindex(list(KINDS), fill_value=0).astype("int64")
        return counted.reset_index()

    def describe(self, lang: str = "zh") -> str:
        """How many are new, moved, left, the same; and that this is no real time."""
        counts = dict(self.table[["customer_change", "customers"]].itertuples(index=False))
        lines = [
            word(
                "track.changes", lang, earlier=self.migration.earlier.as_of, later=self.migration.later.as_of, **counts
            )
        ]
        if "plan_changed" in self.customers:
            lines.append(word("track.plans_changed", lang, plans=int(self.customers["plan_changed"].sum())))
        return "\n".join([*lines, word("track.rerun", lang)])

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def changes(before: "RFM", after: "RFM", *, plans: "tuple[pd.DataFrame, pd.DataFrame] | None" = None) -> Changes:
    """Lay the run of today beside the last one: who is new, who has another combination, who has left.

    `plans` are the tables of the two plans (customer_id and what stands beside it, the same columns in both): a row
    that differs, or stands in one of them only, has changed. Only rows of customers are collected. Raises what
    `crmlab.movement.migration` raises, and DataError for plans with different columns or a customer in two rows.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.rfm import retype
    >>> days = pd.to_datetime(["2026-01-05", "2026-02-01", "2026-06-01", "2026-06-10"])
    >>> orders = pd.DataFrame({"customer_id": list("abac"), "order_id": list("1234"), "order_date": days, "amount": 5})
    >>> today = type_customers(orders, as_of="2026-06-17")
    >>> changes(retype(today, as_of="2026-05-17"), today).table["customers"].tolist()
    [1, 2, 0, 0]
    """
    moved = migration(before, after)
    people = moved.customers[[after.customer_column, "from_marks", "to_marks"]].astype(
        {"from_marks": "str", "to_marks": "str"}
    )
    change = people["from_marks"].eq(people["to_marks"]).map({True: "same", False: "moved"})
    change = change.mask(people["from_marks"] == NEW, "new").mask(people["to_marks"] == LEFT, "left")
    people = people.assign(customer_change=change.astype("str"))
    if plans:
        people["plan_changed"] = people[after.customer_column].isin(_changed_rows(*plans))
    return Changes(people, moved)


def _changed_rows(earlier: "pd.DataFrame", later: "pd.DataFrame") -> "pd.Series":
    """The customers whose rows of the two plans differ."""
    if list(earlier.columns) != list(later.columns) or "customer_id" not in earlier:
        raise DataError("track_plans", earlier=", ".join(earlier.columns), later=", ".join(later.columns))
    for plan in (earlier, later):
        if twice := int(plan["customer_id"].duplicated().sum()):
            raise DataError("track_twice", count=twice, column="customer_id")
    both = earlier.fillna("").merge(later.fillna(""), how="outer", indicator=True)
    return both.loc[both["_merge"] != "both", "customer_id"].drop_duplicates()
