"""The scanner finds every planted leak, in every kind of output and file, and raises no false alarm."""

import base64
import gzip
import io
import json
import zipfile
from email.message import EmailMessage
from pathlib import Path

import duckdb
import nbformat.v4 as nb
import openpyxl
import pandas as pd
import pytest
from growth import demand_proportion
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from crmlab.collect.personal import PersonalData, by_shape, is_identity_number, plain
from crmlab.collect.scan import find_personal, find_personal_in
from crmlab.errors import DataError

ROOT = Path(__file__).resolve().parents[1]
NAME, PHONE, MAIL, WECHAT = "罗示松", "12012296649", "luo.shisong1@shop.example", "example_c0001"
KNOWN = PersonalData({"name": [NAME, "Rosa Demo"], "phone": [PHONE], "email": [MAIL], "wechat": [WECHAT]})
IDENTITY = "11010519491231002X"


def kinds(found):
    return found["kind"].tolist()


def coded(text):
    return base64.b64encode(text.encode()).decode()


def picture(note):
    info, file = PngInfo(), io.BytesIO()
    info.add_itxt("Description", note)
    Image.new("L", (300, 300)).save(file, "PNG", pnginfo=info)
    return base64.encodebytes(file.getvalue()).decode()


def shown(data, metadata=None):
    return nb.new_output("display_data", data, metadata=metadata or {})


LEAKS = {
    "stdout": nb.new_output("stream", name="stdout", text=f"a\nhello {NAME}"),
    "stderr": nb.new_output("stream", name="stderr", text=f"warning: {NAME}\n"),
    "text": shown({"text/plain": f"['{NAME}', 1]"}),
    "escaped": shown({"text/plain": json.dumps([NAME])}),
    "html": shown({"text/html": f"<td>{NAME}</td>"}),
    "entities": shown({"text/html": "".join(f"&#{ord(sign)};" for sign in NAME)}),
    "data address": shown({"text/html": f'<img src="data:image/svg+xml;base64,{coded(f"<text>{NAME}</text>")}">'}),
    "url": shown({"text/html": '<a href="x?name=%E7%BD%97%E7%A4%BA%E6%9D%BE">'}),
    "json value": shown({"application/json": {"a": [{"b": NAME}]}}),
    "json name": shown({"application/json": {NAME: 1}}),
    "svg": shown({"image/svg+xml": f"<svg><text>{NAME}</text></svg>"}),
    "svg in base64": shown({"image/svg+xml": coded(f"<svg><text>{NAME}</text></svg>")}),
    "note in a picture": shown({"image/png": picture(f"by {NAME}")}),
    "alternative text": shown({"image/png": picture("")}, {"image/png": {"alt": NAME}}),
    "error": nb.new_output("error", ename="KeyError", evalue=NAME, traceback=[f"\x1b[31m{NAME}\x1b[0m"]),
    "zero width": shown({"text/plain": "罗\u200b示松"}),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_in_any_kind_of_output_is_found_with_its_cell(tmp_path, leak):
    cells = [nb.new_markdown_cell("clean"), nb.new_code_cell("1", outputs=[LEAKS[leak]])]
    path = tmp_path / "run.ipynb"
    path.write_text(json.dumps(nb.new_notebook(cells=cells)), encoding="utf-8")
    found = find_personal(path, KNOWN)
    assert set(zip(found["file"], found["cell"], found["kind"], found["by"], strict=True)) == {
        ("run.ipynb", 2, "name", "known")
    }
    assert found["where"].str.startswith("outputs.0.").all()
    assert NAME not in found.to_string()


@pytest.mark.parametrize(
    "place", ["source", "cell metadata", "notebook metadata", "widget state", "attachment", "a number"]
)
def test_a_leak_outside_outputs_is_found(tmp_path, place):
    cell, leak = nb.new_markdown_cell("clean"), int(PHONE) if place == "a number" else PHONE
    book = nb.new_notebook(cells=[cell])
    if place in ("source", "attachment"):
        cell["source" if place == "source" else "attachments"] = leak if place == "source" else {leak: {}}
    elif place in ("cell metadata", "a number"):
        cell.metadata["x"] = leak
    else:
        book.metadata["widgets" if place == "widget state" else "x"] = {"state": {"value": leak}}
    (tmp_path / "run.ipynb").write_text(json.dumps(book), encoding="utf-8")
    assert kinds(find_personal(tmp_path, KNOWN)) == ["phone"]


@pytest.mark.parametrize(
    "text",
    [
        PHONE,
        "120 1229 6649",
        "120-1229-6649",
        "120.1229.6649",
        "120\u202d12296649\u202c",
        "+8612012296649",
        "+86 120-1229-6649",
        "008612012296649",
        "１２０１２２９６６４９",
        "120‑1229‑6649",
        "12012296649.0",
        "tel:12012296649,",
    ],
)
def test_a_mobile_number_is_found_by_its_shape_however_it_is_written(text):
    found = find_personal_in(f"拨{text}吧")
    assert kinds(found) == ["phone"]
    assert "1229" not in found["masked"][0]


def test_a_number_in_a_coloured_traceback_is_found():
    text = f"\x1b[31mKeyError\x1b[39m: \x1b[33m{PHONE}\x1b[0m"
    assert kinds(find_personal_in(text)) == kinds(find_personal_in(text, KNOWN)) == ["phone"]


def test_a_known_number_with_its_country_is_one_finding():
    assert find_personal_in(f"+86 {PHONE}", KNOWN)[["kind", "by"]].values.tolist() == [["phone", "known"]]


def test_a_known_number_is_found_with_any_gaps():
    found = find_personal_in("86 1 2 0 12 29-66 49", KNOWN)
    assert list(zip(found["kind"], found["by"], strict=True)) == [("phone", "known")]


@pytest.mark.parametrize(
    "text",
    [
        "2612012296649074514",
        "0.12012296649",
        "12012296649.75",
        "3f12012296649ab",
        "1 20 33 45 66 7 8",
        "100 2026-06-17",
        "1201229664",
        "127.0.0.1",
        "0.0.0.0",
        "::1",
        "x[1::2]",
        "x[::100]",
        "12:34:56",
        "2026-06-17T10:20:30",
        "3.11.7",
        "1.2.3.4.5",
        "300.1.1.1",
        "a@b",
        "pytest @pytest.fixture",
        "package@1.2.3",
        "110105194912310021",
        "110105199913310021",
    ],
)
def test_what_only_looks_alike_is_no_finding(text):
    assert find_personal_in(text).empty


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("A.b-c+d@Mail.Shop.example.", "email"),
        ("ａ＠shop.example", "email"),
        ("from 192.0.2.7.", "ip"),
        ("from 2001:db8::8a2e:370:7334,", "ip"),
        ("[2001:0db8:0000:0000:0000:8a2e:0370:7334]", "ip"),
        (f"身份证{IDENTITY}。", "identity_number"),
        (f"{IDENTITY.lower()}", "identity_number"),
    ],
)
def test_other_personal_data_are_found_by_their_shape(text, kind):
    assert kinds(find_personal_in(text)) == [kind]


