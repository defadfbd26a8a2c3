"""A coupon code is worth money: the preview of a message masks it, and nothing else that looks a little like one."""

import datetime as dt

import pandas as pd
import pytest
from outbox_shop import KEY, MORNING, asked, box_of, pseudonym, tiny_shop

from crmlab.loyalty import CouponCampaign, issue_coupons
from crmlab.outbox import Sender
from crmlab.words import LANGUAGES, word

CHANNELS = ("email", "sms", "onsite")
ON = dt.date(2026, 6, 17)
CAMPAIGN = CouponCampaign("K10", face_value=2_000, minimum_order=10_000, budget=9_000, expires_on=dt.date(2026, 7, 1))


@pytest.fixture
def code():
    coupons = issue_coupons(pd.DataFrame({"customer_id": [pseudonym("C1")]}), CAMPAIGN, key=KEY, on=ON)
    return coupons.issued["code"].iloc[0]


def preview_of(folder, lang, code):
    box = box_of(folder, tiny_shop(1), sender=Sender.example(lang), lang=lang)
    for channel in CHANNELS:
        box.put(asked(("C1", "coupon", channel), code=code), at=MORNING)
    return box, box.preview(pseudonym("C1"), lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_files_have_the_code_and_the_preview_has_not(tmp_path, lang, code):
    box, shown = preview_of(tmp_path, lang, code)
    there = [one for one in shown.messages if one.channel in ("email", "sms")]
    assert len(there) == 2
    assert any(code.encode() in path.read_bytes() for path in box.folder.rglob("*.csv"))
    for said in (repr(shown), shown._repr_html_()):
        assert code not in said
        assert code[:8] not in said
    for message in there:
        assert word("outbox.preview_code", lang) in message.text


@pytest.mark.parametrize("lookalike", ["618", "ABCDEFGH1234567X", "ABCDEFGHIJKLMNOPQ", "abcdefghijklmnop"])
def test_what_is_no_code_is_shown(tmp_path, lookalike):
    shown = preview_of(tmp_path, "zh", lookalike)[1]
    assert lookalike in repr(shown)
    assert word("outbox.preview_code", "zh") not in repr(shown)
