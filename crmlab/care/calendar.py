"""The care calendar: whom to greet or to ask how things are, on which day, by which way, and why."""

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.care.due import falling_due, open_complaints
from crmlab.care.occasions import LEAP_DAYS, Occasion, read_occasions
from crmlab.care.reach import CONTACTS, marketing_states, open_ways
from crmlab.errors import DataError, ParameterError
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.pseudonym import Key
    from crmlab.data import Shop

TASK = ["task_id", "customer_id", "due_on", "occasion", "channel", "purpose", "ground", "evidence"]
LISTED = ["customer_id", "due_on", "occasion", "purpose", "reason"]
FIELDS = ["customer_id", "birthday", "phone", "email", "city"]
FILE = "care_calendar.csv"


@dataclass(frozen=True, repr=False)
class CareCalendar:
    """Occasions in = tasks + listed. It shows itself without personal data.

    Attributes
    ----------
    due : frame with the shop's own customer numbers and exact days, for the shop's own work: task_id, customer_id,
        due_on, occasion, channel (sms, email, phone, visit), purpose (marketing, service), ground (what the contact
        rests on: consent, contract, or call: a call that the shop allows itself), evidence
    listed : the occasions without a task, in the same way: customer_id, due_on, occasion, purpose, reason (no_birthday,
        none: never agreed, withdrawn, open_complaint, suppressed, no_contact)
    missing : the occasions that cannot fall due, by key, with the table that the data do not have
    """

    due: "pd.DataFrame"
    listed: "pd.DataFrame"
    missing: Mapping[str, str]
    occasions: tuple[Occasion, ...]
    on: dt.date
    until: dt.date
    leap_day: str
    contacts: "pd.DataFrame"
    key: "Key | None"

    @property
    def tasks(self) -> "pd.DataFrame":
        """The tasks with pseudonyms, for people to look at. A birthday has its week (the Monday) and no day."""
        return self._shown(self.due.drop(columns="task_id"))

    def told(self, lang: str = "zh") -> "pd.DataFrame":
        """`tasks` with the occasions in words."""
        return self.tasks.assign(occasion=lambda rows: self._titles(rows, lang))

    @property
    def left_out(self) -> "pd.DataFrame":
        """`listed` with pseudonyms and without the days of birthdays."""
        return self._shown(self.listed)

    def _shown(self, rows: "pd.DataFrame") -> "pd.DataFrame":
        born = {one.key for one in self.occasions if one.when == "birthday"}
        shown = rows.assign(due_on=rows["due_on"].mask(rows["occasion"].isin(born)))
        shown.insert(1, "week", monday(rows["due_on"]))
        if self.key:
            shown["customer_id"] = self.key.pseudonyms(rows["customer_id"])
        return shown.sort_values(["week", "occasion", "customer_id"], ignore_index=True)

    def weeks(self, lang: str = "zh") -> "pd.DataFrame":
        """Tasks by week and occasion: week (its Monday), occasion (in words), channel, tasks."""
        weeks = self.due.assign(week=monday(self.due["due_on"]), occasion=self._titles(self.due, lang))
        return weeks.groupby(["week", "occasion", "channel"], as_index=False).agg(tasks=("task_id", "size"))

    def reasons(self, lang: str = "zh") -> "pd.DataFrame":
        """Why there is no task, by occasion (in words) and reason: occasion, reason, customers."""
        rows = self.listed.assign(occasion=self._titles(self.listed, lang))
        counted = rows.groupby(["occasion", "reason"], as_index=False).agg(customers=("customer_id", "nunique"))
        return counted.sort_values(
            ["customers", "occasion", "reason"], ascending=[False, True, True], ignore_index=True
        )

    def describe(self, lang: str = "zh") -> str:
        """From when to when, occasions = tasks + listed, the rule for 29 February, and what is missing."""
        numbers = {"tasks": len(self.due), "listed": len(self.listed), "all": len(self.due) + len(self.listed)}
        told = [word("care.balance", lang, on=self.on, until=self.until, leap_day=self.leap_day, **numbers)]
        titles = {one.key: one.title[lang] for one in self.occasions}
        for key, table in self.missing.items():
            told.append(word("care.missing", lang, occasion=titles[key], table=word(f"table.{table}", lang)))
        return "\n".join(told)

    def __repr__(self) -> str:
        return f"{self.describe('zh')}\n{self.describe('en')}"

    def save(self, folder: str | Path, lang: str = "zh") -> Path | None:
        """Write the full list, with contacts, names and exact days, to care_calendar.csv in a folder of the shop's own.

        For the shop's own work: the file holds personal data. With an empty `folder` nothing is written.
        """
        from crmlab.handover.cells import guarded, texts
        from crmlab.handover.files import write_grid

        if not folder:
            return None
        people = self.contacts.set_index("customer_id")
        rows = self.due.assign(occasion=self._titles(self.due, lang), name=self.due["customer_id"].map(people["name"]))
        columns = rows["channel"].map({**CONTACTS, "phone": "phone", "visit": "city"})
        rows["contact"] = None
        for column in columns.unique():
            rows["contact"] = rows["contact"].mask(columns == column, rows["customer_id"].map(people[column]))
        for column in ("channel", "purpose"):
            rows[column] = [word(f"care.{column}.{code}", lang) for code in rows[column]]
        order = ["due_on", "occasion", "channel", "customer_id", "name", "contact", "purpose", "evidence", "task_id"]
        rows = rows[order].sort_values(["due_on", "occasion", "customer_id"])
        grid = rows.assign(**{column: guarded(texts(rows[column], "text"), "text") for column in order[1:]})
        grid["due_on"] = texts(rows["due_on"], "date")
        grid = grid.rename(columns=lambda column: word(f"column.{column}", lang))
        path = Path(folder) / FILE
        write_grid(grid, dict.fromkeys(grid.columns, "text"), path, "utf-8-sig")
        return path

    def _titles(self, rows: "pd.DataFrame", lang: str) -> "pd.Series":
        return rows["occasion"].map({one.key: one.title[lang] for one in self.occasions}).astype("str")


