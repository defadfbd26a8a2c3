"""The facts of each customer, groups with a name, target groups found again, and places without small cells."""

import json

import pandas as pd
import pytest
from kinds import KINDS

from crmlab import type_customers
from crmlab.errors import ConsentError, DataError, ParameterError
from crmlab.grouping.facts import BLANK, basket, facts, interactions
from crmlab.grouping.named import named_groups, open_target_group, target_group
from crmlab.grouping.regions import regions
from crmlab.patterns import preferences, purchase_lines
from crmlab.words import LANGUAGES, word

AS_OF = "2026-06-17"
# customer: (days ago of each order, amount, discount on every line)
BOUGHT = {
    "keen": ([100, 70, 40, 10], 50, 0),
    "fading": ([160, 140, 120, 100], 40, 5),
    "edge": ([80, 60, 40], 10, 5),
    "over": ([81, 61, 41], 10, 0),
    "young": ([90, 60, 30], 9, 1),
    "young half": ([90, 60, 30], 8, 0),
    "no age": ([90, 60, 30], 7, 1),
    "few": ([300, 200], 6, 1),
    "one": ([5], 5, 1),
}
AGES = {
    "keen": "55+", "fading": "35-44", "edge": "45-54", "over": "55+",
    "young": "18-24", "young half": "25-34", "few": "18-24",
}  # fmt: skip


@pytest.fixture(scope="module")
def orders():
    rows = [
        {"customer_id": customer, "ago": ago, "amount": amount, "discount": discount}
        for customer, (all_ago, amount, discount) in BOUGHT.items()
        for ago in all_ago
    ]
    frame = pd.DataFrame(rows)
    frame["order_id"] = [str(number) for number in range(len(frame))]
    frame["order_date"] = pd.Timestamp(AS_OF) - pd.to_timedelta(frame.pop("ago"), unit="D")
    frame["discount"] = frame["discount"].astype("float64")
    half = frame.index[frame["customer_id"] == "young half"]
    frame.loc[half[0], ["amount", "discount"]] = [16.0, 1.0]
    return frame.assign(quantity=[1, 2, *[3] * (len(frame) - 2)])


def known_of(orders, kind="pandas", folder=None):
    given = KINDS[kind](orders, folder)
    result = type_customers(given, as_of=AS_OF, window=365)
    lines = purchase_lines(given, result, discount="discount", quantity="quantity")
    ages = pd.DataFrame({"customer_id": AGES.keys(), "age_range": AGES.values()})
    return facts(result, ages, preferences(lines).drop(columns=["top_category", "top_category_share", "categories"]),
                 basket(lines))  # fmt: skip


@pytest.fixture(scope="module")
def known(orders):
    return known_of(orders)


def ids(frame):
    return sorted(frame["customer_id"])


def test_the_members_of_the_named_groups_are_known_by_hand(known):
    """Four orders is the upper third by orders; keen and fading also spend most. A gap of 20 days: 40 is twice, 41 is
    more. Half the money at a discount is enough."""
    found = named_groups(known)
    assert ids(found.members("high_value")) == ["fading", "keen"]
    assert ids(found.members("young_price_sensitive")) == ["young", "young half"]
    assert ids(found.members("at_risk")) == ["fading", "over"]
    assert ids(found.unknown("young_price_sensitive")) == ["few", "no age", "one"]
    assert ids(found.unknown("at_risk")) == ["few", "one"]
    assert ids(found.overlaps) == ["fading"]
    assert ids(found.unknown("high_value")) == []


def test_a_missing_age_is_not_young_even_where_all_is_bought_at_a_discount(known):
    row = known.set_index("customer_id").loc["no age"]
    assert row["discount_share"] == 1
    told = named_groups(known).rules.explain(row, "en").splitlines()
    assert (
        told[1]
        == "“young and price-sensitive”: unknown, age range: not given (asked: 18 to 24 years or 25 to 34 years)."
    )


def test_limits_of_the_named_groups_are_parameters(known):
    assert ids(named_groups(known, gaps=1.9).members("at_risk")) == ["edge", "fading", "over"]
    assert ids(named_groups(known, discount_from=0.6).members("young_price_sensitive")) == ["young"]
    with pytest.raises(ParameterError, match="gap_limit"):
        named_groups(known, gap_limit=2)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pandas"])
def test_facts_and_groups_are_the_same_on_every_kind_of_frame(orders, known, kind, tmp_path):
    pd.testing.assert_frame_equal(known_of(orders, kind, tmp_path), known, check_dtype=False)


