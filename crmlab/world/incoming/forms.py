"""The files that customers fill in themselves: registration form, member book, sign-up questionnaire."""

import datetime as dt

from crmlab.tables.codes import CODES
from crmlab.world.incoming.sheet import Cells, Sheet
from crmlab.world.incoming.told import DISPUTED, VERSION, Cast, Teller, worded, worded_purposes

SHARED_PHONES = 4
"""How many new customers of the form give the number of a customer whom the base knows."""
BAD_DAYS = ("2026-02-30", "2027-13-01")
NO_AGE = "200"
AGREEMENTS = {"同意分析": "analysis", "同意营销": "marketing", "同意问卷": "survey", "同意画像": "profiling"}


def register(cast: Cast) -> tuple[Sheet, list[str]]:
    """register.csv, and the phone numbers that two customers share after it."""
    tellers = cast.mixed(cast.known(34, DISPUTED) + cast.new(76))
    new = [teller for teller in tellers if teller.customer_id > "C1200"][:SHARED_PHONES]
    shared = [teller.told["phone"] for teller in cast.known(60) if teller.told["phone"]][:SHARED_PHONES]
    for teller, phone in zip(new, shared, strict=True):
        teller.told["phone"] = phone
    sheet = Sheet("register", cast.rng)
    for teller, at in zip(tellers, cast.moments(len(tellers)), strict=True):
        sheet.add(_registered(cast, teller, at), teller.conflict, whole=teller in new)
    quiet = {"同意用途": "", "同意版本": "", "同意日期": ""}
    sheet.plant("phone", "bad_pattern", ({"手机号码": cast.short_number()} for _ in range(2)))
    sheet.plant("email", "bad_pattern", ({"电子邮箱": mail} for mail in ("qing.kan.shop.example", "kefu shop.example")))
    sheet.plant("age_range", "unknown_code", [{"年龄段": NO_AGE}] * 2)
    sheet.plant("city", "unknown_code", [{"所在城市": "火星"}] * 2)
    sheet.plant("registered_on", "bad_date", ({"登记日期": day} for day in BAD_DAYS))
    sheet.plant("given_on", "bad_date", ({"同意日期": day} for day in BAD_DAYS), _agrees)
    sheet.plant("text_version", "missing", [{"同意版本": ""}] * 2, _agrees)
    sheet.plant("customer_id", "missing", [{"客户编号": "", **quiet}] * 2)
    sheet.repeat("customer_id", [{}, {}, {"所在城市": "贵阳"}, {"所在城市": "济南"}], _elsewhere)
    return sheet, shared


def _registered(cast: Cast, teller: Teller, at: dt.datetime) -> Cells:
    told, agrees = teller.told, bool(teller.purposes)
    day = at.date()
    return {
        "客户编号": teller.customer_id,
        "姓名": told["name"],
        "性别": worded("sex", told["sex"]),
        "年龄段": worded("age_range", told["age_range"]),
        "职业": worded("job", told["job"]),
        "生日": told["birthday"],
        "手机号码": cast.written(told["phone"]),
        "电子邮箱": told["email"],
        "微信号": told["wechat"],
        "所在城市": worded("city", told["city"]),
        "常用语言": worded("language", told["language"]),
        "登记日期": str(cast.rng.choice([day.isoformat(), f"{day.year}/{day.month}/{day.day}"])),
        "同意用途": worded_purposes(teller),
        "同意版本": VERSION if agrees else "",
        "同意日期": day.isoformat() if agrees else "",
    }


def _agrees(cells: Cells) -> bool:
    return bool(cells["同意用途"])


def _elsewhere(cells: Cells) -> bool:
    return cells["所在城市"] not in ("", "贵阳", "济南")


def members(cast: Cast) -> Sheet:
    """members.csv."""
    tellers = cast.mixed(cast.known(36, DISPUTED) + cast.new(44))
    sheet = Sheet("members", cast.rng)
    for teller, at in zip(tellers, cast.moments(len(tellers)), strict=True):
        sheet.add(_member(cast, teller, at.date()), teller.conflict)
    quiet = dict.fromkeys(AGREEMENTS, "否") | {"同意书版本": ""}
    sheet.plant("phone", "bad_pattern", ({"手机": cast.short_number()} for _ in range(3)))
    sheet.plant("email", "bad_pattern", ({"邮箱": mail} for mail in ("men.dian.shop.example", "无")))
    sheet.plant("age_range", "unknown_code", [{"年龄": NO_AGE}] * 2)
    sheet.plant("registered_on", "bad_date", ({"入会日期": day, **quiet} for day in ("2026年2月30日", "2027年13月1日")))
    sheet.plant("text_version", "missing", [{"同意书版本": ""}] * 2, lambda cells: cells["同意书版本"] != "")
    sheet.plant("customer_id", "missing", [{"会员编号": "", **quiet}] * 2)
    sheet.repeat("customer_id", [{}, {}, {"年龄": "18-24"}, {"年龄": "55+"}], lambda cells: cells["年龄"] == "25-34")
    return sheet


