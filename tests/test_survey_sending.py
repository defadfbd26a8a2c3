"""Sending by consent: who gets an invitation, why others do not, and what comes back."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from crmlab.collect.pseudonym import Key
from crmlab.course.settings import check_settings
from crmlab.data import open_data
from crmlab.errors import DataError
from crmlab.kinds import empty
from crmlab.survey.questionnaire import questionnaire
from crmlab.survey.sending import response, send
from crmlab.words import LANGUAGES, word

ON = date(2026, 6, 1)
KEY = Key(b"a key for these tests, and no others")
PEOPLE = pd.DataFrame(
    [
        ("C1", "a@shop.example", "12000000001", "zh"),
        ("C2", None, "12000000002", "en"),
        ("C3", None, None, "zh"),
        ("C4", "d@shop.example", None, "zh"),
        ("C5", "e@shop.example", None, None),
        ("C6", "f@shop.example", "12000000006", "zh"),
        ("C7", "g@shop.example", None, "zh"),
    ],
    columns=["customer_id", "email", "phone", "language"],
)
CONSENTS = pd.DataFrame(
    [
        *((f"C{number}", "survey", "2026-01-01", None) for number in (1, 2, 3, 6, 7)),
        ("C4", "survey", "2026-01-01", "2026-06-01"),
        ("C5", "marketing", "2026-01-01", None),
    ],
    columns=["customer_id", "purpose", "given_on", "withdrawn_on"],
).astype({"given_on": "datetime64[us]", "withdrawn_on": "datetime64[us]"})
SUPPRESSIONS = pd.DataFrame(
    [
        (KEY.contact("F@shop.example"), "email", "2026-05-01"),
        (KEY.contact("g@shop.example"), "email", "2026-06-01"),
        (KEY.contact("12000000002"), "email", "2026-05-01"),
        (KEY.contact("a@shop.example"), "email", "2026-06-02"),
    ],
    columns=["contact", "channel", "since"],
)


@pytest.fixture(scope="module")
def shopping():
    return questionnaire("shopping")


def sent_to(asked, folder, people=PEOPLE, **changes):
    settings = {"on": ON, "folder": folder, "key": KEY, "suppressions": SUPPRESSIONS} | changes
    return send(asked, people, CONSENTS, **settings)


def outbox(folder, what="invitations"):
    return pd.read_csv(folder / f"{what}_shopping.csv", dtype="str", encoding="utf-8")


def log_of(sent):
    names = {KEY.pseudonym(customer): customer for customer in PEOPLE["customer_id"]}
    return sent.log.assign(customer_id=sent.log["customer_id"].map(names)).set_index("customer_id")


def test_only_those_who_agreed_and_can_be_reached_get_an_invitation(shopping, tmp_path):
    sent = sent_to(shopping, tmp_path)
    written = outbox(tmp_path).set_index("customer_id")
    assert written["channel"].to_dict() == {"C1": "email", "C2": "sms", "C6": "sms"}
    assert written["contact"].to_dict() == {"C1": "a@shop.example", "C2": "12000000002", "C6": "12000000006"}
    assert log_of(sent)["reason"].dropna().to_dict() == {
        **{"C3": "no_contact", "C4": "withdrawn", "C5": "none", "C7": "suppressed"},
    }


def test_an_invitation_has_the_preamble_in_the_language_of_the_customer(shopping, tmp_path):
    sent_to(shopping, tmp_path)
    written = outbox(tmp_path).set_index("customer_id")
    assert written["language"].to_dict() == {"C1": "zh", "C2": "en", "C6": "zh"}
    for row in written.itertuples():
        assert row.subject == shopping.title[row.language]
        for part in ("purpose", "consent", "opt_out"):
            assert shopping.preamble[part][row.language] in row.text
    assert set(written["text_version"]) == {"v1"}
    assert set(written["sent_on"]) == {"2026-06-01"}


def test_without_a_language_the_one_of_the_call_is_taken(shopping, tmp_path):
    sent_to(shopping, tmp_path, PEOPLE.assign(language=None), lang="en")
    assert set(outbox(tmp_path)["language"]) == {"en"}


def test_every_customer_has_one_decision_in_the_given_order(shopping, tmp_path):
    sent = sent_to(shopping, tmp_path)
    assert log_of(sent).index.tolist() == PEOPLE["customer_id"].tolist()
    assert (sent.log["reason"].isna() == (sent.log["decision"] == "sent")).all()
    assert sent.balance("en") == word("sending.balance", "en", asked=7, sent=3, refused=4)
    pd.testing.assert_series_equal(outbox(tmp_path, "decisions")["decision"], sent.log["decision"])


def test_running_twice_sends_nothing_twice(shopping, tmp_path):
    first = sent_to(shopping, tmp_path)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    again = sent_to(shopping, tmp_path)
    assert (first.new, again.new) == (3, 0)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files
    pd.testing.assert_frame_equal(first.log, again.log)


def test_a_later_run_reaches_those_who_can_be_reached_by_then(shopping, tmp_path):
    sent_to(shopping, tmp_path, PEOPLE[PEOPLE["customer_id"] != "C6"])
    found = PEOPLE.assign(email=PEOPLE["email"].where(PEOPLE["customer_id"] != "C3", "c@shop.example"))
    later = sent_to(shopping, tmp_path, found, on=date(2026, 6, 5))
    assert later.new == 2
    assert outbox(tmp_path)["customer_id"].tolist() == ["C1", "C2", "C3", "C6"]
    days = log_of(later)["decided_on"].dt.day
    assert days[["C1", "C2", "C3", "C6"]].tolist() == [1, 1, 5, 5]
    log = outbox(tmp_path, "decisions")
    assert log[log["customer_id"] == "C3"]["decision"].tolist() == ["refused", "sent"]


def test_a_new_version_of_the_text_is_a_new_invitation(shopping, tmp_path):
    sent_to(shopping, tmp_path)
    assert sent_to(replace(shopping, text_version="v2"), tmp_path).new == 3
    assert outbox(tmp_path)["text_version"].tolist() == ["v1"] * 3 + ["v2"] * 3


def test_no_ledger_is_no_yes(shopping, tmp_path):
    sent = send(shopping, PEOPLE, CONSENTS.iloc[:0], on=ON, folder=tmp_path, key=KEY)
    assert set(sent.log["reason"]) == {"none"}
    assert len(outbox(tmp_path)) == 0


def test_what_is_returned_and_logged_holds_no_contact_and_no_real_id(shopping, tmp_path):
    sent = sent_to(shopping, tmp_path)
    shown = repr(sent) + sent.log.to_csv() + sent.balance("zh")
    log = (tmp_path / "decisions_shopping.csv").read_text(encoding="utf-8")
    for person in PEOPLE.itertuples():
        assert person.customer_id not in shown
        for contact in (person.email, person.phone):
            if isinstance(contact, str):
                assert contact not in shown + log


def test_a_customer_who_stands_there_twice_is_refused(shopping, tmp_path):
    with pytest.raises(DataError) as error:
        sent_to(shopping, tmp_path, pd.concat([PEOPLE, PEOPLE.head(2)]))
    assert "2" in error.value.message("zh")
    assert list(tmp_path.iterdir()) == []


def answer(number, customer, at):
    return (f"A{number}", KEY.pseudonym(customer), pd.Timestamp(at))


def test_sent_is_answered_plus_not_answered_and_other_answers_are_listed(shopping, tmp_path):
    sent = sent_to(shopping, tmp_path)
    rows = [
        *(answer(2, "C1", "2026-06-03 10:00"), answer(1, "C1", "2026-06-02 10:00"), answer(3, "C5", "2026-06-02")),
        *(answer(4, "C2", "2026-05-31 23:59"), answer(5, "C9", "2026-06-02"), answer(6, "C6", "2026-06-01 00:00")),
        *(answer(7, "C2", "2026-06-04 08:00"), answer(8, "C2", "2026-06-05 08:00")),
    ]
    answers = pd.DataFrame(rows, columns=["answer_id", "customer_id", "submitted_at"])
    found = response(sent, answers)
    assert (found.asked, found.sent, found.refused) == (7, 3, 4)
    assert (found.answered, found.silent) == (3, 0)
    assert sorted(found.kept["answer_id"]) == ["A1", "A6", "A7"]
    assert dict(found.listed[["answer_id", "reason"]].values) == {
        **{"A2": "second_answer", "A3": "not_invited", "A4": "before_sending", "A5": "not_invited"},
        "A8": "second_answer",
    }
    shuffled = response(sent, answers.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(found.listed, shuffled.listed)
    for lang in LANGUAGES:
        assert found.balance(lang) == word(
            "sending.response", lang, asked=7, refused=4, sent=3, answered=3, silent=0, listed=5
        )


def test_no_answers_leave_all_silent(shopping, tmp_path):
    none = pd.DataFrame({"answer_id": [], "customer_id": [], "submitted_at": pd.to_datetime([])})
    found = response(sent_to(shopping, tmp_path), none)
    assert (found.answered, found.silent, len(found.listed)) == (0, 3, 0)


def test_nobody_asked_and_no_answers_are_all_zero(shopping, tmp_path):
    found = response(sent_to(shopping, tmp_path, PEOPLE.iloc[:0]), empty("survey_answers"))
    assert (found.asked, found.sent, found.answered, found.silent, len(found.listed)) == (0, 0, 0, 0, 0)


def test_the_teaching_shop_adds_up(shopping, tmp_path):
    shop = open_data(check_settings(data="teaching"))
    customers, consents = shop.read_personal("customers"), shop.read_personal("consents")
    sent = send(shopping, customers, consents, on=ON, folder=tmp_path, key=shop.key)
    answers = shop.table("survey_answers")
    found = response(sent, answers)
    assert found.asked == len(customers) == found.sent + found.refused
    assert found.sent == found.answered + found.silent
    assert len(found.kept) + len(found.listed) == len(answers)
    assert found.answered > 400
    assert "second_answer" in set(found.listed["reason"])


def test_every_reason_has_words():
    for lang in LANGUAGES:
        for reason in ("none", "withdrawn", "no_contact", "suppressed"):
            assert word(f"sending.reason.{reason}", lang)
        for reason in ("not_invited", "before_sending", "second_answer"):
            assert word(f"response.reason.{reason}", lang)
