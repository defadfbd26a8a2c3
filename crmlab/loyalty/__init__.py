"""Loyalty: points, members' levels, one price for one level, coupons within a budget, samples within a stock."""

from crmlab.loyalty.checking import check_ledger
from crmlab.loyalty.coupons import CouponCampaign, Coupons, issue_coupons
from crmlab.loyalty.earning import add_orders, points_from_orders
from crmlab.loyalty.ledger import Ledger
from crmlab.loyalty.members import Members, members
from crmlab.loyalty.prices import PriceRule, check_fairness, price_rule
from crmlab.loyalty.samples import SampleList, sample_list
from crmlab.loyalty.scheme import Scheme, open_scheme

__all__ = [
    "CouponCampaign",
    "Coupons",
    "Ledger",
    "Members",
    "PriceRule",
    "SampleList",
    "Scheme",
    "add_orders",
    "check_fairness",
    "check_ledger",
    "issue_coupons",
    "members",
    "open_scheme",
    "points_from_orders",
    "price_rule",
    "sample_list",
]
