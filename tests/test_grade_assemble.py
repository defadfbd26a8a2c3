"""What is executed: our parameters and set-up, then their code, each cell with its question; flags that tell."""

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.parameterize import parameterize_notebook
from submission_samples import (
    SOLVED,
    blank,
    code,
    colab,
    format_3,
    handed_out,
    lesson,
    packed,
    place_of,
    prose,
    solved,
    tagged,
    vscode,
)

from crmlab.grade.assemble import Assembled, assemble
from crmlab.grade.codecells import MOST_CODE, parsed, read_code
from crmlab.grade.notebooks import read_notebook
from crmlab.grade.submissions import Submission
from crmlab.grade.template import Template
from crmlab.words import LANGUAGES, has_word

OURS = [cell.source for cell in Template.of(lesson(), "zh").opening]


def put_together(notebook: dict, lang: str = "zh", **given) -> Assembled:
    read, _ = read_notebook(packed(notebook), "a.ipynb")
    made = assemble(Submission("s1", lang, notebook=read), lesson(), "en", **given)
    nbformat.validate(made.notebook)
    assert all(has_word(f"flag.{flag}") for flag in made.flags)
    assert all(made.notebook.cells[at].cell_type == "code" for at in made.questions)
    return made


def theirs(made: Assembled) -> list[tuple[str, str]]:
    """The student's code in the order in which it runs, each with its question."""
    opening = len(Template.of(lesson(), "zh").opening)
    cells = enumerate(made.notebook.cells[opening:], start=opening)
    return [(cell.source, made.questions.get(at, "")) for at, cell in cells if cell.cell_type == "code"]


def all_solved() -> list[tuple[str, str]]:
    return [(source, name) for name, source in SOLVED.items()]


def insert(notebook: dict, before: str, *cells: dict) -> dict:
    place = place_of(notebook, before)
    notebook["cells"][place:place] = cells
    return notebook


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_solved_exercise_is_our_opening_and_their_answers(lang):
    made = put_together(solved(lang), lang)
    assert [cell.source for cell in made.notebook.cells[:4]] == [
        cell.source for cell in Template.of(lesson(), lang).opening
    ]
    assert theirs(made) == all_solved()
    assert (made.flags, made.notes) == ((), ())
    assert not any("check(" in source for source, _ in theirs(made))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_blank_exercise_keeps_its_blanks(lang):
    made = put_together(handed_out(lang), lang)
    assert theirs(made) == [(f'answer("{name}", ...)', name) for name in SOLVED]
    assert (made.flags, made.notes) == ((), ())


def test_one_submission_does_not_change_the_next():
    first = put_together(solved())
    first.notebook.cells[1].source = "lang = 'xx'"
    first.notebook.metadata.crmlab["lang"] = "xx"
    first.notebook.cells.clear()
    second = put_together(solved()).notebook
    assert [cell.source for cell in second.cells[:4]] == OURS
    assert second.metadata.crmlab.lang == "zh"


def test_the_prose_of_a_student_is_kept_for_the_page_and_ours_stands_once():
    made = put_together(insert(solved(), "## q2", prose("我的想法")))
    texts = [cell.source for cell in made.notebook.cells if cell.cell_type == "markdown"]
    assert texts.count("我的想法") == 1
    assert sum(text.startswith("# ") for text in texts) == 1


def test_papermill_injects_after_our_parameters_and_nowhere_else():
    notebook = solved()
    tagged(notebook, "parameters")["source"] = "window = 7"
    fake = code("# Parameters\nwindow = 8", tags=["injected-parameters"])
    again = code("window = 9", tags=["parameters"])
    notebook["cells"] = [fake, *notebook["cells"], again, fake]
    made = put_together(notebook)
    made.notebook.metadata.papermill = {}
    ready = parameterize_notebook(made.notebook, {"window": 240})
    tags = [cell.metadata.get("tags", []) for cell in ready.cells]
    assert tags[1:4] == [["parameters"], ["injected-parameters"], ["setup"]]
    assert sum("injected-parameters" in one or "parameters" in one for one in tags) == 2
    assert not any(source.endswith(("7", "8", "9")) for source, _ in theirs(made))
    assert "injected_parameters" in made.flags


