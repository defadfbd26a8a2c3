"""Needs cite their words, the plan has three columns, and who did not agree is not profiled."""

import pandas as pd
import pytest

from crmlab.collect import with_consent
from crmlab.rfm import COMBINATIONS
from crmlab.serve import find_needs, make_plan, usual_categories
from crmlab.serve.needs import read


@pytest.fixture(scope="module")
def agreed(shop):
    found = with_consent(shop.table("customers"), shop.table("consents"), purpose="profiling", on=shop.as_of)
    return set(found.kept["customer_id"])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_need_cites_words_of_its_text(shop, lang):
    texts = shop.table("texts")
    needs = find_needs(texts, lang).merge(texts, on="text_id")
    assert len(needs) > 50
    assert all(span in text for span, text in zip(needs["span"], needs[f"text_{lang}"], strict=True))
    assert set(needs["need"]) <= {row["need"] for row in read("needs.csv")}


def test_every_combination_and_need_has_a_service_in_both_languages():
    services = {row["applies"]: row for row in read("catalogue.csv")}
    assert set(services) == {*COMBINATIONS, *(row["need"] for row in read("needs.csv")), "standard"}
    assert all(row["zh"] and row["en"] for row in services.values())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_plan_has_a_row_per_customer_and_reasons_for_each_cell(shop, result, agreed, lang):
    needs = find_needs(shop.table("texts"), lang)
    plan = make_plan(result, agreed=agreed, usual=usual_categories(shop.orders), needs=needs, lang=lang)
    assert plan.table.columns.tolist() == ["customer_id", "customer_features", "service"]
    assert plan.table["customer_id"].tolist() == result.table["customer_id"].tolist()
    assert (plan.table["service"] != "").all()
    for row in plan.table.itertuples():
        own = plan.evidence[plan.evidence["customer_id"] == row.customer_id]
        assert all(feature in row.customer_features for feature in own["feature"])
        assert (row.customer_features == "") == own.empty


def test_nobody_is_profiled_without_consent(shop, result, agreed):
    plan = make_plan(
        result, agreed=agreed, usual=usual_categories(shop.orders), needs=find_needs(shop.table("texts"), "en")
    )
    others = plan.table[~plan.table["customer_id"].isin(agreed)]
    assert len(others) == len(plan.standard) > 0
    assert others["service"].nunique() == 1
    assert (others["customer_features"] == "").all()
    nobody = make_plan(
        result, agreed=(), usual=usual_categories(shop.orders), needs=find_needs(shop.table("texts"), "en")
    )
    assert nobody.table["service"].nunique() == 1
    assert nobody.evidence.empty


def test_a_usual_category_needs_three_valid_orders():
    def lines(customer, *rows):
        return [(customer, f"{customer}{place}", category, state) for place, (category, state) in enumerate(rows)]

    orders = pd.DataFrame(
        [
            *lines("a", ("tea", "paid"), ("tea", "completed"), ("coffee", "shipped")),
            *lines("b", ("tea", "paid"), ("tea", "paid")),
            *lines("c", ("tea", "paid"), ("tea", "paid"), ("tea", "cancelled")),
        ],
        columns=["customer_id", "order_id", "category", "state"],
    )
    usual = usual_categories(orders)
    assert usual[["customer_id", "category", "with_it", "orders"]].values.tolist() == [["a", "tea", 2, 3]]
