"""Prices by level only; coupons within the budget; samples within the stock."""

import inspect
import re
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.collect.pseudonym import Key
from crmlab.errors import DataError, ParameterError
from crmlab.loyalty import CouponCampaign, PriceRule, check_fairness, issue_coupons, members, open_scheme, price_rule
from crmlab.loyalty import sample_list as samples

KEY, ON = Key(b"a key for tests only"), date(2026, 6, 17)
CAMPAIGN = CouponCampaign("K10", face_value=2_000, minimum_order=10_000, budget=9_000, expires_on=date(2026, 7, 1))
LEVELS = st.sampled_from(["basic", "silver", "gold"])


# Prices


def test_a_price_is_asked_by_product_and_level_and_by_nothing_else():
    assert list(inspect.signature(PriceRule.price).parameters) == ["self", "product", "level"]


@given(st.integers(0, 10**9), st.integers(0, 99))
def test_prices_are_whole_and_half_a_unit_goes_up(list_price, percent):
    from decimal import ROUND_HALF_UP, Decimal

    exact = Decimal(list_price) * (100 - percent) / 100
    found = PriceRule({"x": percent}, {"p": list_price}).price("p", "x")
    assert type(found) is int
    assert found == exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(LEVELS, min_size=2, max_size=12),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=3),
    st.data(),
)
def test_two_customers_of_one_level_never_get_different_prices(levels, list_prices, data):
    rule = PriceRule({"basic": 0, "silver": 3, "gold": 5}, dict(enumerate(list_prices)))
    shop = pd.DataFrame({"customer_id": [f"c{place}" for place in range(len(levels))], "level": levels})
    shuffled = shop.sample(frac=1, random_state=len(levels))
    quotes = pd.concat([rule.quotes(shuffled, product, on=ON) for product in rule.list_prices], ignore_index=True)
    assert check_fairness(quotes).empty
    assert (quotes.groupby(["product_id", "level"])["member_price"].nunique() == 1).all()
    row = data.draw(st.integers(0, len(quotes) - 1))
    others = (quotes[["product_id", "level"]] == quotes.loc[row, ["product_id", "level"]]).all(axis=1).sum() > 1
    quotes.loc[row, "member_price"] -= 1
    found = check_fairness(quotes)
    assert len(found) == (2 if others else 0)
    assert not others or quotes.loc[row, "customer_id"] in found["customer_id"].tolist()


def test_another_day_or_product_may_have_another_price():
    quotes = pd.DataFrame({"on": ["2026-06-17", "2026-06-18", "2026-06-17"], "product_id": ["P1", "P1", "P2"],
                           "level": "gold", "customer_id": list("abc"), "member_price": [1, 2, 3]})  # fmt: skip
    assert check_fairness(quotes).empty
    found = check_fairness(quotes.assign(on="2026-06-17"))
    assert found[["product_id", "member_price", "customers"]].values.tolist() == [["P1", 1, 1], ["P1", 2, 1]]


def test_a_missing_price_is_another_price():
    quotes = pd.DataFrame({"on": "2026-06-17", "product_id": "P1", "level": "gold", "customer_id": list("ab"),
                           "member_price": [1, None]})  # fmt: skip
    assert len(check_fairness(quotes)) == 2


def test_the_published_table_is_what_members_are_asked(shop, result):
    scheme = open_scheme()
    rule = price_rule(scheme, shop.table("products"))
    table = rule.table().set_index("product_id")
    current = members(result, scheme).current[["customer_id", "level"]]
    quotes = rule.quotes(current, "P001", on=shop.as_of)
    assert quotes["member_price"].tolist() == [table.loc["P001", f"member_price_{level}"] for level in current["level"]]
    assert table["list_price"].tolist() == [round(price * 100) for price in shop.table("products")["price"]]
    assert (table["member_price_gold"] <= table["member_price_silver"]).all()


