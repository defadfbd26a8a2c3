"""Notebooks by papermill through the sandbox: one path for `papermill --engine` and for grading."""

import json
from functools import partial
from pathlib import Path

import nbformat
import pandas as pd
import papermill
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill import PapermillExecutionError
from warm_pool import book, needs_sandbox, warm_pool

from crmlab.grade.cells import read_outputs
from crmlab.grade.engine import shared_pool
from crmlab.grade.execute import Fault, execute
from crmlab.sandbox import Ended

ROOT = Path(__file__).resolve().parents[1]
PRACTICE = 'from crmlab.course.practice import practice\nanswer, check = practice("02_segment", None, None)'
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg=="


class Told:
    """A pool whose child tells what it is given, and how it ended."""

    def __init__(self, *messages: dict, outcome: str = "done"):
        self.messages, self.outcome = messages, outcome

    def run(self, job, on_message) -> Ended:
        self.job = job
        for message in self.messages:
            on_message(message)
        return Ended(job.name, self.outcome, 1.5, 1.0, 10, "")


def cell(place: int, *outputs, error: bool = False) -> dict:
    return {"cell": place, "outputs": list(outputs), "seconds": 0.1, "error": error}


def stream(text: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": text}


def run(notebook, pool, **more):
    executed = execute(notebook, {}, pool, name="s01", lang="en", **more)
    nbformat.validate(executed.notebook)
    json.dumps(executed.notebook, ensure_ascii=False).encode()
    return executed


@pytest.fixture
def by_papermill(monkeypatch):
    """papermill's own door, with the one pool of these tests."""
    monkeypatch.setattr("crmlab.grade.engine.shared_pool", warm_pool)
    return partial(papermill.execute_notebook, engine_name="crmlab", progress_bar=False)


@needs_sandbox
def test_a_notebook_is_run_with_its_parameters_and_files():
    notebook = book(
        "window = 1",
        PRACTICE,
        "import pandas as pd\ntable = pd.read_csv('data/a.csv')",
        'answer("q1", window)',
        "1/0",
        'answer("q2", table)\nanswer("q1", window + 1)',
        'answer("q3", ...)\nanswer("q4", {})',
        questions=("q1", "q2", "q3", "q4"),
    )
    before = nbformat.writes(notebook)
    executed = execute(
        notebook, {"window": 240}, warm_pool(), name="s01", lang="en", files={"data/a.csv": b"a,b\n1,x\n"}
    )
    assert nbformat.writes(notebook) == before
    nbformat.validate(executed.notebook)
    assert executed.outcome == "done"
    table = executed.answers.pop("q2")
    pd.testing.assert_frame_equal(table, pd.DataFrame({"a": [1], "b": ["x"]}))
    assert executed.answers == {"q1": 241, "q3": Fault("blank"), "q4": Fault("not_plain", "dict")}
    assert executed.notebook.cells[1].metadata["tags"] == ["injected-parameters"]
    assert [one.execution_count for one in executed.notebook.cells] == list(range(1, 9))
    assert [one.metadata.papermill.exception for one in executed.notebook.cells] == [False] * 5 + [True] + [False] * 2
    assert 0 < executed.seconds < 60


@needs_sandbox
def test_a_process_that_ends_itself_keeps_what_was_answered():
    notebook = book(PRACTICE, 'answer("q1", 1)', "import os\nos._exit(0)", 'answer("q2", 2)')
    executed = run(notebook, warm_pool())
    assert executed.outcome == "crash"
    assert executed.answers == {"q1": 1}
    [shown] = executed.notebook.cells[3].outputs
    assert shown.evalue == "Python itself ended in this cell. The cells after it did not run."
    assert executed.notebook.cells[4].outputs == []


@needs_sandbox
def test_a_file_beside_the_notebook_is_not_there_in_the_next_run():
    source = "import os\nprint(os.listdir())\nopen('left', 'w').write('x')"
    for _ in range(2):
        [shown, _] = run(book("x = 1", source), warm_pool()).notebook.cells[-1].outputs
        assert shown.text == "[]\n"


@needs_sandbox
def test_papermill_runs_a_lesson_with_this_engine_as_with_its_own(tmp_path, by_papermill):
    source = ROOT / "notebooks" / "en" / "00_start.ipynb"
    done = by_papermill(source, tmp_path / "out.ipynb")
    assert nbformat.read(tmp_path / "out.ipynb", 4).cells == done.cells
    assert [shown_by(one) for one in done.cells] == [shown_by(one) for one in nbformat.read(source, 4).cells]
    assert any("image/png" in kinds for one in done.cells for _, kinds in shown_by(one))


def shown_by(cell) -> list:
    """What a cell showed, but for the bytes of pictures, which libraries may change."""
    texts = [one.get("text") or {**one.get("data", {}), "image/png": ""} for one in cell.get("outputs", ())]
    return [(text, sorted(one.get("data", {}))) for text, one in zip(texts, cell.get("outputs", ()), strict=True)]


@needs_sandbox
def test_papermill_raises_and_marks_the_cell_as_with_its_own_engine(tmp_path, by_papermill):
    nbformat.write(book("x = 1", "raise ValueError('no')", "print('never')"), tmp_path / "in.ipynb")
    with pytest.raises(PapermillExecutionError) as caught:
        by_papermill(tmp_path / "in.ipynb", tmp_path / "out.ipynb", {"x": 2})
    assert (caught.value.ename, caught.value.evalue, caught.value.exec_count) == ("ValueError", "no", 3)
    out = nbformat.read(tmp_path / "out.ipynb", 4)
    assert [one.metadata.papermill.status for one in out.cells if "papermill" in one.metadata][-2:] == [
        "failed",
        "pending",
    ]
    assert "papermill-error-cell" in out.cells[0].source


def test_there_is_one_pool_per_process_and_it_hides_the_answers(monkeypatch):
    class Closed:
        def __init__(self, **options):
            self.options = options

        def close(self):
            pass

    monkeypatch.setattr("crmlab.sandbox.Pool", Closed)
    shared_pool.cache_clear()
    pool = shared_pool()
    assert shared_pool() is pool
    assert [path.parts[-3:] for path in pool.options["hide"]] == [("crmlab", "questions", "right")]
    shared_pool.cache_clear()


def test_the_kernel_that_a_notebook_names_does_not_matter():
    notebook = book("1")
    notebook.metadata["kernelspec"] = {"name": "julia-1.9", "language": "julia", "display_name": "J"}
    pool = Told(cell(0), cell(1))
    executed = execute(notebook, {"a": None}, pool, name="s01", lang="zh")
    assert executed.outcome == "done"
    assert pool.job.payload["cells"][1]["source"].splitlines()[-1] == "a = None"


def test_cells_that_are_told_out_of_order_or_twice_are_ignored():
    notebook = book("1", "2", "3")
    pool = Told(
        cell(3),
        cell(0, stream("a")),
        cell(0, stream("b")),
        cell(1),
        cell(0),
        {"cell": "2"},
        cell(2),
        cell(3, stream("c")),
        cell(3),
    )
    executed = run(notebook, pool)
    texts = [[shown.text for shown in one.outputs] for one in executed.notebook.cells]
    assert texts == [["a"], [], [], ["c"]]
    assert executed.outcome == "done"


@pytest.mark.parametrize("outcome", ["done", "time", "memory", "output", "disk", "crash"])
def test_a_run_that_ends_early_says_so_in_the_cell_that_was_running(outcome):
    executed = run(
        book("1", "2", "3"),
        Told(cell(0), cell(1, stream("a")), {"answer": "q1", "value": {"plain": 7}}, outcome=outcome),
    )
    assert executed.outcome == ("crash" if outcome == "done" else outcome)
    assert executed.answers == {"q1": 7}
    [shown] = executed.notebook.cells[2].outputs
    assert (shown.output_type, shown.ename) == ("error", "RunEnded")
    assert shown.evalue.endswith(".")
    assert executed.notebook.cells[3].execution_count is None


def test_hostile_answers_are_faults_or_nothing():
    pool = Told(
        {"answer": "q1", "value": {"plain": {"table": [{"name": "a", "type": "object", "values": []}]}}},
        {"answer": "q2", "value": {"plain": 2**70}},
        {"answer": "q3", "fault": "right", "type": "x"},
        {"answer": "q4", "fault": "blank", "type": "x" * 10**6},
        {"answer": "q5"},
        {"answer": ["q6"], "value": {"plain": 1}},
        {"answer": "q7", "value": {"plain": 1}},
        {"answer": "q" * 10**6, "value": {"plain": 1}},
        *[{"answer": f"x{number}", "value": {"plain": 1}} for number in range(1000)],
        cell(0),
        cell(1),
    )
    names = ("q1", "q2", "q3", "q4", "q5")
    found = run(book("1", questions=names), pool).answers
    assert list(found) == list(names)
    assert [value.fault for value in found.values()] == ["not_plain", "not_plain", "not_plain", "blank", "not_plain"]
    assert len(found["q4"].type) <= 100
    assert len(run(book("1"), pool).answers) == 200


def test_only_known_outputs_of_valid_form_come_back():
    hostile = [
        {
            "output_type": "display_data",
            "data": {"text/plain": "a", "application/javascript": "alert(1)"},
            "metadata": {"x": 1},
        },
        {
            "output_type": "display_data",
            "data": {"image/png": "bm90IGEgcGljdHVyZQ==", "image/jpeg": PNG, "text/plain": ["a"]},
        },
        {
            "output_type": "display_data",
            "data": {"image/png": PNG},
            "metadata": {"image/png": {"alt": "x" * 10**5, "width": 9}},
        },
        {"output_type": "execute_result", "data": {"text/plain": "\ud800"}, "execution_count": 10**9},
        {
            "output_type": "error",
            "ename": "E",
            "evalue": "\x1b[31mred\x1b[0m",
            "traceback": [f"File {ROOT}/crmlab/a.py", 5],
        },
        {"output_type": "stream", "name": "script", "text": "a"},
        {"output_type": "stream", "name": "stdout", "text": 5},
        {"output_type": "update_display_data", "data": {}},
        {"output_type": ["stream"]},
        "text",
        None,
    ]
    plain, bad, picture, result, error = read_outputs(hostile, 4)
    assert (plain.data, plain.metadata) == ({"text/plain": "a"}, {})
    assert bad.data == {}
    assert picture.data == {"image/png": PNG}
    assert list(picture.metadata["image/png"]) == ["alt"]
    assert len(picture.metadata["image/png"]["alt"]) == 10_000
    assert (result.data["text/plain"], result.execution_count) == ("\ufffd", 4)
    assert (error.evalue, error.traceback) == ("red", ["File crmlab/a.py"])
    assert len(read_outputs([stream("a")] * 10**5, 1)) == 600
    assert read_outputs({"output_type": "stream"}, 1) == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["stream", "error", "stdout", "display_data"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cell", "outputs", "output_type", "data", "text", "name", "metadata", "image/png", "answer", "value"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["cell", "outputs", "error", "answer", "value", "fault"]), JSON), max_size=4
    )
)
@settings(deadline=None, max_examples=50)
def test_no_message_breaks_a_run(messages):
    assert run(book("1"), Told(*messages)).outcome in ("done", "crash")
