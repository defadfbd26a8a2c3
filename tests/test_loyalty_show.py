"""Pictures and tables of loyalty say what is there, in both languages, and show nobody."""

from datetime import date

import pandas as pd
import pytest

from crmlab.collect.pseudonym import Key
from crmlab.errors import DataError
from crmlab.loyalty import (
    CouponCampaign,
    Ledger,
    add_orders,
    check_ledger,
    issue_coupons,
    members,
    open_scheme,
    price_rule,
)
from crmlab.loyalty.checking import INVARIANTS
from crmlab.loyalty.coupons import OUTCOMES as REDEEMING
from crmlab.loyalty.earning import OUTCOMES as EARNING
from crmlab.loyalty.ledger import KINDS
from crmlab.loyalty.members import WHY
from crmlab.loyalty.samples import REASONS
from crmlab.show.loyalty import coupon_budget, points_balance
from crmlab.show.table import code_word, heading, table
from crmlab.show.theme import theme

CHINESE = "[\u4e00-\u9fff]"


@pytest.fixture(scope="module")
def ledger():
    theme()
    found = Ledger(open_scheme().points)
    found.earn("a", "1", 30_000, on=date(2025, 1, 5))
    found.earn("a", "2", 20_000, on=date(2025, 8, 5))
    found.spend("a", 150, on=date(2025, 9, 1), reference="cup")
    found.refund("a", "2", 10_000, on=date(2025, 9, 3))
    found.move(date(2026, 6, 17))
    return found


def test_the_picture_of_points_tells_every_kind_and_the_end(ledger):
    alt = points_balance(ledger, "a", "en").alt
    log = ledger.frame()
    for kind, points in log.groupby("kind")["points"].sum().items():
        assert f"{code_word('kind', kind, 'en')} {points:+,}" in alt
    assert f"highest {log['balance'].max():,}" in alt
    assert f"at the end {log['balance'].iloc[-1]:,}" in alt
    (axes,) = points_balance(ledger, "a", "zh").figure.axes
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylabel()


def test_nobody_has_no_picture(ledger):
    with pytest.raises(DataError, match="customer_id"):
        points_balance(ledger, "nobody")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_picture_of_coupons_tells_its_sums_also_without_any(lang):
    theme()
    campaign = CouponCampaign("K", 2_000, 10_000, 5_000, date(2026, 7, 1))
    for shop in (["a", "b", "c"], []):
        coupons = issue_coupons(pd.DataFrame({"customer_id": shop}, dtype="str"), campaign, key=Key(b"x"),
                                on=date(2026, 6, 17))  # fmt: skip
        picture = coupon_budget(coupons, lang)
        assert ("40.00" if shop else "0.00") in picture.alt
        assert "50.00" in picture.alt
        assert not any(code in picture.alt for code in coupons.issued["code"])


def test_every_code_has_its_word():
    codes = {"kind": KINDS, "why": WHY, "invariant": INVARIANTS, "outcome": (*EARNING, *REDEEMING),
             "reason": (*REASONS, "already", "budget", "expired")}  # fmt: skip
    for column, there in codes.items():
        assert [code for code in there if code_word(column, code, "zh") == code] == []


def test_every_column_has_a_heading(ledger, shop, result):
    scheme = open_scheme()
    found = members(result, scheme)
    log = ledger.frame()
    log.loc[0, "balance"] += 1
    coupons = issue_coupons(
        result.customers, CouponCampaign("K", 2_000, 10_000, 50_000, date(2026, 7, 1)), key=shop.key, on=shop.as_of
    )
    prices = price_rule(scheme, shop.table("products")).table()
    outcomes = add_orders(Ledger(scheme.points), result)
    frames = [log, check_ledger(log), outcomes, found.current, found.history, found.counts(), prices,
              coupons.issued, coupons.listed, coupons.log]  # fmt: skip
    for frame in frames:
        assert [column for column in frame.columns if heading(column, "zh") == column] == []
    shown = repr(table(found.current, "en"))
    assert "CN¥" in shown
    assert "silver" in shown
