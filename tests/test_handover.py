"""CRM import files: only by consent, safe to open, every row accounted for, the same bytes for the same rows."""

import csv
import io
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab.course.settings import check_settings
from crmlab.data import open_data
from crmlab.errors import DataError, ParameterError
from crmlab.handover import field_map, write_crm
from crmlab.handover.cells import UNSAFE, safe
from crmlab.handover.maps import CRMS
from crmlab.intake.cells import PROTECTED, plain
from crmlab.words import has_word, word

ON = date(2026, 6, 17)
MAP = """table = "customers"
key = "customer_id"
lang = "zh"
required = ["Name"]
forbidden = ["|", "<"]
[columns]
No = "customer_id"
Name = "name"
Sex = "sex"
Wish = "wish"
"""


def agreed(*customers, purpose="marketing", given_on="2026-01-01", withdrawn_on=None):
    frame = pd.DataFrame({"customer_id": customers, "purpose": purpose, "given_on": pd.Timestamp(given_on)})
    return frame.assign(withdrawn_on=pd.to_datetime([withdrawn_on] * len(customers)))


def people(**columns):
    size = len(next(iter(columns.values())))
    ids = [f"C{number}" for number in range(1, size + 1)]
    return pd.DataFrame({"customer_id": ids, "name": ["罗示松"] * size, **columns})


@pytest.fixture
def own_map(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(MAP, encoding="utf-8")
    return path


@pytest.fixture
def shop():
    return open_data(check_settings(data="teaching"))


def write(frame, crm, path, **more):
    more = {"purpose": "marketing", "consents": agreed(*frame["customer_id"].dropna()), "on": ON} | more
    return write_crm(frame, crm, path, **more)


def rows(path, encoding="utf-8-sig"):
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding), newline="")))


def test_only_those_who_agreed_to_the_purpose_on_the_day_are_written(tmp_path):
    ledger = pd.concat(
        [
            agreed("C1", "C2"),
            agreed("C3", purpose="survey"),
            agreed("C4", withdrawn_on="2026-06-17"),
            agreed("C5", given_on="2026-06-18"),
            agreed("C6", withdrawn_on="2026-06-18"),
        ]
    )
    path = tmp_path / "contacts.csv"
    written = write(people(phone=[None] * 7), "zoho_contacts", path, consents=ledger)
    assert [row["Customer_No"] for row in rows(path)] == ["C1", "C2", "C6"]
    assert written.refused.values.tolist() == [[4, "none"], [5, "withdrawn"], [6, "none"], [8, "none"]]
    assert (written.rows, written.written) == (7, 3)
    assert "customer_id" not in written.refused


