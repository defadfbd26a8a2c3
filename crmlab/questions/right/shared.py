"""What several answers rest on, computed once for the same data."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crmlab.data import Shop
from crmlab.rfm import RFM, type_customers

if TYPE_CHECKING:
    import pandas as pd

KEPT = 4
"""Results that each of the functions marked `_once` remembers."""


def once(work: Callable[..., Any]) -> Callable[..., Any]:
    """Remember the last few results by the very data they come from: several answers rest on the same ones."""
    kept: list[tuple[Shop, tuple[Any, ...], Any]] = []

    def remembered(shop: Shop, *rest: Any) -> Any:
        for other, others, found in kept:
            if other is shop and others == rest:
                return found
        found = work(shop, *rest)
        kept.append((shop, rest, found))
        del kept[:-KEPT]
        return found

    return remembered


@once
def typed(shop: Shop, window: int) -> RFM:
    return type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)


def in_window(shop: Shop, settings: Any) -> RFM:
    return typed(shop, settings.window)


def by_customer(result: RFM) -> "pd.DataFrame":
    return result.customers.rename(columns={result.customer_column: "customer"})
