"""The teaching world: same seed same bytes, every table whole, nobody real in it."""

import datetime as dt
import hashlib
import itertools
import re
from collections import Counter

import numpy as np
import pytest
from world_rows import AS_OF, DATASETS, date_in, rows_by, to_fen, valid_orders, worlds

from crmlab.errors import ParameterError
from crmlab.tables import TABLES, TRUTH
from crmlab.tables.codes import CODES
from crmlab.words import LANGUAGES, word
from crmlab.world import write_cards, write_world
from crmlab.world.drawing import place_of

KINDS = {
    "id": r"[A-Z]?\d+",
    "text": r".+",
    "code": r"[\x21-\x7e]+",
    "date": r"\d{4}-\d\d-\d\d",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "money": r"\d+\.\d\d",
    "integer": r"\d+",
    "number": r"\d+\.\d+",
}
KEYS = {
    "customers": ("customer_id",),
    "consents": ("customer_id", "purpose", "given_on"),
    "products": ("product_id",),
    "campaigns": ("campaign_id",),
    "orders": ("order_id",),
    "order_lines": ("order_id", "line_no"),
    "refunds": ("refund_id",),
    "events": ("event_id",),
    "service_records": ("record_id",),
    "texts": ("text_id",),
    "survey_answers": ("answer_id",),
    "types": ("customer_id",),
    "habits": ("customer_id", "category"),
    "latent": ("customer_id",),
    "recall": ("answer_id",),
    "planted_personal": ("text_id", "kind", "lang"),
    "declined": ("text_id",),
    "complaints": ("text_id", "complaint"),
    "deliveries": ("order_id",),
    "calls": ("call_id",),
    "satisfaction_answers": ("answer_id",),
    "suppressions": ("contact", "channel"),
    "careless": ("answer_id",),
    "faults": ("file", "row"),
    "conflicts": ("file", "row"),
    "links": ("event_id",),
}
OWNERS = {
    "customer_id": "customers",
    "product_id": "products",
    "campaign_id": "campaigns",
    "order_id": "orders",
    "text_id": "texts",
    "event_id": "events",
    "answer_id": "survey_answers",
}
ELSEWHERE = {
    "answer_id": ("satisfaction_answers", "careless"),
    "event_id": ("links",),
    "customer_id": ("links",),
}
"""Tables whose column is not the owner's: answers of another questionnaire, events and customers that come in later."""


@pytest.mark.parametrize("seed", range(20))
def test_a_weighted_draw_is_that_of_numpy(seed):
    weights = np.random.default_rng(seed).random(3 + seed)
    weights[seed % 3] = 0
    ours, theirs = np.random.default_rng(seed), np.random.default_rng(seed)
    drawn = [place_of(ours, weights) for _ in range(200)]
    assert drawn == [theirs.choice(len(weights), p=weights / weights.sum()) for _ in range(200)]
    assert ours.random() == theirs.random()