@pytest.mark.parametrize("prices", [[1.005, 2.0], [-1.0, 2.0], [None, 2.0]])
def test_a_list_price_that_cannot_be_is_refused(prices):
    with pytest.raises(DataError, match="P1"):
        price_rule(open_scheme(), pd.DataFrame({"product_id": ["P1", "P2"], "price": prices}))


def test_an_unknown_product_level_or_product_twice_is_refused():
    rule = price_rule(open_scheme(), pd.DataFrame({"product_id": ["P1"], "price": [9.9]}))
    for product, level in (("P2", "gold"), ("P1", "platinum")):
        with pytest.raises(DataError):
            rule.price(product, level)
    with pytest.raises(DataError, match="P1"):
        price_rule(open_scheme(), pd.DataFrame({"product_id": ["P1", "P1"], "price": [9.9, 9.9]}))


# Coupons


def shoppers(count):
    return pd.DataFrame({"customer_id": [f"c{place:03d}" for place in range(count)], "monetary": range(count)})


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 12), st.integers(0, 30_000), st.integers(1, 9_000), st.integers(0, 6))
def test_the_budget_is_never_exceeded_and_everybody_is_issued_or_listed(count, budget, value, more):
    campaign = CouponCampaign("K", value, value, budget, date(2026, 7, 1))
    first = issue_coupons(shoppers(count), campaign, key=KEY, on=ON)
    assert len(first.issued) == min(count, budget // value)
    assert len(first.issued) + len(first.listed) == count
    second = issue_coupons(shoppers(count + more), campaign, key=KEY, on=ON, earlier=first)
    assert second.at_most <= budget
    assert second.issued["customer_id"].is_unique
    assert set(first.issued["code"]) <= set(second.issued["code"])
    assert len(second.issued) - len(first.issued) + len(second.listed) == count + more


def test_a_second_run_issues_nothing_twice():
    first = issue_coupons(shoppers(3), CAMPAIGN, key=KEY, on=ON)
    second = issue_coupons(shoppers(3), CAMPAIGN, key=KEY, on=date(2026, 6, 20), earlier=first)
    pd.testing.assert_frame_equal(second.issued, first.issued)
    assert second.listed["reason"].tolist() == ["already"] * 3


def test_rows_in_another_order_get_the_same_coupons():
    for by in (None, "monetary"):
        first = issue_coupons(shoppers(30), CAMPAIGN, key=KEY, on=ON, by=by)
        again = issue_coupons(shoppers(30).sample(frac=1, random_state=3), CAMPAIGN, key=KEY, on=ON, by=by)
        pd.testing.assert_frame_equal(again.issued, first.issued)
        pd.testing.assert_frame_equal(again.listed, first.listed)


def test_the_largest_come_first_where_that_is_declared_and_a_draw_decides_where_not():
    by = issue_coupons(shoppers(30), CAMPAIGN, key=KEY, on=ON, by="monetary").issued["customer_id"].tolist()
    assert by == ["c026", "c027", "c028", "c029"]
    drawn = [
        tuple(issue_coupons(shoppers(30), CAMPAIGN, key=Key(bytes([n])), on=ON).issued["customer_id"]) for n in range(9)
    ]
    assert len(set(drawn)) > 5


def test_codes_tell_nothing_and_need_the_key():
    issued = issue_coupons(shoppers(4), CAMPAIGN, key=KEY, on=ON).issued
    assert all(re.fullmatch("[A-Z2-7]{16}", code) for code in issued["code"])
    other_key = issue_coupons(shoppers(4), CAMPAIGN, key=Key(b"another"), on=ON).issued
    other_campaign = CouponCampaign("K11", 2_000, 10_000, 9_000, date(2026, 7, 1))
    assert not set(issued["code"]) & set(other_key["code"])
    assert not set(issued["code"]) & set(issue_coupons(shoppers(4), other_campaign, key=KEY, on=ON).issued["code"])


def test_an_expired_campaign_issues_nothing():
    found = issue_coupons(shoppers(2), CAMPAIGN, key=KEY, on=date(2026, 7, 1))
    assert found.listed["reason"].tolist() == ["expired"] * 2


def test_a_row_that_repeats_a_customer_is_listed():
    found = issue_coupons(pd.concat([shoppers(2), shoppers(1)]), CAMPAIGN, key=KEY, on=ON)
    assert len(found.issued) == 2
    assert found.listed.values.tolist() == [["c000", "already"]]


@pytest.mark.parametrize(("change", "outcome"), [
    ({}, "redeemed"),
    ({"code": "ABCDEFGHABCDEFGH"}, "unknown"),
    ({"customer": "c001"}, "other_customer"),
    ({"on": date(2026, 6, 16)}, "early"),
    ({"on": date(2026, 6, 30)}, "redeemed"),
    ({"on": date(2026, 7, 1)}, "expired"),
    ({"money": 9_999}, "below_minimum"),
])  # fmt: skip
def test_a_coupon_is_taken_only_as_it_was_issued(change, outcome):
    coupons = issue_coupons(shoppers(2), CAMPAIGN, key=KEY, on=ON)
    asked = {"code": coupons.issued["code"].iloc[0], "customer": "c000", "on": ON, "money": 10_000} | change
    found = coupons.redeem(asked.pop("code"), order="7", **asked)
    assert (found.accepted, found.outcome) == (outcome == "redeemed", outcome)
    assert found.coupons.cost == (2_000 if found.accepted else 0)
    assert found.coupons.log["outcome"].tolist() == [outcome]
    assert coupons.log.empty


def test_a_coupon_is_taken_once_and_the_same_order_again_changes_nothing():
    coupons = issue_coupons(shoppers(2), CAMPAIGN, key=KEY, on=ON)
    code = coupons.issued["code"].iloc[0]
    asked = {"customer": "c000", "money": 10_000, "on": ON}
    first = coupons.redeem(f" {code[:4]}-{code[4:].lower()} ", order="7", **asked)
    again = first.coupons.redeem(code, order="7", **asked)
    other = again.coupons.redeem(code, order="8", **asked)
    assert (first.accepted, again.accepted, other.accepted, other.outcome) == (True, True, False, "used")
    assert other.coupons.cost == 2_000
    assert other.coupons.log["order_id"].tolist() == ["7", "8"]
    assert code not in repr(first) + repr(other.coupons)


def test_each_coupon_is_judged_by_its_own_attempts_and_a_refused_one_is_no_use():
    coupons = issue_coupons(shoppers(2), CAMPAIGN, key=KEY, on=ON)
    first, second = coupons.issued["code"]
    low = coupons.redeem(first, order="7", customer="c000", money=9_999, on=ON)
    then = low.coupons.redeem(first, order="7", customer="c000", money=10_000, on=ON)
    other = then.coupons.redeem(second, order="7", customer="c001", money=10_000, on=ON)
    assert [one.outcome for one in (low, then, other)] == ["below_minimum", "redeemed", "redeemed"]
    assert other.coupons.log["cost"].tolist() == [0, 2_000, 2_000]


def test_who_wins_the_draw_says_nothing_about_the_codes():
    enough = CouponCampaign("K10", 2_000, 10_000, 10**6, date(2026, 7, 1))
    told = []
    for number in range(6):
        key = Key(bytes([number]))
        every = sorted(issue_coupons(shoppers(30), enough, key=key, on=ON).issued["code"])
        drawn = sorted(issue_coupons(shoppers(30), CAMPAIGN, key=key, on=ON).issued["code"])
        assert set(drawn) < set(every)
        told.append(drawn in (every[:4], every[-4:]))
    assert not any(told)


def test_numbers_as_ids_of_orders_and_customers_are_taken_as_their_texts():
    coupons = issue_coupons(pd.DataFrame({"customer_id": [41, 42]}), CAMPAIGN, key=KEY, on=ON)
    code = coupons.issued["code"].iloc[0]
    first = coupons.redeem(code, order=7, customer=41, money=10_000, on=ON)
    again = first.coupons.redeem(code, order="7", customer="41", money=10_000, on=ON)
    assert (first.accepted, again.accepted, again.coupons.cost) == (True, True, 2_000)


@pytest.mark.parametrize(("change", "key"), [
    ({"order": " "}, "loyalty_no_order"),
    ({"money": float("nan")}, "loyalty_money"),
    ({"money": 100.0}, "loyalty_money"),
    ({"money": "10000"}, "loyalty_money"),
])  # fmt: skip
def test_an_attempt_that_cannot_be_judged_is_refused_in_words(change, key):
    coupons = issue_coupons(shoppers(1), CAMPAIGN, key=KEY, on=ON)
    asked = {"order": "7", "customer": "c000", "money": 10_000, "on": ON} | change
    with pytest.raises(DataError) as caught:
        coupons.redeem(coupons.issued["code"].iloc[0], **asked)
    assert caught.value.key == key
    assert all(caught.value.message(lang) for lang in ("zh", "en"))


@pytest.mark.parametrize("sums", [(0, 0, 0), (2_000, 1_999, 0), (10, 10, -1), (10.0, 10, 10)])
def test_sums_that_cannot_be_are_refused(sums):
    with pytest.raises(ParameterError):
        CouponCampaign("K", *sums, expires_on=ON)


def test_faulty_customers_and_coupons_of_another_campaign_are_refused():
    with pytest.raises(DataError, match="2"):
        issue_coupons(pd.DataFrame({"customer_id": ["a", None, None]}), CAMPAIGN, key=KEY, on=ON)
    with pytest.raises(DataError, match="monetary"):
        issue_coupons(shoppers(2).assign(monetary=[1, None]), CAMPAIGN, key=KEY, on=ON, by="monetary")
    other = CouponCampaign("K11", 2_000, 10_000, 9_000, date(2026, 7, 1))
    with pytest.raises(DataError, match="K11"):
        issue_coupons(shoppers(2), CAMPAIGN, key=KEY, on=ON, earlier=issue_coupons(shoppers(1), other, key=KEY, on=ON))


# Samples


def asked(count, **columns):
    frame = shoppers(count).assign(recency_days=5, frequency=2, city="上海")
    return frame.assign(**columns)


def agreed(frame, **change):
    ledger = pd.DataFrame({"customer_id": frame["customer_id"], "purpose": "marketing"})
    ledger["given_on"], ledger["withdrawn_on"] = pd.Timestamp("2026-01-01"), pd.Series(pd.NaT, ledger.index)
    return ledger.assign(**change)


def take(frame, stock, consents=None, **given):
    consents = agreed(frame) if consents is None else consents
    return samples(frame, stock, product="P9", consents=consents, on=ON, key=KEY, **given)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 14), st.randoms(use_true_random=False))