def test_one_wrong_digit_makes_an_identity_number_false():
    assert is_identity_number(IDENTITY)
    others = [IDENTITY[:place] + digit + IDENTITY[place + 1 :] for place in range(17) for digit in "0123456789"]
    assert [text for text in others if is_identity_number(text)] == [IDENTITY] * 17


def test_a_known_value_is_found_as_a_whole_word_only():
    known = PersonalData({"customer_id": ["C0001", "C00012"], "name": ["罗示松"], "nothing": ["", "x", "  "]})
    text = plain("C0001,xC0001,C00013,C00012;(c0001)我是罗示松啊 x")
    assert [text[one.start : one.end] for one in known.find(text)] == ["c0001", "c00012", "c0001", "罗示松"]


def test_a_long_text_without_blanks_takes_no_long_time():
    def scan(text):
        assert find_personal_in(text, KNOWN).empty

    demand_proportion(scan, lambda size: "%3Ca" * size + "a-b." * size, 1_500)


def test_a_list_of_many_people_is_scanned_in_linear_time():
    def people(size):
        return [f"{12000000000 + number},a{number}@shop.example" for number in range(size)]

    def scan(rows):
        known = PersonalData({"phone": [row[:11] for row in rows[::2]]})
        found = find_personal_in("\n".join(rows), known)
        assert found.groupby(["kind", "by"]).size().to_dict() == {
            ("email", "shape"): len(rows),
            ("phone", "known"): len(rows) // 2,
            ("phone", "shape"): len(rows) // 2,
        }
        assert found["where"].astype("int64").tolist() == [line for line in range(1, len(rows) + 1) for _ in range(2)]

    demand_proportion(scan, people, 640)


def test_each_finding_is_told_once_and_known_goes_before_shape():
    found = find_personal_in(f"{MAIL} {MAIL}\n{MAIL} &amp; {PHONE}", KNOWN)
    assert found[["kind", "by", "where"]].values.tolist() == [
        ["email", "known", "1"],
        ["email", "known", "2"],
        ["phone", "known", "2"],
    ]


