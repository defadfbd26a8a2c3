"""The pictures of the lessons. Each returns a `Picture`; words come by `lang`, colours from the theme."""

from typing import TYPE_CHECKING

from crmlab.money import money_unit
from crmlab.rfm.marks import INDICATORS, MARK_COLUMNS, UP
from crmlab.show.picture import Picture, blank, minus, nothing, readable_cells
from crmlab.show.table import code_word, heading
from crmlab.show.theme import BLUE, GREY, INK, ORANGE, TYPE_COLOURS
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

POINTS = 4_000
BARS = 30
LONG_TAIL = 1.5
"""The largest value is so many times the 98th per cent, or more, where a few customers are far beyond the others."""
UNITS = {"recency_days": "unit.days", "frequency": "unit.orders"}
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
        axes.text(row.customer_share + 0.005, place + 0.2, f"{row.customers:,}", va="center", fontsize=11)
        axes.text(row.monetary_share + 0.005, place - 0.2, f"{row.monetary_share:.0%}", va="center", fontsize=11)
    axes.set_yticks(places, labels)
    axes.set_xlim(right=1.12 * max(axes.dataLim.x1, 0.01))
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
    """How R, F and M are distributed, and where the threshold cuts each of them.

    Where a few customers are far beyond the others, the last bar holds all from the 98th per cent on, and the axis
    says from where.
    """
    frame = _pandas(result)
    figure, axes = blank(11, 3.7, columns=3)
    told = []
    for one, name, mark in zip(axes, INDICATORS, MARK_COLUMNS, strict=True):
        money = name == "monetary"
        unit = money_unit(result.settings.currency, lang) if money else word(UNITS[name], lang)
        scale = 10**result.settings.decimals if money else 1
        values, edge = frame[name] / scale, _threshold(result, frame, name) / scale
        last = values.quantile(0.98)
        tail = values.max() > LONG_TAIL * last > 0
        one.hist(values.clip(upper=last) if tail else values, bins=_bins(values, money, tail), color=GREY)
        one.margins(y=0.2)
        one.axvline(edge, color=ORANGE, linewidth=2)
        shown = word("chart.distributions_edge", lang, edge=edge, unit=unit)
        right = edge > sum(one.get_xlim()) / 2
        one.annotate(shown, (edge, 0.99), (-4 if right else 4, 0), xycoords=one.get_xaxis_transform(), va="top",
                     textcoords="offset points", ha="right" if right else "left")  # fmt: skip
        one.xaxis.set_major_formatter(lambda value, _: minus(f"{value:,g}"))
        one.set_title(heading(name, lang), fontsize=12)
        one.set_xlabel(word("chart.distributions_tail", lang, unit=unit, last=last) if tail else unit)
        told.append(word("chart.distributions_told", lang, name=heading(name, lang), edge=shown,
                         share=float((frame[mark] == UP).mean())))  # fmt: skip
    axes[0].set_ylabel(word("chart.customers", lang))
    method = word(f"split.{result.settings.split}", lang)
    figure.suptitle(word("chart.distributions", lang, method=method), x=0.01, ha="left", fontsize=13)
    told = word("list.semicolon", lang).join(told)
    return Picture(figure, word("chart.distributions_alt", lang, method=method, told=told))


def _bins(values: "pd.Series", money: bool, tail: bool) -> "int | list[float]":
    """A bar for each whole number where they are few, around it; thirty bars where they are many."""
    low, high = values.min(), values.max()
    if money or tail or high - low >= BARS:
        return BARS
    return [low - 0.5 + step for step in range(int(high - low) + 2)]


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
                     marker="o" if combination.endswith(f"M{UP}") else "^",
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
    look = "\n".join(word(f"chart.points_{part}", lang) for part in ("size", "shape"))
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=11,
                         scatteryoffsets=[0.5], title=look, alignment="left")  # fmt: skip
    for handle in legend.legend_handles:
        handle.set_sizes([50])
        handle.set_alpha(1)
    corners = ("R" + everyone["r_mark"] + "F" + everyone["f_mark"]).value_counts().sort_index()
    told = word("list.comma", lang).join(f"{corner} {customers:,}" for corner, customers in corners.items())
    return Picture(figure, word("chart.points_alt", lang, told=told))


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
    readable_cells(axes)
    axes.set_title(title)
    axes.set_xlabel(heading(columns, lang))
    axes.set_ylabel(heading(rows, lang))
    axes.tick_params(axis="x", rotation=0)
    axes.tick_params(axis="y", rotation=0)
    cells, pattern = shown.stack(), ".0%" if percent else ",.0f"
    row, column = cells.idxmax()
    alt = word("chart.heat_alt", lang, title=title, row=row, column=column, value=format(cells.max(), pattern))
    if cells.min() > 0:
        row, column = cells.idxmin()
        alt += word("chart.heat_least_alt", lang, row=row, column=column, value=format(cells.min(), pattern))
    return Picture(figure, alt)


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
