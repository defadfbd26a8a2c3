"""A class full of attack notebooks: none gains a point, learns a secret or disturbs its honest neighbours."""

import csv
import json
import os
import re
import socket
import tempfile
import threading
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import nbformat
import openpyxl
import psutil
import pytest
from attacks.hostile_class import ATTACKS, HONEST, KEY, LESSON, NAMES, OWN, ROSTER, SECRET, hand_in, source
from bs4 import BeautifulSoup
from harmless_pages import demand_harmless
from shared_folder import open_to_all

from crmlab.assign.variants import hidden_variant
from crmlab.course.paths import course_root
from crmlab.grade import grade, one
from crmlab.grade.execute import execute
from crmlab.grade.grade import grade_class
from crmlab.grade.manual import manual_sheet, write_manual
from crmlab.grade.one import Assignment
from crmlab.grade.results import write_results
from crmlab.questions.rules import read_rules
from crmlab.sandbox import Job, Limits, Pool, capabilities

pytestmark = pytest.mark.skipif(not capabilities().sandboxed, reason=f"no sandbox here: {capabilities().why}")

LIMITS = Limits(seconds=7, memory=1 << 30, output=20 << 20, disk=64 << 20)
SECONDS_PER_CELL = 3.0


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder that every user of this machine may enter and write, so that nothing but the sandbox closes it."""
    folder = tmp_path_factory.mktemp("class")
    open_to_all(folder)
    for name in ("out", "out/records", "out/executed", "out/feedback", "home", "home/.crmlab", "given", "temporary"):
        (folder / name).mkdir()
        (folder / name).chmod(0o777)
    (folder / "home/.crmlab/course.key").write_text(SECRET, encoding="utf-8", newline="\n")
    (folder / "home/.crmlab/course.key").chmod(0o666)
    return folder


@pytest.fixture(scope="module")
def doors():
    """Where an attack could reach the network: nothing may ever arrive."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        for door in (tcp, udp):
            door.bind(("127.0.0.1", 0))
            door.setblocking(False)
        tcp.listen()
        yield tcp, udp


@pytest.fixture(scope="module")
def known(place, doors):
    """What an attacker knows of the machine: everything but the content of the files."""
    names = {"out": "out", "home": "home", "key": "home/.crmlab/course.key", "handed_in": "given/class.zip"}
    ports = {name: door.getsockname()[1] for name, door in zip(("tcp", "udp"), doors, strict=True)}
    paths = {name: str(place / path) for name, path in names.items()}
    return paths | ports | {"pid": os.getpid(), "root": str(course_root()), "teaching": 1200}


