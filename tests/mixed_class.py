"""A class of a hundred who hand in lesson 02 in every state and by every way, and what each must come out with."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import cycle, islice
from random import Random

from mixed_pieces import (
    COSTLY,
    COSTLY_OFTEN,
    ENDING,
    LOOPS,
    OFTEN,
    QUESTIONS,
    RULES,
    Piece,
    earned,
    piece,
    solution,
    untouched,
)

from crmlab.assign.roster import Student

DEADLINE = datetime(2026, 6, 20, 18)
LATE = (
    (datetime(2026, 6, 18, 9, 30), 0), (datetime(2026, 6, 20, 18, 0, 0), 0), (datetime(2026, 6, 20, 18, 0, 2), 1),
    (datetime(2026, 6, 21, 18, 0, 0), 1), (datetime(2026, 6, 21, 18, 0, 2), 2), (datetime(2026, 6, 24, 3), 4),
    (datetime(2026, 7, 30), 40), (datetime(1980, 1, 1), 0),
)  # fmt: skip
"""Moments of handing in with the days begun after the deadline; a zip of 1980 does not know."""
IN_GBK = datetime(2026, 11, 2, 8), 135
"""When `in_gbk` hands in."""

FORMS = {
    "plain": (), "new_ids": (), "no_metadata": (), "kernel": (), "outputs": (), "bom": (), "utf_16": (), "gb18030": (),
    "colab": ("colab", "markers_lost"), "vscode": ("vscode", "markers_lost"),
    "format_3": ("old_format", "markers_lost"), "edited": ("parameters_changed",), "removed": ("parameters_changed",),
    "injected": ("injected_parameters", "parameters_changed"),
}  # fmt: skip
"""What becomes of the notebook before it is handed in, and the flags of that."""
BROKEN = ("corrupt", "empty", "page")
WAYS = {
    "folder": (), "moodle": (), "canvas": (), "bare": (), "text": (), "zip": (), "zip_in_gbk": (), "unnamed": (),
    "draft": ("two_files",), "broken_again": ("newer_unreadable",),
}  # fmt: skip
"""How it is handed in, and the flags of that."""
SURNAMES = {"赵": "Zhao", "钱": "Qian", "孙": "Sun", "李": "Li", "周": "Zhou", "吴": "Wu", "郑": "Zheng", "王": "Wang",
            "冯": "Feng", "陈": "Chen"}  # fmt: skip
GIVEN = {"甲": "Jia", "乙": "Yi", "丙": "Bing", "丁": "Ding", "戊": "Wu", "己": "Ji", "庚": "Geng", "辛": "Xin",
         "壬": "Ren", "癸": "Gui"}  # fmt: skip


@dataclass(frozen=True)
class Work:
    """What one student hands in: the cells by question in their order, what became of the notebook ("absent" for
    nothing at all), by which way, when, and how many days late that is.

    Who `does` "above" answers in cells of their own above the blanks, by names that only a run can tell.
    """

    student: Student
    does: str
    order: tuple[str, ...] = tuple(QUESTIONS)
    cells: dict[str, list[Piece]] = field(default_factory=dict)
    form: str = "plain"
    way: str = "folder"
    moment: datetime = LATE[0][0]
    late: int = 0

    @property
    def pieces(self) -> list[Piece]:
        return [one for name in self.order for one in self.cells[name]]

    @property
    def runs(self) -> bool:
        return self.form in FORMS

    @property
    def marks(self) -> dict[str, tuple[float | None, str]]:
        """What it must earn, and the verdicts."""
        return earned(self.pieces) if self.runs else dict.fromkeys(QUESTIONS, (0, "missing"))

    @property
    def total(self) -> float:
        return sum(points or 0 for points, _ in self.marks.values())

    @property
    def outcome(self) -> str:
        if self.form == "absent":
            return "missing"
        if not self.runs:
            return "unreadable"
        return "crash" if self.does in ENDING else "done"

    @property
    def flags(self) -> set[str]:
        """What the instructor must be told of, as keys of words.csv."""
        if not self.runs:
            return {"absent": {"missing"}, "no_notebook": {"no_notebook"}}.get(self.form, {"unreadable"})
        told = {*FORMS[self.form], *WAYS[self.way]}
        there = [one for one in self.pieces if one.source is not None]
        answers = [one.question for one in there if one.names_itself and not one.is_blank]
        first = list(dict.fromkeys(one.question for one in there if one.names_itself))
        holds = {
            "cells_missing": {one.question for one in there} < set(QUESTIONS),
            "cells_copied": len(answers) > len(set(answers)),
            "cells_reordered": first != sorted(first, key=QUESTIONS.index),
            "late_in_canvas": self.way == "canvas" and self.late > 0,
        }
        return told | {flag for flag, true in holds.items() if true}

    @property
    def deduction(self) -> float:
        late = RULES.late
        return round(self.total * min(late.most, late.percent_per_day * self.late) / 100, 2)


def roster() -> tuple[Student, ...]:
    """Half of them with Chinese names, half with names in Latin letters."""
    names = [(a, b) for a in SURNAMES for b in GIVEN]
    return tuple(
        Student(f"{20260101 + place}", f"{a}示{b}", "zh")
        if place % 2
        else Student(f"{20260101 + place}", f"{SURNAMES[a]} Shi {GIVEN[b]}", "en")
        for place, (a, b) in enumerate(names)
    )


def hundred() -> list[Work]:
    """The class: the same at every call."""
    draw = Random(602)  # with this one every wrong method occurs
    does = [*LOOPS, *ENDING * 3, *BROKEN * 3, *["absent"] * 4, *["no_notebook"] * 2]
    does += ["careful"] * 7 + ["untouched"] * 5 + ["above"] * 2
    does += ["mixed"] * (100 - len(does))
    draw.shuffle(does)
    forms, ways, moments = (draw.sample(list(islice(cycle(kinds), 100)), 100) for kinds in (FORMS, WAYS, LATE))
    return [_work(*one, draw) for one in zip(roster(), does, forms, ways, moments, strict=True)]


def again(works: list[Work], within: int) -> list[Work]:
    """What three of the first students hand in once more after the break: one improves, one had handed in nothing or
    what nobody can read, one spoils the work."""
    draw = Random(1)
    first = works[:within]
    mixed = [one for one in first if one.does == "mixed"]
    unread = next(one for one in first if not one.runs)
    chosen = [(mixed[0], "careful"), (mixed[1], "untouched"), (unread, "careful")]
    return [_work(one.student, does, "plain", "folder", LATE[2], draw) for one, does in chosen]


def _work(student: Student, does: str, form: str, way: str, late: tuple[datetime, int], draw: Random) -> Work:
    if does in (*BROKEN, "absent", "no_notebook"):
        return Work(student, does, form=does, moment=late[0], late=0 if does in ("absent", "no_notebook") else late[1])
    if way == "unnamed":
        form = "plain"
    if way in ("draft", "broken_again") and late[0].year == 1980:
        late = LATE[0]
    late = IN_GBK if way == "zip_in_gbk" else late
    made = Work(student, does, form=form, way=way, moment=late[0], late=late[1])
    if does in ("careful", "untouched"):
        every = {name: [solution(name, student.lang) if does == "careful" else untouched(name)] for name in QUESTIONS}
        return replace(made, cells=every)
    if does == "above":
        lang, quick = student.lang, set(QUESTIONS) - COSTLY
        own = {name: [piece("computed", name, lang, draw)] if name in quick else [] for name in QUESTIONS}
        return replace(made, cells={name: [*own[name], untouched(name)] for name in QUESTIONS})
    cells = {name: [_drawn(name, student.lang, draw)] for name in QUESTIONS}
    if does == "mixed":
        for name in draw.sample(QUESTIONS, draw.choice((0, 0, 1, 2))):
            cells[name].append(piece(draw.choice(("value", "blank", "kind", "solution")), name, student.lang, draw))
        return replace(made, cells=cells, order=_order(draw))
    place = draw.choice([name for name in QUESTIONS[3:] if name not in ("q4", "q6")])
    return replace(made, cells=cells | {place: [piece(does, place, student.lang, draw)]})


def _drawn(name: str, lang: str, draw: Random) -> Piece:
    weights = COSTLY_OFTEN if name in COSTLY else OFTEN
    return piece(draw.choices(list(weights), list(weights.values()))[0], name, lang, draw)


def _order(draw: Random) -> tuple[str, ...]:
    """Most leave the questions as they are; some move one, some turn all round."""
    order = list(QUESTIONS)
    match draw.randrange(8):
        case 0:
            order.reverse()
        case 1 | 2:
            order.insert(draw.randrange(len(order)), order.pop(draw.randrange(len(order))))
    return tuple(order)
