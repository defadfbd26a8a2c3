"""What customers say about their buying beside what the orders say: agreement, not correlation.

Recall has a bias (the last purchase seems nearer, amounts larger) and is rounded. A correlation sees neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.money import minor_units_in
from crmlab.rfm.marks import COMBINATIONS
from crmlab.survey.measures import bland_altman, icc_a1
from crmlab.survey.three import QUARTER_DAYS, QUESTIONS
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

ORDER_BANDS = (0, 0.5, 1.5, 2.5, 4.5)
"""Where the bands of orders per quarter begin: none, 1, 2, 3 to 4, 5 and more, as whole numbers would be rounded."""
NO_PAIR = ("skipped", "not_logged", "bought_since")
ZERO = ("both_zero", "stated_zero", "logged_zero")
ALL = "all"


@dataclass(frozen=True, repr=False)
class Agreement:
    """How well stated and logged R, F and M agree.

    `table` has one row per group ("all" first) and indicator: group, indicator, n (pairs above zero on both sides),
    skipped, not_logged, bought_since, both_zero, stated_zero, logged_zero (no ratio; with n they are all answers),
    ratio (geometric mean of stated / logged; 1 is no bias) with its interval ratio_low, ratio_high, the limits
    limit_low, limit_high between which 95 % of single ratios lie, icc with icc_low, icc_high (ICC(A,1) of the
    logarithms), kappa (weighted quadratically, on bands, zeros included) on n_kappa pairs.

    `pairs` has one row per answer and indicator: the key, group, indicator, stated, logged, state ("used" or why not).
    `confusion` counts answers by marks stated (rows) and logged (columns), all eight combinations; `types` has one row
    per group: group, n, agreed_share, kappa, and most_common_share, the share of the commonest logged combination,
    which is what saying the same of everybody would reach. Both are None where the frames carry no marks.
    """

    n: int
    table: "pd.DataFrame" = field(compare=False)
    pairs: "pd.DataFrame" = field(compare=False)
    confusion: "pd.DataFrame | None" = field(compare=False)
    types: "pd.DataFrame | None" = field(compare=False)

    def sentence(self, lang: str) -> str:
        """Bias and agreement of each indicator over all answers, a line each, then of the types where there are any."""
        overall = self.table[self.table["group"] == ALL]
        told = [word("agreement.all", lang, n=self.n)]
        for row in overall.to_dict("records"):
            zeros = sum(row[name] for name in ZERO)
            indicator = word(f"column.{row['indicator']}", lang)
            key = "few" if row["n"] < 2 else "indicator"
            told.append(word(f"agreement.{key}", lang, **{**row, "indicator": indicator, "zeros": zeros}))
        if self.types is not None and self.types["n"].iloc[0]:
            told.append(word("agreement.types", lang, **self.types.iloc[0].to_dict()))
        return "\n".join(told)

    def __repr__(self) -> str:
        return "\n".join(self.sentence(lang) for lang in LANGUAGES)


def logged(result: "RFM", customers: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    """R, F and M of the orders in the units of the questions.

    `customers` (customer_id, registered_on) gives each customer the quarters since registration, at least one, where
    the window begins earlier; a new customer's rate is too low without it, as it is where the date is not known.
    Columns: customer_id, recency_days, orders_per_quarter, spend_per_quarter (minor units a quarter), marks (as the
    result has them, on totals).
    Raises DataError for a result without a window.
    """
    import pandas as pd

    window = result.settings.window
    if window is None:
        raise DataError("agreement_no_window")
    found = result.typed.collect("pyarrow").to_pandas().rename(columns={"customer": "customer_id"})
    days = pd.Series(float(window), index=found.index)
    if customers is not None and "registered_on" in customers:
        _demand(customers, ["customer_id"], "customer_id")
        since = found["customer_id"].map(customers.set_index("customer_id")["registered_on"])
        days = ((pd.Timestamp(result.settings.as_of) - since).dt.days + 1).fillna(window)
        days = days.clip(lower=float(QUARTER_DAYS), upper=window)
    return found[["customer_id", "recency_days"]].assign(
        orders_per_quarter=found["frequency"] * float(QUARTER_DAYS) / days,
        spend_per_quarter=found["monetary"] * float(QUARTER_DAYS) / days,
        marks="R" + found["r_mark"] + "F" + found["f_mark"] + "M" + found["m_mark"],
    )


def compare(
    stated: "pd.DataFrame",
    logged: "pd.DataFrame",
    *,
    key: str = "customer_id",
    group: str | None = None,
    currency: str = "CNY",
) -> Agreement:
    """Compare stated with logged R, F and M.

    Parameters
    ----------
    stated : one row per answer: `key`, recency_days, orders_per_quarter, spend_per_quarter (minor units), NaN where
        skipped, as `code_answers` gives them; for the types also marks such as "R↓F↑M↑", missing where they are open.
        With days_since (days from the answer to the reference date), a recency whose last order is later than the
        answer is not compared, but counted as bought_since
    logged : one row per customer (or answer) with the same columns and units, as `logged(result)` gives them
    group : a column of `logged` that splits the customers

    Raises
    ------
    DataError for columns that are not there, and for a key that stands in a frame more than once.

    Notes
    -----
    Bland and Altman 1986 and 1999 on the logarithm, so bias and limits are ratios; a zero has no logarithm, and pairs
    with one are counted instead. ICC(A,1) by McGraw and Wong 1996. Weighted kappa by Cohen 1968, on the bands of the
    questionnaire.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "recency_days": [10, 20, 40, 100],
    ...     "orders_per_quarter": [1.0, 2.0, 4.0, 0.5], "spend_per_quarter": [20000, 40000, 80000, 10000]})
    >>> said = orders.assign(recency_days=[8, 18, 30, None], spend_per_quarter=[30000, 60000, 120000, 15000])
    >>> found = compare(said, orders)
    >>> found.table.loc[:, ["indicator", "n", "skipped", "ratio"]].round(2)
                indicator  n  skipped  ratio
    0        recency_days  3        1   0.81
    1  orders_per_quarter  4        0   1.00
    2   spend_per_quarter  4        0   1.50
    """
    import pandas as pd

    indicators = [question.indicator for question in QUESTIONS]
    for frame, wanted in ((stated, [key, *indicators]), (logged, [key, *indicators, *([group] if group else [])])):
        _demand(frame, wanted, key)
    both = stated.merge(logged, on=key, how="left", suffixes=("", "_logged"), indicator="found", validate="one_to_one")
    both["group"] = both[group if group in logged and group not in stated else f"{group}_logged"] if group else ALL
    pairs = pd.concat([_pairs(both, key, name) for name in indicators], ignore_index=True)
    groups = [ALL, *sorted(both["group"].dropna().unique())] if group else [ALL]
    bands = _bands(currency)
    rows = [
        {"group": one, "indicator": name, **_row(pairs[_in(pairs, one) & (pairs["indicator"] == name)], bands[name])}
        for one in groups
        for name in indicators
    ]
    confusion = types = None
    if "marks" in stated and "marks" in logged:
        typed = both[both["marks"].isin(COMBINATIONS) & both["marks_logged"].isin(COMBINATIONS)]
        confusion = _confusion(typed)
        types = pd.DataFrame([{"group": one, **_types(typed[_in(typed, one)])} for one in groups])
    return Agreement(len(stated), pd.DataFrame(rows), pairs, confusion, types)


def _demand(frame: "pd.DataFrame", wanted: Sequence[str], key: str) -> None:
    lacking = [name for name in wanted if name not in frame.columns]
    if lacking:
        raise DataError("survey_no_items", items=", ".join(lacking), there=", ".join(map(str, frame.columns)))
    again = frame[key].duplicated()
    if again.any():
        raise DataError("agreement_twice", column=key, count=int(again.sum()))


def _pairs(both: "pd.DataFrame", key: str, name: str) -> "pd.DataFrame":
    import numpy as np

    said = both[name].astype("float64")
    known = both[f"{name}_logged"].astype("float64")
    since = both.get("days_since", 0) if name == "recency_days" else 0
    reasons = [said.isna(), known.isna(), known < since, (said <= 0) & (known <= 0), said <= 0, known <= 0]
    state = np.select(reasons, [*NO_PAIR, *ZERO], "used")
    return both[[key, "group"]].assign(indicator=name, stated=said, logged=known, state=state)


def _in(frame: "pd.DataFrame", group: str) -> "pd.Series":
    return (frame["group"] == group) | (group == ALL)


def _row(pairs: "pd.DataFrame", bands: Sequence[float]) -> dict[str, float]:
    from numpy import exp, log

    used = pairs[pairs["state"] == "used"]
    counts = {reason: int((pairs["state"] == reason).sum()) for reason in (*NO_PAIR, *ZERO)}
    limits = bland_altman(log(used["stated"]), log(used["logged"]))
    icc = icc_a1(log(used[["stated", "logged"]]))
    banded = pairs[~pairs["state"].isin(NO_PAIR)]
    return {
        "n": len(used), **counts,
        "ratio": exp(limits.bias), "ratio_low": exp(limits.bias_low), "ratio_high": exp(limits.bias_high),
        "limit_low": exp(limits.low), "limit_high": exp(limits.high),
        "icc": icc.estimate, "icc_low": icc.low, "icc_high": icc.high,
        "kappa": _kappa(_band(banded["stated"], bands), _band(banded["logged"], bands), "quadratic"),
        "n_kappa": len(banded),
    }  # fmt: skip


def _bands(currency: str) -> Mapping[str, Sequence[float]]:
    """Where the bands of each question begin; money in minor units."""
    scale = {"spend_per_quarter": minor_units_in(currency)}
    return {
        question.indicator: [band.low * scale.get(question.indicator, 1) for band in question.bands] or ORDER_BANDS
        for question in QUESTIONS
    }


def _band(values: "pd.Series", lows: Sequence[float]) -> "pd.Series":
    from numpy import searchsorted

    return (searchsorted(lows, values, side="right") - 1).clip(min=0)


def _kappa(stated: Sequence, logged: Sequence, weights: str | None = None) -> float:
    """Cohen's kappa; NaN where both sides say one and the same of everybody, which leaves nothing to agree on."""
    from sklearn.metrics import cohen_kappa_score

    if len({*stated, *logged}) < 2:
        return float("nan")
    return float(cohen_kappa_score(list(stated), list(logged), weights=weights))


def _confusion(typed: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    counted = pd.crosstab(typed["marks"], typed["marks_logged"])
    counted = counted.reindex(index=list(COMBINATIONS), columns=list(COMBINATIONS), fill_value=0)
    return counted.rename_axis(index="stated", columns="logged").astype(int)


def _types(typed: "pd.DataFrame") -> dict[str, float]:
    said, known = typed["marks"], typed["marks_logged"]
    most = known.value_counts(normalize=True).max() if len(typed) else float("nan")
    agreed = (said == known).mean() if len(typed) else float("nan")
    return {"n": len(typed), "agreed_share": agreed, "kappa": _kappa(said, known), "most_common_share": most}
