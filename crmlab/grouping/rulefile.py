"""A rule set as people write it: one TOML file, read and checked.

A file has `zh` and `en` (its title), `column` (what the column of the groups is called), maybe `several = true` (a
customer may be in several groups), [parameters] (numbers that conditions name, with their defaults), [columns.<name>]
with `kind` (integer, money in minor units, share, number or code), maybe `low`, `high`, `codes` (a list, or the name of
a list of the house), `blank` (what a missing value means, by language) and `blank_with`; and [[rules]]: `key`, `zh`,
`en`, `priority` (1 goes first), `conditions`, maybe `wider` (a group that this one is part of, told in [wider.<key>],
in the column `wider_column`).

A condition is a table with `column` and one test: is, in, at_least, above, at_most, below, or blank = true. A text as
the value of a limit is the name of a parameter. All conditions of a rule hold together.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

from crmlab.errors import DataError, ParameterError
from crmlab.grouping.conditions import LIMITS, NUMBERS, Column, Condition, Rule
from crmlab.tables.codes import CODES
from crmlab.words import LANGUAGES

FILE = ({"zh", "en", "column", "columns", "rules"}, {"several", "parameters", "wider", "wider_column"})
COLUMN = ({"kind"}, {"low", "high", "codes", "blank", "blank_with"})
RULE = ({"key", "zh", "en", "priority", "conditions"}, {"wider"})
TESTS = ("is", "in", "blank", *LIMITS)
RESERVED = ("", "unknown", "none")


def read_rules(name: str | Path, given: Mapping[str, float]) -> dict[str, Any]:
    """The fields of a RuleSet from a file, or from one of the house by its name; `given` replaces parameters.

    Raises DataError for a file that is not there or says something that cannot be, ParameterError for a parameter that
    the file does not have or a value that is no number.
    """
    path = Path(name)
    source = path if path.suffix == ".toml" else files("crmlab.grouping").joinpath(f"{name}.toml")
    if not source.is_file():
        there = sorted(file.name[:-5] for file in files("crmlab.grouping").iterdir() if file.name.endswith(".toml"))
        raise DataError("no_rules", name=path.name, there=", ".join(there))
    try:
        told = tomllib.loads(source.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError("rules_syntax", file=source.name, reason=str(error)) from None
    return _File(source.name, told, given).fields()


class _File:
    def __init__(self, name: str, told: dict[str, Any], given: Mapping[str, float]):
        self.name, self.told = name, told
        self._entries("file", told, FILE)
        self._kinds("file", told, {"column": str, "columns": dict, "rules": list, "several": bool, "parameters": dict,
                                   "wider": dict, "wider_column": str})  # fmt: skip
        self.parameters = self._parameters(given)

    def fields(self) -> dict[str, Any]:
        columns = {name: self._column(name, entry) for name, entry in self.told["columns"].items()}
        for column in columns.values():
            if column.blank_with and column.blank_with not in columns:
                self._fault(column.name, "rules_unknown", found=column.blank_with, there=columns)
        rules = sorted((self._rule(entry, columns) for entry in self.told["rules"]), key=lambda rule: rule.priority)
        for name in ("key", "priority"):
            values = [getattr(rule, name) for rule in rules]
            if twice := sorted({str(value) for value in values if values.count(value) > 1}):
                self._fault("rules", "rules_twice", name=name, found=", ".join(twice))
        wider = self.told.get("wider", {})
        if wider:
            self._entries("file", self.told, (FILE[0] | {"wider_column"}, FILE[1]))
        for rule in rules:
            if bool(wider) != bool(rule.wider) or (rule.wider and rule.wider not in wider):
                self._fault(rule.key, "rules_unknown", found=rule.wider or '""', there=wider)
        return {
            "name": self.name.removesuffix(".toml"),
            "title": self._title("file", self.told),
            "column": self.told["column"],
            "several": self.told.get("several", False),
            "parameters": self.parameters,
            "columns": {name: column for name, column in columns.items() if name in _used(rules)},
            "rules": tuple(rules),
            "wider_column": self.told.get("wider_column", ""),
            "wider": {key: self._title(key, entry) for key, entry in wider.items()},
        }

    def _parameters(self, given: Mapping[str, float]) -> dict[str, float]:
        known = self.told.get("parameters", {})
        for name, value in (known | dict(given)).items():
            if name not in known:
                raise ParameterError("rules_parameter", name=name, there=", ".join(known))
            if not _is_number(value) or (isinstance(known[name], int) and not isinstance(value, int)) or value < 0:
                raise ParameterError("rules_parameter_value", name=name, value=repr(value))
        return known | dict(given)

    def _column(self, name: str, entry: dict[str, Any]) -> Column:
        self._entries(name, entry, COLUMN)
        self._kinds(name, entry, {"low": int | float, "high": int | float, "codes": list | str, "blank_with": str})
        if entry["kind"] not in (*NUMBERS, "code"):
            self._fault(name, "rules_unknown", found=entry["kind"], there=(*NUMBERS, "code"))
        codes = entry.get("codes", ())
        if isinstance(codes, str):
            if codes not in CODES:
                self._fault(name, "rules_unknown", found=codes, there=CODES)
            codes = CODES[codes]
        ends = {"low": 0, "high": 1} if entry["kind"] == "share" else {}
        blank = self._title(name, entry["blank"]) if "blank" in entry else {}
        return Column(name, **{**ends, **entry, "codes": tuple(codes), "blank": blank})

    def _rule(self, entry: dict[str, Any], columns: Mapping[str, Column]) -> Rule:
        where = str(entry.get("key", "rules")) if isinstance(entry, dict) else "rules"
        self._entries(where, entry, RULE)
        if entry["key"] in RESERVED or not entry["conditions"] or type(entry["priority"]) is not int:
            self._fault(where, "rules_value", name="key, priority, conditions")
        self._kinds(where, entry, {"key": str, "conditions": list, "wider": str})
        conditions = tuple(self._condition(where, told, columns) for told in entry["conditions"])
        return Rule(where, self._title(where, entry), entry["priority"], conditions, entry.get("wider", ""))

    def _condition(self, where: str, told: dict[str, Any], columns: Mapping[str, Column]) -> Condition:
        tests = [name for name in told if name != "column"] if isinstance(told, dict) else []
        if "column" not in told or len(tests) != 1 or tests[0] not in TESTS:
            self._fault(where, "rules_condition", found=str(told), there=", ".join(TESTS))
        if told["column"] not in columns:
            self._fault(where, "rules_unknown", found=told["column"], there=columns)
        column, test, value = columns[told["column"]], tests[0], told[tests[0]]
        if test in ("is", "in"):
            test, value = "in", tuple(value if test == "in" else [value])
            fits = value and all(type(one) in ((int,) if column.kind in NUMBERS else (int, str)) for one in value)
            if foreign := [one for one in value if column.codes and one not in column.codes]:
                self._fault(where, "rules_unknown", found=foreign[0], there=column.codes)
        elif test == "blank":
            fits = value is True and column.blank
        else:
            if isinstance(value, str) and value not in self.parameters:
                self._fault(where, "rules_unknown", found=value, there=self.parameters)
            value = self.parameters[value] if isinstance(value, str) else value
            fits = _is_number(value) and column.kind in NUMBERS
        if not fits:
            self._fault(where, "rules_condition", found=str(told), there=", ".join(TESTS))
        return Condition(column, test, value)

    def _title(self, where: str, entry: dict[str, Any]) -> dict[str, str]:
        if not isinstance(entry, dict) or not all(
            isinstance(entry.get(lang), str) and entry[lang] for lang in LANGUAGES
        ):
            self._fault(where, "rules_value", name=", ".join(LANGUAGES))
        return {lang: entry[lang] for lang in LANGUAGES}

    def _entries(self, where: str, entry: dict[str, Any], known: tuple[set[str], set[str]]) -> None:
        if not isinstance(entry, dict):
            self._fault(where, "rules_value", name=where)
        needed, optional = known
        if lacking := needed - set(entry):
            self._fault(where, "rules_lacks", found=", ".join(sorted(lacking)))
        if unknown := set(entry) - needed - optional:
            self._fault(where, "rules_unknown", found=", ".join(sorted(unknown)), there=sorted(needed | optional))

    def _kinds(self, where: str, entry: dict[str, Any], wanted: Mapping[str, Any]) -> None:
        """Raises DataError for an entry of another kind than wanted, and for an empty one that must say something."""
        wrong = [name for name, kind in wanted.items() if name in entry and not isinstance(entry[name], kind)]
        wrong += [name for name in ("column", "rules") if name in wanted and not entry[name]]
        if wrong:
            self._fault(where, "rules_value", name=", ".join(wrong))

    def _fault(self, where: str, key: str, **values: Any) -> None:
        listed = {name: ", ".join(map(str, value)) if name == "there" and not isinstance(value, str) else value
                  for name, value in values.items()}  # fmt: skip
        raise DataError(key, file=self.name, where=where, **listed)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _used(rules: list[Rule]) -> set[str]:
    names = {condition.column.name for rule in rules for condition in rule.conditions}
    return names | {one.column.blank_with for rule in rules for one in rule.conditions if one.column.blank_with}
