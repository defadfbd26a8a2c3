"""Where the demand goes: months so far, a forecast by a library, and whether it beats simply repeating a month."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.errors import DataError, ParameterError
from crmlab.frames import collected
from crmlab.patterns.lines import PurchaseLines
from crmlab.patterns.months import first_day, last_complete_month, month_of, month_text
from crmlab.words import word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

YEAR = 12
LEAST_MONTHS = 6
"""A forecast needs so many months to learn from."""


@dataclass(frozen=True)
class Trend:
    """Months, forecasts, and how good they were.

    Attributes
    ----------
    months : pandas frame
        One row per series and month: category (only with by="category"), month (YYYY-MM), actual (blank for months to
        come), repeated (what repeating a month says) and forecast (what the Theta method says), both blank before the
        months tried. Money in minor units, or orders.
    errors : pandas frame
        One row per series: category (only with by="category"), learned_months, tried_months, repeated_error and
        forecast_error (mean absolute error over the months tried, in the unit of the values), the same as
        repeated_error_share and forecast_error_share of the mean month tried (may be above 1), mase (forecast_error /
        the mean absolute change from month to month while learning; under 1 is better than that), beats_repeating.
    value : str
        "money" or "orders".
    repeats : str
        "year": the same month of the year before; "month": the last month, where there is less than a year.
    currency : str
        The currency of the money.
    """

    months: "pd.DataFrame"
    errors: "pd.DataFrame"
    value: str
    repeats: str
    currency: str

    @property
    def table(self) -> "pd.DataFrame":
        """The errors without those that have a unit, for people to look at."""
        return self.errors.drop(columns=["repeated_error", "forecast_error"])

    def describe(self, lang: str = "zh") -> str:
        """Which months, what the forecast is measured against, and in how many series it is better."""
        known = self.months.loc[self.months["actual"].notna(), "month"]
        return word(
            "patterns.trend", lang, first=known.min(), last=known.max(), tried=self.errors["tried_months"].max(),
            repeats=word(f"patterns.repeats_{self.repeats}", lang), better=int(self.errors["beats_repeating"].sum()),
            series=len(self.errors),
        )  # fmt: skip


def trend(
    lines: PurchaseLines, by: str | None = None, *, value: str = "money", tried: int = 3, ahead: int = 3
) -> Trend:
    """Money or orders per month, of each category or of all, with a forecast that is tried on the last months first.

    Only whole months count: the month of the reference date unless it is over, and the first month of the lines unless
    they begin on its first day, are left out. The last `tried` months are kept back and forecast from those before;
    then all months forecast the next `ahead`. The forecast is the Theta method of statsmodels (Assimakopoulos and
    Nikolopoulos, 2000), never below 0. What it must beat is to repeat the same month of the year before or, with less
    than a year, the last month. MASE: Hyndman and Koehler, 2006. A few months are a weak trial. Take lines with
    `history=True`. Collects one row per series and month.

    Raises DataError without a category for by="category" or with too few months, and ParameterError for settings that
    cannot be used.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.patterns import purchase_lines
    >>> days = pd.date_range("2025-01-01", "2026-05-31", freq="MS")
    >>> numbers = [str(number) for number in range(len(days))]
    >>> orders = pd.DataFrame({"customer_id": "a", "order_id": numbers, "order_date": days, "amount": range(10, 27)})
    >>> result = type_customers(orders, as_of="2026-06-17")
    >>> trend(purchase_lines(orders, result)).errors[["learned_months", "repeated_error", "beats_repeating"]]
       learned_months  repeated_error  beats_repeating
    0              14          1200.0             True
    """
    _check(by, value, tried=tried, ahead=ahead)
    series = _series(lines, by, value)
    if len(series) < LEAST_MONTHS + tried:
        raise DataError("patterns_few_months", months=len(series), least=LEAST_MONTHS + tried)
    period = YEAR if len(series) - tried >= YEAR else 1
    months, errors = zip(*(_one(series[name], tried, ahead, period) for name in series), strict=True)
    return Trend(
        months=_stacked(months, series.columns, by),
        errors=_stacked(errors, series.columns, by),
        value=value,
        repeats="year" if period == YEAR else "month",
        currency=lines.result.settings.currency,
    )


def _check(by: str | None, value: str, **numbers: int) -> None:
    if by not in (None, "category"):
        raise ParameterError("choice", name="by", value=repr(by), allowed="None, category")
    if value not in ("money", "orders"):
        raise ParameterError("choice", name="value", value=repr(value), allowed="money, orders")
    for name, number in numbers.items():
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= YEAR:
            raise ParameterError("patterns_year", name=name, value=repr(number))


def _series(lines: PurchaseLines, by: str | None, value: str) -> "pd.DataFrame":
    """One column per series and one row per whole month, from the first to the last."""
    kept, keys = lines.lines, ["month"]
    if by:
        lines.demand(by)
        kept, keys = kept.filter(~nw.col(by).is_null()), [by, "month"]
    monthly = kept.with_columns(month=month_of("day"), value=nw.col("money").cast(nw.Float64))
    if value == "orders":
        orders = monthly.filter("bought").group_by("customer", "order", "day", *keys).agg(nw.len().alias("lines"))
        monthly = orders.with_columns(value=nw.lit(1).cast(nw.Float64))
    sums = monthly.group_by(*keys).agg(nw.col("value").sum(), nw.col("day").min())
    found = collected(sums)
    if found.empty:
        raise DataError("patterns_few_months", months=0, least=LEAST_MONTHS + 1)
    if not by:
        found.insert(0, "all", "all")
    start, last = int(found["month"].min()), last_complete_month(lines.result.settings.as_of)
    if found["day"].astype("datetime64[s]").min().date() > first_day(start):
        start += 1
    series = found.pivot(index="month", columns=by or "all", values="value")
    return series.sort_index(axis="columns").reindex(range(start, last + 1)).fillna(0.0)


def _one(values: "pd.Series", tried: int, ahead: int, period: int) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """The months of a series, and its errors."""
    import numpy as np
    import pandas as pd

    actual = values.to_numpy()
    learned, kept_back = actual[:-tried], actual[-tried:]
    repeated, forecast = _repeat(learned, tried, period), _theta(learned, tried)
    unknown = np.full(len(learned), np.nan)
    months = pd.DataFrame(
        {
            "month": [month_text(number) for number in range(values.index[0], values.index[-1] + ahead + 1)],
            "actual": np.concatenate([actual, np.full(ahead, np.nan)]),
            "repeated": np.concatenate([unknown, repeated, _repeat(actual, ahead, period)]),
            "forecast": np.concatenate([unknown, forecast, _theta(actual, ahead)]),
        }
    )
    mean = kept_back.mean() or np.nan
    error, repeated_error = (float(np.abs(guess - kept_back).mean()) for guess in (forecast, repeated))
    change = float(np.abs(np.diff(learned)).mean())
    errors = {
        "learned_months": len(learned),
        "tried_months": tried,
        "repeated_error": repeated_error,
        "forecast_error": error,
        "repeated_error_share": repeated_error / mean,
        "forecast_error_share": error / mean,
        "mase": error / change if change else np.nan,
        "beats_repeating": error < repeated_error,
    }
    return months, pd.DataFrame([errors])


def _repeat(known: "np.ndarray", ahead: int, period: int) -> "np.ndarray":
    """The last period again and again."""
    import numpy as np

    return np.resize(known[-period:], ahead)


def _theta(known: "np.ndarray", ahead: int) -> "np.ndarray":
    """The forecast of the Theta method; a series that never changes goes on as it is."""
    import numpy as np
    from statsmodels.tsa.forecasting.theta import ThetaModel

    if np.ptp(known) == 0:
        return np.resize(known, ahead)
    return np.clip(np.asarray(ThetaModel(known, period=YEAR, deseasonalize=False).fit().forecast(ahead)), 0, None)


def _stacked(frames: "tuple[pd.DataFrame, ...]", names: "pd.Index", by: str | None) -> "pd.DataFrame":
    import pandas as pd

    if not by:
        return frames[0]
    stacked = pd.concat(frames, keys=names.astype("str"), names=[by])
    return stacked.reset_index(level=0).reset_index(drop=True)
