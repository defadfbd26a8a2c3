"""The class of mixed_class.py as the bytes that it hands in: notebooks, names, zips."""

import json
import zipfile
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from functools import cache
from io import BytesIO

from mixed_class import Work
from mixed_pieces import QUESTIONS, STEM, lesson, untouched
from submission_samples import code, colab, format_3, in_gbk, packed, vscode

from crmlab.assign.variants import variant
from crmlab.collect.pseudonym import Key
from crmlab.course.notebook import with_values, written

KEY = Key(b"a key for the tests of a class of one hundred")
ENCODINGS = {"bom": "utf-8-sig", "utf_16": "utf-16", "gb18030": "gb18030"}
BROKEN_BYTES = {
    "corrupt": b'{"cells": [{"cell_type": "code", "source',
    "empty": b"",
    "page": b"<!DOCTYPE html><html></html>",
}
EARLIER, LATER = datetime(2026, 6, 1), datetime(2026, 9, 1)
"""Moments before and after all others."""


@cache
def _handed_out(lang: str) -> dict:
    return json.loads(written(lesson().exercise(lang)))


def notebook(work: Work) -> dict:
    """The exercise as it was assigned to the student, with what the student wrote."""
    made = deepcopy(_handed_out(work.student.lang))
    made["metadata"]["crmlab"]["student"] = work.student.id
    cells = made["cells"]
    for cell in cells:
        cell["source"] = "".join(cell["source"])
        if "parameters" in cell["metadata"].get("tags", []):
            cell["source"] = with_values(cell["source"], variant(KEY, STEM, work.student.id).parameters)
    places = {cell["metadata"].get("crmlab", {}).get("question"): place for place, cell in enumerate(cells)}
    made["cells"] = cells[: places["q1"] - 1]
    for name in work.order:
        prose, blank, check = cells[places[name] - 1 : places[name] + 2]
        answers = [blank | {"source": one.source} for one in work.cells[name] if one.source is not None]
        made["cells"] += [prose, *answers, check]
    return made


def _changed(made: dict, form: str) -> dict:
    """The notebook as it comes out of the program or the hands that it went through."""
    place = next(at for at, cell in enumerate(made["cells"]) if "parameters" in cell["metadata"].get("tags", []))
    parameters = made["cells"][place]
    match form:
        case "new_ids":
            made["cells"] = [cell | {"id": f"{number:08x}"} for number, cell in enumerate(made["cells"])]
        case "no_metadata":
            made["cells"] = [cell | {"metadata": {}} for cell in made["cells"]]
        case "kernel":
            made["metadata"]["kernelspec"] = {"name": "julia-1.9", "display_name": "Julia", "language": "julia"}
        case "outputs":
            told = {"output_type": "stream", "name": "stdout", "text": ["答案 = 1\n"] * 500}
            made["cells"] = [cell | ({"outputs": [told]} if "outputs" in cell else {}) for cell in made["cells"]]
        case "edited":
            parameters["source"] = f"# my own\n{parameters['source']}\nwindow = 30\ndata = '我的'\n"
        case "removed":
            del made["cells"][place]
        case "injected":
            fake = code("# Parameters\nwindow = 30\ndata = 'mine'\n", tags=["injected-parameters"])
            made["cells"].insert(place + 1, fake | {"id": "fake"})
        case "colab":
            return colab(made)
        case "vscode":
            return vscode(made)
        case "format_3":
            return format_3(made)
    return made


def _bytes(work: Work) -> bytes:
    if work.form in BROKEN_BYTES:
        return BROKEN_BYTES[work.form]
    made = _changed(notebook(work), work.form)
    text = json.dumps(made, ensure_ascii=False, indent=1)
    return text.encode(ENCODINGS.get(work.form, "utf-8"))


def files(work: Work, number: int) -> Iterator[tuple[str, datetime, bytes]]:
    """What one student adds to the zip of the class, as (path, moment, content)."""
    who, name = work.student.id, work.student.name
    if work.form == "absent":
        return
    if work.form == "no_notebook":
        yield f"{who}/作业.docx", work.moment, b"1"
        return
    data = _bytes(work)
    match work.way:
        case "folder" | "draft" | "broken_again":
            yield f"{who} {name}/我的 02_segment (2).ipynb", work.moment, data
        case "moodle":
            yield f"{name}_{50_000 + number}_assignsubmission_file_/{STEM}.ipynb", work.moment, data
        case "canvas":
            late = "LATE_" if work.late else ""
            file = f"{name.replace(' ', '').lower()}_{late}{60_000 + number}_{70_000 + number}_{STEM}.ipynb"
            yield file, work.moment, data
        case "bare":
            yield f"{STEM}_{who} 终稿.ipynb", work.moment, data
        case "text":
            yield f"{who}.ipynb.txt", work.moment, data
        case "zip":
            yield f"{name}.zip", EARLIER, _zip([("作业 二/练习.ipynb", work.moment, data)])
        case "zip_in_gbk":
            yield f"{who}.zip", EARLIER, in_gbk({"作业二/练习.ipynb": data})
        case "unnamed":
            yield f"最终版{'吧' * number}.ipynb", work.moment, data
    if work.way == "draft":
        blank = replace(work, cells={one: [untouched(one)] for one in QUESTIONS}, form="plain")
        yield f"{who} {name}/{STEM}_{who}.ipynb", EARLIER, _bytes(blank)
    if work.way == "broken_again":
        yield f"{who} {name}/{STEM}_{who}.ipynb", LATER, data[: len(data) // 2]


def _zip(entries: list[tuple[str, datetime, bytes]]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, moment, data in entries:
            archive.writestr(zipfile.ZipInfo(path, moment.timetuple()[:6]), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def handed_in(works: list[Work]) -> bytes:
    """The zip of the class, with what systems leave in it and a notebook of nobody."""
    inside = [entry for number, work in enumerate(works) for entry in files(work, number)]
    inside += [("__MACOSX/._a.ipynb", EARLIER, b"x"), ("某人/作业.ipynb", EARLIER, packed(_handed_out("zh")))]
    return _zip([(f"第二课 提交/{path}", moment, data) for path, moment, data in inside])
