"""What customers do on the shop's pages in the last 90 days: views, searches, carts and the rest."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crmlab.tables.codes import CODES
from crmlab.world.catalogue import Product, read
from crmlab.world.drawing import one_of, place_of
from crmlab.world.planting import LATENT_DAYS, Plan, draw_day
from crmlab.world.season import LAST_DAY, campaign_on, date_of, day_of
from crmlab.world.shopping import Order

FIRST_DAY = LAST_DAY - 89
UNLINKED = 0.035
LOOKS_AT_MOST = 3
"""How often somebody without a planted wish looks at a category never bought."""
LATENT_LOOKS = (8, 15)
SEARCHED_NEEDS = 40
SECONDS = {"bought": 75, "latent": 95, "passing": 25}
HOUR_SHARES = np.array([2, 1, 0.5, 0.3, 0.2, 0.4, 1, 2, 3, 4, 5, 5, 6, 5, 4, 4, 4, 4, 5, 6, 8, 9, 8, 5])
ONLINE = CODES["channel"][:3]
OTHER_EVENTS = ("like", "comment", "share", "download")


@dataclass
class Event:
    """One event; `second` counts within the day."""

    customer_id: str
    day: int
    second: int
    event: str
    channel: str
    product_id: str = ""
    seconds: str = ""
    campaign_id: str = ""
    term: str = ""
    need: str = ""


@dataclass
class Visitor:
    """A customer on the shop's pages: from which day on, what was ever ordered, and by which channel."""

    plan: Plan
    first: int
    channel: str
    bought: set[str] = field(default_factory=set)
    looks: dict[str, int] = field(default_factory=dict)


