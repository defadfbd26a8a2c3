"""Consent is enforced where data are used: no consent for the purpose, no row."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

PURPOSES = ("analysis", "survey", "profiling", "marketing")


@dataclass(frozen=True)
class Consented:
    """Rows in = rows `kept` + rows `refused`; `refused` names its reason in the column `reason`."""

    kept: "pd.DataFrame"
    refused: "pd.DataFrame"

    def balance(self, lang: str = "zh") -> str:
        """Rows in = rows kept + rows refused, in words."""
        kept, refused = len(self.kept), len(self.refused)
        return word("consent.balance", lang, rows=kept + refused, kept=kept, refused=refused)


def with_consent(rows: "pd.DataFrame", consents: "pd.DataFrame", *, purpose: str, on: date) -> Consented:
    """The rows of customers who agreed to `purpose` and had not withdrawn on the day, and those of all others.

    `rows` has a column customer_id; `consents` has customer_id, purpose, given_on and withdrawn_on (empty while in
    force). The reason of a refused row is "none" (never given by that day) or "withdrawn". An empty ledger is no
    yes: all are refused.

    >>> import pandas as pd
    >>> consents = pd.DataFrame({"customer_id": ["a"], "purpose": ["survey"], "withdrawn_on": pd.to_datetime([None])})
    >>> consents["given_on"] = pd.Timestamp("2026-01-01")
    >>> asked = pd.DataFrame({"customer_id": ["a", "b"]})
    >>> found = with_consent(asked, consents, purpose="survey", on=date(2026, 6, 17))
    >>> found.kept["customer_id"].tolist(), found.refused.to_dict("records")
    (['a'], [{'customer_id': 'b', 'reason': 'none'}])
    """
    import pandas as pd

    day = pd.Timestamp(on)
    given = consents[(consents["purpose"] == purpose) & (consents["given_on"] <= day)]
    in_force = given[given["withdrawn_on"].isna() | (given["withdrawn_on"] > day)]
    agreed = rows["customer_id"].isin(in_force["customer_id"])
    withdrawn = rows["customer_id"].isin(given["customer_id"])
    refused = rows[~agreed].assign(reason=withdrawn[~agreed].map({True: "withdrawn", False: "none"}))
    return Consented(rows[agreed].reset_index(drop=True), refused.reset_index(drop=True))


def consent_overview(customers: "pd.DataFrame", consents: "pd.DataFrame", *, on: date) -> "pd.DataFrame":
    """How many customers agreed to each purpose, withdrew, or never agreed: purpose, agreed, withdrawn, none."""
    import pandas as pd

    rows = []
    for purpose in PURPOSES:
        found = with_consent(customers[["customer_id"]], consents, purpose=purpose, on=on)
        reasons = found.refused["reason"].value_counts()
        rows.append((purpose, len(found.kept), int(reasons.get("withdrawn", 0)), int(reasons.get("none", 0))))
    return pd.DataFrame(rows, columns=["purpose", "agreed", "withdrawn", "none"])