def test_data_without_names_give_blank_names_that_the_crm_demands(tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id\nC1\nC2\n", encoding="utf-8")
    shop = open_data(check_settings(data=str(tmp_path), as_of="2026-06-17"))
    found = write_crm(shop, "zoho_contacts", tmp_path / "x.csv", purpose="marketing", consents=agreed("C1"))
    assert (found.rows, found.written, len(found.refused)) == (2, 0, 1)
    assert found.listed[["row", "column", "reason"]].values.tolist() == [[2, "name", "crm_blank"]]


def test_the_opt_out_box_says_who_did_not_agree_to_marketing(tmp_path):
    path = tmp_path / "contacts.csv"
    ledger = pd.concat([agreed("C1", "C2", purpose="analysis"), agreed("C2", "C3")])
    write(people(phone=[None] * 3), "zoho_contacts", path, consents=ledger, purpose="analysis")
    assert [(row["Customer_No"], row["Email_Opt_Out"]) for row in rows(path)] == [("C1", "1"), ("C2", "0")]


def test_without_a_ledger_or_a_day_nothing_leaves(tmp_path):
    path = tmp_path / "contacts.csv"
    for more in ({"consents": None}, {"on": None}):
        with pytest.raises(DataError, match="consents"):
            write(people(phone=[None]), "zoho_contacts", path, **more)
    with pytest.raises(ParameterError, match="purpose"):
        write(people(phone=[None]), "zoho_contacts", path, purpose="anything")
    assert not path.exists()


def test_rows_that_the_crm_does_not_take_are_listed_by_row_and_reason_and_not_written(tmp_path, own_map):
    wishes = ["tea", "a|b", "a<b|c", "bell\x07", None, "x", "tea", "tea"]
    frame = people(wish=wishes, sex=["male"] * 5 + ["robot", "female", None])
    frame.loc[4, "name"] = " "
    frame.loc[7, "customer_id"] = "C7"
    path = tmp_path / "own.csv"
    written = write(frame, own_map, path)
    assert written.listed[["row", "column", "value", "reason"]].fillna("").values.tolist() == [
        [3, "wish", "a|b", "crm_sign"],
        [4, "wish", "a<b|c", "crm_sign"],
        [5, "wish", "bell\x07", "crm_control"],
        [6, "name", "", "crm_blank"],
        [7, "sex", "robot", "crm_choice"],
        [9, "customer_id", "x0", "crm_twice"],
    ]
    assert [row["No"] for row in rows(path)] == ["C1", "C7"]
    assert written.rows == written.written + len(written.refused) + written.listed["row"].nunique()
    for lang in ("zh", "en"):
        assert all(has_word(f"reason.{reason}") for reason in written.listed["reason"])
        assert "8" in written.balance(lang)
        assert "6" in written.balance(lang)
    assert (written.file, set(written.listed["file"]), set(written.listed["table"])) == (
        "own.csv",
        {"own.csv"},
        {"customers"},
    )


def test_a_second_row_is_written_when_the_first_of_its_key_could_not_be(tmp_path, own_map):
    frame = people(wish=["a|b", "tea", "milk"]).assign(customer_id="C1")
    written = write(frame, own_map, tmp_path / "own.csv")
    assert [row["Wish"] for row in rows(tmp_path / "own.csv")] == ["tea"]
    assert written.listed[["row", "reason"]].values.tolist() == [[2, "crm_sign"], [4, "crm_twice"]]


def test_what_is_written_about_a_person_is_masked_in_the_listing(tmp_path):
    frame = people(email=["luo|song@shop.example"])
    written = write(frame, "zoho_contacts", tmp_path / "contacts.csv")
    assert written.listed["value"].tolist() == ["xxx|xxxx@xxxx.xxxxxxx"]
    assert "luo" not in repr(written)


@pytest.mark.parametrize("sign", ["|", "<", ">", '"'])
def test_zoho_does_not_take_these_signs_and_fxiaoke_does(tmp_path, sign):
    frame = people(wechat=[f"a{sign}b"])
    assert write(frame, "zoho_contacts", tmp_path / "a.csv").listed["reason"].tolist() == ["crm_sign"]
    assert write(frame, "fxiaoke_accounts", tmp_path / "b.csv").written == 1
    assert rows(tmp_path / "b.csv")[0]["field_wechat__c"] == f"a{sign}b"


def test_columns_without_a_heading_are_named(tmp_path, own_map):
    written = write(people(wish=["tea"], tier=["high"], score=[5]), own_map, tmp_path / "own.csv")
    assert written.left_out == ("tier", "score")
    assert written.columns == ("No", "Name", "Wish")


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠a", '=HYPERLINK("x")', "'=1", "''", "'1"]


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_no_cell_begins_like_a_formula(tmp_path, own_map, text, ending):
    path = tmp_path / f"own.{ending}"
    write(people(wish=[f" \t{text}"]), own_map, path)
    if ending == "csv":
        cell = rows(path)[0]["Wish"]
    else:
        held = openpyxl.load_workbook(path).active["C2"]
        assert held.data_type == "s"
        cell = held.value
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "=1"])
def test_tab_and_return_are_formulas_too(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["12012296649", "2612012296649074514", "'tis", "a=b", "1-2", "罗示松", ""])
def test_harmless_texts_are_left_alone(text):
    assert safe(text) == text


