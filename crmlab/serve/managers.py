"""Account managers: each customer of the list has one, nobody has more customers than he can serve."""

import heapq
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmlab.columns import demand_columns
from crmlab.errors import DataError
from crmlab.grouping.lifecycle import demand_same_ids
from crmlab.serve.allot import queue
from crmlab.serve.signs import LEVELS
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Managed:
    """`table` has customer_id, manager and kept_manager (had this one before), `waiting` customer_id and queue_place
    (1 is next), `load` manager, capacity, customers, kept_manager. Customers in = table + waiting + `not_agreed` (who
    agreed to no profiling and are served by the team)."""

    table: "pd.DataFrame"
    waiting: "pd.DataFrame"
    load: "pd.DataFrame"
    not_agreed: int = field(default=0)

    def describe(self, lang: str = "zh") -> str:
        """Who has a manager, who waits, in words."""
        counts = {"customers": len(self.table), "managers": len(self.load), "waiting": len(self.waiting)}
        kept = int(self.table["kept_manager"].sum())
        return word("serve.managed", lang, **counts, kept=kept, not_agreed=self.not_agreed)


def assign_managers(
    customers: "pd.DataFrame",
    managers: "pd.DataFrame",
    *,
    agreed: Collection | None,
    previous: "pd.DataFrame | None" = None,
) -> Managed:
    """An account manager for each customer, as far as the capacities go.

    `customers` has the customer in its first column, value_tier and monetary (minor units), as `value_tiers` gives
    them: usually the rows of high value. `managers` has manager (a code) and capacity (customers). `previous` is the
    table of the last run: who has a manager keeps him while he is there and has room. The others go by tier, then
    money, then a hash of the id, each to the manager with the smallest number of customers among those with room. So
    new customers do not push old ones out, and the same tables give the same result. `agreed` is as in `make_plan`.

    Raises DataError for a missing column, a customer or manager who stands there twice, and a capacity that is no whole
    number from 0.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"customer_id": list("abcd"), "value_tier": "high", "monetary": [4, 3, 2, 1]})
    >>> found = assign_managers(people, pd.DataFrame({"manager": ["M1", "M2"], "capacity": [2, 1]}), agreed=None)
    >>> found.table[["customer_id", "manager"]].values.tolist(), found.waiting["customer_id"].tolist()
    ([['a', 'M1'], ['b', 'M2'], ['c', 'M1']], ['d'])
    """
    import pandas as pd

    demand_columns({"value_tier": "value_tier", "monetary": "monetary"}, list(customers.columns))
    capacity = _capacities(managers)
    ids = customers.iloc[:, 0]
    if twice := int(ids.duplicated().sum()):
        raise DataError("customer_twice", count=twice)
    part = customers if agreed is None else customers[ids.isin(list(agreed))]
    tier = part["value_tier"].map({level: place for place, level in enumerate(LEVELS)}).fillna(-1).to_numpy()
    ordered = part.iloc[queue(part.iloc[:, 0], tier, part["monetary"], "manager")].iloc[:, 0]
    if previous is not None:
        demand_columns({"customer_id": "customer_id", "manager": "manager"}, list(previous.columns))
        demand_same_ids(previous["customer_id"], ids)
    before = {} if previous is None else dict(zip(previous["customer_id"], previous["manager"], strict=True))
    found, load = {}, dict.fromkeys(capacity, 0)
    for customer in ordered:
        manager = before.get(customer)
        if manager in capacity and load[manager] < capacity[manager]:
            found[customer] = manager
            load[manager] += 1
    kept = set(found)
    room = [(count, manager) for manager, count in load.items() if count < capacity[manager]]
    heapq.heapify(room)
    waiting = []
    for customer in ordered:
        if customer in kept:
            continue
        if not room:
            waiting.append(customer)
            continue
        count, manager = heapq.heappop(room)
        found[customer] = manager
        if count + 1 < capacity[manager]:
            heapq.heappush(room, (count + 1, manager))
    table = pd.DataFrame({"customer_id": pd.Series(list(found), dtype=ids.dtype), "manager": list(found.values())})
    table["kept_manager"] = table["customer_id"].isin(list(kept))
    table = table.sort_values("customer_id", ignore_index=True)
    counts = table.groupby("manager").agg(customers=("customer_id", "size"), kept_manager=("kept_manager", "sum"))
    full = pd.DataFrame({"manager": list(capacity), "capacity": list(capacity.values())}).set_index("manager")
    return Managed(
        table,
        pd.DataFrame({"customer_id": pd.Series(waiting, dtype=ids.dtype), "queue_place": range(1, len(waiting) + 1)}),
        full.join(counts).fillna(0).astype("int64").reset_index(),
        len(customers) - len(part),
    )


def _capacities(managers: "pd.DataFrame") -> dict[str, int]:
    from pandas.api.types import is_integer_dtype

    demand_columns({"manager": "manager", "capacity": "capacity"}, list(managers.columns))
    capacity = managers["capacity"]
    if not is_integer_dtype(capacity) or capacity.isna().any() or (capacity < 0).any():
        raise DataError("serve_manager_capacity")
    if twice := managers.loc[managers["manager"].duplicated(), "manager"].tolist():
        raise DataError("serve_manager_twice", manager=twice[0])
    ordered = managers.sort_values("manager")
    return dict(zip(ordered["manager"], ordered["capacity"].astype(int), strict=True))
