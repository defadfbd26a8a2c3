"""One call exports what is held about a person, one call deletes it, and no place shows a trace afterwards."""

import json
import os
import shutil
from datetime import date
from decimal import Decimal

import duckdb
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from crmlab import check_settings, open_data
from crmlab.collect.base import CustomerBase
from crmlab.collect.person import delete_person, export_person, find_traces, identify
from crmlab.collect.pseudonym import Key
from crmlab.collect.tombstones import buried, tombstone_hash
from crmlab.course.kernel import NAME, OwnKernel
from crmlab.errors import DataError, ParameterError
from crmlab.tables import TABLES

DAY = date(2026, 6, 18)
PERSON, OTHER = "C0422", "C0278"
"""A customer with rows in every table of a person, and one beside."""
OF_ORDERS = ("order_lines", "refunds", "deliveries")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The teaching data of PERSON and 60 others, nobody of the same name among them."""
    folder = tmp_path_factory.mktemp("teaching")
    source = open_data(check_settings(data="teaching")).folder
    shutil.copy(source / "data.toml", folder)
    raw = {name: pd.read_csv(source / f"{name}.csv", dtype=str, encoding="utf-8") for name in TABLES}
    customers = raw["customers"].set_index("customer_id", drop=False)
    strangers = customers[customers["name"] != customers.at[PERSON, "name"]]
    ids = {PERSON, OTHER, *strangers["customer_id"].head(60)}
    orders = set(raw["orders"].loc[raw["orders"]["customer_id"].isin(ids), "order_id"])
    for name, frame in raw.items():
        if name in OF_ORDERS:
            frame = frame[frame["order_id"].isin(orders)]
        elif "customer_id" in frame:
            frame = frame[frame["customer_id"].isin(ids)]
        frame.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")
    return folder


@pytest.fixture(scope="module")
def filled(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("filled") / "shop.duckdb"
    with CustomerBase.create(path) as base:
        base.load(folder, on=DAY)
        base.connection.execute(
            "INSERT INTO suppressions VALUES (?, 'sms', DATE '2026-06-01', 'opt_out')", [mark(base)]
        )
    return path


def mark(base):
    phone = base.connection.execute("SELECT phone FROM customers WHERE customer_id = ?", [PERSON]).fetchone()[0]
    return base.key.contact(phone)


@pytest.fixture
def base(filled, tmp_path):
    path = tmp_path / "base" / "shop.duckdb"
    path.parent.mkdir()
    shutil.copy(filled, path)
    with CustomerBase.open(path) as base:
        yield base


def rows_by_hand(folder, customer_id):
    """How many rows of each table are a customer's, counted in the files."""
    raw = {name: pd.read_csv(folder / f"{name}.csv", dtype=str, encoding="utf-8") for name in TABLES}
    orders = raw["orders"].loc[raw["orders"]["customer_id"] == customer_id, "order_id"]
    counts = {name: int(raw[name]["order_id"].isin(orders).sum()) for name in OF_ORDERS}
    counts |= {
        name: int((frame["customer_id"] == customer_id).sum()) for name, frame in raw.items() if "customer_id" in frame
    }
    return {name: rows for name, rows in counts.items() if rows}


