"""A small shop to write to, and what several tests of the outbox need."""

import os
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

from crmlab.collect.pseudonym import Key
from crmlab.kinds import empty, typed
from crmlab.outbox import Outbox, Sender, open_rules, open_templates

os.sync = lambda: None  # no test has a power cut in mind, and waiting for the disks of a busy machine takes long
KEY = Key(b"a key for the tests of the outbox, and no others")
SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 6, 17, 9, 0, tzinfo=SHANGHAI)
TEMPLATES = open_templates()
SENDER = Sender.example()
VALUES = {"code": "AB12", "until": "2026-06-30", "order": "6180001", "arrives": "2026-06-20", "product": "挂耳咖啡"}


@dataclass
class TinyShop:
    """Tables in memory, as a shop hands them over."""

    tables: dict[str, pd.DataFrame]
    key: Key | None = KEY
    currency: str = "CNY"
    asked: list[str] = field(default_factory=list)

    def has(self, table: str) -> bool:
        return table in self.tables

    def read_personal(self, name: str) -> pd.DataFrame:
        self.asked.append(name)
        return typed(name, self.tables.get(name, empty(name)))


def customers(*rows: dict) -> pd.DataFrame:
    """Customers C1, C2 … with a name, a phone and a mail each, changed by `rows`."""
    made = []
    for number, row in enumerate(rows, 1):
        own = {"customer_id": f"C{number}", "name": f"罗示{chr(0x4E00 + number)}", "phone": f"1200000{number:04}"}
        own |= {"email": f"c{number}@shop.example", "wechat": None, "language": "zh", "registered_on": "2025-01-01"}
        made.append(own | row)
    return pd.DataFrame(made)


def consents(*rows: tuple) -> pd.DataFrame:
    """Rows of customer_id, purpose, given_on, withdrawn_on."""
    return pd.DataFrame(rows, columns=["customer_id", "purpose", "given_on", "withdrawn_on"], dtype="str")


def agreed(count: int, *purposes: str) -> pd.DataFrame:
    """Customers C1 … who agreed to all purposes on New Year's day and still do."""
    return consents(*((f"C{n}", one, "2026-01-01", None) for n in range(1, count + 1) for one in purposes))


def suppressions(*rows: tuple) -> pd.DataFrame:
    """Rows of contact (the value itself), channel, since, reason."""
    hashed = [(KEY.contact(contact), *rest) for contact, *rest in rows]
    return pd.DataFrame(hashed, columns=["contact", "channel", "since", "reason"], dtype="str")


def tiny_shop(count: int = 3, **tables: pd.DataFrame) -> TinyShop:
    """So many customers, all of whom agreed to everything."""
    made = {"customers": customers(*[{}] * count), "consents": agreed(count, "marketing", "profiling")}
    return TinyShop(made | tables)


def box_of(folder, shop: TinyShop, **changes) -> Outbox:
    settings = {"rules": open_rules("cn"), "sender": SENDER, "templates": TEMPLATES} | changes
    return Outbox.open(folder, shop, **settings)


def asked(*rows: tuple, **columns) -> pd.DataFrame:
    """Requests: rows of customer (C1 … or None), template, channel; `columns` are values for all."""
    frame = pd.DataFrame(rows, columns=["customer_id", "template", "channel"], dtype="str")
    return frame.assign(customer_id=pseudonyms(frame["customer_id"]), **(VALUES | columns))


def pseudonyms(ids) -> pd.Series:
    return KEY.pseudonyms(pd.Series(ids, dtype="str"))


def pseudonym(customer: str) -> str:
    return KEY.pseudonym(customer)


def reasons(report) -> list[str]:
    """The decision of each request, with its reason where there is one."""
    rows = report.decisions
    return [d if r != r or r is None else f"{d}: {r}" for d, r in zip(rows["decision"], rows["reason"], strict=True)]


def files_in(folder) -> dict[str, bytes]:
    """Every file of an outbox but its log, by name."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("log.sqlite"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
