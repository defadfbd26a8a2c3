"""The files of the telephone and the service desk."""

import datetime as dt

from crmlab.tables.codes import CODES
from crmlab.world.contacts import OUTCOME_SHARES
from crmlab.world.incoming.sheet import Cells, Sheet
from crmlab.world.incoming.told import DISPUTED, VERSION, Cast, Teller, worded, worded_purposes

NOBODY = ("C9901", "C9902", "C9903", "C9904")
"""Numbers that no customer has."""
BAD_TIMES = ("2026-02-30 10:15:00", "2027-13-01 15:20:08")


def calls(cast: Cast) -> Sheet:
    """calls.csv: most callers tell something about themselves, the others are only called."""
    talking = cast.known(30, DISPUTED) + cast.new(34)
    silent = {teller.customer_id for teller in cast.known(30)}
    tellers = cast.mixed([*talking, *(Teller({"customer_id": customer_id}) for customer_id in sorted(silent))])
    sheet = Sheet("calls", cast.rng)
    for number, (teller, at) in enumerate(zip(tellers, cast.moments(len(tellers)), strict=True), start=1001):
        cells = {
            "通话编号": f"H{number}",
            "客户编号": teller.customer_id,
            "通话时间": at.isoformat(sep=" "),
            "通话结果": worded("outcome", str(cast.rng.choice(CODES["outcome"], p=OUTCOME_SHARES))),
            "坐席": f"{cast.rng.integers(1, 6)}号",
        }
        sheet.add(cells | ({} if teller.customer_id in silent else _spoken(cast, teller)), teller.conflict)
    sheet.plant("phone", "bad_pattern", ({"手机号码": cast.short_number()} for _ in range(2)), _talks)
    sheet.plant("age_range", "unknown_code", [{"年龄段": "200"}] * 2, _talks)
    sheet.plant("outcome", "unknown_code", [{"通话结果": "忙音"}] * 2, _is_silent)
    sheet.plant("outcome", "missing", [{"通话结果": ""}] * 2, _is_silent)
    sheet.plant("called_at", "bad_date", ({"通话时间": time} for time in BAD_TIMES), _is_silent)
    sheet.plant("customer_id", "missing", [{"客户编号": ""}] * 2, _is_silent)
    sheet.plant("customer_id", "orphan", ({"客户编号": nobody} for nobody in NOBODY[:2]), _is_silent)
    sheet.plant("text_version", "missing", [{"同意版本": ""}] * 2, lambda cells: bool(cells.get("口头同意")))
    changes = [{}, {}, {"通话结果": "号码有误"}, {"通话结果": "号码有误"}]
    sheet.repeat("call_id", changes, lambda cells: _is_silent(cells) and cells["通话结果"] != "号码有误")
    return sheet


def _spoken(cast: Cast, teller: Teller) -> Cells:
    told = teller.told
    return {
        "来电姓名": told["name"],
        "手机号码": cast.written(told["phone"]),
        "所在城市": worded("city", told["city"]),
        "年龄段": worded("age_range", told["age_range"]),
        "口头同意": worded_purposes(teller),
        "同意版本": VERSION if teller.purposes else "",
    }


def _talks(cells: Cells) -> bool:
    return bool(cells.get("来电姓名"))


def _is_silent(cells: Cells) -> bool:
    return not _talks(cells)


def service(cast: Cast) -> Sheet:
    """service.csv."""
    tellers = cast.mixed(cast.known(52, ("phone",)) + cast.new(24))
    sheet = Sheet("service", cast.rng)
    for number, (teller, at) in enumerate(zip(tellers, cast.moments(len(tellers)), strict=True), start=2001):
        sheet.add({"记录编号": f"S{number}", **_served(cast, teller, at)}, teller.conflict)
    nameless = {"客户姓名": "", "联系手机": ""}
    sheet.plant("phone", "bad_pattern", ({"联系手机": cast.short_number()} for _ in range(2)), _is_named)
    sheet.plant("channel", "unknown_code", [{"服务渠道": "传真"}] * 2)
    sheet.plant("kind", "unknown_code", [{"事项类型": "闲聊"}] * 2)
    sheet.plant("opened_at", "bad_date", ({"提出时间": time} for time in ("2026/2/30 10:15", "2027/13/1 9:40")))
    sheet.plant("first_reply_at", "missing", [{"首次回复时间": ""}] * 2)
    sheet.plant("customer_id", "missing", [{"客户编号": "", **nameless}] * 2)
    sheet.plant("customer_id", "orphan", ({"客户编号": nobody, **nameless} for nobody in NOBODY[2:]))
    sheet.repeat("record_id", [{}, {}, {"是否解决": "否"}, {"是否解决": "否"}], lambda cells: cells["是否解决"] == "是")
    return sheet


def _served(cast: Cast, teller: Teller, at: dt.datetime) -> Cells:
    rng = cast.rng
    reply = at + dt.timedelta(minutes=int(rng.integers(1, 90)))
    closed = reply + dt.timedelta(minutes=int(rng.integers(5, 3000)))
    is_open = closed.date() > dt.date(2026, 6, 17)
    resolved = not is_open and rng.random() < 0.85
    return {
        "客户编号": teller.customer_id,
        "客户姓名": teller.told["name"],
        "联系手机": cast.written(teller.told["phone"]),
        "服务渠道": worded("service_channel", str(rng.choice(CODES["service_channel"]))),
        "事项类型": worded("service_kind", str(rng.choice(CODES["service_kind"], p=(0.5, 0.25, 0.15, 0.1)))),
        "提出时间": _minute(at),
        "首次回复时间": _minute(reply),
        "结案时间": "" if is_open else _minute(closed),
        "是否解决": worded("yes_no", "yes" if resolved else "no"),
        "客服备注": str(rng.choice(["", "", "客户态度很好", "请再跟进一次"])),
    }


def _minute(at: dt.datetime) -> str:
    """A time as spreadsheets show it."""
    return f"{at.year}/{at.month}/{at.day} {at.hour}:{at.minute:02d}"


def _is_named(cells: Cells) -> bool:
    return bool(cells["客户姓名"])
