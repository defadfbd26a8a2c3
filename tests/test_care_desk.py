"""Standards, response times, owners of complaints, and staff compared fairly."""

import datetime as dt
from math import comb, sqrt

import numpy as np
import pandas as pd
import pytest

from crmlab.care import check_standards, own_complaints, paired_exercise, rank_agents, read_standards, response_times
from crmlab.care.desk import with_tiers
from crmlab.care.standards import Standard
from crmlab.errors import ConsentError, DataError, ParameterError

AT = dt.datetime(2026, 6, 17, 12)
RULES = [Standard("", "complaint", 10, 24), Standard("web", "", 30, None), Standard("phone", "question", None, 48)]
COLUMNS = [
    "record_id",
    "customer_id",
    "channel",
    "kind",
    "opened_at",
    "first_reply_at",
    "closed_at",
    "resolved",
    "agent",
]


def records(*rows):
    made = pd.DataFrame(rows, columns=COLUMNS)
    times = {name: pd.to_datetime(made[name]) for name in ("opened_at", "first_reply_at", "closed_at")}
    return made.assign(**times)


PLANTED = records(
    ("S1", "a", "web", "complaint", "2026-06-15 10:00:00", "2026-06-15 10:10:00", "2026-06-16 10:00:00", "yes", "A1"),
    ("S2", "a", "web", "complaint", "2026-06-15 10:00:00", "2026-06-15 10:10:01", "2026-06-16 10:00:01", "no", "A1"),
    ("S3", "b", "phone", "complaint", "2026-06-16 12:00:00", "2026-06-16 12:01:00", None, "no", "A2"),
    ("S4", "b", "phone", "complaint", "2026-06-16 11:59:59", "2026-06-16 12:01:00", None, "no", None),
    ("S5", "b", "web", "question", "2026-06-17 11:00:00", "2026-06-17 12:00:01", None, "no", "A2"),
    ("S6", "c", "web", "question", "2026-06-17 11:45:00", "2026-06-17 12:05:00", None, "no", "A2"),
    ("S7", "c", "phone", "question", "2026-06-01 11:45:00", "2026-06-01 23:45:00", "2026-06-17 12:00:01", "no", "A2"),
    ("S8", "c", "social", "question", "2026-06-01 11:45:00", "2026-06-01 23:45:00", "2026-06-02 11:45:00", "yes", "A2"),
    ("S9", "c", "web", "question", "2026-06-17 12:00:01", "2026-06-17 12:10:00", None, "no", "A2"),
)


def test_breaches_are_exactly_the_planted_ones():
    report = check_standards(PLANTED, RULES, at=AT)
    states = report.judged.set_index(["record_id", "step"])["state"].to_dict()
    assert states == {
        ("S1", "first_reply"): "kept", ("S1", "close"): "kept",
        ("S2", "first_reply"): "broken", ("S2", "close"): "broken",
        ("S3", "first_reply"): "kept", ("S3", "close"): "not_due",
        ("S4", "first_reply"): "kept", ("S4", "close"): "broken",
        ("S5", "first_reply"): "broken", ("S6", "first_reply"): "not_due", ("S7", "close"): "broken",
    }  # fmt: skip
    assert report.breaches["record_id"].tolist() == ["S7", "S5", "S2", "S2", "S4"]
    open_one = report.breaches.set_index("record_id").loc["S5"]
    assert (open_one["limit"], open_one["took"], open_one["done"]) == (30, 60, False)
    assert (report.without, report.later) == (1, 1)
    assert "11 steps judged = 4 kept + 5 broken + 2 not due" in report.describe("en")
    shuffled = check_standards(PLANTED.sample(frac=1, random_state=5), RULES, at=AT)
    assert shuffled.judged.set_index(["record_id", "step"])["state"].to_dict() == states


def wilson(kept, n, z=1.959963984540054):
    centre, spread = kept + z * z / 2, z * sqrt(kept * (n - kept) / n + z * z / 4)
    return (centre - spread) / (n + z * z), (centre + spread) / (n + z * z)


