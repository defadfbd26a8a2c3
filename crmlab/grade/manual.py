"""Answers that a person marks: a sheet without names, and its way back into the records."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.collect.pseudonym import Key
from crmlab.errors import DataError
from crmlab.grade.gradebook import workbook
from crmlab.grade.harmless import plain
from crmlab.grade.records import Graded, Mark
from crmlab.handover.cells import safe
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("code", "question", "answer", "points", "earned", "comment")
ANSWER = 20_000
COMMENT = 1_000


@dataclass(frozen=True)
class Returned:
    """A sheet that came back. `marked` has the points and the comment of each answer by (student, question); `faults`
    a row per problem, in the words of the sheet's language (row, code, fault); `waiting` counts the answers that have
    no points yet. A row with a fault marks nothing."""

    marked: dict[tuple[str, str], tuple[float, str]]
    faults: "pd.DataFrame"
    waiting: int


def manual_sheet(graded: Sequence[Graded], answers: Mapping[tuple[str, str], str], key: Key) -> "pd.DataFrame":
    """What a person has to mark: code, question, answer, points, earned (blank), comment (blank).

    `answers` has the full text by (student, question); where there is none, the short form of the record stands. There
    are no names and no ids: each answer has a code of its own, made with the instructor's `key`. The answers to one
    question stand together, in the order of their codes, which is as good as a shuffle and the same each time.
    """
    import pandas as pd

    rows = [
        (_code(one, mark, key), mark.question, _answer(one, mark, answers), mark.points, "", "")
        for one, mark in _waiting(graded)
    ]
    order = [mark.question for one in graded for mark in one.marks]
    rows.sort(key=lambda row: (order.index(row[1]), row[0]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def write_manual(sheet: "pd.DataFrame", path: Path, lang: str) -> None:
    """Write the sheet as .csv (utf-8 with a mark) or .xlsx, with headings in words and nothing that is a formula.

    Raises DataError for another ending, and where the file is there: somebody may have marked in it.
    """
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise DataError("file_kind", path=path.name, kinds=".csv, .xlsx")
    if path.exists():
        raise DataError("manual_there", file=path.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = sheet.assign(answer=sheet["answer"].map(safe))
    shown = shown.rename(columns={name: word(f"manual.{name}", lang) for name in COLUMNS})
    if path.suffix.lower() == ".csv":
        shown.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")
    else:
        path.write_bytes(workbook({word("manual.sheet", lang): shown}))


def read_manual(
    path: Path, graded: Sequence[Graded], answers: Mapping[tuple[str, str], str], key: Key, lang: str
) -> Returned:
    """Read the marked sheet back, as .csv in any encoding that Excel writes, or .xlsx.

    Faults are rows with an unknown or repeated code, another question, an answer that is not the one handed in (the
    rows may have slipped), points that are no number, below 0 or above what can be earned, a formula without a value;
    and answers of which the sheet has no row. Raises DataError when a column is missing, or the file cannot be read.
    """
    import pandas as pd

    cells, unreadable = _read(path, lang)
    asked = {_code(one, mark, key): (one, mark) for one, mark in _all(graded)}
    waiting = {_code(one, mark, key) for one, mark in _waiting(graded)}
    seen = Counter(code.strip() for code in cells["code"])
    marked, faults = {}, []
    for line, _, reason in unreadable:
        faults.append((line, "", word(f"manual.fault.{'formula' if 'formula' in reason else 'cells'}", lang)))
    for line, row in zip(cells.index, cells.itertuples(index=False), strict=True):
        code = row.code.strip()
        fault = _fault(row, code, asked, seen, answers)
        if fault:
            most = asked[code][1].points if code in asked else 0
            faults.append((line, plain(code, 40), word(f"manual.fault.{fault}", lang, points=most)))
        elif row.earned.strip():
            one, mark = asked[code]
            marked[one.student, mark.question] = (float(row.earned), plain(row.comment, COMMENT).strip())
    for code in sorted(waiting - seen.keys()):
        faults.append((0, code, word("manual.fault.missing", lang, points=0)))
    still = [(one.student, mark.question) for one, mark in _waiting(graded)]
    told = pd.DataFrame(faults, columns=["row", "code", "fault"])
    return Returned(marked, told, sum(answer not in marked for answer in still))


def asks_already(path: Path, sheet: "pd.DataFrame", lang: str) -> bool:
    """Whether the sheet in a file, marked or not, has a row for each of these answers as they are now."""
    try:
        cells, _ = _read(path, lang)
    except DataError:
        return False
    there = {(row.code.strip(), _bare(row.answer)) for row in cells.itertuples(index=False)}
    asked = (
        {(row.code, _bare(text)) for text in (row.answer, safe(row.answer))} for row in sheet.itertuples(index=False)
    )
    return all(there & one for one in asked)


def _read(path: Path, lang: str) -> tuple["pd.DataFrame", list[tuple]]:
    """The cells of a sheet by the names of COLUMNS, indexed by line, and the lines that could not be read."""
    from crmlab.intake.grid import demand_headings, read_grids

    grid = next(read_grids(path))
    demand_headings(grid, path.name)
    cells = grid.cells.rename(columns={word(f"manual.{name}", one): name for name in COLUMNS for one in LANGUAGES})
    for name in COLUMNS:
        if name not in cells:
            raise DataError("manual_column", file=path.name, column=word(f"manual.{name}", lang))
    return cells.fillna(""), grid.faults


def _fault(row, code: str, asked, seen: Counter, answers: Mapping[tuple[str, str], str]) -> str:
    """The first fault of a row as a key of words.csv, or nothing."""
    if code not in asked:
        return "unknown"
    if seen[code] > 1:
        return "twice"
    one, mark = asked[code]
    if row.question.strip() != mark.question:
        return "question"
    if _bare(row.answer) not in (_bare(text := _answer(one, mark, answers)), _bare(safe(text))):
        return "answer"
    if not row.earned.strip():
        return ""
    try:
        earned = float(row.earned)
    except ValueError:
        return "number"
    return "" if 0 <= earned <= mark.points else "range"


def apply_manual(graded: Sequence[Graded], returned: Returned) -> list[Graded]:
    """The records with what a person marked: points, right, partly or wrong by them, and the comment as the hint."""

    def marked(student: str, mark: Mark) -> Mark:
        if (student, mark.question) not in returned.marked:
            return mark
        earned, comment = returned.marked[student, mark.question]
        verdict = "right" if earned == mark.points else "partly" if earned else "wrong"
        return replace(mark, earned=round(earned, 2), verdict=verdict, hint=comment)

    return [replace(one, marks=tuple(marked(one.student, mark) for mark in one.marks)) for one in graded]


def _all(graded: Sequence[Graded]) -> list[tuple[Graded, Mark]]:
    return [(one, mark) for one in graded for mark in one.marks]


def _waiting(graded: Sequence[Graded]) -> list[tuple[Graded, Mark]]:
    return [(one, mark) for one, mark in _all(graded) if mark.earned is None]


def _code(one: Graded, mark: Mark, key: Key) -> str:
    """A code per answer, so that nobody can tell which answers are of the same person."""
    return key.pseudonym(f"manual\0{one.lesson}\0{one.student}\0{mark.question}")


def _answer(one: Graded, mark: Mark, answers: Mapping[tuple[str, str], str]) -> str:
    return plain(answers.get((one.student, mark.question), mark.shown), ANSWER)


def _bare(text: str) -> str:
    """Text without what a spreadsheet changes on its way: blanks and the ends of lines."""
    return "".join(text.split())
