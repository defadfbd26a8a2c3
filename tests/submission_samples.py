"""Small submissions as people really send them: made here, so that no file of a student need be kept."""

import io
import json
import tempfile
import zipfile
from copy import deepcopy
from functools import cache
from pathlib import Path

from tiny_course import lesson_source

from crmlab.assign.roster import Student
from crmlab.course.notebook import written
from crmlab.course.source import Lesson, read_lesson

STEM = "02_window"
ROSTER = (Student("s1", "张示三", "zh"), Student("s2", "李示四", "zh"), Student("s3", "Wang Shi", "en"))
BODY = """\
# %% tags=["parameters"]
lang = "zh"  # language
data = "teaching"
as_of = ""
window = 365
groups = 4

# %% tags=["setup"]
from crmlab.course.settings import check_settings

settings = check_settings(lang=lang, data=data, window=window)
shop = None

# %% exercise="setup"
from crmlab.course.practice import practice

answer, check = practice("02_window", shop, settings)
"""
QUESTION = """
# %% [markdown] lang="zh" question="{name}"
# ## {name}
#
# 第 {number} 题：窗口有多长？

# %% [markdown] lang="en" question="{name}"
# ## {name}
#
# Question {number}: how long is the window?

# %% solution="{name}"
answer("{name}", settings.window + {number})
"""
SOLVED = {f"q{number}": f'answer("q{number}", settings.window + {number})' for number in (1, 2, 3)}


@cache
def lesson() -> Lesson:
    """A lesson of three questions."""
    body = BODY + "".join(QUESTION.format(name=f"q{number}", number=number) for number in (1, 2, 3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{STEM}.py")
        path.write_text(lesson_source("02", "window", body), encoding="utf-8", newline="\n")
        return read_lesson(path)


@cache
def _handed_out(lang: str) -> dict:
    return json.loads(written(lesson().exercise(lang)))


def handed_out(lang: str = "zh", **about: str) -> dict:
    """The exercise as the student gets it; `about` is what its metadata say besides."""
    notebook = deepcopy(_handed_out(lang))
    notebook["metadata"]["crmlab"] |= about
    return notebook


def solved(lang: str = "zh", **about: str) -> dict:
    """The exercise with every question answered."""
    notebook = handed_out(lang, **about)
    for name, source in SOLVED.items():
        blank(notebook, name)["source"] = source
    return notebook


def blank(notebook: dict, name: str) -> dict:
    """The cell in which a question is answered."""
    return next(
        cell for cell in notebook["cells"] if cell.get("metadata", {}).get("crmlab", {}).get("question") == name
    )


def place_of(notebook: dict, start: str) -> int:
    """The index of the first cell that begins so."""
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    return next(place for place, source in enumerate(sources) if source.startswith(start))


def tagged(notebook: dict, tag: str) -> dict:
    return next(cell for cell in notebook["cells"] if tag in cell["metadata"].get("tags", []))


def code(source: str, **metadata: object) -> dict:
    return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": source}


def prose(source: str, **metadata: object) -> dict:
    return {"cell_type": "markdown", "metadata": metadata, "source": source}


def packed(notebook: object) -> bytes:
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode()


def zipped(files: dict[str, bytes], *, day: tuple[int, int, int] = (2026, 11, 2)) -> bytes:
    """A zip whose files were all changed on one day."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (*day, 8, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def in_gbk(files: dict[str, bytes]) -> bytes:
    """A zip as Windows in China makes it: names in GBK, not marked."""
    made = io.BytesIO()
    stand_ins = {name: f"{'~' * (len(name.encode('gbk')) - 4)}{number:04}" for number, name in enumerate(files)}
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(stand_ins[name], (2026, 11, 2, 8, 0, 0)), content)
    data = made.getvalue()
    for name, stand_in in stand_ins.items():
        data = data.replace(stand_in.encode(), name.encode("gbk"))
    return data


def colab(notebook: dict) -> dict:
    """As Colab saves it: format 4.0, ids in the metadata, tags and our marks gone, a badge and a cell that installs."""
    made = {
        "nbformat": 4,
        "nbformat_minor": 0,
        "metadata": {
            "colab": {"provenance": [], "collapsed_sections": []},
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python"},
            "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}, "version_major": 2}},
        },
        "cells": [prose('<a href="https://colab.example/">Open</a>', id="view-in-github", colab_type="text")],
    }
    made["cells"].append(code("!pip install crmlab", id="Zq1x", colab={"base_uri": "https://localhost:8080/"}))
    for number, cell in enumerate(notebook["cells"]):
        metadata = {"id": f"aB{number:010}", "outputId": "0"} if cell["cell_type"] == "code" else {"id": f"cD{number}"}
        made["cells"].append({key: cell[key] for key in cell if key not in ("id", "metadata")} | {"metadata": metadata})
    return made


def vscode(notebook: dict) -> dict:
    """As VS Code saves it: new ids of eight digits, its language in each cell, its own metadata."""
    made = deepcopy(notebook)
    made["metadata"] = {
        "kernelspec": {"display_name": ".venv (3.11.4)", "language": "python", "name": "不存在"},
        "language_info": {"codemirror_mode": {"name": "ipython", "version": 3}, "name": "python", "version": "3.11.4"},
        "orig_nbformat": 4,
        "vscode": {"interpreter": {"hash": "0" * 64}},
    }
    for number, cell in enumerate(made["cells"]):
        cell["id"] = f"{number:08x}"
        cell["metadata"] = {"vscode": {"languageId": "python"}} if cell["cell_type"] == "code" else {}
    return made


def format_3(notebook: dict) -> dict:
    """As IPython 0.13 to 2 saved it."""
    cells = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cells.append({"cell_type": "code", "language": "python", "metadata": {}, "outputs": [], "collapsed": False})
            cells[-1] |= {"input": cell["source"], "prompt_number": 1}
        else:
            cells.append({"cell_type": "markdown", "metadata": {}, "source": cell["source"]})
    cells.insert(0, {"cell_type": "heading", "level": 2, "metadata": {}, "source": "题目"})
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}
