"""Questionnaires as code: one file each, the same content in every form, and checks that list every fault."""

import csv
import re
from datetime import date
from importlib.resources import files

import pandas as pd
import pytest

from crmlab.collect.validate import check as check_table
from crmlab.course.settings import check_settings
from crmlab.data import open_data
from crmlab.errors import DataError
from crmlab.intake import read_file
from crmlab.survey import paper
from crmlab.survey.question import MISSING
from crmlab.survey.questionnaire import questionnaire
from crmlab.survey.schema import TEXTS
from crmlab.tables import TABLES
from crmlab.tables.codes import CODES
from crmlab.words import LANGUAGES

NAMES = ("shopping", "satisfaction")
DAY = date(2026, 6, 1)
CHINESE = re.compile("[\u4e00-\u9fff]")
TAGGED = re.compile(r"^(\d+)\. .+\[(单选题|量表题|填空题)\]$", re.MULTILINE)
SHOPPING = files("crmlab.survey").joinpath("shopping.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shopping():
    return questionnaire("shopping")


@pytest.fixture(scope="module")
def satisfaction():
    return questionnaire("satisfaction")


@pytest.fixture(scope="module")
def shop():
    return open_data(check_settings(data="teaching"))


def told(**columns):
    """One answer to the shopping questionnaire as text."""
    answer = {"answer_id": "A1", "customer_id": "C1", "submitted_at": "2026-06-10T09:00:00", "seconds_used": "60"}
    answer |= {"q1_last": "week", "q2_orders": "3", "q3_spend": "0-200", "q4_other_zh": None, "q4_other_en": None}
    return pd.DataFrame([answer | columns])


@pytest.mark.parametrize("name", NAMES)
def test_columns_codes_and_ranges_are_those_of_the_tables(name):
    asked = questionnaire(name)
    columns = {column.name: column for column in TABLES[asked.table].columns}
    assert asked.columns == tuple(columns)
    for question in asked.questions:
        for column in question.columns:
            assert not columns[column].required
        house = columns[question.columns[0]]
        if question.bands:
            assert tuple(band.code for band in question.bands) == CODES[house.codes]
            assert question.unit == (house.unit or "days")
        if question.kind == "scale":
            assert (question.low, question.high) == (house.low, house.high)
        if question.kind == "count":
            assert question.low == house.low
            assert question.unit == house.unit


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_text_is_there_in_its_language(name, lang):
    asked = questionnaire(name)
    texts = [asked.title, *asked.preamble.values(), *(question.wording for question in asked.questions)]
    texts += [band.label for question in asked.questions for band in question.bands]
    chinese = [bool(CHINESE.search(text[lang])) for text in texts]
    chinese += [bool(CHINESE.search(label)) for question in asked.questions for label in question.ends.get(lang, ())]
    assert len(chinese) > len(TEXTS) + 1
    assert set(chinese) == {lang == "zh"}


def test_the_first_questionnaire_asks_for_recency_frequency_and_money(shopping):
    assert [question.kind for question in shopping.questions] == ["choice", "count", "choice", "text"]
    assert all("0" in shopping.questions[1].wording[lang] for lang in LANGUAGES)


def test_two_items_of_the_satisfaction_scale_are_reversed(satisfaction):
    items = satisfaction.items("satisfaction")
    assert len(items) == 5
    assert [item.key for item in items if item.reverse] == ["s3_slow", "s5_trouble"]
    assert {(item.low, item.high) for item in items} == {(1, 5)}


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        *(("q1_last", 0, "week"), ("q1_last", 7, "week"), ("q1_last", 8, "month"), ("q1_last", 182, "half_year")),
        *(("q1_last", 183, "longer"), ("q3_spend", 0, "0-200"), ("q3_spend", 199.99, "0-200")),
        *(("q3_spend", 200, "200-500"), ("q3_spend", 1999.99, "1000-2000"), ("q3_spend", 2000, "2000+")),
    ],
)
def test_a_band_holds_the_ends_that_it_says(shopping, key, value, code):
    question = next(question for question in shopping.questions if question.key == key)
    assert question.band_of(value).code == code


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_paper_and_import_text_have_every_question_and_option(name, lang):
    asked = questionnaire(name)
    paper, imported = asked.text(lang), asked.wenjuanxing(lang)
    assert [int(number) for number, _ in TAGGED.findall(imported)] == list(range(1, len(asked.questions) + 1))
    for text in (paper, imported):
        for told in (asked.title, *asked.preamble.values(), *(question.wording for question in asked.questions)):
            assert told[lang] in text
        for question in asked.questions:
            for label in (*(band.label[lang] for band in question.bands), *question.ends.get(lang, ())):
                assert label in text


