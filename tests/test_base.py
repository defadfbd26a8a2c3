"""The customer base: what the database refuses, what a load takes in, and that nothing is lost, doubled or made up."""

import shutil
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.collect.base import CustomerBase
from crmlab.collect.pseudonym import Key
from crmlab.collect.tombstones import tombstone_hash
from crmlab.data import Shop
from crmlab.errors import DataError
from crmlab.tables import TABLES

TEACHING = Path(__file__).parents[1] / "datasets" / "teaching"
DAY, LATER = date(2026, 6, 17), date(2026, 6, 18)
CARD = 'name = "corner"\nas_of = "2026-06-17"\ncurrency = "CNY"\npublic_key = "a key for tests that hides nothing"\n'
PRODUCTS = "product_id,category,name_zh,name_en,price\nP1,tea,茶,Tea,10.00\n"
CUSTOMERS = (
    "customer_id,name,city,phone,source,registered_on\n"
    "C1,罗示松,wuhan,12012296649,online_form,2026-01-01\nC2,周示北,,,order,2026-02-01\n"
)
ORDERS = (
    "order_id,customer_id,order_date,state,channel,currency\n"
    "1,C1,2026-06-01,paid,app,CNY\n2,C2,2026-06-02,completed,web,CNY\n"
)
LINES = "order_id,line_no,product_id,quantity,amount,discount\n1,1,P1,1,10.00,0.00\n2,1,P1,2,19.90,0.10\n"
SHOP = {"products": PRODUCTS, "customers": CUSTOMERS, "orders": ORDERS, "order_lines": LINES}


@pytest.fixture(scope="module")
def corner(tmp_path_factory):
    """A base with two customers who ordered tea."""
    folder = tmp_path_factory.mktemp("corner")
    with CustomerBase.create(folder / "shop.duckdb") as base:
        base.load(written(folder / "start", **SHOP), on=DAY)
    return folder / "shop.duckdb"


@pytest.fixture
def base(corner, tmp_path):
    """A copy of it that a test may change."""
    with CustomerBase.open(shutil.copy(corner, tmp_path / "shop.duckdb")) as base:
        yield base


def written(folder: Path, card: str = CARD, **tables: str) -> Path:
    folder.mkdir()
    (folder / "data.toml").write_text(card, encoding="utf-8", newline="\n")
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="\n")
    return folder


def told(report) -> list[tuple]:
    return list(report.listed[["file", "row", "column", "reason"]].itertuples(index=False, name=None))


def whole(base) -> dict[str, list]:
    return {
        name: base.read(name).astype(object).where(base.read(name).notna(), None).values.tolist() for name in TABLES
    }


def test_the_teaching_data_load_without_a_fault_and_are_the_same_as_in_the_files(teaching_base):
    path, report = teaching_base
    assert report.listed.empty
    assert report.conflicts.empty
    assert (report.files["rows"] == report.files["added"]).all()
    shop = Shop("teaching", TEACHING, DAY, "CNY", None)
    with CustomerBase.open(path, read_only=True) as base:
        for name, table in TABLES.items():
            rows = shop.read_personal(name).sort_values(list(table.key), ignore_index=True)
            pd.testing.assert_frame_equal(base.read(name), rows)


def test_the_same_files_again_change_nothing(teaching_base, tmp_path):
    path = shutil.copy(teaching_base[0], tmp_path / "again.duckdb")
    with CustomerBase.open(path) as base:
        before = whole(base)
        report = base.load(TEACHING, on=LATER)
        assert (report.files["rows"] == report.files["unchanged"]).all()
        assert whole(base) == before
        assert len(base.connection.sql("FROM loads")) == len(report.files)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders SET state = 'lost'",
        "UPDATE orders SET currency = 'yuan'",
        "UPDATE customers SET phone = '1201229664'",
        "UPDATE customers SET age_range = '200'",
        "UPDATE customers SET source = NULL",
        "UPDATE order_lines SET quantity = 0",
        "INSERT INTO texts VALUES ('T1', 'C1', '1', 'review', '2026-06-02', 6, '好', 'good')",
        "INSERT INTO customers (customer_id, source) VALUES ('C1', 'phone')",
        "INSERT INTO orders VALUES ('3', 'C9', '2026-06-01', 'paid', 'app', 'CNY')",
        "INSERT INTO refunds VALUES ('R1', '1', 2, '2026-06-02', 1, 'late')",
        "DELETE FROM customers WHERE customer_id = 'C1'",
    ],
)
def test_the_database_itself_refuses_what_does_not_fit(base, statement):
    with pytest.raises(duckdb.ConstraintException):
        base.connection.execute(statement)


