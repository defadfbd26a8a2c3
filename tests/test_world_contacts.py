"""Deliveries, calls, satisfaction and suppressions of the teaching world: what was planted is in the data."""

import datetime as dt
from collections import Counter
from statistics import variance

from world_rows import AS_OF, rows_by, valid_orders, worlds

from crmlab.collect.pseudonym import Key
from crmlab.world.contacts import PUBLIC_KEY

STATEMENTS = ("s1_goods", "s2_delivery", "s3_slow", "s4_price", "s5_trouble")
REVERSED = ("s3_slow", "s5_trouble")
SCORES = ("csat", "nps", "ces")


def test_deliveries_of_shipped_and_completed_orders():
    for world in worlds():
        orders = {row["order_id"]: row for row in world["orders"]}
        sent = {order_id for order_id, row in orders.items() if row["state"] in ("shipped", "completed")}
        assert {row["order_id"] for row in world["deliveries"]} == sent
        late = open_ = 0
        for row in world["deliveries"]:
            order = orders[row["order_id"]]
            assert order["order_date"] <= row["shipped_on"] < row["promised_on"]
            assert row["delivered_on"] == "" or row["shipped_on"] < row["delivered_on"] or _rushed(row)
            assert row["delivered_on"] or order["state"] == "shipped"
            late += row["delivered_on"] > row["promised_on"]
            open_ += row["delivered_on"] == ""
        assert 0.06 < late / len(world["deliveries"]) < 0.1
        assert 5 <= open_ <= 60


def _rushed(row):
    """Sent on the reference date and completed on it."""
    return row["shipped_on"] == row["delivered_on"] == AS_OF.isoformat()


def test_calls_reach_everybody_who_came_by_phone():
    for world in worlds():
        people = {row["customer_id"]: row for row in world["customers"]}
        called = {row["customer_id"] for row in world["calls"]}
        assert {key for key, row in people.items() if row["source"] == "phone" and row["phone"]} <= called
        assert any(people[key]["source"] != "phone" for key in called)
        assert all(people[key]["phone"] for key in called)
        assert 120 <= len(world["calls"]) <= 190
        outcomes = Counter(row["outcome"] for row in world["calls"])
        assert outcomes["confirmed"] > outcomes["no_answer"] > outcomes["wrong_number"] > 0
        assert max(Counter(row["customer_id"] for row in world["calls"]).values()) > 1


def test_suppressed_contacts_belong_to_customers_without_marketing_consent():
    key = Key(PUBLIC_KEY.encode())
    for world in worlds():
        ledger = rows_by([row for row in world["consents"] if row["purpose"] == "marketing"], "customer_id")
        held = {
            customer
            for customer, rows in ledger.items()
            if any(not row["withdrawn_on"] or row["withdrawn_on"] > AS_OF.isoformat() for row in rows)
        }
        owner = {
            key.contact(row[column]): (row["customer_id"], channel)
            for row in world["customers"]
            for column, channel in (("phone", "sms"), ("email", "email"))
            if row[column]
        }
        assert len(world["suppressions"]) == 25
        for row in world["suppressions"]:
            customer, channel = owner[row["contact"]]
            assert channel == row["channel"]
            assert customer in ledger
            assert customer not in held
            assert row["since"] == max(one["withdrawn_on"] for one in ledger[customer])
            assert row["reason"] != "hard_bounce" or channel == "email"


def test_satisfaction_only_with_consent_and_after_buying():
    for world in worlds():
        consents = rows_by([row for row in world["consents"] if row["purpose"] == "survey"], "customer_id")
        first = {}
        for order in valid_orders(world):
            first.setdefault(order["customer_id"], order["order_date"])
        assert len(world["satisfaction_answers"]) == 400
        for row in world["satisfaction_answers"]:
            day = row["submitted_at"][:10]
            assert "2026-06-08" <= day <= "2026-06-16"
            assert first[row["customer_id"]] < day
            assert any(
                one["given_on"] <= day and (not one["withdrawn_on"] or one["withdrawn_on"] > day)
                for one in consents[row["customer_id"]]
            )


