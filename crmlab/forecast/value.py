"""Customer lifetime value: how many purchases to expect of a customer, and how much money (BG/NBD and Gamma-Gamma)."""

import datetime as dt
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.errors import DataError, ParameterError
from crmlab.forecast.buying import Buying, fit_buying
from crmlab.forecast.history import collected, first_day, purchases_on, sampled
from crmlab.forecast.spending import fit_spending
from crmlab.forecast.value_result import LifetimeValue
from crmlab.seeds import check_seed

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from crmlab.rfm import RFM

WEEK, YEAR = 7, 365
STEP = 91
"""Purchases are discounted in steps of at most so many days, each at its middle."""
SAMPLE = 100_000
FEWEST, FEWEST_REPEAT = 200, 50


def lifetime_value(result: "RFM", days: int = 365, discount_rate: float = 0.1, seed: int = 618) -> LifetimeValue:
    """What each customer is expected to buy in the next `days` days, and the money of it in today's value.

    BG/NBD (Fader, Hardie and Lee 2005) says how often, Gamma-Gamma (Fader and Hardie 2013) how much each time. Both are
    fitted by maximum likelihood to everybody who ever bought, those who stopped included, as leaving them out would
    make the others look more faithful than they are. A purchase is a day with an order, and the money of the
    first one counts like that of the others. Money is net sales, no profit; `discount_rate` is per year (0.1 is 10 %).

    One row per customer is collected. Above 100,000 customers the models are fitted to a sample by a seeded hash of the
    id; all are scored. For the check, the models are fitted again to the first half of the history (or to all but the
    last `days` days, where that is more), and the rest is predicted.

    Raises ParameterError for days that are no whole number, a rate below 0 or a bad seed, and DataError below
    200 customers or below 50 with a second purchase.
    """
    check_seed(seed)
    as_of = result.settings.as_of
    if not isinstance(days, int) or isinstance(days, bool) or not 0 < days < as_of.toordinal():
        raise ParameterError("forecast_days", name="days", value=repr(days))
    if isinstance(discount_rate, bool) or not isinstance(discount_rate, int | float) or not discount_rate >= 0:
        raise ParameterError("discount_rate", value=repr(discount_rate))
    people = histories(result, as_of)
    _demand_enough(people)
    known = sampled(people, SAMPLE, seed)
    buying = _fit(known)
    scale = 10**result.settings.decimals
    paying = known[known["money"] > 0]
    bought = (paying["repeat"] + 1).to_numpy()
    mean = paying["money"].to_numpy() / bought / scale
    spending = fit_spending(bought, mean)
    checked_from, check = _check(result, days, seed)

    column = result.customer_column
    wanted = people[people["customer"].isin(result.customers[column])].reset_index(drop=True)
    repeat, last, age = _weeks(wanted)
    purchases, discounted = _ahead(buying, (repeat, last, age), days, discount_rate)
    spend = spending.expected(repeat + 1, wanted["money"].clip(lower=0).to_numpy() / (repeat + 1) / scale)
    table = wanted[["customer"]].rename(columns={"customer": column}).assign(
        repeat_purchases=repeat,
        p_alive=buying.p_alive(repeat, last, age),
        expected_purchases=purchases,
        expected_spend=_minor(spend * scale),
        value=_minor(discounted * spend * scale),
    )  # fmt: skip
    return LifetimeValue(
        table=table,
        days=days,
        discount_rate=float(discount_rate),
        buying=buying,
        spending=spending,
        people=len(people),
        not_paying=len(known) - len(paying),
        correlation=_correlation(bought, mean),
        checked_from=checked_from,
        check=check,
        result=result,
    )


