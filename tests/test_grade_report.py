"""The class on one page: counts add up, hard questions and common mistakes are found, nothing on it runs."""

import re

import pytest
from bs4 import BeautifulSoup
from graded_class import GRADED, LATE, POINTS, ROSTER, marks, record
from harmless_pages import demand_harmless

from crmlab.grade.class_report import class_report
from crmlab.grade.records import OUTCOMES, VERDICTS, Mark
from crmlab.words import LANGUAGES


def page(lang="en", graded=GRADED, roster=ROSTER):
    return class_report(roster, graded, POINTS, LATE, lang, title="02 Task two")


def sections(text: str) -> dict[str, BeautifulSoup]:
    """Heading → what stands below it."""
    soup = BeautifulSoup(text, "html.parser")
    return {
        head.get_text(): BeautifulSoup(
            "".join(str(one) for one in iter_until(head)), "html.parser"
        )
        for head in soup("h2")
    }  # fmt: skip


def iter_until(head):
    for one in head.next_siblings:
        if one.name == "h2":
            return
        yield one


def rows(part: BeautifulSoup) -> list[list[str]]:
    return [[cell.get_text() for cell in row("td")] for row in part("tr")[1:]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_whole_and_harmless_in_both_languages(lang):
    text = page(lang)
    read = demand_harmless(text)
    pictures = [about for tag, about in read.tags if tag == "img"]
    assert len(pictures) == 3
    assert all(about["alt"] for about in pictures)
    assert len(sections(text)) == 6
    assert not re.search(r"张示\d", text), "students go by their ids"
    assert {"zh": "少于五", "en": "below five"}[lang] in read.text


def test_everybody_is_accounted_for():
    text = page(graded=[*GRADED, record("x99", marks(2, 3, 5, 10))])
    assert "Roster of 12 = 11 handed in + 1 not handed in. Of 12 submissions, 1 are of people" in text
    ended = rows(sections(text)["How the runs ended"])
    assert sum(int(count) for _, count in ended) == 12
    for row in rows(sections(text)["Which questions are hard"]):
        counts = [int(cell) for cell in row[3:]]
        assert sum(counts[:-1]) == counts[-1] == 12


def test_questions_stand_hardest_first_with_their_mean():
    found = rows(sections(page())["Which questions are hard"])
    assert [row[0] for row in found] == ["q3", "q4", "q2", "q1"]
    shares = {row[0]: row[2] for row in found}
    assert shares == {"q1": "68", "q2": "52", "q3": "43", "q4": "51"}


def test_totals_are_those_that_count_and_who_waits_is_named():
    text = sections(page())["Totals"].get_text()
    assert "Submissions: 8. Mean 9.28 and median 7 of 20 points" in text
    assert "wait for a person's marks: 3" in text


def test_a_wrong_value_is_common_from_two_students_on():
    def gave(student, value, verdict="wrong", points=0):
        return record(student, (Mark("q1", 2, points, verdict, value), *marks(0, 0, 0, 0, verdict="blank")[1:]))

    graded = [gave("a", "7"), gave("b", "7"), gave("c", "7"), gave("d", "8"), gave("e", "9", "right", 2),
              gave("f", "9", "right", 2), gave("g", "<i>", "kind"), gave("h", "<i>", "kind")]  # fmt: skip
    text = page(graded=graded)
    assert rows(sections(text)["Common wrong answers"]) == [["q1", "7", "3"], ["q1", "<i>", "2"]]
    assert "<i>" not in text


def test_who_needs_a_look_and_who_does_not():
    found = rows(sections(page())["Who needs a look"])
    assert [row[0] for row in found] == ["s03", "s04", "s05", "s06", "s07", "s10", "s12"]
    by_student = {row[0]: row for row in found}
    assert by_student["s04"][1] == "stopped: took too long"
    assert by_student["s06"][3] == "两份笔记本，用了较新的一份。"
    assert by_student["s10"][4] == "1"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_empty_class_and_odd_classes_have_a_page(lang):
    demand_harmless(page(lang, graded=[], roster=[]))
    odd = [record(f"o{number}", tuple(Mark(name, most, 0, verdict) for name, most in POINTS.items()), outcome=outcome)
           for number, (verdict, outcome) in enumerate(zip(VERDICTS, OUTCOMES * 2, strict=False))]  # fmt: skip
    demand_harmless(page(lang, graded=odd))
    waiting = [record("w1", marks(None, None, None, None))]
    demand_harmless(page(lang, graded=waiting))
