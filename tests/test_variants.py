"""Variants of the teaching world: drawn from a key, cut at a reference date, whole, and silent about their seed."""

import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pandas as pd
import pytest

import crmlab.world
from crmlab import check_settings, open_data
from crmlab.assign.variants import (
    GROUPS,
    KNOWN_LATER,
    KNOWN_ON,
    WINDOWS,
    Variant,
    as_known,
    hidden_variant,
    variant,
    variant_files,
    write_variant,
)
from crmlab.collect import CustomerBase
from crmlab.collect.pseudonym import Key
from crmlab.questions.compare import right_answer
from crmlab.seeds import check_seed
from crmlab.tables import TABLES
from crmlab.world.season import AS_OF

KEY = Key(b"a key of a class that nobody else has")
MINE = Variant(seed=20_260_701, as_of=date(2026, 6, 12), window=240, groups=4)


@pytest.fixture(scope="module")
def whole():
    """The tables of the world that the variant is cut from; every world is drawn once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crmlab.world.make_world", cache(crmlab.world.make_world))
        yield crmlab.world.make_world(MINE.seed).tables


@pytest.fixture(scope="module")
def folder(tmp_path_factory, whole):
    folder = tmp_path_factory.mktemp("variant") / "data"
    write_variant(MINE, folder)
    return folder


@pytest.fixture(scope="module")
def tables(folder):
    return {name: pd.read_csv(folder / f"{name}.csv", dtype="str", keep_default_na=False) for name in TABLES}


def test_a_variant_hangs_on_key_lesson_and_student_and_on_nothing_else():
    drawn = {
        (key.secret, lesson, who): variant(key, lesson, who)
        for key in (KEY, Key(b"another key of another class, as long"))
        for lesson in ("02_segment", "03_serve")
        for who in ("s1", "s2", "hidden")
    }
    assert len({one.seed for one in drawn.values()}) == len(drawn) == 12
    assert all(variant(Key(secret), lesson, who) == one for (secret, lesson, who), one in drawn.items())


def test_each_round_is_graded_on_a_variant_of_its_own():
    deadlines = ("", "2026-06-20T18:00:00", "2026-06-27T18:00:00")
    drawn = [hidden_variant(KEY, "02_segment", deadline).seed for deadline in deadlines]
    assert len({*drawn, variant(KEY, "02_segment", "hidden").seed}) == 4
    assert drawn == [hidden_variant(KEY, "02_segment", deadline).seed for deadline in deadlines]


def test_a_variant_is_the_same_in_every_process():
    code = (
        "from crmlab.assign.variants import variant; from crmlab.collect.pseudonym import Key; "
        f"print(variant(Key({KEY.secret!r}), '02_segment', 's1'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == repr(variant(KEY, "02_segment", "s1"))


def test_variants_fill_their_ranges_and_keep_to_them():
    drawn = [variant(KEY, "02_segment", f"s{number}") for number in range(2_000)]
    assert {one.as_of for one in drawn} == {AS_OF - timedelta(days=days) for days in range(28)}
    assert {one.window for one in drawn} == set(WINDOWS)
    assert {one.groups for one in drawn} == set(GROUPS)
    assert max(drawn, key=lambda one: one.seed).seed > 2**31
    for one in drawn:
        check_seed(one.seed)


@pytest.mark.parametrize(("lesson", "most"), [("01_collect", 6), ("03_serve", 13)])
def test_lessons_about_the_last_days_go_back_less(lesson, most):
    drawn = {variant(KEY, lesson, f"s{number}").as_of for number in range(500)}
    assert drawn == {AS_OF - timedelta(days=days) for days in range(most + 1)}


def test_as_far_back_as_each_lesson_goes_there_is_what_it_asks_about(whole, tmp_path):
    surveys = as_known(whole, AS_OF - timedelta(days=6))
    assert len(surveys["survey_answers"]) > 200
    assert len(surveys["satisfaction_answers"]) > 100
    assert set(surveys["survey_answers"]["q3_spend"]) >= {"0-200", "200-500", "500-1000", "1000-2000", "2000+"}
    write_variant(replace(MINE, as_of=AS_OF - timedelta(days=13)), tmp_path)
    settings = check_settings(lang="zh", data=str(tmp_path), window=180)
    assert right_answer("03_serve", "q4", open_data(settings), settings) > 3


def test_nothing_is_known_before_it_happened(tables):
    end = f"{MINE.as_of}T23:59:59"
    for name, column in [*KNOWN_ON.items(), *KNOWN_LATER.items()]:
        assert len(tables[name]), name
        assert tables[name][column].max() <= end, (name, column)
    assert set(KNOWN_ON) == set(TABLES) - {"products", "campaigns", "order_lines"}


def test_the_days_before_are_as_they_were(tables, whole):
    assert len(whole["orders"]) > len(tables["orders"]) > 0.95 * len(whole["orders"])
    first = whole["orders"][whole["orders"]["order_date"] <= str(MINE.as_of)].reset_index(drop=True)
    assert tables["orders"].equals(first)
    assert tables["products"].equals(whole["products"])
    assert as_known(whole, AS_OF).keys() == whole.keys()
    assert as_known(whole, AS_OF)["events"].equals(whole["events"])


def test_some_of_what_is_blank_was_filled_in_later(whole):
    for name, column in KNOWN_LATER.items():
        assert (whole[name][column] > f"{MINE.as_of}T23:59:59").any(), name


def test_a_matter_that_was_not_closed_yet_was_not_resolved(whole):
    closed = whole["service_records"].set_index("record_id")["resolved"]
    turned = 0
    for days in (3, 9, 15, 21, 27):
        records = as_known(whole, AS_OF - timedelta(days=days))["service_records"].set_index("record_id")
        still_open = records[records["closed_at"] == ""]
        assert set(still_open["resolved"]) == {"no"}
        turned += (closed[still_open.index] == "yes").sum()
    assert turned > 0


def test_the_tables_hold_together(folder, tables, tmp_path):
    with CustomerBase.create(tmp_path / "variant.duckdb") as base:
        report = base.load(folder, on=MINE.as_of)
        for name in TABLES:
            assert len(base.read(name)) == len(tables[name]), name
        assert len(report.listed) == 0


def test_lessons_read_it(folder):
    shop = open_data(check_settings(data=str(folder)))
    assert (shop.as_of, shop.currency, shop.incoming) == (MINE.as_of, "CNY", [])
    assert len(shop.table("customers")) > 1_000
    assert shop.orders["order_date"].max() <= pd.Timestamp(MINE.as_of)


def test_it_does_not_say_how_it_was_drawn(folder):
    files = variant_files(MINE)
    assert files == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(files) == {"data.toml", *(f"{name}.csv" for name in TABLES)}
    about = tomllib.loads(files["data.toml"].decode())
    assert sorted(about) == ["as_of", "currency", "name", "public_key", "time_zone", "title_en", "title_zh"]
    assert str(MINE.seed).encode() not in b"".join(files.values())


def test_a_folder_without_truth_tells_none(folder):
    from crmlab.errors import DataError

    with pytest.raises(DataError):
        open_data(check_settings(data=str(folder))).planted("needs")
