"""What became of one submission: a mark per question, and the record that is kept on disk."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

OUTCOMES = ("done", "time", "memory", "output", "disk", "crash", "unreadable")
"""How the run of a submission ended; "unreadable" never ran."""
VERDICTS = (
    "right", "partly", "wrong", "kind", "size", "columns", "blank", "missing", "not_plain", "too_large", "manual",
)  # fmt: skip
"""What became of one answer. `blank` is the unchanged `...`; `missing` was never given, or the run ended before it;
`not_plain` is no number, text, list or table; `manual` waits for a person."""


@dataclass(frozen=True)
class Mark:
    """One question of one submission.

    `points` can be earned, `earned` are (hundredths at most; None while a person has to mark it). `shown` is the
    student's own value in short, `hint` says where to look again; neither holds what is right.
    """

    question: str
    points: int
    earned: float | None
    verdict: str
    shown: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Graded:
    """One submission, graded: `marks` in the order of the lesson.

    `student` is the id of the roster, `file` the name under which it was handed in, `digest` its SHA-256, `handed_in`
    a moment as ISO text or "", `late_days` whole days begun after the deadline. `flags` are keys of words.csv under
    `flag.`, `notes` plain sentences to the instructor, `seconds` the time of the run. `essays` are the texts that a
    person reads, by question.
    """

    student: str
    lesson: str
    lang: str
    file: str
    digest: str
    outcome: str
    marks: tuple[Mark, ...]
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    handed_in: str = ""
    late_days: int = 0
    essays: Mapping[str, str] = field(default_factory=dict)

    @property
    def earned(self) -> float:
        """Points before any deduction; what a person has not marked yet counts nothing."""
        return round(sum(mark.earned or 0 for mark in self.marks), 2)

    @property
    def points(self) -> int:
        return sum(mark.points for mark in self.marks)

    @property
    def waits(self) -> bool:
        """Whether a person still has to mark something."""
        return any(mark.earned is None for mark in self.marks)

    def write(self, path: Path) -> None:
        """Write the record as JSON; the file is there whole or not at all."""
        part = path.with_name(path.name + ".part")
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)
        part.write_text(text + "\n", encoding="utf-8", newline="\n")
        os.replace(part, path)

    @classmethod
    def read(cls, path: Path) -> "Graded":
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        marks = tuple(Mark(**mark) for mark in found.pop("marks"))
        return cls(**found | {"marks": marks, "flags": tuple(found["flags"]), "notes": tuple(found["notes"])})
