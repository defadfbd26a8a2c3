"""Handing e-mails to an SMTP server: at most once, each with a last look at consent."""

import ipaddress
import smtplib
import ssl
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError
from crmlab.outbox.artefacts import keyed_digest
from crmlab.outbox.checks import CHECKS, Batch, decide
from crmlab.outbox.log import Log, stamp
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

SECONDS = 30
"""How long a server may take to answer."""
OUTCOMES = ("sent", "refused", "later", "unsure")
TAKEN = "taken"
"""What another program hands over in this moment; it is not in the table."""
COLUMNS = ("customer_id", "outcome", "reason", "detail", "message")
CHECKED = ("known", "deleted", "contact", "zone", "consent", "suppressed", "objected", "quiet")
"""Checks that a written mail passes again before it is sent."""
OPEN = """SELECT message, customer, contact AS hash, template, channel, campaign, file, digest FROM log
WHERE kind = 'decision' AND decision = 'written' AND channel = 'email' AND customer IS NOT NULL ORDER BY message"""
STATES = """SELECT message, decision FROM log
WHERE entry IN (SELECT max(entry) FROM log WHERE kind = 'handover' GROUP BY message)"""
NO_MAILBOX = (550, 551, 553)
"""Answers that a mailbox is not there (RFC 5321, 4.2.3)."""


@dataclass(frozen=True)
class Handed:
    """What became of the mails of one call: customer_id, outcome, reason, detail (the code of the server), message.

    sent: the server took it. refused: it never will, or the customer no longer agrees. later: it was not taken now and
    will be tried again. unsure: the connection broke when it might have been taken; a person decides, see
    `Outbox.settle`.
    """

    mails: "pd.DataFrame"

    def __repr__(self) -> str:
        return f"Handed({', '.join(f'{name}={count}' for name, count in self.counts.items())})"

    @property
    def counts(self) -> dict[str, int]:
        found = self.mails["outcome"].value_counts()
        return {name: int(found.get(name, 0)) for name in OUTCOMES}

    def balance(self, lang: str = "zh") -> str:
        """Mails = sent + refused + later + unsure, in words."""
        return word("outbox.handed", lang, mails=len(self.mails), **self.counts)


