"""Pictures of a survey: stated beside logged, which answers are missing together, scores with their intervals."""

from typing import TYPE_CHECKING

from crmlab.show.picture import Picture, blank, minus, nothing
from crmlab.show.table import heading
from crmlab.show.theme import BLUE, GREY, INK, ORANGE
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from crmlab.survey.agreement import Agreement

PATTERNS = 10
PALE = "#DCE3EA"
ENDS = {"share": (0, 1), "points": (-100, 100), "scale": (1, 7)}
"""The ends of the axis for each unit of a score."""
MONEY = "spend_per_quarter"


def bland_altman(agreement: "Agreement", lang: str = "zh", *, currency: str = "CNY") -> Picture:
    """One panel per indicator: how many times what the orders say was stated, against the size, both logarithmic.

    Pairs without a ratio (zeros, skipped, no orders) are not drawn; the alternative text counts them. One pair alone
    has a ratio and no limits, so its panel has no lines.
    """
    from crmlab.money import minor_units_in, money_unit

    overall = agreement.table[agreement.table["group"] == "all"].to_dict("records")
    if not any(row["n"] for row in overall):
        return nothing(word("chart.bland_altman", lang), lang)
    figure, axes = blank(11, 4.4, columns=len(overall))
    for one, row in zip(axes, overall, strict=True):
        own = agreement.pairs.query("indicator == @row['indicator'] and state == 'used'")
        size = (own["stated"] * own["logged"]) ** 0.5 / (minor_units_in(currency) if row["indicator"] == MONEY else 1)
        one.scatter(size, own["stated"] / own["logged"], s=14, color=BLUE, alpha=0.35, linewidth=0)
        one.axhline(1, color=GREY, linewidth=2, label=word("chart.bland_altman_same", lang))
        one.axhline(row["ratio"], color=ORANGE, linewidth=2, label=word("chart.bland_altman_mean", lang))
        for limit, label in ((row["limit_low"], word("chart.bland_altman_limits", lang)), (row["limit_high"], None)):
            one.axhline(limit, color=INK, linewidth=1, linestyle="--", label=label)
        if len(own):
            _logarithmic(one)
        unit = {"recency_days": word("unit.days", lang), "orders_per_quarter": word("unit.orders", lang)}
        one.set_xlabel(unit.get(row["indicator"]) or money_unit(currency, lang))
        one.set_title(heading(row["indicator"], lang), fontsize=11)
        bias = "few" if row["n"] < 2 else "bias"
        one.text(0.98, 0.97, word(f"chart.bland_altman_{bias}", lang, **row), transform=one.transAxes, ha="right",
                 va="top", fontsize=11, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8})  # fmt: skip
    axes[0].set_ylabel(word("chart.bland_altman_y", lang))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(word("chart.bland_altman", lang), x=0.01, ha="left", fontsize=13)
    told = [_told(row, agreement.n - row["n"], lang) for row in overall]
    return Picture(figure, word("chart.bland_altman_alt", lang, told=_and(told, lang)))


def _told(row: dict, without: int, lang: str) -> str:
    """What one panel shows, for the alternative text."""
    key = "alone" if row["n"] < 2 else "told"
    values = {**row, "indicator": heading(row["indicator"], lang), "without": without}
    return word(f"chart.bland_altman_{key}", lang, **values)


