"""A small result and features of any kind, for the tests of the plan."""

import pandas as pd

from crmlab import type_customers
from crmlab.serve import make_plan, open_catalogue
from crmlab.serve.features import FEATURES

AS_OF = "2026-06-17"
CATALOGUE = open_catalogue()


def typed(count=12, prefix="c"):
    """Customers c00, c01 …: one order each, the first with the least money; two pairs spent the same."""
    days = pd.Timestamp(AS_OF) - pd.to_timedelta([7 * place for place in range(count)], unit="D")
    ids = [f"{prefix}{place:02}" for place in range(count)]
    amounts = [place // 2 * 2 + 1 if place < 4 else place for place in range(count)]
    orders = pd.DataFrame({"customer_id": ids, "order_id": ids, "order_date": days, "amount": amounts})
    return type_customers(orders, as_of=AS_OF)


def features(signs):
    """A frame of features from customer -> codes."""
    rows = [(one, code, f"<{code}>", f"because {code}", "n=1") for one, codes in signs.items() for code in codes]
    return pd.DataFrame(rows, columns=FEATURES).astype("str")


def plan_of(result, signs, **settings):
    settings = {"agreed": list(signs), "policy": "activate", "lang": "en", "catalogue": CATALOGUE} | settings
    return make_plan(result, [features(signs)], settings.pop("catalogue"), **settings)
