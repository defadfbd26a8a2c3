"""Answers as they come in: checked against their questionnaire, counted where there is none, and read without names."""

import re
from typing import TYPE_CHECKING

from crmlab.collect.mask import mask
from crmlab.collect.validate import FORMS, LISTED, Checked
from crmlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.survey.question import Question
    from crmlab.survey.questionnaire import Questionnaire

DEMANDED = ("answer_id", "customer_id", "submitted_at")
"""Without these an answer cannot be used; every question may be left out."""
CONTACT = re.compile(r"1\d\d[ -]?\d{4}[ -]?\d{4}|\d{7,}|[\w.+-]+@[\w.-]+", re.ASCII)
"""What looks like a phone number or an e-mail in a text."""
WHOLE = r"^(-?\d+)\.0+$"
"""A whole number as a frame with blanks writes it: 4.0."""


def check(asked: "Questionnaire", answers: "pd.DataFrame") -> Checked:
    """Raw answers checked against their questionnaire; the answers given are not changed.

    `answers` has the columns of the questionnaire (`asked.columns`; seconds_used may be absent) as text or typed, and
    may have `file` and `row`; without `row`, rows are counted from 2, as in a file with headings. A blank or a code of
    `asked.missing` is an empty cell. Reasons in the listing: "missing" and "bad_date" and "duplicate" (of a later
    line with an answer_id that was there) refuse the answer; "unknown_code", "bad_number" and "out_of_range" empty the
    cell and keep the answer.

    `kept` has times as datetime64, counts and scales and seconds_used as Int64, all else as text. Raises DataError
    when a column is not there.

    >>> import pandas as pd
    >>> from crmlab.survey.questionnaire import questionnaire
    >>> shopping = questionnaire("shopping")
    >>> told = {"answer_id": ["A1"], "customer_id": ["C1"], "submitted_at": ["2026-06-10 09:00"], "q1_last": ["soon"],
    ...     "q2_orders": ["0"], "q3_spend": ["-4"], "q4_other_zh": [None], "q4_other_en": [None]}
    >>> found = check(shopping, pd.DataFrame(told))
    >>> found.kept[["q1_last", "q2_orders", "q3_spend"]].values.tolist()
    [[nan, 0, nan]]
    >>> found.listed[["row", "column", "value", "reason"]].values.tolist()
    [[2, 'q1_last', 'soon', 'unknown_code']]
    """
    import pandas as pd

    answers = answers.reset_index(drop=True)
    raw = _as_text(asked, answers)
    given = raw.mask(_reasons(asked, raw).notna())
    faults = pd.DataFrame({column: _faults(asked, column, given[column]) for column in asked.columns})
    place = pd.DataFrame({"file": answers.get("file", ""), "row": answers.get("row", range(2, len(raw) + 2))})
    refused = faults[list(DEMANDED)].notna().any(axis="columns")
    emptied = faults[~refused].notna().any(axis="columns").reset_index(drop=True)
    kept = _typed(asked, given.mask(faults.notna())).assign(**place)[~refused].reset_index(drop=True)
    return Checked(kept, _listed(asked, raw, faults, place), len(raw), emptied.index[emptied])


def missing_answers(asked: "Questionnaire", answers: "pd.DataFrame") -> "pd.DataFrame":
    """How many answered each question, and why the others did not.

    A row per question (`item`) with `answered` and a column per reason of the questionnaire (not_asked, skipped, ...);
    a row adds up to the number of answers. Give raw answers: in checked ones every reason is an empty cell.
    """
    import pandas as pd

    raw = _as_text(asked, answers)
    reasons = _reasons(asked, raw)
    rows = []
    for question in asked.questions:
        columns = list(question.columns)
        blank = reasons[columns].notna().all(axis="columns")
        counts = reasons.loc[blank, columns[0]].value_counts()
        rows.append(
            {"item": question.key, "answered": int((~blank).sum())}
            | {reason: int(counts.get(reason, 0)) for reason in asked.missing}
        )
    return pd.DataFrame(rows)


def open_answers(asked: "Questionnaire", answers: "pd.DataFrame", lang: str = "zh", *, seed: int = 0) -> "pd.DataFrame":
    """What was written to open questions in one language, without ids: item and text, in an order drawn by `seed`.

    Phone numbers and e-mails in the texts are masked. Whoever may see these texts cannot say who wrote them.
    """
    import pandas as pd

    written = pd.concat([_texts(question, answers, lang) for question in asked.questions if question.kind == "text"])
    return written.sample(frac=1, random_state=seed).reset_index(drop=True)


