"""Every picture of `crmlab.show`, drawn from the teaching data, and what can be measured in a drawn figure."""

import datetime as dt
from functools import cache

import pandas as pd
from matplotlib.text import Text
from serving import plan_of

from crmlab import show

SPARSE = pd.DataFrame({"characteristic": ["orders_before", "days_since_last"], "standard_difference": [0.8, -0.05]})


def makers(shop, result) -> dict:
    """Name of a public function -> what draws it in a language. Results are computed once."""
    return {
        **_answers(shop, result),
        **_types(result),
        **_goods(shop, result),
        **_future(result),
        **_service(shop, result),
        **_campaigns(shop, result),
    }


def _answers(shop, result) -> dict:
    from crmlab import survey
    from crmlab.collect import coverage

    answers = shop.table("survey_answers")
    shopping = answers[["q1_last", "q2_orders", "q3_spend"]]
    customers = shop.read_personal("customers")
    stated = survey.code_answers(answers.dropna(subset=["q1_last"]), as_of=shop.as_of, currency=shop.currency)
    limits = survey.quarterly(result)
    said = stated.assign(marks=survey.stated_marks(stated, limits)).drop_duplicates("customer_id")
    agreed = survey.compare(said, survey.logged(result, shop.table("customers")), currency=shop.currency)
    scored = pd.DataFrame({"csat": [5, 4, 2] * 9, "nps": [10, 8, 0] * 9, "ces": [7, 5, 4] * 9})
    return {
        "coverage": lambda lang: show.coverage(coverage(customers, ("sex", "age_range", "phone", "city")), lang),
        "missing_pattern": lambda lang: show.missing_pattern(shopping, lang),
        "scores_with_intervals": lambda lang: show.scores_with_intervals(survey.scores(scored), lang),
        "bland_altman": lambda lang: show.bland_altman(agreed, lang, currency=shop.currency),
        "heat": lambda lang: show.heat(
            agreed.confusion, lang, title="A", rows="stated_marks", columns="logged_marks"),
    }  # fmt: skip


def _types(result) -> dict:
    from crmlab.grouping import cluster
    from crmlab.movement import migrate_periods, stability

    found, moves, clusters = stability(result), migrate_periods(result, days=90), cluster(result, 4, seed=1)
    summary = result.summary("zh")
    return {
        **{
            name: (lambda lang, name=name: getattr(show, name)(result, lang))
            for name in ("types", "distributions", "recency_frequency", "treemap", "recency_frequency_heat")
        },
        "shares": lambda lang: show.shares(summary, "marks", "customer_share", lang, title="A"),
        "stability_bars": lambda lang: show.stability_bars(found, lang),
        "migration_flow": lambda lang: show.migration_flow(moves, lang),
        "migration_heat": lambda lang: show.migration_heat(moves, lang),
        "cluster_profiles": lambda lang: show.cluster_profiles(clusters, lang),
        "cluster_choice": lambda lang: show.cluster_choice(clusters, lang),
        "cluster_points": lambda lang: show.cluster_points(clusters, lang),
    }


def _goods(shop, result) -> dict:
    from crmlab.cases import concentration
    from crmlab.patterns import bought_together, popular, purchase_lines, retention, trend

    lines = purchase_lines(shop.orders, result, history=True, **shop.goods_columns)
    products = shop.table("products").set_index("product_id")
    names = {lang: products[f"name_{lang}"].to_dict() for lang in ("zh", "en")}
    marks = result.customers[[result.customer_column, "m_mark"]].rename(columns={"m_mark": "spend_group"})
    groups = marks.assign(spend_group=marks["spend_group"].map({"↑": "high", "↓": "low"}))
    pairs, liked, demand = bought_together(lines), popular(lines), trend(lines)
    return {
        "cohorts": lambda lang: show.cohorts(retention(result), lang),
        "demand": lambda lang: show.demand(demand, lang),
        "popularity": lambda lang: show.popularity(liked, lang, names=names[lang]),
        "pairs": lambda lang: show.pairs(pairs, lang, names=names[lang], rows=8),
        "concentration": lambda lang: show.concentration(
            concentration(lines, groups, column="spend_group", level="high"), lang),
    }  # fmt: skip


