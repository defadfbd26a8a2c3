"""Two more things to track: where buyers are lost on the way to an order, and satisfaction before and after a day."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.errors import DataError, ParameterError
from crmlab.survey.satisfaction import Score, csat
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd


def step_losses(found: "pd.DataFrame", *, saved: float = 0.1) -> "pd.DataFrame":
    """Which step of a funnel to simplify first: step, customers, lost, lost_share, extra_orders; most orders first.

    `found` is one funnel as `crmlab.collect.funnel` gives it. lost are those of the step before who did not come to
    this one. extra_orders is arithmetic: how many more would order if `saved` of the lost came on and then went on as
    all others do; whether a simpler step does that is for a campaign with a hold-out to show. Steps with counts that
    are kept blank are left out. Raises ParameterError for a share outside 0 to 1, DataError when there is no step.

    >>> import pandas as pd
    >>> found = {"step": ["view", "cart_add", "order", "order_apart"], "customers": [100, 40, 30, 5]}
    >>> step_losses(pd.DataFrame(found), saved=0.1)
           step  customers  lost  lost_share  extra_orders
    0  cart_add         40    60        0.60           4.5
    1     order         30    10        0.25           1.0
    """
    if not 0 <= saved <= 1:
        raise ParameterError("track_saved_share", value=saved)
    way = found[(found["step"] != "order_apart") & found["customers"].notna()].reset_index(drop=True)
    counts = way["customers"].astype("int64")
    if not counts.sum():
        raise DataError("track_no_way")
    before = counts.shift()
    table = way[["step"]].assign(customers=counts, lost=before - counts, lost_share=(before - counts) / before)
    table = table.assign(extra_orders=saved * table["lost"] * (counts.iloc[-1] / counts))
    table = table[table["lost"].notna()].astype({"lost": "int64"})
    return table.sort_values("extra_orders", ascending=False, kind="stable", ignore_index=True)


@dataclass(frozen=True, repr=False)
class CsatChange:
    """CSAT before and after a day: two `Score`s and their difference (shares) with its 95 % interval."""

    on: dt.date
    before: Score
    after: Score
    estimate: float
    low: float
    high: float

    def describe(self, lang: str = "zh") -> str:
        """Both scores, the difference, and that other things changed on that day as well."""
        points = {name: 100 * getattr(self, name) for name in ("estimate", "low", "high")}
        return "\n".join(
            [
                word("track.csat_before", lang, day=self.on, score=self.before.sentence(lang)),
                word("track.csat_after", lang, day=self.on, score=self.after.sentence(lang)),
                word("track.csat_change", lang, **points),
            ]
        )

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def csat_change(answers: "pd.DataFrame", on: dt.date, *, score: str = "csat", at: str = "submitted_at") -> CsatChange:
    """Satisfaction of those who answered before the day `on`, and from it on: different people, compared.

    `answers` has the answers 1 to 5 in `score` and their times in `at`. The interval of the difference is Newcombe's
    (1998, method 10). Before and after is no experiment: the season, or who answers, may have changed too. Raises
    DataError where nobody answered on one side.

    >>> import pandas as pd
    >>> times = pd.to_datetime(["2026-05-01"] * 40 + ["2026-06-01"] * 40)
    >>> answers = pd.DataFrame({"csat": [5] * 20 + [2] * 20 + [4] * 30 + [1] * 10, "submitted_at": times})
    >>> found = csat_change(answers, dt.date(2026, 5, 20))
    >>> round(found.estimate, 2), round(found.low, 2), round(found.high, 2)
    (0.25, 0.04, 0.43)
    """
    import pandas as pd
    from statsmodels.stats.proportion import confint_proportions_2indep

    if missing := [column for column in (score, at) if column not in answers]:
        raise DataError("track_columns", columns=", ".join(missing), there=", ".join(map(str, answers.columns)))
    later = answers[at] >= pd.Timestamp(on)
    after, before = csat(answers.loc[later, score]), csat(answers.loc[~later, score])
    counts = [number for one in (after, before) for number in (round(one.estimate * one.n), one.n)]
    low, high = confint_proportions_2indep(*counts, compare="diff", method="newcomb")
    return CsatChange(on, before, after, after.estimate - before.estimate, float(low), float(high))
