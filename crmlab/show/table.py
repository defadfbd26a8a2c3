"""Tables for people: headings in words, numbers right-aligned with thousands, money with its sign, no index."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from crmlab.money import format_money, minor_units_in
from crmlab.show.text import with_minus
from crmlab.words import has_word, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.show.sortable import SortableTable

ROWS = 10
LONG = 24
"""Characters of a text from which its column keeps a width in which it can be read."""
MONEY = (
    *("monetary", "value", "amount_minor", "mean_order", "spend_per_quarter", "money", "average_order", "year_value"),
    *("monetary_before", "monetary_after", "monetary_change", "base_monetary"),
    *("monetary_changed", "expected_spend"),
    *("assets", "cost", "unit_cost", "policy_cost", "cost_per_response", "cost_per_extra"),
    *("member_spend", "to_next", "spend_from", "list_price", "face_value", "minimum_order"),
    *("member_price", "member_price_basic", "member_price_silver", "member_price_gold"),
    *("treated_money", "held_out_money", "extra_money", "extra_low_money", "extra_high_money"),
)
POINTS = ("extra_share", "extra_low_share", "extra_high_share", "lift_share", "planted_share", "off_share")
"""Differences of shares, shown in percentage points."""
CODES = {
    "age_range": "world.age_range",
    "arm": "track.arm",
    "at_risk": "member",
    "assets_group": "group",
    "band": "world.last_purchase world.spend_band",
    "by": "scan.by",
    "by_customers": "world.category",
    "by_money": "world.category",
    "by_units": "world.category",
    "change": "movement.change",
    "category": "world.category case.product_class",
    "characteristic": "track.characteristic",
    "channel": (
        "world.channel world.service_channel world.suppressed_channel feedback "
        "serve.channel outbox.channel care.channel"
    ),
    "checked": "checked",
    "city": "world.city",
    "comparison": "track.comparison",
    "customer_change": "track.change_of",
    "column": "column",
    "complaint": "world.complaint",
    "decision": "sending.decision outbox.decision",
    "detail": "world.purpose world.suppressed_reason outbox.variable sandbox.detail",
    "event": "world.event",
    "field": "field column",
    "finding": "outbox.finding",
    "first": "world.category",
    "flag": "flag",
    "frequency_group": "group",
    "from_level": "loyalty.level",
    "from_marks": "movement",
    "ground": "care.ground",
    "group": "group stage need_group rules",
    "high_value": "member",
    "how": "linking",
    "indicator": "column",
    "interest": "care.interest",
    "invariant": "loyalty.invariant",
    "job": "world.job",
    "judged": "forecast_judged",
    "kept_source": "world.source",
    "kind": "world.text_kind scan.kind loyalty.kind outbox.kind world.service_kind needs.kind",
    "language": "world.language",
    "layer": "sandbox.layer",
    "level": "loyalty.level",
    "link_reason": "linking",
    "low_value_policy": "policy",
    "measure": "forecast_measure",
    "method": "world.method score.method needs",
    "model": "forecast_model",
    "need": "world.need",
    "need_group": "need_group",
    "next_step": "track.choice",
    "other_arm": "track.arm",
    "other_source": "world.source",
    "outcome": "linking world.outcome loyalty.outcome outbox.outcome care.outcome",
    "place": "table",
    "policy": "policy",
    "preference": "case.preference",
    "purpose": "world.purpose care.purpose",
    "q1_last": "world.last_purchase",
    "q3_spend": "world.spend_band",
    "relation": "relation",
    "reason": "sending.reason response.reason reason linking world.reason loyalty.reason outbox.reason care.reason",
    "rule": "care.rule",
    "score": "score",
    "second": "world.category",
    "service_channel": "world.service_channel",
    "service_kind": "world.service_kind",
    "sentiment": "sentiment",
    "sex": "world.sex",
    "source": "world.source",
    "source_table": "table",
    "spend_group": "group",
    "split": "split",
    "stage": "stage",
    "standing": "care.standing",
    "state": "world.state answer_state",
    "statistic": "statistic",
    "step": "behaviour care.step",
    "stratum": "track.stratum group stage need_group world.age_range movement",
    "table": "table",
    "template": "outbox.template",
    "tag": "world.need world.complaint",
    "term": "behaviour",
    "to_marks": "movement",
    "unit": "world.unit",
    "top_category": "world.category case.product_class",
    "value_tier": "group",
    "why": "loyalty.why",
    "who": "serve.who",
    "young_price_sensitive": "member",
}
"""Columns that hold codes, and where in words.csv their words stand: one prefix, or several to try in turn."""
SORTED = 2_000
"""Rows that a page can keep to sort; each customer of lesson 02 takes about 130 bytes."""
UNLIKE = {"flag", "indicator", "measure", "metric", "statistic", "unit"}
"""Columns that say what each row measures: rows of such a table may differ in their decimals."""
CELLS = {"value", "kept_value", "other_value"}
"""Columns that hold the cell of another table; a column `column` beside them says which."""


def heading(column: str, lang: str) -> str:
    """The words for a column; a column that words.csv does not know keeps its name."""
    return word(f"column.{column}", lang) if has_word(f"column.{column}") else str(column)


def code_word(column: str, code: Any, lang: str) -> str:
    """The word for a code in a column such as category; anything unknown stands as it is."""
    keys = (f"{prefix}.{code}" for prefix in CODES.get(column, "").split())
    return next((word(key, lang) for key in keys if has_word(key)), str(code))


@dataclass(frozen=True)
class Table:
    """A frame ready to be looked at, in a notebook and as text."""

    frame: "pd.DataFrame"
    lang: str
    currency: str
    rows: int

    def shown(self) -> "pd.DataFrame":
        """The rows that are shown, all cells as text under their headings."""
        shown = self.frame.head(self.rows)
        worded = {
            column: [self._cell(column, value, self._places(column)) for value in shown[column]]
            for column in shown.columns
        }
        for column in CELLS.intersection(shown.columns):
            pairs = zip(shown.get("column", shown[column]), worded[column], strict=True)
            worded[column] = [code_word(str(about), text, self.lang) for about, text in pairs]
        return type(shown)(dict(zip(self.headings(), worded.values(), strict=True)))

    def headings(self) -> list[str]:
        """A heading for each column; where two would have the same words, the columns' own names tell them apart."""
        words = [heading(column, self.lang) for column in self.frame.columns]
        return [
            f"{said} ({column})" if words.count(said) > 1 else said
            for said, column in zip(words, self.frame.columns, strict=True)
        ]

    def _places(self, column: str) -> int | None:
        """The decimals of a column of measures, the same in each row; None where each row measures something else."""
        values = self.frame[column]
        if str(values.dtype).lower() != "float64" or UNLIKE.intersection(self.frame.columns):
            return None
        return 0 if (values.dropna() % 1 == 0).all() else 2

    def _cell(self, column: str, value: Any, places: int | None) -> str:
        import pandas as pd

        if pd.api.types.is_scalar(value) and pd.isna(value):
            return ""
        if column in MONEY and not isinstance(value, str):
            return format_money(int(value), self.currency, self.lang)
        if column in CODES:
            return code_word(column, value, self.lang)
        if isinstance(value, pd.Timestamp):
            return str(value.date() if value == value.normalize() else value)
        if pd.api.types.is_bool(value):
            return word(f"world.yes_no.{'yes' if value else 'no'}", self.lang)
        if not isinstance(value, int | float) and not hasattr(value, "dtype"):
            return str(value)
        if column in POINTS:
            return f"{100 * value:.1f}"
        if column.endswith("share"):
            return f"{value:.1%}"
        whole = 0 if float(value).is_integer() else 2
        return f"{value:,.{whole if places is None else places}f}"

    def numbers(self) -> list[bool]:
        """For each column, whether it holds numbers, which stand at the right."""
        from pandas.api.types import is_numeric_dtype

        return [is_numeric_dtype(self.frame[column]) and column not in CODES for column in self.frame.columns]

    def more(self) -> str:
        """How many rows are not shown, in words; nothing where all are."""
        hidden = len(self.frame) - self.rows
        if self.frame.empty:
            return word("table.none", self.lang)
        return word("table.more", self.lang, hidden=hidden, rows=len(self.frame)) if hidden > 0 else ""

    def _repr_html_(self) -> str:
        """Each cell says where it stands: JupyterLab drops the style sheets of a notebook that it does not trust."""
        shown = self.shown().map(with_minus)
        looks = [
            ("text-align: right" if number else "text-align: left")
            + ("; min-width: 14em" if any(len(text) > LONG for text in shown[said]) else "")
            for said, number in zip(shown, self.numbers(), strict=True)
        ]
        head = _row("th", shown.columns, [f"{look}; word-break: keep-all" for look in looks])
        rows = "\n".join(_row("td", row, looks) for row in shown.itertuples(index=False))
        return (
            '<div style="overflow-x: auto"><table style="font-variant-numeric: tabular-nums">\n'
            f"<thead>{head}</thead>\n<tbody>\n{rows}\n</tbody></table></div>"
        ) + (f"<p>{self.more()}</p>" if self.more() else "")

    def __repr__(self) -> str:
        shown = self.shown()
        cells = "  ".join(shown.columns) if shown.empty else shown.to_string(index=False)
        return "\n".join(filter(None, [cells, self.more()]))


