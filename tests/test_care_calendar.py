"""The care calendar: exact days, consent enforced, nothing silent, nothing personal shown."""

import datetime as dt

import holidays
import pandas as pd
import pytest
from care_shop import TinyShop, agreed, person
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import open_data
from crmlab.care import care_calendar, read_occasions
from crmlab.care.occasions import lunar_day
from crmlab.collect.personal import PersonalData
from crmlab.collect.scan import find_personal
from crmlab.course.settings import check_settings
from crmlab.errors import DataError, ParameterError

OCCASIONS = {one.key: one for one in read_occasions()}
PUBLISHED = {
    "spring_festival": "2024-02-10 2025-01-29 2026-02-17 2027-02-06 2028-01-26 2029-02-13 2030-02-03",
    "dragon_boat": "2024-06-10 2025-05-31 2026-06-19 2027-06-09 2028-05-28 2029-06-16 2030-06-05",
    "mid_autumn": "2024-09-17 2025-10-06 2026-09-25 2027-09-15 2028-10-03 2029-09-22 2030-09-12",
}
"""As the State Council's notices and almanacs have them."""
PHONE, MAIL = "12000000001", "a@shop.example"
DAY = dt.date(2026, 6, 17)


def days_of(key, since, until):
    return [str(day) for day in OCCASIONS[key].holidays(since, until)]


def test_lunar_holidays_fall_on_the_published_days():
    since, until = dt.date(2024, 1, 1), dt.date(2030, 12, 31)
    for key, days in PUBLISHED.items():
        shift = dt.timedelta(days=OCCASIONS[key].days)
        assert days_of(key, since, until) == [str(dt.date.fromisoformat(day) + shift) for day in days.split()]
    assert "Mid-Autumn Festival" in holidays.China(years=2025)[dt.date(2025, 10, 6)]


@pytest.mark.parametrize(("key", "name"), [("mid_autumn", "Mid-Autumn"), ("dragon_boat", "Dragon Boat")])
def test_lunar_holidays_agree_with_another_library(key, name):
    told = holidays.China(years=range(2010, 2031))
    for year in range(2010, 2031):
        (day,) = OCCASIONS[key].holidays(dt.date(year, 1, 1), dt.date(year, 12, 31))
        assert name in told[day]


def test_festivals_are_kept_outside_the_leap_month():
    assert days_of("qixi", dt.date(2025, 1, 1), dt.date(2025, 12, 31)) == ["2025-08-29"]
    assert days_of("mid_autumn", dt.date(2033, 1, 1), dt.date(2034, 1, 1)) == ["2033-09-08"]
    assert days_of("spring_festival", dt.date(2034, 1, 1), dt.date(2034, 12, 31)) == ["2034-02-18"]


def test_the_thirtieth_of_a_short_month_is_its_last_day():
    for year in range(2020, 2031):
        new_year = lunar_day(year + 1, 1, 1)
        assert lunar_day(year, 12, 30) == new_year - dt.timedelta(days=1)


def test_a_period_over_the_turn_of_the_year_has_the_holidays_of_both():
    assert days_of("new_year", dt.date(2026, 12, 31), dt.date(2028, 1, 1)) == ["2027-01-01", "2028-01-01"]
    assert days_of("double_11", dt.date(2026, 11, 10), dt.date(2026, 11, 10)) == ["2026-11-10"]


def birthdays(days, on, until, leap_day="02-28"):
    customers = [person(f"C{number}", birthday=day, phone=PHONE) for number, day in enumerate(days)]
    shop = TinyShop(customers=customers, consents=[agreed(row[0], "1990-01-01") for row in customers])
    found = care_calendar(shop, on=on, until=until, only=("birthday",), leap_day=leap_day)
    return found, [(row.customer_id, str(row.due_on.date())) for row in found.due.itertuples()]


def test_birthdays_at_the_turn_of_the_year_and_on_29_february():
    days = ["12-31", "01-01", "02-29", "02-28", ""]
    found, due = birthdays(days, dt.date(2026, 12, 31), dt.date(2028, 2, 29))
    assert due == [
        ("C0", "2026-12-31"), ("C1", "2027-01-01"), ("C2", "2027-02-28"), ("C3", "2027-02-28"), ("C0", "2027-12-31"),
        ("C1", "2028-01-01"), ("C3", "2028-02-28"), ("C2", "2028-02-29"),
    ]  # fmt: skip
    assert found.listed[["customer_id", "reason"]].values.tolist() == [["C4", "no_birthday"]]
    _, later = birthdays(["02-29"], dt.date(2027, 2, 28), dt.date(2027, 3, 1), "03-01")
    assert later == [("C0", "2027-03-01")]
    with pytest.raises(ParameterError, match="leap_day"):
        birthdays(days, DAY, DAY, "02-27")


