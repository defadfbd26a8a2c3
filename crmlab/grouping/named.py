"""Groups with a name, and a target group that is written down and found again."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.grouping.rules import Grouped, open_rules
from crmlab.money import format_money
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd


def named_groups(facts: "pd.DataFrame", **parameters: float) -> Grouped:
    """The three groups that the course names, each yes, no or unknown for every customer; a customer may be in several.

    high_value: in the upper third by orders and in the upper third by spend. young_price_sensitive: 18 to 34 years, and
    at least `discount_from` (0.5) of the money on discounted lines; who gave no age is not young. at_risk: the last
    order is more than `gaps` (2) of the customer's own usual gaps ago; too few orders leave it unknown.

    `facts` is what `crmlab.grouping.facts` gives. `named_groups(known).members("at_risk")` are the customers of a
    group, `.summary(lang)` its size and share of money.
    """
    return open_rules("named", **parameters).apply(facts)


@dataclass(frozen=True)
class TargetGroup:
    """A group as it was defined, and what it came to.

    `rules` is the name or the path of a rule set, `key` one of its groups, `parameters` its numbers. `customers`,
    `customer_share`, `monetary` (minor units, of the members) and `monetary_share` are its size. `fingerprint` is a
    SHA-256 over the sorted ids, so that the same people are known again although no id is written down. `members` are
    the rows of its customers; two groups are compared without them.
    """

    rules: str
    key: str
    parameters: dict[str, float]
    customers: int
    customer_share: float
    monetary: int
    monetary_share: float
    fingerprint: str
    members: "pd.DataFrame | None" = field(default=None, compare=False, repr=False)

    def save(self, path: str | Path) -> None:
        """Write the definition and the size, without any id, as JSON."""
        told = {name: value for name, value in asdict(self).items() if name != "members"}
        text = json.dumps(told, ensure_ascii=False, indent=2)
        Path(path).write_text(f"{text}\n", encoding="utf-8", newline="\n")

    def again(self, facts: "pd.DataFrame") -> "TargetGroup":
        """The group by the same definition among these customers. It equals this one if the same people are in it and
        spent the same."""
        return target_group(facts, self.key, rules=self.rules, **self.parameters)

    def describe(self, lang: str = "zh", *, currency: str = "CNY") -> str:
        """What the group asks, and its size, in words."""
        rules = open_rules(self.rules, **self.parameters)
        rule = next(rule for rule in rules.rules if rule.key == self.key)
        return word("rules.target", lang, name=rule.title[lang], asks=rule.asks(lang, currency),
                    customers=self.customers, customer_share=self.customer_share,
                    money=format_money(self.monetary, currency, lang), money_share=self.monetary_share)  # fmt: skip


def target_group(facts: "pd.DataFrame", key: str, *, rules: str | Path = "named", **parameters: float) -> TargetGroup:
    """One group of a rule set as a target group with its size.

    `facts` is what `crmlab.grouping.facts` gives: the customer stands in the first column. Raises DataError for a group
    that the rule set does not have.

    >>> import pandas as pd
    >>> three = pd.DataFrame({"customer_id": list("abc"), "monetary": [10, 30, 60]}).assign(
    ...     frequency_group=["low", "high", "high"], spend_group=["low", "mid", "high"],
    ...     age_range=None, discount_share=float("nan"), gap_ratio=float("nan"))
    >>> group = target_group(three, "high_value")
    >>> print(group.describe("en"))
    “frequent and of high value” (frequency group: high; spend group: high): 1 customers (33.3%), \
CN¥0.60 (60.0% of the money).
    >>> group == group.again(three.sample(frac=1, random_state=1))
    True
    """
    opened = open_rules(rules, **parameters)
    members = opened.apply(facts).members(key)
    column = facts.columns[0]
    members = members.sort_values(column, ignore_index=True)
    ids = "\n".join(members[column].astype(str).sort_values())
    return TargetGroup(
        rules=str(rules),
        key=key,
        parameters=dict(opened.parameters),
        customers=len(members),
        customer_share=len(members) / (len(facts) or float("nan")),
        monetary=int(members["monetary"].sum()),
        monetary_share=float(members["monetary"].sum() / (facts["monetary"].sum() or float("nan"))),
        fingerprint=hashlib.sha256(ids.encode()).hexdigest(),
        members=members,
    )


def open_target_group(path: str | Path) -> TargetGroup:
    """A target group from the file that `TargetGroup.save` wrote, without its members.

    Raises DataError for a file that is not there or is none of these.
    """
    source = Path(path)
    if not source.is_file():
        raise DataError("no_file", path=source.name)
    try:
        return TargetGroup(**json.loads(source.read_text(encoding="utf-8")))
    except (TypeError, ValueError):
        raise DataError("rules_no_target", file=source.name) from None
