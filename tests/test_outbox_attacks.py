"""Hostile customers, careless employees, two programs at once, a full disk: nothing unlawful, nothing half done."""

import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from outbox_shop import MORNING, asked, box_of, consents, customers, files_in, pseudonym, reasons, tiny_shop
from test_outbox_property import messages_in

from crmlab.errors import DataError, ParameterError
from crmlab.outbox import open_rules
from crmlab.outbox.requests import value_text

NIGHT = MORNING.replace(hour=22)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\r\nb", "a b"),
        ("a\x00b\x1bc", "a b c"),
        ("a\u2028b\x85c", "a b c"),
        ("\u202ea\u2066b\u061cc\u200bd\ufeff", "abcd"),
        ("a\U000e0041\u180e\u00adb", "ab"),
        ("a\ud800b", "a b"),
        ("\u202e\u200b", None),
        ("示\u3000安 Ω é 😀", "示 安 Ω é 😀"),
    ],
)
def test_a_value_is_one_line_without_anything_invisible(value, text):
    assert value_text(value) == text


def test_a_campaign_stands_on_one_line_and_holds_no_contact(tmp_path):
    box = box_of(tmp_path, tiny_shop(1))
    post = asked((None, "festival_post", "social"), topic="618", day="2026-06-18")
    assert reasons(box.put(post.assign(campaign="618\n\n# 新标题\u202e"), at=MORNING)) == ["written"]
    assert "## 618 # 新标题\n" in files_in(tmp_path)["runs/0001/social.md"].decode()
    for personal in ("给 12000000001", "c1@shop.example", "１２００００００００１"):
        with pytest.raises(DataError, match="campaign") as found:
            box.put(asked(("C1", "coupon", "sms"), campaign=personal), at=MORNING)
        assert "12000000001" not in str(found.value)
        assert "c1@shop" not in str(found.value)


def test_a_name_of_ten_thousand_characters_costs_the_shop_nothing(tmp_path):
    box = box_of(tmp_path, tiny_shop(3, customers=customers({"name": "示" * 10_000}, {"name": "示" * 100}, {})))
    report = box.put(asked(*((f"C{n}", "coupon", "sms") for n in (1, 2, 3)), code=["A", "A", "长" * 1001]), at=MORNING)
    assert reasons(report) == ["refused: value_too_long", "written", "refused: value_too_long"]
    assert report.decisions["detail"].tolist()[0::2] == ["name", "code"]


@pytest.mark.parametrize("offer", ["优 惠", "优·惠", "ｃｏｕｐｏｎ", "全场 8 折", "５０％ off", "红\u200b包"])
def test_an_offer_cannot_hide_in_a_notice_of_service(tmp_path, offer):
    box = box_of(tmp_path, tiny_shop(1, consents=consents()))
    report = box.put(asked(("C1", "shipped", "sms"), arrives=f"明天，{offer}"), at=MORNING)
    assert reasons(report) == ["refused: offer_in_service"]


def test_a_folding_umbrella_is_no_discount(tmp_path):
    box = box_of(tmp_path, tiny_shop(1, consents=consents()))
    assert reasons(box.put(asked(("C1", "shipped", "sms"), arrives="明天，3 折叠伞"), at=MORNING)) == ["written"]


@pytest.mark.parametrize(
    "phone", ["1200000000٣", "120000000०1", "12000000001x", "120000000011", "+1 2000000000", "＋1 200-000-0000"]
)
def test_a_phone_number_has_eleven_plain_digits(tmp_path, phone):
    box = box_of(tmp_path, tiny_shop(1, customers=customers({"phone": phone})))
    assert reasons(box.put(asked(("C1", "coupon", "sms")), at=MORNING)) == ["refused: bad_address"]


def test_one_mailbox_written_in_two_ways_is_closed_for_both(tmp_path):
    shop = tiny_shop(2, customers=customers({"email": "an@shop.example"}, {"email": " AN@Shop.Example"}))
    box = box_of(tmp_path, shop)
    box.reply(pseudonym("C1"), "退订", channel="email", at=MORNING)
    rows = asked(("C2", "coupon", "email"), ("C2", "new_product", "onsite"), reason="r")
    assert reasons(box.put(rows, at=MORNING)) == ["refused: channel_closed", "refused: objected"]


@pytest.mark.parametrize(
    ("evening", "morning"),
    [
        (datetime(2026, 3, 7, 22, 30, tzinfo=NEW_YORK), datetime(2026, 3, 8, 12, 0, tzinfo=UTC)),
        (datetime(2026, 10, 31, 22, 30, tzinfo=NEW_YORK), datetime(2026, 11, 1, 13, 0, tzinfo=UTC)),
    ],
)
def test_a_held_message_goes_at_eight_by_the_clock_that_changed_in_the_night(tmp_path, evening, morning):
    box = box_of(tmp_path, tiny_shop(1, customers=customers({"zone": "America/New_York"})))
    assert reasons(box.put(asked(("C1", "coupon", "sms")), at=evening)) == ["held: quiet_hours"]
    assert len(box.release(at=morning - timedelta(seconds=1)).decisions) == 0
    assert reasons(box.release(at=morning)) == ["written"]


