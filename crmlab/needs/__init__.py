"""What customers need: named in texts with the words as evidence, and shown by what they look at and never buy."""

from crmlab.needs.finding import ShopTexts, asked_needs, declined_needs, find_needs, read_texts
from crmlab.needs.latent import Latent, latent_needs
from crmlab.needs.lexicon import Lexicon, open_lexicon
from crmlab.needs.model import NeedModel, compare_methods
from crmlab.needs.opinions import Sentiment, StarAgreement, compare_stars, sentiment
from crmlab.needs.reviews import open_reviews
from crmlab.needs.score import score_tags
from crmlab.needs.scrubbing import Scrubbed, scrub
from crmlab.needs.sheet import SheetAgreement, coding_sheet, compare_sheets, read_sheet

__all__ = [
    "Latent",
    "Lexicon",
    "NeedModel",
    "Scrubbed",
    "Sentiment",
    "SheetAgreement",
    "ShopTexts",
    "StarAgreement",
    "asked_needs",
    "coding_sheet",
    "compare_methods",
    "compare_sheets",
    "compare_stars",
    "declined_needs",
    "find_needs",
    "latent_needs",
    "open_lexicon",
    "open_reviews",
    "read_sheet",
    "read_texts",
    "score_tags",
    "scrub",
    "sentiment",
]
