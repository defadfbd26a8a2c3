"""What is right in lesson 01: collect."""

from typing import TYPE_CHECKING, Any

from crmlab import survey
from crmlab.collect import phone_confirmations, with_consent
from crmlab.data import Shop
from crmlab.questions.concepts import concepts
from crmlab.questions.right.shared import in_window

if TYPE_CHECKING:
    import pandas as pd


def _answers_refused(shop: Shop, settings: Any) -> int:
    found = with_consent(shop.table("survey_answers"), shop.table("consents"), purpose="profiling", on=shop.as_of)
    return len(found.refused)


def _top_band(shop: Shop, settings: Any) -> float:
    count = shop.table("survey_answers")["q3_spend"].value_counts()
    return round(survey.top_band(1000, 2000, int(count["1000-2000"]), int(count["2000+"])), 2)


def _skipped(shop: Shop, settings: Any) -> int:
    return int(shop.table("survey_answers")["q2_orders"].isna().sum())


def _rate(shop: Shop, settings: Any) -> float:
    return round(float(survey.per_quarter(5, settings.window)), 2)


def _satisfied(shop: Shop) -> "pd.DataFrame":
    answers, consents = shop.table("satisfaction_answers"), shop.table("consents")
    return with_consent(answers, consents, purpose="survey", on=shop.as_of).kept


def _answered(shop: Shop) -> "pd.DataFrame":
    return with_consent(shop.table("survey_answers"), shop.table("consents"), purpose="survey", on=shop.as_of).kept


def _promoters(shop: Shop, settings: Any) -> float:
    return round(survey.nps(_satisfied(shop)["nps"]).estimate, 1)


def _alpha(shop: Shop, settings: Any) -> float:
    asked = survey.questionnaire("satisfaction")
    items = [question.key for question in asked.items("satisfaction")]
    reversed_items = [question.key for question in asked.items("satisfaction") if question.reverse]
    turned = survey.reverse(_satisfied(shop), reversed_items, 1, 5)
    return round(survey.reliability(turned, items).alpha, 3)


def _codebook(shop: Shop, settings: Any) -> "pd.DataFrame":
    bands = survey.band_table(_answered(shop))
    closed = bands[(bands["indicator"] == "spend_per_quarter") & (bands["band"] != "2000+")]
    return closed[["band", "midpoint", "count"]]


def _said_more(shop: Shop, settings: Any) -> int:
    said = survey.code_answers(_answered(shop), as_of=shop.as_of, currency=shop.currency)
    done = survey.logged(in_window(shop, settings), shop.table("customers"))
    key = "customer_id"
    said, done = (frame.set_index(key)["orders_per_quarter"].astype("Float64") for frame in (said, done))
    return int((said > done.reindex(said.index)).sum())


def _confirmed(shop: Shop, settings: Any) -> int:
    return len(phone_confirmations(shop.table("calls")))


ANSWERS = {
    "q1": lambda shop, settings: concepts("metrics"),
    "q2": _answers_refused,
    "q3": _top_band,
    "q4": _skipped,
    "q5": _rate,
    "q6": _promoters,
    "q7": _alpha,
    "q8": _confirmed,
    "q9": _codebook,
    "q10": _said_more,
}
