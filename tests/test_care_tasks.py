"""The book of follow-up tasks survives re-runs, and asks for consent before it gives a task away; interest lists."""

import datetime as dt

import pandas as pd
import pytest
from care_shop import TinyShop, agreed, person
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.care import TaskBook, care_calendar, interest_list
from crmlab.care.calendar import TASK
from crmlab.errors import DataError, ParameterError

DAY = dt.date(2026, 6, 17)


def task(number, due_on, *, purpose="service", ground="contract", customer="C1", occasion="regular"):
    values = {"task_id": f"t{number}", "customer_id": customer, "due_on": pd.Timestamp(due_on), "occasion": occasion}
    return dict.fromkeys(TASK, "phone") | values | {"purpose": purpose, "ground": ground, "evidence": "orders 1"}


TASKS = pd.DataFrame([task(1, "2026-06-15"), task(2, "2026-06-17"), task(3, "2026-06-18"), task(4, "2026-06-10")])
NOBODY = TinyShop().read_personal("consents")


def to_do(book, on=DAY, consents=NOBODY):
    found = book.to_do(on, consents=consents)
    return dict(zip(found["task_id"], found["days_late"], strict=True))


def test_overdue_tasks_are_exactly_those_open_and_past_their_day():
    book = TaskBook.open()
    book.add(TASKS)
    assert to_do(book) == {"t4": 7, "t1": 2, "t2": 0}
    book.record("t4", "reached", on=DAY)
    book.record("t1", "no_answer", on=DAY)
    assert to_do(book) == {"t1": 2, "t2": 0}
    row = book.rows.set_index("task_id").loc["t1"]
    assert (row["outcome"], row["attempts"], row["done_on"] is pd.NaT) == ("no_answer", 1, True)
    (counts,) = book.summary(DAY).to_dict("records")
    assert counts == {"occasion": "regular", "tasks": 4, "done": 1, "opted_out": 0, "past_due": 1, "to_come": 2}


def test_the_book_survives_a_re_run(tmp_path):
    book = TaskBook.open(tmp_path)
    assert book.add(TASKS) == 4
    book.record("t1", "visited", on=DAY)
    book.record("t2", "no_answer", on=DAY)
    again = TaskBook.open(tmp_path)
    pd.testing.assert_frame_equal(again.rows, book.rows)
    moved = TASKS.assign(due_on=pd.Timestamp("2027-01-01"), evidence="other")
    assert again.add(pd.concat([moved, pd.DataFrame([task(9, "2026-06-01")])])) == 1
    pd.testing.assert_frame_equal(again.rows.iloc[:4], book.rows)
    assert to_do(again) == {"t4": 7, "t2": 0, "t9": 16}
    assert [path.name for path in tmp_path.iterdir()] == ["follow_up_tasks.csv"]


def test_a_crash_while_writing_leaves_the_old_book(tmp_path, monkeypatch):
    book = TaskBook.open(tmp_path)
    book.add(TASKS)

    def crash(*_):
        raise OSError("the power went")

    monkeypatch.setattr("crmlab.care.book.os.replace", crash)
    with pytest.raises(OSError, match="power"):
        book.record("t1", "reached", on=DAY)
    assert TaskBook.open(tmp_path).rows["done_on"].isna().all()
    assert book.rows["done_on"].isna().all()


def test_what_cannot_be_recorded(tmp_path):
    book = TaskBook.open()
    book.add(TASKS)
    with pytest.raises(ParameterError, match="outcome"):
        book.record("t1", "opted_out", on=DAY)
    with pytest.raises(DataError, match="t7"):
        book.record("t7", "reached", on=DAY)
    book.record("t1", "declined", on=DAY)
    with pytest.raises(DataError, match="declined"):
        book.record("t1", "reached", on=DAY)
    (tmp_path / "follow_up_tasks.csv").write_text("task_id\n", encoding="utf-8")
    with pytest.raises(DataError, match="due_on"):
        TaskBook.open(tmp_path)


