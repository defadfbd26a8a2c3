"""What is written for the shop's own hands: mails, batches and upload files, one folder per run, with a manifest."""

import hashlib
import hmac
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError
from crmlab.handover.cells import guarded
from crmlab.handover.files import write_grid
from crmlab.outbox.checks import Batch
from crmlab.outbox.compose import mail, short_texts
from crmlab.outbox.log import stamp
from crmlab.outbox.mail import mail_bytes
from crmlab.outbox.sms import sms_length
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.pseudonym import Key

RUNS = "runs"
CRM = "crm"
PART = ".part"
"""Ends the name of a folder that is still being written: nothing in it has happened yet."""
MANIFEST = "manifest.json"
MAILS_IN_FOLDER = 1000
HELD = ("message", "customer_id", "template", "channel", "campaign", "values")
"""Columns of the file of held requests."""
UPLOADS = ("sms", "wangwang", "onsite")
"""Channels that get one file of all messages."""


class Run:
    """The folder of one run. It is filled under a name of its own and gets its real one at the very end."""

    def __init__(self, folder: Path, number: int, key: "Key"):
        self.folder, self.number, self._key = folder, number, key
        self.part = folder / RUNS / f"{number:04}{PART}"
        self.name = f"{RUNS}/{number:04}"
        self.files: list[dict[str, Any]] = []
        self.part.mkdir(parents=True)

    def write(self, batch: Batch, decided: "pd.DataFrame") -> "pd.DataFrame":
        """Writes the messages that may be written, and keeps the held ones; gives for each the file in which it stands
        and, for a message, the keyed digest of what it says."""
        import pandas as pd

        told = pd.DataFrame(None, index=decided.index, columns=["file", "digest"], dtype="object")
        held = decided[decided["decision"] == "held"]
        if len(held):
            self._hold(held)
            told.loc[held.index, "file"] = f"{self.name}/held.csv"
        for channel, of_channel in decided[decided["decision"] == "written"].groupby("channel"):
            of_channel = of_channel.sort_values("message")
            if channel == "email":
                told.loc[of_channel.index] = self._mails(batch, of_channel)
                continue
            texts = short_texts(batch, of_channel)
            if channel in UPLOADS:
                self._upload(channel, of_channel, texts)
            else:
                self._posts(batch, of_channel, texts)
            told.loc[of_channel.index, "file"] = f"{self.name}/{channel}.csv"
            told.loc[of_channel.index, "digest"] = [keyed_digest(self._key, text.encode()) for text in texts]
        return told

    def _mails(self, batch: Batch, rows: "pd.DataFrame") -> "pd.DataFrame":
        import pandas as pd

        files, digests = [], []
        offers = rows["template"].map({name: template.offer for name, template in batch.templates.items()})
        columns = (rows.index, rows["message"], rows["contact"], rows["language"], rows["commercial"], offers)
        for place, (row, message, to, lang, commercial, offer) in enumerate(zip(*columns, strict=True)):
            said = mail(batch, row, lang, commercial, offer)
            content = mail_bytes(
                message, sender=batch.sender, to=to, subject=said.subject, text=said.text, html=said.html, at=batch.at,
                opt_out=commercial,
            )  # fmt: skip
            folder = f"email/{place // MAILS_IN_FOLDER:03}"
            if place % MAILS_IN_FOLDER == 0:
                (self.part / folder).mkdir(parents=True)
            files.append(f"{folder}/{message}.eml")
            (self.part / files[-1]).write_bytes(content)
            digests.append(keyed_digest(self._key, content))
        self._table("email.csv", rows[["message", "customer_id"]].assign(file=files))
        return pd.DataFrame({"file": [f"{self.name}/{file}" for file in files], "digest": digests}, index=rows.index)

    def _upload(self, channel: str, rows: "pd.DataFrame", texts: list[str]) -> None:
        table = rows[["message", "customer_id"]]
        if channel == "sms":
            lengths = [sms_length(text) for text in texts]
            table = table.assign(phone=rows["contact"], text=texts)
            table = table.assign(**{name: [str(getattr(one, name)) for one in lengths] for name in lengths[0]._fields})
        else:
            table = table.assign(text=texts)
        self._table(f"{channel}.csv", table)

    def _posts(self, batch: Batch, rows: "pd.DataFrame", texts: list[str]) -> None:
        """A post plan, as a table and as a page to read."""
        table = rows[["message", "campaign", "template"]].assign(text=texts)
        self._table("social.csv", table)
        pieces = [f"# {word('outbox.posts', batch.lang)}\n"]
        pieces += [f"## {one.campaign or one.template}\n\n{one.text}\n" for one in table.itertuples()]
        self._file("social.md", "\n".join(pieces).encode(), len(rows))

    def _hold(self, rows: "pd.DataFrame") -> None:
        """Keeps held requests with their values, so that they can be made again when they are due."""
        told = [json.dumps(values, ensure_ascii=False, sort_keys=True) for values in rows["values"]]
        table = rows[list(HELD)[:-1]].astype("str").apply(guarded, kind="text").assign(values=told)
        table = table.sort_values("message")
        self._file("held.csv", table.to_csv(index=False, lineterminator="\n").encode(), len(table))

    def _table(self, name: str, table: "pd.DataFrame") -> None:
        safe = table.astype("str").apply(guarded, kind="text")
        write_grid(safe, dict.fromkeys(safe.columns, "text"), self.part / name, "utf-8-sig")
        self._note(name, (self.part / name).read_bytes(), len(table))

    def _file(self, name: str, content: bytes, rows: int) -> None:
        (self.part / name).write_bytes(content)
        self._note(name, content, rows)

    def _note(self, name: str, content: bytes, rows: int) -> None:
        self.files.append({"file": name, "rows": rows, "digest": keyed_digest(self._key, content)})

    def manifest(self, batch: Batch, counts: list[dict[str, Any]], head: tuple[int, str]) -> None:
        """Writes what the folder holds, without a person in it, and where the log stood."""
        told = {
            "run": self.number,
            "at": stamp(batch.at),
            "rules": batch.rules.name,
            "decisions": [{name: None if value != value else value for name, value in row.items()} for row in counts],
            "files": sorted(self.files, key=lambda one: one["file"]),
            "log": {"entry": head[0], "hash": head[1]},
        }
        text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
        (self.part / MANIFEST).write_text(text, encoding="utf-8", newline="\n")

    def settle(self) -> None:
        """Waits until the files are on the disk, where the machine can do that: the log must not know more than it."""
        if hasattr(os, "sync"):
            os.sync()

    def discard(self) -> None:
        """Takes away what was written: nothing has happened."""
        shutil.rmtree(self.part)

    def finish(self) -> None:
        """Gives the folder its name. The log knows of it already, so a crash just before this loses nothing."""
        finish(self.part)


