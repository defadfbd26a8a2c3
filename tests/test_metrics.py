"""Every metric by hand on a tiny shop, and once more on the teaching data."""

import math
from datetime import date

import pandas as pd
import pytest

from crmlab import ParameterError, check_settings, open_data
from crmlab.collect import with_consent
from crmlab.collect.pseudonym import Key
from crmlab.data import Shop
from crmlab.metrics import METRICS, metric_sheet, metrics
from crmlab.survey.satisfaction import csat
from crmlab.words import has_word

ORDERS = [
    ("o1", "c1", "2026-06-01", "paid"),
    ("o2", "c1", "2026-06-10", "completed"),
    ("o3", "c2", "2026-06-02", "completed"),
    ("o4", "c3", "2026-06-03", "shipped"),
    ("o5", "c4", "2026-06-04", "completed"),
    ("o6", "c5", "2026-06-05", "completed"),
    ("o7", "c6", "2026-06-06", "cancelled"),
    ("o8", "c2", "2026-05-01", "completed"),
    ("o9", "c9", "2026-06-07", "completed"),
]
AMOUNTS = [100, 50.5, 20, 30, 40, 60, 999, 7, 500]
DELIVERIES = [
    ("o1", "2026-06-02", "2026-06-05", "2026-06-05"),
    ("o2", "2026-06-11", "2026-06-14", "2026-06-15"),
    ("o3", "2026-06-03", "2026-06-05", "2026-06-04"),
    ("o4", "2026-06-04", "2026-06-06", "2026-06-06"),
    ("o5", "2026-06-05", "2026-06-07", "2026-06-07"),
    ("o6", "2026-06-16", "2026-06-20", ""),
    ("o8", "2026-05-02", "2026-05-03", "2026-05-09"),
    ("o9", "2026-06-08", "2026-06-09", "2026-06-12"),
]
SERVICE = [("c1", minutes, "yes" if minutes < 50 else "no", minutes != 90) for minutes in (1, 2, 3, 10, 60, 90)]


@pytest.fixture
def tiny(tmp_path):
    opened = pd.Timestamp("2026-06-10 09:00:00")
    lines = [(order[0], 1, "P1", 1, amount, 0) for order, amount in zip(ORDERS, AMOUNTS, strict=True)]
    tables = {
        "orders": [(*order, "web", "CNY") for order in ORDERS],
        "order_lines": lines,
        "products": [("P1", "tea", "茶", "tea", 20)],
        "refunds": [("r1", "o2", 1, "2026-06-12", 0.5, "late")],
        "deliveries": DELIVERIES,
        "service_records": [
            (
                f"S{minutes}",
                who,
                "web",
                "question",
                opened,
                opened + pd.Timedelta(minutes=minutes),
                closed,
                resolved,
                "",
            )
            for who, minutes, resolved, is_closed in SERVICE
            for closed in [opened + pd.Timedelta(hours=9) if is_closed else ""]
        ],
        "consents": [
            (f"c{number}", purpose, "v1", "paper", "2026-01-01", "")
            for number in range(1, 7)
            for purpose in ("analysis", "survey")
        ],
        "satisfaction_answers": [
            (f"F{number}", f"c{number}", "2026-06-12T10:00:00", 60, score, *[""] * 7)
            for number, score in enumerate([5, 4, 3, 2, 5, "", 5], start=1)
        ],
    }
    from crmlab.tables import TABLES

    for name, rows in tables.items():
        frame = pd.DataFrame(rows, columns=[column.name for column in TABLES[name].columns])
        frame.to_csv(tmp_path / f"{name}.csv", index=False, encoding="utf-8")
    return Shop("tiny", tmp_path, date(2026, 6, 17), "CNY", Key(b"a key for the tests of metrics"))


def test_every_metric_equals_the_hand_worked_sheet(tiny):
    found = metrics(tiny, 30).set_index("metric")
    expected = {
        "csat": (3 / 5, 5),
        "repeat_rate": (1 / 5, 5),
        "net_revenue": (30000, 5),
        "orders_per_customer": (6 / 5, 5),
        "spend_per_customer": (6000, 5),
        "on_time_rate": (4 / 5, 5),
        "resolution_rate": (4 / 5, 5),
        "reply_minutes": (6.5, 6),
    }
    assert found["n"].to_dict() == {name: n for name, (_, n) in expected.items()}
    assert found["value"].to_dict() == pytest.approx({name: value for name, (value, _) in expected.items()})


def test_the_window_bounds_every_metric(tiny):
    everything = metrics(tiny).set_index("metric")
    assert everything.loc["net_revenue", "value"] == 30700
    assert everything.loc["on_time_rate", "value"] == pytest.approx(4 / 6)
    short = metrics(tiny, 8).set_index("metric")
    assert short.loc["net_revenue", "n"] == 1
    assert short.loc["reply_minutes", "n"] == 6
    assert short.loc["on_time_rate", "n"] == 1
    assert short["value"].isna().to_dict()["net_revenue"]


def test_a_source_without_the_data_has_no_value(tiny):
    for name in ("deliveries", "service_records", "satisfaction_answers"):
        (tiny.folder / f"{name}.csv").unlink()
    found = metrics(tiny).set_index("metric")["value"]
    assert found.isna().sum() == 4
    sheet = metric_sheet(metrics(tiny), "zh").set_index("metric")
    assert sheet.loc["满意度（CSAT）", "result"] == "没有足够的数据"
    assert sheet.loc["净销售额", "result"] == "¥307.00"


def test_a_window_below_a_day_is_refused(tiny):
    with pytest.raises(ParameterError):
        metrics(tiny, 0)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_a_name_and_a_formula(name):
    assert has_word(f"metric.{name}")
    assert has_word(f"metric.formula.{name}")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_teaching_data_have_every_metric(lang):
    shop = open_data(check_settings(data="teaching"))
    found = metrics(shop, 365)
    assert not found["value"].isna().any()
    answers = shop.table("satisfaction_answers")
    agreed = with_consent(answers, shop.table("consents"), purpose="survey", on=shop.as_of).kept
    assert math.isclose(found["value"][0], csat(agreed["csat"]).estimate)
    assert len(metric_sheet(found, lang)) == len(METRICS)
