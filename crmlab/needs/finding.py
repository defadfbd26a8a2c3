"""Needs and complaints that customers name in reviews, chats and follow-up notes; each cites the words it rests on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlab.collect.consent import Consented, with_consent
from crmlab.errors import DataError
from crmlab.needs.lexicon import TAGGED, Lexicon, open_lexicon
from crmlab.needs.reading import reader_of
from crmlab.needs.scrubbing import Scrubbed, readable, scrub
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

FOUND = ["customer_id", "text_id", "kind", "tag", "span", "start", "end", "negated", "rule"]


@dataclass(frozen=True, repr=False)
class ShopTexts:
    """The texts of a shop that may be analysed: scrubbed, and how many were refused for want of consent.

    Texts in = `texts` + `refused` (with their reason, without their words). `taken_out` counts the personal data that
    were taken out of the texts.
    """

    texts: "pd.DataFrame"
    refused: "pd.DataFrame"
    taken_out: "pd.DataFrame"

    def describe(self, lang: str = "zh") -> str:
        """Texts in = kept + refused, and what was taken out of those kept."""
        kept, refused = len(self.texts), len(self.refused)
        balance = word("needs.texts", lang, rows=kept + refused, kept=kept, refused=refused)
        return "\n".join([balance, Scrubbed(self.texts, self.taken_out).describe(lang)])

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def read_texts(shop: Any, lang: str = "zh") -> ShopTexts:
    """The texts of customers who agreed to analysis, without personal data.

    `shop` is what `open_data` gives; customers go by its pseudonyms. Where it has no consent ledger, no texts are
    refused, for such data come without customers who could be asked. Raises DataError where the shop has no texts.
    """
    if not shop.has("texts"):
        raise DataError("needs_no_texts", name=shop.name)
    texts = shop.table("texts")
    agreed = Consented(texts, texts.iloc[:0].assign(reason=""))
    if shop.has("consents"):
        agreed = with_consent(texts, shop.table("consents"), purpose="analysis", on=shop.as_of)
    clean = scrub(agreed.kept, shop.read_personal("customers"), lang)
    refused = agreed.refused[["text_id", "customer_id", "reason"]]
    return ShopTexts(clean.texts, refused, clean.taken_out)


def find_needs(texts: "pd.DataFrame", lang: str = "zh", *, lexicon: Lexicon | None = None) -> "pd.DataFrame":
    """Needs and complaints that the texts name, by a word list (`open_lexicon`): what, where, and whether negated.

    Parameters
    ----------
    texts : text_id, customer_id, and text_zh or text_en by `lang`. Texts that are not scrubbed yet (`read_texts`,
        `scrub`) are scrubbed by shape first
    lang : "zh" or "en"
    lexicon : a word list of one's own; without it, that of the house

    Returns
    -------
    One row per text, tag and negation, by customer, text and place: customer_id, text_id, kind (need or complaint),
    tag, span (the words), start and end (their place in the scrubbed text), negated, rule (the line of the word list).
    A negated need is one that the customer declines ("不用开发票"), a negated complaint is praise ("没有破损"). Of
    several places of one tag in a text the first is told.

    Raises
    ------
    DataError for a missing column or text ids that occur twice; ConsentError for texts kept for other purposes than
    analysis.

    Examples
    --------
    >>> import pandas as pd
    >>> words = ["Is there a decaf? No gift box needed.", "Thanks!"]
    >>> texts = pd.DataFrame({"text_id": ["t1", "t2"], "customer_id": ["a", "b"], "text_en": words})
    >>> find_needs(texts, "en")[["text_id", "kind", "tag", "span", "negated"]].values.tolist()
    [['t1', 'need', 'decaf', 'decaf', False], ['t1', 'need', 'gift_wrap', 'gift box', True]]
    """
    import pandas as pd

    texts, column = readable(texts, lang), f"text_{lang}"
    reader = reader_of(lexicon or open_lexicon(), lang)
    rows = []
    for customer, text_id, text in zip(texts["customer_id"], texts["text_id"], texts[column], strict=True):
        for said in reader.read(text):
            if said.kind in TAGGED:
                rows.append((customer, text_id, said.kind, said.tag, text[said.start : said.end], *said[2:]))
    found = pd.DataFrame(rows, columns=FOUND).astype(
        {"start": "int64", "end": "int64", "negated": "bool", "rule": "int64"}
    )
    found = found.sort_values(["customer_id", "text_id", "start", "end", "kind", "tag"], ignore_index=True)
    return found.drop_duplicates(["text_id", "kind", "tag", "negated"], ignore_index=True)


def asked_needs(found: "pd.DataFrame") -> "pd.DataFrame":
    """The needs that are asked for, of what `find_needs` found: customer_id, text_id, need, span. A need that the same
    customer declines in another text stays: both are told, `declined_needs` has the other."""
    return _needs(found, ~found["negated"])


def declined_needs(found: "pd.DataFrame") -> "pd.DataFrame":
    """The needs that are declined in so many words, of what `find_needs` found: customer_id, text_id, need, span."""
    return _needs(found, found["negated"])


def _needs(found: "pd.DataFrame", which: "pd.Series") -> "pd.DataFrame":
    rows = found[(found["kind"] == "need") & which].rename(columns={"tag": "need"})
    return rows[["customer_id", "text_id", "need", "span"]].reset_index(drop=True)
