"""`crmlab collect|person|forget`: a customer base from the command line."""

import json

import pandas as pd
import pytest

from crmlab import cli
from crmlab.collect import CustomerBase

CUSTOMERS = (
    "customer_id,name,phone,email,source\nC1,林示安,12000000001,an@shop.example,phone\nC2,何示文,120000,,order\n"
)
ORDERS = """order_id,customer_id,order_date,state,channel,currency
1,C1,2026-06-01,paid,web,CNY
2,C9,2026-06-01,paid,web,CNY
"""
DAY = ("--on", "2026-06-17")


@pytest.fixture
def folder(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    (files / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    (files / "orders.csv").write_text(ORDERS, encoding="utf-8")
    return files


@pytest.fixture
def base(tmp_path):
    return tmp_path / "shop.duckdb"


def collect(folder, base, *more):
    return cli.main(["collect", str(folder), "--base", str(base), *DAY, "--lang", "en", *more])


def test_files_become_a_base_and_the_books_are_printed(folder, base, tmp_path, capsys):
    assert collect(folder, base, "--listed", str(tmp_path / "listed.csv")) == 0
    said = capsys.readouterr().out
    assert said.startswith("4 rows = 3 added + 0 changed + 0 unchanged + 1 listed.")
    assert "12000000001" not in said
    listed = pd.read_csv(tmp_path / "listed.csv", encoding="utf-8-sig")
    assert listed[["file", "row", "reason"]].values.tolist() == [
        ["customers.csv", 3, "bad_pattern"],
        ["orders.csv", 3, "orphan"],
    ]
    assert collect(folder, base) == 0
    assert capsys.readouterr().out.startswith("4 rows = 0 added + 0 changed + 3 unchanged + 1 listed.")


def test_a_line_that_cannot_be_read_stops_the_load_when_asked(folder, base, capsys):
    (folder / "orders.csv").write_text(ORDERS + "3,C1\n", encoding="utf-8")
    assert collect(folder, base, "--stop") == 2
    assert "4" in capsys.readouterr().err
    assert collect(folder, base) == 0


def test_a_person_gets_a_copy_and_is_forgotten(folder, base, tmp_path, capsys):
    collect(folder, base)
    copy = tmp_path / "copy.json"
    assert cli.main(["person", "C1", "--base", str(base), *DAY, "--out", str(copy), "--lang", "en"]) == 0
    held = json.loads(copy.read_text(encoding="utf-8"))["tables"]
    assert held["customers"][0]["phone"] == "12000000001"
    assert len(held["orders"]) == 1
    assert cli.main(["forget", "C1", "--base", str(base), *DAY, "--lang", "en"]) == 0
    assert "12000000001" not in capsys.readouterr().out
    with CustomerBase.open(base, read_only=True) as opened:
        assert opened.read("customers")["customer_id"].tolist() == ["C2"]
    collect(folder, base)
    with CustomerBase.open(base, read_only=True) as opened:
        assert opened.read("customers")["customer_id"].tolist() == ["C2"]


def test_nobody_of_that_number_is_told_in_words(folder, base, capsys):
    collect(folder, base)
    assert cli.main(["forget", "C7", "--base", str(base), *DAY, "--lang", "en"]) == 2
    assert capsys.readouterr().err.strip()


def test_the_faults_are_a_file_without_formulas_in_a_folder_that_is_made(folder, base, tmp_path):
    (folder / "customers.csv").write_text(CUSTOMERS + "C3,,,,@SUM(1)\n", encoding="utf-8")
    listed = tmp_path / "new" / "listed.csv"
    assert collect(folder, base, "--listed", str(listed)) == 0
    assert "'@SUM(1)" in pd.read_csv(listed, encoding="utf-8-sig")["value"].tolist()


def test_what_is_left_of_a_person_in_the_outbox_is_told(folder, base, tmp_path, capsys):
    collect(folder, base)
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    (outbox / "MAIL.CSV").write_text("customer_id,contact\nC1,12000000001\n", encoding="utf-8")
    (outbox / "empty.csv").write_bytes(b"")
    (outbox / "crm.csv").write_text("客户编号,手机\nC1,12000000001\n", encoding="utf-8")
    forget = ["forget", "C1", "--base", str(base), *DAY, "--lang", "en", "--outbox", str(outbox)]
    assert cli.main(forget) == 1
    said = capsys.readouterr().err
    assert "in these files: crm.csv." in said
    assert "12000000001" not in said
    (outbox / "crm.csv").unlink()
    assert cli.main(forget) == 0


def test_a_path_that_is_not_there_makes_no_base(tmp_path, base, capsys):
    assert collect(tmp_path / "nowhere", base) == 2
    assert "nowhere" in capsys.readouterr().err
    assert not base.exists()