def test_no_more_samples_than_stock_and_everybody_is_somewhere(money, stock, shuffle):
    frame = asked(len(money), monetary=money)
    found = take(frame, stock)
    assert len(found.kept) == min(stock, len(money))
    assert sorted([*found.kept["customer_id"], *found.listed["customer_id"]]) == frame["customer_id"].tolist()
    kept = found.kept.merge(frame, on="customer_id", suffixes=("", "_"))["monetary"]
    refused = found.listed.merge(frame, on="customer_id")["monetary"]
    assert kept.empty or refused.empty or kept.min() >= refused.max()
    tied = found.listed["reason"].eq("tie")
    assert (
        tied.any() == found.kept["tied"].any() == (not kept.empty and not refused.empty and kept.min() == refused.max())
    )
    places = list(range(len(frame)))
    shuffle.shuffle(places)
    pd.testing.assert_frame_equal(take(frame.iloc[places], stock, agreed(frame)).kept, found.kept)


def test_ties_go_to_the_more_recent_then_to_more_orders_then_to_a_draw():
    frame = asked(4, monetary=7, recency_days=[3, 2, 2, 2], frequency=[9, 4, 5, 5])
    assert take(frame, 2).kept["customer_id"].isin(["c002", "c003"]).all()
    one = take(frame, 1)
    assert one.kept["tied"].tolist() == [True]
    reasons = one.listed.set_index("customer_id")["reason"].to_dict()
    assert sorted(reasons.values()) == ["stock", "stock", "tie"]
    assert "2" in one.describe("en")
    winners = {samples(frame, 1, product=f"P{n}", consents=agreed(frame), on=ON, key=KEY).kept["customer_id"].iloc[0]
               for n in range(20)}  # fmt: skip
    assert winners == {"c002", "c003"}


