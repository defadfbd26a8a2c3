"""Orders and a customer base that several tests share."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from crmlab.collect import CustomerBase

TEACHING = Path(__file__).resolve().parents[1] / "datasets" / "teaching"


@pytest.fixture(scope="session")
def teaching_base(tmp_path_factory):
    """The teaching data in a customer base, and what the load said. Copy the file before you write to it."""
    path = tmp_path_factory.mktemp("base") / "xiaoman.duckdb"
    with CustomerBase.create(path) as base:
        return path, base.load(TEACHING, on=date(2026, 6, 17))


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
