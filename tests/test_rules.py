"""Rules as data: who is in which group and why, what is proved of all values, and files that say something wrong."""

import re

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import as_pandas

from crmlab.errors import DataError, ParameterError
from crmlab.grouping.rules import open_rules
from crmlab.words import LANGUAGES

FILE = """
zh = "示例"
en = "example"
column = "club"

[parameters]
many = 5

[columns.orders]
kind = "integer"
low = 0

[columns.age]
kind = "code"
codes = "age_range"
blank = { zh = "没有填写", en = "not given" }

[columns.discount_share]
kind = "share"
blank = { zh = "买得太少", en = "too few orders" }

[[rules]]
key = "bargain"
zh = "爱优惠的年轻人"
en = "young and fond of discounts"
priority = 2
conditions = [{ column = "age", in = ["18-24", "25-34"] }, { column = "discount_share", at_least = 0.3 }]

[[rules]]
key = "often"
zh = "常客"
en = "regulars"
priority = 1
conditions = [{ column = "orders", at_least = "many" }]
"""
CUSTOMERS = pd.DataFrame(
    {
        "id": list("abcdefg"),
        "orders": [5, 4, 4, 4, 9, 4, 4],
        "age": ["55+", "18-24", "18-24", None, "25-34", "35-44", "25-34"],
        "discount_share": [0.0, 0.3, 0.2999, 0.9, 0.5, None, None],
        "monetary": [100, 200, 300, 400, 500, 600, 700],
    }
)
CLUBS = {"a": "often", "b": "bargain", "c": "", "d": "unknown", "e": "often", "f": "", "g": "unknown"}
KINDS = {
    "pandas": lambda frame: frame,
    "pandas-nullable": lambda frame: frame.convert_dtypes(),
    "polars": pl.from_pandas,
    "polars-nan": lambda frame: pl.from_pandas(frame).with_columns(pl.col("discount_share").fill_null(float("nan"))),
    "polars-lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "pyarrow": pa.Table.from_pandas,
    "duckdb": lambda frame: duckdb.connect().from_arrow(pa.Table.from_pandas(frame)),
}


