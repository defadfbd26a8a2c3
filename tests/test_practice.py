"""Checks say at once whether an answer is right, and never show the right value."""

import subprocess
import sys
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crmlab import check_settings, type_customers
from crmlab.course.practice import practice
from crmlab.errors import ParameterError
from crmlab.patterns import purchase_lines
from crmlab.questions.compare import compare, right_answer
from crmlab.questions.concepts import Concepts, concepts
from crmlab.questions.plain import decode, encode
from crmlab.questions.right import ANSWERS
from crmlab.questions.rules import Late, Question, Rules, read_rules
from crmlab.words import has_word

KINDS = {int: "number", float: "number", str: "text", list: "list", Concepts: "list", pd.DataFrame: "table"}


@pytest.fixture
def pair(monkeypatch):
    """`answer` and `check` of a lesson with one question, whose right answer is given."""

    def ask(expected, lang="en", **rule):
        kind = KINDS[type(expected)]
        rule |= {"key": ("b",)} if kind == "table" else {"most": 4} if isinstance(expected, Concepts) else {}
        question = Question("q1", kind, 1, 1, **rule)
        monkeypatch.setitem(ANSWERS, "00_start", {"q1": lambda shop, settings: expected})
        monkeypatch.setattr("crmlab.course.practice.read_rules", lambda lesson: Rules(lesson, (question,), Late(0, 0)))
        return practice("00_start", None, SimpleNamespace(lang=lang))

    return ask


TABLE = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


@pytest.mark.parametrize(
    ("expected", "right", "wrong"),
    [
        (12, [12, 12.0, np.int32(12), Decimal(12)], [13, "12", True, None, [12], float("nan"), 12.01, 2**70]),
        (2.5, [2.5, 2.5000001, np.float32(2.5)], [2.51, "2.5"]),
        ("R↓F↑M↑", ["R↓F↑M↑", " R↓F↑M↑ "], ["R↑F↑M↑", 1, ""]),
        ([1, 2], [[1, 2], (1, 2), pd.Series([1, 2]), np.array([1, 2])], [[2, 1], [1], 3, "12"]),
        (
            concepts("metrics"),
            [["R", "F", "M"], ("最近一次购买", "Ｆ", " Money ", "age"), {"R", "F", "M"}],
            [["R", "F"], ["R", "F", "money?"], "RFM", 3, ["R", "F", 3], ["R", "F", "M", "age", "city"]],
        ),
        (
            TABLE,
            [TABLE.iloc[::-1], TABLE[["b", "a"]], TABLE.assign(c=1.5), TABLE.set_index("b").reset_index()],
            [
                TABLE.assign(b=["x", "z"]),
                TABLE.iloc[:1],
                [1, 2],
                TABLE[["b"]],
                TABLE.set_index("b"),
                TABLE.sum,
                ANSWERS,
            ],
        ),
    ],
)
def test_right_answers_pass_and_wrong_ones_do_not(pair, expected, right, wrong):
    answer, check = pair(expected)
    for value in right:
        answer("q1", value)
        assert check("q1").passed, value
    for value in wrong:
        answer("q1", value)
        assert not check("q1").passed, value


@pytest.mark.parametrize(
    ("expected", "rule", "value", "says"),
    [
        (12, {}, "12", "a number is asked for"),
        ([7, 8], {}, [7], "a list of 2 items"),
        ([7, 8], {"partial": True}, [7, 9], "some of it is right"),
        (concepts("metrics"), {}, "R, F, M", "a list of texts with at most 4 items"),
        (TABLE, {}, TABLE.iloc[:1], "a table of 2 rows with the columns a, b"),
        (TABLE, {}, TABLE[["b"]], "columns are missing; a table of 2 rows with the columns a, b"),
        (TABLE, {}, TABLE.plot, "cannot be an answer; a table of 2 rows"),
        (TABLE, {}, pd.DataFrame({"b": range(200_001)}), "too large"),
        ("R", {}, "F", "not yet"),
    ],
)
def test_a_check_tells_which_form_is_asked_for(pair, expected, rule, value, says):
    answer, check = pair(expected, **rule)
    answer("q1", value)
    assert says in check("q1").text
    assert not check("q1").passed


def test_an_essay_is_noted_for_the_teacher(shop):
    answer, check = practice("02_segment", shop, check_settings(lang="en", window=365))
    answer("q12", "Those who come often, since they bring most of the money.")
    assert check("q12").passed
    assert "your instructor reads it" in check("q12").text
    answer("q12", 12)
    assert not check("q12").passed
    assert "a text is asked for" in check("q12").text


def test_a_check_grades_as_the_class_is_graded(pair, monkeypatch):
    """`check` has no way of comparing of its own."""
    answer, check = pair(12)
    answer("q1", 13)
    monkeypatch.setattr("crmlab.course.practice.compare", lambda question, value, expected: (1.0, "right"))
    assert check("q1").passed


def test_a_blank_is_not_an_answer(pair):
    answer, check = pair(12)
    assert not check("q1").passed
    answer("q1", ...)
    assert "not answered" in repr(check("q1"))


