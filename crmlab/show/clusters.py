"""Pictures of clusters: what each is like, how many there are, and where their customers lie."""

from typing import TYPE_CHECKING

from crmlab.grouping.choosing import ABOVE
from crmlab.grouping.profiles import in_words
from crmlab.money import minor_units_in, money_unit
from crmlab.show.picture import Picture, blank, nothing, readable_cells
from crmlab.show.table import MONEY, heading
from crmlab.show.theme import BLUE, GREY, INK, ORANGE, TYPE_COLOURS
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from crmlab.grouping.clusters import Clusters

POINTS = 4_000
COLOURS = (*TYPE_COLOURS.values(), "#F0E442", "#000000")
SHAPES = "osD^vPX*<>"
BESIDE = 0.1
"""So far to the right stands the interval of the shuffled data, beside the other."""
STEPS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)


def cluster_profiles(found: "Clusters", lang: str = "zh", *, currency: str = "CNY") -> Picture:
    """A grid: one row per cluster, one column per feature, the median as a number, coloured by how it compares.

    The colour is the cluster's median on the scale that k-means used: standard deviations of log(1 + x) from the mean
    of all customers. Money is in whole units of `currency`.
    """
    import numpy as np
    import seaborn as sns

    names = list(found.features)
    medians = found.profile.set_index("cluster")[names]
    every = np.log1p(found.table[names].clip(lower=0))
    scaled = (np.log1p(medians.clip(lower=0)) - every.mean()) / every.std(ddof=0).replace(0, 1)
    figure, (axes,) = blank(1.6 * len(names) + 3.4, 0.6 * len(medians) + 1.9)
    units = [minor_units_in(currency) if name in MONEY else 1 for name in names]
    sns.heatmap(scaled, annot=_told(medians / units), fmt="", cmap="PuOr_r", vmin=-2, vmax=2, linewidths=2,
                ax=axes, cbar_kws={"label": word("chart.cluster_scale", lang)})  # fmt: skip
    readable_cells(axes)
    headings = [_heading(name, lang, currency).replace("（", "\n（").replace(" (", "\n(") for name in names]
    axes.set_xticklabels(headings, rotation=0, fontsize=11)
    labels = [word("chart.cluster_row", lang, cluster=row.cluster, share=row.customer_share)
              for row in found.profile.itertuples()]  # fmt: skip
    axes.set_yticklabels(labels, rotation=0)
    axes.set_xlabel("")
    axes.set_ylabel("")
    axes.set_title(word("chart.cluster_profiles", lang))
    told = [word("chart.cluster_told", lang, **row) for row in in_words(found, lang).to_dict("records")]
    return Picture(figure, word("chart.cluster_profiles_alt", lang, told=word("list.semicolon", lang).join(told)))


def _told(medians: "pd.DataFrame") -> "pd.DataFrame":
    return medians.map(lambda value: f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:,.2f}")


def _heading(name: str, lang: str, currency: str) -> str:
    """The words for a feature, with the unit of money."""
    unit = f"（{money_unit(currency, lang)}）" if lang == "zh" else f" ({money_unit(currency, lang)})"
    return heading(name, lang) + (unit if name in MONEY else "")


