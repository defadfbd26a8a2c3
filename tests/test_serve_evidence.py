"""The evidence of a group feature: the customer's own values, each beside the limit that decides."""

import pandas as pd
import pytest

from crmlab import serve
from crmlab.grouping.rules import open_rules
from crmlab.words import LANGUAGES

GROUPS = """
zh = "示例"
en = "example"
column = "kind"
several = true

[columns.orders]
kind = "integer"

[columns.spent]
kind = "money"

[columns.share]
kind = "share"
blank = { zh = "买得太少", en = "too few orders" }

[[rules]]
key = "good"
zh = "好客户"
en = "good customers"
priority = 1
conditions = [{ column = "orders", at_least = 3 }, { column = "spent", above = 20000 }]

[[rules]]
key = "bargain"
zh = "爱优惠"
en = "fond of discounts"
priority = 2
conditions = [{ column = "share", at_least = 0.5 }]
"""
CUSTOMERS = pd.DataFrame(
    {
        "who": list("abcde"),
        "orders": [3, 9, 2, 3, 4],
        "spent": [20_001, 123_450, 99_999, 20_001, 20_001],
        "share": [0.4996, 0.5, float("nan"), 0.75, 0.1],
    }
)


@pytest.fixture
def groups(tmp_path):
    path = tmp_path / "kinds.toml"
    path.write_text(GROUPS, encoding="utf-8", newline="\n")
    return open_rules(path).apply(CUSTOMERS)


def told(frame, column):
    return dict(zip(zip(frame["customer_id"], frame["rule"], strict=True), frame[column], strict=True))


def test_each_customer_reads_the_own_values_and_the_limits(groups):
    found = serve.group_features(groups, "en", currency="USD")
    assert told(found, "evidence") == {
        ("a", "group.good"): "orders: 3 (asked: at or above 3); spent: $200.01 (asked: above $200.00)",
        ("b", "group.good"): "orders: 9 (asked: at or above 3); spent: $1,234.50 (asked: above $200.00)",
        ("d", "group.good"): "orders: 3 (asked: at or above 3); spent: $200.01 (asked: above $200.00)",
        ("e", "group.good"): "orders: 4 (asked: at or above 3); spent: $200.01 (asked: above $200.00)",
        ("b", "group.bargain"): "share: 50.0% (asked: at or above 50.0%)",
        ("d", "group.bargain"): "share: 75.0% (asked: at or above 50.0%)",
    }
    assert told(found, "basis") == {
        ("a", "group.good"): "orders=3; spent=20001",
        ("b", "group.good"): "orders=9; spent=123450",
        ("d", "group.good"): "orders=3; spent=20001",
        ("e", "group.good"): "orders=4; spent=20001",
        ("b", "group.bargain"): "share=0.5",
        ("d", "group.bargain"): "share=0.75",
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_evidence_is_what_the_rule_says_of_this_customer(groups, lang):
    found = serve.group_features(groups, lang)
    rules = {f"group.{rule.key}": rule for rule in groups.rules.rules}
    rows = {row["who"]: row for row in CUSTOMERS.to_dict("records")}
    for one in found.to_dict("records"):
        assert one["evidence"] == rules[one["rule"]].values(rows[one["customer_id"]], lang)
    assert len(found) == 6


def test_the_stage_of_a_customer_has_the_days_that_decide(groups, tmp_path):
    text = GROUPS.replace("several = true\n", "").replace('"kind"\n', '"stage"\n', 1)
    (tmp_path / "stage.toml").write_text(text, encoding="utf-8", newline="\n")
    stages = open_rules(tmp_path / "stage.toml").apply(CUSTOMERS)
    found = serve.stage_features(stages, "en", currency="USD")
    assert found["customer_id"].tolist() == list("abde")
    assert found["rule"].tolist() == ["stage.good"] * 4
    assert found["evidence"].iloc[1] == "orders: 9 (asked: at or above 3); spent: $1,234.50 (asked: above $200.00)"
