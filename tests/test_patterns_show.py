"""The pictures of what customers buy: both languages, an alternative text with the numbers, nothing over the edge."""

from itertools import pairwise

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from crmlab import type_customers
from crmlab.course.settings import check_settings
from crmlab.data import open_data
from crmlab.patterns import bought_together, popular, purchase_lines, retention, trend
from crmlab.show import theme
from crmlab.show.patterns import cohorts, demand, pairs, popularity

LANGUAGES = ("zh", "en")


@pytest.fixture(scope="module")
def found():
    """The results of the teaching data, and the names of the products by language."""
    theme()
    shop = open_data(check_settings(data="teaching"))
    result = type_customers(shop.orders, as_of=shop.as_of, window=365, **shop.columns)
    lines = purchase_lines(shop.orders, result, history=True, **shop.goods_columns)
    products = shop.table("products").set_index("product_id")
    return {
        "names": {lang: products[f"name_{lang}"].to_dict() for lang in LANGUAGES},
        "cohorts": retention(result),
        "demand": trend(lines, "category"),
        "popularity": popular(lines),
        "pairs": bought_together(lines),
    }


def texts(figure):
    """Every text of a figure that is seen, with its box, once drawn; a tick beyond the axis is not."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    beyond = {
        label
        for axes in figure.axes
        for place, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=False)
        if not axes.get_xlim()[0] <= place <= axes.get_xlim()[1]
    }
    every = set(figure.findobj(Text)) - beyond
    return [(text.get_text(), text.get_window_extent()) for text in every if text.get_visible() and text.get_text()]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("draw", [cohorts, demand, popularity, pairs])
def test_pictures_keep_every_word_inside_and_labels_apart(found, draw, lang):
    more = {"names": found["names"][lang]} if draw in (popularity, pairs) else {}
    picture = draw(found[draw.__name__], lang, **more)
    edge = picture.figure.bbox
    for text, box in texts(picture.figure):
        assert box.x0 >= edge.x0 - 1, text
        assert box.x1 <= edge.x1 + 1, text
    for axes in picture.figure.axes:
        boxes = [label.get_window_extent() for label in axes.get_yticklabels() if label.get_visible()]
        assert not any(one.overlaps(other) for one, other in pairwise(boxes))


@pytest.mark.parametrize("draw", [cohorts, popularity, pairs])
def test_letters_have_nine_points_on_a_page_nine_inches_wide(found, draw):
    figure = draw(found[draw.__name__], "en").figure
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text()]
    assert min(sizes) * min(1, 9 / figure.get_figwidth()) >= 9


def test_the_axis_of_demand_says_what_is_counted(found):
    assert demand(found["demand"], "zh").figure.get_supylabel() == "每月净消费（元）"


def test_alternative_texts_tell_the_numbers(found):
    mean = found["cohorts"].mean().set_index("month_no")["customers_share"]
    assert f"month 1 {mean[1]:.0%}" in cohorts(found["cohorts"], "en").alt
    best = found["pairs"].pairs.iloc[0]
    assert f"{best['orders']:,}" in pairs(found["pairs"], "zh").alt
    assert best["first"] in pairs(found["pairs"], "zh").alt
    top = found["popularity"].top(1).iloc[0]
    assert top["by_money"] in popularity(found["popularity"], "en").alt
    assert found["demand"].describe("zh") in demand(found["demand"], "zh").alt


def test_things_in_every_ranking_are_blue(found):
    picture = popularity(found["popularity"], "en", rows=8)
    tops = found["popularity"].top(8).drop(columns="rank")
    everywhere = set.intersection(*(set(tops[column]) for column in tops))
    assert 0 < len(everywhere) < 8
    for axes in picture.figure.axes:
        blue = sum(bar.get_facecolor()[2] > 0.68 and bar.get_facecolor()[0] < 0.1 for bar in axes.patches)
        assert blue == len(everywhere)


def test_small_cohorts_carry_a_star_and_months_to_come_stay_blank(small):
    theme()
    found = retention(type_customers(small, as_of="2026-06-17"))
    axes = cohorts(found, "en").figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["2026-01 (1)*", "2026-03 (1)*"]
    assert len(axes.texts) == found.shares.iloc[:, 1:].notna().sum(axis=None)


def test_without_data_there_is_a_picture_that_says_so():
    theme()
    orders = pd.DataFrame(
        {"customer_id": "a", "order_id": ["1"], "order_date": pd.Timestamp("2026-06-01"), "amount": 5, "goods": "x"}
    )
    result = type_customers(orders, as_of="2026-06-17")
    lines = purchase_lines(orders, result, product="goods")
    for picture in (cohorts(retention(result), "en"), pairs(bought_together(lines), "en")):
        assert "nothing in these data to draw" in picture.alt


def test_more_than_nine_series_are_named_as_the_largest():
    theme()
    days = pd.date_range("2025-09-01", "2026-05-01", freq="MS")
    orders = pd.concat(
        pd.DataFrame({"order_date": days, "amount": size + 1, "goods": f"g{size:02}"}) for size in range(11)
    )
    orders = orders.assign(customer_id="a", order_id=range(len(orders)))
    lines = purchase_lines(orders, type_customers(orders, as_of="2026-05-31"), category="goods")
    figure = demand(trend(lines, "category"), "en").figure
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [f"g{size:02}" for size in range(10, 1, -1)]
    assert "the largest 9 of 11" in figure.get_suptitle()
