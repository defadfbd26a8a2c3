"""Pictures of the eight combinations: what is drawn is what the summary says, in both languages, at any size."""

import numpy as np
import pandas as pd
import pytest

from crmlab import check_settings, open_data, show, type_customers
from crmlab.rfm import RFM, retype
from crmlab.show.combinations import recency_frequency_heat, treemap
from crmlab.show.theme import TYPE_COLOURS

AS_OF = "2026-06-17"
PICTURES = (treemap, recency_frequency_heat, show.recency_frequency, show.types, show.distributions)


@pytest.fixture(scope="module", autouse=True)
def theme():
    show.theme()


@pytest.fixture(scope="module")
def result():
    shop = open_data(check_settings(data="teaching"))
    return type_customers(shop.orders, as_of=shop.as_of, window=365, currency=shop.currency, **shop.columns)


def orders(spend: dict[str, list[float]]) -> pd.DataFrame:
    """One order of each amount per customer, on days apart."""
    rows = [(name, f"{name}{place}", amount) for name, all_ in spend.items() for place, amount in enumerate(all_)]
    frame = pd.DataFrame(rows, columns=["customer_id", "order_id", "amount"])
    days = pd.to_timedelta(np.arange(len(frame)) * 3 % 40, "D")
    return frame.assign(order_date=pd.Timestamp(AS_OF) - days)


def boxes(axes) -> dict[str, float]:
    """Area of the boxes by the combination that has their colour."""
    from matplotlib.colors import to_hex

    names = {colour.lower(): name for name, colour in TYPE_COLOURS.items()}
    return {names[to_hex(box.get_facecolor())]: box.get_width() * box.get_height() for box in axes.patches}


@pytest.fixture(scope="module")
def odd() -> list[tuple[str, RFM]]:
    """One customer; money below 0; customers without an order in the window."""
    poor = orders({"a": [5, 5], "b": [3], "c": [0, 0, 0]})
    gone = orders({"a": [5] * 9, "b": [3]})
    return [
        ("zh", type_customers(orders({"a": [12.5]}), as_of=AS_OF)),
        ("en", type_customers(poor.assign(refund=poor["amount"] + 1), as_of=AS_OF, refund="refund")),
        ("zh", type_customers(gone, as_of=AS_OF, window=6, population="history")),
    ]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.__name__)
def test_odd_results_are_drawn(picture, odd):
    for lang, result in odd:
        drawn = picture(result, lang)
        assert drawn.png().startswith(b"\x89PNG")
        assert len(drawn.alt) > 10
        assert "nan" not in drawn.alt


def test_areas_are_the_shares_of_the_summary(result):
    summary = result.summary("en").set_index("marks")
    customers, money = treemap(result, "en").figure.axes
    for axes, column in ((customers, "customer_share"), (money, "monetary_share")):
        areas = boxes(axes)
        whole = sum(areas.values())
        assert {name: area / whole for name, area in areas.items()} == pytest.approx(summary[column].to_dict())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_box_has_its_marks_or_a_number_that_is_listed(lang):
    spend = {f"big{place}": [900 + place] * 9 for place in range(200)} | {"x": [1], "y": [4000], "z": [1] * 8}
    result = type_customers(orders(spend), as_of=AS_OF)
    picture = treemap(result, lang)
    beneath = picture.figure.get_supxlabel()
    listed = dict(line.split(" ")[:2] for part in beneath.splitlines() for line in part.split("    "))
    assert listed
    for axes in picture.figure.axes:
        written = [text.get_text() for text in axes.texts]
        assert len(written) == len(axes.patches)
        for text, colour in zip(written, boxes(axes), strict=True):
            assert listed.get(text, text.splitlines()[0]) == colour
    share = result.summary(lang).set_index("marks").loc[listed["1"], "customer_share"]
    assert f"{share:.1%}" in beneath


def test_words_stay_inside_their_boxes(result):
    for lang in ("zh", "en"):
        figure = treemap(result, lang).figure
        figure.draw_without_rendering()
        for axes in figure.axes:
            for text, box in zip(axes.texts, axes.patches, strict=True):
                inside, around = text.get_window_extent(), box.get_window_extent()
                assert around.x0 <= inside.x0 <= inside.x1 <= around.x1
                assert around.y0 <= inside.y0 <= inside.y1 <= around.y1


