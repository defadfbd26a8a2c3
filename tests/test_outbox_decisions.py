"""Who gets a message and who does not, why, and that nobody gets it twice."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest
from outbox_shop import (
    KEY,
    MORNING,
    TEMPLATES,
    TinyShop,
    agreed,
    asked,
    box_of,
    consents,
    customers,
    files_in,
    pseudonym,
    reasons,
    suppressions,
    tiny_shop,
)  # fmt: skip

from crmlab.collect.consent import with_consent
from crmlab.errors import ConsentError, DataError, ParameterError
from crmlab.outbox import open_rules
from crmlab.outbox.checks import CHECKS

RULES = open_rules("cn")
NIGHT = MORNING.replace(hour=22)
DAY = timedelta(days=1)


def test_the_checks_and_their_order():
    assert list(CHECKS) == [
        *("already", "known", "deleted", "contact", "zone", "consent", "suppressed", "objected"),
        *("values", "rendering", "quiet", "cap"),
    ]


@pytest.mark.parametrize(
    ("person", "channel", "expected"),
    [
        ({}, "sms", "written"),
        ({"phone": None}, "sms", "refused: unreachable"),
        ({"phone": "+86 120-0000-0009"}, "sms", "written"),
        ({"phone": "120"}, "sms", "refused: bad_address"),
        ({"email": None}, "email", "refused: unreachable"),
        ({"email": "x@shop.example\r\nBcc: y@shop.example"}, "email", "refused: bad_address"),
        ({"email": "x"}, "email", "refused: bad_address"),
        ({"email": None, "phone": None}, "onsite", "written"),
        ({"name": None}, "sms", "refused: missing_value"),
        ({"name": "\u200b "}, "sms", "refused: missing_value"),
    ],
)
def test_one_needs_an_address_and_the_values_of_the_template(tmp_path, person, channel, expected):
    box = box_of(tmp_path, tiny_shop(1, customers=customers(person)))
    assert reasons(box.put(asked(("C1", "coupon", channel)), at=MORNING)) == [expected]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([("2026-01-01", None)], "written"),
        ([], "refused: no_consent"),
        ([("2026-06-17", None)], "written"),
        ([("2026-06-18", None)], "refused: no_consent"),
        ([("2026-01-01", "2026-06-17")], "refused: consent_withdrawn"),
        ([("2026-01-01", "2026-06-18")], "written"),
        ([("2026-01-01", "2026-02-01"), ("2026-03-01", None)], "written"),
    ],
)
def test_consent_must_hold_on_the_day(tmp_path, entries, expected):
    ledger = consents(*(("C1", "marketing", *days) for days in entries), ("C1", "survey", "2026-01-01", None))
    box = box_of(tmp_path, tiny_shop(1, consents=ledger))
    report = box.put(asked(("C1", "coupon", "sms"), ("C1", "birthday", "onsite"), ("C1", "shipped", "sms")), at=MORNING)
    assert reasons(report) == [expected, expected, "written"]
    assert report.decisions["detail"].dropna().eq("marketing").all()


def test_it_is_the_day_where_the_recipient_lives(tmp_path):
    people = customers({"zone": "Pacific/Auckland"}, {"zone": "America/New_York"}, {"zone": None})
    ledger = consents(*((f"C{n}", "marketing", "2026-06-18", None) for n in (1, 2, 3)))
    box = box_of(tmp_path, tiny_shop(3, customers=people, consents=ledger))
    report = box.put(asked(*((f"C{n}", "coupon", "sms") for n in (1, 2, 3))), at=MORNING + DAY - timedelta(minutes=30))
    assert reasons(report) == ["written", "refused: no_consent", "written"]


def test_a_zone_that_nobody_knows_stops_marketing_only(tmp_path):
    box = box_of(tmp_path, tiny_shop(1, customers=customers({"zone": "Mars/Base"})))
    report = box.put(asked(("C1", "coupon", "sms"), ("C1", "shipped", "sms")), at=MORNING)
    assert reasons(report) == ["refused: unknown_zone", "written"]


def test_a_message_chosen_by_a_profile_needs_consent_to_profiling(tmp_path):
    box = box_of(tmp_path, tiny_shop(2, consents=pd.concat([agreed(2, "marketing"), agreed(1, "profiling")])))
    report = box.put(asked(("C1", "new_product", "sms"), ("C2", "new_product", "sms"), reason="r"), at=MORNING)
    assert reasons(report) == ["written", "refused: no_consent"]
    assert report.decisions["detail"].tolist()[1] == "profiling"


@pytest.mark.parametrize(
    ("reason", "since", "expected"),
    [
        ("opt_out", "2026-06-17", ["refused: channel_closed", "written", "written"]),
        ("complaint", "2026-01-01", ["refused: channel_closed", "written", "written"]),
        ("opt_out", "2026-06-18", ["written", "written", "written"]),
        ("hard_bounce", "2026-06-17", ["refused: channel_closed", "refused: channel_closed", "written"]),
    ],
)
def test_a_closed_channel_stays_closed(tmp_path, reason, since, expected):
    closed = suppressions(("120 0000 0001", "sms", since, reason))
    box = box_of(tmp_path, tiny_shop(1, suppressions=closed))
    rows = asked(("C1", "coupon", "sms"), ("C1", "shipped", "sms"), ("C1", "coupon", "email"))
    assert reasons(box.put(rows, at=MORNING)) == expected


def test_a_new_consent_does_not_open_a_closed_channel(tmp_path):
    ledger = consents(("C1", "marketing", "2026-01-01", "2026-02-01"), ("C1", "marketing", "2026-05-01", None))
    closed = suppressions(("12000000001", "sms", "2026-02-01", "opt_out"))
    box = box_of(tmp_path, tiny_shop(1, consents=ledger, suppressions=closed))
    assert reasons(box.put(asked(("C1", "coupon", "sms")), at=MORNING)) == ["refused: channel_closed"]


def test_two_customers_with_one_phone_share_its_refusal(tmp_path):
    shop = tiny_shop(2, customers=customers({"phone": "12000000009"}, {"phone": "+86 12000000009"}))
    box = box_of(tmp_path, shop)
    assert box.reply(pseudonym("C1"), "T", channel="sms", at=MORNING) == "opt_out"
    assert reasons(box.put(asked(("C2", "coupon", "sms")), at=MORNING)) == ["refused: channel_closed"]


def test_a_reply_that_refuses_counts_at_once_and_ends_profiling_everywhere(tmp_path):
    box = box_of(tmp_path, tiny_shop(2))
    assert box.reply(pseudonym("C2"), "谢谢", channel="sms", at=MORNING) == "other"
    assert box.objections() == []
    assert box.reply(KEY.contact("12000000001"), "回复T", channel="sms", at=MORNING) == "opt_out"
    assert box.reply(KEY.contact("12000000001"), "T", channel="sms", at=MORNING) == "opt_out"
    rows = asked(("C1", "coupon", "sms"), ("C1", "coupon", "email"), ("C1", "new_product", "email"), reason="r")
    assert reasons(box.put(rows, at=MORNING)) == ["refused: channel_closed", "written", "refused: objected"]
    assert reasons(box.put(rows.iloc[:1].assign(campaign="x"), at=MORNING - 3 * DAY)) == ["refused: channel_closed"]
    assert box.objections() == [pseudonym("C1")]
    assert box.opt_outs()[["contact", "channel", "reason"]].values.tolist() == [
        [KEY.contact("12000000001"), "sms", "opt_out"]
    ]
    assert (box.history()["kind"] == "reply").sum() == 2


@pytest.mark.parametrize(
    ("who", "channel", "error"),
    [
        ("12000000001", "sms", DataError),
        ("C9", "sms", DataError),
        ("C1", "social", ParameterError),
        ("C2", "sms", DataError),
    ],
)
def test_a_reply_of_nobody_is_told_without_the_number(tmp_path, who, channel, error):
    box = box_of(tmp_path, tiny_shop(2, customers=customers({}, {"phone": None})))
    with pytest.raises(error) as found:
        box.reply(pseudonym(who) if who in ("C1", "C2") else who, "T", channel=channel, at=MORNING)
    assert "12000000001" not in str(found.value)


@pytest.mark.parametrize(("hour", "minute", "expected"), [(21, 59, "written"), (22, 0, "held: quiet_hours"),
                                                          (7, 59, "held: quiet_hours"), (8, 0, "written")])  # fmt: skip
def test_marketing_and_care_wait_for_the_morning_and_service_does_not(tmp_path, hour, minute, expected):
    box = box_of(tmp_path, tiny_shop(1))
    rows = asked(
        ("C1", "coupon", "sms"), ("C1", "birthday", "email"), ("C1", "shipped", "sms"), ("C1", "verification", "sms")
    )
    report = box.put(rows, at=MORNING.replace(hour=hour, minute=minute))
    assert reasons(report) == [expected, expected, "written", "written"]
    until = report.decisions["until"].dropna()
    assert {one.isoformat()[11:] for one in until} <= {"08:00:00+08:00"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_night_of_one_zone_holds_nobody_in_another(tmp_path, order):
    people = [{"zone": None}, {"zone": "Asia/Kolkata"}]
    box = box_of(tmp_path, tiny_shop(2, customers=customers(*(people[place] for place in order))))
    rows = asked(("C1", "coupon", "sms"), ("C2", "coupon", "sms"))
    expected = ["written", "held: quiet_hours"]
    assert reasons(box.put(rows, at=MORNING)) == [expected[place] for place in order]


def test_held_messages_go_in_the_morning_with_their_own_values(tmp_path):
    box = box_of(tmp_path, tiny_shop(2))
    rows = asked(("C1", "coupon", "sms"), ("C2", "coupon", "email"), code=["AAA1", None])
    rows.loc[1, "code"] = "BBB2"
    assert reasons(box.put(rows, at=NIGHT)) == ["held: quiet_hours"] * 2
    assert reasons(box.put(rows, at=NIGHT + timedelta(hours=1))) == ["already: held_before"] * 2
    assert len(box.release(at=NIGHT + timedelta(hours=9, minutes=59)).decisions) == 0
    assert reasons(box.release(at=NIGHT + timedelta(hours=10))) == ["written"] * 2
    assert b"AAA1" in files_in(tmp_path)["runs/0002/sms.csv"]
    assert reasons(box.put(rows, at=NIGHT)) == ["already: written_before"] * 2
    assert len(box.release(at=NIGHT + 2 * DAY).decisions) == 0


def test_what_was_held_is_judged_anew(tmp_path):
    shop = tiny_shop(4)
    box = box_of(tmp_path, shop, rules=replace(RULES, cap=1))
    rows = asked(*((f"C{n}", "coupon", "sms") for n in (1, 2, 3, 4)))
    box.put(rows, at=NIGHT)
    withdrawn = shop.tables["consents"].copy()
    withdrawn.loc[(withdrawn["customer_id"] == "C1") & (withdrawn["purpose"] == "marketing"), "withdrawn_on"] = (
        "2026-06-18"
    )
    shop.tables["consents"] = withdrawn
    box.reply(pseudonym("C2"), "T", channel="sms", at=NIGHT)
    box.put(asked(("C3", "birthday", "wangwang")), at=MORNING.replace(hour=21))
    report = box.release(at=NIGHT + timedelta(hours=10))
    told = dict(zip(report.decisions["customer_id"], reasons(report), strict=True))
    assert told == {
        pseudonym("C1"): "refused: consent_withdrawn", pseudonym("C2"): "refused: channel_closed",
        pseudonym("C3"): "refused: cap", pseudonym("C4"): "written",
    }  # fmt: skip
    assert len(box.release(at=NIGHT + timedelta(hours=11)).decisions) == 0


def test_a_held_message_whose_values_or_customer_are_gone_is_refused_and_listed(tmp_path):
    shop = tiny_shop(3)
    box = box_of(tmp_path, shop)
    box.put(asked(*((f"C{n}", "follow_up", "sms") for n in (1, 2, 3))), at=NIGHT)
    held = tmp_path / "runs/0001/held.csv"
    lines = held.read_text(encoding="utf-8").splitlines(keepends=True)
    held.write_text("".join(line for line in lines if ",C1," not in line), encoding="utf-8")
    shop.tables["customers"] = shop.tables["customers"].iloc[[0, 2]]
    report = box.release(at=NIGHT + timedelta(hours=10))
    assert sorted(reasons(report)) == ["refused: missing_value", "refused: unknown_customer", "written"]
    assert len(box.release(at=NIGHT + timedelta(hours=10)).decisions) == 0


def test_released_at_night_is_held_again(tmp_path):
    box = box_of(tmp_path, tiny_shop(1))
    box.put(asked(("C1", "coupon", "sms")), at=NIGHT)
    assert reasons(box.release(at=NIGHT + DAY)) == ["held: quiet_hours"]
    assert reasons(box.release(at=NIGHT + DAY + timedelta(hours=10))) == ["written"]


def test_the_cap_counts_what_was_written_on_all_channels(tmp_path):
    box = box_of(tmp_path, tiny_shop(2), rules=replace(RULES, cap=2))
    rows = asked(("C1", "coupon", "sms"), ("C1", "coupon", "email"), ("C2", "coupon", "sms"), ("C1", "shipped", "sms"))
    assert reasons(box.put(rows, at=MORNING)) == ["written"] * 4
    more = asked(("C1", "birthday", "onsite"), ("C2", "birthday", "onsite"), ("C1", "verification", "sms"))
    assert reasons(box.put(more, at=MORNING + 29 * DAY)) == ["refused: cap", "written", "written"]
    assert reasons(box.put(more, at=MORNING + 30 * DAY))[0] == "written"
    assert reasons(box.put(more.iloc[:1].assign(campaign="x"), at=MORNING + timedelta(hours=1))) == ["refused: cap"]


def test_when_not_all_may_go_the_more_important_go_whatever_the_order(tmp_path):
    rows = asked(("C1", "coupon", "sms"), ("C1", "new_product", "email"), ("C1", "birthday", "onsite"), reason="r")
    for seed in range(3):
        box = box_of(tmp_path / str(seed), tiny_shop(1), rules=replace(RULES, cap=2))
        report = box.put(rows.sample(frac=1, random_state=seed), at=MORNING)
        told = dict(zip(report.decisions["template"], reasons(report), strict=True))
        assert told == {"birthday": "written", "coupon": "written", "new_product": "refused: cap"}


def test_a_request_is_the_same_whatever_its_values_unless_the_template_counts_by_them(tmp_path):
    box = box_of(tmp_path, tiny_shop(1))
    rows = asked(("C1", "coupon", "sms"), ("C1", "coupon", "sms"), code=["B", "A"])
    assert reasons(box.put(rows, at=MORNING)) == ["already: same_request", "written"]
    assert ",A," not in files_in(tmp_path)["runs/0001/sms.csv"].decode("utf-8-sig")
    assert "优惠券 A，" in files_in(tmp_path)["runs/0001/sms.csv"].decode("utf-8-sig")
    assert reasons(box.put(rows.assign(code="C"), at=MORNING + DAY)) == ["already: written_before"] * 2
    notices = asked(("C1", "shipped", "sms"), ("C1", "shipped", "sms"), order=["1", "2"])
    assert reasons(box.put(notices, at=MORNING)) == ["written"] * 2
    assert reasons(box.put(rows.iloc[:1].assign(campaign="autumn"), at=MORNING)) == ["written"]


def test_a_second_run_writes_nothing_and_a_third_neither(tmp_path):
    rows = asked(
        ("C1", "coupon", "sms"), ("C2", "coupon", "email"), ("C9", "coupon", "sms"), ("C3", "coupon", "onsite")
    )
    box = box_of(tmp_path, tiny_shop(3, consents=agreed(2, "marketing")))
    box.put(rows, at=MORNING)
    before, entries = files_in(tmp_path), len(box.history())
    for frame in (rows, rows.sample(frac=1, random_state=1)):
        report = box.put(frame, at=MORNING)
        assert report.folder == ""
        assert report.counts == {"written": 0, "held": 0, "refused": 2, "already": 2}
    assert (files_in(tmp_path), len(box.history())) == (before, entries)
    box.close()
    with box_of(tmp_path, tiny_shop(3, consents=agreed(3, "marketing"))) as again:
        assert reasons(again.put(rows, at=MORNING))[3] == "written"


def test_nobody_unknown_or_deleted_gets_anything_and_no_given_number_is_shown(tmp_path):
    box = box_of(tmp_path, tiny_shop(1))
    rows = asked(("C1", "coupon", "sms")).assign(customer_id=["12000000001"])
    report = box.put(pd.concat([rows, rows.assign(customer_id=None)]), at=MORNING)
    assert reasons(report) == ["refused: unknown_customer"] * 2
    assert "12000000001" not in report.decisions.to_string() + box.history().to_string()


def test_a_deleted_person_who_is_still_in_the_table_gets_nothing(tmp_path, monkeypatch):
    from crmlab.collect.tombstones import tombstone_hash

    stone = pd.DataFrame(
        {"hash": [tombstone_hash(KEY, "customer", "C1")], "kind": "customer", "deleted_on": "2026-06-01"}
    )
    monkeypatch.setattr("crmlab.outbox.people._tombstones", lambda shop: stone)
    box = box_of(tmp_path, tiny_shop(2))
    report = box.put(asked(("C1", "shipped", "sms"), ("C2", "shipped", "sms")), at=MORNING)
    assert reasons(report) == ["refused: deleted", "written"]


def test_a_social_post_has_no_recipient(tmp_path):
    box = box_of(tmp_path, tiny_shop(1, consents=consents()))
    rows = asked((None, "festival_post", "social"), ("C1", "festival_post", "social"), topic="618", day="2026-06-18")
    report = box.put(rows, at=NIGHT)
    assert reasons(report) == ["written", "refused: post_with_customer"]
    assert "618" in files_in(tmp_path)["runs/0001/social.md"].decode("utf-8")


@pytest.mark.parametrize(
    "value",
    [
        *("找罗示丁吧", "12000000002", "call +86 120-0000-0002", "C2@Shop.Example", "192.0.2.7", "help@shop.example"),
        "ask kefu_c2",
    ],
)
def test_no_value_holds_the_data_of_somebody_else(tmp_path, value):
    people = customers({"name": "罗示甲"}, {"name": "罗示丁", "wechat": "kefu_c2"})
    box = box_of(tmp_path, tiny_shop(2, customers=people))
    report = box.put(asked(("C1", "coupon", "sms"), code=value), at=MORNING)
    assert reasons(report) == ["refused: foreign_data"]
    assert report.decisions["detail"].tolist() == ["code"]


@pytest.mark.parametrize(
    "value", ["罗示甲", "12000000001", "c1@shop.example", "kefu_c22", "1930679858170647123", "挂耳咖啡"]
)
def test_ones_own_data_and_what_only_looks_alike_may_stand_in_a_value(tmp_path, value):
    people = customers({"name": "罗示甲"}, {"name": "罗示乙", "wechat": "kefu_c2"})
    box = box_of(tmp_path, tiny_shop(2, customers=people))
    assert reasons(box.put(asked(("C1", "coupon", "sms"), code=value), at=MORNING)) == ["written"]


def test_a_missing_value_names_its_variable_and_a_missing_column_too(tmp_path):
    box = box_of(tmp_path, tiny_shop(2))
    rows = asked(("C1", "coupon", "sms"), ("C2", "coupon", "sms"), code=["A", " "]).drop(columns="until")
    report = box.put(rows, at=MORNING)
    assert reasons(report) == ["refused: missing_value"] * 2
    assert report.decisions["detail"].tolist() == ["until", "code"]


def test_every_request_has_a_row_in_its_order_and_the_sums_agree(tmp_path):
    rows = asked(
        ("C3", "coupon", "sms"), ("C1", "coupon", "email"), ("C9", "coupon", "sms"), ("C1", "shipped", "onsite")
    )
    rows.index = [7, 7, 8, 9]
    report = box_of(tmp_path, tiny_shop(3)).put(rows, at=MORNING)
    assert report.decisions["template"].tolist() == rows["template"].tolist()
    assert report.summary()["requests"].sum() == len(rows) == sum(report.counts.values())
    assert report.balance("en") == "Requests 4 = written 3 + held 0 + not sent 1 + decided before 0"
    assert "written=3" in repr(report)


def test_an_empty_frame_is_no_request(tmp_path):
    box = box_of(tmp_path, tiny_shop(1))
    report = box.put(asked(), at=MORNING)
    assert (len(report.decisions), report.folder, len(report.summary())) == (0, "", 0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"template": "gossip"}, "gossip"),
        ({"channel": "pigeon"}, "coupon / pigeon"),
        ({"channel": "social"}, "coupon / social"),
        ({"template": "12000000001"}, "00000000000"),
    ],
)
def test_a_request_that_nobody_can_make_is_a_fault_of_the_frame(tmp_path, change, told):
    with pytest.raises(DataError, match="2") as found:
        box_of(tmp_path, tiny_shop(1)).put(
            asked(("C1", "coupon", "sms"), ("C1", "coupon", "sms")).assign(**change), at=MORNING
        )
    assert told in str(found.value)
    assert "12000000001" not in str(found.value)


def test_a_column_or_a_zone_that_is_missing_is_told(tmp_path):
    box = box_of(tmp_path, tiny_shop(1))
    with pytest.raises(DataError, match="channel"):
        box.put(asked(("C1", "coupon", "sms")).drop(columns="channel"), at=MORNING)
    with pytest.raises(ParameterError, match="zone"):
        box.put(asked(("C1", "coupon", "sms")), at=MORNING.replace(tzinfo=None))


def test_data_without_people_have_no_outbox(tmp_path):
    for shop in (TinyShop({}), TinyShop({"customers": customers({})}), replace(tiny_shop(1), key=None)):
        with pytest.raises(DataError, match=r"consents|customers"):
            box_of(tmp_path / "none", shop)
    assert not (tmp_path / "none").exists()


def test_a_customer_number_twice_is_told(tmp_path):
    shop = tiny_shop(1, customers=pd.concat([customers({}), customers({})]))
    with pytest.raises(DataError, match="1"):
        box_of(tmp_path, shop).put(asked(("C1", "coupon", "sms")), at=MORNING)


def test_what_is_written_is_looked_at_once_more(tmp_path, monkeypatch):
    """The last look is apart from the check: if that let somebody pass, nothing would be written."""
    monkeypatch.setitem(CHECKS, "consent", lambda batch, rows: rows[[]].head(0))
    box = box_of(tmp_path, tiny_shop(1, consents=consents()))
    with pytest.raises(ConsentError) as found:
        box.put(asked(("C1", "coupon", "sms")), at=MORNING)
    assert found.value.customers == (pseudonym("C1"),)
    assert files_in(tmp_path) == {}
    assert len(box.history()) == 0


def test_a_frame_kept_by_consent_needs_no_more_and_gets_no_less(tmp_path):
    """A merge forgets what a frame was kept for; the outbox asks the ledger itself."""
    shop = tiny_shop(2, consents=agreed(1, "marketing"))
    ledger = shop.read_personal("consents")
    kept = with_consent(
        pd.DataFrame({"customer_id": ["C1", "C2"]}), ledger, purpose="marketing", on=MORNING.date()
    ).kept
    merged = pd.DataFrame({"customer_id": ["C1", "C2"], "code": "A"}).merge(kept, how="left", on="customer_id")
    rows = asked(*((one, "coupon", "sms") for one in merged["customer_id"]))
    assert reasons(box_of(tmp_path, shop).put(rows, at=MORNING)) == ["written", "refused: no_consent"]


def test_the_templates_that_need_no_consent_are_service_and_codes():
    assert {name for name, one in TEMPLATES.items() if not one.commercial} == {"shipped", "verification"}
