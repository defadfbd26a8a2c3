"""The cells of a notebook in the confined child: what each showed, what was answered, and what cannot end the run."""

import base64

import pytest
from warm_pool import needs_sandbox, run_cells

from crmlab.grade.shell import PIECES, SHOWN, STREAM
from crmlab.questions.plain import decode

pytestmark = needs_sandbox
PRACTICE = 'from crmlab.course.practice import practice\nanswer, check = practice("02_segment", None, None)'


def outputs(source: str, **more) -> list[dict]:
    [told] = run_cells(source, **more)
    return told["outputs"]


def answers(*sources: str, **more) -> list[dict]:
    return [told for told in run_cells(PRACTICE, *sources, **more) if "answer" in told]


def test_outputs_come_in_their_order_with_streams_joined():
    source = (
        "import sys\nfrom IPython.display import display\n"
        "print(1)\nprint(2)\ndisplay({'a': 1})\nprint(3)\nprint('!', file=sys.stderr)\nprint(4)\n5"
    )
    kinds = [(one["output_type"], one.get("name"), one.get("text", one.get("data"))) for one in outputs(source)]
    assert kinds == [
        ("stream", "stdout", "1\n2\n"),
        ("display_data", None, {"text/plain": "{'a': 1}"}),
        ("stream", "stdout", "3\n"),
        ("stream", "stderr", "!\n"),
        ("stream", "stdout", "4\n"),
        ("execute_result", None, {"text/plain": "5"}),
    ]


def test_an_error_ends_its_cell_only():
    cells = (
        "1/0",
        "import sys\nsys.exit(0)",
        "raise KeyboardInterrupt",
        "exit()",
        "if x =",
        "class E(BaseException): pass\nraise E",
    )
    told = run_cells(*cells, "print('still here')")
    assert [one["error"] for one in told] == [True, True, True, False, True, True, False]
    errors = [[shown["ename"] for shown in one["outputs"] if shown["output_type"] == "error"] for one in told]
    assert errors == [["ZeroDivisionError"], ["SystemExit"], ["KeyboardInterrupt"], [], ["SyntaxError"], ["E"], []]
    assert told[-1]["outputs"][0]["text"] == "still here\n"


def test_a_run_that_stops_at_an_error_stops_there():
    assert len(run_cells("1", "1/0", "2", stop=True)) == 2


def test_tracebacks_have_no_colours_and_no_frames_of_ours():
    [error] = outputs("def f():\n    return 1/0\nf()")
    text = "\n".join(error["traceback"])
    assert "\x1b" not in text
    assert "Cell In[1], line 3" in text
    assert "child.py" not in text


def test_empty_cells_are_not_run():
    assert [told["cell"] for told in run_cells("1", "", " \n", "2")] == [0, 3]


def test_answers_are_told_at_once_and_the_last_of_a_name_comes_last():
    told = answers('answer("q1", 1)\nanswer("q1", [2.5, "a"])\n1/0', 'answer("q2", ...)', 'answer("q3", print)')
    assert [one["answer"] for one in told] == ["q1", "q1", "q2", "q3"]
    assert decode(told[1]["value"]) == [2.5, "a"]
    assert told[2]["fault"] == "blank"
    assert (told[3]["fault"], told[3]["type"]) == ("not_plain", "builtin_function_or_method")
    assert answers('answer("q1", [0] * 100_001)')[0]["fault"] == "too_large"


def test_the_answers_of_one_run_have_a_limit():
    told = answers(*[f'answer("q{number}", ["茶" * 100_000] * 50)' for number in range(3)])
    assert [one.get("fault") for one in told] == [None, "too_large", "too_large"]


def test_a_wrong_name_is_told_in_one_language_with_the_names_there_are():
    *_, told = run_cells(PRACTICE, 'answer("q9", 1)', lang="zh", questions=["q1", "q2"])
    [error] = told["outputs"]
    assert error["evalue"] == "没有问题 q9。这一课的问题有：q1, q2。"
    assert answers('answer("q2", 1)', questions=["q1", "q2"])[0]["answer"] == "q2"
    assert not answers("answer(['q1'], 1)", 'answer("x" * 1000, 1)')


def test_nothing_that_knows_the_answers_is_in_the_process():
    told = run_cells(
        PRACTICE,
        'check("q1")',
        "import sys\nprint([name for name in sys.modules if name.startswith('crmlab.questions.right')])",
        "from crmlab.questions.right import ANSWERS",
        "import crmlab.course.practice as p\nprint(p.__dict__.get('ANSWERS'))",
    )
    assert told[1]["outputs"][0]["data"]["text/plain"] == "Your instructor checks this."
    assert told[2]["outputs"][0]["text"] == "[]\n"
    assert told[3]["error"]
    assert told[4]["outputs"][0]["text"] == "None\n"


def test_figures_come_as_png_and_are_closed_after_their_cell():
    told = run_cells(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "plt.get_fignums()",
        "%matplotlib inline\nplt.plot([1]);\nplt.show()",
    )
    [figure] = told[0]["outputs"]
    assert base64.b64decode(figure["data"]["image/png"]).startswith(b"\x89PNG")
    assert figure["data"]["text/plain"] == "<Figure size 640x480 with 1 Axes>"
    assert told[1]["outputs"][0]["data"]["text/plain"] == "[]"
    assert [one["output_type"] for one in told[2]["outputs"]] == ["display_data"]


