"""How content a text sounds: the words of opinion in it, with negation, set beside the stars of the same review."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.columns import demand_columns
from crmlab.errors import DataError
from crmlab.needs.lexicon import Lexicon, open_lexicon
from crmlab.needs.reading import reader_of
from crmlab.needs.scrubbing import readable
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

CLASSES = ("negative", "mixed", "positive")
NO_WORDS = "no_words"
VALUES = {"positive": 1, "negative": -1, "complaint": -1}
"""What a word of a kind is worth; a negation turns it round."""
STARS = {1: "negative", 2: "negative", 3: "mixed", 4: "positive", 5: "positive"}
SCORED = ["text_id", "customer_id", "sentiment", "score", "praise", "blame"]
CITED = ["text_id", "span", "start", "end", "value", "negated", "rule"]


@dataclass(frozen=True, repr=False)
class Sentiment:
    """How texts sound.

    `texts` has a row per text: text_id, customer_id, sentiment ("positive", "mixed", "negative", or "no_words" where
    the list knows no word of it), score = (praise − blame) / (praise + blame), blank without words, praise and blame
    (how many words of each). `words` has the evidence: text_id, span, start, end (in the scrubbed text), value (1 or
    −1, negation counted in), negated, rule (the line of the word list).
    """

    texts: "pd.DataFrame"
    words: "pd.DataFrame"

    def describe(self, lang: str = "zh") -> str:
        """How many texts sound how, in a sentence."""
        counts = self.texts["sentiment"].value_counts()
        told = {name: int(counts.get(name, 0)) for name in (*CLASSES, NO_WORDS)}
        return word("sentiment.told", lang, texts=len(self.texts), **told)

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


@dataclass(frozen=True, repr=False)
class StarAgreement:
    """Sentiment beside stars: how often they say the same, and where not.

    `table` counts reviews: a row per number of stars, a column per sentiment. `n` are the reviews with stars and with
    words; `without_words` have stars only. `kappa` is Cohen's with quadratic weights (Cohen 1968) between sentiment and
    stars in three classes (1–2, 3, 4–5), `spearman` the rank correlation of score and stars. Both are None where one
    side says the same of all. `apart` are the reviews that sound good with 1 or 2 stars or bad with 4 or 5: text_id,
    stars, sentiment, score, words (those it rests on).
    """

    n: int
    without_words: int
    kappa: float | None
    spearman: float | None
    table: "pd.DataFrame"
    apart: "pd.DataFrame"

    def describe(self, lang: str = "zh") -> str:
        """The agreement in a sentence."""
        key = "sentiment.stars" if self.kappa is not None else "sentiment.stars_few"
        return word(key, lang, n=self.n, without=self.without_words, kappa=self.kappa, apart=len(self.apart))

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def sentiment(texts: "pd.DataFrame", lang: str = "zh", *, lexicon: Lexicon | None = None) -> Sentiment:
    """How each text sounds, by the words of opinion and the complaints of a word list, with negation.

    `texts` has text_id, customer_id and text_zh or text_en; what is not scrubbed yet is scrubbed by shape first. A text
    is positive with a score above 0, negative below, mixed at 0. Raises DataError for a missing column or text ids that
    occur twice, ConsentError for texts kept for other purposes than analysis.

    >>> import pandas as pd
    >>> texts = pd.DataFrame({"text_id": ["t1", "t2"], "customer_id": "a", "text_zh": ["一点都不差。", "太慢了。"]})
    >>> found = sentiment(texts, "zh")
    >>> found.texts["sentiment"].tolist(), found.words["span"].tolist()
    (['positive', 'negative'], ['差', '太慢'])
    """
    import pandas as pd

    texts, column = readable(texts, lang), f"text_{lang}"
    reader = reader_of(lexicon or open_lexicon(), lang)
    rows = []
    for text_id, text in zip(texts["text_id"], texts[column], strict=True):
        for said in reader.opinions(text):
            value = VALUES[said.kind] * (-1 if said.negated else 1)
            rows.append((text_id, text[said.start : said.end], said.start, said.end, value, said.negated, said.rule))
    words = pd.DataFrame(rows, columns=CITED).astype(dict.fromkeys(("start", "end", "value", "rule"), "int64"))
    words = words.astype({"negated": "bool"}).sort_values(["text_id", "start"], ignore_index=True)
    counts = {
        name: words.loc[words["value"] == value, "text_id"].value_counts()
        for name, value in (("praise", 1), ("blame", -1))
    }
    rated = texts[["text_id", "customer_id"]].assign(
        **{name: texts["text_id"].map(count).fillna(0).astype("int64") for name, count in counts.items()}
    )
    both = rated["praise"] + rated["blame"]
    rated["score"] = ((rated["praise"] - rated["blame"]) / both).where(both > 0)
    rated["sentiment"] = _class(rated["score"])
    return Sentiment(rated[SCORED].sort_values("text_id", ignore_index=True), words)


def _class(score: "pd.Series") -> "pd.Series":
    import pandas as pd
    from numpy import select

    found = select([score > 0, score < 0, score == 0], ["positive", "negative", "mixed"], NO_WORDS)
    return pd.Series(found, index=score.index, dtype="str")


def compare_stars(found: Sentiment, texts: "pd.DataFrame") -> StarAgreement:
    """The sentiment of reviews beside their stars, 1 to 5. `texts` has text_id and stars, blank where there are none.

    Raises DataError for a missing column, and where no text has stars.

    >>> import pandas as pd
    >>> texts = pd.DataFrame({"text_id": ["t1", "t2"], "customer_id": "a", "text_en": ["Great.", "Awful."]})
    >>> agreement = compare_stars(sentiment(texts, "en"), texts.assign(stars=[5, 4]))
    >>> agreement.n, agreement.apart["text_id"].tolist()
    (2, ['t2'])
    """
    import pandas as pd
    from sklearn.metrics import cohen_kappa_score

    demand_columns({"text": "text_id", "stars": "stars"}, texts.columns)
    starred = texts.loc[texts["stars"].notna(), ["text_id", "stars"]]
    if starred.empty:
        raise DataError("sentiment_no_stars", rows=len(texts))
    both = found.texts.merge(starred.astype({"stars": "int64"}), on="text_id", validate="one_to_one")
    table = pd.crosstab(both["stars"], both["sentiment"]).reindex(
        index=[*STARS], columns=[*CLASSES, NO_WORDS], fill_value=0
    )
    used = both[both["sentiment"] != NO_WORDS]
    said, known = used["sentiment"].map(CLASSES.index), used["stars"].map(STARS)
    varied = said.nunique() > 1 and known.nunique() > 1
    wrong = ((used["sentiment"] == "positive") & (known == "negative")) | (
        (used["sentiment"] == "negative") & (known == "positive")
    )
    spans = found.words.groupby("text_id")["span"].agg(" / ".join).rename("words")
    apart = used[wrong].merge(spans, on="text_id")[["text_id", "stars", "sentiment", "score", "words"]]
    return StarAgreement(
        n=len(used),
        without_words=len(both) - len(used),
        kappa=float(cohen_kappa_score(said, known.map(CLASSES.index), weights="quadratic")) if varied else None,
        spearman=float(used["score"].corr(used["stars"], method="spearman")) if varied else None,
        table=table.rename_axis(columns=None).reset_index(),
        apart=apart.sort_values("text_id", ignore_index=True).round({"score": 2}),
    )