def test_shares_with_wilson_intervals():
    shares = check_standards(PLANTED, RULES, at=AT).shares("kind").set_index(["step", "kind"])
    row = shares.loc[("first_reply", "complaint")]
    assert row[["records", "kept", "broken", "not_due"]].tolist() == [4, 3, 1, 0]
    assert row[["low_share", "high_share"]].tolist() == pytest.approx(wilson(3, 4))
    assert row["kept_share"] == 0.75
    nobody = check_standards(PLANTED.iloc[[5]], RULES, at=AT).shares()
    assert nobody[["kept_share", "low_share", "high_share"]].isna().all(axis=None)


def test_teaching_records_add_up_and_the_house_has_a_limit_for_all(shop):
    rows = shop.table("service_records")
    report = check_standards(rows, at=dt.datetime(2026, 6, 17, 21))
    assert (report.without, report.later) == (0, 0)
    assert len(report.judged) == 2 * len(rows)
    shares = report.shares("channel", "kind")
    assert shares[["kept", "broken", "not_due"]].sum().sum() == shares["records"].sum() == len(report.judged)
    limit = rows["channel"].map({"phone": 10, "web": 90, "social": 240})
    limit = limit.mask(rows["kind"] == "complaint", rows["channel"].map({"phone": 5, "web": 60, "social": 120}))
    late = (rows["first_reply_at"] - rows["opened_at"]).dt.total_seconds() > limit * 60
    broken = report.breaches
    assert set(broken.loc[broken["step"] == "first_reply", "record_id"]) == set(rows.loc[late, "record_id"])


def test_records_kept_for_another_purpose_are_refused():
    asked = PLANTED.copy()
    asked.attrs["purposes"] = ("survey",)
    for refused in (lambda: check_standards(asked, RULES, at=AT), lambda: rank_agents(asked)):
        with pytest.raises(ConsentError):
            refused()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('channel = "fax"\nclose_hours = 3', "channel"),
        ('kind = "praise"\nclose_hours = 0', "close_hours"),
        ('kind = "praise"\nclose_hours = 1.5', "close_hours"),
        ('kind = "praise"', "first_reply_minutes, close_hours"),
        ('kind = "praise"\nclose_hours = 3\nowner = "A1"', "owner"),
    ],
)
def test_a_wrong_standard_is_named(tmp_path, text, field):
    file = tmp_path / "mine.toml"
    file.write_text(f"[[standards]]\nclose_hours = 2\n[[standards]]\n{text}\n", encoding="utf-8")
    with pytest.raises(DataError, match=field) as error:
        read_standards(file)
    assert error.value.values["entry"] == 2


def test_standards_that_cannot_be_judged(tmp_path):
    with pytest.raises(DataError, match=r"none\.toml"):
        read_standards(tmp_path / "none.toml")
    early = PLANTED.assign(first_reply_at=PLANTED["opened_at"] - pd.Timedelta(seconds=1))
    with pytest.raises(DataError, match="first_reply_at"):
        check_standards(early, RULES, at=AT)


def test_no_records_is_said(shop):
    none = shop.table("service_records").iloc[:0]
    tiers = pd.DataFrame({"customer_id": ["a"], "value_tier": ["high"]})
    for refused in (
        lambda: check_standards(none, at=AT),
        lambda: rank_agents(none),
        lambda: response_times(none, tiers),
        lambda: own_complaints(none, agents=("A1",), at=AT),
    ):
        with pytest.raises(DataError, match="service records"):
            refused()


