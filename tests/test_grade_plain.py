"""Answers as plain data: there and back, and nothing else ever comes back."""

import datetime as dt
import json
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from crmlab.questions.plain import ITEMS, TEXT, TYPES, WHOLE, NotPlainError, decode, encode, readable

WHOLES = st.integers(-WHOLE, WHOLE - 1)
SCALARS = st.one_of(st.none(), st.booleans(), WHOLES, st.floats(), st.text())
LISTS = st.lists(SCALARS | st.lists(SCALARS | st.lists(SCALARS, max_size=3), max_size=3), max_size=5)
CELLS = {
    "int64": WHOLES,
    "Int64": st.none() | WHOLES,
    "float64": st.floats(),
    "bool": st.booleans(),
    "boolean": st.none() | st.booleans(),
    "str": st.none() | st.text(),
    "datetime64[us]": st.none() | st.datetimes(),
}


@st.composite
def tables(draw) -> pd.DataFrame:
    names = draw(st.lists(st.text(max_size=5), max_size=4, unique=True))
    rows = draw(st.integers(0, 5)) if names else 0
    columns = {}
    for name in names:
        dtype = draw(st.sampled_from(sorted(CELLS)))
        values = draw(st.lists(CELLS[dtype], min_size=rows, max_size=rows))
        columns[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["plain", "table", "float", "name", "type", "values", "x"]), inner, max_size=3
        )
    ),
    max_leaves=15,
)
COLUMN = st.fixed_dictionaries(
    {
        "name": st.text(max_size=3) | JSON,
        "type": st.sampled_from(TYPES) | JSON,
        "values": st.lists(JSON | st.sampled_from(["2026-01-01", "inf", "2026-01-01T00:00+01:00"]), max_size=3) | JSON,
    }
)


def through(value):
    """What arrives: encoded, sent as JSON and decoded."""
    return decode(json.loads(json.dumps(encode(value))))


def same(one, other) -> bool:
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    return type(one) is type(other) and one == other and str(one) == str(other)


@given(SCALARS | LISTS)
def test_numbers_texts_and_lists_arrive_as_they_were(value):
    assert same(value, through(value))


@given(tables())
@settings(deadline=None)
def test_tables_arrive_as_they_were(table):
    there = through(table)
    plainer = {"Int64": "int64", "boolean": "bool"}
    whole = {name: str(dtype) for name, dtype in table.dtypes.items() if table[name].notna().all()}
    expected = table.astype({name: plainer[dtype] for name, dtype in whole.items() if dtype in plainer})
    expected.columns = expected.columns.astype("object")
    there.columns = there.columns.astype("object")
    assert_frame_equal(there, expected, check_index_type=False, check_column_type=False)


def in_plain(value) -> dict:
    return {"plain": value}


def in_table(columns) -> dict:
    return {"plain": {"table": columns}}


@given(JSON | st.builds(in_plain, JSON) | st.builds(in_table, st.lists(COLUMN, max_size=3)))
@settings(deadline=None)
def test_whatever_arrives_only_plain_types_come_out(found):
    try:
        value = decode(found)
    except NotPlainError:
        return
    if isinstance(value, pd.DataFrame):
        dtypes = {"int64", "Int64", "float64", "str", "bool", "boolean", "datetime64[us]"}
        assert {str(dtype) for dtype in value.dtypes} <= dtypes
        assert value.columns.is_unique
        return
    waiting = [value]
    while waiting:
        one = waiting.pop()
        assert type(one) in (type(None), bool, int, float, str, list)
        waiting += one if isinstance(one, list) else []


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (pd.NA, None),
        (pd.NaT, None),
        (Decimal("12.5"), 12.5),
        (Fraction(1, 4), 0.25),
        (math.inf, math.inf),
        (pd.Series([1, 2], index=["b", "a"]), [1, 2]),
        (pd.Series(["x", None]), ["x", None]),
        (pd.Series([1.5, None]), [1.5, None]),
        (pd.Index(["x", "y"]), ["x", "y"]),
        (pd.array([1, None], dtype="Int64"), [1, None]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array(7), 7),
        (np.array(["2026-06-18"], dtype="M8[ns]"), ["2026-06-18"]),
        ((1, "a"), [1, "a"]),
        (range(3), [0, 1, 2]),
        ({"b", "a"}, ["a", "b"]),
        (frozenset({2, 1}), [1, 2]),
        (dt.date(2026, 6, 18), "2026-06-18"),
        (pd.Timestamp("2026-06-18"), "2026-06-18"),
        (dt.datetime(2026, 6, 18, 20, 30), "2026-06-18T20:30:00"),
        (pd.Timestamp("2026-06-18", tz="Asia/Shanghai"), "2026-06-18T00:00:00+08:00"),
        (np.datetime64("2026-06-18"), "2026-06-18"),
        (pd.Period("2026-06", freq="M"), "2026-06"),
    ],
)
def test_what_students_write_instead_becomes_plain(value, plain):
    assert same(through(value), plain)


