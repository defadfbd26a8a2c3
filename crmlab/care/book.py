"""The book of follow-up tasks: what is to be done, what is late, what came of it. It survives a re-run."""

import os
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.care.calendar import TASK
from crmlab.care.reach import marketing_states
from crmlab.errors import DataError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.pseudonym import Key

DONE = ("reached", "sent", "visited", "declined")
OUTCOMES = (*DONE, "no_answer")
"""What came of a try. After no_answer the task stays open; everything else closes it."""
OPTED_OUT = "opted_out"
"""Written by the book itself: the customer does not agree to marketing any more."""
COLUMNS = [*TASK, "outcome", "attempts", "done_on"]
FILE = "follow_up_tasks.csv"
BIRTHDAY = "customers.birthday"


@dataclass(repr=False)
class TaskBook:
    """Follow-up tasks with their outcomes, in a file of a folder of the shop's own, or in memory alone.

    `rows` has the shop's own customer numbers: the columns of `CareCalendar.due`, outcome (blank: no try so far),
    attempts, done_on (blank: open). What the methods give has pseudonyms, made with `key`.

    >>> import pandas as pd
    >>> task = dict.fromkeys(TASK, "x") | {"task_id": "t1", "due_on": pd.Timestamp("2026-06-10"), "purpose": "service"}
    >>> book = TaskBook.open()
    >>> book.add(pd.DataFrame([task])), book.add(pd.DataFrame([task]))
    (1, 0)
    >>> book.record("t1", "reached", on=date(2026, 6, 11))
    >>> len(book.to_do(date(2026, 6, 12), consents=pd.DataFrame()))
    0
    """

    rows: "pd.DataFrame"
    path: Path | None
    key: "Key | None"

    @classmethod
    def open(cls, folder: str | Path = "", *, key: "Key | None" = None) -> "TaskBook":
        """The book in a folder, empty where there is none yet; with an empty `folder` one that is not written."""
        import pandas as pd

        path = Path(folder) / FILE if folder else None
        if path and path.exists():
            rows = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8")
            if missing := [column for column in COLUMNS if column not in rows]:
                raise DataError("care_book_columns", file=FILE, columns=", ".join(missing))
        else:
            rows = pd.DataFrame(columns=COLUMNS, dtype="str")
        return cls(_typed(rows[COLUMNS]), path, key)

    def add(self, tasks: "pd.DataFrame") -> int:
        """Enter tasks such as `CareCalendar.due`; how many are new. Tasks that the book has stay as they are."""
        import pandas as pd

        new = tasks[~tasks["task_id"].isin(self.rows["task_id"])].drop_duplicates("task_id")
        if len(new):
            new = _typed(new.reindex(columns=COLUMNS).assign(attempts=0))
            self._write(pd.concat([self.rows, new], ignore_index=True) if len(self.rows) else new)
        return len(new)

    def record(self, task_id: str, outcome: str, *, on: date) -> None:
        """Enter what came of a try: reached, sent, visited, declined (all close the task), or no_answer.

        A customer who declines wants no more: enter that in the consent ledger as well. Raises ParameterError for
        another outcome; DataError for a task that the book does not have or that is closed already.
        """
        import pandas as pd

        if outcome not in OUTCOMES:
            raise ParameterError("choice", name="outcome", value=outcome, allowed=", ".join(OUTCOMES))
        own = self.rows["task_id"] == task_id
        if not own.any():
            raise DataError("care_no_task", task=task_id)
        if self.rows.loc[own, "done_on"].notna().any():
            raise DataError("care_task_done", task=task_id, outcome=self.rows.loc[own, "outcome"].item())
        rows = self.rows.copy()
        rows.loc[own, "outcome"] = outcome
        rows.loc[own, "attempts"] += 1
        if outcome in DONE:
            rows.loc[own, "done_on"] = pd.Timestamp(on)
        self._write(rows)

    def to_do(self, on: date, *, consents: "pd.DataFrame") -> "pd.DataFrame":
        """Open tasks due on the day or before, the oldest first, with days_late (0: due on the day).

        `consents` is the ledger with the shop's own numbers. Open marketing tasks of customers who withdrew by this
        day, and of those who do not agree where the task rests on consent, are closed as opted_out before anything is
        given. The day of a birthday is not told.
        """
        import pandas as pd

        self._close_opted_out(on, consents)
        day = pd.Timestamp(on)
        due = self.rows[self.rows["done_on"].isna() & (self.rows["due_on"] <= day)]
        due = due.assign(days_late=(day - due["due_on"]).dt.days.astype("Int64"))
        due = due.sort_values(["due_on", "occasion", "task_id"], ignore_index=True)
        born = due["evidence"] == BIRTHDAY
        due = due.assign(**{column: due[column].mask(born) for column in ("due_on", "days_late")})
        if self.key:
            due["customer_id"] = self.key.pseudonyms(due["customer_id"])
        return due.drop(columns="done_on")

    def summary(self, on: date) -> "pd.DataFrame":
        """By occasion: tasks = done + opted_out + past_due (open, due before the day) + to_come (open)."""
        import pandas as pd

        rows, is_open = self.rows, self.rows["done_on"].isna()
        late = is_open & (rows["due_on"] < pd.Timestamp(on))
        opted_out = rows["outcome"] == OPTED_OUT
        marked = rows.assign(
            tasks=1, done=~is_open & ~opted_out, opted_out=opted_out, past_due=late, to_come=is_open & ~late
        )
        columns = ["tasks", "done", "opted_out", "past_due", "to_come"]
        return marked.groupby("occasion", as_index=False)[columns].sum()

    def _close_opted_out(self, on: date, consents: "pd.DataFrame") -> None:
        import pandas as pd

        rows = self.rows
        marketing = rows["done_on"].isna() & (rows["purpose"] == "marketing")
        if not marketing.any():
            return
        states = rows["customer_id"].map(marketing_states(rows[marketing], consents, on=on))
        refused = marketing & ((states == "withdrawn") | ((states == "none") & (rows["ground"] != "call")))
        if refused.any():
            self._write(
                rows.assign(
                    outcome=rows["outcome"].mask(refused, OPTED_OUT),
                    done_on=rows["done_on"].mask(refused, pd.Timestamp(on)),
                )
            )

    def _write(self, rows: "pd.DataFrame") -> None:
        """Take the rows over; the file is replaced as a whole, so that a crash leaves the old one or the new one."""
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{FILE}")
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                rows.to_csv(file, index=False, lineterminator="\n", date_format="%Y-%m-%d")
            os.replace(name, self.path)
        self.rows = rows

    def __repr__(self) -> str:
        return f"TaskBook(tasks={len(self.rows)}, open={int(self.rows['done_on'].isna().sum())})"


def _typed(rows: "pd.DataFrame") -> "pd.DataFrame":
    texts = [column for column in COLUMNS if column not in ("due_on", "done_on", "attempts")]
    kinds = dict.fromkeys(texts, "str") | {"attempts": "int64"}
    return rows.astype(kinds | dict.fromkeys(("due_on", "done_on"), "datetime64[us]"))
