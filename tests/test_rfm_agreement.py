"""The fast rule against the slow one in reference.py: thousands of random customers, and what hypothesis thinks of."""

import datetime as dt
import re

import pytest
import reference
from golden import AS_OF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kinds import KINDS, as_pandas

from crmlab import DataError, type_customers

WAYS = {
    "mean": {"window": 365},
    "drop": {"window": 365, "refunds": "drop", "population": "history", "split": "quantile"},
    "ignore": {"refunds": "ignore", "split": "median"},
}


def rows(result) -> list[tuple]:
    return list(as_pandas(result.table).itertuples(index=False, name=None))


def agree(result, expected, lines) -> None:
    assert rows(result) == expected.rows()
    assert result.rows_used == expected.used
    assert result.rows_left_out == {reason: count for reason, count in expected.left_out.items() if count}
    assert result.rows_in == len(lines) == result.rows_used + sum(result.rows_left_out.values())
    assert result.orders_used == sum(frequency for _, frequency, _ in expected.values.values())


@pytest.fixture(scope="module")
def random_lines():
    return reference.random_lines(3000, seed=20260617, as_of=AS_OF)


@pytest.fixture(scope="module")
def expected(random_lines):
    return {name: reference.reference(random_lines, AS_OF, **way) for name, way in WAYS.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_every_kind_agrees_to_the_last_customer(kind, way, random_lines, expected, tmp_path):
    orders = KINDS[kind](reference.frame(random_lines), tmp_path)
    result = type_customers(orders, as_of=AS_OF, state="state", refund="refund", refund_date="refund_day", **WAYS[way])
    agree(result, expected[way], random_lines)
    assert len({row[-1] for row in rows(result)}) == 7


def test_the_random_lines_hold_what_can_go_wrong(random_lines, expected):
    assert any(line["amount"] < 0 for line in random_lines)
    assert any(line["amount"] == 0 for line in random_lines)
    assert any(line["refund_day"] and line["refund_day"] > AS_OF for line in random_lines)
    reasons = {"state.cancelled", "state.unpaid", "before_window", "refunded", "no_purchase"}
    assert reasons <= {reason for found in expected.values() for reason, count in found.left_out.items() if count}


DAYS = st.integers(0, 40).map(lambda age: AS_OF - dt.timedelta(days=age))
LINES = st.lists(
    st.fixed_dictionaries(
        {
            "customer": st.sampled_from(["a", "b", "c", "d"]),
            "order": st.sampled_from(["1", "2", "3"]),
            "day": DAYS,
            "amount": st.sampled_from([-5.0, -0.01, 0.0, 0.01, 0.1, 5.0, 5.0, 999999.99]),
            "state": st.sampled_from(["paid", "paid", "completed", "cancelled"]),
            "refund": st.sampled_from([None, 0.0, 0.01, 5.0]),
            "refund_day": st.one_of(st.none(), st.integers(-20, 20).map(lambda age: AS_OF - dt.timedelta(days=age))),
        }
    ),
    min_size=1,
    max_size=25,
)
SPLITS = st.sampled_from(["mean", "median", "quantile", {"recency_days": 9, "frequency": 2, "monetary": 500}])
WINDOWS = st.sampled_from([None, 1, 14, 30])
many = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
few = settings(many, max_examples=20)


def typed(lines: list[dict], kind: str = "pandas", **way):
    """The result, or None where there is no valid order. A pandas frame is worked on by DuckDB, a polars frame by
    polars, in a quarter of the time: where two results are compared, one is of each."""
    columns = {"state": "state", "refund": "refund", "refund_date": "refund_day"}
    orders = reference.frame(lines).astype({"refund": "float64", "refund_day": "datetime64[us]"})
    orders = KINDS[kind](orders, None)
    try:
        return type_customers(orders, as_of=AS_OF, order_scope="customer", **columns, **way)
    except DataError as error:
        if error.key != "no_valid_order":
            raise
        return None


@many
@given(
    lines=LINES, split=SPLITS, window=WINDOWS, kind=st.sampled_from(["polars", "pandas"]),
    refunds=st.sampled_from(["net", "drop", "ignore"]), population=st.sampled_from(["window", "history"]),
)  # fmt: skip
def test_any_orders_agree_with_the_reference(lines, split, window, kind, refunds, population):
    way = {"split": split, "window": window, "refunds": refunds, "population": population}
    expected = reference.reference(lines, AS_OF, **way)
    result = typed(lines, kind, **way)
    if result is None:
        assert not expected.values
    else:
        agree(result, expected, lines)


@few
@given(lines=LINES, split=SPLITS, window=WINDOWS, seed=st.randoms(use_true_random=False))
def test_shuffled_rows_change_nothing(lines, split, window, seed):
    shuffled = lines.copy()
    seed.shuffle(shuffled)
    result, again = typed(lines, split=split, window=window), typed(shuffled, "polars", split=split, window=window)
    assert (result is None) == (again is None)
    assert result is None or rows(result) == rows(again)


@few
@given(lines=LINES, split=st.sampled_from(["mean", "median", "quantile"]))
def test_amounts_times_100_change_money_and_no_mark(lines, split):
    larger = [line | {"amount": line["amount"] * 100, "refund": (line["refund"] or 0) * 100} for line in lines]
    result, again = typed(lines, split=split), typed(larger, "polars", split=split)
    assert (result is None) == (again is None)
    if result is None:
        return
    marks = ["customer_id", "recency_days", "frequency", "r_mark", "f_mark", "m_mark", "type"]
    table = as_pandas(again.table)
    assert result.table[marks].values.tolist() == table[marks].values.tolist()
    assert (table["monetary"] == result.table["monetary"] * 100).all()


@few
@given(lines=LINES, split=SPLITS)
def test_the_same_customers_again_under_other_ids_change_no_type(lines, split):
    twins = [line | {"customer": f"{line['customer']}'"} for line in lines]
    result, both = typed(lines, split="mean"), typed(lines + twins, "polars", split="mean")
    if result is not None:
        types = dict(zip(both.table["customer_id"], both.table["type"], strict=True))
        assert all(types[customer] == types[f"{customer}'"] for customer in result.table["customer_id"])
        assert result.table["type"].tolist() == [types[customer] for customer in result.table["customer_id"]]
    both = typed(lines + twins, "polars", split=split)
    if both is not None:
        found = {}
        for row in rows(both):
            assert found.setdefault(row[1:4], row[4:]) == row[4:]


@few
@given(lines=LINES, split=SPLITS, window=WINDOWS, kind=st.sampled_from(["polars", "pandas"]))
def test_the_explanation_agrees_with_the_table(lines, split, window, kind):
    result = typed(lines, kind, split=split, window=window)
    if result is None:
        return
    table = as_pandas(result.table).set_index("customer_id")
    customers = set(table.index)
    for customer in {line["customer"] for line in lines}:
        for lang in ("zh", "en"):
            sentence = result.explain(customer, lang)
            assert bool(re.search("R[↑↓]F[↑↓]M[↑↓]", sentence)) is (customer in customers)
        used = result.evidence(customer).query("left_out in ['', 'refund_only']")
        if customer in customers:
            row = table.loc[customer]
            assert used["monetary"].sum() == row["monetary"]