def test_only_who_agreed_and_has_an_address_gets_one():
    frame = asked(5, city=["上海", None, " ", "成都", "成都"])
    consents = agreed(frame, purpose=["marketing"] * 4 + ["survey"])
    consents.loc[3, "withdrawn_on"] = pd.Timestamp(ON)
    found = take(frame, 9, consents)
    assert found.kept["customer_id"].tolist() == ["c000"]
    assert found.listed.values.tolist() == [
        ["c001", "no_address"], ["c002", "no_address"], ["c003", "withdrawn"], ["c004", "none"],
    ]  # fmt: skip
    assert "city" not in found.kept


def test_without_a_consent_ledger_there_is_no_list():
    with pytest.raises(DataError, match="consent"):
        take(asked(3), 2, agreed(asked(3)).iloc[:0])


def test_data_without_list_prices_say_so():
    for products in (pd.DataFrame({"product_id": ["P1"]}), pd.DataFrame({"product_id": [], "price": []})):
        with pytest.raises(DataError, match="list price"):
            price_rule(open_scheme(), products)


def test_what_the_list_needs_is_said_in_words():
    with pytest.raises(DataError, match="city"):
        take(asked(2).drop(columns="city"), 1)
    with pytest.raises(DataError, match="monetary"):
        take(asked(2, monetary=[1, None]), 1)
    with pytest.raises(DataError, match="1"):
        take(pd.concat([asked(2), asked(1)]), 1)
    with pytest.raises(ParameterError):
        take(asked(2), -1)