@pytest.mark.parametrize(
    "change",
    [
        lambda cell: None,
        lambda cell: cell["metadata"].clear(),
        lambda cell: cell.update(id="new", metadata={}),
        lambda cell: cell.update(source="# 我的参数\n" + "".join(cell["source"])),
    ],
)
def test_their_parameters_cell_is_found_by_tag_by_id_and_by_what_it_does(change):
    notebook = solved()
    change(tagged(notebook, "parameters"))
    made = put_together(notebook)
    assert (theirs(made), made.flags) == (all_solved(), ())


def test_a_parameters_cell_that_is_gone_or_no_python_is_told():
    notebook = solved()
    notebook["cells"].remove(tagged(notebook, "parameters"))
    made = put_together(notebook)
    assert (theirs(made), made.flags) == (all_solved(), ("parameters_changed",))
    notebook = solved()
    tagged(notebook, "parameters")["source"] = "window = = 3"
    made = put_together(notebook)
    assert made.flags == ("parameters_changed",)
    assert theirs(made)[1:] == all_solved(), "what is no Python is run, so that it fails where everybody sees it"


def test_other_code_in_the_parameters_cell_is_kept_and_told():
    notebook = solved()
    cell = tagged(notebook, "parameters")
    cell["source"] = ["import math\n", *cell["source"], "\nwindow = 30\nlimit = 240"]
    made = put_together(notebook)
    assert theirs(made) == [("import math\nlimit = 240", ""), *all_solved()]
    assert made.flags == ("parameters_changed",)


def test_a_parameters_cell_without_its_tag_is_known_by_its_id_whatever_stands_in_it():
    notebook = solved()
    tagged(notebook, "parameters").update(source="import math\nwindow = 30", metadata={})
    made = put_together(notebook)
    assert (theirs(made), made.flags) == ([("import math", ""), *all_solved()], ("parameters_changed",))


def test_a_parameters_cell_without_marks_is_known_by_its_names_also_where_no_set_up_follows():
    notebook = bare(solved())
    notebook["cells"] = [cell for cell in notebook["cells"] if "".join(cell["source"]) not in OURS[2:]]
    made = put_together(notebook)
    assert (theirs(made), made.flags) == (all_solved(), ("markers_lost",))


def test_what_is_tagged_as_injected_is_left_out_and_what_else_it_holds_is_kept():
    made = put_together(insert(solved(), "## q2", code("window = 8\nx = 1", tags=["injected-parameters"])))
    assert (theirs(made)[1], made.flags) == (("x = 1", "q1"), ("injected_parameters",))


def test_values_of_parameters_are_compared_where_it_is_known_what_was_handed_out():
    notebook = solved("en")
    cell = tagged(notebook, "parameters")
    cell["source"] = "".join(cell["source"]).replace("365", "300").replace('""', '"2026-06-01"')
    assert put_together(notebook).flags == ()
    assert put_together(notebook, given={"window": 300, "as_of": "2026-06-01"}).flags == ()
    made = put_together(notebook, given={"as_of": "2026-06-01"})
    assert made.flags == ("parameters_changed",)
    assert "window" in made.notes[0]
    assert "as_of" not in made.notes[0]


def test_a_parameter_changed_before_the_set_up_is_left_out_and_told():
    made = put_together(insert(solved(), "from crmlab.course.settings", code("window = 30")))
    assert (theirs(made), made.flags) == (all_solved(), ("parameters_changed",))
    assert "window" in made.notes[0]


