"""Files that people really have, read into the tables of the house: record by record."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from intake_rows import BEFORE, as_csv, cells, faults, hand_made, written

from crmlab.collect.pseudonym import Key
from crmlab.collect.validate import check
from crmlab.errors import CrmlabError, DataError
from crmlab.intake import read_file
from crmlab.tables import TABLES
from crmlab.words import has_word

TEACHING = Path("datasets/teaching")
INCOMING = Path("datasets/incoming")
TRUTH = Path("datasets/truth")
KEY = Key(b"for the tests")
QUESTIONS = (
    "1、您上一次在我们店里买东西，离今天有多久？（选填）",
    "2、平均下来，您一个季度（三个月）在我们店里下几次单？没有买过请填 0。（选填）",
    "3、平均下来，您一个季度（三个月）在我们店里一共花多少钱？（选填）",
    "4、还有什么要求或建议，请写在这里。请不要写姓名、电话等个人信息。（选填）",
)


@pytest.mark.parametrize("path", sorted(TEACHING.glob("*.csv")), ids=lambda path: path.stem)
def test_tables_of_the_house_are_read_as_they_are(path):
    read = read_file(path)
    expected = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8")
    found = read.tables[path.stem]
    assert list(read.tables) == [read.format] == [path.stem]
    assert (read.rows, len(read.listed), read.unknown_columns, read.dropped_columns) == (len(expected), 0, [], [])
    assert found["row"].tolist() == list(range(2, len(expected) + 2))
    pd.testing.assert_frame_equal(found.drop(columns="row"), expected)


def test_a_taobao_export_is_read_record_by_record(tmp_path):
    read = read_file(written(tmp_path, hand_made("taobao_orders.csv"), encoding="gb18030"))
    assert (read.format, read.encoding, read.rows) == ("taobao_orders", "gb18030", 6)
    assert cells(
        read.tables["orders"], "row", "order_id", "customer_id", "order_date", "state", "channel", "currency"
    ) == [
        (2, "2896393709012845634", "C1", "2026-06-03", "completed", "app", "CNY"),
        (3, "2896393709012845635", "C1", "2026-06-04", "paid", "web", "CNY"),
        (4, "2896393709012845636", "C2", "2026-06-05", "cancelled", "web", "CNY"),
        (5, "2896393709012845637", "C3", "2026-06-06", "拼团中", "web", "CNY"),
    ]
    assert cells(read.tables["customers"], "row", "customer_id", "name", "phone", "source", "registered_on") == [
        (2, "C1", "𠮷示一", "12000000001", "order", None),
        (4, "C2", "㐀示二", "12000000002", "order", None),
    ]
    assert faults(read) == [(6, "orders", "order_id", "lost_digits"), (7, "customers", "name", "formula_text")]
    assert not read.listed["value"].str.contains("12000000005").any()
    assert read.dropped_columns == ["买家支付宝账号", "总金额", "收货地址", "退款金额"]
    assert read.unknown_columns == ["新栏"]
    assert read.balance("en") == "file.csv: 6 records = 4 read + 2 listed"
    unknown = check("orders", read.tables["orders"]).listed
    assert cells(unknown, "row", "column", "value", "reason") == [(5, "state", "拼团中", "unknown_code")]


def test_taobao_lines_and_refunds_are_read_record_by_record(tmp_path):
    read = read_file(written(tmp_path, hand_made("taobao_details.csv"), encoding="gb18030"))
    assert cells(
        read.tables["order_lines"], "row", "order_id", "line_no", "product_id", "quantity", "amount", "discount"
    ) == [
        (2, "2896393709012845634", "2", "P002", "2", "19.90", "0.10"),
        (3, "2896393709012845634", "1", "P001", "2", "1260.10", "0"),
        (4, "2896393709012845635", "1", "P003", "1", "30", "0"),
    ]
    assert cells(
        read.tables["refunds"], "row", "refund_id", "order_id", "line_no", "refund_date", "amount", "reason"
    ) == [(3, "R900000000000000000099", "2896393709012845634", "1", "2026-06-08", "100.00", "quality")]


def test_a_jd_export_shares_the_amount_of_an_order_over_its_lines(tmp_path):
    read = read_file(written(tmp_path, hand_made("jd_orders.csv"), encoding="gb18030"))
    assert read.format == "jd_orders"
    assert cells(read.tables["orders"], "row", "order_id", "customer_id", "order_date", "state", "channel") == [
        (2, "310000000001", "jd_1", "2026-06-03", "completed", "app"),
        (4, "310000000002", "jd_2", "2026-06-04", "shipped", "web"),
    ]
    assert cells(read.tables["order_lines"], "row", "line_no", "product_id", "quantity", "amount", "discount") == [
        (2, "1", "P001", "2", "54.01", "5.99"),
        (3, "2", "P002", "1", "36.00", "4.00"),
        (4, "1", "P001", "1", "35.00", "0.00"),
    ]
    assert cells(read.tables["customers"], "row", "customer_id", "phone") == [
        (2, "jd_1", "12000000001"),
        (4, "jd_2", "12000000002"),
    ]


def answers(variant):
    """The same five answers of a 问卷星 export, as texts of the options or as their numbers."""
    about = [(1, "2026/09/03 12:00:00", "125秒"), (2, "2026/9/3 13:00", "2分5秒"), (3, "2026/09/04 08:00:01", "61秒")]
    given = {
        "text": [
            ("一个月内", "3", "500–1000 元", "=_="),
            ("(跳过)", "(空)", "不愿回答", ""),
            ("半年以上", "0", "2000 元以上", "好"),
        ],
        "number": [("2", "3", "3", "=_="), ("-3", "-2", "6", "-2"), ("5", "0", "5", "好")],
    }[variant]
    rows = [[*BEFORE, *QUESTIONS]]
    for (number, time, used), answer in zip(about, given, strict=True):
        rows.append([number, time, used, "链接", f"C{number}", "10.0.0.1(上海)", *answer])
    return as_csv(rows)


@pytest.mark.parametrize(("variant", "encoding"), [("text", "gb18030"), ("number", "utf-8-sig")])
def test_answers_of_wenjuanxing_are_the_same_in_both_variants(tmp_path, variant, encoding):
    read = read_file(written(tmp_path, answers(variant), encoding=encoding))
    assert (read.format, read.encoding, read.rows, len(read.listed)) == ("wenjuanxing", encoding, 3, 0)
    assert read.dropped_columns == ["来源", "来自IP"]
    table = read.tables["survey_answers"]
    assert cells(
        table, "row", "customer_id", "submitted_at", "seconds_used", "q1_last", "q2_orders", "q3_spend", "q4_other_zh"
    ) == [
        (2, "C1", "2026-09-03T12:00:00", "125", "month", "3", "500-1000", "=_="),
        (3, "C2", "2026-09-03T13:00:00", "125", None, None, None, None),
        (4, "C3", "2026-09-04T08:00:01", "61", "longer", "0", "2000+", "好"),
    ]
    assert table["answer_id"].is_unique
    assert check("survey_answers", table).listed.empty


def test_satisfaction_answers_are_read_one_by_one_or_as_a_matrix(tmp_path):
    scale = [
        "收到的商品和我期望的一样。",
        "货送得很准时。",
        "有问题时，我等回复等得太久。",
        "商品的价格合理。",
        "退货或换货很麻烦。",
    ]
    first = [
        "1、总的来说，您对这次购物满意吗？",
        "2、您有多大可能把我们推荐给朋友或同事？",
        "3、在这家店，我要办的事很容易就办好了。",
    ]
    about = [1, "2026/09/03 12:00:00", "125秒", "链接", "C1", "10.0.0.1"]
    matrix = [[*BEFORE, *first, *(f"第4题({item})" for item in scale)], [*about, 5, 10, 7, 4, 4, -3, 3, 6]]
    single = [
        [*BEFORE, *first, *(f"{number}、{item}" for number, item in enumerate(scale, 4))],
        [*about, "5(很满意)", "10", "7（完全同意）", "4", "4", "不适用", "3", "(跳过)"],
    ]
    columns = [column.name for column in TABLES["satisfaction_answers"].columns[4:]]
    for rows in (matrix, single):
        read = read_file(written(tmp_path, as_csv(rows)))
        assert read.format == "wenjuanxing_satisfaction"
        assert cells(read.tables["satisfaction_answers"], *columns) == [("5", "10", "7", "4", "4", None, "3", None)]


def test_zoho_contacts_with_formula_cells_and_opt_outs(tmp_path):
    read = read_file(written(tmp_path, hand_made("zoho_contacts.csv")), key=KEY)
    assert (read.format, read.rows) == ("zoho_contacts", 5)
    customers = read.tables["customers"]
    assert cells(customers, "row", "customer_id", "name", "birthday", "phone", "city", "source", "registered_on") == [
        (2, "6001", "王示一", "05-07", "12000000001", "shanghai", "order", "2026-06-03"),
        (3, "6002", "李示二", None, "12000000002", "beijing", "event", "2026-06-04"),
        (6, "6005", "钱示五", None, "12000000005", None, "Billboard", "2026-06-05"),
    ]
    assert faults(read) == [(4, "customers", "phone", "formula_text"), (5, "customers", "name", "formula_text")]
    assert cells(read.tables["suppressions"], "row", "contact", "channel", "since", "reason") == [
        (3, KEY.contact("li@shop.example"), "email", "2026-06-10", "opt_out")
    ]


def test_zoho_deals_and_fxiaoke_by_api_names_or_labels(tmp_path):
    deals = (
        "Deal_Name,Customer_No,Closing_Date,Stage,Order_Channel,Currency,Amount\n1,C1,2026-06-03,Closed Won,app,USD,9\n"
    )
    read = read_file(written(tmp_path, deals))
    assert (read.format, read.unknown_columns) == ("zoho_deals", ["Amount"])
    assert cells(read.tables["orders"], "order_id", "customer_id", "state", "channel", "currency") == [
        ("1", "C1", "completed", "app", "USD")
    ]
    with_lines = deals.replace("Amount", "Amount,Product_No").replace(",9\n", ",9,P001\n")
    read = read_file(written(tmp_path, with_lines))
    assert cells(read.tables["order_lines"], "order_id", "line_no", "product_id", "quantity", "amount") == [
        ("1", "1", "P001", "1", "9")
    ]
    accounts = {
        "account_no,name,tel,account_source,field_A1b2C__c": ["field_A1b2C__c"],
        "客户编号,客户名称,电话,客户来源,客户分类": [],
    }
    for headings, unknown in accounts.items():
        read = read_file(written(tmp_path, f"{headings}\nC1,王示一,120 0000 0001,会员登记,x\n"))
        assert (read.format, read.unknown_columns) == ("fxiaoke_accounts", unknown)
        assert cells(read.tables["customers"], "customer_id", "name", "phone", "source") == [
            ("C1", "王示一", "12000000001", "membership")
        ]
    orders = "销售订单编号,客户编号,下单日期,销售订单金额,订单状态,下单渠道,币种\nD1,C1,2026-6-3,9,已完成,网站,人民币\n"
    read = read_file(written(tmp_path, orders))
    assert (read.format, read.unknown_columns) == ("fxiaoke_orders", ["销售订单金额"])
    assert cells(read.tables["orders"], "order_id", "order_date", "state", "channel", "currency") == [
        ("D1", "2026-06-03", "completed", "web", "CNY")
    ]


def planted():
    """The planted faults that reading and checking a file by itself can find."""
    truth = pd.read_csv(TRUTH / "faults.csv", dtype={"row": "int64"}, encoding="utf-8")
    return truth[~truth["reason"].isin(["orphan", "illegal_state"])]


@pytest.mark.parametrize("path", sorted(INCOMING.glob("*.csv")), ids=lambda path: path.stem)
def test_incoming_files_reconcile_and_every_planted_fault_has_its_row(path):
    read = read_file(path)
    checks = {name: check(name, frame) for name, frame in read.tables.items()}
    listed = pd.concat([read.listed, *(found.listed for found in checks.values())])
    wanted = set(cells(planted()[planted()["file"] == path.name], "row", "column", "reason"))
    assert wanted
    assert wanted <= set(cells(listed, "row", "column", "reason"))
    assert {row for row, _, _ in wanted} == set(listed["row"])
    records = list(csv.reader(io.StringIO(path.read_bytes().decode(read.encoding)), strict=True))
    assert read.rows == len(records) - 1
    assert read.encoding == {"register": "utf-8-sig", "signups": "utf-8-sig", "members": "gb18030"}.get(
        path.stem, "gb18030" if path.stem.startswith("taobao") else "utf-8"
    )
    rows = {row for frame in read.tables.values() for row in frame["row"]}
    assert rows == set(range(2, read.rows + 2))
    assert all(found.rows == len(found.kept) + found.refused for found in checks.values())


def test_no_address_of_a_device_is_read(tmp_path):
    for name, personal in {"web_events.csv": ["client_id", "ip"], "signups.csv": ["来自IP"]}.items():
        read = read_file(INCOMING / name)
        assert set(personal) <= set(read.dropped_columns)
        raw = pd.read_csv(INCOMING / name, dtype="str", encoding="utf-8-sig")
        hidden = {value for column in personal for value in raw[column].dropna()}
        columns = [frame[column] for frame in read.tables.values() for column in frame]
        found = {value for column in columns for value in column.dropna().unique()}
        assert hidden
        assert not hidden & found
    assert {"phone", "email"} < set(read_file(INCOMING / "web_events.csv").tables["events"].columns)


def test_a_read_shows_no_personal_data(tmp_path):
    read = read_file(written(tmp_path, hand_made("taobao_orders.csv"), encoding="gb18030"))
    assert repr(read) == "Read(file.csv, taobao_orders, gb18030, rows=6, tables={orders: 4, customers: 2})"
    with pytest.raises(DataError) as error:
        read_file(written(tmp_path, "王示一,12000000001\n李示二,12000000002\n"))
    assert "〇〇〇、00000000000" in str(error.value)
    assert "王" not in str(error.value)


def test_a_key_is_asked_for_only_where_somebody_opted_out(tmp_path, monkeypatch):
    monkeypatch.setenv("CRMLAB_KEY_FILE", str(tmp_path / "key"))
    text = hand_made("zoho_contacts.csv")
    assert read_file(written(tmp_path, text.replace(",1,06/10/2026,", ",0,,"))).tables["suppressions"].empty
    assert not (tmp_path / "key").exists()
    assert len(read_file(written(tmp_path, text)).tables["suppressions"]) == 1
    assert (tmp_path / "key").exists()


def test_every_reason_has_words():
    reasons = ("few_cells", "many_cells", "broken_quote", "formula_text", "formula_no_value", "lost_digits")
    assert all(has_word(f"{start}.{reason}") for reason in reasons for start in ("reason", "error.intake_line"))


def test_errors_are_told_in_both_languages(tmp_path):
    with pytest.raises(CrmlabError) as error:
        read_file(written(tmp_path, "手机,宠物\n1,2\n"))
    assert error.value.key == "intake_unknown"
    assert "手机、宠物" in error.value.message("zh")
    assert "taobao_orders" in error.value.message("en")
    assert isinstance(error.value, DataError)


@pytest.mark.parametrize("text", ["C1,罗示松,女\n", "罗示松\n", "罗示松,罗示松\n", '"客户编号\n罗示松,女,phone\n'])
def test_a_file_without_headings_gives_nobody_away(tmp_path, text):
    with pytest.raises(DataError) as error:
        read_file(written(tmp_path, text * 2))
    assert "罗示松" not in str(error.value)
