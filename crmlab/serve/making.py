"""Making the plan: features of those who agreed, a catalogue, a policy, and who gets what."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from crmlab.columns import demand_columns
from crmlab.grouping.lifecycle import demand_same_ids
from crmlab.serve import edits as human
from crmlab.serve.allot import allot
from crmlab.serve.catalogue import Catalogue
from crmlab.serve.features import FEATURES
from crmlab.serve.plan import Plan
from crmlab.serve.signs import Signs

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM


def make_plan(
    result: "RFM",
    features: "Iterable[pd.DataFrame]",
    catalogue: Catalogue,
    *,
    agreed: Collection | None,
    policy: str,
    personalised: bool = True,
    lang: str = "zh",
) -> Plan:
    """The personalised-service table for all customers of `result`, in words of `lang`.

    Parameters
    ----------
    features : frames as `crmlab.serve.features` makes them; in a cell they stand in this order
    catalogue : what `open_catalogue` gives
    agreed : ids of the customers who agreed to profiling, for example `with_consent(...).kept["customer_id"]`. All
        others get what everybody gets, and no feature. None is for data without a ledger of consents only: the plan is
        then an exercise, says so, and nobody may be contacted by it.
    policy : what is done for customers of low value. keep_light: no measure, and a person is asked to decide; activate:
        an offer; self_service. None of them excludes anybody, and everybody keeps the way to a person.
    personalised : False gives every row the same catalogue and no feature (PIPL art. 24).

    Same result for shuffled rows. Raises DataError for features of other columns or with ids of another type,
    ParameterError for another policy.
    """
    import numpy as np
    import pandas as pd

    customers = result.customers[result.customer_column]
    given = [_checked(one, customers).assign(source=place) for place, one in enumerate(features)]
    everything = pd.concat(given, ignore_index=True) if given else pd.DataFrame(columns=[*FEATURES, "source"])
    rows = len(everything)
    everything = everything.drop_duplicates(["customer_id", "rule"], ignore_index=True)
    places = pd.Index(customers).get_indexer(everything["customer_id"])
    part = np.ones(len(customers), dtype=bool) if agreed is None else customers.isin(list(agreed)).to_numpy()
    here = places >= 0
    allowed = here & part[places]
    used = everything[allowed & personalised].drop(columns="source")
    rule, _ = pd.factorize(used["rule"], sort=True)
    order = np.lexsort((rule, everything.loc[used.index, "source"].to_numpy(), places[used.index]))
    counts = {
        "used": len(used),
        "not_agreed": int((here & ~allowed).sum()),
        "no_customer": int((~here).sum()),
        "not_personalised": 0 if personalised else int(allowed.sum()),
        "repeated": rows - len(everything),
    }
    signs = Signs.of(used, places[used.index], len(customers))
    allotment = allot(signs, catalogue.of(policy), customers, result.customers["monetary"])
    used = used.iloc[order].reset_index(drop=True)
    return Plan(
        result, catalogue, policy, personalised, lang, used, counts, None if agreed is None else int(part.sum()),
        part & personalised, allotment, human.none(),
    )  # fmt: skip


def _checked(features: "pd.DataFrame", customers: "pd.Series") -> "pd.DataFrame":
    demand_columns({name: name for name in FEATURES}, list(features.columns))
    demand_same_ids(features["customer_id"], customers)
    twice = features.duplicated(["customer_id", "rule"]).any()
    return features[FEATURES].sort_values(FEATURES) if twice else features[FEATURES]
