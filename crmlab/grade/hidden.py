"""The variant that a class is graded on, and what is right on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from crmlab.assign.variants import FOLDER, Variant, hidden_variant, write_variant
from crmlab.collect.pseudonym import Key
from crmlab.course.settings import check_settings
from crmlab.course.source import Lesson, literal_parameters
from crmlab.questions.rules import Rules


class Hidden:
    """A graded run's parameters, and what is right with them.

    The data lie in a folder of their own that is gone with the run, and is empty until `make`. What is right is
    computed once per language, in this process, which no submission ever runs in.
    """

    def __init__(self, lesson: Lesson, rules: Rules, folder: Path, drawn: Variant):
        self._lesson, self._rules, self._drawn, self.folder = lesson, rules, drawn, folder
        [cell] = [cell for cell in lesson.cells if "parameters" in cell.tags]
        self._defaults = literal_parameters(cell.text["zh"])
        given = drawn.parameters | {"data": str(folder)}
        self._given = {name: value for name, value in given.items() if name in self._defaults}
        self._right: dict[str, dict[str, Any]] = {}
        self._lock = Lock()

    @classmethod
    @contextmanager
    def of(cls, lesson: Lesson, rules: Rules, key: Key, deadline: str) -> Iterator["Hidden"]:
        """The hidden variant of a lesson for the class of this key and the round that ends at `deadline`."""
        with TemporaryDirectory(prefix="crmlab-") as room:
            Path(room).chmod(0o755)
            folder = Path(room) / FOLDER
            folder.mkdir()
            yield cls(lesson, rules, folder, hidden_variant(key, lesson.stem, deadline))

    def make(self) -> None:
        """Write the data. Takes some seconds."""
        write_variant(self._drawn, self.folder)

    def parameters(self, lang: str) -> dict[str, object]:
        """What papermill puts into the notebook."""
        return self._given | {"lang": lang}

    def right(self, lang: str) -> dict[str, Any]:
        """What is right, by question; essays have no entry."""
        from crmlab.data import open_data
        from crmlab.questions.compare import right_answer

        with self._lock:
            if lang not in self._right:
                settings = check_settings(**self._defaults | self.parameters(lang))
                shop = open_data(settings)
                asked = [question.name for question in self._rules.questions if question.kind != "essay"]
                self._right[lang] = {name: right_answer(self._lesson.stem, name, shop, settings) for name in asked}
            return self._right[lang]