def test_every_open_complaint_has_an_owner_and_a_due_time():
    rows = records(
        ("S1", "a", "web", "complaint", "2026-06-15 12:00:00", "2026-06-15 12:00:00", None, "no", "A2"),
        ("S2", "a", "web", "complaint", "2026-06-16 09:00:00", "2026-06-16 09:00:00", None, "no", None),
        ("S3", "b", "web", "complaint", "2026-06-16 10:00:00", "2026-06-16 10:00:00", None, "no", "A9"),
        ("S4", "b", "web", "complaint", "2026-06-16 11:00:00", "2026-06-16 11:00:00", None, "no", None),
        (
            "S5",
            "b",
            "web",
            "complaint",
            "2026-06-16 11:30:00",
            "2026-06-16 12:00:00",
            "2026-06-17 12:00:00",
            "yes",
            None,
        ),
        (
            "S6",
            "b",
            "web",
            "complaint",
            "2026-06-16 11:40:00",
            "2026-06-16 12:00:00",
            "2026-06-17 12:00:01",
            "yes",
            "A1",
        ),
        ("S7", "b", "web", "question", "2026-06-16 11:40:00", "2026-06-16 12:00:00", None, "no", "A1"),
        ("S8", "b", "web", "complaint", "2026-06-17 12:00:01", "2026-06-17 12:10:00", None, "no", "A1"),
    )
    found = own_complaints(rows, agents=("A1", "A2"), at=AT)
    assert found[["record_id", "agent", "given", "past_due"]].values.tolist() == [
        ["S1", "A2", False, False], ["S2", "A1", True, False], ["S3", "A2", True, False], ["S4", "A1", True, False],
        ["S6", "A1", False, False],
    ]  # fmt: skip
    assert found["due_at"].tolist() == (found["opened_at"] + pd.Timedelta(hours=48)).tolist()
    late = own_complaints(rows, agents=("A1",), at=AT + dt.timedelta(seconds=1)).set_index("record_id")
    assert late["past_due"].to_dict()["S1"] is True
    assert "S6" not in late.index
    pd.testing.assert_frame_equal(own_complaints(rows.iloc[::-1], agents=("A1", "A2"), at=AT), found)
    with pytest.raises(ParameterError, match="agents"):
        own_complaints(rows, agents=(), at=AT)
    with pytest.raises(DataError, match="close_hours"):
        own_complaints(rows, agents=("A1",), at=AT, standards=[Standard("", "", 10, None)])


def test_teaching_complaints_all_have_owners(shop):
    rows = shop.table("service_records")
    found = own_complaints(rows, agents=("A1", "A2", "A3"), at=dt.datetime(2026, 6, 17, 21))
    still_open = rows[(rows["kind"] == "complaint") & rows["closed_at"].isna()]
    assert sorted(found["record_id"]) == sorted(still_open["record_id"])
    assert found["agent"].isin(["A1", "A2", "A3"]).all()
    assert found["due_at"].notna().all()


def replied(minutes, customer="a"):
    opened = pd.Timestamp("2026-06-01 09:00")
    return pd.DataFrame({"record_id": "S", "customer_id": customer, "opened_at": opened,
                         "first_reply_at": opened + pd.to_timedelta(minutes, unit="min")})  # fmt: skip


def coverage(n, low, high, share):
    """How often the interval between the order statistics low and high (from 1) holds the quantile."""
    return sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(low, high))


def test_response_times_match_the_fixture():
    rows = pd.concat([replied(range(1, 41), "a"), replied([5, 1, 4, 2], "b"), replied([7] * 9 + [8], "c"),
                      replied([3, None, 4, 5, 6, 7], "d")], ignore_index=True)  # fmt: skip
    tiers = pd.DataFrame({"customer_id": list("abc"), "value_tier": ["low", "mid", "high"]})
    found = response_times(rows.sample(frac=1, random_state=2), tiers).set_index("value_tier")
    assert found.index.tolist() == ["high", "mid", "low", "unknown"]
    assert found[["records", "unanswered"]].values.tolist() == [[10, 0], [4, 0], [40, 0], [6, 1]]
    assert found.loc["low", ["median_minutes", "p90_minutes"]].tolist() == [20, 36]
    assert found.loc["high", ["median_minutes", "p90_minutes"]].tolist() == [7, 7]
    assert found.loc["mid"].iloc[2:].isna().all()
    assert found.loc["unknown", "median_minutes"] == 5
    low, high = map(int, found.loc["low", ["median_low", "median_high"]])
    assert coverage(40, low, high, 0.5) >= 0.95
    assert coverage(40, low + 1, high - 1, 0.5) < 0.95
    assert np.isnan(found.loc["low", "p90_high"]) == (0.9**40 > 0.025)