def missing_pattern(answers: "pd.DataFrame", lang: str = "zh") -> Picture:
    """Which columns are missing together: one row per pattern, the commonest first, with the number of answers."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    if answers.empty:
        return nothing(word("chart.missing", lang), lang)
    counted = answers.isna().value_counts()
    shown = counted.head(PATTERNS)
    grid = shown.index.to_frame(index=False).to_numpy()
    figure, (axes,) = blank(max(7, 1.05 * len(answers.columns) + 2), 0.42 * len(shown) + 2)
    colours = ListedColormap([PALE, ORANGE])
    axes.pcolormesh(grid, cmap=colours, vmin=0, vmax=1, edgecolors="white", linewidth=2)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_xticks([place + 0.5 for place in range(len(answers.columns))])
    axes.set_xticklabels([_lines(heading(name, lang)) for name in answers.columns])
    axes.set_yticks([place + 0.5 for place in range(len(shown))], [f"{count:,}" for count in shown])
    axes.tick_params(length=0)
    axes.set_ylabel(word("chart.answers", lang))
    axes.set_title(word("chart.missing", lang))
    axes.legend(handles=[Patch(facecolor=PALE, label=word("chart.answered", lang)),
                         Patch(facecolor=ORANGE, label=word("chart.not_answered", lang))],
                loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)  # fmt: skip
    rest = counted.iloc[PATTERNS:]
    if len(rest):
        axes.set_xlabel(word("chart.missing_more", lang, patterns=len(rest), answers=int(rest.sum())))
    missing = answers.isna().sum()
    alt = word("chart.missing_alt", lang, answers=len(answers), patterns=len(counted),
               complete=int(answers.notna().all(axis=1).sum()), item=heading(missing.idxmax(), lang),
               missing=int(missing.max()))  # fmt: skip
    return Picture(figure, alt)


def scores_with_intervals(table: "pd.DataFrame", lang: str = "zh") -> Picture:
    """One strip per score of `crmlab.survey.satisfaction.scores`: the estimate and its interval on the whole scale."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.75 * len(table) + 0.7))
    told = []
    for one, row in zip(figure.subplots(len(table), 1, squeeze=False)[:, 0], table.to_dict("records"), strict=True):
        low, high = ENDS[row["unit"]]
        pattern = {"share": ".0%", "points": "+.0f", "scale": ".1f"}[row["unit"]]
        name = word(f"score.{row['score']}", lang)
        values = {end: format(row[end], pattern) for end in ("estimate", "low", "high")}
        one.plot([row["low"], row["high"]], [0, 0], color=ORANGE, linewidth=6, solid_capstyle="butt")
        one.plot(row["estimate"], 0, "o", color=BLUE, markersize=9)
        one.annotate(minus(values["estimate"]), (row["estimate"], 0), (0, 9), textcoords="offset points", ha="center")
        one.set_xlim(low, high)
        one.set_ylim(-0.6, 1.1)
        one.set_yticks([])
        one.xaxis.set_major_formatter(_percent if row["unit"] == "share" else _plain)
        one.set_xlabel(word(f"chart.scores_{row['unit']}", lang), fontsize=11)
        one.spines[["left", "top", "right"]].set_visible(False)
        method = word(f"score.method.{row['method']}", lang)
        one.set_title(word("chart.scores_title", lang, name=name, method=method, n=row["n"]), fontsize=11, pad=2)
        key = "alone" if row["low"] != row["low"] else "told"
        told.append(word(f"chart.scores_{key}", lang, name=name, n=row["n"], **values))
    figure.get_layout_engine().set(h_pad=0.12)
    figure.suptitle(word("chart.scores", lang), x=0.01, ha="left", fontsize=13)
    return Picture(figure, word("chart.scores_alt", lang, told=_and(told, lang)))


def _logarithmic(axes: "Axes") -> None:
    """Both axes logarithmic, with few plain numbers and no signs of powers."""
    from math import log10

    from matplotlib.ticker import LogLocator, NullLocator

    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        decades = log10(high / low)
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 1.8 else (1, 3) if decades < 3 else (1,)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(_plain)


def _plain(value: float, _: object) -> str:
    return minus(f"{value:,g}")


def _percent(value: float, _: object) -> str:
    return f"{value:.0%}"


def _lines(text: str) -> str:
    """A heading on two lines, broken at its first space."""
    return text.replace(" ", "\n", 1)


def _and(parts: list[str], lang: str) -> str:
    return ("；" if lang == "zh" else "; ").join(parts)
