"""Latent needs: what customers keep looking at and never buy, with the views as evidence."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlab.collect.consent import demand_purpose
from crmlab.columns import demand_columns
from crmlab.errors import DataError, ParameterError
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

VIEW = "view"
PAIR = ["customer_id", "category"]
TABLE = [*PAIR, "views", "baseline", "first_view", "last_view"]


@dataclass(frozen=True, repr=False)
class Latent:
    """Candidate needs and the views they rest on.

    `table` has a row per customer and category: customer_id, category, views, baseline (views of that customer in the
    mean of all other categories), first_view, last_view. `evidence` has a row per view of these: customer_id, category,
    event_id, event_time. `views` were looked at; `unlinked` of them belong to nobody who is known and count for nobody.
    `min_views` is the number that was asked for.
    """

    table: "pd.DataFrame"
    evidence: "pd.DataFrame"
    views: int
    unlinked: int
    min_views: int

    def describe(self, lang: str = "zh") -> str:
        """How many candidates there are, by which rule, and how many views could not be used."""
        return word("latent.told", lang, found=len(self.table), customers=self.table["customer_id"].nunique(),
                    views=self.views, unlinked=self.unlinked, min_views=self.min_views)  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def latent_needs(events: "pd.DataFrame", lines: Any, products: "pd.DataFrame", *, min_views: int = 5) -> Latent:
    """Categories that a customer looked at often, more than at the others, and never ordered.

    Parameters
    ----------
    events : event_id, customer_id (blank where nobody knows who it was), event, event_time, product_id. Only views
        count
    lines : order lines of any state, of all time, as pandas, polars, a DuckDB relation or any other frame: customer_id
        and category. The distinct pairs of them are collected
    products : product_id and category of everything that can be looked at
    min_views : views in one category from which on a wish is assumed, at least 1. Five is more than passing looks
        make up; `score_tags` tells what another number costs

    Notes
    -----
    The baseline is the customer's own: views in all other categories of `products`, divided by their number. A category
    counts with more views than that. So whoever looks at everything a lot wants nothing in particular. An order that
    was cancelled or never paid counts as bought: that wish was seen.

    Raises
    ------
    DataError where there are no views, for a missing column, and where products give fewer than two categories.
    ParameterError for `min_views` below 1. ConsentError for events kept for other purposes than analysis.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame({"event_id": list("123"), "customer_id": "a", "event": "view", "product_id": "p"})
    >>> events["event_time"] = pd.Timestamp("2026-06-01")
    >>> products = pd.DataFrame({"product_id": ["p", "q"], "category": ["tea", "pet"]})
    >>> bought = pd.DataFrame({"customer_id": ["a"], "category": ["pet"]})
    >>> latent_needs(events, bought, products, min_views=3).table[["category", "views", "baseline"]].values.tolist()
    [['tea', 3, 0.0]]
    """
    if min_views < 1:
        raise ParameterError("latent_min_views", value=min_views)
    demand_columns({name: name for name in ("event_id", "customer_id", "event", "product_id")}, events.columns)
    demand_columns({"product": "product_id", "category": "category"}, products.columns)
    views = demand_purpose(events[events["event"] == VIEW], "analysis")
    if views.empty:
        raise DataError("latent_no_views", rows=len(events))
    categories = products["category"].nunique()
    if categories < 2:
        raise DataError("latent_categories", count=categories)
    views = views.merge(products[["product_id", "category"]].drop_duplicates("product_id"), on="product_id", how="left")
    known = views.dropna(subset=PAIR)
    table = known.groupby(PAIR, observed=True, as_index=False).agg(
        views=("event_id", "size"), first_view=("event_time", "min"), last_view=("event_time", "max")
    )
    total = table.groupby("customer_id")["views"].transform("sum")
    table["baseline"] = (total - table["views"]) / (categories - 1)
    table = table[(table["views"] >= min_views) & (table["views"] > table["baseline"])]
    table = table.merge(_pairs(lines), on=PAIR, how="left", indicator="bought")
    table = table[table["bought"] == "left_only"][TABLE].sort_values(PAIR, ignore_index=True)
    evidence = known.merge(table[PAIR], on=PAIR)[[*PAIR, "event_id", "event_time"]]
    return Latent(
        table,
        evidence.sort_values([*PAIR, "event_time", "event_id"], ignore_index=True),
        views=len(views),
        unlinked=int(views["customer_id"].isna().sum()),
        min_views=min_views,
    )


def _pairs(lines: Any) -> "pd.DataFrame":
    """Who ever ordered in which category, each pair once."""
    import narwhals.stable.v2 as nw

    frame = nw.from_native(lines).lazy()
    demand_columns({"customer": "customer_id", "category": "category"}, frame.collect_schema().names())
    return frame.select(PAIR).unique().collect("pandas").to_native().dropna().astype("str")
