"""What the outbox obeys: quiet hours, frequency cap, proof, marks; data in countries/*.toml, one file per country."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from crmlab.errors import DataError, ParameterError
from crmlab.words import LANGUAGES

COUNTRIES = ("cn", "us")
"""The rules that come with the house."""
LEAST_MONTHS = 5
"""Months for which proof of sending must be kept at least (通信短信息服务管理规定, 2015)."""
TEXTS = ("title", "mail_mark", "sms_opt_out")
OPT_OUT = re.compile(r"(回复|reply)?(t|td|n|no|tui|退|退订|拒收|拒绝|stop|end|quit|cancel|unsubscribe)")
"""A short reply that takes consent back, without blanks and punctuation."""
OPT_OUT_INSIDE = re.compile(
    r"退订|拒收|取消订阅|(别|勿|不要|不想)再?(给我)?(发|收|打扰)|unsubscribe|optout|stop(sending|texting|email)"
)
"""Words that take it back wherever they stand in a reply."""


@dataclass(frozen=True)
class Rules:
    """The rules of one country, or of one's own (`dataclasses.replace(open_rules("cn"), cap=2)`).

    zone : IANA name of the time zone of customers who have none of their own
    quiet_from, quiet_to : marketing and care wait from the first to the second, by the recipient's clock; equal for
        no quiet hours
    cap, cap_days : at most `cap` messages of marketing and care per customer in any `cap_days` days, all channels
    keep_months : months for which the log keeps who was written to; at least 5
    sms_signature : how a text message names its sender; `{shop}` stands for the name and must be there
    mail_mark, sms_opt_out : by language, what stands before the subject of advertising mail, and how to refuse, which
        is never blank

    Raises ParameterError for a value that cannot be.
    """

    name: str
    zone: str
    quiet_from: time
    quiet_to: time
    cap: int
    cap_days: int
    keep_months: int
    sms_signature: str
    title: Mapping[str, str]
    mail_mark: Mapping[str, str]
    sms_opt_out: Mapping[str, str]

    def __post_init__(self) -> None:
        if zone_of(self.zone) is None:
            raise ParameterError("outbox_zone", zone=self.zone)
        for name, least in (("cap", 0), ("cap_days", 1), ("keep_months", LEAST_MONTHS)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ParameterError("outbox_rule_low", name=name, value=value, least=least)
        if "{shop}" not in self.sms_signature or not all(self.sms_opt_out[lang].strip() for lang in LANGUAGES):
            raise ParameterError("outbox_rule_texts")

    def quiet_until(self, at: datetime, zone: str) -> datetime | None:
        """When the quiet hours end in which `at` falls in that zone; None outside them.

        >>> from datetime import UTC
        >>> rules = open_rules("cn")
        >>> rules.quiet_until(datetime(2026, 6, 17, 13, 59, tzinfo=UTC), "Asia/Shanghai")
        >>> rules.quiet_until(datetime(2026, 6, 17, 14, 0, tzinfo=UTC), "Asia/Shanghai").isoformat()
        '2026-06-18T08:00:00+08:00'
        """
        local = at.astimezone(ZoneInfo(zone))
        clock, start, end = local.time(), self.quiet_from, self.quiet_to
        inside = start <= clock < end if start <= end else clock >= start or clock < end
        if not inside:
            return None
        day = local.date() + timedelta(days=clock >= end)
        return datetime.combine(day, end.replace(fold=local.fold), ZoneInfo(zone))

    def keep_until(self, at: datetime) -> date:
        """The last day on which the log still keeps who was written to at that time."""
        import pandas as pd

        return (pd.Timestamp(at.date()) + pd.DateOffset(months=self.keep_months, days=1)).date()


def open_rules(name: str | Path) -> Rules:
    """The rules of a country ("cn", "us"), or of a .toml file of one's own (crmlab/outbox/countries shows how).

    Raises DataError for a name that is not known and for a file that is no such rules: it says what is wrong.

    >>> rules = open_rules("cn")
    >>> rules.quiet_from, rules.cap, rules.sms_opt_out["zh"]
    (datetime.time(22, 0), 4, '，拒收请回复T')
    """
    if str(name) in COUNTRIES:
        text = files("crmlab.outbox").joinpath("countries", f"{name}.toml").read_text("utf-8")
        return _rules(str(name), text)
    path = Path(name)
    if path.suffix != ".toml" or not path.is_file():
        raise DataError("outbox_no_rules", name=name, known=", ".join(COUNTRIES))
    return _rules(path.stem, path.read_text(encoding="utf-8"))


def _rules(name: str, text: str) -> Rules:
    wanted = {field.name for field in fields(Rules)} - {"name"}
    try:
        told = tomllib.loads(text)
        hours = {key: time.fromisoformat(told[key]) for key in ("quiet_from", "quiet_to")}
    except (tomllib.TOMLDecodeError, KeyError, ValueError, TypeError) as error:
        raise DataError("outbox_rules", file=f"{name}.toml", problem=str(error)) from None
    wrong = set(told) ^ wanted or {key for key in TEXTS if set(told[key]) != set(LANGUAGES)}
    if wrong:
        raise DataError("outbox_rules", file=f"{name}.toml", problem=", ".join(sorted(wrong)))
    return Rules(name=name, **(told | hours))


@cache
def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of an IANA name; None where there is no such zone."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def is_opt_out(reply: str) -> bool:
    """Whether a reply says that its sender wants no more messages. In doubt it does.

    >>> [is_opt_out(text) for text in ("T", " 退订！", "ＴＤ", "回复T", "请不要再发了", "谢谢", "Thanks", "Tomorrow?")]
    [True, True, True, True, True, False, False, False]
    """
    text = unicodedata.normalize("NFKC", reply).lower()
    text = "".join(sign for sign in text if unicodedata.category(sign)[0] in "LN")
    return OPT_OUT.fullmatch(text) is not None or OPT_OUT_INSIDE.search(text) is not None
