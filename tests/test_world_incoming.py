"""The incoming files: every planted fault is there, the hidden truth knows all of them, and nobody in them is real."""

import csv
import datetime as dt
import re
import unicodedata
from collections import Counter, defaultdict

import pytest
from world_rows import incoming, worlds

from crmlab.tables.codes import CODES
from crmlab.words import word
from crmlab.world import make_world
from crmlab.world.incoming.sheet import about

ENCODING = {
    "register": "utf-8-sig",
    "taobao_orders": "gb18030",
    "taobao_details": "gb18030",
    "members": "gb18030",
    "calls": "utf-8",
    "signups": "utf-8-sig",
    "service": "utf-8",
    "web_events": "utf-8",
}
STATES = {
    "等待买家付款": "unpaid",
    "买家已付款，等待卖家发货": "paid",
    "卖家已发货，等待买家确认": "shipped",
    "交易成功": "completed",
    "交易关闭": "cancelled",
}
EVENTS = ("view_item", "add_to_cart", "view_search_results", "share", "file_download", "like")
BASE_NUMBER = "C1200"
"""The last customer number of the base."""


def _plain(cell):
    """A cell without what Taobao and people put around a number."""
    text = unicodedata.normalize("NFKC", cell)
    return text.removeprefix('="').removesuffix('"').removeprefix("'")


def _phone(cell):
    digits = re.sub(r"\D", "", _plain(cell)).removeprefix("86")
    return "" if re.fullmatch(r"120\d{8}", digits) else "bad_pattern"


def _email(cell):
    return "" if re.fullmatch(r"[a-zA-Z.]+\d+@(shop\.example|SHOP\.EXAMPLE)", cell) else "bad_pattern"


def _one_of(options):
    return lambda cell: "" if cell in options else "unknown_code"


def _worded(codes, ending=""):
    return _one_of({word(f"world.{codes}.{code}", "zh") + ending for code in CODES[codes]})


def _number(low, high):
    def check(cell):
        text = _plain(cell).replace(",", "").strip("元¥")
        if not re.fullmatch(r"-?\d+(\.\d\d)?", text):
            return "bad_number"
        return "" if low <= float(text) <= high else "out_of_range"

    return check


def _date(cell):
    year, month, day, *_ = map(int, re.findall(r"\d+", cell))
    try:
        dt.date(year, month, day)
    except ValueError:
        return "bad_date"
    return ""


def _known(cell):
    return ""


