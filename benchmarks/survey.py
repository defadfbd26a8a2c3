"""Time survey scores beside the plain way and pingouin on the same answers: `python benchmarks/survey.py --date DAY`.

Prints a Markdown table of medians and ratios. What is computed twice must agree, else the run stops.
"""

import argparse
import os
import sys
from collections.abc import Callable
from itertools import groupby
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd

from crmlab.survey.careless import careless, longstring
from crmlab.survey.satisfaction import scores
from crmlab.survey.scale import reliability, scale_scores

LOW, HIGH = 1, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each, after one that is not")
    parser.add_argument("--date", required=True, help="the day of the measurement, for the table")
    arguments = parser.parse_args()
    answers, items = make(arguments.answers, arguments.items)
    print(f"Measured on {arguments.date}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, "
          f"{arguments.answers:,} answers × {arguments.items} items.\n")  # fmt: skip
    print("| what | crmlab s | plain s | ratio | who is plain |")
    print("| --- | ---: | ---: | ---: | --- |")
    for what, ours, plain, who in contests(answers, items):
        mine, found = timed(ours, arguments.runs)
        theirs, expected = timed(plain, min(arguments.runs, 3))
        if not np.allclose(found, expected, equal_nan=True):
            raise SystemExit(f"{what}: crmlab and {who} do not agree")
        print(f"| {what} | {mine:.3f} | {theirs:.3f} | {mine / theirs:.2f} | {who} |", flush=True)
    everything, _ = timed(lambda: score_all(answers, items), arguments.runs)
    print(f"| all of it: three scores, scale, reliability, careless | {everything:.3f} | | | |")


def make(n: int, k: int) -> tuple[pd.DataFrame, list[str]]:
    """Answers to k items that share a factor, every fourth reversed, one in fifty missing; and three scores."""
    rng = np.random.default_rng(618)
    items = [f"q{place}" for place in range(1, k + 1)]
    sign = np.where(np.arange(k) % 4 == 3, -1, 1)
    values = 3 + sign * rng.normal(size=(n, 1)) + rng.normal(0, 0.9, (n, k))
    frame = pd.DataFrame(values.round().clip(LOW, HIGH), columns=items)
    frame = frame.mask(rng.random(frame.shape) < 0.02)
    number = pd.Series(range(n)).astype("str")
    return frame.assign(
        answer_id="A" + number,
        customer_id="C" + number,
        seconds_used=rng.lognormal(5, 0.4, n).round(),
        csat=rng.integers(1, 6, n),
        nps=rng.integers(0, 11, n),
        ces=rng.integers(1, 8, n),
    ), items


def contests(answers: pd.DataFrame, items: list[str]) -> list[tuple[str, Callable, Callable, str]]:
    """What is timed: ours and the plain way, which give the same numbers."""
    import pingouin

    block = answers[items]
    whole = block.dropna()
    k = len(items)

    def plain_alpha() -> float:
        cov = np.cov(block.dropna().to_numpy().T)
        return k / (k - 1) * (1 - np.trace(cov) / cov.sum())

    def plain_longest() -> list[int]:
        rows = block.to_numpy().tolist()
        return [max(len(list(run)) if value == value else 1 for value, run in groupby(row)) for row in rows]

    def plain_scores() -> list[float]:
        promoters, detractors = (answers["nps"] >= 9).mean(), (answers["nps"] <= 6).mean()
        return [(answers["csat"] >= 4).mean(), 100 * (promoters - detractors), answers["ces"].mean()]

    return [
        ("CSAT, NPS, CES with intervals", lambda: scores(answers)["estimate"], plain_scores, "pandas, no intervals"),
        (
            "scale score, half answered",
            lambda: scale_scores(answers, items, LOW, HIGH).table["score"],
            lambda: block.mean(axis=1).where(block.notna().sum(axis=1) * 2 >= k),
            "pandas, nothing checked",
        ),
        ("alpha, omega, G6, item table", lambda: reliability(block).alpha, plain_alpha, "numpy, alpha only"),
        (
            "alpha, omega, G6, item table",
            lambda: reliability(block).alpha,
            lambda: pingouin.cronbach_alpha(whole)[0],
            "pingouin",
        ),
        ("longest run of equal answers", lambda: longstring(block), plain_longest, "itertools, row by row"),
    ]


def score_all(answers: pd.DataFrame, items: list[str]) -> None:
    """Everything that a survey of this size is scored by."""
    scores(answers)
    scale_scores(answers, items, LOW, HIGH)
    reliability(answers, items)
    careless(answers, items, items[3::4])


def timed(work: Callable, runs: int) -> tuple[float, object]:
    """The median of the seconds of `runs` runs, and what the work gave."""
    found, seconds = work(), []
    for _ in range(runs):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    return median(seconds), found


if __name__ == "__main__":
    main()