def finish(part: Path) -> None:
    """Gives the folder of a logged run its name, unless another program did so in this moment."""
    try:
        os.replace(part, part.with_suffix(""))
    except FileNotFoundError:
        if not part.with_suffix("").is_dir():
            raise


def clear_up(folder: Path, last_run: int) -> None:
    """After a crash: a folder of a run that the log knows gets its name, any other goes, for it never happened."""
    for part in sorted((folder / RUNS).glob(f"[0-9]*{PART}")):
        if int(part.stem) <= last_run:
            finish(part)
        else:
            shutil.rmtree(part)


def read_held(paths: Iterable[Path]) -> "pd.DataFrame":
    """The values of held requests from the files of their runs: message, and each value in a column of its own.

    Raises DataError for a file that another program saved in a form that cannot be read.
    """
    import pandas as pd

    found: dict[str, dict[str, str | None]] = {}
    for path in paths:
        if path.is_file():
            try:
                table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
                found |= dict(zip(table["message"], map(dict, map(json.loads, table["values"])), strict=True))
            except (ValueError, TypeError, KeyError) as error:
                name = f"{path.parent.name}/{path.name}"
                raise DataError("outbox_held", file=name, problem=type(error).__name__) from None
    return pd.DataFrame(list(found.values()), index=pd.Index(list(found), name="message", dtype="str")).reset_index()


def keyed_digest(key: "Key", content: bytes) -> str:
    """A digest that nobody without the key can try phone numbers against."""
    return hmac.new(key.secret, b"artefact " + content, hashlib.sha256).hexdigest()
