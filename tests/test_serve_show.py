"""The pictures of the plan say what they show, fit their frame, and show nothing where there is nothing."""

import pytest
from serving import CATALOGUE, plan_of, typed

from crmlab import show
from crmlab.show.serve import service_load, services_by_tier
from crmlab.words import LANGUAGES

SIGNS = {f"c{place:02}": ["tier.high", "R↓F↑M↑", "group.at_risk", "need.gift_wrap"] for place in range(6)}


@pytest.fixture(scope="module", autouse=True)
def themed():
    show.theme()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("picture", [service_load, services_by_tier])
def test_a_picture_names_its_largest_number(picture, lang):
    plan = plan_of(typed(), SIGNS, lang=lang)
    shown = picture(plan, lang)
    assert CATALOGUE.by_id["manager"].title[lang] in shown.alt
    assert ("180.00" if picture is service_load else "6") in shown.alt
    assert "{" not in shown.alt
    figure = shown.figure
    figure.draw_without_rendering()
    frame = figure.bbox
    for axes in figure.axes:
        for label in [*axes.get_yticklabels(), axes.title, *axes.texts]:
            box = label.get_window_extent()
            assert not label.get_text() or (box.x0 >= frame.x0 - 1 and box.x1 <= frame.x1 + 1)
        ends = [text.get_window_extent() for text in axes.texts]
        assert not any(one.overlaps(two) for place, one in enumerate(ends) for two in ends[:place])
    assert shown.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("picture", [service_load, services_by_tier])
def test_a_plan_without_services_of_their_own_has_nothing_to_draw(picture):
    plan = plan_of(typed(), SIGNS, personalised=False)
    assert CATALOGUE.by_id["manager"].title["en"] not in picture(plan, "en").alt
