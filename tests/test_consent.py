"""Data are used for what their customers agreed to; the ledger forgets nothing and can be put back to any day."""

from datetime import date

import pandas as pd
import pytest

from crmlab import check_settings, open_data
from crmlab.collect import with_consent
from crmlab.collect.base import CustomerBase
from crmlab.collect.consent import PURPOSES, demand_consent, demand_purpose
from crmlab.collect.ledger import COLUMNS, Ledger, no_consents
from crmlab.collect.pseudonym import Key
from crmlab.errors import ConsentError, DataError, ParameterError
from crmlab.tables.codes import CODES

DAY = date(2026, 6, 17)
TEXT = {"text_version": "v1", "method": "web_form"}


def filled(*entries):
    """A ledger of (customer, purpose, given_on)."""
    ledger = Ledger(no_consents())
    for customer, purpose, day in entries:
        ledger.give(customer, purpose, on=day, **TEXT)
    return ledger


CONSENTS = filled(("a", "survey", date(2026, 1, 5)), ("b", "survey", date(2026, 1, 5)), ("a", "profiling", DAY)).rows
ROWS = pd.DataFrame({"customer_id": ["a", "b", "c", "c", "d"], "csat": [5, 4, 3, 2, 1]}, index=[7, 8, 9, 10, 11])


def test_the_purposes_are_those_of_the_tables():
    assert set(PURPOSES) == set(CODES["purpose"])


def test_rows_of_customers_who_all_agreed_come_back_as_they_are():
    pd.testing.assert_frame_equal(demand_consent(ROWS[:2], CONSENTS, purpose="survey", on=DAY), ROWS[:2])


def test_one_customer_without_consent_stops_the_use_and_is_named_by_pseudonym():
    with pytest.raises(ConsentError) as caught:
        demand_consent(ROWS, CONSENTS, purpose="survey", on=DAY)
    assert caught.value.customers == ("c", "d")
    assert caught.value.purpose == "survey"
    assert "2 位客户没有同意用途“问卷调查”" in caught.value.message("zh")
    assert "purpose survey, or no longer, from 2 of the customers" in caught.value.message("en")
    assert "the first is c." in caught.value.message("en")


def test_with_a_key_the_error_shows_no_customer_number():
    key = Key(b"a key for these tests")
    rows = pd.DataFrame({"customer_id": ["C0001", "C0002"]})
    with pytest.raises(ConsentError) as caught:
        demand_consent(rows, no_consents(), purpose="marketing", on=DAY, key=key)
    assert caught.value.customers == (key.pseudonym("C0001"), key.pseudonym("C0002"))
    assert "C000" not in str(caught.value) + repr(caught.value)


def test_rows_of_nobody_known_have_no_consent():
    with pytest.raises(ConsentError) as caught:
        demand_consent(pd.DataFrame({"customer_id": ["a", None]}), CONSENTS, purpose="survey", on=DAY)
    assert caught.value.customers == ("?",)


def kept(purpose, rows=ROWS):
    return with_consent(rows, CONSENTS, purpose=purpose, on=DAY).kept


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows,
        lambda rows: rows[rows["csat"] > 4],
        lambda rows: rows.assign(low=rows["csat"] < 3).sort_values("csat"),
        lambda rows: rows.groupby("customer_id", as_index=False)["csat"].mean(),
    ],
)
def test_rows_kept_for_one_purpose_are_refused_for_another(change):
    rows = change(kept("survey"))
    assert demand_purpose(rows, "survey") is rows
    with pytest.raises(ConsentError) as caught:
        demand_purpose(rows, "profiling")
    assert caught.value.purpose == "profiling"
    assert caught.value.known == ("survey",)
    assert caught.value.customers == tuple(rows["customer_id"])
    assert "（问卷调查）取得的，不能用于“画像”" in caught.value.message("zh")


def test_asking_for_a_second_purpose_too_opens_both_for_those_who_agreed_to_both():
    both = kept("profiling", kept("survey"))
    assert both["customer_id"].tolist() == ["a"]
    demand_purpose(both, "survey")
    demand_purpose(both, "profiling")
    with pytest.raises(ConsentError) as caught:
        demand_purpose(both, "marketing")
    assert "(survey, profiling)" in caught.value.message("en")


def test_the_frame_that_was_asked_about_does_not_begin_to_remember():
    rows = ROWS.copy()
    kept("survey", rows)
    assert demand_purpose(rows, "marketing") is rows


def test_a_frame_of_two_purposes_put_together_is_no_frame_of_either():
    together = pd.concat([kept("survey"), kept("profiling")])
    assert not together.attrs


