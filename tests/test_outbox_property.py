"""Whatever customers, consents, refusals, zones and clocks there are: no unlawful message, one decision per request."""

import csv
import email
import email.policy
import os
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from outbox_shop import KEY, TEMPLATES, TinyShop, asked, box_of, consents, customers, files_in, pseudonym, suppressions

from crmlab.collect.tombstones import tombstone_hash
from crmlab.outbox import open_rules

EXAMPLES = int(os.environ.get("CRMLAB_EXAMPLES", "15"))
RULES = open_rules("cn")
ALWAYS, TODAY, NEXT = "2026-01-01", "2026-03-07", "2026-03-08"
BEGIN = datetime(2026, 3, 7, 2, tzinfo=UTC)
"""Ten in the morning in Shanghai, the evening before in New York, where the clocks change a day later."""
HOURS = [0, 1, 6, 12, 13, 23, 24, 36, -24, 29 * 24, 30 * 24]
"""From one call to the next; clocks go backwards too."""
ZONES = ["America/New_York", "Europe/Berlin", "Pacific/Kiritimati", "Asia/Kolkata"]
NAMES = [("coupon", "sms"), ("coupon", "email"), ("birthday", "wangwang"), ("new_product", "email"),
         ("shipped", "sms"), ("follow_up", "onsite"), ("verification", "sms"), ("shipped", "email"),
         ("festival_post", "social")]  # fmt: skip
CONTACTS = {"sms": "phone", "email": "email", "wangwang": "customer_id", "onsite": "customer_id"}
TROUBLES = ["nothing", "no_consent", "withdrawn", "tomorrow", "no_profiling", "closed", "bounced", "elsewhere",
            "no_address", "bad_address", "shared", "deleted", "abroad", "nowhere", "odd_name"]  # fmt: skip
"""What may be the matter with a customer; everything else about that customer is as it should be."""


@dataclass
class World:
    """People by their number with what they agreed to and refused, and what is asked of the outbox in which order."""

    troubles: tuple[str, ...]
    cap: int
    calls: list
    people: list = field(default_factory=list)
    ledger: list = field(default_factory=list)
    refusals: list = field(default_factory=list)
    deleted: list = field(default_factory=list)

    def shop(self) -> TinyShop:
        ledger, refused = consents(*self.ledger), suppressions(*self.refusals)
        return TinyShop({"customers": customers(*self.people), "consents": ledger, "suppressions": refused})

    def tombstones(self) -> pd.DataFrame:
        hashes = [tombstone_hash(KEY, "customer", one) for one in self.deleted]
        return pd.DataFrame({"hash": hashes, "kind": "customer", "deleted_on": pd.Timestamp("2026-02-01")})


