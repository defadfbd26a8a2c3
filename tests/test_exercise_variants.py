"""On 20 random variants of each lesson the solutions earn every point, and blanks earn none."""

import pytest
from exercise_runs import LESSONS, Run

SEEDS = range(1, 21)


@pytest.mark.parametrize("lesson", LESSONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_solution_earns_all_and_a_blank_nothing(seed, lesson, tmp_path, monkeypatch):
    run = Run(lesson, seed, tmp_path, monkeypatch, ("zh", "en")[seed % 2])
    right = run.right()
    full = run.marks(run.answers(), right)
    assert {name: mark.shown for name, mark in full.items() if mark.verdict not in ("right", "manual")} == {}
    empty = run.marks(run.answers(blank=True), right)
    assert {mark.verdict for mark in empty.values()} == {"blank"}
    assert sum(mark.earned for mark in empty.values()) == 0
