"""Exercises run as a student runs them, on variants, without the sandbox: for tests."""

from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import lessons

from crmlab import open_data
from crmlab.assign.variants import Variant, variant, write_variant
from crmlab.collect.pseudonym import Key
from crmlab.course import practice
from crmlab.course.notebook import with_values
from crmlab.course.settings import check_settings
from crmlab.course.source import Lesson, literal_parameters
from crmlab.grade.execute import Fault
from crmlab.grade.marking import marks
from crmlab.grade.records import Mark
from crmlab.questions.compare import right_answer
from crmlab.questions.plain import decode, encode
from crmlab.questions.rules import read_rules
from crmlab.world import make_world

KEY = Key(b"a key for the tests of the exercises only")
LESSONS = {lesson.stem: lesson for lesson in lessons.LESSONS if lesson.questions}
world = lru_cache(maxsize=2)(make_world)


def drawn(lesson: str, seed: int) -> Variant:
    """The variant of a made-up student; all lessons share the world of a seed, for it takes seconds to make."""
    return replace(variant(KEY, lesson, f"student {seed}"), seed=seed)


@cache
def cells_of(lesson: str, lang: str, blank: bool) -> list[tuple[str, bool]]:
    """The code cells of an exercise or of its solution, and whether each holds the parameters."""
    made = LESSONS[lesson].exercise(lang) if blank else LESSONS[lesson].solution(lang)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    return [(cell.source, "parameters" in cell.metadata.get("tags", ())) for cell in code]


class Run:
    """One lesson on one variant."""

    def __init__(self, lesson: str, seed: int, folder: Path, monkeypatch, lang: str = "zh"):
        self.lesson: Lesson = LESSONS[lesson]
        self.lang = lang
        self.monkeypatch = monkeypatch
        monkeypatch.setattr("crmlab.world.make_world", world)
        one = drawn(lesson, seed)
        write_variant(one, folder / lesson)
        self.values = one.parameters | {"data": str(folder / lesson), "lang": lang}

    def right(self) -> dict:
        [cell] = [cell for cell in self.lesson.cells if "parameters" in cell.tags]
        known = literal_parameters(cell.text["zh"])
        settings = check_settings(**known | {name: value for name, value in self.values.items() if name in known})
        shop = open_data(settings)
        asked = [question.name for question in read_rules(self.lesson.stem).questions if question.kind != "essay"]
        return {name: right_answer(self.lesson.stem, name, shop, settings) for name in asked}

    def answers(self, change=lambda source: source, *, blank: bool = False) -> dict:
        """What the exercise answers, with `change` made to each of its cells."""
        given = {}
        self.monkeypatch.setattr(practice, "practice", lambda *_: (given.__setitem__, lambda name: None))
        names = {}
        for source, has_parameters in cells_of(self.lesson.stem, self.lang, blank):
            if has_parameters:
                source = with_values(source, self.values)
            exec(compile(change(source), "cell", "exec"), names)
        return {name: Fault("blank") if value is ... else decode(encode(value)) for name, value in given.items()}

    def marks(self, answers: dict, right: dict) -> dict[str, Mark]:
        found = marks(read_rules(self.lesson.stem), answers, right, self.lang)
        return {mark.question: mark for mark in found}
