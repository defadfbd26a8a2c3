"""Attacks by what is handed in: the notebook's own data, and files beside it."""

import io
import zipfile

from attacks.kit import Attack

COPIED = 'answer("q1", 1200)'
POISON = "open('{out}/poisoned', 'w').close()\npoisoned = True\n"
SHADOWS = ("sitecustomize.py", "usercustomize.py", "pandas.py", "json.py", "crmlab/__init__.py", "IPython/__init__.py",
           "conftest.py", "evil.pth", "numpy.cpython-311-x86_64-linux-gnu.so", "pandas.pyc")  # fmt: skip
OTHERS = (
    '{"nbformat": 4, "nbformat_minor": 4, "metadata": {"crmlab": {"lesson": "00_start"}}, "cells": ['
    '{"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": "answer(\'q1\', 0)"}]}'
)
RECORD = '{"student": "right", "lesson": "00_start", "outcome": "done", "marks": [{"question": "q1", "earned": 3}]}'


def cell(source: str, **metadata) -> dict:
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}


def fake_injected(notebook: dict) -> None:
    fake = cell('# Parameters\ndata = "teaching"\nwindow = 180\n', tags=["injected-parameters"], id="injected")
    notebook["cells"].insert(2, fake)


def edited_parameters(notebook: dict) -> None:
    notebook["cells"][1]["source"] = (
        'lang = "en"\ndata = "teaching"\nas_of = ""\nwindow = 1\nimport os\nos.environ["A"] = "1"'
    )


def no_parameters(notebook: dict) -> None:
    notebook["cells"][1:4] = [cell("def answer(name, value): print('mine', name)\nanswer.mine = True")]


def forged_metadata(notebook: dict) -> None:
    notebook["metadata"]["crmlab"] |= {"student": "right", "questions": ["q1"], "earned": 3, "marks": [{"earned": 3}]}
    notebook["metadata"]["kernelspec"]["name"] = "../../<script>alert(1)</script>"
    notebook["metadata"]["papermill"] = {"output_path": "/tmp/forged", "exception": None}
    for one in notebook["cells"]:
        one["metadata"]["crmlab"] = {"question": "q1", "earned": 1, "verdict": "right", "points": 100}
        if one["cell_type"] == "code":
            page = {"text/html": "<script>alert(1)</script>forged 3 / 3"}
            one["outputs"] = [{"output_type": "display_data", "data": page, "metadata": {}}]


def prose(notebook: dict) -> None:
    bad = (
        "# q1 <script>alert(1)</script>\n<iframe src=https://evil.example></iframe> tried\n\n"
        "[a](javascript:alert(1)) ![b](https://evil.example/b.png) <svg/onload=alert(1)>\n\n"
        "[c]: data:text/html,<script>alert(1)</script>\n[c] <https://evil.example>\n\n| a |\n| - |\n| <b onclick=x> |\n"
    )
    notebook["cells"].append({"cell_type": "markdown", "source": bad, "metadata": {}})


def packed(**files: str) -> bytes:
    """A zip of these files, with a double underscore in place of a slash."""
    with zipfile.ZipFile(made := io.BytesIO(), "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name.replace('__', '/')}.ipynb"), text)
    return made.getvalue()


HANDED_IN = {
    "fake_injected": Attack(
        COPIED, says=(), verdicts={"q1": "wrong"}, flags={"injected_parameters"}, change=fake_injected
    ),
    "edited_parameters": Attack(
        COPIED, says=(), verdicts={"q1": "wrong"}, flags={"parameters_changed"}, change=edited_parameters
    ),
    "no_parameters": Attack(
        COPIED, says=(), verdicts={"q1": "missing"}, flags={"parameters_changed", "setup_changed"}, change=no_parameters
    ),
    "forged_metadata": Attack(
        COPIED + '\nprint("tried")', verdicts={"q1": "wrong"}, flags={"other_student"}, change=forged_metadata
    ),
    "script_in_prose": Attack('print("tried")', change=prose, shown=("<script>alert(1)</script>",)),
    "shadow_modules": Attack(
        """
import importlib, json, sys
import pandas as pd
import numpy
print([name for name in sys.modules if getattr(sys.modules[name], "poisoned", False)] and "got a module")
for name in ("sitecustomize", "usercustomize", "conftest", "evil"):
    tried(name, lambda: importlib.import_module(name).poisoned)
""",
        says=("sitecustomize refused", "conftest refused"),
        flags={"shadow_files"},
        files=dict.fromkeys(SHADOWS, POISON),
    ),
    "shadows_of_its_own": Attack(
        """
import os, pathlib, site, sysconfig
for folder in (".", os.path.expanduser("~"), os.environ["TMPDIR"]):
    for name in ("sitecustomize.py", "pandas.py", "json.py", "crmlab.py"):
        pathlib.Path(folder, name).write_text("open(" + repr(known["out"]) + " + '/poisoned', 'w').close()")
tried("site", lambda: pathlib.Path(sysconfig.get_path("purelib"), "evil.pth").write_text("import os"))
tried("user", lambda: pathlib.Path(known["home"], "evil.pth").write_text("import os"))
""",
        says=("site refused", "user refused"),
    ),
    "forged_records": Attack(
        """
import pathlib
print("beside", sorted(str(path) for path in pathlib.Path().rglob("*.json")))
answer("q1", -1)
""",
        says=("beside",),
        files={
            **{"records/right.json": RECORD, "records/forged_records.json": RECORD, "answers.json": '{"q1": 1}'},
            **{"gradebook.csv": "student,q1\nright,0\n", "data/customers.csv": "customer_id\n1\n", "basis.txt": "x"},
        },
    ),
    "zip_slip": Attack(
        'import os\nprint("tried", sorted(os.listdir()))',
        files={
            **{"../../out/records/right.json": RECORD, "../right/work.ipynb": "{}", "/tmp/crmlab_slipped": "x"},
            **{"..\\..\\out\\records\\half.json": RECORD, "C:/crmlab_slipped": "x"},
        },
        flags={"refused_files"},
    ),
    "zip_of_another": Attack(
        'print("tried")',
        files={"right.zip": packed(right__work="{}", half=OTHERS), "more/right.ipynb": OTHERS},
        flags={"two_files"},
    ),
    "links": Attack(
        """
import os
for name in ("key.txt", "others.json", "whole"):
    tried(name, lambda: open(name).read())
""",
        says=("key.txt refused", "others.json refused", "whole refused"),
        files={"key.txt": "-> {key}", "others.json": "-> {out}/records/right.json", "whole": "-> /"},
        flags={"refused_files"},
    ),
}
