"""What is right for each question of the exercises, computed from the data and settings at hand."""

from datetime import date, datetime, time, timedelta
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crmlab import survey
from crmlab.collect import phone_confirmations, with_consent
from crmlab.course.concepts import concepts
from crmlab.data import Shop
from crmlab.grouping import lifecycle
from crmlab.loyalty import Ledger, open_scheme
from crmlab.movement import migrate_periods
from crmlab.needs import asked_needs, declined_needs, find_needs, latent_needs, read_texts
from crmlab.outbox import Outbox, Sender, open_rules, sms_length
from crmlab.patterns import habit, popular, purchase_lines, rhythm
from crmlab.rfm import RFM, retype, type_customers
from crmlab.track import Campaign, changes, needed

if TYPE_CHECKING:
    import pandas as pd


def _typed(shop: Shop, window: int) -> RFM:
    return type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)


def _customers(shop: Shop, settings: Any) -> int:
    return len(shop.table("customers"))


def _largest_combination(shop: Shop, settings: Any) -> str:
    summary = _typed(shop, 180).summary(settings.lang)
    return summary.loc[summary["customers"].idxmax(), "marks"]


def _answers_refused(shop: Shop, settings: Any) -> int:
    found = with_consent(shop.table("survey_answers"), shop.table("consents"), purpose="profiling", on=shop.as_of)
    return len(found.refused)


def _top_band(shop: Shop, settings: Any) -> float:
    return round(survey.top_band(1000, 2000, 60, 40), 2)


def _skipped(shop: Shop, settings: Any) -> int:
    return int(shop.table("survey_answers")["q2_orders"].isna().sum())


def _rate(shop: Shop, settings: Any) -> float:
    return round(float(survey.per_quarter(5, 300)), 2)


def _satisfied(shop: Shop) -> "pd.DataFrame":
    answers, consents = shop.table("satisfaction_answers"), shop.table("consents")
    return with_consent(answers, consents, purpose="survey", on=shop.as_of).kept


def _promoters(shop: Shop, settings: Any) -> float:
    return round(survey.nps(_satisfied(shop)["nps"]).estimate, 1)


def _alpha(shop: Shop, settings: Any) -> float:
    asked = survey.questionnaire("satisfaction")
    items = [question.key for question in asked.items("satisfaction")]
    reversed_items = [question.key for question in asked.items("satisfaction") if question.reverse]
    turned = survey.reverse(_satisfied(shop), reversed_items, 1, 5)
    return round(survey.reliability(turned, items).alpha, 3)


def _confirmed(shop: Shop, settings: Any) -> int:
    return len(phone_confirmations(shop.table("calls")))


def _counts(shop: Shop, settings: Any) -> list[int]:
    return _typed(shop, 240).summary(settings.lang)["customers"].tolist()


def _unnamed(shop: Shop, settings: Any) -> int:
    summary = _typed(shop, 240).summary(settings.lang)
    return int(summary.loc[summary["type"] == 0, "customers"].sum())


def _from_which_fen(shop: Shop, settings: Any) -> int:
    return _typed(shop, 240).thresholds["monetary"].at_least


def _changed(shop: Shop, settings: Any) -> int:
    long, short = _typed(shop, 240).table, _typed(shop, 200).table
    key = shop.columns["customer"]
    both = long.merge(short, on=key)
    return int((both["r_mark_x"] + both["f_mark_x"] + both["m_mark_x"]
                != both["r_mark_y"] + both["f_mark_y"] + both["m_mark_y"]).sum())  # fmt: skip


def _named_types(shop: Shop, settings: Any) -> "pd.DataFrame":
    summary = _typed(shop, 240).summary(settings.lang)
    return summary.loc[summary["type"] > 0, ["marks", "name"]]


def _silent(shop: Shop, settings: Any) -> int:
    stages = lifecycle(_typed(shop, 240), new_days=60, silent_days=60, lost_days=150).table
    return int((stages["stage"] == "silent").sum())


def _habits(shop: Shop, settings: Any) -> int:
    lines = purchase_lines(shop.orders, _typed(shop, 240), **shop.goods_columns)
    ranked = popular(lines, by="category").table.sort_values("customers", ascending=False)
    return int(habit(lines, ranked["category"].iloc[0], months=4)["is_habit"].sum())


def _stayed(shop: Shop, settings: Any) -> int:
    return migrate_periods(_typed(shop, 240), days=120).stayed


def _at_risk(shop: Shop, settings: Any) -> int:
    known = rhythm(_typed(shop, 240))
    return int((known["days_since_last"] > 3 * known["median_gap"])[known["gap_spread"].notna()].sum())


