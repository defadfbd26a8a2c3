"""Migration: moves planted by hand, sums that agree with both periods for any orders, and what chance alone gives."""

import datetime as dt
from itertools import combinations
from math import isnan

import numpy as np
import pandas as pd
import polars as pl
import pytest
from golden import AS_OF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kinds import KINDS
from matplotlib.backends.backend_agg import FigureCanvasAgg
from purchases import purchases
from sklearn.metrics import cohen_kappa_score

from crmlab import DataError, ParameterError, show, type_customers
from crmlab.movement import migrate_periods, migration
from crmlab.rfm import COMBINATIONS, retype
from crmlab.show.movement import migration_flow, migration_heat

EIGHT = sorted(COMBINATIONS)
BOUGHT = [
    ("a", 40, 100), ("a", 50, 100), ("b", 35, 100), ("e", 58, 30),
    ("a", 2, 50), ("b", 4, 200), ("b", 20, 100), ("n", 25, 40),
]  # fmt: skip
"""Customer, days before the reference date, yuan. From 30 days to the next 30 days: a R↓F↑M↑ to R↓F↓M↓, b R↓F↓M↓ to
R↓F↑M↑, e R↑F↓M↓ to nowhere, n from nowhere to R↑F↓M↓."""


def lines(bought=BOUGHT) -> pd.DataFrame:
    return purchases(bought, AS_OF)


@pytest.fixture(scope="module")
def found():
    return migrate_periods(type_customers(lines(), as_of=AS_OF), days=30)


@pytest.mark.parametrize("kind", KINDS)
def test_planted_moves_on_every_kind_and_for_shuffled_rows(kind, tmp_path):
    shuffled = lines().sample(frac=1, random_state=3).reset_index(drop=True)
    found = migrate_periods(type_customers(KINDS[kind](shuffled, tmp_path), as_of=AS_OF), days=30)
    assert found.customers.to_numpy().tolist() == [
        ["a", "R↓F↑M↑", "R↓F↓M↓", 20_000, 5_000],
        ["b", "R↓F↓M↓", "R↓F↑M↑", 10_000, 30_000],
        ["e", "R↑F↓M↓", "left", 3_000, 0],
        ["n", "new", "R↑F↓M↓", 0, 4_000],
    ]
    moves = found.cells[found.cells["customers"] > 0].sort_values("monetary_change")
    columns = ["from_marks", "to_marks", "customers", "monetary_before", "monetary_after", "monetary_change"]
    assert moves[columns].to_numpy().tolist() == [
        ["R↓F↑M↑", "R↓F↓M↓", 1, 20_000, 5_000, -15_000],
        ["R↑F↓M↓", "left", 1, 3_000, 0, -3_000],
        ["new", "R↑F↓M↓", 1, 0, 4_000, 4_000],
        ["R↓F↓M↓", "R↓F↑M↑", 1, 10_000, 30_000, 20_000],
    ]
    assert (found.both, found.stayed, found.stayed_share) == (2, 0, 0.0)
    assert (found.chance_share, found.chance_interval, found.kappa) == (0.5, (0.0, 1.0), -1.0)
    expected = found.cells.set_index(["from_marks", "to_marks"])["expected"]
    assert expected["R↓F↑M↑", "R↓F↑M↑"] == expected["R↓F↑M↑", "R↓F↓M↓"] == 0.5
    assert expected.sum() == 2
    assert expected.isna().sum() == 16


LINES = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 59), st.sampled_from([-20, 0, 1, 5, 80])),
    min_size=2, max_size=30,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(bought=LINES, days=st.sampled_from([10, 30]), population=st.sampled_from(["window", "history"]))
def test_sums_are_those_of_the_two_periods(bought, days, population):
    bought = [*bought, ("a", 3, 1), ("b", days + 3, 1)]
    result = type_customers(pl.from_pandas(lines(bought)), as_of=AS_OF, population=population)
    later = retype(result, window=days)
    earlier = retype(result, as_of=AS_OF - dt.timedelta(days=days), window=days)
    found = migration(earlier, later)
    earlier, later = (one.summary().set_index("marks") for one in (earlier, later))
    counts = found.counts
    assert counts.index.tolist() == [*later.index, "new"]
    assert counts.columns.tolist() == [*later.index, "left"]
    assert counts.sum(axis="columns")[EIGHT].to_dict() == earlier["customers"][EIGHT].to_dict()
    assert counts.sum()[EIGHT].to_dict() == later["customers"][EIGHT].to_dict()
    assert counts.loc["new", "left"] == 0
    cells = found.cells
    assert (
        cells["monetary_before"].groupby(cells["from_marks"]).sum()[EIGHT].to_dict()
        == earlier["monetary"][EIGHT].to_dict()
    )
    assert (
        cells["monetary_after"].groupby(cells["to_marks"]).sum()[EIGHT].to_dict() == later["monetary"][EIGHT].to_dict()
    )
    assert cells["monetary_change"].sum() == later["monetary"].sum() - earlier["monetary"].sum()
    assert counts.to_numpy().sum() == len(found.customers) == cells["customers"].sum()
    everyone = [found.members(row.from_marks, row.to_marks) for row in cells.itertuples()]
    assert [len(own) for own in everyone] == cells["customers"].tolist()
    assert sorted(pd.concat(everyone)["customer_id"]) == sorted(found.customers["customer_id"])
    both = found.customers[(found.customers["from_marks"] != "new") & (found.customers["to_marks"] != "left")]
    if population == "history":
        assert counts["left"].sum() == 0
    if len(both):
        names = both[["from_marks", "to_marks"]].astype("str")
        assert found.stayed == (names["from_marks"] == names["to_marks"]).sum()
        assert cells["expected"].sum() == pytest.approx(len(both))
        low, high = found.chance_interval
        assert 0 <= low <= found.chance_share + 1e-9
        assert found.chance_share - 1e-9 <= high <= 1
        if found.chance_share < 1:
            assert found.kappa == pytest.approx(cohen_kappa_score(names["from_marks"], names["to_marks"]))
            agreement = (found.stayed_share - found.chance_share) / (1 - found.chance_share)
            assert found.kappa == pytest.approx(agreement)


