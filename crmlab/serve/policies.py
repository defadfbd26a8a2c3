"""Three policies for customers of low value, side by side. None of them excludes anybody."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from crmlab.serve.allot import GIVEN
from crmlab.serve.catalogue import POLICIES, Catalogue
from crmlab.serve.making import make_plan

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM


def compare_policies(
    result: "RFM",
    features: "Iterable[pd.DataFrame]",
    catalogue: Catalogue,
    *,
    agreed: Collection | None,
    lang: str = "zh",
) -> "pd.DataFrame":
    """What each policy for customers of low value comes to, all else being equal; parameters as for `make_plan`.

    One row per policy: low_value_policy, service (what the policy gives), customers (whom it concerns: the same in each
    row), policy_cost (of that service), planned (services of all kinds for all customers), cost (of all of these; both
    in minor units of the catalogue's currency), excluded (customers without a way to a person: 0).
    """
    import numpy as np
    import pandas as pd

    given = list(features)
    rows = []
    for policy in POLICIES:
        found = make_plan(result, given, catalogue, agreed=agreed, policy=policy, lang=lang).allotment
        own = [one for one in found.services if one.policy]
        concerned = [found.status[one.service_id] == GIVEN for one in own]
        ways = [found.status[one.service_id] == GIVEN for one in found.services if one.person]
        rows.append({
            "low_value_policy": policy,
            "service": " / ".join(one.title[lang] for one in own),
            "customers": int(np.logical_or.reduce(concerned).sum()) if own else 0,
            "policy_cost": sum(one.cost * found.count(one, GIVEN) for one in own),
            "planned": sum(found.count(one, GIVEN) for one in found.services if one.personal),
            "cost": found.cost,
            "excluded": int((~np.logical_or.reduce(ways)).sum()),
        })  # fmt: skip
    return pd.DataFrame(rows)