@pytest.fixture
def write(tmp_path):
    def to_file(text=FILE, name="club.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="\n")
        return path

    return to_file


@pytest.fixture
def rules(write):
    return open_rules(write())


@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_the_same_on_every_kind_of_frame(rules, kind):
    frame = KINDS[kind](CUSTOMERS)
    found = rules.apply(frame)
    assert type(found.table) is type(frame)
    assert dict(zip(*as_pandas(found.table)[["id", "club"]].to_dict("list").values(), strict=True)) == CLUBS
    assert sorted(as_pandas(found.gaps)["id"]) == ["c", "d", "f", "g"]
    assert as_pandas(found.overlaps)[["id", "rules"]].values.tolist() == [["e", "often bargain"]]
    assert sorted(as_pandas(found.members("bargain"))["id"]) == ["b", "e"]
    assert sorted(as_pandas(found.unknown("bargain"))["id"]) == ["d", "g"]
    assert list(as_pandas(found.table).columns) == [*CUSTOMERS.columns, "club"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_summary_adds_up_to_all_customers_and_all_money(rules, kind):
    table = rules.apply(KINDS[kind](CUSTOMERS)).summary("en")
    assert dict(zip(table["group"], table["customers"], strict=True)) == {
        "often": 2, "bargain": 1, "unknown": 2, "": 2,
    }  # fmt: skip
    assert table["name"].tolist() == ["regulars", "young and fond of discounts", "unknown", "in no group"]
    assert table["monetary"].tolist() == [600, 200, 1100, 900]
    assert table["monetary"].sum() == CUSTOMERS["monetary"].sum()
    assert table["customer_share"].sum() == pytest.approx(1)
    assert table["monetary_share"].sum() == pytest.approx(1)


def test_several_groups_at_once_are_a_column_each(write):
    found = open_rules(write(FILE.replace('column = "club"', 'column = "club"\nseveral = true', 1))).apply(CUSTOMERS)
    by_id = found.table.set_index("id")
    assert by_id["often"].to_dict() == {"a": "yes", "e": "yes"} | dict.fromkeys("bcdfg", "no")
    assert by_id["bargain"].to_dict() == {
        "a": "no", "b": "yes", "c": "no", "d": "unknown", "e": "yes", "f": "no", "g": "unknown",
    }  # fmt: skip
    assert "club" not in by_id
    summary = found.summary("zh").set_index("group")
    assert summary["customers"].to_dict() == {"often": 2, "bargain": 2}
    assert summary["unknown"].to_dict() == {"often": 0, "bargain": 2}
    assert summary["monetary_share"].to_dict() == {"often": 600 / 2800, "bargain": 700 / 2800}


def test_a_column_without_any_value_is_unknown_not_no(rules):
    nobody = CUSTOMERS.assign(age=float("nan"), discount_share=float("nan"))
    for frame in (nobody, pl.from_pandas(nobody), KINDS["duckdb"](nobody)):
        clubs = as_pandas(rules.apply(frame).table).set_index("id")["club"]
        assert clubs.to_dict() == {"a": "often", "e": "often"} | dict.fromkeys("bcdfg", "unknown")


def test_parameters_move_the_limit(write):
    assert open_rules(write(), many=9).apply(CUSTOMERS).members("often")["id"].tolist() == ["e"]
    with pytest.raises(ParameterError, match=r"few.*many"):
        open_rules(write(), few=1)
    for value in (2.5, "5", True, -1):
        with pytest.raises(ParameterError, match="many"):
            open_rules(write(), many=value)


def test_why_a_customer_is_in_a_group(rules):
    rows = {row["id"]: row for row in CUSTOMERS.to_dict("records")}
    assert rules.explain(rows["a"], "zh") == "“常客”：是。订单数：5（要求：不低于 5）。"
    assert rules.explain(rows["e"], "zh").splitlines()[1] == "同时符合“爱优惠的年轻人”，但优先级较低。"
    told = rules.explain(rows["d"], "en").splitlines()
    assert told[0] == "“regulars”: no, orders: 4 (asked: at or above 5)."
    assert told[1].startswith("“young and fond of discounts”: unknown, age: not given (asked: ")
    assert "discount_share" not in told[1]
    assert "29.99% (asked: at or above 30.0%)" in rules.explain(rows["c"], "en")
    assert ": 30.0% (asked: at or above 30.0%)" in rules.explain(rows["b"], "en")


@given(st.lists(st.tuples(
    st.integers(0, 12), st.sampled_from(["18-24", "25-34", "35-44", None]), st.sampled_from([0.0, 0.3, 0.31, None]),
), min_size=1, max_size=20))  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_what_is_explained_is_what_is_applied(tmp_path_factory, drawn):
    path = tmp_path_factory.getbasetemp() / "same.toml"
    path.write_text(FILE, encoding="utf-8", newline="\n")
    rules = open_rules(path)
    frame = pd.DataFrame(drawn, columns=["orders", "age", "discount_share"]).astype({"discount_share": "float64"})
    found = rules.apply(frame)
    for row in found.table.to_dict("records"):
        holding = [rule.key for rule in rules.rules if rule.holds(row)]
        left_open = any(rule.holds(row) is None for rule in rules.rules)
        assert row["club"] == (holding[0] if holding else "unknown" if left_open else "")


def test_the_proof_finds_gaps_and_overlaps_and_says_where(rules):
    proof = rules.proof()
    assert not proof.partition
    assert proof.regions == 2 * 6 * 4
    assert len(proof.overlaps) == 2 * 2
    assert len(proof.gaps) == 6 * 4 - 2 * 2
    told = proof.describe("en").splitlines()
    assert "no rule takes 20 of them, and several rules take 4" in told[0]
    assert told[1].startswith("No rule: orders: 0–4; ")
    assert any(line.startswith("Several rules (regulars, young and fond of discounts): ") for line in told)
    assert "试遍了 48 种取值组合" in proof.describe("zh")


PARTITION = """
zh = "三段"
en = "three"
column = "band"

[parameters]
middle = 10
end = 20

[columns.x]
kind = "KIND"

[[rules]]
key = "left"
zh = "左"
en = "left"
priority = 1
conditions = [{ column = "x", below = "middle" }]

[[rules]]
key = "inner"
zh = "中"
en = "inner"
priority = 2
conditions = [{ column = "x", at_least = "middle" }, { column = "x", at_most = "end" }]

[[rules]]
key = "right"
zh = "右"
en = "right"
priority = 3
conditions = [{ column = "x", above = "end" }]
"""


@pytest.mark.parametrize("kind", ["integer", "money", "number"])
def test_a_partition_is_proved(write, kind):
    assert open_rules(write(PARTITION.replace("KIND", kind))).proof().partition


def test_one_step_too_far_is_a_gap_or_an_overlap(write):
    text = PARTITION.replace("KIND", "integer")
    (gap,) = open_rules(write(text.replace("at_least", "above"))).proof().gaps
    assert (gap["x"].low, gap["x"].high) == (10, 10)
    ((overlap, keys),) = open_rules(write(text.replace("below", "at_most"))).proof().overlaps
    assert (overlap["x"].low, overlap["x"].high, keys) == (10, 10, ("left", "inner"))


def test_whole_numbers_have_no_gap_where_other_numbers_have_one(write):
    text = PARTITION.replace('at_most = "end"', "at_most = 19").replace('above = "end"', "at_least = 20")
    assert open_rules(write(text.replace("KIND", "integer"))).proof().partition
    (gap,) = open_rules(write(text.replace("KIND", "number"))).proof().gaps
    assert (gap["x"].low, gap["x"].high, gap["x"].open_low, gap["x"].open_high) == (19, 20, True, True)


def test_the_ends_of_a_range_are_tried(write):
    text = PARTITION.replace('"KIND"', '"integer"\nlow = 10\nhigh = 20').replace("end = 20", "end = 19")
    proof = open_rules(write(text.replace('above = "end"', "above = 20"))).proof()
    assert proof.regions == 2
    (gap,) = proof.gaps
    assert (gap["x"].low, gap["x"].high) == (20, 20)


def test_a_missing_value_without_a_rule_is_a_gap(write):
    text = PARTITION.replace('"KIND"', '"integer"\nblank = { zh = "没有", en = "none there" }')
    proof = open_rules(write(text)).proof()
    assert [gap["x"].value for gap in proof.gaps] == [None]
    assert "none there" in proof.describe("en")


@given(
    st.integers(-3, 25),
    st.integers(-3, 25),
    st.sampled_from(["at_least", "above"]),
    st.sampled_from(["at_most", "below"]),
)
@settings(max_examples=80, deadline=None)
def test_the_proof_agrees_with_trying_every_whole_number(tmp_path_factory, middle, end, first, last):
    """Any number beyond the limits behaves like the one just beyond, so a long stretch of numbers shows all."""
    path = tmp_path_factory.getbasetemp() / "every.toml"
    text = PARTITION.replace("KIND", "integer").replace("at_least", first).replace("at_most", last)
    text = text.replace("middle = 10", f"middle = {abs(middle)}").replace("end = 20", f"end = {abs(end)}")
    path.write_text(text, encoding="utf-8", newline="\n")
    rules = open_rules(path)
    held = [sum(bool(rule.holds({"x": x})) for rule in rules.rules) for x in range(-40, 60)]
    proof = rules.proof()
    assert bool(proof.gaps) == (0 in held)
    assert bool(proof.overlaps) == (max(held) > 1)


def test_too_many_combinations_are_refused(write):
    columns = "".join(f'[columns.c{number}]\nkind = "integer"\n' for number in range(20))
    conditions = ", ".join(f'{{ column = "c{number}", above = 1 }}' for number in range(20))
    text = re.sub(r"conditions = .*", f"conditions = [{conditions}]", PARTITION.replace("KIND", "integer"))
    with pytest.raises(ParameterError, match="1048576"):
        open_rules(write(text.replace("[[rules]]", columns + "[[rules]]", 1))).proof()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"orders": [-1, 4, 4, 4, 9, 4, 4]}, "rules_low"),
        ({"orders": [5.5, 4, 4, 4, 9, 4, 4]}, "rules_whole"),
        ({"orders": [None, 4, 4, 4, 9, 4, 4]}, "rules_blank"),
        ({"age": ["17", *CUSTOMERS["age"][1:]]}, "rules_codes"),
        ({"discount_share": [1.5, *CUSTOMERS["discount_share"][1:]]}, "rules_high"),
        ({"orders": ["5", "4", "4", "4", "9", "4", "4"]}, "rules_type"),
        ({"club": "here"}, "rules_taken"),
    ],
)
def test_data_that_do_not_keep_to_the_declared_columns_are_refused(rules, change, key):
    with pytest.raises(DataError) as caught:
        rules.apply(CUSTOMERS.assign(**change))
    assert caught.value.key == key
    assert all(caught.value.message(lang) for lang in LANGUAGES)


