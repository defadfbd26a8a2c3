"""A shop and a bank by one rule set: a swap of configuration changes columns, not code."""

import math
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from case_rows import AS_OF, BANK, PUBLIC, agreed, lesson, open_folder, read, typed

import crmlab.cases
from crmlab import check_settings, open_data, type_customers
from crmlab.cases import open_case
from crmlab.data import HOUSE_COLUMNS
from crmlab.errors import DataError, ParameterError
from crmlab.words import LANGUAGES, word


@pytest.fixture
def own_bank(tmp_path):
    """A copy of the bank that a test may change."""
    return Path(shutil.copytree(BANK, tmp_path / "own"))


def test_a_swap_changes_columns_and_no_code():
    (shop, classes, _), (bank, assets, _) = lesson("teaching"), lesson(BANK)
    assert (shop.name, bank.name) == ("retail", "bank")
    assert list(classes.table) == ["customer_id", "recency_days", "frequency", "monetary", "frequency_group",
                                   "spend_group"]  # fmt: skip
    assert list(assets.table) == ["customer_id", "deal_days", "deals", "assets", "preference", "assets_group"]
    assert list(classes.counts.index) == list(assets.counts.index) == ["high", "mid", "low"]
    assert list(assets.counts.columns) == ["cautious", "balanced", "bold", "unknown"]


def test_the_bank_is_known_by_name():
    named, folder = open_data(SimpleNamespace(data="bank")), open_folder(BANK)
    pd.testing.assert_frame_equal(named.orders, folder.orders)
    assert named.case == folder.case == open_case("bank")


def test_words_and_titles_follow_the_case():
    assert open_case("retail").words("zh")["monetary"] == "M 净消费"
    assert open_case("bank").words("zh")["monetary"].startswith("资产规模")
    titles = {open_case(name).title(lang) for name in ("retail", "bank") for lang in LANGUAGES}
    assert len(titles) == 4


@pytest.mark.parametrize("name", ["retail", "bank"])
def test_every_configuration_names_what_type_customers_needs_and_has_words(name):
    case = open_case(name)
    assert {"customer", "order", "date", "amount"} <= set(case.columns) <= set(HOUSE_COLUMNS)
    columns = [*case.indicators.values(), *(criterion.shown for criterion in case.criteria)]
    assert all(word(f"column.{column}", lang) for column in columns for lang in LANGUAGES)


def test_columns_of_the_case_type_the_files_as_they_are():
    deals = pd.read_csv(BANK / "deals.csv", parse_dates=["deal_date", "redeemed_on"])
    result = type_customers(deals, as_of=AS_OF, **open_case("bank").columns)
    assert result.customer_column == "client_id"
    assert len(result.customers) == len(read("clients"))


def test_assets_are_purchases_less_redemptions_over_all_of_history():
    shop, expected = open_folder(BANK), {}
    for row in read("deals"):
        if row["client_id"] in agreed():
            fen = round(float(row["amount"]) * 100) - round(float(row["redeemed"] or 0) * 100)
            client = PUBLIC.pseudonym(row["client_id"])
            expected[client] = expected.get(client, 0) + fen
    facts = shop.case.facts(typed(shop), shop.table("customers"))
    assert dict(zip(facts["customer_id"], facts["assets"], strict=True)) == expected
    assert len(typed(shop).customers) < len(facts)


def test_a_blank_preference_is_unknown_and_not_cautious():
    shop = open_folder(BANK)
    facts = shop.case.facts(typed(shop), shop.table("customers"))
    blank = {PUBLIC.pseudonym(row["client_id"]) for row in read("clients") if not row["preference"]}
    assert set(facts.loc[facts["preference"] == "unknown", "customer_id"]) == blank & set(facts["customer_id"])


def test_a_bank_of_ones_own_names_its_tables_and_columns(own_bank):
    theirs = {"client_id": "customer_no", "deal_date": "day", "product_class": "kind"}
    for name, new in (("clients", "people"), ("deals", "movements"), ("consents", "yes")):
        table = pd.read_csv(own_bank / f"{name}.csv", dtype="str").rename(columns=theirs)
        table.to_csv(own_bank / f"{new}.csv", index=False, encoding="utf-8")
        (own_bank / f"{name}.csv").unlink()
    with (own_bank / "data.toml").open("a", encoding="utf-8", newline="\n") as card:
        card.write('[tables]\ncustomers = "people"\norder_lines = "movements"\nconsents = "yes"\n')
        card.write('[columns]\ncustomer_id = "customer_no"\norder_date = "day"\ncategory = "kind"\n')
    (_, ours, where), (_, own, there) = lesson(BANK), lesson(own_bank)
    pd.testing.assert_frame_equal(ours.table, own.table)
    pd.testing.assert_frame_equal(where.table, there.table)


def test_a_case_of_ones_own_lies_beside_the_data(own_bank):
    text = Path(crmlab.cases.__file__).with_name("bank.toml").read_text(encoding="utf-8")
    (own_bank / "wealth.toml").write_text(text.replace('"assets"', '"wealth"'), encoding="utf-8", newline="\n")
    card = own_bank / "data.toml"
    card.write_text(card.read_text(encoding="utf-8").replace('"bank"', '"wealth.toml"'), encoding="utf-8")
    shop = open_folder(own_bank)
    assert "wealth" in shop.case.facts(typed(shop), shop.table("customers"))


def test_a_case_that_is_not_there_is_told():
    with pytest.raises(ParameterError, match="bank, retail"):
        open_case("airline")


def test_orders_of_ones_own_are_a_shops(tmp_path, small):
    small.to_parquet(tmp_path / "mine.parquet")
    columns = {"customer": "customer_id", "order": "order_id", "date": "order_date", "amount": "amount"}
    path = str(tmp_path / "mine.parquet")
    settings = check_settings(orders=path, as_of=AS_OF, currency="CNY", state="", refund="", **columns)
    shop = open_data(settings)
    assert len(shop.case.group(shop.case.facts(typed(shop))).table) == 3


def test_a_criterion_that_the_data_lack_is_told(small):
    with pytest.raises(DataError, match="preference"):
        open_case("bank").facts(type_customers(small, as_of=AS_OF))


def facts(cells):
    rows = [(assets, preference) for (assets, preference), count in cells.items() for _ in range(count)]
    return pd.DataFrame(rows, columns=["assets", "preference"])


def test_every_customer_is_counted_and_few_are_hidden():
    cells = {(10, "bold"): 4, (10, "cautious"): 6, (20, "bold"): 5, (20, "balanced"): 5, (90, "unknown"): 10}
    groups = open_case("bank").group(facts(cells))
    assert groups.counts.loc["low", "cautious"] == 6
    assert math.isnan(groups.counts.loc["low", "bold"])
    assert groups.counts.loc["mid", "bold"] == 5
    assert groups.counts.loc["high", "bold"] == 0
    assert (groups.hidden, len(groups.table)) == (1, 30)
    assert groups.counts.sum().sum() == 26
    assert "30" in groups.describe("en")


def test_a_code_that_the_case_does_not_list_comes_last():
    groups = open_case("bank").group(facts({(10, "reckless"): 5, (20, "bold"): 5, (30, "unknown"): 5}))
    assert list(groups.counts.columns) == ["cautious", "balanced", "bold", "reckless", "unknown"]


def test_equal_assets_are_in_one_group():
    groups = open_case("bank").group(facts({(10, "bold"): 25, (20, "bold"): 5}))
    assert groups.table.groupby("assets")["assets_group"].nunique().max() == 1
