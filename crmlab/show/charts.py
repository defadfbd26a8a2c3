"""The pictures of the lessons. Each returns a `Picture`; words come by `lang`, colours from the theme."""

from typing import TYPE_CHECKING

from crmlab.money import money_unit
from crmlab.rfm.marks import INDICATORS, MARK_COLUMNS, UP
from crmlab.show.picture import Picture, blank, nothing
from crmlab.show.table import code_word, heading
from crmlab.show.theme import BLUE, GREY, INK, ORANGE, TYPE_COLOURS
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

POINTS = 4_000
TICKS = [0, *(step * 10**power for power in range(7) for step in (1, 2, 5))]


def types(result: "RFM", lang: str = "zh") -> Picture:
    """Two bars per combination: its share of the customers and its share of the money."""
    summary = result.summary(lang).iloc[::-1]
    labels = [f"{row.marks}  {row.name_}" for row in summary.rename(columns={"name": "name_"}).itertuples()]
    figure, (axes,) = blank(9, 5)
    places = range(len(summary))
    axes.barh(
        [place + 0.2 for place in places],
        summary["customer_share"],
        0.38,
        color=BLUE,
        label=word("chart.customers", lang),
    )
    axes.barh(
        [place - 0.2 for place in places],
        summary["monetary_share"],
        0.38,
        color=ORANGE,
        label=word("chart.money", lang),
    )
    for place, row in zip(places, summary.itertuples(), strict=True):
        axes.text(row.customer_share + 0.005, place + 0.2, f"{row.customers:,}", va="center", fontsize=9)
        axes.text(row.monetary_share + 0.005, place - 0.2, f"{row.monetary_share:.0%}", va="center", fontsize=9)
    axes.set_yticks(places, labels)
    axes.xaxis.set_major_formatter(_percent)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(word("chart.share_axis", lang))
    axes.set_title(word("chart.types", lang))
    axes.legend(loc="lower right", frameon=False)
    largest = summary.loc[summary["customers"].idxmax()]
    richest = summary.loc[summary["monetary"].idxmax()]
    alt = word("chart.types_alt", lang, marks_most=largest["marks"], customers=largest["customer_share"],
               rich=richest["marks"], money=richest["monetary_share"])  # fmt: skip
    return Picture(figure, alt)


def distributions(result: "RFM", lang: str = "zh") -> Picture:
    """How R, F and M are distributed, and where the threshold cuts each of them."""
    frame = _pandas(result)
    figure, axes = blank(11, 3.4, columns=3)
    for one, name in zip(axes, INDICATORS, strict=True):
        limit = _threshold(result, frame, name)
        money = 10**result.settings.decimals if name == "monetary" else 1
        values, edge = frame[name] / money, limit / money
        one.hist(values.clip(upper=values.quantile(0.98)), bins=30, color=GREY)
        one.axvline(edge, color=ORANGE, linewidth=2)
        one.text(edge, one.get_ylim()[1] * 0.94, f" {edge:,.1f}", color=INK, va="top")
        one.set_title(heading(name, lang))
        unit = {"recency_days": "unit.days", "frequency": "unit.orders"}.get(name)
        one.set_xlabel(word(unit, lang) if unit else money_unit(result.settings.currency, lang))
    axes[0].set_ylabel(word("chart.customers", lang))
    alt = word("chart.distributions_alt", lang, method=word(f"split.{result.settings.split}", lang))
    return Picture(figure, alt)


def recency_frequency(result: "RFM", lang: str = "zh") -> Picture:
    """Each customer as a point: recency against frequency, coloured by combination, larger for more money.

    Of more than 4,000 customers these are 4,000, drawn with a fixed seed; the title says so.
    """
    from matplotlib.ticker import MaxNLocator, NullLocator

    everyone = _pandas(result).sort_values([*INDICATORS, "marks"], ignore_index=True)
    frame = everyone.sample(min(POINTS, len(everyone)), random_state=0)
    low, high = int(frame["frequency"].min()), int(frame["frequency"].max())
    figure, (axes,) = blank(9, 5.2)
    for combination, colour in TYPE_COLOURS.items():
        own = frame[frame["marks"] == combination]
        if own.empty:
            continue
        size = 12 + 90 * (own["monetary"].clip(lower=0) / max(frame["monetary"].max(), 1)) ** 0.5
        axes.scatter(own["recency_days"], own["frequency"], s=size, color=colour, alpha=0.6, linewidth=0,
                     label=f"{combination} {result.type_name(combination, lang)}")  # fmt: skip
    axes.axvline(_threshold(result, everyone, "recency_days"), color=INK, linewidth=1, linestyle="--")
    axes.axhline(_threshold(result, everyone, "frequency"), color=INK, linewidth=1, linestyle="--")
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(low * 0.8 if low else -0.2, high * 1.25 + 0.2)
    axes.set_yticks([tick for tick in TICKS if low <= tick <= high])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    recent, longest = frame["recency_days"].min(), frame["recency_days"].max()
    edge = max(2, (longest - recent) * 0.03)
    axes.set_xlim(recent - edge, longest + edge)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(heading("recency_days", lang) + word("chart.recent_left", lang))
    axes.set_ylabel(heading("frequency", lang))
    key = "types.points_sample" if len(frame) < len(everyone) else "chart.points"
    axes.set_title(word(key, lang, shown=len(frame), of=len(everyone)))
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=10)
    for handle in legend.legend_handles:
        handle.set_sizes([50])
    return Picture(figure, word("chart.points_alt", lang))


