"""What is bought together: pairs in one order, with support, confidence and lift."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.errors import ParameterError
from crmlab.frames import rows
from crmlab.patterns.lines import PurchaseLines, collected
from crmlab.rfm.rule import day_number
from crmlab.seeds import check_seed
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = 100_000
LEAST_TOGETHER = 5
"""A pair in fewer orders is left out."""
PAIR_COLUMNS = {"first": "str", "second": "str", "orders": "int64"} | dict.fromkeys(
    ("expected", "support", "confidence", "confidence_back", "lift"), "float64"
)
METRICS = ("antecedent support", "consequent support", "support", "confidence", "lift")
PRIME = 1_000_003
STEPS = (7_919, 104_729)


@dataclass(frozen=True)
class Together:
    """Pairs that stand in one order.

    Attributes
    ----------
    pairs : pandas frame
        One row per pair: first, second (by name), orders (of those looked at, with both), expected (as many would be
        if the two had nothing to do with each other), support (orders / all orders looked at), confidence (share of the
        orders with first that have second too), confidence_back (the other way round), lift (orders / expected; 1 is
        chance). The pairs with most orders beyond the expected come first: by lift alone rare pairs that met by chance
        would.
    by : str
        "product" or "category".
    orders : int
        Orders that count.
    looked_at : int
        Orders that the numbers rest on: those with a named thing, of all orders or of a sample.
    sampled : bool
        Whether it is a sample.
    seed : int
        What the sample was drawn with.
    least : int
        Pairs in fewer orders are not listed.
    """

    pairs: "pd.DataFrame"
    by: str
    orders: int
    looked_at: int
    sampled: bool
    seed: int
    least: int

    def describe(self, lang: str = "zh") -> str:
        """How many orders the pairs rest on, and whether they are a sample."""
        key = "patterns.together_sample" if self.sampled else "patterns.together_all"
        return word(key, lang, orders=self.orders, looked_at=self.looked_at, seed=self.seed, least=self.least)


def bought_together(
    lines: PurchaseLines, by: str = "product", *, least: int = LEAST_TOGETHER, sample: int = SAMPLE, seed: int = 618
) -> Together:
    """Pairs of products or categories in one order, by mlxtend: FP-growth on a sparse table, then association rules.

    All orders are looked at when there are at most `sample` of them. Of more, an open sample of about that many is
    drawn: an order is in it by a number computed from its day, its money and the seed, so shuffled rows and every
    engine give the same sample. Those lines are collected. Pairs in fewer than `least` orders are left out. Lines that
    only give money back are no purchase. Raises DataError without the column, and ParameterError for another `by`,
    numbers below 1 or a bad seed.

    Lift: Brin, Motwani, Ullman and Tsur, Dynamic itemset counting and implication rules for market basket data, 1997.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.patterns import purchase_lines
    >>> orders = pd.DataFrame({
    ...     "customer_id": "a", "order_id": list("112234"), "order_date": pd.to_datetime(["2026-06-01"] * 6),
    ...     "amount": 9, "goods": ["coffee", "filters", "coffee", "filters", "tea", "tea"],
    ... })
    >>> lines = purchase_lines(orders, type_customers(orders, as_of="2026-06-17"), category="goods")
    >>> bought_together(lines, "category", least=2).pairs[["first", "second", "orders", "expected", "lift"]]
        first   second  orders  expected  lift
    0  coffee  filters       2       1.0   2.0
    """
    check_seed(seed)
    if by not in ("product", "category"):
        raise ParameterError("choice", name="by", value=repr(by), allowed="product, category")
    for name, value in {"least": least, "sample": sample}.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ParameterError("patterns_count", name=name, value=repr(value))
    lines.demand(by)
    (counted,) = rows(lines.result.purchases(history=lines.history).select(orders=nw.len()))
    orders = int(counted["orders"])
    named = lines.lines.filter("bought", ~nw.col(by).is_null())
    if orders > sample:
        named = named.filter(_draw(seed) < sample * PRIME // orders)
    baskets = named.group_by("customer", "order", by).agg(nw.len().alias("lines")).select("customer", "order", by)
    pairs, looked_at = _pairs(collected(baskets), by, least)
    return Together(pairs, by, orders, looked_at, orders > sample, seed, least)


def _draw(seed: int) -> nw.Expr:
    """A number from 0 to PRIME - 1 for each order, from its day and money. A square spreads neighbours."""
    of_day, of_money = STEPS
    place = day_number("day") * of_day + nw.col("order_money").abs() % PRIME * of_money + seed % PRIME
    return (place % PRIME) * (place % PRIME) % PRIME


def _pairs(baskets: "pd.DataFrame", by: str, least: int) -> tuple["pd.DataFrame", int]:
    """The pairs in orders, and how many orders there are."""
    import numpy as np
    import pandas as pd
    from mlxtend.frequent_patterns import association_rules, fpgrowth
    from scipy.sparse import csr_matrix

    order = baskets.groupby(["customer", "order"]).ngroup().to_numpy()
    code, things = pd.factorize(baskets[by], sort=True)
    number = int(order.max()) + 1 if len(order) else 0
    none = pd.DataFrame(columns=[*PAIR_COLUMNS]).astype(PAIR_COLUMNS)
    if number < least:
        return none, number
    table = csr_matrix((np.ones(len(order), dtype=bool), (order, code)), shape=(number, len(things)))
    frequent = fpgrowth(pd.DataFrame.sparse.from_spmatrix(table), min_support=least / number, max_len=2)
    if not (frequent["itemsets"].map(len) > 1).any():
        return none, number
    rules = association_rules(frequent, metric="lift", min_threshold=0, return_metrics=[*METRICS])
    pairs = pd.DataFrame(
        {
            "first": rules["antecedents"].map(min).astype("int64"),
            "second": rules["consequents"].map(min).astype("int64"),
            "orders": (rules["support"] * number).round().astype("int64"),
            "expected": rules["antecedent support"] * rules["consequent support"] * number,
            "support": rules["support"],
            "confidence": rules["confidence"],
            "confidence_back": rules["support"] / rules["consequent support"],
            "lift": rules["lift"],
        }
    )
    pairs = pairs[pairs["first"] < pairs["second"]].sort_values(["first", "second"])
    beyond = (pairs["expected"] - pairs["orders"]).round(9).sort_values(kind="stable")
    pairs = pairs.loc[beyond.index].reset_index(drop=True)
    return pairs.assign(first=things[pairs["first"]], second=things[pairs["second"]]), number
