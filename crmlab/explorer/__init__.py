"""Sliders on a result: window, reference date and thresholds move, and the types follow at once."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmlab.explorer.widget import Explorer
    from crmlab.rfm import RFM


def explore(result: "RFM", lang: str = "zh", customer: Any = None) -> "Explorer":
    """Sliders on a result: another window, reference date or threshold, and who is of which type then.

    `customer` is the one whose sentence is shown; without it, one whose marks change when the window is halved. The
    orders are collected once; above 5 million, those of 20,000 customers drawn with a fixed seed, and it says so. Up
    to 50,000 orders the page computes by itself and needs no kernel. Raises ParameterError for a customer who is not
    there.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-01-05", "2026-06-10", "2026-06-12"])
    >>> orders = pd.DataFrame(
    ...     {"customer_id": ["a", "b", "b"], "order_id": ["1", "2", "3"], "order_date": days, "amount": [5, 7, 7]}
    ... )
    >>> explorer = explore(type_customers(orders, as_of="2026-06-17"), "en", customer="b")
    >>> explorer.window = 6
    >>> print(explorer.sentence.split(":")[0])
    Customer b has the marks R↑F↑M↑ (type 4 key customers to win back)
    """
    from crmlab.explorer.widget import Explorer

    return Explorer(result, lang, customer)
