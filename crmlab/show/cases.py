"""The picture of the cases: in which categories a group of customers spends more of its money."""

from typing import TYPE_CHECKING

from crmlab.show.picture import Picture, blank, nothing
from crmlab.show.table import code_word, heading
from crmlab.show.theme import GREY, INK, ORANGE
from crmlab.words import word

if TYPE_CHECKING:
    from crmlab.cases import Concentration


def concentration(found: "Concentration", lang: str = "zh") -> Picture:
    """Lift and interval of each category that has one, largest on top; orange where the whole interval is above 1."""
    from matplotlib.ticker import LogLocator, NullLocator

    level = code_word(found.column, found.level, lang)
    title = word("chart.concentration", lang, column=heading(found.column, lang), level=level)
    shown = found.table.dropna(subset=["lift_low"]).iloc[::-1]
    if shown.empty:
        return nothing(title, lang)
    figure, (axes,) = blank(8, 0.45 * len(shown) + 1.6)
    names = [code_word("category", name, lang) for name in shown["category"]]
    for name, row in zip(names, shown.itertuples(), strict=True):
        colour = ORANGE if row.concentrated else GREY
        axes.plot([row.lift_low, row.lift_high], [name, name], color=colour, linewidth=3, solid_capstyle="butt")
        axes.plot(row.lift, name, "o", color=INK, markersize=6)
        axes.annotate(f"{row.lift:.1f}", (row.lift, name), (0, 7), textcoords="offset points", ha="center", fontsize=10,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
    axes.axvline(1, color=INK, linewidth=1, linestyle="--")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(axis="y", visible=False)
    axes.margins(y=0.12)
    axes.set_xlabel(word("chart.concentration_axis", lang))
    axes.set_title(title)
    alt = word("chart.concentration_alt", lang, category=names[-1], lift=shown["lift"].iloc[-1],
               count=int(shown["concentrated"].sum()))  # fmt: skip
    return Picture(figure, alt)