def test_a_clock_that_goes_back_brings_nothing_twice_and_opens_nothing(tmp_path):
    box = box_of(tmp_path, tiny_shop(2), rules=replace(open_rules("cn"), cap=1))
    rows = asked(("C1", "coupon", "sms"), ("C2", "coupon", "sms"))
    box.put(rows.iloc[:1], at=MORNING)
    box.put(rows.iloc[1:], at=NIGHT)
    early = MORNING - timedelta(days=3)
    assert reasons(box.put(rows, at=early)) == ["already: written_before", "already: held_before"]
    assert reasons(box.put(rows.iloc[:1].assign(campaign="x"), at=early)) == ["refused: cap"]
    assert len(box.release(at=early).decisions) == 0
    assert box.verify().empty


@pytest.mark.parametrize("save", ["gb18030", "values", "columns"])
def test_held_messages_that_another_program_saved_are_told_and_stay_held(tmp_path, save):
    box = box_of(tmp_path, tiny_shop(1))
    box.put(asked(("C1", "coupon", "sms"), code="优惠码甲"), at=NIGHT)
    path = tmp_path / "runs/0001/held.csv"
    good = path.read_text(encoding="utf-8")
    changed = {"gb18030": good, "values": good.replace("{", "["), "columns": good.replace("values", "值")}[save]
    path.write_bytes(changed.encode("gb18030" if save == "gb18030" else "utf-8"))
    with pytest.raises(DataError, match=r"0001/held\.csv"):
        box.release(at=NIGHT + timedelta(hours=10))
    path.write_text(good, encoding="utf-8", newline="\n")
    assert reasons(box.release(at=NIGHT + timedelta(hours=10))) == ["written"]


@pytest.mark.parametrize(
    "changes",
    [{"sms_opt_out": {"zh": " ", "en": "Reply T"}}, {"sms_signature": ""}, {"sms_signature": "{shop.__class__}"}],
)
def test_rules_cannot_leave_out_who_writes_and_how_to_refuse(changes):
    with pytest.raises(ParameterError, match="shop"):
        replace(open_rules("cn"), **changes)


@contextmanager
def disk_of(size):
    """A disk on which no file grows beyond so many bytes."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 300, 1500, 30_000, 70_000])
def test_a_full_disk_writes_nothing_and_says_so(tmp_path, size):
    rows = asked(
        *((f"C{n}", "coupon", channel) for n in range(1, 41) for channel in ("email", "sms")), campaign="长" * 99
    )
    with box_of(tmp_path, tiny_shop(40)) as box:
        before = files_in(tmp_path)
        with disk_of(size), pytest.raises(DataError, match="disk") as found:
            box.put(rows, at=MORNING)
        assert str(tmp_path) not in str(found.value)
        assert len(box.history()) == 0
        assert {name for name in files_in(tmp_path) if ".part/" not in name} == set(before)
        assert set(reasons(box.put(rows, at=MORNING))) == {"written"}
        assert len(messages_in(tmp_path)) == 80
        assert box.verify().empty


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_folder_that_is_read_only_says_so(tmp_path):
    tmp_path.chmod(0o500)
    try:
        for folder in (tmp_path, tmp_path / "new"):
            with pytest.raises(DataError, match="may be written to"):
                box_of(folder, tiny_shop(1))
    finally:
        tmp_path.chmod(0o700)


def test_what_is_no_folder_and_no_file_says_so(tmp_path):
    (tmp_path / "file").write_text("618", encoding="utf-8")
    (tmp_path / "box" / "log.sqlite").mkdir(parents=True)
    for folder in (tmp_path / "file", tmp_path / "box"):
        with pytest.raises(DataError, match="may be written to"):
            box_of(folder, tiny_shop(1))


DRIVER = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from outbox_shop import MORNING, asked, box_of, reasons, tiny_shop
folder, rows = Path({folder!r}), asked(*((f"C{{n}}", "coupon", "email") for n in range(1, 21)))
children = []
for number in range(3):
    pid = os.fork()
    if pid == 0:
        box = box_of(folder, tiny_shop(20))
        told = reasons(box.put(rows.assign(campaign="a"), at=MORNING)) + reasons(box.put(rows, at=MORNING))
        print(told.count("written"), flush=True)
        os._exit(0)
    children.append(pid)
assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0, 0, 0]
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_three_programs_at_once_write_each_message_once(tmp_path):
    code = DRIVER.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert sum(map(int, done.stdout.split())) == 40
    with box_of(tmp_path, tiny_shop(20)) as box:
        assert box.verify().empty
        assert Counter(message for message, *_ in messages_in(tmp_path)) == Counter(box.history()["message"])
        assert not list(tmp_path.glob("runs/*.part"))
