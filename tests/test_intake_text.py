"""Bytes to text, and cells to what the house holds."""

import unicodedata
from datetime import date, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.errors import DataError
from crmlab.intake.cells import birthday, count, decimal, moment, phone, plain, seconds, wordings
from crmlab.intake.derived import number_of, share
from crmlab.intake.text import MOVED, decode

RARE = "姓名,𠮷示䶮€㐀\n"
MOVED_IN_2022 = {
    **dict(zip(range(0xFE10, 0xFE1A), ["A6D9", "A6DB", "A6DA", "A6DC", "A6DD", "A6DE", "A6DF"], strict=False)),
    **{0xFE17: "A6EC", 0xFE18: "A6ED", 0xFE19: "A6F3", 0x9FB4: "FE59", 0x9FB5: "FE61", 0x9FB6: "FE66"},
    **{0x9FB7: "FE67", 0x9FB8: "FE6D", 0x9FB9: "FE7E", 0x9FBA: "FE90", 0x9FBB: "FEA0"},
}
"""The 18 code points and their two bytes, as the Encoding Standard of the WHATWG lists them."""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_every_encoding_is_found_and_told(encoding):
    assert decode(RARE.encode(encoding), "a.csv") == (RARE, encoding)


def test_big_endian_utf_16_and_a_mark_before_gb18030_are_read():
    assert decode(b"\xfe\xff" + RARE.encode("utf-16-be"), "a.csv") == (RARE, "utf-16")
    assert decode(("\ufeff" + RARE).encode("gb18030"), "a.csv") == (RARE, "gb18030")


def test_gbk_is_no_encoding_of_ours_but_its_files_are_read():
    assert decode("小满杂货".encode("gbk"), "a.csv") == ("小满杂货", "gb18030")


def test_the_18_moved_characters_come_as_todays_standard_has_them():
    assert len(MOVED_IN_2022) == len(MOVED) == 18
    for code, pair in MOVED_IN_2022.items():
        two, four = bytes.fromhex(pair), chr(code).encode("gb18030")
        assert len(four) == 4
        assert decode("姓名,".encode("gb18030") + two + four, "a.csv")[0] == f"姓名,{chr(code)}{chr(code)}"
        assert unicodedata.name(chr(code)).startswith(("PRESENTATION FORM FOR VERTICAL", "CJK UNIFIED IDEOGRAPH"))
        assert unicodedata.category(two.decode("gb18030")) == "Co", "Python's codec has moved on: MOVED can go"


def test_bytes_that_fit_no_encoding_are_told_with_their_line():
    with pytest.raises(DataError) as error:
        decode("姓名\n小满\n".encode("gb18030") + b"\xff\n", "a.csv")
    assert (error.value.key, error.value.values["line"], error.value.values["place"]) == ("intake_encoding", 3, 11)


def test_a_broken_utf_8_file_is_not_read_as_gb18030_nonsense():
    broken = "编号,词语\n1,咖啡\n2,茶叶".encode()[:-2]
    assert broken.decode("gb18030").startswith("缂栧彿")
    with pytest.raises(DataError) as error:
        decode(broken, "a.csv")
    assert (error.value.values["encoding"], error.value.values["line"]) == ("utf-8", 3)


def test_a_binary_file_is_no_text():
    with pytest.raises(DataError) as error:
        decode(b"a,b\n\0\1", "a.csv")
    assert error.value.key == "intake_binary"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('="2896393709012845634"', "2896393709012845634"),
        ("'12000000001", "12000000001"),
        ("\u3000小满 \t", "小满"),
        ("'=1+1", "=1+1"),
        ("''5", "'5"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ('=""', None),
        ("", None),
        (" ", None),
    ],
)
def test_what_spreadsheets_put_around_a_cell_is_taken_off(cell, expected):
    (found,) = plain(pd.Series([cell]))
    assert found == expected or (expected is None and pd.isna(found))


@given(st.dates(date(1950, 1, 1), date(2080, 12, 31)))
def test_a_date_is_read_in_every_usual_form(day):
    year, month, of_month = day.year, day.month, day.day
    forms = [
        day.isoformat(),
        f"{year}/{month}/{of_month}",
        f"{year}.{month:02}.{of_month:02}",
        f"{year}年{month}月{of_month}日",
        f"{year} 年 {month} 月 {of_month} 日",
        f"{year}{month:02}{of_month:02}",
        f"{day.isoformat()} 14:05:09",
        f"{year}/{month}/{of_month} 下午2:05",
    ]
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    assert {moment(form.translate(wide), day=True) for form in forms} == {day.isoformat()}
    assert {moment(form, day=True) for form in forms} == {day.isoformat()}
    assert moment(f"{month}/{of_month}/{year}", day=True, month_first=True) == day.isoformat()


