"""Pages for every choice: exactly what the course's functions give, alive without a kernel, and without a person."""

import base64
import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from outbox_shop import MORNING, asked, box_of, customers, pseudonym, tiny_shop

from crmlab.collect.personal import PersonalData
from crmlab.collect.scan import find_personal_in
from crmlab.errors import DataError, ParameterError
from crmlab.grouping import choosing, cluster
from crmlab.grouping import explorer as explorer_room
from crmlab.grouping.explorer import explore_clusters
from crmlab.outbox import Sender
from crmlab.outbox.preview import previews
from crmlab.show.cluster_map import COLOURS, POINTS, SHAPES, ClusterMap
from crmlab.widgets.choices import Choices, Control, Page
from crmlab.widgets.inpage import alive_html
from crmlab.words import LANGUAGES, word

TEA = {"green": "green tea", "black": "<black> tea"}
DRAWING = '<svg viewBox="0 0 40 30" role="img" aria-label="a &lt; b"><text x="1" y="9">{}</text></svg>'
TRAITS = ("controls", "chosen", "pages", "parts")


def tea(chosen=("green", "1")):
    cups = Control("Cups", {"1": "one", "2": "two"}, slider=True)
    pages = {
        (leaf, cup): Page(f"{leaf} & {cup}", ("<b>shared</b>", DRAWING.format(leaf)), f"text of {leaf}")
        for leaf in TEA
        for cup in cups.options
    }
    return Choices([Control("Tea", TEA), cups], pages, chosen)


def shoppers(count=120):
    """Customers with R, F and M from three kinds of people, and one without spend."""
    draw = np.random.default_rng(1)
    kind = draw.integers(0, 3, count)
    table = pd.DataFrame({"customer_id": [f"c{place:04}" for place in range(count)]})
    table["recency_days"] = draw.poisson(np.array([8, 60, 250])[kind])
    table["frequency"] = 1 + draw.poisson(np.array([25, 8, 3])[kind])
    table["monetary"] = table["frequency"] * draw.integers(5_000, 12_000, count)
    table.loc[0, "monetary"] = 0
    return table


def state(widget):
    return {name: getattr(widget, name) for name in TRAITS}


def test_each_choice_has_its_page_and_equal_parts_are_kept_once():
    shown = tea()
    assert len(shown.pages) == 4
    assert len(shown.parts) == len(set(shown.parts)) == 4 + 1 + 2
    for leaf in TEA:
        for cup in ("1", "2"):
            shown.chosen = [leaf, cup]
            assert shown.said == f"{leaf} & {cup}"
            assert shown.page == f"<b>shared</b>{DRAWING.format(leaf)}"
    assert repr(shown) == "Tea: <black> tea; Cups: two\nblack & 2\ntext of black"


@pytest.mark.parametrize("chosen", [["green"], ["white", "1"], ["1", "green"], []])
def test_a_choice_without_a_page_is_refused_at_the_start_and_later(chosen):
    with pytest.raises(ParameterError, match="green"):
        tea(chosen)
    shown = tea()
    with pytest.raises(ParameterError, match="green"):
        shown.chosen = chosen
    assert shown.chosen == ["green", "1"]


def test_standing_still_it_has_its_sentence_and_pictures_that_untrusted_notebooks_show():
    page = BeautifulSoup(tea(["black", "2"]).still, "html.parser")
    assert [one.get_text() for one in page("p")] == ["Tea: <black> tea; Cups: two", "black & 2"]
    assert page("svg") == page("script") == page("select") == []
    (image,) = page("img")
    assert image["alt"] == "a < b"
    assert image["width"] == "40"
    drawn = ElementTree.fromstring(base64.b64decode(image["src"].partition("base64,")[2]))
    assert "".join(drawn.itertext()) == "black"


def test_the_state_is_plain_data_and_the_same_each_time():
    one, other = tea(), tea()
    assert json.loads(json.dumps(state(one))) == state(one) == state(other)
    assert len({one.model_id, other.model_id, tea(["black", "1"]).model_id}) == 3


def test_texts_cannot_run_in_the_page():
    pages = {("a",): Page("</script><img src=x onerror=1>", (), "")}
    shown = Choices([Control("<script>", {"a": "<b>"})], pages, ["a"])
    assert "<img" not in shown.still
    html = alive_html("m", {"m": {"state": state(shown) | {"_esm": shown._esm, "_css": "", "hides": []}}})
    assert html.count("</script>") == 1
    assert "<img src=x" not in html


