"""Whatever customers, consents, refusals, zones and clocks there are: no unlawful message, one decision per request."""

import csv
import email
import email.policy
import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outbox_shop import KEY, TEMPLATES, TinyShop, asked, box_of, consents, customers, files_in, pseudonym, suppressions

from crmlab.outbox import open_rules

DAYS = [date(2026, 3, 1) + timedelta(days=days) for days in range(0, 40, 3)]
ZONES = ["Asia/Shanghai", None, "America/New_York", "Europe/Berlin", "Pacific/Kiritimati", "Asia/Kolkata", "Mars/Base"]
NAMES = [("coupon", "sms"), ("coupon", "email"), ("birthday", "wangwang"), ("new_product", "email"), ("shipped", "sms"),
         ("follow_up", "onsite"), ("verification", "sms"), ("shipped", "email")]  # fmt: skip
EXAMPLES = int(os.environ.get("CRMLAB_EXAMPLES", "15"))
CAP, CAP_DAYS = 1, 30
RULES = open_rules("cn")


@st.composite
def worlds(draw):
    """People with what they agreed to and refused, and calls: put, release or reply, each at its moment."""
    count = draw(st.integers(1, 4))
    people, agreements, refusals = [], [], []
    for number in range(1, count + 1):
        person = {"zone": draw(st.sampled_from(ZONES)), "language": draw(st.sampled_from(["zh", "en", None]))}
        if draw(st.integers(0, 5)) == 0:
            person["phone"] = draw(st.sampled_from([None, "12000000001", "12"]))
        if draw(st.integers(0, 5)) == 0:
            person["email"] = draw(st.sampled_from([None, "c1@shop.example", "x\r\nBcc: y@shop.example"]))
        if draw(st.integers(0, 7)) == 0:
            person["name"] = draw(st.sampled_from([None, " ", "<b>示</b>\r\nBcc: q@shop.example"]))
        people.append(person)
        for purpose in ("marketing", "profiling"):
            start = date(2026, 1, 1)
            for _ in range(draw(st.sampled_from([1, 1, 1, 2, 0]))):
                until = draw(st.sampled_from([None, None, None, *DAYS[::3]]))
                agreements.append((f"C{number}", purpose, str(start), until and str(until)))
                start = draw(st.sampled_from(DAYS))
        for _ in range(draw(st.sampled_from([0, 1, 1]))):
            channel = draw(st.sampled_from(["sms", "email", "onsite"]))
            own = {"sms": f"1200000{number:04}", "email": f"c{number}@shop.example", "onsite": f"C{number}"}
            reason = draw(st.sampled_from(["opt_out", "complaint", "hard_bounce"]))
            refusals.append((own[channel], channel, str(draw(st.sampled_from(DAYS[:5]))), reason))
    calls = draw(st.lists(st.tuples(
        st.sampled_from(["put", "put", "put", "release", "reply"]),
        st.sampled_from(DAYS), st.integers(0, 23), st.sampled_from([0, 59]),
        st.lists(st.tuples(st.integers(0, count), st.sampled_from(NAMES), st.sampled_from(["", "a", "b"]),
                           st.sampled_from(["AB12", None, "CD34"])), min_size=1, max_size=6),
    ), min_size=1, max_size=5))  # fmt: skip
    return people, agreements, refusals, calls


def requests_of(rows):
    frame = asked(*((f"C{number}", *name) for number, name, _, _ in rows))
    return frame.assign(campaign=[campaign for *_, campaign, _ in rows], code=[code for *_, code in rows])


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds())
def test_no_message_is_unlawful_and_every_request_has_one_decision(world):
    people, agreements, refusals, calls = world
    shop = TinyShop({
        "customers": customers(*people), "consents": consents(*agreements), "suppressions": suppressions(*refusals)
    })  # fmt: skip
    with TemporaryDirectory() as place:
        folder = Path(place)
        box = box_of(folder, shop, rules=replace(RULES, cap=CAP))
        replied = []
        for kind, day, hour, minute, rows in calls:
            at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
            if kind == "put":
                frame = requests_of(rows)
                report = box.put(frame, at=at)
                check_report(report, frame)
                before = files_in(folder), len(box.history())
                again = box.put(frame.sample(frac=1, random_state=1), at=at)
                assert (files_in(folder), len(box.history())) == before
                assert sorted(again.decisions["customer_id"]) == sorted(report.decisions["customer_id"])
                assert not (again.decisions["decision"] == "written").any()
            elif kind == "release":
                box.release(at=at)
                before = files_in(folder), len(box.history())
                assert len(box.release(at=at).decisions) == 0
                assert (files_in(folder), len(box.history())) == before
            elif isinstance(phone := shop.tables["customers"]["phone"].iloc[0], str):
                box.reply(KEY.contact(phone), "T", channel="sms", at=at)
                replied.append((phone, len(box.history())))
        assert box.verify().empty
        check_law(folder, box.history(), shop, agreements, refusals, replied)
        box.close()