def is_birthday(day, born, leap_day):
    if born == "02-29" and not (day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)):
        return f"{day:%m-%d}" == leap_day
    return f"{day:%m-%d}" == born


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.dates(dt.date(2024, 1, 1), dt.date(2024, 12, 31)).map("{:%m-%d}".format), min_size=1, max_size=4),
    st.dates(dt.date(1999, 1, 1), dt.date(2105, 1, 1)),
    st.integers(0, 900),
    st.sampled_from(["02-28", "03-01"]),
)
def test_every_birthday_in_any_period_is_there_once(days, on, length, leap_day):
    until = on + dt.timedelta(days=length)
    _, due = birthdays([*days, "02-29"], on, until, leap_day)
    everyday = [on + dt.timedelta(days=number) for number in range(length + 1)]
    expected = [
        (f"C{place}", str(day))
        for day in everyday
        for place, born in enumerate([*days, "02-29"])
        if is_birthday(day, born, leap_day)
    ]
    assert due == expected


def test_consent_and_contacts_decide_the_way():
    shop = TinyShop(
        customers=[
            person("agreed", phone=PHONE, email=MAIL),
            person("mail", email=MAIL),
            person("nothing"),
            person("never", phone="12000000002"),
            person("withdrew", phone="12000000003"),
            person("today", phone="12000000004"),
            person("tomorrow", phone="12000000005"),
            person("closed", phone="12000000006"),
            person("both_closed", phone="12000000006", email="b@shop.example"),
            person("complains", phone="12000000007"),
            person("wrong", phone="12000000008"),
        ],
        consents=[
            *(agreed(one) for one in ("agreed", "mail", "nothing", "closed", "both_closed", "complains")),
            agreed("withdrew", withdrawn_on="2026-06-16"),
            agreed("today", withdrawn_on="2026-06-17"),
            agreed("tomorrow", withdrawn_on="2026-06-18"),
        ],
        suppressions=[
            (TinyShop.key.contact("12000000006"), "sms", "2026-06-17", "opt_out"),
            (TinyShop.key.contact("b@shop.example"), "email", "2026-01-01", "opt_out"),
            (TinyShop.key.contact(PHONE), "sms", "2026-06-18", "opt_out"),
        ],
        calls=[
            ("H1", "wrong", "2026-06-01T10:00:00", "confirmed"),
            ("H2", "wrong", "2026-06-02T10:00:00", "wrong_number"),
            ("H3", "never", "2026-06-01T10:00:00", "wrong_number"),
            ("H4", "never", "2026-06-02T10:00:00", "confirmed"),
        ],
        service_records=[
            ("S1", "complains", "complaint", "web", "2026-06-01T10:00:00", "2026-06-01T10:00:00", ""),
            ("S2", "agreed", "complaint", "web", "2026-06-01T10:00:00", "2026-06-01T10:00:00", "2026-06-02T10:00:00"),
        ],
    )
    period = {"on": DAY, "until": dt.date(2026, 6, 19), "only": ("dragon_boat",)}
    found = care_calendar(shop, **period)
    tasks = dict(found.due[["customer_id", "channel"]].values.tolist())
    assert tasks == {"agreed": "sms", "mail": "email", "tomorrow": "sms"}
    assert set(found.due["ground"]) == {"consent"}
    reasons = dict(found.listed[["customer_id", "reason"]].values.tolist())
    assert reasons == {
        "nothing": "no_contact", "never": "none", "withdrew": "withdrawn", "today": "withdrawn", "wrong": "none",
        "closed": "suppressed", "both_closed": "suppressed", "complains": "open_complaint",
    }  # fmt: skip
    called = care_calendar(shop, **period, greeting_calls=True)
    calls = called.due[called.due["ground"] == "call"]
    assert calls[["customer_id", "channel"]].values.tolist() == [["never", "phone"]]
    reasons = dict(called.listed[["customer_id", "reason"]].values.tolist())
    assert (reasons["wrong"], reasons["withdrew"], reasons["today"]) == ("no_contact", "withdrawn", "withdrawn")
    assert len(called.due) + len(called.listed) == 11