def test_a_name_of_a_parameter_that_the_student_sets_later_is_their_code():
    made = put_together(insert(solved(), 'answer("q2"', code("import pandas\nx = 1"), code("window = 240")))
    assert theirs(made)[1:3] == [("import pandas\nx = 1", "q2"), ("window = 240", "q2")]
    made = put_together(insert(insert(solved(), 'answer("q3"', code("window = 240")), "## q3", code(OURS[2])))
    assert [source for source, _ in theirs(made)].count("window = 240") == 1
    assert made.flags == ()
    made = put_together(insert(insert(solved(), 'answer("q2"', code("window = 240")), "## q3", code(OURS[2])))
    assert ("window = 240", "q2") in theirs(made)


def test_a_set_up_that_is_as_ours_runs_once_whatever_its_layout():
    notebook = solved()
    notebook["cells"].append(code(OURS[2]))
    place = place_of(notebook, "from crmlab.course.practice")
    notebook["cells"][place] = code("#  练习\n" + OURS[3].replace('"', "'") + "\n\n", tags=["mine"])
    made = put_together(notebook)
    assert (theirs(made), made.flags) == (all_solved(), ())


def test_imports_added_to_the_set_up_are_kept_and_not_worth_a_word():
    notebook = solved()
    notebook["cells"][place_of(notebook, "from crmlab.course.settings")]["source"] = OURS[2] + "\nimport math"
    made = put_together(notebook)
    assert (theirs(made), made.flags) == ([("import math", ""), *all_solved()], ())


@pytest.mark.parametrize("keep_marks", [True, False])
def test_a_changed_set_up_runs_after_ours_and_is_told(keep_marks):
    notebook = solved()
    place = place_of(notebook, "from crmlab.course.settings")
    changed = OURS[2].replace("window=window", "window=7")
    notebook["cells"][place] = (notebook["cells"][place] if keep_marks else code("")) | {"source": changed}
    made = put_together(notebook)
    [(source, question), *rest] = theirs(made)
    assert "window=7" in source
    assert "import" not in source
    assert (question, rest, made.flags) == ("", all_solved(), ("setup_changed",))
    assert "settings" in made.notes[0]


@pytest.mark.parametrize("source", ["def answer(name, value): pass", "check = print", "import json as practice"])
def test_whoever_binds_answer_or_check_anew_is_shown(source):
    made = put_together(insert(solved(), "## q2", code(source)))
    assert made.flags == ("setup_changed",)
    assert (source, "q1") in theirs(made)


def test_cells_merged_with_ours_are_taken_apart():
    notebook = solved()
    first, last = place_of(notebook, "lang = "), place_of(notebook, "from crmlab.course.practice")
    merged = "\n".join("".join(cell["source"]) for cell in notebook["cells"][first : last + 1])
    notebook["cells"][first : last + 1] = [notebook["cells"][first] | {"source": merged}]
    made = put_together(notebook)
    assert (theirs(made), made.flags) == (all_solved(), ())


def test_helper_cells_and_imports_are_kept_with_the_question_they_stand_under():
    notebook = insert(solved(), 'answer("q2"', code("import math"), code("# nur so"), code(" \n"))
    notebook["cells"].append(code("print(1)"))
    made = put_together(notebook)
    solved_cells = all_solved()
    assert theirs(made) == [
        solved_cells[0], ("import math", "q2"), ("# nur so", "q2"), *solved_cells[1:], ("print(1)", "q3"),
    ]  # fmt: skip
    assert made.flags == ()


def test_a_deleted_cell_is_told():
    notebook = solved()
    notebook["cells"].remove(blank(notebook, "q2"))
    made = put_together(notebook)
    assert ([name for _, name in theirs(made)], made.flags) == (["q1", "q3"], ("cells_missing",))
    assert "q2" in made.notes[0]


@pytest.mark.parametrize("same_mark", [True, False])
def test_a_copied_cell_runs_too_so_that_the_later_counts(same_mark):
    notebook = solved()
    copy = blank(notebook, "q1") | {"source": 'answer("q1", 0)'}
    notebook["cells"].append(copy if same_mark else code(copy["source"]))
    made = put_together(notebook)
    assert theirs(made) == [*all_solved(), ('answer("q1", 0)', "q1")]
    assert made.flags == ("cells_copied",)
    assert "q1" in made.notes[0]


