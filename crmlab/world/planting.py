"""The plan of the world: which customer is to get which marks, on which days each one buys and for how much.

The bands of `GAP` keep every customer off the means, and `even` draws keep the means where they are
expected: so the marks of the finished world agree with the plan, whatever the seed.
"""

from dataclasses import dataclass, field

import numpy as np

from crmlab.world.drawing import place_of
from crmlab.world.season import CLOSED, LAST_DAY, WINDOW_START, busyness, day_of, month_of

CUSTOMERS = 1200
LAPSED = 100
WITHOUT_ORDER = 120
SHARES = {"duu": 160, "ddu": 78, "dud": 98, "uuu": 88, "uud": 88, "udd": 173, "ddd": 245, "udu": 50}
"""Customers per 980 in the window, by the marks of R, F and M (u = up, d = down)."""
TYPES = {"duu": 1, "ddu": 2, "dud": 3, "uuu": 4, "uud": 5, "udd": 6, "ddd": 0, "udu": 0}
GAP = {"days": (107, 121), "fen": (111_000, 129_000)}
"""Largest value planned as down and smallest planned as up; for orders see FREQUENCY."""
MEAN_FEN = 121_500
FREQUENCY = {
    "d": {1: 0.5, 2: 0.3, 3: 0.2},
    "u": {4: 0.23, 5: 0.21, 6: 0.17, 7: 0.13, 8: 0.1, 9: 0.06, 10: 0.04, 11: 0.03, 12: 0.02, 14: 0.01},
}
EARLIER = {"duu": 0.75, "ddu": 0.4, "dud": 0.6, "uuu": 0.8, "uud": 0.7, "udd": 0.35, "ddd": 0.2, "udu": 0.5}
"""Share of customers who bought before the window too."""
HABIT_MONTHS = ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05")
HABITS = 34
NEAR_HABITS = 30
LATENT = 36
LATENT_DAYS = 60
"""Over how many days, up to the last one, a wish shows in what is looked at."""
LATENT_CATEGORIES = ("bedding", "sport", "baby", "pet", "tea")
SMALLEST_ORDER = 2_500
ROOM = {"d": 60, "u": 95}
"""Days after the start of their band from which a customer with many orders makes the last one."""
FADING = 190
"""Days in which the number of customers who have fallen silent shrinks by a factor e."""
BUSYNESS = busyness()


@dataclass
class Plan:
    """One customer to be: marks (empty outside the window), rising order days, the planned fen of each order.

    `habit` holds the months in which coffee is bought without fail, `no_coffee` the one month of a near miss,
    and `latent` the category that is looked at and never bought.
    """

    customer_id: str
    group: str
    marks: str = ""
    days: list[int] = field(default_factory=list)
    fen: list[int] = field(default_factory=list)
    habit: tuple[str, ...] = ()
    no_coffee: str = ""
    latent: str = ""


def draw_plans(rng: np.random.Generator) -> list[Plan]:
    """One Plan per customer id, C0001 to C1200."""
    ids = [f"C{number:04d}" for number in rng.permutation(CUSTOMERS) + 1]
    without, lapsed = (int(size + rng.integers(-8, 9)) for size in (WITHOUT_ORDER, LAPSED))
    marks = _marks(rng, CUSTOMERS - without - lapsed)
    plans = [Plan(ids.pop(), "window", mark) for mark in marks]
    _plan_window(rng, plans)
    plans += [_lapsed(rng, ids.pop()) for _ in range(lapsed)]
    plans += [Plan(customer_id, "no_order") for customer_id in ids]
    known = [plan for plan in plans if plan.days and plan.days[0] < LAST_DAY - LATENT_DAYS and not plan.habit]
    for plan in rng.choice(np.array(known, dtype=object), LATENT, replace=False):
        plan.latent = str(rng.choice(LATENT_CATEGORIES))
    return sorted(plans, key=lambda plan: plan.customer_id)


def even(rng: np.random.Generator, size: int) -> np.ndarray:
    """One number in each of `size` equal parts of (0, 1), shuffled: a sample whose mean hardly varies."""
    return (rng.permutation(size) + rng.random(size)) / size


def draw_day(rng: np.random.Generator, first: int, last: int) -> int:
    """One day from `first` to `last`, busier days more often."""
    weights = BUSYNESS[first : last + 1]
    return first + place_of(rng, weights)


def _marks(rng: np.random.Generator, size: int) -> list[str]:
    counts = {mark: share + int(rng.integers(-6, 7)) for mark, share in SHARES.items()}
    counts["ddd"] += size - sum(counts.values())
    return [mark for mark, count in counts.items() for _ in range(count)]


def _plan_window(rng: np.random.Generator, plans: list[Plan]) -> None:
    frequency = _frequencies(rng, plans)
    _plant_habits(rng, plans, frequency)
    last = _last_days(rng, plans)
    for plan in plans:
        days = _habit_days(rng, plan, last[plan.customer_id])
        missing = frequency[plan.customer_id] - len(days)
        days += [draw_day(rng, WINDOW_START, last[plan.customer_id]) for _ in range(missing)]
        plan.days = sorted(days)
    _plan_money(rng, plans)
    for plan in plans:
        if rng.random() < EARLIER[plan.marks]:
            _plan_earlier(rng, plan, mean=3 if plan.marks[1] == "u" else 2)