def test_every_planted_fault_is_listed_and_every_row_accounted_for(base, tmp_path):
    customers = CUSTOMERS + (
        "C3,吴示一,wuhan,1201229664,phone,2026-06-01\nC4,吴示二,atlantis,,phone,2026-06-01\n,吴示三,,,phone,2026-06-01\n"
        "C5,吴示四,,,fax,2026-02-30\nC6,吴示五,,,phone,2026-06-01\nC6,吴示五,,,phone,2026-06-01\n"
    )
    orders = (
        ORDERS.splitlines()[0]
        + "\n3,C6,2026-06-03,lost,app,CNY\n4,C9,2026-06-03,paid,app,CNY\n5,C6,2026-06-03,paid,app,CNY\n"
    )
    lines = LINES.splitlines()[0] + "\n4,1,P1,1,10.00,0\n5,1,P1,0,10.00,0\n5,2,P9,1,10.00,0\n5,3,P1,1,10.00,0\n"
    report = base.load(written(tmp_path / "dirty", customers=customers, orders=orders, order_lines=lines), on=DAY)
    assert told(report) == [
        ("customers.csv", 4, "phone", "bad_pattern"),
        ("customers.csv", 5, "city", "unknown_code"),
        ("customers.csv", 6, "customer_id", "missing"),
        ("customers.csv", 7, "registered_on", "bad_date"),
        ("customers.csv", 7, "source", "unknown_code"),
        ("customers.csv", 9, "customer_id", "duplicate"),
        ("order_lines.csv", 2, "order_id", "orphan"),
        ("order_lines.csv", 3, "quantity", "out_of_range"),
        ("order_lines.csv", 4, "product_id", "orphan"),
        ("orders.csv", 2, "state", "unknown_code"),
        ("orders.csv", 3, "customer_id", "orphan"),
    ]
    counts = report.files.set_index("table")[["rows", "added", "unchanged", "listed", "blanked"]]
    assert counts.loc["customers"].tolist() == [8, 3, 2, 3, 2]
    assert counts.loc["orders"].tolist() == [3, 1, 0, 2, 0]
    assert counts.loc["order_lines"].tolist() == [4, 1, 0, 3, 0]
    assert "15 rows = 5 added + 0 changed + 2 unchanged + 8 listed" in report.balance("en")
    reasons = report.reasons()
    assert reasons["count"].sum() == len(report.listed)
    assert reasons.set_index("column").loc["phone", "reason"] == "bad_pattern"


def test_an_order_goes_on_and_never_back(base, tmp_path):
    head = ORDERS.splitlines()[0]
    later = f"{head}\n1,C1,2026-06-01,completed,app,CNY\n2,C2,2026-06-02,shipped,web,CNY\n"
    report = base.load(written(tmp_path / "later", orders=later), on=LATER)
    assert told(report) == [("orders.csv", 3, "state", "illegal_state")]
    assert base.read("orders")["state"].tolist() == ["completed", "completed"]
    assert report.files[["added", "changed", "unchanged", "listed"]].iloc[0].tolist() == [0, 1, 0, 1]
    assert base.audit()[["action", "table", "rows"]].tail(3).values.tolist() == [
        ["load", "orders", 2], ["change", "orders", 1], ["refuse", "orders", 1],
    ]  # fmt: skip


def test_a_row_that_is_refused_changes_nothing_at_all(base, tmp_path):
    other = ORDERS.replace("1,C1,2026-06-01,paid", "1,C1,2026-06-09,shipped")
    before = whole(base)
    report = base.load(written(tmp_path / "other", orders=other), on=DAY)
    assert told(report) == [("orders.csv", 2, "order_date", "differs")]
    assert whole(base) == before


