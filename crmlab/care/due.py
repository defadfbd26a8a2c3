"""What falls due between two days: one row per customer and occasion, with the cell that says so."""

import datetime as dt
from calendar import isleap
from decimal import Decimal
from typing import TYPE_CHECKING

from crmlab.care.occasions import Occasion
from crmlab.money import minor_units_in
from crmlab.rfm.orders import VALID_STATES

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.data import Shop

COLUMNS = ["customer_id", "due_on", "occasion", "evidence"]


def falling_due(
    shop: "Shop", customers: "pd.DataFrame", occasion: Occasion, *, on: dt.date, until: dt.date, leap_day: str
) -> "pd.DataFrame":
    """The customers with whom an occasion falls due from `on` to `until`: customer_id, due_on, occasion, evidence.

    What happens after `on` is not known. The evidence names table, column and value; of a birthday it tells no value.
    Two reasons for the same customer, occasion and day make one row with both. Customers without a birthday have a
    row without due_on.
    """
    import pandas as pd

    if occasion.date:
        days = occasion.holidays(on, until)
        rows = customers[["customer_id"]].merge(pd.DataFrame({"due_on": pd.to_datetime(days)}), how="cross")
        return _named(rows.assign(evidence=f"{occasion.when} {occasion.date}"), occasion)
    if occasion.when == "birthday":
        return _named(_birthdays(customers, occasion.days, on, until, leap_day), occasion)
    found = {"delivery": _deliveries, "complaint": _complaints, "large_order": _large, "last_order": _last}
    rows = found[occasion.when](shop, occasion, pd.Timestamp(on) + pd.Timedelta(days=1))
    rows = rows.assign(due_on=rows["day"].dt.normalize() + pd.Timedelta(days=occasion.days))
    rows = rows[rows["due_on"].between(pd.Timestamp(on), pd.Timestamp(until))]
    rows = rows[rows["customer_id"].isin(customers["customer_id"])].sort_values("evidence")
    rows = rows.groupby(["customer_id", "due_on"], as_index=False).agg(evidence=("evidence", "; ".join))
    return _named(rows, occasion)


def _named(rows: "pd.DataFrame", occasion: Occasion) -> "pd.DataFrame":
    rows = rows.assign(occasion=occasion.key)[COLUMNS]
    return rows.astype({"due_on": "datetime64[us]", "evidence": "str"})


def _birthdays(customers: "pd.DataFrame", days: int, on: dt.date, until: dt.date, leap_day: str) -> "pd.DataFrame":
    import pandas as pd

    known = customers[customers["birthday"].notna()]
    shift = pd.Timedelta(days=days)
    first, last = pd.Timestamp(on) - shift, pd.Timestamp(until) - shift
    years = []
    for year in range(first.year, last.year + 1):
        days_of_year = known["birthday"].astype("str").replace("02-29", leap_day if not isleap(year) else "02-29")
        there = pd.to_datetime(f"{year}-" + days_of_year, format="%Y-%m-%d")
        years.append(known[["customer_id"]].assign(due_on=there + shift)[there.between(first, last)])
    unknown = customers.loc[customers["birthday"].isna(), ["customer_id"]].assign(due_on=pd.NaT)
    return pd.concat([*years, unknown], ignore_index=True).assign(evidence="customers.birthday")


def _deliveries(shop: "Shop", occasion: Occasion, end: "pd.Timestamp") -> "pd.DataFrame":
    rows = shop.read_personal("deliveries").merge(
        shop.read_personal("orders")[["order_id", "customer_id"]], on="order_id"
    )
    rows = rows[rows["delivered_on"] < end]
    evidence = "deliveries.delivered_on " + rows["delivered_on"].dt.strftime("%Y-%m-%d") + " " + rows["order_id"]
    return rows.assign(day=rows["delivered_on"], evidence=evidence)


def _complaints(shop: "Shop", occasion: Occasion, end: "pd.Timestamp") -> "pd.DataFrame":
    rows = shop.read_personal("service_records")
    rows = rows[(rows["kind"] == "complaint") & (rows["closed_at"] < end)]
    evidence = "service_records.closed_at " + rows["closed_at"].dt.strftime("%Y-%m-%d") + " " + rows["record_id"]
    return rows.assign(day=rows["closed_at"], evidence=evidence)


def _large(shop: "Shop", occasion: Occasion, end: "pd.Timestamp") -> "pd.DataFrame":
    scale = minor_units_in(shop.currency)
    orders = _orders(shop, end)
    limit = int(Decimal(occasion.at_least) * scale)
    orders = orders[orders["paid"] >= limit]
    evidence = "order_lines.amount " + (orders["paid"] / scale).map("{:.2f}".format) + " " + orders["order_id"]
    return orders.assign(evidence=evidence)


def _last(shop: "Shop", occasion: Occasion, end: "pd.Timestamp") -> "pd.DataFrame":
    orders = _orders(shop, end).sort_values(["day", "order_id"]).drop_duplicates("customer_id", keep="last")
    evidence = "orders.order_date " + orders["day"].dt.strftime("%Y-%m-%d") + " " + orders["order_id"]
    return orders.assign(evidence=evidence)


def _orders(shop: "Shop", end: "pd.Timestamp") -> "pd.DataFrame":
    """Valid orders before `end`: order_id, customer_id, day, paid (minor units, net of refunds by then)."""
    heads = shop.read_personal("orders")
    heads = heads[heads["state"].isin(VALID_STATES) & (heads["order_date"] < end)]
    back = shop.read_personal("refunds")
    scale = minor_units_in(shop.currency)
    paid = _sums(shop.read_personal("order_lines"), scale)
    paid = paid.sub(_sums(back[back["refund_date"] < end], scale), fill_value=0)
    orders = heads[["order_id", "customer_id"]].assign(day=heads["order_date"])
    return orders.assign(paid=orders["order_id"].map(paid).fillna(0).astype("int64"))


def _sums(lines: "pd.DataFrame", scale: int) -> "pd.Series":
    return (lines["amount"] * scale).round().astype("int64").groupby(lines["order_id"]).sum()


def open_complaints(shop: "Shop", *, on: dt.date) -> "pd.Series":
    """The customers with a complaint that was not closed by the end of the day."""
    import pandas as pd

    end = pd.Timestamp(on) + pd.Timedelta(days=1)
    rows = shop.read_personal("service_records")
    rows = rows[(rows["kind"] == "complaint") & (rows["opened_at"] < end)]
    return rows.loc[~(rows["closed_at"] < end), "customer_id"]
