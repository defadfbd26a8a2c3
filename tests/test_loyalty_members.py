"""Members' levels: boundary sums and boundary days, and a walk day by day as the second opinion."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from crmlab import type_customers
from crmlab.errors import DataError
from crmlab.loyalty import members, open_scheme

SCHEME = open_scheme()


def typed(*rows, as_of="2026-06-17"):
    frame = pd.DataFrame(rows, columns=["customer_id", "order_date", "amount"])
    frame["order_id"] = [str(place) for place in range(len(frame))]
    return type_customers(frame.assign(order_date=pd.to_datetime(frame["order_date"])), as_of=as_of, window=None)


def told(found, customer="a"):
    own = found.history[found.history["customer_id"] == customer]
    return [(str(day.date()), level, why) for day, level, why in own[["on", "level", "why"]].itertuples(index=False)]


@pytest.mark.parametrize(("amount", "level", "missing"), [
    (999.99, "basic", 1), (1000.00, "silver", 200_000), (2999.99, "silver", 1), (3000.00, "gold", None),
])  # fmt: skip
def test_exactly_the_spend_of_a_level_reaches_it(amount, level, missing):
    row = members(typed(("a", "2026-06-01", amount)), SCHEME).current.iloc[0]
    assert row["level"] == level
    assert row["to_next"] == missing or (missing is None and pd.isna(row["to_next"]))


def test_a_level_is_reached_on_the_day_of_the_order():
    result = typed(("a", "2026-06-01", 600), ("a", "2026-06-10", 400))
    found = members(result, SCHEME)
    assert told(found) == [("2026-06-01", "basic", "first"), ("2026-06-10", "silver", "up")]
    assert [found.level("a", date(2026, 6, day)) for day in (9, 10)] == ["basic", "silver"]
    assert found.level("a", date(2026, 5, 31)) == ""


def test_a_purchase_counts_for_twelve_months_and_the_level_for_thirty_days_more():
    result = typed(("a", "2024-02-29", 1000), as_of="2026-06-17")
    found = members(result, SCHEME)
    assert told(found) == [("2024-02-29", "silver", "first"), ("2025-03-30", "basic", "down")]
    for on, below, lost in (
        (date(2025, 2, 27), None, None),
        (date(2025, 2, 28), "2025-02-28", "2025-03-30"),
        (date(2025, 3, 29), "2025-02-28", "2025-03-30"),
        (date(2025, 3, 30), None, None),
    ):
        row = members(result, SCHEME, on=on).current.iloc[0]
        assert [None if pd.isna(row[name]) else str(row[name].date()) for name in ("below_since", "lost_on")] == [
            below, lost,
        ]  # fmt: skip
        assert row["level"] == ("basic" if on >= date(2025, 3, 30) else "silver")


@pytest.mark.parametrize(("day", "kept"), [("2025-03-29", True), ("2025-03-30", True), ("2025-03-31", False)])
def test_buying_in_the_grace_keeps_the_level(day, kept):
    found = members(typed(("a", "2024-02-29", 1000), ("a", day, 1000)), SCHEME, on=date(2025, 4, 30))
    assert [why for _, _, why in told(found)] == (["first"] if kept else ["first", "down", "up"])


def test_after_the_grace_the_level_is_what_the_spend_then_gives():
    result = typed(("a", "2024-01-10", 2500), ("a", "2024-01-20", 1000))
    assert told(members(result, SCHEME, on=date(2025, 2, 9))) == [
        ("2024-01-10", "silver", "first"),
        ("2024-01-20", "gold", "up"),
        ("2025-02-09", "basic", "down"),
    ]


def day_by_day(orders, last):
    """The level at the end of every day, by adding up the orders of the twelve months before it again each day."""
    levels, level, below, day = {}, None, 0, min(orders)[0]
    while day <= last:
        since = (pd.Timestamp(day)).date()
        spend = sum(
            money for bought, money in orders
            if bought <= since < (pd.Timestamp(bought) + pd.DateOffset(months=SCHEME.months)).date()
        )  # fmt: skip
        given = max(place for place, one in enumerate(SCHEME.levels) if max(spend, 0) >= one.spend_from)
        if level is None or given >= level:
            level, below = given, 0
        else:
            below += 1
            if below > SCHEME.grace_days:
                level, below = given, 0
        levels[day] = SCHEME.levels[level].key
        day += timedelta(days=1)
    return levels


def test_the_history_is_that_of_a_walk_day_by_day():
    draw = np.random.default_rng(5)
    rows = [
        (f"c{customer}", (pd.Timestamp("2024-06-20") + pd.Timedelta(days=int(day))).strftime("%Y-%m-%d"), int(amount))
        for customer in range(8)
        for day, amount in zip(draw.integers(0, 727, 9), draw.integers(100, 900, 9), strict=True)
    ]
    found = members(typed(*rows), SCHEME)
    for customer in {row[0] for row in rows}:
        orders = [(date.fromisoformat(day), amount * 100) for owner, day, amount in rows if owner == customer]
        walked = day_by_day(orders, date(2026, 6, 17))
        own = found.history[found.history["customer_id"] == customer]
        changes = dict(zip(own["on"].dt.date, own["level"], strict=True))
        level = None
        for day, wanted in walked.items():
            level = changes.get(day, level)
            assert level == wanted, (customer, day)
    assert set(found.history["why"]) == {"first", "up", "down"}


def test_a_history_on_an_earlier_day_is_the_beginning_of_a_later_one(result):
    whole, early = members(result, SCHEME), members(result, SCHEME, on=date(2025, 9, 30))
    begun = whole.history[whole.history["on"] <= "2025-09-30"].reset_index(drop=True)
    pd.testing.assert_frame_equal(early.history, begun)
    last = whole.history.drop_duplicates("customer_id", keep="last").set_index("customer_id")["level"]
    assert whole.current.set_index("customer_id")["level"].to_dict() == last.to_dict()


def test_the_counts_are_all_customers_and_the_spend_is_theirs(shop, result):
    found = members(result, SCHEME)
    assert found.counts()["customers"].sum() == len(found.current)
    year = result.customers.set_index("customer_id")["monetary"]
    spend = found.current.set_index("customer_id")["member_spend"]
    assert (spend.reindex(year.index) == year).all(), "365 days to 2026-06-17 are the twelve months of the scheme"


def test_rows_in_another_order_and_polars_give_the_same(shop, result):
    import polars

    shuffled = shop.orders.sample(frac=1, random_state=4)
    for given in (shuffled, polars.from_pandas(shop.orders)):
        again = members(type_customers(given, as_of=shop.as_of, window=365, **shop.columns), SCHEME)
        pd.testing.assert_frame_equal(again.current, members(result, SCHEME).current)
        pd.testing.assert_frame_equal(again.history, members(result, SCHEME).history)


def test_before_the_first_order_there_is_nobody(result):
    found = members(result, SCHEME, on=date(2020, 1, 1))
    assert found.current.empty
    assert found.history.empty
    assert found.counts()["customers"].tolist() == [0, 0, 0]


def test_a_later_day_and_another_currency_are_refused(result):
    with pytest.raises(DataError, match="2026-06-18"):
        members(result, SCHEME, on=date(2026, 6, 18))
    with pytest.raises(DataError, match="USD"):
        members(result, open_scheme(currency="USD"))
    with pytest.raises(DataError, match="2026-06-18"):
        members(result, SCHEME).level("a", date(2026, 6, 18))


@pytest.mark.parametrize(("old", "new", "where"), [
    ("points = 1 ", "points = 0 ", "points"),
    ("per = 100", "per = 1.5", "per"),
    ('"down"', '"up"', "rounding"),
    ('["completed"]', "[]", "states"),
    ("grace_days = 30", "grace_days = -1", "grace_days"),
    ("months = 12                #", "month = 12                #", "month"),
    ("spend_from = 0\n", "spend_from = 1\n", "spend_from"),
    ("discount_percent = 5", "discount_percent = 2", "discount_percent"),
    ("discount_percent = 5", "discount_percent = 100", "discount_percent"),
    ('key = "gold"', 'key = "silver"', "key"),
    ('"CNY"', '"YUAN"', "currency"),
    ('zh = "金卡会员"', 'zh = ""', "zh"),
    ("[points]", "[points", "TOML"),
])  # fmt: skip
def test_a_scheme_that_cannot_be_is_refused_in_words(tmp_path, old, new, where):
    from importlib.resources import files

    told = files("crmlab.loyalty").joinpath("scheme.toml").read_text(encoding="utf-8")
    assert old in told
    (tmp_path / "own.toml").write_text(told.replace(old, new, 1), encoding="utf-8", newline="\n")
    with pytest.raises(DataError, match=where):
        open_scheme(tmp_path / "own.toml")


def test_a_scheme_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="none"):
        open_scheme("none.toml")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_levels_have_the_same_words_in_the_file_and_in_tables(lang):
    from crmlab.show.table import code_word

    assert [code_word("level", level.key, lang) for level in SCHEME.levels] == [
        level.titles[lang] for level in SCHEME.levels
    ]
    assert all(level.titles[lang] in SCHEME.describe(lang) for level in SCHEME.levels)
