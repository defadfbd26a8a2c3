"""Why a customer has a type: one sentence, in Chinese and English, that agrees with the table and with the orders."""

import duckdb
import golden
import pandas as pd
import pytest
from golden import AS_OF
from kinds import KINDS, parquet

from crmlab import ParameterError, type_customers

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
    assert result.explain("a", "en") == (
        "Customer a is type 1 key customers to maintain (R↓F↑M↑): reference date 2026-06-17, window of 365 days "
        "(2025-06-18 to 2026-06-17); last purchase 10 days ago, below the mean 50.00, marked R↓; 10 orders, at or above "
        "the mean 6.00, marked F↑; net spend CN¥1,000.00, at or above the mean CN¥550.00, marked M↑; orders used: 10 "
        "(a-0, a-1, a-2, a-3, a-4 and 5 more), 20 lines; orders left out: cancelled 1 (a-x)."
    )
    assert result.explain("a") == (
        "客户 a 是第 1 类 重要维护客户（R↓F↑M↑）：参考日 2026-06-17，窗口 365 天（2025-06-18 至 2026-06-17）；"
        "距上次购买 10 天，低于平均值 50.00，记 R↓；订单 10 笔，不低于平均值 6.00，记 F↑；"
        "净消费 ¥1,000.00，不低于平均值 ¥550.00，记 M↑；"
        "计入的订单：10 笔（a-0、a-1、a-2、a-3、a-4 等，另有 5 笔），20 行；未计入的订单：已取消 1 笔（a-x）。"
    )
    sentence = result.explain("h", "en")
    assert "unnamed (R↑F↓M↑)" in sentence
    assert "before the window 1 (h-old)" in sentence


@every_kind
def test_a_customer_without_a_type(kind, orders, tmp_path):
    result = type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF, window=365, state="state")
    sentence = result.explain("z", "en")
    assert "has no type" in sentence
    assert "before the window 1 (z-old)" in sentence
    assert "only a refund and no purchase 1 (z-note)" in sentence
    assert "没有类型" in result.explain("z", "zh")
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
    assert "a 是" in result.explain("a")


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
    assert "2 orders" in result.explain("b", "en")


def test_a_pandas_frame_changed_in_place_is_explained_as_it_was(small):
    result = type_customers(small, as_of=AS_OF)
    small.loc[:, "amount"] = 9.0
    assert "CN¥3.00" in result.explain("a", "en")


@pytest.mark.parametrize(("split", "parts"), [
    ("median", ["below the median 50.00", "at or above the median CN¥550.00"]),
    ("quantile", ["scored 3, above the mean score 2.00", "scored 3, at or above the mean score 2.00"]),
    ({"recency_days": 30, "frequency": 3, "monetary": 5000}, ["below the given threshold 30.00", "CN¥50.00"]),
])  # fmt: skip
def test_other_splits_in_words(split, parts):
    sentence = type_customers(golden.orders(), as_of=AS_OF, split=split).explain("a", "en")
    assert all(part in sentence for part in parts), sentence


def test_a_threshold_is_never_shown_equal_to_the_value_below_it():
    customers = {f"c{number}": (1, 1, 1) for number in range(999)} | {"rich": (1, 1, 2)}
    result = type_customers(golden.orders(customers), as_of=AS_OF)
    assert "CN¥1.00, below the mean CN¥1.001," in result.explain("c5", "en")
    assert result.type_name("R↑F↑M↓", "en") in result.explain("c5", "en")
