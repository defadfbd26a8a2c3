"""The class on one page, for the instructor: totals, hard questions, common wrong answers, time, who needs a look."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, median
from typing import TYPE_CHECKING, Any

from crmlab.grade import pages
from crmlab.grade.gradebook import flag_word
from crmlab.grade.harmless import plain
from crmlab.grade.late import final
from crmlab.grade.records import VERDICTS, Graded
from crmlab.questions.rules import Late
from crmlab.words import word

if TYPE_CHECKING:
    from crmlab.assign.roster import Student

WRONG = ("partly", "wrong", "kind", "size", "columns")
"""Verdicts of answers that were read and are not right."""
COMMON = 2
PER_QUESTION = 5
VALUE = 200
NOTE = 500
BINS = 10


@dataclass(frozen=True)
class Section:
    """A part of the page: the key of its heading, sentences, a picture, a table."""

    key: str
    lines: list[str] = field(default_factory=list)
    picture: dict[str, str] | None = None
    headings: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)


def class_report(
    roster: Sequence["Student"],
    graded: Sequence[Graded],
    points: Mapping[str, int],
    late: Late,
    lang: str,
    *,
    title: str,
) -> str:
    """One self-contained page with pictures. Students go by the ids of the roster.

    `points` are the points of each question, in the order of the lesson. Means and shares are over the submissions; an
    answer that waits for a person counts in none of them. A wrong value is listed when at least two students gave it.
    Every text of a student is escaped and cut.
    """
    sections = [
        _ended(graded, lang),
        _totals(graded, points, late, lang),
        _questions(graded, points, lang),
        _wrong(graded, points, lang),
        _time(graded, lang),
        _look(graded, lang),
    ]
    return pages.page(
        "class_report.html.j2", lang, title=title, balance=_balance(roster, graded, lang), sections=sections
    )


def _balance(roster: Sequence["Student"], graded: Sequence[Graded], lang: str) -> str:
    """Everybody is accounted for: roster = handed in + missing; submissions = handed in + not in the roster."""
    ids = {student.id for student in roster}
    handed = len(ids & {one.student for one in graded})
    counts = {"roster": len(ids), "handed": handed, "missing": len(ids) - handed}
    return word("page.balance", lang, **counts, submissions=len(graded), strangers=len(graded) - handed)


def _ended(graded: Sequence[Graded], lang: str) -> Section:
    counts = Counter(one.outcome for one in graded)
    rows = [[word(f"gradebook.outcome.{code}", lang), count] for code, count in counts.most_common()]
    return Section("report_ended", headings=_said(("outcome", "submissions"), lang), rows=rows)


def _totals(graded: Sequence[Graded], points: Mapping[str, int], late: Late, lang: str) -> Section:
    finals = [final(one, late) for one in graded if not one.waits]
    lines, waiting = [], len(graded) - len(finals)
    most = sum(points.values())
    if finals:
        shown = {name: pages.points(value) for name, value in (("mean", mean(finals)), ("median", median(finals)))}
        lines.append(word("page.totals", lang, count=len(finals), most=most, **shown))
    if waiting:
        lines.append(word("page.totals_waiting", lang, count=waiting))
    return Section("report_totals", lines, _histogram(finals, "totals", (0, most), lang))


def _questions(graded: Sequence[Graded], points: Mapping[str, int], lang: str) -> Section:
    """Per question the mean share of its points and how often each verdict came, hardest first."""
    there = [code for code in VERDICTS if any(mark.verdict == code for one in graded for mark in one.marks)]
    rows, shares = [], {}
    for name, most in points.items():
        marks = [mark for one in graded for mark in one.marks if mark.question == name]
        earned = [mark.earned for mark in marks if mark.earned is not None]
        if earned:
            shares[name] = mean(earned) / most
        counts = Counter(mark.verdict for mark in marks)
        share = round(100 * shares[name]) if earned else "–"
        rows.append([name, most, share, *(counts[code] for code in there), len(marks)])
    rows.sort(key=lambda row: shares.get(row[0], 2))
    verdicts = [word(f"page.verdict_{code}", lang) for code in there]
    headings = [*_said(("question", "most", "share"), lang), *verdicts, *_said(("submissions",), lang)]
    return Section("report_questions", picture=_bars(shares, lang), headings=headings, rows=rows)


def _wrong(graded: Sequence[Graded], points: Mapping[str, int], lang: str) -> Section:
    counts = Counter(
        (mark.question, mark.shown)
        for one in graded
        for mark in one.marks
        if mark.verdict in WRONG and mark.shown.strip()
    )
    rows = []
    for name in points:
        common = [(value, count) for (asked, value), count in counts.most_common() if asked == name and count >= COMMON]
        rows += [[name, plain(value, VALUE), count] for value, count in common[:PER_QUESTION]]
    lines = [word("page.wrong_about" if rows else "page.wrong_none", lang, least=COMMON)]
    return Section("report_wrong", lines, headings=_said(("question", "given_value", "submissions"), lang), rows=rows)


def _time(graded: Sequence[Graded], lang: str) -> Section:
    seconds = [one.seconds for one in graded if one.outcome != "unreadable"]
    if not seconds:
        return Section("report_time")
    shown = {"median": f"{median(seconds):.1f}", "most": f"{max(seconds):.1f}", "total": f"{sum(seconds):.0f}"}
    lines = [word("page.seconds", lang, count=len(seconds), **shown)]
    return Section("report_time", lines, _histogram(seconds, "time", (0, max(*seconds, 1)), lang))


def _look(graded: Sequence[Graded], lang: str) -> Section:
    """Submissions whose run did not end by itself, that have flags or notes, or that wait for a person."""
    rows = []
    for one in sorted(graded, key=lambda one: one.student):
        waits = sum(mark.earned is None for mark in one.marks)
        if one.outcome != "done" or one.flags or one.notes or waits:
            flags = word("list.semicolon", lang).join(flag_word(flag, lang) for flag in one.flags)
            notes = " ".join(plain(note, NOTE) for note in one.notes)
            outcome = word(f"gradebook.outcome.{one.outcome}", lang)
            rows.append([plain(one.student, 80), outcome, plain(flags, NOTE), notes, waits])
    lines = [word("page.look_about" if rows else "page.look_none", lang, count=len(rows), of=len(graded))]
    headings = _said(("student", "outcome", "flags", "notes", "waiting"), lang)
    return Section("report_look", lines, headings=headings, rows=rows)


def _said(names: Sequence[str], lang: str) -> list[str]:
    return [word(f"page.{name}", lang) for name in names]


def _histogram(values: list[float], about: str, ends: tuple[float, float], lang: str) -> dict[str, str]:
    from matplotlib.ticker import MaxNLocator

    from crmlab.show.picture import Picture, blank, nothing
    from crmlab.show.theme import BLUE, letters_and_lines

    letters_and_lines()
    title = word(f"page.{about}_title", lang)
    if not values:
        return pages.inside(nothing(title, lang))
    figure, (axes,) = blank(8, 3.2)
    heights, edges, _ = axes.hist(values, bins=BINS, range=ends, color=BLUE, edgecolor="white")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_title(title)
    axes.set_xlabel(word(f"page.{about}_unit", lang))
    axes.set_ylabel(word("page.submissions", lang))
    top = int(heights.argmax())
    between = {"low": f"{edges[top]:.1f}", "high": f"{edges[top + 1]:.1f}", "count": int(heights[top])}
    return pages.inside(Picture(figure, word("page.histogram_alt", lang, title=title, **between)))


def _bars(shares: Mapping[str, float], lang: str) -> dict[str, str]:
    from crmlab.show.picture import Picture, blank, nothing
    from crmlab.show.theme import BLUE, letters_and_lines

    letters_and_lines()
    title = word("page.questions_title", lang)
    if not shares:
        return pages.inside(nothing(title, lang))
    ordered = sorted(shares, key=shares.__getitem__, reverse=True)
    figure, (axes,) = blank(8, 0.42 * len(ordered) + 1.2)
    bars = axes.barh(ordered, [shares[name] for name in ordered], color=BLUE)
    axes.bar_label(bars, [f"{shares[name]:.0%}" for name in ordered], padding=4)
    axes.set_xlim(0, 1.1)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_title(title)
    hardest = ordered[-1]
    return pages.inside(
        Picture(figure, word("page.questions_alt", lang, question=hardest, share=f"{shares[hardest]:.0%}"))
    )
