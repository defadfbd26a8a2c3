"""Service standards as data, and which records break them."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.collect.consent import demand_purpose
from crmlab.errors import DataError
from crmlab.tables.codes import CODES
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

LIMITS = ("first_reply_minutes", "close_hours")
MATCH = {"channel": "service_channel", "kind": "service_kind"}
LEVEL = 0.95
STATES = ("kept", "broken", "not_due")
STEPS = {"first_reply": ("first_reply_at", "first_reply_minutes", 60), "close": ("closed_at", "close_hours", 3600)}
"""What is to be done: its column, its limit, and the seconds in the limit's unit."""


@dataclass(frozen=True)
class Standard:
    """One standard: for a channel and a kind of matter ("" for all), whole minutes to the first reply and whole hours
    to the close (None: no limit)."""

    channel: str
    kind: str
    first_reply_minutes: int | None
    close_hours: int | None


def read_standards(path: str | Path | None = None) -> list[Standard]:
    """The standards of a TOML file, or those of the house. Raises DataError for a file that says what cannot be.

    >>> read_standards()[0]
    Standard(channel='phone', kind='complaint', first_reply_minutes=5, close_hours=48)
    """
    source = Path(path) if path else files("crmlab.care").joinpath("standards.toml")
    try:
        told = tomllib.loads(source.read_text(encoding="utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError("care_file", file=source.name, reason=str(getattr(error, "strerror", None) or error)) from None
    return [_standard(entry, number, source.name) for number, entry in enumerate(told.get("standards", []), start=1)]


def _standard(entry: dict, number: int, file: str) -> Standard:
    for field, value in entry.items():
        known = field in LIMITS and type(value) is int and value > 0
        if not known and not (field in MATCH and value in CODES[MATCH[field]]):
            raise DataError("care_entry", file=file, entry=number, field=field)
    if not set(entry) & set(LIMITS):
        raise DataError("care_entry", file=file, entry=number, field=", ".join(LIMITS))
    return Standard(entry.get("channel", ""), entry.get("kind", ""), *(entry.get(limit) for limit in LIMITS))


def demand_records(records: "pd.DataFrame") -> "pd.DataFrame":
    """The service records as they are. Raises DataError where there are none, and ConsentError for records that were
    kept for other purposes than analysis."""
    if records.empty:
        raise DataError("care_no_records")
    return demand_purpose(records, "analysis")


def limits(records: "pd.DataFrame", standards: list[Standard]) -> "pd.DataFrame":
    """For each record the limits of the first standard that fits it: first_reply_minutes and close_hours (Int64)."""
    import pandas as pd

    found = pd.DataFrame(pd.NA, index=records.index, columns=list(LIMITS), dtype="Int64")
    for standard in reversed(standards):
        fits = pd.Series(True, index=records.index)
        for column in MATCH:
            if getattr(standard, column):
                fits &= records[column] == getattr(standard, column)
        for limit in LIMITS:
            found.loc[fits, limit] = getattr(standard, limit) or pd.NA
    return found


@dataclass(frozen=True, repr=False)
class StandardsReport:
    """Which records kept the standards at a time.

    `judged` has a row per record and step (first_reply, close) that a standard speaks of: record_id, customer_id,
    agent, channel, kind, step, limit and took (in minutes or hours; took until `at` where it is not done), done, state
    (kept, broken, not_due). `without` counts records that no standard fits, `later` those opened after `at`.
    """

    judged: "pd.DataFrame"
    at: datetime
    without: int
    later: int

    @property
    def breaches(self) -> "pd.DataFrame":
        """The broken ones, the latest first."""
        rows = self.judged[self.judged["state"] == "broken"]
        over = (rows["took"] / rows["limit"]).sort_values(ascending=False, kind="stable").index
        return rows.loc[over].drop(columns="state").reset_index(drop=True)

    def shares(self, *by: str) -> "pd.DataFrame":
        """How many kept them, by step and the columns `by` (kind, channel, agent): records = kept + broken + not_due.

        kept_share is of kept + broken, with Wilson's interval (low_share, high_share; Wilson 1927, 95 %).
        """
        from statsmodels.stats.proportion import proportion_confint

        counted = self.judged.assign(**{state: self.judged["state"] == state for state in STATES})
        groups = counted.groupby(["step", *by], dropna=False, sort=True)
        table = groups.agg(records=("state", "size"), kept=("kept", "sum"), broken=("broken", "sum"),
                           not_due=("not_due", "sum")).reset_index()  # fmt: skip
        over = (table["kept"] + table["broken"]).astype("float64")
        over = over.where(over > 0)
        low, high = proportion_confint(table["kept"].astype("float64"), over, alpha=1 - LEVEL, method="wilson")
        return table.assign(kept_share=table["kept"] / over, low_share=low, high_share=high)

    def describe(self, lang: str = "zh") -> str:
        """How many were judged at what time, and which were not."""
        states = self.judged["state"].value_counts()
        numbers = {state: int(states.get(state, 0)) for state in STATES}
        return word("care.standards", lang, at=f"{self.at:%Y-%m-%d %H:%M}", judged=len(self.judged),
                    without=self.without, later=self.later, **numbers)  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(map(self.describe, LANGUAGES))


def check_standards(
    records: "pd.DataFrame", standards: list[Standard] | None = None, *, at: datetime
) -> StandardsReport:
    """Judge service records by standards as they stood at a time.

    What happened after `at` has not happened. A step that is not done is broken once its limit has passed and not_due
    before; one that was done within the limit, to the second, is kept. `records` is the table service_records. Raises
    DataError for a reply or a close before the contact, and where there are no records.

    >>> import pandas as pd
    >>> opened = pd.Timestamp("2026-06-01 09:00")
    >>> record = {"record_id": ["S1", "S2"], "customer_id": "a", "agent": "A1", "channel": "phone", "kind": "question"}
    >>> times = {"opened_at": opened, "first_reply_at": opened + pd.to_timedelta([10, 11], unit="min")}
    >>> records = pd.DataFrame(record | times).assign(closed_at=pd.NaT)
    >>> report = check_standards(records, [Standard("", "", 10, 24)], at=datetime(2026, 6, 1, 12))
    >>> report.breaches[["record_id", "step", "took"]].values.tolist()
    [['S2', 'first_reply', 11.0]]
    >>> report.shares()[["step", "kept", "broken", "not_due"]].values.tolist()
    [['close', 0, 0, 2], ['first_reply', 1, 1, 0]]
    """
    import pandas as pd

    demand_records(records)
    moment = pd.Timestamp(at)
    there = records[records["opened_at"] <= moment].reset_index(drop=True)
    there = there.assign(agent=there.get("agent"))
    limit_of = limits(there, read_standards() if standards is None else standards)
    parts = []
    for step, (column, limit, seconds) in STEPS.items():
        if early := int((there[column] < there["opened_at"]).sum()):
            raise DataError("care_before", count=early, column=column)
        done = there[column] <= moment
        until = there[column].where(done, moment)
        spent = (until - there["opened_at"]).dt.total_seconds()
        allowed = limit_of[limit].astype("float64") * seconds
        state = (spent <= allowed).map({True: "kept", False: "broken"}).mask(~done & (spent <= allowed), "not_due")
        part = there[["record_id", "customer_id", "agent", "channel", "kind"]].assign(
            step=step, limit=limit_of[limit], took=spent / seconds, done=done, state=state
        )
        parts.append(part[allowed.notna()])
    judged = pd.concat(parts, ignore_index=True)
    without = int(limit_of.isna().all(axis="columns").sum())
    return StandardsReport(judged, at, without, len(records) - len(there))