def test_a_picture_of_the_course_keeps_its_alternative_text():
    [shown] = outputs("from crmlab.show.picture import nothing\nnothing('orders', 'en')")
    assert "orders" in shown["data"]["text/plain"]
    assert shown["metadata"] == {"image/png": {"alt": shown["data"]["text/plain"]}}


def test_widgets_and_scripts_are_left_with_their_text():
    [slider] = outputs("import ipywidgets\nipywidgets.IntSlider(3)")
    assert slider["data"] == {"text/plain": "IntSlider(value=3)"}
    [script] = outputs("from IPython.display import Javascript\nJavascript('alert(1)')")
    assert list(script["data"]) == ["text/plain"]


def test_a_table_looks_as_in_jupyter():
    [shown] = outputs("import pandas as pd\npd.DataFrame([range(30)])")
    assert "<table" in shown["data"]["text/html"]
    assert shown["data"]["text/plain"].endswith("[1 rows x 30 columns]")
    assert outputs("import pandas as pd\npd.get_option('display.max_columns')")[0]["data"]["text/plain"] == "20"


def test_displays_are_updated_and_cleared():
    source = "from IPython.display import *\nh = display(1, display_id=True)\nh.update(2)"
    assert [one["data"]["text/plain"] for one in outputs(source)] == ["2"]
    cleared = outputs("from IPython.display import *\nprint(1)\nclear_output(wait=True)\nprint(2)")
    assert [one["text"] for one in cleared] == ["2\n"]


def test_magics_work_and_await_too():
    told = run_cells(
        "%timeit -n1 -r1 1+1",
        "%who",
        "import asyncio\nawait asyncio.sleep(0)\n3",
        "%%time\n1+1",
        "%%capture x\nprint(1)",
    )
    assert [one["error"] for one in told] == [False] * 5
    assert told[2]["outputs"][0]["data"]["text/plain"] == "3"
    assert told[4]["outputs"] == []


@pytest.mark.parametrize("source", ["!ls", "x = !ls", "%pip install polars", "%%bash\nls", "%sx ls", "%%script sh\nls"])
def test_other_programs_are_refused_in_plain_words(source):
    [error] = outputs(source, lang="zh")
    assert error["evalue"] == "评分时不能启动别的程序。请用 Python 代码完成这一步。"


def test_input_is_refused_in_plain_words():
    assert "input()" in outputs("input('name?')")[0]["evalue"]


def test_too_much_text_is_cut_and_said():
    printed, note = outputs("print('x' * 3_000_000)\nprint('y')")
    assert len(printed["text"]) == STREAM
    assert (
        note["text"] == f"(This cell printed too much: {3_000_003 - STREAM:,} characters after this were not kept.)\n"
    )


def test_too_many_and_too_large_outputs_are_left_out_and_said():
    *shown, note = outputs("from IPython.display import *\nfor i in range(1000): display(i)")
    assert len(shown) == PIECES
    assert "500 outputs" in note["text"]
    [note] = outputs(f"from IPython.display import *\nHTML('x' * ({SHOWN} + 1))", lang="zh")
    assert note["text"] == "（这一格的输出太多，1 个没有保留。）\n"


def test_an_error_is_told_even_after_too_many_outputs():
    shown = outputs("from IPython.display import *\nfor i in range(1000): display(i)\nraise ValueError('x' * 10**6)")
    [error] = [one for one in shown if one["output_type"] == "error"]
    assert len(error["evalue"]) + sum(map(len, error["traceback"])) < 200_000


def test_a_run_that_shows_too_much_in_all_goes_on_without_outputs():
    told = run_cells(*["from IPython.display import *\nHTML('x' * 4_900_000)"] * 5, PRACTICE, 'answer("q1", 1)')
    kept = [one["outputs"][0]["output_type"] for one in told[:5]]
    assert kept == ["execute_result"] * 3 + ["stream"] * 2
    assert told[6]["answer"] == "q1"


def test_what_c_code_writes_goes_nowhere():
    told = run_cells("import os\nos.write(1, b'x')\nos.write(2, b'y')", "print('after')")
    assert [one["outputs"][0]["output_type"] for one in told] == ["execute_result", "stream"]


def test_a_cell_that_takes_too_long_ends_and_the_rest_goes_on():
    told = run_cells("while True: pass", "print(1)", seconds_per_cell=0.3, lang="zh")
    [error] = told[0]["outputs"]
    assert error["ename"] == "TimeoutError"
    assert error["evalue"].startswith("这一格运行超过了 0.3 秒")
    assert told[1]["outputs"][0]["text"] == "1\n"


def test_a_broken_shell_does_not_end_the_run():
    told = answers(
        "get_ipython().showtraceback = None\n1/0",
        "class R:\n    def __repr__(self): raise SystemExit\nR()",
        "import sys\nsys.stdout = sys.stderr = None\nprint(1)",
        'answer("q1", 1)',
        "get_ipython().run_cell = None",
        "1 + 1",
    )
    assert [one["answer"] for one in told] == ["q1"]