def draw_events(
    rng: np.random.Generator,
    plans: list[Plan],
    people: pd.DataFrame,
    products: list[Product],
    orders: list[Order],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The events table, and the needs that repeated searches show (customer_id, need, event_id, span_zh)."""
    visitors = _visitors(rng, plans, people, orders)
    by_category = {code: [p for p in products if p.category == code] for code in CODES["category"]}
    recent = [order for order in orders if order.day >= FIRST_DAY and order.channel != "phone"]
    events = [event for order in recent for event in _path_to_order(rng, order)]
    for visitor in visitors:
        events += _browsing(rng, visitor, by_category)
        if visitor.plan.latent:
            events += _longing(rng, visitor, by_category[visitor.plan.latent])
    for visitor in rng.choice(np.array(visitors, dtype=object), SEARCHED_NEEDS, replace=False):
        events += _searching(rng, visitor)
    events.sort(key=lambda event: (event.day, event.second, event.customer_id, event.event))
    table = pd.DataFrame(map(vars, events))
    table.insert(0, "event_id", [f"E{number:05d}" for number in range(1, len(table) + 1)])
    needs = table.loc[table["need"] != "", ["customer_id", "need", "event_id", "term"]]
    table.insert(2, "event_time", [_clock(event.day, event.second) for event in events])
    return table.drop(columns=["day", "second", "need"]), needs.rename(columns={"term": "span_zh"})


def _clock(day: int, second: int) -> str:
    return f"{date_of(day).isoformat()}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _second(rng: np.random.Generator) -> int:
    return place_of(rng, HOUR_SHARES) * 3600 + int(rng.integers(3600))


def _visitors(rng: np.random.Generator, plans: list[Plan], people: pd.DataFrame, orders: list[Order]) -> list[Visitor]:
    found = {}
    registered_on = people["registered_on"].to_dict()
    for plan in plans:
        first = max(day_of(registered_on[plan.customer_id]) + 1, FIRST_DAY)
        if first <= LAST_DAY:
            found[plan.customer_id] = Visitor(plan, first, one_of(rng, ONLINE, (0.5, 0.15, 0.35)))
    for order in orders:
        if order.customer_id in found:
            found[order.customer_id].bought |= {line.product.category for line in order.lines}
    return list(found.values())


def _path_to_order(rng: np.random.Generator, order: Order) -> Iterator[Event]:
    """A view, then mostly the cart, for each line of an order, within two hours of its day."""
    for line in order.lines:
        if rng.random() < 0.25:
            continue
        start = min(_second(rng), 24 * 3600 - 7200)
        common = {"customer_id": order.customer_id, "day": order.day, "channel": order.channel}
        common["product_id"] = line.product.product_id
        yield Event(**common, second=start, event="view", seconds=_dwell(rng, "bought"))
        if rng.random() < 0.8:
            yield Event(**common, second=start + int(rng.integers(20, 7200)), event="cart_add")


def _dwell(rng: np.random.Generator, kind: str) -> str:
    return str(int(min(max(rng.lognormal(np.log(SECONDS[kind]), 0.7), 2), 1800)))


def _browsing(rng: np.random.Generator, visitor: Visitor, by_category: dict[str, list[Product]]) -> Iterator[Event]:
    """Passing visits: views, now and then a search, a cart, a promotion page, a like."""
    busy = {"window": 1.6 if visitor.plan.marks[:1] == "d" else 0.7, "lapsed": 0.4, "no_order": 1.2}
    for _ in range(min(rng.poisson(busy[visitor.plan.group]), 7)):
        day = draw_day(rng, visitor.first, LAST_DAY)
        common = {"customer_id": _or_unlinked(rng, visitor), "day": day, "channel": visitor.channel}
        category = _category(rng, visitor)
        second = min(_second(rng), 24 * 3600 - 3600)
        if rng.random() < 0.35:
            terms = [row["zh"] for row in read("voices.csv") if row["tone"] == "search" and row["topic"] == category]
            yield Event(**common, second=second, event="search", term=str(rng.choice(terms)))
        for _ in range(int(rng.integers(1, 4))):
            if not _may_look(visitor, category):
                continue
            product = by_category[category][int(rng.integers(len(by_category[category])))].product_id
            second += int(rng.integers(5, 600))
            yield Event(**common, second=second, event="view", product_id=product, seconds=_dwell(rng, "passing"))
            if rng.random() < 0.12:
                yield Event(**common, second=second + 9, event="cart_add", product_id=product)
            if rng.random() < 0.13:
                other = one_of(rng, OTHER_EVENTS, (0.5, 0.15, 0.2, 0.15))
                yield Event(**common, second=second + 4, event=other, product_id=product)
        if campaign_on(day) and rng.random() < 0.5:
            yield Event(**common, second=second + 60, event="promo", campaign_id=campaign_on(day))


def _or_unlinked(rng: np.random.Generator, visitor: Visitor) -> str:
    return "" if rng.random() < UNLINKED * 2 else visitor.plan.customer_id


def _category(rng: np.random.Generator, visitor: Visitor) -> str:
    """Mostly something bought before; never the planted wish, which `_longing` looks at."""
    known = sorted(visitor.bought)
    if known and rng.random() < 0.85:
        return str(rng.choice(known))
    return str(rng.choice([code for code in CODES["category"] if code != visitor.plan.latent]))


def _may_look(visitor: Visitor, category: str) -> bool:
    visitor.looks[category] = visitor.looks.get(category, 0) + 1
    return category in visitor.bought or visitor.looks[category] <= LOOKS_AT_MOST


def _longing(rng: np.random.Generator, visitor: Visitor, products: list[Product]) -> Iterator[Event]:
    """Many long looks at a category that is never bought, on several days."""
    favourites = rng.choice(np.array(products, dtype=object), 3, replace=False)
    for _ in range(int(rng.integers(*LATENT_LOOKS))):
        common = {"customer_id": visitor.plan.customer_id, "channel": visitor.channel}
        common["day"] = draw_day(rng, LAST_DAY - LATENT_DAYS, LAST_DAY)
        common["product_id"] = favourites[int(rng.integers(3))].product_id
        second = _second(rng)
        yield Event(**common, second=second, event="view", seconds=_dwell(rng, "latent"))
        if rng.random() < 0.1:
            yield Event(**common, second=min(second + 30, 86_399), event="like")


def _searching(rng: np.random.Generator, visitor: Visitor) -> Iterator[Event]:
    """The same need searched for three times or more."""
    options = [row for row in read("voices.csv") if row["tone"] == "search_need"]
    chosen = options[int(rng.integers(len(options)))]
    for _ in range(int(rng.integers(3, 6))):
        day = draw_day(rng, visitor.first, LAST_DAY)
        yield Event(
            visitor.plan.customer_id,
            day,
            _second(rng),
            "search",
            visitor.channel,
            term=chosen["zh"],
            need=chosen["topic"],
        )
