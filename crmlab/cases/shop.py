"""A folder of tables in the words of another trade, read as tables of the house, and only with every consent asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.cases.case import Case, open_case
from crmlab.data import Shop, facts
from crmlab.errors import ParameterError
from crmlab.kinds import typed

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.consent import Consented


@dataclass(frozen=True)
class CaseShop(Shop):
    """A folder whose data.toml names a case. No row leaves it of customers who did not agree to all its purposes."""

    trade: Case

    @classmethod
    def open(cls, folder: Path, known: Mapping[str, Any], *, as_of: str = "", currency: str = "") -> "CaseShop":
        """The folder with what its data.toml says: `case`, a name or a TOML file beside it; `separate_consent`; and
        [tables] and [columns] where they differ from those of the case.

        Raises ParameterError when a case with sensitive data lacks `separate_consent = true` or the table of consents.
        """
        name = known["case"]
        case = open_case(folder / name if name.endswith(".toml") else name).named_in(known)
        shop = cls(folder=folder, trade=case, **facts(folder.name, known, as_of=as_of, currency=currency))
        if case.separate and known.get("separate_consent") is not True:
            raise ParameterError("case_no_flag", folder=folder.name, purposes=", ".join(case.purposes))
        if case.separate and not shop.has("consents"):
            raise ParameterError("case_no_ledger", folder=folder.name, purposes=", ".join(case.purposes))
        return shop

    @property
    def case(self) -> Case:
        return self.trade

    @property
    def files(self) -> list[Path]:
        """None: a customer base is built from tables of the house."""
        return []

    def read_personal(self, name: str) -> "pd.DataFrame":
        frame = super().read_personal(name)
        if name == "consents" or "customer_id" not in frame or not self.has("consents"):
            return frame
        return frame[frame["customer_id"].isin(self._agreed)].reset_index(drop=True)

    @cached_property
    def order_lines_by_consent(self) -> "Consented":
        """Order lines of customers who agreed to every purpose; of the others the customer and the reason alone."""
        import pandas as pd

        from crmlab.collect.consent import Consented, with_consent

        kept = self._under_pseudonyms(self._joined_lines())
        if not self.has("consents"):
            return Consented(kept, kept.iloc[:0].assign(reason=""))
        refused = []
        for purpose in self.case.purposes:
            found = with_consent(kept, self.table("consents"), purpose=purpose, on=self.as_of)
            kept = found.kept
            refused.append(found.refused[["customer_id", "reason"]])
        return Consented(kept, pd.concat(refused, ignore_index=True))

    @cached_property
    def _agreed(self) -> set[str]:
        from crmlab.collect.consent import with_consent

        ledger = self._read("consents")
        agreed = ledger[["customer_id"]].drop_duplicates()
        for purpose in self.case.purposes:
            agreed = with_consent(agreed, ledger, purpose=purpose, on=self.as_of).kept
        return set(agreed["customer_id"])

    @property
    def _shown(self) -> set[str]:
        return super()._shown | {criterion.column for criterion in self.case.criteria}

    def _path(self, table: str) -> Path | None:
        return super()._path(self.case.tables.get(table, table))

    def _read(self, table: str) -> "pd.DataFrame":
        import pandas as pd

        frame = super()._read(table)
        frame = typed(table, frame.rename(columns={theirs: ours for ours, theirs in self.case.names.items()}))
        return frame.assign(refund=pd.to_numeric(frame["refund"])) if "refund" in frame else frame
