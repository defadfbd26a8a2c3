"""Value tiers with open weights, and how much hangs on the weights."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from crmlab.errors import DataError, ParameterError
from crmlab.grouping.thirds import LEVELS, thirds
from crmlab.rfm.marks import INDICATORS
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

WEIGHTS = {"recency_days": 1, "frequency": 1, "monetary": 1}


def value_tiers(
    result: "RFM", weights: Mapping[str, int] = WEIGHTS, facts: "pd.DataFrame | None" = None
) -> "pd.DataFrame":
    """Every customer's value tier: scores 1 to 5 per indicator, times open integer weights, cut by thirds.

    The weights name recency_days (few are good), frequency and monetary, and columns of whole numbers in `facts` of
    which much is good: active_months for loyalty, or an answer of a survey. `facts` is what `crmlab.grouping.facts`
    gives, or any frame with one row per customer.

    Returns `result.customers` with `value_score` (sum of weight times score) and `value_tier` (low, mid, high). Where
    a column of the weights is blank, the score is missing and the tier is "unknown"; scores and thirds are cut among
    the other customers. Raises ParameterError for weights that are not whole numbers, all 0, or name no column;
    DataError for a column of other things than whole numbers.
    """
    import pandas as pd

    extra = () if facts is None else tuple(facts.columns.drop(result.customer_column))
    allowed = dict.fromkeys((*INDICATORS, *extra))
    whole = all(isinstance(weight, int) and weight >= 0 for weight in weights.values())
    if not set(weights) <= set(allowed) or not whole or not any(weights.values()):
        raise ParameterError("weights", value=repr(dict(weights)), names=", ".join(allowed))
    table = values = result.customers
    if more := [name for name in weights if name not in INDICATORS]:
        values = table.merge(facts[[result.customer_column, *more]], on=result.customer_column, how="left")
    total = sum(
        weight * _scores(values[name], small_is_best=name == "recency_days") for name, weight in weights.items()
    )
    known = total.notna()
    if not known.any():
        return table.assign(value_score=total, value_tier="unknown")
    tiers = thirds(pd.DataFrame({"score": total[known].astype("int64")}), "score", "tier")["tier"]
    score = total.astype("int64") if known.all() else total
    return table.assign(value_score=score, value_tier=tiers.reindex(table.index, fill_value="unknown"))


def _scores(values: "pd.Series", *, small_is_best: bool) -> "pd.Series":
    """1 to 5 by fifths, equal values together; missing where the value is."""
    import pandas as pd

    from crmlab.rfm.marks import score_cuts, score_limits

    known = values.dropna()
    numbers = pd.api.types.is_numeric_dtype(values)
    if not pd.api.types.is_integer_dtype(values) and not (numbers and (known % 1 == 0).all()):
        raise DataError("tier_blank", column=values.name, found=values.dtype)
    known = known.astype("int64")
    if known.empty:
        return pd.Series(pd.NA, index=values.index, dtype="Int64")
    limits = score_limits(score_cuts(known.to_numpy()), small_is_best)
    points = sum((known <= limit if small_is_best else known >= limit).astype("int64") for limit in limits)
    return (1 + points).astype("Int64").reindex(values.index)


def tier_sensitivity(
    result: "RFM",
    weightings: Iterable[Mapping[str, int]],
    *,
    declared: Mapping[str, int] = WEIGHTS,
    facts: "pd.DataFrame | None" = None,
    lang: str = "zh",
) -> "pd.DataFrame":
    """How much of the value tiers hangs on the weights: one row per weighting, against the tiers by `declared`.

    Columns: weights (in words), customers_changed (who are in another tier), customers_changed_share, customers_up,
    customers_down, monetary_changed (minor units, of those who change), monetary_changed_share. Customers whose tier
    becomes unknown, or was, count as changed, but neither up nor down. Errors are those of `value_tiers`.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-06-01", "2026-05-01", "2026-04-01"])
    >>> orders = pd.DataFrame({"customer_id": list("abc"), "order_id": list("123"), "order_date": days,
    ...     "amount": [10, 20, 30]})
    >>> found = tier_sensitivity(type_customers(orders, as_of="2026-06-17"), [{"monetary": 1}, {"recency_days": 1}],
    ...     declared={"recency_days": 2, "monetary": 1}, lang="en")
    >>> found.iloc[:, :5].values.tolist()
    [['net spend × 1', 2, 0.6666666666666666, 1, 1], ['days since last purchase × 1', 0, 0.0, 0, 0]]
    """
    import pandas as pd

    from crmlab.show.table import heading

    money = result.customers["monetary"]
    level = {name: place for place, name in enumerate(LEVELS)}
    before = value_tiers(result, declared, facts)["value_tier"]
    rows = []
    for weights in weightings:
        after = value_tiers(result, weights, facts)["value_tier"]
        changed, step = before != after, after.map(level) - before.map(level)
        names = {name: word(f"rfm.{name}", lang) if name in INDICATORS else heading(name, lang) for name in weights}
        told = (word("tier.weight", lang, name=names[name], weight=weight) for name, weight in weights.items())
        rows.append({
            "weights": word("list.comma", lang).join(told),
            "customers_changed": int(changed.sum()),
            "customers_changed_share": float(changed.mean()),
            "customers_up": int((step > 0).sum()),
            "customers_down": int((step < 0).sum()),
            "monetary_changed": int(money[changed].sum()),
            "monetary_changed_share": money[changed].sum() / (money.sum() or float("nan")),
        })  # fmt: skip
    return pd.DataFrame(rows)
