"""Where one group of customers concentrates its money: the planted categories, the interval, every engine."""

import math

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from case_rows import AS_OF, BANK, lesson
from scipy.stats import bootstrap, norm

from crmlab import show, type_customers
from crmlab.cases import concentration
from crmlab.errors import DataError
from crmlab.patterns import purchase_lines
from crmlab.show import cases as pictures
from crmlab.words import LANGUAGES, word
from crmlab.world.bank import bank_files


@pytest.fixture(scope="module")
def market():
    """Order lines of 300 customers: half of them spend three parts in four on pans, the others one in four."""
    draw = np.random.default_rng(131)
    rows = []
    for number in range(300):
        likes_pans = 0.75 if number < 150 else 0.25
        for order in range(int(draw.integers(2, 6))):
            for line in range(2):
                goods = "pan" if draw.random() < likes_pans else str(draw.choice(["tea", "rice"]))
                rows.append((f"c{number:03}", f"{number}-{order}", "2026-06-01", int(draw.integers(100, 9_000)) / 100,
                             goods, line))  # fmt: skip
    frame = pd.DataFrame(rows, columns=["customer_id", "order_id", "order_date", "amount", "goods", "line"])
    return frame.astype({"order_date": "datetime64[us]"})


def groups_of(market, inside=150):
    customers = sorted(market["customer_id"].unique())
    return pd.DataFrame({"customer_id": customers, "side": ["in"] * inside + ["out"] * (len(customers) - inside)})


def found_in(orders, groups, **how):
    lines = purchase_lines(orders, type_customers(orders, as_of=AS_OF), category="goods")
    return concentration(lines, groups, **({"column": "side", "level": "in"} | how))


def test_the_planted_categories_are_found():
    (_, _, shop), (_, _, bank) = lesson("teaching"), lesson(BANK)
    assert shop.table.loc[shop.table["concentrated"], "category"].tolist() == ["kitchen"]
    assert bank.table.loc[bank.table["concentrated"], "category"].tolist() == ["equity_fund"]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_planted_class_is_found_whatever_the_seed(seed, tmp_path):
    for name, content in bank_files(seed).items():
        (tmp_path / name).write_bytes(content)
    _, _, found = lesson(tmp_path)
    assert found.table["category"][0] == "equity_fund"
    assert found.table["concentrated"][0]


def test_shares_are_those_of_the_money(market):
    found = found_in(market, groups_of(market)).table.set_index("category")
    inside = market["customer_id"] < "c150"
    for side, name in ((inside, "inside"), (~inside, "outside")):
        part = market[side]
        pans = part[part["goods"] == "pan"]
        assert found.loc["pan", f"{name}_share"] == pytest.approx(pans["amount"].sum() / part["amount"].sum())
        buyers = pans["customer_id"].nunique() / part["customer_id"].nunique()
        assert found.loc["pan", f"{name}_buyers_share"] == pytest.approx(buyers)
    assert found[["inside_share", "outside_share"]].sum().tolist() == pytest.approx([1, 1])
    assert found["lift"].to_dict() == pytest.approx((found["inside_share"] / found["outside_share"]).to_dict())


def test_the_interval_agrees_with_the_bootstrap(market):
    table = found_in(market, groups_of(market)).table
    found = table.set_index("category").loc["pan"]
    spent = market.assign(pans=market["amount"].where(market["goods"] == "pan", 0))
    spent = spent.groupby("customer_id")[["pans", "amount"]].sum()
    sides = [spent[spent.index < "c150"].to_numpy(), spent[spent.index >= "c150"].to_numpy()]

    def log_share(pans, total, axis):
        return np.log(pans.sum(axis=axis) / total.sum(axis=axis))

    errors = [
        bootstrap((side[:, 0], side[:, 1]), log_share, paired=True, n_resamples=2000, vectorized=True,
                  method="percentile", rng=np.random.default_rng(1)).standard_error
        for side in sides
    ]  # fmt: skip
    half = norm.ppf(1 - 0.05 / 2 / len(table)) * math.hypot(*errors)
    assert math.log(found["lift_high"] / found["lift"]) == pytest.approx(half, rel=0.08)
    assert math.log(found["lift"] / found["lift_low"]) == pytest.approx(half, rel=0.08)


