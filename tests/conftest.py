"""Orders and a customer base that several tests share."""

import gc
import os
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmlab import open_data, type_customers
from crmlab.collect import CustomerBase
from crmlab.collect.pseudonym import KEY_FILE
from crmlab.course.settings import check_settings

TESTS = Path(__file__).resolve().parent
TEACHING = TESTS.parent / "datasets" / "teaching"
LONGEST = (
    "test_engines_segment.py",
    "test_engines.py",
    "test_lab_lessons.py",
    "test_site_pages.py",
    "test_choices_page.py",
    "test_explorer_lab.py",
    "test_lab_first.py",
    "test_exercise_variants.py",
    "test_lesson_data.py",
    "test_rfm_columns.py",
    "test_exercise_wrong_methods.py",
    "test_lessons.py",
    "test_base.py",
    "test_assign.py",
    "test_grade_hundred.py",
    "test_needs_found.py",
    "test_grade_class.py",
    "test_grade_attacks.py",
    "test_retype.py",
    "test_outbox_upkeep.py",
    "test_rfm_agreement.py",
)
"""The files that take longest, the longest first."""
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
"""Spark's tests are short: a Java that compiles quickly does more for them than one that compiles well."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The longest files first and the doctests, which are short, last: with `--dist loadfile` a worker gets a whole
    file at a time, and nobody waits at the end for one that began late."""

    def place(item):
        if item.path.name in LONGEST:
            return LONGEST.index(item.path.name)
        return len(LONGEST) + (item.path.parent != TESTS and item.path.suffix == ".py")

    items.sort(key=place)


def pytest_collection_finish():
    """What the test modules and their libraries made stays until the end. The collector need not walk through it again
    and again, which `multipletests` of statsmodels asks for on each call."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish():
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def key_of_the_user(tmp_path_factory):
    """The person at this computer has the same key in every run, for who is held out is drawn by it."""
    file = tmp_path_factory.mktemp("user") / "key"
    file.write_text("0123456789abcdef" * 4, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_FILE, str(file))
        yield


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


@pytest.fixture(scope="session")
def shop():
    return open_data(check_settings(data="teaching"))


@pytest.fixture(scope="session")
def result(shop):
    """The customers of the teaching data, typed over a year."""
    return type_customers(shop.orders, as_of=shop.as_of, window=365, **shop.columns)


@pytest.fixture(scope="session")
def random_orders():
    """Orders of 120 customers at random, so without clusters."""
    draw = np.random.default_rng(7)
    customers = np.repeat([f"C{number:03}" for number in range(120)], draw.integers(1, 9, 120))
    return pd.DataFrame(
        {
            "customer_id": customers,
            "order_id": [str(number) for number in range(len(customers))],
            "order_date": pd.Timestamp("2026-06-17") - pd.to_timedelta(draw.integers(0, 300, len(customers)), unit="D"),
            "amount": draw.integers(100, 90_000, len(customers)) / 100,
        }
    )
