"""One glossary decides the terms: no other word for them, partners in both languages, pages up to date."""

import csv
import re
import runpy
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
GLOSSARY = runpy.run_path(str(DOCS / "glossary.py"))
TERMS = {row["term"]: row for row in GLOSSARY["rows"]()}
QUOTED = ("顾客ID", "尊敬的顾客", "老顾客")
"""The heading of the source's table, how a letter begins, and what a clerk says."""
ART = (
    "data.customer_base", "data.pseudonym", "data.unlinked",
    "rfm.reference_date", "rfm.valid_order", "rfm.order_line", "rfm.median", "rfm.unnamed",
    "group.tier", "group.stage", "group.potential", "group.rule_set",
    "survey.midpoint", "survey.reliability",
    "serve.latent", "serve.catalogue", "serve.outbox",
    "class.roster", "class.sandbox", "class.feedback", "class.deadline",
)  # fmt: skip
"""Terms of art: a sentence that has one in a language has its partner in the other. Others are words of every day,
which a sentence may put otherwise."""
CODE = re.compile(r"\{[^}]*\}|`[^`]*`|\"[^\"]*\"|[\w.*]*(?:[_=/]|\.(?=\w))[\w./=*-]*")
PAGES = sorted(path for path in DOCS.glob("*.md") if path.stem.partition(".")[0] != "glossary")


def words() -> list[dict[str, str]]:
    with (ROOT / "crmlab" / "words.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def prose() -> list[tuple[str, str, str]]:
    """Key, Chinese and English of each row, without what stands for code."""
    return [(row["key"], CODE.sub(" ", row["zh"]), CODE.sub(" ", row["en"])) for row in words()]


def said() -> list[tuple[str, str]]:
    """Everything that a person reads, as (where, text)."""
    found = [(f"words.csv {row['key']}", f"{row['zh']}\n{row['en']}") for row in words()]
    sources = sorted((ROOT / "notebooks" / "source").glob("*.py"))
    for path in (*sources, ROOT / "README.md", ROOT / "README.zh.md", *PAGES):
        lines = path.read_text(encoding="utf-8").splitlines()
        found += [(f"{path.name}:{number}", line) for number, line in enumerate(lines, start=1)]
    return found


def listed(cell: str) -> list[str]:
    return [entry for entry in cell.split("|") if entry]


def longest_first(entries: list[str]) -> str:
    return "|".join(re.escape(entry) for entry in sorted(entries, key=len, reverse=True))


NEVER = {lang: [word for row in TERMS.values() for word in listed(row[f"never_{lang}"])] for lang in ("zh", "en")}
CHINESE = re.compile(longest_first([*NEVER["zh"], *(row["zh"] for row in TERMS.values()), *QUOTED]))
ENGLISH = re.compile(rf"\b(?:{longest_first(NEVER['en'])})s?\b", re.IGNORECASE)


def wrong_words(text: str) -> list[str]:
    """Words that the glossary rules out. A Chinese word within a longer term is none: 均值 within 平均值."""
    return [word for word in CHINESE.findall(text) if word in NEVER["zh"]] + ENGLISH.findall(text)


def test_nothing_that_people_read_uses_a_word_that_the_glossary_rules_out():
    wrong = [f"{where}: {word}" for where, text in said() for word in wrong_words(text)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("请写明参考日期", ["参考日期"]),
        ("不低于平均值，记 ↑", []),
        ("用均值、中位数", ["均值"]),
        ("三列：顾客ID、客户特征", []),
        ("这位顾客", ["顾客"]),
        ("Two Pseudonyms and an alias", ["alias"]),
        ("a cut-off at 3", ["cut-off"]),
    ],
)
def test_a_wrong_word_is_found_and_a_longer_term_is_none(text, wrong):
    assert wrong_words(text) == wrong


@pytest.mark.parametrize("term", ART)
def test_a_term_of_art_has_its_partner_in_the_other_language(term):
    row = TERMS[term]
    others = [entry["zh"] for entry in TERMS.values() if row["zh"] in entry["zh"] and entry is not row]
    chinese = re.compile(longest_first([*others, row["zh"]]))
    first = re.compile(rf"\b{re.escape(listed(row['en'])[0])}(s|es)?\b", re.IGNORECASE)
    any_form = re.compile("|".join(rf"\b{re.escape(form)}" for form in listed(row["en"])), re.IGNORECASE)
    seen, alone = 0, []
    for key, zh, en in prose():
        in_chinese, in_english = row["zh"] in chinese.findall(zh), bool(first.search(en))
        seen += in_chinese or in_english
        if (in_chinese and not any_form.search(en)) or (in_english and row["zh"] not in zh):
            alone.append(key)
    assert seen, f"{term} occurs nowhere in words.csv"
    assert not alone, f"{row['zh']} / {row['en']} without its partner: {', '.join(alone)}"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_up_to_date(lang):
    written = (DOCS / f"glossary.{lang}.md").read_text(encoding="utf-8")
    assert written == GLOSSARY["page"](lang), "run: python docs/glossary.py"


def test_each_row_is_whole_and_no_word_stands_for_two_terms():
    for row in TERMS.values():
        assert all(row[column] for column in ("term", "zh", "en", "meaning_zh", "meaning_en")), row
        assert "|" not in row["zh"] + row["meaning_zh"] + row["meaning_en"], row
    for lang in ("zh", "en"):
        firsts = Counter(listed(row[lang])[0] for row in TERMS.values())
        assert max(firsts.values()) == 1, firsts.most_common(1)
        never = Counter(word for row in TERMS.values() for word in listed(row[f"never_{lang}"]))
        assert not set(never) & set(firsts), "a term is ruled out elsewhere"
        assert max(never.values()) == 1, never.most_common(1)


def test_the_terms_of_the_design_are_there():
    keys = {"reference_date", "recency", "frequency", "monetary", "mark", "type", "score", "tie", "threshold", "window"}
    assert keys <= {term.partition(".")[2] for term in TERMS}
    assert len(TERMS) >= 60