def test_money_that_is_not_above_zero_is_named_instead_of_drawn():
    paid = orders({"a": [50] * 5, "b": [3], "c": [300]})
    result = type_customers(
        paid.assign(refund=paid["amount"].where(paid["customer_id"] == "b", 0) * 2), as_of=AS_OF, refund="refund"
    )
    summary = result.summary("en")
    (lost,) = summary.loc[summary["monetary"] < 0, "marks"]
    picture = treemap(result, "en")
    assert lost in boxes(picture.figure.axes[0])
    assert lost not in boxes(picture.figure.axes[1])
    assert f"{lost}: money not above 0" in picture.alt
    assert f"{lost}: money not above 0" in picture.figure.get_supxlabel()


@pytest.mark.parametrize("split", ["mean", "quantile"])
def test_cells_hold_all_customers_and_all_money_and_thresholds_part_the_marks(result, split):
    typed = retype(result, split=split)
    (axes,) = recency_frequency_heat(typed, "en").figure.axes
    across, upward = ([tick.get_text() for tick in ticks] for ticks in (axes.get_xticklabels(), axes.get_yticklabels()))
    cells = {}
    for text in axes.texts:
        if "\n" in text.get_text():
            x, y = text.get_position()
            cells[int(y), int(x)] = [int(number.replace(",", "")) for number in text.get_text().splitlines()]
    table = typed.customers
    vertical, horizontal = axes.lines
    r_edge, f_edge = int(vertical.get_xdata()[0]), int(horizontal.get_ydata()[0])

    def bounds(name: str) -> tuple[int, int]:
        low, _, high = name.partition("–")
        return int(low), int(high or low)

    for (row, column), (customers, money) in cells.items():
        own = table[
            table["recency_days"].between(*bounds(across[column])) & table["frequency"].between(*bounds(upward[row]))
        ]
        assert len(own) == customers
        assert abs(own["monetary"].sum() / 100 - money) <= 0.5
        assert set(own["r_mark"]) == {"↑" if column >= r_edge else "↓"}
        assert set(own["f_mark"]) == {"↑" if row >= f_edge else "↓"}
    assert sum(customers for customers, _ in cells.values()) == len(table)
    assert len(across) == 6
    if split == "mean":
        limits = typed.thresholds
        assert limits["recency_days"].at_least not in set(table["recency_days"])
        assert bounds(across[r_edge])[0] == limits["recency_days"].at_least
        assert bounds(across[r_edge - 1])[1] == limits["recency_days"].at_least - 1
        assert bounds(upward[f_edge])[0] == limits["frequency"].at_least


def test_the_scatter_shows_thresholds_in_days_and_orders_and_names_its_sample(result):
    scored = retype(result, split="quantile")
    (axes,) = show.recency_frequency(scored, "en").figure.axes
    vertical, horizontal = axes.lines
    edges = {"recency_days": vertical.get_xdata()[0], "frequency": horizontal.get_ydata()[0]}
    for (name, edge), mark in zip(edges.items(), ("r_mark", "f_mark"), strict=True):
        groups = scored.customers.groupby(mark)[name]
        assert groups.max()["↓"] < edge <= groups.min()["↑"]
    assert axes.get_title(loc="left") == f"Each point is a customer ({len(scored.customers):,})"
    many = type_customers(orders({f"c{place}": [place % 7 + 1] for place in range(4100)}), as_of=AS_OF)
    (axes,) = show.recency_frequency(many, "en").figure.axes
    assert "4,000 drawn at random of 4,100" in axes.get_title(loc="left")


def test_letters_can_be_read_on_every_colour():
    """Contrast of at least 4.5 to 1, as WCAG 2 asks of text."""
    from matplotlib.colors import to_rgb

    from crmlab.show.picture import readable_on

    def luminance(colour: str) -> float:
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
        return float(np.dot((0.2126, 0.7152, 0.0722), linear))

    for colour in TYPE_COLOURS.values():
        low, high = sorted((luminance(colour), luminance(readable_on(colour))))
        assert (high + 0.05) / (low + 0.05) >= 4.5