def test_a_missing_column_is_named(rules):
    with pytest.raises(DataError, match="age"):
        rules.apply(CUSTOMERS.drop(columns="age"))
    with pytest.raises(DataError, match="often"):
        rules.apply(CUSTOMERS).members("seldom")


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ('en = "example"', "", "rules_lacks", "en"),
        ('kind = "share"', 'kind = "percent"', "rules_unknown", "percent"),
        ("low = 0", "lowest = 0", "rules_unknown", "lowest"),
        ('codes = "age_range"', 'codes = "ages"', "rules_unknown", "ages"),
        ('"18-24", ', '"18-25", ', "rules_unknown", "18-25"),
        ('"many"', '"lots"', "rules_unknown", "lots"),
        ('{ column = "orders"', '{ column = "order"', "rules_unknown", "order"),
        ('at_least = "many"', 'at_least = "many", below = 9', "rules_condition", "below"),
        ("at_least = 0.3", "least = 0.3", "rules_condition", "least"),
        ("at_least = 0.3", "at_least = true", "rules_condition", "True"),
        ('column = "orders", at_least = "many"', 'column = "age", above = 3', "rules_condition", "above"),
        ('column = "orders", at_least = "many"', 'column = "orders", blank = true', "rules_condition", "blank"),
        ('in = ["18-24", "25-34"]', "in = []", "rules_condition", "age"),
        ("priority = 2", "priority = 1", "rules_twice", "1"),
        ('key = "bargain"', 'key = "often"', "rules_twice", "often"),
        ('key = "often"', 'key = "unknown"', "rules_value", "key"),
        ('zh = "常客"', 'zh = ""', "rules_value", "zh"),
        ("priority = 1", 'priority = 1\nwider = "all"', "rules_unknown", "all"),
        ("[[rules]]", "[rules", "rules_syntax", "club.toml"),
    ],
)
def test_a_file_that_says_something_wrong_is_told_where(write, old, new, key, said):
    assert old in FILE
    with pytest.raises(DataError) as caught:
        open_rules(write(FILE.replace(old, new, 1)))
    assert caught.value.key == key
    for lang in LANGUAGES:
        assert said in caught.value.message(lang)
        assert "club.toml" in caught.value.message(lang)


