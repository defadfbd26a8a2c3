"""What handing in late costs."""

from datetime import datetime, timedelta

from crmlab.errors import DataError
from crmlab.grade.records import Graded
from crmlab.questions.rules import Late


def deduction(graded: Graded, late: Late) -> float:
    """Points taken off for the days begun after the deadline: a share of what was earned, rounded to hundredths.

    >>> from crmlab.grade.records import Mark
    >>> one = Graded("s1", "02", "en", "a.ipynb", "", "done", (Mark("q1", 20, 15, "partly"),), late_days=2)
    >>> deduction(one, Late(10, 50)), final(one, Late(10, 50))
    (3.0, 12.0)
    """
    return round(graded.earned * late.percent(graded.late_days) / 100, 2)


def final(graded: Graded, late: Late) -> float:
    """Points that count: what was earned less the deduction."""
    return round(graded.earned - deduction(graded, late), 2)


def days_late(handed_in: str, deadline: str) -> int:
    """Whole days begun after the deadline; 0 for a submission in time, or whose moment nobody knows ("").

    Both are ISO texts, both with a zone or both without one. Raises DataError where only one has a zone.

    >>> days_late("2026-06-17T23:59", "2026-06-17T23:59"), days_late("2026-06-18T00:00", "2026-06-17T23:59")
    (0, 1)
    """
    if not handed_in:
        return 0
    moment, end = datetime.fromisoformat(handed_in), datetime.fromisoformat(deadline)
    if (moment.tzinfo is None) != (end.tzinfo is None):
        raise DataError("late_zone", handed_in=handed_in, deadline=deadline)
    return max(0, -((end - moment) // timedelta(days=1)))
