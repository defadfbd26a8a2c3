"""Search that finds Chinese: pairs of neighbouring characters, in the index and in what is looked for.

Sphinx itself needs a dictionary to split Chinese, and without one finds nothing.
"""

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

RUN = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+")
QUERY_SPLITTER = r"""
var splitQuery = (query) =>
  [...query.matchAll(/[\u3400-\u9fff]+|(?:_|[^\s\p{P}\p{S}\u3400-\u9fff])+/gu)].flatMap(([run]) =>
    /^[\u3400-\u9fff]{2}/u.test(run) ? [...run].slice(1).map((second, place) => run[place] + second) : [run]
  );
"""


def terms(text: str) -> list[str]:
    """The words of a text, and of its Chinese every character and every pair of neighbours.

    >>> terms("R 的门槛")
    ['R', '的', '门', '槛', '的门', '门槛']
    """
    found = []
    for run in RUN.findall(text):
        if "\u3400" <= run[0] <= "\u9fff":
            found += [*run, *map("".join, pairwise(run))]
        else:
            found.append(run)
    return found


def setup(app: "Sphinx") -> dict[str, bool]:
    """Give Sphinx this search for its pages in Chinese."""
    from sphinx.search import SearchLanguage

    class SearchChinese(SearchLanguage):
        lang = "zh"
        language_name = "Chinese"
        js_splitter_code = QUERY_SPLITTER

        def split(self, input: str) -> list[str]:
            return terms(input)

    app.add_search_language(SearchChinese)
    return {"parallel_read_safe": True}