@pytest.mark.parametrize("use", [lambda name: kept(name), lambda name: demand_purpose(ROWS, name)])
def test_a_misspelt_purpose_is_an_error_and_not_a_no(use):
    with pytest.raises(ParameterError) as caught:
        use("servey")
    assert "servey" in caught.value.message("zh")


@pytest.fixture
def base(tmp_path):
    with CustomerBase.create(tmp_path / "shop.duckdb") as base:
        base.connection.execute(
            "INSERT INTO customers (customer_id, source, registered_on, language) "
            "SELECT unnest(['a', 'b']), 'phone', DATE '2025-01-01', 'zh'"
        )
        yield base


@pytest.fixture(params=["frame", "base"])
def ledger(request):
    return Ledger(no_consents() if request.param == "frame" else request.getfixturevalue("base"))


def test_who_which_text_how_and_when_is_on_record(ledger):
    ledger.give("a", "survey", text_version="v1", method="paper", on=date(2026, 1, 5))
    ledger.withdraw("a", "survey", on=date(2026, 3, 1))
    ledger.give("a", "survey", text_version="v2", method="web_form", on=date(2026, 4, 1))
    ledger.give("b", "survey", on=date(2026, 1, 1), **TEXT)
    told = ledger.history("a")
    assert tuple(told.columns) == COLUMNS
    assert told[["text_version", "method"]].to_numpy().tolist() == [["v1", "paper"], ["v2", "web_form"]]
    assert told["given_on"].dt.date.tolist() == [date(2026, 1, 5), date(2026, 4, 1)]
    assert told["withdrawn_on"].dt.date.tolist()[0] == date(2026, 3, 1)
    assert told["withdrawn_on"].isna().tolist() == [False, True]
    assert len(ledger.rows) == 3


def test_the_state_of_any_day_can_be_told_and_later_entries_do_not_change_it(ledger):
    days = [
        date(2026, 1, 4),
        date(2026, 1, 5),
        date(2026, 2, 28),
        date(2026, 3, 1),
        date(2026, 3, 31),
        date(2026, 4, 1),
    ]

    def states(until):
        return [ledger.state("a", "survey", on=day) for day in days if day < until]

    def kept(day):
        found = with_consent(pd.DataFrame({"customer_id": ["a"]}), ledger.rows, purpose="survey", on=day)
        return len(found.kept)

    ledger.give("a", "survey", on=date(2026, 1, 5), **TEXT)
    before = states(date(2026, 3, 1))
    assert before == ["none", "agreed", "agreed"]
    ledger.withdraw("a", "survey", on=date(2026, 3, 1))
    assert states(date(2026, 3, 1)) == before
    ledger.give("a", "survey", on=date(2026, 4, 1), **TEXT)
    assert states(date(2027, 1, 1)) == [*before, "withdrawn", "withdrawn", "agreed"]
    assert [kept(day) for day in days] == [0, 1, 1, 0, 0, 1]


def test_withdrawing_is_for_one_purpose_of_one_customer(ledger):
    for customer, purpose in (("a", "survey"), ("a", "marketing"), ("b", "survey")):
        ledger.give(customer, purpose, on=date(2026, 1, 5), **TEXT)
    ledger.withdraw("a", "survey", on=DAY)
    states = [ledger.state(*one, on=DAY) for one in (("a", "survey"), ("a", "marketing"), ("b", "survey"))]
    assert states == ["withdrawn", "agreed", "agreed"]


def test_withdrawing_takes_back_every_version_of_the_text(ledger):
    ledger.give("a", "survey", text_version="v1", method="phone", on=date(2026, 1, 5))
    ledger.give("a", "survey", text_version="v2", method="phone", on=date(2026, 2, 5))
    ledger.withdraw("a", "survey", on=DAY)
    assert ledger.state("a", "survey", on=DAY) == "withdrawn"


def test_withdrawing_twice_keeps_the_first_day(ledger):
    ledger.give("a", "survey", on=date(2026, 1, 5), **TEXT)
    ledger.withdraw("a", "survey", on=date(2026, 3, 1))
    ledger.withdraw("a", "survey", on=DAY)
    assert ledger.history("a")["withdrawn_on"].dt.date.tolist() == [date(2026, 3, 1)]


def test_a_second_withdrawal_leaves_the_first_on_record(ledger):
    for given, withdrawn in ((date(2026, 1, 5), date(2026, 2, 1)), (date(2026, 2, 1), date(2026, 3, 1))):
        ledger.give("a", "survey", on=given, **TEXT)
        ledger.withdraw("a", "survey", on=withdrawn)
    assert ledger.history("a")["withdrawn_on"].dt.date.tolist() == [date(2026, 2, 1), date(2026, 3, 1)]