def all_rows(base):
    tables = [name for (name,) in base.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    return {name: base.connection.table(name).order("ALL").fetchall() for name in tables}


def test_the_export_holds_every_row_of_every_table(base, folder, tmp_path):
    told = export_person(base, PERSON, tmp_path / "copy.json", on=DAY)
    copy = json.loads((tmp_path / "copy.json").read_text(encoding="utf-8"))
    expected = rows_by_hand(folder, PERSON) | {"suppressions": 1}
    written = {name: len(rows) for name, rows in copy["tables"].items()}
    assert len(expected) >= 11
    assert expected.items() <= written.items()
    assert set(written) - set(expected) <= {"filled"}
    assert dict(zip(told["table"], told["rows"], strict=True)) == written
    assert copy["customer_id"] == PERSON


def test_the_export_says_what_the_base_says(base, tmp_path):
    export_person(base, PERSON, tmp_path / "copy.json", on=DAY)
    text = (tmp_path / "copy.json").read_text(encoding="utf-8")
    tables = json.loads(text, parse_float=Decimal)["tables"]
    customer = base.read("customers").set_index("customer_id", drop=False).loc[PERSON]
    (own,) = tables["customers"]
    assert own["name"] == customer["name"]
    assert customer["name"] in text
    assert own["registered_on"] == customer["registered_on"].date().isoformat()
    total = "SELECT sum(amount) FROM order_lines JOIN orders USING (order_id) WHERE customer_id = ?"
    assert sum(row["amount"] for row in tables["order_lines"]) == base.connection.execute(total, [PERSON]).fetchone()[0]


def test_an_export_is_noted_without_saying_whose(base, tmp_path):
    told = export_person(base, PERSON, tmp_path / "copy.json", on=DAY)
    noted = base.audit().query("action == 'export'")
    assert dict(zip(noted["table"], noted["rows"], strict=True)) == dict(zip(told["table"], told["rows"], strict=True))
    assert PERSON not in noted.to_string()


def outbox_of(tmp_path, person):
    """Two lists in an outbox, one of them in a folder of its own and with a file per message."""
    outbox = tmp_path / "outbox"
    (outbox / "mails").mkdir(parents=True)
    phone, mail, name = (person.values[kind][0] for kind in ("phone", "email", "name"))
    rows = [(PERSON, phone, f"{name}，您好"), (OTHER, "12000000001", '您好, "618"\n到了'), (PERSON, phone, "再见")]
    sms = pd.DataFrame(rows, columns=["customer_id", "contact", "text"])
    sms.to_csv(outbox / "sms.csv", index=False, encoding="utf-8", lineterminator="\n")
    mails = pd.DataFrame(
        {"customer_id": [OTHER, PERSON], "contact": ["a@shop.example", mail], "file": ["1.eml", "2.eml"]}
    )
    mails.to_csv(outbox / "mails" / "mails.csv", index=False, encoding="utf-8", lineterminator="\n")
    (outbox / "mails" / "1.eml").write_text("To: a@shop.example\n\n您好\n", encoding="utf-8")
    (outbox / "mails" / "2.eml").write_text(f"To: {mail}\n\n{name}，您好\n", encoding="utf-8")
    pd.DataFrame({"text": ["618"]}).to_csv(outbox / "texts.csv", index=False, encoding="utf-8", lineterminator="\n")
    return outbox


CELLS = [
    """
import os
import pandas as pd
from crmlab.collect.base import CustomerBase
pd.set_option("display.max_rows", None, "display.max_columns", None, "display.max_colwidth", None)
with CustomerBase.open(os.environ["DRILL_BASE"], read_only=True) as base:
    tables = {name: base.read(name) for name in ("customers", "orders", "texts", "survey_answers")}
    key = base.key
print({name: len(frame) for name, frame in tables.items()})
""",
    """tables["orders"].assign(customer_id=key.pseudonyms(tables["orders"]["customer_id"]))""",
    """tables["texts"][["text_id", "customer_id", "text_zh"]]""",
    """print(tables["customers"].to_json(orient="records"))""",
]


def run_notebook(path, base, monkeypatch):
    monkeypatch.setenv("DRILL_BASE", str(base.path))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS])
    NotebookClient(notebook, kernel_name=NAME, kernel_manager_class=OwnKernel, timeout=60).execute()
    nbformat.write(notebook, path)
    return notebook


def test_a_deletion_drill_finds_no_trace_in_tables_outbox_and_executed_notebooks(base, folder, tmp_path, monkeypatch):
    person = identify(base, PERSON)
    assert sorted(person.values) == ["customer_id", "email", "name", "phone", "pseudonym", "wechat"]
    assert all(len(values) == 1 for values in person.values.values())
    outbox = outbox_of(tmp_path, person)
    path = tmp_path / "report.ipynb"
    base.close()
    before = run_notebook(path, base, monkeypatch)
    places = [base.path.parent, outbox, path]
    found = find_traces(person, places)
    assert set(found["kind"]) == set(person.values)
    assert set(found["file"]) == {"shop.duckdb", "sms.csv", "mails.csv", "2.eml", "report.ipynb"}
    assert found["where"].str.startswith("@").any()

    with CustomerBase.open(base.path) as again:
        counted = rows_by_hand(folder, PERSON)
        all_customers = len(again.read("customers"))
        removed = delete_person(again, PERSON, on=DAY, reason="request", outbox=outbox)
        assert len(again.read("customers")) == all_customers - 1
    told = dict(zip(removed["place"], removed["rows"], strict=True))
    assert counted.items() <= told.items()
    assert set(told) - set(counted) <= {"filled", "sms.csv", "mails/mails.csv"}
    assert (told["sms.csv"], told["mails/mails.csv"]) == (2, 1)

    after = run_notebook(path, base, monkeypatch)
    assert before.cells[0].outputs != after.cells[0].outputs
    assert find_traces(person, places).empty
    assert sorted(os.listdir(base.path.parent)) == ["shop.duckdb"]
    assert not (outbox / "mails" / "2.eml").exists()