REQUIRED, MAY_BE_BLANK = True, False
AGE, CITY = _worded("age_range"), _worded("city")
AMOUNT = _number(0, 1e9)
CHECKS = {
    "register": {
        "客户编号": ("customer_id", _known, REQUIRED),
        "性别": ("sex", _worded("sex"), MAY_BE_BLANK),
        "年龄段": ("age_range", AGE, MAY_BE_BLANK),
        "职业": ("job", _worded("job"), MAY_BE_BLANK),
        "手机号码": ("phone", _phone, MAY_BE_BLANK),
        "电子邮箱": ("email", _email, MAY_BE_BLANK),
        "所在城市": ("city", CITY, MAY_BE_BLANK),
        "常用语言": ("language", _worded("language"), MAY_BE_BLANK),
        "登记日期": ("registered_on", _date, MAY_BE_BLANK),
        "同意日期": ("given_on", _date, "同意用途"),
        "同意版本": ("text_version", _known, "同意用途"),
    },
    "members": {
        "会员编号": ("customer_id", _known, REQUIRED),
        "称谓": ("sex", _one_of(("女士", "先生")), MAY_BE_BLANK),
        "年龄": ("age_range", _one_of(CODES["age_range"]), MAY_BE_BLANK),
        "职业": ("job", _worded("job"), MAY_BE_BLANK),
        "手机": ("phone", _phone, MAY_BE_BLANK),
        "邮箱": ("email", _email, MAY_BE_BLANK),
        "城市": ("city", _worded("city", "市"), MAY_BE_BLANK),
        "入会日期": ("registered_on", _date, MAY_BE_BLANK),
        "同意书版本": ("text_version", _known, "同意"),
    },
    "calls": {
        "通话编号": ("call_id", _known, REQUIRED),
        "客户编号": ("customer_id", _known, REQUIRED),
        "通话时间": ("called_at", _date, REQUIRED),
        "通话结果": ("outcome", _worded("outcome"), REQUIRED),
        "手机号码": ("phone", _phone, MAY_BE_BLANK),
        "所在城市": ("city", CITY, MAY_BE_BLANK),
        "年龄段": ("age_range", AGE, MAY_BE_BLANK),
        "同意版本": ("text_version", _known, "口头同意"),
    },
    "signups": {
        "1、您的客户编号": ("customer_id", _known, REQUIRED),
        "3、手机号码": ("phone", _phone, MAY_BE_BLANK),
        "4、电子邮箱": ("email", _email, MAY_BE_BLANK),
        "5、所在城市": ("city", CITY, MAY_BE_BLANK),
        "6、您的年龄段": ("age_range", AGE, MAY_BE_BLANK),
        "7、您的职业": ("job", _worded("job"), MAY_BE_BLANK),
        "提交答卷时间": ("registered_on", _date, REQUIRED),
        "10、同意书版本": ("text_version", _known, "9、您同意我们把资料用于"),
    },
    "service": {
        "记录编号": ("record_id", _known, REQUIRED),
        "客户编号": ("customer_id", _known, REQUIRED),
        "联系手机": ("phone", _phone, MAY_BE_BLANK),
        "服务渠道": ("channel", _worded("service_channel"), REQUIRED),
        "事项类型": ("kind", _worded("service_kind"), REQUIRED),
        "提出时间": ("opened_at", _date, REQUIRED),
        "首次回复时间": ("first_reply_at", _date, REQUIRED),
        "结案时间": ("closed_at", _date, MAY_BE_BLANK),
        "是否解决": ("resolved", _worded("yes_no"), REQUIRED),
    },
    "taobao_orders": {
        "订单编号": ("order_id", _known, REQUIRED),
        "买家会员名": ("customer_id", _known, REQUIRED),
        "订单状态": ("state", _one_of(STATES), REQUIRED),
        "联系手机": ("phone", _phone, MAY_BE_BLANK),
        "订单创建时间": ("order_date", _date, REQUIRED),
    },
    "taobao_details": {
        "主订单编号": ("order_id", _known, REQUIRED),
        "购买数量": ("quantity", _number(1, 1e6), REQUIRED),
        "商家编码": ("product_id", _known, REQUIRED),
        "买家实际支付金额": ("amount", AMOUNT, REQUIRED),
        "优惠金额": ("discount", AMOUNT, REQUIRED),
        "退款金额": ("amount", AMOUNT, MAY_BE_BLANK),
        "退款时间": ("refund_date", _date, "退款金额"),
        "退款原因": ("reason", _worded("reason"), "退款金额"),
    },
    "web_events": {
        "event_id": ("event_id", _known, REQUIRED),
        "event_time": ("event_time", _date, REQUIRED),
        "event_name": ("event", _one_of(EVENTS), REQUIRED),
        "seconds": ("seconds", _number(0, 86400), MAY_BE_BLANK),
    },
}
KEYS = {
    "register": ("客户编号", "customer_id"),
    "members": ("会员编号", "customer_id"),
    "calls": ("通话编号", "call_id"),
    "signups": ("1、您的客户编号", "customer_id"),
    "service": ("记录编号", "record_id"),
    "taobao_orders": ("订单编号", "order_id"),
    "taobao_details": ("子订单编号", "order_id"),
    "web_events": ("event_id", "event_id"),
}
TOLD = {
    "register": {"客户编号": "customer_id", "姓名": "name", "手机号码": "phone", "电子邮箱": "email"},
    "members": {"会员编号": "customer_id", "会员姓名": "name", "手机": "phone", "邮箱": "email"},
    "signups": {
        "1、您的客户编号": "customer_id",
        "2、您的姓名": "name",
        "3、手机号码": "phone",
        "4、电子邮箱": "email",
    },
    "calls": {"客户编号": "customer_id", "来电姓名": "name", "手机号码": "phone"},
    "service": {"客户编号": "customer_id", "客户姓名": "name", "联系手机": "phone"},
    "taobao_orders": {"买家会员名": "customer_id", "收货人姓名": "name", "联系手机": "phone"},
}
PLACES = {"register": ("年龄段", "所在城市"), "members": ("年龄", "城市"), "calls": ("年龄段", "所在城市")}
PLACES["signups"] = ("6、您的年龄段", "5、所在城市")


