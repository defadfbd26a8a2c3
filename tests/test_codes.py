"""A code is accepted once, in time, within five attempts; a number is confirmed only by a call that says so."""

import random
from datetime import datetime, timedelta

import pandas as pd
import pytest

from crmlab import check_settings, open_data
from crmlab.collect.codes import ATTEMPTS, VALID_FOR, VerificationCodes, phone_confirmations
from crmlab.collect.pseudonym import Key
from crmlab.errors import DataError

PHONE = "12000000001"
START = datetime(2026, 6, 17, 9, 0)
KEY = Key(b"a key for these tests")


@pytest.fixture
def codes():
    return VerificationCodes(KEY, source=random.Random(618))


def other(code):
    return f"{(int(code) + 1) % 10**6:06d}"


def test_the_right_code_is_accepted_once(codes):
    code = codes.issue(PHONE, at=START)
    assert codes.check(PHONE, code, at=START).accepted
    again = codes.check(PHONE, code, at=START)
    assert (again.accepted, again.reason) == (False, "used")


def test_a_wrong_code_is_refused_and_the_right_one_still_goes(codes):
    code = codes.issue(PHONE, at=START)
    wrong = codes.check(PHONE, other(code), at=START)
    assert (wrong.accepted, wrong.reason) == (False, "wrong")
    assert codes.check(PHONE, f" {code} ", at=START).accepted


@pytest.mark.parametrize(
    ("late", "reason"), [(-timedelta(seconds=1), "right"), (timedelta(0), "expired"), (timedelta(days=1), "expired")]
)
def test_a_code_holds_for_five_minutes(codes, late, reason):
    code = codes.issue(PHONE, at=START)
    assert codes.check(PHONE, code, at=START + VALID_FOR + late).reason == reason


def test_the_fifth_attempt_may_be_right(codes):
    code = codes.issue(PHONE, at=START)
    for _ in range(ATTEMPTS - 1):
        assert codes.check(PHONE, other(code), at=START).reason == "wrong"
    assert codes.check(PHONE, code, at=START).accepted


def test_the_sixth_attempt_is_refused_even_if_right(codes):
    code = codes.issue(PHONE, at=START)
    for _ in range(ATTEMPTS):
        assert codes.check(PHONE, other(code), at=START).reason == "wrong"
    sixth = codes.check(PHONE, code, at=START)
    assert (sixth.accepted, sixth.reason) == (False, "attempts")


def test_a_new_code_makes_the_old_one_void(codes):
    old, new = codes.issue(PHONE, at=START), codes.issue(PHONE, at=START)
    assert old != new
    assert not codes.check(PHONE, old, at=START).accepted
    assert codes.check(PHONE, new, at=START).accepted


def test_a_code_is_for_one_contact_however_it_is_written(codes):
    code = codes.issue("+86 120-0000-0001", at=START)
    codes.issue("12000000002", at=START)
    assert codes.check("12000000003", code, at=START).reason == "no_code"
    assert codes.check("12000000002", code, at=START).reason == "wrong"
    assert codes.check(PHONE, code, at=START).accepted


def test_a_check_before_the_code_was_issued_is_an_error(codes):
    code = codes.issue(PHONE, at=START)
    with pytest.raises(DataError) as caught:
        codes.check(PHONE, code, at=START - timedelta(seconds=1))
    assert caught.value.key == "code_early"


def test_neither_contact_nor_code_is_kept(codes):
    code = codes.issue(PHONE, at=START)
    held = repr(codes) + repr(codes._issued)
    assert PHONE not in held
    assert code not in held


def test_a_seeded_source_gives_the_same_codes_again(codes):
    again = VerificationCodes(KEY, source=random.Random(618))
    assert [again.issue(PHONE, at=START) for _ in range(3)] == [codes.issue(PHONE, at=START) for _ in range(3)]


def test_the_same_code_is_stored_differently_for_everybody():
    class Same(random.Random):
        def randrange(self, *_):
            return 618

    codes = VerificationCodes(KEY, source=Same(1))
    assert codes.issue(PHONE, at=START) == codes.issue("12000000002", at=START) == "000618"
    assert len({one.digest for one in codes._issued.values()}) == 2


def test_codes_have_six_digits_and_come_from_the_secure_source_by_default():
    codes = VerificationCodes(KEY)
    drawn = [codes.issue(PHONE, at=START) for _ in range(50)]
    assert isinstance(codes.source, random.SystemRandom)
    assert all(len(code) == 6 and code.isdecimal() for code in drawn)
    assert len(set(drawn)) > 40


def calls(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "called_at", "outcome"]).assign(
        called_at=lambda frame: pd.to_datetime(frame["called_at"])
    )


def test_only_a_call_confirms_a_number():
    log = calls(
        ("a", "2026-03-01 10:00", "no_answer"),
        ("a", "2026-03-02 10:00", "confirmed"),
        ("a", "2026-03-03 10:00", "no_answer"),
        ("b", "2026-03-02 10:00", "wrong_number"),
        ("c", "2026-03-02 10:00", "no_answer"),
        ("d", "2026-03-02 10:00", "confirmed"),
        ("d", "2026-03-05 10:00", "wrong_number"),
        ("e", "2026-03-05 10:00", "confirmed"),
        ("e", "2026-03-01 10:00", "confirmed"),
        (None, "2026-03-05 10:00", "confirmed"),
    )
    expected = {"a": pd.Timestamp("2026-03-02 10:00"), "e": pd.Timestamp("2026-03-05 10:00")}
    for order in (log, log[::-1]):
        found = phone_confirmations(order)
        assert dict(zip(found["customer_id"], found["phone_confirmed_at"], strict=True)) == expected


def test_no_calls_confirm_nothing():
    empty = phone_confirmations(calls())
    assert empty.columns.tolist() == ["customer_id", "phone_confirmed_at"]
    assert empty.empty


def test_confirmed_numbers_of_the_teaching_data_have_their_call():
    shop = open_data(check_settings(data="teaching"))
    log = shop.table("calls")
    found = phone_confirmations(log)
    confirmed = log[log["outcome"] == "confirmed"]
    assert set(found["customer_id"]) <= set(confirmed["customer_id"])
    assert found.merge(confirmed, left_on=["customer_id", "phone_confirmed_at"], right_on=["customer_id", "called_at"])[
        "customer_id"
    ].nunique() == len(found)