def mail():
    message = EmailMessage()
    message["Subject"], message["To"] = f"你好 {NAME}", "x"
    message.set_content(f"拨打 {PHONE}", charset="gb18030", cte="base64")
    message.add_attachment(f"wechat\n{WECHAT}\n".encode(), maintype="text", subtype="csv", filename="list.csv")
    return message.as_bytes()


def workbook():
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append([NAME, PHONE])
    book.active["A1"].comment = openpyxl.comments.Comment(MAIL, "x")
    book.save(file)
    return file.getvalue()


def archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("inner/list.eml", mail())
    return file.getvalue()


def parquet():
    file = io.BytesIO()
    pd.DataFrame({"a": [None, NAME], "b": [1, int(PHONE)], "c": [[MAIL], []]}).to_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("page.html", f"<p>&#32599;示松</p>{MAIL}".encode(), {"name", "email"}),
        ("list.csv", f"a,b\n{NAME},{PHONE}\n".encode("gb18030"), {"name", "phone"}),
        ("list.txt", f"{NAME}\t{PHONE}".encode("utf-16"), {"name", "phone"}),
        ("a.log", f"2026-06-17 {WECHAT}\n".encode(), {"wechat"}),
        ("a.eml", mail(), {"name", "phone", "wechat"}),
        ("a.xlsx", workbook(), {"name", "phone", "email"}),
        ("a.zip", archive(), {"name", "phone", "wechat"}),
        ("a.docx", archive(), {"name", "phone", "wechat"}),
        ("list.csv.gz", gzip.compress(f"{NAME},{PHONE}".encode(), mtime=0), {"name", "phone"}),
        ("a.parquet", parquet(), {"name", "phone", "email"}),
        ("broken.ipynb", f"{{{NAME}".encode(), {"name"}),
        ("cache.bin", b"\0" + NAME.encode() + b"\0", {"name"}),
        ("a.duckdb.wal", b"\0x" + MAIL.encode() + b"y\0", {"email"}),
    ],
)
def test_every_kind_of_file_is_looked_into(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    assert set(find_personal(tmp_path)["kind"]) <= expected - {"name", "wechat"}
    found = find_personal(tmp_path, KNOWN)
    assert set(found["kind"]) == expected
    assert set(found["file"]) == {name}


def test_a_base_is_searched_in_its_tables_and_in_its_bytes(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as base:
        base.execute("CREATE TABLE t (id VARCHAR, phone BIGINT)")
        base.execute("INSERT INTO t VALUES ('C0001', 1), ('C0002', 12012296649), ('C0003', NULL)")
        base.execute("CREATE TABLE gone AS SELECT 'luo.shisong1@shop.example-' || range AS mail FROM range(3000)")
        base.execute("CHECKPOINT")
        base.execute("DROP TABLE gone")
    found = find_personal(path, PersonalData({"customer_id": ["C0003"], "email": [MAIL]}))
    rows = found[["kind", "by", "where"]].values.tolist()
    assert ["customer_id", "known", "t.id:3"] in rows
    assert ["phone", "shape", "t.phone:2"] in rows
    assert any(kind == "email" and where.startswith("@") for kind, _, where in rows)


def test_a_base_that_is_open_or_a_place_that_is_not_there_is_no_clean_result(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)), pytest.raises(DataError, match=r"shop\.duckdb"):
        find_personal(path)
    with pytest.raises(DataError, match="nowhere"):
        find_personal(tmp_path / "nowhere")


def test_the_committed_notebooks_hold_no_personal_data():
    known = PersonalData.of_customers(pd.read_csv(ROOT / "datasets" / "teaching" / "customers.csv", dtype="str"))
    assert len(known.kinds) > 3000
    found = find_personal([ROOT / "notebooks" / "zh", ROOT / "notebooks" / "en"], known)
    assert found.empty, found.to_string()


def test_shapes_are_found_in_the_texts_of_the_teaching_data_where_they_were_planted():
    texts = pd.read_csv(ROOT / "datasets" / "teaching" / "texts.csv", dtype="str")
    planted = pd.read_csv(ROOT / "datasets" / "truth" / "planted_personal.csv", dtype="str")
    both = texts["text_zh"] + "\n" + texts["text_en"]
    found = {
        (text_id, one.kind)
        for text_id, text in zip(texts["text_id"], both.map(plain), strict=True)
        for one in by_shape(text)
    }
    there = planted[planted["kind"] != "name"]
    assert found == set(zip(there["text_id"], there["kind"], strict=True))
