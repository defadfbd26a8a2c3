"""The outbox: requests in, a decision for each, and what may be sent as files in a folder."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crmlab.collect.consent import demand_consent
from crmlab.collect.mask import mask
from crmlab.errors import DataError, ParameterError
from crmlab.handover.write import Written, write_crm
from crmlab.outbox.artefacts import CRM, Run, clear_up, read_held
from crmlab.outbox.checks import CHECKS, Batch, decide
from crmlab.outbox.log import Log, on_disk, stamp
from crmlab.outbox.mail import Sender
from crmlab.outbox.people import People, demand_tables
from crmlab.outbox.replies import take_reply
from crmlab.outbox.report import COLUMNS, Report
from crmlab.outbox.requests import read_requests, with_templates
from crmlab.outbox.rules import Rules
from crmlab.outbox.smtp import Handed, hand_over, waiting
from crmlab.outbox.templates import Template, open_templates
from crmlab.outbox.upkeep import erase, purge, verify

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.data import Shop
    from crmlab.show.outbox import Preview


HISTORY = ("entry", "at", "kind", "customer_id", "channel", "template", "decision", "reason", "detail", "message")


class Outbox:
    """Messages of a shop in a folder. Nothing leaves the machine but by `hand_over`.

    Each request gets one decision: written, held to a time, refused with a reason, or already decided before. The
    checks and their order are `crmlab.outbox.checks.CHECKS`. The folder has a log (log.sqlite), and under runs/ a
    folder for each call that decided something new, with its files and a manifest. Running twice writes nothing twice:
    a message goes by the customer, template, channel and campaign of its request and by what the template counts by
    (`once_per`). A call that is broken off leaves either nothing or everything; the next one clears up.
    """

    def __init__(
        self, folder: Path, shop: "Shop", rules: Rules, sender: Sender, templates: Mapping[str, Template], lang: str
    ):
        self.folder, self.shop, self.rules, self.sender = folder, shop, rules, sender
        self.templates, self.lang = templates, lang
        self._log = Log(folder, shop.key)

    @classmethod
    def open(
        cls,
        folder: str | Path,
        shop: "Shop",
        *,
        rules: Rules,
        sender: Sender,
        templates: Mapping[str, Template] | None = None,
        lang: str = "zh",
    ) -> "Outbox":
        """The outbox in a folder, which is made where there is none.

        Parameters
        ----------
        shop : has customers with contacts, consents, maybe suppressions; read anew at each call
        rules : `open_rules("cn")`
        sender : name and e-mail of the shop
        templates : `open_templates(...)`; those of the house without it
        lang : language of customers who did not name theirs

        Raises
        ------
        DataError where the data have no customers to write to, where another program holds the log, where the folder
        cannot be written to, and where the log was begun with another key
        """
        demand_tables(shop)
        with on_disk():
            Path(folder).mkdir(parents=True, exist_ok=True)
        outbox = cls(Path(folder), shop, rules, sender, templates or open_templates(), lang)
        with outbox._log.writing():
            clear_up(outbox.folder, outbox._log.last_run)
        return outbox

    def __enter__(self) -> "Outbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Outbox(entries={self._log.head[0]}, runs={self._log.last_run})"

    def close(self) -> None:
        """Let go of the log."""
        self._log.close()

    def put(self, requests: "pd.DataFrame", *, at: datetime) -> Report:
        """Decide on requests at a moment, write what may be written, and log every decision.

        `requests` has customer_id (pseudonym; blank for social posts), template, channel, maybe campaign, and a column
        for each value that the templates take from the request. Each channel's messages stand in the folder of the run:
        email/*.eml, sms.csv, wangwang.csv, onsite.csv, social.csv and social.md.

        Raises ParameterError for a time without a zone; DataError for a column that is missing, an unknown template, or
        a channel that a template is not for; ConsentError if a message without consent were about to be written.
        """
        at = moment(at)
        rows = read_requests(requests, self.templates, self.shop.key)
        return self._decide(lambda: (rows, self._log.settled(at)), at, CHECKS)

    def release(self, *, at: datetime) -> Report:
        """Decide anew on held messages that are due, with all checks: consent may be gone, or the cap reached.

        Whoever was deleted meanwhile has no held message left. Raises what `put` raises.
        """
        at = moment(at)
        checks = {name: check for name, check in CHECKS.items() if name != "already"}
        return self._decide(lambda: (self._held(at), None), at, checks)

    def reply(self, who: str, text: str, *, channel: str, at: datetime) -> str:
        """Enter what came back: "opt_out" for a refusal such as T or 退订, "other" for anything else.

        `who` is the pseudonym of a customer, or the keyed hash of a contact (`shop.key.contact(number)`). A refusal
        closes this channel at once and for ever, a later consent does not open it, and templates that rest on profiling
        are refused on every channel. The words of the reply are not kept. Raises DataError for somebody unknown.
        """
        with self._log.writing():
            people = People.of(self.shop, self._log.suppressions())
            return take_reply(self._log, people, who, text, channel=channel, at=moment(at), rules=self.rules)

    def opt_outs(self) -> "pd.DataFrame":
        """Contacts that refused or proved dead here, as the table suppressions of the house: contact (keyed hash),
        channel, since, reason."""
        import pandas as pd

        found = self._log.suppressions()
        return found.assign(since=pd.to_datetime(found["since"]))

    def objections(self) -> list[str]:
        """Pseudonyms of customers who refused messages on any channel: leave them out of profiling for marketing."""
        return sorted(People.of(self.shop, self._log.suppressions()).objected())

    def hand_over(self, host: str, port: int, *, at: datetime) -> Handed:
        """Hand the written e-mails to an SMTP server, each at most once.

        Each passes the checks of people, consent, refusal and hours again. Its intent is logged before, its outcome
        after: if the program dies between them, the mail is unsure and not sent again unless `settle` says so. What a
        server does not take now (4xx, no connection) waits for the next call; what it refuses (5xx) is not tried
        again, and a mailbox that is not there is closed. TLS is used where the server has it and demanded for any
        server but this machine. Raises DataError for one that has none.
        """
        at = moment(at)
        with self._log.writing():
            clear_up(self.folder, self._log.last_run)
        rows = with_templates(waiting(self._log)[0].reset_index(drop=True), self.templates)
        return hand_over(self._batch(rows, at), self._log, self.folder, host, port)

    def unsure(self) -> "pd.DataFrame":
        """E-mails of which nobody knows whether a server took them: message, customer_id, template."""
        return waiting(self._log)[1].rename(columns={"customer": "customer_id"})[["message", "customer_id", "template"]]

    def settle(self, message: str, *, sent: bool, at: datetime) -> None:
        """Say what became of an unsure e-mail: it was sent, or it is to be sent again. Raises DataError for another."""
        with self._log.writing():
            found = waiting(self._log)[1]
            found = found[found["message"] == message]
            if found.empty:
                raise DataError("outbox_not_unsure")
            row = found.iloc[0][["message", "customer", "template", "channel"]].to_dict()
            outcome = {"decision": "sent" if sent else "later", "reason": "settled", "contact": found.iloc[0]["hash"]}
            self._log.add([{"at": stamp(moment(at)), "kind": "handover"} | row | outcome])

    def preview(self, customer: str, lang: str | None = None) -> "Preview":
        """The messages of one customer (by pseudonym) as they look, with names and contacts masked."""
        from crmlab.outbox.preview import preview

        people = People.of(self.shop, self._log.suppressions())
        settings = {"sender": self.sender, "zone": self.rules.zone, "lang": lang or self.lang}
        return preview(self.folder, self._log, people, customer, **settings)

    def verify(self) -> "pd.DataFrame":
        """What is not as it was written, in the log and the files: finding, place; no row is a good sign."""
        return verify(self.folder, self._log, self.shop.key)

    def erase(self, customer: str, *, at: datetime) -> "pd.DataFrame":
        """Take a person (by pseudonym) out of all files and the log: place, rows. Suppressions stay."""
        return erase(self.folder, self._log, self.shop.key, customer, at=moment(at))

    def purge(self, *, at: datetime) -> int:
        """Let go of what need not be kept any longer at a moment; gives how many entries lost their person."""
        return purge(self.folder, self._log, on=moment(at).date(), at=moment(at))

    def history(self) -> "pd.DataFrame":
        """The log: entry, at, kind, customer_id, channel, template, decision, reason, detail, message; oldest first."""
        import pandas as pd

        rows = self._log.read().rename(columns={"customer": "customer_id"})
        rows["at"] = pd.to_datetime(rows["at"], utc=True).dt.tz_convert(self.rules.zone)
        return rows[list(HISTORY)]

    def write_crm(self, crm: str | Path, *, at: datetime) -> Written:
        """Write the import file of a CRM (see `crmlab.handover.write_crm`) with the customers who were written to.

        Only those who agree to marketing on the day and refused no message. The file is crm/<map>.csv in the folder.
        """
        people = People.of(self.shop, self._log.suppressions())
        reached = set(self._log.read("SELECT DISTINCT customer FROM log WHERE decision = 'written'")["customer"])
        own = people.rows.loc[people.rows.index.isin(reached - people.objected()), "customer_id"]
        customers = self.shop.read_personal("customers")
        rows = customers[customers["customer_id"].isin(own)].reset_index(drop=True)
        day = moment(at).astimezone(ZoneInfo(self.rules.zone)).date()
        path = self.folder / CRM / f"{Path(crm).stem}.csv"
        return write_crm(rows, crm, path, purpose="marketing", consents=people.consents, on=day)

    def _held(self, at: datetime) -> "pd.DataFrame":
        """The requests of held messages that are due, as they were made, ordered by number. One whose values are gone
        from the files comes without them, and the checks say why it stays here."""
        due = self._log.due(at)
        values = read_held(self.folder / name for name in sorted(due["file"].unique()))
        asked = due.merge(values, on="message", how="left").rename(columns={"customer": "customer_id"})
        rows = read_requests(asked.drop(columns="file"), self.templates, self.shop.key)
        return rows.assign(message=asked["message"])

    def _decide(self, asked: Callable[[], tuple], at: datetime, checks: Mapping[str, Any]) -> Report:
        with self._log.writing():
            clear_up(self.folder, self._log.last_run)
            report, run = self._run(*asked(), at, checks)
        if run:
            run.finish()
        return report

    def _batch(self, rows: "pd.DataFrame", at: datetime, states: "pd.Series | None" = None) -> Batch:
        people = People.of(self.shop, self._log.suppressions())
        near = self._log.near(at, self.rules.cap_days)
        return Batch(rows, people, self.templates, self.rules, self.sender, self.lang, at, states, near)

    def _run(
        self, rows: "pd.DataFrame", states: "pd.Series | None", at: datetime, checks: Mapping[str, Any]
    ) -> tuple[Report, Run | None]:
        """Decides on rows and writes what may be written. It has happened once the log is committed."""
        batch = self._batch(rows, at, states)
        people = batch.people
        decided = batch.rows.join(decide(batch, checks))
        unknown = ~decided["customer"].isin(people.rows.index) & decided["customer"].notna()
        decided["customer"] = decided["customer"].mask(unknown, decided["customer"].map(mask, na_action="ignore"))
        report = decided.rename(columns={"customer": "customer_id", "customer_id": "own_id"})[list(COLUMNS)]
        new = decided[(decided["decision"] != "already") & ~self._log.refused_then(decided, at)]
        if new.empty:
            return Report(report, ""), None
        with on_disk():
            run = Run(self.folder, self._log.last_run + 1, self.shop.key)
        try:
            demand_written(new, people)
            with on_disk():
                files = run.write(batch, new)
            self._log.add(entries(new.join(files), run.number, at, self.rules.keep_until(at)))
            with on_disk():
                run.manifest(batch, Report(new, "").summary().to_dict("records"), self._log.head)
            run.settle()
        except BaseException:
            run.discard()
            raise
        return Report(report, run.name), run


def moment(at: datetime) -> datetime:
    """A time to the second. Raises ParameterError for one without a zone: nobody could say where it is night."""
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise ParameterError("outbox_no_zone")
    return at.replace(microsecond=0)


def demand_written(decided: "pd.DataFrame", people: People) -> None:
    """Raises ConsentError where a message would be written to somebody who did not agree: the last look before it is,
    apart from the checks."""
    written = decided[(decided["decision"] == "written") & decided["person"]]
    for (purposes, day), rows in written.groupby(["purposes", "day"]):
        for purpose in purposes:
            demand_consent(rows, people.consents, purpose=purpose, on=day.date(), key=people.key)


def entries(decided: "pd.DataFrame", run: int, at: datetime, keep_until: date) -> list[dict[str, Any]]:
    """Decisions as the log takes them."""
    facts = {"run": run, "at": stamp(at), "kind": "decision", "keep_until": keep_until.isoformat()}
    same = ["message", "customer", "channel", "template", "campaign", "decision", "reason", "detail", "file", "digest"]
    told = decided[same].assign(contact=decided["hash"], commercial=decided["commercial"].astype("int"))
    told["digest"] = told["digest"].map(bytes.fromhex, na_action="ignore")
    told["until"] = decided["until"].map(stamp, na_action="ignore")
    told = told.astype("object").where(told.notna(), None)
    return [facts | row for row in told.to_dict("records")]
