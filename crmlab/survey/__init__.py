"""Questionnaires as code: what is asked, in which unit, and what an answer is worth."""

from crmlab.survey.three import (
    QUARTER_DAYS,
    QUESTIONS,
    Band,
    Question,
    band_table,
    band_values,
    code_answers,
    per_quarter,
    top_band,
)

__all__ = [
    "QUARTER_DAYS",
    "QUESTIONS",
    "Band",
    "Question",
    "band_table",
    "band_values",
    "code_answers",
    "per_quarter",
    "top_band",
]
