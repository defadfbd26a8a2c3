"""That work takes time in proportion to its size, told so that a busy machine cannot break it."""

from collections.abc import Callable
from time import process_time
from typing import Any

TIMES = 32
SHORT = 0.2


def demand_proportion(work: Callable[[Any], object], given: Callable[[int], Any], size: int) -> None:
    """The processor time of `work(given(size))` grows 32 times where the size does, and less than 181 times.

    Where it grew with the square of the size it would be 1,024 times. Both distances are 5.7 times: no load of the
    machine makes up for that. The smaller time is the least of three, so that it holds the work alone. What takes less
    than `SHORT` seconds passes, for no ratio of such times tells anything.
    """
    one, many = given(size), given(TIMES * size)
    short = min(_timed(work, one) for _ in range(3))
    long = _timed(work, many)
    assert long < max(TIMES**1.5 * short, SHORT), f"{TIMES} times the size took {long / short:.0f} times as long"


def _timed(work: Callable[[Any], object], what: Any) -> float:
    begin = process_time()
    work(what)
    return process_time() - begin