def _rows(files, name):
    """Line number and cells of each record."""
    lines = files[f"{name}.csv"].decode(ENCODING[name]).split("\n")
    assert lines.pop() == ""
    return list(enumerate(csv.DictReader(lines), start=2))


def _both():
    return zip(worlds(), incoming(), strict=True)


def _truth(world, table, name):
    return [row for row in world[table] if row["file"] == f"{name}.csv"]


def test_headings_sizes_and_encodings():
    assert set(about()) == set(ENCODING)
    for files in incoming():
        assert set(files) == {f"{name}.csv" for name in ENCODING}
        for name, encoding in ENCODING.items():
            rows = _rows(files, name)
            assert 60 <= len(rows) <= 190
            assert list(rows[0][1]) == about()[name]["headings"]
            assert None not in {key for _, row in rows for key in row}
            assert files[f"{name}.csv"].startswith(b"\xef\xbb\xbf") is (encoding == "utf-8-sig")
        for name in ("taobao_orders", "taobao_details", "members"):
            with pytest.raises(UnicodeDecodeError):
                files[f"{name}.csv"].decode("utf-8")
        with pytest.raises(UnicodeDecodeError):
            files["taobao_orders.csv"].decode("gbk")


@pytest.mark.parametrize("name", ENCODING)
def test_the_faults_in_a_file_are_exactly_those_of_the_truth(name):
    for world, files in _both():
        found = set(_faults(world, files, name))
        planted = [(int(row["row"]), row["column"], row["reason"]) for row in _truth(world, "faults", name)]
        assert found == set(planted)
        assert len(found) == len(planted) >= 12
        kinds = Counter((column, reason) for _, column, reason in planted)
        assert min(kinds.values()) >= 2


def _faults(world, files, name):
    """The faults of a file, found without looking at the truth."""
    heading, key_column = KEYS[name]
    there, seen = _there(world, files), set()
    bought = {row["order_id"]: row["state"] for row in world["orders"]}
    for number, row in _rows(files, name):
        for cell_heading, (column, check, required) in CHECKS[name].items():
            cell = row[cell_heading]
            reason = check(cell) if cell else "missing" if _demanded(row, required) else ""
            if not reason and cell and column in there and name in there[column][0]:
                reason = "" if _plain(cell) in there[column][1] else "orphan"
            if column == "order_id" and _plain(cell) in bought and row.get("订单状态") in STATES:
                back = name == "taobao_orders" and STATES[row["订单状态"]] == "unpaid"
                column, reason = ("state", "illegal_state") if back else (column, reason)
            if reason:
                yield number, column, reason
        if row[heading] and row[heading] in seen:
            yield number, key_column, "duplicate"
        seen.add(row[heading])
        if name == "web_events" and row["product_id"] and row["product_id"] not in there["product_id"][1]:
            yield number, "product_id", "orphan"


def _demanded(row, required):
    if required == "同意":
        return any(row[heading] == "是" for heading in ("同意分析", "同意营销", "同意问卷", "同意画像"))
    return bool(row[required]) if isinstance(required, str) else required


