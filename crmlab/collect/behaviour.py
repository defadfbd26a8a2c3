"""What customers do: views, searches, the way to an order, promotions, enquiries, deliveries.

Each function takes tables of the house (`Shop.table`) and gives a small frame. A figure that speaks of fewer than five
people is left blank; the row stays, and so does its count of records. Rows that were kept for other purposes than
analysis raise ConsentError.
"""

from datetime import date
from typing import TYPE_CHECKING

from crmlab.collect.completeness import SMALLEST
from crmlab.collect.consent import demand_purpose
from crmlab.errors import DataError, ParameterError
from crmlab.rfm.orders import VALID_STATES

if TYPE_CHECKING:
    import pandas as pd

PURPOSE = "analysis"
STEPS = ("view", "cart_add", "order")
ENGAGEMENT = ("like", "comment", "share")
SHOWN = 3
"""How many rows an error tells."""


def dwell(events: "pd.DataFrame") -> "pd.DataFrame":
    """Time on product pages per customer: customer_id, views, seconds (their sum), the longest first.

    Views by nobody known stand in one row without a customer_id, so the sums are those of all views. Raises DataError
    for negative seconds.

    >>> import pandas as pd
    >>> views = pd.DataFrame({"customer_id": ["a", "b", "a"], "event": "view", "seconds": [30, 5, 12]})
    >>> dwell(views.assign(event_id=["E1", "E2", "E3"])).values.tolist()
    [['a', 2, 42], ['b', 1, 5]]
    """
    views = _of(events, "view")
    _demand_none(views, views["seconds"] < 0, "seconds_negative", "event_id")
    spent = views.groupby("customer_id", dropna=False)["seconds"].agg(views="size", seconds="sum").reset_index()
    spent = spent.sort_values(["seconds", "customer_id"], ascending=[False, True], ignore_index=True)
    return spent.astype({"seconds": "int64"})


def top_terms(events: "pd.DataFrame", n: int = 10) -> "pd.DataFrame":
    """The `n` search terms of most customers: term, searches, customers.

    Letters and blanks do not tell terms apart. A term that fewer than five known customers searched for is not shown,
    because it may name one of them: it is counted with all the rest in the last row, "other_terms", whose customers
    are not counted. The searches add up to all searches.

    >>> import pandas as pd
    >>> searches = pd.DataFrame({"customer_id": list("abcdef"), "event": "search", "term": [*["Tea"] * 5, "a name"]})
    >>> top_terms(searches).fillna(0).values.tolist()
    [['tea', 5, 5], ['other_terms', 1, 0]]
    """
    import pandas as pd

    searches = _of(events, "search")
    terms = searches["term"].str.strip().str.lower().rename("term")
    counted = searches.groupby(terms)["customer_id"].agg(searches="size", customers="nunique").reset_index()
    shown = counted[counted["customers"] >= SMALLEST]
    shown = shown.sort_values(["customers", "searches", "term"], ascending=[False, False, True]).head(n)
    rest = len(searches) - shown["searches"].sum()
    table = pd.concat([shown, pd.DataFrame({"term": ["other_terms"], "searches": [rest], "customers": [pd.NA]})])
    return table.astype({"searches": "int64", "customers": "Int64"}).reset_index(drop=True)


