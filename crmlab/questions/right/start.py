"""What is right in lesson 00: the whole way once."""

from typing import Any

from crmlab.data import Shop
from crmlab.questions.right.shared import in_window


def _customers(shop: Shop, settings: Any) -> int:
    return len(shop.table("customers"))


def _largest_combination(shop: Shop, settings: Any) -> str:
    summary = in_window(shop, settings).summary(settings.lang)
    return summary.loc[summary["customers"].idxmax(), "marks"]


ANSWERS = {"q1": _customers, "q2": _largest_combination}
