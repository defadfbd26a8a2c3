"""Rows checked against the schema of the house: every planted fault is found in its row, and nothing else."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.collect.mask import mask
from crmlab.collect.validate import check, references, schema_of
from crmlab.errors import DataError
from crmlab.tables import TABLES
from crmlab.words import LANGUAGES, word

GOOD = {
    "customers": {"customer_id": "C1", "source": "phone", "registered_on": "2026-06-01"},
    "orders": {
        "order_id": "2610185469495074514", "customer_id": "C1", "order_date": "2026-06-01", "state": "paid",
        "channel": "app", "currency": "CNY",
    },
    "order_lines": {
        "order_id": "2610185469495074514", "line_no": "1", "product_id": "P1", "quantity": "2", "amount": "10.50",
        "discount": "0",
    },
    "events": {"event_id": "E1", "event_time": "2026-06-01T08:00:00", "event": "view", "channel": "web"},
}  # fmt: skip
"""A row without a fault for some tables."""
FAULTS = [
    ("customers", "phone", "1201229664", "bad_pattern"),
    ("customers", "phone", "1201229664９", "bad_pattern"),
    ("customers", "email", "luo.shop.example", "bad_pattern"),
    ("customers", "email", "luo@shop.example ", "bad_pattern"),
    ("customers", "birthday", "02-30", None),
    ("customers", "birthday", "13-01", "bad_pattern"),
    ("customers", "age_range", "200", "unknown_code"),
    ("customers", "source", "fax", "unknown_code"),
    ("customers", "source", None, "missing"),
    ("customers", "source", "", "missing"),
    ("customers", "customer_id", None, "missing"),
    ("customers", "registered_on", "2026-02-30", "bad_date"),
    ("customers", "registered_on", "2027-13-01", "bad_date"),
    ("customers", "registered_on", "0026-06-01", "bad_date"),
    ("customers", "registered_on", "2026-06-01T08:00:00+08:00", "bad_date"),
    ("customers", "registered_on", "2026-06-01 08:00:00", None),
    ("orders", "state", "lost", "unknown_code"),
    ("orders", "currency", "yuan", "bad_pattern"),
    ("order_lines", "quantity", "0", "out_of_range"),
    ("order_lines", "quantity", "1.5", "bad_number"),
    ("order_lines", "quantity", "2.0", None),
    ("order_lines", "amount", "-0.01", "out_of_range"),
    ("order_lines", "amount", "12,50", "bad_number"),
    ("order_lines", "amount", "nan", "bad_number"),
    ("order_lines", "amount", "1e3", "bad_number"),
    ("order_lines", "amount", "1.2345", "bad_number"),
    ("events", "event_time", "2026-06-01T24:00:00", "bad_date"),
    ("events", "seconds", "86401", "out_of_range"),
    ("events", "seconds", "-5", "out_of_range"),
]


@pytest.mark.parametrize(("table", "column", "value", "reason"), FAULTS)
def test_a_planted_fault_is_listed_with_its_row_and_nothing_else_is(table, column, value, reason):
    clean = [GOOD[table] | {key: GOOD[table][key][:-1] + str(number) for key in TABLES[table].key} for number in (1, 2)]
    frame = pd.DataFrame([clean[0], clean[1] | {column: value}])
    found = check(table, frame)
    expected = [] if reason is None else [(3, table, column, reason)]
    assert list(found.listed[["row", "table", "column", "reason"]].itertuples(index=False, name=None)) == expected
    demanded = next(one.required or one.key for one in TABLES[table].columns if one.name == column)
    assert found.kept["row"].tolist() == ([2] if reason and demanded else [2, 3])
    if reason and not demanded:
        assert found.kept[column].isna().tolist()[1]
        assert len(found.blanked) == 1


def test_a_row_with_three_faults_is_one_row_and_three_lines():
    row = GOOD["orders"] | {"state": "lost", "channel": "fax", "order_date": "yesterday"}
    found = check("orders", pd.DataFrame([row]))
    assert (found.rows, len(found.kept), found.refused, len(found.listed)) == (1, 0, 1, 3)
    assert "1 rows = 0 kept + 1 listed" in found.balance("en")
    assert "3 faults" in found.balance("en")


def test_the_first_of_several_lines_with_one_key_is_kept():
    rows = [GOOD["customers"] | {"city": city} for city in ("wuhan", "wuhan", "suzhou")]
    found = check("customers", pd.DataFrame(rows))
    assert found.kept["row"].tolist() == [2]
    assert found.listed[["row", "column", "reason"]].values.tolist() == [
        [3, "customer_id", "duplicate"], [4, "customer_id", "duplicate"],
    ]  # fmt: skip


def test_a_line_that_is_refused_does_not_make_the_next_one_a_duplicate():
    rows = [GOOD["customers"] | {"source": "fax"}, GOOD["customers"]]
    found = check("customers", pd.DataFrame(rows))
    assert found.kept["row"].tolist() == [3]
    assert found.listed["reason"].tolist() == ["unknown_code"]


def test_keys_that_point_nowhere_are_listed():
    lines = pd.DataFrame(
        {"refund_id": ["R1", "R2", "R3"], "order_id": ["1", "1", "2"], "line_no": ["1", "2", "1"]}
    ).assign(refund_date="2026-06-01", amount="1", reason="late")
    there = pd.DataFrame({"order_id": ["1"], "line_no": [1]})
    found = check("refunds", lines, known={"order_lines": there})
    assert found.kept["refund_id"].tolist() == ["R1"]
    assert found.listed[["row", "column", "reason"]].values.tolist() == [
        [3, "order_id", "orphan"], [4, "order_id", "orphan"],
    ]  # fmt: skip
    assert len(check("refunds", lines).kept) == 3


def test_an_event_of_nobody_known_is_kept_without_a_customer():
    events = pd.DataFrame([GOOD["events"] | {"customer_id": "C9"}, GOOD["events"] | {"event_id": "E2"}])
    found = check("events", events, known={"customers": pd.DataFrame({"customer_id": ["C1"]})})
    assert found.kept["customer_id"].isna().all()
    assert found.listed[["row", "value", "reason"]].values.tolist() == [[2, "x0", "unlinked"]]


def test_types_are_those_that_lessons_meet():
    found = check("order_lines", pd.DataFrame([GOOD["order_lines"]]))
    kinds = found.kept.dtypes.astype(str).to_dict()
    assert (kinds["line_no"], kinds["amount"], kinds["order_id"]) == ("int64", "float64", "str")
    assert str(check("events", pd.DataFrame([GOOD["events"]])).kept["event_time"].dtype) == "datetime64[us]"


def test_no_personal_value_is_listed():
    row = GOOD["customers"] | {"phone": "罗示松1201229664", "email": "luo", "city": "12012296649", "job": "a@b.example"}
    listed = check("customers", pd.DataFrame([row])).listed
    assert listed.set_index("column")["value"].to_dict() == {
        "phone": "〇〇〇0000000000", "email": "xxx", "city": "00000000000", "job": "x@x.xxxxxxx",
    }  # fmt: skip


def test_a_mask_is_short_and_hides_every_letter():
    assert mask("é１Я😀 -" + "a" * 100) == "〇0〇〇 -" + "x" * 34 + "…"


def test_unknown_columns_are_left_aside_and_unknown_tables_refused():
    assert "fax" not in check("customers", pd.DataFrame([GOOD["customers"] | {"fax": "1"}])).kept
    with pytest.raises(DataError, match="reviews"):
        check("reviews", pd.DataFrame())


def test_an_empty_frame_is_no_fault():
    found = check("customers", pd.DataFrame())
    assert (found.rows, len(found.kept), len(found.listed)) == (0, 0, 0)
    assert "customer_id" in found.kept


def test_every_reason_has_words_that_say_what_to_do():
    reasons = {reason for *_, reason in FAULTS if reason}
    for reason in reasons | {"orphan", "unlinked", "duplicate", "differs", "illegal_state", "deleted_person"}:
        assert all(word(f"reason.{reason}", lang) for lang in LANGUAGES)


def test_tables_stand_after_those_that_they_point_to():
    seen = set()
    for table in TABLES.values():
        assert references(table).keys() <= seen
        seen.add(table.name)
    assert references(TABLES["refunds"]) == {"order_lines": ("order_id", "line_no")}


def test_there_is_a_schema_for_every_table():
    for name, table in TABLES.items():
        assert list(schema_of(name).columns) == [column.name for column in table.columns]


CELLS = st.sampled_from([None, "", "C1", "C2", "phone", "fax", "2026-06-01", "2026-02-30", "12012345678", "1", "-1"])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.fixed_dictionaries({c.name: CELLS for c in TABLES["customers"].columns}), max_size=6), st.randoms())
def test_the_order_of_rows_does_not_matter_and_every_row_is_accounted_for(rows, random):
    frame = pd.DataFrame(rows).assign(row=range(2, len(rows) + 2))
    found = check("customers", frame)
    assert found.rows == len(rows)
    assert set(frame["row"]) - set(found.kept["row"]) <= set(found.listed["row"])
    shuffled = random.sample(range(len(rows)), len(rows))
    again = check("customers", frame.iloc[shuffled])
    pd.testing.assert_frame_equal(found.kept, again.kept)
    pd.testing.assert_frame_equal(found.listed, again.listed)


def test_a_row_that_slipped_shows_no_name_in_any_column():
    slipped = {
        "customer_id": "C1",
        "name": "phone",
        "source": "罗示松",
        "registered_on": "wx_luo",
        "wechat": "a@b.example",
    }
    other = {"customer_id": "C2", "source": "罗示松", "birthday": "12000000001"}
    values = check("customers", pd.DataFrame([slipped, other])).listed["value"]
    assert sorted(values) == ["00000000000", "xx_xxx", "〇〇〇", "〇〇〇"]
    order = GOOD["orders"] | {"state": "罗示松", "currency": "12000000001"}
    assert sorted(check("orders", pd.DataFrame([order])).listed["value"]) == ["00000000000", "〇〇〇"]


def test_a_row_with_one_fault_shows_what_is_wrong():
    row = GOOD["customers"] | {"city": "嘉兴"}
    assert check("customers", pd.DataFrame([row])).listed["value"].tolist() == ["嘉兴"]


def test_a_phone_inside_an_order_number_is_masked():
    order = GOOD["orders"] | {"order_id": "R12000000001-1"}
    assert check("orders", pd.DataFrame([order, order])).listed["value"].tolist() == ["x00000000000-0"]


def test_what_was_checked_shows_itself_without_the_rows():
    row = {"customer_id": "C1", "name": "罗示松", "source": "phone"}
    assert repr(check("customers", pd.DataFrame([row]))) == "Checked(rows=1, kept=1, listed=0)"


def test_products_that_nobody_listed_are_taken_as_they_come_and_strangers_to_a_list_are_not():
    lines = pd.DataFrame(
        {
            "order_id": ["1"],
            "line_no": ["1"],
            "product_id": ["P1"],
            "quantity": ["1"],
            "amount": ["9.90"],
            "discount": ["0"],
        }
    )
    orders, no_products = pd.DataFrame({"order_id": ["1"]}), pd.DataFrame({"product_id": []}, dtype="str")
    assert len(check("order_lines", lines, known={"orders": orders, "products": no_products}).kept) == 1
    other = pd.DataFrame({"product_id": ["P2"]})
    found = check("order_lines", lines, known={"orders": orders, "products": other})
    assert found.listed["reason"].tolist() == ["orphan"]