def funnel(
    events: "pd.DataFrame", lines: "pd.DataFrame", *, by: str | None = None, time_zone: str | None = None
) -> "pd.DataFrame":
    """How many customers get from a view to the cart and to an order: step, customers, customer_share, step_share.

    `lines` are order lines with customer_id, order_date and, where there is one, state (`Shop.orders`). A customer
    reaches "cart_add" with a cart at or after the first view, and "order" with a valid order on the day of that cart
    or later, so the steps can only get smaller. customer_share is the share of those who viewed, step_share the share
    of those at the step before. The row "order_apart" counts customers who ordered from the first event's day on
    without having come this way. Events by nobody known are left out. With `by`, a column of both frames such as
    "category", each of its values has a funnel of its own and the way must lie within it. Days of orders whose times
    carry a zone begin in `time_zone`; DataError without one.

    >>> import pandas as pd
    >>> times = pd.to_datetime(["2026-06-01 10:00", "2026-06-01 10:05"] * 5)
    >>> steps = {"customer_id": list("aabbccddee"), "event": ["view", "cart_add"] * 5, "event_time": times}
    >>> lines = pd.DataFrame({"customer_id": list("abcdef"), "order_date": pd.Timestamp("2026-06-01")})
    >>> funnel(pd.DataFrame(steps), lines)[["step", "customers"]].fillna(0).values.tolist()
    [['view', 5], ['cart_add', 5], ['order', 5], ['order_apart', 0]]
    """
    import pandas as pd

    keys = ["customer_id", *([by] if by else [])]
    known = _of(events, "view", "cart_add").dropna(subset=keys)
    view = known[known["event"] == "view"].groupby(keys, as_index=False).agg(viewed=("event_time", "min"))
    cart = known[known["event"] == "cart_add"].merge(view, on=keys)
    cart = cart[cart["event_time"] >= cart["viewed"]].groupby(keys, as_index=False).agg(carted=("event_time", "min"))
    valid = lines[lines["state"].isin(VALID_STATES)] if "state" in lines else lines
    valid = valid.assign(order_date=_local(valid["order_date"], time_zone))
    valid = valid[valid["order_date"] >= events["event_time"].dt.normalize().min()].merge(cart, on=keys, how="left")
    valid = valid.assign(on_the_way=valid["order_date"] >= valid["carted"].dt.normalize())
    order = valid.groupby(keys, as_index=False).agg(on_the_way=("on_the_way", "max")).astype({"on_the_way": bool})
    people = [view, cart, order[order["on_the_way"]], order[~order["on_the_way"]]]
    if by is None:
        return _steps([len(rows) for rows in people])
    groups = sorted({*known[by], *valid[by].dropna()}) or [None]
    funnels = [_steps([int((rows[by] == group).sum()) for rows in people]) for group in groups]
    return pd.concat(funnels, keys=groups, names=[by]).reset_index(level=0).reset_index(drop=True)


def _local(times: "pd.Series", time_zone: str | None) -> "pd.Series":
    """Times without a zone: those that carry one as the clocks of `time_zone` show them."""
    zone = getattr(times.dtype, "tz", None)
    if zone is None:
        return times
    if time_zone is None:
        raise DataError("zoned_time", column=times.name, zone=zone)
    return times.dt.tz_convert(time_zone).dt.tz_localize(None)


def _steps(counts: list[int]) -> "pd.DataFrame":
    """One funnel: view, cart_add, order, and order_apart."""
    import pandas as pd

    *way, _ = counts
    table = pd.DataFrame({"step": [*STEPS, "order_apart"], "customers": [_people(count) for count in counts]})
    table["customer_share"] = [*(_share(count, way[0]) for count in way), None]
    table["step_share"] = [*(_share(count, before) for count, before in zip(way, [way[0], *way], strict=False)), None]
    return table.astype({"customers": "Int64", "customer_share": "float64", "step_share": "float64"})


def promotions(events: "pd.DataFrame", campaigns: "pd.DataFrame") -> "pd.DataFrame":
    """Who took part in which campaign: the columns of `campaigns`, events, customers (known ones), in their order.

    A campaign without events has 0. Raises DataError for an event of a campaign that is not among them.

    >>> import pandas as pd
    >>> events = pd.DataFrame({"customer_id": list("abcde"), "event": "promo", "campaign_id": "K1"})
    >>> promotions(events, pd.DataFrame({"campaign_id": ["K1", "K2"]})).fillna(0).values.tolist()
    [['K1', 5, 5], ['K2', 0, 0]]
    """
    part = _of(events, "promo")
    _demand_none(part, ~part["campaign_id"].isin(campaigns["campaign_id"]), "campaign_orphan", "campaign_id")
    counted = part.groupby("campaign_id")["customer_id"].agg(events="size", customers="nunique")
    joined = campaigns.join(counted, on="campaign_id").fillna({"events": 0, "customers": 0})
    return _hide(joined.astype({"events": "int64", "customers": "Int64"}), "customers", ["customers"])


