"""What every order counted for, and from which day until which: the data that all settings of an explorer share."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.frames import Lent, rows
from crmlab.rfm.orders import in_minor_units, valid_lines

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from crmlab.rfm import RFM
    from crmlab.rfm.settings import Settings

ORDERS = 5_000_000
SAMPLE = 20_000
SEED = 618
FOREVER = 2**22
"""More than the number of any day: days are proleptic Gregorian ordinals."""


@dataclass(frozen=True)
class Versions:
    """Orders as they stood over time, one row per version, sorted by customer.

    A version begins when a line or a refund of the order becomes known and ends when the next one does. Most orders
    have one.

    Attributes
    ----------
    customers : Index
        Their ids, sorted.
    starts : array
        Per customer, the place of the first row.
    since, until : arrays of day numbers
        The version holds on the reference dates from `since` to the day before `until`.
    day : array of day numbers
        The day of the order.
    money : array
        Minor units, net of the refunds that were known.
    purchase : array of bool
        Whether the order is a purchase; if not, only its money counts.
    drawn_from : int or None
        The number of all customers if these are a sample of them.
    """

    customers: "pd.Index"
    starts: "np.ndarray"
    since: "np.ndarray"
    until: "np.ndarray"
    day: "np.ndarray"
    money: "np.ndarray"
    purchase: "np.ndarray"
    drawn_from: int | None


def fetch(result: "RFM") -> Versions:
    """Collect the orders of a result, with what becomes known of them on which day.

    Above 5 million orders these are the orders of 20,000 customers, drawn with a fixed seed.
    """
    lent, drawn_from = result.lent, None
    (there,) = rows(result.orders.select(orders=nw.len()))
    if there["orders"] > ORDERS:
        lent, drawn_from = _sample(lent, result.orders)
    return _versions(_pieces(lent, result.settings), result.settings, drawn_from)


def _sample(lent: Lent, orders: nw.LazyFrame) -> tuple[Lent, int]:
    import numpy as np

    everyone = np.sort(orders.group_by("customer").agg(nw.len().alias("orders")).collect("pyarrow")["customer"])
    drawn = np.random.default_rng(SEED).choice(everyone, min(SAMPLE, len(everyone)), replace=False).tolist()
    return replace(lent, lines=lent.lines.filter(nw.col("customer").is_in(drawn))), len(everyone)


def _pieces(lent: Lent, settings: "Settings") -> nw.DataFrame:
    """Per customer, order, day of lines and day on which their refunds are known: the money, and what kind of lines."""
    lines, day = valid_lines(lent.lines, settings), lent.days("day")
    columns = {
        "day": day,
        "money": in_minor_units(lines, "amount", settings),
        "sold": (nw.col("amount") >= 0).cast(nw.Int32),
        "back": (nw.col("amount") < 0).cast(nw.Int32),
    }
    keys = ["customer", "order", "day"]
    if "refund" in lent.names and settings.refunds != "ignore":
        columns["refund"] = in_minor_units(lines, "refund", settings)
        if "refund_day" in lent.names:
            later = (columns["refund"] > 0) & (lent.days("refund_day") > day)
            columns["known"] = nw.when(later).then(lent.days("refund_day")).otherwise(day)
            keys.append("known")
    sums = nw.col(*(name for name in ("money", "refund") if name in columns))
    pieces = lines.select("customer", "order", **columns).group_by(*keys).agg(sums.sum(), nw.col("sold", "back").max())
    return pieces.with_columns(sums.cast(nw.Int64)).collect("pyarrow")


def _versions(pieces: nw.DataFrame, settings: "Settings", drawn_from: int | None) -> Versions:
    import numpy as np
    import pandas as pd

    customer, ids = pd.factorize(pieces["customer"].to_pandas(), sort=True)
    order, names = pd.factorize(pieces["order"].to_pandas())
    own = customer * len(names) + order
    day, back = _ordinal(pieces["day"]), pieces["back"].to_numpy()
    events = [(own, day, pieces["money"].to_numpy(), day * pieces["sold"].to_numpy(), day, back)]
    if "refund" in pieces.columns:
        refund = pieces["refund"].to_numpy()
        some, none = refund > 0, np.zeros(int((refund > 0).sum()), dtype="int64")
        known = _ordinal(pieces["known"]) if "known" in pieces.columns else day
        events.append((own[some], known[some], -refund[some], none, none, none + 1))
    own, when, money, sold, line, back = (np.concatenate(column) for column in zip(*events, strict=True))
    sorting = np.lexsort((when, own))
    own, when, money, sold, line, back = (column[sorting] for column in (own, when, money, sold, line, back))
    first = np.r_[True, own[1:] != own[:-1]]
    place = np.cumsum(first) - 1
    total = np.cumsum(money)
    money = total - (total - money)[first][place]
    sold, line, back = (_highest_so_far(column, place) for column in (sold, line, back))
    last = np.r_[first[1:] | (when[1:] != when[:-1]), True]
    own, since, money, sold, line, back = (column[last] for column in (own, when, money, sold, line, back))
    until = np.where(np.r_[own[1:] == own[:-1], False], np.r_[since[1:], 0], FOREVER)
    purchase = sold > 0
    there = ~(purchase & (back > 0) & (money <= 0)) if settings.refunds == "drop" else np.ones(len(own), dtype=bool)
    customer = own[there] // len(names)
    starts = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]]) if len(customer) else customer
    return Versions(
        customers=pd.Index(ids)[customer[starts]],
        starts=starts,
        since=since[there].astype("int32"),
        until=until[there].astype("int32"),
        day=np.where(purchase, sold, line)[there].astype("int32"),
        money=money[there],
        purchase=purchase[there],
        drawn_from=drawn_from,
    )


def _ordinal(days: nw.Series) -> "np.ndarray":
    import numpy as np

    return days.to_numpy().astype("datetime64[D]").astype("int64") + np.datetime64("1970-01-01").item().toordinal()


def _highest_so_far(values: "np.ndarray", place: "np.ndarray") -> "np.ndarray":
    """The running maximum of numbers from 0 to FOREVER, begun anew in each place."""
    import numpy as np

    floor = place * FOREVER
    return np.maximum.accumulate(floor + values) - floor
