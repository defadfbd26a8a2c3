"""Variants: each student practises on an invented shop of their own, and a class is graded on another one."""

import hmac
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.collect.pseudonym import Key
from crmlab.collect.validate import references
from crmlab.data import CARD
from crmlab.tables import TABLES
from crmlab.world.season import AS_OF, TIME_ZONE

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "data"
"""What the folder of a variant is called, beside the notebook."""
WINDOWS = range(180, 366, 5)
GROUPS = (3, 4, 5)
MOST_DAYS_BACK = 27
NO_FURTHER_BACK = {"01_collect": 6, "03_serve": 13}
"""Lessons that need the last days of the world: its surveys, and the many views that tell of latent needs."""

KNOWN_ON = {
    "customers": "registered_on", "consents": "given_on", "orders": "order_date", "refunds": "refund_date",
    "events": "event_time", "service_records": "first_reply_at", "texts": "written_on",
    "survey_answers": "submitted_at", "deliveries": "shipped_on", "calls": "called_at",
    "satisfaction_answers": "submitted_at", "suppressions": "since",
}  # fmt: skip
"""The column that says since when a row is known; goods and the plan of campaigns are known before."""
KNOWN_LATER = {"consents": "withdrawn_on", "service_records": "closed_at", "deliveries": "delivered_on"}
"""Columns that are filled in later than their row."""
ABOUT = """\
name = "xiaoman"
title_zh = "小满杂货"
title_en = "Xiaoman Goods"
as_of = "{as_of}"
currency = "CNY"
time_zone = "{time_zone}"
# This key is public and hides nothing. Your own data get a key of your own.
public_key = "{public_key}"
"""


@dataclass(frozen=True)
class Variant:
    """What a variant is drawn from: `seed` of its world, `as_of` its reference date, and two parameters of the lesson,
    `window` in days and `groups`. The seed stays with the instructor, since it gives the hidden truth as well."""

    seed: int
    as_of: date
    window: int
    groups: int

    @property
    def parameters(self) -> dict[str, object]:
        """What the parameters cell of a notebook says, where the lesson has such a parameter. The reference date is
        that of the data."""
        return {"data": FOLDER, "window": self.window, "groups": self.groups}


def variant(key: Key, lesson: str, who: str) -> Variant:
    """The variant of one student for one lesson ("02_segment").

    Drawn from HMAC-SHA256 (RFC 2104) of the key over course, lesson and student: the same three give the same variant,
    and one variant tells nothing of another.

    >>> key = Key(b"for the doctest")
    >>> variant(key, "02_segment", "s01") == variant(key, "02_segment", "s01")
    True
    >>> variant(key, "02_segment", "s01") == variant(key, "02_segment", "s02")
    False
    """
    digest = hmac.digest(key.secret, f"crmlab\0assign\0{lesson}\0{who}".encode(), "sha256")
    seed, back, window, groups = (int.from_bytes(digest[start : start + 4]) for start in range(0, 16, 4))
    most = NO_FURTHER_BACK.get(lesson, MOST_DAYS_BACK)
    return Variant(
        seed=seed,
        as_of=AS_OF - timedelta(days=back % (most + 1)),
        window=WINDOWS[window % len(WINDOWS)],
        groups=GROUPS[groups % len(GROUPS)],
    )


def hidden_variant(key: Key, lesson: str, deadline: str = "") -> Variant:
    """The variant of a graded run: nobody's own, so that a whole class is measured alike.

    Another deadline has another one, so that numbers seen in the feedback of one round are of no use in the next.
    """
    return variant(key, lesson, f"\0hidden\0{deadline}")


def variant_files(variant: Variant) -> dict[str, bytes]:
    """The files of a variant by name: the tables of its world as they stood on its reference date, and data.toml.

    Neither the seed nor the hidden truth is among them. Takes some seconds.
    """
    from crmlab.world import make_world
    from crmlab.world.contacts import PUBLIC_KEY

    tables = as_known(make_world(variant.seed).tables, variant.as_of)
    files = {f"{name}.csv": table.to_csv(index=False, lineterminator="\n").encode() for name, table in tables.items()}
    about = ABOUT.format(as_of=variant.as_of, time_zone=TIME_ZONE, public_key=PUBLIC_KEY)
    return files | {CARD: about.encode()}


def write_variant(variant: Variant, folder: Path) -> None:
    """Write the files of a variant to `folder`, which `check_settings(data=folder)` then takes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in variant_files(variant).items():
        (folder / name).write_bytes(content)


def as_known(tables: "dict[str, pd.DataFrame]", on: date) -> "dict[str, pd.DataFrame]":
    """Tables of text (a blank is "") as they stood at the end of a day.

    Later rows are gone, with the rows that point to them; what was filled in later is blank again, and a matter that
    was not closed yet was not resolved.
    """
    end = f"{on}T23:59:59"
    known: dict[str, pd.DataFrame] = {}
    for name in (name for name in TABLES if name in tables):
        table = tables[name]
        if name in KNOWN_ON:
            table = table[table[KNOWN_ON[name]] <= end]
        for other, columns in references(TABLES[name]).items():
            table = table[_points(table, known[other], list(columns))]
        if name in KNOWN_LATER:
            column = KNOWN_LATER[name]
            table = table.assign(**{column: table[column].where(table[column] <= end, "")})
        if name == "service_records":
            table = table.assign(resolved=table["resolved"].where(table["closed_at"] != "", "no"))
        known[name] = table.reset_index(drop=True)
    return known


def _points(table: "pd.DataFrame", other: "pd.DataFrame", columns: list[str]) -> "pd.Series":
    """Which rows of a table point to a row of another, or to none because they are blank."""
    import pandas as pd

    there = pd.MultiIndex.from_frame(table[columns]).isin(pd.MultiIndex.from_frame(other[columns]))
    return (table[columns] == "").all(axis=1) | there
