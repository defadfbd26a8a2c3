"""Proof that holds, persons that can leave, and nothing personal where people look."""

import json
import shutil
import sqlite3
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from outbox_shop import KEY, MORNING, asked, box_of, customers, files_in, pseudonym, reasons, tiny_shop

from crmlab import cli
from crmlab.collect import CustomerBase, delete_person
from crmlab.collect.person import find_traces, identify
from crmlab.collect.personal import PersonalData
from crmlab.collect.pseudonym import Key
from crmlab.collect.scan import find_personal, find_personal_in
from crmlab.collect.shops import BaseShop
from crmlab.errors import DataError
from crmlab.outbox import Outbox, Sender, open_rules
from crmlab.show import table

ROWS = [("C1", "coupon", "email"), ("C2", "coupon", "sms"), ("C1", "birthday", "onsite"), ("C3", "coupon", "wangwang")]
PEOPLE = PersonalData.of_customers(customers({}, {}, {}))


@pytest.fixture
def box(tmp_path):
    with box_of(tmp_path, tiny_shop(3)) as made:
        made.put(asked(*ROWS), at=MORNING)
        made.put(asked(*ROWS, campaign="night"), at=MORNING.replace(hour=23))
        yield made


def change(folder, sql, *, guarded=False):
    """Somebody changes the log with other means."""
    with sqlite3.connect(folder / "log.sqlite") as log:
        if not guarded:
            for (trigger,) in log.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                log.execute(f"DROP TRIGGER {trigger}")
        log.execute(sql)
    log.close()


def test_the_log_takes_no_change_and_no_deletion(box):
    for sql in ("UPDATE log SET decision = 'refused'", "DELETE FROM log", "UPDATE log SET customer = 'x'",
                "DELETE FROM suppressions", "UPDATE log SET hash = x'00'"):  # fmt: skip
        box.reply(pseudonym("C1"), "T", channel="sms", at=MORNING)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            change(box.folder, sql, guarded=True)
    assert box.verify().empty


@pytest.mark.parametrize(
    ("sql", "findings"),
    [
        ("UPDATE log SET reason = 'cap' WHERE entry = 2", {("entry_changed", "2")}),
        ("UPDATE log SET customer = 'x' WHERE entry = 3", {("entry_changed", "3")}),
        ("UPDATE log SET at = '2026-01-01T00:00:00+00:00' WHERE entry = 1", {("entry_changed", "1")}),
        ("DELETE FROM log WHERE entry = 4", {("entry_changed", "5"), ("log_cut", "runs/0001")}),
        ("DELETE FROM log WHERE entry = 8", {("log_cut", "runs/0002")}),
    ],
)
def test_a_change_of_the_log_is_noticed(box, sql, findings):
    change(box.folder, sql)
    found = set(box.verify().itertuples(index=False, name=None))
    assert findings <= found
    assert all(finding in ("entry_changed", "log_cut") for finding, _ in found)


def test_a_change_of_a_file_is_noticed(box):
    (mail,) = box.folder.glob("runs/0001/email/000/*.eml")
    mail.write_bytes(mail.read_bytes() + b"x")
    (box.folder / "runs/0001/sms.csv").unlink()
    shutil.rmtree(box.folder / "runs/0002")
    name = mail.relative_to(box.folder).as_posix()
    missing = {("file_missing", f"runs/{file}") for file in ("0001/sms.csv", "0002/held.csv")}
    expected = {("file_changed", name), ("no_manifest", "runs/0002")} | missing
    assert set(box.verify().itertuples(index=False, name=None)) == expected


def test_without_the_key_nobody_can_write_an_entry_that_passes(box):
    assert box._log.broken() == []
    box._log._key = Key(b"another key")
    assert len(box._log.broken()) == 8


def test_an_outbox_does_not_open_with_another_key_for_it_would_forget_who_refused(tmp_path):
    shop = tiny_shop(1)
    with box_of(tmp_path, shop) as box:
        box.reply(pseudonym("C1"), "T", channel="sms", at=MORNING)
    with pytest.raises(DataError, match="another key"):
        box_of(tmp_path, replace(shop, key=Key(b"another key")))
    with box_of(tmp_path, shop) as again:
        assert reasons(again.put(asked(("C1", "coupon", "sms")), at=MORNING)) == ["refused: channel_closed"]


