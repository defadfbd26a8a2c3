"""Requests as the outbox takes them: whom to write to, with which template, by which channel, with which values."""

import base64
import hmac
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmlab.collect.mask import looks_personal, mask
from crmlab.errors import DataError
from crmlab.outbox.templates import Template

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.pseudonym import Key

REQUIRED = ("customer_id", "template", "channel")
BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
"""What becomes one blank in a value: line breaks, control characters, halves of characters."""
LENGTH = 16
"""Characters of a message's number: 80 bits."""


def read_requests(requests: "pd.DataFrame", templates: Mapping[str, Template], key: "Key") -> "pd.DataFrame":
    """Requests with what their templates say: message (its number), customer, template, channel, campaign,
    commercial, purposes, priority, values (those of the request, by name; None for a blank one).

    Raises DataError for a column that is not there, a template nobody knows, and a channel that the template is not
    written for: it names the first and counts them.
    """
    import pandas as pd

    lacking = [name for name in REQUIRED if name not in requests]
    if lacking:
        raise DataError("missing_column", column=", ".join(lacking), there=", ".join(map(str, requests.columns)))
    requests = requests.reset_index(drop=True)
    given = {name: requests[name].astype("str") for name in ("template", "channel")}
    unknown = ~given["template"].isin(list(templates))
    if unknown.any():
        names = _shown(given["template"][unknown])
        raise DataError("outbox_no_template", names=names, count=int(unknown.sum()), known=", ".join(sorted(templates)))
    pairs = pd.Series(list(zip(given["template"], given["channel"], strict=True)), dtype="object")
    wrong = ~pairs.map(lambda pair: pair[1] in templates[pair[0]].channels).astype("bool")
    if wrong.any():
        names = _shown(given["template"][wrong] + " / " + given["channel"][wrong].fillna(""))
        raise DataError("outbox_wrong_channel", names=names, count=int(wrong.sum()))
    campaign = requests["campaign"] if "campaign" in requests else pd.Series("", index=requests.index)
    rows = pd.DataFrame({"customer": requests["customer_id"].astype("str"), **given})
    rows["campaign"] = _campaigns(campaign)
    rows = with_templates(rows, templates)
    rows["values"] = _values(requests, rows["template"], templates)
    rows["message"] = [_number(key, templates, row) for row in rows[_IDENTITY].itertuples(index=False)]
    return rows


def with_templates(rows: "pd.DataFrame", templates: Mapping[str, Template]) -> "pd.DataFrame":
    """Rows with what their templates say: commercial, purposes, priority."""
    told = {
        name: rows["template"].map({one: getattr(template, name) for one, template in templates.items()})
        for name in ("commercial", "purposes", "priority")
    }
    return rows.assign(**told).astype({"commercial": "bool"})


def _campaigns(given: "pd.Series") -> "pd.Series":
    """Names of campaigns, each on one line. Raises DataError for a contact in one: the log keeps them."""
    text = given.astype("str").map(value_text, na_action="ignore").astype("str").fillna("")
    personal = text.map({one: looks_personal(one) for one in text.unique()}).astype("bool")
    if personal.any():
        raise DataError("outbox_campaign", names=_shown(text[personal]), count=int(personal.sum()))
    return text


_IDENTITY = ["customer", "template", "channel", "campaign", "values"]


def _values(requests: "pd.DataFrame", names: "pd.Series", templates: Mapping[str, Template]) -> "pd.Series":
    import pandas as pd

    parts = []
    for name, rows in requests.groupby(names.to_numpy(), sort=False):
        wanted = [one for one, source in templates[name].variables.items() if source == "request"]
        texts = {one: _texts(rows[one]) if one in rows else [None] * len(rows) for one in wanted}
        dicts = [dict(zip(wanted, each, strict=True)) for each in zip(*texts.values(), strict=True)]
        parts.append(pd.Series(dicts or [{} for _ in range(len(rows))], index=rows.index, dtype="object"))
    return pd.concat(parts).sort_index() if parts else pd.Series(dtype="object")


def _texts(values: "pd.Series") -> list[str | None]:
    said = {value: value_text(value) for value in values.dropna().unique()}
    return [said.get(value) if value == value and value is not None else None for value in values]


def value_text(value: Any) -> str | None:
    """A value as it stands in a message: on one line, with nothing invisible in it, such as marks of direction; None
    for a blank one.

    >>> import pandas as pd
    >>> value_text("a\\r\\nBcc: b\\u202e "), value_text(5.0), value_text(pd.Timestamp("2026-06-20")), value_text(" ")
    ('a Bcc: b', '5', '2026-06-20', None)
    """
    if hasattr(value, "date") and hasattr(value, "isoformat"):
        value = (
            value.date() if (value.hour, value.minute, value.second) == (0, 0, 0) else value.isoformat(" ", "minutes")
        )
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = BLANKS.sub(" ", str(value))
    if not text.isprintable():
        text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    return text.strip() or None


def _number(key: "Key", templates: Mapping[str, Template], row: Any) -> str:
    """The number of a message: a keyed hash of customer, template, channel, campaign and what the template counts by,
    so that the same request has the same number whenever it is made."""
    customer, template, channel, campaign, values = row
    once = [values[name] for name in templates[template].once_per]
    about = [customer if isinstance(customer, str) else None, template, channel, campaign, *once]
    text = json.dumps(about, ensure_ascii=False)
    digest = hmac.digest(key.secret, f"message\0{text}".encode(), "sha256")
    return base64.b32encode(digest[:10]).decode("ascii").lower()[:LENGTH]


def _shown(names: "pd.Series") -> str:
    """Up to three names for an error, masked where they look personal."""
    first = [str(one) for one in names.fillna("").drop_duplicates().head(3)]
    return ", ".join(mask(one) if looks_personal(one) else one[:40] for one in first)
