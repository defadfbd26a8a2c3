"""What is right in lesson 04: track."""

from datetime import timedelta
from typing import Any

from crmlab.data import Shop
from crmlab.questions.right.shared import in_window, once, typed
from crmlab.rfm import RFM, retype
from crmlab.track import Campaign, changes, needed


@once
def _sixty_days_ago(shop: Shop, settings: Any) -> RFM:
    return retype(in_window(shop, settings), as_of=shop.as_of - timedelta(days=60))


def _came_by_themselves(shop: Shop, settings: Any) -> float:
    key = shop.columns["customer"]
    before, recent = _sixty_days_ago(shop, settings).customers[key], typed(shop, 60).customers[key]
    return round(float(before.isin(recent).mean()), 3)


def _customers_needed(shop: Shop, settings: Any) -> int:
    return needed(_came_by_themselves(shop, settings), 0.03, holdout=0.25)["customers"]


def _held_out(shop: Shop, settings: Any) -> int:
    group = in_window(shop, settings).customers
    first = shop.as_of + timedelta(days=1)
    held_out = Campaign("q3", group=group, message="m", starts_on=first, days=60, holdout=0.15).held_out
    return int((held_out["type"] == 6).sum())


@once
def _nothing_sent(shop: Shop, settings: Any) -> list[float]:
    """Estimate, low and high end of the effect, in points."""
    first = shop.as_of - timedelta(days=59)
    group = _sixty_days_ago(shop, settings).customers
    nothing = Campaign("q4", group=group, message="none", starts_on=first, days=60, holdout=0.5)
    found = nothing.verdict(shop.orders, currency=shop.currency, **shop.columns).share
    return [round(100 * value, 1) for value in (found.estimate, found.low, found.high)]


def _by_luck(shop: Shop, settings: Any) -> float:
    return _nothing_sent(shop, settings)[0]


def _interval(shop: Shop, settings: Any) -> list[float]:
    return _nothing_sent(shop, settings)[1:]


def _moved(shop: Shop, settings: Any) -> int:
    found = changes(_sixty_days_ago(shop, settings), in_window(shop, settings)).table
    return int(found.set_index("customer_change")["customers"]["moved"])


ANSWERS = {
    "q1": _came_by_themselves,
    "q2": _customers_needed,
    "q3": _held_out,
    "q4": _by_luck,
    "q5": _interval,
    "q6": _moved,
}