def shares(frame: "pd.DataFrame", label: str, value: str, lang: str = "zh", *, title: str = "") -> Picture:
    """Horizontal bars of one number per label; a column that ends in "share" is shown as per cent."""
    if frame.empty:
        return nothing(title, lang)
    ordered = frame.iloc[::-1]
    figure, (axes,) = blank(8, max(1.6, 0.42 * len(ordered) + 1))
    percent = value.endswith("share")
    bars = axes.barh([code_word(label, name, lang) for name in ordered[label]], ordered[value], color=BLUE)
    axes.bar_label(bars, [f"{number:.1%}" if percent else f"{number:,.0f}" for number in ordered[value]], padding=4)
    if percent:
        axes.xaxis.set_major_formatter(_percent)
    axes.margins(x=0.12)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(heading(value, lang))
    axes.set_title(title)
    largest = frame[value].idxmax()
    top = code_word(label, frame[label].loc[largest], lang)
    shown = f"{frame[value].loc[largest]:.1%}" if percent else f"{frame[value].loc[largest]:,.0f}"
    return Picture(figure, word("chart.shares_alt", lang, title=title, top=top, value=shown))


def heat(
    frame: "pd.DataFrame", lang: str = "zh", *, title: str, rows: str, columns: str, percent: bool = False
) -> Picture:
    """A table as a grid of colours; row and column labels are codes of the columns named `rows` and `columns`.

    A table of counts that are all 0 says that there is nothing to draw.
    """
    import seaborn as sns

    if frame.empty or not (percent or frame.to_numpy().any()):
        return nothing(title, lang)
    shown = frame.rename(
        index=lambda code: code_word(rows, code, lang), columns=lambda code: _either(columns, code, lang)
    )
    figure, (axes,) = blank(1.1 * len(frame.columns) + 3, 0.5 * len(frame) + 1.6)
    sns.heatmap(shown, annot=True, fmt=".0%" if percent else ",.0f", cmap="Blues", cbar=False, linewidths=1, ax=axes)
    axes.set_title(title)
    axes.set_xlabel(heading(columns, lang))
    axes.set_ylabel(heading(rows, lang))
    axes.tick_params(axis="x", rotation=0)
    axes.tick_params(axis="y", rotation=0)
    row, column = shown.stack().idxmax()
    value = shown.loc[row, column]
    value = f"{value:.0%}" if percent else f"{value:,.0f}"
    return Picture(figure, word("chart.heat_alt", lang, title=title, row=row, column=column, value=value))


def coverage(frame: "pd.DataFrame", lang: str = "zh") -> Picture:
    """Share of customers with each field, by channel, as a grid of colours."""
    return heat(frame, lang, title=word("chart.coverage", lang), rows="source", columns="field", percent=True)


def _either(column: str, code: str, lang: str) -> str:
    worded = code_word(column, code, lang)
    return heading(code, lang) if worded == str(code) else worded


def _percent(value: float, _: object) -> str:
    return f"{value:.0%}"


def _threshold(result: "RFM", frame: "pd.DataFrame", name: str) -> float:
    """Where the threshold of an indicator lies; where it is one of scores, the smallest value that is marked ↑."""
    threshold = result.thresholds[name]
    if not threshold.cuts:
        return float(threshold.value)
    mark = MARK_COLUMNS[INDICATORS.index(name)]
    return float(frame.loc[frame[mark] == UP, name].min())


def _pandas(result: "RFM") -> "pd.DataFrame":
    frame = result.typed.select(*INDICATORS, *MARK_COLUMNS).collect("pyarrow").to_pandas()
    marks = frame[list(MARK_COLUMNS)]
    return frame.assign(marks="R" + marks["r_mark"] + "F" + marks["f_mark"] + "M" + marks["m_mark"])