def test_response_times_of_the_teaching_data_count_every_record(shop, result):
    from crmlab.grouping import value_tiers

    rows = shop.table("service_records")
    found = response_times(rows, value_tiers(result))
    assert found["records"].sum() == len(rows)
    ordered = found[["median_low", "median_minutes", "median_high"]].to_numpy()
    assert (np.diff(ordered) >= 0).all()


def test_tiers_that_do_not_fit(shop):
    rows = shop.table("service_records")
    nobody = pd.DataFrame({"customer_id": ["C0001"], "value_tier": ["high"]})
    with pytest.raises(DataError, match="pseudonyms"):
        response_times(rows, nobody)
    with pytest.raises(DataError, match="more than once"):
        with_tiers(rows, pd.concat([nobody, nobody]))
    with pytest.raises(DataError, match="value_tier"):
        response_times(rows, nobody[["customer_id"]])
    with pytest.raises(DataError, match="first_reply_at"):
        response_times(replied([-1]), pd.DataFrame({"customer_id": ["a"], "value_tier": ["high"]}))


def closed(agent, kind, good, bad):
    """Closed records of one agent and kind, so many of them resolved and not."""
    rows = pd.DataFrame({"resolved": ["yes"] * good + ["no"] * bad})
    times = dict.fromkeys(("opened_at", "first_reply_at", "closed_at"), pd.Timestamp("2026-06-01"))
    return rows.assign(agent=agent, kind=kind, channel="web", customer_id="c", record_id="S", **times)


def test_a_hard_mix_is_no_bad_work():
    """Easy has the better share overall and is no better on either kind."""
    rows = pd.concat([
        closed("easy", "question", 380, 20), closed("easy", "complaint", 30, 20),
        closed("hard", "question", 48, 2), closed("hard", "complaint", 260, 140),
    ], ignore_index=True)  # fmt: skip
    found = rank_agents(rows)
    table = found.table.set_index("agent")
    assert table.loc["easy", "share"] - table.loc["hard", "share"] > 0.2
    assert table.loc["easy", "adjusted_share"] < table.loc["hard", "adjusted_share"]
    assert set(table["standing"]) == {"no_difference"}
    question, complaint = 428 / 450, 290 / 450
    expected = (400 * question + 50 * complaint) / 450
    overall = 718 / 900
    assert found.overall == pytest.approx(overall)
    assert table.loc["easy", "expected_share"] == pytest.approx(expected)
    adjusted = 1 - (40 / 450) / (1 - expected) * (1 - overall)
    assert table.loc["easy", "adjusted_share"] == pytest.approx(adjusted)
    assert found.level == pytest.approx(0.95**0.5)


def test_who_has_too_few_records_is_listed_and_not_ranked():
    counts = {"A1": (29, 0), "A2": (20, 10), None: (40, 0), "A3": (300, 10)}
    rows = pd.concat([closed(agent, "question", *found) for agent, found in counts.items()], ignore_index=True)
    rows.loc[len(rows) - 1, "closed_at"] = pd.NaT
    found = rank_agents(rows)
    table = found.table.set_index("agent")
    assert table["standing"].to_dict() == {
        "A3": "no_difference", "A2": "below", "A1": "too_few", "": "not_noted",
    }  # fmt: skip
    assert table.loc[["A1", ""], ["good", "share", "adjusted_share"]].isna().all(axis=None)
    assert table["records"].to_dict() == {"A3": 309, "A2": 30, "A1": 29, "": 40}
    assert found.open == 1
    assert table["records"].sum() + found.open == len(rows)
    assert rank_agents(rows, minimum=29).table.set_index("agent").loc["A1", "standing"] != "too_few"
    assert "不足 30 条" in found.describe("zh")
    everybody_good = rank_agents(closed("A1", "question", 50, 0)).table
    assert everybody_good["adjusted_share"].tolist() == [1.0]


