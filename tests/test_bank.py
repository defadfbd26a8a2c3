"""The bank's data, and that no row of them is read without every consent."""

import hashlib
import re
import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from case_rows import AS_OF, BANK, DATASETS, PUBLIC, agreed, open_folder, read, typed

from crmlab.cases import open_case
from crmlab.errors import ConsentError, ParameterError
from crmlab.tables.codes import CODES
from crmlab.words import LANGUAGES, word
from crmlab.world.bank import AGREED, CLASSES, PREFERENCES, bank_files, make_bank


@pytest.fixture
def own_bank(tmp_path):
    """A copy of the bank that a test may change."""
    return Path(shutil.copytree(BANK, tmp_path / "own"))


def test_the_committed_files_are_those_of_the_seed():
    made = bank_files(618)
    sums = "".join(f"{hashlib.sha256(made[name]).hexdigest()}  {name}\n" for name in sorted(made))
    committed = {path.name: path.read_bytes() for path in BANK.iterdir()}
    assert committed == {**made, "sha256sums.txt": sums.encode()}
    assert sum(map(len, committed.values())) < 150_000


def test_another_seed_gives_other_rows_in_the_same_shape():
    one, other = make_bank(618).tables, make_bank(7).tables
    for name, table in one.items():
        assert list(table) == list(other[name])
        assert 0.8 < len(other[name]) / len(table) < 1.25
        assert not table.equals(other[name])


def test_numbers_and_no_people():
    columns = {name: list(read(name)[0]) for name in ("clients", "deals", "consents")}
    assert columns["clients"] == ["client_id", "preference", "age_range", "opened_on"]
    cells = [cell for name in columns for row in read(name) for cell in row.values() if cell]
    assert [cell for cell in cells if not re.fullmatch(r"[KD]\d+|[a-z0-9_+-]+|\d+\.\d\d", cell)] == []
    assert not [cell for cell in cells if re.fullmatch(r"\d{11}", cell)]


@pytest.mark.parametrize("seed", [618, 1, 2])
def test_keys_dates_and_redemptions_hold_together(seed):
    tables = make_bank(seed).tables
    clients, deals = tables["clients"], tables["deals"]
    assert clients["client_id"].is_unique
    assert deals["deal_id"].is_unique
    assert set(deals["client_id"]) == set(clients["client_id"]) >= set(tables["consents"]["client_id"])
    gone = deals[deals["redeemed"] != ""]
    assert 0.1 < len(gone) / len(deals) < 0.35
    assert (gone["redeemed"].astype(float) <= gone["amount"].astype(float)).all()
    assert (gone["redeemed_on"] > gone["deal_date"]).all()
    assert ((deals["redeemed"] == "") == (deals["redeemed_on"] == "")).all()
    dates = pd.concat([deals["deal_date"], gone["redeemed_on"], tables["consents"]["withdrawn_on"]])
    assert dates.max() <= AS_OF
    assert clients["opened_on"].max() <= deals["deal_date"].min()


def test_the_card_names_every_column_and_code():
    card = (DATASETS / "cards" / "bank.md").read_text(encoding="utf-8")
    for part in card.split("## English"):
        named = re.findall(r"^\| `(\w+)`", part, re.MULTILINE)
        assert named == [column for name in ("clients", "deals", "consents") for column in read(name)[0]]
        assert {f"`{code}`" for code in (*CLASSES, *PREFERENCES, *AGREED)} <= set(re.findall(r"`\w+`", part))


def test_codes_are_those_of_the_configuration_and_have_words():
    preference = open_case("bank").criteria[1]
    assert {row["preference"] for row in read("clients")} == {*preference.levels, ""}
    assert {row["product_class"] for row in read("deals")} == set(CLASSES)
    keys = [f"case.preference.{code}" for code in (*preference.levels, "unknown")]
    keys += [f"case.product_class.{code}" for code in CLASSES]
    assert all(word(key, lang) for key in keys for lang in LANGUAGES)
    assert {row["age_range"] for row in read("clients")} <= set(CODES["age_range"])