def test_facts_are_the_same_for_shuffled_rows(orders, known):
    pd.testing.assert_frame_equal(known_of(orders.sample(frac=1, random_state=4)), known)


def test_the_facts_by_hand(known):
    row = known.set_index("customer_id").loc["keen"]
    assert (row["frequency"], row["monetary"], row["days_since_last"], row["days_since_first"]) == (4, 20_000, 10, 100)
    assert (row["median_gap"], row["gap_ratio"]) == (30, 10 / 30)
    # 2026-03-09 Monday, 2026-04-08 Wednesday, 2026-05-08 Friday, 2026-06-07 Sunday
    assert (row["active_months"], row["weekday_share"]) == (4, 3 / 4)
    assert row["pieces_per_order"] == (1 + 2 + 3 + 3) / 4
    # 2026-03-28 Saturday, 2026-04-17 Friday, 2026-05-07 Thursday
    assert known.set_index("customer_id").loc["over", "weekday_share"] == 2 / 3
    few = known.set_index("customer_id").loc["few"]
    assert few[["weekday_share", "gap_ratio", "discount_share"]].isna().all()
    assert list(known["customer_id"]) == sorted(BOUGHT)


def test_what_a_shop_does_not_have_stays_blank_and_is_told(orders):
    result = type_customers(orders[["customer_id", "order_id", "order_date", "amount"]], as_of=AS_OF)
    bare = facts(result)
    assert bare[list(BLANK)].isna().all(axis=None)
    found = named_groups(bare)
    assert ids(found.members("at_risk")) == ["fading", "over"]
    assert ids(found.unknown("young_price_sensitive")) == sorted(BOUGHT)
    told = found.lacking("zh").splitlines()
    assert len(told) == 2
    assert told[0] == "没有任何一位客户有“年龄段”，所以不能判断：价格敏感型年轻客户。"
    assert "age range" in found.lacking("en")
    assert basket(purchase_lines(orders, result))["pieces_per_order"].isna().all()


def test_nothing_is_lacking_where_somebody_has_a_value(known):
    assert named_groups(known).lacking("zh") == ""


def test_earlier_orders_count_for_the_first_purchase_only(orders):
    row = facts(type_customers(orders, as_of=AS_OF, window=50)).set_index("customer_id").loc["keen"]
    assert (row["frequency"], row["days_since_first"]) == (2, 100)


def test_tables_that_do_not_fit_are_refused(orders):
    result = type_customers(orders, as_of=AS_OF)
    with pytest.raises(DataError, match="2"):
        facts(result, pd.DataFrame({"customer_id": ["keen"] * 3, "city": "wuhan"}))
    with pytest.raises(DataError, match="customer_id"):
        facts(result, pd.DataFrame({"id": ["keen"], "city": "wuhan"}))
    with pytest.raises(DataError, match="monetary"):
        facts(result, pd.DataFrame({"customer_id": ["keen"], "monetary": 1}))
    survey_only = pd.DataFrame({"customer_id": ["keen"], "city": "wuhan"})
    survey_only.attrs["purposes"] = ("survey",)
    with pytest.raises(ConsentError):
        facts(result, survey_only)


def test_ids_of_another_type_are_refused_in_words(orders):
    with pytest.raises(DataError, match="text in one table and numbers"):
        facts(type_customers(orders, as_of="2026-06-17"), pd.DataFrame({"customer_id": [1, 2], "city": "wuhan"}))


def test_a_target_group_of_nobody(known):
    nobody = target_group(known.head(0), "high_value")
    assert (nobody.customers, nobody.monetary, str(nobody.customer_share)) == (0, 0, "nan")


def test_personal_columns_stay_out_and_strangers_are_left_away(orders):
    result = type_customers(orders, as_of=AS_OF)
    people = pd.DataFrame(
        {"customer_id": ["keen", "stranger"], "name": "王示一", "phone": "12012345678", "job": "office"}
    )
    found = facts(result, people)
    assert not {"name", "phone"} & set(found)
    assert found.set_index("customer_id")["job"].dropna().to_dict() == {"keen": "office"}
    assert "stranger" not in set(found["customer_id"])


