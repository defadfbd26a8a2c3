"""Stability: how many customers, and how much of the money, change their combination under other settings."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError, ParameterError
from crmlab.money import format_money
from crmlab.movement.marked import IN_ORDER, codes, marked, share
from crmlab.movement.periods import first_order_day, hindsight, notes, period_words
from crmlab.progress import counted
from crmlab.rfm.door import retype
from crmlab.rfm.marks import INDICATORS, UP
from crmlab.rfm.settings import check_settings
from crmlab.words import word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from crmlab.rfm import RFM
    from crmlab.rfm.settings import Settings

NOBODY = ("no_order_yet", "no_valid_order")
"""Errors that say that under these settings nobody is in the population."""


@dataclass(frozen=True, repr=False)
class Stability:
    """What becomes of the combinations when one setting is another.

    Attributes
    ----------
    table : pandas frame
        One row per other setting: `change` (window, as_of or split: which one differs), the settings `window` (days),
        `as_of` and `split`; `customers` in both results, `only_base` and `only_other` in one of them; `moved`, the
        customers in both whose combination differs, `changed_share` of the customers in both, and
        `money_changed_share` of their money in the base result. A share is empty where there is nothing to divide by.
    by_mark : pandas frame
        For each `row` of the table and each `indicator` alone, the same two shares.
    customers : pandas frame
        The evidence, one row per customer of any of the results, sorted: the customer column, `base_marks`,
        `base_monetary` (minor units), and `marks_0` for the first row of the table, `marks_1` for the second, and so
        on; empty where the customer is not in that result. About 30 bytes per customer, and one more per setting.
    base, others : Settings, tuple of Settings
        The settings that are compared, the others in the order of the table.
    first_day : date
        The day of the first order in the data.
    """

    table: "pd.DataFrame"
    by_mark: "pd.DataFrame"
    customers: "pd.DataFrame"
    base: "Settings"
    others: tuple["Settings", ...]
    first_day: dt.date
    hindsight: tuple[str, ...]

    @property
    def steady_share(self) -> float:
        """Share of the base customers who keep their combination under every other setting that they are in."""
        moved = sum(_moved(self.customers, row).astype("int64") for row in range(len(self.table)))
        return float((moved == 0)[self.customers["base_marks"].notna()].mean())

    def changed(self, row: int) -> "pd.DataFrame":
        """The customers whose combination differs in this row of the table, 0 for the first.

        One row each: the customer column, from_marks (base), to_marks, monetary (base result, minor units).
        """
        customer = self.customers.columns[0]
        found = self.customers.loc[
            _moved(self.customers, row), [customer, "base_marks", f"marks_{row}", "base_monetary"]
        ]
        found.columns = [customer, "from_marks", "to_marks", "monetary"]
        return found.astype({"monetary": "int64"}).reset_index(drop=True)

    def label(self, row: int, lang: str = "zh") -> str:
        """What differs in this row of the table, in words."""
        other, change = self.others[row], self.table["change"].iloc[row]
        if change == "window":
            return word("stability.window", lang, days=other.window) if other.window else word("stability.all", lang)
        if change == "as_of":
            return word("stability.as_of", lang, days=(self.base.as_of - other.as_of).days, as_of=other.as_of)
        return word("stability.split", lang, split=word(f"split.{other.split}", lang))

    def describe(self, lang: str = "zh") -> str:
        """The base settings, one sentence per other setting, and what the comparison cannot know."""
        money = self.customers["base_monetary"]
        lines = [
            word("stability.base", lang, period=period_words(self.base, lang), customers=int(money.count()),
                 split=word(f"split.{self.base.split}", lang),
                 money=format_money(int(money.sum()), self.base.currency, lang))
        ]  # fmt: skip
        for place, row in enumerate(self.table.to_dict("records")):
            marks = dict(zip("RFM", self.by_mark.loc[self.by_mark["row"] == place, "changed_share"], strict=True))
            key = "row" if row["customers"] else "nobody"
            lines.append(word(f"stability.{key}", lang, label=self.label(place, lang), **row, **marks))
        lines.append(word("stability.steady", lang, share=self.steady_share))
        earlier = self.hindsight if (self.table["change"] == "as_of").any() else ()
        return "\n".join(lines + notes((self.base, *self.others), self.first_day, earlier, lang))

    def __repr__(self) -> str:
        return f"{self.describe('zh')}\n{self.describe('en')}"


def stability(
    result: "RFM",
    *,
    windows: Iterable[int | None] = (90, 180, 270),
    days_back: Iterable[int] = (7, 30, 90),
    splits: Iterable[str | Mapping[str, int]] = ("median",),
) -> Stability:
    """How much the combinations depend on the settings: each time one of them is another, and the rest stays.

    Parameters
    ----------
    result : RFM
        The base that the others are compared with.
    windows : windows in days; None is all of history.
    days_back : days that the reference date is moved back; each reads the order lines again.
    splits : other splits, as `type_customers` takes them.

    A setting that is equal to that of the base is left out. One under which nobody has bought stands in the table with
    0 customers. Only the rows of customers are collected, one result at a time. Raises ParameterError for a setting
    that cannot be used, and where none is left.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-06-01", "2026-03-01", "2026-06-10", "2026-06-11"])
    >>> orders = pd.DataFrame(
    ...     {"customer_id": list("aabc"), "order_id": list("1234"), "order_date": days, "amount": [50, 90, 60, 10]}
    ... )
    >>> found = stability(type_customers(orders, as_of="2026-06-17"), windows=[30], days_back=[], splits=[])
    >>> found.table[["customers", "moved", "changed_share"]]
       customers  moved  changed_share
    0          3      2       0.666667
    >>> found.changed(0)
      customer_id from_marks to_marks  monetary
    0           b     R↓F↓M↓   R↓F↑M↑      6000
    1           c     R↓F↓M↓   R↓F↑M↓      1000
    """
    import pandas as pd

    changes = list(_changes(result, windows, days_back, splits))
    if not changes:
        raise ParameterError("nothing_to_compare")
    base = marked(result)
    customers = base.rename(columns={"marks": "base_marks", "money": "base_monetary"}).astype(
        {"base_monetary": "Int64"}
    )
    for row, (_, again, _) in enumerate(counted(changes, "stability")):
        other = _marks(result, again, base).rename(columns={"marks": f"marks_{row}"})
        customers = customers.merge(other, on="customer", how="outer")
    compared = [_compared(customers, row) for row in range(len(changes))]
    return Stability(
        table=pd.DataFrame(
            {
                "change": change,
                "window": settings.window,
                "as_of": settings.as_of,
                "split": settings.split,
                **one["whole"],
            }
            for (change, _, settings), one in zip(changes, compared, strict=True)
        ).astype({"window": "Int64"}),
        by_mark=pd.DataFrame(
            {"row": row, "indicator": indicator} | values
            for row, one in enumerate(compared)
            for indicator, values in one["by_mark"].items()
        ),
        customers=customers.rename(columns={"customer": result.customer_column}),
        base=result.settings,
        others=tuple(settings for _, _, settings in changes),
        first_day=first_order_day(result),
        hindsight=hindsight(result),
    )


def _changes(
    result: "RFM",
    windows: Iterable[int | None],
    days_back: Iterable[int],
    splits: Iterable[str | Mapping[str, int]],
) -> Iterator[tuple[str, dict[str, Any], "Settings"]]:
    """Which setting differs, what `retype` is told, and the settings that come of it."""
    base = result.settings
    for window in windows:
        settings = replace(base, window=window)
        check_settings(settings)
        if settings != base:
            yield "window", {"window": window}, settings
    for days in days_back:
        if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days < base.as_of.toordinal():
            raise ParameterError("days_back", value=repr(days))
        day = base.as_of - dt.timedelta(days=days)
        if days:
            yield "as_of", {"as_of": day}, replace(base, as_of=day)
    for split in splits:
        if split != result.split:
            yield "split", {"split": split}, replace(base, split=split if isinstance(split, str) else "fixed")


def _marks(result: "RFM", again: dict[str, Any], base: "pd.DataFrame") -> "pd.DataFrame":
    """Customers and marks with another setting; only this much of that result is kept."""
    try:
        return marked(retype(result, **again))[["customer", "marks"]]
    except DataError as error:
        if error.key not in NOBODY:
            raise
        return base[["customer", "marks"]].head(0)


def _moved(customers: "pd.DataFrame", row: int) -> "np.ndarray":
    """True for the customers in both results whose combination differs."""
    base, other = codes(customers["base_marks"]), codes(customers[f"marks_{row}"])
    return (base >= 0) & (other >= 0) & (base != other)


def _compared(customers: "pd.DataFrame", row: int) -> dict[str, Any]:
    """Who is in both results, and the customers and the money that change, as a whole and for each mark."""
    import numpy as np

    base, other = codes(customers["base_marks"]), codes(customers[f"marks_{row}"])
    both = (base >= 0) & (other >= 0)
    money = customers["base_monetary"].to_numpy("int64", na_value=0)[both]
    up = np.array([[mark == UP for mark in marks[1::2]] for marks in IN_ORDER])
    moved = np.column_stack([base != other, up[base] != up[other]])[both]
    whole, *by_mark = (
        {"moved": int(one.sum()), "changed_share": share(int(one.sum()), len(money)),
         "money_changed_share": share(int(money[one].sum()), int(money.sum()))}
        for one in moved.T
    )  # fmt: skip
    counts = {"customers": len(money), "only_base": int(((base >= 0) & ~both).sum()),
              "only_other": int(((other >= 0) & ~both).sum())}  # fmt: skip
    return {"whole": counts | whole, "by_mark": dict(zip(INDICATORS, by_mark, strict=True))}