def test_a_second_channel_fills_blanks_and_contradictions_are_listed_and_never_written(base, tmp_path):
    other = (
        "customer_id,name,city,phone,source,registered_on\n"
        "C1,罗示松,suzhou,12000000001,membership,2026-06-01\nC2,,wuhan,12000000002,membership,2026-06-01\n"
    )
    report = base.load(written(tmp_path / "members", customers=other), on=DAY)
    customers = base.read("customers").set_index("customer_id")
    assert customers["city"].to_dict() == {"C1": "wuhan", "C2": "wuhan"}
    assert customers["phone"].to_dict() == {"C1": "12012296649", "C2": "12000000002"}
    assert customers["source"].tolist() == ["online_form", "order"]
    assert report.files[["added", "changed", "unchanged", "listed"]].iloc[0].tolist() == [0, 1, 1, 0]
    pseudonym = Key(b"a key for tests that hides nothing").pseudonym("C1")
    assert report.conflicts.drop(columns="file").values.tolist() == [
        [2, pseudonym, "city", "online_form", "membership", "wuhan", "suzhou"],
        [2, pseudonym, "phone", "online_form", "membership", "00000000000", "00000000000"],
    ]
    third = "customer_id,city,source\nC2,suzhou,event\n"
    conflict = base.load(written(tmp_path / "event", customers=third), on=DAY).conflicts
    assert conflict[["kept_source", "other_source"]].values.tolist() == [["membership", "event"]]
    assert len(base.load(tmp_path / "event", on=DAY).conflicts) == 1
    assert base.connection.sql("FROM conflicts").df()["other_value"].tolist() == ["suzhou", "12000000001", "suzhou"]


def test_a_row_that_contradicts_the_base_is_listed_and_blanks_are_filled(base, tmp_path):
    head = "record_id,customer_id,channel,kind,opened_at,first_reply_at,closed_at,resolved\n"
    still_open = head + "S1,C1,web,question,2026-06-01T08:00:00,2026-06-01T09:00:00,,no\n"
    base.load(written(tmp_path / "open", service_records=still_open), on=DAY)
    closed = still_open.replace(",,no", ",2026-06-02T08:00:00,no")
    report = base.load(
        written(tmp_path / "closed", service_records=closed, products=PRODUCTS.replace("10.00", "12.00")), on=DAY
    )
    assert base.read("service_records")["closed_at"].tolist() == [pd.Timestamp("2026-06-02T08:00:00")]
    assert told(report) == [("products.csv", 2, "price", "differs")]
    assert report.listed["value"].tolist() == ["12.00"]
    assert base.read("products")["price"].tolist() == [10]


def test_an_event_finds_its_customer_later(base):
    event = {"event_id": "E1", "event_time": "2026-06-01T08:00:00", "event": "view", "channel": "web"}
    base.load({"events": pd.DataFrame([event])}, on=DAY)
    report = base.load({"events": pd.DataFrame([event | {"customer_id": "C1"}])}, on=DAY)
    assert report.files["changed"].tolist() == [1]
    assert base.read("events")["customer_id"].tolist() == ["C1"]


def test_a_deleted_person_does_not_come_back_and_neither_does_what_hangs_on_them(base, tmp_path):
    for kind, value in (("customer", "C7"), ("contact", "12000000007")):
        base.connection.execute(
            "INSERT INTO tombstones VALUES (?, ?, ?, 'request')", [tombstone_hash(base.key, kind, value), kind, LATER]
        )
    customers = CUSTOMERS + "C7,罗示七,,,phone,2026-06-01\nC8,罗示七,,12000000007,phone,2026-06-01\n"
    orders = ORDERS + "7,C7,2026-06-01,paid,app,CNY\n8,C8,2026-06-01,paid,app,CNY\n"
    lines = LINES + "7,1,P1,1,10.00,0\n8,1,P1,1,10.00,0\n"
    events = "event_id,customer_id,event_time,event,channel\nE7,C7,2026-06-01T08:00:00,view,web\n"
    before = whole(base)
    report = base.load(
        written(tmp_path / "old", customers=customers, orders=orders, order_lines=lines, events=events), on=LATER
    )
    assert report.listed["reason"].eq("deleted_person").all()
    assert report.listed.groupby("file")["row"].agg(list).to_dict() == {
        "customers.csv": [4, 5], "orders.csv": [4, 5], "order_lines.csv": [4, 5], "events.csv": [2],
    }  # fmt: skip
    assert whole(base) == before


