"""What the generator hid in the teaching data, and data of which nobody knows the truth."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from crmlab import check_settings, open_data
from crmlab.errors import DataError
from crmlab.words import LANGUAGES

DATASETS = Path(__file__).resolve().parents[1] / "datasets"


def read(name):
    return pd.read_csv(DATASETS / "truth" / f"{name}.csv", dtype="str", keep_default_na=False, encoding="utf-8")


def test_planted_needs_go_by_the_pseudonyms_of_the_shop_and_no_customer_is_named(shop):
    written, planted = read("needs"), shop.planted("needs")
    assert planted.columns.tolist() == written.columns.tolist()
    assert planted["customer_id"].tolist() == shop.key.pseudonyms(written["customer_id"]).tolist()
    assert set(planted["customer_id"]) <= set(shop.table("customers")["customer_id"])
    assert not set(planted["customer_id"]) & set(written["customer_id"])
    pd.testing.assert_frame_equal(planted.drop(columns="customer_id"), written.drop(columns="customer_id"))
    assert (planted["event_id"] == "").any()


def test_a_truth_that_names_no_customer_comes_as_it_is(shop):
    assert "customer_id" not in read("planted_personal")
    pd.testing.assert_frame_equal(shop.planted("planted_personal"), read("planted_personal"))


@pytest.mark.parametrize("there", ["nothing", "another truth", "a truth that is no sibling"])
def test_a_folder_of_ones_own_has_no_truth(tmp_path, there):
    own = tmp_path / "shop"
    own.mkdir()
    if there == "another truth":
        shutil.copytree(DATASETS / "truth", tmp_path / "truth", ignore=shutil.ignore_patterns("needs.csv"))
    elif there != "nothing":
        shutil.copytree(DATASETS / "truth", own / "truth")
    with pytest.raises(DataError) as caught:
        open_data(check_settings(data=str(own), as_of="2026-06-17")).planted("needs")
    assert caught.value.key == "no_truth"
    for lang in LANGUAGES:
        assert "shop" in caught.value.message(lang)
        assert "teaching" in caught.value.message(lang)


def test_a_file_of_ones_own_has_no_truth(tmp_path):
    columns = {"customer": "who", "order": "order", "date": "day", "amount": "paid"}
    (tmp_path / "mine.csv").write_text("who,order,day,paid\na,1,2026-06-01,5\n", encoding="utf-8", newline="\n")
    settings = check_settings(orders=str(tmp_path / "mine.csv"), as_of="2026-06-17", currency="CNY", **columns)
    with pytest.raises(DataError) as caught:
        open_data(settings).planted("needs")
    assert caught.value.key == "no_truth"