def engagement(events: "pd.DataFrame") -> "pd.DataFrame":
    """Likes, comments and shares per customer: customer_id, like, comment, share_count, engagement (their sum).

    Those of nobody known stand in one row without a customer_id. Most engaged first.

    >>> import pandas as pd
    >>> engagement(pd.DataFrame({"customer_id": ["a", "a", "b"], "event": ["like", "share", "like"]})).values.tolist()
    [['a', 1, 0, 1, 2], ['b', 1, 0, 0, 1]]
    """
    chosen = _of(events, *ENGAGEMENT)
    counted = chosen.groupby(["customer_id", "event"], dropna=False).size().unstack(fill_value=0)
    counted = counted.reindex(columns=list(ENGAGEMENT), fill_value=0).assign(engagement=lambda table: table.sum(axis=1))
    counted = counted.rename_axis(columns=None).rename(columns={"share": "share_count"}).reset_index()
    return counted.sort_values(["engagement", "customer_id"], ascending=[False, True], ignore_index=True)


def downloads(events: "pd.DataFrame") -> "pd.DataFrame":
    """Downloads per product: product_id, downloads, customers (known ones), most downloaded first.

    >>> import pandas as pd
    >>> events = pd.DataFrame({"customer_id": list("abcdef"), "event": "download", "product_id": [*["P1"] * 5, "P2"]})
    >>> downloads(events).fillna(0).values.tolist()
    [['P1', 5, 5], ['P2', 1, 0]]
    """
    chosen = _of(events, "download")
    counted = chosen.groupby("product_id")["customer_id"].agg(downloads="size", customers="nunique").reset_index()
    counted = counted.sort_values(["downloads", "product_id"], ascending=[False, True], ignore_index=True)
    return _hide(counted.astype({"customers": "Int64"}), "customers", ["customers"])


def resolution(records: "pd.DataFrame") -> "pd.DataFrame":
    """How enquiries end, by kind of matter: service_kind, records, open, closed, resolved, resolved_share.

    resolved_share is the share of the closed ones that were resolved; open ones are counted apart. records = open +
    closed. Fewer than five closed ones leave resolved and the share blank.

    >>> import pandas as pd
    >>> closed = pd.to_datetime(["2026-06-01"] * 5 + [None])
    >>> records = pd.DataFrame({"kind": "question", "closed_at": closed, "resolved": ["yes"] * 4 + ["no"] * 2})
    >>> resolution(records).values.tolist()
    [['question', 6, 1, 5, 4, 0.8]]
    """
    closed = demand_purpose(records, PURPOSE)["closed_at"].notna()
    cases = records.assign(closed=closed, resolved=closed & (records["resolved"] == "yes"))
    counted = cases.groupby("kind").agg(
        records=("closed", "size"), closed=("closed", "sum"), resolved=("resolved", "sum")
    )
    counted = counted.reset_index(names="service_kind").astype({"resolved": "Int64"})
    counted.insert(2, "open", counted["records"] - counted["closed"])
    counted["resolved_share"] = (counted["resolved"] / counted["closed"].where(counted["closed"] > 0)).astype("float64")
    counted = counted.sort_values(["records", "service_kind"], ascending=[False, True], ignore_index=True)
    return _hide(counted, "closed", ["resolved", "resolved_share"])


def reply_times(records: "pd.DataFrame", *, by: str = "channel") -> "pd.DataFrame":
    """Minutes until the first reply, by service channel or by kind of matter (`by="kind"`).

    Columns: service_channel or service_kind, records (those with a reply), median_minutes, p90_minutes (the smallest
    time that nine of ten replies did not exceed). Fewer than five records leave both blank. Raises DataError for a
    reply before the question.

    >>> import pandas as pd
    >>> opened = pd.Timestamp("2026-06-01 09:00")
    >>> replied = opened + pd.to_timedelta([1, 2, 3, 4, 60], unit="min")
    >>> records = pd.DataFrame({"channel": "web", "opened_at": opened, "first_reply_at": replied})
    >>> reply_times(records).values.tolist()
    [['web', 5, 3.0, 60.0]]
    """
    import numpy as np

    if by not in ("channel", "kind"):
        raise ParameterError("choice", name="by", value=by, allowed="channel, kind")
    demand_purpose(records, PURPOSE)
    minutes = (records["first_reply_at"] - records["opened_at"]).dt.total_seconds() / 60
    _demand_none(records, minutes < 0, "reply_before", "record_id")
    groups = minutes.groupby(records[by])
    table = groups.agg(
        records="count",
        median_minutes="median",
        p90_minutes=lambda times: np.quantile(times.dropna(), 0.9, method="inverted_cdf"),
    )
    return _hide(table.reset_index(names=f"service_{by}"), "records", ["median_minutes", "p90_minutes"])


