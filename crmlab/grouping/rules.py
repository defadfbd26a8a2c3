"""Rule sets applied: every customer in a group, in none, or unknown, and who no rule or several rules take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import and_, or_
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from crmlab.columns import demand_columns
from crmlab.errors import DataError
from crmlab.frames import rows
from crmlab.grouping.conditions import NUMBERS, Column, Rule
from crmlab.grouping.proof import Proof, prove
from crmlab.grouping.rulefile import read_rules
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN, NONE = "unknown", ""


def open_rules(name: str | Path, **parameters: float) -> "RuleSet":
    """A rule set of the house ("lifecycle", "named", "needs") or of a .toml file, with other parameters if given.

    Raises DataError for a file that cannot be used, ParameterError for a parameter that it does not have.

    >>> rules = open_rules("lifecycle", silent_days=120)
    >>> rules.parameters["silent_days"], [rule.key for rule in rules.rules]
    (120, ['potential', 'new', 'active', 'silent', 'lost'])
    """
    return RuleSet(**read_rules(name, parameters))


@dataclass(frozen=True)
class RuleSet:
    """Groups as data: see `crmlab.grouping.rulefile` for what a file says.

    `rules` stand by priority, the first goes before the others. With `several` a customer may be in several groups;
    else in one, kept in the column `column`.
    """

    name: str
    title: Mapping[str, str]
    column: str
    several: bool
    parameters: Mapping[str, float]
    columns: Mapping[str, Column]
    rules: tuple[Rule, ...]
    wider_column: str = ""
    wider: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def apply(self, frame: Any) -> "Grouped":
        """The groups of every row of a frame with one row per customer, of any kind, eager or lazy.

        A missing value satisfies no condition. Raises DataError for a column that is missing, has the wrong type, or
        holds what the rule set says it cannot hold, and for a column of groups that is there already.
        """
        given = nw.from_native(frame)
        there = given.collect_schema()
        demand_columns({name: name for name in self.columns}, there.names())
        outputs = [rule.key for rule in self.rules] if self.several else [self.column, self.wider_column]
        if taken := sorted(set(outputs) & set(there.names())):
            raise DataError("rules_taken", columns=", ".join(taken))
        for column in self.columns.values():
            if (column.kind in NUMBERS) != there[column.name].is_numeric() and column.kind in NUMBERS:
                raise DataError("rules_type", column=column.name, found=there[column.name])
        values = {name: self._value(column, there[name]) for name, column in self.columns.items()}
        known = {name: _known(name, there[name]) for name in self.columns}
        self._demand_declared(given, there, values, known)
        flags = {}
        for place, rule in enumerate(self.rules):
            tests = [(c.expression(values[c.column.name], known[c.column.name]), c) for c in rule.conditions]
            holds = reduce(and_, (test for test, _ in tests))
            fails = [~test if c.test == "blank" else ~test & known[c.column.name] for test, c in tests]
            flags[_in(place)] = holds
            flags[_open(place)] = ~holds & ~reduce(or_, fails)
        flagged = given.with_columns(**flags)
        return Grouped(self, flagged.with_columns(**self._groups()), there.names(), outputs)

    def _value(self, column: Column, dtype: Any) -> nw.Expr:
        """The column as the conditions compare it: codes that are texts are texts, even where all are missing."""
        numbers = column.kind in NUMBERS or dtype.is_integer()
        return nw.col(column.name) if numbers or dtype == nw.String else nw.col(column.name).cast(nw.String)

    def _groups(self) -> dict[str, nw.Expr]:
        places = range(len(self.rules))
        if self.several:
            return {
                rule.key: nw.when(nw.col(_in(place))).then(nw.lit("yes"))
                .otherwise(nw.when(nw.col(_open(place))).then(nw.lit(UNKNOWN)).otherwise(nw.lit("no")))
                for place, rule in enumerate(self.rules)
            }  # fmt: skip
        undecided = nw.when(reduce(or_, (nw.col(_open(place)) for place in places)))
        rest = undecided.then(nw.lit(UNKNOWN)).otherwise(nw.lit(NONE))
        groups = {}
        for column, attribute in ((self.column, "key"), (self.wider_column, "wider")):
            if column:
                groups[column] = rest
                for place in reversed(places):
                    name = nw.lit(getattr(self.rules[place], attribute))
                    groups[column] = nw.when(nw.col(_in(place))).then(name).otherwise(groups[column])
        return groups

    def _demand_declared(self, frame: Any, schema: Any, values: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        """Raises DataError where a column does not keep to what the rule set declares, on which a proof rests."""
        wrong = {}
        for name, column in self.columns.items():
            value, is_known = values[name], known[name]
            tests = {
                "low": value < column.low if column.low is not None else None,
                "high": value > column.high if column.high is not None else None,
                "whole": value % 1 != 0 if column.whole and schema[name].is_float() else None,
                "codes": ~value.is_in(column.codes) if column.codes else None,
            }
            found = {problem: is_known & test for problem, test in tests.items() if test is not None}
            found["blank"] = None if column.blank else ~is_known
            found["blank_with"] = is_known != known[column.blank_with] if column.blank_with else None
            wrong |= {f"{name} {problem}": test for problem, test in found.items() if test is not None}
        if not wrong:
            return
        counted = frame.lazy().select(**{name: test.cast(nw.Int32).sum() for name, test in wrong.items()})
        for name, count in rows(counted)[0].items():
            if count:
                column, problem = name.rsplit(" ", 1)
                raise DataError(f"rules_{problem}", column=column, count=count, other=self.columns[column].blank_with,
                                low=self.columns[column].low, high=self.columns[column].high,
                                codes=", ".join(map(str, self.columns[column].codes)))  # fmt: skip

    def proof(self) -> Proof:
        """Whether every customer that can be is in exactly one group: see `crmlab.grouping.proof`."""
        return prove(self.rules, self.columns)

    def overview(self, lang: str = "zh", *, currency: str = "CNY") -> "pd.DataFrame":
        """The rules for people: priority, name, condition (all in words)."""
        import pandas as pd

        return pd.DataFrame(
            {"priority": rule.priority, "name": rule.title[lang], "condition": rule.asks(lang, currency)}
            for rule in self.rules
        )

    def explain(self, row: Mapping[str, Any], lang: str = "zh", *, currency: str = "CNY") -> str:
        """Why one customer is in its group: the value and the limit of each condition.

        `row` is a dict or a row of a frame with the columns of the rules. For a customer in no group, and where several
        groups are possible, every rule has its line.
        """
        winner = next((rule for rule in self.rules if rule.holds(row)), None)
        told = self.rules if winner is None or self.several else [winner]
        lines = [rule.sentence(row, lang, currency) for rule in told]
        if winner is not None and not self.several:
            others = [rule.title[lang] for rule in self.rules if rule is not winner and rule.holds(row)]
            lines += [word("rules.also", lang, names=word("list.comma", lang).join(others))] if others else []
        return "\n".join(lines)


@dataclass(frozen=True, repr=False)
class Grouped:
    """A frame of customers with their groups.

    `rules` is the rule set. Frames come back as the kind that was given; a lazy one stays lazy.
    """

    rules: RuleSet
    frame: Any = field(compare=False)
    given: list[str] = field(compare=False)
    outputs: list[str] = field(compare=False)

    @property
    def _columns(self) -> list[str]:
        return [*self.given, *(name for name in self.outputs if name)]

    @cached_property
    def table(self) -> Any:
        """The given frame with its groups: the key of one group, "unknown" where a missing value decides, or "" where
        no rule takes the customer. Where several groups are possible, a column for each: yes, no or unknown."""
        return self.frame.select(self._columns).to_native()

    @property
    def gaps(self) -> Any:
        """The customers that no rule takes; those whose missing values leave it open are "unknown" among them."""
        return self.frame.filter(~reduce(or_, self._all(_in))).select(self._columns).to_native()

    @property
    def overlaps(self) -> Any:
        """The customers that several rules take, and `rules`, the keys of these rules with blanks between them."""
        count = reduce(lambda one, other: one + other, (flag.cast(nw.Int32) for flag in self._all(_in)))
        names = [
            nw.when(nw.col(_in(place))).then(nw.lit(f"{rule.key} ")).otherwise(nw.lit(""))
            for place, rule in enumerate(self.rules.rules)
        ]
        listed = nw.concat_str(*names).str.strip_chars().alias("rules")
        return self.frame.filter(count > 1).select(*self._columns, listed).to_native()

    def members(self, key: str) -> Any:
        """The customers who satisfy all conditions of one rule, whatever other rule goes before it."""
        return self._where(_in, key)

    def unknown(self, key: str) -> Any:
        """The customers of whom missing values leave open whether one rule takes them."""
        return self._where(_open, key)

    def _where(self, flag: Any, key: str) -> Any:
        keys = [rule.key for rule in self.rules.rules]
        if key not in keys:
            raise DataError("no_group", name=key, there=", ".join(keys))
        return self.frame.filter(nw.col(flag(keys.index(key)))).select(self._columns).to_native()

    def lacking(self, lang: str = "zh") -> str:
        """Which columns have no value for anybody, and which groups cannot be told for that, a line each."""
        schema, columns = self.frame.collect_schema(), self.rules.columns
        known = {name: _known(name, schema[name]).cast(nw.Int32).sum() for name in columns}
        (counted,) = rows(self.frame.lazy().select(**known))
        lines = []
        for name in (name for name in columns if not counted[name]):
            needing = [rule for rule in self.rules.rules if any(
                one.column.name == name and one.test != "blank" for one in rule.conditions)]  # fmt: skip
            names = word("list.comma", lang).join(rule.title[lang] for rule in needing)
            lines.append(word("rules.lacking", lang, column=columns[name].title(lang), names=names))
        return "\n".join(lines)

    def _all(self, flag: Any) -> list[nw.Expr]:
        return [nw.col(flag(place)) for place in range(len(self.rules.rules))]

    def summary(self, lang: str = "zh") -> "pd.DataFrame":
        """Customers per group by priority: group, name, customers, customer_share, and where the frame has `monetary`,
        monetary (minor units) and monetary_share.

        Where one group is possible, unknown customers and those of no group follow if there are any, so the customers
        add up. Where several are, `unknown` counts those of whom it cannot be told.
        """
        import pandas as pd

        with_money = "monetary" in self.given
        money = nw.col("monetary").fill_null(0) if with_money else nw.lit(0)
        wanted = {"all": nw.lit(1) == 1}
        for place, rule in enumerate(self.rules.rules):
            own = nw.col(rule.key) == "yes" if self.rules.several else nw.col(self.rules.column) == rule.key
            wanted |= {f"in {rule.key}": own, f"open {rule.key}": nw.col(_open(place))}
        if not self.rules.several:
            wanted |= {f"in {name}": nw.col(self.rules.column) == name for name in (UNKNOWN, NONE)}
        ones = self.frame.lazy().select(
            **{name: test.cast(nw.Int32) for name, test in wanted.items()},
            **{f"money {name}": money * test.cast(nw.Int32) for name, test in wanted.items()},
        )
        (sums,) = rows(ones.select(nw.all().sum()))
        counted = {name: int(value or 0) for name, value in sums.items()}
        titles = {rule.key: rule.title[lang] for rule in self.rules.rules}
        if not self.rules.several:
            titles |= {name: word(f"rules.{name or 'none'}", lang) for name in (UNKNOWN, NONE) if counted[f"in {name}"]}
        table = pd.DataFrame(
            {"group": key, "name": title, "customers": counted[f"in {key}"],
             "customer_share": _share(counted[f"in {key}"], counted["all"])}
            for key, title in titles.items()
        )  # fmt: skip
        if self.rules.several:
            table["unknown"] = [counted[f"open {key}"] for key in titles]
        if with_money:
            table["monetary"] = [counted[f"money in {key}"] for key in titles]
            table["monetary_share"] = [_share(amount, counted["money all"]) for amount in table["monetary"]]
        return table


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _known(name: str, dtype: Any) -> nw.Expr:
    known = ~nw.col(name).is_null()
    return known & ~nw.col(name).is_nan() if dtype.is_float() else known


def _in(place: int) -> str:
    return f"__rule_{place}"


def _open(place: int) -> str:
    return f"__open_{place}"
