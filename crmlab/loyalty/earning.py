"""From the orders of a shop to the points of its customers."""

import datetime as dt
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.errors import DataError
from crmlab.loyalty.ledger import Ledger
from crmlab.loyalty.scheme import PointRules
from crmlab.patterns.lines import collected
from crmlab.rfm.orders import in_minor_units

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

OUTCOMES = ("earned", "known", "grown", "state", "no_purchase", "no_points")


def points_from_orders(result: "RFM", rules: PointRules, *, until: dt.date | None = None) -> Ledger:
    """The ledger of all orders up to a day, the reference date of `result` where none is given.

    Takes the order lines that `result` was typed from, all of its history. An order earns on the day of its last line,
    by the money of its lines whose state earns; a refund takes points back on its day, one without a date on the day
    of the order, and a negative line on its own. States are those in the data, whenever they came about.

    Collects one row per order and one per refund: a million orders of 100,000 customers take about 20 seconds and 2
    GB. Raises DataError for a day after the reference date.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.loyalty import open_scheme
    >>> orders = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "amount": [120.0, 80.5],
    ...     "order_date": pd.to_datetime(["2026-06-01", "2026-06-02"])})
    >>> ledger = points_from_orders(type_customers(orders, as_of="2026-06-17"), open_scheme().points)
    >>> ledger.balance("a"), ledger.balance("b")
    (120, 80)
    """
    ledger = Ledger(rules, customer=result.customer_column)
    add_orders(ledger, result, until=until)
    return ledger


def add_orders(ledger: Ledger, result: "RFM", *, until: dt.date | None = None) -> "pd.DataFrame":
    """Enter into a ledger what it does not know yet of the orders up to a day, and say what became of every order.

    Orders and refunds of a day before the ledger's clock are entered on the clock's day. A known order whose state
    earns no more, or that has lost money, gives its points back on the last day. The same orders again change nothing.

    Returns one row per outcome, `outcome` and `orders`; together they are all orders up to the day: earned (now),
    known (before), grown (known, but its money would earn more by now: no points are added), state (does not earn),
    no_purchase (only money given back), no_points (less than one point). Raises DataError for a day after the
    reference date, or before the ledger's clock.
    """
    import pandas as pd

    until = until or result.settings.as_of
    if until > result.settings.as_of:
        raise DataError("loyalty_after", until=until, as_of=result.settings.as_of)
    if ledger.until and until < ledger.until:
        raise DataError("loyalty_points_past", on=until, until=ledger.until)
    orders, refunds = _collected(result, ledger.rules, until)
    orders["order"], refunds["order"] = orders["order"].astype("str"), refunds["order"].astype("str")
    orders["known"] = ledger.known(orders["customer"].tolist(), orders["order"].tolist())
    orders["earned"] = ledger.rules.earned(orders["money"]).clip(lower=0)
    events = _events(orders, refunds, ledger.rules, until)
    if ledger.until:
        events["day"] = events["day"].clip(lower=pd.Timestamp(ledger.until))
    events = events.sort_values(
        ["day", "earns", "customer", "order", "points"], ascending=[True, False, True, True, False]
    )
    columns = [events[name].tolist() for name in ("customer", "order", "earns", "points")]
    rows = zip(events["day"].dt.date, zip(*columns, strict=True), strict=True)
    for day, entries in groupby(rows, key=itemgetter(0)):
        ledger.enter_day(day, (entry for _, entry in entries))
    ledger.move(until)
    return _outcomes(ledger, orders)