def test_columns_of_other_dtypes_become_the_five():
    table = pd.DataFrame(
        {
            "category": pd.Categorical(["a", "b"]),
            "money": [Decimal("1.5"), None],
            "day": [dt.date(2026, 6, 18), None],
            "mixed": [1, "x"],
            "yes": pd.Series([True, None], dtype="object"),
            "whole": pd.Series([1, 2], dtype="object"),
            7: pd.period_range("2026-05", periods=2, freq="M"),
            "zoned": pd.to_datetime(["2026-06-18", "2026-06-19"], utc=True),
        }
    )
    there = through(table.set_axis(["u", "v"]))
    assert there.columns.tolist() == ["category", "money", "day", "mixed", "yes", "whole", "7", "zoned"]
    dtypes = ["str", "float64", "datetime64[us]", "str", "boolean", "int64", "str", "str"]
    assert [str(dtype) for dtype in there.dtypes] == dtypes
    assert there["mixed"].tolist() == ["1", "x"]
    assert there["day"].tolist() == [pd.Timestamp("2026-06-18"), pd.NaT]
    assert there.index.tolist() == [0, 1]


def table_of(*columns: tuple) -> dict:
    return in_table([dict(zip(("name", "type", "values"), column, strict=True)) for column in columns])


class Liar(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__

    def __int__(self):
        return 42

    def __str__(self):
        return "42"


class Frame(pd.DataFrame):
    def __eq__(self, other):
        return True


class Text(str):
    def __str__(self):
        return "right"


def test_subclasses_are_reduced_to_what_they_are():
    assert same(through(Liar(7)), 7)
    assert same(through([Text("wrong")]), ["wrong"])
    there = through(Frame({"a": [Text("wrong")]}))
    assert type(there) is pd.DataFrame
    assert there["a"].tolist() == ["wrong"]


@pytest.mark.parametrize(
    ("value", "fault", "what"),
    [
        ({"a": 1}, "not_plain", "dict"),
        (print, "not_plain", "builtin_function_or_method"),
        (b"bytes", "not_plain", "bytes"),
        (1j, "not_plain", "complex"),
        (pd.Timedelta(days=1), "not_plain", "Timedelta"),
        ([[[[1]]]], "not_plain", "list in lists"),
        ({1, "a"}, "not_plain", "set"),
        ([pd.DataFrame()], "not_plain", "DataFrame"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "not_plain", "table with a twice"),
        (pd.DataFrame({"a": [[1]]}), "not_plain", "list"),
        (2**63, "too_large", "int"),
        ("x" * (TEXT + 1), "too_large", "text"),
        ([0] * (ITEMS + 1), "too_large", "list"),
        ([[0] * (ITEMS // 2)] * 3, "too_large", "list"),
        (["x" * TEXT] * 100, "too_large", "text"),
        (pd.DataFrame(np.zeros((100_001, 2))), "too_large", "table"),
        (pd.DataFrame(np.zeros((0, 200_001))), "too_large", "table"),
    ],
)
def test_the_rest_is_named(value, fault, what):
    with pytest.raises(NotPlainError) as caught:
        encode(value)
    assert (caught.value.fault, caught.value.what) == (fault, what)


def test_a_list_that_holds_itself_ends():
    value = []
    value.append(value)
    with pytest.raises(NotPlainError):
        encode(value)


@pytest.mark.parametrize(
    "found",
    [
        {"plain": 2**63},
        {"plain": 10**4000},
        {"plain": "x" * (TEXT + 1)},
        {"plain": [0] * (ITEMS + 1)},
        {"plain": [[[[0]]]]},
        {"plain": {"float": "1"}},
        {"plain": 1, "more": 2},
        table_of(("a", "int", [1]), ("a", "int", [1])),
        table_of(("a", "int", [1]), ("b", "int", [])),
        table_of(("a", "int", [True])),
        table_of(("a", "int", [2**63])),
        table_of(("a", "float", [1])),
        table_of(("a", "float", ["1"])),
        table_of(("a", "date", ["2026-06-18T00:00:00+08:00"])),
        table_of(("a", "date", ["yesterday"])),
        table_of(("a", "object", [1])),
        table_of(("a", "int", [0] * 200_001)),
        in_table([{"name": str(n), "type": "int", "values": []} for n in range(200_001)]),
    ],
)
def test_hostile_messages_are_refused(found):
    with pytest.raises(NotPlainError):
        decode(found)


def test_half_characters_are_replaced():
    there = decode({"plain": ["\ud800", "\ud83d\ude00"]})
    assert there == ["\ufffd", "\U0001f600"]
    assert readable("茶") == "茶"
