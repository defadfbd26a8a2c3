"""Quiet hours by the recipient's clock, replies that refuse, rules as data."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from crmlab.errors import DataError, ParameterError
from crmlab.outbox import is_opt_out, open_rules
from crmlab.outbox.rules import COUNTRIES
from crmlab.words import LANGUAGES

CN = open_rules("cn")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("clock", "until"),
    [("21:59:59", None), ("22:00:00", "18T08:00"), ("23:59:59", "18T08:00"), ("00:00:00", "17T08:00"),
     ("07:59:59", "17T08:00"), ("08:00:00", None), ("12:00:00", None)],
)  # fmt: skip
def test_a_message_waits_from_ten_in_the_evening_to_eight(clock, until):
    at = datetime.combine(date(2026, 6, 17), time.fromisoformat(clock), ZoneInfo("Asia/Shanghai"))
    found = CN.quiet_until(at, "Asia/Shanghai")
    assert (found and found.isoformat()[8:16]) == until


def test_it_is_the_clock_of_the_recipient_that_counts():
    at = datetime(2026, 6, 17, 3, 0, tzinfo=UTC)
    assert CN.quiet_until(at, "Asia/Shanghai") is None
    assert CN.quiet_until(at, "America/New_York").astimezone(UTC) == datetime(2026, 6, 17, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "until"),
    [  # clocks in New York go forward on 8 March 2026 at 2:00 and back on 1 November 2026 at 2:00
        (datetime(2026, 3, 7, 22, 30, tzinfo=NEW_YORK), datetime(2026, 3, 8, 12, 0, tzinfo=UTC)),
        (datetime(2026, 3, 6, 22, 30, tzinfo=NEW_YORK), datetime(2026, 3, 7, 13, 0, tzinfo=UTC)),
        (datetime(2026, 10, 31, 22, 30, tzinfo=NEW_YORK), datetime(2026, 11, 1, 13, 0, tzinfo=UTC)),
    ],
)
def test_eight_o_clock_is_eight_o_clock_when_the_clocks_change(at, until):
    assert CN.quiet_until(at, "America/New_York").astimezone(UTC) == until


def test_hours_that_end_in_the_hour_that_comes_twice_or_never():
    early = replace(CN, quiet_from=time(1, 0), quiet_to=time(1, 30))
    second = datetime(2026, 11, 1, 1, 10, tzinfo=NEW_YORK, fold=1)
    assert early.quiet_until(second, "America/New_York") > second
    missing = replace(CN, quiet_from=time(1, 0), quiet_to=time(2, 30))
    before = datetime(2026, 3, 8, 1, 50, tzinfo=NEW_YORK)
    ends = missing.quiet_until(before, "America/New_York").astimezone(UTC)
    assert ends > before
    assert missing.quiet_until(ends, "America/New_York") is None


def test_hours_within_a_day_and_no_hours_at_all():
    noon = replace(CN, quiet_from=time(12), quiet_to=time(14))
    at = datetime(2026, 6, 17, 13, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert noon.quiet_until(at, "Asia/Shanghai").isoformat() == "2026-06-17T14:00:00+08:00"
    assert replace(CN, quiet_from=time(8)).quiet_until(at.replace(hour=3), "Asia/Shanghai") is None


@pytest.mark.parametrize(
    "text",
    [
        *("T", "t ", "TD", "ｔ", "退订", "退订。", "回复T", "N", "STOP!", "Unsubscribe", "拒收", "opt out"),
        *("请帮我退订谢谢", "别再给我发了", "不要再发短信", "Please stop texting me"),
    ],
)
def test_a_reply_that_refuses(text):
    assert is_opt_out(text)


@pytest.mark.parametrize("text", ["", "谢谢", "Thanks", "T恤还有吗", "Yes", "什么时候发货", "No problem", "明天到吗"])
def test_a_reply_that_does_not_refuse(text):
    assert not is_opt_out(text)


def test_proof_is_kept_for_five_months_and_no_less():
    assert CN.keep_until(datetime(2026, 6, 17, 9, tzinfo=UTC)) == date(2026, 11, 18)
    assert CN.keep_until(datetime(2026, 9, 30, 9, tzinfo=UTC)) == date(2027, 3, 1)
    with pytest.raises(ParameterError, match="keep_months"):
        replace(CN, keep_months=4)


@pytest.mark.parametrize(
    "changes", [{"cap": -1}, {"cap": 1.5}, {"cap_days": 0}, {"zone": "Mars/Base"}, {"zone": "../x"}]
)
def test_a_rule_that_cannot_be_is_refused(changes):
    with pytest.raises(ParameterError):
        replace(CN, **changes)


@pytest.mark.parametrize("name", COUNTRIES)
def test_the_rules_of_the_house_speak_both_languages(name):
    rules = open_rules(name)
    for texts in (rules.title, rules.mail_mark, rules.sms_opt_out):
        assert set(texts) == set(LANGUAGES)


def test_rules_of_ones_own(tmp_path):
    import crmlab.outbox.rules as room

    text = room.files("crmlab.outbox").joinpath("countries/cn.toml").read_text("utf-8")
    own = tmp_path / "own.toml"
    own.write_text(text.replace("cap = 4", "cap = 1"), encoding="utf-8")
    assert open_rules(own).cap == 1
    for wrong in ("cap = 4", 'quiet_from = "22:00"', "[title]"):
        own.write_text(text.replace(wrong, wrong.replace("cap", "most").replace("22", "25").replace("title", "name")))
        with pytest.raises(DataError, match=r"own\.toml"):
            open_rules(own)
    with pytest.raises(DataError, match="cn, us"):
        open_rules("mars")