def _future(result) -> dict:
    from crmlab.forecast import lifetime_value, predict_return

    model, value = predict_return(result, horizon=60, seed=1), lifetime_value(result, days=365, seed=1)
    return {
        "calibration": lambda lang: show.calibration(model, lang),
        "return_by_type": lambda lang: show.return_by_type(model, lang),
        "value_holdout": lambda lang: show.value_holdout(value, lang),
    }


def _service(shop, result) -> dict:
    from crmlab.care import busy_day, care_calendar, compare_queues, rank_agents
    from crmlab.grouping import value_tiers
    from crmlab.loyalty import CouponCampaign, Ledger, issue_coupons, open_scheme
    from crmlab.needs import asked_needs, find_needs, read_texts

    records = shop.table("service_records")
    calendar = care_calendar(shop, on=dt.date(2026, 6, 17), until=dt.date(2026, 9, 30), visit_cities=("shanghai",))
    day = busy_day(records, value_tiers(result), day=dt.date(2026, 6, 18))
    queues, ranking = compare_queues(day, agents=("A1", "A2", "A3")), rank_agents(records)
    ledger = Ledger(open_scheme().points)
    for month in range(1, 10):
        ledger.earn("a", str(month), 20_000, on=dt.date(2025, month, 5))
    ledger.spend("a", 150, on=dt.date(2025, 10, 1), reference="cup")
    ledger.refund("a", "8", 10_000, on=dt.date(2025, 10, 3))
    ledger.move(dt.date(2026, 6, 17))
    campaign = CouponCampaign("K", 2_000, 10_000, 500_000, dt.date(2026, 7, 1))
    coupons = issue_coupons(result.customers, campaign, key=shop.key, on=shop.as_of)
    ids = result.customers[result.customer_column]
    signs = {one: ["tier.high", "group.at_risk", "need.gift_wrap"] for one in ids[:60]}
    texts = cache(lambda lang: read_texts(shop, lang).texts)
    needs = cache(lambda lang: find_needs(texts(lang), lang))
    plan = cache(lambda lang: plan_of(result, signs, lang=lang))
    return {
        "care_weeks": lambda lang: show.care_weeks(calendar, lang),
        "queue_waits": lambda lang: show.queue_waits(queues, lang),
        "staff": lambda lang: show.staff(ranking, lang),
        "points_balance": lambda lang: show.points_balance(ledger, "a", lang),
        "coupon_budget": lambda lang: show.coupon_budget(coupons, lang),
        "needs_named": lambda lang: show.needs_named(needs(lang), texts(lang), lang),
        "needs_by_marks": lambda lang: show.needs_by_marks(asked_needs(needs(lang)), texts(lang), result, lang),
        "service_load": lambda lang: show.service_load(plan(lang), lang),
        "services_by_tier": lambda lang: show.services_by_tier(plan(lang), lang),
    }


def _campaigns(shop, result) -> dict:
    from crmlab.track import Campaign, Observed, false_alarms
    from crmlab.track.effects import UNKNOWN
    from crmlab.world.aftermath import aftermath

    day = dt.date(2026, 6, 18)
    campaign = Campaign("seen", group=result.customers, message="m", starts_on=day, holdout=0.4)
    after = aftermath(shop, result, campaign, effect={4: 0.3})
    verdict = campaign.verdict(after)
    observed = Observed("7", day, day, SPARSE, SPARSE, *[UNKNOWN] * 3, 0, 0, 0, 0, 0.0, "CNY")
    alarms = false_alarms(0.2, treated=100, held_out=100, looks=10, draws=200)
    return {
        "campaign_effects": lambda lang: show.campaign_effects(verdict, lang, planted=after.planted),
        "campaign_arms": lambda lang: show.campaign_arms(verdict, lang),
        "sample_size_curve": lambda lang: show.sample_size_curve(campaign, 0.15, lang),
        "peeking_curve": lambda lang: show.peeking_curve(alarms, lang),
        "campaign_balance": lambda lang: show.campaign_balance(observed, lang),
    }


def words_in(figure) -> list:
    """Every text that is seen with its box in pixels, once drawn; a tick beyond the ends of its axis is not seen."""
    figure.draw_without_rendering()
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                off = not low <= tick.get_loc() <= high or not axes.get_visible()
                hidden |= {tick.label1, tick.label2} if off else set()
    seen = {text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()} - hidden
    return [(text, text.get_window_extent()) for text in seen]
