"""Cohorts and trends over months: hand sheets, whole months only, sums that agree with the orders, honest errors."""

import numpy as np
import pandas as pd
import pytest
from kinds import KINDS

from crmlab import DataError, ParameterError, type_customers
from crmlab.patterns import purchase_lines, retention, trend

AS_OF = "2026-06-17"


def orders_on(*rows):
    """Orders of 9 yuan from customer and day."""
    orders = pd.DataFrame(rows, columns=["customer_id", "order_date"])
    numbers = [str(number) for number in range(len(orders))]
    return orders.assign(order_id=numbers, order_date=pd.to_datetime(orders["order_date"]), amount=9)


HAND = orders_on(
    ("a", "2026-01-05"), ("b", "2026-01-31"), ("a", "2026-02-01"), ("a", "2026-02-02"), ("c", "2026-02-28"),
    ("b", "2026-04-01"), ("c", "2026-04-30"), ("a", "2026-05-01"), ("d", "2026-05-01"), ("d", "2026-05-10"),
)  # fmt: skip


def test_cohorts_are_those_of_the_hand_sheet():
    found = retention(type_customers(HAND, as_of="2026-05-17", window=30))
    shares = found.shares.astype(object).where(found.shares.notna(), None)
    assert shares.loc["2026-01"].tolist() == [1.0, 0.5, 0.0, 0.5]
    assert shares.loc["2026-02"].tolist() == [1.0, 0.0, 1.0, None]
    assert shares.loc["2026-05"].tolist() == [1.0, None, None, None]
    assert list(shares.index) == ["2026-01", "2026-02", "2026-05"]
    assert found.cohorts["customers"].tolist() == [2, 1, 1]
    assert found.cohorts["complete"].tolist() == [True, True, False]
    assert found.cohorts["small"].all()
    assert (found.first_month, found.last_month) == ("2026-01", "2026-04")


def test_the_last_month_is_there_once_it_is_over():
    found = retention(type_customers(HAND, as_of="2026-05-31"))
    assert found.shares.loc["2026-01"].tolist() == [1.0, 0.5, 0.0, 0.5, 0.5]


def test_the_mean_weighs_cohorts_by_their_customers_and_leaves_open_months_out():
    mean = retention(type_customers(HAND, as_of="2026-05-17")).mean().set_index("month_no")
    assert mean["customers"].to_dict() == {0: 4, 1: 3, 2: 3, 3: 2}
    assert mean["customers_share"].round(9).to_dict() == {0: 1.0, 1: round(1 / 3, 9), 2: round(1 / 3, 9), 3: 0.5}


def test_cells_add_up_to_all_orders_and_their_money(shop, result):
    found = retention(result)
    everything = type_customers(shop.orders, as_of=shop.as_of, window=None, **shop.columns)
    assert found.cells["orders"].sum() == everything.orders_used
    assert found.cells["money"].sum() == everything.customers["monetary"].sum()
    assert found.cohorts["customers"].sum() == len(everything.customers)
    assert (found.shares[0] == 1).all()
    assert found.shares.max(axis=None) == 1
    assert found.table.shape == (len(found.cohorts), 4 + found.shares.shape[1])
    assert "2024-07" in found.describe("en")


@pytest.mark.parametrize("kind", KINDS)
def test_cohorts_and_trends_are_the_same_on_every_engine(shop, result, kind, tmp_path):
    given = KINDS[kind](shop.orders.sample(frac=1, random_state=2), tmp_path)
    other = type_customers(given, as_of=AS_OF, window=365, **shop.columns)
    pd.testing.assert_frame_equal(retention(other).cells, retention(result).cells)
    if kind in ("polars", "csv"):
        one, two = (
            trend(purchase_lines(orders, typed, history=True), value="orders")
            for orders, typed in ((shop.orders, result), (given, other))
        )
        pd.testing.assert_frame_equal(one.errors, two.errors)


def monthly(values, *, start="2024-06-01", as_of=AS_OF, **settings):
    """A trend over one order on the first day of each month, of so many yuan."""
    days = pd.date_range(start, periods=len(values), freq="MS")
    orders = orders_on(*(("a", day) for day in days)).assign(amount=values)
    return trend(purchase_lines(orders, type_customers(orders, as_of=as_of)), **settings)


def test_a_yearly_rhythm_is_better_repeated_than_forecast():
    season = [100, 200, 300, 400, 500, 600, 700, 600, 500, 400, 300, 200]
    found = monthly(season * 2)
    assert found.repeats == "year"
    error = found.errors.iloc[0]
    assert error["repeated_error"] == 0
    assert error["forecast_error"] > 0
    assert not error["beats_repeating"]
    assert "0 of 1" in found.describe("en")