def histories(result: "RFM", day: dt.date) -> "pd.DataFrame":
    """One row per customer who had bought by `day`, sorted: customer, repeat (days with an order after the first such
    day), last (days from the first to the last), age (days from the first to `day`), money (net, in minor units). The
    customers are collected, the orders are not."""
    daily = purchases_on(result, day).group_by("customer", "day").agg(nw.col("money").sum())
    grouped = daily.select("customer", "money", first="day", latest="day").group_by("customer").agg(
        nw.col("first").min(), nw.col("latest").max(), nw.col("money").sum(), nw.len().alias("times")
    )  # fmt: skip
    found = collected(grouped.with_columns(nw.col("money", "times").cast(nw.Int64)))
    return found[["customer"]].assign(
        repeat=found["times"] - 1,
        last=found["latest"] - found["first"],
        age=day.toordinal() - found["first"],
        money=found["money"],
    )


def _demand_enough(people: "pd.DataFrame") -> None:
    repeaters = int((people["repeat"] > 0).sum())
    if (people["money"] > 0).sum() < FEWEST or repeaters < FEWEST_REPEAT:
        raise DataError(
            "value_few", customers=len(people), repeat=repeaters, fewest=FEWEST, fewest_repeat=FEWEST_REPEAT
        )


def _weeks(people: "pd.DataFrame") -> tuple["np.ndarray", "np.ndarray", "np.ndarray"]:
    return people["repeat"].to_numpy(), people["last"].to_numpy() / WEEK, people["age"].to_numpy() / WEEK


def _fit(people: "pd.DataFrame") -> Buying:
    """Customers with one history are one row with a weight."""
    counted = people.groupby(["repeat", "last", "age"]).size().rename("weight").reset_index()
    return fit_buying(*_weeks(counted), counted["weight"].to_numpy("float64"))


def _ahead(
    buying: Buying, people: tuple["np.ndarray", "np.ndarray", "np.ndarray"], days: int, rate: float
) -> tuple["np.ndarray", "np.ndarray"]:
    """Expected purchases of each customer, and the same discounted to today."""
    steps = -(-days // STEP)
    length = days / steps
    so_far = discounted = 0.0
    for step in range(1, steps + 1):
        bought = buying.expected(step * length / WEEK, *people)
        discounted = discounted + (bought - so_far) / (1 + rate) ** ((step - 0.5) * length / YEAR)
        so_far = bought
    return so_far, discounted


def _check(result: "RFM", days: int, seed: int) -> tuple[dt.date, "pd.DataFrame"]:
    """The day that the check stands on, and per customer known then: earlier, predicted, own_rate, observed.

    Empty where the first part of the history is too short to fit a model to.
    """
    import pandas as pd

    as_of = result.settings.as_of
    ahead = min(days, (as_of - first_day(result)).days // 2)
    day = as_of - dt.timedelta(days=ahead)
    people = histories(result, day)
    try:
        _demand_enough(people)
    except DataError:
        return day, pd.DataFrame(columns=["earlier", "predicted", "own_rate", "observed"])
    known = sampled(people, SAMPLE, seed)
    repeat, last, age = _weeks(known)
    inside = result.purchases(history=True).filter(nw.col("day") > result.lent.day(day))
    daily = inside.group_by("customer", "day").agg(nw.len().alias("orders"))
    counted = collected(daily.group_by("customer").agg(nw.len().alias("times"))).set_index("customer")["times"]
    observed = known["customer"].map(counted).fillna(0).to_numpy("int64")
    predicted = _fit(known).expected(ahead / WEEK, repeat, last, age)
    own_rate = repeat / known["age"].clip(lower=1).to_numpy() * ahead
    return day, pd.DataFrame({"earlier": repeat, "predicted": predicted, "own_rate": own_rate, "observed": observed})


def _correlation(bought: "np.ndarray", mean: "np.ndarray") -> float:
    """Spearman's. Where all are equal in one of them, nothing goes with anything: 0."""
    from scipy.stats import spearmanr

    if min(bought.max() - bought.min(), mean.max() - mean.min()) == 0:
        return 0.0
    return float(spearmanr(bought, mean).statistic)


def _minor(money: "np.ndarray") -> "np.ndarray":
    """Whole minor units, half up."""
    from numpy import floor

    return floor(money + 0.5).astype("int64")
