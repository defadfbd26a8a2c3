"""The lessons as they are committed: executed, checked, the same as their sources, and fair exercises."""

import ast
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
from lessons import LESSONS

from crmlab.course.build import differences, first_picture
from crmlab.course.pairs import pair_faults
from crmlab.questions.rules import read_rules
from crmlab.words import LANGUAGES

ROOT = Path(__file__).resolve().parents[1]
EACH = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
BOTH = pytest.mark.parametrize("lang", LANGUAGES)
CHECKED = "nbval-check-output"


@cache
def committed(lang, stem):
    return nbformat.read(ROOT / "notebooks" / lang / f"{stem}.ipynb", as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell):
    texts = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(texts)


def run_exercise(notebook):
    """Run the code cells here, without a kernel; what each `check` says, by question."""
    names, said = {}, {}
    for cell in code_cells(notebook):
        if asked := re.fullmatch(r'check\("(\w+)"\)', cell.source):
            said[asked[1]] = eval(cell.source, names)
        else:
            exec(compile(cell.source, "cell", "exec"), names)
    return said


def test_there_are_four_lessons():
    assert [lesson.stem for lesson in LESSONS] == ["00_start", "01_collect", "02_segment", "03_serve", "04_track"]


def test_what_is_committed_is_what_the_sources_make():
    assert differences(ROOT) == []


@BOTH
def test_the_readme_shows_the_first_picture_of_the_first_lesson(lang):
    held = (ROOT / "docs" / f"first_{lang}.png").read_bytes()
    assert held == first_picture(committed(lang, LESSONS[0].stem))
    readme = {"en": "README.md", "zh": "README.zh.md"}[lang]
    assert f"docs/first_{lang}.png" in (ROOT / readme).read_text(encoding="utf-8")


@EACH
def test_chinese_and_english_are_complete_pairs(lesson):
    assert pair_faults(lesson) == []


@EACH
@BOTH
def test_every_code_cell_was_executed_in_order(lesson, lang):
    counts = [cell.execution_count for cell in code_cells(committed(lang, lesson.stem))]
    assert counts == list(range(1, len(counts) + 1))


@EACH
@BOTH
def test_at_least_three_checked_cells_hold_numbers_or_tables(lesson, lang):
    checked = [cell for cell in code_cells(committed(lang, lesson.stem)) if CHECKED in cell.metadata.get("tags", ())]
    real = [cell for cell in checked if re.search(r"\d", shown(cell))]
    assert len(real) >= 3
    assert all(shown(cell).strip() for cell in checked)


@EACH
@BOTH
def test_no_output_is_an_error_a_warning_or_personal(lesson, lang):
    for cell in code_cells(committed(lang, lesson.stem)):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
        text = str([output.get("data", output.get("text", "")) for output in cell.outputs if "image/png" not in
                    output.get("data", {})])  # fmt: skip
        assert "Glyph" not in text
        assert not re.search(r"\b120\d{8}\b|@shop\.example|example_c\d", text)


@EACH
@BOTH
def test_pictures_have_an_alternative_text(lesson, lang):
    for cell in code_cells(committed(lang, lesson.stem)):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                assert output.metadata["image/png"]["alt"].strip()


@EACH
@BOTH
def test_a_blank_exercise_passes_no_check(lesson, lang):
    said = run_exercise(lesson.exercise(lang))
    assert list(said) == [question.name for question in read_rules(lesson.stem).questions]
    assert not any(checked.passed for checked in said.values())


@EACH
@BOTH
def test_the_solution_passes_every_check(lesson, lang):
    said = run_exercise(lesson.solution(lang))
    assert list(said) == [question.name for question in read_rules(lesson.stem).questions]
    assert all(checked.passed for checked in said.values()), said


@EACH
@BOTH
def test_no_solution_stands_in_an_exercise_or_a_lesson(lesson, lang):
    """No answer of a solution, nor any statement that only the solution has, stands where a student reads."""
    for folder in ("exercises", "notebooks"):
        read = nbformat.read(ROOT / folder / lang / f"{lesson.stem}.ipynb", as_version=4)
        text = "\n".join(cell.source for cell in read.cells)
        for cell in lesson.cells:
            if cell.solution:
                answers = [ast.unparse(node) for node in ast.walk(ast.parse(cell.text[lang]))
                           if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "answer"]  # fmt: skip
                assert answers
                assert not any(line in text for line in answers)
                assert cell.text[lang] not in text


@EACH
def test_each_lesson_opens_with_a_question_and_ends_with_homework(lesson):
    prose = [cell.text for cell in lesson.shown if cell.kind == "markdown"]
    assert "？" in "".join(text["zh"] for text in prose[:2])
    assert "?" in "".join(text["en"] for text in prose[:2])
    assert "作业" in prose[-1]["zh"]
    assert "Homework" in prose[-1]["en"]


@EACH
def test_a_sentence_stands_before_each_code_cell(lesson):
    """Short cells; a sentence or another picture's sentence within the two cells above each of them."""
    kinds = [cell.kind for cell in lesson.shown]
    for place, cell in enumerate(lesson.shown):
        if cell.kind == "code":
            assert "parameters" in cell.tags or len(cell.text["zh"].splitlines()) <= 14, cell.text["zh"]
            assert "markdown" in kinds[max(0, place - 2) : place], cell.text["zh"]
