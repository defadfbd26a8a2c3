"""What is right in lesson 03: serve."""

from datetime import date, datetime, time
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crmlab.collect import with_consent
from crmlab.data import Shop
from crmlab.loyalty import Ledger, open_scheme
from crmlab.needs import asked_needs, declined_needs, find_needs, latent_needs, read_texts
from crmlab.outbox import Outbox, Sender, open_rules, sms_length
from crmlab.questions.right.shared import in_window, once
from crmlab.serve import make_plan, need_features, open_catalogue
from crmlab.serve.features import type_features

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.outbox.report import Report


def _agreed_to_both(shop: Shop, settings: Any) -> set[str]:
    customers = in_window(shop, settings).customers.rename(columns={shop.columns["customer"]: "customer_id"})
    for purpose in ("profiling", "marketing"):
        customers = with_consent(customers, shop.table("consents"), purpose=purpose, on=shop.as_of).kept
    return set(customers["customer_id"])


def _agreed(shop: Shop, settings: Any) -> int:
    return len(_agreed_to_both(shop, settings))


@once
def _needs(shop: Shop, settings: Any) -> "pd.DataFrame":
    return find_needs(read_texts(shop, settings.lang).texts, settings.lang)


def _several_needs(shop: Shop, settings: Any) -> int:
    return int((asked_needs(_needs(shop, settings)).groupby("customer_id")["need"].nunique() >= 2).sum())


def _declined(shop: Shop, settings: Any) -> "pd.DataFrame":
    return declined_needs(_needs(shop, settings))[["text_id", "need", "span"]]


def _latent_at_eight(shop: Shop, settings: Any) -> int:
    events = with_consent(shop.table("events"), shop.table("consents"), purpose="analysis", on=shop.as_of).kept
    return latent_needs(events, shop.orders, shop.table("products"), min_views=8).table["customer_id"].nunique()


def _points_left(shop: Shop, settings: Any) -> int:
    """What the refund takes back of the points that are spent already is owed when the second order earns its own."""
    yuan = settings.window
    ledger = Ledger(open_scheme().points)
    ledger.earn("C1", "first", yuan * 100, on=date(2026, 3, 1))
    ledger.spend("C1", yuan - 10, on=date(2026, 3, 9), reference="gift")
    ledger.refund("C1", "first", (yuan - yuan // 3) * 100, on=date(2026, 3, 20))
    ledger.earn("C1", "second", 12_000, on=date(2026, 4, 2))
    return ledger.balance("C1")


@once
def _coupons_at_night(shop: Shop, settings: Any) -> "Report":
    customers = in_window(shop, settings).customers.rename(columns={shop.columns["customer"]: "customer_id"})
    requests = customers[["customer_id"]].assign(template="coupon", channel="sms", code="ABC", until="2026-12-31")
    at = datetime.combine(shop.as_of, time(23), ZoneInfo("Asia/Shanghai"))
    with (
        TemporaryDirectory() as folder,
        Outbox.open(
            folder, shop, rules=open_rules("cn"), sender=Sender.example(settings.lang), lang=settings.lang
        ) as outbox,
    ):
        return outbox.put(requests, at=at)


def _held_at_night(shop: Shop, settings: Any) -> int:
    return _coupons_at_night(shop, settings).counts["held"]


def _refused_at_night(shop: Shop, settings: Any) -> "pd.DataFrame":
    found = _coupons_at_night(shop, settings).summary()
    return found.loc[found["decision"] == "refused", ["reason", "requests"]]


def _parts(shop: Shop, settings: Any) -> int:
    return sms_length("好" * settings.window).parts


def _plan(shop: Shop, settings: Any) -> "pd.DataFrame":
    result, lang = in_window(shop, settings), settings.lang
    features = [type_features(result, lang), need_features(_needs(shop, settings), lang)]
    agreed = _agreed_to_both(shop, settings)
    return make_plan(result, features, open_catalogue(), agreed=agreed, policy=settings.policy, lang=lang).table


ANSWERS = {
    "q1": _agreed,
    "q2": _several_needs,
    "q3": _declined,
    "q4": _latent_at_eight,
    "q5": _points_left,
    "q6": _held_at_night,
    "q7": _refused_at_night,
    "q8": _parts,
    "q9": _plan,
}