DAYS = st.dates(dt.date(2026, 5, 1), dt.date(2026, 7, 31))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), DAYS, st.none() | DAYS), max_size=6),
    st.lists(st.tuples(st.sampled_from("abc"), DAYS, st.booleans(), st.booleans()), min_size=1, max_size=8),
    st.lists(DAYS, min_size=1, max_size=3),
)
def test_nobody_without_consent_is_ever_in_a_marketing_list(ledger, tasks, days):
    entries = [(who, "marketing", str(first), str(last or "")) for who, first, last in ledger]
    consents = TinyShop(consents=entries).read_personal("consents")
    rows = [
        task(number, due, customer=who, purpose="marketing" if marketing else "service",
             ground="call" if marketing and call else "consent")
        for number, (who, due, marketing, call) in enumerate(tasks)
    ]  # fmt: skip
    book = TaskBook.open()
    book.add(pd.DataFrame(rows))
    for day in sorted(days):
        given_away = book.to_do(day, consents=consents)
        for row in given_away[given_away["purpose"] == "marketing"].itertuples():
            given_by_then = [(first, last) for who, first, last in ledger if who == row.customer_id and first <= day]
            in_force = any(last is None or last > day for _, last in given_by_then)
            assert in_force or (row.ground == "call" and not given_by_then)
        closed = book.rows[book.rows["outcome"] == "opted_out"]
        assert (closed["purpose"] == "marketing").all()
        assert not set(closed["task_id"]) & set(given_away["task_id"])
        service = book.rows[(book.rows["purpose"] == "service") & (book.rows["due_on"] <= pd.Timestamp(day))]
        assert set(service["task_id"]) <= set(given_away["task_id"])


def test_what_the_book_gives_names_nobody_and_no_birthday():
    shop = TinyShop(
        customers=[person("C0001", birthday="06-17", phone="12000000001"), person("C0002", phone="12000000002")],
        consents=[agreed("C0001"), agreed("C0002")],
    )
    calendar = care_calendar(shop, on=DAY, until=dt.date(2026, 6, 19))
    book = TaskBook.open(key=shop.key)
    book.add(calendar.due)
    given_away = book.to_do(dt.date(2026, 6, 20), consents=shop.read_personal("consents"))
    assert len(given_away) == 5
    assert set(given_away["customer_id"]) == {shop.key.pseudonym("C0001"), shop.key.pseudonym("C0002")}
    born = given_away["occasion"] == "birthday"
    assert given_away.loc[born, ["due_on", "days_late"]].isna().all(axis=None)
    assert given_away.loc[~born, "days_late"].tolist() == [2, 2, 1, 1]
    assert "C0001" not in repr(book)


GOODS = pd.DataFrame({"product_id": ["p1", "p2"], "category": ["tea", "coffee"]})


def line(customer, order, day, category="tea", state="completed"):
    return {"customer_id": customer, "order_id": order, "order_date": day, "category": category, "state": state}


def view(customer, number, time, product="p1", event="view"):
    return {"event_id": number, "customer_id": customer, "event": event, "event_time": time, "product_id": product}


def frame(rows, time):
    made = pd.DataFrame(rows)
    return made.assign(**{time: pd.to_datetime(made[time], format="mixed")})


def ledger(**purposes):
    rows = [(who, purpose) for who, given in purposes.items() for purpose in given.split()]
    return pd.DataFrame(rows, columns=["customer_id", "purpose"]).assign(
        given_on=pd.Timestamp("2026-01-01"), withdrawn_on=pd.NaT
    )


