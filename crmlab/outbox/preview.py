"""What a customer was written, read back from the files, with names, contacts and coupon codes masked."""

import csv
import email
import email.policy
import re
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.collect.mask import mask
from crmlab.collect.personal import ANY_PHONE, EMAIL
from crmlab.errors import DataError
from crmlab.outbox.log import Log
from crmlab.outbox.mail import Sender
from crmlab.outbox.people import People
from crmlab.show.outbox import Preview, Shown
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.outbox.box import Outbox
    from crmlab.widgets.choices import Choices

DOZEN = 12
WRITTEN = "SELECT message, channel, at, file FROM log WHERE decision = 'written' AND customer = ? ORDER BY entry"
KINDS = ("name", "phone", "email", "wechat", "customer_id")
COUPON = re.compile(r"(?<![A-Za-z0-9])[A-Z2-7]{16}(?![A-Za-z0-9])")
"""A code as `issue_coupons` makes it: it is worth money."""


def preview(folder: Path, log: Log, people: People, customer: str, *, sender: Sender, zone: str, lang: str) -> Preview:
    """The messages of a customer (by pseudonym), in the order in which they were written."""
    own = [(people.rows.at[customer, kind], kind) for kind in KINDS] if customer in people.rows.index else []
    own = sorted(((one, kind) for one, kind in own if isinstance(one, str) and len(one) > 1), key=_longest)
    hidden = {sender.contact: word("outbox.preview_contact", lang)}
    hidden |= {value: word(f"outbox.preview_{kind}", lang) for value, kind in own}
    code = word("outbox.preview_code", lang)
    found = [_shown(folder, row, hidden, code, sender.name) for row in _rows(log, customer, zone).itertuples()]
    return Preview(tuple(one for one in found if one), lang)


def previews(outbox: "Outbox", lang: str | None = None, customers: Sequence[str] = ()) -> "Choices":
    """Choose a customer and see the messages, as `Outbox.preview` shows them; it needs no kernel.

    `customers` are pseudonyms; without them a dozen: first those who are written in `lang`, then those with most
    messages, of equal ones those with the smaller id. Names, contacts and coupon codes are masked in all that the page
    holds. Raises DataError where nothing was written yet.

    >>> previews(outbox, "en").said  # doctest: +SKIP
    'Messages to customer 2is6pvtjemci: 4.'
    """
    from crmlab.widgets.choices import Choices, Control, Page

    lang = lang or outbox.lang
    people = People.of(outbox.shop, outbox._log.suppressions())
    if not customers:
        history = outbox.history()
        counted = history.loc[history["decision"] == "written", "customer_id"].value_counts()
        spoken = people.rows["language"].reindex(counted.index).fillna(outbox.lang)
        customers = sorted(counted.index, key=lambda one: (spoken[one] != lang, -counted[one], one))[:DOZEN]
    settings = {"sender": outbox.sender, "zone": outbox.rules.zone, "lang": lang}
    pages, names = {}, {}
    for customer in customers:
        shown = preview(outbox.folder, outbox._log, people, customer, **settings)
        said = word("outbox.preview_said", lang, customer=customer, count=len(shown.messages))
        pages[(customer,)] = Page(said, (shown._repr_html_(),), repr(shown))
        channels = dict.fromkeys(word(f"world.suppressed_channel.{one.channel}", lang) for one in shown.messages)
        names[customer] = word("outbox.preview_mark", lang).join([customer, *channels])
    if not pages:
        raise DataError("outbox_none_written")
    return Choices([Control(word("outbox.preview_choose", lang), names)], pages, next(iter(pages)))


def _rows(log: Log, customer: str, zone: str) -> "pd.DataFrame":
    import pandas as pd

    rows = log.read(WRITTEN, [customer])
    return rows.assign(at=pd.to_datetime(rows["at"], utc=True).dt.tz_convert(zone))


def _shown(folder: Path, row: tuple, hidden: dict[str, str], code: str, shop: str) -> Shown | None:
    """One message as a page may show it; None where its file is gone."""
    path: Path = folder / row.file
    if not path.is_file():
        return None
    at: datetime = row.at.to_pydatetime()
    if row.channel == "email":
        read = email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.SMTP)
        text = read.get_body(("plain",)).get_content().replace("\r\n", "\n")
        return Shown("email", at, shop, _hidden(str(read["Subject"]), hidden, code), _hidden(text, hidden, code))
    with path.open(encoding="utf-8-sig", newline="") as lines:
        told = next((one for one in csv.DictReader(lines) if one["message"] == row.message), None)
    if told is None:
        return None
    length = {name: int(told[name]) for name in ("characters", "parts") if name in told}
    return Shown(row.channel, at, shop, "", _hidden(told["text"], hidden, code), **length)


def _longest(told: tuple[str, str]) -> int:
    return -len(told[0])


def _hidden(text: str, hidden: dict[str, str], code: str) -> str:
    for value, shown in hidden.items():
        text = text.replace(value, shown)
    text = COUPON.sub(code, text)
    text = EMAIL.sub(lambda match: mask(match[0]), text)
    for start, end in [match.span(1) for match in ANY_PHONE.finditer(text)]:
        text = text[:start] + mask(text[start:end]) + text[end:]
    return text
