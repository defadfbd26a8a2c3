"""Made-up answers with the shape of real ones, to try a questionnaire out before anybody is asked."""

from datetime import date
from typing import TYPE_CHECKING

from crmlab.words import word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from crmlab.survey.question import Question
    from crmlab.survey.questionnaire import Questionnaire

BLANK = 0.05
"""Share of closed questions that are left out: some skipped, some for a reason that the question offers."""
WRITES = 0.15
"""Share of respondents who write something to an open question."""
LOADING = 0.75
"""How closely the points of a scale follow the one temper of a respondent (correlation, 0 to 1)."""


def synthetic(asked: "Questionnaire", n: int, *, seed: int, on: date) -> "pd.DataFrame":
    """`n` raw answers from invented respondents, all submitted on one day.

    Scales follow one temper per respondent and turn round where a question is reversed; bands and counts are drawn
    from skewed values. About 5 % of the cells are left out. The same seed gives the same answers.

    >>> from crmlab.survey.questionnaire import questionnaire
    >>> answers = synthetic(questionnaire("satisfaction"), 200, seed=1, on=date(2026, 6, 1))
    >>> found = questionnaire("satisfaction").check(answers)
    >>> len(found.kept), len(found.listed)
    (200, 0)
    """
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    second = np.sort(rng.integers(8 * 3600, 22 * 3600, n))
    used = rng.lognormal(np.log(10 * len(asked.questions)), 0.4, n).round()
    answers = pd.DataFrame(
        {
            "answer_id": [f"T{number:05d}" for number in range(1, n + 1)],
            "customer_id": [f"example-{number:05d}" for number in range(1, n + 1)],
            "submitted_at": pd.Timestamp(on) + pd.to_timedelta(second, unit="s"),
            "seconds_used": used.astype("int64").astype("str"),
        }
    )
    temper = rng.standard_normal(n)
    for question in asked.questions:
        if question.kind == "text":
            written = rng.random(n) < WRITES
            for lang, column in zip(question.wording, question.columns, strict=True):
                answers[column] = pd.Series(word("survey.example_text", lang), index=answers.index).where(written)
            continue
        drawn = pd.Series(_drawn(question, temper, rng), index=answers.index, dtype="str")
        codes = [None, *(str(asked.missing[reason]) for reason in question.offers)]
        blank = rng.random(n) < BLANK
        answers[question.key] = drawn.mask(blank, pd.Series(rng.choice(codes, n), dtype="str"))
    return answers


def _drawn(question: "Question", temper: "np.ndarray", rng: "np.random.Generator") -> list[str]:
    import numpy as np

    if question.kind == "scale":
        own = LOADING * temper + np.sqrt(1 - LOADING**2) * rng.standard_normal(len(temper))
        middle, spread = (question.high + question.low) / 2, (question.high - question.low) / 4
        points = np.clip(np.rint(middle + spread * (own + 0.5)), question.low, question.high)
        points = question.low + question.high - points if question.reverse else points
        return [str(int(point)) for point in points]
    if question.kind == "count":
        counts = np.minimum(question.low + rng.poisson(3, len(temper)), question.high or np.inf)
        return [str(int(count)) for count in counts]
    closed = question.bands[-1].low
    values = closed * rng.lognormal(-1.2, 1, len(temper))
    return [question.band_of(value).code for value in values]