def _member(cast: Cast, teller: Teller, day: dt.date) -> Cells:
    told = teller.told
    return {
        "会员编号": teller.customer_id,
        "会员姓名": told["name"],
        "称谓": {"female": "女士", "male": "先生", "": ""}[told["sex"]],
        "年龄": told["age_range"],
        "职业": worded("job", told["job"]),
        "会员生日": told["birthday"],
        "手机": cast.written(told["phone"]),
        "邮箱": told["email"],
        "城市": f"{worded('city', told['city'])}市" if told["city"] else "",
        "入会日期": f"{day.year}年{day.month}月{day.day}日",
        **{heading: "是" if purpose in teller.purposes else "否" for heading, purpose in AGREEMENTS.items()},
        "同意书版本": VERSION if teller.purposes else "",
        "店员": str(cast.rng.choice(["一号", "二号", "三号"])),
        "积分": str(cast.rng.integers(0, 900)),
    }


def signups(cast: Cast) -> Sheet:
    """signups.csv."""
    tellers = cast.mixed(cast.known(26, DISPUTED) + cast.new(44))
    sheet = Sheet("signups", cast.rng)
    for number, (teller, at) in enumerate(zip(tellers, cast.moments(len(tellers)), strict=True), start=1):
        sheet.add(_signed_up(cast, teller, at) | {"序号": str(number)}, teller.conflict)
    quiet = {"9、您同意我们把资料用于": "", "10、同意书版本": ""}
    times = ("2026/02/30 10:15:00", "2027/13/01 09:40:12")
    sheet.plant("phone", "bad_pattern", ({"3、手机号码": cast.short_number()} for _ in range(2)))
    sheet.plant("email", "bad_pattern", ({"4、电子邮箱": mail} for mail in ("bao.ming.shop.example", "没有")))
    sheet.plant("age_range", "unknown_code", [{"6、您的年龄段": NO_AGE}] * 2)
    sheet.plant("city", "unknown_code", [{"5、所在城市": "月球"}] * 2)
    sheet.plant("registered_on", "bad_date", ({"提交答卷时间": time, **quiet} for time in times))
    sheet.plant("text_version", "missing", [{"10、同意书版本": ""}] * 2, lambda cells: cells["10、同意书版本"] != "")
    sheet.plant("customer_id", "missing", [{"1、您的客户编号": "", **quiet}] * 3)
    sheet.repeat(
        "customer_id",
        [{}, {}, {"5、所在城市": "南宁"}, {"5、所在城市": "合肥"}],
        lambda cells: cells["5、所在城市"] == "上海",
    )
    return sheet


def _signed_up(cast: Cast, teller: Teller, at: dt.datetime) -> Cells:
    told, rng = teller.told, cast.rng
    liked = rng.choice(CODES["category"], int(rng.integers(1, 4)), replace=False)
    place = worded("city", told["city"] or "shanghai")
    return {
        "提交答卷时间": at.strftime("%Y/%m/%d %H:%M:%S"),
        "所用时间": f"{rng.integers(20, 240)}秒",
        "来源": str(rng.choice(["微信", "手机提交", "链接"])),
        "来源详情": "N/A",
        "来自IP": f"{ip(cast)}({place}-{place})",
        "1、您的客户编号": teller.customer_id,
        "2、您的姓名": told["name"],
        "3、手机号码": cast.written(told["phone"]),
        "4、电子邮箱": told["email"],
        "5、所在城市": worded("city", told["city"]),
        "6、您的年龄段": worded("age_range", told["age_range"]),
        "7、您的职业": worded("job", told["job"]),
        "8、感兴趣的品类": "┋".join(worded("category", code) for code in sorted(liked)),
        "9、您同意我们把资料用于": worded_purposes(teller),
        "10、同意书版本": VERSION if teller.purposes else "",
    }


def ip(cast: Cast) -> str:
    """An address of the block that RFC 5737 keeps for examples."""
    return f"203.0.113.{cast.rng.integers(1, 255)}"
