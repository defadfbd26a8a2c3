"""Clusters: found where they were planted, denied on noise, free of row order, seed and unit."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from crmlab import type_customers
from crmlab.errors import DataError, ParameterError
from crmlab.grouping import choosing, clusters
from crmlab.grouping.choosing import best, prediction_strength, shuffle_columns, try_clusters
from crmlab.grouping.clusters import cluster
from crmlab.grouping.profiles import agreement_with_types, levels
from crmlab.show.clusters import cluster_choice, cluster_points, cluster_profiles
from crmlab.show.theme import theme
from crmlab.words import LANGUAGES

INDICATORS = ["recency_days", "frequency", "monetary"]


@pytest.fixture
def quick(monkeypatch):
    """Fewer numbers of clusters are tried, where a test is not about their choice."""
    monkeypatch.setattr(choosing, "TRIED", (2, 3))


def shop(recency, frequency, basket, n, seed=5):
    """n customers, each in one of the planted groups (column `planted`)."""
    draw = np.random.default_rng(seed)
    group = draw.integers(0, len(recency), n)
    orders = 1 + draw.poisson(np.array(frequency)[group])
    return pd.DataFrame(
        {
            "customer_id": [f"C{number:04}" for number in range(n)],
            "recency_days": draw.poisson(np.array(recency)[group]),
            "frequency": orders,
            "monetary": (orders * np.exp(draw.normal(np.log(np.array(basket)[group]), 0.3))).astype("int64"),
            "planted": group,
        }
    )


@pytest.fixture(scope="module")
def three():
    return shop([8, 60, 250], [20, 6, 1], [8_000, 8_000, 8_000], 300)


@pytest.fixture(scope="module")
def found(three):
    return cluster(three, features=INDICATORS, seed=618)


@pytest.fixture(scope="module")
def noise(random_orders):
    return cluster(type_customers(random_orders, as_of="2026-06-17"), 3, seed=618)


def test_three_planted_groups_are_found(three, found):
    assert (found.k, found.clear, found.chosen) == (3, True, 3)
    same = pd.crosstab(three["planted"], found.table["cluster"])
    assert same.max(axis=1).sum() / len(three) > 0.95
    assert same.idxmax(axis=1).tolist() == [1, 2, 3]


def test_four_planted_groups_are_found():
    four = shop([10, 12, 150, 160], [20, 2, 18, 1], [8_000, 90_000, 8_000, 5_000], 300)
    assert cluster(four, seed=618).k == 4


def lattice(draw, n):
    return draw.uniform(size=(n, 3))


def cloud(draw, n):
    return draw.standard_normal((n, 3))


def slanted(draw, n):
    """Columns that grow together: a plain shuffle of the columns takes this one cloud for two clusters."""
    return draw.multivariate_normal(np.zeros(3), [[1, -0.3, -0.3], [-0.3, 1, 0.8], [-0.3, 0.8, 1]], n)


@pytest.mark.parametrize("kind", [lattice, cloud, slanted])
def test_noise_has_no_clusters(kind):
    table = try_clusters(kind(np.random.default_rng(3), 250), range(2, 9), seed=1)
    assert table["groups"].tolist() == list(range(2, 9))
    assert best(table) is None


def test_the_slanted_cloud_would_pass_for_clusters_without_its_correlations(monkeypatch):
    monkeypatch.setattr(
        choosing, "shuffle_columns", lambda points, draw: np.column_stack([draw.permutation(c) for c in points.T])
    )
    table = try_clusters(slanted(np.random.default_rng(3), 250), [2], seed=1)
    assert best(table) == 2


def test_equal_customers_are_one_cluster():
    equal = pd.DataFrame({"customer_id": range(50), "recency_days": 3, "frequency": 1, "monetary": 100})
    result = cluster(equal, seed=1)
    assert (result.k, result.clear, result.chosen) == (1, False, None)
    assert result.table["cluster"].eq(1).all()
    assert result.in_words("en")["in_words"].tolist() == ["in the middle throughout"]
    assert "nothing more" in result.describe("en")
    with pytest.raises(ParameterError, match="only 1 different"):
        cluster(equal, 2, seed=1)


def test_one_customer_is_one_cluster():
    one = pd.DataFrame({"customer_id": ["a"], "recency_days": [3], "frequency": [1], "monetary": [100]})
    result = cluster(one, seed=1)
    assert (result.k, result.clear, len(result.table)) == (1, False, 1)


def test_a_number_that_was_not_measured_cannot_be_cut(found):
    with pytest.raises(ParameterError, match="k cannot be 9; choose one of: 2, 3, 4, 5, 6, 7, 8"):
        found.cut(9)
    with pytest.raises(ParameterError):
        found.cut(2.0)


def test_asked_for_clusters_are_given_and_called_unclear(noise):
    assert noise.table["cluster"].nunique() == 3
    assert not noise.clear
    assert "there are no clusters here" in noise.describe("en")
    assert "were cut, not found" in noise.describe("en")


def test_order_of_rows_and_kind_of_frame_change_nothing(three, found):
    again = cluster(pl.from_pandas(three.sample(frac=1, random_state=3)), seed=618)
    pd.testing.assert_frame_equal(again.table, found.table, check_dtype=False)
    pd.testing.assert_frame_equal(again.tried, found.tried)


def test_shuffled_order_lines_give_the_same_clusters(random_orders, noise, quick):
    shuffled = type_customers(random_orders.sample(frac=1, random_state=3), as_of="2026-06-17")
    pd.testing.assert_frame_equal(cluster(shuffled, 3, seed=618).table, noise.table)


def test_another_seed_gives_the_same_clusters_where_they_are_clear(three, found, quick):
    other = cluster(three, seed=1)
    assert other.table["cluster"].tolist() == found.table["cluster"].tolist()
    assert not other.tried.equals(found.tried)


def test_clusters_are_numbered_by_mean_spend_and_add_up(noise):
    means = noise.table.groupby("cluster")["monetary"].mean()
    assert means.is_monotonic_decreasing
    assert noise.profile["cluster"].tolist() == [1, 2, 3]
    assert noise.profile["customers"].sum() == 120
    assert noise.profile["customer_share"].sum() == pytest.approx(1)
    assert noise.profile["monetary_share"].sum() == pytest.approx(1)


def test_equal_spend_is_ordered_by_the_other_features(quick):
    table = pd.DataFrame({"customer_id": range(40), "recency_days": [1, 300] * 20, "monetary": 100})
    table["frequency"] = [3, 30] * 20
    features = ["recency_days", "frequency", "monetary"]
    assert cluster(table, 2, features=features, seed=0).profile["recency_days"].tolist() == [300, 1]
    assert cluster(table.assign(monetary=[101, 100] * 20), 2, features=features, seed=0).profile[
        "recency_days"
    ].tolist() == [1, 300]


def test_a_median_is_a_value_that_a_customer_has(quick):
    table = pd.DataFrame({"customer_id": range(40), "recency_days": [1, 300] * 20, "frequency": 2})
    profile = cluster(table.assign(monetary=[100] * 20 + [201] * 20), 2, features=["recency_days"], seed=0).profile
    assert profile["recency_days"].tolist() == [300, 1]
    spread = table.assign(recency_days=[1, 300] * 10 + [4, 305] * 10)
    assert cluster(spread, 2, features=["recency_days"], seed=0).profile["recency_days"].tolist() == [300, 1]


def test_no_unit_decides(random_orders, noise, quick):
    """In fen, M is thousands of times larger than F; a thousand times dearer must not change the groups by much."""
    dear = type_customers(random_orders.assign(amount=random_orders["amount"] * 1000), as_of="2026-06-17")
    same = cluster(dear, 3, seed=618).table["cluster"] == noise.table["cluster"]
    assert same.mean() > 0.95


def test_money_alone_does_not_decide(quick):
    """Groups that differ in recency and orders, with spend at random on a scale thousands of times as wide."""
    draw = np.random.default_rng(2)
    table = shop([5, 200], [20, 1], [1, 1], 200).assign(monetary=draw.integers(10**5, 10**7, 200))
    labels = cluster(table, 2, seed=1).table["cluster"]
    assert pd.crosstab(table["planted"], labels).max(axis=1).sum() > 190


def test_missing_values_are_left_out_and_listed(three, quick):
    wide = three.assign(median_gap=np.where(three.index < 7, np.nan, 5.0 + three["planted"]))
    wide.loc[7, "recency_days"] = np.nan
    result = cluster(wide, 3, features=["recency_days", "frequency", "median_gap"], seed=1)
    assert len(result.table) == 292
    assert result.left_out["customer_id"].tolist() == [f"C000{number}" for number in range(8)]
    assert result.left_out["column"].tolist() == ["median_gap"] * 7 + ["recency_days"]
    assert "8 more customers" in result.describe("en")


def test_values_below_zero_are_counted(three, quick):
    result = cluster(three.assign(monetary=three["monetary"].where(three.index > 3, -5)), 3, seed=1)
    assert result.below_zero == {"monetary": 4}
    assert "有 4 位客户" in result.describe("zh")


def test_beyond_a_million_a_sample_is_fitted_and_all_are_labelled(three, found, monkeypatch, quick):
    monkeypatch.setattr(clusters, "MANY", 200)
    monkeypatch.setattr(clusters, "SAMPLE", 150)
    result = cluster(three, 3, seed=618)
    assert (result.fitted_on, len(result.table)) == (150, 300)
    assert (result.table["cluster"] == found.table["cluster"]).mean() > 0.98
    assert "random sample of 150" in result.describe("en")
    assert "sample" not in found.describe("en").splitlines()[0]


@pytest.mark.parametrize(
    ("change", "options", "error", "said"),
    [
        ({}, {"k": 1}, ParameterError, "at least 2"),
        ({}, {"k": 2.0}, ParameterError, "2.0"),
        ({}, {"k": True}, ParameterError, "True"),
        ({}, {"k": 300}, ParameterError, "only 300 customers"),
        ({}, {"features": ["recency_days", "age"]}, DataError, "age"),
        ({}, {"features": []}, ParameterError, "at least one"),
        ({}, {"customer": "client"}, DataError, "client"),
        ({"city": "hefei"}, {"features": ["city", "frequency"]}, DataError, "no numbers: city"),
        ({"customer_id": "C1"}, {}, DataError, "299 rows"),
        ({"frequency": np.nan}, {}, DataError, "No customer has a value"),
    ],
)
def test_what_cannot_be_clustered_is_said(three, change, options, error, said):
    with pytest.raises(error, match=said):
        cluster(three.assign(**change), seed=1, **options)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "618", True, None])
def test_a_seed_is_a_whole_number(three, seed):
    with pytest.raises(ParameterError, match="seed"):
        cluster(three, seed=seed)


def test_something_that_is_no_frame_is_refused():
    with pytest.raises(DataError, match="list"):
        cluster([1, 2], 3, seed=1)


def test_prediction_strength_is_that_of_the_worst_cluster():
    own = np.array([0] * 4 + [1] * 3)
    assert prediction_strength(own, np.array([1] * 4 + [0] * 3)) == 1
    assert prediction_strength(own, np.array([1] * 4 + [0, 0, 1])) == pytest.approx(2 / 6)
    assert prediction_strength(np.array([0, 0, 1]), np.array([0, 0, 1])) == 0


def test_shuffled_columns_keep_their_values_and_their_rank_correlation():
    points = slanted(np.random.default_rng(1), 3000) ** 3
    shuffled = shuffle_columns(points, np.random.default_rng(2))
    np.testing.assert_array_equal(np.sort(points, axis=0), np.sort(shuffled, axis=0))
    before, after = (pd.DataFrame(part).corr("spearman") for part in (points, shuffled))
    assert (before - after).abs().to_numpy().max() < 0.05
    assert (points != shuffled).any(axis=1).mean() > 0.99


def tried(**columns):
    table = pd.DataFrame({"groups": [2, 3, 4], "silhouette_sd": 0.006, "shuffled_sd": 0.008, **columns})
    return table.assign(holds=columns.get("holds", True))


@pytest.mark.parametrize(
    ("above", "holds", "chosen"),
    [
        ([0.06, 0.30, 0.10], True, 3),
        ([0.06, 0.291, 0.30], True, 3),
        ([0.06, 0.285, 0.30], True, 4),
        ([0.06, 0.30, 0.10], [True, False, True], 4),
        ([0.06, 0.30, 0.10], False, None),
    ],
)
def test_the_rule_takes_the_farthest_above_that_holds_or_a_smaller_one_as_far(above, holds, chosen):
    assert best(tried(above_shuffled=above, holds=holds)) == chosen


@pytest.mark.parametrize(
    ("above", "strength", "sd", "held"),
    [(0.05, 0.8, 0.01, True), (0.049, 0.8, 0.0, False), (0.05, 0.79, 0.0, False), (0.05, 0.8, 0.02, False)],
)
def test_what_it_takes_to_hold(above, strength, sd, held):
    row = {"above_shuffled": above, "prediction_strength": strength, "silhouette_sd": sd, "shuffled_sd": sd}
    assert choosing.holds(pd.DataFrame([row])).tolist() == [held]


def test_above_is_the_difference(found):
    row = found.tried.set_index("groups").loc[3]
    assert row["above_shuffled"] == pytest.approx(row["silhouette"] - row["shuffled"])


def test_words_compare_a_cluster_with_the_thirds_of_all(found):
    assert levels(found).loc[1].to_dict() == {"recency_days": "low", "frequency": "high", "monetary": "high"}
    assert levels(found).loc[3].to_dict() == {"recency_days": "high", "frequency": "low", "monetary": "low"}
    assert found.in_words("zh")["in_words"].tolist() == [
        "最近来过、来得勤、花得多",
        "各项居中",
        "很久没来、来得少、花得少",
    ]


def test_features_without_words_of_their_own_are_named(three, quick):
    table = three.rename(columns={"frequency": "visits"}).assign(orders=three["frequency"])
    said = cluster(table, 3, features=["visits", "orders"], seed=1).in_words("en")["in_words"]
    assert said[0] == "high visits, high orders"


def test_clusters_lie_across_the_types(noise, found):
    counts = noise.by_type()
    assert counts.shape == (3, 8)
    assert counts.to_numpy().sum() == 120
    marks = "R" + noise.table["r_mark"] + "F" + noise.table["f_mark"] + "M" + noise.table["m_mark"]
    assert counts.loc[1, "R↓F↑M↑"] == ((marks == "R↓F↑M↑") & (noise.table["cluster"] == 1)).sum() > 0
    assert 0 < agreement_with_types(noise) < 1
    with pytest.raises(DataError, match="no marks"):
        found.by_type()


@pytest.fixture
def themed():
    from matplotlib import rc_context

    with rc_context():
        theme()
        yield


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("picture", [cluster_profiles, cluster_choice, cluster_points])
def test_pictures_say_what_they_show(found, noise, lang, picture):
    clear, unclear = picture(found, lang), picture(noise, lang)
    assert clear.png().startswith(b"\x89PNG")
    assert clear.alt != unclear.alt
    assert "3" in clear.alt


def test_profiles_show_money_in_whole_units(found):
    shown = {text.get_text() for text in cluster_profiles(found, "en").figure.axes[0].texts}
    assert f"{found.profile['monetary'][0] / 100:,.0f}" in shown
    yen = {text.get_text() for text in cluster_profiles(found, "en", currency="JPY").figure.axes[0].texts}
    assert f"{found.profile['monetary'][0]:,.0f}" in yen


def test_pictures_without_anything_to_draw_say_so():
    equal = pd.DataFrame({"customer_id": range(50), "visits": 3})
    result = cluster(equal, features=["visits"], seed=1)
    for picture in (cluster_choice, cluster_points):
        assert "nothing in these data to draw" in picture(result, "en").alt
    assert "cluster 1 (50 customers)" in cluster_profiles(result, "en").alt


def test_the_repr_is_the_description_in_both_languages(found):
    assert repr(found) == f"{found.describe('zh')}\n{found.describe('en')}"
