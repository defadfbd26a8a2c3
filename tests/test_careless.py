"""Careless answers: each flag has its evidence, nothing is dropped, planted careless answers are found."""

import numpy as np
import pandas as pd
import pytest

from crmlab.errors import DataError
from crmlab.survey.careless import careless, individual_sd, longstring

ITEMS, REVERSED = ["s1", "s2", "s3", "s4", "s5"], ["s3", "s5"]


def careful(n=300, seed=3) -> pd.DataFrame:
    """Answers of people who read the items: one attitude, two items worded the other way."""
    rng = np.random.default_rng(seed)
    attitude = rng.normal(size=n)
    said = {
        item: (3.5 + (-1 if item in REVERSED else 1) * attitude - (item in REVERSED) + rng.normal(0, 0.6, n))
        for item in ITEMS
    }
    frame = pd.DataFrame(said).round().clip(1, 5)
    number = pd.Series(range(n)).astype("str")
    return frame.assign(
        answer_id="A" + number,
        customer_id="C" + number,
        seconds_used=rng.lognormal(np.log(80), 0.3, n).round(),
        submitted_at=pd.date_range("2026-06-01", periods=n, freq="min"),
    )


def flags_of(found, answer_id):
    return found.table[found.table["answer_id"] == answer_id].set_index("flag")


@pytest.mark.parametrize(
    ("row", "longest"), [([1, 1, 1, 2, 2], 3), ([1, 2, 3, 4, 5], 1), ([4] * 5, 5), ([2, 2, None, 2, 2], 2), ([None], 0)]
)
def test_longstring_is_the_longest_run_of_equal_answers(row, longest):
    assert longstring(pd.DataFrame([row])).tolist() == [longest]


def test_equal_answers_have_no_spread():
    assert individual_sd(pd.DataFrame([[3, 3, 3], [3, None, 3]])).tolist() == [0, 0]
    assert individual_sd(pd.DataFrame([[1, 2, 4]])).iloc[0] == pytest.approx(np.std([1, 2, 4], ddof=1))


def test_planted_careless_answers_are_found_with_few_false_alarms():
    answers = careful()
    straight, fast = answers.index[:10], answers.index[10:25]
    answers.loc[straight, ITEMS] = 4
    answers.loc[fast, "seconds_used"] = 6
    found = careless(answers, ITEMS, REVERSED)
    rates = found.against({*answers.loc[straight, "answer_id"], *answers.loc[fast, "answer_id"]}).set_index("flag")
    assert rates.loc["any", "found"] == 25
    assert set(answers.loc[straight, "answer_id"]) <= set(found.table.query("flag == 'longstring'")["answer_id"])
    assert rates.loc["fast_items", ["found", "false_alarms"]].tolist() == [15, 0]
    assert rates.loc["any", "hit_share"] == 1
    assert rates.loc["any", "false_alarm_share"] < 0.1
    assert rates.loc["any", "others"] == 275
    assert found.n == 300


def test_every_flag_carries_value_and_limit():
    answers = careful(20)
    answers.loc[0, ITEMS] = 2
    answers.loc[0, "seconds_used"] = 5
    found = careless(answers, ITEMS, REVERSED)
    flags = flags_of(found, "A0")
    median = answers["seconds_used"].median()
    assert flags.loc["longstring", ["value", "limit"]].tolist() == [5, 5]
    assert flags.loc["same_item", ["value", "limit"]].tolist() == [0, 0]
    assert flags.loc["fast_median", ["value", "limit"]].tolist() == [5, median / 2]
    assert flags.loc["fast_items", ["value", "limit"]].tolist() == [5, 10]
    assert found.table.columns.tolist() == ["answer_id", "flag", "value", "limit"]


def test_limits_of_speed_are_parameters():
    answers = careful(20).assign(seconds_used=[40.0] * 10 + [100.0] * 10)

    def fast(**limits):
        checks = careless(answers, ITEMS, REVERSED, **limits).checks.set_index("flag")["answers"]
        return checks["fast_median"], checks["fast_items"]

    assert fast() == (0, 0)
    assert fast(of_median=0.6) == (10, 0)
    assert fast(seconds_per_item=9) == (0, 10)
    assert fast(questions=21) == (0, 10)


def test_equal_answers_without_a_reversed_item_may_be_honest():
    answers = careful(20)
    answers.loc[0, ITEMS] = 5
    found = careless(answers, ITEMS, [])
    assert found.flagged == 0
    checks = found.checks.set_index("flag")["checked"]
    assert checks["longstring"] == checks["same_item"] == "no_reversed"


def test_what_was_not_checked_is_said():
    checks = careless(careful(20)[["answer_id", *ITEMS]].assign(row=range(20)), ITEMS, REVERSED).checks
    named = checks.set_index("flag")["checked"]
    assert named["fast_median"] == named["fast_items"] == "no_seconds"
    assert named["same_customer"] == "no_customers"
    assert named["longstring"] == "yes"


def test_half_the_items_of_a_long_block_are_a_long_string():
    wide = pd.DataFrame(np.tile([1, 2], (3, 10)), columns=[f"q{k}" for k in range(20)])
    wide.iloc[0, 4:14] = 3
    wide.iloc[1, 4:13] = 3
    found = careless(wide.assign(answer_id=["a", "b", "c"], seconds_used=[90, 91, 92]), list(wide.columns), ["q3"])
    assert flags_of(found, "a").loc["longstring", ["value", "limit"]].tolist() == [10, 10]
    assert "b" not in set(found.table["answer_id"])


def test_second_answers_and_copies_are_flagged_on_every_side():
    answers = careful(20)
    answers.loc[1, "customer_id"] = answers.loc[0, "customer_id"]
    answers.loc[3, [*ITEMS, "seconds_used"]] = answers.loc[2, [*ITEMS, "seconds_used"]]
    found = careless(answers, ITEMS, REVERSED)
    by_flag = found.table.groupby("flag")["answer_id"].apply(list)
    assert by_flag["same_customer"] == ["A0", "A1"]
    assert by_flag["same_answers"] == ["A2", "A3"]
    assert flags_of(found, "A0").loc["same_customer", "value"] == 2


def test_fewer_than_half_of_the_items_show_nothing():
    answers = careful(20)
    answers.loc[0, ITEMS[1:]] = np.nan
    answers.loc[1, ITEMS] = [4, np.nan, np.nan, np.nan, 4]
    answers.loc[2, ITEMS] = [4, 4, np.nan, np.nan, 4]
    flagged = careless(answers, ITEMS, REVERSED).table.set_index("answer_id")["flag"]
    assert "A0" not in flagged.index
    assert "A1" not in flagged.index
    assert flagged["A2"] == "same_item"


def test_counts_in_the_checks_are_those_of_the_table():
    answers = careful(60)
    answers.loc[:4, ITEMS] = 3
    found = careless(answers, ITEMS, REVERSED)
    counted = found.table["flag"].value_counts()
    for row in found.checks.itertuples():
        assert row.answers == counted.get(row.flag, 0)
        assert row.answers_share == pytest.approx(row.answers / 60)
    assert str(found.flagged) in found.sentence("zh")


def test_no_answers_have_no_flags():
    found = careless(careful(5).iloc[:0], ITEMS, REVERSED)
    assert (found.n, found.flagged) == (0, 0)


def test_missing_columns_are_named():
    with pytest.raises(DataError, match="s9"):
        careless(careful(5), [*ITEMS, "s9"], REVERSED)