def test_a_scale_goes_to_the_platform_with_both_ends_and_one_with_a_way_out_as_a_choice(satisfaction):
    blocks = satisfaction.wenjuanxing("zh").split("\n\n")
    nps = next(block for block in blocks if "推荐" in block)
    assert nps.endswith("[量表题]\n0(完全不可能)~10(非常可能)")
    slow = next(block for block in blocks if "等回复" in block)
    assert slow.splitlines()[0].endswith("[单选题]")
    assert slow.splitlines()[1:] == ["1（完全不同意）", "2", "3", "4", "5（完全同意）", "不适用"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_answers_that_the_platform_exports_are_read_back(tmp_path, name, lang):
    """Headings and options as the import text gives them, one record per option of the longest question."""
    asked = questionnaire(name)
    headings = [heading.rsplit("[", 1)[0] for heading in asked.wenjuanxing(lang).splitlines() if TAGGED.match(heading)]
    headings = [heading.replace(". ", "、", 1) for heading in headings]
    offered = [list(paper.ticks(question, lang).items()) for question in asked.questions]
    lines, expected = [["序号", "提交答卷时间", "所用时间", "客户编号", *headings]], []
    for number in range(max(map(len, offered))):
        chosen = [ticks[number] if number < len(ticks) else ("", "") for ticks in offered]
        lines.append([str(number + 1), "2026/06/03 12:00:00", "125秒", "C0001", *(label for _, label in chosen)])
        expected.append([code if code not in MISSING else "" for code, _ in chosen])
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(lines)
    answers = read_file(path).tables[asked.table]
    columns = [question.key if question.kind != "text" else f"{question.key}_{lang}" for question in asked.questions]
    assert answers.reindex(columns=columns).fillna("").values.tolist() == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_dictionary_has_a_row_per_column_and_requires_nothing(name, lang):
    asked = questionnaire(name)
    dictionary = asked.dictionary(lang).set_index("item")
    assert tuple(dictionary.index) == asked.columns[4:]
    assert set(dictionary["required"]) == {"否" if lang == "zh" else "no"}
    assert dictionary["missing"].str.contains("-2 = ").all()
    reversed_items = dictionary.index[dictionary["reverse"] == ("是" if lang == "zh" else "yes")]
    assert list(reversed_items) == [question.key for question in asked.questions if question.reverse]
    if name == "shopping":
        assert dictionary.loc["q3_spend", "ends"] != dictionary.loc["q1_last", "ends"]
        assert "200-500 = " in dictionary.loc["q3_spend", "codes"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[title]", "[title", "TOML"),
        ('en = "Dear customer,"', "", "preamble.address"),
        ('key = "q2_orders"', 'key = "q2_orders"\nrequired = true', "required"),
        ('kind = "count"', 'kind = "slider"', "slider"),
        ('key = "q2_orders"', 'key = "q1_last"', "q1_last"),
        ("low = 8, high = 30", "low = 9, high = 30", "month"),
        ("low = 200, high = 500", "low = 150, high = 500", "200-500"),
        ('{ code = "2000+", low = 2000 }', '{ code = "5000+", low = 2000 }', "q3_spend.bands"),
        ("low = 1000, high = 2000", "low = 1000", "1000-2000"),
        ('ends_included = "low"', 'ends_included = "high"', "high"),
        ("skipped = -2", "skipped = 2", "2"),
        ("skipped = -2", "skipped = -3", "-3"),
        ('offers = ["refused"]', 'offers = ["too_long"]', "too_long"),
        ("refused = -4", "forgotten = -4", "forgotten"),
    ],
)
def test_a_fault_in_a_file_is_named_in_both_languages(tmp_path, old, new, said):
    assert old in SHOPPING
    path = tmp_path / "mine.toml"
    path.write_text(SHOPPING.replace(old, new, 1), encoding="utf-8", newline="\n")
    with pytest.raises(DataError) as error:
        questionnaire(path)
    for lang in LANGUAGES:
        assert "mine.toml" in error.value.message(lang)
        assert said in error.value.message(lang)


def test_a_scale_must_rise(tmp_path):
    text = files("crmlab.survey").joinpath("satisfaction.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("high = 10", "high = 0"), encoding="utf-8", newline="\n")
    with pytest.raises(DataError, match="nps"):
        questionnaire(path)


def test_a_name_that_is_not_there_says_which_are():
    for name in ("lunch", "folder/lunch.toml"):
        with pytest.raises(DataError, match="satisfaction, shopping"):
            questionnaire(name)


def test_a_questionnaire_of_ones_own_has_its_own_words(tmp_path):
    bands = 'bands = [{ code = "few", low = 0, high = 3, zh = "很少", en = "few" }, '
    bands += '{ code = "many", low = 3, zh = "很多", en = "many" }]'
    own = f'[[questions]]\nkey = "visits"\nkind = "choice"\nends_included = "low"\n{bands}\n'
    own += 'wording.zh = "您常来吗？"\nwording.en = "Do you come often?"\n'
    path = tmp_path / "visits.toml"
    path.write_text(SHOPPING.split("[[questions]]")[0] + own, encoding="utf-8", newline="\n")
    asked = questionnaire(path)
    assert asked.name == "visits"
    assert "□ 很多" in asked.text("zh")
    answers = told(visits="many").drop(columns=["q1_last", "q2_orders", "q3_spend"])
    assert asked.check(answers).kept.loc[0, "visits"] == "many"
    assert asked.check(answers.assign(visits="some")).listed["reason"].tolist() == ["unknown_code"]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        *(("q1_last", "soon", "unknown_code"), ("q3_spend", "-7", "unknown_code")),
        *(("q2_orders", "often", "bad_number"), ("q2_orders", "2.5", "bad_number")),
        *(("q2_orders", "-1", "out_of_range"), ("q2_orders", "201", "out_of_range")),
        *(("seconds_used", "-5", "out_of_range"), ("seconds_used", "soon", "bad_number")),
    ],
)
def test_an_answer_that_does_not_fit_is_emptied_and_listed(shopping, column, value, reason):
    given = told(**{column: value}, row=17, file="answers.csv")
    found = shopping.check(given)
    assert found.listed.values.tolist() == [["answers.csv", 17, "survey_answers", column, value, reason]]
    assert found.kept[column].isna().all()
    assert (found.rows, len(found.kept), found.refused, list(found.blanked)) == (1, 1, 0, [0])
    assert given.loc[0, column] == value


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        *(("answer_id", None, "missing"), ("customer_id", " ", "missing"), ("submitted_at", None, "missing")),
        *(("submitted_at", "2026-02-30", "bad_date"), ("submitted_at", "yesterday", "bad_date")),
        ("submitted_at", "2026-06-10T09:00:00+08:00", "bad_date"),
    ],
)
def test_an_answer_without_whose_or_when_is_refused_and_listed(shopping, column, value, reason):
    found = shopping.check(told(**{column: value}))
    assert found.listed[["row", "column", "reason"]].values.tolist() == [[2, column, reason]]
    assert (len(found.kept), found.refused) == (0, 1)


