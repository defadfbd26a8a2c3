"""The second method: a text classifier that learns which words go with which need, and how it does beside the list."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from crmlab.columns import demand_columns
from crmlab.errors import DataError
from crmlab.needs.finding import asked_needs, find_needs
from crmlab.needs.lexicon import Lexicon
from crmlab.needs.patterns import Words
from crmlab.needs.score import ALL, score_tags
from crmlab.needs.scrubbing import scrubbed
from crmlab.progress import counted

if TYPE_CHECKING:
    import pandas as pd

SEED = 618
FOLDS = 3
FROM = 0.5
"""The probability from which on a need is told, where nothing better is known."""
STEPS = tuple(step / 100 for step in range(4, 52, 2))
"""Probabilities that are tried in its place."""
SHOWN = 3
SMALLEST = 5
"""Texts that a need must have before anything can be learned about it."""
TERMS = "_terms"
PREDICTED = ["customer_id", "text_id", "need", "probability", "words"]


@dataclass(frozen=True)
class NeedModel:
    """TF-IDF of words and pairs of words, and a logistic regression for each need against all other texts.

    >>> import pandas as pd
    >>> said = ["please send an invoice", "an invoice for my company", "good tea", "nice and quick"] * 3
    >>> texts = pd.DataFrame({"text_id": [f"t{n}" for n in range(12)], "customer_id": "a", "text_en": said})
    >>> needs = texts[texts["text_en"].str.contains("invoice")].assign(need="invoice")
    >>> model = NeedModel.fit(texts, needs, "en")
    >>> found = model.predict(pd.DataFrame({"text_id": ["new"], "customer_id": "b", "text_en": ["I need an invoice"]}))
    >>> found["need"].tolist(), "invoice" in found["words"].item()
    (['invoice'], True)
    """

    lang: str
    needs: tuple[str, ...]
    vectorizer: Any
    classifier: Any
    threshold: float = FROM

    @classmethod
    def fit(
        cls, texts: "pd.DataFrame", needs: "pd.DataFrame", lang: str = "zh", *, sentence: str = "", seed: int = SEED
    ) -> "NeedModel":
        """Learn from texts (text_id, customer_id, text_zh or text_en) and their needs (text_id, need), told by people.

        Needs in fewer than five texts are left out. The rarer class weighs as much as the other. A need is told from a
        probability of 0.5. Where `sentence` names the column of `needs` with the sentence that says it, the probability
        with the best F1 takes its place: F1 on sentences left out in turn, for to new sentences a model gives lower
        probabilities than to those it learned from. Raises DataError where no need is left.
        """
        texts = _with_terms(texts, lang)
        model = cls._learned(texts, needs, lang)
        if not sentence:
            return model
        return replace(model, threshold=_best_threshold(texts, needs, lang, sentence, seed))

    @classmethod
    def _learned(cls, texts: "pd.DataFrame", needs: "pd.DataFrame", lang: str) -> "NeedModel":
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier

        told = needs[["text_id", "need"]].drop_duplicates()
        told = told[told["text_id"].isin(texts["text_id"])]
        counts = told["need"].value_counts()
        learned = tuple(sorted(counts.index[counts >= SMALLEST]))
        if not learned:
            raise DataError("model_few", count=len(told), smallest=SMALLEST)
        vectorizer = TfidfVectorizer(analyzer=list, sublinear_tf=True)
        terms = vectorizer.fit_transform(texts[TERMS])
        classifier = OneVsRestClassifier(LogisticRegression(C=10, class_weight="balanced", solver="liblinear"))
        classifier.fit(terms, _labels(texts, told, learned))
        return cls(lang, learned, vectorizer, classifier)

    def predict(self, texts: "pd.DataFrame") -> "pd.DataFrame":
        """The needs that the model sees in texts.

        Columns: customer_id, text_id, need, probability (from the threshold), words (the three that speak for it most).
        Declined needs look like needs to it: of negation it knows what it learned and no more.
        """
        import pandas as pd

        texts = _with_terms(texts, self.lang)
        terms = self.vectorizer.transform(texts[TERMS])
        chances = self.classifier.predict_proba(terms)[:, -len(self.needs) :]
        customers, ids = texts["customer_id"].to_numpy(), texts["text_id"].to_numpy()
        names = self.vectorizer.get_feature_names_out()
        rows = []
        for place, column in zip(*(chances >= self.threshold).nonzero(), strict=True):
            said = self._words(terms[place], names, column)
            rows.append((customers[place], ids[place], self.needs[column], chances[place, column], said))
        found = pd.DataFrame(rows, columns=PREDICTED).astype({"probability": "float64"})
        return found.sort_values(["customer_id", "text_id", "need"], ignore_index=True)

    def _words(self, row: Any, names: Any, column: int) -> str:
        """The terms of a text that speak most for a need."""
        weights = self.classifier.estimators_[column].coef_[0]
        shares = sorted(
            ((value * weights[term], names[term]) for term, value in zip(row.indices, row.data, strict=True)),
            key=lambda pair: (-pair[0], pair[1]),
        )
        return " / ".join(name for share, name in shares[:SHOWN] if share > 0)


def _best_threshold(texts: "pd.DataFrame", needs: "pd.DataFrame", lang: str, sentence: str, seed: int) -> float:
    """The probability with the best F1 on sentences that were left out; of several the highest."""
    import pandas as pd

    found = []
    for train, test in _folds(texts, needs, sentence, seed):
        model = replace(NeedModel._learned(texts.iloc[train], needs, lang), threshold=STEPS[0])
        found.append(model.predict(texts.iloc[test]))
    rows = pd.concat(found).merge(needs[["text_id", "need"]].drop_duplicates().assign(right=1), how="left")
    counts = {step: rows[rows["probability"] >= step] for step in STEPS}
    scores = {step: 2 * found["right"].sum() / (len(found) + len(needs)) for step, found in counts.items()}
    return max(scores, key=lambda step: (scores[step], step))


def _folds(texts: "pd.DataFrame", needs: "pd.DataFrame", sentence: str, seed: int) -> Iterator[tuple[Any, Any]]:
    """Rows to learn from and rows to try on, three times: no sentence and no customer is on both sides.

    The sentences of a need are dealt out in turn; texts without a need go by their customer.
    """
    import numpy as np

    draw = np.random.default_rng(seed)
    said = needs[["text_id", "need", sentence]].drop_duplicates("text_id")
    kinds = said[["need", sentence]].drop_duplicates().sort_values(["need", sentence])
    kinds = kinds.sample(frac=1, random_state=seed)
    fold_of = dict(zip(kinds[sentence], kinds.groupby("need").cumcount() % FOLDS, strict=True))
    customers = sorted(texts["customer_id"].unique())
    by_customer = dict(zip(customers, draw.integers(0, FOLDS, len(customers)), strict=True))
    own = texts["text_id"].map(dict(zip(said["text_id"], said[sentence].map(fold_of), strict=True)))
    fold = own.fillna(texts["customer_id"].map(by_customer)).to_numpy()
    customer = texts["customer_id"].to_numpy()
    for number in range(FOLDS):
        test = np.flatnonzero(fold == number)
        yield np.flatnonzero((fold != number) & ~np.isin(customer, customer[test])), test


def _with_terms(texts: "pd.DataFrame", lang: str) -> "pd.DataFrame":
    """Scrubbed texts with a column of their terms, made once."""
    if TERMS in texts:
        return texts
    texts = scrubbed(texts, lang)
    return texts.assign(**{TERMS: [_terms(text, lang) for text in texts[f"text_{lang}"]]})


def _terms(text: str, lang: str) -> list[str]:
    """The words of a text and its pairs of neighbours."""
    words = Words(text, lang)
    single = [words.text[start : words.longest[start]] for start in words.whole]
    joint = "" if lang == "zh" else " "
    return [*single, *(joint.join(pair) for pair in pairwise(single))]


def _labels(texts: "pd.DataFrame", told: "pd.DataFrame", needs: tuple[str, ...]) -> Any:
    """A row per text, a column per need: 1 where it was told."""
    import numpy as np

    labels = np.zeros((len(texts), len(needs)), dtype="int8")
    place = {text_id: number for number, text_id in enumerate(texts["text_id"])}
    known = told[told["need"].isin(needs)]
    labels[known["text_id"].map(place).to_numpy(), known["need"].map(needs.index).to_numpy()] = 1
    return labels


def compare_methods(
    texts: "pd.DataFrame", truth: "pd.DataFrame", lang: str = "zh", *, lexicon: Lexicon | None = None, seed: int = SEED
) -> "pd.DataFrame":
    """Word list and classifier on the same texts, which the classifier has not learned from.

    Parameters
    ----------
    texts : text_id, customer_id, and text_zh or text_en
    truth : text_id, need, and span_zh or span_en, the sentence that says it
    seed : draws the three folds

    Returns
    -------
    A row per method with the columns of `score_tags` for all needs: "lexicon"; "model_sentences", the classifier on
    sentences that it never saw, of customers that it never saw; "model_texts", the classifier when texts are parted at
    random. In made texts the same sentences come again and again, so "model_texts" has learned them by heart and says
    nothing about new ones: it stands here to show how much such a split flatters.
    """
    import pandas as pd
    from sklearn.model_selection import KFold

    sentence = f"span_{lang}"
    demand_columns({"text": "text_id", "need": "need", "sentence": sentence}, truth.columns)
    texts = _with_terms(texts, lang).sort_values("text_id", ignore_index=True)
    splits = {
        "model_sentences": _folds(texts, truth, sentence, seed),
        "model_texts": KFold(FOLDS, shuffle=True, random_state=seed).split(texts),
    }
    found = {"lexicon": asked_needs(find_needs(texts, lang, lexicon=lexicon))}
    for method, folds in splits.items():
        parts = []
        for train, test in counted(list(folds), "needs"):
            known = truth[truth["text_id"].isin(texts["text_id"].iloc[train])]
            by = sentence if method == "model_sentences" else ""
            model = NeedModel.fit(texts.iloc[train], known, lang, sentence=by, seed=seed)
            parts.append(model.predict(texts.iloc[test]))
        found[method] = pd.concat(parts)
    rows = [score_tags(needs, truth, tag="need").assign(method=method) for method, needs in found.items()]
    scores = pd.concat(rows)
    scores = scores[scores["need"] == ALL].drop(columns="need")
    return scores[["method", *scores.columns.drop("method")]].reset_index(drop=True)
