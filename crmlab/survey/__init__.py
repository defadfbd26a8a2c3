"""Questionnaires as code: what is asked, in which unit, what an answer is worth, and how sure a score is."""

from crmlab.survey.agreement import compare, logged
from crmlab.survey.careless import careless
from crmlab.survey.coding import krippendorff_alpha
from crmlab.survey.questionnaire import Questionnaire, questionnaire
from crmlab.survey.satisfaction import ces, csat, nps, scores
from crmlab.survey.scale import reliability, reverse, scale_scores
from crmlab.survey.sending import response, send
from crmlab.survey.three import QUARTER_DAYS, QUESTIONS, band_table, band_values, code_answers, per_quarter, top_band
from crmlab.survey.undecided import decide, quarterly, stated_marks
from crmlab.survey.weights import design_effect, effective_n, rake

__all__ = [
    "QUARTER_DAYS",
    "QUESTIONS",
    "Questionnaire",
    "band_table",
    "band_values",
    "careless",
    "ces",
    "code_answers",
    "compare",
    "csat",
    "decide",
    "design_effect",
    "effective_n",
    "krippendorff_alpha",
    "logged",
    "nps",
    "per_quarter",
    "quarterly",
    "questionnaire",
    "rake",
    "reliability",
    "response",
    "reverse",
    "scale_scores",
    "scores",
    "send",
    "stated_marks",
    "top_band",
]
