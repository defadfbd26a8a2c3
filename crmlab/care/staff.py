"""Comparing members of staff fairly: enough records, the same mix of matters, and no ranks where none are shown.

Satisfaction answers are not tied to a service record: they name no record and no member of staff, and a customer may
have met several. So there is no satisfaction score per member of staff here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from crmlab.care.standards import Standard, check_standards, demand_records
from crmlab.errors import DataError, ParameterError
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("resolved", "in_time")
MIX = ["kind", "channel"]
LEVEL = 0.95
STANDINGS = ("above", "no_difference", "below", "too_few", "not_noted")
SHARES = ["share", "low_share", "high_share", "expected_share"]
ADJUSTED = ["adjusted_share", "adjusted_low_share", "adjusted_high_share"]


@dataclass(frozen=True, repr=False)
class Ranking:
    """Members of staff beside each other.

    `table` has a row per member of staff: agent (blank: not noted), standing, records (that count), good, share with
    its interval (low_share, high_share), expected_share (what all staff together reach on the same mix of matters),
    adjusted_share with its interval (adjusted_low_share, adjusted_high_share). Records in = those that count + `open`.
    `overall` is the share of all, `level` the level of each interval.
    """

    table: "pd.DataFrame"
    measure: str
    minimum: int
    overall: float
    open: int
    level: float

    def describe(self, lang: str = "zh") -> str:
        """What was compared, and how many stand out."""
        counts = self.table["standing"].value_counts()
        numbers = {standing: int(counts.get(standing, 0)) for standing in STANDINGS}
        return word("care.ranking", lang, measure=word(f"care.measure.{self.measure}", lang), minimum=self.minimum,
                    overall=self.overall, open=self.open, level=self.level, **numbers)  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(map(self.describe, LANGUAGES))


def rank_agents(
    records: "pd.DataFrame",
    *,
    measure: str = "resolved",
    minimum: int = 30,
    at: datetime | None = None,
    standards: list[Standard] | None = None,
) -> Ranking:
    """Put members of staff in three groups: above the others, below them, or no difference shown.

    Parameters
    ----------
    records : the table service_records with agent, kind and channel
    measure : "resolved": closed matters that were resolved; "in_time": first replies within the standard at `at`
    minimum : whoever has fewer records that count is listed as too_few, without any share
    at, standards : for "in_time", as in `check_standards`

    The adjusted share asks how somebody would do with everybody's mix: failures as a multiple of those expected from
    the rates of all staff on the same kinds and channels, times the rate of failures of all (indirect standardisation;
    Breslow and Day 1987, chapter 2). Its interval is Wilson's (1927), scaled alike, and the expected number is taken
    as known. With k members of staff compared, each interval has the level 0.95^(1/k) (Šidák 1967), so that staff who
    do not differ get into a group by chance in one comparison of twenty at most. A group is told only where the
    interval leaves out the share of all; within a group there is no order.

    Raises ParameterError for another measure, a minimum below 1, or "in_time" without `at`; DataError without records
    or a column agent, or where nobody noted who answered.
    """
    import pandas as pd

    if measure not in MEASURES:
        raise ParameterError("choice", name="measure", value=measure, allowed=", ".join(MEASURES))
    if minimum < 1:
        raise ParameterError("care_minimum", value=minimum)
    demand_records(records)
    if "agent" not in records or not records["agent"].notna().any():
        raise DataError("care_no_agent_column")
    rows = _judged(records, measure, at, standards)
    if rows.empty:
        raise DataError("care_no_records")
    rows["expected"] = rows.groupby(MIX)["good"].transform("mean")
    rows["agent"] = rows["agent"].astype("str").fillna("")
    groups = rows.groupby("agent")
    table = groups.agg(
        records=("good", "size"), good=("good", "sum"), expected_share=("expected", "mean")
    ).reset_index()
    table = table.assign(share=table["good"] / table["records"])
    compared = (table["records"] >= minimum) & (table["agent"] != "")
    level = LEVEL ** (1 / max(int(compared.sum()), 1))
    overall = float(rows["good"].mean())
    table = _with_intervals(table, overall, level)
    table["standing"] = _standings(table, overall).where(compared, "too_few").mask(table["agent"] == "", "not_noted")
    table.loc[~compared, [*SHARES, *ADJUSTED]] = float("nan")
    table["good"] = table["good"].astype("Int64").mask(~compared)
    place = table["standing"].map({standing: number for number, standing in enumerate(STANDINGS)})
    table = table.assign(place=place).sort_values(["place", "agent"], ignore_index=True)
    columns = ["agent", "standing", "records", "good", *SHARES, *ADJUSTED]
    return Ranking(pd.DataFrame(table[columns]), measure, minimum, overall, len(records) - len(rows), level)


def _judged(
    records: "pd.DataFrame", measure: str, at: datetime | None, standards: list[Standard] | None
) -> "pd.DataFrame":
    """The records that count: agent, kind, channel, good."""
    if measure == "resolved":
        closed = records[records["closed_at"].notna()]
        return closed[["agent", *MIX]].assign(good=closed["resolved"] == "yes")
    if at is None:
        raise ParameterError("care_no_at")
    judged = check_standards(records, standards, at=at).judged
    judged = judged[(judged["step"] == "first_reply") & (judged["state"] != "not_due")]
    return judged[["agent", *MIX]].assign(good=judged["state"] == "kept")


def _with_intervals(table: "pd.DataFrame", overall: float, level: float) -> "pd.DataFrame":
    """Shares with Wilson's interval, and both scaled to everybody's mix; shares below 0 are cut at 0."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(table["good"], table["records"], alpha=1 - level, method="wilson")
    table = table.assign(low_share=low, high_share=high)
    failing = 1 - table["expected_share"]
    scale = ((1 - overall) / failing).where(failing > 0, 1.0)
    adjusted = {
        name: (1 - (1 - table[column]) * scale).clip(lower=0)
        for name, column in zip(ADJUSTED, ["share", "low_share", "high_share"], strict=True)
    }
    return table.assign(**adjusted)