def test_nothing_personal_where_people_look(box, capsys, caplog):
    report = box.put(asked(*ROWS, campaign="more"), at=MORNING + timedelta(hours=1))
    box.reply(pseudonym("C1"), "T 罗示丁 12000000001", channel="sms", at=MORNING)
    seen = [repr(report), repr(box), report.decisions.to_csv(), report.summary().to_csv(), report.balance("zh")]
    seen += [box.history().to_csv(), box.opt_outs().to_csv(), box.verify().to_csv(), "\n".join(box.objections())]
    seen += [table(report.decisions, lang)._repr_html_() for lang in ("zh", "en")]
    seen += [(box.folder / name).read_text("utf-8") for name in files_in(box.folder) if name.endswith(".json")]
    seen += [box._log.read().to_csv(), repr(box._log.read("SELECT * FROM suppressions").to_dict())]
    out = capsys.readouterr()
    for text in (*seen, out.out, out.err, caplog.text):
        assert find_personal_in(text, PEOPLE).empty
        assert "C1" not in text
    assert find_personal(box.folder / "log.sqlite", PEOPLE).empty
    assert not find_personal(box.folder / "runs", PEOPLE).empty


def test_a_person_can_leave_and_the_chain_holds(box):
    box.reply(pseudonym("C1"), "T", channel="email", at=MORNING)
    contacts = {"phone": ["12000000001"], "email": ["c1@shop.example"]}
    person = PersonalData({"name": ["罗示丁"], "pseudonym": [pseudonym("C1")]} | contacts)
    assert not find_traces(person, box.folder).empty
    report = box.erase(pseudonym("C1"), at=MORNING)
    assert dict(zip(report["place"], report["rows"], strict=True)) == {
        "log": 5, "runs/0001/email.csv": 1, "runs/0001/onsite.csv": 1, "runs/0002/held.csv": 2,
    }  # fmt: skip
    assert find_traces(person, box.folder).empty
    assert box.verify().empty
    assert box.erase(pseudonym("C1"), at=MORNING).empty
    assert box.opt_outs()["contact"].tolist() == [KEY.contact("c1@shop.example")]
    box.shop.tables["customers"] = customers({}, {}, {}).iloc[1:]
    assert reasons(box.release(at=MORNING + timedelta(days=1))) == ["written"] * 2
    assert reasons(box.put(asked(*ROWS[:1]), at=MORNING)) == ["already: written_before"]
    assert pseudonym("C1") not in box.history().to_csv()


@pytest.fixture
def forgotten(tmp_path, teaching_base):
    """A base, the folder of its outbox, with mails, texts, held ones, a reply and a CRM file, and who is to go."""
    path, folder = tmp_path / "xiaoman.duckdb", tmp_path / "out" / "outbox"
    shutil.copy(teaching_base[0], path)
    shop = BaseShop.open(path)
    ids = shop.table("customers")["customer_id"]
    requests = pd.DataFrame({"customer_id": ids, "template": "birthday", "channel": "email"})
    requests = pd.concat([requests, requests.assign(channel="sms")], ignore_index=True).iloc[::40]
    with Outbox.open(folder, shop, rules=open_rules("cn"), sender=Sender.example()) as box:
        report = box.put(requests, at=MORNING)
        gone = report.decisions.loc[report.decisions["decision"] == "written", "customer_id"].iloc[0]
        own = requests[requests["customer_id"] == gone]
        box.put(own.assign(campaign="night"), at=MORNING.replace(hour=23))
        box.write_crm("zoho_contacts", at=MORNING)
        box.reply(gone, "T", channel=own["channel"].iloc[0], at=MORNING)
        real = shop.read_personal("customers")["customer_id"]
        yield box, path, real[shop.key.pseudonyms(real) == gone].iloc[0], own


def test_one_command_takes_a_person_out_of_base_files_and_log_and_the_proof_holds(forgotten, tmp_path, capsys):
    box, path, real, own = forgotten
    with CustomerBase.open(path) as base:
        person = identify(base, real)
        with pytest.raises(DataError, match="forget_person"):
            delete_person(base, real, on=date(2026, 6, 18), reason="request", outbox=box.folder)
    assert not find_traces(person, box.folder / "log.sqlite").empty
    assert not find_traces(person, box.folder / "crm").empty
    command = ["forget", real, "--base", str(path), "--on", "2026-06-18", "--outbox", str(tmp_path / "out")]
    assert cli.main([*command, "--lang", "en"]) == 0
    assert "outbox/log" in capsys.readouterr().out
    assert find_traces(person, [box.folder, path]).empty
    assert box.verify().empty
    assert len(box.opt_outs()) == 1
    assert set(reasons(box.put(own.assign(campaign="x"), at=MORNING))) == {"refused: unknown_customer"}
    assert cli.main([*command, "--lang", "en"]) == 0
    assert box.verify().empty


def test_what_need_not_be_kept_goes_and_is_still_not_written_again(box):
    assert box.purge(at=MORNING + timedelta(days=153)) == 0
    assert len(files_in(box.folder)) > 5
    assert box.purge(at=MORNING + timedelta(days=155)) == 8
    assert files_in(box.folder) == {}
    assert box.verify().empty
    assert reasons(box.put(asked(*ROWS), at=MORNING + timedelta(days=155)))[:2] == ["already: written_before"] * 2
    assert box.purge(at=MORNING + timedelta(days=155)) == 0
    assert find_traces(PersonalData({"pseudonym": [pseudonym("C1")]}), box.folder).empty