@pytest.fixture(scope="module", autouse=True)
def few_trials():
    """Two trials for each number of clusters, here and in the course's functions beside."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "TRIALS", 2)
        yield


@pytest.fixture(scope="module")
def clusters():
    return explore_clusters(shoppers(), "en", seed=618)


def cells(page, kind):
    rows = BeautifulSoup(page, "html.parser").find("table", class_=kind)("tr")
    return [[cell.get_text().strip() for cell in row(["td", "th"])] for row in rows]


@pytest.mark.parametrize("features", ["recency_days frequency monetary", "frequency monetary"])
@pytest.mark.parametrize("k", [2, 3, 8])
def test_every_choice_is_what_the_course_gives(clusters, features, k):
    clusters.chosen = [str(k), features]
    found = cluster(shoppers(), k, features=features.split(), seed=618)
    _, *profile = cells(clusters.page, "profile")
    assert [int(row[0]) for row in profile] == found.profile["cluster"].tolist()
    assert [int(row[1]) for row in profile] == found.profile["customers"].tolist()
    for place, name in enumerate(features.split(), start=3):
        told = [float(re.sub("[^0-9.]", "", row[place])) for row in profile]
        assert told == [value / (100 if name == "monetary" else 1) for value in found.profile[name]]
    assert [row[-1] for row in profile] == found.in_words("en")["in_words"].tolist()
    for line in found.describe("en").splitlines():
        assert line in BeautifulSoup(clusters.page, "html.parser").get_text().replace("\u2212\u2060", "-")
    _, *tried = cells(clusters.page, "tried")
    for row, (_, asked_for) in zip(tried, found.tried.iterrows(), strict=True):
        assert (row[0], row[1]) == (str(asked_for["groups"]), f"{asked_for['silhouette']:.3f}")
        assert row[4:] == [f"{asked_for['prediction_strength']:.2f}", "yes" if asked_for["holds"] else "no"]
    (chosen,) = BeautifulSoup(clusters.page, "html.parser")("tr", class_="chosen")
    assert chosen.td.get_text() == str(k)
    holds = word("clusters.holds" if found.clear else "clusters.fails", "en", k=k)
    assert holds in clusters.said
    assert f"{found.profile['customers'][0]:,} customers" in clusters.said


def test_a_cut_is_what_the_course_clusters_into_so_many():
    table = shoppers()
    left_open = cluster(table, features=["recency_days", "monetary"], seed=618)
    for k in (2, 5, 7):
        asked_for = cluster(table, k, features=["recency_days", "monetary"], seed=618)
        cut = left_open.cut(k)
        pd.testing.assert_frame_equal(cut.table, asked_for.table)
        pd.testing.assert_frame_equal(cut.tried, asked_for.tried)
        assert cut.describe("zh") == asked_for.describe("zh")
        assert (cut.asked, cut.clear) == (asked_for.asked, asked_for.clear)


def test_the_choices_hold_one_number_that_holds_and_one_that_does_not(clusters):
    said = [clusters.parts[page[0]] for page in clusters.pages.values()]
    assert any(word("clusters.holds", "en", k=3) in one for one in said)
    assert any(word("clusters.fails", "en", k=8) in one for one in said)


def test_all_sets_of_two_or_more_features_can_be_chosen(clusters):
    slider, sets = clusters.controls
    assert slider["slider"]
    assert [value for value, _ in slider["options"]] == [str(k) for k in range(2, 9)]
    assert [value for value, _ in sets["options"]] == [
        *("recency_days frequency monetary", "recency_days frequency", "recency_days monetary", "frequency monetary"),
    ]
    assert len(clusters.pages) == 28
    assert len(json.dumps(state(clusters)).encode()) < 500_000
    clusters.chosen = ["2", "frequency monetary"]
    assert len(BeautifulSoup(clusters.page, "html.parser")("svg", role="img")) == 1


def test_the_map_draws_every_customer_in_the_shape_of_the_cluster():
    grid = pd.MultiIndex.from_product([[0, 2, 9, 40, 200], [1, 3, 9, 30]], names=["recency_days", "frequency"])
    table = grid.to_frame(index=False)
    labels = pd.Series([1] * 4 + [2] * 6 + [3] * 10)
    drawn = ClusterMap(table, "recency_days", "frequency", "en", "CNY")
    page = BeautifulSoup(drawn.opening() + drawn.clusters(labels) + "</svg>", "html.parser")
    assert "20 of 20" in page.svg["aria-label"]
    _, *paths = page("path")
    for number, path in enumerate(paths, start=1):
        assert path["d"].count(SHAPES[number - 1]) == path["d"].count("M") == (labels == number).sum()
        assert COLOURS[number - 1] in (path["fill"], path.get("stroke"))
    radii = [int(circle["r"]) for circle in page("circle")]
    assert radii == sorted(set(radii))
    spots = [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)", " ".join(path["d"] for path in paths))]
    width, height = (int(one) for one in page.svg["viewbox"].split()[2:])
    assert all(0 < x < width and 0 < y < height for x, y in spots)
    first, second = np.array(spots).T
    assert (table["recency_days"].rank(method="dense").to_numpy() == pd.Series(first).rank(method="dense")).all()
    assert (table["frequency"].rank(method="dense").to_numpy() == 5 - pd.Series(second).rank(method="dense")).all()


def test_of_many_customers_a_sample_is_drawn_and_it_says_so(monkeypatch):
    monkeypatch.setattr(explorer_room, "MANY", 60)
    table = shoppers(90)
    pair = {"features": ["recency_days", "frequency"], "seed": 7}
    shown = explore_clusters(table, "en", **pair)
    assert word("explorer.sample", "en", of=90, drawn=60, seed=7) in shown.said
    assert "60 customers in 4 clusters" in shown.page
    same = explore_clusters(table.sample(frac=1, random_state=3), "en", **pair)
    assert state(same) == state(shown)
    assert explore_clusters(table.sample(60, random_state=7), "en", **pair).page == shown.page


def test_a_map_of_many_draws_some_and_says_how_many():
    table = shoppers(POINTS + 100)
    drawn = ClusterMap(table, "recency_days", "monetary", "zh", "CNY")
    assert (
        word("clusters.map_alt", "zh", shown=POINTS, of=POINTS + 100, x="R 距上次购买（天）", y="M 净消费")
        in drawn.opening()
    )
    assert drawn.clusters(pd.Series(1, index=table.index)).count("M") <= POINTS


def test_a_choice_that_cannot_be_made_says_why():
    alike = pd.DataFrame({"customer_id": range(60), "visits": [1, 2, 30] * 20, "spend": [5, 9, 90] * 20})
    shown = explore_clusters(alike, "en", features=["visits", "spend"], seed=618)
    shown.chosen = ["3", "visits spend"]
    assert "<svg" in shown.page
    shown.chosen = ["4", "visits spend"]
    assert shown.page == ""
    with pytest.raises(ParameterError) as refused:
        cluster(alike, 4, features=["visits", "spend"], seed=618)
    assert shown.said == refused.value.message("en")


@pytest.mark.parametrize("features", [["frequency"], ["recency_days", "frequency", "monetary", "a", "b"]])
def test_too_few_and_too_many_features_are_refused(features):
    with pytest.raises(ParameterError, match=str(len(features))):
        explore_clusters(shoppers(), "en", features=features, seed=618)


def test_wrong_customers_are_refused_as_the_course_refuses_them():
    with pytest.raises(DataError):
        explore_clusters(pd.concat([shoppers(20)] * 2), "en", seed=618)
    with pytest.raises(ParameterError):
        explore_clusters(shoppers(20), "en", seed=-1)


ROWS = [(who, "coupon", channel) for who in ("C1", "C2") for channel in ("email", "sms", "onsite")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_messages_of_each_customer_are_the_preview_and_hold_no_person(tmp_path, lang):
    people = customers({"name": "<罗示丁>"}, {"language": "en"}, {})
    box = box_of(tmp_path, tiny_shop(3, customers=people), sender=Sender.example(lang), lang=lang)
    box.put(asked(*ROWS, ("C3", "coupon", "sms"), code="ABCDEFGH234567AB"), at=MORNING)
    shown = previews(box, lang)
    most, fewest, english = [pseudonym("C1")], [pseudonym("C3")], [pseudonym("C2")]
    assert list(shown.pages) == (most + fewest + english if lang == "zh" else english + most + fewest)
    for customer in shown.pages:
        shown.chosen = [customer]
        assert shown.page == box.preview(customer, lang)._repr_html_()
        assert repr(box.preview(customer, lang)) in repr(shown)
        assert str(len(box.preview(customer, lang).messages)) in shown.said
    for text in (json.dumps(state(shown), ensure_ascii=False), json.dumps(state(shown)), shown.still):
        assert find_personal_in(text, PersonalData.of_customers(people)).empty
        assert "ABCDEFGH" not in text
    assert word("world.suppressed_channel.email", lang) in dict(shown.controls[0]["options"])[pseudonym("C1")]


def test_the_customers_can_be_named_and_without_messages_there_is_nothing(tmp_path):
    box = box_of(tmp_path, tiny_shop(3))
    with pytest.raises(DataError):
        previews(box)
    box.put(asked(*ROWS), at=MORNING)
    assert list(previews(box, customers=[pseudonym("C2")]).pages) == [pseudonym("C2")]
    assert list(previews(box).pages) == sorted([pseudonym("C1"), pseudonym("C2")])


def test_no_more_than_a_dozen_customers_are_offered(tmp_path):
    box = box_of(tmp_path, tiny_shop(14))
    box.put(asked(*((f"C{number}", "coupon", "sms") for number in range(1, 15))), at=MORNING)
    assert list(previews(box).pages) == sorted(pseudonym(f"C{number}") for number in range(1, 15))[:12]


def test_widgets_load_with_the_explorers_only():
    rooms = "crmlab.grouping, crmlab.outbox.preview, crmlab.serve, crmlab.show"
    code = f"import sys, {rooms}; print('anywidget' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
