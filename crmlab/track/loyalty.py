"""The three goals of a year's work: loyalty, new customers, and the money they bring."""

from math import nan
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.errors import ParameterError
from crmlab.frames import rows
from crmlab.movement.periods import first_order_day

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM


def loyalty_figures(result: "RFM") -> "pd.DataFrame":
    """Repeat rate, new customers and net revenue of the window: metric, value, unit, n, as `crmlab.metrics.metrics`.

    A customer of the window is new when no order before the window counts; where the data begin within the window
    nobody can tell, and new_customers is blank. n is the customers with an order in the
    window. Money is in minor units. Raises ParameterError for a result over all of history, where everybody is new.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2025-01-05", "2026-05-01", "2026-06-01", "2026-06-10"])
    >>> orders = pd.DataFrame({"customer_id": list("aaab"), "order_id": list("1234"), "order_date": days, "amount": 5})
    >>> loyalty_figures(type_customers(orders, as_of="2026-06-17", window=90))[["metric", "value"]].values.tolist()
    [['repeat_rate', 0.5], ['new_customers', 1.0], ['net_revenue', 1500.0]]
    """
    import pandas as pd

    settings = result.settings
    if settings.window is None:
        raise ParameterError("track_no_window")
    buyers = result.typed.filter(nw.col("frequency") > 0).with_columns(
        repeated=nw.when(nw.col("frequency") > 1).then(nw.lit(1)).otherwise(nw.lit(0))
    )
    (sums,) = rows(buyers.select(nw.len().alias("n"), nw.col("repeated").sum(), nw.col("monetary").sum()))
    first = result.purchases(history=True).group_by("customer").agg(nw.col("day").min())
    tells = first_order_day(result) < settings.first_day
    fresh = first.filter(nw.col("day") >= result.lent.day(settings.first_day)).select(nw.len().alias("new"))
    found = {
        "repeat_rate": (sums["repeated"] / sums["n"], "share"),
        "new_customers": (rows(fresh)[0]["new"] if tells else nan, "customers"),
        "net_revenue": (sums["monetary"], "money"),
    }
    table = [(name, float(value), unit, int(sums["n"])) for name, (value, unit) in found.items()]
    return pd.DataFrame(table, columns=["metric", "value", "unit", "n"])