def check_report(report, frame):
    assert report.decisions["template"].tolist() == frame["template"].tolist()
    known = frame["customer_id"] != pseudonym("C0")
    assert report.decisions["customer_id"][known].tolist() == frame["customer_id"][known].tolist()
    assert report.decisions["decision"].isin(["written", "held", "refused", "already"]).all()
    assert sum(report.counts.values()) == len(frame)
    assert (report.decisions["reason"].isna() == (report.decisions["decision"] == "written")).all()


def check_law(folder, log, shop, agreements, refusals, replied):
    """Reads what stands on the disk and judges it without the outbox's own code."""
    table = shop.tables["customers"]
    rows = {pseudonym(row["customer_id"]): row for row in table.to_dict("records")}
    entries = {row["message"]: row for row in log.to_dict("records") if row["decision"] == "written"}
    on_disk = messages_in(folder)
    assert Counter(message for message, *_ in on_disk) == Counter(entries.keys())
    commercial_at = {}
    for message, channel, to, text in on_disk:
        entry = entries[message]
        person = rows[entry["customer_id"]]
        template = TEMPLATES[entry["template"]]
        address = {"sms": person["phone"], "email": person["email"]}.get(channel, person["customer_id"])
        assert to == address
        names = {other["name"] for other in rows.values() if isinstance(other["name"], str)}
        tokens = names - {person["name"], " "}
        assert not [token for token in tokens if token in text]
        assert not {"\n", "Bcc"} & {*to, to[:3]}
        dead = [(since, why) for contact, where, since, why in refusals if (contact, where) == (address, channel)]
        zone = person["zone"] if isinstance(person["zone"], str) else "Asia/Shanghai"
        local = None if zone == "Mars/Base" else entry["at"].astimezone(ZoneInfo(zone))
        if template.commercial:
            for purpose in template.purposes:
                assert [
                    1 for who, what, since, until in agreements
                    if (who, what) == (person["customer_id"], purpose) and since <= str(local.date())
                    and (until is None or until > str(local.date()))
                ]  # fmt: skip
            assert not [1 for since, _ in dead if since <= str(local.date())]
            earlier = [phone for phone, number in replied if number < entry["entry"]]
            assert channel != "sms" or to not in earlier
            if "profiling" in template.purposes:
                contacts = {person["phone"], person["email"], person["customer_id"]}
                refused = [1 for contact, _, _, why in refusals if contact in contacts and why != "hard_bounce"]
                assert not refused
                assert not contacts.intersection(earlier)
            assert 8 <= local.hour < 22
            assert "退订" in text or "拒收请回复T" in text or "Reply T to stop" in text or "answer “" in text
            assert "help@shop.example" in text
            commercial_at.setdefault(entry["customer_id"], []).append(entry["at"])
        elif local is not None:
            assert not [1 for since, why in dead if why == "hard_bounce" and since <= str(local.date())]
    for times in commercial_at.values():
        for first in times:
            assert sum(first <= one < first + timedelta(days=CAP_DAYS) for one in times) <= CAP


def messages_in(folder):
    """Number, channel, address and words of every message on the disk."""
    found = []
    for path in folder.glob("runs/*/email/*/*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default)
        assert not mail.defects
        found.append((path.stem, "email", mail["To"], f"{mail['Subject']} {mail.get_body('plain').get_content()}"))
    for channel in ("sms", "wangwang", "onsite"):
        for path in folder.glob(f"runs/*/{channel}.csv"):
            with path.open(encoding="utf-8-sig", newline="") as lines:
                for row in csv.DictReader(lines):
                    found.append((row["message"], channel, row.get("phone", row["customer_id"]), row["text"]))
    return found


def test_the_checker_itself_notices_a_message_at_night(tmp_path):
    yes = ("C1", "marketing", "2026-01-01", None)
    shop = TinyShop({"customers": customers({"zone": None}), "consents": consents(yes)})
    box = box_of(tmp_path, shop, rules=replace(RULES, quiet_from=RULES.quiet_to))
    box.put(requests_of([(1, ("coupon", "sms"), "", "AB12")]), at=datetime(2026, 3, 1, 16, tzinfo=UTC))
    with pytest.raises(AssertionError):
        check_law(tmp_path, box.history(), shop, [yes], [], [])
