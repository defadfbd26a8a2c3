"""What can be wrong with a file: lines, quotes, headings, endings, maps; Excel and Parquet."""

import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake_rows import BEFORE, cells, faults, written

from crmlab.errors import DataError, ParameterError
from crmlab.intake import read_file
from crmlab.intake.formats import Headings, all_formats, known_headings, recognised, sources

PRODUCTS = "product_id,category,name_zh,name_en,price"
TAOBAO_HEADINGS = "订单编号,买家会员名,订单状态,订单创建时间"


def products(read):
    return cells(read.tables["products"], "row", "product_id", "name_zh")


def test_lines_that_cannot_be_read_are_listed_and_the_others_are_kept(tmp_path):
    text = f"""{PRODUCTS}
P1,tea,茶,Tea,9.00

P2,tea,少一格,Tea
P3,tea,"两行
的名字",Tea,9.00
P4,tea,多,一格,Tea,9.00
P5,tea,"引号没有关,Tea,9.00
P6,tea,"好",Tea,9.00,,
,,,,
P7,tea,"坏"引号,Tea,9.00
P8,tea,最后,Tea,9.00"""
    read = read_file(written(tmp_path, text))
    assert products(read) == [(2, "P1", "茶"), (5, "P3", "两行\n的名字"), (9, "P6", "好"), (12, "P8", "最后")]
    assert faults(read) == [
        (4, "", "", "few_cells"),
        (7, "", "", "many_cells"),
        (8, "", "", "broken_quote"),
        (11, "", "", "broken_quote"),
    ]
    assert read.rows == 8
    assert read.listed["file"].eq("file.csv").all()
    with pytest.raises(DataError) as error:
        read_file(written(tmp_path, text), unreadable="stop")
    assert (error.value.key, error.value.values["row"]) == ("intake_line.few_cells", 4)
    assert "第 4 行" in error.value.message("zh")


def test_a_lost_quote_in_one_of_many_lines_costs_that_line_only(tmp_path):
    lines = [f'P{number},tea,"名 {number}",Tea,9.00' for number in range(2, 3000)]
    lines[1000] = lines[1000].replace('"名 1002"', '"名 1002')
    read = read_file(written(tmp_path, "\n".join([PRODUCTS, *lines])))
    assert faults(read) == [(1002, "", "", "broken_quote")]
    assert len(read.tables["products"]) == 2997


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.text('a,"\n茶 \t', min_size=1, max_size=12), min_size=1, max_size=6))
def test_whatever_the_lines_hold_records_reconcile(tmp_path, lines):
    read = read_file(written(tmp_path, "\n".join([PRODUCTS, "P1,tea,茶,Tea,9.00", *lines])))
    good = set(read.tables["products"]["row"])
    assert len(good) + read.listed["row"].nunique() == read.rows
    assert not good & set(read.listed["row"])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_line_ends_and_delimiters_of_every_system(tmp_path, end, delimiter):
    text = f"{PRODUCTS}\nP1,tea,茶,Tea,9.00\n".replace(",", delimiter).replace("\n", end)
    read = read_file(written(tmp_path, text, name="file.txt", encoding="utf-16"))
    assert (read.encoding, products(read)) == ("utf-16", [(2, "P1", "茶")])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "intake_empty"),
        ("\n\n", "intake_empty"),
        (f"{TAOBAO_HEADINGS}\n", "intake_headings_only"),
        (f"{TAOBAO_HEADINGS}\n,,,\n", "intake_headings_only"),
        ("product_id,price,price\n1,2,3\n", "intake_headings_twice"),
        ("product_id,,price\n1,2,3\n", "intake_heading_blank"),
        ("客户,电话\n1,2\n", "intake_unknown"),
        ("answer_id,customer_id,submitted_at,seconds_used\n1,2,3,4\n", "intake_ambiguous"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path, text, key):
    with pytest.raises(DataError) as error:
        read_file(written(tmp_path, text))
    assert error.value.key == key
    assert all(error.value.message(lang) for lang in ("zh", "en"))


@pytest.mark.parametrize("text", [f"{PRODUCTS}\n", f"{PRODUCTS}\n,,,,\n"])
def test_a_table_of_the_house_may_be_empty(tmp_path, text):
    read = read_file(written(tmp_path, text))
    assert (read.format, read.rows, len(read.listed), len(read.tables["products"])) == ("products", 0, 0, 0)
    assert list(read.tables["products"].columns) == [*PRODUCTS.split(","), "row"]


def test_the_name_of_the_file_decides_between_equal_tables(tmp_path):
    text = "answer_id,customer_id,submitted_at,seconds_used\n1,2,3,4\n"
    assert read_file(written(tmp_path, text, name="survey_answers.csv")).format == "survey_answers"


