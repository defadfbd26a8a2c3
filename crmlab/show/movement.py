"""Pictures of movement: what other settings change, and where the customers of one period are in the next."""

from typing import TYPE_CHECKING

from crmlab.movement.marked import IN_ORDER
from crmlab.movement.migration import LEFT, NEW, place_name
from crmlab.show.picture import Picture, blank, nothing, readable_cells
from crmlab.show.theme import BLUE, GREY, INK, ORANGE, TYPE_COLOURS
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.patches import PathPatch, Polygon, Rectangle

    from crmlab.movement import Migration, Stability

COLOURS = {**TYPE_COLOURS, NEW: "#D9C400", LEFT: INK}
SMALL = 0.01
"""Moves of a smaller share of all customers have no band of their own."""
SLOT = 0.045
"""The height that each combination has at least for its label, as a share of the picture."""
WIDTH, TIP = 0.025, 0.07
"""Of the bars and of the grey tips, as shares of the picture."""


def stability_bars(found: "Stability", lang: str = "zh") -> Picture:
    """Two bars per other setting, the largest change on top: customers, and money, whose combination changes."""
    table = found.table[found.table["customers"] > 0].sort_values("changed_share", kind="stable")
    title = word("chart.stability", lang)
    if table.empty:
        return nothing(title, lang)
    figure, (axes,) = blank(9, 0.62 * len(table) + 1.6)
    labels = [found.label(row, lang) for row in table.index]
    for shift, column, colour in ((0.2, "changed_share", BLUE), (-0.2, "money_changed_share", ORANGE)):
        name = word(f"chart.{'customers' if colour == BLUE else 'money'}", lang)
        shares = table[column].fillna(0)
        bars = axes.barh([place + shift for place in range(len(table))], shares, 0.38, color=colour, label=name)
        axes.bar_label(bars, [f"{share:.1%}" for share in table[column]], padding=4, fontsize=11)
    axes.set_yticks(range(len(table)), labels)
    axes.set_xlim(0, max(0.1, 1.15 * float(table[["changed_share", "money_changed_share"]].max().max())))
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(word("chart.stability_axis", lang))
    axes.set_title(title)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    first, last = table.iloc[-1], table.iloc[0]
    alt = word("chart.stability_alt", lang, settings=len(table), most=labels[-1], customers=first["changed_share"],
               money=first["money_changed_share"], least=labels[0], least_customers=last["changed_share"])  # fmt: skip
    return Picture(figure, alt)


def migration_heat(found: "Migration", lang: str = "zh") -> Picture:
    """From each combination of the first period (a row, adding up to 100 %) the share in each of the second.

    Those who stayed are framed. A cell without customers is empty.
    """
    import seaborn as sns

    counts = found.counts
    title = word("chart.migration_heat", lang)
    shares = counts.div(counts.sum(axis="columns"), axis="index")
    told = shares.map(lambda share: f"{share:.0%}" if share >= 0.005 else "<1%" if share > 0 else "")
    figure, (axes,) = blank(10.5, 5.4)
    sns.heatmap(shares.fillna(0), annot=told, fmt="", cmap="Blues", vmin=0, vmax=0.7, cbar=False, linewidths=1, ax=axes)
    readable_cells(axes)
    for place in range(len(IN_ORDER)):
        axes.add_patch(_frame(place))
    axes.set_yticks(axes.get_yticks(), [_label(found, place, counts.loc[place].sum(), lang) for place in counts.index])
    tops = [f"{_place(place, lang)}\n{counts[place].sum():,}" for place in counts.columns]
    axes.set_xticks(axes.get_xticks(), tops)
    axes.tick_params(axis="both", rotation=0, length=0, labelsize=11)
    axes.xaxis.tick_top()
    axes.set_xlabel(word("chart.migration_later", lang, last=found.later.as_of), labelpad=8)
    axes.xaxis.set_label_position("top")
    axes.set_ylabel(word("chart.migration_earlier", lang, last=found.earlier.as_of))
    axes.set_title(title)
    return Picture(figure, _alt("heat", found, lang))


