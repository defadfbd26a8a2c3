"""Linking: exact id, then hashed phone or e-mail, else nobody. All rows are accounted for and nothing is guessed."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import DataError, check_settings, open_data
from crmlab.collect.linking import hash_identifiers, link
from crmlab.collect.pseudonym import Key, plain_contact
from crmlab.intake import read_file

ROOT = Path(__file__).resolve().parents[1]
KEY = Key(b"a key for the tests of linking")
CUSTOMERS = pd.DataFrame(
    [
        ("C1", "12000000001", "a@shop.example"),
        ("C2", "12000000002", "b@shop.example"),
        ("C3", "12000000003", None),
        ("C4", "12000000003", "d@shop.example"),
        ("C5", None, "none"),
        ("C6", "120", None),
    ],
    columns=["customer_id", "phone", "email"],
)
CASES = {
    "id": ("C1", None, None, "C1", "id", None),
    "id and own contact": ("C1", "12000000001", "a@shop.example", "C1", "id", None),
    "id and a new phone": ("C1", "12000000009", None, "C1", "id", None),
    "id and a phone of another": ("C1", "12000000002", None, "C1", "id", "contact_of_another"),
    "id and a mail of another": ("C1", "12000000001", "b@shop.example", "C1", "id", "contact_of_another"),
    "id and a shared phone of its own": ("C3", "12000000003", None, "C3", "id", None),
    "phone": (None, "12000000001", None, "C1", "phone", None),
    "phone written otherwise": (" ", "+86 120-0000-0001", None, "C1", "phone", None),
    "mail written otherwise": (None, "", " A@Shop.Example ", "C1", "email", None),
    "both": (None, "12000000002", "b@shop.example", "C2", "phone_email", None),
    "phone and an unknown mail": (None, "12000000002", "z@shop.example", "C2", "phone", None),
    "unknown id and a known phone": ("C9", "12000000002", None, "C2", "phone", "unknown_id"),
    "two customers": (None, "12000000001", "b@shop.example", 2, "contacts_differ", None),
    "shared phone": (None, "12000000003", None, 2, "shared_contact", None),
    "shared phone and the mail of one": (None, "12000000003", "d@shop.example", 2, "shared_contact", None),
    "shared phone and a mail of a third": (None, "12000000003", "a@shop.example", 3, "shared_contact", None),
    "unknown id and a shared phone": ("C9", "12000000003", None, 2, "shared_contact", None),
    "nothing": (None, None, None, 0, "no_identifier", None),
    "unknown id": ("C9", None, None, 0, "unknown_id", None),
    "unknown id and unknown phone": ("C9", "12000000009", None, 0, "unknown_id", None),
    "unknown phone": (None, "12000000009", None, 0, "unknown_contact", None),
    "no mail in truth": (None, None, "none", 0, "unknown_contact", None),
    "no phone in truth": (None, "120", None, 0, "unknown_contact", None),
    "id in other letters": ("c1", None, None, 0, "unknown_id", None),
}
ALL = pd.DataFrame([(name, *case[:3]) for name, case in CASES.items()], columns=["event_id", *CUSTOMERS.columns])


def outcome(linked) -> dict:
    """By event: (customer or number of candidates, how or reason, note)."""
    found = {row.event_id: (row.customer_id, row.how, row.note) for row in linked.read_personal().itertuples()}
    found |= {row.event_id: (row.candidates, row.reason, None) for row in linked.ambiguous.itertuples()}
    found |= {row.event_id: (0, row.reason, None) for row in linked.unlinked.itertuples()}
    return {event: (*rest, None if pd.isna(note) else note) for event, (*rest, note) in found.items()}


@pytest.fixture(scope="module")
def linked():
    return link(ALL, CUSTOMERS, KEY)


def test_every_case_is_decided_by_the_rule(linked):
    assert outcome(linked) == {name: case[3:] for name, case in CASES.items()}


def test_linked_ambiguous_and_unlinked_are_all_rows(linked):
    parts = [list(part["event_id"]) for part in (linked.events, linked.ambiguous, linked.unlinked)]
    assert sorted(event for part in parts for event in part) == sorted(CASES)
    assert linked.summary["events"].sum() == len(CASES)
    assert [len(part) for part in parts] == linked.summary.groupby("outcome", sort=False)["events"].sum().tolist()
    numbers = f"{len(CASES)} events = {len(parts[0])} linked + {len(parts[1])} ambiguous + {len(parts[2])} unlinked"
    assert linked.balance("en").startswith(numbers)
    assert linked.balance("en").endswith(" 3")


def test_what_is_shown_names_customers_by_pseudonym_and_holds_no_contact(linked):
    assert set(linked.events["customer_id"]) == {KEY.pseudonym(one) for one in ("C1", "C2", "C3")}
    shown = repr(linked) + "".join(part.to_csv() for part in (linked.events, linked.ambiguous, linked.unlinked))
    shown += linked.read_personal().to_csv()
    contacts = pd.concat([CUSTOMERS["phone"], CUSTOMERS["email"]]).dropna()
    secrets = [text for text in contacts if len(text) > 4] + [KEY.contact(text) for text in contacts]
    assert not [text for text in secrets if text in shown]


def test_hashed_events_link_as_raw_ones_do(linked):
    assert outcome(link(hash_identifiers(ALL, KEY), CUSTOMERS, KEY)) == outcome(linked)


@pytest.mark.parametrize("as_path", [str, lambda path: path])
def test_a_parquet_file_links_as_the_frame_does(tmp_path, linked, as_path):
    ALL.assign(ip="192.0.2.7").to_parquet(tmp_path / "events [1].parquet")
    found = link(as_path(tmp_path / "events [1].parquet"), CUSTOMERS, KEY)
    assert isinstance(found.unlinked, duckdb.DuckDBPyRelation)
    pd.testing.assert_frame_equal(found.events.order("ALL").df(), linked.events)
    assert found.balance("zh") == linked.balance("zh")


def test_a_relation_links_as_the_frame_does(linked):
    connection = duckdb.connect()
    relation = connection.from_df(ALL).filter("event_id <> 'nothing'")
    expected = {event: found for event, found in outcome(linked).items() if event != "nothing"}
    found = link(relation, CUSTOMERS, KEY)
    assert dict(found.read_personal().select("event_id, customer_id").fetchall()) == {
        event: found[0] for event, found in expected.items() if isinstance(found[0], str)
    }
    assert dict(found.ambiguous.select("event_id, reason").fetchall()).keys() == set(linked.ambiguous["event_id"])


def test_an_event_on_two_rows_is_linked_to_one_customer_or_to_nobody():
    events = pd.DataFrame(
        [("E1", "C1"), ("E1", "C2"), ("E1", "C9"), ("E2", "C1"), ("E2", "C1")], columns=["event_id", "customer_id"]
    )
    found = link(events, CUSTOMERS, KEY)
    assert found.events["event_id"].tolist() == ["E2", "E2"]
    assert found.ambiguous.to_dict("records") == [
        {"event_id": "E1", "candidates": 2, "reason": "event_of_two"},
        {"event_id": "E1", "candidates": 2, "reason": "event_of_two"},
    ]
    assert found.unlinked.to_dict("records") == [{"event_id": "E1", "reason": "unknown_id"}]


def test_numbers_as_ids_link_by_their_digits():
    events = pd.DataFrame({"event_id": [1, 2], "customer_id": [7, 8], "phone": [float("nan")] * 2})
    found = link(events, pd.DataFrame({"customer_id": [7]}), KEY)
    assert found.read_personal()[["event_id", "customer_id"]].values.tolist() == [["1", "7"]]


@pytest.mark.parametrize(
    ("events", "customers", "key"),
    [
        (ALL.drop(columns="event_id"), CUSTOMERS, "missing_column"),
        (ALL, CUSTOMERS.drop(columns="customer_id"), "missing_column"),
        (ALL.assign(event_id=["", *ALL["event_id"][1:]]), CUSTOMERS, "event_id_empty"),
        (ALL.assign(customer_id=1.0), CUSTOMERS, "float_id"),
        (ALL.assign(phone=12000000001.0), CUSTOMERS, "float_id"),
        (ALL, pd.concat([CUSTOMERS, CUSTOMERS.head(1)]), "customer_twice"),
        ("nowhere.parquet", CUSTOMERS, "no_file"),
    ],
)
def test_what_cannot_be_linked_is_told_in_words(events, customers, key):
    with pytest.raises(DataError) as caught:
        link(events, customers, KEY)
    assert caught.value.key == key
    assert caught.value.message("zh")


def test_only_parquet_files_are_read(tmp_path):
    ALL.to_csv(tmp_path / "events.csv")
    with pytest.raises(DataError, match=r"\.parquet"):
        link(tmp_path / "events.csv", CUSTOMERS, KEY)


def test_web_analytics_events_lose_what_names_a_person_or_a_machine():
    log = pd.DataFrame({"event_id": ["E1", "E2", "E3"], "client_id": ["81.22", "81.22", "90.1"]})
    log = log.assign(ip="192.0.2.7", phone=["12000000001", None, " 120-0000-0001"], email="a@shop.example", page="/tea")
    kept = hash_identifiers(log, KEY)
    assert kept.columns.tolist() == ["event_id", "visitor", "phone_hash", "email_hash", "page"]
    assert kept["visitor"].nunique() == 2
    assert kept["phone_hash"][0] == kept["phone_hash"][2] == KEY.contact("12000000001")
    assert pd.isna(kept["phone_hash"][1])
    assert not {"192.0.2.7", "81.22", "12000000001", "a@shop.example"} & set(kept.astype("str").to_numpy().ravel())


def by_the_rule(event, customers):
    """The rule of the module again, in plain Python."""
    own = {row.customer_id for row in customers.itertuples()}
    contacts = [
        {row.customer_id for row in customers.itertuples() if text and getattr(row, kind) == plain_contact(text)}
        for kind, text in (("phone", event[2]), ("email", event[3]))
    ]
    if event[1] in own:
        return event[1]
    candidates = contacts[0] | contacts[1]
    return candidates.pop() if len(candidates) == 1 else len(candidates)


PHONES = st.sampled_from([None, "12000000001", "12000000002", "+86 12000000002"])
MAILS = st.sampled_from([None, "a@shop.example", "b@shop.example", "A@shop.example "])
IDS = st.sampled_from([None, "C1", "C2", "C3", "C4", "C9"])
PEOPLE = st.lists(
    st.tuples(st.sampled_from(["12000000001", "12000000002", None]), st.sampled_from(["a@shop.example", None])),
    min_size=1,
    max_size=4,
)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(IDS, PHONES, MAILS), min_size=1, max_size=8), PEOPLE, st.randoms(use_true_random=False))
def test_any_events_follow_the_rule_in_any_order(rows, people, random):
    customers = pd.DataFrame(people, columns=["phone", "email"], dtype="str")
    customers = customers.assign(customer_id=[f"C{number}" for number in range(1, len(people) + 1)])
    events = [(f"E{number}", *row) for number, row in enumerate(rows)]
    expected = {event[0]: by_the_rule(event, customers) for event in events}
    random.shuffle(events)
    found = outcome(link(pd.DataFrame(events, columns=ALL.columns), customers.sample(frac=1, random_state=1), KEY))
    assert {event: entry[0] for event, entry in found.items()} == expected


CHANNELS = ("register", "members", "calls", "signups", "service", "taobao_orders")


def test_the_log_of_the_teaching_shop_links_as_its_truth_says():
    shop, folder = open_data(check_settings(data="teaching")), ROOT / "datasets"
    told = [read_file(folder / "incoming" / f"{channel}.csv").tables.get("customers") for channel in CHANNELS]
    customers = pd.concat([shop.read_personal("customers"), *told]).dropna(subset="customer_id")
    events = read_file(folder / "incoming" / "web_events.csv").tables["events"].dropna(subset="event_id")
    events = events.drop_duplicates("event_id")
    found = link(events, customers.drop_duplicates("customer_id"), shop.key)
    truth = pd.read_csv(folder / "truth" / "links.csv", dtype="str", encoding="utf-8")
    expected = truth[truth["customer_id"].notna()].set_index("event_id").sort_index()
    linked = found.read_personal().set_index("event_id")
    pd.testing.assert_frame_equal(linked[["customer_id", "how"]], expected, check_dtype=False)
    for part in ("ambiguous", "unlinked"):
        rows = getattr(found, part)
        assert set(rows["event_id"]) == set(truth.loc[truth["how"] == part, "event_id"]) != set()
