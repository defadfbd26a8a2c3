"""Feedback of three kinds becomes one table where one answer counts once."""

import pandas as pd
import pytest

from crmlab import check_settings, open_data
from crmlab.collect import with_consent
from crmlab.collect.feedback import COLUMNS, from_survey, from_texts, merge_feedback, pareto
from crmlab.errors import ConsentError

DAY = pd.Timestamp("2026-06-01")
ANSWERS = pd.DataFrame(
    {
        "answer_id": ["A1", "A2", "A3"],
        "customer_id": ["a", "b", "c"],
        "submitted_at": DAY + pd.to_timedelta([8, 9, 10], unit="h"),
        "q4_other_zh": ["送货太慢", None, "包装很好"],
        "q4_other_en": ["Too slow", None, "Well packed"],
    }
)
TEXTS = pd.DataFrame(
    [
        ("T1", "a", "follow_up", "2026-06-01", "送货 太慢"),
        ("T2", "a", "chat", "2026-06-02", "送货太慢"),
        ("T3", "b", "chat", "2026-06-01", "送货太慢"),
        ("T4", "c", "review", "2026-06-01", "很好ＡＢ"),
        ("T5", "c", "chat", "2026-06-01", "很好ab"),
        ("T6", None, "chat", "2026-06-01", "送货太慢"),
        ("T7", None, "chat", "2026-06-01", "送货太慢"),
    ],
    columns=["text_id", "customer_id", "kind", "written_on", "text_zh"],
).astype({"written_on": "datetime64[us]"})


def test_the_sources_by_hand():
    survey = from_survey(ANSWERS)
    assert survey.values.tolist() == [["A1", "a", "survey", DAY, "送货太慢"], ["A3", "c", "survey", DAY, "包装很好"]]
    assert from_survey(ANSWERS, "en")["text"].tolist() == ["Too slow", "Well packed"]
    texts = from_texts(TEXTS)
    assert list(texts.columns) == COLUMNS
    assert texts["channel"].tolist() == ["phone", "message", "message", "review", "message", "message", "message"]


def test_one_answer_does_not_count_twice():
    found = merge_feedback(from_survey(ANSWERS), from_texts(TEXTS))
    assert found.listed[["feedback_id", "reason"]].values.tolist() == [["T4", "same_words"], ["A1", "same_words"]]
    found = merge_feedback(from_survey(ANSWERS), from_texts(TEXTS), from_survey(ANSWERS))
    assert found.listed[["feedback_id", "reason"]].values.tolist() == [
        ["T4", "same_words"],
        ["A1", "same_words"],
        ["A1", "same_id"],
        ["A3", "same_id"],
    ]
    assert len(found.kept) + len(found.listed) == 11
    assert "text" not in found.listed
    assert found.balance("en").startswith("11 pieces of feedback = 7 counted + 4 listed")
    assert found.kept["feedback_id"].is_unique


def test_the_order_of_rows_and_sources_does_not_matter():
    first = merge_feedback(from_survey(ANSWERS), from_texts(TEXTS), from_survey(ANSWERS))
    again = merge_feedback(from_texts(TEXTS).sample(frac=1, random_state=3), from_survey(ANSWERS), from_survey(ANSWERS))
    pd.testing.assert_frame_equal(first.kept, again.kept)
    pd.testing.assert_frame_equal(first.listed, again.listed)


def test_pareto_by_hand():
    found = pareto(pd.Series(["late", "quality", "late", None, "late", "no_need", "quality"], name="reason"))
    assert found.columns.tolist() == ["reason", "count", "share", "cumulative_share"]
    assert found.values.tolist() == [
        ["late", 3, 3 / 6, 3 / 6],
        ["quality", 2, 2 / 6, 5 / 6],
        ["no_need", 1, 1 / 6, 1.0],
    ]
    assert pareto(pd.Series(["b", "a"]))["tag"].tolist() == ["a", "b"]


@pytest.fixture(scope="module")
def shop():
    return open_data(check_settings(data="teaching"))


def test_the_teaching_data_reconcile(shop):
    sources = [from_survey(shop.table("survey_answers")), from_texts(shop.table("texts"))]
    found = merge_feedback(*sources)
    assert len(found.kept) + len(found.listed) == sum(map(len, sources))
    assert not found.kept.duplicated(["customer_id", "written_on", "text"]).any()
    assert set(found.kept["channel"]) == {"survey", "phone", "message", "review"}


@pytest.mark.parametrize(
    ("table", "source", "purpose", "other"),
    [("survey_answers", from_survey, "survey", "marketing"), ("texts", from_texts, "analysis", "survey")],
)
def test_rows_kept_for_another_purpose_are_refused(shop, table, source, purpose, other):
    ledger = shop.table("consents")
    source(with_consent(shop.table(table), ledger, purpose=purpose, on=shop.as_of).kept)
    with pytest.raises(ConsentError):
        source(with_consent(shop.table(table), ledger, purpose=other, on=shop.as_of).kept)