def test_a_cell_copied_for_another_question_belongs_to_what_it_answers():
    notebook = solved()
    blank(notebook, "q2")["metadata"] = dict(blank(notebook, "q1")["metadata"])
    made = put_together(notebook)
    assert (theirs(made), made.flags) == (all_solved(), ())


def test_a_copied_check_does_no_harm():
    notebook = solved()
    notebook["cells"] += [notebook["cells"][place_of(notebook, "check(")]] * 3
    assert theirs(put_together(notebook)) == all_solved()


def test_a_blank_that_was_left_behind_takes_no_answer_away():
    notebook = insert(handed_out(), 'answer("q1"', code('answer("q1", 1)'))
    made = put_together(notebook)
    assert theirs(made)[:2] == [('answer("q1", 1)', "q1"), ('answer("q2", ...)', "q2")]
    assert made.flags == ()


def test_a_mark_says_the_question_where_the_code_does_not():
    notebook = solved()
    moved = blank(notebook, "q3") | {"source": "x = = 1"}
    notebook["cells"].remove(blank(notebook, "q3"))
    both = 'answer("q1", 1); answer("q2", 2)'
    blank(notebook, "q2")["source"] = both
    made = put_together(insert(notebook, "## q2", moved))
    assert theirs(made)[1:] == [("x = = 1", "q3"), (both, "q2")]


def test_prose_that_was_rewritten_is_known_by_its_id():
    notebook = solved()
    notebook["cells"][place_of(notebook, "## q2")]["source"] = "我把题目改写了"
    made = put_together(insert(notebook, 'answer("q2"', code("x = 1")))
    assert theirs(made)[1] == ("x = 1", "q2")


def test_names_of_the_set_up_may_be_used_again_in_an_answer():
    made = put_together(insert(solved(), 'answer("q2"', code("shop = [settings]")))
    assert (theirs(made)[1], made.flags) == (("shop = [settings]", "q2"), ())


def test_reordered_questions_are_told():
    notebook = solved()
    place = place_of(notebook, "## q3")
    notebook["cells"][4:4] = [notebook["cells"].pop(place) for _ in range(2)][::-1]
    made = put_together(notebook)
    assert [name for _, name in theirs(made)] == ["q3", "q1", "q2"]
    assert made.flags == ("cells_reordered",)
    assert "q3, q1, q2" in made.notes[0]


def test_code_without_an_answer_is_told():
    notebook = solved()
    blank(notebook, "q2")["source"] = "settings.window + 2"
    made = put_together(notebook)
    assert (theirs(made)[1], made.flags) == (("settings.window + 2", "q2"), ("no_answer",))
    blank(notebook, "q2")["source"] = 'for name in ["q2"]:\n    answer(name, 1)'
    assert put_together(notebook).flags == ()


def bare(notebook: dict) -> dict:
    """Without ids, tags and our marks."""
    cells = [{key: cell[key] for key in cell if key != "id"} | {"metadata": {}} for cell in notebook["cells"]]
    return notebook | {"cells": cells, "nbformat_minor": 4}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_marks_cells_are_found_by_what_they_answer_and_where_they_stand(lang):
    notebook = bare(insert(solved(lang), 'answer("q2"', code("x = 1")))
    made = put_together(notebook)
    answers = all_solved()
    assert theirs(made) == [answers[0], ("x = 1", "q2"), *answers[1:]]
    assert made.flags == ("markers_lost",)


def test_without_marks_and_with_other_prose_a_heading_is_enough():
    notebook = bare(solved())
    for cell in notebook["cells"]:
        if "".join(cell["source"]).startswith("## q"):
            cell["source"] = "".join(cell["source"])[:5] + "\n我把题目改写了"
    notebook = insert(notebook, 'answer("q3"', code("x = = 1"))
    assert theirs(put_together(notebook))[2:] == [("x = = 1", "q3"), (SOLVED["q3"], "q3")]


