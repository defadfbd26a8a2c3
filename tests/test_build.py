"""Lesson sources, what is generated from them, and how a difference is found."""

import json
import re

import nbformat
import pytest
from tiny_course import BODY, write_lesson, write_readmes

from crmlab.course import notebook
from crmlab.course.build import build, differences
from crmlab.course.pairs import pair_faults
from crmlab.course.source import literal_parameters, read_lesson
from crmlab.errors import CrmlabError


@pytest.fixture
def lesson(tmp_path):
    return read_lesson(write_lesson(tmp_path, "01", "window"))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    write_lesson(root, "01", "window")
    write_readmes(root)
    build(root, say=lambda line: None)
    return root


@pytest.fixture
def copy(built, tmp_path):
    """The built course, to be spoilt."""
    import shutil

    return shutil.copytree(built, tmp_path / "copy")


def sources(made):
    return [cell.source for cell in made.cells]


def test_lesson_notebook_holds_the_lesson_and_no_exercise(lesson):
    made = lesson.notebook("en")
    text = "\n".join(sources(made))
    assert sources(made)[0].startswith("# 01 Segments\n\nAbout 10 minutes")
    assert "- Who came lately?" in sources(made)[0]
    assert sources(made)[-1] == "## Key points\n\n- A mark is a comparison"
    assert 'lang = "en"  # language' in text
    assert "How long" not in text
    assert "practice" not in text
    assert "answer(" not in text
    assert re.search("[一-鿿]", text) is None
    nbformat.validate(made)


def test_exercise_notebook_holds_blanks_and_no_solution(lesson):
    made = lesson.exercise("zh")
    assert sources(made)[1:] == [
        'lang = "zh"  # language\ndata = "teaching"\nwindow = 365\ntables = ""',
        next(cell.text["zh"] for cell in lesson.cells if "setup" in cell.tags),
        "from crmlab.course.practice import answer, check",
        "窗口有多长？",
        'answer("q1", ...)',
        'check("q1")',
    ]
    nbformat.validate(made)


def test_solution_fills_the_blank_only(lesson):
    blank, filled = lesson.exercise("zh"), lesson.solution("zh")
    changed = [index for index, cell in enumerate(blank.cells) if cell != filled.cells[index]]
    assert [filled.cells[index].source for index in changed] == ['answer("q1", settings.window)']
    assert blank.cells[changed[0]].id == filled.cells[changed[0]].id


def test_same_source_gives_same_bytes_and_ids_that_stay(lesson, tmp_path):
    assert notebook.written(lesson.notebook("zh")) == notebook.written(lesson.notebook("zh"))
    moved = "# %%\n1\n\n" + BODY
    other = read_lesson(write_lesson(tmp_path, "01", "window", moved)).notebook("zh")
    ids = [cell.id for cell in lesson.notebook("zh").cells]
    assert [cell.id for cell in other.cells if cell.source != "1"] == ids
    twice = read_lesson(write_lesson(tmp_path, "01", "window", BODY + "\n# %%\n1\n\n# %%\n1\n")).notebook("zh")
    assert len({cell.id for cell in twice.cells}) == len(twice.cells)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('# %% [markdown] lang="en"\n', "# %% [markdown]\n", "must say lang"),
        ('# %% [markdown] lang="en"\n', '# %% [markdown] lang="zh"\n', "partner"),
        ('# %% [markdown] lang="zh"\n', '# %% [markdown] lang="en"\n', "partner"),
        ('lang="en" question="q1"', 'lang="en"', "partner"),
        ('tags=["parameters"]', "", "exactly one cell"),
        ('tags=["setup"]', 'tags=["parameters"]', "exactly one cell"),
        ("window = 365", "window = 360 + 5", "only name = number"),
        ("window = 365", "window += 1", "only name = number"),
        ("window = 365", "window =", "only name = number"),
        ('lang = "zh"', 'lang = "en"', 'the line lang = "zh"'),
        ('# %% solution="q1"', "# %%", "exactly one solution"),
        ('# %% solution="q1"', '# %% solution="q2"', "q1 must have exactly one solution"),
        ('lang="zh" question="q1"', 'lang="zh" solution="q1"', "partner"),
        ('# %% solution="q1"', '# %% solution="q1" question="q1"', "question belongs"),
        ('# %% exercise="setup"', "# %% [raw]", "only code and markdown"),
    ],
)
def test_a_fault_in_a_source_names_file_and_cell(tmp_path, old, new, told):
    assert old in BODY
    path = write_lesson(tmp_path, "01", "window", BODY.replace(old, new, 1))
    with pytest.raises(CrmlabError, match=r"01_window\.py") as caught:
        read_lesson(path)
    assert told in caught.value.message("en")
    assert "exactly one cell" in told or re.search(r"cell \d+", caught.value.message("en"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('number: "01"', 'number: "07"'),
        ("minutes: 10", "hours: 1"),
        ("minutes: 10", "minutes: ["),
        ("{zh: 分群, en: Segments}", "{en: Segments}"),
    ],
)
def test_a_fault_in_the_header_is_told(tmp_path, old, new):
    path = write_lesson(tmp_path, "01", "window")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(CrmlabError, match=r"01_window\.py"):
        read_lesson(path)


