"""The cluster explorer: choose the number of clusters and the features, and see what comes out."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import combinations
from typing import Any

from crmlab.errors import CrmlabError, ParameterError
from crmlab.grouping import choosing
from crmlab.grouping.clusters import Clusters, by_customer, cluster
from crmlab.money import format_money
from crmlab.progress import counted
from crmlab.rfm.marks import INDICATORS
from crmlab.seeds import check_seed
from crmlab.show.cluster_map import ClusterMap, swatch
from crmlab.show.rows import table_parts
from crmlab.show.table import MONEY, heading
from crmlab.show.text import with_minus
from crmlab.widgets.choices import Choices, Control, Page
from crmlab.words import word

MANY = 2_000
"""Above so many customers the explorer shows so many, drawn with the seed."""
MOST = 4
"""Columns to choose from: more would make more pages than anybody reads."""
START = "4"
"""The number of clusters at first, as in the lesson."""
TRIED = ["groups", "silhouette", "shuffled", "above_shuffled", "prediction_strength", "holds"]


def explore_clusters(
    customers: Any,
    lang: str = "zh",
    *,
    features: Sequence[str] = INDICATORS,
    customer: str | None = None,
    seed: int,
    currency: str = "CNY",
) -> Choices:
    """A slider for the number of clusters (2 to 8) and a choice of features: a map of the customers, what each cluster
    is like, and whether it holds.

    Each choice is what `cluster(customers, k, features=…, seed=seed)` gives, made beforehand, so it needs no kernel.
    Above 2,000 customers it is that of 2,000, drawn with the seed, and it says so. `features` are 2 to 4 columns; two
    or more of them can be chosen together. Otherwise the parameters are those of `cluster`, and so are the errors. A
    choice that cannot be made has a page that says why. It takes about 1.5 s for each set of features, of which three
    columns have four.

    >>> import pandas as pd
    >>> shop = pd.DataFrame({"customer_id": range(60), "visits": [1, 2, 30] * 20, "spend": [500, 900, 9000] * 20})
    >>> explorer = explore_clusters(shop, "en", features=["visits", "spend"], seed=618)
    >>> explorer.chosen = ["2", "visits spend"]
    >>> print(explorer.said.splitlines()[0])
    Cluster 1: 20 customers (33%). In words: high visits, high spend.
    """
    if not 2 <= len(features) <= MOST:
        raise ParameterError("clusters_features", count=len(features), most=MOST)
    check_seed(seed)
    table, customer = by_customer(customers, customer)
    drawn = table.sample(MANY, random_state=seed) if len(table) > MANY else table
    told = word("explorer.sample", lang, of=len(table), drawn=MANY, seed=seed) if len(table) > MANY else ""
    sets = [chosen for size in range(len(features), 1, -1) for chosen in combinations(features, size)]
    pages = {
        (str(k), " ".join(chosen)): page
        for chosen in counted(sets, "cluster_choices", lang)
        for k, page in _pages(cluster(drawn, features=chosen, customer=customer, seed=seed), told, lang, currency)
    }
    names = {" ".join(chosen): word("list.comma", lang).join(heading(one, lang) for one in chosen) for chosen in sets}
    controls = [
        Control(word("clusters.k", lang), {str(k): str(k) for k in choosing.TRIED}, slider=True),
        Control(word("clusters.features", lang), names),
    ]
    return Choices(controls, pages, [START, next(iter(names))])


def _pages(found: Clusters, told: str, lang: str, currency: str) -> Iterator[tuple[int, Page]]:
    """A page for each number of clusters; `told` stands before all else."""
    maps = [ClusterMap(found.table, found.features[0], other, lang, currency) for other in found.features[1:]]
    openings = [one.opening() for one in maps]
    for k in choosing.TRIED:
        try:
            cut = found.cut(k)
        except CrmlabError as error:
            yield k, Page(_lines(told, error.message(lang)), (), "")
            continue
        pairs = zip(openings, maps, strict=True)
        drawn = [part for start, one in pairs for part in (start, one.clusters(cut.table["cluster"]), "</svg>")]
        described = with_minus(cut.describe(lang))
        profile, tried = _profile(cut, lang, currency), _tried(cut, lang)
        marks = [f"{swatch(number)} " for number in cut.profile["cluster"]]
        parts = (
            *('<div class="drawings">', *drawn, "</div>"),
            *table_parts("profile", word("clusters.profile", lang), *profile, marks=marks),
            *(f"<p>{escape(line)}</p>" for line in described.splitlines()),
            *table_parts("tried", word("clusters.tried", lang), *tried, bold=str(cut.k)),
        )
        text = _lines(_text(*profile), described, _text(*tried))
        yield k, Page(_lines(told, _see(cut, lang)), parts, text)


def _see(cut: Clusters, lang: str) -> str:
    """What to see: the cluster that spends most, and whether the cut holds."""
    first = cut.profile.iloc[0]
    money = first.get("monetary_share", float("nan"))
    about = {"customers": int(first["customers"]), "share": first["customer_share"], "money": money}
    about["in_words"] = cut.in_words(lang)["in_words"].iloc[0]
    told = word(f"clusters.{'first' if money != money else 'first_money'}", lang, **about)
    return f"{told}\n{word('clusters.holds' if cut.clear else 'clusters.fails', lang, k=cut.k)}"


def _profile(cut: Clusters, lang: str, currency: str) -> tuple[list[str], list[list[str]]]:
    """What each cluster is like: the head, and a row per cluster, in words."""
    frame = cut.profile.assign(in_words=cut.in_words(lang)["in_words"])
    rows = [[_told(name, value, lang, currency) for name, value in row.items()] for row in frame.to_dict("records")]
    return [heading(name, lang) for name in frame], rows


def _tried(cut: Clusters, lang: str) -> tuple[list[str], list[list[str]]]:
    """What each number of clusters is worth: the head, and a row per number, in words."""
    rows = [
        [f"{row['groups']}", f"{row['silhouette']:.3f}", f"{row['shuffled']:.3f}",
         with_minus(f"{row['above_shuffled']:+z.3f}"), f"{row['prediction_strength']:.2f}",
         word(f"world.yes_no.{'yes' if row['holds'] else 'no'}", lang)]
        for row in cut.tried[TRIED].to_dict("records")
    ]  # fmt: skip
    return [heading(name, lang) for name in TRIED], rows


def _told(column: str, value: Any, lang: str, currency: str) -> str:
    if isinstance(value, str):
        return value
    if value != value:
        return "–"
    if column in MONEY:
        return with_minus(format_money(int(value), currency, lang))
    if column.endswith("share"):
        return f"{value:.1%}"
    return with_minus(f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}")


def _lines(*texts: str) -> str:
    return "\n".join(filter(None, texts))


def _text(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("  ".join(row) for row in (head, *rows))
