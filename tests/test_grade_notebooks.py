"""Bytes of strangers become a valid notebook or a plain reason, and nothing else."""

import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from submission_samples import code, colab, format_3, handed_out, packed, prose, solved, vscode

from crmlab.errors import DataError
from crmlab.grade import notebooks
from crmlab.grade.notebooks import read_notebook, without_outputs

SOURCES = ["".join(cell["source"]) for cell in solved()["cells"]]


def read(notebook: object):
    return read_notebook(packed(notebook), "a.ipynb")


def reason(data: bytes) -> DataError:
    with pytest.raises(DataError) as error:
        read_notebook(data, "a.ipynb")
    assert "a.ipynb" in error.value.message("zh")
    assert "a.ipynb" in error.value.message("en")
    return error.value


def sources(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_a_notebook_is_read_in_every_encoding_and_with_a_bom(encoding):
    notebook, flags = read_notebook(packed(solved()).decode().encode(encoding), "a.ipynb")
    assert (sources(notebook), flags) == (SOURCES, ())
    nbformat.validate(notebook)


def test_a_gbk_notebook_with_chinese_in_its_outputs_keeps_its_cells():
    made = solved()
    made["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["誠\\", "賬["] * 3}]
    assert "誠".encode("gbk").endswith(b"\\"), "looks like an escape to whoever reads bytes"
    assert sources(read_notebook(packed(made).decode().encode("gbk"), "a.ipynb")[0]) == SOURCES


@pytest.mark.parametrize("empty", [b"", b" \n", b"\xef\xbb\xbf", b"\0" * 100])
def test_an_empty_file_is_told(empty):
    assert reason(empty).key == "notebook_empty"


def test_corrupt_json_is_told_with_its_line():
    lines = packed(solved()).split(b"\n")
    at = next(number for number, line in enumerate(lines) if b"settings.window + 2" in line)
    lines[at - 1 : at - 1] = [b"<<<<<<< HEAD"]
    error = reason(b"\n".join(lines))
    assert (error.key, error.values["line"]) == ("notebook_corrupt", at)


def test_the_line_is_right_behind_outputs_that_are_dropped():
    made = solved()
    made["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["x\n"] * 50}]
    lines = packed(made).split(b"\n")
    lines[-3] = lines[-3] + b"}"
    assert reason(b"\n".join(lines)).values["line"] == len(lines) - 2


def test_a_file_that_breaks_off_is_told():
    data = packed(solved())
    assert reason(data[: len(data) // 2]).key in ("notebook_cut", "notebook_corrupt")
    assert reason(data[:-2]).key == "notebook_cut"
    made = handed_out()
    made["cells"][1]["outputs"] = [{"text": "x" * 100}]
    data = packed(made)
    assert reason(data[: data.index(b"x" * 50)]).key == "notebook_cut"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"[1, 2]", "notebook_none"),
        (b"1", "notebook_none"),
        (b'{"name": "roster"}', "notebook_none"),
        (b'{"worksheets": 3}', "notebook_none"),
        (b'{"cells": []}', "notebook_no_cells"),
        (b'{"cells": {"a": 1}}', "notebook_no_cells"),
        (b'{"cells": ["a", 1, null]}', "notebook_no_cells"),
        (b"\n<!DOCTYPE html><html><title>02_segment</title></html>", "notebook_page"),
        (b"PK\x03\x04" + b"\0" * 30, "notebook_none"),
        ('{"cells": "窗口有多长？'.encode()[:-1], "notebook_encoding"),
        (b"print(1)", "notebook_corrupt"),
    ],
)
def test_what_is_no_notebook_is_told(data, key):
    assert reason(data).key == key


def test_deep_nesting_is_told_and_does_not_crash():
    assert reason(b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}").key == "notebook_deep"
    assert reason(b'{"cells": ' + b'{"a":' * 100_000).key == "notebook_deep"


def test_old_formats_are_upgraded():
    notebook, flags = read(format_3(solved()))
    assert (sources(notebook), flags) == (["## 题目", *SOURCES], ("old_format",))
    assert notebook.nbformat == 4
    nbformat.validate(notebook)
    older = {"nbformat": 2, "worksheets": [{"cells": [{"cell_type": "code", "input": "1", "prompt_number": 1}]}]}
    assert sources(read(older)[0]) == ["1"]


@pytest.mark.parametrize("minor", range(5))
def test_cells_without_ids_get_them(minor):
    made = solved() | {"nbformat_minor": minor}
    for cell in made["cells"]:
        del cell["id"]
    notebook, flags = read(made)
    assert (sources(notebook), flags, notebook.nbformat_minor) == (SOURCES, (), 5)
    nbformat.validate(notebook)


def test_ids_that_stand_twice_or_are_none_are_replaced():
    cells = [code("1"), code("2"), code("3"), code("4"), code("5")]
    for cell, name in zip(cells, ["a", "a", "张", 7, "cell-1"], strict=True):
        cell["id"] = name
    notebook, _ = read({"cells": cells})
    assert [cell.id for cell in notebook.cells[:2]] == ["a", "cell-1"]
    nbformat.validate(notebook)


def test_a_source_comes_as_text_or_lines_or_not_at_all():
    cells = [code("a\nb"), code(["a\n", "b"]), code(None), code(["a", 1, None]), {"cell_type": "code"}, code({"a": 1})]
    assert sources(read({"cells": cells})[0]) == ["a\nb", "a\nb", "", "a", "", ""]


def test_metadata_of_any_type_and_unknown_cell_types_are_taken():
    cells = [
        {"cell_type": "code", "source": "1", "metadata": [1]},
        {"cell_type": ["code"], "source": "2"},
        {"cell_type": "widget", "source": "3", "metadata": {"tags": "parameters", "crmlab": "q1"}},
        {"cell_type": "raw", "source": "4", "metadata": {"tags": ["a", 1, "a", ""], "crmlab": {"question": ["q1"]}}},
        {"cell_type": "code", "source": "5", "metadata": {"crmlab": {"question": "q1", "points": 100}}},
    ]
    notebook, _ = read({"cells": cells, "metadata": "none", "nbformat": "four"})
    assert [cell.cell_type for cell in notebook.cells] == ["code", "markdown", "markdown", "raw", "code"]
    assert [dict(cell.metadata) for cell in notebook.cells] == [
        {}, {}, {}, {"tags": ["a"]}, {"crmlab": {"question": "q1"}},
    ]  # fmt: skip
    nbformat.validate(notebook)


def test_numbers_that_python_or_json_refuse_do_no_harm():
    data = packed(solved()).replace(b'"nbformat": 4', b'"nbformat": 4, "a": NaN, "b": -Infinity, "c": ' + b"9" * 9000)
    assert sources(read_notebook(data, "a.ipynb")[0]) == SOURCES


def test_tabs_and_line_breaks_typed_into_the_json_are_taken():
    data = packed({"cells": [code("if x:\n\ty = 1")]})
    by_hand = data.replace(b"\\t", b"\t").replace(b"\\n", b"\n")
    assert by_hand != data
    assert sources(read_notebook(by_hand, "a.ipynb")[0]) == ["if x:\n\ty = 1"]


def test_halves_of_characters_do_not_break_what_is_written_later():
    notebook, _ = read_notebook(b'{"cells": [{"cell_type": "code", "source": "x = \'\\ud83d\'"}]}', "a.ipynb")
    assert nbformat.writes(notebook).encode("utf-8")
    assert sources(notebook) == ["x = '?'"]


def test_outputs_and_attachments_are_gone():
    made = solved()
    made["cells"][0]["attachments"] = {"a.png": {"image/png": "AAAA"}}
    made["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": 'a "]} \\" \\\\'}]
    made["cells"][2]["outputs"] = "none"
    made["cells"][1]["execution_count"] = 4
    notebook, _ = read(made)
    assert sources(notebook) == SOURCES
    assert [cell.outputs for cell in notebook.cells if cell.cell_type == "code"].count([]) == 9
    assert "attachments" not in notebook.cells[0]


def test_code_that_speaks_of_outputs_is_left_alone():
    source = 'json = \'{"outputs": [1, {"attachments": {}}]}\''
    assert sources(read({"cells": [code(source)]})[0]) == [source]


def test_200_mb_of_outputs_are_dropped_before_anything_is_parsed(monkeypatch):
    monkeypatch.setattr(notebooks, "MOST_READ", 10_000)
    made = solved()
    made["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "\\" * 500_000}]
    made["cells"][2]["outputs"] = [{"data": {"text/html": ['<a href="x">'] * 50_000}}]
    made["cells"][3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["哈\n"] * 50_000}]
    assert sources(read(made)[0]) == SOURCES
    made["cells"].append(prose("x" * 10_000))
    assert reason(packed(made)).values["most"] == 0
    monkeypatch.setattr(notebooks, "MOST_READ", 2**24)
    monkeypatch.setattr(notebooks, "MOST_SIGNS", 1000)
    assert reason(packed(made)).key == "notebook_large"
    monkeypatch.setattr(notebooks, "MOST_BYTES", 2**20)
    assert reason(packed(handed_out() | {"a": "x" * 2**20})).key == "notebook_large"


def test_a_notebook_of_too_many_cells_is_told():
    assert reason(packed({"cells": [code("1")] * 2001})).values["count"] == 2001


def test_a_notebook_of_too_much_code_is_told():
    assert reason(packed({"cells": [code("x = 1\n" * 100_000)] * 2})).key == "notebook_long"
    assert read({"cells": [prose("x = 1\n" * 200_000), code("x = 1\n" * 100_000)]})[1] == ()


def test_colab_and_vs_code_are_told_and_keep_what_helps():
    notebook, flags = read(colab(solved()))
    assert (flags, sources(notebook)[2:]) == (("colab",), SOURCES)
    assert notebook.cells[2].id == "cD0", "Colab keeps the id in the metadata"
    notebook, flags = read(vscode(solved()))
    assert (flags, sources(notebook)) == (("vscode",), SOURCES)
    older = solved()
    older["metadata"]["vscode"] = {"interpreter": {"hash": "0"}}
    assert read(older)[1] == ("vscode",)
    assert "kernelspec" not in notebook.metadata, "a kernel that does not exist does not matter"


def test_what_the_notebook_says_of_itself_is_kept():
    made = handed_out(student="s1")
    made["metadata"]["crmlab"] |= {"points": 100, "lang": 3}
    assert read(made)[0].metadata == {"crmlab": {"lesson": "02_window", "student": "s1"}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "cell_type", "source", "input", "metadata", "tags", "id", "outputs", "worksheets", "level"]
            )
            | st.text(max_size=5),
            inner | st.sampled_from(["code", "markdown", "heading", "raw"]),
            max_size=6,
        )
    ),
    max_leaves=30,
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def notebook_or_reason(data: bytes) -> None:
    try:
        notebook, _ = read_notebook(data, "a.ipynb")
    except DataError as error:
        told = error.message("zh") + error.message("en")
        notebook = None
    if notebook is None:
        assert told.count("a.ipynb") == 2
        return
    nbformat.validate(notebook)
    assert notebook.cells
    assert all(cell.get("outputs", []) == [] for cell in notebook.cells)
    assert nbformat.writes(notebook).encode("utf-8")


