"""Looking after an outbox: is it as it was written, take a person out, let go of what is old."""

import json
import os
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.intake.cells import plain
from crmlab.outbox.artefacts import CRM, MANIFEST, RUNS, clear_up, keyed_digest
from crmlab.outbox.log import Log, stamp

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.collect.pseudonym import Key

FOUND = ("finding", "place")
PURGED = "SELECT run FROM log WHERE kind = 'erased' AND run IS NOT NULL"


def verify(folder: Path, log: Log, key: "Key") -> "pd.DataFrame":
    """What is not as it was written: finding, place; no row where everything is.

    entry_changed: an entry of the log was changed, put in, or follows one that was taken out. log_cut: a manifest knows
    an entry that the log lacks. file_missing, file_changed: a file of a run. no_manifest: a folder or its manifest is
    gone. manifest_changed: a manifest that is none any more. Mails of a deleted person are gone rightly.
    """
    import pandas as pd

    found = [("entry_changed", str(entry)) for entry in log.broken()]
    runs = log.read(f"SELECT DISTINCT run FROM log WHERE kind = 'decision' AND run NOT IN ({PURGED}) ORDER BY run")
    for name in (f"{RUNS}/{run:04}" for run in runs["run"]):
        path = folder / name / MANIFEST
        if not path.is_file():
            found.append(("no_manifest", name))
            continue
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            entry, head = told["log"]["entry"], told["log"]["hash"]
            files = {f"{name}/{one['file']}": one["digest"] for one in told["files"]}
        except (ValueError, KeyError, TypeError):
            found.append(("manifest_changed", name))
            continue
        if log.hash_of(entry) != head:
            found.append(("log_cut", name))
        found += _differing(folder, files, key)
    named = f"file IS NOT NULL AND customer IS NOT NULL AND run NOT IN ({PURGED})"
    tables = log.read(f"SELECT DISTINCT file FROM log WHERE channel <> 'email' AND {named}")["file"]
    found += [("file_missing", name) for name in tables if not (folder / name).is_file()]
    mails = log.read(f"SELECT file, digest FROM log WHERE channel = 'email' AND digest IS NOT NULL AND {named}")
    found += _differing(folder, dict(zip(mails["file"], mails["digest"].map(bytes.hex), strict=True)), key)
    return pd.DataFrame(sorted(set(found)), columns=list(FOUND))


def _differing(folder: Path, digests: dict[str, str], key: "Key") -> list[tuple[str, str]]:
    found = []
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file():
            found.append(("file_missing", name))
        elif keyed_digest(key, path.read_bytes()) != digest:
            found.append(("file_changed", name))
    return found


def erase(folder: Path, log: Log, key: "Key", customer: str, *, at: datetime) -> "pd.DataFrame":
    """Takes a person (by pseudonym) out of every file and out of the log: place, rows. PIPL art. 47.

    The entries of the log stay, without pseudonym and contact, and the chain holds; suppressions stay, so that nobody
    writes to that contact. Import files for a CRM go as a whole where the person was written to, because each has
    columns of its own; `Outbox.write_crm` makes them anew. A call that was broken off can be made again.
    """
    import pandas as pd

    removed = {}
    with log.writing():
        clear_up(folder, log.last_run)
        for path in sorted((folder / RUNS).glob("*/*.csv")):
            rows = _without(path, key, customer)
            if rows:
                removed[path.relative_to(folder).as_posix()] = rows
        own = log.read("SELECT DISTINCT contact FROM log WHERE customer = ? AND contact IS NOT NULL", [customer])
        places = ", ".join("?" * len(own))
        alone = f"customer = ? OR (customer IS NULL AND contact IN ({places}))"
        blanked = log.blank(alone, [customer, *own["contact"]])
        if blanked:
            for path in sorted((folder / CRM).glob("*.csv")):
                path.unlink()
                removed[path.relative_to(folder).as_posix()] = 1
            removed["log"] = blanked
            log.add([{"at": stamp(at), "kind": "erased", "detail": str(blanked)}])
    return pd.DataFrame(sorted(removed.items()), columns=["place", "rows"])


def _without(path: Path, key: "Key", customer: str) -> int:
    """Writes a CSV file anew without a customer, after the files that these rows name; gives how many rows went."""
    import pandas as pd

    encoding = "utf-8-sig" if path.read_bytes().startswith(b"\xef\xbb\xbf") else "utf-8"
    table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding=encoding)
    if "customer_id" not in table:
        return 0
    own = key.pseudonyms(plain(table["customer_id"])) == customer
    if not own.any():
        return 0
    for name in table.loc[own, "file"] if "file" in table else ():
        if (path.parent / name).resolve().is_relative_to(path.parent.resolve()):
            (path.parent / name).unlink(missing_ok=True)
    ends = "\r\n" if encoding == "utf-8-sig" else "\n"
    content = table[~own].to_csv(index=False, lineterminator=ends).encode(encoding)
    _replace(path, content)
    _correct(path, keyed_digest(key, content), int((~own).sum()))
    return int(own.sum())


def _correct(path: Path, digest: str, rows: int) -> None:
    """Tells the manifest of a file that was written anew on purpose."""
    manifest = path.parent / MANIFEST
    told = json.loads(manifest.read_text(encoding="utf-8"))
    for one in told["files"]:
        if one["file"] == path.name:
            one.update(digest=digest, rows=rows)
    _replace(manifest, (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode())


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.write_bytes(content)
    os.replace(fresh, path)


def purge(folder: Path, log: Log, *, on: date, at: datetime) -> int:
    """Lets go of runs whose time of keeping is over on a day: files go, entries lose pseudonym and contact.

    What was written stays known by its number, so that it is never written again. Gives how many entries lost theirs.
    """
    old = "keep_until < ?"
    new = f"kind = 'decision' AND {old} AND run NOT IN ({PURGED})"
    runs = log.read(f"SELECT DISTINCT run FROM log WHERE {new} ORDER BY run", [on.isoformat()])["run"]
    for run in runs:
        if (folder / RUNS / f"{run:04}").is_dir():
            shutil.rmtree(folder / RUNS / f"{run:04}")
    with log.writing():
        blanked = log.blank(old, [on.isoformat()])
        log.add({"at": stamp(at), "kind": "erased", "run": int(run)} for run in runs)
    return blanked