def _row(tag: str, texts: Iterable[str], looks: Iterable[str]) -> str:
    cells = (f'<{tag} style="{look}">{escape(text)}</{tag}>' for text, look in zip(texts, looks, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def table(
    frame: "pd.DataFrame", lang: str = "zh", *, currency: str = "CNY", rows: int = ROWS, sortable: bool = False
) -> "Table | SortableTable":
    """Show the first `rows` rows of a frame: headings and codes in `lang`, shares as per cent, differences of shares in
    points, money in `currency`.

    Columns of money hold integer minor units. With `sortable` the headings of up to 2,000 rows are buttons, in any page
    that runs scripts and without a kernel: all rows are sorted, and the first `rows` of them shown. Elsewhere, and for
    more rows, it is the same table without buttons.

    >>> import pandas as pd
    >>> print(table(pd.DataFrame({"customers": [1200], "monetary": [123450]}), "en"))
    customers M net spend
        1,200 CN¥1,234.50
    """
    plain = Table(frame, lang, currency, rows)
    if not sortable or not 1 < len(frame) <= SORTED:
        return plain
    from crmlab.show.sortable import SortableTable

    return SortableTable(plain)


def save(frame: "pd.DataFrame", folder: str, name: str, lang: str = "zh", *, currency: str = "CNY") -> None:
    """Write a table as CSV for a spreadsheet, with headings and codes in words, money in whole units, and
    differences of shares in points.

    With an empty `folder` nothing is written. The file is utf-8 with a mark at its start, so that Excel reads the
    Chinese. A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    from pathlib import Path

    from crmlab.handover.cells import guarded

    if not folder:
        return
    scale = minor_units_in(currency)
    shown = frame.assign(
        **{column: frame[column] / scale for column in MONEY if column in frame},
        **{column: 100 * frame[column] for column in POINTS if column in frame},
        **{column: [code_word(column, code, lang) for code in frame[column]] for column in CODES if column in frame},
    )
    Path(folder).mkdir(parents=True, exist_ok=True)
    texts = {column: guarded(shown[column].astype("str"), "text") for column in shown.select_dtypes(["str", "object"])}
    shown = shown.assign(**texts).rename(columns=lambda column: heading(column, lang))
    shown.to_csv(Path(folder) / name, index=False, encoding="utf-8-sig")