def test_same_seed_gives_the_committed_bytes(tmp_path):
    write_world(tmp_path / "teaching", tmp_path / "truth", seed=618)
    for folder in ("teaching", "incoming", "bank", "truth"):
        made = {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        assert made == {path.name: path.read_bytes() for path in (DATASETS / folder).iterdir()}
        sums = made.pop("sha256sums.txt").decode()
        assert sums == "".join(f"{hashlib.sha256(made[name]).hexdigest()}  {name}\n" for name in sorted(made))


def test_cards_are_generated_and_list_exactly_the_columns(tmp_path):
    write_cards(tmp_path)
    made = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert set(made) == {*TABLES, "incoming"}
    committed = {path.stem: path.read_text(encoding="utf-8") for path in (DATASETS / "cards").iterdir()}
    assert {name: committed[name] for name in made} == made
    for name in TABLES:
        header = (DATASETS / "teaching" / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
        assert re.findall(r"^\| `(\w+)`", made[name], re.MULTILINE) == header.split(",") * len(LANGUAGES)


def test_another_seed_changes_all_but_the_shape():
    shipped, *others = worlds()
    for name, other in itertools.product([*TABLES, *TRUTH], others):
        rows = shipped[name]
        assert list(other[name][0]) == list(rows[0])
        assert 0.7 < len(other[name]) / len(rows) < 1.4
        assert (other[name] == rows) is (name == "campaigns")


def test_small_enough():
    assert sum(path.stat().st_size for path in DATASETS.rglob("*") if path.is_file()) < 3_000_000


def test_no_truth_in_teaching(tmp_path):
    assert {path.stem for path in (DATASETS / "teaching").glob("*.csv")} == set(TABLES)
    assert {column.name for table in TABLES.values() for column in table.columns} & {
        "planted",
        "need",
        "careless",
    } == set()
    with pytest.raises(ParameterError, match="truth"):
        write_world(tmp_path, tmp_path / "truth")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [*TABLES, *TRUTH])
def test_every_cell_fits_the_schema(name):
    columns = {**TABLES, **TRUTH}[name].columns
    for world in worlds():
        assert list(world[name][0]) == [column.name for column in columns]
        for column in columns:
            cells = {row[column.name] for row in world[name]}
            assert ("" in cells) <= bool(column.blank["zh"]), f"{name}.{column.name} has a blank"
            form = r"[a-z2-7]{12}" if column.name == "contact" else KINDS[column.kind]
            wrong = [cell for cell in cells - {""} if not re.fullmatch(form, cell)]
            assert not column.pattern or all(re.fullmatch(column.pattern, cell) for cell in cells - {""})
            ends = (column.low, column.high)
            assert ends == (None, None) or _within(cells - {""}, *ends), f"{name}.{column.name} is out of range"
            assert wrong == []
            assert not column.codes or cells - {""} <= set(CODES[column.codes])


def _within(cells, low, high):
    numbers = [float(cell) for cell in cells]
    return (low is None or min(numbers) >= low) and (high is None or max(numbers) <= high)


def test_every_code_unit_and_kind_has_words():
    columns = [column for table in {**TABLES, **TRUTH}.values() for column in table.columns]
    keys = {f"world.{name}.{code}" for name, codes in CODES.items() for code in codes}
    keys |= {f"world.kind.{column.kind}" for column in columns}
    keys |= {f"world.unit.{column.unit}" for column in columns if column.unit}
    assert all(word(key, lang) for key in keys for lang in LANGUAGES)
    assert {column.codes for column in columns if column.codes} == set(CODES)


def test_keys_are_unique_and_nothing_is_orphaned():
    for world in worlds():
        for name, key in KEYS.items():
            assert max(Counter(tuple(row[column] for column in key) for row in world[name]).values()) == 1
        for column, owner in OWNERS.items():
            there = {row[column] for row in world[owner]} | {""}
            for name in world.keys() - set(ELSEWHERE.get(column, ())):
                rows = world[name]
                assert {row.get(column, "") for row in rows} <= there, f"{name}.{column}"
        lines = {(row["order_id"], row["line_no"]) for row in world["order_lines"]}
        assert {order_id for order_id, _ in lines} == {row["order_id"] for row in world["orders"]}
        assert {(row["order_id"], row["line_no"]) for row in world["refunds"]} <= lines
        answers = {row["answer_id"] for row in world["satisfaction_answers"]}
        assert {row["answer_id"] for row in world["careless"]} <= answers


def test_nobody_real():
    for world in worlds():
        for row in world["customers"]:
            assert re.fullmatch(r"(120\d{8})?", row["phone"])
            assert re.fullmatch(r"([a-z.]+\d+@shop\.example)?", row["email"])
            assert re.fullmatch(r"(example_c\d{4})?", row["wechat"])
            assert "示" in row["name"] or re.search(
                r" (Sample|Example|Specimen|Placeholder|Testcase|Demo)$", row["name"]
            )
        cells = [cell for rows in world.values() for row in rows for cell in row.values()]
        for cell in cells:
            assert not re.search(r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)", cell), cell
            assert all(domain == "shop.example" for domain in re.findall(r"@([A-Za-z0-9.-]*\w)", cell, re.ASCII)), cell


def test_nothing_is_dated_after_the_reference_date_or_before_registration():
    for world in worlds():
        registered = {row["customer_id"]: date_in(row, "registered_on") for row in world["customers"]}
        for name in TABLES:
            dated = [column.name for column in TABLES[name].columns if column.kind in ("date", "time")]
            dated = [column for column in dated if column != "promised_on"]
            for row, column in itertools.product(world[name], dated):
                if row[column]:
                    assert date_in(row, column) <= AS_OF, (name, row)
                    assert date_in(row, column) >= registered.get(row.get("customer_id"), dt.date.min), (
                        name,
                        row,
                    )
        assert min(date_in(row, "order_date") for row in world["orders"]) >= dt.date(2024, 6, 18)
        assert all(row["withdrawn_on"] == "" or row["withdrawn_on"] > row["given_on"] for row in world["consents"])
        for row in world["service_records"]:
            assert row["opened_at"] <= row["first_reply_at"] <= (row["closed_at"] or row["first_reply_at"])
            assert row["closed_at"] or row["resolved"] == "no"


def test_lines_add_up_and_refunds_stay_below_them():
    for world in worlds():
        price = {row["product_id"]: to_fen(row["price"]) for row in world["products"]}
        lines = {(row["order_id"], row["line_no"]): row for row in world["order_lines"]}
        for line in lines.values():
            assert to_fen(line["amount"]) + to_fen(line["discount"]) == price[line["product_id"]] * int(
                line["quantity"]
            )
        for order_lines in rows_by(lines.values(), "order_id").values():
            assert [row["line_no"] for row in order_lines] == [str(n) for n in range(1, len(order_lines) + 1)]
        bought = {row["order_id"]: row for row in world["orders"]}
        back, late = Counter(), 0
        for row in world["refunds"]:
            order = bought[row["order_id"]]
            back[row["order_id"], row["line_no"]] += to_fen(row["amount"])
            assert order["state"] == "completed"
            assert to_fen(row["amount"]) > 0
            waited = date_in(row, "refund_date") - date_in(order, "order_date")
            assert waited > dt.timedelta(0)
            late += waited > dt.timedelta(30)
        assert all(fen <= to_fen(lines[key]["amount"]) for key, fen in back.items())
        assert any(fen == to_fen(lines[key]["amount"]) for key, fen in back.items())
        assert late >= 5
        completed = sum(row["state"] == "completed" for row in world["orders"])
        assert 0.03 < len(world["refunds"]) / completed < 0.05


def test_the_oddities_that_the_cards_promise():
    for world in worlds():
        orders, lines = world["orders"], world["order_lines"]
        assert all(len(row["order_id"]) == 19 for row in orders)
        assert "2025-06-17" not in {row["order_date"] for row in orders}
        assert 0.07 < 1 - len(valid_orders(world)) / len(orders) < 0.12
        same = Counter(tuple(value for name, value in row.items() if name != "line_no") for row in lines)
        assert sum(count > 1 for count in same.values()) >= 10
        totals = Counter()
        for row in lines:
            totals[row["order_id"]] += to_fen(row["amount"])
        assert 5 <= sum(total == 0 for total in totals.values()) <= 12
        assert sum(row["birthday"] == "02-29" for row in world["customers"]) >= 2
        blank = sum(row["sex"] == "" for row in world["customers"]) / len(world["customers"])
        assert 0.4 < blank < 0.6
        unlinked = sum(row["customer_id"] == "" for row in world["events"]) / len(world["events"])
        assert 0.02 < unlinked < 0.05
        again = Counter((row["customer_id"], row["purpose"]) for row in world["consents"])
        assert max(again.values()) == 2
        twice = Counter(row["customer_id"] for row in world["survey_answers"])
        assert sum(count == 2 for count in twice.values()) == 6
        assert any(row["closed_at"] == "" for row in world["service_records"])