def test_no_file_a_folder_and_other_endings_say_why(tmp_path):
    wrong = {"none.csv": "no_file", ".": "intake_folder", "old.xls": "file_kind", "page.pdf": "file_kind"}
    for name in ("old.xls", "page.pdf"):
        written(tmp_path, "x", name=name)
    for name in ("false.xlsx", "false.parquet"):
        written(tmp_path, "a,b\n1,2\n", name=name)
    for name, key in {**wrong, "false.xlsx": "intake_no_workbook", "false.parquet": "intake_no_parquet"}.items():
        with pytest.raises(DataError) as error:
            read_file(tmp_path / name)
        assert error.value.key == key, name
        assert error.value.message("zh") != error.value.message("en")


def test_formats_and_choices_that_are_not_there(tmp_path):
    path = written(tmp_path, f"{PRODUCTS}\nP1,tea,茶,Tea,9.00\n")
    for given_format, key in {
        "taobao": "intake_no_format",
        "jd_orders": "intake_misfit",
        "none.toml": "no_file",
    }.items():
        with pytest.raises(DataError) as error:
            read_file(path, format=given_format)
        assert error.value.key == key
    with pytest.raises(ParameterError):
        read_file(path, unreadable="skip")


@pytest.mark.parametrize("name", all_formats())
def test_every_format_recognises_its_own_headings(name):
    form = all_formats()[name]
    used = [
        one
        for part in form.parts
        for source in [*part.columns.values(), *part.beside.values()]
        for one in sources(source)
    ]
    headings = list(dict.fromkeys(heading.replace("*", "某") for heading in [*used, *form.drop]))
    assert recognised(headings, "") == [form]
    assert known_headings(form, Headings(headings)) == set(headings)


def test_the_questionnaires_as_code_are_recognised_by_their_words():
    for name, file in {"wenjuanxing": "shopping", "wenjuanxing_satisfaction": "satisfaction"}.items():
        asked = tomllib.loads(Path(f"crmlab/survey/{file}.toml").read_text(encoding="utf-8"))["questions"]
        form = all_formats()[name]
        for lang in ("zh", "en"):
            titles = [f"{number}、{question['wording'][lang]}（选填）" for number, question in enumerate(asked, 1)]
            (found,) = recognised([*BEFORE, *titles], "")
            assert found == form
            assert set(titles) <= known_headings(form, Headings([*BEFORE, *titles]))


OWN = """
zh = "自己的表"
en = "A table of one's own"
recognise = ["货号"]
[[tables]]
table = "products"
fixed = { price = "0.00" }
[tables.columns]
product_id = { text = "P-{货号}" }
name_zh = "名*"
category = "类别"
[tables.codes.category]
"饮品" = "tea"
"""


def test_a_field_map_of_ones_own(tmp_path):
    own = written(tmp_path, OWN, name="own.toml")
    path = written(tmp_path, "货号,名 称,类别,备注\n1,茶,饮品,x\n2,咖啡,咖啡,\n3,布,布料,\n")
    read = read_file(path, format=str(own))
    assert (read.format, read.unknown_columns) == ("own", ["备注"])
    assert cells(read.tables["products"], "product_id", "name_zh", "category", "price") == [
        ("P-1", "茶", "tea", "0.00"),
        ("P-2", "咖啡", "coffee", "0.00"),
        ("P-3", "布", "布料", "0.00"),
    ]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('table = "products"', 'table = "goods"'),
        ('category = "类别"', 'kind = "类别"'),
        ('= "tea"', '= "drinks"'),
        ("{ text =", "{ txt ="),
        ("[tables.codes.category]", "[tables.words.category]"),
        ('en = "A table', 'es = "A table'),
        ('zh = "自己的表"', "zh = 自己的表"),
    ],
)
def test_mistakes_in_a_field_map_are_told(tmp_path, right, wrong):
    assert right in OWN
    own = written(tmp_path, OWN.replace(right, wrong), name="own.toml")
    with pytest.raises(DataError) as error:
        read_file(written(tmp_path, "货号\n1\n"), format=str(own))
    assert error.value.key == "intake_map"


def workbook(folder, *sheets, name="file.xlsx"):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(folder / name)
    return folder / name


