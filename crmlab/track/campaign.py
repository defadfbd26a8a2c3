"""A campaign, written down before it starts: for whom, with which message, who is held out, and when it is over."""

import datetime as dt
import json
import re
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from crmlab.errors import DataError, ParameterError
from crmlab.rfm.settings import reference_date
from crmlab.track import sample_size
from crmlab.track.draw import SMALLEST_ARM, draw
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.track.verdict import Verdict

NAME = re.compile(r"[a-z0-9][a-z0-9_]*")
ARMS = ("treated", "held_out")


@dataclass(frozen=True, repr=False, eq=False)
class Campaign:
    """A campaign as it is settled before anything is sent. It cannot be changed afterwards.

    Attributes
    ----------
    name : str
        Lower-case letters, digits and underscores. It is part of the key of the draw.
    group : frame
        The customers whom the campaign is for, one row each: the columns `customer` and `by`. Afterwards a pandas
        frame with these two columns, sorted by customer.
    message : str
        The name of the message or template.
    starts_on, days : date and int
        The days in which orders count: from `starts_on`, `days` of them.
    holdout : float
        The share of each stratum that gets no message.
    by : str
        The column with the strata, such as type or value_tier; the draw keeps their shares equal in both arms.
    seed : int
        Part of the key of the draw.
    worthwhile : float
        The smallest extra share of buyers that would be worth having: 0.05 is five of a hundred.
    customer : str
        The column of the customer.
    drawn_on : date, optional
        The day on which the campaign was written down. It may not be later than the first day that counts.

    Raises
    ------
    ParameterError
        For a setting that cannot be used, and for a draw after results could be seen.
    DataError
        For a missing column, a blank in one, or a customer in two rows.

    Examples
    --------
    >>> import pandas as pd
    >>> group = pd.DataFrame({"customer_id": [f"C{number:03}" for number in range(100)], "type": [4, 6] * 50})
    >>> recall = Campaign("recall_618", group=group, message="coupon_618", starts_on="2026-06-18")
    >>> recall.strata[["stratum", "treated", "held_out"]].values.tolist()
    [['type_4', 40, 10], ['type_6', 40, 10]]
    >>> recall.ends_on
    datetime.date(2026, 7, 17)
    """

    name: str
    _: KW_ONLY
    group: Any
    message: str
    starts_on: dt.date
    days: int = 30
    holdout: float = 0.2
    by: str = "type"
    seed: int = 618
    worthwhile: float = 0.05
    customer: str = "customer_id"
    drawn_on: dt.date | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts_on", reference_date(self.starts_on))
        if self.drawn_on is not None:
            object.__setattr__(self, "drawn_on", reference_date(self.drawn_on))
        self._check()
        object.__setattr__(self, "group", _group(self.group, self.customer, self.by))

    @property
    def ends_on(self) -> dt.date:
        """The last day on which orders count."""
        return self.starts_on + dt.timedelta(days=self.days - 1)

    @cached_property
    def customers(self) -> "pd.DataFrame":
        """One row per customer, sorted: the customer column, stratum, and arm (treated or held_out)."""
        strata = self.group[self.by].astype("str").rename("stratum")
        strata = "type_" + strata if self.by == "type" else strata
        held_out = draw(self.group[self.customer], strata, holdout=self.holdout, key=f"{self.name}\0{self.seed}")
        arm = held_out.map({True: "held_out", False: "treated"})
        return self.group[[self.customer]].assign(stratum=strata, arm=arm.astype("str"))

    @property
    def treated(self) -> "pd.DataFrame":
        """The customers who are to get the message: the rows of `group`."""
        return self._arm("treated")

    @property
    def held_out(self) -> "pd.DataFrame":
        """The customers who are left alone, to know what would happen anyway: the rows of `group`."""
        return self._arm("held_out")

    @cached_property
    def strata(self) -> "pd.DataFrame":
        """One row per stratum: stratum, customers, treated, held_out, compared (whether it is large enough to be)."""
        counted = self.customers.groupby(["stratum", "arm"]).size().unstack(fill_value=0)
        counted = counted.reindex(columns=list(ARMS), fill_value=0).rename_axis(columns=None).reset_index()
        counted.insert(1, "customers", counted["treated"] + counted["held_out"])
        return in_order(counted.assign(compared=counted["held_out"] >= SMALLEST_ARM))

    def power(self, base_rate: float, lift: float | None = None) -> float:
        """The chance that this campaign shows a lift that is there (see `crmlab.track.power`).

        Without `lift`, for the smallest that would be worth having.
        """
        return sample_size.power(base_rate, self.worthwhile if lift is None else lift, **self._sizes)

    def detectable(self, base_rate: float) -> float:
        """The smallest lift that this campaign shows with 80 % power (see `crmlab.track.detectable`)."""
        return sample_size.detectable(base_rate, **self._sizes)

    def needed(self, base_rate: float, lift: float | None = None) -> dict[str, int]:
        """How many customers a lift needs with this hold-out (see `crmlab.track.needed`).

        Without `lift`, for the smallest that would be worth having.
        """
        return sample_size.needed(base_rate, self.worthwhile if lift is None else lift, holdout=self.holdout)

    def verdict(self, orders: Any, **settings: Any) -> "Verdict":
        """Did it help? See `crmlab.track.judge`, which this calls with the campaign."""
        from crmlab.track.verdict import judge

        return judge(self, orders, **settings)

    def save(self, path: Path | str) -> None:
        """Write the campaign and its draw as JSON, once: DataError when the file says something else already."""
        path = Path(path)
        text = json.dumps(self._record(), ensure_ascii=False, indent=1) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise DataError("track_saved", file=path.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")

    @classmethod
    def open(cls, path: Path | str) -> "Campaign":
        """Read a campaign back. It draws again, and raises DataError when the file gives customers to other arms."""
        import pandas as pd

        path = Path(path)
        if not path.exists():
            raise DataError("no_file", path=path.name)
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            rows = pd.DataFrame({name: record.pop(name) for name in ("customers", "strata", "arms")})
            group = rows.set_axis([record["customer"], record["by"], "arm"], axis="columns")
            campaign = cls(group=group, **record)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, DataError | ParameterError):
                raise
            raise DataError("track_file", file=path.name) from None
        written = group.set_index(campaign.customer)["arm"]
        drawn = campaign.customers.set_index(campaign.customer)["arm"]
        if moved := int((written.reindex(drawn.index) != drawn).sum()):
            raise DataError("track_other_draw", file=path.name, count=moved)
        return campaign

    def describe(self, lang: str = "zh") -> str:
        """What was settled, in words: for whom, when, who is held out, and which strata are too small to compare."""
        sizes, small = self._sizes, self.strata[~self.strata["compared"]]
        lines = [
            word("track.campaign", lang, name=self.name, message=self.message, customers=len(self.group),
                 first=self.starts_on, last=self.ends_on, days=self.days),
            word("track.drawn", lang, by=_by_word(self.by, lang), share=self.holdout, seed=self.seed,
                 worthwhile=100 * self.worthwhile, **sizes),
            word("track.drawn_on", lang, day=self.drawn_on) if self.drawn_on else word("track.not_dated", lang),
        ]  # fmt: skip
        if len(small):
            lines.append(word("track.small_strata", lang, strata=len(small), customers=int(small["customers"].sum())))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)

    @property
    def _sizes(self) -> dict[str, int]:
        return {arm: int(self.strata[arm].sum()) for arm in ARMS}

    def _arm(self, arm: str) -> "pd.DataFrame":
        return self.group[self.customers["arm"] == arm].reset_index(drop=True)

    def _record(self) -> dict[str, Any]:
        plain = {
            name: getattr(self, name)
            for name in (
                "name",
                "message",
                "starts_on",
                "days",
                "holdout",
                "by",
                "seed",
                "worthwhile",
                "customer",
                "drawn_on",
            )
        }
        days = {name: day.isoformat() for name, day in plain.items() if isinstance(day, dt.date)}
        columns = {"customers": self.group[self.customer], "strata": self.group[self.by], "arms": self.customers["arm"]}
        return plain | days | {name: column.tolist() for name, column in columns.items()}

    def _check(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ParameterError("track_name", value=repr(self.name))
        if isinstance(self.days, bool) or not isinstance(self.days, int) or self.days < 1:
            raise ParameterError("track_days", value=repr(self.days))
        if not 0 < self.holdout < 1:
            raise ParameterError("track_holdout", value=self.holdout)
        if not 0 < self.worthwhile < 1:
            raise ParameterError("track_worthwhile", value=self.worthwhile)
        if self.drawn_on and self.drawn_on > self.starts_on:
            raise ParameterError("track_drawn_late", drawn=self.drawn_on, first=self.starts_on)


def in_order(table: "pd.DataFrame") -> "pd.DataFrame":
    """A table by its strata, the unnamed types last."""
    return table.sort_values("stratum", key=lambda strata: strata.replace("type_0", "type_~"), ignore_index=True)


def _group(group: Any, customer: str, by: str) -> "pd.DataFrame":
    """The two columns that the draw needs, one row per customer, sorted by customer."""
    import pandas as pd

    if not isinstance(group, pd.DataFrame):
        group = nw.from_native(group).lazy().collect("pyarrow").to_pandas()
    if missing := [column for column in (customer, by) if column not in group]:
        raise DataError("track_columns", columns=", ".join(missing), there=", ".join(map(str, group.columns)))
    rows = group[[customer, by]]
    if blank := int(rows.isna().any(axis="columns").sum()):
        raise DataError("track_blank", count=blank, columns=f"{customer}, {by}")
    if twice := int(rows[customer].duplicated().sum()):
        raise DataError("track_twice", count=twice, column=customer)
    if rows.empty:
        raise DataError("track_nobody")
    if not pd.api.types.is_integer_dtype(rows[customer]):
        rows = rows.astype({customer: "str"})
    return rows.sort_values(customer, ignore_index=True)


def _by_word(by: str, lang: str) -> str:
    from crmlab.show.table import heading

    return heading(by, lang)
