"""One way of comparing answers: right ones get all however they are put, others less, and nothing raises."""

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some
from lessons import LESSONS

from crmlab.errors import DataError, ParameterError
from crmlab.grade.records import VERDICTS
from crmlab.questions.compare import compare
from crmlab.questions.concepts import concepts
from crmlab.questions.plain import decode, encode
from crmlab.questions.right import ANSWERS
from crmlab.questions.rules import KINDS, Late, Question, parse_rules, read_rules

NUMBER, TEXT, ESSAY = (Question("q1", kind, 2, 5) for kind in ("number", "text", "essay"))
CENTS = Question("q1", "number", 2, 5, decimals=2)
LIST = Question("q1", "list", 2, 5, partial=True)
SET = Question("q1", "list", 2, 5, partial=True, any_order=True)
STRICT = Question("q1", "list", 2, 5)
FEW = Question("q1", "list", 2, 5, partial=True, most=3)
TABLE = Question("q1", "table", 3, 5, partial=True, key=("customer",))
WHOLE_TABLE = Question("q1", "table", 3, 5, key=("customer",))
RIGHT = pd.DataFrame({"customer": ["a", "b"], "days": [3, 40], "share": [0.5, 1 / 3], "agreed": [True, False]})
DAYS = pd.DataFrame({"customer": ["a", "b"], "on": pd.to_datetime(["2026-06-01", None])})


@pytest.mark.parametrize(
    ("question", "value", "expected", "share", "verdict"),
    [
        (NUMBER, 12, 12, 1, "right"),
        (NUMBER, 12.0, 12, 1, "right"),
        (NUMBER, 12.0000001, 12, 0, "wrong"),
        (NUMBER, 0.1 + 0.2, 0.3, 1, "right"),
        (NUMBER, 0.30001, 0.3, 0, "wrong"),
        (NUMBER, float("nan"), 12, 0, "wrong"),
        (NUMBER, float("inf"), 12.5, 0, "wrong"),
        (NUMBER, True, 1, 0, "kind"),
        (NUMBER, "12", 12, 0, "kind"),
        (NUMBER, None, 12, 0, "kind"),
        (NUMBER, [12], 12, 0, "kind"),
        (NUMBER, " ", 12, 0, "blank"),
        (CENTS, 1432.4567, 1432.46, 1, "right"),
        (CENTS, 1432.47, 1432.46, 0, "wrong"),
        (CENTS, 0.004, 0.0, 1, "right"),
        (TEXT, " R↑F↓M↑ ", "R↑F↓M↑", 1, "right"),
        (TEXT, "Ｒ↑F↓M↑", "R↑F↓M↑", 1, "right"),
        (TEXT, "r↑F↓M↑", "R↑F↓M↑", 0, "wrong"),
        (TEXT, 1, "1", 0, "kind"),
        (TEXT, "", "R↑F↓M↑", 0, "blank"),
        (ESSAY, "words", None, None, "manual"),
        (ESSAY, " \n", None, 0, "blank"),
        (ESSAY, 3, None, 0, "kind"),
        (LIST, [1, 2, 3, 4], [1, 2, 3, 4], 1, "right"),
        (LIST, [1, 2, 4, 3], [1, 2, 3, 4], 0.5, "partly"),
        (LIST, [1, 2, 3], [1, 2, 3, 4], 0.75, "size"),
        (LIST, [0, 0, 0, 0], [1, 2, 3, 4], 0, "wrong"),
        (LIST, [1, "2"], [1, 2], 0.5, "partly"),
        (LIST, [1, True], [2, 1], 0, "wrong"),
        (LIST, "1, 2", [1, 2], 0, "kind"),
        (LIST, [[1, 2], None], [[1, 2.0], None], 1, "right"),
        (STRICT, [1, 2, 4, 3], [1, 2, 3, 4], 0, "wrong"),
        (STRICT, [1, 2, 3], [1, 2, 3, 4], 0, "size"),
        (SET, [4, 1, 3, 2], [1, 2, 3, 4], 1, "right"),
        (SET, [4, 4, 3, 2], [1, 2, 3, 4], 0.75, "partly"),
        (SET, [1, 2, 3, 4, 5], [1, 2, 3, 4], 0.8, "size"),
        (FEW, ["R", "F", "M"], concepts("metrics"), 1, "right"),
        (FEW, ["R", "F"], concepts("metrics"), 2 / 3, "partly"),
        (FEW, ["R", "F", "M", "age"], concepts("metrics"), 0, "size"),
        (FEW, ["R", "F", 3], concepts("metrics"), 0, "kind"),
        (FEW, "RFM", concepts("metrics"), 0, "kind"),
        (TABLE, RIGHT, RIGHT, 1, "right"),
        (TABLE, RIGHT.assign(note="x"), RIGHT, 1, "right"),
        (TABLE, RIGHT.rename(columns={"days": " days"}), RIGHT, 1, "right"),
        (TABLE, RIGHT.astype({"days": "float64"}), RIGHT, 1, "right"),
        (TABLE, RIGHT.astype({"days": "str"}), RIGHT, 2 / 3, "partly"),
        (TABLE, RIGHT.astype({"agreed": "int64"}), RIGHT, 2 / 3, "partly"),
        (TABLE, RIGHT.assign(days=[3, 41]), RIGHT, 2 / 3, "partly"),
        (TABLE, RIGHT.drop(columns="days"), RIGHT, 2 / 3, "columns"),
        (TABLE, RIGHT.drop(columns="customer"), RIGHT, 0, "columns"),
        (TABLE, RIGHT.iloc[:1], RIGHT, 0, "size"),
        (TABLE, RIGHT.assign(customer=["a", "a"]), RIGHT, 0, "wrong"),
        (TABLE, RIGHT.assign(customer=["a", "c"]), RIGHT, 0, "wrong"),
        (TABLE, RIGHT.to_dict("list"), RIGHT, 0, "kind"),
        (WHOLE_TABLE, RIGHT.iloc[::-1], RIGHT, 1, "right"),
        (WHOLE_TABLE, RIGHT.assign(days=[3, 41]), RIGHT, 0, "wrong"),
        (WHOLE_TABLE, RIGHT.drop(columns="days"), RIGHT, 0, "columns"),
        (TABLE, DAYS.assign(on=["2026-06-01", None]), DAYS, 1, "right"),
        (TABLE, DAYS.assign(on=["2026-06-01", "2026-06-02"]), DAYS, 0, "wrong"),
    ],
)
def test_share_and_verdict(question, value, expected, share, verdict):
    value = value if isinstance(value, dict) else decode(encode(value))
    found = compare(question, value, expected)
    assert found == (pytest.approx(share) if share is not None else None, verdict)