def test_where_nothing_is_planted_little_is_found(market):
    lines = purchase_lines(market, type_customers(market, as_of=AS_OF), category="goods")
    draw, groups = np.random.default_rng(5), groups_of(market)
    found = 0
    for _ in range(40):
        shuffled = groups.assign(side=draw.permutation(groups["side"]))
        found += concentration(lines, shuffled, column="side", level="in").table["concentrated"].any()
    assert found <= 4


@pytest.fixture(scope="module")
def on_pandas(market):
    return found_in(market, groups_of(market)).table


@pytest.mark.parametrize("kind", ["shuffled", "polars", "lazy", "arrow", "duckdb", "parquet"])
def test_every_engine_and_every_order_of_rows_agree(kind, market, on_pandas, tmp_path):
    market.to_parquet(tmp_path / "market.parquet")
    same = {
        "shuffled": lambda: market.sample(frac=1, random_state=3),
        "polars": lambda: pl.from_pandas(market),
        "lazy": lambda: pl.from_pandas(market).lazy(),
        "arrow": lambda: pa.Table.from_pandas(market),
        "duckdb": lambda: duckdb.connect().from_arrow(pa.Table.from_pandas(market)),
        "parquet": lambda: tmp_path / "market.parquet",
    }[kind]()
    found = found_in(same, groups_of(market)).table
    pd.testing.assert_frame_equal(found, on_pandas, check_exact=False, rtol=1e-12)


def test_customers_without_a_group_are_counted_apart(market):
    found = found_in(market, groups_of(market).iloc[:-10])
    assert (found.customers, found.others, found.left_out) == (150, 140, 10)
    assert "10" in found.describe("en")


def test_a_category_that_few_bought_is_not_judged(market):
    rare = market["customer_id"].isin(["c000", "c001", "c002", "c003", *groups_of(market)["customer_id"][200:220]])
    orders = market.assign(goods=market["goods"].mask(rare, "saffron"))
    row = found_in(orders, groups_of(orders)).table.set_index("category").loc["saffron"]
    assert row[["lift_low", "lift_high"]].isna().all()
    assert not row["concentrated"]


def test_the_largest_categories_are_looked_at_and_the_others_counted(market):
    many = market.assign(goods=[f"g{number % 15:02}" for number in range(len(market))])
    many["amount"] = many["amount"].where(many["goods"] < "g12", 0.01)
    found = found_in(many, groups_of(many))
    assert sorted(found.table["category"]) == [f"g{number:02}" for number in range(12)]
    assert found.more == 3
    assert "3" in found.describe("zh").splitlines()[-3]


@pytest.mark.parametrize("how", [{"level": "nobody"}, {"level": "few"}])
def test_a_group_of_few_is_refused(how, market):
    groups = groups_of(market)
    groups.loc[:3, "side"] = "few"
    with pytest.raises(DataError, match=how["level"]) as caught:
        found_in(market, groups, **how)
    assert caught.value.key == "case_few"


def test_lines_without_a_category_are_told(market):
    lines = purchase_lines(market, type_customers(market, as_of=AS_OF))
    with pytest.raises(DataError, match="category"):
        concentration(lines, groups_of(market), column="side", level="in")


def test_a_missing_column_of_the_groups_is_told(market):
    with pytest.raises(DataError, match="'tier'"):
        found_in(market, groups_of(market), column="tier", level="in")


def test_lines_whose_category_is_always_blank_are_told(market):
    with pytest.raises(DataError) as caught:
        found_in(market.assign(goods=""), groups_of(market))
    assert caught.value.key == "case_blank"


def test_the_sentence_says_what_the_numbers_do_not(market):
    found = found_in(market, groups_of(market))
    assert "没有给出任何数字" in found.describe("zh")
    assert "it gives no numbers" in found.describe("en")
    quiet = found_in(market.assign(goods="all"), groups_of(market))
    assert word("case.nowhere", "en") in quiet.describe("en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_picture_says_what_it_shows(market, lang):
    show.theme()
    found = found_in(market, groups_of(market))
    picture = pictures.concentration(found, lang)
    assert picture.png().startswith(b"\x89PNG")
    assert "pan" in picture.alt
    assert f"{found.table['lift'][0]:.1f}" in picture.alt
    rare = found_in(market.assign(goods=market["order_id"]), groups_of(market))
    assert word("chart.nothing", lang) == pictures.concentration(rare, lang).figure.axes[0].texts[0].get_text()