@st.composite
def worlds(draw):
    """Five people, each with a trouble of another kind; a call by day that asks for much, and more calls after it."""
    some_names = st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique=True)
    more = st.tuples(
        st.sampled_from(["put", "put", "release", "reply", "withdraw"]), st.sampled_from(HOURS), some_names,
        st.integers(1, 5), st.sampled_from(["", "a"]), st.sampled_from(["AB12", "AB12", None, "罗示丁", "12000000003"]),
    )  # fmt: skip
    first = ("put", draw(st.sampled_from([0, 0, 13])), NAMES, 1, "", "AB12")
    calls = [first, *draw(st.lists(more, min_size=1, max_size=3))]
    made = World(tuple(draw(st.permutations(TROUBLES))[:5]), draw(st.sampled_from([1, 99, 99])), calls)
    for number, trouble in enumerate(made.troubles, 1):
        person = {"language": draw(st.sampled_from(["zh", "en", None])), "zone": None}
        own = {"sms": f"1200000{number:04}", "email": f"c{number}@shop.example", "onsite": f"C{number}"}
        since, until, channel = ALWAYS, None, draw(st.sampled_from(["sms", "email", "onsite"]))
        if trouble in ("abroad", "nowhere"):
            person["zone"] = "Mars/Base" if trouble == "nowhere" else draw(st.sampled_from(ZONES))
            since = draw(st.sampled_from([ALWAYS, TODAY]))
        elif trouble == "withdrawn":
            until = draw(st.sampled_from(["2026-02-01", TODAY, NEXT]))
        elif trouble == "tomorrow":
            since = NEXT
        elif trouble in ("closed", "bounced", "elsewhere"):
            reason = "hard_bounce" if trouble == "bounced" else draw(st.sampled_from(["opt_out", "complaint"]))
            channel = "sms" if trouble == "elsewhere" else channel
            since_day = draw(st.sampled_from([TODAY, TODAY, NEXT]))
            made.refusals.append((own[channel], channel, since_day, reason))
        elif trouble in ("no_address", "bad_address", "shared"):
            phone, mail = {"no_address": (None, None), "bad_address": ("12", "x\r\nBcc: y@shop.example"),
                           "shared": ("12000000001", "c1@shop.example")}[trouble]  # fmt: skip
            person |= {"phone": phone, "email": mail}
        elif trouble == "deleted":
            made.deleted.append(f"C{number}")
        elif trouble == "odd_name":
            person["name"] = draw(st.sampled_from([None, " ", "<b>示</b>\r\nBcc: q@shop.example"]))
        made.people.append(person)
        purposes = {"no_consent": (), "no_profiling": ("marketing",)}.get(trouble, ("marketing", "profiling"))
        made.ledger += [(f"C{number}", one, since, until) for one in purposes]
    return made


def requests_of(names, people, campaign="", code="AB12"):
    """Each of the names for each customer, one whom nobody knows (C0), and one post without a customer."""
    rows = [(f"C{number}", *name) for name in names for number in range(people + 1)]
    rows += [(None, *name) for name in names if name[1] == "social"]
    return asked(*rows, campaign=campaign, code=code, reason="r", topic="618", day="2026-06-18")


@settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate])  # a world is small; shrinking takes minutes
@given(worlds())
def test_no_message_is_unlawful_and_every_request_has_one_decision(world):
    with (
        TemporaryDirectory() as place,
        patch("crmlab.outbox.people._tombstones", lambda shop: world.tombstones()),
        box_of(Path(place), world.shop(), rules=replace(RULES, cap=world.cap)) as box,
    ):
        at, ledgers, replied = BEGIN, [(0, list(world.ledger))], []
        for turn, (kind, hours, names, number, campaign, code) in enumerate(world.calls):
            at += timedelta(hours=hours)
            if kind == "put":
                frame = requests_of(names, len(world.people), campaign, code)
                report = box.put(frame, at=at)
                check_report(report, frame)
                if turn == 0:
                    check_the_first(report, world, by_day=hours == 0)
                    check_nothing_is_written_again(box, frame.sample(frac=1, random_state=1), at)
            elif kind == "release":
                box.release(at=at)
            elif kind == "withdraw":
                for place_of, (who, purpose, since, until) in enumerate(world.ledger):
                    if who == f"C{number}" and until is None:
                        world.ledger[place_of] = (who, purpose, since, str(at.date()))
                box.shop.tables["consents"] = consents(*world.ledger)
                ledgers.append((len(box.history()), list(world.ledger)))
            elif isinstance(phone := box.shop.tables["customers"]["phone"].iloc[number - 1], str):
                box.reply(KEY.contact(phone), "T", channel="sms", at=at)
                replied.append((phone, len(box.history())))
        assert box.verify().empty
        check_law(box, world, ledgers, replied)


def check_report(report, frame):
    assert report.decisions["template"].tolist() == frame["template"].tolist()
    known = frame["customer_id"].notna() & (frame["customer_id"] != pseudonym("C0"))
    assert report.decisions["customer_id"][known].tolist() == frame["customer_id"][known].tolist()
    assert report.decisions["decision"].isin(["written", "held", "refused", "already"]).all()
    assert sum(report.counts.values()) == len(frame)
    assert (report.decisions["reason"].isna() == (report.decisions["decision"] == "written")).all()
    stays = (frame["customer_id"] == pseudonym("C0")) | (frame["customer_id"].notna() & (frame["channel"] == "social"))
    assert (report.decisions["decision"][stays] == "refused").all()