def test_lines_that_cannot_be_read_are_counted_or_stop_the_load(base, tmp_path):
    folder = written(tmp_path / "broken", customers=CUSTOMERS + "C3,吴示一,wuhan\n")
    before = whole(base)
    with pytest.raises(DataError, match="4"):
        base.load(folder, on=DAY, unreadable="stop")
    assert whole(base) == before
    report = base.load(folder, on=DAY)
    assert report.files.set_index("table").loc["", ["rows", "listed"]].tolist() == [1, 1]
    assert told(report)[0][:2] == ("customers.csv", 4)
    assert not any(value in report.listed.to_string() for value in ("吴示一", "C3"))


def test_what_the_data_are_is_said_once_and_only_the_reference_date_moves_on(base, tmp_path):
    other = CARD.replace("corner", "other").replace("06-17", "06-30").replace("a key", "another key")
    base.load(written(tmp_path / "june", card=other), on=LATER)
    base.load(written(tmp_path / "may", card=CARD.replace("06-17", "05-31")), on=LATER)
    assert base.about["name"] == "corner"
    assert base.about["as_of"] == "2026-06-30"
    assert base.key == Key(b"a key for tests that hides nothing")


def test_when_the_database_refuses_a_row_the_base_stays_as_it_was(base, monkeypatch):
    import crmlab.collect.loading as loading

    checked = loading.check_text
    monkeypatch.setattr(loading, "check_text", lambda table, text, known: checked(table, text, {}))
    before = whole(base)
    customers = pd.DataFrame([{"customer_id": "C9", "source": "phone"}])
    consent = {"customer_id": "C8", "purpose": "survey", "text_version": "v1", "method": "paper"}
    with pytest.raises(DataError) as caught:
        base.load({"customers": customers, "consents": pd.DataFrame([consent | {"given_on": "2026-06-01"}])}, on=DAY)
    assert caught.value.key == "base_refused"
    assert "C8" not in str(caught.value)
    assert whole(base) == before


def test_an_error_in_the_middle_leaves_the_base_as_it_was(base, monkeypatch):
    before, entries = whole(base), len(base.audit())
    monkeypatch.delattr("crmlab.collect.loading._Load._note_channels")
    with pytest.raises(AttributeError):
        base.load({"customers": pd.DataFrame([{"customer_id": "C9", "source": "phone"}])}, on=DAY)
    assert whole(base) == before
    assert len(base.audit()) == entries


KILLED = """
import os, signal, sys
from datetime import date
import crmlab.collect.loading as loading
from crmlab.collect.base import CustomerBase
write = loading._Load._write
def killing(self, table, merged):
    write(self, table, merged)
    if table.name == "orders":
        os.kill(os.getpid(), signal.SIGKILL)
loading._Load._write = killing
CustomerBase.open(sys.argv[1]).load(sys.argv[2], on=date(2026, 6, 17))
"""


def test_a_crash_in_the_middle_leaves_the_old_base_whole(tmp_path):
    path = tmp_path / "shop.duckdb"
    with CustomerBase.create(path) as base:
        base.load(written(tmp_path / "start", products=PRODUCTS), on=DAY)
        before = whole(base)
    more = written(tmp_path / "more", **SHOP)
    killed = subprocess.run([sys.executable, "-c", KILLED, path, more], check=False)
    assert killed.returncode == -signal.SIGKILL
    with CustomerBase.open(path) as base:
        assert whole(base) == before
        assert base.load(more, on=DAY).files["added"].sum() == 6