def test_a_rule_set_that_is_not_there_names_those_that_are():
    with pytest.raises(DataError, match="lifecycle"):
        open_rules("lifecycles")
    with pytest.raises(DataError, match=r"none\.toml"):
        open_rules("/nowhere/none.toml")


def test_the_rules_in_words(write):
    table = open_rules(write(), many=7).overview("zh")
    assert table["name"].tolist() == ["常客", "爱优惠的年轻人"]
    assert table["condition"].tolist()[0] == "订单数：不低于 7"
    money = PARTITION.replace("KIND", "money").replace("middle = 10", "middle = 1000")
    assert open_rules(write(money)).overview("en")["condition"][0] == "x: below CN¥10.00"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("at_least = 0.3", "at_least = nan"),
        ("at_least = 0.3", "at_least = inf"),
        ('column = "club"', "column = 5"),
        ('column = "club"', 'column = ""'),
        ('column = "club"', 'column = "club"\nseveral = "yes"'),
        ("low = 0", 'low = "none"'),
        ('codes = "age_range"', "codes = 5"),
        ('blank = { zh = "没有填写", en = "not given" }', "blank = true"),
    ],
)
def test_a_value_of_another_kind_is_refused_in_words(tmp_path, old, new):
    assert old in FILE
    path = tmp_path / "club.toml"
    path.write_text(FILE.replace(old, new), encoding="utf-8", newline="\n")
    with pytest.raises(DataError, match=r"club\.toml"):
        open_rules(path)


@pytest.mark.parametrize("rules", ["rules = []", 'rules = "all"', 'rules = ["all"]', "rules = [5]"])
def test_rules_that_are_none_are_refused_in_words(tmp_path, rules):
    path = tmp_path / "club.toml"
    head = f'zh = "示例"\nen = "example"\ncolumn = "club"\n{rules}\n[columns.orders]\nkind = "integer"\n'
    path.write_text(head, encoding="utf-8", newline="\n")
    with pytest.raises(DataError, match=r"club\.toml"):
        open_rules(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_parameter_is_a_finite_number(value):
    with pytest.raises(ParameterError, match="gaps"):
        open_rules("named", gaps=value)


def test_every_value_of_a_customer_stands_beside_what_is_asked_of_it(rules):
    often, bargain = rules.rules
    row = {"orders": 4, "age": "18-24", "discount_share": 0.2999}
    assert often.values(row, "zh") == "订单数：4（要求：不低于 5）"
    assert bargain.values(row, "en") == (
        "age: 18-24 (asked: 18-24 or 25-34); share of money at a discount: 29.99% (asked: at or above 30.0%)"
    )
    blank = bargain.values(row | {"age": None, "discount_share": float("nan")}, "en")
    assert blank == (
        "age: not given (asked: 18-24 or 25-34); "
        "share of money at a discount: too few orders (asked: at or above 30.0%)"
    )
    assert bargain.sentence(row, "en", "CNY").count("(asked") == 1


def test_tests_of_one_column_share_its_value_and_money_has_its_currency(write):
    text = PARTITION.replace("KIND", "money").replace("middle = 10", "middle = 1000").replace("end = 20", "end = 2050")
    inner = open_rules(write(text)).rules[1]
    assert inner.values({"x": 1500}, "en", "USD") == "x: $15.00 (asked: at or above $10.00, at or below $20.50)"
    assert inner.values({"x": 1500}, "zh") == "x：¥15.00（要求：不低于 ¥10.00，不高于 ¥20.50）"