TEXTS = st.text(st.one_of(st.sampled_from("=+-@\t\r\n＝＋－＠'\"01a, ;"), st.characters(codec="utf-8")), max_size=8)


@given(TEXTS)
def test_the_reader_takes_away_what_the_writer_put_before_and_nothing_else(text):
    text = text.strip()
    told = safe(text)
    assert not told.startswith(tuple("=+-@\t\r＝＋－＠"))
    assert told in (text, f"'{text}")
    back = plain(pd.Series([told], dtype="str"))[0]
    assert (None if pd.isna(back) else back) == (text or None)


@given(TEXTS)
def test_writer_and_reader_agree_on_what_is_protected(text):
    assert bool(PROTECTED.match(safe(text))) == bool(UNSAFE.match(text))


def test_amounts_below_zero_stay_numbers_and_texts_in_their_place_do_not(tmp_path):
    assert (safe("-5.00", "money"), safe("-5.00"), safe("-cmd", "money")) == ("-5.00", "'-5.00", "'-cmd")


def test_ids_are_text_and_money_is_a_number_in_excel(tmp_path, shop):
    path = tmp_path / "deals.xlsx"
    write(shop.read_personal("orders").head(3).assign(order_amount=12.5, name="#N/A"), "zoho_deals", path)
    sheet = openpyxl.load_workbook(path).active
    heading = {cell.value: cell.column for cell in sheet[1]}
    order, name, amount = (sheet.cell(2, heading[name]) for name in ("Deal_Name", "Contact_Name", "Amount"))
    assert (name.data_type, name.value) == ("s", "#N/A")
    assert (order.data_type, order.number_format, len(order.value)) == ("s", "@", 19)
    assert (amount.data_type, amount.number_format, amount.value) == ("n", "0.00", 12.5)