def cluster_choice(found: "Clusters", lang: str = "zh") -> Picture:
    """Silhouette by number of clusters, with its spread, against the same on shuffled columns.

    Filled points hold, hollow ones do not; a line marks the number that the result has, if it has more than one.
    """
    tried = found.tried
    if tried.empty:
        return nothing(word("chart.cluster_choice", lang), lang)
    figure, (axes,) = blank(8.5, 4)
    numbers = tried["groups"]
    axes.errorbar(numbers, tried["silhouette"], 2 * tried["silhouette_sd"], color=BLUE, linewidth=2, capsize=3,
                  label=word("chart.cluster_real", lang))  # fmt: skip
    axes.errorbar(numbers + BESIDE, tried["shuffled"], 2 * tried["shuffled_sd"], color=INK, linestyle="--", capsize=3,
                  label=word("chart.cluster_shuffled", lang))  # fmt: skip
    axes.fill_between(numbers, tried["shuffled"], tried["shuffled"] + ABOVE, color=GREY, alpha=0.35, linewidth=0,
                      label=word("chart.cluster_need", lang))  # fmt: skip
    for key, own, face in (("holds", tried[tried["holds"]], BLUE), ("fails", tried[~tried["holds"]], "white")):
        if len(own):
            axes.plot(own["groups"], own["silhouette"], "o", color=face, markeredgecolor=BLUE, markersize=9,
                      markeredgewidth=2, label=word(f"chart.cluster_{key}", lang), zorder=3)  # fmt: skip
    if found.k > 1:
        label = word("chart.cluster_taken", lang, k=found.k)
        axes.axvline(found.k, color=ORANGE, linewidth=2, linestyle=":", label=label, zorder=0)
    axes.set_xticks(tried["groups"])
    axes.set_xlabel(heading("groups", lang))
    axes.set_ylabel(heading("silhouette", lang))
    axes.set_title(word("chart.cluster_choice", lang))
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=10)
    top = tried.loc[tried["above_shuffled"].idxmax()].to_dict()
    held = word("list.comma", lang).join(map(str, tried.loc[tried["holds"], "groups"]))
    result = word("chart.cluster_held", lang, held=held) if held else word("chart.cluster_none", lang)
    return Picture(figure, word("chart.cluster_choice_alt", lang, result=result, **top))


def cluster_points(found: "Clusters", lang: str = "zh", *, currency: str = "CNY") -> Picture:
    """Customers on the first two features (R and F by default), coloured and shaped by cluster, on log(1 + x) axes.

    At most 4,000 customers are drawn, a sample with a fixed seed; the title says how many. The number of each cluster
    stands at its medians. With one feature there is nothing to draw.
    """
    names = found.features[:2]
    if len(names) < 2:
        return nothing(word("chart.cluster_points_title", lang), lang)
    frame = found.table.sample(min(POINTS, len(found.table)), random_state=0)
    figure, (axes,) = blank(9, 4.8)
    units = [minor_units_in(currency) if name in MONEY else 1 for name in names]
    for number, own in frame.groupby("cluster"):
        place = (number - 1) % len(COLOURS)
        across, up = (own[name].clip(lower=0) / unit for name, unit in zip(names, units, strict=True))
        axes.scatter(across, up, s=20, marker=SHAPES[place], color=COLOURS[place], alpha=0.5, linewidth=0,
                     label=word("chart.cluster", lang, cluster=number))  # fmt: skip
    for row in found.profile.to_dict("records"):
        middle = [max(row[name], 0) / unit for name, unit in zip(names, units, strict=True)]
        axes.annotate(str(row["cluster"]), middle, ha="center", va="center", fontsize=13,
                      bbox={"boxstyle": "circle", "facecolor": "white", "edgecolor": INK})  # fmt: skip
    _log_of_one_more(axes)
    axes.set_xlabel(_heading(names[0], lang, currency))
    axes.set_ylabel(_heading(names[1], lang, currency))
    axes.set_title(word("chart.cluster_points", lang, shown=len(frame), customers=len(found.table)))
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    for handle in legend.legend_handles:
        handle.set_alpha(1)
        handle.set_sizes([50])
    told = [word("chart.cluster_told", lang, **row) for row in in_words(found, lang).to_dict("records")]
    return Picture(figure, word("chart.cluster_points_alt", lang, x=heading(names[0], lang), y=heading(names[1], lang),
                                told=word("list.semicolon", lang).join(told)))  # fmt: skip


def _log_of_one_more(axes: "Axes") -> None:
    """Both axes on the scale of log(1 + x), with plain numbers and a little room around the points."""
    import numpy as np
    from matplotlib.ticker import FixedLocator, NullLocator

    for axis, ends, scale, limit in (
        (axes.xaxis, axes.dataLim.intervalx, axes.set_xscale, axes.set_xlim),
        (axes.yaxis, axes.dataLim.intervaly, axes.set_yscale, axes.set_ylim),
    ):
        low, high = np.log1p(ends)
        room = 0.05 * (high - low) or 0.1
        scale("function", functions=(lambda x: np.log1p(np.clip(x, -0.9, None)), np.expm1))
        limit(np.expm1(low - room), np.expm1(high + room))
        axis.set_major_locator(FixedLocator([step for step in STEPS if np.floor(ends[0]) <= step <= ends[1]]))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(lambda value, _: f"{value:,g}")
