"""Why a customer has a type: one sentence, in Chinese and English, that agrees with the table and with the orders."""

import duckdb
import golden
import pandas as pd
import pytest
from golden import AS_OF
from kinds import KINDS, orders_explained, parquet

from crmlab import ParameterError, type_customers, word

every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def orders() -> pd.DataFrame:
    """The golden customers; a has a cancelled order, h an old one, z nothing but an old one and a credit note."""
    more = pd.DataFrame(
        [
            ("a", "a-x", "2026-06-17", 5.0, "cancelled"),
            ("h", "h-old", "2024-01-01", 9.0, "completed"),
            ("z", "z-old", "2024-01-01", 7.0, "completed"),
            ("z", "z-note", "2026-06-01", -7.0, "completed"),
        ],
        columns=["customer_id", "order_id", "order_date", "amount", "state"],
    )
    more["order_date"] = pd.to_datetime(more["order_date"])
    return pd.concat([golden.orders().assign(state="paid"), more], ignore_index=True)


@every_kind
def test_a_typed_customer(kind, orders, tmp_path):
    result = type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF, window=365, state="state")
    numbers = ["365", "2025-06-18", "2026-06-17", "10", "50.00", "R↓", "6.00", "F↑", "1,000.00", "550.00", "M↑", "20"]
    orders_named = ["a-0", "a-4", "a-x"]
    for lang, type_, side in (("zh", "重要维护客户", "不低于"), ("en", "key customers to maintain", "at or above")):
        sentence = result.explain("a", lang)
        for part in ("R↓F↑M↑", type_, side, word("reason.state.cancelled", lang), *numbers, *orders_named):
            assert part in sentence, sentence
        assert "a-5" not in sentence
        sentence = result.explain("h", lang)
        for part in ("R↑F↓M↑", word("type.0", lang), word("reason.before_window", lang), "h-old"):
            assert part in sentence, sentence


@every_kind
def test_a_customer_without_a_type(kind, orders, tmp_path):
    result = type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF, window=365, state="state")
    for lang in ("zh", "en"):
        sentence = result.explain("z", lang)
        for part in ("z-old", word("reason.before_window", lang), "z-note", word("reason.refund_only", lang)):
            assert part in sentence, sentence
        assert "F" not in sentence
    assert result.rows_left_out == {"state.cancelled": 1, "before_window": 2, "no_purchase": 1}


@every_kind
def test_the_evidence_adds_up_to_the_table(kind, orders, tmp_path):
    result = type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF, window=365, state="state")
    evidence = result.evidence("a")
    assert evidence.columns.tolist() == ["order", "day", "monetary", "lines", "left_out"]
    used = evidence[evidence["left_out"] == ""]
    assert (len(used), used["monetary"].sum(), used["lines"].sum()) == (10, 100_000, 20)
    assert (AS_OF - used["day"].max()).days == 10
    assert evidence.loc[evidence["left_out"] != "", ["order", "left_out"]].to_numpy().tolist() == [
        ["a-x", "state.cancelled"]
    ]


@pytest.mark.parametrize(("policy", "reason"), [("drop", "refunded"), ("ignore", "refund_line"), ("net", "")])
def test_refunds_in_the_evidence(policy, reason, small):
    more = small.iloc[[1]].assign(amount=-2.0)
    result = type_customers(pd.concat([small, more]), as_of=AS_OF, refunds=policy)
    reasons = set(result.evidence("a")["left_out"])
    assert reasons == {"", reason}
    assert orders_explained(result, "a") == (1 if policy == "drop" else 2)


@every_kind
def test_nobody_and_ids_of_another_type(kind, orders, tmp_path):
    result = type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF, state="state")
    for nobody in ("nobody", 5, None, ""):
        with pytest.raises(ParameterError) as caught:
            result.explain(nobody)
        assert caught.value.key == "no_customer"
        assert "customer_id" in caught.value.message("en")


def test_an_integer_id_is_not_its_text(small):
    result = type_customers(small.assign(customer_id=[1, 1, 2, 2, 3, 3]), as_of=AS_OF)
    with pytest.raises(ParameterError):
        result.explain("1")


def test_changed_data_are_not_explained_wrongly(small, tmp_path):
    result = type_customers(parquet(small, tmp_path), as_of=AS_OF, window=100)
    parquet(small.assign(amount=9.0), tmp_path)
    with pytest.raises(ParameterError) as caught:
        result.explain("a")
    assert caught.value.key == "orders_changed"
    parquet(small.assign(order_date=pd.Timestamp("2026-06-01")), tmp_path)
    with pytest.raises(ParameterError) as caught:
        result.explain("c")
    assert caught.value.key == "orders_changed"


def test_a_changed_table_in_duckdb(small):
    connection = duckdb.connect()
    connection.register("frame", small)
    connection.execute("CREATE TABLE orders AS FROM frame")
    result = type_customers(connection.table("orders"), as_of=AS_OF)
    connection.execute("INSERT INTO orders VALUES ('a', '7', '2026-06-02', 1)")
    with pytest.raises(ParameterError) as caught:
        result.explain("a")
    assert caught.value.key == "orders_changed"
    assert orders_explained(result, "b") == 2


def test_a_pandas_frame_changed_in_place_is_explained_as_it_was(small):
    result = type_customers(small, as_of=AS_OF)
    small.loc[:, "amount"] = 9.0
    assert "¥3.00" in result.explain("a", "en")


@pytest.mark.parametrize(("split", "parts"), [
    ("median", ["median 50.00", "median CN¥550.00"]),
    ("quantile", ["scored 3, above", "scored 3, at or above", "2.00"]),
    ({"recency_days": 30, "frequency": 3, "monetary": 5000}, ["30.00", "3.00", "¥50.00"]),
])  # fmt: skip
def test_other_splits_in_words(split, parts):
    sentence = type_customers(golden.orders(), as_of=AS_OF, split=split).explain("a", "en")
    assert all(part in sentence for part in parts), sentence


def test_a_threshold_is_never_shown_equal_to_the_value_below_it():
    customers = {f"c{number}": (1, 1, 1) for number in range(999)} | {"rich": (1, 1, 2)}
    result = type_customers(golden.orders(customers), as_of=AS_OF)
    assert "¥1.001," in result.explain("c5", "en")
    assert result.type_name("R↑F↑M↓", "en") in result.explain("c5", "en")