@pytest.mark.parametrize("crm", CRMS)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_same_rows_give_the_same_bytes_and_no_clock(tmp_path, monkeypatch, shop, crm, ending):
    import datetime as time_module

    frame = shop.read_personal(field_map(crm).table).head(40).assign(order_amount=1.5, name="罗示松")
    first, second = (tmp_path / f"{name}.{ending}" for name in "ab")
    write(frame, crm, first)

    class Later(time_module.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2031, 1, 1, tzinfo=tz)

    monkeypatch.setattr("openpyxl.writer.excel.datetime.datetime", Later)
    write(frame, crm, second)
    assert first.read_bytes() == second.read_bytes()
    if ending == "xlsx":
        with zipfile.ZipFile(first) as archive:
            assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_rare_characters_survive_in_both_encodings_and_gbk_is_refused(tmp_path, own_map):
    frame = people(wish=["𠮷䶮€㐀"])
    for encoding in ("utf-8-sig", "gb18030"):
        path = tmp_path / f"{encoding}.csv"
        write(frame, own_map, path, encoding=encoding)
        assert rows(path, encoding)[0]["Wish"] == "𠮷䶮€㐀"
    assert (tmp_path / "utf-8-sig.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with pytest.raises(ParameterError, match="gb18030"):
        write(frame, own_map, tmp_path / "a.csv", encoding="gbk")


def test_gb18030_that_could_be_taken_for_utf8_carries_its_mark(tmp_path, own_map):
    text = next(
        sign
        for sign in map(chr, range(0x4E00, 0x9FA5))
        if 0xC2 <= sign.encode("gb18030")[0] <= 0xDF and 0x80 <= sign.encode("gb18030")[1] <= 0xBF
    )
    frame, path = people(wish=[text]).assign(name="x"), tmp_path / "own.csv"
    write(frame, own_map, path, encoding="gb18030")
    assert path.read_bytes().startswith("\ufeff".encode("gb18030"))
    write(people(wish=["茶"]), own_map, path, encoding="gb18030")
    assert path.read_bytes().startswith(b"No,")


def test_currency_stands_beside_every_amount_and_amounts_without_one_are_refused(tmp_path):
    orders = pd.DataFrame({"order_id": ["1", "2"], "customer_id": "C1", "order_date": pd.Timestamp("2026-06-01")})
    orders = orders.assign(state="completed", name="罗示松", order_amount=10.0, currency=["CNY", "USD"])
    for crm, amount, currency in (
        ("zoho_deals", "Amount", "Currency"),
        ("fxiaoke_orders", "order_amount", "field_currency__c"),
    ):
        path = tmp_path / "orders.csv"
        write(orders, crm, path)
        assert [(row[amount], row[currency]) for row in rows(path)] == [("10.00", "CNY"), ("10.00", "USD")]
        with pytest.raises(DataError, match="currency"):
            write(orders.drop(columns="currency"), crm, path)
        assert write(orders.assign(currency=["CNY", None]), crm, path).listed["reason"].tolist() == ["crm_blank"]


def test_the_amount_of_an_order_is_the_sum_of_its_lines_to_the_fen(tmp_path, shop):
    path = tmp_path / "orders.csv"
    written = write_crm(shop, "fxiaoke_orders", path, purpose="analysis")
    lines = pd.read_csv(Path(shop.folder) / "order_lines.csv", dtype="str")
    fen = lines["amount"].str.replace(".", "").astype("int64").groupby(lines["order_id"]).sum()
    told = {row["name"]: int(row["order_amount"].replace(".", "")) for row in rows(path)}
    assert len(told) == written.written > 1000
    assert told == {order: fen[order] for order in told}


def test_each_crm_gets_its_headings_and_words(tmp_path, shop):
    written = {crm: write_crm(shop, crm, tmp_path / f"{crm}.csv", purpose="marketing") for crm in CRMS}
    assert {crm: one.columns for crm, one in written.items()} == {crm: tuple(field_map(crm).columns) for crm in CRMS}
    assert all(one.left_out == () and one.listed.empty for one in written.values())
    states = {row["Order_State"]: row["Stage"] for row in rows(tmp_path / "zoho_deals.csv")}
    assert states[word("world.state.cancelled", "en")] == "Closed Lost"
    assert states[word("world.state.completed", "en")] == "Closed Won"
    assert {row["field_state__c"] for row in rows(tmp_path / "fxiaoke_orders.csv")} >= {"已完成", "已取消"}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ('table = "customers"', "columns"),
        (MAP.replace('"customers"', '"people"'), "people"),
        (MAP.replace('"zh"', '"de"'), "de"),
        (MAP.replace('key = "customer_id"', 'key = "phone"'), "phone"),
        (MAP.replace('["Name"]', '["Nmae"]'), "Nmae"),
        (MAP.replace("forbidden", "forbiden"), "forbiden"),
        (MAP + "[codes.Sexx]\nmale = '1'", "Sexx"),
        ("table =", "own"),
    ],
)
def test_a_wrong_map_is_told_in_plain_words(own_map, wrong, named):
    own_map.write_text(wrong, encoding="utf-8")
    with pytest.raises(DataError, match=named) as raised:
        field_map(own_map)
    assert "own.toml" in raised.value.message("zh")


def test_a_map_file_or_column_that_is_not_there_and_another_ending(tmp_path, own_map):
    frame, path = people(wish=["tea"]), tmp_path / "own.csv"
    with pytest.raises(DataError, match="zoho_contacts"):
        write(frame, "hubspot", path)
    with pytest.raises(DataError, match=r"no\.toml"):
        write(frame, tmp_path / "no.toml", path)
    with pytest.raises(DataError, match="name"):
        write(frame.drop(columns="name"), own_map, path)
    with pytest.raises(DataError, match="xlsx"):
        write(frame, own_map, tmp_path / "own.xls")
