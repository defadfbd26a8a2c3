"""A small shop for the tests of care: tables given as tuples, whatever is left out is not there."""

import pandas as pd

from crmlab.collect.pseudonym import Key
from crmlab.kinds import empty, typed

COLUMNS = {
    "customers": ("customer_id", "name", "birthday", "phone", "email", "city"),
    "consents": ("customer_id", "purpose", "given_on", "withdrawn_on"),
    "orders": ("order_id", "customer_id", "order_date", "state"),
    "order_lines": ("order_id", "line_no", "amount"),
    "refunds": ("order_id", "line_no", "refund_date", "amount"),
    "deliveries": ("order_id", "delivered_on"),
    "service_records": ("record_id", "customer_id", "kind", "channel", "opened_at", "first_reply_at", "closed_at"),
    "suppressions": ("contact", "channel", "since", "reason"),
    "calls": ("call_id", "customer_id", "called_at", "outcome"),
}


class TinyShop:
    """What care asks of a shop: has, read_personal, key, currency."""

    key = Key(b"a key for the tests of care, long enough")
    currency = "CNY"

    def __init__(self, **tables):
        self.tables = {
            name: typed(name, pd.DataFrame(rows, columns=COLUMNS[name], dtype="object").replace("", None))
            for name, rows in tables.items()
        }

    def has(self, table):
        return table in self.tables

    def read_personal(self, table):
        return self.tables[table] if table in self.tables else empty(table)


def person(customer_id, *, birthday="", phone="", email="", city=""):
    return (customer_id, "王示例", birthday, phone, email, city)


def agreed(customer_id, given_on="2026-01-01", withdrawn_on=""):
    return (customer_id, "marketing", given_on, withdrawn_on)
