"""Orders and their lines: the plan turned into baskets, and the unpaid and cancelled orders besides."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crmlab.tables.codes import CODES
from crmlab.world.catalogue import Line, Product, Shelf
from crmlab.world.drawing import one_of, place_of
from crmlab.world.money import yuan
from crmlab.world.planting import SMALLEST_ORDER, Plan, draw_day
from crmlab.world.season import LAST_DAY, WINDOW_START, campaign_on, date_of, day_of, month_of

VALID = ("paid", "shipped", "completed")
UNPAID_DAYS = 18
"""After so many days an unpaid order is cancelled."""
INVALID_SHARE = 0.1
NEW_UNPAID = 45
GIFTS = 8
IDENTICAL = 16
CHANNEL_SHARES = (0.46, 0.17, 0.31, 0.06)
FIRST_NUMBER = 2_610_000_000_000_000_000
NUMBERS_PER_DAY = 400_000_000_000_000
STATE_SHARES = (
    (1, (0.8, 0.2, 0.0)),
    (3, (0.3, 0.65, 0.05)),
    (7, (0.05, 0.55, 0.4)),
    (12, (0.0, 0.2, 0.8)),
    (9999, (0.0, 0.0, 1.0)),
)
"""Up to which age in days an order is paid, shipped, completed with which probability."""


@dataclass
class Order:
    """One order. `order_id` is set when all orders are known."""

    customer_id: str
    day: int
    state: str
    channel: str
    lines: list[Line]
    order_id: str = ""

    @property
    def valid(self) -> bool:
        return self.state in VALID


def draw_orders(
    rng: np.random.Generator, plans: list[Plan], people: pd.DataFrame, products: list[Product]
) -> list[Order]:
    """All orders, oldest first, with their numbers."""
    shelf = Shelf(products)
    buyers = [plan for plan in plans if plan.days]
    gifted = _gifted(rng, buyers)
    registered_on = people["registered_on"].to_dict()
    orders = []
    for plan in buyers:
        taste = shelf.taste(rng, big_spender=plan.marks.endswith("u"), never=plan.latent)
        liked = rng.dirichlet(np.array(CHANNEL_SHARES) * 3)
        own = list(_valid_orders(rng, plan, shelf, taste, plan.customer_id in gifted))
        registered = day_of(registered_on[plan.customer_id])
        own += _invalid_orders(rng, plan, shelf, taste, max(registered, 0))
        for order in own:
            order.channel = one_of(rng, CODES["channel"], liked)
        orders += own
    orders += _new_unpaid(rng, buyers, shelf)
    _repeat_lines(rng, orders)
    return _number(rng, orders)


def _gifted(rng: np.random.Generator, buyers: list[Plan]) -> set[str]:
    able = [plan.customer_id for plan in buyers if not plan.habit and sum(day >= WINDOW_START for day in plan.days) > 6]
    return set(rng.choice(able, GIFTS, replace=False))


def _valid_orders(
    rng: np.random.Generator, plan: Plan, shelf: Shelf, taste: np.ndarray, gifted: bool
) -> Iterator[Order]:
    """The planned orders. What one leaves of its planned amount goes to the next, within the window."""
    left, open_months = 0, set(plan.habit)
    for day, planned in zip(plan.days, plan.fen, strict=True):
        month = month_of(day)
        coffee = True if month in open_months else False if month == plan.no_coffee else None
        open_months.discard(month)
        if day >= WINDOW_START and gifted:
            gifted = False
            left += planned
            lines = [_gift(rng, shelf)]
        else:
            fen = max(planned + left, SMALLEST_ORDER)
            unspent = 0.06 if day == plan.days[-1] else 0.45
            lines = shelf.fill(rng, taste, fen, _percent_off(rng, plan, day), coffee, unspent)
            left = fen - sum(line.fen for line in lines) if day >= WINDOW_START else 0
        yield Order(plan.customer_id, day, _valid_state(rng, LAST_DAY - day), "", lines)


def _gift(rng: np.random.Generator, shelf: Shelf) -> Line:
    product = rng.choice(
        np.array([product for product in shelf.products if product.category == "snacks"], dtype=object)
    )
    return Line(product, 1, 0, product.fen)


def _percent_off(rng: np.random.Generator, plan: Plan, day: int) -> int:
    if campaign_on(day):
        return (0, 10, 15, 20, 25)[place_of(rng, (0.15, 0.3, 0.25, 0.2, 0.1))]
    bargain_hunter = plan.marks[1:] == "ud"
    return int(rng.choice([5, 10])) if rng.random() < (0.5 if bargain_hunter else 0.15) else 0


def _valid_state(rng: np.random.Generator, age: int) -> str:
    shares = next(shares for days, shares in STATE_SHARES if age <= days)
    return one_of(rng, VALID, shares)


def _invalid_orders(
    rng: np.random.Generator, plan: Plan, shelf: Shelf, taste: np.ndarray, first: int
) -> Iterator[Order]:
    for _ in range(rng.poisson(INVALID_SHARE * len(plan.days))):
        day = draw_day(rng, first, LAST_DAY)
        state = "unpaid" if LAST_DAY - day <= UNPAID_DAYS and rng.random() < 0.7 else "cancelled"
        fen = int(rng.choice(plan.fen) * rng.uniform(0.7, 1.5))
        lines = shelf.fill(rng, taste, max(fen, SMALLEST_ORDER), _percent_off(rng, plan, day), coffee=None)
        yield Order(plan.customer_id, day, state, "", lines)


def _new_unpaid(rng: np.random.Generator, buyers: list[Plan], shelf: Shelf) -> list[Order]:
    """Pre-sale orders of the last days whose price is still due."""
    orders = []
    for plan in rng.choice(np.array(buyers, dtype=object), NEW_UNPAID, replace=False):
        day = draw_day(rng, max(plan.days[0], LAST_DAY - UNPAID_DAYS), LAST_DAY)
        taste = shelf.taste(rng, big_spender=True, never=plan.latent)
        lines = shelf.fill(rng, taste, int(rng.integers(8_000, 250_000)), percent_off=20)
        orders.append(Order(plan.customer_id, day, "unpaid", str(rng.choice(CODES["channel"][:3])), lines))
    return orders


def _repeat_lines(rng: np.random.Generator, orders: list[Order]) -> None:
    """Split a line of two pieces into two identical lines of one piece, in some orders."""
    able = [order for order in orders if any(line.quantity == 2 for line in order.lines)]
    for order in rng.choice(np.array(able, dtype=object), IDENTICAL, replace=False):
        pair = next(line for line in order.lines if line.quantity == 2)
        half = replace(pair, quantity=1, fen=pair.fen // 2, discount=pair.discount // 2)
        order.lines = [line for line in order.lines if line is not pair] + [half, half]


def _number(rng: np.random.Generator, orders: list[Order]) -> list[Order]:
    """Orders by day with rising 19-digit numbers, as a shop gives them out."""
    shift = int(rng.integers(NUMBERS_PER_DAY))
    keys = rng.integers(NUMBERS_PER_DAY, size=len(orders))
    for order, key in zip(orders, keys, strict=True):
        order.order_id = str(FIRST_NUMBER + shift + order.day * NUMBERS_PER_DAY + int(key))
    return sorted(orders, key=lambda order: order.order_id)


def to_tables(orders: list[Order]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables orders and order_lines, all text."""
    heads = [
        {
            "order_id": order.order_id,
            "customer_id": order.customer_id,
            "order_date": date_of(order.day).isoformat(),
            "state": order.state,
            "channel": order.channel,
            "currency": "CNY",
        }
        for order in orders
    ]
    lines = [
        {
            "order_id": order.order_id,
            "line_no": str(number),
            "product_id": line.product.product_id,
            "quantity": str(line.quantity),
            "amount": yuan(line.fen),
            "discount": yuan(line.discount),
        }
        for order in orders
        for number, line in enumerate(order.lines, start=1)
    ]
    return pd.DataFrame(heads), pd.DataFrame(lines)