def monday(days: "pd.Series") -> "pd.Series":
    """The Monday of each day's week."""
    import pandas as pd

    return days - pd.to_timedelta(days.dt.day_of_week, unit="D")


def care_calendar(
    shop: "Shop",
    *,
    on: dt.date,
    until: dt.date,
    rules: str | Path | None = None,
    only: tuple[str, ...] = (),
    leap_day: str = "02-28",
    greeting_calls: bool = False,
    visit_cities: Collection[str] = (),
) -> CareCalendar:
    """Every occasion that falls due from `on` to `until`, both included, as a task or listed with the reason.

    Parameters
    ----------
    shop : the data; customers, consents, deliveries, orders, service_records, suppressions and calls are read inside
        with their real numbers, and none of that is shown
    on : the day of planning. Consent, suppression and open complaints are those of this day; what sends a message later
        asks for consent again
    rules : a TOML file like crmlab/care/occasions.toml; without it, that one
    only : keys of occasions; without them, all
    leap_day : "02-28" or "03-01", where a birthday on 29 February is kept in other years
    greeting_calls : whether a person may call customers who were never asked about marketing. Those who withdrew get
        no marketing by any way
    visit_cities : codes of cities where somebody can visit

    Marketing (greetings, offers, regular follow-ups) goes to customers with consent to marketing and without an open
    complaint, by the first open way of the occasion. Service (after a delivery, a large order, a complaint) needs no
    consent to marketing. Raises ParameterError for a period that ends before it begins, another leap_day, or an unknown
    occasion; DataError without a table of customers and for a rule file that cannot be.

    >>> from crmlab import check_settings, open_data
    >>> shop = open_data(check_settings(data="teaching"))
    >>> found = care_calendar(shop, on=shop.as_of, until=dt.date(2026, 6, 30), only=("dragon_boat",))
    >>> found.tasks["due_on"].dt.date.unique().tolist(), sorted(set(found.tasks["channel"]))
    ([datetime.date(2026, 6, 19)], ['email', 'sms'])
    """
    import pandas as pd

    if until < on:
        raise ParameterError("care_period", on=on, until=until)
    if leap_day not in LEAP_DAYS:
        raise ParameterError("choice", name="leap_day", value=leap_day, allowed=", ".join(LEAP_DAYS))
    occasions = read_occasions(rules, only=only)
    if not shop.has("customers"):
        raise DataError("care_no_customers")
    people = shop.read_personal("customers").reindex(columns=[*FIELDS, "name"])
    people = people.sort_values("customer_id", ignore_index=True)
    missing = {one.key: one.table for one in occasions if one.table and not shop.has(one.table)}
    parts = [
        falling_due(shop, people, one, on=on, until=until, leap_day=leap_day)
        for one in occasions
        if one.key not in missing
    ]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=LISTED).astype("str")
    rows["purpose"] = rows["occasion"].map({one.key: one.purpose for one in occasions})
    states = marketing_states(people, shop.read_personal("consents"), on=on)
    ways = open_ways(shop, people, on=on, visit_cities=visit_cities)
    decided = _decide(rows, occasions, states, ways, open_complaints(shop, on=on), greeting_calls)
    decided = decided.sort_values(["due_on", "occasion", "customer_id"], ignore_index=True)
    due, listed = decided[decided["reason"].isna()], decided[decided["reason"].notna()]
    due = due.assign(task_id=_task_ids(due))
    return CareCalendar(
        due[TASK].reset_index(drop=True), listed[LISTED].reset_index(drop=True), missing, tuple(occasions), on, until,
        leap_day, people, shop.key,
    )  # fmt: skip


