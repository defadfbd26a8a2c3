"""The hidden truth: what was planted, as tables for whoever grades."""

import pandas as pd

from crmlab.world.planting import HABIT_MONTHS, TYPES, Plan
from crmlab.world.season import month_of
from crmlab.world.shopping import Order

WORDS = {"u": "up", "d": "down"}


def types_table(plans: list[Plan]) -> pd.DataFrame:
    """The planted marks and type of each customer; blank for those without an order in the window."""
    rows = []
    for plan in plans:
        marks = {name: WORDS[mark] for name, mark in zip("rfm", plan.marks, strict=False)}
        blank = dict.fromkeys("rfm", "")
        type_ = str(TYPES[plan.marks]) if plan.marks else ""
        rows.append({"customer_id": plan.customer_id, "group": plan.group, **blank, **marks, "type": type_})
    return pd.DataFrame(rows)


def habits_table(plans: list[Plan], orders: list[Order]) -> pd.DataFrame:
    """Who bought a category in five or six of the last six months, as planted or by chance (valid orders)."""
    planted = {plan.customer_id for plan in plans if plan.habit}
    months: dict[tuple[str, str], set[str]] = {}
    for order in orders:
        if order.valid and month_of(order.day) in HABIT_MONTHS:
            for line in order.lines:
                months.setdefault((order.customer_id, line.product.category), set()).add(month_of(order.day))
    rows = [
        {
            "customer_id": customer_id,
            "category": category,
            "months": str(len(found)),
            "missing": next((month for month in HABIT_MONTHS if month not in found), ""),
            "planted": "yes" if customer_id in planted and category == "coffee" else "no",
        }
        for (customer_id, category), found in sorted(months.items())
        if len(found) >= len(HABIT_MONTHS) - 1
    ]
    return pd.DataFrame(rows)


def latent_table(plans: list[Plan]) -> pd.DataFrame:
    """Who keeps looking at which category without ever buying in it."""
    rows = [{"customer_id": plan.customer_id, "category": plan.latent} for plan in plans if plan.latent]
    return pd.DataFrame(rows)


def needs_table(said: pd.DataFrame, searched: pd.DataFrame) -> pd.DataFrame:
    """The needs, each with the text or the search event that shows it."""
    both = pd.concat([said.assign(basis="text"), searched.assign(basis="search")])
    columns = ["customer_id", "need", "basis", "text_id", "event_id", "span_zh", "span_en"]
    return both[columns].fillna("").sort_values(["customer_id", "basis", "text_id", "event_id"])
