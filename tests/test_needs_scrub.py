"""Personal data leave texts before anything else happens, and reach no output of the room."""

import pandas as pd
import pytest
from world_rows import DATASETS

from crmlab.collect.personal import PersonalData
from crmlab.collect.scan import find_personal, find_personal_in
from crmlab.needs import coding_sheet, find_needs, latent_needs, read_texts, scrub, sentiment
from crmlab.needs.scrubbing import COUNTED

LANGS = ("zh", "en")


def texts(*words, lang="zh"):
    return pd.DataFrame({"text_id": [f"t{n}" for n in range(len(words))], "customer_id": "a", f"text_{lang}": words})


def scrubbed_words(*words, lang="zh", people=None):
    return scrub(texts(*words, lang=lang), people, lang).texts[f"text_{lang}"].tolist()


@pytest.fixture(scope="module")
def planted():
    return pd.read_csv(DATASETS / "truth" / "planted_personal.csv", dtype="str")


@pytest.mark.parametrize("lang", LANGS)
def test_no_planted_personal_data_in_any_output(shop, planted, lang, tmp_path):
    """Not even without the list of customers: by shape alone."""
    all_texts = shop.table("texts")
    strings = planted.loc[planted["lang"].isin(["both", lang]), "string"].tolist()
    assert sum(all_texts[f"text_{lang}"].str.contains(one, regex=False).sum() for one in strings) >= len(strings)
    told = read_texts(shop, lang)
    found = find_needs(all_texts, lang)
    tone = sentiment(all_texts, lang)
    sheet = coding_sheet(all_texts, len(all_texts), lang, path=tmp_path / "sheet.csv")
    latent = latent_needs(shop.table("events"), shop.orders, shop.table("products"))
    frames = [told.texts, told.refused, told.taken_out, found, tone.texts, tone.words, sheet, latent.evidence]
    out = "\n".join([frame.to_csv() for frame in frames] + [told.describe(lang), tone.describe(lang)])
    assert [one for one in strings if one in out] == []
    assert "text_" + {"zh": "en", "en": "zh"}[lang] not in told.texts
    known = PersonalData.of_customers(shop.read_personal("customers"))
    assert find_personal_in(out, known).empty
    assert find_personal(tmp_path, known).empty


@pytest.mark.parametrize("lang", LANGS)
def test_taken_out_is_counted_as_it_was_planted(shop, planted, lang):
    found = scrub(shop.table("texts"), shop.read_personal("customers"), lang)
    own = planted[planted["lang"].isin(["both", lang])]
    assert found.taken_out.columns.tolist() == COUNTED
    assert found.taken_out.groupby("kind")["pieces"].sum().to_dict() == own["kind"].value_counts().to_dict()
    assert len(found.texts) == len(shop.table("texts"))


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("我姓罗，有事找我。", "我姓〔姓名〕，有事找我。"),
        ("我叫罗示松，谢谢", "我叫〔姓名〕，谢谢"),
        ("收件人写罗示松。", "收件人写〔姓名〕。"),
        ("请找罗先生拿", "请找〔姓名〕先生拿"),
        ("打 １２０－１２２９－６６４９", "打 〔电话〕"),
        ("打120 1229 6649或一二〇一二二九六六四九", "打〔电话〕或〔电话〕"),
        ("座机021-61234567", "座机〔电话〕"),
        ("加微信 luo_test88", "加微信 〔微信或 QQ〕"),
        ("送到梧桐路12号3栋501室", "〔地址〕"),
        ("写到 a.b@shop.example，订单 2612012296649074514。", "写到 〔邮箱〕，订单 〔长号码〕。"),
        ("礼盒就不用了，晚上七点以后送。", "礼盒就不用了，晚上七点以后送。"),
    ],
)
def test_shapes_in_chinese(text, clean):
    assert scrubbed_words(text) == [clean]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("My name is Luo Shisong; thanks.", "My name is [name]; thanks."),
        ("Put Zhuge Shiqing down, or Lyu Shiqing.", "Put [name] down, or [name]."),
        ("Ask Ms Smith on 12012296649.", "Ask Ms [name] on [phone]."),
        ("I live at 12 Long Hill Road now.", "I live at [address] now."),
        ("He can wait five minutes down the street.", "He can wait five minutes down the street."),
        ("Is there a decaf? Long Shot.", "Is there a decaf? Long Shot."),
    ],
)
def test_shapes_in_english(text, clean):
    assert scrubbed_words(text, lang="en") == [clean]


def test_known_values_go_whatever_their_writing_and_length_is_not_told():
    people = pd.DataFrame({"name": ["诸葛示"], "pinyin": ["Zhuge Shi"], "wechat": ["Abc-1"]})
    assert scrubbed_words("诸葛示来了，abc-1", people=people) == ["〔姓名〕来了，〔微信或 QQ〕"]
    assert scrubbed_words("Zhuge Shi came", lang="en", people=people) == ["[name] came"]
    assert scrubbed_words("诸葛示来了", people=PersonalData({"name": ["诸葛示"]})) == ["〔姓名〕来了"]


def test_scrubbed_once_is_scrubbed_for_good_and_remembered():
    once = scrub(texts("打 12012296649"), lang="zh")
    again = scrub(once.texts, lang="zh")
    assert again.texts.equals(once.texts)
    assert again.taken_out.empty
    assert "12012296649" not in repr(once)
    found = find_needs(texts("12012296649 要发票"), "zh")
    assert found[["start", "end"]].values.tolist() == [[6, 8]]


def test_only_texts_of_customers_who_agreed(shop):
    told = read_texts(shop, "zh")
    assert len(told.texts) + len(told.refused) == len(shop.table("texts"))
    assert set(told.refused["reason"]) <= {"none", "withdrawn"}
    assert not set(told.texts["customer_id"]) & set(told.refused["customer_id"])
    assert told.refused.columns.tolist() == ["text_id", "customer_id", "reason"]
