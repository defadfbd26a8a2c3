"""words.csv: every word in both languages with the same places to fill, and a word for every key that is used."""

import csv
import re
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

import crmlab

ROOM = Path(crmlab.__file__).parent
with (ROOM / "words.csv").open(encoding="utf-8", newline="") as lines:
    HEAD, *ROWS = csv.reader(lines)
KEYS = {row[0] for row in ROWS}
CHINESE = "[\u4e00-\u9fff]"


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_table_has_three_columns_and_no_key_twice():
    assert HEAD == ["key", "zh", "en"]
    assert [row for row in ROWS if len(row) != 3] == []
    assert [key for key, count in Counter(row[0] for row in ROWS).items() if count > 1] == []


def test_every_word_is_there_in_both_languages_with_the_same_places():
    faulty = [key for key, zh, en in ROWS if not zh.strip() or not en.strip() or places(zh) != places(en)]
    assert faulty == []


def test_chinese_has_chinese_punctuation():
    faulty = [(key, zh) for key, zh, _ in ROWS if re.search(f"{CHINESE} ?[,;:?!] ?{CHINESE}", zh)]
    assert faulty == []


def test_english_has_no_chinese_punctuation():
    faulty = [(key, en) for key, _, en in ROWS if re.search("[，。；：？！、（）]", en)]
    assert faulty == []


@pytest.mark.parametrize("error", ["CrmlabError", "ConsentError", "DataError", "ParameterError"])
def test_every_error_in_the_code_has_its_words(error):
    used = set()
    for path in ROOM.rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        used |= {(path.name, key) for key in re.findall(rf"\b{error}\(\s*\"(\w+)\"", code)}
    assert error == "CrmlabError" or used, error
    assert {(name, key) for name, key in used if f"error.{key}" not in KEYS} == set()


def test_every_literal_key_in_the_code_is_there():
    used = set()
    for path in ROOM.rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        used |= {(path.name, key) for key in re.findall(r"\bword\(\s*\"([\w.]+)\"\s*,", code)}
    assert {(name, key) for name, key in used if key not in KEYS} == set()