SERVED = TinyShop(
    customers=[
        person("C1", phone=PHONE, email=MAIL, city="shanghai"),
        person("C2", phone="12000000002", city="beijing"),
        person("C3"),
    ],
    consents=[agreed("C1", withdrawn_on="2026-06-01"), agreed("C2")],
    orders=[
        ("1", "C1", "2026-06-08", "completed"),
        ("2", "C1", "2026-06-08", "shipped"),
        ("3", "C2", "2026-06-09", "completed"),
        ("4", "C2", "2026-06-10", "cancelled"),
        ("5", "C3", "2026-06-10", "completed"),
        ("6", "C2", "2026-06-18", "completed"),
    ],
    order_lines=[("1", 1, 600), ("1", 2, 400), ("2", 1, "999.99"), ("3", 1, 5000), ("4", 1, 5000), ("5", 1, 1000),
                 ("6", 1, 5000)],
    refunds=[("3", 1, "2026-06-12", "4000.01"), ("1", 1, "2026-06-18", 1)],
    deliveries=[("1", "2026-06-10"), ("2", "2026-06-10"), ("3", "2026-06-11"), ("5", "2026-06-09"),
                ("6", "2026-06-19")],
    service_records=[
        ("S1", "C2", "complaint", "web", "2026-06-10T10:00:00", "2026-06-10T10:00:00", "2026-06-14T23:59:59"),
        ("S2", "C2", "complaint", "web", "2026-06-10T10:00:00", "2026-06-10T10:00:00", "2026-06-13T10:00:00"),
        ("S3", "C2", "question", "web", "2026-06-10T10:00:00", "2026-06-10T10:00:00", "2026-06-14T10:00:00"),
        ("S4", "C1", "complaint", "web", "2026-06-10T10:00:00", "2026-06-10T10:00:00", "2026-06-18T10:00:00"),
    ],
)  # fmt: skip


def test_follow_ups_after_deliveries_large_orders_complaints_and_silence():
    found = care_calendar(SERVED, on=DAY, until=dt.date(2026, 8, 31), visit_cities=("shanghai",))
    service = found.due[found.due["purpose"] == "service"]
    rows = [(row.customer_id, row.occasion, str(row.due_on.date()), row.channel) for row in service.itertuples()]
    assert rows == [
        ("C2", "after_complaint", "2026-06-17", "phone"),
        ("C1", "after_delivery", "2026-06-17", "email"),
        ("C2", "after_delivery", "2026-06-18", "phone"),
        ("C1", "after_large_order", "2026-06-18", "visit"),
    ]
    assert set(service["ground"]) == {"contract"}
    both = "deliveries.delivered_on 2026-06-10 1; deliveries.delivered_on 2026-06-10 2"
    assert service["evidence"].iloc[1] == both
    assert service["evidence"].iloc[3] == "order_lines.amount 1000.00 1"
    regular = found.due[found.due["occasion"] == "regular"]
    assert regular[["customer_id", "due_on"]].values.tolist() == [["C2", pd.Timestamp("2026-08-08")]]
    listed = found.listed[found.listed["occasion"].isin(["regular", "after_large_order"])]
    assert listed[["customer_id", "occasion", "reason"]].values.tolist() == [
        ["C3", "after_large_order", "no_contact"],
        ["C1", "regular", "open_complaint"],
        ["C3", "regular", "none"],
    ]


def test_one_task_has_one_id_in_every_run():
    first = care_calendar(SERVED, on=DAY, until=dt.date(2026, 6, 30))
    longer = care_calendar(SERVED, on=DAY, until=dt.date(2026, 8, 31))
    assert set(first.due["task_id"]) < set(longer.due["task_id"])
    assert longer.due["task_id"].is_unique


def test_the_order_of_rows_changes_nothing(shop):
    period = {"on": shop.as_of, "until": dt.date(2026, 7, 10)}
    expected = care_calendar(shop, **period)

    class Shuffled(type(shop)):
        def _read(self, name):
            return super()._read(name).sample(frac=1, random_state=3)

    shuffled = Shuffled(shop.name, shop.folder, shop.as_of, shop.currency, shop.key)
    found = care_calendar(shuffled, **period)
    pd.testing.assert_frame_equal(found.due, expected.due)
    pd.testing.assert_frame_equal(found.listed, expected.listed)


def test_teaching_marketing_only_with_consent_and_everybody_accounted_for(shop):
    found = care_calendar(shop, on=shop.as_of, until=dt.date(2026, 6, 30), greeting_calls=True)
    consents = shop.read_personal("consents")
    ledger = consents[consents["purpose"] == "marketing"]
    in_force = ledger[ledger["withdrawn_on"].isna() | (ledger["withdrawn_on"] > pd.Timestamp(shop.as_of))]
    marketing = found.due[found.due["purpose"] == "marketing"]
    assert set(marketing.loc[marketing["ground"] == "consent", "customer_id"]) <= set(in_force["customer_id"])
    assert not set(marketing.loc[marketing["ground"] == "call", "customer_id"]) & set(ledger["customer_id"])
    everybody = set(shop.read_personal("customers")["customer_id"])
    for holiday in ("dragon_boat", "shopping_618"):
        parts = [rows[rows["occasion"] == holiday]["customer_id"] for rows in (found.due, found.listed)]
        assert sorted(pd.concat(parts)) == sorted(everybody)
    assert found.weeks("zh")["tasks"].sum() == len(found.due) == len(found.tasks)
    assert found.reasons("en")["customers"].sum() == len(found.listed.drop_duplicates(["customer_id", "occasion"]))


