"""Sending a questionnaire to those who agreed, into an outbox file, and counting what comes back."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.collect.consent import with_consent
from crmlab.errors import DataError
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.pseudonym import Key
    from crmlab.survey.questionnaire import Questionnaire

CHANNELS = {"email": "email", "sms": "phone"}
"""Channels in the order in which they are tried, and the column of customers that holds their contact."""
INVITATION = (
    *("customer_id", "channel", "contact", "language", "subject", "text"),
    *("sent_on", "questionnaire", "text_version"),
)
"""Columns of an outbox file."""
DECISION = ("customer_id", "decision", "reason", "channel", "decided_on")
"""Columns of the log of decisions: sent, or refused with a reason."""


@dataclass(frozen=True)
class Sent:
    """What was decided for each customer. `log` has a row per customer under the pseudonym (customer_id, decision
    sent or refused, reason, channel, decided_on) and no contact; `new` counts the invitations that this call wrote,
    the others had been written before.
    """

    questionnaire: str
    log: "pd.DataFrame"
    new: int

    def balance(self, lang: str = "zh") -> str:
        """Customers considered = sent + refused, in words."""
        sent = int((self.log["decision"] == "sent").sum())
        return word("sending.balance", lang, asked=len(self.log), sent=sent, refused=len(self.log) - sent)


@dataclass(frozen=True)
class Response:
    """What came back: asked = sent + refused, and sent = answered + silent.

    `kept` holds the first answer of each invited customer; `listed` the other answers (answer_id, customer_id,
    reason): not_invited, before_sending, second_answer. Answers in = kept + listed.
    """

    asked: int
    sent: int
    refused: int
    answered: int
    silent: int
    kept: "pd.DataFrame"
    listed: "pd.DataFrame"

    def balance(self, lang: str = "zh") -> str:
        """Sent = answered + not answered, and how many answers are listed, in words."""
        values = {"sent": self.sent, "answered": self.answered, "silent": self.silent, "listed": len(self.listed)}
        return word("sending.response", lang, asked=self.asked, refused=self.refused, **values)


def send(
    asked: "Questionnaire",
    customers: "pd.DataFrame",
    consents: "pd.DataFrame",
    *,
    on: date,
    folder: str | Path,
    key: "Key",
    suppressions: "pd.DataFrame | None" = None,
    lang: str = "zh",
) -> Sent:
    """Write an invitation for every customer who agreed to the purpose of the questionnaire, and log every decision.

    Nothing leaves the machine: the invitations stand in `folder` in invitations_<name>.csv with their contacts, the
    decisions in decisions_<name>.csv without them (utf-8). Whoever has an invitation with the same text version there
    gets no second one, so that running twice sends nothing twice; a later wave of the same survey has a folder of its
    own.

    Parameters
    ----------
    asked : the questionnaire
    customers : frame with the real customer_id (once each), email, phone and language (blank: `lang`), such as
        `shop.read_personal("customers")`
    consents : the ledger with real ids, such as `shop.read_personal("consents")`
    on : the day of sending; consent must hold on it
    key : the key of the shop (`shop.key`): pseudonyms and hashes of contacts
    suppressions : frame with contact (hash), channel and since; a channel is closed from that day on

    Returns
    -------
    Sent; reasons of a refusal: none (never agreed), withdrawn, no_contact, suppressed

    Raises
    ------
    DataError when a customer stands in `customers` more than once
    """
    import pandas as pd

    if customers["customer_id"].duplicated().any():
        raise DataError("sending_twice", count=int(customers["customer_id"].duplicated().sum()))
    invitations, decisions = (Path(folder) / f"{what}_{asked.name}.csv" for what in ("invitations", "decisions"))
    before = _written(invitations, INVITATION)
    before = before[before["text_version"] == asked.text_version].drop_duplicates("customer_id")
    earlier = before.assign(decided_on=before["sent_on"])[["customer_id", "channel", "decided_on"]]
    earlier = earlier[earlier["customer_id"].isin(customers["customer_id"])]
    left = customers[~customers["customer_id"].isin(earlier["customer_id"])]
    agreed = with_consent(left, consents, purpose=asked.purpose, on=on)
    reached = _reached(agreed.kept, _closed(suppressions, on), key)
    new = _invitations(asked, reached[reached["reason"].isna()], on, lang)
    log = pd.concat([earlier, reached, agreed.refused], ignore_index=True).reindex(columns=list(DECISION))
    log = log.assign(
        decision=log["reason"].isna().map({True: "sent", False: "refused"}),
        decided_on=log["decided_on"].fillna(on.isoformat()),
    )
    log = log.set_index("customer_id").loc[customers["customer_id"]].reset_index()
    Path(folder).mkdir(parents=True, exist_ok=True)
    _write(invitations, pd.concat([_written(invitations, INVITATION), new]))
    _write(decisions, pd.concat([_written(decisions, DECISION), log]).drop_duplicates())
    shown = log.assign(customer_id=key.pseudonyms(log["customer_id"]), decided_on=pd.to_datetime(log["decided_on"]))
    return Sent(asked.name, shown, len(new))


def response(sent: Sent, answers: "pd.DataFrame") -> Response:
    """Answers matched with the invitations: who answered, who did not, and which answers do not count.

    `answers` has answer_id, customer_id (the pseudonym, as in `sent.log`) and submitted_at. An answer counts when its
    customer was invited on that day or before; of several the first counts, and the others are listed.

    >>> import pandas as pd
    >>> day = pd.Timestamp("2026-06-01")
    >>> log = pd.DataFrame({"customer_id": ["a", "b", "c"], "decision": ["sent", "sent", "refused"], "decided_on": day})
    >>> answers = pd.DataFrame({"answer_id": ["1", "2", "3"], "customer_id": ["a", "a", "c"]})
    >>> found = response(Sent("shopping", log, 2), answers.assign(submitted_at=pd.Timestamp("2026-06-02 10:00")))
    >>> found.answered, found.silent, found.refused, found.listed["reason"].tolist()
    (1, 1, 1, ['second_answer', 'not_invited'])
    """
    invited = sent.log[sent.log["decision"] == "sent"].set_index("customer_id")["decided_on"]
    ordered = answers.sort_values(["submitted_at", "answer_id"], ignore_index=True)
    since = ordered[["customer_id"]].join(invited, on="customer_id")["decided_on"]
    reason = since.isna().map({True: "not_invited", False: None}).astype("str")
    reason = reason.mask(ordered["submitted_at"].dt.normalize() < since, "before_sending")
    again = ordered["customer_id"].where(reason.isna()).duplicated()
    reason = reason.mask(again & reason.isna(), "second_answer")
    kept = ordered[reason.isna()].reset_index(drop=True)
    listed = ordered.assign(reason=reason)[reason.notna()][["answer_id", "customer_id", "reason"]]
    counts = {"asked": len(sent.log), "sent": len(invited), "refused": len(sent.log) - len(invited)}
    return Response(
        **counts, answered=len(kept), silent=len(invited) - len(kept), kept=kept, listed=listed.reset_index(drop=True)
    )


def _closed(suppressions: "pd.DataFrame | None", on: date) -> set[tuple[str, str]]:
    """Contacts (as hashes) and channels that are closed on the day."""
    import pandas as pd

    if suppressions is None:
        return set()
    closed = suppressions[pd.to_datetime(suppressions["since"]) <= pd.Timestamp(on)]
    return set(zip(closed["contact"], closed["channel"], strict=True))


def _reached(agreed: "pd.DataFrame", closed: set[tuple[str, str]], key: "Key") -> "pd.DataFrame":
    """Customers with the first channel that is open to them and its contact; without one, with the reason."""
    import pandas as pd

    contacts = agreed.reindex(columns=list(CHANNELS.values())).astype("str")
    ways = [_way(dict(zip(CHANNELS, row, strict=True)), closed, key) for row in contacts.itertuples(index=False)]
    found = pd.DataFrame(ways, columns=["channel", "contact", "reason"], index=agreed.index, dtype="str")
    return pd.concat([agreed.drop(columns="channel", errors="ignore"), found], axis="columns")


def _way(contacts: dict[str, str], closed: set[tuple[str, str]], key: "Key") -> tuple[str | None, ...]:
    """Channel and contact, or the reason why there is none."""
    there = {channel: contact for channel, contact in contacts.items() if isinstance(contact, str)}
    for channel, contact in there.items():
        if (key.contact(contact), channel) not in closed:
            return channel, contact, None
    return None, None, "suppressed" if there else "no_contact"


def _invitations(asked: "Questionnaire", reached: "pd.DataFrame", on: date, lang: str) -> "pd.DataFrame":
    language = reached["language"].fillna(lang) if "language" in reached else lang
    new = reached.assign(language=language, sent_on=on.isoformat())
    new = new.assign(questionnaire=asked.name, text_version=asked.text_version)
    subjects, texts = asked.title, {each: asked.text(each) for each in LANGUAGES}
    return new.assign(subject=new["language"].map(subjects), text=new["language"].map(texts))[list(INVITATION)]


def _written(path: Path, columns: tuple[str, ...]) -> "pd.DataFrame":
    """What a file of the outbox holds already, as text."""
    import pandas as pd

    if not path.exists():
        return pd.DataFrame(columns=list(columns), dtype="str")
    return pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8")


def _write(path: Path, rows: "pd.DataFrame") -> None:
    """Replace the file as a whole, so that a crash leaves the old one."""
    draft = path.with_suffix(".new")
    rows.to_csv(draft, index=False, encoding="utf-8", lineterminator="\n")
    os.replace(draft, path)
