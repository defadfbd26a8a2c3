"""Pictures of what customers buy: who comes back, where the demand goes, what is popular, what goes together."""

from collections.abc import Mapping
from itertools import chain
from textwrap import fill
from typing import TYPE_CHECKING, Any

from crmlab.money import minor_units_in, money_unit
from crmlab.show.picture import Picture, blank, nothing, readable_cells
from crmlab.show.table import code_word
from crmlab.show.theme import BLUE, GREY, INK, ORANGE
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.patterns import Popular, Retention, Together, Trend

MONTHS = 12
PANELS = 9
LETTERS = 18
"""In a line of a name beside a bar; longer names go on in the next line."""


def cohorts(found: "Retention", lang: str = "zh", *, rows: int = 24) -> Picture:
    """The share of each cohort that bought again, as a grid of colours: the last cohorts, over their first year.

    A cohort of fewer than five customers carries a star; months that are not over are blank.
    """
    import seaborn as sns

    title = word("chart.cohorts", lang)
    later = found.shares[[month for month in found.shares if 0 < month <= MONTHS]]
    shares = later.dropna(how="all").tail(rows)
    if shares.empty:
        return nothing(title, lang)
    sizes = found.cohorts[found.cohorts["cohort"].isin(shares.index)]
    shown = shares.set_axis(
        [
            word("chart.cohort", lang, month=row.cohort, customers=row.customers, mark="*" if row.small else "")
            for row in sizes.itertuples()
        ]
    )
    figure, (axes,) = blank(0.55 * len(shares.columns) + 2.6, 0.33 * len(shares) + 1.7)
    sns.heatmap(shown, annot=True, fmt=".0%", cmap="Blues", cbar=False, linewidths=1, ax=axes, annot_kws={"size": 11})
    readable_cells(axes)
    axes.grid(visible=False)
    axes.set_title(title)
    axes.set_xlabel(word("chart.cohort_months", lang))
    axes.set_ylabel(word("chart.cohort_first", lang))
    axes.tick_params(rotation=0)
    mean = found.mean().set_index("month_no")["customers_share"]
    told = word("chart.cohorts_told", lang).join(
        word("chart.cohorts_mean", lang, month=month, share=mean[month]) for month in (1, 3, 6, 12) if month in mean
    )
    return Picture(figure, word("chart.cohorts_alt", lang, cohorts=len(shares), told=told))


def demand(found: "Trend", lang: str = "zh") -> Picture:
    """Months so far, the forecast, and what repeating a month says; a panel per category, the largest nine at most.

    The months that were kept back to try the forecast, and those to come, have both lines.
    """
    from matplotlib.figure import Figure

    by = "category" if "category" in found.months else None
    title, series = word("chart.demand", lang), {"": found.months}
    if by:
        sums = found.months.groupby(by)["actual"].sum().sort_values(ascending=False, kind="stable")
        series = {name: found.months[found.months[by] == name] for name in sums.index[:PANELS]}
        if len(sums) > PANELS:
            title = word("chart.demand_largest", lang, shown=PANELS, series=len(sums))
    columns = min(3, len(series))
    rows = -(-len(series) // columns)
    figure = Figure(figsize=(max(9, 4 * columns), max(4.2, 2.6 * rows + 0.8)))
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
    scale = minor_units_in(found.currency) if found.value == "money" else 1
    panels = list(chain.from_iterable(grid))
    for axes, (name, months) in zip(panels, series.items(), strict=False):
        _demand(axes, months, scale, found.repeats, lang)
        axes.set_title(code_word("category", name, lang) if by else "", fontsize=11)
    for place, axes in enumerate(panels):
        axes.tick_params(labelbottom=place + columns >= len(series))
        axes.set_visible(place < len(series))
    axis, unit = "chart.demand_axis", word("unit.orders", lang)
    if found.value == "money":
        axis, unit = "chart.demand_money", money_unit(found.currency, lang)
    figure.supylabel(word(axis, lang, unit=unit), fontsize=11)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return Picture(figure, word("chart.demand_alt", lang, told=found.describe(lang)))


def _demand(axes: Any, months: "pd.DataFrame", scale: int, repeats: str, lang: str) -> None:
    places = range(len(months))
    kept_back = months["actual"].notna() & months["repeated"].notna()
    first = int(kept_back.to_numpy().argmax())
    axes.axvspan(first - 0.5, first + int(kept_back.sum()) - 0.5, color="#EEF0F3", linewidth=0)
    lines = {
        "actual": {"color": BLUE, "linewidth": 2, "label": word("chart.actual", lang)},
        "repeated": {
            "color": INK,
            "linewidth": 1.5,
            "linestyle": ":",
            "label": word(f"patterns.repeats_{repeats}", lang),
        },
        "forecast": {"color": ORANGE, "linewidth": 2, "linestyle": "--", "label": word("chart.forecast", lang)},
    }
    for name, look in lines.items():
        over = months["actual"].notna()
        axes.plot(places, months[name].where(over) / scale, **look)
        axes.plot(places, months[name].where(~over) / scale, **look | {"label": None})
    ticks = [place for place, month in enumerate(months["month"]) if month[5:] in ("01", "07")]
    axes.set_xticks(ticks, [months["month"].iloc[place] for place in ticks])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)