@given(st.datetimes(datetime(1950, 1, 1), datetime(2080, 1, 1)).map(lambda time: time.replace(microsecond=0)))
def test_a_time_is_read_in_every_usual_form(time):
    expected = time.isoformat()
    half, hour = ("下午" if time.hour >= 12 else "上午"), time.hour % 12 or (12 if time.hour else 0)
    forms = [
        expected,
        f"{time:%Y-%m-%d %H:%M:%S}",
        f"{time:%Y/%m/%d %H:%M:%S}.000",
        f"{time.year}年{time.month}月{time.day}日 {time.hour}时{time.minute}分{time.second}秒",
        f"{time:%Y%m%d} {time:%H:%M:%S}",
        f"{expected}+08:00",
        f"{time.year}/{time.month}/{time.day} {half}{hour}:{time:%M:%S}",
    ]
    assert {moment(form, day=False) for form in forms} == {expected}


@pytest.mark.parametrize("cell", ["17/06/2026", "2026-6", "昨天", "2026-06-17T09:00:00Z", "46190", "2026-06-17 下午"])
def test_what_is_no_date_of_these_forms_stays_as_it_stands(cell):
    assert moment(cell, day=False) == cell


def test_an_impossible_date_keeps_its_parts():
    assert moment("2026年2月30日", day=True) == "2026-02-30"
    assert moment("2027/13/1", day=True) == "2027-13-01"


@given(st.decimals(0, 10**9, places=2))
def test_money_is_read_however_it_is_written(amount):
    expected = f"{amount:.2f}"
    forms = [f"{amount:,.2f}", f"{amount:.2f}元", f"¥{amount:,.2f}", f"￥ {amount:.2f}", f"CNY {amount:,.2f}"]
    wide = str.maketrans("0123456789,.", "０１２３４５６７８９，．")
    assert {decimal(form) for form in [*forms, *(form.translate(wide) for form in forms)]} == {expected}
    assert decimal(f"-{amount:,.2f}") == f"-{expected}"


@pytest.mark.parametrize("cell", ["1,28", "12,3456", "面议", "1.2万", "1.2.3", "1-2", "50%", "", "1e5"])
def test_what_is_no_amount_stays_as_it_stands(cell):
    assert decimal(cell) == cell


def test_counts_durations_phones_and_birthdays():
    assert [count(cell) for cell in ("1,280", "007", "3 件", "５", "-1", "2.5", "两次")] == [
        *("1280", "7", "3", "5", "-1", "2.5", "两次")
    ]
    assert [seconds(cell) for cell in ("125秒", "2分5秒", "1小时2分3秒", "3分钟", "90", "很久")] == [
        *("125", "125", "3723", "180", "90", "很久")
    ]
    forms = ("120-0000-0001", "+86 12000000001", "8612000000001", "１２０ ００００ ０００１")
    assert {phone(cell) for cell in forms} == {"12000000001"}
    assert phone("120-0000-000") == "1200000000"
    assert phone("分机 8001") == "分机 8001"
    assert [birthday(cell) for cell in ("1990-3-5", "3月5日", "03-05", "1990年3月5日", "春天")] == [
        *("03-05", "03-05", "03-05", "03-05", "春天")
    ]


def test_codes_are_known_by_their_words_in_both_languages():
    assert {wordings("city")[key] for key in ("上海", "上海市", "shanghai")} == {"shanghai"}
    assert {wordings("age_range")[key] for key in ("25-34", "25-34岁", "25to34years")} == {"25-34"}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 30)), min_size=1, max_size=12), st.randoms())
def test_lines_get_the_same_numbers_whatever_the_order_of_the_records(pairs, shuffled):
    records = pd.DataFrame([(order, str(sub)) for order, sub in pairs], columns=["order", "sub"])
    mixed = records.sample(frac=1, random_state=shuffled.randrange(1000))
    found = number_of(mixed["sub"], mixed["order"]).sort_index()
    assert found.equals(number_of(records["sub"], records["order"]))
    by_hand = {order: sorted({sub for one, sub in pairs if one == order}) for order in "ab"}
    assert found.tolist() == [str(by_hand[order].index(sub) + 1) for order, sub in pairs]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6), st.integers(0, 10**7))
def test_shares_add_up_to_the_amount_of_the_order(prices, amount):
    written = pd.Series([f"{amount / 100:.2f}"] * len(prices), dtype="str")
    listed = pd.Series([f"{price / 100:.2f}" for price in prices], dtype="str")
    parts = share(written, pd.Series("a", index=written.index), listed)
    fen = [round(float(part) * 100) for part in parts]
    assert sum(fen) == amount
    assert all(abs(part - amount * price / sum(prices)) < 1 for part, price in zip(fen, prices, strict=True))


def test_lines_with_amounts_of_their_own_keep_them():
    amounts, orders = pd.Series(["5.00", "7.00", "免费", "免费"]), pd.Series(["a", "a", "b", "b"])
    assert share(amounts, orders, pd.Series(["9", "9", "9", "9"])).tolist() == amounts.tolist()
