"""Consent is enforced by the function, and coverage counts personal fields without showing one."""

from datetime import date

import pandas as pd
import pytest

from crmlab import check_settings, open_data
from crmlab.collect import consent_overview, coverage, with_consent
from crmlab.data import PERSONAL

DAY = date(2026, 6, 17)


def ledger(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "purpose", "given_on", "withdrawn_on"])
    return frame.assign(given_on=pd.to_datetime(frame["given_on"]), withdrawn_on=pd.to_datetime(frame["withdrawn_on"]))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("a", "survey", "2026-01-01", None), None),
        (("a", "survey", "2026-06-17", None), None),
        (("a", "survey", "2026-06-18", None), "none"),
        (("a", "marketing", "2026-01-01", None), "none"),
        (("b", "survey", "2026-01-01", None), "none"),
        (("a", "survey", "2026-01-01", "2026-06-17"), "withdrawn"),
        (("a", "survey", "2026-01-01", "2026-06-18"), None),
    ],
)
def test_only_consent_in_force_for_the_purpose_keeps_a_row(row, reason):
    found = with_consent(pd.DataFrame({"customer_id": ["a"]}), ledger(row), purpose="survey", on=DAY)
    assert len(found.kept) + len(found.refused) == 1
    assert found.refused["reason"].tolist() == ([reason] if reason else [])


def test_an_empty_ledger_is_no_yes():
    found = with_consent(pd.DataFrame({"customer_id": ["a", "b"]}), ledger(), purpose="survey", on=DAY)
    assert len(found.kept) == 0


def test_consent_given_again_after_a_withdrawal_holds():
    consents = ledger(("a", "survey", "2026-01-01", "2026-02-01"), ("a", "survey", "2026-03-01", None))
    assert len(with_consent(pd.DataFrame({"customer_id": ["a"]}), consents, purpose="survey", on=DAY).kept) == 1


@pytest.fixture(scope="module")
def shop():
    return open_data(check_settings(data="teaching"))


def test_the_overview_of_consent_adds_up_to_all_customers(shop):
    customers = shop.table("customers")
    overview = consent_overview(customers, shop.table("consents"), on=shop.as_of)
    assert (overview[["agreed", "withdrawn", "none"]].sum(axis="columns") == len(customers)).all()
    assert (overview[["agreed", "none"]] > 0).all().all()


def test_coverage_equals_a_count_by_hand(shop):
    raw = pd.read_csv(shop.folder / "customers.csv", dtype=str, encoding="utf-8")
    shares = coverage(shop.read_personal("customers"), ("phone", "sex"))
    for channel, row in shares.iterrows():
        own = raw[raw["source"] == channel]
        assert row["phone"] == pytest.approx(own["phone"].notna().sum() / len(own))
    assert len(shares) == raw["source"].nunique()


def test_a_channel_of_fewer_than_five_customers_is_not_shown(shop, tmp_path):
    few = pd.DataFrame(
        {"customer_id": [str(n) for n in range(9)], "source": ["phone"] * 4 + ["order"] * 5, "sex": None}
    )
    few.to_csv(tmp_path / "customers.csv", index=False, encoding="utf-8")
    own = open_data(check_settings(data=str(tmp_path), as_of="2026-06-17"))
    assert coverage(own.read_personal("customers"), ("sex",)).index.tolist() == ["order"]


def test_no_table_that_a_notebook_sees_has_a_personal_column(shop):
    assert not set(PERSONAL) & set(shop.table("customers").columns)
    assert set(PERSONAL) <= set(shop.read_personal("customers").columns)