def test_the_bytes_hold_no_trace_where_a_mere_sql_delete_leaves_one(base):
    """Without compression, so that every text stands in the file as it is."""
    path = base.path.with_name("plain.duckdb")
    run = base.connection.execute
    run("SET GLOBAL force_compression = 'uncompressed'")
    run(f"ATTACH '{path}' AS plain")
    run("COPY FROM DATABASE shop TO plain")
    run("DETACH plain")
    with CustomerBase.open(path) as plain:
        person = identify(plain, PERSON)
        plain.connection.execute("SET GLOBAL force_compression = 'uncompressed'")
        plain.connection.execute("DELETE FROM satisfaction_answers WHERE customer_id = ?", [PERSON])
        plain.connection.execute("UPDATE customers SET wechat = NULL WHERE customer_id = ?", [PERSON])
        plain.connection.execute("CHECKPOINT")
        assert person.values["wechat"][0].encode() in path.read_bytes()
        delete_person(plain, PERSON, on=DAY, reason="request")
    content = path.read_bytes()
    assert OTHER.encode() in content
    assert not [kind for kind, values in person.values.items() if any(value.encode() in content for value in values)]


def test_a_deletion_takes_nothing_of_others_and_keeps_keys_and_checks(base, folder):
    before = all_rows(base)
    delete_person(base, PERSON, on=DAY, reason="request")
    after = all_rows(base)
    own = rows_by_hand(folder, PERSON)
    for name, rows in before.items():
        if name not in ("tombstones", "audit"):
            assert set(after[name]) <= set(rows)
            assert len(after[name]) == len(rows) - own.get(name, 0) or name == "filled"
    assert after["suppressions"] == before["suppressions"]
    with pytest.raises(duckdb.ConstraintException):
        base.connection.execute("INSERT INTO consents SELECT 'nobody', * EXCLUDE customer_id FROM consents LIMIT 1")
    with pytest.raises(duckdb.ConstraintException):
        base.connection.execute("INSERT INTO orders SELECT * FROM orders LIMIT 1")


def test_what_was_deleted_is_noted_without_saying_whose(base, folder):
    delete_person(base, PERSON, on=DAY, reason="request")
    noted = base.audit().query("action == 'delete'")
    assert rows_by_hand(folder, PERSON).items() <= dict(zip(noted["table"], noted["rows"], strict=True)).items()
    stones = base.connection.execute("SELECT * FROM tombstones").df()
    assert sorted(stones["kind"]) == ["contact", "contact", "contact", "customer"]
    assert set(stones["reason"]) == {"request"}
    assert set(stones["deleted_on"].dt.date) == {DAY}


def test_the_same_files_do_not_bring_the_person_back(base, folder):
    total = len(base.read("customers"))
    delete_person(base, PERSON, on=DAY, reason="request")
    tables = ("customers", "orders", "order_lines", "texts")
    report = base.load([folder / f"{name}.csv" for name in tables], on=DAY)
    assert len(base.read("customers")) == total - 1
    assert not base.connection.execute("SELECT 1 FROM orders WHERE customer_id = ?", [PERSON]).fetchall()
    gone = report.listed[report.listed["reason"] == "deleted_person"]
    counted = rows_by_hand(folder, PERSON)
    assert gone["table"].value_counts().to_dict() == {name: counted[name] for name in tables}


def test_another_number_with_the_same_phone_does_not_come_in_unless_registered_later(base, folder, tmp_path):
    raw = pd.read_csv(folder / "customers.csv", dtype=str, encoding="utf-8")
    row = raw[raw["customer_id"] == PERSON].assign(email=None)
    delete_person(base, PERSON, on=DAY, reason="request")
    for number, registered in (("C9001", "2026-06-18"), ("C9002", "2026-06-19")):
        path = tmp_path / f"{number}.csv"
        row.assign(customer_id=number, registered_on=registered).to_csv(path, index=False, encoding="utf-8")
        base.load(path, on=date(2026, 6, 20))
    assert {"C9001", "C9002"} & set(base.read("customers")["customer_id"]) == {"C9002"}