def _there(world, files):
    """For each pointing column: the files where it must point to something, and what there is."""
    customers = {row["customer_id"] for row in world["customers"]}
    for name, headings in TOLD.items():
        key, told_name = list(headings)[:2]
        customers |= {row[key] for _, row in _rows(files, name) if row[told_name]}
    orders = {row["order_id"] for row in world["orders"]}
    orders |= {_plain(row["订单编号"]) for _, row in _rows(files, "taobao_orders")}
    return {
        "customer_id": (("calls", "service", "taobao_orders"), customers),
        "order_id": (("taobao_details",), orders),
        "product_id": (("taobao_details",), {row["product_id"] for row in world["products"]}),
    }


def test_no_order_of_the_details_was_refused():
    for world, files in _both():
        refusing = {
            row["row"] for row in _truth(world, "faults", "taobao_orders") if row["column"] not in ("phone", "order_id")
        }
        refused = {row["订单编号"] for number, row in _rows(files, "taobao_orders") if str(number) in refusing}
        assert len(refused) == 10
        assert not refused & {row["主订单编号"] for _, row in _rows(files, "taobao_details")}


def test_known_customers_agree_with_the_base_but_for_the_listed_conflicts():
    for world, files in _both():
        base = {row["customer_id"]: row for row in world["customers"]}
        said_before = set()
        for name, headings in TOLD.items():
            listed = {(int(row["row"]), row["customer_id"], row["column"]) for row in _truth(world, "conflicts", name)}
            faulty = {int(row["row"]) for row in _truth(world, "faults", name)}
            found, known, new = set(), set(), set()
            for number, row in _rows(files, name):
                told = {column: row[heading] for heading, column in headings.items()}
                customer = told.pop("customer_id")
                if number in faulty or not told["name"]:
                    continue
                (known if customer in base else new).add(customer)
                if customer in base:
                    told |= _place(name, row)
                    told["phone"] = re.sub(r"\D", "", _plain(told["phone"])).removeprefix("86")
                    other = {column for column, value in told.items() if value and value != base[customer][column]}
                    found |= {(number, customer, column) for column in other if base[customer][column]}
            assert found == listed
            assert len(listed) >= 4
            assert len(known) >= 15
            assert len(new) >= 15
            assert min(new) > BASE_NUMBER
            assert not said_before & (known | new)
            said_before |= known | new


def _place(name, row):
    """Age range and city as codes of the house, where the file asks for them."""
    if name not in PLACES:
        return {}
    ages = {word(f"world.age_range.{code}", "zh"): code for code in CODES["age_range"]}
    cities = {word(f"world.city.{code}", "zh"): code for code in CODES["city"]}
    age, city = (row[heading] for heading in PLACES[name])
    return {"age_range": ages.get(age, age), "city": cities.get(city.removesuffix("市"), "")}


def test_money_of_orders_lines_and_refunds_agrees():
    for world, files in _both():
        faulty = {int(row["row"]) for row in _truth(world, "faults", "taobao_details")}
        whole = [row for number, row in _rows(files, "taobao_details") if number not in faulty]
        assert any("元" in row["买家实际支付金额"] for row in whole)
        assert any("," in row["买家实际支付金额"] for row in whole)
        back = Counter()
        for row in whole:
            paid, off, price = (_fen(row[name]) for name in ("买家实际支付金额", "优惠金额", "价格"))
            assert paid + off == price * int(row["购买数量"])
            back[row["主订单编号"]] += _fen(row["退款金额"] or "0.00")
            assert _fen(row["退款金额"] or "0.00") <= paid
        wrong = {int(row["row"]) for row in _truth(world, "faults", "taobao_orders")}
        for number, row in _rows(files, "taobao_orders"):
            if back[row["订单编号"]] and number not in wrong:
                assert _fen(row["退款金额"]) == back[row["订单编号"]]
                assert row["订单状态"] == "交易成功"
        assert sum(fen > 0 for fen in back.values()) >= 5
        assert {row["订单状态"] for _, row in _rows(files, "taobao_orders")} > set(STATES)
        again = {row["order_id"] for row in world["orders"]}
        assert sum(_plain(row["订单编号"]) in again for _, row in _rows(files, "taobao_orders")) >= 9 + 2


