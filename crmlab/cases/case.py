"""A case: what one trade calls its columns, and by what it classifies its customers, as one TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.data import HOUSE_COLUMNS
from crmlab.errors import DataError, ParameterError
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.cases.groups import Groups
    from crmlab.rfm import RFM

UNKNOWN = "unknown"
"""The level of customers whose value is blank."""


@dataclass(frozen=True)
class Criterion:
    """One of the two columns by which customers are classified.

    With `group`, the column is a number and `group` is the name of the column with its thirds; without, it holds codes.
    `levels` is the order in which they are shown.
    """

    column: str
    levels: tuple[str, ...]
    group: str = ""

    @property
    def shown(self) -> str:
        """The column that holds the levels."""
        return self.group or self.column


@dataclass(frozen=True)
class Case:
    """A trade.

    Attributes
    ----------
    tables, names : dict of str to str
        Table of the house to file, and column of the house to column of the data, where they differ or matter.
    indicators : dict of str to str
        What recency_days, frequency and monetary are called in this trade.
    criteria : two of Criterion
        Rows and columns of the table by which customers are classified.
    focus : dict of str to str
        Whose money is looked at by category: keywords `column` and `level` for `concentration`.
    purposes : tuple of str
        What customers must have agreed to; with `separate`, the data must also declare that they were asked apart.
    whole_history : bool
        Whether the indicators rest on all of history instead of the window of a result.
    """

    name: str
    titles: dict[str, str]
    purposes: tuple[str, ...]
    separate: bool
    whole_history: bool
    tables: dict[str, str]
    names: dict[str, str]
    indicators: dict[str, str]
    criteria: tuple[Criterion, Criterion]
    focus: dict[str, str]

    @property
    def columns(self) -> dict[str, str]:
        """Keywords for `type_customers` on order lines as this trade writes them.

        >>> open_case("bank").columns["customer"], open_case("bank").columns["refund"]
        ('client_id', 'redeemed')
        """
        return {role: self.names[column] for role, column in HOUSE_COLUMNS.items() if column in self.names}

    def title(self, lang: str = "zh") -> str:
        """What the table of classes is called."""
        return self.titles[lang]

    def words(self, lang: str = "zh") -> dict[str, str]:
        """What the indicators are called, in words.

        >>> open_case("retail").words("en")["monetary"], open_case("bank").words("en")["monetary"]
        ('M net spend', 'assets at cost')
        """
        return {indicator: word(f"column.{name}", lang) for indicator, name in self.indicators.items()}

    def named_in(self, data: Mapping[str, Any]) -> "Case":
        """The case with the tables and columns that a data.toml names for itself (its [tables] and [columns])."""
        return replace(self, tables=self.tables | data.get("tables", {}), names=self.names | data.get("columns", {}))

    def facts(self, result: "RFM", people: "pd.DataFrame | None" = None) -> "pd.DataFrame":
        """One row per customer with the columns of this trade: the customer, its three indicators, its criteria.

        `people` is one row per customer_id with the criteria that are no indicators. A customer of whom it says
        nothing is "unknown" there. Collects one row per customer. Money is in minor units. Raises DataError where a
        criterion is missing.
        """
        from crmlab.rfm import retype

        if self.whole_history and result.settings.window:
            result = retype(result, window=None)
        key = result.customer_column
        table = result.customers[[key, *self.indicators]].rename(columns=self.indicators)
        for criterion in self.criteria:
            if criterion.column not in table:
                if people is None or criterion.column not in people:
                    raise DataError("case_column", column=criterion.column, case=self.name)
                known = people.set_index("customer_id")[criterion.column]
                table[criterion.column] = table[key].map(known).fillna(UNKNOWN).replace("", UNKNOWN)
        return table

    def group(self, facts: "pd.DataFrame") -> "Groups":
        """Customers classified by the two criteria: see `crmlab.cases.groups.group`."""
        from crmlab.cases.groups import group

        return group(self, facts)


def open_case(name: str | Path) -> Case:
    """The case with this name ("retail" or "bank"), or the one in a TOML file of your own.

    Raises ParameterError for a name that is not there.

    >>> [criterion.column for criterion in open_case("bank").criteria]
    ['assets', 'preference']
    """
    room = files("crmlab.cases")
    there = sorted(file.name.removesuffix(".toml") for file in room.iterdir() if file.name.endswith(".toml"))
    own = Path(name)
    if name not in there and not (own.suffix == ".toml" and own.is_file()):
        raise ParameterError("no_case", name=own.name, there=", ".join(there))
    told = tomllib.loads((room.joinpath(f"{name}.toml") if name in there else own).read_text(encoding="utf-8"))
    criteria = (Criterion(**{**one, "levels": tuple(one["levels"])}) for one in told.pop("criteria"))
    return Case(
        titles=told.pop("title"),
        names=told.pop("columns"),
        purposes=tuple(told.pop("purposes")),
        criteria=tuple(criteria),
        **told,
    )