@pytest.fixture(scope="module")
def right(shop):
    """What is right for every question on the teaching data."""
    settings = check_settings(lang="en", window=365, policy="activate")
    return {
        (lesson, name): right_answer(lesson, name, shop, settings) for lesson in ANSWERS for name in ANSWERS[lesson]
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_check_shows_the_right_value(right, lang, monkeypatch):
    monkeypatch.setattr("crmlab.course.practice.right_answer", lambda lesson, name, *_: right[lesson, name])
    for (lesson, name), expected in right.items():
        answer, check = practice(lesson, None, SimpleNamespace(lang=lang))
        for wrong in ("?", -1, [-1] * 8, [], pd.DataFrame()):
            answer(name, wrong)
            shown = check(name)
            assert not shown.passed, (lesson, name, wrong)
            assert str(expected) not in shown.text.removeprefix(name), (lesson, name)


@pytest.mark.parametrize("lesson", ANSWERS)
def test_what_is_right_fits_its_rule(right, lesson):
    """A rule whose kind or key does not fit the answer would let nobody pass."""
    for question in read_rules(lesson).questions:
        expected = right.get((lesson, question.name))
        if isinstance(expected, Concepts):
            expected = [min(ways) for ways in expected.synonyms]
        if expected is not None:
            assert compare(question, expected, right[lesson, question.name]) == (1, "right"), question


@pytest.fixture(scope="module")
def by_hand(shop):
    """R, F and M as question 3 of lesson 02 asks for them, and the order lines of each customer."""
    typed = type_customers(shop.orders, as_of=shop.as_of, window=365, currency=shop.currency, **shop.columns)
    lines = purchase_lines(shop.orders, typed, **shop.goods_columns).lines.collect().to_pandas()
    lines = lines.assign(day=pd.to_datetime(lines["day"])).groupby("customer")
    table = pd.DataFrame({
        "recency_days": (pd.Timestamp(shop.as_of) - lines["day"].max()).dt.days,
        "frequency": lines["order"].nunique(),
        "monetary": lines["money"].sum(),
    })  # fmt: skip
    return table, lines


def earned(right, name, table):
    question = read_rules("02_segment")[name]
    share, _ = compare(question, decode(encode(table.reset_index())), right["02_segment", name])
    return question.points, share * question.points


@pytest.mark.parametrize("wrong", ["rows as orders", "mean per order", "today as reference date"])
def test_a_wrong_indicator_costs_its_point_and_no_other(right, by_hand, wrong):
    table, lines = by_hand
    columns = {
        "rows as orders": {"frequency": lines.size()},
        "mean per order": {"monetary": table["monetary"] / table["frequency"]},
        "today as reference date": {"recency_days": table["recency_days"] + 158},
    }
    assert earned(right, "q3", table) == (3, 3)
    assert earned(right, "q3", table.assign(**columns[wrong])) == (3, pytest.approx(2))


def test_wrong_marks_cost_all_points_of_the_marks(right, by_hand):
    table, _ = by_hand
    up = table * len(table) >= table.sum()
    reversed_r = up.assign(recency_days=~up["recency_days"])

    def marks(up):
        arrows = up.replace({True: "↑", False: "↓"})
        return pd.DataFrame(
            {"marks": "R" + arrows["recency_days"] + "F" + arrows["frequency"] + "M" + arrows["monetary"]}
        )

    assert earned(right, "q4", marks(up)) == (3, 3)
    assert earned(right, "q4", marks(reversed_r)) == (3, 0)
    assert earned(right, "q4", marks(up).iloc[1:]) == (3, 0)


def test_strictly_above_the_median_is_not_at_or_above_it(right, by_hand):
    table, _ = by_hand
    question = read_rules("02_segment")["q5"]
    assert compare(question, counts(table >= table.median()), right["02_segment", "q5"]) == (1, "right")
    assert compare(question, counts(table > table.median()), right["02_segment", "q5"])[0] < 0.5


def counts(up):
    """Customers in each of the eight combinations, in the order of the summary."""
    order = ["↓↑↑", "↓↓↑", "↓↑↓", "↑↑↑", "↑↑↓", "↑↓↓", "↓↓↓", "↑↓↑"]
    arrows = up.replace({True: "↑", False: "↓"}).agg("".join, axis=1)
    return [int((arrows == one).sum()) for one in order]


def test_every_question_has_a_hint():
    lacking = [
        (lesson, question.name)
        for lesson in ANSWERS
        for question in read_rules(lesson).questions
        if not has_word(f"hint.{lesson}.{question.name}")
    ]
    assert lacking == []


def test_practice_loads_no_answers_before_it_is_asked():
    """A graded run puts another practice in its place and hides the answers."""
    code = "import sys, crmlab.course.practice; print('crmlab.questions.right' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


def test_an_unknown_question_is_named(pair):
    answer, check = pair(1)
    for ask in (lambda: answer("q9", 1), lambda: check("q9")):
        with pytest.raises(ParameterError, match="q9"):
            ask()
