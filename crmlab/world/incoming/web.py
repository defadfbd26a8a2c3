"""Raw web events, and who stands behind each as far as the data can tell."""

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pandas as pd

from crmlab.world.catalogue import read
from crmlab.world.incoming.forms import ip
from crmlab.world.incoming.sheet import Cells, Sheet
from crmlab.world.incoming.told import Cast

EVENTS = {
    "view_item": 0.5,
    "add_to_cart": 0.15,
    "view_search_results": 0.15,
    "like": 0.1,
    "share": 0.05,
    "file_download": 0.05,
}
WAYS = {
    "id": 46,
    "id_and_other_contact": 3,
    "unknown_id": 4,
    "unknown_id_and_phone": 3,
    "phone": 24,
    "email": 20,
    "both": 8,
    "shared_phone": 8,
    "two_people": 5,
    "unknown_phone": 8,
    "short_phone": 2,
    "nothing": 19,
}
"""How many events identify somebody in which way."""
UNKNOWN_ID = "C9910"

Link = tuple[Cells, str, str]
"""Identifying cells, the customer to be found (a blank for nobody), and how."""


def web_events(cast: Cast, known: list[Cells], shared: list[str], products: pd.DataFrame) -> tuple[Sheet, pd.DataFrame]:
    """web_events.csv and the truth about its links (event_id, customer_id, how).

    `known` holds customers (customer_id, phone, email, none blank) that are in the base once every other file is
    loaded; `shared` holds the phone numbers that two customers have then.
    """
    visitors = [link for way, count in WAYS.items() for link in _links(cast, way, count, known, shared)]
    sheet, truth = Sheet("web_events", cast.rng), []
    moments = cast.moments(len(visitors))
    for number, (index, at) in enumerate(zip(cast.rng.permutation(len(visitors)), moments, strict=True), start=1):
        cells, customer_id, how = visitors[index]
        event_id = f"W{number:04d}"
        sheet.add({"event_id": event_id, **_visit(cast, at, products), **cells})
        truth.append((event_id, customer_id, how))
    _plant(sheet)
    there = {record.cells["event_id"] for record in sheet.records}
    links = pd.DataFrame(truth, columns=["event_id", "customer_id", "how"])
    return sheet, links[links["event_id"].isin(there)]


def _links(cast: Cast, way: str, count: int, known: list[Cells], shared: list[str]) -> Iterator[Link]:
    for _ in range(count):
        one, other = (known[index] for index in cast.rng.choice(len(known), 2, replace=False))
        mine, theirs = one["customer_id"], other["phone"]
        phone = str(cast.rng.choice([one["phone"], f"+86{one['phone']}"]))
        email = str(cast.rng.choice([one["email"], one["email"].upper()]))
        yield {
            "id": ({"customer_id": mine}, mine, "id"),
            "id_and_other_contact": ({"customer_id": mine, "phone": theirs}, mine, "id"),
            "unknown_id": ({"customer_id": UNKNOWN_ID}, "", "unlinked"),
            "unknown_id_and_phone": ({"customer_id": UNKNOWN_ID, "phone": phone}, mine, "phone"),
            "phone": ({"phone": phone}, mine, "phone"),
            "email": ({"email": email}, mine, "email"),
            "both": ({"phone": phone, "email": email}, mine, "phone_email"),
            "shared_phone": ({"phone": str(cast.rng.choice(shared))}, "", "ambiguous"),
            "two_people": ({"phone": theirs, "email": email}, "", "ambiguous"),
            "unknown_phone": ({"phone": cast.number()}, "", "unlinked"),
            "short_phone": ({"phone": cast.short_number()}, "", "unlinked"),
            "nothing": ({}, "", "unlinked"),
        }[way]


def _visit(cast: Cast, at: dt.datetime, products: pd.DataFrame) -> Cells:
    rng = cast.rng
    name = str(rng.choice(list(EVENTS), p=list(EVENTS.values())))
    terms = [row["zh"] for row in read("voices.csv") if row["tone"] == "search"]
    searching = name == "view_search_results"
    return {
        "event_time": at.isoformat(),
        "event_name": name,
        "product_id": "" if searching else str(rng.choice(products["product_id"])),
        "seconds": str(int(np.clip(rng.lognormal(np.log(40), 0.7), 2, 1800))) if name == "view_item" else "",
        "search_term": str(rng.choice(terms)) if searching else "",
        "client_id": f"GA1.1.{rng.integers(10**9)}.{rng.integers(10**9)}",
        "ip": ip(cast),
    }


def _plant(sheet: Sheet) -> None:
    def viewed(cells: Cells) -> bool:
        return cells["event_name"] == "view_item"

    times = ("2026-02-30T10:15:00", "2027-13-01T15:20:08")
    sheet.plant("event_time", "bad_date", ({"event_time": time} for time in times))
    sheet.plant("event_time", "missing", [{"event_time": ""}] * 2)
    sheet.plant("event", "unknown_code", [{"event_name": "page_scroll"}] * 2)
    sheet.plant("event_id", "missing", [{"event_id": ""}] * 2, _is_nobody)
    sheet.plant("seconds", "out_of_range", [{"seconds": "90000"}, {"seconds": "-5"}], viewed)
    sheet.plant("product_id", "orphan", [{"product_id": "P998"}, {"product_id": "P999"}], viewed)
    sheet.repeat("event_id", [{}, {}, {"seconds": "61"}, {"seconds": "62"}], viewed)


def _is_nobody(cells: Cells) -> bool:
    return not any(cells.get(name) for name in ("customer_id", "phone", "email"))