def _standings(table: "pd.DataFrame", overall: float) -> "pd.Series":
    import numpy as np
    import pandas as pd

    above, below = table["adjusted_low_share"] > overall, table["adjusted_high_share"] < overall
    return pd.Series(np.select([above, below], ["above", "below"], default="no_difference"), index=table.index)


def paired_exercise(before: "pd.Series", after: "pd.Series") -> "pd.DataFrame":
    """Scores of the same people before and after a training: n, mean_before, mean_after, mean_change, low, high (95 %).

    The series are matched by index; whoever has one score only is left out and counted (unpaired). The interval is that
    of the paired t-test. Without a group that was not trained it does not say that the training did it. Raises
    DataError for fewer than two pairs.

    >>> import pandas as pd
    >>> found = paired_exercise(pd.Series([6, 7, 5, 8]), pd.Series([8, 8, 7, 9]))
    >>> found[["n", "mean_change"]].values.tolist(), found[["low", "high"]].round(2).values.tolist()
    ([[4.0, 1.5]], [[0.58, 2.42]])
    """
    import pandas as pd
    from scipy.stats import ttest_rel

    both = pd.concat({"before": before, "after": after}, axis="columns")
    pairs = both.dropna()
    if len(pairs) < 2:
        raise DataError("care_pairs", count=len(pairs))
    change = ttest_rel(pairs["after"], pairs["before"]).confidence_interval(LEVEL)
    means = pairs.mean()
    row = {"n": len(pairs), "unpaired": len(both) - len(pairs), "mean_before": means["before"],
           "mean_after": means["after"], "mean_change": means["after"] - means["before"],
           "low": change.low, "high": change.high}  # fmt: skip
    return pd.DataFrame([row])