def test_excel_cells_become_what_they_show(tmp_path):
    rows = [
        [*TAOBAO_HEADINGS.split(","), "收货人姓名", "联系手机", None],
        ["2896393709012845634", "C1", "交易成功", datetime(2026, 6, 3, 14, 5, 9), "王示一", 12000000001, None],
        [None] * 7,
        [2.89639370901285e18, "C2", "交易成功", date(2026, 6, 4), None, None, None],
        ["2896393709012845636", "C3", "交易关闭", "2026年6月5日"],
    ]
    path = workbook(tmp_path, ("说明", [["请先看这一页"]]), ("ExportOrderList", rows), ("空白", []))
    read = read_file(path)
    assert (read.format, read.encoding, read.sheet) == ("taobao_orders", "xlsx", "ExportOrderList")
    assert read.other_sheets == ["说明", "空白"]
    assert cells(read.tables["orders"], "row", "order_id", "customer_id", "order_date", "state") == [
        (2, "2896393709012845634", "C1", "2026-06-03", "completed"),
        (5, "2896393709012845636", "C3", "2026-06-05", "cancelled"),
    ]
    assert cells(read.tables["customers"], "row", "name", "phone") == [(2, "王示一", "12000000001")]
    assert faults(read) == [(4, "orders", "order_id", "lost_digits")]


def test_excel_numbers_times_and_durations(tmp_path):
    rows = [
        ["answer_id", "customer_id", "submitted_at", "seconds_used", "q2_orders", "q1_last"],
        ["A1", "C1", datetime(2026, 6, 3), timedelta(minutes=2, seconds=5), 3.0, "一周内"],
        ["A2", "C2", datetime(2026, 6, 3, 9, 5), 0.1 + 0.2, 0, None],
    ]
    read = read_file(workbook(tmp_path, ("survey", rows)))
    assert cells(read.tables["survey_answers"], "submitted_at", "seconds_used", "q2_orders", "q1_last") == [
        ("2026-06-03", "125", "3", "week"),
        ("2026-06-03T09:05:00", "0.3", "0", None),
    ]


def test_a_formula_without_a_value_is_listed_with_its_row(tmp_path):
    rows = [PRODUCTS.split(","), ["P1", "tea", "茶", "Tea", 9], ["P2", "tea", "茶", "Tea", "=4+5"]]
    read = read_file(workbook(tmp_path, ("goods", rows)))
    assert products(read) == [(2, "P1", "茶")]
    assert (faults(read), read.rows) == ([(3, "", "", "formula_no_value")], 2)


def test_a_workbook_with_a_wrong_dimension_is_read_whole(tmp_path):
    from zipfile import ZipFile

    path = workbook(tmp_path, ("goods", [PRODUCTS.split(","), *([f"P{n}", "tea", "茶", "Tea", 9] for n in range(5))]))
    parts = {name: ZipFile(path).read(name) for name in ZipFile(path).namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert b'<dimension ref="A1:E6"' in parts[sheet]
    with ZipFile(path, "w") as book:
        for name, part in parts.items():
            book.writestr(name, part.replace(b'<dimension ref="A1:E6"', b'<dimension ref="A1"'))
    assert len(read_file(path).tables["products"]) == 5


def test_empty_workbooks_say_so(tmp_path):
    for sheets, key in ([("a", [])], "intake_empty"), ([("a", [["x"]])], "intake_unknown"):
        with pytest.raises(DataError) as error:
            read_file(workbook(tmp_path, *sheets))
        assert error.value.key == key


def test_parquet_with_types_of_its_own(tmp_path):
    frame = pd.DataFrame(
        {
            "order_id": [2896393709012845634, 2896393709012845635],
            "customer_id": ["C1", None],
            "order_date": [datetime(2026, 6, 3), datetime(2026, 6, 4, 9, 5)],
            "state": pd.Categorical(["completed", "已付款"]),
            "channel": ["app", "web"],
            "currency": ["CNY", "CNY"],
            "amount": [9.5, None],
        }
    )
    frame.to_parquet(tmp_path / "orders.parquet")
    read = read_file(tmp_path / "orders.parquet")
    assert (read.format, read.encoding, read.unknown_columns) == ("orders", "parquet", ["amount"])
    assert cells(read.tables["orders"], "row", "order_id", "customer_id", "order_date", "state") == [
        (2, "2896393709012845634", "C1", "2026-06-03", "completed"),
        (3, "2896393709012845635", None, "2026-06-04", "paid"),
    ]


def test_two_lost_quotes_do_not_swallow_the_lines_between_them(tmp_path):
    text = f'{PRODUCTS}\nP1,"tea,茶,Tea,9.00\nP2,tea,茶,Tea,9.00\nP3,tea,",Tea,9.00\nP4,tea,茶,Tea,9.00\n'
    read = read_file(written(tmp_path, text))
    assert products(read) == [(3, "P2", "茶"), (5, "P4", "茶")]
    assert faults(read) == [(2, "", "", "broken_quote"), (4, "", "", "broken_quote")]


def test_where_no_sheet_fits_the_first_is_told(tmp_path):
    with pytest.raises(DataError) as error:
        read_file(workbook(tmp_path, ("a", [["手机"], [1]]), ("b", [["邮箱"], [1]])))
    assert error.value.values["found"] == "手机"