def migration_flow(found: "Migration", lang: str = "zh") -> Picture:
    """The customers as bands from their combination in the first period (left) to that in the second (right).

    A band is as thick as it has customers. Moves of less than 1 % of all customers are not drawn as bands of their own:
    each combination has one grey tip for all of its small ones, and the line below the picture counts them.
    """
    counts = found.counts
    total = int(counts.to_numpy().sum())
    small = counts.where((counts > 0) & (counts < SMALL * total), 0)
    bands = counts - small
    figure, (axes,) = blank(10.5, 6.6)
    starts, ends = _stack(counts.sum(axis="columns"), total), _stack(counts.sum(), total)
    for place, (top, _, height) in starts.items():
        axes.bar(0, -height, WIDTH, top, color=COLOURS[place], align="edge")
    for place, (top, _, height) in ends.items():
        axes.bar(1 - WIDTH, -height, WIDTH, top, color=COLOURS[place], align="edge")
    left, right = ({place: top for place, (top, _, _) in side.items()} for side in (starts, ends))
    scale = _scale(total)
    for source, row in bands.iterrows():
        for target in (place for place in counts.columns if row[place]):
            height = row[target] * scale
            axes.add_patch(_band(left[source], right[target], height, COLOURS[source]))
            left[source] -= height
            right[target] -= height
    for source in counts.index:
        axes.add_patch(_tip(WIDTH, TIP, left[source], small.loc[source].sum() * scale))
    for target in counts.columns:
        axes.add_patch(_tip(1 - WIDTH, -TIP, right[target], small[target].sum() * scale))
    _sides(axes, found, starts, ends, lang)
    moves, few = int((small > 0).to_numpy().sum()), int(small.to_numpy().sum())
    if few:
        text = word("chart.migration_small", lang, moves=moves, customers=few, limit=SMALL, share=few / total)
        axes.set_xlabel(text, fontsize=11)
    axes.set_title(word("chart.migration_flow", lang), pad=28)
    return Picture(figure, _alt("flow", found, lang))


def _scale(total: int) -> float:
    """The height of one customer, where the whole picture is 1 high and every combination has its slot."""
    return (1 - SLOT * (len(IN_ORDER) + 1)) / total


def _stack(counts: "pd.Series", total: int) -> dict[str, tuple[float, float, float]]:
    """Top, middle and height of the bar of each combination, from top to bottom."""
    bars, edge = {}, 1.0
    for place, count in counts.items():
        height = count * _scale(total)
        bars[place] = (edge - SLOT / 2, edge - SLOT / 2 - height / 2, height)
        edge -= SLOT + height
    return bars


def _band(start: float, end: float, height: float, colour: str) -> "PathPatch":
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    near, far = WIDTH, 1 - WIDTH
    there = [(near, start), (0.5, start), (0.5, end), (far, end)]
    back = [(across, place - height) for across, place in reversed(there)]
    points = [*there, *back, (near, start)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return PathPatch(Path(points, codes), facecolor=colour, alpha=0.5, linewidth=0)


def _tip(edge: float, length: float, top: float, height: float) -> "Polygon":
    from matplotlib.patches import Polygon

    return Polygon([(edge, top), (edge + length, top - height / 2), (edge, top - height)], color=GREY, linewidth=0)


def _sides(axes: "Axes", found: "Migration", starts: dict, ends: dict, lang: str) -> None:
    """The labels of both sides, and the days of the two periods above them."""
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xticks([])
    other = axes.twinx()
    other.set_ylim(0, 1)
    for one, bars, sums in ((axes, starts, found.counts.sum(axis="columns")), (other, ends, found.counts.sum())):
        one.set_yticks(
            [middle for _, middle, _ in bars.values()], [_label(found, place, sums[place], lang) for place in bars]
        )
        one.tick_params(length=0, labelsize=11)
        one.spines[:].set_visible(False)
        one.grid(visible=False)
    axes.text(WIDTH, 1.01, word("chart.migration_earlier", lang, last=found.earlier.as_of), ha="right", fontsize=11)
    axes.text(1 - WIDTH, 1.01, word("chart.migration_later", lang, last=found.later.as_of), ha="left", fontsize=11)


def _frame(place: int) -> "Rectangle":
    from matplotlib.patches import Rectangle

    return Rectangle((place, place), 1, 1, fill=False, edgecolor=ORANGE, linewidth=2.5)


def _label(found: "Migration", place: str, customers: int, lang: str) -> str:
    name = place_name(place, found.names, lang)
    return f"{name}  {customers:,}" if place in (NEW, LEFT) else f"{name}  {place}  {customers:,}"


def _alt(kind: str, found: "Migration", lang: str) -> str:
    values = {"both": found.both, "left": int(found.counts[LEFT].sum()), "new": int(found.counts.loc[NEW].sum())}
    alt = word(f"chart.migration_{kind}_alt", lang, **values)
    if found.both:
        alt += word("chart.migration_stayed_alt", lang, stayed=found.stayed_share, chance=found.chance_share)
    cells = found.cells
    moves = cells[cells["expected"].notna() & (cells["from_marks"] != cells["to_marks"])]
    largest = moves.loc[moves["customers"].idxmax()]
    if largest["customers"]:
        alt += word("chart.migration_largest_alt", lang, customers=int(largest["customers"]),
                    from_marks=largest["from_marks"], to_marks=largest["to_marks"])  # fmt: skip
    return alt


def _place(place: str, lang: str) -> str:
    return word(f"movement.{place}", lang) if place in (NEW, LEFT) else place
