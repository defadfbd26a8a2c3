"""May this message be written now? The checks stand in CHECKS in the order in which they are made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from crmlab.collect.consent import PURPOSES
from crmlab.outbox.mail import Sender, is_address
from crmlab.outbox.people import ADDRESS_COLUMNS, PHONE, People
from crmlab.outbox.requests import value_text
from crmlab.outbox.rules import Rules, zone_of
from crmlab.outbox.templates import Template, holds_offer
from crmlab.words import LANGUAGES

if TYPE_CHECKING:
    import pandas as pd

LONGEST = {"customer": 100, "request": 1000, "sender": 1000}
"""Characters of a value, by where it comes from: a name of 10,000 would cost the shop 150 text messages."""
PARTS = {"email": ("subject", "mail")}
"""The parts of a template that a channel uses; every other channel uses its text."""


@dataclass
class Batch:
    """Requests with all that is needed to judge them at one moment.

    `rows` comes from `read_requests`; `states` says by message what was decided before, `near` how many messages of
    marketing and care each customer was written around that time. `texts` fills up: the rendered parts by row.
    """

    rows: "pd.DataFrame"
    people: People
    templates: Mapping[str, Template]
    rules: Rules
    sender: Sender
    lang: str
    at: datetime
    states: "pd.Series"
    near: "pd.Series"
    texts: dict[int, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Adds what the customers' own rows say: customer_id, contact, hash, zone, day, language, name."""
        rows, own = self.rows, self.people.rows
        for name in ("customer_id", "zone", "language", "name"):
            rows[name] = rows["customer"].map(own[name]).astype("str")
        rows["language"] = rows["language"].where(rows["language"].isin(LANGUAGES), self.lang)
        rows["zone"] = rows["zone"].fillna(self.rules.zone)
        days = {zone: self._day(zone) for zone in rows["zone"].unique()}
        rows["day"] = rows["zone"].map(days).astype("datetime64[us]")
        rows["contact"] = None
        for channel, column in ADDRESS_COLUMNS.items():
            chosen = rows["channel"] == channel
            rows.loc[chosen, "contact"] = rows.loc[chosen, "customer"].map(own[column])
        rows["contact"] = rows["contact"].astype("str")
        rows["hash"] = self.people.hashes(rows["contact"])
        rows["person"] = rows["channel"] != "social"

    def _day(self, zone: str) -> "pd.Timestamp":
        import pandas as pd

        known = zone_of(zone)
        return pd.Timestamp(self.at.astimezone(known).date()) if known else pd.NaT


def decide(batch: Batch, checks: "Mapping[str, Callable] | None" = None) -> "pd.DataFrame":
    """A decision for each row: decision (written, held, refused, already), reason, detail, until.

    The first check that stops a row decides on it; what no check stops may be written.
    """
    import pandas as pd

    columns = ["decision", "reason", "detail", "until"]
    found = pd.DataFrame(None, index=batch.rows.index, columns=columns, dtype="object")
    for check in (CHECKS if checks is None else checks).values():
        left = batch.rows[found["decision"].isna()]
        if left.empty:
            break
        stopped = check(batch, left)
        if len(stopped):
            stopped = stopped.reindex(columns=found.columns).astype("object")
            stopped["decision"] = stopped["decision"].fillna("refused")
            found.loc[stopped.index] = stopped
    found["decision"] = found["decision"].fillna("written")
    return found


def _stopped(rows: "pd.DataFrame", which: "pd.Series", **told: object) -> "pd.DataFrame":
    """The rows that a check stops, with its reason."""
    import pandas as pd

    stopped = rows.index[which]
    values = {name: one[which] if isinstance(one, pd.Series) else one for name, one in told.items()}
    return pd.DataFrame(values, index=stopped)


