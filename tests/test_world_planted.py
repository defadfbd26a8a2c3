"""What was planted in the teaching world is in its data: counted without crmlab's own analysis."""

import datetime as dt
import re
from collections import Counter, defaultdict
from fractions import Fraction

import pytest
from world_rows import AS_OF, date_in, rows_by, to_fen, valid_orders, worlds

from crmlab.tables.codes import CODES
from crmlab.words import LANGUAGES

MONTHS = ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05")


@pytest.mark.parametrize("drop_refunded", [False, True])
def test_the_planted_types_are_what_the_rule_finds(drop_refunded):
    for world in worlds():
        measured = _measured(world, drop_refunded)
        means = [Fraction(sum(values[i] for values in measured.values()), len(measured)) for i in range(3)]
        planted = {row["customer_id"]: row for row in world["types"] if row["group"] == "window"}
        combinations, agree = Counter(), 0
        for customer, values in measured.items():
            marks = tuple("up" if value >= mean else "down" for value, mean in zip(values, means, strict=True))
            combinations[marks] += 1
            agree += marks == tuple(planted[customer][name] for name in "rfm")
        assert agree >= 0.97 * len(planted)
        assert len(combinations) == 8
        shares = {marks: count / len(measured) for marks, count in combinations.items()}
        largest, rare = ("down", "down", "down"), ("up", "down", "up")
        assert max(shares, key=shares.get) == largest
        assert 0.2 < shares.pop(largest) < 0.3
        assert 0.03 < shares.pop(rare) < 0.08
        assert 0.05 < min(shares.values()) < max(shares.values()) < 0.2


def _measured(world, drop_refunded):
    """Days, orders and net fen of each customer over the 365 days up to the reference date, in integers."""
    totals, back = Counter(), Counter()
    for row in world["order_lines"]:
        totals[row["order_id"]] += to_fen(row["amount"])
    for row in world["refunds"]:
        back[row["order_id"]] += to_fen(row["amount"])
    measured = {}
    for order in valid_orders(world):
        days = (AS_OF - date_in(order, "order_date")).days
        number = order["order_id"]
        if days > 364 or (drop_refunded and back[number] and back[number] == totals[number]):
            continue
        recency, frequency, fen = measured.get(order["customer_id"], (days, 0, 0))
        net = totals[number] - back[number]
        measured[order["customer_id"]] = (min(recency, days), frequency + 1, fen + net)
    return measured


def test_types_table_agrees_with_itself_and_the_groups():
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
    for world in worlds():
        last = {}
        for order in valid_orders(world):
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


def test_habits_are_exactly_what_the_orders_show():
    for world in worlds():
        months = defaultdict(set)
        for customer, category, month in _categories_ordered(world, valid_orders(world)):
            if month in MONTHS:
                months[customer, category].add(month)
        told = {(row["customer_id"], row["category"]): row for row in world["habits"]}
        assert set(told) == {key for key, found in months.items() if len(found) >= 5}
        for key, row in told.items():
            assert int(row["months"]) == len(months[key])
            assert {row["missing"]} - {""} == set(MONTHS) - months[key]
        planted = Counter(row["months"] for row in told.values() if row["planted"] == "yes")
        assert planted == {"6": 34, "5": 30}


def test_latent_needs_stand_out_from_passing_looks():
    for world in worlds():
        bought = {(customer, category) for customer, category, _ in _categories_ordered(world, world["orders"])}
        category = {row["product_id"]: row["category"] for row in world["products"]}
        views = [row for row in world["events"] if row["event"] == "view" and row["customer_id"]]
        looks = Counter((row["customer_id"], category[row["product_id"]]) for row in views)
        planted = {(row["customer_id"], row["category"]) for row in world["latent"]}
        assert len(planted) == 36
        assert not planted & bought
        assert min(looks[pair] for pair in planted) >= 8
        assert max(count for pair, count in looks.items() if pair not in planted | bought) <= 3


def test_needs_and_personal_data_stand_where_the_truth_says():
    for world in worlds():
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
            if re.search(r"@|120\D?\d{4}\D?\d{4}", row["text_zh"]) or name[row["customer_id"]] in row["text_zh"]
        }
        assert given == told


def test_texts_are_varied_and_belong_to_their_orders():
    for world in worlds():
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


def test_survey_only_with_consent_and_with_the_errors_of_memory():
    for world in worlds():
        consents = rows_by([row for row in world["consents"] if row["purpose"] == "survey"], "customer_id")
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
            days = (date_in(answer, "submitted_at") - dt.date.fromisoformat(truth["true_last_date"])).days
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


def test_recall_truth_from_the_orders():
    shipped = worlds()[0]
    answers = {row["answer_id"]: row for row in shipped["survey_answers"]}
    registered = {row["customer_id"]: date_in(row, "registered_on") for row in shipped["customers"]}
    totals = Counter()
    for row in shipped["order_lines"]:
        totals[row["order_id"]] += to_fen(row["amount"])
    refunds = rows_by(shipped["refunds"], "order_id")
    bought = rows_by(valid_orders(shipped), "customer_id")
    for truth in shipped["recall"]:
        answer = answers[truth["answer_id"]]
        today = date_in(answer, "submitted_at")
        known = [order for order in bought[answer["customer_id"]] if date_in(order, "order_date") <= today]
        assert truth["true_last_date"] == max(order["order_date"] for order in known)
        inside = [order for order in known if (today - date_in(order, "order_date")).days < 365]
        assert int(truth["orders"]) == len(inside)
        fen = sum(totals[order["order_id"]] for order in inside)
        fen -= sum(
            to_fen(back["amount"])
            for order in inside
            for back in refunds[order["order_id"]]
            if date_in(back, "refund_date") <= today
        )
        days = min(max((today - registered[answer["customer_id"]]).days + 1, 91.3125), 365)
        assert float(truth["true_orders_per_quarter"]) == pytest.approx(len(inside) * 91.3125 / days, abs=1e-3)
        assert float(truth["true_spend_per_quarter"]) == pytest.approx(fen / 100 * 91.3125 / days, abs=0.01)


def test_it_looks_like_a_shop():
    for world in worlds():
        valid = valid_orders(world)
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
    numbers = {order["order_id"] for order in valid_orders(world) if order["customer_id"] in spenders}
    spent = Counter()
    for line in world["order_lines"]:
        if line["order_id"] in numbers:
            spent[category[line["product_id"]]] += to_fen(line["amount"])
    return spent["kitchen"] / spent.total()


def _lift_of_filters(world):
    product = {row["product_id"]: row for row in world["products"]}
    baskets = rows_by(world["order_lines"], "order_id")
    found = Counter()
    for order in valid_orders(world):
        basket = [product[line["product_id"]] for line in baskets[order["order_id"]]]
        coffee = any(item["category"] == "coffee" for item in basket)
        filters = any(item["name_en"].startswith("Coffee filters") for item in basket)
        found.update(all=1, coffee=coffee, filters=filters, both=coffee and filters)
    return found["both"] * found["all"] / (found["coffee"] * found["filters"])


def _categories_ordered(world, orders):
    """The set of (customer, category, month) over these orders."""
    category = {row["product_id"]: row["category"] for row in world["products"]}
    lines = rows_by(world["order_lines"], "order_id")
    return {
        (order["customer_id"], category[line["product_id"]], order["order_date"][:7])
        for order in orders
        for line in lines[order["order_id"]]
    }