@pytest.mark.parametrize("seed", [618, 1, 2, 3])
def test_large_and_bold_clients_hold_mostly_equity_funds(seed):
    bank = make_bank(seed)
    deals = bank.tables["deals"].merge(bank.truth, on="client_id")
    held = deals["amount"].astype(float) - pd.to_numeric(deals["redeemed"]).fillna(0)
    equity = held.where(deals["product_class"] == "equity_fund", 0)
    planted = deals["taste"] == "large_bold"
    assert set(deals.loc[planted, ["size", "preference"]].itertuples(index=False, name=None)) == {("large", "bold")}
    assert equity[planted].sum() / held[planted].sum() > 0.55
    assert equity[~planted].sum() / held[~planted].sum() < 0.3


def test_only_clients_with_both_consents_are_in_any_table():
    shop, allowed = open_folder(BANK), {PUBLIC.pseudonym(client) for client in agreed()}
    everyone = {row["client_id"] for row in read("clients")}
    assert 0 < len(everyone) - len(allowed) < len(everyone) / 2
    assert set(shop.table("customers")["customer_id"]) == allowed
    assert set(shop.orders["customer_id"]) == allowed
    assert set(shop.read_personal("order_lines")["customer_id"]) == agreed()
    assert set(typed(shop, window=None).customers["customer_id"]) == allowed


def test_the_others_are_counted_without_a_word_of_their_money():
    found = open_folder(BANK).order_lines_by_consent
    assert len(found.kept) + len(found.refused) == len(read("deals"))
    assert list(found.refused) == ["customer_id", "reason"]
    assert set(found.refused["reason"]) == {"none", "withdrawn"}


def test_consent_to_analysis_alone_is_not_enough(own_bank):
    rows = [row for row in read("consents") if row["purpose"] == "analysis"]
    pd.DataFrame(rows).to_csv(own_bank / "consents.csv", index=False, encoding="utf-8")
    shop = open_folder(own_bank)
    assert shop.orders.empty
    assert shop.table("customers").empty


def test_a_consent_ends_on_the_day_of_its_withdrawal(own_bank):
    client = next(iter(sorted(agreed())))
    for day, held in (("2026-06-17", False), ("2026-06-18", True)):
        rows = [{**row, "withdrawn_on": day if row["client_id"] == client else row["withdrawn_on"]}
                for row in read("consents")]  # fmt: skip
        pd.DataFrame(rows).to_csv(own_bank / "consents.csv", index=False, encoding="utf-8")
        assert (PUBLIC.pseudonym(client) in set(open_folder(own_bank).orders["customer_id"])) is held


@pytest.mark.parametrize("line", ["", "separate_consent = false", 'separate_consent = "true"'])
def test_without_the_flag_nothing_is_opened(own_bank, line):
    card = own_bank / "data.toml"
    text = card.read_text(encoding="utf-8").replace("separate_consent = true\n", line + "\n")
    card.write_text(text, encoding="utf-8", newline="\n")
    with pytest.raises(ParameterError, match="separate_consent = true") as caught:
        open_folder(own_bank)
    assert caught.value.key == "case_no_flag"


def test_without_a_ledger_nothing_is_opened(own_bank):
    (own_bank / "consents.csv").unlink()
    with pytest.raises(ParameterError) as caught:
        open_folder(own_bank)
    assert caught.value.key == "case_no_ledger"


def test_no_customer_base_is_built_past_the_consents():
    assert open_folder(BANK).files == []


def test_financial_data_are_a_purpose_that_errors_can_name():
    assert "financial data" in ConsentError("no_consent", customers=("a",), purpose="financial").message("en")
    assert "金融账户信息" in ConsentError("no_consent", customers=("a",), purpose="financial").message("zh")


def test_the_reference_date_is_that_of_the_files():
    assert open_folder(BANK).as_of == date.fromisoformat(AS_OF)
