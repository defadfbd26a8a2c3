"""Feedback from surveys, phone calls and messages in one table, where nobody counts twice, and what it is mostly about.

The words of customers may name people: show counts or the words a rule found (`crmlab.needs`), not whole texts.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.collect.consent import demand_purpose
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["feedback_id", "customer_id", "channel", "written_on", "text"]
CHANNELS = {"follow_up": "phone", "chat": "message", "review": "review"}
"""Through which channel a text of the house came, by its kind: follow-ups are notes of phone calls."""


@dataclass(frozen=True)
class Feedback:
    """Rows in = rows `kept` + rows `listed`.

    `kept` has feedback_id, customer_id, channel, written_on, text; `listed` has a `reason` in place of the text:
    "same_id" or "same_words".
    """

    kept: "pd.DataFrame"
    listed: "pd.DataFrame"

    def balance(self, lang: str = "zh") -> str:
        """Rows in = rows kept + rows listed, in words."""
        kept, listed = len(self.kept), len(self.listed)
        return word("feedback.balance", lang, rows=kept + listed, kept=kept, listed=listed)


def from_survey(answers: "pd.DataFrame", lang: str = "zh") -> "pd.DataFrame":
    """The open answers of survey_answers as feedback by "survey"; who wrote nothing gave none.

    Returns feedback_id, customer_id, channel, written_on (a date), text. Raises ConsentError for answers that were
    kept for other purposes than the survey.
    """
    text = answers[f"q4_other_{lang}"]
    rows = demand_purpose(answers, "survey").assign(
        channel="survey", written_on=answers["submitted_at"].dt.normalize(), text=text
    )
    return rows[text.notna()].rename(columns={"answer_id": "feedback_id"})[COLUMNS].reset_index(drop=True)


def from_texts(texts: "pd.DataFrame", lang: str = "zh") -> "pd.DataFrame":
    """Notes of follow-up calls, chats and reviews of the table texts as feedback by "phone", "message", "review".

    Returns feedback_id, customer_id, channel, written_on (a date), text. Raises ConsentError for texts that were kept
    for other purposes than analysis.
    """
    rows = demand_purpose(texts, "analysis").assign(channel=texts["kind"].map(CHANNELS), text=texts[f"text_{lang}"])
    return rows.rename(columns={"text_id": "feedback_id"})[COLUMNS].reset_index(drop=True)


def merge_feedback(*sources: "pd.DataFrame") -> Feedback:
    """Feedback of several sources as one, each said once.

    A source has feedback_id, customer_id, channel, written_on and text. A row is listed and does not count when its
    feedback_id was there before, or when the same customer wrote the same words on the same day, whatever the channel
    (blanks, width and case do not tell words apart). The row with the smallest channel and feedback_id stays, so the
    order of the sources does not matter. Without a customer nobody can say whether it is the same person: both count.

    >>> import pandas as pd
    >>> said = pd.DataFrame({"feedback_id": ["A1", "T1", "T2"], "customer_id": ["a", "a", "b"], "text": "Too slow"})
    >>> said = said.assign(channel=["survey", "message", "message"], written_on=pd.Timestamp("2026-06-01"))
    >>> found = merge_feedback(said)
    >>> print(found.balance("en"))
    3 pieces of feedback = 2 counted + 1 listed because they were there before
    >>> found.listed[["feedback_id", "reason"]].values.tolist()
    [['A1', 'same_words']]
    """
    import pandas as pd

    rows = pd.concat([source[COLUMNS] for source in sources])
    rows = rows.sort_values(["channel", "feedback_id", "written_on", "customer_id", "text"], ignore_index=True)
    words = rows["text"].str.normalize("NFKC").str.replace(r"\s", "", regex=True).str.casefold()
    same_id = rows["feedback_id"].duplicated()
    said = rows.assign(words=words)[~same_id & rows["customer_id"].notna()]
    same_words = said.duplicated(["customer_id", "written_on", "words"]).reindex(rows.index, fill_value=False)
    reason = same_id.map({True: "same_id"}).where(same_id, same_words.map({True: "same_words"}))
    again = same_id | same_words
    listed = rows[again].drop(columns="text").assign(reason=reason[again])
    return Feedback(rows[~again].reset_index(drop=True), listed.reset_index(drop=True))


def pareto(tags: "pd.Series") -> "pd.DataFrame":
    """What occurs how often, the most frequent first: a column named as `tags` is, count, share, cumulative_share.

    Missing tags are left out. Equal counts stand in the order of their names.

    >>> import pandas as pd
    >>> pareto(pd.Series(["late", "late", "late", "quality"], name="reason")).values.tolist()
    [['late', 3, 0.75, 0.75], ['quality', 1, 0.25, 1.0]]
    """
    counted = tags.value_counts().rename("count").rename_axis(tags.name or "tag").reset_index()
    counted = counted.sort_values(["count", counted.columns[0]], ascending=[False, True], ignore_index=True)
    total = counted["count"].sum()
    return counted.assign(share=counted["count"] / total, cumulative_share=counted["count"].cumsum() / total)