def test_the_same_result_twice_moves_nobody():
    result = type_customers(lines(), as_of=AS_OF)
    found = migration(result, result)
    assert found.stayed_share == found.kappa == 1
    assert found.counts.loc["new"].sum() == found.counts["left"].sum() == 0
    assert (found.cells["monetary_change"] == 0).all()
    assert found.counts.to_numpy().sum() == np.trace(found.counts.to_numpy()) == 4


def test_chance_has_the_interval_of_random_pairs():
    draw = np.random.default_rng(5)
    bought = [(f"c{number:03}", int(days), int(draw.integers(1, 400))) for number in range(300)
              for days in (*draw.integers(0, 30, 2), *draw.integers(30, 60, 2))]  # fmt: skip
    result = type_customers(lines(bought), as_of=AS_OF)
    found = migrate_periods(result, days=30)
    both = found.customers.query("from_marks != 'new' and to_marks != 'left'")
    before, after = both["from_marks"].to_numpy().astype(str), both["to_marks"].to_numpy().astype(str)
    shares = [(before == draw.permutation(after)).mean() for _ in range(2000)]
    assert found.chance_interval == pytest.approx(np.quantile(shares, [0.025, 0.975]), abs=0.01)
    assert found.chance_share == pytest.approx(np.mean(shares), abs=0.003)
    assert found.chance_interval == migrate_periods(result, days=30).chance_interval
    assert found.chance_interval[0] <= found.stayed_share <= found.chance_interval[1]


def test_one_combination_for_all_has_no_kappa():
    found = migrate_periods(type_customers(lines([("a", 40, 5), ("a", 4, 5)]), as_of=AS_OF), days=30)
    assert found.stayed_share == found.chance_share == 1
    assert isnan(found.kappa)
    assert "nan" not in found.describe("en")


def test_nobody_in_both():
    found = migrate_periods(type_customers(lines([("a", 40, 5), ("b", 4, 5)]), as_of=AS_OF), days=30)
    assert (found.both, found.stayed) == (0, 0)
    assert isnan(found.kappa)
    assert isnan(found.stayed_share)
    assert "nan" not in found.describe("en") + found.describe("zh")
    assert "0 in both, 1 left, 1 new" in found.describe("en")
    show.theme()
    assert migration_flow(found, "en").png()
    assert "chance" not in migration_heat(found, "en").alt


@pytest.mark.parametrize(("back", "window", "told"), [
    (30, 30, "One follows the other"),
    (20, 30, "overlap by 10 days"),
    (20, 60, "overlap by 40 days"),
    (35, 30, "5 days lie between"),
    (20, None, "overlap by 39 days"),
    (0, 30, "overlap by 30 days"),
])  # fmt: skip
def test_how_the_periods_lie_is_told(back, window, told):
    result = type_customers(lines(), as_of=AS_OF, window=window)
    found = migration(retype(result, as_of=AS_OF - dt.timedelta(days=back)), result)
    assert told in found.describe("en").splitlines()[0]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_in_words(found, lang):
    told = found.describe(lang).splitlines()
    assert [part in told[0] for part in ("2026-04-19", "2026-05-18", "2026-05-19", "2026-06-17")] == [True] * 4
    for number in ("3 ", "2 ", "1 "):
        assert number in told[1]
    for number in ("0.0%", "50.0%", "100.0%", "-1.00"):
        assert number in told[2]
    for number in ("330.00", "390.00", "60.00", "50.00", "40.00", "-"):
        assert number in told[3]
    assert "2026-04-20" in told[4]
    assert len(told) == 5
    table = found.table(lang)
    assert table.columns.tolist() == ["from_marks", "name", *found.counts.columns, "total"]
    assert table["from_marks"].tolist() == [*found.counts.index, "total"]
    assert table["total"].tolist()[-1] == 4
    assert table["name"].iloc[0] == {"zh": "重要维护客户", "en": "key customers to maintain"}[lang]
    assert table["name"].iloc[-2] == {"zh": "新来", "en": "new"}[lang]


