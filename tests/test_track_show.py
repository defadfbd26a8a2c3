"""Pictures of a campaign: both languages, numbers in the alternative text, drawn values, nothing over the edge."""

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from crmlab import show
from crmlab.show.track import (
    campaign_arms,
    campaign_balance,
    campaign_effects,
    peeking_curve,
    sample_size_curve,
)
from crmlab.track import Campaign, Observed, false_alarms
from crmlab.track.effects import UNKNOWN
from crmlab.words import LANGUAGES
from crmlab.world.aftermath import aftermath


@pytest.fixture(scope="module", autouse=True)
def theme():
    show.theme()


@pytest.fixture(scope="module")
def campaign(result):
    return Campaign("seen", group=result.customers, message="m", starts_on=dt.date(2026, 6, 18), holdout=0.4)


@pytest.fixture(scope="module")
def after(shop, result, campaign):
    return aftermath(shop, result, campaign, effect={4: 0.3})


@pytest.fixture(scope="module")
def verdict(campaign, after):
    return campaign.verdict(after)


@pytest.fixture(scope="module")
def observed():
    table = pd.DataFrame({"characteristic": ["orders_before", "days_since_last"], "standard_difference": [0.8, -0.05]})
    day = dt.date(2026, 6, 1)
    return Observed("7", day, day, table, table, *[UNKNOWN] * 3, 0, 0, 0, 0, 0.0, "CNY")


def outside(picture):
    """Words over the edge of the figure, and rows whose labels touch."""
    figure = picture.figure
    FigureCanvasAgg(figure).draw()
    beyond = {label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in _not_drawn(axis)}
    words = [text for text in set(figure.findobj(Text)) - beyond if text.get_visible() and text.get_text()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in words]
    found = [text for text, box in boxes if box.x0 < -1 or box.x1 > figure.bbox.x1 + 1]
    labels = [label.get_window_extent() for label in figure.axes[0].get_yticklabels() if label not in beyond]
    return found + [pair for pair in pairwise(labels) if pair[0].overlaps(pair[1])]


def _not_drawn(axis):
    """Labels of ticks beyond the ends of an axis."""
    low, high = sorted(axis.get_view_interval())
    return {label for tick in axis.get_major_ticks() for label in (tick.label1, tick.label2)
            if not low <= tick.get_loc() <= high}  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pictures_fit_and_speak_both_languages(lang, verdict, after, campaign, observed):
    alarms = false_alarms(0.2, treated=100, held_out=100, looks=5, draws=200)
    pictures = [
        campaign_effects(verdict, lang, planted=after.planted),
        campaign_effects(verdict, lang),
        campaign_arms(verdict, lang),
        sample_size_curve(campaign, 0.15, lang),
        peeking_curve(alarms, lang),
        campaign_balance(observed, lang),
    ]
    assert [outside(picture) for picture in pictures] == [[]] * len(pictures)
    assert all(len(picture.alt) > 20 for picture in pictures)


def test_the_forest_shows_the_table(verdict, after):
    axes = campaign_effects(verdict, "en", planted=after.planted).figure.axes[0]
    rows = verdict.table.iloc[::-1]
    drawn = [(line.get_ydata()[0], line.get_xdata()) for line in axes.lines if line.get_linestyle() == "-"]
    intervals = [[end / 100 for end in ends] for _, ends in drawn if len(ends) == 2 and list(ends) != [0, 0]]
    assert intervals == [pytest.approx(pair) for pair in rows[["extra_low_share", "extra_high_share"]].values.tolist()]
    points = [line.get_xdata()[0] / 100 for line in axes.lines if line.get_marker() == "o"]
    assert points == pytest.approx(rows["extra_share"].tolist())
    assert f"{100 * verdict.share.estimate:+.1f} points" in campaign_effects(verdict, "en").alt


def test_the_curve_starts_where_the_formula_does(campaign):
    axes = sample_size_curve(campaign, 0.15, "en").figure.axes[0]
    assert [line.get_label() for line in axes.lines[:2]] == ["50% held out", "40% held out"]
    lifts, counts = axes.lines[1].get_data()
    five = list(lifts).index(5.0)
    assert counts[five] == campaign.needed(0.15, 0.05)["customers"]
    halved = sample_size_curve(replace(campaign, holdout=0.5), 0.15, "en").figure.axes[0]
    assert [line.get_label() for line in halved.lines] == ["50% held out", f"this campaign has {len(campaign.group):,}"]
    assert f"{campaign.needed(0.15)['customers']:,} customers" in sample_size_curve(campaign, 0.15, "en").alt


def test_where_there_is_nothing_to_draw_the_picture_says_so():
    group = pd.DataFrame({"customer_id": ["a", "b"], "type": [4, 4]})
    tiny = Campaign("tiny", group=group, message="m", starts_on=dt.date(2026, 6, 18))
    orders = pd.DataFrame(
        {"customer_id": ["a"], "order_id": ["1"], "order_date": pd.Timestamp("2026-06-20"), "amount": 1}
    )
    found = tiny.verdict(orders)
    empty = [campaign_effects(found, "en"), campaign_arms(found, "en"), sample_size_curve(tiny, 1.0, "en")]
    assert all("there is nothing in these data to draw" in picture.alt for picture in empty)


def test_balance_names_the_worst(observed):
    alt = campaign_balance(observed, "en").alt
    assert "1 of 2" in alt
    assert "orders before, +0.80" in alt


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tables_are_shown_in_words(lang, verdict):
    for frame in (verdict.table, verdict.money_table, verdict.costs, verdict.campaign.strata):
        shown = repr(show.table(frame, lang, rows=9))
        assert "type_4" not in shown
        assert "_share" not in shown
        assert "_money" not in shown
        assert "R↑F↑M↑" in shown