def test_a_header_inside_jupytexts_own_block_is_read_too(tmp_path, lesson):
    path = write_lesson(tmp_path, "01", "window")
    header, rest = path.read_text(encoding="utf-8").split("# ---\n\n", 1)
    header = (
        header.replace("# ---\n", "# ---\n# jupyter:\n").replace("#   ", "#     ").replace("# crmlab", "#   crmlab")
    )
    path.write_text(header + "# ---\n\n" + rest, encoding="utf-8")
    assert read_lesson(path) == lesson


def test_literal_parameters_refuses_what_is_not_plain():
    assert literal_parameters("a = -1\nb = 'x'  # note") == {"a": -1, "b": "x"}
    for source in ("a = b", "a.b = 1", "print(1)", "a = b = 1 + x", "a, b = (1, 2)"):
        with pytest.raises(ValueError, match=re.escape(source)):
            literal_parameters(source)


@pytest.mark.parametrize(
    ("old", "new", "feature"),
    [
        ("# ## The window", "# ### The window", "heading levels"),
        ("is 365 days", "is 366 days", "numbers"),
        ("see `window`", "see `windows`", "inline code"),
        ("see `window`", "see `window` [there](a.md)", "links"),
    ],
)
def test_partner_cells_must_agree(tmp_path, lesson, old, new, feature):
    assert pair_faults(lesson) == []
    changed = read_lesson(write_lesson(tmp_path, "01", "window", BODY.replace(old, new)))
    faults = pair_faults(changed)
    assert len(faults) == 1
    assert feature in faults[0]


def test_header_lists_must_agree(tmp_path):
    path = write_lesson(tmp_path, "01", "window")
    text = path.read_text(encoding="utf-8").replace("[You can set 3 marks]", "[You can set 4 marks, and more]")
    path.write_text(text, encoding="utf-8")
    assert len(pair_faults(read_lesson(path))) == 2


def test_build_executes_cleans_and_agrees_with_its_sources(built):
    assert differences(built) == []
    made = nbformat.read(built / "notebooks/zh/01_window.ipynb", as_version=4)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert code[-1].outputs == [{"output_type": "stream", "name": "stdout", "text": "window 365\n"}]
    assert code[-1].metadata == {"tags": ["nbval-check-output"]}
    assert set(made.metadata) == {"kernelspec", "language_info", "crmlab"}
    assert made.metadata.language_info == {"name": "python"}
    text = (built / "notebooks/zh/01_window.ipynb").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    exercise = nbformat.read(built / "exercises/en/01_window.ipynb", as_version=4)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in exercise.cells)
    assert "| [01 Segments](notebooks/en/01_window.ipynb) | 10 |" in (built / "README.md").read_text(encoding="utf-8")
    assert "The end." in (built / "README.zh.md").read_text(encoding="utf-8")
    assert not list(built.rglob("*.part"))