def service_channels(records: "pd.DataFrame") -> "pd.DataFrame":
    """Enquiries by channel: service_channel, records, share (of all records), customers.

    >>> import pandas as pd
    >>> service_channels(pd.DataFrame({"channel": ["web"] * 5, "customer_id": list("abcde")})).values.tolist()
    [['web', 5, 1.0, 5]]
    """
    counted = (
        demand_purpose(records, PURPOSE).groupby("channel")["customer_id"].agg(records="size", customers="nunique")
    )
    counted = counted.reset_index(names="service_channel").astype({"customers": "Int64"})
    counted.insert(2, "share", counted["records"] / counted["records"].sum())
    counted = counted.sort_values(["records", "service_channel"], ascending=[False, True], ignore_index=True)
    return _hide(counted, "customers", ["customers"])


def on_time(deliveries: "pd.DataFrame", *, on: date) -> "pd.DataFrame":
    """One row: orders sent by the day `on`, delivered, on_time, late, on_time_share, under_way, overdue.

    on_time_share is the share of the delivered orders that came on the promised day or before. Orders not delivered by
    then are counted apart: under_way while the promised day has not passed, else overdue. orders = on_time + late +
    under_way + overdue.

    >>> import pandas as pd
    >>> days = {"shipped_on": ["2026-06-01"] * 3, "promised_on": ["2026-06-03", "2026-06-03", "2026-06-04"]}
    >>> days["delivered_on"] = ["2026-06-03", "2026-06-05", None]
    >>> found = on_time(pd.DataFrame(days).astype("datetime64[us]"), on=date(2026, 6, 5))
    >>> found.to_dict("records")
    [{'orders': 3, 'delivered': 2, 'on_time': 1, 'late': 1, 'on_time_share': 0.5, 'under_way': 0, 'overdue': 1}]
    """
    import pandas as pd

    day = pd.Timestamp(on)
    sent = deliveries[deliveries["shipped_on"] <= day]
    there = sent["delivered_on"] <= day
    delivered, punctual = int(there.sum()), int((there & (sent["delivered_on"] <= sent["promised_on"])).sum())
    overdue = int((~there & (sent["promised_on"] < day)).sum())
    row = {"orders": len(sent), "delivered": delivered, "on_time": punctual, "late": delivered - punctual}
    row["on_time_share"] = punctual / delivered if delivered else float("nan")
    return pd.DataFrame([row | {"under_way": len(sent) - delivered - overdue, "overdue": overdue}])


def _of(events: "pd.DataFrame", *kinds: str) -> "pd.DataFrame":
    """The events of some kinds, unless they were kept for another purpose."""
    return demand_purpose(events, PURPOSE)[events["event"].isin(kinds)]


def _people(count: int) -> int | None:
    """A count of people; a small one is blank, and 0 says nothing about anybody."""
    return None if 0 < count < SMALLEST else count


def _share(count: int, whole: int) -> float | None:
    return count / whole if whole >= SMALLEST and _people(count) is not None else None


def _hide(table: "pd.DataFrame", count: str, columns: list[str]) -> "pd.DataFrame":
    """The table with `columns` blank where `count` is small."""
    small = table[count].between(1, SMALLEST - 1)
    return table.assign(**{column: table[column].mask(small) for column in columns})


def _demand_none(rows: "pd.DataFrame", faulty: "pd.Series", key: str, column: str) -> None:
    if faulty.any():
        first = ", ".join(map(str, rows.loc[faulty, column].head(SHOWN)))
        raise DataError(key, count=int(faulty.sum()), first=first)
