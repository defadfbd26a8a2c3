"""Plausible wrong methods lose the points of the questions that they get wrong, and no others."""

import pytest
from exercise_runs import Run

SEED = 3
BY_MEDIAN = 'by_median.summary(lang)["customers"].tolist()'
STRICTLY = """[
    int(((middle["recency_days"] > middle["recency_days"].median()) == (code[1] == "↑"))
        .mul((middle["frequency"] > middle["frequency"].median()) == (code[3] == "↑"))
        .mul((middle["monetary"] > middle["monetary"].median()) == (code[5] == "↑")).sum())
    for middle in [by_median.customers] for code in by_median.summary(lang)["marks"]
]"""
WRONG = [
    ("02_segment", "rows as orders", '["order"].nunique()', '["order"].size()', {"q3": 1, "q4": 3}),
    ("02_segment", "the mean per order", '["money"].sum()', '["money"].mean()', {"q3": 1, "q4": 3, "q6": 2}),
    ("02_segment", "R reversed", 'marks("recency_days")', 'marks("recency_days").map({"↑": "↓", "↓": "↑"})', {"q4": 3}),
    ("02_segment", "strictly above the threshold", BY_MEDIAN, STRICTLY, {"q5": 2}),
    (
        "02_segment", "today as reference date", 'pd.Timestamp(shop.as_of) - by_customer',
        'pd.Timestamp("2026-11-22") - by_customer', {"q3": 1},
    ),
    ("02_segment", "a threshold cut off below", "int(-(-table", "int((table", {"q6": 2}),
    ("02_segment", "the window of the practice", "window - 40", "200", {"q7": 3}),
    ("01_collect", "skipped taken for zero", '"q2_orders"].isna()', '"q2_orders"].eq(0)', {"q4": 1}),
    ("01_collect", "items not turned round", "straight, five", "satisfied, five", {"q7": 3}),
    ("03_serve", "declined needs counted", "asked_needs(found)", "found.rename(columns={'tag': 'need'})", {"q2": 2}),
    ("03_serve", "only one consent", '("profiling", "marketing")', '("profiling",)', {"q1": 2, "q9": 4}),
    ("04_track", "everybody as the base", "came.mean()", "came.sum() / len(recent.customers)", {"q1": 2, "q2": 2}),
]  # fmt: skip


@pytest.fixture(scope="module")
def right_of():
    return {}


@pytest.mark.parametrize(("lesson", "method", "old", "new", "lost"), WRONG, ids=[case[1] for case in WRONG])
def test_a_wrong_method_loses_just_its_own_points(lesson, method, old, new, lost, right_of, tmp_path, monkeypatch):
    run = Run(lesson, SEED, tmp_path, monkeypatch)
    if lesson not in right_of:
        right_of[lesson] = run.right()
    changed = []

    def change(source):
        changed.append(source.count(old))
        return source.replace(old, new)

    answers = run.answers(change)
    assert sum(changed) >= 1, f"{method}: the solution no longer holds {old}"
    found = run.marks(answers, right_of[lesson])
    missing = {
        name: mark.points - mark.earned for name, mark in found.items() if mark.verdict not in ("right", "manual")
    }
    assert missing == lost


def test_without_a_wrong_method_nothing_is_lost(tmp_path, monkeypatch):
    run = Run("02_segment", SEED, tmp_path, monkeypatch)
    found = run.marks(run.answers(), run.right())
    assert {mark.verdict for mark in found.values()} == {"right", "manual"}