def _texts(question: "Question", answers: "pd.DataFrame", lang: str) -> "pd.DataFrame":
    texts = answers[f"{question.key}_{lang}"].dropna().str.strip()
    texts = texts[texts != ""].str.replace(CONTACT, _masked, regex=True)
    return texts.rename("text").to_frame().assign(item=question.key)[["item", "text"]]


def _masked(found: re.Match[str]) -> str:
    return mask(found[0])


def _as_text(asked: "Questionnaire", answers: "pd.DataFrame") -> "pd.DataFrame":
    """The columns of the questionnaire as text with missing for blanks, on an index of their own."""
    closed = [question.key for question in asked.questions if question.kind != "text"]
    absent = [column for column in (*DEMANDED, *closed) if column not in answers]
    if absent:
        raise DataError("answers_columns", name=asked.name, columns=", ".join(absent))
    text = answers.reindex(columns=list(asked.columns)).reset_index(drop=True).astype("str")
    text = text.apply(lambda column: column.str.strip())
    for column in (*closed, "seconds_used"):
        text[column] = text[column].str.replace(WHOLE, r"\1", regex=True)
    return text.mask(text == "")


def _reasons(asked: "Questionnaire", raw: "pd.DataFrame") -> "pd.DataFrame":
    """Why a cell holds no answer, by the reasons of the questionnaire; missing where it holds one."""
    names = {str(code): reason for reason, code in asked.missing.items()}
    questions = [column for question in asked.questions for column in question.columns]
    reasons = raw.reindex(columns=questions).apply(lambda column: column.map(names))
    return reasons.mask(raw[questions].isna(), "skipped").reindex(columns=raw.columns).astype("str")


def _faults(asked: "Questionnaire", column: str, given: "pd.Series") -> "pd.Series":
    """The reason code of each cell of a column that does not fit; missing where it fits or is empty."""
    import pandas as pd

    faults = pd.Series(None, index=given.index, dtype="str")
    if column in DEMANDED:
        faults = faults.mask(given.isna(), "missing")
    if column == "answer_id":
        return faults.mask(given.notna() & given.duplicated(), "duplicate")
    if column == "submitted_at":
        return faults.mask(given.notna() & _times(given).isna(), "bad_date")
    question = _question(asked, column)
    if question and question.bands:
        known = given.isin([band.code for band in question.bands])
        return faults.mask(given.notna() & ~known, "unknown_code")
    if _is_number(asked, column):
        low, high = (question.low, question.high) if question else (0, None)
        numbers = pd.to_numeric(given.where(given.str.fullmatch(FORMS["integer"], flags=re.ASCII)))
        outside = (numbers < low) | (numbers > (float("inf") if high is None else high))
        return faults.mask(given.notna() & numbers.isna(), "bad_number").mask(outside, "out_of_range")
    return faults


def _typed(asked: "Questionnaire", fitting: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    numbers = [column for column in fitting.columns if _is_number(asked, column)]
    whole = {column: pd.to_numeric(fitting[column]).astype("Int64") for column in numbers}
    return fitting.assign(submitted_at=_times(fitting["submitted_at"]), **whole)


def _times(text: "pd.Series") -> "pd.Series":
    import pandas as pd

    formed = text.where(text.str.fullmatch(FORMS["time"], flags=re.ASCII))
    return pd.to_datetime(formed, format="ISO8601", errors="coerce").astype("datetime64[us]")


def _question(asked: "Questionnaire", column: str) -> "Question | None":
    return next((question for question in asked.questions if column in question.columns), None)


def _is_number(asked: "Questionnaire", column: str) -> bool:
    question = _question(asked, column)
    return question.kind in ("count", "scale") if question else column == "seconds_used"


def _listed(
    asked: "Questionnaire", raw: "pd.DataFrame", faults: "pd.DataFrame", place: "pd.DataFrame"
) -> "pd.DataFrame":
    """A line for every fault, line by line and question by question; contacts in what was answered are masked."""
    found = faults.rename_axis(index="line", columns="column").stack().dropna().rename("reason").reset_index()
    cells = raw.rename_axis(index="line", columns="column").stack(future_stack=True).rename("value")
    found = found.join(cells, on=["line", "column"])
    told = ~found["column"].isin(DEMANDED)
    found["value"] = found["value"].where(~told, found["value"].str.replace(CONTACT, _masked, regex=True))
    return found.join(place, on="line").assign(table=asked.table)[list(LISTED)]