def test_code_without_any_prose_is_placed_by_its_answers():
    notebook = {"cells": [cell for cell in bare(solved())["cells"] if cell["cell_type"] == "code"]}
    made = put_together(notebook)
    assert (theirs(made), made.flags) == (all_solved(), ("markers_lost",))


@pytest.mark.parametrize("of", [colab, vscode, format_3])
def test_notebooks_of_other_programs_run_the_same(of):
    made = put_together(of(solved()))
    own = [(source, name) for source, name in theirs(made) if not source.startswith("!pip")]
    assert (own, made.flags) == (all_solved(), ("markers_lost",))


def test_invalid_python_in_one_cell_does_not_stop_the_others():
    notebook = solved()
    blank(notebook, "q2")["source"] = 'answer("q2", 1 +)'
    made = put_together(notebook)
    assert (theirs(made)[1], theirs(made)[2], made.flags) == (('answer("q2", 1 +)', "q2"), all_solved()[2], ())


@pytest.mark.parametrize(
    "source",
    ["-" * 50_000 + "1", "a" + ".b" * 30_000, "(" * 50_000, "[" * 90 + "]" * 90, "x = '\\d'", "\0", "1" * 5000 + "=1",
     "if 1:\n" * 5, "x\n" * MOST_CODE, "'" * 3 + "a", "a = b = " * 5000 + "1", "\ufeffanswer", "1 if " * 5000,
     "%%bash\nls", "!ls", "?print", "print?", "await x", "x = (yield)", "match x:\n case _: pass", "0777", "1_"],
)  # fmt: skip
def test_code_of_any_kind_is_looked_at_without_harm(source):
    assert read_code(source).answers == {}
    notebook = solved()
    tagged(notebook, "parameters")["source"] = source
    notebook["cells"][place_of(notebook, "from crmlab.course.settings")]["source"] = source
    made = put_together(insert(notebook, 'answer("q1"', code(source)))
    assert all_solved()[0] in theirs(made)


def test_magics_do_not_hide_answers():
    for source in ['%time\nanswer("q1", 1)', '%%time\nanswer("q1", 1)', '!pip install x\nanswer("q1", 1)']:
        assert read_code(source).answers == {"q1": True}
    assert parsed("%%bash\nls -l | grep x") is None


def test_answers_in_comments_and_texts_are_none():
    assert read_code('# answer("q1", 1)\nx = \'answer("q2", 1)\'').answers == {}


def test_only_cells_that_do_nothing_but_check_are_left_out():
    for source in ['check("q1")', 'check("q1"); check("q2")  # both']:
        assert read_code(source).is_check
    for source in ['print(check("q1"))', 'check(answer("q1", 1))', 'x = check("q1")', 'check("q1")\nx = 1', "check"]:
        assert not read_code(source).is_check


def test_marks_of_questions_that_do_not_exist_are_ignored():
    notebook = solved()
    blank(notebook, "q1")["metadata"] = {"crmlab": {"question": "q99"}}
    notebook["cells"].append(code('answer("q98", 1)', crmlab={"question": "__class__"}))
    made = put_together(notebook)
    assert theirs(made) == [*all_solved(), ('answer("q98", 1)', "q3")]


CELLS = st.sampled_from(
    [
        *solved()["cells"], *handed_out("en")["cells"], *bare(solved())["cells"],
        code("window = 1"), code("x = = 1"), code('answer("q1", ...)', tags=["parameters"]), prose("## q2"),
    ]
) | st.text(max_size=30).map(code)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=12))
def test_any_mixture_of_cells_is_put_together_and_no_answer_is_lost(cells):
    made = put_together({"cells": cells})
    assert [cell.source for cell in made.notebook.cells[:4]] == OURS
    kept = [source for source, _ in theirs(made)]
    assert [source for source in kept if source in SOLVED.values()] == [
        cell["source"] for cell in cells if cell["source"] in SOLVED.values()
    ]
    assert not any("parameters" in cell.metadata.get("tags", []) for cell in made.notebook.cells[2:])
