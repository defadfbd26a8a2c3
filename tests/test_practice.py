"""Checks say at once whether an answer is right, and never show the right value."""

from types import SimpleNamespace

import pandas as pd
import pytest

from crmlab import check_settings, open_data
from crmlab.course.answers import ANSWERS
from crmlab.course.concepts import concepts
from crmlab.course.practice import practice
from crmlab.errors import ParameterError
from crmlab.words import has_word


@pytest.fixture(scope="module")
def shop():
    return open_data(check_settings(data="teaching"))


@pytest.fixture
def pair(monkeypatch):
    def ask(expected, lang="en"):
        monkeypatch.setitem(ANSWERS, "00_start", {"q1": lambda shop, settings: expected})
        return practice("00_start", None, SimpleNamespace(lang=lang))

    return ask


@pytest.mark.parametrize(
    ("expected", "right", "wrong"),
    [
        (12, [12, 12.0], [13, "12", True, None, [12], float("nan")]),
        (2.5, [2.5, 2.5000001], [2.51, "2.5"]),
        ("R↓F↑M↑", ["R↓F↑M↑", " R↓F↑M↑ "], ["R↑F↑M↑", 1]),
        ([1, 2], [[1, 2], (1, 2)], [[2, 1], [1], 3, "12"]),
        (
            concepts("metrics"),
            [["R", "F", "M"], ("最近一次购买", "Ｆ", " Money ", "age")],
            [["R", "F"], ["R", "F", "money?"], "RFM", 3, ["R", "F", 3]],
        ),
        (
            pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
            [pd.DataFrame({"a": [2, 1], "b": ["y", "x"]})],
            [
                pd.DataFrame({"a": [1, 2], "b": ["x", "z"]}),
                pd.DataFrame({"a": [1], "b": ["x"]}),
                [1, 2],
                pd.DataFrame({"b": [1]}),
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


def test_a_blank_is_not_an_answer(pair):
    answer, check = pair(12)
    assert not check("q1").passed
    answer("q1", ...)
    assert "not answered" in repr(check("q1"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_check_shows_the_right_value(shop, lang):
    for lesson, questions in ANSWERS.items():
        settings = check_settings(lang=lang, window=365)
        answer, check = practice(lesson, shop, settings)
        for name, expected in questions.items():
            right = expected(shop, settings)
            for wrong in ("?", -1, [-1] * 8, [], pd.DataFrame()):
                answer(name, wrong)
                shown = check(name)
                assert not shown.passed, (lesson, name, wrong)
                assert str(right) not in shown.text.removeprefix(name), (lesson, name)


def test_every_question_has_a_hint():
    assert all(has_word(f"hint.{lesson}.{name}") for lesson, names in ANSWERS.items() for name in names)


def test_an_unknown_question_is_named(pair):
    answer, check = pair(1)
    for ask in (lambda: answer("q9", 1), lambda: check("q9")):
        with pytest.raises(ParameterError, match="q9"):
            ask()