def test_staff_who_do_not_differ_are_rarely_told_apart():
    draw = np.random.default_rng(11)
    agents, n = [f"A{number}" for number in range(6)], 600
    told = 0
    for _ in range(60):
        kind = draw.choice(["question", "complaint"], n)
        good = draw.random(n) < np.where(kind == "question", 0.95, 0.8)
        rows = closed("A0", "question", n, 0).assign(
            agent=draw.choice(agents, n), kind=kind, resolved=np.where(good, "yes", "no")
        )
        told += not (rank_agents(rows).table["standing"] == "no_difference").all()
    assert told <= 7, "at 5 % more than 7 of 60 come about once in a hundred times"


def test_planted_traits_of_the_teaching_staff_are_found(shop):
    rows, at = shop.table("service_records"), dt.datetime(2026, 6, 17, 21)
    truth = pd.read_csv("datasets/truth/agents.csv", encoding="utf-8").set_index("agent")["trait"]
    resolved, in_time = rank_agents(rows), rank_agents(rows, measure="in_time", at=at)
    for found, trait, standing in ((resolved, "resolver", "above"), (in_time, "slow", "below")):
        told = found.table[found.table["standing"].isin(["above", "below"])]
        assert told[["agent", "standing"]].values.tolist() == [[truth.index[truth == trait].item(), standing]]
        few = found.table.loc[found.table["standing"] == "too_few", "agent"]
        assert few.tolist() == truth.index[truth == "new"].tolist()
    hard = resolved.table.set_index("agent").loc[truth.index[truth == "complaints"].item()]
    assert hard["adjusted_share"] > hard["share"] + 0.02


def test_staff_that_cannot_be_compared(shop):
    rows = shop.table("service_records")
    with pytest.raises(DataError, match="agent"):
        rank_agents(rows.drop(columns="agent"))
    with pytest.raises(DataError, match="agent"):
        rank_agents(rows.assign(agent=None))
    with pytest.raises(ParameterError, match="at="):
        rank_agents(rows, measure="in_time")
    with pytest.raises(ParameterError, match="speed"):
        rank_agents(rows, measure="speed")
    with pytest.raises(ParameterError, match="0"):
        rank_agents(rows, minimum=0)
    with pytest.raises(DataError, match="service"):
        rank_agents(rows.assign(closed_at=pd.NaT))


def test_a_paired_exercise_counts_whoever_has_one_score_only():
    before, after = pd.Series({"A1": 6, "A2": 7, "A3": 5}), pd.Series({"A3": 7, "A2": 7, "A4": 9})
    (row,) = paired_exercise(before, after).to_dict("records")
    assert (row["n"], row["unpaired"], row["mean_before"], row["mean_after"], row["mean_change"]) == (2, 2, 6, 7, 1)
    half = 12.706204736 * sqrt(2) / sqrt(2)
    assert (row["low"], row["high"]) == pytest.approx((1 - half, 1 + half))
    with pytest.raises(DataError, match="1"):
        paired_exercise(before.iloc[:2], after)


def test_an_export_of_the_service_desk_says_who_answered(tmp_path):
    from crmlab.intake import read_file

    file = tmp_path / "desk.csv"
    head = "记录编号,客户编号,服务渠道,事项类型,提出时间,首次回复时间,结案时间,是否解决,客服代号\n"
    row = "{},C1,电话,咨询,2026-06-01 09:00,2026-06-01 09:01,,否,{}\n"
    file.write_text(head + row.format("S1", "A1") + row.format("S2", ""), encoding="utf-8")
    found = read_file(file)
    assert found.tables["service_records"]["agent"].fillna("").tolist() == ["A1", ""]
    assert found.unknown_columns == []
