"""Careless answers are flagged with the value and the limit that show it. No answer is dropped here.

Sources: Curran 2016 (long strings: half the items or more); Dunn et al. 2018 (variation within a person); Leiner 2019
(speed against the median).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

SHORTEST_STRING = 5


def longstring(answers: "pd.DataFrame") -> "pd.Series":
    """The longest run of equal answers in each row, in the order of the columns; a missing answer ends a run.

    >>> import pandas as pd
    >>> longstring(pd.DataFrame([[1, 1, 1, 2, 2], [3, None, 3, 3, 1]])).tolist()
    [3, 2]
    """
    import numpy as np
    import pandas as pd

    values = answers.to_numpy("float64", na_value=np.nan)
    run = (~np.isnan(values)).astype(int)
    for column in range(1, values.shape[1]):
        run[:, column] += np.where(values[:, column] == values[:, column - 1], run[:, column - 1], 0)
    return pd.Series(run.max(axis=1, initial=0), index=answers.index)


def individual_sd(answers: "pd.DataFrame") -> "pd.Series":
    """The standard deviation of each row over its answered items (n − 1 below); NaN below two answers.

    >>> import pandas as pd
    >>> individual_sd(pd.DataFrame([[4, 4, 4], [1, 3, 5]])).tolist()
    [0.0, 2.0]
    """
    return answers.astype("float64").std(axis=1)


@dataclass(frozen=True, repr=False)
class Careless:
    """Flags on answers, with their evidence.

    `table` has one row per answer and flag: answer_id, flag, value, limit. `checks` has one row per flag: flag, limit
    (NaN where it differs by answer or nothing was checked), answers (how many are flagged), answers_share, and
    checked ("yes", or why not: no_reversed, no_seconds, no_customers).
    """

    n: int
    table: "pd.DataFrame" = field(compare=False)
    checks: "pd.DataFrame" = field(compare=False)

    @property
    def flagged(self) -> int:
        """How many answers carry at least one flag."""
        return int(self.table["answer_id"].nunique())

    def against(self, careless: Iterable[str]) -> "pd.DataFrame":
        """The flags beside the answer ids that are known to be careless, as the teaching data know them.

        Columns: flag ("any" for at least one), found, known, hit_share (found of known), false_alarms, others,
        false_alarm_share (of others).
        """
        import pandas as pd

        careless = set(careless)
        named = {"any": self.table["answer_id"], **dict(list(self.table.groupby("flag")["answer_id"]))}
        others, rows = self.n - len(careless), []
        for flag, ids in named.items():
            found, wrong = len(set(ids) & careless), len(set(ids) - careless)
            rows.append((flag, found, len(careless), _part(found, len(careless)), wrong, others, _part(wrong, others)))
        columns = ["flag", "found", "known", "hit_share", "false_alarms", "others", "false_alarm_share"]
        return pd.DataFrame(rows, columns=columns)

    def sentence(self, lang: str) -> str:
        """How many answers carry a flag, and that none was dropped."""
        return word("careless.sentence", lang, n=self.n, flagged=self.flagged)

    def __repr__(self) -> str:
        return "\n".join(self.sentence(lang) for lang in LANGUAGES)


def careless(
    answers: "pd.DataFrame",
    items: Sequence[str],
    reversed_items: Sequence[str],
    *,
    of_median: float = 0.5,
    seconds_per_item: float = 2,
    questions: int | None = None,
) -> Careless:
    """Flag answers that look careless.

    Parameters
    ----------
    answers : one row per answer to one form, as given (reversed items not turned round), with answer_id, the items,
        and where there are any seconds_used (s) and customer_id
    items : the block of items on one scale, in the order of the form
    reversed_items : those of them that are worded the other way. Without any, equal answers may be honest, so long
        strings and equal answers are not flagged
    of_median : flags less than this part of the median time of the form
    seconds_per_item : flags less than this many seconds times `questions` (by default, the number of items)

    Notes
    -----
    Flags: longstring (a run of at least half the items and at least 5, or all items of a shorter block), same_item
    (standard deviation 0 over at least half of the items), fast_median and fast_items (s), same_customer (answers
    of one customer to the form), same_answers (other answers equal in every column but ids and time of submission).

    Raises DataError for columns that are not there.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({
    ...     "answer_id": ["a", "b", "c"], "seconds_used": [60, 80, 9],
    ...     "good": [4, 3, 5], "kind": [4, 5, 5], "slow": [2, 3, 5],
    ... })
    >>> print(careless(answers, ["good", "kind", "slow"], ["slow"]).table)
      answer_id         flag  value  limit
    0         c   longstring    3.0    3.0
    1         c    same_item    0.0    0.0
    2         c  fast_median    9.0   30.0
    """
    lacking = [name for name in ("answer_id", *items, *reversed_items) if name not in answers.columns]
    if lacking:
        raise DataError("survey_no_items", items=", ".join(lacking), there=", ".join(map(str, answers.columns)))
    checks = [*_equal(answers, items, reversed_items)]
    checks += _fast(answers, of_median, seconds_per_item * (questions or len(items)))
    checks += [_same_customer(answers), _same_answers(answers)]
    return _gather(answers, checks)


@dataclass(frozen=True)
class _Check:
    flag: str
    checked: str
    limit: float = float("nan")
    values: "pd.Series | None" = None
    hit: "pd.Series | None" = None


def _equal(answers: "pd.DataFrame", items: Sequence[str], reversed_items: Sequence[str]) -> list[_Check]:
    if not set(reversed_items) & set(items):
        return [_Check(flag, "no_reversed") for flag in ("longstring", "same_item")]
    block = answers[list(items)]
    limit = min(len(items), max(SHORTEST_STRING, ceil(len(items) / 2)))
    runs, spread = longstring(block), individual_sd(block)
    enough = block.notna().sum(axis=1) * 2 >= len(items)
    return [
        _Check("longstring", "yes", limit, runs, runs >= limit),
        _Check("same_item", "yes", 0, spread, (spread == 0) & enough),
    ]


def _fast(answers: "pd.DataFrame", of_median: float, least: float) -> list[_Check]:
    if "seconds_used" not in answers.columns:
        return [_Check(flag, "no_seconds") for flag in ("fast_median", "fast_items")]
    seconds = answers["seconds_used"].astype("float64")
    limits = {"fast_median": of_median * seconds.median(), "fast_items": least}
    return [_Check(flag, "yes", limit, seconds, seconds < limit) for flag, limit in limits.items()]


def _same_customer(answers: "pd.DataFrame") -> _Check:
    if "customer_id" not in answers.columns:
        return _Check("same_customer", "no_customers")
    times = answers.groupby("customer_id")["answer_id"].transform("size")
    return _Check("same_customer", "yes", 1, times, times > 1)


def _same_answers(answers: "pd.DataFrame") -> _Check:
    """Time taken is compared too: on a short form, equal ticks alone are often chance."""
    compared = [name for name in answers.columns if name not in ("answer_id", "customer_id", "submitted_at")]
    times = answers.groupby(compared, dropna=False)["answer_id"].transform("size")
    return _Check("same_answers", "yes", 1, times, times > 1)


def _gather(answers: "pd.DataFrame", checks: list[_Check]) -> Careless:
    import pandas as pd

    flagged, told = [], []
    for check in checks:
        found = answers.loc[check.hit, ["answer_id"]] if check.checked == "yes" else answers.loc[[], ["answer_id"]]
        told.append((check.flag, check.limit, len(found), _part(len(found), len(answers)), check.checked))
        if len(found):
            value = check.values[check.hit].astype("float64")
            flagged.append(found.assign(flag=check.flag, value=value, limit=float(check.limit)))
    columns = ["answer_id", "flag", "value", "limit"]
    table = pd.concat(flagged, ignore_index=True) if flagged else pd.DataFrame(columns=columns)
    checked = pd.DataFrame(told, columns=["flag", "limit", "answers", "answers_share", "checked"])
    return Careless(len(answers), table, checked)


def _part(some: int, all_of: int) -> float:
    return some / all_of if all_of else float("nan")
