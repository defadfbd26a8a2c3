"""Pictures of care: they say what they show, in both languages, and their texts keep apart."""

import datetime as dt

import pytest
from care_shop import TinyShop, person

from crmlab.care import busy_day, care_calendar, compare_queues, rank_agents
from crmlab.show import table
from crmlab.show.care import care_weeks, queue_waits, staff
from crmlab.show.theme import theme
from crmlab.words import LANGUAGES

DAY = dt.date(2026, 6, 17)


@pytest.fixture(scope="module")
def pictures(shop, result):
    from crmlab.grouping import value_tiers

    records = shop.table("service_records")
    calendar = care_calendar(shop, on=DAY, until=dt.date(2026, 9, 30), visit_cities=("shanghai",))
    day = busy_day(records, value_tiers(result), day=dt.date(2026, 6, 18))
    queues, ranking = compare_queues(day, agents=("A1", "A2", "A3")), rank_agents(records)
    theme()
    made = {
        lang: {"weeks": care_weeks(calendar, lang), "queue": queue_waits(queues, lang), "staff": staff(ranking, lang)}
        for lang in LANGUAGES
    }
    return made, calendar, queues, ranking


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["weeks", "queue", "staff"])
def test_labels_do_not_overlap(pictures, name, lang):
    figure = pictures[0][lang][name].figure
    figure.canvas.draw()
    for axes in figure.axes:
        for labels in (axes.get_xticklabels(), axes.get_yticklabels(), axes.texts):
            boxes = [label.get_window_extent() for label in labels if label.get_text() and label.get_visible()]
            for place, box in enumerate(boxes):
                assert not any(box.overlaps(other) for other in boxes[place + 1 :])


def test_alternative_texts_tell_the_figures(pictures):
    made, calendar, queues, ranking = pictures
    weeks = calendar.weeks()
    assert f"{len(calendar.due):,}" in made["zh"]["weeks"].alt
    assert f"{weeks.groupby('week')['tasks'].sum().max():,}" in made["en"]["weeks"].alt
    longest = queues.set_index(["rule", "value_tier"])["longest_wait"]
    assert f"{longest['strict'].max():.0f} minutes (low)" in made["en"]["queue"].alt
    assert f"最长等 {longest['ageing'].max():.0f} 分钟" in made["zh"]["queue"].alt
    assert f"{ranking.overall:.1%}" in made["en"]["staff"].alt


def test_bars_are_the_tasks_of_each_week(pictures):
    made, calendar, *_ = pictures
    panels = made["en"]["weeks"].figure.axes
    heights = sum(bar.get_height() for axes in panels for bar in axes.patches)
    assert heights == len(calendar.due)
    by_week = calendar.weeks().groupby("week")["tasks"].sum()
    assert len(panels[0].get_children()) > 0
    texts = [int(text.get_text().replace(",", "")) for axes in panels for text in axes.texts]
    assert sum(texts) == by_week.sum()


def test_nothing_to_draw_is_said(pictures):
    *_, queues, ranking = pictures
    shop = TinyShop(customers=[person("C1")])
    empty = care_calendar(shop, on=DAY, until=DAY)
    assert "nothing in these data" in care_weeks(empty, "en").alt.lower()
    assert "nothing in these data" in queue_waits(queues.iloc[:0], "en").alt.lower()
    few = type(ranking)(ranking.table.iloc[-1:], "resolved", 30, 0.9, 0, 0.95)
    assert "nothing in these data" in staff(few, "en").alt.lower()


def test_tables_have_words_for_every_code(pictures):
    _, calendar, queues, ranking = pictures
    for lang, said in {"zh": "电话", "en": "phone call"}.items():
        text = repr(table(calendar.told(lang), lang, rows=4000))
        assert said in text or "phone" in text
        assert not any(code in text for code in ("contract", "after_delivery"))
    zh = repr(table(queues, "zh", rows=20)) + repr(table(ranking.table, "zh"))
    assert not any(code in zh for code in ("ageing", "fifo", "strict", "no_difference", "too_few", "unknown", "mid"))
    reasons = repr(table(calendar.reasons("zh"), "zh", rows=50))
    assert not any(code in reasons for code in ("no_birthday", "none", "withdrawn", "open_complaint", "no_contact"))
