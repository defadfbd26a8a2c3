"""The preview of messages: as the customer sees them, without the customer; and tables in words."""

import re

import pytest
from outbox_shop import MORNING, asked, box_of, customers, pseudonym, tiny_shop

from crmlab.collect.personal import PersonalData
from crmlab.collect.scan import find_personal_in
from crmlab.outbox import Sender, sms_length
from crmlab.outbox.checks import CHECKS
from crmlab.show import table
from crmlab.words import LANGUAGES, has_word

ROWS = [("C1", "coupon", "email"), ("C1", "coupon", "sms"), ("C1", "shipped", "onsite"), ("C2", "coupon", "sms")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_preview_has_the_words_and_not_the_person(tmp_path, lang):
    people = customers({"language": lang, "name": "<罗示丁>"}, {"language": lang})
    box = box_of(tmp_path, tiny_shop(2, customers=people), sender=Sender.example(lang), lang=lang)
    box.put(asked(*ROWS, code="<b>&12000000001"), at=MORNING)
    shown = box.preview(pseudonym("C1"))
    page, text = shown._repr_html_(), repr(shown)
    assert len(shown.messages) == 3
    known = PersonalData.of_customers(people)
    for said in (page, text):
        assert find_personal_in(said, known).empty
        assert Sender.example(lang).name in said
        assert "2026-06-17 09:00" in said
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert page.count('role="article" aria-label="') == 3
    assert page.count("<div") == page.count("</div>")
    (real,) = [one for one in shown.messages if one.channel == "sms"]
    assert (real.characters, real.parts) == sms_length(read_sms(box))[::2]


def read_sms(box):
    import pandas as pd

    rows = pd.read_csv(box.folder / "runs/0001/sms.csv", encoding="utf-8-sig", dtype="str")
    return rows.loc[rows["customer_id"] == "C1", "text"].iloc[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_customer_without_messages_has_a_preview_that_says_so(tmp_path, lang):
    box = box_of(tmp_path, tiny_shop(1))
    for who in (pseudonym("C1"), "nobody"):
        shown = box.preview(who, lang)
        assert shown.messages == ()
        assert len(repr(shown)) > 5
        assert repr(shown) in shown._repr_html_()


def test_a_message_that_was_erased_is_not_previewed(tmp_path):
    box = box_of(tmp_path, tiny_shop(2))
    box.put(asked(*ROWS), at=MORNING)
    for path in box.folder.glob("runs/*/email/*/*.eml"):
        path.unlink()
    (box.folder / "runs/0001/sms.csv").write_text("message,customer_id,phone,text\n", encoding="utf-8-sig")
    assert [one.channel for one in box.preview(pseudonym("C1")).messages] == ["onsite"]


def test_every_reason_that_the_checks_give_has_its_words():
    import inspect

    from crmlab.outbox import checks, smtp

    source = inspect.getsource(checks) + inspect.getsource(smtp)
    given = set(re.findall(r'reason="(\w+)"', source)) | set(re.findall(r'reasons\[row\] = "(\w+)"', source))
    given |= {"written_before", "held_before", "no_consent", "consent_withdrawn", "server", "no_connection"}
    assert len(CHECKS) == 12
    assert len(given) > 18
    assert [one for one in given if not has_word(f"outbox.reason.{one}")] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tables_are_in_words(tmp_path, lang):
    box = box_of(tmp_path, tiny_shop(2))
    report = box.put(asked(*ROWS, ("C9", "coupon", "wangwang")), at=MORNING.replace(hour=22))
    for frame in (report.summary(), report.decisions.drop(columns=["customer_id", "message", "until"])):
        cells = table(frame, lang).shown()
        for code in ("quiet_hours", "held", "refused", "unknown_customer", "wangwang", "coupon"):
            assert not cells.isin([code]).to_numpy().any() or (lang, code) in {("en", "held"), ("en", "coupon")}