def test_interactions_by_a_hand_sheet(orders):
    """Window 2026-05-19 to 2026-06-17, 30 days."""
    result = type_customers(orders, as_of=AS_OF, window=30)
    times = [
        "2026-05-18 23:59:59",
        "2026-05-19 00:00:00",
        "2026-06-17 23:59:59",
        "2026-06-18 00:00:00",
        "2026-06-01 12:00",
    ]
    events = pd.DataFrame({"customer_id": ["keen"] * 4 + [None], "event_time": pd.to_datetime(times, format="mixed")})
    found = interactions(events, result).set_index("customer_id")
    assert found.loc["keen"].tolist() == [2, 2.0]
    assert found.loc["one"].tolist() == [0, 0.0]
    sixty = interactions(events, type_customers(orders, as_of=AS_OF, window=60)).set_index("customer_id")
    assert sixty.loc["keen"].tolist() == [3, 1.5]
    whole = interactions(events, type_customers(orders, as_of=AS_OF)).set_index("customer_id")
    assert whole.loc["keen"].tolist() == [3, 3 * 30 / 31]


def test_a_target_group_is_found_again_by_its_definition(known, tmp_path):
    group = target_group(known, "at_risk", gaps=1.9)
    assert (group.customers, group.monetary) == (3, 16_000 + 3_000 + 3_000)
    assert group.customer_share == 3 / 9
    assert group.monetary_share == group.monetary / known["monetary"].sum()
    assert list(group.members["customer_id"]) == ["edge", "fading", "over"]
    group.save(tmp_path / "risk.json")
    saved = open_target_group(tmp_path / "risk.json")
    assert saved.again(known.sample(frac=1, random_state=5)) == saved == group
    text = (tmp_path / "risk.json").read_text(encoding="utf-8")
    assert not [name for name in BOUGHT if f'"{name}"' in text]
    for changed in (known[known["customer_id"] != "edge"], known.assign(gap_ratio=known["gap_ratio"] / 2)):
        assert saved.again(changed) != saved


def test_a_target_group_of_other_people_with_the_same_size_is_another_group(known):
    group = target_group(known, "at_risk")
    swapped = known.assign(customer_id=known["customer_id"].replace({"over": "edge", "edge": "over"}))
    other = group.again(swapped)
    assert (other.customers, other.monetary) == (group.customers, group.monetary)
    assert other != group


def test_a_target_group_in_words(known):
    for lang, share in (("zh", "（33.3%）"), ("en", "(33.3%)")):
        told = target_group(known, "at_risk", gaps=1.9).describe(lang)
        assert share in told
        assert "1.9" in told or "1.90" in told


def test_files_that_are_no_target_group_are_refused(known, tmp_path):
    path = tmp_path / "no.json"
    for text in ("{", json.dumps({"key": "x"}), "[]"):
        path.write_text(text, encoding="utf-8", newline="\n")
        with pytest.raises(DataError, match=r"no\.json"):
            open_target_group(path)
    with pytest.raises(DataError, match=r"gone\.json"):
        open_target_group(tmp_path / "gone.json")
    with pytest.raises(DataError, match="rich"):
        target_group(known, "rich")


def test_headings_of_the_groups_are_their_names(known):
    for lang in LANGUAGES:
        for rule in named_groups(known).rules.rules:
            assert word(f"column.{rule.key}", lang) == rule.title[lang]


def places(**sizes):
    return pd.DataFrame({"city": [city for city, n in sizes.items() for _ in range(n)], "monetary": 100})


@pytest.mark.parametrize(
    ("sizes", "rows"),
    [
        ({"wuhan": 9, "dalian": 5}, {"wuhan": 9, "dalian": 5}),
        ({"wuhan": 9, "dalian": 5, "jinan": 3, "hefei": 2}, {"wuhan": 9, "dalian": 5, "other_places": 5}),
        ({"wuhan": 9, "dalian": 5, "jinan": 4}, {"wuhan": 9, "other_places": 9}),
        ({"wuhan": 9, "jinan": 1}, {"other_places": 10}),
        ({"wuhan": 4}, {}),
        ({"wuhan": 2, "jinan": 3}, {"other_places": 5}),
    ],
)
def test_no_row_speaks_of_fewer_than_five_customers_and_none_can_be_worked_out(sizes, rows):
    table = regions(places(**sizes))
    assert dict(zip(table["city"], table["customers"], strict=True)) == rows
    if rows:
        assert table["customers"].sum() == sum(sizes.values())
        assert table["monetary"].sum() == 100 * sum(sizes.values())
        assert table["customer_share"].sum() == pytest.approx(1)


def test_customers_without_a_place_are_counted_as_such():
    frame = places(wuhan=6, dalian=8)
    frame.loc[:5, "city"] = None
    table = regions(frame)
    assert dict(zip(table["city"], table["customers"], strict=True)) == {"dalian": 8, "unknown": 6}
    with pytest.raises(DataError, match="town"):
        regions(frame, by="town")