def _fen(text):
    return round(100 * float(_plain(text).replace(",", "").strip("元¥")))


def test_links_are_what_the_identifiers_say():
    for world, files in _both():
        owners, there = _owners(world, files)
        truth = {row["event_id"]: (row["customer_id"], row["how"]) for row in world["links"]}
        events = {row["event_id"]: row for _, row in _rows(files, "web_events") if row["event_id"]}
        assert set(truth) == set(events)
        for event_id, row in events.items():
            phone, email = re.sub(r"\D", "", row["phone"]).removeprefix("86"), row["email"].lower()
            by = {"phone": owners[phone], "email": owners[email]}
            candidates = set().union(*by.values())
            if row["customer_id"] in there:
                expected = (row["customer_id"], "id")
            elif len(candidates) == 1:
                expected = (*candidates, "_".join(name for name, found in by.items() if found))
            else:
                expected = ("", "ambiguous" if candidates else "unlinked")
            assert truth[event_id] == expected
        assert min(Counter(how for _, how in truth.values()).values()) >= 5
        new = sum(customer > BASE_NUMBER for customer, _ in truth.values())
        assert new >= 5
        assert sum(owner > BASE_NUMBER for owners_ in owners.values() if len(owners_) == 2 for owner in owners_) == 4


def _owners(world, files):
    """Who has which contact once everything is loaded; the base keeps its own where a file contradicts it."""
    faulty = defaultdict(set)
    for row in world["faults"]:
        faulty[row["file"]].add(int(row["row"]))
    base = {row["customer_id"]: {"phone": row["phone"], "email": row["email"]} for row in world["customers"]}
    for name, headings in TOLD.items():
        for number, row in _rows(files, name):
            told = {column: _plain(row[heading]) for heading, column in headings.items()}
            if number in faulty[f"{name}.csv"] or not told["name"]:
                continue
            contacts = base.setdefault(told["customer_id"], {"phone": "", "email": ""})
            contacts["phone"] = contacts["phone"] or re.sub(r"\D", "", told["phone"]).removeprefix("86")
            contacts["email"] = contacts["email"] or told.get("email", "")
    owners = defaultdict(set)
    for customer, contacts in base.items():
        for contact in filter(None, contacts.values()):
            owners[contact.lower()].add(customer)
    return owners, set(base)


def test_nobody_real_comes_in():
    for files in incoming():
        for name, headings in TOLD.items():
            for _, row in _rows(files, name):
                told = {column: row[heading] for heading, column in headings.items()}
                surname = r" (Sample|Example|Specimen|Placeholder|Testcase|Demo)$"
                assert not told["name"] or told["name"][1] == "示" or re.search(surname, told["name"])
                assert re.fullmatch(r"(120\d{7,8})?", re.sub(r"\D", "", _plain(told["phone"])).removeprefix("86"))
        text = "\n".join(content.decode(ENCODING[file.removesuffix(".csv")]) for file, content in files.items())
        assert set(re.findall(r"@([A-Za-z0-9.-]+)", text)) == {"shop.example", "SHOP.EXAMPLE"}
        addresses = [row["来自IP"] for _, row in _rows(files, "signups")]
        addresses += [row["ip"] for _, row in _rows(files, "web_events")]
        assert all(re.match(r"203\.0\.113\.\d+", address) for address in addresses)
        assert not re.search(r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)", text)


def test_another_seed_gives_other_files():
    shipped, *others = incoming()
    for other in others:
        assert all(other[name] != content for name, content in shipped.items())


@pytest.mark.parametrize("seed", [131_383_004, 473_705_913])
def test_where_all_of_shanghai_is_taken_others_are_repeated(seed):
    told = make_world(seed).truth["faults"]
    repeats = told[(told["file"] == "signups.csv") & (told["reason"] == "duplicate")]
    assert len(repeats) == 4