def test_consent_withdrawn_on_its_own_day_never_held(ledger):
    ledger.give("a", "survey", on=DAY, **TEXT)
    ledger.withdraw("a", "survey", on=DAY)
    assert ledger.state("a", "survey", on=DAY) == "withdrawn"


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda book: book.withdraw("a", "marketing", on=DAY), "consent_never_given"),
        (lambda book: book.withdraw("b", "survey", on=DAY), "consent_never_given"),
        (lambda book: book.withdraw("a", "survey", on=date(2026, 1, 4)), "consent_withdrawn_early"),
        (lambda book: book.give("b", "survey", text_version=" ", method="paper", on=DAY), "consent_no_text"),
        (lambda book: book.give("a", "survey", on=date(2026, 1, 5), **TEXT), "consent_rewrites"),
        (lambda book: book.give("a", "survey", on=date(2025, 1, 5), **TEXT), "consent_rewrites"),
        (lambda book: book.give("a", "analysis", on=date(2026, 2, 9), **TEXT), "consent_rewrites"),
        (lambda book: book.give("b", "servey", on=DAY, **TEXT), "choice"),
        (lambda book: book.withdraw("a", "servey", on=DAY), "choice"),
        (lambda book: book.give("b", "survey", text_version="v1", method="fax", on=DAY), "choice"),
    ],
)
def test_entries_that_cannot_be_true_are_refused_and_nothing_is_entered(ledger, call, key):
    ledger.give("a", "survey", on=date(2026, 1, 5), **TEXT)
    ledger.give("a", "analysis", on=date(2026, 1, 5), **TEXT)
    ledger.withdraw("a", "analysis", on=date(2026, 2, 10))
    before = ledger.rows
    with pytest.raises((DataError, ParameterError)) as caught:
        call(ledger)
    assert caught.value.key == key
    assert caught.value.message("zh") != caught.value.message("en")
    pd.testing.assert_frame_equal(ledger.rows, before)


def test_a_base_takes_no_consent_of_a_customer_it_does_not_have(base):
    with pytest.raises(DataError) as caught:
        Ledger(base).give("nobody", "survey", on=DAY, **TEXT)
    assert caught.value.key == "no_such_customer"


def test_a_base_notes_every_consent_and_every_withdrawal_once(base):
    ledger = Ledger(base)
    ledger.give("a", "survey", on=date(2026, 1, 5), **TEXT)
    ledger.withdraw("a", "survey", on=DAY)
    ledger.withdraw("a", "survey", on=DAY)
    noted = base.audit()[["action", "table", "rows"]].to_numpy().tolist()
    assert noted == [["consent", "consents", 1], ["withdraw", "consents", 1]]


def test_a_ledger_of_a_frame_leaves_the_frame_alone():
    frame = CONSENTS.copy()
    ledger = Ledger(frame)
    ledger.withdraw("a", "survey", on=DAY)
    rows = ledger.rows
    rows["withdrawn_on"] = pd.NaT
    pd.testing.assert_frame_equal(frame, CONSENTS)
    assert ledger.state("a", "survey", on=DAY) == "withdrawn"


def test_the_ledger_of_the_teaching_data_can_be_written_on():
    shop = open_data(check_settings(data="teaching"))
    ledger = Ledger(shop.table("consents"))
    agreed = with_consent(shop.table("customers"), ledger.rows, purpose="marketing", on=shop.as_of).kept
    one = agreed["customer_id"][0]
    ledger.withdraw(one, "marketing", on=shop.as_of)
    after = with_consent(shop.table("customers"), ledger.rows, purpose="marketing", on=shop.as_of)
    assert len(after.kept) == len(agreed) - 1
    assert after.refused.set_index("customer_id").at[one, "reason"] == "withdrawn"
    assert ledger.rows.dtypes.equals(shop.table("consents").dtypes)


def test_a_ledger_with_a_blank_customer_agrees_for_nobody():
    blank = CONSENTS.iloc[:1].assign(customer_id=None, purpose="survey", withdrawn_on=pd.NaT)
    rows = pd.DataFrame({"customer_id": [None, float("nan")]}, dtype="object")
    assert kept("survey", rows).empty
    assert with_consent(rows, blank, purpose="survey", on=blank["given_on"].iloc[0].date()).kept.empty


def test_what_was_kept_and_refused_shows_itself_without_the_rows():
    rows = pd.DataFrame({"customer_id": ["C1"], "name": ["罗示松"]})
    assert repr(with_consent(rows, no_consents(), purpose="survey", on=DAY)) == "Consented(kept=0, refused=1)"


def test_a_customer_number_that_is_a_phone_is_not_shown():
    rows = pd.DataFrame({"customer_id": ["12000000001"]})
    with pytest.raises(ConsentError) as caught:
        demand_consent(rows, no_consents(), purpose="survey", on=DAY)
    assert caught.value.customers == ("00000000000",)
