"""The stages of customers: day limits to the day, one stage each, the same on every kind of frame."""

import pandas as pd
import pytest
from kinds import KINDS

from crmlab import type_customers
from crmlab.errors import ConsentError, DataError, ParameterError
from crmlab.grouping.lifecycle import lifecycle
from crmlab.grouping.rules import open_rules
from crmlab.rfm import retype
from crmlab.words import LANGUAGES, word

AS_OF = "2026-06-17"
DAYS_AGO = {
    "today": [0],
    "first 90": [90],
    "first 91, last 91": [91],
    "first 91, last 90": [91, 90],
    "first 500, last 0": [500, 0],
    "last 180": [400, 180],
    "last 181": [181],
    "last 800": [800],
}
STAGES = {
    "today": "new",
    "first 90": "new",
    "first 91, last 91": "silent",
    "first 91, last 90": "active",
    "first 500, last 0": "active",
    "last 180": "silent",
    "last 181": "lost",
    "last 800": "lost",
}
RELATION = {"potential": "potential", "new": "existing", "active": "existing", "silent": "existing", "lost": "lost"}


def orders_of(days_ago):
    rows = [(customer, ago) for customer, all_ago in days_ago.items() for ago in all_ago]
    return pd.DataFrame(
        {
            "customer_id": [customer for customer, _ in rows],
            "order_id": [str(number) for number in range(len(rows))],
            "order_date": pd.Timestamp(AS_OF) - pd.to_timedelta([ago for _, ago in rows], unit="D"),
            "amount": 10.0,
        }
    )


@pytest.fixture(scope="module")
def orders():
    return orders_of(DAYS_AGO)


@pytest.mark.parametrize("kind", KINDS)
def test_boundary_days_on_every_kind_of_frame(orders, kind, tmp_path):
    result = type_customers(KINDS[kind](orders, tmp_path), as_of=AS_OF, window=365)
    table = lifecycle(result).table
    assert dict(zip(table["customer_id"], table["stage"], strict=True)) == STAGES
    assert table["relation"].tolist() == [RELATION[stage] for stage in table["stage"]]
    assert table["customer_id"].is_monotonic_increasing


def test_limits_can_be_moved_by_a_day(orders):
    result = type_customers(orders, as_of=AS_OF, window=365)
    moved = lifecycle(result, new_days=89, silent_days=91, lost_days=181).table.set_index("customer_id")["stage"]
    assert moved["first 90"] == "active"
    assert moved["first 91, last 91"] == "active"
    assert moved["last 181"] == "silent"


def test_the_window_does_not_move_a_stage_and_its_money_is_that_of_the_window(orders):
    for window in (30, 365, None):
        table = lifecycle(type_customers(orders, as_of=AS_OF, window=window)).table.set_index("customer_id")
        assert table["stage"].to_dict() == STAGES
    short = lifecycle(type_customers(orders, as_of=AS_OF, window=30)).table.set_index("customer_id")["monetary"]
    assert short["first 500, last 0"] == 1000
    assert short["last 800"] == 0


def test_registered_customers_without_an_order_are_potential(orders):
    result = type_customers(orders, as_of=AS_OF, window=365)
    registered = pd.DataFrame(
        {
            "customer_id": ["today", "idle", "later", "no date"],
            "registered_on": pd.to_datetime(["2026-01-01", AS_OF, "2026-06-18", None]),
        }
    )
    found = lifecycle(result, registered)
    stages = found.table.set_index("customer_id")["stage"].to_dict()
    assert stages == STAGES | {"idle": "potential", "no date": "potential"}
    assert found.summary("zh")["customers"].sum() == len(stages)
    assert found.gaps.empty
    assert found.overlaps.empty
    assert found.table["days_since_first"].isna().tolist() == (found.table["stage"] == "potential").tolist()


def test_cancelled_orders_do_not_make_a_customer(orders):
    with_state = orders.assign(state="paid")
    with_state.loc[with_state["customer_id"] == "today", "state"] = "cancelled"
    result = type_customers(with_state, as_of=AS_OF, state="state")
    assert "today" not in lifecycle(result).table["customer_id"].tolist()
    table = lifecycle(result, pd.DataFrame({"customer_id": ["today"]})).table.set_index("customer_id")
    assert table.loc["today", "stage"] == "potential"


def test_an_earlier_reference_date_sees_only_what_was_then(orders):
    result = retype(type_customers(orders, as_of=AS_OF, window=365), as_of="2026-03-19")
    stages = lifecycle(result).table.set_index("customer_id")["stage"].to_dict()
    assert stages["first 90"] == "new"
    assert stages["last 180"] == "active"
    assert stages["last 181"] == "silent"
    assert "today" not in stages


def test_shuffled_rows_give_the_same(orders):
    one, other = (
        lifecycle(type_customers(frame, as_of=AS_OF)).table for frame in (orders, orders.sample(frac=1, random_state=1))
    )
    pd.testing.assert_frame_equal(one, other)


def test_the_customer_column_keeps_its_own_name(orders):
    renamed = orders.rename(columns={"customer_id": "买家"})
    table = lifecycle(type_customers(renamed, as_of=AS_OF, customer="买家"), pd.DataFrame({"买家": ["idle"]})).table
    assert table.columns[0] == "买家"
    assert table.set_index("买家").loc["idle", "stage"] == "potential"


def test_the_stages_are_a_partition_whatever_the_limits():
    for limits in ({}, {"new_days": 0}, {"new_days": 400}, {"silent_days": 180}, {"lost_days": 9_999}):
        assert open_rules("lifecycle", **limits).proof().partition


def test_limits_that_cross_are_refused(orders):
    result = type_customers(orders, as_of=AS_OF)
    with pytest.raises(ParameterError, match="silent_days=181"):
        lifecycle(result, silent_days=181)
    with pytest.raises(ParameterError, match="quiet_days"):
        lifecycle(result, quiet_days=3)


def test_registered_customers_are_checked(orders):
    result = type_customers(orders, as_of=AS_OF)
    with pytest.raises(DataError, match="1"):
        lifecycle(result, pd.DataFrame({"customer_id": ["x", "x"]}))
    with pytest.raises(DataError, match="customer_id"):
        lifecycle(result, pd.DataFrame({"id": ["x"]}))
    for_survey = pd.DataFrame({"customer_id": ["x"]})
    for_survey.attrs["purposes"] = ("survey",)
    with pytest.raises(ConsentError):
        lifecycle(result, for_survey)


def test_the_words_of_tables_are_those_of_the_rules():
    rules = open_rules("lifecycle")
    for lang in LANGUAGES:
        assert [word(f"stage.{rule.key}", lang) for rule in rules.rules] == [rule.title[lang] for rule in rules.rules]
        assert {key: word(f"relation.{key}", lang) for key in rules.wider} == {
            key: title[lang] for key, title in rules.wider.items()
        }


def test_registered_ids_of_another_type_are_refused_in_words(orders):
    with pytest.raises(DataError, match="text in one table and numbers"):
        lifecycle(type_customers(orders, as_of="2026-06-17"), pd.DataFrame({"customer_id": [1, 2]}))