def test_the_second_line_of_one_answer_is_refused(shopping):
    found = shopping.check(pd.concat([told(), told(q2_orders="9"), told(answer_id="A2")]))
    assert found.listed[["row", "column", "value", "reason"]].values.tolist() == [[3, "answer_id", "A1", "duplicate"]]
    assert found.kept["q2_orders"].tolist() == [3, 3]
    assert found.kept["row"].tolist() == [2, 4]


def test_rows_of_a_filtered_frame_keep_their_own_line_numbers(shopping):
    given = pd.concat([told(row=5), told(answer_id="A2", row=6), told(answer_id="A3", row=9, q1_last="soon")])
    found = shopping.check(given.set_axis([3, 4, 8]).iloc[1:])
    assert found.kept[["answer_id", "row"]].values.tolist() == [["A2", 6], ["A3", 9]]
    assert found.listed["row"].tolist() == [9]
    assert list(found.blanked) == [1]


def test_several_faults_of_a_line_are_listed_in_order_and_counted_once(shopping):
    found = shopping.check(pd.concat([told(q3_spend="lots", q1_last="soon"), told(answer_id="A2")]))
    assert found.listed["column"].tolist() == ["q1_last", "q3_spend"]
    assert (found.rows, found.refused, list(found.blanked)) == (2, 0, [0])


def test_reasons_for_no_answer_are_empty_cells_and_no_fault(shopping):
    found = shopping.check(told(q1_last="-3", q2_orders=-2.0, q3_spend="-4"))
    assert len(found.listed) == 0
    assert found.kept[["q1_last", "q2_orders", "q3_spend"]].isna().all(axis=None)
    counts = shopping.missing_answers(told(q1_last="-3", q2_orders=-2.0, q3_spend="-4")).set_index("item")
    assert counts.loc["q1_last", "not_asked"] == counts.loc["q2_orders", "skipped"] == 1
    assert counts.loc["q3_spend", "refused"] == 1


