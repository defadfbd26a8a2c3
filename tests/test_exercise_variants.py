"""On random variants the solutions of all exercises earn every point, and blanks earn none.

CRMLAB_VARIANTS sets how many are tried: `CRMLAB_VARIANTS=20 pytest tests/test_exercise_variants.py` takes some minutes.
"""

import os

import pytest
from exercise_runs import LESSONS, Run

SEEDS = range(1, 1 + int(os.environ.get("CRMLAB_VARIANTS", "2")))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_solution_earns_all_and_a_blank_nothing(seed, tmp_path, monkeypatch):
    lang = ("zh", "en")[seed % 2]
    for lesson in LESSONS:
        run = Run(lesson, seed, tmp_path, monkeypatch, lang)
        right = run.right()
        full = run.marks(run.answers(), right)
        lost = {
            name: (mark.verdict, mark.shown) for name, mark in full.items() if mark.verdict not in ("right", "manual")
        }
        assert not lost, (lesson, seed, lost)
        empty = run.marks(run.answers(blank=True), right)
        assert {mark.verdict for mark in empty.values()} == {"blank"}
        assert sum(mark.earned for mark in empty.values()) == 0