def test_a_contact_that_another_customer_has_too_is_neither_trace_nor_tombstone(base):
    run = base.connection.execute
    run(
        "UPDATE customers SET phone = (SELECT phone FROM customers WHERE customer_id = ?) WHERE customer_id = ?",
        [PERSON, OTHER],
    )
    assert identify(base, PERSON).values["phone"] == []
    delete_person(base, PERSON, on=DAY, reason="request")
    customers = base.read("customers").astype({"registered_on": "str"})
    assert not buried(customers, base.connection.execute("SELECT * FROM tombstones").df(), base.key).any()


def test_deleting_twice_changes_nothing_but_the_outbox(base, tmp_path):
    outbox = outbox_of(tmp_path, identify(base, PERSON))
    delete_person(base, PERSON, on=DAY, reason="request")
    rows = all_rows(base)
    again = delete_person(base, PERSON, on=date(2026, 7, 1), reason="retention", outbox=outbox)
    assert again["place"].tolist() == ["mails/mails.csv", "sms.csv"]
    assert all_rows(base) == rows


@pytest.mark.parametrize(
    ("customer", "reason", "key"), [("C9999", "request", "no_such_customer"), (PERSON, "because", "choice")]
)
def test_nobody_and_no_reason_are_refused_before_anything_is_touched(base, tmp_path, customer, reason, key):
    outbox = outbox_of(tmp_path, identify(base, PERSON))
    content = (outbox / "sms.csv").read_bytes()
    rows = all_rows(base)
    with pytest.raises((DataError, ParameterError)) as caught:
        delete_person(base, customer, on=DAY, reason=reason, outbox=outbox)
    assert caught.value.key == key
    assert "C9999" not in str(caught.value)
    assert all_rows(base) == rows
    assert (outbox / "sms.csv").read_bytes() == content


def test_an_export_of_nobody_is_refused(base, tmp_path):
    with pytest.raises(DataError) as caught:
        export_person(base, "C9999", tmp_path / "copy.json", on=DAY)
    assert caught.value.key == "no_such_customer"
    assert not (tmp_path / "copy.json").exists()


@pytest.mark.parametrize("step", ["fill", "replace"])
def test_a_crash_in_the_middle_leaves_the_old_base_whole_and_the_call_can_be_made_again(base, monkeypatch, step):
    rows = all_rows(base)

    def crash(*_, **__):
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        if step == "replace":
            patched.setattr(os, "replace", crash)
        else:
            patched.setattr(CustomerBase, "note", crash)
        with pytest.raises(OSError, match="no space"):
            delete_person(base, PERSON, on=DAY, reason="request")
    assert all_rows(base) == rows
    assert [name for name in os.listdir(base.path.parent) if not name.startswith("shop.duckdb")] == []
    assert not any("without" in name for name in os.listdir(base.path.parent))
    delete_person(base, PERSON, on=DAY, reason="request")
    assert PERSON not in set(base.read("customers")["customer_id"])


def test_no_log_of_the_old_base_is_left_beside_the_new_one(base):
    base.connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    base.connection.execute("UPDATE customers SET city = NULL WHERE customer_id = ?", [OTHER])
    assert (base.path.parent / "shop.duckdb.wal").stat().st_size
    delete_person(base, PERSON, on=DAY, reason="request")
    base.close()
    assert os.listdir(base.path.parent) == ["shop.duckdb"]
    with CustomerBase.open(base.path) as again:
        customers = again.read("customers").set_index("customer_id")
    assert PERSON not in customers.index
    assert pd.isna(customers.at[OTHER, "city"])


def test_a_file_left_over_from_a_crash_is_no_hindrance(base):
    (base.path.parent / "shop.duckdb.without_the_person").write_bytes(b"half a file")
    delete_person(base, PERSON, on=DAY, reason="request")
    assert PERSON not in set(base.read("customers")["customer_id"])


def test_while_another_connection_has_the_base_open_nothing_is_deleted(base):
    with CustomerBase.open(base.path):
        with pytest.raises(DataError) as caught:
            delete_person(base, PERSON, on=DAY, reason="request")
        assert caught.value.key == "base_locked"
    assert PERSON in set(base.read("customers")["customer_id"])
    delete_person(base, PERSON, on=DAY, reason="request")
    assert PERSON not in set(base.read("customers")["customer_id"])