def test_a_number_that_looks_like_a_formula_can_leave_too(tmp_path):
    with box_of(tmp_path, tiny_shop(2, customers=customers({"customer_id": "=1+1"}, {"customer_id": "'-5"}))) as box:
        consents = pd.DataFrame({"customer_id": ["=1+1", "'-5"], "purpose": "marketing", "given_on": "2026-01-01"})
        box.shop.tables["consents"] = consents.assign(withdrawn_on=None)
        rows = asked(("=1+1", "coupon", "email"), ("'-5", "coupon", "email"), ("=1+1", "coupon", "onsite"))
        box.put(rows, at=MORNING)
        box.put(rows.assign(campaign="=HYPERLINK(1)"), at=MORNING.replace(hour=23))
        held = pd.read_csv(tmp_path / "runs/0002/held.csv", dtype="str", encoding="utf-8")
        assert set(held["campaign"]) == {"'=HYPERLINK(1)"}
        assert set(held["customer_id"]) == {"'=1+1", "''-5"}
        assert box.erase(pseudonym("=1+1"), at=MORNING)["rows"].tolist() == [4, 1, 1, 2]
        assert b"1+1" not in b"".join(files_in(tmp_path).values())
        assert box.verify().empty
        assert reasons(box.release(at=MORNING + timedelta(days=1))) == ["written"]


def test_a_list_of_files_that_leads_out_of_the_outbox_removes_nothing_there(box, tmp_path):
    outside = tmp_path.parent / "outside.txt"
    outside.write_text("618", encoding="utf-8")
    path = box.folder / "runs/0001/email.csv"
    for name in ("../../../outside.txt", str(outside)):
        path.write_text(f"message,customer_id,file\na,C1,{name}\n", encoding="utf-8")
        box.erase(pseudonym("C1"), at=MORNING)
    assert outside.exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", "half a file"])
def test_a_manifest_that_is_none_is_a_finding_and_no_failure(box, content):
    (box.folder / "runs/0001/manifest.json").write_text(content, encoding="utf-8")
    assert box.verify()["finding"].tolist() == ["manifest_changed"]


def test_a_file_that_the_manifest_forgot_is_still_missed(box):
    (box.folder / "runs/0001/sms.csv").unlink()
    manifest = box.folder / "runs/0001/manifest.json"
    told = json.loads(manifest.read_text(encoding="utf-8"))
    told["files"] = [one for one in told["files"] if one["file"] != "sms.csv"]
    manifest.write_text(json.dumps(told), encoding="utf-8")
    assert box.verify().values.tolist() == [["file_missing", "runs/0001/sms.csv"]]


def test_while_another_program_writes_nobody_is_erased(box):
    two = box_of(box.folder, box.shop)
    two._log._connection.execute("PRAGMA busy_timeout = 0")
    before = files_in(box.folder)
    with box._log.writing(), pytest.raises(DataError, match="Another program"):
        two.erase(pseudonym("C1"), at=MORNING)
    assert files_in(box.folder) == before


def test_a_manifest_says_what_the_folder_holds(box):
    told = json.loads((box.folder / "runs/0001/manifest.json").read_text(encoding="utf-8"))
    assert {one["file"]: one["rows"] for one in told["files"]} == {
        "email.csv": 1, "onsite.csv": 1, "sms.csv": 1, "wangwang.csv": 1,
    }  # fmt: skip
    assert sum(one["requests"] for one in told["decisions"]) == 4
    assert (told["run"], told["at"], told["rules"]) == (1, "2026-06-17T01:00:00+00:00", "cn")


def test_an_import_file_for_a_crm_has_those_who_were_written_to_and_refused_nothing(box):
    box.reply(pseudonym("C2"), "T", channel="sms", at=MORNING)
    written = box.write_crm("zoho_contacts", at=MORNING)
    assert (written.rows, written.written) == (2, 2)
    rows = pd.read_csv(box.folder / "crm" / "zoho_contacts.csv", dtype="str", encoding="utf-8-sig")
    assert rows["Customer_No"].tolist() == ["C1", "C3"]
    assert rows["Email_Opt_Out"].tolist() == ["0", "0"]


def test_the_history_is_in_the_time_of_the_shop(box):
    history = box.history()
    assert history["at"].iloc[0] == MORNING
    assert history["kind"].eq("decision").all()
    assert history["entry"].tolist() == list(range(1, 9))


def test_real_orders_have_nobody_to_write_to_and_it_is_said(tmp_path):
    from crmlab.journey import Journey

    journey = Journey(folder=None, name="journey", as_of=date(2018, 1, 1), currency="USD", key=None)
    with pytest.raises(DataError, match="consents"):
        box_of(tmp_path, journey)