def test_steady_growth_is_better_forecast_than_repeated():
    found = monthly(list(range(100, 340, 10)))
    error = found.errors.iloc[0]
    assert error["repeated_error"] == 12_000
    assert error["beats_repeating"]
    assert error["mase"] == pytest.approx(error["forecast_error"] / 1_000)
    assert error["repeated_error_share"] == pytest.approx(12_000 / 32_000)


def test_the_months_kept_back_are_not_learned_from():
    known = list(range(100, 310, 10))
    one, two = (monthly([*known, *last]).months for last in ([310, 320, 330], [0, 9000, 1]))
    kept_back = one["actual"].notna() & one["forecast"].notna()
    assert kept_back.sum() == 3
    pd.testing.assert_series_equal(one.loc[kept_back, "forecast"], two.loc[kept_back, "forecast"])
    assert not one.loc[one["actual"].isna(), "forecast"].equals(two.loc[two["actual"].isna(), "forecast"])


def test_with_less_than_a_year_the_last_month_is_repeated():
    found = monthly([5, 6, 7, 8, 9, 10, 11, 12, 13], start="2025-09-01", as_of="2026-05-31")
    assert found.repeats == "month"
    assert found.errors["repeated_error"].tolist() == [200]


def test_months_begun_before_or_not_over_are_left_out():
    days = pd.date_range("2025-03-02", "2026-06-17", freq="D")
    orders = orders_on(*(("a", day) for day in days))
    months = trend(purchase_lines(orders, type_customers(orders, as_of=AS_OF))).months
    assert months["month"].iloc[0] == "2025-04"
    assert months.loc[months["actual"].notna(), "month"].iloc[-1] == "2026-05"
    assert months["actual"].head(2).tolist() == [27_000, 27_900]
    assert months["month"].tail(3).tolist() == ["2026-06", "2026-07", "2026-08"]


def test_a_month_without_a_purchase_is_a_zero():
    found = monthly([5, 6, 7, 8, 9, 10, 11, 12, 0, 13], start="2025-08-01", as_of="2026-05-31")
    days = found.months["actual"].dropna()
    assert days.tolist()[-2:] == [0, 1300]
    assert np.isfinite(found.months["forecast"].dropna()).all()


def test_a_forecast_is_never_below_nothing_and_flat_series_stay_flat():
    falling = monthly(list(range(900, 0, -40)), ahead=12)
    assert falling.months["forecast"].min() == 0
    flat = monthly([7] * 24)
    assert set(flat.months["forecast"].dropna()) == {700.0}
    assert flat.errors["mase"].isna().all()


def test_series_of_categories_add_up_to_the_whole(shop, result):
    lines = purchase_lines(shop.orders, result, history=True, **shop.goods_columns)
    each, whole = trend(lines, "category"), trend(lines)
    assert each.months["category"].nunique() == 8
    assert each.months.groupby("month")["actual"].sum(min_count=1).tolist() == pytest.approx(
        whole.months["actual"].tolist(), nan_ok=True
    )
    assert set(each.errors["beats_repeating"]) == {True, False}
    assert each.table.columns[0] == "category"
    assert not {"repeated_error", "forecast_error"} & set(each.table)


def test_an_order_with_two_categories_counts_once_in_each():
    days = pd.date_range("2025-09-01", periods=9, freq="MS")
    orders = pd.concat([orders_on(*(("a", day) for day in days)).assign(goods=name) for name in ("x", "x", "y")])
    lines = purchase_lines(orders, type_customers(orders, as_of="2026-05-31"), category="goods")
    counted = trend(lines, "category", value="orders").months.groupby("category")["actual"].sum()
    assert counted.to_dict() == {"x": 9, "y": 9}
    assert trend(lines, value="orders").months["actual"].sum() == 9


@pytest.mark.parametrize("settings", [{"by": "brand"}, {"value": "units"}, {"tried": 0}, {"ahead": 13}, {"tried": 1.5}])
def test_settings_that_cannot_be_used_are_refused(settings):
    with pytest.raises(ParameterError):
        monthly([5] * 20, **settings)


def test_too_few_months_say_how_many_there_are():
    with pytest.raises(DataError, match="There are 8 whole months"):
        monthly([5] * 8, start="2025-10-01", as_of="2026-05-31")