def _collected(result: "RFM", rules: PointRules, until: dt.date) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Orders: customer, order, day, money (that earns), bought (lines), earning (lines). Refunds: customer, order, day,
    back (money)."""
    import pandas as pd

    lent, settings = result.lent, result.settings
    lines = lent.lines.filter(lent.days("day") <= lent.day(until))
    names = lines.collect_schema().names()
    earning = nw.col("state").is_in(rules.states) if "state" in names else nw.lit(True)
    taking = nw.col("state").is_in([*rules.states, *settings.valid_states]) if "state" in names else nw.lit(True)
    bought = nw.col("amount") >= 0
    money = in_minor_units(lines, "amount", settings)
    none, one = nw.lit(0), nw.lit(1)
    orders = (
        lines.select(
            "customer",
            "order",
            day=lent.days("day"),
            earning_day=nw.when(earning & bought).then(lent.days("day")),
            money=nw.when(earning & bought).then(money).otherwise(none),
            bought=nw.when(bought).then(one).otherwise(none),
            earning=nw.when(earning & bought).then(one).otherwise(none),
        )
        .group_by("customer", "order")
        .agg(nw.col("day", "earning_day").max(), nw.col("money", "bought", "earning").sum())
    )
    parts = [lines.filter(~bought & taking).select("customer", "order", day=lent.days("day"), back=none - money)]
    if "refund" in names:
        back = in_minor_units(lines, "refund", settings)
        day = lent.days("day")
        if "refund_day" in names:
            day = nw.when(nw.col("refund_day").is_null()).then(day).otherwise(lent.days("refund_day"))
        refunds = lines.filter(earning & bought).select("customer", "order", day=day, back=back)
        parts.append(refunds.filter(nw.col("back") > 0, nw.col("day") <= lent.day(until)))
    refunds = [collected(part.group_by("customer", "order", "day").agg(nw.col("back").sum())) for part in parts]
    orders, refunds = collected(orders), pd.concat(refunds, ignore_index=True)
    for frame, columns in ((orders, ("day", "earning_day")), (refunds, ("day",))):
        for column in columns:
            frame[column] = pd.to_datetime(frame[column]).astype("datetime64[us]")
    orders["day"] = orders.pop("earning_day").fillna(orders["day"])
    whole = dict.fromkeys(("money", "bought", "earning"), "int64")
    return orders.astype(whole), refunds.astype({"back": "int64"})


def _events(orders: "pd.DataFrame", refunds: "pd.DataFrame", rules: PointRules, until: dt.date) -> "pd.DataFrame":
    """What there is to enter: customer, order, day, whether it earns, and the points that it earns or keeps.

    An order that is known already is entered with what it keeps on the last day, whatever has changed about it. Adds
    that to `orders`, as `kept`.
    """
    import pandas as pd

    key = ["customer", "order"]
    back = refunds.groupby([*key, "day"], as_index=False)["back"].sum()
    back["back"] = back.groupby(key)["back"].cumsum()
    back = back.merge(orders[[*key, "day", "money"]], on=key, suffixes=("", "_order"))
    back["day"] = back[["day", "day_order"]].max(axis=1)
    back["points"] = rules.earned((back["money"] - back["back"]).clip(lower=0))
    orders["kept"] = orders.merge(back.groupby(key, as_index=False)["points"].min(), on=key, how="left")["points"]
    orders["kept"] = orders["kept"].fillna(orders["earned"]).astype("int64")
    earning = orders[~orders["known"] & (orders["earned"] > 0)].rename(columns={"earned": "points"})
    known = orders[orders["known"]].rename(columns={"kept": "points"}).assign(day=pd.Timestamp(until))
    parts = [earning.assign(earns=True), back.assign(earns=False), known.assign(earns=False)]
    return pd.concat([part[[*key, "day", "earns", "points"]] for part in parts], ignore_index=True)


def _outcomes(ledger: Ledger, orders: "pd.DataFrame") -> "pd.DataFrame":
    """How many orders came out how."""
    import numpy as np
    import pandas as pd

    known = orders[orders["known"]]
    held = pd.Series(ledger.kept(known["customer"].tolist(), known["order"].tolist()), known.index, "int64")
    tests = {
        "grown": orders["known"] & (orders["kept"] > held.reindex(orders.index, fill_value=0)),
        "known": orders["known"],
        "no_purchase": orders["bought"] == 0,
        "state": orders["earning"] == 0,
        "no_points": orders["earned"] == 0,
    }
    found = pd.Series(np.select(list(tests.values()), list(tests), default="earned"))
    counts = found.value_counts().reindex(OUTCOMES, fill_value=0)
    return counts.rename_axis("outcome").rename("orders").reset_index()