def spoil(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "notebooks/en/01_window.ipynb",
            "The window is",
            "The windows is",
            "cell 4 differs from its source in source",
        ),
        ("notebooks/zh/01_window.ipynb", '"nbval-check-output"', '"other"', "in metadata"),
        (
            "notebooks/zh/01_window.ipynb",
            '"execution_count": 2',
            '"execution_count": null',
            "was not executed",
        ),
        (
            "notebooks/zh/01_window.ipynb",
            '"display_name": "Python 3 (ipykernel)"',
            '"display_name": "x"',
            "differs",
        ),
        ("exercises/zh/01_window.ipynb", "...)", "365)", "exercises/zh/01_window.ipynb"),
        ("README.zh.md", "| 10 |", "| 11 |", "README.zh.md"),
        ("notebooks/source/01_window.py", "365 days", "366 days", "numbers"),
    ],
)
def test_a_difference_is_found(copy, file, old, new, told):
    spoil(copy / file, old, new)
    assert any(told in line for line in differences(copy))


def test_missing_and_superfluous_files_are_found(copy):
    (copy / "notebooks/zh/01_window.ipynb").rename(copy / "notebooks/zh/09_gone.ipynb")
    assert differences(copy) == [
        "notebooks/zh/01_window.ipynb: is not there",
        "notebooks/zh/09_gone.ipynb: no lesson source makes it",
    ]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("import sys; print('careful', file=sys.stderr)", "printed a warning"),
        ("import os; os.getcwd()", "a path of this machine"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_an_output_that_must_not_be_published_stops_the_build(copy, cell, told):
    before = (copy / "notebooks/zh/01_window.ipynb").read_bytes()
    write_lesson(copy, "01", "window", f"{BODY}\n# %%\n{cell}\n")
    with pytest.raises(CrmlabError, match="zh/01_window") as caught:
        build(copy, say=lambda line: None)
    assert told in caught.value.message("en")
    assert (copy / "notebooks/zh/01_window.ipynb").read_bytes() == before


def test_build_refuses_before_it_runs_anything(copy):
    spoil(copy / "README.md", "<!-- /lessons -->", "")
    with pytest.raises(CrmlabError, match=r"README\.md"):
        build(copy, say=pytest.fail)
    spoil(copy / "notebooks/source/01_window.py", "365 days", "366 days")
    with pytest.raises(CrmlabError, match="do not agree"):
        build(copy, say=pytest.fail)


ALIVE = """
from traitlets import Unicode

from crmlab.widgets.base import EXPORT, Alive


class Toy(Alive):
    _esm = "function draw({ el }) { el.textContent = 'toy' }" + EXPORT
    text = Unicode().tag(sync=True)
    still = "<p>toy</p>"

    def __repr__(self):
        return "toy"


Toy(text=VALUE)
"""


def test_widgets_that_live_in_the_page_stay_and_others_leave_their_page_to_read(copy):
    from crmlab.widgets.kept import VIEW, alive_states, shown

    slider = "from ipywidgets import IntSlider\nIntSlider()"
    lesson = f"{BODY}\n# %%\n{ALIVE.replace('VALUE', 'lang')}\n# %%\n{slider}\n"
    write_lesson(copy, "01", "window", lesson)
    path = copy / "notebooks/zh/01_window.ipynb"
    build(copy, say=lambda line: None)
    before = path.read_bytes()
    made = nbformat.read(path, as_version=4)
    (name,) = shown(made)
    states = alive_states(made)
    assert set(states) == {name}
    assert states[name]["state"]["text"] == "zh"
    live, still = made.cells[-3].outputs
    assert VIEW in live.data
    assert states[name]["state"]["hides"] == re.findall('class="(crmlab-still-[^"]*)"', still.data["text/html"])
    assert made.cells[-2].outputs == []
    assert differences(copy) == []
    build(copy, say=lambda line: None)
    assert path.read_bytes() == before
    spoil(path, f'"model_id": "{name}"', f'"model_id": "{name[::-1]}"')
    assert len(differences(copy)) == 1


def test_a_live_widget_must_not_carry_a_path_of_this_machine(copy):
    cell = "import os\n" + ALIVE.replace("VALUE", "os.getcwd()")
    write_lesson(copy, "01", "window", f"{BODY}\n# %%\n{cell}\n")
    with pytest.raises(CrmlabError, match="a path of this machine"):
        build(copy, say=lambda line: None)
