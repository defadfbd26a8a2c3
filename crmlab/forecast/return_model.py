"""What came out of predicting who buys again: probabilities, how good they are, and the types beside them."""

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmlab.forecast.measures import with_wilson
from crmlab.rfm.marks import INDICATORS, TYPES, combination
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

BASE_RATE, RECENCY = "base_rate", "recency"
LIKELY, UNLIKELY = 0.5, 0.2
GONE, HERE = "gone_but_likely", "here_but_unlikely"


@dataclass(frozen=True, repr=False)
class ReturnModel:
    """Who buys again within `horizon` days, and how far to trust it.

    Attributes
    ----------
    table : pandas frame
        One row per customer of the result: its customer column, p_return (probability to buy in the `horizon` days
        after the reference date), risk (1 - p_return).
    chosen, choice
        The kind of model ("logistic" or "boosting"), and the log loss of both on the training period: model, log_loss.
        `choice` is empty where there was not enough history to choose.
    scores, gains : pandas frames
        On the test period: Brier score, log loss and AUC of "model", "recency" and "base_rate" with bootstrap
        intervals, and how much lower the model's loss is (see `crmlab.forecast.measures.scored`).
    calibration : pandas frame
        On the test period: bin, customers, predicted_share, observed_share, low_share, high_share (95 % Wilson).
    tested : pandas frame
        The customers of the test: customer column, recency_days, frequency, monetary (minor units), marks and type as
        of `test_day`, p_return, bought (1 or 0 in the days after it).
    train_day, test_day : date
        What was known on these days described the customers; the `horizon` days after each say who bought.
    train_share : float
        Share of customers who bought after `train_day`.
    population : int
        Customers as of `test_day`; more than `len(tested)` where a sample was tested.
    """

    table: "pd.DataFrame" = field(compare=False)
    horizon: int
    chosen: str
    choice: "pd.DataFrame" = field(compare=False)
    scores: "pd.DataFrame" = field(compare=False)
    gains: "pd.DataFrame" = field(compare=False)
    calibration: "pd.DataFrame" = field(compare=False)
    tested: "pd.DataFrame" = field(compare=False)
    train_day: dt.date
    test_day: dt.date
    train_share: float
    population: int
    result: "RFM" = field(compare=False)

    @property
    def beats_baseline(self) -> bool:
        """Whether the test shows the log loss lower than that of both baselines: the intervals lie above 0."""
        losses = self.gains[self.gains["measure"] == "log_loss"]
        return bool((losses["low_share"] > 0).all())

    def against_types(self) -> "pd.DataFrame":
        """The types of the test day beside what the model predicted and what came true, all eight combinations.

        Columns: type, marks, customers, predicted_share (mean probability), observed_share (bought) with low_share and
        high_share (95 % Wilson), misjudged (see `misjudged`), misjudged_observed_share (those of them who bought).
        Shares of nobody are blank.
        """
        import pandas as pd

        tested = self.tested.assign(wrong=_judged(self.tested) != "")
        tested = tested.assign(wrong_bought=tested["wrong"] & (tested["bought"] == 1))
        grouped = tested.groupby("marks").agg(
            customers=("bought", "size"),
            predicted_share=("p_return", "mean"),
            bought=("bought", "sum"),
            misjudged=("wrong", "sum"),
            wrong_bought=("wrong_bought", "sum"),
        )
        order = {combination(marks): number for marks, number in sorted(TYPES.items(), key=_named_first)}
        counts = ["customers", "bought", "misjudged", "wrong_bought"]
        table = grouped.reindex(list(order)).fillna(dict.fromkeys(counts, 0)).astype(dict.fromkeys(counts, "int64"))
        table = with_wilson(table.rename_axis("marks").reset_index())
        table.insert(0, "type", pd.Series(list(order.values())))
        share = table.pop("wrong_bought") / table["misjudged"].where(table["misjudged"] > 0)
        counted = table.pop("misjudged")
        return table.assign(misjudged=counted, misjudged_observed_share=share)

    def misjudged(self) -> "pd.DataFrame":
        """Customers whose mark of recency and whose probability disagree today, the surest first.

        "gone_but_likely": R↑ (not here lately) and a probability of 50 % or more. "here_but_unlikely": R↓ (here lately)
        and 20 % or less. Columns: the customer column, type, marks, recency_days, frequency, monetary (minor units),
        p_return, judged.
        """
        column = self.result.customer_column
        now = self.result.customers.merge(self.table, on=column, validate="one_to_one")
        now["marks"] = "R" + now["r_mark"] + "F" + now["f_mark"] + "M" + now["m_mark"]
        now["judged"] = _judged(now)
        wrong = now[now["judged"] != ""]
        surest = (wrong["p_return"] - (LIKELY + UNLIKELY) / 2).abs()
        wrong = wrong.assign(surest=surest).sort_values(["surest", column], ascending=[False, True], ignore_index=True)
        return wrong[[column, "type", "marks", *INDICATORS, "p_return", "judged"]]

    def describe(self, lang: str = "zh") -> str:
        """What was learned from, what was tested, and whether the model is better than a simple rule, a line each."""
        settings, day = self.result.settings, dt.timedelta(days=1)
        told = [
            word("forecast.return", lang, horizon=self.horizon, customers=len(self.table), as_of=settings.as_of),
            word(
                "forecast.return_split", lang, train_day=self.train_day, train_end=self.test_day,
                test_day=self.test_day, test_start=self.test_day + day, as_of=settings.as_of, tested=len(self.tested),
            ),
        ]  # fmt: skip
        if self.population > len(self.tested):
            told.append(word("forecast.sample", lang, used=len(self.tested), customers=self.population))
        chosen = word(f"forecast_model.{self.chosen}", lang)
        told.append(word("forecast.chosen" if len(self.choice) else "forecast.not_chosen", lang, chosen=chosen))
        told += [self._against(RECENCY, lang), self._against(BASE_RATE, lang)]
        told.append(word("forecast.beats" if self.beats_baseline else "forecast.beats_not", lang))
        observed, predicted = self.tested["bought"].mean(), self.tested["p_return"].mean()
        told.append(word("forecast.level", lang, predicted=predicted, observed=observed, train=self.train_share))
        told.append(word("forecast.no_cause", lang))
        return "\n".join(told)

    def _against(self, baseline: str, lang: str) -> str:
        (gain,) = self.gains.query("measure == 'log_loss' and model == @baseline").to_dict("records")
        values = {"gain": gain["gain_share"], "low": gain["low_share"], "high": gain["high_share"]}
        return word("forecast.gain", lang, baseline=word(f"forecast_model.{baseline}", lang), **values)

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def _named_first(item: tuple[str, int]) -> int:
    return item[1] or len(TYPES)


def _judged(customers: "pd.DataFrame") -> "pd.Series":
    """For each customer with marks and p_return: how the mark of recency and the probability disagree, or ""."""
    import numpy as np
    import pandas as pd

    gone = customers["marks"].str.startswith("R↑")
    likely, unlikely = customers["p_return"] >= LIKELY, customers["p_return"] <= UNLIKELY
    return pd.Series(np.select([gone & likely, ~gone & unlikely], [GONE, HERE], ""), index=customers.index)