def _agreed(shop: Shop, settings: Any) -> int:
    table = _typed(shop, settings.window).table
    customers = table.rename(columns={shop.columns["customer"]: "customer_id"})
    for purpose in ("profiling", "marketing"):
        customers = with_consent(customers, shop.table("consents"), purpose=purpose, on=shop.as_of).kept
    return len(customers)


def _needs(shop: Shop, settings: Any) -> "pd.DataFrame":
    return find_needs(read_texts(shop, settings.lang).texts, settings.lang)


def _several_needs(shop: Shop, settings: Any) -> int:
    return int((asked_needs(_needs(shop, settings)).groupby("customer_id")["need"].nunique() >= 2).sum())


def _declined_gift_wrap(shop: Shop, settings: Any) -> int:
    declined = declined_needs(_needs(shop, settings))
    return declined.loc[declined["need"] == "gift_wrap", "customer_id"].nunique()


def _latent_at_eight(shop: Shop, settings: Any) -> int:
    events = with_consent(shop.table("events"), shop.table("consents"), purpose="analysis", on=shop.as_of).kept
    return latent_needs(events, shop.orders, shop.table("products"), min_views=8).table["customer_id"].nunique()


def _points_left(shop: Shop, settings: Any) -> int:
    """300 yuan stay of the first order and 450 points are spent, so 150 points are owed when the second earns 120."""
    ledger = Ledger(open_scheme().points)
    ledger.earn("C1", "first", 50_000, on=date(2026, 3, 1))
    ledger.spend("C1", 450, on=date(2026, 3, 9), reference="gift")
    ledger.refund("C1", "first", 30_000, on=date(2026, 3, 20))
    ledger.earn("C1", "second", 12_000, on=date(2026, 4, 2))
    return ledger.balance("C1")


def _written_at_nine(shop: Shop, settings: Any) -> int:
    customers = _typed(shop, settings.window).customers.rename(columns={shop.columns["customer"]: "customer_id"})
    requests = customers[["customer_id"]].assign(template="coupon", channel="sms", code="ABC", until="2026-12-31")
    nine = datetime.combine(shop.as_of, time(9), ZoneInfo("Asia/Shanghai"))
    with (
        TemporaryDirectory() as folder,
        Outbox.open(
            folder, shop, rules=open_rules("cn"), sender=Sender.example(settings.lang), lang=settings.lang
        ) as outbox,
    ):
        return outbox.put(requests, at=nine).counts["written"]


def _parts_of_71(shop: Shop, settings: Any) -> int:
    return sms_length("好" * 71).parts


def _customers_needed(shop: Shop, settings: Any) -> int:
    return needed(0.12, 0.03, holdout=0.25)["customers"]


def _held_out(shop: Shop, settings: Any) -> int:
    group = _typed(shop, settings.window).customers
    first = shop.as_of + timedelta(days=1)
    held_out = Campaign("q2", group=group, message="m", starts_on=first, days=60, holdout=0.15).held_out
    return int((held_out["type"] == 6).sum())


def _by_luck(shop: Shop, settings: Any) -> float:
    group = retype(_typed(shop, settings.window), as_of=shop.as_of - timedelta(days=60)).customers
    first = shop.as_of - timedelta(days=59)
    nothing = Campaign("q3", group=group, message="none", starts_on=first, days=60, holdout=0.5)
    found = nothing.verdict(shop.orders, currency=shop.currency, **shop.columns)
    return round(100 * found.share.estimate, 1)


def _moved(shop: Shop, settings: Any) -> int:
    now = _typed(shop, settings.window)
    found = changes(retype(now, as_of=shop.as_of - timedelta(days=60)), now).table
    return int(found.set_index("customer_change")["customers"]["moved"])


ANSWERS = {
    "00_start": {"q1": _customers, "q2": _largest_combination},
    "01_collect": {
        "q1": lambda shop, settings: concepts("metrics"),
        "q2": _answers_refused,
        "q3": _top_band,
        "q4": _skipped,
        "q5": _rate,
        "q6": _promoters,
        "q7": _alpha,
        "q8": _confirmed,
    },
    "02_segment": {
        "q1": _counts,
        "q2": _unnamed,
        "q3": _from_which_fen,
        "q4": _changed,
        "q5": _named_types,
        "q6": lambda shop, settings: concepts("unnamed"),
        "q7": _silent,
        "q8": _habits,
        "q9": _stayed,
        "q10": _at_risk,
    },
    "03_serve": {
        "q1": _agreed,
        "q2": _several_needs,
        "q3": _declined_gift_wrap,
        "q4": _latent_at_eight,
        "q5": _points_left,
        "q6": _written_at_nine,
        "q7": _parts_of_71,
    },
    "04_track": {"q1": _customers_needed, "q2": _held_out, "q3": _by_luck, "q4": _moved},
}
