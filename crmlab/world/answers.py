"""The survey of June 2026: what customers say about their own buying, and what the records say."""

import bisect
import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab.tables.codes import CODES
from crmlab.world.money import to_fen, yuan
from crmlab.world.people import in_force
from crmlab.world.season import date_of, day_of
from crmlab.world.shopping import Order

FIRST, LAST = day_of("2026-06-01"), day_of("2026-06-16")
QUARTER = 91.3125
WINDOW = 365
ANSWERS = 500
TWICE = 6
CARELESS = 0.04
SKIPPED = {"q1_last": 0.03, "q2_orders": 0.05, "q3_spend": 0.08}
LAST_LIMITS = (7, 30, 91, 182)
SPEND_LIMITS = (200, 500, 1000, 2000)
ROUND_NUMBERS = (0, 1, 2, 3, 5, 10)
MOST_CARELESS_SECONDS = 18
TELESCOPING = -0.28
"""Mean error of the remembered days, on the log scale: the last purchase seems nearer than it is."""
OVERSTATED = 1.3
"""How much too high frequent buyers put their spending."""
WISHES = (
    ("希望 618 少一点套路，直接降价。", "Please just lower the price on 18 June, without the puzzles."),
    ("想要晚上送货。", "I would like delivery in the evening."),
    ("客服回复再快一点就好了。", "A faster answer from the service team would be good."),
    ("多出一些小包装。", "More small packs, please."),
    ("没有别的建议，挺好的。", "Nothing else, all is well."),
    ("希望有低因咖啡的试用装。", "A sample pack of decaf would be nice."),
    ("短信发得太多了。", "You send too many text messages."),
    ("咖啡机的清洗教程能不能拍成视频？", "Could you make a video about cleaning the coffee machine?"),
    ("会员日希望固定在每月一天。", "I would like a member day on the same date every month."),
    ("退款速度可以再快些。", "Refunds could be quicker."),
    ("包装盒能不能回收？", "Can the boxes be recycled?"),
    ("已经是第三年了，继续支持。", "My third year with you; I will stay."),
)


@dataclass
class Record:
    """What the records say about a customer on the day of the answer; `fen` is net of refunds known then."""

    last_day: int
    orders: int
    fen: int
    quarters: float


def draw_answers(
    rng: np.random.Generator,
    people: pd.DataFrame,
    consents: pd.DataFrame,
    orders: list[Order],
    refunds: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The survey_answers table and the recall truth."""
    bought = {}
    for order in orders:
        if order.valid:
            bought.setdefault(order.customer_id, []).append(order)
    given_back = {}
    for refund in refunds.itertuples():
        given_back.setdefault(refund.order_id, []).append((day_of(refund.refund_date), to_fen(refund.amount)))
    said, truth = [], []
    for number, (day, second, customer_id) in enumerate(_moments(rng, consents, bought), start=1):
        registered = day_of(people.at[customer_id, "registered_on"])
        record = _record(bought[customer_id], given_back, day, registered)
        careless = rng.random() < CARELESS
        answer_id = f"A{number:04d}"
        at = dt.datetime.combine(date_of(day), dt.time()) + dt.timedelta(seconds=second)
        answer = _careless(rng) if careless else _careful(rng, record, day)
        said.append({"answer_id": answer_id, "customer_id": customer_id, "submitted_at": at.isoformat(), **answer})
        truth.append({"answer_id": answer_id, **_truth(record), "careless": "yes" if careless else "no"})
    return pd.DataFrame(said), pd.DataFrame(truth)


def _moments(rng: np.random.Generator, consents: pd.DataFrame, bought: dict[str, list[Order]]) -> list:
    """Who answers when (day, second, customer_id): buyers whose consent holds for all days of the survey."""
    agreed = in_force(consents, "survey", date_of(FIRST).isoformat())
    agreed &= in_force(consents, "survey", date_of(LAST).isoformat())
    able = [customer_id for customer_id in sorted(agreed & bought.keys()) if bought[customer_id][0].day < FIRST]
    chosen = rng.choice(able, min(ANSWERS - TWICE, len(able)), replace=False)
    chosen = [*chosen, *rng.choice(chosen, TWICE, replace=False)]
    days, seconds = rng.integers(FIRST, LAST + 1, len(chosen)), rng.integers(8 * 3600, 23 * 3600, len(chosen))
    return sorted(zip(days.tolist(), seconds.tolist(), map(str, chosen), strict=True))


def _record(orders: list[Order], given_back: dict[str, list[tuple[int, int]]], day: int, registered: int) -> Record:
    known = [order for order in orders if order.day <= day]
    inside = [order for order in known if order.day > day - WINDOW]
    fen = sum(line.fen for order in inside for line in order.lines)
    fen -= sum(back for order in inside for on, back in given_back.get(order.order_id, ()) if on <= day)
    quarters = min(WINDOW, max(day - registered + 1, QUARTER)) / QUARTER
    return Record(max(order.day for order in known), len(inside), fen, quarters)


def _truth(record: Record) -> dict[str, str]:
    return {
        "true_last_date": date_of(record.last_day).isoformat(),
        "orders": str(record.orders),
        "quarters": f"{record.quarters:.4f}",
        "true_orders_per_quarter": f"{record.orders / record.quarters:.4f}",
        "true_spend_per_quarter": yuan(round(record.fen / record.quarters)),
    }


def _careful(rng: np.random.Generator, record: Record, day: int) -> dict[str, str]:
    """An answer with the errors of an honest memory."""
    days = (day - record.last_day) * rng.lognormal(TELESCOPING, 0.4)
    orders = round(record.orders / record.quarters * rng.lognormal(0.03, 0.22))
    if orders > 3 and rng.random() < 0.6:
        orders = min(ROUND_NUMBERS, key=lambda number: abs(number - orders))
    frequent = record.orders / record.quarters >= 1.25
    yuan_spent = record.fen / 100 / record.quarters * rng.lognormal(0, 0.25) * (OVERSTATED if frequent else 1)
    wish = WISHES[int(rng.integers(len(WISHES)))] if rng.random() < 0.16 else ("", "")
    answer = {
        "seconds_used": str(max(int(rng.lognormal(np.log(82), 0.42)), 26)),
        "q1_last": CODES["last_purchase"][bisect.bisect_left(LAST_LIMITS, days)],
        "q2_orders": str(orders),
        "q3_spend": CODES["spend_band"][bisect.bisect_right(SPEND_LIMITS, yuan_spent)],
    }
    skipped = {name: "" for name, share in SKIPPED.items() if rng.random() < share}
    return {**answer, **skipped, "q4_other_zh": wish[0], "q4_other_en": wish[1]}


def _careless(rng: np.random.Generator) -> dict[str, str]:
    return {
        "seconds_used": str(int(rng.integers(6, MOST_CARELESS_SECONDS + 1))),
        "q1_last": str(rng.choice(CODES["last_purchase"])),
        "q2_orders": str(rng.choice([1, 3, 5, 20])),
        "q3_spend": str(rng.choice(CODES["spend_band"])),
        "q4_other_zh": "",
        "q4_other_en": "",
    }
