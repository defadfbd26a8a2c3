"""Migration: where the customers of one period are in the next, beside what chance alone would give."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING

from crmlab.errors import DataError, ParameterError
from crmlab.money import format_money
from crmlab.movement.marked import IN_ORDER, marked, share
from crmlab.movement.periods import days_between, first_order_day, hindsight, notes, period_words
from crmlab.rfm.door import retype
from crmlab.rfm.marks import COMBINATIONS
from crmlab.words import word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from crmlab.rfm import RFM
    from crmlab.rfm.settings import Settings

NEW, LEFT = "new", "left"
DRAWS = 2_000
ENDS = (0.025, 0.975)


@dataclass(frozen=True, repr=False)
class Migration:
    """Who moved from which combination to which, and how much money with them.

    Attributes
    ----------
    customers : pandas frame
        The evidence, one row per customer of either period, sorted: the customer column, `from_marks` (a combination,
        or new), `to_marks` (a combination, or left), `monetary_before` and `monetary_after` (minor units, 0 for those
        who are not there). About 40 bytes per customer.
    cells : pandas frame
        One row per pair of from_marks and to_marks, all of them: `customers`; `expected` customers if the second period
        had nothing to do with the first (of those in both: row times column over all; empty for new and left);
        `monetary_before`, `monetary_after` and their difference `monetary_change`.
    earlier, later : Settings
        The settings of the two results.
    names : dict of str to str
        Names that were given to the two combinations without one.
    differing : tuple of str
        The settings besides the reference date in which the two results differ.
    first_day : date
        The day of the first order in the data.
    seed : int
        What the random tables behind `chance_interval` start from.
    """

    customers: "pd.DataFrame"
    cells: "pd.DataFrame"
    earlier: "Settings"
    later: "Settings"
    names: Mapping[str, str]
    differing: tuple[str, ...]
    first_day: dt.date
    hindsight: tuple[str, ...]
    seed: int

    @cached_property
    def counts(self) -> "pd.DataFrame":
        """Customers, from (rows) and to (columns): eight combinations, then the row `new` and the column `left`.

        The sums of the rows, without new, are the first period; those of the columns, without left, the second.
        """
        square = self.cells.set_index(["from_marks", "to_marks"])["customers"].unstack(fill_value=0)
        return square.reindex(index=[*IN_ORDER, NEW], columns=[*IN_ORDER, LEFT])

    @property
    def both(self) -> int:
        """Customers in both periods."""
        return int(self._square().sum())

    @property
    def stayed(self) -> int:
        """Customers with the same combination in both periods."""
        return int(self._square().trace())

    @property
    def stayed_share(self) -> float:
        """`stayed`, as a share of the customers in both periods."""
        return share(self.stayed, self.both)

    @property
    def chance_share(self) -> float:
        """The share that would stay if the second period had nothing to do with the first: the sum over combinations of
        their share before times their share after."""
        square = self._square()
        return share(int(square.sum(axis=0) @ square.sum(axis=1)), self.both**2)

    @cached_property
    def chance_interval(self) -> tuple[float, float]:
        """Where 95 % of the shares lie that stay by chance: 2,000 random tables with the same sums, by Patefield's
        algorithm AS 159 (1981) in scipy, from `seed`."""
        import numpy as np
        from scipy.stats import random_table

        square = self._square()
        if not self.both:
            return float("nan"), float("nan")
        tables = random_table(square.sum(axis=1), square.sum(axis=0), seed=self.seed).rvs(DRAWS)
        low, high = np.quantile(np.trace(tables, axis1=1, axis2=2), ENDS) / self.both
        return float(low), float(high)

    @property
    def kappa(self) -> float:
        """Cohen's kappa (1960): how far customers stay beyond chance, as a share of how far they could.

        0 is what chance gives, 1 is everybody stays, and it is nan where chance alone makes everybody stay.
        """
        return share(self.stayed_share - self.chance_share, 1 - self.chance_share)

    def members(self, from_marks: str, to_marks: str) -> "pd.DataFrame":
        """The customers of one cell, such as ("R↓F↑M↑", "left"): the rows of `customers`.

        Raises ParameterError for something else than one of the eight combinations, new (from) or left (to).
        """
        for given, allowed in ((from_marks, [*IN_ORDER, NEW]), (to_marks, [*IN_ORDER, LEFT])):
            if given not in allowed:
                raise ParameterError("choice", name="marks", value=repr(given), allowed=", ".join(allowed))
        own = (self.customers["from_marks"] == from_marks) & (self.customers["to_marks"] == to_marks)
        return self.customers[own].reset_index(drop=True)

    def table(self, lang: str = "zh") -> "pd.DataFrame":
        """The matrix for people: one row per combination of the first period with its name in `lang`, then new and the
        total; one column per combination of the second period, then left and the total."""
        square = self.counts.copy()
        square["total"] = square.sum(axis="columns")
        square.loc["total"] = square.sum()
        square.insert(0, "name", [place_name(marks, self.names, lang) for marks in square.index])
        return square.rename_axis("from_marks", axis="index").rename_axis(None, axis="columns").reset_index()

    def describe(self, lang: str = "zh") -> str:
        """The two periods, who stayed beside what chance gives, the money, and what the comparison cannot know."""
        overlap = days_between(self.earlier, self.later, self.first_day)
        relation = "overlap" if overlap < 0 else "gap" if overlap else "next"
        low, high = self.chance_interval
        counts, sums = self.counts, self.cells[["monetary_before", "monetary_after", "monetary_change"]].sum()
        parts = {"new": self.cells["from_marks"] == NEW, "left": self.cells["to_marks"] == LEFT}
        parts["both"] = ~(parts["new"] | parts["left"])
        moved = {f"of_{name}": self.cells.loc[rows, "monetary_change"].sum() for name, rows in parts.items()}
        money = {name: format_money(int(minor), self.later.currency, lang) for name, minor in {**sums, **moved}.items()}
        money |= {name: f"+{money[name]}" for name in ("monetary_change", *moved) if not money[name].startswith("-")}
        lines = [
            word("migration.periods", lang, earlier=period_words(self.earlier, lang),
                 later=period_words(self.later, lang),
                 relation=word(f"migration.{relation}", lang, days=abs(overlap))),
            word("migration.people", lang, before=int(counts.loc[list(IN_ORDER)].to_numpy().sum()),
                 after=int(counts[list(IN_ORDER)].to_numpy().sum()), both=self.both,
                 left=int(counts[LEFT].sum()), new=int(counts.loc[NEW].sum())),
        ]  # fmt: skip
        if self.both:
            kappa = word("migration.no_kappa", lang) if isnan(self.kappa) else f"{self.kappa:.2f}"
            lines.append(word("migration.stayed", lang, stayed=self.stayed, share=self.stayed_share,
                              chance=self.chance_share, low=low, high=high, kappa=kappa))  # fmt: skip
        lines.append(word("migration.money", lang, **money))
        if self.differing:
            listed = word("list.comma", lang).join(word(f"migration.setting.{name}", lang) for name in self.differing)
            lines.append(word("migration.differing", lang, settings=listed))
        return "\n".join(lines + notes((self.earlier, self.later), self.first_day, self.hindsight, lang))

    def __repr__(self) -> str:
        return f"{self.describe('zh')}\n{self.describe('en')}"

    def _square(self) -> "np.ndarray":
        """The customers in both periods: eight by eight."""
        return self.counts.loc[list(IN_ORDER), list(IN_ORDER)].to_numpy()


def place_name(place: str, names: Mapping[str, str], lang: str) -> str:
    """The name of a combination, or the word for new, left and total."""
    if place not in COMBINATIONS:
        return word(f"movement.{place}", lang)
    return names.get(place) or word(f"type.{COMBINATIONS[place]}", lang)


def migration(earlier: "RFM", later: "RFM", *, seed: int = 618) -> Migration:
    """Lay two results side by side: who moved where between the earlier period and the later one.

    The periods may overlap; `describe` says by how many days. Only the rows of customers are collected. Raises
    ParameterError for a later result whose reference date is the earlier one, or for two currencies, and DataError for
    ids that are text in one and numbers in the other.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-01-05", "2026-02-01", "2026-06-01", "2026-06-10"])
    >>> orders = pd.DataFrame(
    ...     {"customer_id": ["a", "b", "a", "c"], "order_id": list("1234"), "order_date": days, "amount": [5, 9, 6, 1]}
    ... )
    >>> found = migrate_periods(type_customers(orders, as_of="2026-06-17"), days=90)
    >>> found.members("new", "R↓F↑M↓")
      customer_id from_marks to_marks  monetary_before  monetary_after
    0           c        new   R↓F↑M↓                0             100
    """
    _demand_comparable(earlier, later)
    before = marked(earlier).rename(columns={"marks": "from_marks", "money": "monetary_before"})
    after = marked(later).rename(columns={"marks": "to_marks", "money": "monetary_after"})
    before, after = before.astype({"monetary_before": "Int64"}), after.astype({"monetary_after": "Int64"})
    customers = before.merge(after, on="customer", how="outer").rename(columns={"customer": later.customer_column})
    for column, absent in (("from_marks", NEW), ("to_marks", LEFT)):
        customers[column] = customers[column].cat.add_categories(absent).fillna(absent)
    customers = customers.fillna({"monetary_before": 0, "monetary_after": 0})
    customers = customers.astype({"monetary_before": "int64", "monetary_after": "int64"})
    columns = [later.customer_column, "from_marks", "to_marks", "monetary_before", "monetary_after"]
    return Migration(
        customers=customers[columns],
        cells=_cells(customers),
        earlier=earlier.settings,
        later=later.settings,
        names=later.names,
        differing=_differing(earlier, later),
        first_day=min(first_order_day(earlier), first_order_day(later)),
        hindsight=hindsight(earlier),
        seed=seed,
    )


def migrate_periods(result: "RFM", days: int = 180, *, seed: int = 618) -> Migration:
    """From the `days` before the last `days` to the last `days`: two periods side by side that end with the reference
    date of `result`, both typed again with its other settings.

    Raises what `crmlab.rfm.retype` raises, as for a first period before the first order.
    """
    if days is None:
        raise ParameterError("forecast_days", name="days", value=repr(days))
    later = retype(result, window=days)
    earlier = retype(result, as_of=result.settings.as_of - dt.timedelta(days=days), window=days)
    return migration(earlier, later, seed=seed)


def _cells(customers: "pd.DataFrame") -> "pd.DataFrame":
    groups = customers.groupby(["from_marks", "to_marks"], observed=False)
    cells = groups.agg(
        customers=("monetary_before", "size"),
        monetary_before=("monetary_before", "sum"),
        monetary_after=("monetary_after", "sum"),
    ).reset_index()
    cells = cells.astype({"from_marks": "str", "to_marks": "str"})
    cells = cells[(cells["from_marks"] != NEW) | (cells["to_marks"] != LEFT)].reset_index(drop=True)
    both = (cells["from_marks"] != NEW) & (cells["to_marks"] != LEFT)
    inside = cells[both]
    row = inside.groupby("from_marks", observed=False)["customers"].transform("sum")
    column = inside.groupby("to_marks", observed=False)["customers"].transform("sum")
    cells.insert(3, "expected", row * column / max(int(inside["customers"].sum()), 1))
    return cells.assign(monetary_change=cells["monetary_after"] - cells["monetary_before"])


def _demand_comparable(earlier: "RFM", later: "RFM") -> None:
    if later.settings.as_of < earlier.settings.as_of:
        raise ParameterError("periods_order", earlier=earlier.settings.as_of, later=later.settings.as_of)
    if earlier.settings.currency != later.settings.currency:
        raise ParameterError("two_currencies", earlier=earlier.settings.currency, later=later.settings.currency)
    numbers = [result.typed.collect_schema()["customer"].is_integer() for result in (earlier, later)]
    if numbers[0] != numbers[1]:
        raise DataError("two_id_types", column=later.customer_column)


def _differing(earlier: "RFM", later: "RFM") -> tuple[str, ...]:
    names = ("window", "population", "valid_states", "refunds")
    found = [name for name in names if getattr(earlier.settings, name) != getattr(later.settings, name)]
    return (*found, "split") if earlier.split != later.split else tuple(found)