texts = some.text("aRF↑示 Ａ0", max_size=4)
wholes = some.integers(-9, 9)
scalars = some.one_of(some.none(), some.booleans(), wholes, some.floats(), texts)
lists = some.lists(some.one_of(scalars, some.lists(scalars, max_size=2)), max_size=5)
columns = some.one_of(*(some.lists(kind, min_size=4, max_size=4) for kind in (wholes, texts, some.booleans(), scalars)))


@some.composite
def tables(draw):
    """A table with a key that names its four rows, and one to three columns of anything."""
    keys = draw(some.lists(some.text("abc示", min_size=1, max_size=3), min_size=4, max_size=4, unique=True))
    others = draw(some.lists(columns, min_size=1, max_size=3))
    frame = pd.DataFrame({"customer": keys} | {f"c{place}": values for place, values in enumerate(others)})
    return decode(encode(frame))


QUESTIONS = [NUMBER, CENTS, TEXT, ESSAY, LIST, SET, STRICT, FEW, TABLE, WHOLE_TABLE]


@given(some.sampled_from(QUESTIONS), some.one_of(scalars, lists, tables()), some.data())
@settings(max_examples=300, deadline=None)
def test_nothing_that_is_plain_raises(question, value, data):
    """What is right has the kind of the question, what is answered is anything."""
    wanted = {"number": some.one_of(wholes, some.floats()), "text": texts, "list": lists, "table": tables()}
    expected = data.draw(wanted.get(question.kind, some.none()))
    share, verdict = compare(question, value, expected)
    assert verdict in VERDICTS
    assert (share is None) == (verdict == "manual")
    assert share is None or 0 <= share <= 1
    assert (share == 1) == (verdict == "right")