def already(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """Written or held before, or requested twice in one batch: of equal numbers the first by its values stays."""
    import pandas as pd

    before = rows["message"].map(batch.states).astype("str")
    again = _stopped(rows, before.notna(), decision="already", reason=before + "_before")
    new = rows[before.isna()]
    twins = new[new["message"].duplicated(keep=False)]
    ordered = twins.assign(text=twins["values"].map(lambda values: repr(sorted(values.items()))))
    ordered = ordered.sort_values(["message", "text"], kind="stable")
    second = ordered.index[ordered["message"].duplicated()]
    twice = _stopped(new, new.index.isin(second), decision="already", reason="same_request")
    return pd.concat([again, twice])


def known(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """Nobody has this number; or a social post, which is for everybody, names a customer."""
    import pandas as pd

    somebody = rows["customer"].isin(batch.people.rows.index)
    addressed = _stopped(rows, ~rows["person"] & rows["customer"].notna(), reason="post_with_customer")
    return pd.concat([addressed, _stopped(rows, rows["person"] & ~somebody, reason="unknown_customer")])


def deleted(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """The person asked to be deleted; a tombstone is left."""
    gone = batch.people.rows.index[batch.people.rows["deleted"].astype("bool")]
    return _stopped(rows, rows["customer"].isin(gone), reason="deleted")


def contact(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """No address for this channel, or one to which nothing can be sent."""
    import pandas as pd

    missing = rows["person"] & rows["contact"].isna()
    phones = rows["contact"].str.fullmatch(PHONE).eq(True)
    mails = rows["contact"].map(is_address, na_action="ignore").eq(True)
    bad = ((rows["channel"] == "sms") & ~phones) | ((rows["channel"] == "email") & ~mails)
    return pd.concat([
        _stopped(rows, missing, reason="unreachable"), _stopped(rows, bad & ~missing, reason="bad_address")
    ])  # fmt: skip


def zone(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """Nobody knows what time it is where the customer lives."""
    asked = rows["person"] & (rows["commercial"] | rows["purposes"].map(bool))
    return _stopped(rows, asked & rows["day"].isna(), reason="unknown_zone", detail=rows["zone"])


def consent(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """No consent to a purpose of the template on the day, by the calendar of the recipient."""
    import pandas as pd

    found = [rows[[]].head(0)]
    for purpose in PURPOSES:
        asked = rows[rows["person"] & rows["purposes"].map(lambda purposes, purpose=purpose: purpose in purposes)]
        for day, of_day in asked.groupby("day"):
            why = batch.people.agreed(of_day["customer_id"], purpose, day.date())
            reason = why.map({"none": "no_consent", "withdrawn": "consent_withdrawn"})
            found.append(_stopped(of_day, why.notna(), reason=reason, detail=purpose))
    stopped = pd.concat(found)
    return stopped[~stopped.index.duplicated()]


def suppressed(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """The channel is closed: for marketing and care after a refusal, for everything when the address is dead."""
    asked = rows[rows["person"]]
    why = batch.people.closed(asked["hash"], asked["channel"], asked["day"])
    stops = (why.notna() & asked["commercial"]) | (why == "hard_bounce")
    return _stopped(asked, stops, reason="channel_closed", detail=why)


def objected(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """Whoever refused messages on any channel is not profiled for marketing any more."""
    profiled = rows["commercial"] & rows["purposes"].map(lambda purposes: "profiling" in purposes)
    if not profiled.any():
        return rows[[]].head(0)
    return _stopped(rows, profiled & rows["customer"].isin(batch.people.objected()), reason="objected")


def values(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """A value is missing or too long, or holds the name or contact of somebody else; `detail` names the variable."""
    import pandas as pd

    found = [rows[[]].head(0)]
    for name, of_template in rows.groupby("template", sort=False):
        for variable, source in sorted(batch.templates[name].variables.items()):
            given = _given(batch, of_template, variable, source)
            if source == "request":
                foreign = batch.people.foreign(given, of_template["customer"])
                found.append(_stopped(of_template, foreign, reason="foreign_data", detail=variable))
            found.append(_stopped(of_template, given.isna(), reason="missing_value", detail=variable))
            long = given.str.len() > LONGEST[source]
            found.append(_stopped(of_template, long.eq(True), reason="value_too_long", detail=variable))
    stopped = pd.concat(found)
    return stopped[~stopped.index.duplicated()]


def _given(batch: Batch, rows: "pd.DataFrame", variable: str, source: str) -> "pd.Series":
    """What stands for a variable in each row; missing where it is blank."""
    import pandas as pd

    if source == "sender":
        text = {"shop": batch.sender.name, "contact": batch.sender.contact}[variable]
        return pd.Series(text, index=rows.index, dtype="str")
    if source == "customer":
        return rows[variable].map(value_text, na_action="ignore").astype("str")
    return pd.Series([one[variable] for one in rows["values"]], index=rows.index, dtype="str")


def rendering(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """The template fails with these values, or a message of service turns out to hold an offer."""
    reasons = {}
    for name, of_template in rows.groupby("template", sort=False):
        template = batch.templates[name]
        given = {one: _given(batch, of_template, one, source) for one, source in template.variables.items()}
        each = zip(*given.values(), strict=True) if given else ((),) * len(of_template)
        for row, channel, lang, texts in zip(
            of_template.index, of_template["channel"], of_template["language"], each, strict=True
        ):
            told = dict(zip(given, texts, strict=True))
            try:
                made = {part: template.render(part, lang, told) for part in PARTS.get(channel, ("text",))}
            except Exception:  # whatever the template of a stranger does with a value
                reasons[row] = "template_fails"
                continue
            if not template.commercial and any(map(holds_offer, made.values())):
                reasons[row] = "offer_in_service"
            else:
                batch.texts[row] = made
    return _stopped(rows, rows.index.isin(list(reasons)), reason=rows.index.to_series().map(reasons))


def quiet(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """Too late or too early where the recipient lives: held until the quiet hours end."""
    asked = rows[rows["commercial"] & rows["person"]]
    until = {zone: batch.rules.quiet_until(batch.at, zone) for zone in asked["zone"].unique()}
    ends = asked["zone"].map(until).astype("object")
    return _stopped(asked, ends.notna(), decision="held", reason="quiet_hours", until=ends)


def cap(batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
    """Enough messages of marketing and care in these days: the first by priority, then by number, still go."""
    asked = rows[rows["commercial"] & rows["person"]].sort_values(["priority", "message"])
    before = asked["customer"].map(batch.near).fillna(0).astype("int64")
    full = before + asked.groupby("customer").cumcount() >= batch.rules.cap
    return _stopped(asked, full, reason="cap")


CHECKS = {
    check.__name__: check
    for check in (
        *(already, known, deleted, contact, zone, consent, suppressed, objected, values, rendering, quiet, cap),
    )
}
"""Every check by name, in its order. A held message passes all but the first again when it is released."""