@pytest.fixture(scope="module")
def graded(place, known):
    """The class, graded once."""
    given, out = Path(known["handed_in"]), Path(known["out"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crmlab.assign.package.variant_files", lambda one: {})
        hand_in(given, known)
    found = SimpleNamespace(out=out, right={}, seen=set())
    real, stop = grade.grade_one, threading.Event()
    ours = set(psutil.Process().children(recursive=True))

    def graded_one(submission, assignment, hidden, pool):
        found.right |= hidden.right(submission.lang)
        return real(submission, assignment, hidden, pool)

    def watch():
        while not stop.wait(0.2):
            found.seen |= set(psutil.Process().children(recursive=True)) - ours

    rules = read_rules(LESSON.stem)
    assignment = Assignment(LESSON, rules, KEY, ROSTER, lang="en")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", known["home"])
        patch.setattr(tempfile, "tempdir", str(place / "temporary"))
        patch.setattr(grade, "grade_one", graded_one)
        patch.setattr(grade, "Pool", partial(Pool, limits=LIMITS))
        patch.setattr(one, "execute", partial(execute, seconds_per_cell=SECONDS_PER_CELL))
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            result = grade_class(assignment, given, out, jobs=2)
        finally:
            stop.set()
            watcher.join()
    found.results = write_results(assignment, result, out)
    found.assignment, found.notes = assignment, result.notes
    found.records = {record.student: record for record in result.graded}
    found.pages = {name: (out / "feedback" / f"{name}.html").read_text(encoding="utf-8") for name in NAMES}
    return found


def outputs(graded, name: str) -> str:
    """What the student's cells showed, as one text."""
    notebook = nbformat.read(graded.out / "executed" / f"{name}.ipynb", as_version=4)
    shown = [output for cell in notebook.cells[4:] for output in cell.get("outputs", ())]
    return "\n".join(map(told, shown))


def told(output: dict) -> str:
    parts = [
        output.get("text", ""),
        *output.get("data", {}).values(),
        output.get("ename", ""),
        output.get("evalue", ""),
    ]
    return "\n".join(parts)


def test_there_are_enough_attacks():
    assert len(ATTACKS) >= 31


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gains_nothing(graded, name):
    attack, record = ATTACKS[name], graded.records[name]
    assert [mark.earned for mark in record.marks] == [0, 0]
    assert {mark.question: mark.verdict for mark in record.marks} | attack.verdicts == {
        mark.question: mark.verdict for mark in record.marks
    }
    assert record.outcome == attack.outcome or not attack.outcome, outputs(graded, name)[-1000:]
    assert attack.flags <= set(record.flags)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ran_and_got_nothing(graded, name):
    shown = outputs(graded, name)
    for pattern in ATTACKS[name].says:
        assert re.search(pattern, shown), (pattern, shown[-2000:])
    assert not re.search(r"\bgot\b", shown), shown[-2000:]


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_comes_out(graded, name):
    record = (graded.out / "records" / f"{name}.json").read_text(encoding="utf-8")
    executed = (graded.out / "executed" / f"{name}.ipynb").read_text(encoding="utf-8")
    seed = hidden_variant(KEY, LESSON.stem).seed
    for text in (record, executed, graded.pages[name]):
        assert SECRET not in text
        assert not re.search(rf"\b{seed}\b", text)
        assert (OWN in text) <= (name in HONEST)
    if name in ATTACKS:
        shown = outputs(graded, name) + record + BeautifulSoup(graded.pages[name], "html.parser").get_text()
        shown = shown.replace(ATTACKS[name].q1, "").replace(ATTACKS[name].q2, "")
        assert not re.search(rf"\b{graded.right['q1']}\b", re.sub(r'"(digest|seconds)".*', "", shown))
    assert SECRET not in BeautifulSoup(graded.pages[name], "html.parser").get_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_runs_nothing_and_fetches_nothing(graded, name):
    demand_harmless(graded.pages[name])
    page = BeautifulSoup(graded.pages[name], "html.parser")
    assert not page.find_all(["script", "iframe", "object", "embed", "svg", "link", "base", "form", "a"])
    for tag in page.find_all():
        assert not [
            attribute for attribute in tag.attrs if attribute.startswith("on") or attribute in ("href", "style")
        ]
        assert tag.get("src", "data:image/png").startswith("data:image/png")
    for text in ATTACKS[name].shown if name in ATTACKS else ():
        assert text in page.get_text(), "the instructor sees what was tried"


@pytest.mark.parametrize("name", HONEST)
def test_honest_neighbours_keep_their_grades(graded, name):
    record = graded.records[name]
    assert {mark.question: mark.earned for mark in record.marks} == HONEST[name]
    assert (record.outcome, record.flags) == ("done", ())
    again = json.loads((graded.out / "records" / f"{name}.json").read_text(encoding="utf-8"))
    assert [mark["earned"] for mark in again["marks"]] == list(HONEST[name].values())


def test_files_are_ours_and_all_else_is_as_before(graded, place, known):
    rooms = {"records": "json", "executed": "ipynb", "feedback": "html"}
    ours = {f"{room}/{name}.{ending}" for room, ending in rooms.items() for name in NAMES}
    ours |= {path.name for path in graded.results} | {"basis.txt"} | set(rooms)
    assert {str(path.relative_to(graded.out)) for path in graded.out.rglob("*")} == ours
    assert list((place / "temporary").iterdir()) == []
    assert {str(path.relative_to(place / "home")) for path in (place / "home").rglob("*")} == {
        ".crmlab", ".crmlab/course.key"
    }  # fmt: skip
    assert Path(known["key"]).read_text(encoding="utf-8") == SECRET
    assert zipfile.ZipFile(known["handed_in"]).testzip() is None
    assert not Path("/tmp/crmlab_slipped").exists()
    assert graded.notes == []


def test_nothing_goes_on(graded, doors):
    assert graded.seen
    assert [process for process in graded.seen if process.is_running()] == []
    for door, take in zip(doors, (lambda door: door.accept(), lambda door: door.recv(1)), strict=True):
        with pytest.raises(BlockingIOError):
            take(door)


def test_no_formula_reaches_a_spreadsheet(graded, tmp_path):
    record = graded.records["formula_answer"]
    assert record.file.split("/")[-1].startswith("=")
    assert record.marks[1].shown.startswith("=")
    sheet = manual_sheet([as_essay(record)], {}, KEY)
    assert len(sheet) == 2
    for name in ("manual.csv", "manual.xlsx"):
        write_manual(sheet, tmp_path / name, "en")
    tables = [graded.out / name for name in ("gradebook.csv", "canvas.csv", "moodle.csv")]
    for path in (*tables, tmp_path / "manual.csv"):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            cells = [cell for row in csv.reader(lines) for cell in row]
        assert cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "|", "%")) or cell.startswith("-")]
    for path in (graded.out / "gradebook.xlsx", tmp_path / "manual.xlsx"):
        book = openpyxl.load_workbook(path)
        assert not [cell for page in book for row in page.rows for cell in row if cell.data_type == "f"]


def as_essay(record):
    """The same answers as if a person had to mark them."""
    return replace(record, marks=tuple(replace(mark, earned=None, verdict="manual") for mark in record.marks))


WITHOUT_SANDBOX = {
    "answers_module": ("module", "by_path", "source", "at", "concepts", "link", "by_root"),
    "solutions": ("lesson", "tests", "teaching"),
    "real_practice": ("check", "right"),
    "key_and_home": ("key", "at_home", "home"),
    "others_work": ("zip", "folder", "records", "executed"),
    "writes_grades": ("records/right.json", "gradebook.csv", "folder"),
}
"""Attacks that only look, or write into a folder of the test, and what they get where there is no sandbox."""


def test_attacks_succeed_without_the_sandbox(graded, place, known, tmp_path):
    for room in ("records", "feedback", "executed"):
        (tmp_path / room).mkdir()
    (tmp_path / "executed" / "right.ipynb").write_text("{}", encoding="utf-8", newline="\n")
    opening = [cell.source for cell in LESSON.exercise("en").cells[:4] if cell.cell_type == "code"]
    sources = [*opening, *(source(name, known | {"out": str(tmp_path)}) for name in WITHOUT_SANDBOX)]
    messages: list[dict] = []
    payload = {"cells": [{"source": one} for one in sources], "lang": "en", "questions": ["q1", "q2"]}
    with Pool(1, sandboxed=False) as pool:
        pool.run(Job("open", "crmlab.grade.child:main", payload), messages.append)
    shown = [message for message in messages if "cell" in message][len(opening) :]
    for (name, gets), message in zip(WITHOUT_SANDBOX.items(), shown, strict=True):
        text = "\n".join(map(told, message["outputs"]))
        assert [got for got in gets if f"{got} got" not in text] == [], (name, text)
