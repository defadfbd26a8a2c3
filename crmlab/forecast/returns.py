"""Who buys again: a model that learns from one stretch of time and is tested on the next one."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError, ParameterError
from crmlab.forecast.history import buyers_between, customers_on, first_day, sampled
from crmlab.forecast.measures import calibration, scored
from crmlab.forecast.return_model import BASE_RATE, RECENCY, ReturnModel
from crmlab.seeds import check_seed

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from crmlab.rfm import RFM

FEWEST = 200
"""So many customers must be there to learn from and to test on …"""
FEWEST_SIDE = 20
"""… and so many of them must have bought, and so many not."""
SAMPLE = 100_000
CANDIDATES = ("logistic", "boosting")


@dataclass(frozen=True)
class Period:
    """Customers as of `day`, a sample where they are many, and whether each `bought` (1 or 0) in the days after it."""

    day: dt.date
    customers: "pd.DataFrame"
    bought: "np.ndarray"


def predict_return(result: "RFM", horizon: int = 90, seed: int = 618) -> ReturnModel:
    """The probability that each customer buys within the next `horizon` days; one minus it is the risk of churn.

    What is learned from and what is predicted never share a day. On each of three days the customers are described by
    the orders known then, and the `horizon` days after it say who bought:

    - 3 horizons before the reference date: logistic regression and gradient boosting are fitted;
    - 2 horizons before: the one with the lower log loss is chosen (the logistic regression, where there is not enough
      history to choose), and is fitted again;
    - 1 horizon before: it is tested, beside the base rate and a logistic regression on recency alone.

    Last, it is fitted on the days of the test and scores everybody as of the reference date.

    Only the orders are used: recency, frequency and money as `type_customers` counts them, time since the first order,
    mean gap between orders, recency divided by that gap, and the orders of the last `horizon` days, all as logarithms.
    One row per customer is collected. Above 100,000 customers the models are fitted and tested on a sample by a seeded
    hash of the id; all are scored. Shuffled rows give the same numbers.

    Raises ParameterError for a horizon that is no whole number of days and a bad seed; DataError where the history is
    too short, the customers too few (below 200), or almost all of them did the same (below 20 on a side).
    """
    check_seed(seed)
    as_of = result.settings.as_of
    if not isinstance(horizon, int) or isinstance(horizon, bool) or not 0 < 3 * horizon < as_of.toordinal():
        raise ParameterError("forecast_days", name="horizon", value=repr(horizon))
    train_day, test_day = (as_of - dt.timedelta(days=horizon * back) for back in (2, 1))
    start = first_day(result)
    if start > train_day:
        raise DataError("return_short", first=start, needed=train_day, horizon=horizon, as_of=as_of)
    train = _period(result, train_day, customers_on(result, train_day, lately=horizon), horizon, seed)
    everybody = customers_on(result, test_day, lately=horizon)
    test = _period(result, test_day, everybody, horizon, seed)
    choice, chosen = _choose(result, train, horizon, seed)
    predicted = {
        "model": _fit(chosen, train, seed, features(test.customers)),
        RECENCY: _fit(RECENCY, train, seed, features(test.customers)),
        BASE_RATE: 0 * test.bought + train.bought.mean(),
    }
    scores, gains = scored(test.bought, predicted, chosen="model", seed=seed)
    now = customers_on(result, as_of, lately=horizon)
    p_return = _fit(chosen, test, seed, features(now))
    return ReturnModel(
        table=now[["customer"]]
        .rename(columns={"customer": result.customer_column})
        .assign(p_return=p_return, risk=1 - p_return),
        horizon=horizon,
        chosen=chosen,
        choice=choice,
        scores=scores,
        gains=gains,
        calibration=calibration(test.bought, predicted["model"]),
        tested=_typed(result, everybody, test).assign(p_return=predicted["model"], bought=test.bought),
        train_day=train_day,
        test_day=test_day,
        train_share=float(train.bought.mean()),
        population=len(everybody),
        result=result,
    )


def features(customers: "pd.DataFrame") -> "pd.DataFrame":
    """What the models see of each customer of `customers_on`: logarithms, 0 where one order alone has no gap.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"recency_days": [30], "frequency": [2], "monetary": [900], "orders": [3],
    ...     "tenure_days": [90], "lately": [1]})
    >>> features(people).round(2).loc[0, ["gap", "lateness", "repeat"]].tolist()
    [3.43, 0.69, 1.0]
    """
    import numpy as np

    between = (customers["tenure_days"] - customers["recency_days"]).clip(lower=1)
    gap = (between / (customers["orders"] - 1).clip(lower=1)).where(customers["orders"] > 1)
    counted = customers[["recency_days", "frequency", "monetary", "tenure_days", "lately"]].clip(lower=0)
    counted = counted.assign(gap=gap, lateness=customers["recency_days"] / gap)
    return np.log1p(counted).fillna(0.0).assign(repeat=(customers["orders"] > 1).astype("float64"))


def _period(result: "RFM", day: dt.date, everybody: "pd.DataFrame", horizon: int, seed: int) -> Period:
    """Raises DataError where too little can be learned from the day."""
    customers = sampled(everybody, SAMPLE, seed)
    bought = customers["customer"].isin(buyers_between(result, day, day + dt.timedelta(days=horizon))).to_numpy("int64")
    values = {"day": day, "horizon": horizon, "customers": len(customers), "bought": int(bought.sum())}
    if len(customers) < FEWEST:
        raise DataError("return_few", **values, fewest=FEWEST)
    if min(values["bought"], len(bought) - values["bought"]) < FEWEST_SIDE:
        raise DataError("return_one_side", **values, fewest=FEWEST_SIDE)
    return Period(day, customers, bought)


def _choose(result: "RFM", train: Period, horizon: int, seed: int) -> tuple["pd.DataFrame", str]:
    """The log loss of each candidate on the training period, fitted on the period before it, and the best one."""
    import pandas as pd
    from sklearn.metrics import log_loss

    try:
        day = train.day - dt.timedelta(days=horizon)
        before = _period(result, day, customers_on(result, day, lately=horizon), horizon, seed)
    except DataError:
        return pd.DataFrame(columns=["model", "log_loss"]), CANDIDATES[0]
    seen = features(train.customers)
    losses = {name: log_loss(train.bought, _fit(name, before, seed, seen)) for name in CANDIDATES}
    return pd.DataFrame(losses.items(), columns=["model", "log_loss"]), min(losses, key=losses.get)


def _fit(name: str, period: Period, seed: int, seen: "pd.DataFrame") -> "np.ndarray":
    """Fit the model `name` on the period and give its probabilities for what is `seen` of others.

    On one thread: where several people share a machine, waiting for the other threads takes fifty times as long.
    """
    from threadpoolctl import threadpool_limits

    known = features(period.customers)
    if name == RECENCY:
        known, seen = known[["recency_days"]], seen[["recency_days"]]
    with threadpool_limits(limits=1):
        return _estimator(name, seed).fit(known, period.bought).predict_proba(seen)[:, 1]


def _estimator(name: str, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if name == "boosting":
        return HistGradientBoostingClassifier(
            learning_rate=0.05, max_leaf_nodes=8, early_stopping=False, random_state=seed
        )
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def _typed(result: "RFM", everybody: "pd.DataFrame", period: Period) -> "pd.DataFrame":
    """The customers of the period with the types that they had on its day among everybody, by the rule of the
    result."""
    import narwhals.stable.v2 as nw

    from crmlab.rfm import rule
    from crmlab.rfm.marks import INDICATORS

    lines = nw.from_native(everybody[["customer", *INDICATORS]]).lazy()
    typed = rule.typed(lines, rule.thresholds(lines, result.split)).collect("pandas").to_native()
    marks = "R" + typed["r_mark"] + "F" + typed["f_mark"] + "M" + typed["m_mark"]
    typed = typed.assign(marks=marks)[["customer", *INDICATORS, "marks", "type"]]
    looked_at = typed.loc[period.customers.index].reset_index(drop=True)
    return looked_at.rename(columns={"customer": result.customer_column})
