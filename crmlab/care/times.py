"""How long customers wait for a first reply, by tier, with distribution-free intervals."""

from typing import TYPE_CHECKING

from crmlab.care.desk import with_tiers
from crmlab.care.standards import demand_records
from crmlab.collect.completeness import SMALLEST
from crmlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95
SHARES = {"median": 0.5, "p90": 0.9}
TIERS = ("high", "mid", "low", "unknown")


def response_times(records: "pd.DataFrame", tiers: "pd.DataFrame") -> "pd.DataFrame":
    """Minutes from contact to first reply, by value tier: how long half and nine of ten customers waited at most.

    `records` is the table service_records, `tiers` has customer_id (the same numbers) and value_tier; whoever is not
    among them is "unknown". Returns value_tier, records, unanswered (no reply so far; they are in no other figure),
    median_minutes and p90_minutes (order statistics: the smallest time that half, nine of ten, did not exceed), each
    with low and high at 95 %: the interval between two order statistics (Conover 1999, section 3.2, as in
    `scipy.stats.quantile_test`). An end that so few records cannot tell is blank, and a tier with fewer than five
    answered records has no figures. Raises DataError for a reply before the contact, without records, and for what
    `with_tiers` refuses.

    >>> import pandas as pd
    >>> opened = pd.Timestamp("2026-06-01 09:00")
    >>> replied = opened + pd.to_timedelta(range(1, 101), unit="min")
    >>> records = pd.DataFrame({"record_id": "S", "customer_id": "a", "opened_at": opened, "first_reply_at": replied})
    >>> found = response_times(records, pd.DataFrame({"customer_id": ["a"], "value_tier": ["high"]}))
    >>> found[["value_tier", "records", "median_minutes", "median_low", "median_high", "p90_minutes"]].values.tolist()
    [['high', 100, 50.0, 40.0, 61.0, 90.0]]
    """
    import pandas as pd

    known = with_tiers(demand_records(records), tiers)
    minutes = (known["first_reply_at"] - known["opened_at"]).dt.total_seconds() / 60
    if early := int((minutes < 0).sum()):
        raise DataError("care_before", count=early, column="first_reply_at")
    there = set(known["value_tier"])
    order = [*(tier for tier in TIERS if tier in there), *sorted(there.difference(TIERS))]
    table = pd.DataFrame([{"value_tier": tier, **_row(minutes[known["value_tier"] == tier])} for tier in order])
    return table


def _row(minutes: "pd.Series") -> dict[str, float]:
    import numpy as np
    from scipy.stats import quantile_test

    answered = minutes.dropna().to_numpy()
    row: dict[str, float] = {"records": len(minutes), "unanswered": len(minutes) - len(answered)}
    for name, share in SHARES.items():
        found = [float("nan")] * 3
        if len(answered) >= SMALLEST:
            low, high = quantile_test(answered, p=share).confidence_interval(LEVEL)
            found = [np.quantile(answered, share, method="inverted_cdf"), low, high]
        row |= dict(zip((f"{name}_minutes", f"{name}_low", f"{name}_high"), map(float, found), strict=True))
    return row
