"""The plan: three columns, a reason behind every cell, consent, capacity, and a way to a person for everybody."""

from dataclasses import replace
from importlib.resources import files

import pandas as pd
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from serving import CATALOGUE, features, plan_of, typed

from crmlab import serve, type_customers
from crmlab.collect import with_consent
from crmlab.collect.scan import find_personal_in
from crmlab.errors import DataError, ParameterError
from crmlab.grouping import facts, lifecycle, named_groups, value_tiers
from crmlab.needs import latent_needs
from crmlab.patterns import preferences, purchase_lines
from crmlab.rfm import COMBINATIONS
from crmlab.serve.catalogue import EVERYBODY, OTHERWISE, POLICIES
from crmlab.serve.signs import LEVELS, matches
from crmlab.words import LANGUAGES

RESULT = typed()
IDS = RESULT.customers["customer_id"].tolist()
CODES = ("tier.low", "tier.high", "stage.lost", "stage.silent", "stage.new", "group.at_risk", "need.gift_wrap",
         "declined.gift_wrap", "need.invoice", "complaint.price", "latent.tea", "usual.coffee")  # fmt: skip


@pytest.fixture(scope="module")
def agreed(shop, result):
    return with_consent(result.table, shop.table("consents"), purpose="profiling", on=shop.as_of).kept["customer_id"]


