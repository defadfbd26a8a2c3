"""The teaching world: same seed same bytes, what was planted is in the data, and nobody real is in it."""

import csv
import datetime as dt
import hashlib
import itertools
import re
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

import pytest

from crmlab.errors import ParameterError
from crmlab.words import LANGUAGES, word
from crmlab.world import make_world, write_cards, write_world
from crmlab.world.codes import CODES
from crmlab.world.schema import TABLES, TRUTH

DATASETS = Path(__file__).parents[1] / "datasets"
AS_OF = dt.date(2026, 6, 17)
VALID = ("paid", "shipped", "completed")
MONTHS = ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05")
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


@pytest.fixture(scope="module")
def shipped():
    """Every committed table as a list of rows, teaching and truth together."""
    return {name: _rows(DATASETS / "teaching" / f"{name}.csv") for name in TABLES} | {
        name: _rows(DATASETS / "truth" / f"{name}.csv") for name in TRUTH
    }


@pytest.fixture(scope="module")
def others():
    """Two worlds of other seeds."""
    return [_plain(make_world(seed)) for seed in (1, 20260617)]


def _rows(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _plain(world):
    return {name: table.to_dict("records") for name, table in {**world.tables, **world.truth}.items()}


def _fen(text):
    return int(text.replace(".", ""))


def _day(row, column):
    return dt.date.fromisoformat(row[column][:10])


def _by(rows, *columns):
    grouped = defaultdict(list)
    for row in rows:
        grouped[tuple(row[column] for column in columns) if len(columns) > 1 else row[columns[0]]].append(row)
    return grouped


def _valid_orders(world):
    return [order for order in world["orders"] if order["state"] in VALID]


def _categories_ordered(world, orders):
    """The set of (customer, category, month) over these orders."""
    category = {row["product_id"]: row["category"] for row in world["products"]}
    lines = _by(world["order_lines"], "order_id")
    return {
        (order["customer_id"], category[line["product_id"]], order["order_date"][:7])
        for order in orders
        for line in lines[order["order_id"]]
    }


def test_same_seed_gives_the_committed_bytes(tmp_path):
    write_world(tmp_path / "teaching", tmp_path / "truth", seed=618)
    for folder in ("teaching", "truth"):
        made = {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        assert made == {path.name: path.read_bytes() for path in (DATASETS / folder).iterdir()}
        sums = made.pop("sha256sums.txt").decode()
        assert sums == "".join(f"{hashlib.sha256(made[name]).hexdigest()}  {name}\n" for name in sorted(made))


def test_cards_are_generated_and_list_exactly_the_columns(tmp_path):
    write_cards(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(TABLES)
    for path in tmp_path.iterdir():
        card = (DATASETS / "cards" / path.name).read_text(encoding="utf-8")
        assert path.read_text(encoding="utf-8") == card
        header = (DATASETS / "teaching" / f"{path.stem}.csv").read_text(encoding="utf-8").splitlines()[0]
        assert re.findall(r"^\| `(\w+)`", card, re.MULTILINE) == header.split(",") * len(LANGUAGES)


def test_another_seed_changes_all_but_the_shape(shipped, others):
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
def test_every_cell_fits_the_schema(shipped, others, name):
    columns = {**TABLES, **TRUTH}[name].columns
    for world in (shipped, *others):
        assert list(world[name][0]) == [column.name for column in columns]
        for column in columns:
            cells = {row[column.name] for row in world[name]}
            assert ("" in cells) <= bool(column.blank["zh"]), f"{name}.{column.name} has a blank"
            wrong = [cell for cell in cells - {""} if not re.fullmatch(KINDS[column.kind], cell)]
            assert wrong == []
            assert not column.codes or cells - {""} <= set(CODES[column.codes])


def test_every_code_unit_and_kind_has_words():
    columns = [column for table in {**TABLES, **TRUTH}.values() for column in table.columns]
    keys = {f"world.{name}.{code}" for name, codes in CODES.items() for code in codes}
    keys |= {f"world.kind.{column.kind}" for column in columns}
    keys |= {f"world.unit.{column.unit}" for column in columns if column.unit}
    assert all(word(key, lang) for key in keys for lang in LANGUAGES)
    assert {column.codes for column in columns if column.codes} == set(CODES)


def test_keys_are_unique_and_nothing_is_orphaned(shipped, others):
    for world in (shipped, *others):
        for name, key in KEYS.items():
            assert max(Counter(tuple(row[column] for column in key) for row in world[name]).values()) == 1
        for column, owner in OWNERS.items():
            there = {row[column] for row in world[owner]} | {""}
            for name, rows in world.items():
                assert {row.get(column, "") for row in rows} <= there, f"{name}.{column}"
        lines = {(row["order_id"], row["line_no"]) for row in world["order_lines"]}
        assert {order_id for order_id, _ in lines} == {row["order_id"] for row in world["orders"]}
        assert {(row["order_id"], row["line_no"]) for row in world["refunds"]} <= lines


def test_nobody_real(shipped, others):
    for world in (shipped, *others):
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
            assert all(
                domain == "shop.example" for domain in re.findall(r"@([A-Za-z0-9.-]*\w)", cell, re.ASCII)
            ), cell


def test_nothing_is_dated_after_the_reference_date_or_before_registration(shipped, others):
    for world in (shipped, *others):
        registered = {row["customer_id"]: _day(row, "registered_on") for row in world["customers"]}
        for name in TABLES:
            dated = [column.name for column in TABLES[name].columns if column.kind in ("date", "time")]
            for row, column in itertools.product(world[name], dated):
                if row[column]:
                    assert _day(row, column) <= AS_OF, (name, row)
                    assert _day(row, column) >= registered.get(row.get("customer_id"), dt.date.min), (
                        name,
                        row,
                    )
        assert min(_day(row, "order_date") for row in world["orders"]) >= dt.date(2024, 6, 18)
        assert all(
            row["withdrawn_on"] == "" or row["withdrawn_on"] > row["given_on"] for row in world["consents"]
        )
        for row in world["service_records"]:
            assert row["opened_at"] <= row["first_reply_at"] <= (row["closed_at"] or row["first_reply_at"])
            assert row["closed_at"] or row["resolved"] == "no"


def test_lines_add_up_and_refunds_stay_below_them(shipped, others):
    for world in (shipped, *others):
        price = {row["product_id"]: _fen(row["price"]) for row in world["products"]}
        lines = {(row["order_id"], row["line_no"]): row for row in world["order_lines"]}
        for line in lines.values():
            assert _fen(line["amount"]) + _fen(line["discount"]) == price[line["product_id"]] * int(
                line["quantity"]
            )
        for order_lines in _by(lines.values(), "order_id").values():
            assert [row["line_no"] for row in order_lines] == [str(n) for n in range(1, len(order_lines) + 1)]
        bought = {row["order_id"]: row for row in world["orders"]}
        back, late = Counter(), 0
        for row in world["refunds"]:
            order = bought[row["order_id"]]
            back[row["order_id"], row["line_no"]] += _fen(row["amount"])
            assert order["state"] == "completed"
            assert _fen(row["amount"]) > 0
            waited = _day(row, "refund_date") - _day(order, "order_date")
            assert waited > dt.timedelta(0)
            late += waited > dt.timedelta(30)
        assert all(fen <= _fen(lines[key]["amount"]) for key, fen in back.items())
        assert any(fen == _fen(lines[key]["amount"]) for key, fen in back.items())
        assert late >= 5
        completed = sum(row["state"] == "completed" for row in world["orders"])
        assert 0.03 < len(world["refunds"]) / completed < 0.05


def test_the_oddities_that_the_cards_promise(shipped, others):
    for world in (shipped, *others):
        orders, lines = world["orders"], world["order_lines"]
        assert all(len(row["order_id"]) == 19 for row in orders)
        assert "2025-06-17" not in {row["order_date"] for row in orders}
        assert 0.07 < 1 - len(_valid_orders(world)) / len(orders) < 0.12
        same = Counter(tuple(value for name, value in row.items() if name != "line_no") for row in lines)
        assert sum(count > 1 for count in same.values()) >= 10
        totals = Counter()
        for row in lines:
            totals[row["order_id"]] += _fen(row["amount"])
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


@pytest.mark.parametrize("drop_refunded", [False, True])
def test_the_planted_types_are_what_the_rule_finds(shipped, others, drop_refunded):
    for world in (shipped, *others):
        measured = _measured(world, drop_refunded)
        means = [Fraction(sum(values[i] for values in measured.values()), len(measured)) for i in range(3)]
        planted = {row["customer_id"]: row for row in world["types"] if row["group"] == "window"}
        combinations, agree = Counter(), 0
        for customer, values in measured.items():
            marks = tuple(
                "up" if value >= mean else "down" for value, mean in zip(values, means, strict=True)
            )
            combinations[marks] += 1
            agree += marks == tuple(planted[customer][name] for name in "rfm")
        assert agree >= 0.97 * len(planted)
        assert len(combinations) == 8
        shares = {marks: count / len(measured) for marks, count in combinations.items()}
        assert max(shares, key=shares.get) == ("down", "down", "down")
        assert 0.2 < shares["down", "down", "down"] < 0.3
        assert 0.03 < shares["up", "down", "up"] < 0.08
        assert all(0.05 < share < 0.2 for marks, share in shares.items() if marks[0::2] == ("up", "down"))


def _measured(world, drop_refunded):
    """Days, orders and net fen of each customer over the 365 days up to the reference date, in integers."""
    totals, back = Counter(), Counter()
    for row in world["order_lines"]:
        totals[row["order_id"]] += _fen(row["amount"])
    for row in world["refunds"]:
        back[row["order_id"]] += _fen(row["amount"])
    measured = {}
    for order in _valid_orders(world):
        days = (AS_OF - _day(order, "order_date")).days
        number = order["order_id"]
        if days > 364 or (drop_refunded and back[number] and back[number] == totals[number]):
            continue
        recency, frequency, fen = measured.get(order["customer_id"], (days, 0, 0))
        net = totals[number] - back[number]
        measured[order["customer_id"]] = (min(recency, days), frequency + 1, fen + net)
    return measured


def test_types_table_agrees_with_itself_and_the_groups(shipped, others):
    types = {
        "duu": "1",
        "ddu": "2",
        "dud": "3",
        "uuu": "4",
        "uud": "5",
        "udd": "6",
        "ddd": "0",
        "udu": "0",
        "": "",
    }
    for world in (shipped, *others):
        last = {}
        for order in _valid_orders(world):
            last[order["customer_id"]] = max(last.get(order["customer_id"], ""), order["order_date"])
        ordered = {row["customer_id"] for row in world["orders"]}
        for row in world["types"]:
            assert row["type"] == types["".join(row[name][:1] for name in "rfm")]
            day = last.get(row["customer_id"], "")
            expected = "window" if day >= "2025-06-18" else "lapsed" if day else "no_order"
            assert row["group"] == expected
            assert (row["customer_id"] in ordered) is (expected != "no_order")
        groups = Counter(row["group"] for row in world["types"])
        assert 100 <= groups["no_order"] <= 140
        assert 80 <= groups["lapsed"] <= 120


def test_habits_are_exactly_what_the_orders_show(shipped, others):
    for world in (shipped, *others):
        months = defaultdict(set)
        for customer, category, month in _categories_ordered(world, _valid_orders(world)):
            if month in MONTHS:
                months[customer, category].add(month)
        told = {(row["customer_id"], row["category"]): row for row in world["habits"]}
        assert set(told) == {key for key, found in months.items() if len(found) >= 5}
        for key, row in told.items():
            assert int(row["months"]) == len(months[key])
            assert {row["missing"]} - {""} == set(MONTHS) - months[key]
        planted = Counter(row["months"] for row in told.values() if row["planted"] == "yes")
        assert planted == {"6": 34, "5": 30}


def test_latent_needs_stand_out_from_passing_looks(shipped, others):
    for world in (shipped, *others):
        bought = {
            (customer, category) for customer, category, _ in _categories_ordered(world, world["orders"])
        }
        category = {row["product_id"]: row["category"] for row in world["products"]}
        views = [row for row in world["events"] if row["event"] == "view" and row["customer_id"]]
        looks = Counter((row["customer_id"], category[row["product_id"]]) for row in views)
        planted = {(row["customer_id"], row["category"]) for row in world["latent"]}
        assert len(planted) == 36
        assert not planted & bought
        assert min(looks[pair] for pair in planted) >= 8
        assert max(count for pair, count in looks.items() if pair not in planted | bought) <= 3


def test_needs_and_personal_data_stand_where_the_truth_says(shipped, others):
    for world in (shipped, *others):
        texts = {row["text_id"]: row for row in world["texts"]}
        events = {row["event_id"]: row for row in world["events"]}
        assert {row["basis"] for row in world["needs"]} == {"text", "search"}
        for row in world["needs"]:
            if row["basis"] == "text":
                text = texts[row["text_id"]]
                assert row["span_zh"] in text["text_zh"]
                assert row["span_en"] in text["text_en"]
            else:
                assert events[row["event_id"]]["term"] == row["span_zh"]
        for row in world["planted_personal"]:
            for lang in LANGUAGES if row["lang"] == "both" else (row["lang"],):
                assert row["string"] in texts[row["text_id"]][f"text_{lang}"]
        assert {row["kind"] for row in world["planted_personal"]} == set(CODES["personal"])
        told = {row["text_id"] for row in world["planted_personal"]}
        name = {row["customer_id"]: row["name"] for row in world["customers"]}
        given = {
            row["text_id"]
            for row in world["texts"]
            if re.search(r"@|120\D?\d{4}\D?\d{4}", row["text_zh"])
            or name[row["customer_id"]] in row["text_zh"]
        }
        assert given == told


def test_texts_are_varied_and_belong_to_their_orders(shipped, others):
    for world in (shipped, *others):
        orders = {row["order_id"]: row for row in world["orders"]}
        texts = world["texts"]
        assert len({row["text_zh"] for row in texts}) > 0.99 * len(texts)
        for row in texts:
            assert bool(row["stars"]) is (row["kind"] == "review")
            if row["order_id"]:
                assert orders[row["order_id"]]["customer_id"] == row["customer_id"]
                assert orders[row["order_id"]]["order_date"] < row["written_on"]
        reviewed = [row["order_id"] for row in texts if row["kind"] == "review"]
        assert len(set(reviewed)) == len(reviewed)
        assert {row["stars"] for row in texts} == {"", "1", "2", "3", "4", "5"}


def test_survey_only_with_consent_and_with_the_errors_of_memory(shipped, others):
    for world in (shipped, *others):
        consents = _by([row for row in world["consents"] if row["purpose"] == "survey"], "customer_id")
        for row in world["survey_answers"]:
            day = row["submitted_at"][:10]
            assert any(
                consent["given_on"] <= day and (not consent["withdrawn_on"] or consent["withdrawn_on"] > day)
                for consent in consents[row["customer_id"]]
            )
        answers = {row["answer_id"]: row for row in world["survey_answers"]}
        nearer = farther = high = low = 0
        limits = {"week": 7, "month": 30, "quarter": 91, "half_year": 182, "longer": 10**6}
        bands = {"0-200": 200, "200-500": 500, "500-1000": 1000, "1000-2000": 2000, "2000+": 10**9}
        for truth in world["recall"]:
            answer = answers[truth["answer_id"]]
            assert (truth["careless"] == "yes") is (int(answer["seconds_used"]) < 20)
            if truth["careless"] == "yes":
                continue
            days = (_day(answer, "submitted_at") - dt.date.fromisoformat(truth["true_last_date"])).days
            honest = next(band for band, limit in limits.items() if days <= limit)
            if answer["q1_last"]:
                nearer += limits[answer["q1_last"]] < limits[honest]
                farther += limits[answer["q1_last"]] > limits[honest]
            spent, frequent = (
                float(truth["true_spend_per_quarter"]),
                float(truth["true_orders_per_quarter"]) >= 1.25,
            )
            honest = next(band for band, limit in bands.items() if spent < limit)
            if answer["q3_spend"] and frequent:
                high += bands[answer["q3_spend"]] > bands[honest]
                low += bands[answer["q3_spend"]] < bands[honest]
        assert nearer > 2 * farther > 0
        assert high > 2 * low
        counts = Counter(row["q2_orders"] for row in answers.values())
        assert counts["0"] > 0
        assert counts[""] > 0


def test_recall_truth_from_the_orders(shipped):
    answers = {row["answer_id"]: row for row in shipped["survey_answers"]}
    registered = {row["customer_id"]: _day(row, "registered_on") for row in shipped["customers"]}
    totals = Counter()
    for row in shipped["order_lines"]:
        totals[row["order_id"]] += _fen(row["amount"])
    refunds = _by(shipped["refunds"], "order_id")
    bought = _by(_valid_orders(shipped), "customer_id")
    for truth in shipped["recall"]:
        answer = answers[truth["answer_id"]]
        today = _day(answer, "submitted_at")
        known = [order for order in bought[answer["customer_id"]] if _day(order, "order_date") <= today]
        assert truth["true_last_date"] == max(order["order_date"] for order in known)
        inside = [order for order in known if (today - _day(order, "order_date")).days < 365]
        assert int(truth["orders"]) == len(inside)
        fen = sum(totals[order["order_id"]] for order in inside)
        fen -= sum(
            _fen(back["amount"])
            for order in inside
            for back in refunds[order["order_id"]]
            if _day(back, "refund_date") <= today
        )
        days = min(max((today - registered[answer["customer_id"]]).days + 1, 91.3125), 365)
        assert float(truth["true_orders_per_quarter"]) == pytest.approx(
            len(inside) * 91.3125 / days, abs=1e-3
        )
        assert float(truth["true_spend_per_quarter"]) == pytest.approx(fen / 100 * 91.3125 / days, abs=0.01)


def test_it_looks_like_a_shop(shipped, others):
    for world in (shipped, *others):
        valid = _valid_orders(world)
        days = Counter(row["order_date"] for row in valid)
        usual = len(valid) / 730
        assert days["2025-06-18"] > 2.5 * usual
        assert days["2025-11-11"] > 4 * usual
        weekend = sum(dt.date.fromisoformat(day).weekday() >= 5 for day in days.elements())
        assert weekend / len(valid) > 2 / 7
        assert sum(days[f"2026-02-{day}"] for day in range(12, 25)) < 0.7 * 13 * usual
        assert _kitchen_share(world, "up") > 0.5 > 2 * _kitchen_share(world, "down")
        assert _lift_of_filters(world) > 1.5


def _kitchen_share(world, mark):
    spenders = {row["customer_id"] for row in world["types"] if row["m"] == mark}
    category = {row["product_id"]: row["category"] for row in world["products"]}
    numbers = {order["order_id"] for order in _valid_orders(world) if order["customer_id"] in spenders}
    spent = Counter()
    for line in world["order_lines"]:
        if line["order_id"] in numbers:
            spent[category[line["product_id"]]] += _fen(line["amount"])
    return spent["kitchen"] / spent.total()


def _lift_of_filters(world):
    product = {row["product_id"]: row for row in world["products"]}
    baskets = _by(world["order_lines"], "order_id")
    found = Counter()
    for order in _valid_orders(world):
        basket = [product[line["product_id"]] for line in baskets[order["order_id"]]]
        coffee = any(item["category"] == "coffee" for item in basket)
        filters = any(item["name_en"].startswith("Coffee filters") for item in basket)
        found.update(all=1, coffee=coffee, filters=filters, both=coffee and filters)
    return found["both"] * found["all"] / (found["coffee"] * found["filters"])
