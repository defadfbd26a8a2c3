"""What became of each request, without contacts and bodies."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

DECISIONS = ("written", "held", "refused", "already")
COLUMNS = ("customer_id", "template", "channel", "decision", "reason", "detail", "until", "message")


@dataclass(frozen=True)
class Report:
    """`decisions` has a row for each request in its order: customer_id (pseudonym), template, channel, decision
    (written, held, refused, already), reason, detail (which purpose, variable or kind of suppression), until (the
    moment to which it is held, by the recipient's clock) and message (its number). `folder` is the folder of this run,
    relative to the outbox; empty where nothing new was decided.
    """

    decisions: "pd.DataFrame"
    folder: str

    def __repr__(self) -> str:
        return f"Report({', '.join(f'{name}={count}' for name, count in self.counts.items())})"

    @property
    def counts(self) -> dict[str, int]:
        """How many requests were written, held, refused, and known already."""
        found = self.decisions["decision"].value_counts()
        return {name: int(found.get(name, 0)) for name in DECISIONS}

    def summary(self) -> "pd.DataFrame":
        """Requests by channel, decision and reason: channel, decision, reason, requests."""
        import pandas as pd

        keys = ["channel", "decision", "reason"]
        order = pd.Categorical(self.decisions["decision"], DECISIONS)
        counted = self.decisions.assign(order=order).groupby(
            ["channel", "order", *keys[1:]], dropna=False, observed=True
        )
        return counted.size().rename("requests").reset_index()[[*keys, "requests"]]

    def balance(self, lang: str = "zh") -> str:
        """Requests = written + held + refused + known already, in words."""
        return word("outbox.balance", lang, requests=len(self.decisions), **self.counts)
