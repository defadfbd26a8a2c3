"""What a page draws and says of one setting, as plain data. The page makes the same itself where the orders fit."""

import json
from typing import TYPE_CHECKING, Any

from crmlab.explorer.state import CODES
from crmlab.explorer.versions import FOREVER
from crmlab.rfm.marks import INDICATORS, MARK_COLUMNS, SCORE_COLUMNS, UP

if TYPE_CHECKING:
    from crmlab.explorer.state import State
    from crmlab.explorer.versions import Versions
    from crmlab.rfm.settings import Settings

COLUMNS, ROWS = 24, 12
"""The map has at most so many cells; low frequencies have rows of their own, higher ones share."""
LARGEST = 2**53 - 1
"""The largest whole number that a page adds up without loss."""
FITTING = 50_000
"""So many versions of orders a page computes with."""


def shares(state: "State") -> dict[str, tuple[float, float | None]]:
    """Per combination the share of the customers and of the money; of no money there is no share."""
    customers, money = (sum(column) for column in zip(*state.counted.values(), strict=True))
    return {
        name: (own / customers, spent / money if money > 0 else None) for name, (own, spent) in state.counted.items()
    }


def grid(state: "State") -> dict[str, Any]:
    """How many customers lie where: columns of equal width by recency, rows by frequency, each from its band on.

    `held` counts the customers cell by cell, the row of the lowest frequencies first.
    """
    import numpy as np

    recency, frequency = state.values["recency_days"], state.values["frequency"]
    low, high, longest = int(frequency.min()), int(frequency.max()), int(recency.max())
    bands = np.unique(np.rint(np.geomspace(low + 1, high + 2, ROWS + 1) - 1).astype("int64"))
    columns, rows = min(COLUMNS, longest + 1), len(bands) - 1
    across = (recency * columns) // (longest + 1)
    upward = np.searchsorted(bands, frequency, side="right") - 1
    held = np.bincount(upward * columns + across, minlength=rows * columns)
    return {
        "low": low, "high": high, "longest": longest, "columns": columns,
        "bands": bands.tolist(), "held": held.tolist(),
    }  # fmt: skip


def setting_of(settings: "Settings", split: Any) -> dict[str, Any]:
    """A setting as plain data; the reference date is the number of its day."""
    return {"as_of": settings.as_of.toordinal(), "window": settings.window, "split": split}


def answer(
    state: "State | None", start: "State | None", setting: dict[str, Any], customer: str, place: int | None
) -> dict[str, Any]:
    """All that is drawn and said of one state. Whole numbers that may be large are text.

    `place` is where the chosen customer stands in the versions, None for one who is not there; `start` is the state
    to compare with.
    """
    reply = {
        "setting": setting,
        "customer": customer,
        "known": place is not None,
        "size": len(state.place) if state else 0,
    }
    if not state:
        return reply
    part = shares(state)
    before = _row(start, place)
    return reply | {
        "limits": [None if limit is None else str(limit) for limit in state.limits.values()],
        "thresholds": [
            {"method": limit.method, "value": [str(limit.value.numerator), str(limit.value.denominator)]}
            for limit in state.thresholds.values()
        ],
        "counted": [[own, str(money), *part[name]] for name, (own, money) in state.counted.items()],
        "map": grid(state),
        "row": _row(state, place),
        "before": before and before["code"],
    }


def _row(state: "State | None", place: int | None) -> dict[str, Any] | None:
    row = state.row(place) if state and place is not None else None
    return row and {
        "values": [str(row[name]) for name in INDICATORS],
        "up": [row[name] == UP for name in MARK_COLUMNS],
        "scores": [row.get(name) for name in SCORE_COLUMNS],
        "code": CODES[row["marks"]],
    }


def fits(versions: "Versions") -> bool:
    """Whether a page can compute with these orders: not too many, and no sum that it could not hold exactly."""
    return len(versions.since) <= FITTING and sum(map(abs, versions.money.tolist())) <= LARGEST


def packed(versions: "Versions", as_of: int) -> str:
    """The versions of the orders as JSON on one line, small: days before `as_of`, and exceptions by their place."""
    import numpy as np

    ending = np.flatnonzero(versions.until < FOREVER)
    counts = np.diff(np.r_[versions.starts, len(versions.since)])
    columns = {
        "counts": counts,
        "since": as_of - versions.since,
        "before": versions.since - versions.day,
        "ends": np.column_stack([ending, as_of - versions.until[ending]]),
        "money": versions.money,
        "others": np.flatnonzero(~versions.purchase),
    }
    plain = {"customers": [str(customer) for customer in versions.customers]}
    plain |= {name: column.tolist() for name, column in columns.items()}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
