"""Needs that customers name in reviews, chats and follow-up notes; each cites the words it rests on."""

import csv
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@cache
def read(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a data file of this package."""
    with files("crmlab.serve").joinpath(name).open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


def find_needs(texts: "pd.DataFrame", lang: str) -> "pd.DataFrame":
    """Every need that a text names, by the word list needs.csv: one row per text and need.

    `texts` has text_id, customer_id and text_zh or text_en; the result has customer_id, text_id, need and `span`,
    the words that were found, and no more of the text, so that nothing personal is carried along.

    >>> import pandas as pd
    >>> words = "Is there a decaf one? Call 12012345678."
    >>> texts = pd.DataFrame({"text_id": ["t1"], "customer_id": ["a"], "text_en": [words]})
    >>> find_needs(texts, "en").to_dict("records")
    [{'customer_id': 'a', 'text_id': 't1', 'need': 'decaf', 'span': 'a decaf'}]
    """
    import pandas as pd

    text = texts[f"text_{lang}"].astype("str")
    found = []
    for row in read("needs.csv"):
        span = text.str.extract(f"(?i)({row[lang]})", expand=False)
        hits = texts.loc[span.notna(), ["customer_id", "text_id"]]
        found.append(hits.assign(need=row["need"], span=span[span.notna()]))
    return pd.concat(found, ignore_index=True).sort_values(["customer_id", "text_id", "need"], ignore_index=True)
