"""Web events go into the base under the customers they belong to; nobody is guessed, nothing is lost."""

import shutil
from datetime import date

import pandas as pd
import pytest

from crmlab import check_settings, open_data
from crmlab.collect import CustomerBase, load_events
from crmlab.errors import DataError

DAY = date(2026, 6, 17)
CUSTOMERS = pd.DataFrame(
    {
        "customer_id": ["C1", "C2", "C3"],
        "phone": ["12000000001", "12000000002", "12000000002"],
        "email": ["one@shop.example", None, None],
        "source": "phone",
        "row": [2, 3, 4],
    }
)
HEADINGS = "event_id,event_time,event_name,product_id,seconds,search_term,customer_id,phone,email,client_id,ip"
LINES = [
    "W1,2026-06-03T10:00:00,view_search_results,,,tea,C1,,,c-1,192.0.2.1",
    "W2,2026-06-03T10:01:00,view_search_results,,,tea,,+86 120-0000-0001,,c-1,192.0.2.1",
    "W3,2026-06-03T10:02:00,view_search_results,,,tea,,12000000002,,c-2,192.0.2.2",
    "W4,2026-06-03T10:03:00,view_search_results,,,tea,C9,,,c-3,192.0.2.3",
    ",2026-06-03T10:04:00,view_search_results,,,tea,C1,,,c-3,192.0.2.3",
    "W6,2026-06-03T10:05:00,view_search_results,,,tea,,,ONE@shop.example,c-4,192.0.2.4",
]


@pytest.fixture
def base(tmp_path):
    with CustomerBase.create(tmp_path / "shop.duckdb") as base:
        base.load({"customers": CUSTOMERS}, on=DAY)
        yield base


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "web_events.csv"
    path.write_text("\n".join([HEADINGS, *LINES, ""]), encoding="utf-8", newline="\n")
    return path


def test_each_event_is_linked_ambiguous_unlinked_or_listed(base, file):
    loaded = load_events(base, [file], on=DAY)
    assert loaded.linked.read_personal().set_index("event_id")["customer_id"].to_dict() == {
        "W1": "C1", "W2": "C1", "W6": "C1",
    }  # fmt: skip
    assert loaded.linked.ambiguous["event_id"].tolist() == ["W3"]
    assert loaded.linked.unlinked["event_id"].tolist() == ["W4"]
    assert loaded.report.listed[["row", "column", "reason"]].values.tolist() == [[6, "event_id", "missing"]]
    assert loaded.report.files["rows"].sum() == len(LINES)


def test_the_base_holds_the_owner_and_no_trace_of_how_it_was_found(base, file):
    load_events(base, [file], on=DAY)
    events = base.read("events").set_index("event_id")["customer_id"]
    assert events.dropna().to_dict() == {"W1": "C1", "W2": "C1", "W6": "C1"}
    assert set(events.index) == {"W1", "W2", "W3", "W4", "W6"}
    held = str(base.connection.execute("FROM events").fetchall())
    assert "192.0.2" not in held
    assert "1200000000" not in held


def test_the_same_file_again_changes_nothing(base, file):
    load_events(base, [file], on=DAY)
    before = base.read("events")
    again = load_events(base, [file], on=DAY).report
    assert again.files[["added", "changed"]].sum().tolist() == [0, 0]
    pd.testing.assert_frame_equal(base.read("events"), before)


def test_a_file_without_events_is_named(base, tmp_path):
    (tmp_path / "calls.csv").write_text("call_id,customer_id,called_at,outcome\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"calls\.csv"):
        load_events(base, [tmp_path / "calls.csv"], on=DAY)


def test_no_files_are_no_events(base):
    assert load_events(base, [], on=DAY).linked.summary.empty


def test_the_links_of_the_teaching_data_are_the_planted_ones(teaching_base, tmp_path):
    shop = open_data(check_settings(data="teaching"))
    truth = pd.read_csv(shop.folder.parent / "truth" / "links.csv", dtype="str", encoding="utf-8")
    web = [file for file in shop.incoming if file.stem == "web_events"]
    with CustomerBase.open(shutil.copy(teaching_base[0], tmp_path / "shop.duckdb")) as base:
        base.load([file for file in shop.incoming if file not in web], on=DAY)
        loaded = load_events(base, web, on=DAY)
        found = loaded.linked.read_personal().set_index("event_id")["customer_id"]
    taken = pd.concat(
        [found.index.to_series(), loaded.linked.ambiguous["event_id"], loaded.linked.unlinked["event_id"]]
    )
    planted = truth[truth["event_id"].isin(taken) & truth["customer_id"].notna()].set_index("event_id")["customer_id"]
    assert len(planted) > 90
    assert found[found.index.isin(truth["event_id"])].sort_index().to_dict() == planted.sort_index().to_dict()