def test_what_is_shown_is_free_of_personal_data_and_the_file_is_whole(shop, tmp_path):
    found = care_calendar(shop, on=shop.as_of, until=dt.date(2026, 7, 31))
    known = PersonalData.of_customers(shop.read_personal("customers"))
    shown = tmp_path / "shown"
    shown.mkdir()
    for name, frame in {"tasks": found.tasks, "out": found.left_out, "weeks": found.weeks()}.items():
        frame.to_csv(shown / f"{name}.csv", index=False)
    (shown / "said.txt").write_text(repr(found), encoding="utf-8")
    assert find_personal(shown, known).empty
    assert found.tasks.loc[found.tasks["occasion"] == "birthday", "due_on"].isna().all()
    assert found.tasks.loc[found.tasks["occasion"] != "birthday", "due_on"].notna().all()
    assert (found.tasks["week"].dt.day_of_week == 0).all()
    assert not set(found.tasks["customer_id"]) & set(found.due["customer_id"])
    saved = pd.read_csv(found.save(tmp_path / "own", "en"), dtype="str", encoding="utf-8")
    assert len(saved) == len(found.due)
    assert saved["contact"].notna().all()
    assert set(saved["customer id"]) == set(found.due["customer_id"])
    assert found.save("") is None


def test_what_the_data_do_not_have_is_said():
    bare = TinyShop(customers=[person("C1", birthday="06-18", phone=PHONE)])
    found = care_calendar(bare, on=DAY, until=dt.date(2026, 6, 19))
    assert found.missing == {
        "after_delivery": "deliveries", "after_large_order": "orders", "after_complaint": "service_records",
        "regular": "orders",
    }  # fmt: skip
    assert "follow-up after delivery" in found.describe("en")
    assert "送达回访" in found.describe("zh")
    assert found.due.empty
    assert set(found.listed["reason"]) == {"none"}
    with pytest.raises(DataError, match="customers"):
        care_calendar(TinyShop(), on=DAY, until=DAY)
    with pytest.raises(ParameterError, match="2026-06-16"):
        care_calendar(bare, on=DAY, until=dt.date(2026, 6, 16))
    with pytest.raises(ParameterError, match="easter"):
        care_calendar(bare, on=DAY, until=DAY, only=("easter",))


def test_own_file_of_four_columns_says_what_is_missing(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("customer,order,day,amount\n1,1,2026-06-01,5\n", encoding="utf-8")
    own = check_settings(orders=str(path), customer="customer", order="order", date="day", amount="amount",
                         currency="CNY", as_of="2026-06-17")  # fmt: skip
    with pytest.raises(DataError, match="customers"):
        care_calendar(open_data(own), on=DAY, until=DAY)


GOOD = 'key = "a"\nzh = "甲"\nen = "a"\npurpose = "marketing"\nsolar = "06-18"\ndays = 0\nways = ["sms"]\n'


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('solar = "06-18"', 'solar = "02-29"', "solar"),
        ('solar = "06-18"', 'solar = "13-01"', "solar"),
        ('solar = "06-18"', 'lunar = "12-31"', "lunar"),
        ('solar = "06-18"', 'after = "wedding"', "after"),
        ('solar = "06-18"', 'solar = "06-18"\nlunar = "05-05"', "solar, lunar"),
        ('solar = "06-18"', 'after = "large_order"', "at_least"),
        ('solar = "06-18"', 'after = "large_order"\nat_least = "many"', "at_least"),
        ("days = 0", 'days = "0"', "days"),
        ('["sms"]', '["fax"]', "ways"),
        ('["sms"]', "[]", "ways"),
        ('"marketing"', '"fun"', "purpose"),
        ("days = 0", "days = 0\ncolour = 1", "colour"),
    ],
)
def test_a_wrong_entry_of_a_rule_file_is_named(tmp_path, old, new, field):
    file = tmp_path / "mine.toml"
    file.write_text("[[occasions]]\n" + GOOD, encoding="utf-8")
    assert read_occasions(file)[0].holidays(DAY, dt.date(2026, 6, 18)) == [dt.date(2026, 6, 18)]
    file.write_text("[[occasions]]\n" + GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=field) as error:
        read_occasions(file)
    assert error.value.values["entry"] == "a"


def test_rule_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"none\.toml"):
        read_occasions(tmp_path / "none.toml")
    file = tmp_path / "mine.toml"
    file.write_text("[[occasions]\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"mine\.toml"):
        read_occasions(file)
    file.write_text(f"[[occasions]]\n{GOOD}[[occasions]]\n{GOOD}", encoding="utf-8")
    with pytest.raises(DataError, match="key"):
        read_occasions(file)