def _decide(
    rows: "pd.DataFrame",
    occasions: list[Occasion],
    states: "pd.Series",
    ways: "pd.DataFrame",
    complaining: "pd.Series",
    greeting_calls: bool,
) -> "pd.DataFrame":
    """The rows with channel and ground, or with a reason."""
    import numpy as np
    import pandas as pd

    state = rows["customer_id"].map(states)
    marketing = rows["purpose"] == "marketing"
    allowed = ~marketing | (state == "agreed")
    by_call = marketing & (state == "none") & greeting_calls
    there = ways.reindex(rows["customer_id"]).set_axis(rows.index)
    channel = pd.Series(None, index=rows.index, dtype="str")
    for occasion in occasions:
        own = rows["occasion"] == occasion.key
        for way in occasion.ways:
            channel = channel.mask(own & allowed & there[way] & channel.isna(), way)
    channel = channel.mask(by_call & there["phone"], "phone")
    reasons = [
        (rows["due_on"].isna(), "no_birthday"),
        (marketing & rows["customer_id"].isin(complaining), "open_complaint"),
        (~allowed & ~by_call & (state == "withdrawn"), "withdrawn"),
        (~allowed & ~by_call, "none"),
        (channel.isna() & there["suppressed"] & ~by_call, "suppressed"),
        (channel.isna(), "no_contact"),
    ]
    reason = np.select([found for found, _ in reasons], [name for _, name in reasons], default="")
    ground = np.select([~marketing, by_call], ["contract", "call"], default="consent")
    reason = pd.Series(reason, index=rows.index, dtype="str")
    return rows.assign(channel=channel, ground=ground, reason=reason.mask(reason == ""))


def _task_ids(due: "pd.DataFrame") -> list[str]:
    """The same task has the same id in every run, whoever stands beside it in the list."""
    keys = due["occasion"] + "\0" + due["customer_id"] + "\0" + due["due_on"].dt.strftime("%Y-%m-%d")
    return [hashlib.sha256(key.encode()).hexdigest()[:12] for key in keys]
