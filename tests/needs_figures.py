"""How good the methods of crmlab.needs are, as docs/needs.md tells it. Run as a script, it prints the tables."""

from functools import cache
from pathlib import Path

import pandas as pd
from statsmodels.stats.proportion import proportion_confint
from world_rows import DATASETS

from crmlab import open_data
from crmlab.course.settings import check_settings
from crmlab.needs import (
    NeedModel,
    asked_needs,
    compare_methods,
    compare_stars,
    declined_needs,
    find_needs,
    latent_needs,
    open_reviews,
    score_tags,
    sentiment,
)

HELD_OUT = Path(__file__).parent / "files" / "needs_heldout.csv"
LANGS = ("zh", "en")
HEADS = {
    "zh": "| 数据 | 语言 | 实际有 | 找到 | 找对 | 查准率 | 查全率 | F1 |",
    "en": "| data | language | there | found | right | precision | recall | F1 |",
}


@cache
def shop():
    return open_data(check_settings(data="teaching"))


@cache
def truth(name):
    return pd.read_csv(DATASETS / "truth" / f"{name}.csv", dtype="str", keep_default_na=False)


def said_needs():
    return truth("needs")[truth("needs")["basis"] == "text"]


@cache
def held_out():
    """Sentences that were written after the word list was finished; it was not changed for them."""
    texts = pd.read_csv(HELD_OUT, dtype="str", keep_default_na=False)
    texts["text_id"] = [f"H{number:03}" for number in range(len(texts))]
    return texts.assign(customer_id="nobody").rename(columns={"zh": "text_zh", "en": "text_en"})


@cache
def of_list(lang, held=False):
    """Scores of the word list: needs, declined needs, complaints; of the shop or of the sentences held out."""
    texts = held_out() if held else shop().table("texts")
    found = find_needs(texts, lang)
    complaints = found[(found["kind"] == "complaint") & ~found["negated"]].rename(columns={"tag": "complaint"})
    declined = declined_needs(found).rename(columns={"need": "declined"})
    there = {
        "need": texts if held else said_needs(),
        "declined": texts if held else truth("declined").rename(columns={"need": "declined"}),
        "complaint": texts if held else truth("complaints"),
    }
    told = {"need": asked_needs(found), "declined": declined, "complaint": complaints}
    return {
        name: score_tags(told[name], there[name][there[name][name] != ""], tag=name).rename(columns={name: "tag"})
        for name in told
    }


@cache
def of_model(lang):
    """Scores of the classifier on the sentences held out, learned from the shop's texts."""
    model = NeedModel.fit(shop().table("texts"), said_needs(), lang, sentence=f"span_{lang}")
    there = held_out()[held_out()["need"] != ""]
    return score_tags(model.predict(held_out()), there, tag="need")


@cache
def of_methods(lang):
    return compare_methods(shop().table("texts"), said_needs(), lang).set_index("method")


@cache
def of_latent(min_views=5):
    there = truth("latent").assign(customer_id=shop().key.pseudonyms(truth("latent")["customer_id"]))
    lines = shop().read_personal("order_lines").merge(shop().read_personal("orders"), on="order_id")
    lines = lines.merge(shop().table("products"), on="product_id")
    lines["customer_id"] = shop().key.pseudonyms(lines["customer_id"])
    found = latent_needs(shop().table("events"), lines, shop().table("products"), min_views=min_views)
    return score_tags(found.table, there, tag="category", unit="customer_id")


@cache
def of_stars(lang):
    texts = shop().table("texts")
    return compare_stars(sentiment(texts, lang), texts)


REVIEWS = 2000


@cache
def of_reviews():
    """Reviews with words of opinion on one side: how many of a sample of real ones, and how many of these right."""
    sample = open_reviews().sample(REVIEWS, random_state=618)
    found = sentiment(sample, "zh").texts.merge(sample[["text_id", "sentiment"]], on="text_id", suffixes=("", "_told"))
    decided = found[found["sentiment"].isin(["positive", "negative"])]
    right = int((decided["sentiment"] == decided["sentiment_told"]).sum())
    low, high = proportion_confint(right, len(decided), method="wilson")
    return len(sample), len(decided), right, right / len(decided), low, high


def row(name, lang, scores):
    one = scores.iloc[-1] if isinstance(scores, pd.DataFrame) else scores
    shown = [
        "–" if one[share] != one[share] else f"{one[share]:.2f} ({one[f'{share}_low']:.2f}–{one[f'{share}_high']:.2f})"
        for share in ("precision", "recall")
    ]
    counts = " | ".join(f"{int(one[count])}" for count in ("in_truth", "found", "right"))
    return f"| {name} | {lang} | {counts} | {' | '.join(shown)} | {one['f1']:.2f} |"


NAMES = {
    "shop": {"zh": {"need": "小店的文本：需求", "declined": "小店的文本：明说不要", "complaint": "小店的文本：抱怨"},
             "en": {"need": "texts of the shop: needs", "declined": "texts of the shop: declined",
                    "complaint": "texts of the shop: complaints"}},
    "held": {"zh": {"need": "新句子：需求", "declined": "新句子：明说不要", "complaint": "新句子：抱怨"},
             "en": {"need": "new sentences: needs", "declined": "new sentences: declined",
                    "complaint": "new sentences: complaints"}},
    "model": {"zh": {"held": "新句子：分类器", "model_sentences": "小店的文本：分类器，没见过的句子",
                     "model_texts": "小店的文本：分类器，随机分文本", "latent": "潜在需求（浏览 ≥ 5 次）"},
              "en": {"held": "new sentences: classifier", "model_sentences": "texts of the shop: classifier, new to it",
                     "model_texts": "texts of the shop: classifier, texts at random",
                     "latent": "latent needs (5 views or more)"}},
}  # fmt: skip


def tables(page_lang):
    """The rows of the table in docs/needs.md."""
    lines = [HEADS[page_lang], "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for name in ("need", "declined", "complaint"):
        lines += [row(NAMES["shop"][page_lang][name], lang, of_list(lang)[name]) for lang in LANGS]
    for name in ("need", "declined", "complaint"):
        lines += [row(NAMES["held"][page_lang][name], lang, of_list(lang, held=True)[name]) for lang in LANGS]
    names = NAMES["model"][page_lang]
    lines += [row(names["held"], lang, of_model(lang)) for lang in LANGS]
    for method in ("model_sentences", "model_texts"):
        lines += [row(names[method], lang, of_methods(lang).loc[method]) for lang in LANGS]
    return [*lines, row(names["latent"], "–", of_latent())]


if __name__ == "__main__":
    for page in LANGS:
        print("\n".join(tables(page)), "\n")
    for lang in LANGS:
        print(of_stars(lang).describe(lang))
    print(of_reviews())
