"""What comes back: a reply that refuses closes the channel at once and for ever."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from crmlab.errors import DataError, ParameterError
from crmlab.outbox.log import Log, stamp
from crmlab.outbox.people import ADDRESS_COLUMNS, People
from crmlab.outbox.rules import Rules, is_opt_out

HASH = re.compile(r"[a-z2-7]{12}")
"""What a keyed hash of a contact looks like."""


def take_reply(log: Log, people: People, who: str, text: str, *, channel: str, at: datetime, rules: Rules) -> str:
    """Enters a reply in the log, without its words: "opt_out" or "other". Call it while the log is `writing`.

    Raises ParameterError for a channel that has no replies, DataError for somebody unknown or without an address there.
    """
    if channel not in ADDRESS_COLUMNS:
        raise ParameterError("choice", name="channel", value=channel, allowed=", ".join(ADDRESS_COLUMNS))
    customer, contact = _whose(people, who, channel)
    meant = "opt_out" if is_opt_out(text) else "other"
    entry = {"at": stamp(at), "kind": "reply", "channel": channel, "decision": meant}
    there = log.read(
        "SELECT 1 FROM log WHERE kind = 'reply' AND at = ? AND channel = ? AND decision = ? AND contact = ?",
        [stamp(at), channel, meant, contact],
    )
    if there.empty:
        log.add([entry | {"customer": customer, "contact": contact, "keep_until": rules.keep_until(at).isoformat()}])
    if meant == "opt_out":
        log.suppress(contact, channel, at.astimezone(ZoneInfo(rules.zone)).date(), "opt_out")
    return meant


def _whose(people: People, who: str, channel: str) -> tuple[str | None, str]:
    """Pseudonym and hash of the contact of a customer; of a hash alone only the hash."""
    if who in people.rows.index:
        contact = people.rows.at[who, ADDRESS_COLUMNS[channel]]
        if not isinstance(contact, str):
            raise DataError("outbox_reply_no_contact", customer=who)
        return who, people.key.contact(contact)
    if not HASH.fullmatch(who):
        raise DataError("outbox_reply_nobody")
    return None, who