def check_the_first(report, world, *, by_day):
    """A customer with no trouble gets everything by day: nobody is refused for no reason."""
    if by_day and "nothing" in world.troubles and world.cap == 99:
        own = report.decisions["customer_id"] == pseudonym(f"C{world.troubles.index('nothing') + 1}")
        own &= report.decisions["channel"] != "social"
        assert (report.decisions["decision"][own] == "written").all()


def check_nothing_is_written_again(box, frame, at):
    before = files_in(box.folder), len(box.history())
    assert not (box.put(frame, at=at).decisions["decision"] == "written").any()
    assert (files_in(box.folder), len(box.history())) == before


def check_law(box, world, ledgers, replied):
    """Reads what stands on the disk and judges it without the outbox's own code."""
    rows = {pseudonym(row["customer_id"]): row for row in box.shop.tables["customers"].to_dict("records")}
    entries = {row["message"]: row for row in box.history().to_dict("records") if row["decision"] == "written"}
    on_disk = messages_in(box.folder)
    posts = {message for message, entry in entries.items() if entry["channel"] == "social"}
    assert Counter(message for message, *_ in on_disk) == Counter(entries.keys() - posts)
    commercial_at = {}
    for message, channel, to, text in on_disk:
        entry = entries[message]
        person, template = rows[entry["customer_id"]], TEMPLATES[entry["template"]]
        who, address = person["customer_id"], person[CONTACTS[channel]]
        assert to == address
        assert re.fullmatch({"sms": "1[0-9]{10}", "email": r"c\d@shop\.example"}.get(channel, r"C\d"), to)
        assert who not in world.deleted
        others = [row for row in rows.values() if row is not person]
        foreign = {row[kind] for row in others for kind in ("name", "phone", "email") if isinstance(row[kind], str)}
        assert not [one for one in foreign - {*map(str, person.values())} if len(one) > 2 and one in text]
        assert "None" not in text
        assert "nan" not in text
        zone = person["zone"] if isinstance(person["zone"], str) else "Asia/Shanghai"
        day = str(entry["at"].astimezone(ZoneInfo(zone)).date()) if zone != "Mars/Base" else TODAY
        closed = [why for at, where, since, why in world.refusals if (at, where) == (address, channel) and since <= day]
        assert "hard_bounce" not in closed
        if not template.commercial:
            continue
        hour = entry["at"].astimezone(ZoneInfo(zone)).hour
        ledger = [rows_then for number, rows_then in ledgers if number < entry["entry"]][-1]
        for purpose in template.purposes:
            assert [1 for one, what, since, until in ledger if (one, what) == (who, purpose) and since <= day
                    and (until is None or until > day)]  # fmt: skip
        earlier = [phone for phone, number in replied if number < entry["entry"]]
        assert not closed
        assert channel != "sms" or to not in earlier
        if "profiling" in template.purposes:
            contacts = {person["phone"], person["email"], who}
            assert not [1 for contact, _, _, why in world.refusals if contact in contacts and why != "hard_bounce"]
            assert not contacts.intersection(earlier)
        assert 8 <= hour < 22
        assert "退订" in text or "拒收请回复T" in text or "Reply T to stop" in text or "answer “" in text
        assert "help@shop.example" in text
        commercial_at.setdefault(who, []).append(entry["at"])
    for times in commercial_at.values():
        for first in times:
            assert sum(first <= one < first + timedelta(days=RULES.cap_days) for one in times) <= world.cap


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
    world = World(("nothing",), 99, [], [{"zone": None}], [("C1", "marketing", ALWAYS, None)])
    with box_of(tmp_path, world.shop(), rules=replace(RULES, quiet_from=RULES.quiet_to)) as box:
        box.put(requests_of(NAMES[:1], 1), at=datetime(2026, 3, 1, 16, tzinfo=UTC))
        with pytest.raises(AssertionError, match="8 <= "):
            check_law(box, world, [(0, world.ledger)], [])
