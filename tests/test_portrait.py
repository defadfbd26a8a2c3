"""A portrait of one customer: every number traces to rows, nothing personal is on it, and consent comes first."""

import dataclasses
import shutil

import pandas as pd
import pytest

from crmlab import DataError, ParameterError, check_settings, open_data, type_customers
from crmlab.collect import with_consent
from crmlab.collect.portraits import portrait
from crmlab.data import PERSONAL
from crmlab.errors import ConsentError


@pytest.fixture(scope="module")
def shop():
    return open_data(check_settings(data="teaching"))


@pytest.fixture(scope="module")
def busy(shop):
    """The customer who agreed to profiling and analysis and has most service records."""
    customers = shop.table("customers")
    for purpose in ("profiling", "analysis"):
        customers = with_consent(customers, shop.table("consents"), purpose=purpose, on=shop.as_of).kept
    records = shop.table("service_records")
    return records[records["customer_id"].isin(customers["customer_id"])]["customer_id"].mode()[0]


@pytest.fixture(scope="module")
def found(shop, busy):
    return portrait(shop, busy, "en")


def value(found, field):
    return next(line.value for line in found.lines if line.field == field)


def test_all_parts_are_there_and_each_line_has_its_source(found):
    assert found.table["part"].drop_duplicates().tolist() == [
        "Basic information",
        "Purchases",
        "Services",
        "Behaviour",
        "Consent",
    ]
    for line in found.lines:
        assert found.table["rows"][found.lines.index(line)] == len(line.rows)


def test_purchases_equal_those_of_all_customers(shop, busy, found):
    table = type_customers(shop.orders, as_of=shop.as_of, **shop.columns).table.set_index("customer_id")
    for name in ("recency_days", "frequency", "monetary"):
        assert value(found, name) == table.loc[busy, name]
    lines = found.evidence("frequency")
    assert lines["order_id"].nunique() == value(found, "frequency")
    assert round((lines["amount"].sum() - lines["refund"].sum()) * 100) == value(found, "monetary")


def test_services_and_behaviour_are_counts_of_rows(shop, busy, found):
    records, events = shop.table("service_records"), shop.table("events")
    own = events[events["customer_id"] == busy]
    assert value(found, "contacts") == (records["customer_id"] == busy).sum() > 0
    assert sum(value(found, "matters").values()) <= value(found, "contacts")
    kinds = own["event"].value_counts()
    fields = {"views": "view", "carts": "cart_add", "promotions": "promo", "downloads": "download"}
    for field, kind in fields.items():
        assert value(found, field) == kinds.get(kind, 0) == len(found.evidence(field))
    assert value(found, "dwell") == own["seconds"].sum()


def test_consent_is_shown_as_the_ledger_has_it(shop, busy, found):
    ledger = shop.table("consents")
    for purpose in ("analysis", "survey", "profiling", "marketing"):
        agreed = with_consent(ledger[ledger["customer_id"] == busy], ledger, purpose=purpose, on=shop.as_of).kept
        assert (value(found, purpose)[0] == "agreed") == bool(len(agreed))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_personal_is_on_the_page(shop, busy, lang):
    found = portrait(shop, busy, lang)
    person = shop.read_personal("customers").set_index("customer_id")
    person = person[[shop.key.pseudonym(one) == busy for one in person.index]]
    secrets = [person.index[0], *(person.iloc[0][name] for name in PERSONAL if name in person)]
    page = found._repr_html_() + repr(found) + found.table.to_csv()
    assert not [text for text in secrets if isinstance(text, str) and text in page]
    assert busy in page
    assert not {name for line in found.lines for name in line.rows.columns} & set(PERSONAL)


def test_words_of_customers_are_escaped(found):
    searched = next(line for line in found.lines if line.field == "searched")
    line = dataclasses.replace(searched, value={"<script>": 2})
    page = dataclasses.replace(found, lines=(line,))._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt; 2" in page


def test_evidence_of_an_unknown_field_is_refused(found):
    with pytest.raises(ParameterError, match="frequency"):
        found.evidence("wealth")


def test_without_consent_to_profiling_there_is_no_portrait(shop):
    asked = with_consent(shop.table("customers"), shop.table("consents"), purpose="profiling", on=shop.as_of)
    for reason in ("none", "withdrawn"):
        refused = asked.refused[asked.refused["reason"] == reason]["customer_id"].iloc[0]
        with pytest.raises(ConsentError):
            portrait(shop, refused)


def test_an_unknown_customer_is_told(shop):
    with pytest.raises(DataError):
        portrait(shop, "nobody")


def test_what_the_source_does_not_record_is_not_on_the_page(shop, busy, tmp_path):
    for name in ("customers", "orders", "order_lines", "products", "refunds", "consents"):
        shutil.copy(shop.folder / f"{name}.csv", tmp_path)
    small = dataclasses.replace(shop, folder=tmp_path)
    fields = [line.field for line in portrait(small, busy).lines]
    assert "frequency" in fields
    assert not {"contacts", "views", "late_deliveries"} & set(fields)


def test_a_customer_who_only_registered_has_a_portrait(shop):
    asked = with_consent(shop.table("customers"), shop.table("consents"), purpose="profiling", on=shop.as_of).kept
    active = pd.concat([shop.orders["customer_id"], shop.table("events")["customer_id"]])
    quiet = asked[~asked["customer_id"].isin(active)]["customer_id"]
    ordered = shop.table("orders")["customer_id"]
    found = portrait(shop, quiet[~quiet.isin(ordered)].iloc[0], "zh")
    assert value(found, "frequency") is None
    assert value(found, "views") == 0
    assert "无记录" in repr(found)
    assert "〔订单行：" in repr(found)
    assert "order_lines" not in repr(found) + found._repr_html_()