def test_a_second_program_is_told_that_the_base_is_in_use(base):
    script = "import sys; from crmlab.collect.base import CustomerBase; CustomerBase.open(sys.argv[1])"
    second = subprocess.run(
        [sys.executable, "-c", script, base.path], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert "in use by another program" in second.stderr
    with CustomerBase.open(base.path, read_only=True) as same_program:
        assert len(same_program.read("customers")) == 2


def test_files_that_are_no_base_are_refused(tmp_path):
    text, other = tmp_path / "text.duckdb", tmp_path / "other.duckdb"
    text.write_text("hello, this is no database", encoding="utf-8")
    with duckdb.connect(other) as connection:
        connection.execute("CREATE TABLE customers (name VARCHAR)")
    for path, key in ((text, "no_base"), (other, "no_base"), (tmp_path / "none.duckdb", "no_file")):
        with pytest.raises(DataError) as caught:
            CustomerBase.open(path)
        assert caught.value.key == key
    with pytest.raises(DataError, match="exists already"):
        CustomerBase.create(other)


def test_a_base_whose_creation_was_broken_off_is_finished_when_it_is_opened(tmp_path):
    path = tmp_path / "shop.duckdb"
    duckdb.connect(path).close()
    with CustomerBase.open(path) as base:
        assert base.read("customers").empty
    with CustomerBase.open(path, read_only=True) as base:
        assert base.audit().empty


@pytest.mark.parametrize("card", ["as_of = [1,", 'as_of = "yesterday"'])
def test_a_card_with_mistakes_is_told_and_leaves_the_base_alone(base, tmp_path, card):
    before = base.about
    with pytest.raises(DataError) as caught:
        base.load(written(tmp_path / "new", card=card), on=DAY)
    assert caught.value.key == "bad_card"
    assert base.about == before


def test_an_id_is_one_id_however_it_was_copied(base, tmp_path):
    before = whole(base)
    seen = CUSTOMERS.replace("C1,", "Ｃ１\u200b,").replace("12012296649", "\u202d120-1229-6649\u202c")
    assert base.load(written(tmp_path / "again", customers=seen), on=DAY).files["unchanged"].sum() == 2
    assert whole(base) == before


def test_files_of_a_folder_that_are_no_data_are_named(base, tmp_path):
    folder = written(tmp_path / "mixed", products=PRODUCTS)
    for name in ("notes.txt", "~$products.xlsx", ".hidden.csv"):
        (folder / name).write_bytes(b"")
    report = base.load(folder, on=DAY)
    assert report.left_aside == ("notes.txt",)
    assert report.files["file"].tolist() == ["products.csv"]
    with pytest.raises(DataError, match="notes"):
        base.load(folder / "notes.txt", on=DAY)


def test_sources_that_are_not_there_are_named(base, tmp_path):
    with pytest.raises(DataError, match="none"):
        base.load(tmp_path / "none", on=DAY)
    with pytest.raises(DataError, match="reviews"):
        base.read("reviews")


def test_the_books_hold_no_personal_data(base):
    books = base.audit().to_string() + base.connection.sql("FROM loads").df().to_string()
    assert not any(value in books for value in ("罗示松", "12012296649", "C1"))


PARTS = [
    *({"customers": f"customer_id,city,source\nC{number},wuhan,phone\n"} for number in range(3)),
    *({"products": f"product_id,category,name_zh,name_en,price\nP{number},tea,茶,Tea,10.00\n"} for number in range(2)),
    {"customers": "customer_id,job,source\nC0,office,event\nC9,office,event\n"},
]


@settings(max_examples=3, deadline=None)
@given(st.permutations(range(len(PARTS))), st.integers(1, len(PARTS)))
def test_files_in_any_order_together_or_one_by_one_give_the_same_base(tmp_path_factory, order, together):
    folder = tmp_path_factory.mktemp("parts")
    paths = []
    for number in order:
        ((table, text),) = PARTS[number].items()
        paths.append(folder / str(number) / f"{table}.csv")
        paths[-1].parent.mkdir()
        paths[-1].write_text(text, encoding="utf-8", newline="\n")
    with CustomerBase.create(folder / "a.duckdb") as base:
        for start in range(0, len(paths), together):
            base.load(paths[start : start + together], on=DAY)
        names = ["customer_id", "city", "job"]
        assert base.read("customers")[names].fillna("").values.tolist() == [
            ["C0", "wuhan", "office"], ["C1", "wuhan", ""], ["C2", "wuhan", ""], ["C9", "", "office"],
        ]  # fmt: skip
        assert base.read("products")["product_id"].tolist() == ["P0", "P1"]


def test_an_export_without_a_list_of_products_becomes_a_base(tmp_path):
    files = Path(__file__).parent / "files"
    with CustomerBase.create(tmp_path / "shop.duckdb") as base:
        base.load([files / "taobao_orders.csv", files / "taobao_details.csv"], on=DAY)
        assert len(base.read("products")) == 0
        assert len(base.read("order_lines")) > 0