def test_satisfaction_items_hang_together_and_skips_are_blank():
    for world in worlds():
        careless = {row["answer_id"] for row in world["careless"]}
        careful = [row for row in world["satisfaction_answers"] if row["answer_id"] not in careless]
        assert 0.7 < _alpha(careful) < 0.87
        assert _alpha(careful) > _alpha(world["satisfaction_answers"])
        assert _alpha(careful, turn=()) < 0.3
        for score in SCORES:
            both = [(sum(_item(row, name) for name in STATEMENTS), int(row[score])) for row in _full(careful, score)]
            assert _correlation(both) > 0.4
        blanks = Counter(name for row in careful for name in (*SCORES, *STATEMENTS) if row[name] == "")
        assert all(0.02 < blanks[name] / len(careful) < 0.09 for name in (*SCORES, *STATEMENTS))


def test_careless_answers_are_what_the_truth_says():
    for world in worlds():
        answers = {row["answer_id"]: row for row in world["satisfaction_answers"]}
        kinds = Counter(row["kind"] for row in world["careless"])
        assert len(world["careless"]) == 24
        assert min(kinds["straight"], kinds["speed"]) >= 5
        for truth in world["careless"]:
            answer = answers.pop(truth["answer_id"])
            fast = int(answer["seconds_used"]) <= 15
            assert fast is (truth["kind"] == "speed")
            assert truth["kind"] == "speed" or len({answer[name] for name in STATEMENTS}) == 1
        assert min(int(row["seconds_used"]) for row in answers.values()) >= 25
        same = sum(len({row[name] for name in STATEMENTS}) == 1 for row in answers.values())
        assert same < 5


def _full(rows, *also):
    return [row for row in rows if all(row[name] for name in (*STATEMENTS, *also))]


def _item(row, name, turn=REVERSED):
    return 6 - int(row[name]) if name in turn else int(row[name])


def _alpha(rows, turn=REVERSED):
    """Cronbach's alpha, from its definition."""
    scores = [[_item(row, name, turn) for name in STATEMENTS] for row in _full(rows)]
    k = len(STATEMENTS)
    return k / (k - 1) * (1 - sum(map(variance, zip(*scores, strict=True))) / variance(map(sum, scores)))


def _correlation(pairs):
    n = len(pairs)
    x_mean, y_mean = (sum(column) / n for column in zip(*pairs, strict=True))
    covariance = sum((x - x_mean) * (y - y_mean) for x, y in pairs) / (n - 1)
    x_variance, y_variance = (variance(column) for column in zip(*pairs, strict=True))
    return covariance / (x_variance * y_variance) ** 0.5


def test_agents_show_their_planted_traits():
    for world in worlds():
        traits = {row["agent"]: row["trait"] for row in world["agents"]}
        records = [row for row in world["service_records"] if row["agent"]]
        assert 0 < len(world["service_records"]) - len(records) < 30
        assert {row["agent"] for row in records} == set(traits)
        by_trait = rows_by([row | {"trait": traits[row["agent"]]} for row in records], "trait")
        assert Counter(traits.values()) == Counter(["ordinary"] * 3 + ["resolver", "slow", "complaints", "new"])
        assert 5 <= len(by_trait["new"]) < 30
        assert min(row["opened_at"] for row in by_trait["new"]) >= "2026-05-15"
        ordinary = by_trait["ordinary"]
        assert _share(by_trait["complaints"], _hard) > _share(ordinary, _hard) + 0.3
        assert _share(by_trait["resolver"], _left_open) < _share(ordinary, _left_open) / 3
        assert _share(by_trait["slow"], _very_late) > 2 * _share(ordinary, _very_late)


def _share(rows, test):
    return sum(map(test, rows)) / len(rows)


def _hard(row):
    return row["kind"] in ("complaint", "return")


def _left_open(row):
    return bool(row["closed_at"]) and row["resolved"] == "no"


def _very_late(row):
    opened, replied = (dt.datetime.fromisoformat(row[name]) for name in ("opened_at", "first_reply_at"))
    return (replied - opened).total_seconds() > 180 * {"phone": 2, "web": 22, "social": 95}[row["channel"]]
