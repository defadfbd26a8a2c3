"""nbgrader as a contestant of benchmarks/grading.py: its course folder, its three commands, the points it gave.

nbgrader runs as it comes, from an environment of its own; only its kernel is the Python of the project, so that the
students' code meets the same libraries. Its hidden tests compare with what is right as crmlab does.
"""

import json
import os
import subprocess
import zlib
from pathlib import Path

from grading_class import STEM, Work, rules

NAME = "crmlab"
"""The kernel."""
TEST = """\
assert "{name}" in answers
### BEGIN HIDDEN TESTS
import json

from crmlab.questions.compare import compare
from crmlab.questions.plain import decode, encode
from crmlab.questions.rules import read_rules

with open({path!r}, encoding="utf-8") as file:
    right = decode(json.load(file))
share, _ = compare(read_rules("{stem}")["{name}"], decode(encode(answers["{name}"])), right)
assert share > 0
share * {points}
### END HIDDEN TESTS"""
POINTS = f"""\
import json
from nbgrader.api import Gradebook

with Gradebook("sqlite:///gradebook.db") as book:
    found = {{
        submission.student.id: {{grade.name: grade.score for one in submission.notebooks for grade in one.grades}}
        for submission in book.assignment_submissions("{STEM}")
    }}
print(json.dumps(found))
"""
COMMANDS = (("autograde", STEM), ("generate_feedback", STEM), ("export", "--to", "grades.csv"))


class Course:
    """An nbgrader course whose assignment was released and handed in; `folder` is empty before."""

    def __init__(self, folder: Path, peers: Path, kernel: Path, opening: list[str], right: dict[str, dict]):
        self.folder, self._peers = folder, peers
        self._home = folder / "home"
        spec = {"argv": [str(kernel), "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": NAME,
                "language": "python"}  # fmt: skip
        _write(self._home / "jupyter" / "kernels" / NAME / "kernel.json", spec)
        for name, value in right.items():
            _write(folder / "right" / f"{name}.json", value)
        _write(folder / "source" / STEM / f"{STEM}.ipynb", _notebook(opening, folder / "right"))
        self._nbgrader("generate_assignment", STEM)

    def hand_in(self, works: list[Work]) -> None:
        released = json.loads((self.folder / "release" / STEM / f"{STEM}.ipynb").read_text(encoding="utf-8"))
        for work in works:
            for cell in released["cells"]:
                if (name := cell["metadata"].get("nbgrader", {}).get("grade_id", "")) in work.code:
                    cell["source"] = work.code[name]
            _write(self.folder / "submitted" / work.student / STEM / f"{STEM}.ipynb", released)

    def grade(self) -> None:
        """Grades, feedback and a table of the grades, as nbgrader's documentation has it."""
        for command in COMMANDS:
            self._nbgrader(*command)

    def points(self) -> dict[str, dict[str, float]]:
        told = self._peer("-c", POINTS)
        return {
            student: {name.removesuffix("_test"): score for name, score in grades.items()}
            for student, grades in json.loads(told).items()
        }

    def _nbgrader(self, *words: str) -> None:
        self._peer("-m", "nbgrader", *words)

    def _peer(self, *words: str) -> str:
        places = {"HOME": ".", "JUPYTER_DATA_DIR": "jupyter", "JUPYTER_CONFIG_DIR": "config",
                  "JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython"}  # fmt: skip
        own = {name: str(self._home / place) for name, place in places.items()}
        own["PATH"] = os.pathsep.join((str(self._peers.parent), os.environ["PATH"]))
        done = subprocess.run(
            [self._peers, *words],
            cwd=self.folder,
            env=os.environ | own,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        if done.returncode:
            raise SystemExit(f"nbgrader {' '.join(words[-2:])}:\n{done.stdout}\n{done.stderr[-3000:]}")
        return done.stdout


def _notebook(opening: list[str], right: Path) -> dict:
    cells = [_cell(source) for source in opening]
    for question in rules().questions:
        name, points = question.name, question.points
        test = TEST.format(name=name, stem=STEM, path=str(right / f"{name}.json"), points=points)
        cells.append(_cell(f'answer("{name}", ...)', grade_id=name, solution=True, locked=False))
        cells.append(_cell(test, grade_id=f"{name}_test", grade=True, locked=True, points=points))
    spec = {"name": NAME, "display_name": NAME, "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}


def _cell(source: str, **about: object) -> dict:
    """A code cell; nbgrader knows it by its metadata where there is any."""
    own = {"grade": False, "solution": False, "task": False, "schema_version": 3, "cell_type": "code"} | about
    cell = {"cell_type": "code", "source": source, "metadata": {"nbgrader": own} if about else {}}
    return cell | {"outputs": [], "execution_count": None, "id": f"{zlib.crc32(source.encode()):08x}"}


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8", newline="\n")
