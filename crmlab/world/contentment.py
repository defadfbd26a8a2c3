"""The satisfaction survey of June 2026: one hidden degree of satisfaction behind every item, and careless answers."""

import datetime as dt

import numpy as np
import pandas as pd

from crmlab.tables.codes import CODES
from crmlab.world.people import in_force
from crmlab.world.season import date_of, day_of
from crmlab.world.shopping import Order

FIRST, LAST = day_of("2026-06-08"), day_of("2026-06-16")
ANSWERS = 400
CARELESS = 0.06
SKIPPED = 0.05
SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}
ITEMS = {
    "csat": (4.0, 0.95, 0.8),
    "nps": (7.6, 2.2, 0.76),
    "ces": (5.2, 1.3, 0.66),
    "s1_goods": (3.9, 1.0, 0.74),
    "s2_delivery": (3.7, 1.05, 0.7),
    "s3_slow": (2.4, 1.05, -0.72),
    "s4_price": (3.5, 1.0, 0.66),
    "s5_trouble": (2.3, 1.05, -0.74),
}
"""Mean, spread and loading of each item; a reversed item falls as satisfaction rises."""
STATEMENTS = tuple(ITEMS)[3:]
MOST_CARELESS_SECONDS = 15


def draw_satisfaction(
    rng: np.random.Generator, consents: pd.DataFrame, orders: list[Order]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The satisfaction_answers table and the truth about careless answers (answer_id, kind)."""
    agreed = in_force(consents, "survey", date_of(FIRST).isoformat())
    agreed &= in_force(consents, "survey", date_of(LAST).isoformat())
    able = sorted(agreed & {order.customer_id for order in orders if order.valid and order.day < FIRST})
    chosen = rng.choice(able, min(ANSWERS, len(able)), replace=False)
    days, seconds = rng.integers(FIRST, LAST + 1, len(chosen)), rng.integers(8 * 3600, 23 * 3600, len(chosen))
    careless = set(rng.choice(len(chosen), round(CARELESS * len(chosen)), replace=False).tolist())
    said, truth = [], []
    moments = sorted(zip(days.tolist(), seconds.tolist(), map(str, chosen), strict=True))
    for number, (day, second, customer_id) in enumerate(moments):
        kind = str(rng.choice(CODES["careless_kind"])) if number in careless else ""
        at = dt.datetime.combine(date_of(day), dt.time()) + dt.timedelta(seconds=second)
        answer = {"answer_id": f"F{number + 1:04d}", "customer_id": customer_id, "submitted_at": at.isoformat()}
        said.append(answer | {"seconds_used": _seconds(rng, kind)} | _answer(rng, kind))
        if kind:
            truth.append({"answer_id": answer["answer_id"], "kind": kind})
    return pd.DataFrame(said), pd.DataFrame(truth)


def _seconds(rng: np.random.Generator, kind: str) -> str:
    if kind == "speed":
        return str(int(rng.integers(4, MOST_CARELESS_SECONDS + 1)))
    return str(max(int(rng.lognormal(np.log(70), 0.4)), 25))


def _answer(rng: np.random.Generator, kind: str) -> dict[str, str]:
    if kind == "speed":
        return {name: str(rng.integers(low, high + 1)) for name, (low, high) in map(_scale, ITEMS)}
    content = rng.normal()
    answer = {name: _item(rng, name, content) for name in ITEMS}
    if kind == "straight":
        return answer | dict.fromkeys(STATEMENTS, str(rng.integers(3, 6)))
    return answer | {name: "" for name in ITEMS if rng.random() < SKIPPED}


def _scale(name: str) -> tuple[str, tuple[int, int]]:
    return name, SCALES.get(name, (1, 5))


def _item(rng: np.random.Generator, name: str, content: float) -> str:
    mean, spread, loading = ITEMS[name]
    value = mean + spread * (loading * content + (1 - loading**2) ** 0.5 * rng.normal())
    low, high = _scale(name)[1]
    return str(int(np.clip(round(value), low, high)))
