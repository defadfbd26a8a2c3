"""What the tests of the cases share: the bank's files, and a lesson that knows no trade."""

import csv
from functools import cache
from pathlib import Path

from crmlab import check_settings, open_data, type_customers
from crmlab.cases import concentration
from crmlab.collect.pseudonym import Key
from crmlab.patterns import purchase_lines

DATASETS = Path(__file__).resolve().parents[1] / "datasets"
BANK = DATASETS / "bank"
AS_OF = "2026-06-17"
PUBLIC = Key(b"guyu: a key that everybody knows")


def read(name):
    with (BANK / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def open_folder(folder):
    return open_data(check_settings(data=str(folder)))


def typed(shop, **settings):
    settings = {"as_of": shop.as_of, "window": 365, "currency": shop.currency, **shop.columns, **settings}
    return type_customers(shop.orders, **settings)


def lesson(data):
    """What the lesson does with any data: no line of it knows the trade."""
    shop = open_folder(data)
    result = typed(shop)
    case = shop.case
    groups = case.group(case.facts(result, shop.table("customers")))
    lines = purchase_lines(shop.orders, result, category="category", history=case.whole_history)
    return case, groups, concentration(lines, groups.table, **case.focus)


@cache
def agreed():
    """The raw ids of clients who agreed to both purposes and had not withdrawn on the reference date."""
    held = {(row["client_id"], row["purpose"]) for row in read("consents")
            if row["given_on"] <= AS_OF and not (row["withdrawn_on"] and row["withdrawn_on"] <= AS_OF)}  # fmt: skip
    return frozenset(client for client, _ in held if {(client, "financial"), (client, "analysis")} <= held)