@given(tables(), some.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_a_right_table_is_right_however_it_lies(right, chance):
    shuffled = right.sample(frac=1, random_state=chance.randrange(2**32))
    shuffled = shuffled[chance.sample(list(right.columns), len(right.columns))]
    assert compare(WHOLE_TABLE, decode(encode(shuffled)), right) == (1, "right")


@given(tables(), some.integers(0, 3), some.data())
@settings(max_examples=120, deadline=None)
def test_a_changed_cell_costs_its_column_or_the_rows(right, row, data):
    column = data.draw(some.sampled_from(list(right.columns)))
    cells = [None if missing else cell for cell, missing in zip(right[column], right[column].isna(), strict=True)]
    assume(cells[row] != "changed")
    changed = right.assign(**{column: pd.Series([*cells[:row], "changed", *cells[row + 1 :]], dtype="object")})
    share, verdict = compare(TABLE, decode(encode(changed)), right)
    others = len(right.columns) - 1
    if column == "customer":
        assert (share, verdict) == (0, "wrong")
    elif isinstance(cells[row], str) or all(cell is None or isinstance(cell, str) for cell in cells):
        assert share == pytest.approx((others - 1) / others)
    else:
        assert share < 1


@given(some.lists(some.one_of(wholes, texts), min_size=1, max_size=6), some.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_a_set_is_right_in_any_order_and_a_list_in_its_own(items, chance):
    shuffled = chance.sample(items, len(items))
    plain = [text.strip() if isinstance(text, str) else text for text in items]
    assert compare(SET, shuffled, items) == (1, "right")
    moved = [text.strip() if isinstance(text, str) else text for text in shuffled]
    assume(plain != moved and "Ａ" not in "".join(map(str, items)))
    assert compare(LIST, shuffled, items)[0] < 1
    assert compare(SET, [*items[:-1], 99], items)[0] < 1


def test_the_right_answer_beside_a_large_wrong_one_is_quick():
    """A hostile table is given up by its size, a hostile list costs one look."""
    large = decode(encode(pd.DataFrame({"customer": range(40_000), "days": 1})))
    assert compare(TABLE, large, RIGHT) == (0, "size")
    assert compare(SET, [0] * 100_000, list(range(8)))[1] == "size"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_rules_stand_for_the_questions_of_their_lesson(lesson):
    rules = read_rules(lesson.stem)
    assert [question.name for question in rules.questions] == [cell.question for cell in lesson.questions]
    answered = {question.name for question in rules.questions if question.kind != "essay"}
    assert answered == set(ANSWERS[lesson.stem])


@pytest.mark.parametrize("lesson", ANSWERS)
def test_easy_questions_are_worth_less_than_work(lesson):
    questions = read_rules(lesson).questions
    assert all(1 <= question.points <= 5 and question.minutes <= 30 for question in questions)
    assert min(question.points for question in questions) < max(question.points for question in questions)


def test_points_are_lost_by_the_begun_day_up_to_the_most():
    assert [Late(15, 40).percent(days) for days in (-1, 0, 1, 2, 3, 9)] == [0, 0, 15, 30, 40, 40]
    assert read_rules("02_segment").late.percent(1) > 0


LATE = "[late]\npercent_per_day = 10\nmost = 50\n"
Q1 = '[q1]\nkind = "number"\npoints = 1\nminutes = 2\n'


def test_rules_as_written_are_the_rules_that_hold():
    text = f'{LATE}{Q1}decimals = 2\n[q2]\nkind = "table"\npoints = 3\nminutes = 5\nkey = ["a", "b"]\npartial = true\n'
    rules = parse_rules(text, "02_segment")
    assert (rules.points, rules.late) == (4, Late(10, 50))
    assert rules["q1"] == Question("q1", "number", 1, 2, decimals=2)
    assert rules["q2"] == Question("q2", "table", 3, 5, partial=True, key=("a", "b"))
    with pytest.raises(ParameterError, match="q3"):
        rules["q3"]


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("[late", "grading_toml", "02_segment.toml"),
        (LATE, "grading_no_question", "02_segment.toml"),
        (Q1, "grading_fields", "[late]"),
        (f"[late]\npercent_per_day = 10\n{Q1}", "grading_fields", "[late]"),
        (f"[late]\npercent_per_day = 101\nmost = 50\n{Q1}", "grading_value", "percent_per_day"),
        (f"[late]\npercent_per_day = true\nmost = 50\n{Q1}", "grading_value", "percent_per_day"),
        (f"{LATE}[q1]\nkind = 'code'\npoints = 1\nminutes = 2", "grading_kind", "[q1]"),
        (f"q1 = 3\n{LATE}", "grading_kind", "[q1]"),
        (f"{LATE}[q1]\nkind = 'text'\npoints = 1", "grading_fields", "minutes"),
        (f"{LATE}[q1]\nkind = 'table'\npoints = 1\nminutes = 2", "grading_fields", "key"),
        (f"{LATE}{Q1}partial = true", "grading_fields", "[q1]"),
        (f"{LATE}{Q1}tolerance = 1.5", "grading_value", "tolerance"),
        (f"{LATE}{Q1}tolerance = 0", "grading_value", "tolerance"),
        (f"{LATE}{Q1}decimals = -1", "grading_value", "decimals"),
        (f"{LATE}[q1]\nkind = 'text'\npoints = 0\nminutes = 2", "grading_value", "points"),
        (f"{LATE}[q1]\nkind = 'text'\npoints = 1.5\nminutes = 2", "grading_value", "points"),
        (f"{LATE}[q1]\nkind = 'table'\npoints = 1\nminutes = 2\nkey = []", "grading_value", "key"),
        (f"{LATE}[q1]\nkind = 'table'\npoints = 1\nminutes = 2\nkey = [1]", "grading_value", "key"),
    ],
)
def test_faulty_rules_are_told_in_plain_words(text, key, says):
    with pytest.raises(DataError) as told:
        parse_rules(text, "02_segment")
    assert told.value.key == key
    assert all(says in told.value.message(lang) for lang in ("zh", "en"))


def test_a_lesson_without_rules_is_named():
    with pytest.raises(ParameterError, match="02_segment"):
        read_rules("99_else")
    with pytest.raises(ParameterError):
        read_rules("../rules/02_segment")


def test_every_kind_is_compared():
    assert {question.kind for question in QUESTIONS} == set(KINDS)