def popularity(found: "Popular", lang: str = "zh", *, names: Mapping[Any, str] | None = None, rows: int = 8) -> Picture:
    """The rankings side by side. What stands in all of them is blue; `names` gives the words for products."""
    title = word("chart.popularity", lang)
    if found.table.empty:
        return nothing(title, lang)
    tops = {name: found.table.sort_values([f"{name}_rank", found.by]).head(rows) for name in found.rankings}
    everywhere = set.intersection(*(set(top[found.by]) for top in tops.values()))
    figure, panels = blank(3.5 * len(tops), 0.5 * min(rows, len(found.table)) + 1.5, columns=len(tops))
    for axes, (name, top) in zip(panels, tops.items(), strict=True):
        top = top.iloc[::-1]
        values = top[name] / (minor_units_in(found.currency) if name == "money" else 1)
        colours = [BLUE if thing in everywhere else GREY for thing in top[found.by]]
        bars = axes.barh(range(len(top)), values, color=colours)
        axes.set_yticks(
            range(len(top)), [fill(_name(thing, found.by, names, lang), LETTERS) for thing in top[found.by]]
        )
        axes.bar_label(bars, [f"{value:,.0f}" for value in values], padding=3, fontsize=11)
        axes.margins(x=0.3)
        axes.grid(axis="y", visible=False)
        axes.set_xticks([])
        unit = money_unit(found.currency, lang) if name == "money" else word(f"chart.by_{name}_unit", lang)
        axes.set_title(word(f"chart.by_{name}", lang, unit=unit), fontsize=11)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    told = word("chart.popularity_told", lang).join(
        word(
            "chart.popularity_top",
            lang,
            by=word(f"chart.by_{name}_short", lang),
            top=_name(top[found.by].iloc[0], found.by, names, lang),
        )
        for name, top in tops.items()
    )
    return Picture(figure, word("chart.popularity_alt", lang, told=told, rows=rows, everywhere=len(everywhere)))


def pairs(found: "Together", lang: str = "zh", *, names: Mapping[Any, str] | None = None, rows: int = 10) -> Picture:
    """Pairs in one order: how many orders there are, and how many by chance alone (the mark), with the lift."""
    title = word("chart.pairs", lang)
    if found.pairs.empty:
        return nothing(title, lang)
    shown = found.pairs.head(rows).iloc[::-1]
    figure, (axes,) = blank(9, 0.58 * len(shown) + 1.8)
    labels = [
        f"{_name(row.first, found.by, names, lang)} +\n{_name(row.second, found.by, names, lang)}"
        for row in shown.itertuples()
    ]
    places = range(len(shown))
    bars = axes.barh(places, shown["orders"], color=BLUE, label=word("chart.pairs_orders", lang))
    mark = {"marker": "|", "s": 260, "linewidth": 3, "color": ORANGE, "zorder": 3}
    axes.scatter(shown["expected"], places, label=word("chart.pairs_expected", lang), **mark)
    axes.set_yticks(places, labels)
    axes.bar_label(bars, [word("chart.pairs_lift", lang, lift=lift) for lift in shown["lift"]], padding=4, fontsize=11)
    axes.margins(x=0.2)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(word("chart.pairs_axis", lang))
    figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    axes.legend(loc="lower right", frameon=False)
    best = shown.iloc[-1]
    return Picture(
        figure,
        word(
            "chart.pairs_alt",
            lang,
            pair=labels[-1].replace("\n", " "),
            orders=int(best["orders"]),
            expected=best["expected"],
            lift=best["lift"],
        ),
    )


def _name(thing: Any, by: str, names: Mapping[Any, str] | None, lang: str) -> str:
    return names[thing] if names and thing in names else code_word(by, thing, lang)
