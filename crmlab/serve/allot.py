"""Who gets which service: what applies, what is declined or forbidden, and who goes first where there is not enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.serve.catalogue import EVERYBODY, OTHERWISE, Service
from crmlab.serve.signs import LEVELS, Signs, kind_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

NOT_CONCERNED, GIVEN, WAITING, DECLINED, NEVER_FOR, NEVER_WITH = range(6)
STATUS = {GIVEN: "given", WAITING: "waiting", DECLINED: "declined", NEVER_FOR: "never_for", NEVER_WITH: "never_with"}


@dataclass(frozen=True)
class Allotment:
    """For each service the status of every customer (an array of small integers), and for those with a capacity the
    place in the queue (from 1 in the order in which it was filled; 0 for those not concerned)."""

    services: tuple[Service, ...]
    status: Mapping[str, "np.ndarray"]
    place: Mapping[str, "np.ndarray"]

    def count(self, service: Service, status: int) -> int:
        return int((self.status[service.service_id] == status).sum())

    @property
    def cost(self) -> int:
        """What all services that were given cost, in minor units."""
        return sum(service.cost * self.count(service, GIVEN) for service in self.services)


def allot(signs: Signs, services: tuple[Service, ...], customers: "pd.Series", monetary: "pd.Series") -> Allotment:
    """Go through the services by priority; a service with a capacity fills up in the order of `queue`.

    A need that was declined takes away every service that would serve it. Of two services that cannot be had together
    the one that goes first stays. Who only waits for a service has not got it, and may get the other.
    """
    import numpy as np

    status: dict[str, np.ndarray] = {}
    place: dict[str, np.ndarray] = {}
    somehow = np.zeros(signs.n, dtype=bool)
    forbidden: dict[str, set[str]] = {}
    for service in services:
        for other in service.never_with:
            forbidden.setdefault(service.service_id, set()).add(other)
            forbidden.setdefault(other, set()).add(service.service_id)
    for service in services:
        name = service.service_id
        if service.applies == (EVERYBODY,):
            status[name] = np.full(signs.n, GIVEN, dtype="int8")
            continue
        if service.applies == (OTHERWISE,):
            continue
        applies = np.ones(signs.n, dtype=bool)
        for codes in service.conditions:
            applies = applies & signs.any_of(codes)
        own = np.where(applies, GIVEN, NOT_CONCERNED).astype("int8")
        clash = [other for other in sorted(forbidden.get(name, ())) if other in status]
        for other in clash:
            own[applies & (status[other] == GIVEN)] = NEVER_WITH
        if service.never_for:
            own[applies & signs.any_of(service.never_for)] = NEVER_FOR
        if declined := [f"declined.{code.partition('.')[2]}" for code in service.applies if kind_of(code) == "need"]:
            own[applies & signs.any_of(declined)] = DECLINED
        if service.capacity is not None:
            place[name] = _filled(own, service, signs, customers, monetary)
        status[name] = own
        somehow |= own == GIVEN
    for service in services:
        if service.applies == (OTHERWISE,):
            status[service.service_id] = np.where(somehow, NOT_CONCERNED, GIVEN).astype("int8")
    return Allotment(services, status, place)


def _filled(
    own: "np.ndarray", service: Service, signs: Signs, customers: "pd.Series", monetary: "pd.Series"
) -> "np.ndarray":
    """The places in the queue; who stands behind the capacity waits."""
    import numpy as np

    wanting = np.flatnonzero(own == GIVEN)
    tier = sum((rank + 1) * signs.any_of([f"tier.{level}"]) for rank, level in enumerate(LEVELS))
    ordered = wanting[queue(customers.iloc[wanting], tier[wanting], monetary.iloc[wanting], service.service_id)]
    place = np.zeros(signs.n, dtype="int64")
    place[ordered] = np.arange(1, len(ordered) + 1)
    own[ordered[service.capacity :]] = WAITING
    return place


def queue(customers: "pd.Series", tier: "np.ndarray", monetary: "pd.Series", of: str) -> "np.ndarray":
    """Who goes first: the higher tier, then more money, then a hash of the id and of what is queued for.

    Gives the positions in their order. The hash only breaks ties; it is the same on every run, favours nobody, and with
    another service another customer goes first.

    >>> import pandas as pd
    >>> queue(pd.Series(["a", "b", "c"]), pd.Series([1, 3, 3]).to_numpy(), pd.Series([9, 5, 7]), "x").tolist()
    [2, 1, 0]
    """
    import numpy as np
    import pandas as pd

    chance = pd.util.hash_array((customers.astype("str") + "/" + of).to_numpy("object"), categorize=False)
    return np.lexsort((chance, -monetary.to_numpy("int64"), -np.asarray(tier)))
