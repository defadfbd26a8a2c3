"""Orders that several tests share."""

import pandas as pd
import pytest


@pytest.fixture
def small() -> pd.DataFrame:
    """Three customers with two orders each."""
    days = ["2026-06-01", "2026-05-01", "2026-04-01", "2026-03-01", "2026-02-01", "2026-01-01"]
    return pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b", "c", "c"],
            "order_id": ["1", "2", "3", "4", "5", "6"],
            "order_date": pd.to_datetime(days),
            "amount": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        }
    )