def _frequencies(rng: np.random.Generator, plans: list[Plan]) -> dict[str, int]:
    found = {}
    for mark, shares in FREQUENCY.items():
        chosen = [plan for plan in plans if plan.marks[1] == mark]
        steps = np.searchsorted(np.cumsum(list(shares.values())), even(rng, len(chosen)))
        found |= {plan.customer_id: list(shares)[step] for plan, step in zip(chosen, steps, strict=True)}
    return found


def _plant_habits(rng: np.random.Generator, plans: list[Plan], frequency: dict[str, int]) -> None:
    able = [plan for plan in plans if plan.marks[:2] == "du" and frequency[plan.customer_id] > len(HABIT_MONTHS)]
    chosen = rng.permutation(np.array(able, dtype=object))[: HABITS + NEAR_HABITS]
    for number, plan in enumerate(chosen):
        plan.habit = HABIT_MONTHS
        if number >= HABITS:
            plan.no_coffee = str(rng.choice(HABIT_MONTHS[:-1]))
            plan.habit = tuple(month for month in HABIT_MONTHS if month != plan.no_coffee)


def _last_days(rng: np.random.Generator, plans: list[Plan]) -> dict[str, int]:
    """The last order day of each customer; it leaves room before it for those who are to buy often."""
    newest, oldest = GAP["days"]
    found = {}
    for mark, first, last in (("d", LAST_DAY - newest, LAST_DAY), ("u", WINDOW_START, LAST_DAY - oldest)):
        chosen = [plan for plan in plans if plan.marks[0] == mark]
        chosen.sort(key=lambda plan: not _needs_room(plan))
        cumulated = np.cumsum(BUSYNESS[first : last + 1] * np.exp(np.arange(last + 1 - first) / FADING))
        drawn = first + np.searchsorted(cumulated / cumulated[-1], even(rng, len(chosen)))
        late = drawn >= first + ROOM[mark]
        taken = sum(map(_needs_room, chosen))
        days = [*drawn[late][:taken], *rng.permutation([*drawn[late][taken:], *drawn[~late]])]
        found |= {plan.customer_id: int(day) for plan, day in zip(chosen, days, strict=True)}
    return found


def _needs_room(plan: Plan) -> bool:
    return bool(plan.habit) or plan.marks[:2] == "uu"


def _habit_days(rng: np.random.Generator, plan: Plan, last: int) -> list[int]:
    """The last day, and one day in each month of the habit that the last day does not cover."""
    months = (month for month in plan.habit if month != month_of(last))
    spans = [(day_of(f"{month}-01"), day_of(f"{month}-28")) for month in months]
    return [last, *(draw_day(rng, *span) for span in spans)]


def _plan_money(rng: np.random.Generator, plans: list[Plan]) -> None:
    """Draw each customer's money, then stretch what lies above the gap until the mean is MEAN_FEN."""
    low, high = GAP["fen"]
    position = even(rng, len(plans))
    fen = np.zeros(len(plans))
    up = np.array([plan.marks[2] == "u" for plan in plans])
    floor = np.array([len(plan.days) * SMALLEST_ORDER * 1.2 for plan in plans])
    steepness = np.array([1.0 if plan.marks[1] == "u" else 2.2 for plan in plans])
    fen[~up] = (floor + (low - floor) * position**steepness)[~up]
    excess = (-np.log(1 - position[up])) ** 1.3 * np.where(steepness[up] > 1, 0.75, 1.1)
    fen[up] = high + excess * (MEAN_FEN * len(plans) - fen[~up].sum() - high * up.sum()) / excess.sum()
    for plan, total in zip(plans, fen, strict=True):
        plan.fen = _split(rng, int(total), len(plan.days))


def _split(rng: np.random.Generator, total: int, parts: int) -> list[int]:
    """`total` fen over the orders of one customer, none below SMALLEST_ORDER where there is enough."""
    smallest = min(SMALLEST_ORDER, total // parts)
    shares = rng.dirichlet([3.0] * parts) * (total - smallest * parts)
    return [smallest + int(share) for share in shares]


def _plan_earlier(rng: np.random.Generator, plan: Plan, mean: float) -> None:
    """Orders of the year before the window, about as large as those in it."""
    orders = min(1 + int(rng.geometric(1 / mean)), 16)
    usual = sum(plan.fen) / len(plan.fen)
    first = int(rng.integers(0, CLOSED - 60))
    days = sorted(draw_day(rng, first, CLOSED - 1) for _ in range(orders))
    fen = np.clip(usual * rng.lognormal(-0.1, 0.5, orders), SMALLEST_ORDER, 800_000).astype(int)
    plan.days = days + plan.days
    plan.fen = fen.tolist() + plan.fen


def _lapsed(rng: np.random.Generator, customer_id: str) -> Plan:
    plan = Plan(customer_id, "lapsed", fen=[int(SMALLEST_ORDER + rng.exponential(12_000))])
    _plan_earlier(rng, plan, mean=2.5)
    plan.fen.pop()
    return plan