@QUICK
@given(st.binary(max_size=400))
def test_random_bytes_give_a_notebook_or_a_reason(data):
    notebook_or_reason(data)


@QUICK
@given(JSON | st.lists(JSON, max_size=5).map(lambda cells: {"cells": cells}))
def test_random_json_gives_a_notebook_or_a_reason(value):
    notebook_or_reason(json.dumps(value).encode())


@QUICK
@given(st.data())
def test_a_real_notebook_with_random_changes_gives_a_notebook_or_a_reason(data):
    made = bytearray(packed(handed_out()))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(made)))
        made[place : place + data.draw(st.integers(0, 30))] = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"{", b"]", b'"', b"\\", b'"outputs": [', b"null", b"\n"])
        )
    notebook_or_reason(bytes(made))


@QUICK
@given(st.lists(JSON, max_size=4), st.integers(0, 3) | st.none())
def test_dropping_outputs_changes_nothing_else(outputs, indent):
    made = {"a": '"outputs": [', "outputs": outputs, "b": [{"source": "]}", "outputs": {"x": outputs}}]}
    left = json.loads(without_outputs(json.dumps(made, indent=indent).encode(), "a.ipynb"))
    assert left == {"a": '"outputs": [', "outputs": [], "b": [{"source": "]}", "outputs": {}}]}