def waiting(log: Log) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Mails that were not handed over yet or are to be tried again, and those of which nobody knows."""
    mails = log.read(OPEN)
    states = mails["message"].map(log.read(STATES).set_index("message")["decision"]).astype("str")
    return mails[states.isna() | (states == "later")], mails[states.isin(["intent", "unsure"])]


def hand_over(batch: Batch, log: Log, folder: Path, host: str, port: int) -> Handed:
    """Hands the mails of a batch to a server, one after the other; see `Outbox.hand_over`."""
    import pandas as pd

    decided = batch.rows.join(decide(batch, {name: CHECKS[name] for name in CHECKED}))
    waits = decided["decision"] == "held"
    decided["decision"] = decided["decision"].mask(waits, "later")
    told = [
        _refused(log, batch, row) if row.decision == "refused" else (row.decision, row.reason, row.detail)
        for row in decided[decided["decision"] != "written"].itertuples()
    ]
    mails = decided[decided["decision"] == "written"]
    with _Line(host, port, batch.sender.domain) as line:
        told += [_one(line, log, batch, folder, row) for row in mails.itertuples()]
    both = pd.concat([decided[decided["decision"] != "written"], mails]).reset_index(drop=True)
    outcomes = pd.DataFrame(told, columns=["outcome", "reason", "detail"], dtype="object")
    table = both[["customer", "message"]].rename(columns={"customer": "customer_id"}).join(outcomes)
    table = table[table["outcome"] != TAKEN]
    return Handed(table[list(COLUMNS)].sort_values("message", ignore_index=True))


def _refused(log: Log, batch: Batch, row: tuple) -> tuple[str, str, object]:
    _note(log, batch, row, "refused", row.reason, row.detail if isinstance(row.detail, str) else None)
    return "refused", row.reason, row.detail


def _one(line: "_Line", log: Log, batch: Batch, folder: Path, row: tuple) -> tuple[str, str | None, str | None]:
    """Hands over one mail: its intent stands in the log before, its outcome after."""
    path = folder / row.file
    content = path.read_bytes() if path.is_file() else b""
    if keyed_digest(batch.people.key, content) != row.digest.hex():
        return _refused(log, batch, row._replace(reason="file_changed", detail=None))
    if BytesHeaderParser().parsebytes(content)["To"] != row.contact:
        return _refused(log, batch, row._replace(reason="contact_changed", detail=None))
    if not line.ready():
        return "later", "no_connection", None
    stopped = _claim(log, batch, row)
    if stopped:
        return stopped
    outcome, code, dead = line.send(batch.sender.contact, row.contact, content)
    reason = None if outcome == "sent" else "server" if code else "no_connection"
    _note(log, batch, row, outcome, reason, code)
    if dead:
        with log.writing():
            log.suppress(row.hash, "email", row.day.date(), "hard_bounce")
    return outcome, reason, code


def _claim(log: Log, batch: Batch, row: tuple) -> tuple[str, str | None, str | None] | None:
    """Logs the intent, unless another program has this mail by now or its reader has refused since the call began."""
    with log.writing():
        state = log.read(f"{STATES} AND message = ?", [row.message])["decision"]
        if len(state) and state[0] != "later":
            return TAKEN, None, None
        closed = log.closed(row.hash, "email")
        if closed and (row.commercial or closed == "hard_bounce"):
            log.add([_entry(batch, row, "refused", "channel_closed", closed)])
            return "refused", "channel_closed", closed
        log.add([_entry(batch, row, "intent", None, None)])
    return None


def _note(log: Log, batch: Batch, row: tuple, outcome: str, reason: str | None, detail: str | None) -> None:
    with log.writing():
        log.add([_entry(batch, row, outcome, reason, detail)])


def _entry(batch: Batch, row: tuple, outcome: str, reason: str | None, detail: str | None) -> dict[str, Any]:
    entry = {"at": stamp(batch.at), "kind": "handover", "message": row.message, "channel": "email"}
    entry |= {"template": row.template, "decision": outcome, "reason": reason, "detail": detail}
    entry |= {"keep_until": batch.rules.keep_until(batch.at).isoformat()}
    return entry | {"customer": row.customer, "contact": row.hash}


class _Line:
    """A connection to a server, opened again once after it broke."""

    def __init__(self, host: str, port: int, name: str):
        self._host, self._port, self._name = host, port, name
        self._server: smtplib.SMTP | None = None
        self._tries = 2

    def __enter__(self) -> "_Line":
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            try:
                self._server.quit()
            except (smtplib.SMTPException, OSError):
                self._server.close()

    def ready(self) -> bool:
        """Whether there is a connection. Raises DataError for a server that would send mails in the clear abroad, and
        for one whose certificate does not prove that it is that server."""
        while self._server is None and self._tries:
            self._tries -= 1
            try:
                self._server = self._connected()
            except ssl.SSLCertVerificationError:
                raise DataError("outbox_certificate", host=self._host) from None
            except (smtplib.SMTPException, OSError):
                self._server = None
        return self._server is not None

    def _connected(self) -> smtplib.SMTP:
        server = smtplib.SMTP(self._host, self._port, local_hostname=self._name, timeout=SECONDS)
        try:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            elif not ipaddress.ip_address(server.sock.getpeername()[0]).is_loopback:
                raise DataError("outbox_no_tls", host=self._host)
        except BaseException:
            server.close()
            raise
        return server

    def send(self, sender: str, to: str, content: bytes) -> tuple[str, str | None, bool]:
        """Outcome, code of the server, and whether the mailbox is not there."""
        taken = False
        try:
            code, _ = self._server.mail(sender)
            if code != 250:
                self._server.rset()
                return _outcome(code), str(code), False
            code, text = self._server.rcpt(to)
            if code not in (250, 251):
                self._server.rset()
                return _outcome(code), str(code), _no_mailbox(code, text)
            taken = True
            code, _ = self._server.data(content)
        except smtplib.SMTPDataError as error:
            code = error.smtp_code
        except (smtplib.SMTPException, OSError):
            self._server.close()
            self._server, self._tries = None, 1
            return "unsure" if taken else "later", None, False
        return ("sent" if code == 250 else _outcome(code)), str(code), False


def _outcome(code: int) -> str:
    return "refused" if code >= 500 else "later"


def _no_mailbox(code: int, text: bytes) -> bool:
    """Whether an answer says that there is no such mailbox, by its enhanced code (RFC 3463) where it has one."""
    enhanced = text[:2] in (b"5.", b"4.")
    return text.startswith(b"5.1.") if enhanced else code in NO_MAILBOX
