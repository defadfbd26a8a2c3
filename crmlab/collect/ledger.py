"""The consent ledger: who agreed to which purpose, to which text, how, when, and withdrew when."""

from datetime import date
from typing import TYPE_CHECKING

from crmlab.collect.base import CustomerBase, transaction
from crmlab.collect.consent import check_purpose
from crmlab.errors import DataError, ParameterError
from crmlab.tables import TABLES
from crmlab.tables.codes import CODES

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

COLUMNS = tuple(column.name for column in TABLES["consents"].columns)
ENTRIES = "SELECT given_on, withdrawn_on FROM consents WHERE customer_id = ? AND purpose = ?"
GIVE = "INSERT INTO consents (customer_id, purpose, text_version, method, given_on) VALUES (?, ?, ?, ?, ?)"
WITHDRAW = "UPDATE consents SET withdrawn_on = ? WHERE customer_id = ? AND purpose = ? AND withdrawn_on IS NULL"


class Ledger:
    """The consents of a frame (the table consents) or of a customer base.

    What was entered stays: consenting again adds a row, and withdrawing fills withdrawn_on of the rows in force. So
    the state on any earlier day remains what it was, and what was done with consent on that day stays valid. With a
    frame, the ledger works on a copy, `rows`; with a base, it writes to the base at once.

    >>> ledger = Ledger(no_consents())
    >>> ledger.give("C0001", "survey", text_version="v1", method="web_form", on=date(2026, 1, 5))
    >>> ledger.withdraw("C0001", "survey", on=date(2026, 3, 1))
    >>> [ledger.state("C0001", "survey", on=date(2026, month, 1)) for month in (1, 2, 3)]
    ['none', 'agreed', 'withdrawn']
    """

    def __init__(self, consents: "pd.DataFrame | CustomerBase"):
        self._base = consents if isinstance(consents, CustomerBase) else None
        self._rows = None if self._base else consents.copy()

    @property
    def rows(self) -> "pd.DataFrame":
        """The table consents as it stands, as `with_consent` takes it."""
        return self._base.read("consents") if self._base else self._rows.copy()

    def history(self, customer_id: str) -> "pd.DataFrame":
        """All that one customer agreed to and withdrew, by purpose and date."""
        rows = self.rows
        own = rows[rows["customer_id"] == customer_id]
        return own.sort_values(["purpose", "given_on"], ignore_index=True)

    def state(self, customer_id: str, purpose: str, *, on: date) -> str:
        """What holds on a day, "agreed", "withdrawn" or "none": a consent ends on the day of its withdrawal."""
        import pandas as pd

        given = self._entries(customer_id, purpose)
        given = given[given["given_on"] <= pd.Timestamp(on)]
        if given.empty:
            return "none"
        in_force = given["withdrawn_on"].isna() | (given["withdrawn_on"] > pd.Timestamp(on))
        return "agreed" if in_force.any() else "withdrawn"

    def give(self, customer_id: str, purpose: str, *, text_version: str, method: str, on: date) -> None:
        """Enters that a customer agreed to a purpose: to which version of the text, by web_form, paper or phone.

        Raises ParameterError for an unknown purpose or method; DataError for an empty version of the text, for a
        customer that the base does not have, and for a day on or before which later consents or withdrawals of this
        purpose are entered already: history is not rewritten.
        """
        import pandas as pd

        check_purpose(purpose)
        if method not in CODES["method"]:
            raise ParameterError("choice", name="method", value=method, allowed=", ".join(CODES["method"]))
        if not text_version.strip():
            raise DataError("consent_no_text")
        entries = self._entries(customer_id, purpose)
        day = pd.Timestamp(on)
        if (entries["given_on"] >= day).any() or (entries["withdrawn_on"] > day).any():
            last = entries[["given_on", "withdrawn_on"]].max(axis=None)
            raise DataError("consent_rewrites", day=on, last=pd.Timestamp(last).date())
        if self._base is None:
            row = pd.DataFrame([(customer_id, purpose, text_version, method, day, pd.NaT)], columns=list(COLUMNS))
            self._rows = pd.concat([self._rows, row.astype(self._rows.dtypes[list(COLUMNS)])], ignore_index=True)
        elif self._execute("SELECT 1 FROM customers WHERE customer_id = ?", customer_id).fetchone():
            with transaction(self._base.connection):
                self._execute(GIVE, customer_id, purpose, text_version, method, on)
                self._base.note("consent", "consents", 1, on=on)
        else:
            raise DataError("no_such_customer")

    def withdraw(self, customer_id: str, purpose: str, *, on: date) -> None:
        """Enters that a customer takes a consent back; from that day on it does not hold.

        Withdrawing again changes nothing: the first day stands. Raises ParameterError for an unknown purpose, and
        DataError when it was never given or was given after that day.
        """
        import pandas as pd

        check_purpose(purpose)
        entries = self._entries(customer_id, purpose)
        if entries.empty:
            raise DataError("consent_never_given")
        if (entries["given_on"] > pd.Timestamp(on)).any():
            raise DataError("consent_withdrawn_early", day=on, given=entries["given_on"].max().date())
        in_force = entries.index[entries["withdrawn_on"].isna()]
        if self._base is None:
            self._rows.loc[in_force, "withdrawn_on"] = pd.Timestamp(on)
        elif len(in_force):
            with transaction(self._base.connection):
                self._execute(WITHDRAW, on, customer_id, purpose)
                self._base.note("withdraw", "consents", len(in_force), on=on)

    def _entries(self, customer_id: str, purpose: str) -> "pd.DataFrame":
        if self._base:
            return self._execute(ENTRIES, customer_id, purpose).df()
        rows = self._rows
        return rows[(rows["customer_id"] == customer_id) & (rows["purpose"] == purpose)]

    def _execute(self, statement: str, *values: object) -> "duckdb.DuckDBPyConnection":
        return self._base.connection.execute(statement, values)


def no_consents() -> "pd.DataFrame":
    """An empty table consents to begin a ledger with."""
    from crmlab.kinds import empty

    return empty("consents")
