"""The word list: patterns, negation and its reach, faults told by line."""

import pytest

from crmlab.errors import DataError
from crmlab.needs import open_lexicon
from crmlab.needs.patterns import Words
from crmlab.needs.reading import Reader, reader_of

HEAD = "kind,tag,lang,pattern,reach\n"


def said(text, lang, lexicon=None):
    found = reader_of(lexicon or open_lexicon(), lang).read(text)
    return [(one.tag, text[one.start : one.end], one.negated) for one in found if one.tag]


@pytest.mark.parametrize(
    ("text", "tag", "negated"),
    [
        ("有没有小包装？", "small_pack", False),
        ("能不能附一张贺卡", "gift_wrap", False),
        ("礼盒就不用了。", "gift_wrap", True),
        ("不需要礼盒", "gift_wrap", True),
        ("别开发票", "invoice", True),
        ("不是不想要礼盒", "gift_wrap", False),
        ("没有发票不行", "invoice", False),
        ("不用急，要发票", "invoice", False),
        ("价格不贵", "price", True),
        ("包装没有破损", "package", True),
        ("不是不贵，是太贵了", "price", False),
        ("物流没有拖延", "delivery", True),
    ],
)
def test_negation_in_chinese(text, tag, negated):
    assert {(one[0], one[2]) for one in said(text, "zh")} == {(tag, negated)}


@pytest.mark.parametrize(
    ("text", "tag", "negated"),
    [
        ("Is there a decaf?", "decaf", False),
        ("Can't you send an invoice?", "invoice", False),
        ("No gift box needed.", "gift_wrap", True),
        ("An invoice is not necessary.", "invoice", True),
        ("I don’t need a gift-wrap", "gift_wrap", True),
        ("I cannot do without an invoice.", "invoice", False),
        ("No hurry. Please send an invoice.", "invoice", False),
        ("The box was not torn.", "package", True),
        ("Packed with care and not crushed at all.", "package", True),
        ("The box was torn.", "package", False),
    ],
)
def test_negation_in_english(text, tag, negated):
    assert {(one[0], one[2]) for one in said(text, "en")} == {(tag, negated)}


def test_words_are_whole_and_stand_in_longer_ones():
    assert said("我要开发票", "zh") == [("invoice", "发票", False)]
    assert said("There are scratchers", "en") == []
    words = Words("It's 3.5 m, OK", "en")
    assert [words.text[start : words.longest[start]] for start in words.whole] == ["it's", "3", "5", "m", "ok"]
    assert words.marks == [10]


def test_a_clause_ends_the_reach(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(HEAD + "need,decaf,en,a .. decaf,\ndeclines,,en,no _,2\nbreaks,,en,but,\n", encoding="utf-8")
    own = open_lexicon(path)
    assert said("a nice decaf", "en", own) == [("decaf", "a nice decaf", False)]
    assert said("no thanks a decaf", "en", own) == [("decaf", "a decaf", True)]
    assert said("no one two three a decaf", "en", own) == [("decaf", "a decaf", False)]
    assert said("no but a decaf", "en", own) == [("decaf", "a decaf", False)]
    assert said("no, a decaf", "en", own) == [("decaf", "a decaf", False)]
    assert said("a cup, decaf", "en", own) == []
    assert said("a one two three four five decaf", "en", own) == []


def test_the_house_has_every_need_and_complaint_in_both_languages():
    from crmlab.tables.codes import CODES

    for kind in ("need", "complaint"):
        for lang in ("zh", "en"):
            assert set(open_lexicon().tags(kind, lang)) == set(CODES[kind])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("wish,decaf,en,decaf,", "2: kind 'wish'"),
        ("need,,en,decaf,", "2: tag ''"),
        ("need,低因,zh,低因,", "2: tag '低因'"),
        ("positive,decaf,en,decaf,", "2: tag 'decaf'"),
        ("need,decaf,fr,decaf,", "2: lang 'fr'"),
        ("need,decaf,en,decaf,3", "2: reach '3'"),
        ("negates,,en,not _,", "2: reach ''"),
        ("negates,,en,not _,x", "2: reach 'x'"),
        ("negates,,en,not,3", "2: pattern 'not'"),
        ("need,decaf,en,(decaf,", "2: pattern '(decaf'"),
        ("need,decaf,en,a||b,", "2: pattern ''"),
    ],
)
def test_faults_are_told_by_line(tmp_path, line, fault):
    path = tmp_path / "own.csv"
    path.write_text(f"{HEAD}{line}\nneed,decaf,en,decaf,\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        open_lexicon(path)
    assert fault in caught.value.message("en")
    assert caught.value.values["count"] == 1


def test_files_that_are_none(tmp_path):
    with pytest.raises(DataError):
        open_lexicon(tmp_path / "none.csv")
    path = tmp_path / "own.csv"
    path.write_text("kind,tag\n", encoding="utf-8")
    with pytest.raises(DataError, match="pattern"):
        open_lexicon(path)
    path.write_bytes("kind,tag,lang,pattern,reach\nneed,a,zh,低因,".encode("gbk"))
    with pytest.raises(DataError) as caught:
        open_lexicon(path)
    assert caught.value.key == "lexicon_encoding"


def test_of_opinions_the_complaint_covers_what_it_touches():
    reader = Reader(open_lexicon(), "zh")
    assert [(one.kind, one.negated) for one in reader.opinions("价格太贵了，但是很好喝")] == [
        ("complaint", False),
        ("positive", False),
    ]
