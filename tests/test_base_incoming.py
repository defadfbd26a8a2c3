"""The dirty files of the six channels, loaded onto the teaching data: what is listed is exactly what was planted."""

import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from crmlab.collect.base import CustomerBase

DATASETS = Path(__file__).parents[1] / "datasets"
DAY = date(2026, 6, 17)


@pytest.fixture(scope="module")
def path(teaching_base, tmp_path_factory):
    return shutil.copy(teaching_base[0], tmp_path_factory.mktemp("base") / "shop.duckdb")


@pytest.fixture(scope="module")
def report(path):
    with CustomerBase.open(path) as base:
        return base.load(DATASETS / "incoming", on=DAY)


def truth(name: str) -> pd.DataFrame:
    return pd.read_csv(DATASETS / "truth" / f"{name}.csv", dtype={"row": int}, encoding="utf-8")


def places(frame: pd.DataFrame, *columns: str) -> set[tuple]:
    return set(frame[["file", "row", *columns]].itertuples(index=False, name=None))


def test_every_planted_fault_is_listed_in_its_row_and_nothing_else(report):
    listed = report.listed[report.listed["reason"] != "unlinked"]
    assert places(listed, "column", "reason") == places(truth("faults"), "column", "reason")


def test_every_contradiction_between_channels_is_listed_and_nothing_else(report):
    assert places(report.conflicts, "column") == places(truth("conflicts"), "column")


def test_events_are_without_a_customer_only_where_nobody_has_the_number(report, path):
    lost = report.listed[report.listed["reason"] == "unlinked"]
    assert set(lost["file"]) == {"web_events.csv"}
    events = pd.read_csv(DATASETS / "incoming" / "web_events.csv", dtype="str", encoding="utf-8")
    with CustomerBase.open(path, read_only=True) as base:
        nobody = ~events["customer_id"].dropna().isin(base.read("customers")["customer_id"])
    assert set(lost["row"]) == set(nobody.index[nobody] + 2)


def test_every_row_is_accounted_for(report):
    files = report.files
    assert (files["rows"] == files["added"] + files["changed"] + files["unchanged"] + files["listed"]).all()
    lines = pd.read_csv(DATASETS / "incoming" / "web_events.csv", dtype="str", encoding="utf-8")
    assert files.loc[files["file"] == "web_events.csv", "rows"].sum() == len(lines)


def test_a_second_time_nothing_is_taken_in(report, path):
    with CustomerBase.open(path) as base:
        again = base.load(DATASETS / "incoming", on=DAY)
    assert again.files[["added", "changed"]].to_numpy().sum() == 0
    pd.testing.assert_frame_equal(again.listed, report.listed)
    pd.testing.assert_frame_equal(again.conflicts, report.conflicts)


def test_no_personal_value_stands_in_the_report(report, path):
    with CustomerBase.open(path, read_only=True) as base:
        customers = base.read("customers")
    shown = report.listed.to_csv() + report.conflicts.to_csv() + report.files.to_csv()
    for column in ("customer_id", "phone", "email", "name"):
        assert not [value for value in customers[column].dropna() if value in shown]