def test_only_interested_and_opted_in_ids_are_on_the_list():
    lines = frame(
        [
            line("both", "1", "2026-06-17"), line("both", "2", "2026-06-01"), line("both", "1", "2026-06-17"),
            line("coffee", "3", "2026-06-01", "coffee"), line("cancelled", "4", "2026-06-01", state="cancelled"),
            line("early", "5", "2026-05-18"), line("edge", "6", "2026-05-19"), line("later", "7", "2026-06-18"),
            line("marketing", "8", "2026-06-01"), line("profiling", "9", "2026-06-01"),
        ],
        "order_date",
    )  # fmt: skip
    events = frame(
        [
            view("both", "E1", "2026-06-17T23:59:59"), view("viewer", "E2", "2026-06-02T08:00:00"),
            view("viewer", "E3", "2026-06-03T08:00:00"), view("other", "E4", "2026-06-02T08:00:00", "p2"),
            view("liker", "E5", "2026-06-02T08:00:00", event="like"), view(None, "E6", "2026-06-02T08:00:00"),
        ],
        "event_time",
    )  # fmt: skip
    everything = "marketing profiling"
    consents = ledger(both=everything, viewer=everything, edge=everything, coffee=everything, cancelled=everything,
                      early=everything, later=everything, other=everything, liker=everything,
                      marketing="marketing", profiling="profiling")  # fmt: skip
    tables = {"lines": lines, "events": events, "products": GOODS, "consents": consents}
    found = interest_list("tea", **tables, on=DAY, window=30)
    rows = found.kept.set_index("customer_id")
    assert rows["interest"].to_dict() == {"both": "both", "edge": "bought", "viewer": "viewed"}
    assert rows["evidence"].to_dict() == {
        "both": "orders.order_id 1; events.event_id E1", "edge": "orders.order_id 6", "viewer": "events.event_id E3",
    }  # fmt: skip
    assert rows[["orders", "views"]].to_dict("list") == {"orders": [2, 1, 0], "views": [1, 0, 2]}
    assert rows.loc["both", "last_viewed_on"] == pd.Timestamp("2026-06-17")
    listed = found.listed[["customer_id", "purpose", "reason"]].values.tolist()
    assert listed == [["profiling", "marketing", "none"], ["marketing", "profiling", "none"]]
    assert "5" in found.describe("en")
    shuffled = {name: table.sample(frac=1, random_state=1) for name, table in tables.items()}
    again = interest_list("tea", **shuffled, on=DAY, window=30)
    pd.testing.assert_frame_equal(again.kept, found.kept)


def test_interest_in_the_teaching_data(shop):
    tables = {name: shop.table(name) for name in ("events", "products", "consents")}
    found = interest_list("coffee", lines=shop.orders, **tables, on=shop.as_of)
    agreed = tables["consents"][tables["consents"]["withdrawn_on"].isna()]
    for purpose in ("marketing", "profiling"):
        assert set(found.kept["customer_id"]) <= set(agreed.loc[agreed["purpose"] == purpose, "customer_id"])
    assert found.kept["customer_id"].is_unique
    assert len(found.kept) > 50


def test_lists_that_cannot_be_made(shop):
    tables = {name: shop.table(name) for name in ("events", "products", "consents")}
    with pytest.raises(DataError, match="category"):
        interest_list("tea", lines=shop.orders.drop(columns="category"), **tables, on=DAY)
    with pytest.raises(DataError, match="coffee"):
        interest_list("shoes", lines=shop.orders, **tables, on=DAY)
    with pytest.raises(ParameterError, match="0"):
        interest_list("tea", lines=shop.orders, **tables, on=DAY, window=0)
    no_views = interest_list("tea", lines=shop.orders, **tables | {"events": tables["events"].iloc[:0]}, on=DAY)
    assert "no views" in no_views.describe("en")


@pytest.mark.parametrize("lacking", ["event", "event_id", "event_time", "product_id", "customer_id"])
@pytest.mark.parametrize("rows", [0, 1])
def test_views_without_one_of_their_columns_are_refused_and_not_taken_for_none(lacking, rows):
    views = frame([view("a", "E1", "2026-06-02T08:00:00")], "event_time")
    lines = frame([line("a", "1", "2026-06-01")], "order_date")
    with pytest.raises(DataError, match=f"'{lacking}'") as caught:
        interest_list("tea", lines=lines, events=views[:rows].drop(columns=lacking), products=GOODS,
                      consents=ledger(a="marketing profiling"), on=DAY)  # fmt: skip
    assert caught.value.key == "missing_column"