@pytest.fixture(scope="module")
def all_features(shop, result):
    usual = preferences(purchase_lines(shop.orders, result, **shop.goods_columns))
    ages = shop.table("customers")[["customer_id", "age_range"]]
    needs = pd.DataFrame(
        {"customer_id": IDS[:1] + result.customers["customer_id"][:3].tolist() + [result.customers["customer_id"][0]],
         "text_id": ["T9", "T1", "T2", "T3", "T4"], "kind": ["need", "need", "need", "complaint", "need"],
         "tag": ["decaf", "decaf", "gift_wrap", "price", "decaf"], "span": list("vwxyz"),
         "negated": [False, False, True, False, False]}
    )  # fmt: skip
    return {
        lang: [
            serve.type_features(result, lang),
            serve.tier_features(value_tiers(result), lang),
            serve.stage_features(lifecycle(result), lang),
            serve.group_features(named_groups(facts(result, usual, ages)), lang),
            serve.usual_features(usual, lang),
            serve.need_features(needs, lang),
        ]
        for lang in LANGUAGES
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_row_per_customer_three_columns_and_a_reason_behind_each_part(result, all_features, agreed, lang):
    plan = serve.make_plan(result, all_features[lang], CATALOGUE, agreed=agreed, policy="activate", lang=lang)
    assert plan.table.columns.tolist() == ["customer_id", "customer_features", "service"]
    assert plan.table["customer_id"].tolist() == result.customers["customer_id"].tolist()
    mark = "；" if lang == "zh" else "; "
    own = dict(zip(plan.table["customer_id"], plan.table["customer_features"], strict=True))
    joined = plan.features.groupby("customer_id")["feature"].agg(mark.join)
    assert {one: text for one, text in own.items() if text} == joined.to_dict()
    lines = files("crmlab.serve").joinpath("catalogue.csv").read_text(encoding="utf-8").splitlines()
    for customer in [*plan.table["customer_id"][:3], plan.table["customer_id"].iloc[-1]]:
        why = plan.why(customer)
        row = plan.table.set_index("customer_id").loc[customer]
        services = why[why["column"] == "service"]
        given = services[[said in row["service"].split(mark) for said in services["said"]]]
        assert mark.join(given["said"]) == row["service"]
        for one in given.itertuples():
            line = CATALOGUE.by_id[one.rule].line
            assert lines[line - 1].startswith(f"{one.rule},")
            assert str(line) in one.evidence
        shown = why[(why["column"] == "customer_features") & (why["rule"] != "")]
        assert mark.join(shown["said"]) == row["customer_features"]
        assert (shown["evidence"] != "").all()
        if len(shown):
            assert shown["evidence"].iloc[0] == result.explain(customer, lang)
    assert sum(plan.counts.values()) == sum(map(len, all_features[lang]))
    outside = sum((~one["customer_id"].isin(result.customers["customer_id"])).sum() for one in all_features[lang])
    assert plan.counts["no_customer"] == outside > 1
    assert find_personal_in(plan.table.to_csv() + plan.features.to_csv() + plan.describe()).empty


def test_declined_needs_remove_the_service_and_stay_as_a_feature(result, all_features):
    first, second, third = result.customers["customer_id"][:3]
    plan = serve.make_plan(
        result, all_features["en"], CATALOGUE, agreed=[first, second, third], policy="activate", lang="en"
    )
    rows = plan.table.set_index("customer_id")
    assert "suggest decaf" in rows.loc[first, "service"]
    assert "declined: gift wrap" in rows.loc[second, "customer_features"]
    assert "offer gift wrap" not in rows.loc[second, "service"]
    assert "a call to settle the complaint" in rows.loc[third, "service"]
    cited = plan.features[(plan.features["customer_id"] == first) & (plan.features["rule"] == "need.decaf")]
    assert cited["evidence"].tolist() == ["text T1: “w”"]
    assert cited["basis"].tolist() == ["text_id=T1 T4"]
    both = plan_of(RESULT, {"c00": ["need.gift_wrap", "declined.gift_wrap"]})
    why = both.why("c00").set_index("rule")
    assert "declined" in why.loc["gift_wrap", "evidence"]
    assert "gift" not in both.table["service"][0]


def test_features_in_are_features_used_or_counted():
    frame = features({"c00": ["tier.high"], "c01": ["tier.low"], "elsewhere": ["tier.low"]})
    plan = serve.make_plan(RESULT, [frame, frame], CATALOGUE, agreed=["c00"], policy="activate", lang="en")
    expected = {"used": 1, "not_agreed": 1, "no_customer": 1, "not_personalised": 0, "repeated": 3}
    assert plan.counts == expected
    assert plan.table["customer_features"][0] == "<tier.high>"
    assert "6 features" in plan.describe()


def test_who_is_excepted_does_not_get_it_and_reads_why():
    plan = plan_of(RESULT, {"c00": ["tier.high", "stage.lost"], "c01": ["tier.high"], "c02": ["R↓F↑M↓", "usual.tea"]})
    manager = CATALOGUE.by_id["manager"].title["en"]
    assert plan.table["service"].str.contains(manager).tolist()[:3] == [False, True, False]
    why = plan.why("c00").set_index("rule")
    assert "never for lost customer" in why.loc["manager", "evidence"]
    assert "go with usual" not in plan.table["service"][2]


def test_praise_by_negation_is_no_complaint():
    said = pd.DataFrame({"customer_id": ["a"] * 5, "text_id": list("12345"), "kind": "complaint", "tag": "price",
                         "span": "x", "negated": [True, False, False, False, False]})  # fmt: skip
    found = serve.need_features(said, "en")
    assert found["rule"].tolist() == ["complaint.price"]
    assert found["basis"].tolist() == ["text_id=2 3 4 … (4)"]
    assert serve.need_features(said[:1], "en").empty


def test_a_latent_need_cites_its_views():
    events = pd.DataFrame({"event_id": ["e1", "e2", "e3", "e4"], "customer_id": "c00", "event": "view",
                           "product_id": ["p", "p", "p", "q"], "event_time": pd.Timestamp("2026-06-01")})  # fmt: skip
    goods = pd.DataFrame({"product_id": ["p", "q"], "category": ["tea", "pet"]})
    bought = pd.DataFrame({"customer_id": ["c00"], "category": ["pet"]})
    found = serve.latent_features(latent_needs(events, bought, goods, min_views=3), "en")
    assert found.iloc[0].tolist() == ["c00", "latent.tea", "looks at often, never bought: tea",
        "viewed 3 times (the other categories 1.0 times on average), never bought", "event_id=e1 e2 e3"]  # fmt: skip
    assert serve.latent_features(latent_needs(events, goods.assign(customer_id="c00"), goods), "en").empty


def test_unknown_stays_blank():
    tiers = pd.DataFrame({"customer_id": IDS, "value_score": pd.NA, "value_tier": "unknown"})
    assert serve.tier_features(tiers, "en").empty
    usual = pd.DataFrame({"customer_id": IDS, "top_category": pd.NA, "top_category_share": float("nan")})
    assert serve.usual_features(usual, "en").empty
    plan = plan_of(RESULT, {"c00": []})
    assert (plan.table["customer_features"] == "").all()
    assert plan.why("c00")["evidence"].iloc[0] == "no feature is known"


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("personalised", [True, False])
def test_whatever_the_policy_everybody_keeps_a_person_and_nobody_is_left_out(policy, personalised):
    signs = dict(zip(IDS, [[marks, "tier.low"] for marks in COMBINATIONS], strict=False))
    for agreed in (list(signs), [], None):
        plan = plan_of(RESULT, signs, policy=policy, personalised=personalised, agreed=agreed)
        assert plan.table["customer_id"].tolist() == IDS
        assert plan.table["service"].str.contains("a real person for questions and complaints").all()
        if not personalised or agreed == []:
            assert plan.table[["customer_features", "service"]].drop_duplicates().shape == (1, 2)
            assert plan.table["customer_features"].eq("").all()
            assert plan.features.empty


def test_who_did_not_agree_gets_what_everybody_gets(result, all_features, agreed):
    plan = serve.make_plan(result, all_features["zh"], CATALOGUE, agreed=agreed, policy="keep_light")
    others = plan.table[~plan.table["customer_id"].isin(agreed)]
    assert len(others) > 100
    same_for_all = serve.make_plan(
        result, all_features["zh"], CATALOGUE, agreed=agreed, policy="keep_light", personalised=False
    )
    assert set(others["service"]) == set(same_for_all.table["service"])
    assert len(set(others["service"])) == 1
    assert others["customer_features"].eq("").all()
    assert not plan.features["customer_id"].isin(others["customer_id"]).any()
    assert "没有同意画像" in plan.why(others["customer_id"].iloc[0])["evidence"].iloc[0]


def test_without_a_ledger_the_plan_says_that_it_is_an_exercise():
    plan = plan_of(RESULT, {"c00": ["tier.high"]}, agreed=None)
    assert "exercise" in plan.describe()
    assert "exercise" not in plan_of(RESULT, {"c00": ["tier.high"]}).describe()
    assert plan.agreed is None


def test_keep_light_asks_a_person_to_decide():
    signs = {"c00": ["R↑F↓M↓", "need.decaf", "stage.lost"]}
    found = {policy: plan_of(RESULT, signs, policy=policy).table["service"][0] for policy in POLICIES}
    assert "a person decides" in found["keep_light"]
    assert "coupon" in found["activate"]
    assert "self-service" in found["self_service"]
    assert all("suggest decaf" in text for text in found.values())
    table = serve.compare_policies(RESULT, [features(signs)], CATALOGUE, agreed=["c00"], lang="en")
    assert table["low_value_policy"].tolist() == list(POLICIES)
    assert table["customers"].tolist() == [1, 1, 1]
    assert table["policy_cost"].tolist() == [0, 1000, 5]
    assert table["cost"].tolist() == [10, 1010, 15]
    assert table["excluded"].tolist() == [0, 0, 0]


def test_a_scarce_service_goes_by_tier_then_money_and_the_rest_wait_in_their_place():
    two = [replace(one, capacity=2) if one.service_id == "at_risk_call" else one for one in CATALOGUE.services]
    catalogue = replace(CATALOGUE, services=tuple(two))
    signs = {one: ["group.at_risk", "tier.high" if one in ("c01", "c06") else "tier.low"] for one in IDS[:8]}
    plan = plan_of(RESULT, signs, catalogue=catalogue)
    called = plan.table[plan.table["service"].str.contains("a call to learn")]["customer_id"]
    assert called.tolist() == ["c01", "c06"]
    waiting = plan.waiting["customer_id"].tolist()
    assert waiting[:3] == ["c07", "c05", "c04"]
    assert set(waiting[3:5]) == {"c02", "c03"}
    assert plan.waiting["queue_place"].tolist() == [1, 2, 3, 4, 5, 6]
    assert "number 1 in the queue" in plan.why("c07").set_index("rule").loc["at_risk_call", "evidence"]
    budget = plan.budget().set_index("service_id")
    assert budget.loc["at_risk_call", ["planned", "waiting", "cost"]].tolist() == [2, 6, 1600]
    assert budget["cost"].sum() == plan.allotment.cost
    assert plan.by_tier().loc["a call to learn what is not right"].tolist() == [0, 0, 2, 0]


SIGNS = st.dictionaries(
    st.sampled_from(IDS),
    st.tuples(st.sampled_from(list(COMBINATIONS)), st.lists(st.sampled_from(CODES), max_size=7, unique=True)).map(
        lambda drawn: [drawn[0], *drawn[1]]
    ),
)


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(SIGNS, st.sets(st.sampled_from(IDS)), st.sampled_from(POLICIES), st.integers(0, 3), st.randoms())
def test_nobody_gets_what_is_forbidden_and_nothing_is_lost(signs, agreed, policy, capacity, chance):
    """Checked customer by customer, by rules read from the catalogue and by none of the code that allots."""
    limited = [one if one.capacity is None else replace(one, capacity=capacity) for one in CATALOGUE.services]
    catalogue = replace(CATALOGUE, services=tuple(limited))
    frame = features(signs)
    plan = serve.make_plan(RESULT, [frame], catalogue, agreed=agreed, policy=policy, lang="en")
    order = chance.sample(range(len(frame)), len(frame))
    again = serve.make_plan(RESULT, [frame.iloc[order]], catalogue, agreed=agreed, policy=policy, lang="en")
    pd.testing.assert_frame_equal(plan.table, again.table)
    services = catalogue.of(policy)
    money = RESULT.customers.set_index("customer_id")["monetary"]
    waits = {(row.service, row.customer_id) for row in plan.waiting.itertuples()}
    got = {}
    for customer, text in zip(IDS, plan.table["service"], strict=True):
        own = set(signs.get(customer, ())) if customer in agreed else set()
        parts = text.split("; ")
        got[customer] = [one for one in services if one.title["en"] in parts]
        assert len(parts) == len(got[customer])
        for one in got[customer]:
            assert not any(matches(code, sign) for code in one.never_for for sign in own)
            assert not {other.service_id for other in got[customer]} & set(one.never_with)
            assert not {f"declined.{code[5:]}" for code in one.applies if code.startswith("need.")} & own
        for one in services:
            if one.applies in ((EVERYBODY,), (OTHERWISE,)):
                continue
            holds = all(any(matches(code, sign) for code in codes for sign in own) for codes in one.conditions)
            assert holds or one not in got[customer]
            if holds and one not in got[customer] and (one.title["en"], customer) not in waits:
                assert any(
                    any(matches(code, sign) for code in one.never_for for sign in own)
                    or f"declined.{code[5:]}" in own
                    or any(
                        other.service_id in one.never_with or one.service_id in other.never_with
                        for other in got[customer]
                    )
                    for code in one.applies
                )
        if "tier.high" in own:
            assert any(one.personal for one in got[customer])
        assert any(one.person for one in got[customer])
        assert any(one.applies == (OTHERWISE,) for one in got[customer]) == (
            not any(one.personal for one in got[customer])
        )
    for one in services:
        if one.capacity is None:
            continue
        having = [customer for customer in IDS if one in got[customer]]
        waiting = [customer for title, customer in waits if title == one.title["en"]]
        assert len(having) == min(capacity, len(having) + len(waiting))

        def rank(customer):
            levels = [LEVELS.index(code[5:]) for code in signs[customer] if code.startswith("tier")]
            return max(levels, default=-1), money[customer]

        assert all(rank(before) >= rank(after) for before in having for after in waiting)


def test_four_columns_of_any_engine_are_enough():
    orders = pd.DataFrame({"client": [1, 1, 2, 3], "order_id": list("abcd"), "day": pd.to_datetime(["2026-06-01"] * 4),
                           "paid": [5, 6, 7, 80]})  # fmt: skip
    columns = {"customer": "client", "order": "order_id", "date": "day", "amount": "paid"}
    tables = []
    for frame in (orders, pl.from_pandas(orders), pl.from_pandas(orders[::-1])):
        result = type_customers(frame, as_of="2026-06-17", **columns)
        given_features = [serve.type_features(result, "en"), serve.tier_features(value_tiers(result), "en"),
                          serve.stage_features(lifecycle(result), "en"),
                          serve.usual_features(preferences(purchase_lines(frame, result)), "en")]  # fmt: skip
        plan = serve.make_plan(result, given_features, CATALOGUE, agreed=None, policy="activate", lang="en")
        tables.append(plan.table)
        assert plan.why(3)["said"].iloc[0].startswith("R↑F↓M↑")
    assert tables[0]["customer_id"].tolist() == [1, 2, 3]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    pd.testing.assert_frame_equal(tables[0], tables[2])


def test_what_does_not_fit_is_refused_in_words():
    with pytest.raises(DataError) as caught:
        plan_of(RESULT, {"c00": []}).why("nobody")
    assert caught.value.key == "serve_no_customer"
    with pytest.raises(DataError) as caught:
        plan_of(RESULT, {}).why("12012345678")
    assert "12012345678" not in str(caught.value)
    with pytest.raises(ParameterError):
        plan_of(RESULT, {}, policy="drop")
    with pytest.raises(DataError) as caught:
        serve.make_plan(RESULT, [pd.DataFrame({"customer_id": ["a"]})], CATALOGUE, agreed=None, policy="activate")
    assert caught.value.key == "missing_column"
    numbers = features({"1": ["tier.high"]}).astype({"customer_id": "int64"})
    with pytest.raises(DataError) as caught:
        serve.make_plan(RESULT, [numbers], CATALOGUE, agreed=None, policy="activate")
    assert caught.value.key == "table_id_types"
