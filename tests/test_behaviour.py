"""Behaviour on a hand-made sheet, and on the teaching data against sums made another way."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import DataError, ParameterError, check_settings, open_data
from crmlab.collect import behaviour, with_consent
from crmlab.errors import ConsentError

EVENTS = pd.DataFrame(
    [
        ("E01", "a", "2026-06-01 10:00", "view", "P1", 30, None, None),
        ("E02", "a", "2026-06-01 10:01", "view", "P2", 12, None, None),
        ("E03", "b", "2026-06-01 11:00", "view", "P1", 50, None, None),
        ("E04", None, "2026-06-01 12:00", "view", "P1", 7, None, None),
        ("E05", "a", "2026-06-01 10:05", "cart_add", "P1", None, None, None),
        ("E06", "c", "2026-06-02 09:00", "cart_add", "P1", None, None, None),
        ("E07", "c", "2026-06-02 10:00", "view", "P1", 3, None, None),
        ("E08", "a", "2026-06-02 10:00", "like", "P1", None, None, None),
        ("E09", "a", "2026-06-02 10:01", "share", "P1", None, None, None),
        ("E10", "b", "2026-06-02 10:02", "comment", "P1", None, None, None),
        ("E11", None, "2026-06-02 10:03", "like", "P1", None, None, None),
        ("E12", "b", "2026-06-03 10:00", "promo", None, None, "K1", None),
        ("E13", "b", "2026-06-03 10:00", "download", "P1", None, None, None),
    ],
    columns=["event_id", "customer_id", "event_time", "event", "product_id", "seconds", "campaign_id", "term"],
).astype({"event_time": "datetime64[us]"})
CAMPAIGNS = pd.DataFrame({"campaign_id": ["K1", "K2"], "name_zh": ["茶季", "年货节"]})


def test_dwell_is_the_sum_of_seconds_and_nobody_is_a_row_too():
    found = behaviour.dwell(EVENTS)
    assert found.fillna("").values.tolist() == [["b", 1, 50], ["a", 2, 42], ["", 1, 7], ["c", 1, 3]]


def test_negative_dwell_is_refused_with_its_event():
    with pytest.raises(DataError, match="E03"):
        behaviour.dwell(EVENTS.assign(seconds=EVENTS["seconds"].where(EVENTS["event_id"] != "E03", -1)))


def searches(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "term"]).assign(event="search")


def test_terms_count_people_and_rare_ones_are_not_shown():
    rows = [(who, "红茶") for who in "abcde"] + [(who, " Tea ") for who in "abcdef"] + [("a", "tea")]
    rare = [("a", "a neighbour's name")] * 4 + [(None, "绿茶")] * 9
    found = behaviour.top_terms(searches(*rows, *rare))
    assert found.fillna(0).values.tolist() == [["tea", 7, 6], ["红茶", 5, 5], ["other_terms", 13, 0]]
    short = behaviour.top_terms(searches(*rows, *rare), n=1)
    assert short.fillna(0).values.tolist() == [["tea", 7, 6], ["other_terms", 18, 0]]


def people(start, count):
    return [f"p{number}" for number in range(start, start + count)]


def way(customers, *steps):
    return [(who, step, pd.Timestamp(when), where) for who in customers for step, when, where in steps]


WAYS = pd.DataFrame(
    [
        *way(people(0, 5), ("view", "2026-06-01 10:00", "tea"), ("cart_add", "2026-06-02 10:00", "tea")),
        *way(people(5, 6), ("view", "2026-06-01 10:00", "tea"), ("cart_add", "2026-06-01 09:59", "tea")),
        *way(people(11, 5), ("view", "2026-06-01 10:00", "tea"), ("cart_add", "2026-06-01 10:01", "pet")),
        *way(people(16, 7), ("cart_add", "2026-06-01 10:01", "tea")),
        *way([None] * 9, ("view", "2026-06-01 10:00", "tea"), ("cart_add", "2026-06-01 10:01", "tea")),
    ],
    columns=["customer_id", "event", "event_time", "category"],
)
LINES = pd.DataFrame(
    [
        *[(who, "2026-06-02", "tea", "paid") for who in people(0, 5)],
        *[(who, "2026-06-02", "pet", "completed") for who in people(0, 5)],
        *[(who, "2026-06-02", "tea", "cancelled") for who in people(5, 6)],
        *[(who, "2026-06-01", "tea", "shipped") for who in people(11, 5)],
        *[(who, "2026-06-30", "tea", "paid") for who in people(40, 8)],
        *[(who, "2026-05-31", "tea", "paid") for who in people(60, 9)],
    ],
    columns=["customer_id", "order_date", "category", "state"],
).astype({"order_date": "datetime64[us]"})


def test_the_funnel_by_hand():
    found = behaviour.funnel(WAYS, LINES)
    assert found.fillna(-1).values.tolist() == [
        ["view", 16, 1.0, 1.0],
        ["cart_add", 10, 10 / 16, 10 / 16],
        ["order", 10, 10 / 16, 1.0],
        ["order_apart", 8, -1, -1],
    ]


def test_the_funnel_by_category_stays_within_the_category():
    found = behaviour.funnel(WAYS, LINES, by="category").set_index(["category", "step"])["customers"]
    assert found["tea"].to_dict() == {"view": 16, "cart_add": 5, "order": 5, "order_apart": 13}
    assert found["pet"].to_dict() == {"view": 0, "cart_add": 0, "order": 0, "order_apart": 5}


def test_the_funnel_takes_an_order_on_the_day_of_the_cart_and_none_before():
    lines = LINES.assign(order_date=pd.Timestamp("2026-06-02"), state="paid")
    assert behaviour.funnel(WAYS, lines)["customers"].tolist()[2] == 10
    early = behaviour.funnel(WAYS, lines.assign(order_date=pd.Timestamp("2026-06-01")))
    assert early["customers"].tolist()[2] == 5


def test_a_funnel_without_events_has_no_steps_and_nobody_apart():
    found = behaviour.funnel(WAYS.iloc[:0], LINES)
    assert found["customers"].tolist() == [0, 0, 0, 0]
    assert found[["customer_share", "step_share"]].isna().all(axis=None)


def test_days_of_orders_begin_in_their_zone():
    midnight_in_shanghai = LINES.assign(
        order_date=LINES["order_date"].dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
    )
    found = behaviour.funnel(WAYS, midnight_in_shanghai, time_zone="Asia/Shanghai")
    pd.testing.assert_frame_equal(found, behaviour.funnel(WAYS, LINES))
    with pytest.raises(DataError, match=r"order_date.*UTC"):
        behaviour.funnel(WAYS, midnight_in_shanghai)


def test_the_funnel_does_not_show_fewer_than_five_people():
    lines = LINES[LINES["customer_id"].isin(people(0, 4))]
    found = behaviour.funnel(WAYS, lines).set_index("step")
    assert found.loc["order"].isna().all()
    assert found.loc["order_apart", "customers"] == 0


STEP = st.tuples(
    st.sampled_from("abcdefgh"), st.sampled_from(["view", "cart_add", "like"]), st.integers(0, 5), st.sampled_from("xy")
)


@settings(max_examples=12, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=40), st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 5))))
def test_the_funnel_only_gets_narrower(steps, orders):
    start = pd.Timestamp("2026-06-01")
    events = pd.DataFrame(steps, columns=["customer_id", "event", "day", "category"])
    events["event_time"] = start + pd.to_timedelta(events["day"], unit="D")
    lines = pd.DataFrame(orders, columns=["customer_id", "day"]).assign(category="x").astype({"day": "int64"})
    lines["order_date"] = start + pd.to_timedelta(lines["day"], unit="D")
    for by in (None, "category"):
        found = behaviour.funnel(events, lines, by=by)
        steps_found = found[found["step"].isin(behaviour.STEPS)]
        groups = [one for _, one in steps_found.groupby(by)] if by else [steps_found]
        for group in groups:
            known = group["customers"].dropna()
            assert known.is_monotonic_decreasing
            assert (group["step_share"].dropna() <= 1).all()


def test_promotions_join_their_campaigns():
    several = pd.concat([EVENTS, EVENTS.assign(customer_id=[f"x{number}" for number in range(len(EVENTS))])] * 3)
    several = pd.concat([several, *[EVENTS.assign(customer_id=f"y{number}") for number in range(3)]])
    found = behaviour.promotions(several, CAMPAIGNS)
    assert found.values.tolist() == [["K1", "茶季", 9, 5], ["K2", "年货节", 0, 0]]
    few = behaviour.promotions(EVENTS, CAMPAIGNS)
    assert few["events"].tolist() == [1, 0]
    assert few["customers"].isna().tolist() == [True, False]


def test_a_promotion_without_its_campaign_is_told():
    with pytest.raises(DataError, match="K1") as caught:
        behaviour.promotions(EVENTS, CAMPAIGNS.tail(1))
    assert caught.value.values["count"] == 1


def test_engagement_counts_likes_comments_and_shares():
    found = behaviour.engagement(EVENTS)
    assert found.columns.tolist() == ["customer_id", "like", "comment", "share_count", "engagement"]
    assert found.fillna("").values.tolist() == [["a", 1, 0, 1, 2], ["b", 0, 1, 0, 1], ["", 1, 0, 0, 1]]


def test_downloads_are_counted_by_product():
    assert behaviour.downloads(EVENTS).fillna(0).values.tolist() == [["P1", 1, 0]]


def record(kind, channel, minutes, closed, resolved, who):
    opened = pd.Timestamp("2026-06-01 09:00")
    replied = opened + pd.Timedelta(minutes=minutes)
    return (who, channel, kind, opened, replied, replied if closed else pd.NaT, resolved)


RECORDS = pd.DataFrame(
    [
        *[record("question", "web", minutes, True, "yes", f"p{minutes}") for minutes in range(1, 9)],
        record("question", "web", 100, True, "no", "p1"),
        record("question", "web", 200, False, "no", "p2"),
        *[record("return", "phone", 7, True, "yes", "p3") for _ in range(4)],
    ],
    columns=["customer_id", "channel", "kind", "opened_at", "first_reply_at", "closed_at", "resolved"],
).assign(record_id=[f"S{number}" for number in range(14)])


def test_resolution_by_kind_counts_open_ones_apart():
    found = behaviour.resolution(RECORDS)
    assert found.values.tolist()[0] == ["question", 10, 1, 9, 8, 8 / 9]
    assert found.iloc[1, :4].tolist() == ["return", 4, 0, 4]
    assert found.iloc[1, 4:].isna().all()
    assert (found["open"] + found["closed"]).equals(found["records"])


def test_reply_times_are_the_median_and_the_ninth_of_ten():
    found = behaviour.reply_times(RECORDS).set_index("service_channel")
    assert found.loc["web"].tolist() == [10, 5.5, 100.0]
    assert found.loc["phone", "records"] == 4
    assert found.loc["phone", ["median_minutes", "p90_minutes"]].isna().all()
    assert behaviour.reply_times(RECORDS, by="kind")["service_kind"].tolist() == ["question", "return"]


def test_a_reply_before_the_question_is_told():
    with pytest.raises(DataError, match="S0"):
        behaviour.reply_times(RECORDS.assign(opened_at=RECORDS["first_reply_at"].max()))
    with pytest.raises(ParameterError):
        behaviour.reply_times(RECORDS, by="customer_id")


def test_service_channels_add_up():
    found = behaviour.service_channels(RECORDS)
    assert found.fillna(0).values.tolist() == [["web", 10, 10 / 14, 8], ["phone", 4, 4 / 14, 0]]


DELIVERIES = pd.DataFrame(
    [
        ("2026-06-01", "2026-06-04", "2026-06-03"),
        ("2026-06-01", "2026-06-04", "2026-06-04"),
        ("2026-06-01", "2026-06-04", "2026-06-05"),
        ("2026-06-01", "2026-06-04", None),
        ("2026-06-05", "2026-06-06", "2026-06-07"),
        ("2026-06-05", "2026-06-06", None),
        ("2026-06-07", "2026-06-09", "2026-06-08"),
    ],
    columns=["shipped_on", "promised_on", "delivered_on"],
).astype("datetime64[us]")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (6, {"orders": 6, "delivered": 3, "on_time": 2, "late": 1, "under_way": 2, "overdue": 1}),
        (8, {"orders": 7, "delivered": 5, "on_time": 3, "late": 2, "under_way": 0, "overdue": 2}),
    ],
)
def test_on_time_as_of_a_day(day, expected):
    found = behaviour.on_time(DELIVERIES, on=date(2026, 6, day)).to_dict("records")[0]
    assert found.pop("on_time_share") == pytest.approx(expected["on_time"] / expected["delivered"])
    assert found == expected


def test_nothing_delivered_has_no_rate():
    assert behaviour.on_time(DELIVERIES, on=date(2026, 6, 1))["on_time_share"].isna().all()


@pytest.fixture(scope="module")
def shop():
    return open_data(check_settings(data="teaching"))


def test_the_teaching_data_add_up(shop):
    events, records = shop.table("events"), shop.table("service_records")
    kinds = events["event"].value_counts()
    assert behaviour.dwell(events)["views"].sum() == kinds["view"]
    assert behaviour.dwell(events)["seconds"].sum() == events["seconds"].sum()
    assert behaviour.top_terms(events)["searches"].sum() == kinds["search"]
    assert behaviour.promotions(events, shop.table("campaigns"))["events"].sum() == kinds["promo"]
    assert behaviour.engagement(events)["engagement"].sum() == kinds[list(behaviour.ENGAGEMENT)].sum()
    assert behaviour.downloads(events)["downloads"].sum() == kinds["download"]
    assert behaviour.resolution(records)["records"].sum() == len(records)
    assert behaviour.service_channels(records)["share"].sum() == pytest.approx(1)
    assert behaviour.on_time(shop.table("deliveries"), on=shop.as_of)["orders"].item() == len(shop.table("deliveries"))


def test_rows_kept_for_another_purpose_are_refused(shop):
    consents = shop.table("consents")
    events = with_consent(shop.table("events"), consents, purpose="survey", on=shop.as_of).kept
    records = with_consent(shop.table("service_records"), consents, purpose="survey", on=shop.as_of).kept
    for function in (behaviour.dwell, behaviour.top_terms, behaviour.engagement, behaviour.downloads):
        with pytest.raises(ConsentError):
            function(events)
    for function in (behaviour.resolution, behaviour.reply_times, behaviour.service_channels):
        with pytest.raises(ConsentError):
            function(records)
