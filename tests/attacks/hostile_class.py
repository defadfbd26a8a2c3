"""A class in which most are attackers, and what they hand in."""

import io
import json
import stat
import zipfile
from pathlib import Path

from attacks.handed_in import HANDED_IN
from attacks.harm import HARM
from attacks.kit import BEGIN
from attacks.marks import MARKS
from attacks.secrets_sought import SECRETS

from crmlab.assign.package import packed
from crmlab.assign.roster import Student
from crmlab.assign.variants import variant
from crmlab.collect.pseudonym import Key
from crmlab.course.paths import course_root
from crmlab.course.source import read_lesson

ATTACKS = {**MARKS, **SECRETS, **HARM, **HANDED_IN}
HONEST = {"right": {"q1": 1.0, "q2": 2.0}, "half": {"q1": 1.0, "q2": 0.0}, "blank": {"q1": 0.0, "q2": 0.0}}
OWN = "what only an honest neighbour wrote"
SECRET = "a key that no submission of this class may see"
KEY = Key(SECRET.encode())
LESSON = read_lesson(course_root() / "notebooks" / "source" / "00_start.py")
NAMES = ["right", *list(ATTACKS)[::2], "half", *list(ATTACKS)[1::2], "blank"]
"""Honest students, with the points that each must get, stand among the attackers."""
ROSTER = tuple(Student(name, f"王示{place}", "en") for place, name in enumerate(NAMES))


def hand_in(path: Path, known: dict) -> None:
    """Write the zip of the class. `known` is what an attacker knows of this machine."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in NAMES:
            attack = ATTACKS.get(name)
            archive.writestr(f"{name}/{attack.name if attack else 'work.ipynb'}", json.dumps(work(name, known)))
            for beside, content in (attack.files if attack else {}).items():
                info = zipfile.ZipInfo(f"{name}/{beside}")
                if isinstance(content, str):
                    content = content.replace("{out}", known["out"]).replace("{key}", known["key"])
                    info.external_attr = (stat.S_IFLNK | 0o777) << 16 if content.startswith("-> ") else 0
                    content = content.removeprefix("-> ")
                archive.writestr(info, content)


def work(name: str, known: dict) -> dict:
    notebook = exercise(name)
    solved = {cell.solution: f"# {OWN}\n{cell.text['en']}" for cell in LESSON.cells if cell.solution}
    if name in ATTACKS:
        written = {"q1": source(name, known), "q2": ATTACKS[name].q2}
    else:
        written = {question: solved[question] for question, points in HONEST[name].items() if points}
    for cell in notebook["cells"]:
        question = cell["metadata"].get("crmlab", {}).get("question")
        if cell["cell_type"] == "code" and written.get(question):
            cell["source"] = written[question]
    if name in ATTACKS:
        ATTACKS[name].change(notebook)
    return notebook


def exercise(name: str) -> dict:
    """The notebook that was given to a student."""
    student = next(one for one in ROSTER if one.id == name)
    with zipfile.ZipFile(io.BytesIO(packed(student, LESSON, variant(KEY, LESSON.stem, name)))) as archive:
        [path] = [path for path in archive.namelist() if path.endswith(".ipynb")]
        return json.loads(archive.read(path))


def source(name: str, known: dict) -> str:
    """The first cell of an attack."""
    return BEGIN.format(known=known) + ATTACKS[name].q1
