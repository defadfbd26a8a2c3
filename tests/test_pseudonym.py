"""In notebooks customers go by keyed hashes; contacts are hashed the same however they are written."""

import os
import re
import stat

import pandas as pd
import pytest

from crmlab import check_settings, open_data
from crmlab.collect.pseudonym import KEY_FILE, Key, plain_contact
from crmlab.errors import DataError

KEY = Key(b"a key for these tests")


def test_pseudonyms_are_one_to_one_and_depend_on_the_key():
    ids = pd.Series([f"C{number:05d}" for number in range(5000)])
    names = KEY.pseudonyms(ids)
    assert names.nunique() == len(ids)
    assert names.str.fullmatch("[a-z2-7]{12}").all()
    assert not set(names) & set(Key(b"another key").pseudonyms(ids))
    assert KEY.pseudonyms(ids).equals(names)


def test_order_and_repetition_change_nothing_and_missing_stays_missing():
    ids = pd.Series(["b", None, "a", "b"])
    names = KEY.pseudonyms(ids)
    assert names[0] == names[3] == KEY.pseudonym("b")
    assert names[2] == KEY.pseudonym("a")
    assert names.isna().tolist() == [False, True, False, False]


def test_two_customers_with_one_pseudonym_are_an_error(monkeypatch):
    monkeypatch.setattr(Key, "pseudonym", lambda self, one: one[0])
    with pytest.raises(DataError) as caught:
        KEY.pseudonyms(pd.Series(["a1", "a2", "b1"]))
    assert "1" in caught.value.message("en")


@pytest.mark.parametrize(
    "written",
    ["12000000001", "120 0000 0001", "+86 120-0000-0001", "86120 00000001", "（120）00000001", "１２０００００００01"],
)
def test_a_phone_number_has_one_hash_however_it_is_written(written):
    assert KEY.contact(written) == KEY.contact("12000000001")
    assert KEY.contact(written) != KEY.contact("12000000002")


def test_an_email_is_compared_in_small_letters():
    assert plain_contact(" An.Example@Shop.Example ") == "an.example@shop.example"


def test_names_that_share_their_digits_are_not_one_contact():
    assert KEY.contact("example_c0001") != KEY.contact("other0001") != KEY.contact("0001")


def test_a_customer_and_a_contact_of_the_same_text_have_different_hashes():
    assert KEY.pseudonym("12000000001") != KEY.contact("12000000001")


def test_a_new_key_file_is_drawn_once_and_is_the_owners_alone(tmp_path):
    path = tmp_path / "apart" / "key"
    first = Key.of_file(path)
    assert Key.of_file(path) == first
    assert Key.of_file(tmp_path / "other") != first
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_short_key_is_refused_without_being_shown(tmp_path):
    (tmp_path / "key").write_text("secret", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        Key.of_file(tmp_path / "key")
    assert "32" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_key_does_not_show_its_secret():
    assert "tests" not in repr(KEY)


@pytest.fixture(scope="module")
def shop():
    return open_data(check_settings(data="teaching"))


def test_no_table_shows_the_shops_own_customer_numbers(shop):
    real = set(shop.read_personal("customers")["customer_id"])
    for table in ("customers", "consents", "events", "texts", "survey_answers"):
        assert not real & set(shop.table(table)["customer_id"].dropna())
    assert not real & set(shop.orders["customer_id"])
    assert set(shop.table("consents")["customer_id"]) <= set(shop.table("customers")["customer_id"])


def test_data_of_your_own_get_the_key_of_the_user(shop, tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "key"))
    folder = tmp_path / "mine"
    folder.mkdir()
    shop.read_personal("customers").to_csv(folder / "customers.csv", index=False, encoding="utf-8")
    own = open_data(check_settings(data=str(folder), as_of="2026-06-17"))
    names = own.table("customers")["customer_id"]
    assert (
        names.tolist()
        == Key.of_file(tmp_path / "key").pseudonyms(shop.read_personal("customers")["customer_id"]).tolist()
    )
    assert not set(names) & set(shop.table("customers")["customer_id"])
    assert all(re.fullmatch("[a-z2-7]{12}", name) for name in names)
