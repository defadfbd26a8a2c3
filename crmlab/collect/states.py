"""The states of an order, and which may follow which."""

from functools import cache

NEXT = {
    "unpaid": ("paid", "cancelled"),
    "paid": ("shipped", "cancelled"),
    "shipped": ("completed", "cancelled"),
    "completed": (),
    "cancelled": (),
}
"""The steps of an order: unpaid → paid → shipped → completed; until it is completed it may be cancelled."""


@cache
def may_become(old: str, new: str) -> bool:
    """Whether an order in state `old` can be in state `new` later, by one step or by several.

    Exports are snapshots: an order seen as paid may be completed when it is seen again. To stay is no step.

    >>> may_become("paid", "completed"), may_become("completed", "unpaid"), may_become("paid", "paid")
    (True, False, False)
    """
    return any(step == new or may_become(step, new) for step in NEXT[old])