def test_a_file_outside_the_outbox_is_left_alone(base, tmp_path):
    outbox, outside = tmp_path / "outbox", tmp_path / "outside.txt"
    outbox.mkdir()
    outside.write_text("618", encoding="utf-8")
    rows = pd.DataFrame({"customer_id": [PERSON] * 3, "file": ["../outside.txt", "", "no_such.txt"]})
    rows.to_csv(outbox / "sms.csv", index=False, encoding="utf-8")
    delete_person(base, PERSON, on=DAY, reason="request", outbox=outbox)
    assert outside.exists()
    assert (outbox / "sms.csv").read_text(encoding="utf-8") == "customer_id,file\n"


def test_an_outbox_file_that_cannot_be_read_stops_the_deletion(base, tmp_path):
    (tmp_path / "sms.csv").write_bytes("customer_id,text\nC0422,您好\n".encode("gb18030"))
    with pytest.raises(DataError) as caught:
        delete_person(base, PERSON, on=DAY, reason="request", outbox=tmp_path)
    assert "sms.csv" in str(caught.value)
    assert PERSON in set(base.read("customers")["customer_id"])


def test_rows_that_others_wrote_to_the_outbox_stay_as_they_were(base, tmp_path):
    outbox = outbox_of(tmp_path, identify(base, PERSON))
    delete_person(base, PERSON, on=DAY, reason="request", outbox=outbox)
    left = pd.read_csv(outbox / "sms.csv", dtype=str, encoding="utf-8")
    assert left.to_numpy().tolist() == [[OTHER, "12000000001", '您好, "618"\n到了']]
    assert (outbox / "mails" / "1.eml").exists()


def test_a_tombstone_leads_to_no_pseudonym_and_to_no_suppression():
    key = Key(b"a key for these tests")
    assert len(tombstone_hash(key, "contact", "12000000001")) == 64
    hashes = {tombstone_hash(key, kind, "12000000001") for kind in ("customer", "contact")}
    assert len(hashes) == 2
    shown = {key.pseudonym("12000000001"), key.contact("12000000001")}
    assert not any(one in other for one in shown for other in hashes)
    assert tombstone_hash(key, "customer", "C1") != tombstone_hash(Key(b"another"), "customer", "C1")


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ("phone", "0086 {}"), ("phone", "0{}"), ("phone", "{}/02100000000"), ("phone", "tel:{}"), ("wechat", "{}"),
        ("email", "示 <{}>"), ("email", "mailto:{}"), ("email", "{};other@shop.example"), ("wechat", " {} "),
    ],
)  # fmt: skip
def test_a_contact_is_known_again_however_it_is_written(column, written):
    key, contacts = (
        Key(b"a key for these tests"),
        {"phone": "12000000001", "email": "an@shop.example", "wechat": "an_01"},
    )
    stones = [(tombstone_hash(key, "contact", one), "contact", pd.Timestamp(DAY)) for one in contacts.values()]
    cell = written.format(contacts["phone"] if written == "{}" else contacts[column])
    rows = pd.DataFrame({"customer_id": ["C1", "C2"], column: [cell, None]})
    found = buried(rows, pd.DataFrame(stones, columns=["hash", "kind", "deleted_on"]), key)
    assert found.tolist() == [True, False]


def test_a_base_opened_for_reading_is_not_written_to(base, tmp_path):
    base.close()
    copy, outbox = tmp_path / "copy.json", tmp_path / "outbox"
    outbox.mkdir()
    (outbox / "list.csv").write_text(f"customer_id\n{PERSON}\n", encoding="utf-8")
    with CustomerBase.open(base.path, read_only=True) as reading:
        for call in (
            lambda: delete_person(reading, PERSON, on=DAY, reason="request", outbox=outbox),
            lambda: export_person(reading, PERSON, copy, on=DAY),
            lambda: reading.load([], on=DAY),
        ):
            with pytest.raises(DataError) as caught:
                call()
            assert caught.value.key == "base_read_only"
    assert not copy.exists()
    assert PERSON in (outbox / "list.csv").read_text(encoding="utf-8")


def test_a_second_phone_that_another_channel_told_does_not_bring_the_person_back(base, tmp_path):
    head, second = "customer_id,name,source,phone\n", "12000007777"
    (tmp_path / "two.csv").write_text(head + f"{PERSON},,order,{second}\n", encoding="utf-8")
    (tmp_path / "back.csv").write_text(head + f"C9009,罗示松,order,{second}\n", encoding="utf-8")
    base.load(tmp_path / "two.csv", on=DAY)
    assert second in identify(base, PERSON).values["phone"]
    delete_person(base, PERSON, on=DAY, reason="request")
    assert base.load(tmp_path / "back.csv", on=DAY).listed["reason"].tolist() == ["deleted_person"]