def test_given_names_and_differing_settings_are_told():
    orders = lines()
    one = type_customers(orders[orders["order_date"] < "2026-05-19"], as_of="2026-05-18", window=30)
    two = type_customers(orders, as_of=AS_OF, window=40, split="median", names={"R↓F↓M↓": "small and new"})
    found = migration(one, two)
    assert "settings: window, split" in found.describe("en")
    assert "small and new" in found.table("en")["name"].tolist()
    assert found.differing == ("window", "split")


def test_what_cannot_be_compared():
    result = type_customers(lines(), as_of=AS_OF)
    earlier = retype(result, as_of=AS_OF - dt.timedelta(days=30))
    with pytest.raises(ParameterError) as caught:
        migration(result, earlier)
    assert caught.value.key == "periods_order"
    with pytest.raises(ParameterError) as caught:
        migration(earlier, type_customers(lines(), as_of=AS_OF, currency="USD"))
    assert caught.value.key == "two_currencies"
    numbers = lines().assign(customer_id=lambda frame: frame["customer_id"].map(ord))
    with pytest.raises(DataError) as caught:
        migration(earlier, type_customers(numbers, as_of=AS_OF))
    assert caught.value.key == "two_id_types"
    with pytest.raises(DataError) as caught:
        migrate_periods(result, days=100)
    assert caught.value.key == "no_order_yet"
    with pytest.raises(ParameterError, match="days"):
        migrate_periods(result, days=None)
    for cell in (("left", "R↓F↑M↑"), ("R↓F↑M↑", "new"), ("R↓F↑M↑", "")):
        with pytest.raises(ParameterError):
            migration(result, result).members(*cell)


@pytest.fixture(scope="module")
def crowd():
    """Hundreds of customers, most of whom do the same in both periods."""
    draw = np.random.default_rng(8)
    bought = [(f"c{number:03}", days + shift, yuan)
              for number in range(300)
              for days, yuan in zip(draw.integers(0, 30, 1 + number % 4), draw.integers(1, 900, 4), strict=False)
              for shift in ((0, 30) if number % 7 else (30 * (number % 2),))]  # fmt: skip
    return migrate_periods(type_customers(lines(bought), as_of=AS_OF), days=30)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("picture", [migration_flow, migration_heat])
def test_pictures_say_what_they_show_and_no_label_lies_on_another(crowd, found, picture, lang):
    show.theme()
    for one in (crowd, found):
        drawn = picture(one, lang)
        canvas = FigureCanvasAgg(drawn.figure)
        canvas.draw()
        for axes in drawn.figure.axes:
            texts = [*axes.get_xticklabels(), *axes.get_yticklabels(), *axes.texts, axes.title, axes.xaxis.label]
            boxes = [text.get_window_extent() for text in texts if text.get_text()]
            assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
            assert all(box.x0 >= 0 and box.x1 <= canvas.get_width_height()[0] for box in boxes)
        for number in (one.both, one.counts["left"].sum(), one.counts.loc["new"].sum()):
            assert f"{number:,}" in drawn.alt
        assert f"{one.stayed_share:.0%}" in drawn.alt


def test_bands_and_tips_hold_every_customer(crowd):
    show.theme()
    drawn = migration_flow(crowd, "en")
    small = crowd.counts.where(crowd.counts < 0.01 * crowd.counts.to_numpy().sum(), 0).to_numpy()
    assert small.sum() > 0
    axes = drawn.figure.axes[0]
    assert f"{small.sum():,} customers in all" in axes.get_xlabel()
    drawn_bars = [bar for container in axes.containers for bar in container]
    bars = [bar.get_height() for bar in drawn_bars]
    assert len(bars) == 18
    tips = [patch for patch in axes.patches if type(patch).__name__ == "Polygon"]
    bands = [patch for patch in axes.patches if type(patch).__name__ == "PathPatch"]
    assert len(bands) == (crowd.counts.to_numpy() > 0).sum() - (small > 0).sum()
    assert [tip.get_xy()[:, 1].min() for tip in tips] == pytest.approx(
        [bar.get_y() + bar.get_height() for bar in drawn_bars]
    )
    heights = [np.ptp(tip.get_xy()[:, 1]) for tip in tips]
    for share, part in ((sum(heights), 2 * small.sum()), (sum(bars), -2 * crowd.counts.to_numpy().sum())):
        assert share / part == pytest.approx(-sum(bars) / 2 / crowd.counts.to_numpy().sum())


def test_the_grid_shows_shares_of_rows(crowd):
    show.theme()
    shown = [text.get_text() for text in migration_heat(crowd, "en").figure.axes[0].texts]
    shares = crowd.counts.div(crowd.counts.sum(axis=1), axis=0).fillna(0).to_numpy().ravel()
    assert [text == "" for text in shown] == (shares == 0).tolist()
    assert shown[0] == f"{shares[0]:.0%}"