def test_without_a_key_there_is_no_draw():
    with pytest.raises(DataError) as caught:
        samples(asked(2), 1, product="P9", consents=agreed(asked(2)), on=ON, key=None)
    assert caught.value.key == "loyalty_no_draw"


def test_the_list_has_the_column_of_the_customer_under_its_own_name():
    frame = asked(3).rename(columns={"customer_id": "buyer"})
    found = take(frame, 1, agreed(asked(3)), customer="buyer")
    assert "buyer" in found.kept
    assert found.listed.columns.tolist() == ["buyer", "reason"]


def test_the_teaching_shop_has_a_list(shop, result):
    customers = result.customers.merge(shop.table("customers")[["customer_id", "city"]], on="customer_id")
    found = samples(customers, 30, product="P001", consents=shop.table("consents"), on=shop.as_of, key=shop.key)
    assert len(found.kept) == 30
    assert found.kept["monetary"].is_monotonic_decreasing
    assert all(word in found.describe("zh") for word in ("30", "没有同意"))


@pytest.mark.parametrize("earlier", [False, True])
def test_without_a_key_no_coupon_is_made(earlier):
    before = issue_coupons(shoppers(1), CAMPAIGN, key=KEY, on=ON) if earlier else None
    with pytest.raises(DataError) as caught:
        issue_coupons(shoppers(2), CAMPAIGN, key=None, on=ON, earlier=before)
    assert caught.value.key == "loyalty_no_key"
    assert "密钥" in caught.value.message("zh")
    assert "key" in caught.value.message("en")