def test_never_is_zero_and_blank_is_missing(shopping):
    kept = shopping.check(pd.concat([told(q2_orders="0"), told(answer_id="A2", q2_orders="")])).kept
    assert kept["q2_orders"].isna().tolist() == [False, True]
    assert kept.loc[0, "q2_orders"] == 0


def test_numbers_of_a_frame_with_blanks_are_whole_numbers(shopping):
    given = pd.concat([told(), told(answer_id="A2")]).assign(q2_orders=[3.0, float("nan")])
    found = shopping.check(given)
    assert len(found.listed) == 0
    assert str(found.kept["q2_orders"].dtype) == "Int64"


def test_a_phone_number_in_a_wrong_place_is_masked(shopping):
    listed = shopping.check(told(q2_orders="call 120-1234-5678", q1_last="me@shop.example")).listed
    assert listed["value"].tolist() == ["xx@xxxx.xxxxxxx", "call 000-0000-0000"]


def test_answers_of_another_questionnaire_are_refused_by_name(satisfaction):
    with pytest.raises(DataError, match="csat") as error:
        satisfaction.check(told())
    assert "satisfaction" in error.value.message("zh")


def test_no_answers_give_no_rows(shopping):
    found = shopping.check(told().iloc[:0])
    assert (len(found.kept), len(found.listed), found.rows) == (0, 0, 0)
    assert shopping.missing_answers(told().iloc[:0])["answered"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("name", NAMES)
def test_the_teaching_answers_fit_and_agree_with_the_check_of_the_table(shop, name):
    asked = questionnaire(name)
    answers = shop.table(asked.table)
    found = asked.check(answers)
    assert len(found.kept) == len(answers) > 100
    assert len(found.listed) == 0
    house = check_table(asked.table, found.kept.astype("str")).kept
    for question in asked.questions:
        assert house[question.columns[0]].notna().sum() == found.kept[question.columns[0]].notna().sum()


@pytest.mark.parametrize("name", NAMES)
def test_answered_and_every_reason_add_up(shop, name):
    asked = questionnaire(name)
    counts = asked.missing_answers(shop.table(asked.table)).set_index("item")
    assert (counts.sum(axis="columns") == len(shop.table(asked.table))).all()
    assert set(counts.columns) - {"answered"} <= set(MISSING)


def test_open_answers_come_without_ids_and_in_another_order(shop, shopping):
    answers = shop.table("survey_answers")
    written = answers["q4_other_zh"].dropna().tolist()
    texts = shopping.open_answers(answers, "zh", seed=7)
    assert list(texts.columns) == ["item", "text"]
    assert sorted(texts["text"]) == sorted(written)
    assert texts["text"].tolist() != written
    pd.testing.assert_frame_equal(texts, shopping.open_answers(answers, "zh", seed=7))


def test_contacts_in_open_answers_are_masked(shopping):
    answers = told(q4_other_zh="请打12012345678找我，或写信到a.b@shop.example。", q4_other_en=" ")
    texts = shopping.open_answers(answers, "zh")
    assert texts["text"].tolist() == ["请打00000000000找我，或写信到x.x@xxxx.xxxxxxx。"]
    assert len(shopping.open_answers(answers, "en")) == 0


@pytest.mark.parametrize("name", NAMES)
def test_synthetic_answers_have_the_shape_of_real_ones(name):
    asked = questionnaire(name)
    answers = asked.synthetic(500, seed=1, on=DAY)
    pd.testing.assert_frame_equal(answers, asked.synthetic(500, seed=1, on=DAY))
    assert not answers.equals(asked.synthetic(500, seed=2, on=DAY))
    assert tuple(answers.columns) == asked.columns
    found = asked.check(answers)
    assert (len(found.kept), len(found.listed)) == (500, 0)
    assert (found.kept["submitted_at"].dt.date == DAY).all()
    counts = asked.missing_answers(answers).set_index("item")
    closed = [question.key for question in asked.questions if question.kind != "text"]
    assert counts.loc[closed, "answered"].between(450, 495).all()
    for question in asked.questions:
        for reason in question.offers:
            assert counts.loc[question.key, reason] > 0


def test_synthetic_answers_turn_round_where_a_question_is_reversed(satisfaction):
    kept = satisfaction.check(satisfaction.synthetic(2000, seed=1, on=DAY)).kept
    related = kept[[item.key for item in satisfaction.items("satisfaction")]].astype("float64").corr()["s1_goods"]
    assert related[["s2_delivery", "s4_price"]].min() > 0.3
    assert related[["s3_slow", "s5_trouble"]].max() < -0.3
