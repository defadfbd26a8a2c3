"""Trial samples before a launch: the largest spenders who agreed and can be reached, as many as there are samples."""

import datetime as dt
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.collect.consent import with_consent
from crmlab.collect.pseudonym import Key
from crmlab.columns import demand_columns
from crmlab.errors import DataError, ParameterError
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

BY = ("-monetary", "recency_days", "-frequency")
"""Who comes first: the largest net spend, then the most recent purchase, then the most orders."""
REASONS = ("none", "withdrawn", "no_address", "stock", "tie")


@dataclass(frozen=True, repr=False)
class SampleList:
    """Who gets a sample, who does not and why, and how the tie at the cut was resolved.

    Attributes
    ----------
    kept : pandas frame
        rank (from 1), the customer column, the columns of `by`, tied (whether the draw decided about this customer).
    listed : pandas frame
        The customer column, reason: none or withdrawn (no consent to marketing), no_address, stock (further down than
        the stock goes), tie (equal to the last one kept in every column of `by`, and the draw went against them).
    """

    product: str
    stock: int
    by: tuple[str, ...]
    kept: "pd.DataFrame"
    listed: "pd.DataFrame"

    def describe(self, lang: str = "zh") -> str:
        """Customers in = kept + listed, by reason, and what the draw decided."""
        kept, listed = len(self.kept), len(self.listed)
        counts = self.listed["reason"].value_counts()
        reasons = word("list.comma", lang).join(
            word("loyalty.counted", lang, what=word(f"loyalty.reason.{reason}", lang), count=int(counts[reason]))
            for reason in REASONS if reason in counts
        )  # fmt: skip
        said = word("loyalty.samples", lang, product=self.product, stock=self.stock, customers=kept + listed,
                    kept=kept, listed=listed)  # fmt: skip
        drawn, tied = int(self.kept["tied"].sum()), int(counts.get("tie", 0))
        lines = [said, word("loyalty.samples_listed", lang, reasons=reasons)] if reasons else [said]
        if tied:
            lines.append(word("loyalty.samples_tie", lang, tied=drawn + tied, drawn=drawn))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"{self.describe('zh')}\n{self.describe('en')}"


def sample_list(
    customers: "pd.DataFrame",
    stock: int,
    *,
    product: str,
    consents: "pd.DataFrame",
    on: dt.date,
    key: Key | None,
    address: str = "city",
    by: Iterable[str] = BY,
    customer: str = "customer_id",
) -> SampleList:
    """Who gets one of `stock` samples of a product.

    Parameters
    ----------
    customers : pandas frame
        One row per customer: the customer column, `address`, and the columns of `by`, such as `result.customers` with
        the city beside it.
    consents : pandas frame
        The consent ledger. Only who agreed to marketing and had not withdrawn on the day is looked at.
    address : str
        A column that is empty where nothing can be sent. Only whether it is empty is looked at, and the list does not
        have it.
    by : texts
        Columns of numbers, the most important first; a minus says that large comes first. Customers who are equal in
        all of them are drawn by the key and the product, so neither the order of rows nor that of ids decides.

    Raises ParameterError for a stock below 0, DataError for data without consents, addresses or a key, a customer who
    stands there twice, or a blank in the columns of `by` of somebody who could get a sample.

    >>> import pandas as pd
    >>> shop = pd.DataFrame({"customer_id": list("abc"), "monetary": [500, 900, 700], "recency_days": [3, 4, 5],
    ...     "frequency": [1, 1, 1], "city": ["上海", None, "成都"]})
    >>> consents = pd.DataFrame({"customer_id": list("abc"), "purpose": "marketing",
    ...     "given_on": pd.Timestamp("2026-01-01"), "withdrawn_on": pd.to_datetime([None] * 3)})
    >>> found = sample_list(shop, 1, product="P1", consents=consents, on=dt.date(2026, 6, 17), key=Key(b"doctest"))
    >>> found.kept["customer_id"].tolist(), found.listed.values.tolist()
    (['c'], [['a', 'stock'], ['b', 'no_address']])
    """
    import pandas as pd

    if key is None:
        raise DataError("loyalty_no_draw")
    by = tuple(by)
    columns = [name.removeprefix("-") for name in by]
    demand_columns({name: name for name in (customer, *columns)}, list(customers.columns))
    if consents.empty:
        raise DataError("loyalty_no_consents")
    if address not in customers:
        raise DataError("loyalty_no_address", column=address)
    if type(stock) is not int or stock < 0:
        raise ParameterError("loyalty_stock", value=repr(stock))
    if twice := int(customers[customer].duplicated().sum()):
        raise DataError("sending_twice", count=twice)
    asked = customers[[customer, address, *columns]].rename(columns={customer: "customer_id"})
    agreed = with_consent(asked, consents, purpose="marketing", on=on)
    there = agreed.kept[address].notna() & (agreed.kept[address].astype("str").str.strip() != "")
    reachable = agreed.kept[there].drop(columns=address)
    if blank := int(reachable[columns].isna().any(axis=1).sum()):
        raise DataError("loyalty_blank", columns=", ".join(columns), count=blank)
    text = reachable["customer_id"].astype("str")
    draw = [hmac.digest(key.secret, f"sample\0{product}\0{one}".encode(), "sha256").hex() for one in text]
    ranked = reachable.assign(draw=draw).sort_values(
        [*columns, "draw"], ascending=[*(not name.startswith("-") for name in by), True], ignore_index=True
    )
    cut = ranked.iloc[stock - 1 : stock][columns] if stock < len(ranked) else ranked.iloc[:0][columns]
    at_cut = (ranked[columns] == cut.squeeze(axis=0)).all(axis=1) if len(cut) else pd.Series(False, ranked.index)
    below = ranked.index >= stock
    ranked["tied"] = at_cut & bool((at_cut & below).any())
    beyond = ranked[below].assign(reason=ranked.loc[below, "tied"].map({True: "tie", False: "stock"}))
    parts = (agreed.refused, agreed.kept[~there].assign(reason="no_address"), beyond)
    listed = pd.concat([part[["customer_id", "reason"]] for part in parts]).sort_values(
        "customer_id", ignore_index=True
    )
    kept = ranked[~below].assign(rank=ranked.index[~below] + 1)[["rank", "customer_id", *columns, "tied"]]
    named = {"customer_id": customer}
    return SampleList(product, stock, by, kept.rename(columns=named), listed.rename(columns=named))
