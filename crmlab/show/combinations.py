"""Pictures of the eight combinations: areas of customers and money, and where R and F put them."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from textwrap import fill
from typing import TYPE_CHECKING

from crmlab.money import format_money, minor_units_in, money_unit
from crmlab.rfm.marks import UP, cut_points
from crmlab.show.picture import Picture, blank, readable_cells, readable_on
from crmlab.show.table import heading
from crmlab.show.theme import ORANGE, TYPE_COLOURS
from crmlab.words import word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from crmlab.rfm import RFM
    from crmlab.rfm.marks import Threshold

SIDE, HEIGHT = 100, 86
"""The sides of a treemap, in units of its own."""
LISTED = 2
"""How many numbered boxes stand in a line beneath a treemap."""
NAME_WIDTHS = (40, 18, 12)
"""Letters in a line of a name, as tried one after the other."""
BANDS = 3
"""Bands on each side of a threshold."""


def treemap(result: "RFM", lang: str = "zh") -> Picture:
    """Areas of the eight combinations: of the customers on the left, of the money on the right.

    A box that is too small for its words has a number, and the words stand beneath. A combination whose money is not
    above 0 has no box on the right; the alternative text says so.
    """
    summary = result.summary(lang)
    figure, axes = blank(11, 5.2, columns=2)
    boxes = []
    for one, column in zip(axes, ("customers", "monetary"), strict=True):
        shown = summary[summary[column] > 0].sort_values([column, "marks"], ascending=[False, True])
        one.set(xlim=(0, SIDE), ylim=(0, HEIGHT), xticks=[], yticks=[], aspect="equal")
        one.spines[["left", "bottom"]].set_visible(False)
        one.grid(visible=False)
        one.set_title(word(f"types.map_{column}", lang))
        boxes += _boxes(one, shown, column)
    figure.draw_without_rendering()
    numbers: dict[str, int] = {}
    for axes_, box, row in boxes:
        _label(axes_, box, row, numbers)
    rows = {row["marks"]: row for row in summary.to_dict("records")}
    beneath = [_beneath(number, rows[marks], lang) for marks, number in numbers.items()]
    lost = summary.loc[(summary["monetary"] <= 0) & (summary["customers"] > 0), "marks"].tolist()
    beneath += [word("types.map_lost", lang, marks=" ".join(lost))] if lost else []
    lines = ["    ".join(beneath[start : start + LISTED]) for start in range(0, len(beneath), LISTED)]
    figure.supxlabel("\n".join(lines), fontsize=10, x=0.02, ha="left")
    return Picture(figure, _treemap_alt(summary, lost, lang))


def _beneath(number: int, row: dict, lang: str) -> str:
    customers, money = percent(row["customer_share"]), percent(row["monetary_share"])
    return word("types.map_small", lang, number=number, marks=row["marks"], name=row["name"], customers=customers,
                money=money)  # fmt: skip


def _boxes(axes: "Axes", shown: "pd.DataFrame", column: str) -> list[tuple]:
    """Draw the boxes; each comes back with its axes and what is to be written in it."""
    import squarify
    from matplotlib.patches import Rectangle

    sizes = squarify.normalize_sizes(shown[column].tolist(), SIDE, HEIGHT)
    share = {"customers": "customer_share", "monetary": "monetary_share"}[column]
    boxes = []
    for row, box in zip(shown.to_dict("records"), squarify.squarify(sizes, 0, 0, SIDE, HEIGHT), strict=True):
        colour = TYPE_COLOURS[row["marks"]]
        axes.add_patch(
            Rectangle((box["x"], box["y"]), box["dx"], box["dy"], facecolor=colour, edgecolor="white", linewidth=2)
        )
        boxes.append((axes, box, row | {"share": row[share]}))
    return boxes


def _label(axes: "Axes", box: dict, row: dict, numbers: dict[str, int]) -> None:
    """As many words as fit into the box, or else a number that `numbers` keeps."""
    marks, share = row["marks"], percent(row["share"])
    names = [fill(row["name"], width, break_long_words=False) for width in NAME_WIDTHS]
    text = axes.text(box["x"] + box["dx"] / 2, box["y"] + box["dy"] / 2, "", ha="center", va="center", fontsize=11,
                     linespacing=1.3, color=readable_on(TYPE_COLOURS[marks]))  # fmt: skip
    for words in (*(f"{marks}\n{name}\n{share}" for name in names), f"{marks}\n{share}"):
        text.set_text(words)
        if _fits(text, axes, box):
            return
    text.set_text(str(numbers.setdefault(marks, len(numbers) + 1)))
    if not _fits(text, axes, box):
        text.set_fontsize(7)


def _fits(text: "Text", axes: "Axes", box: dict) -> bool:
    written = text.get_window_extent().transformed(axes.transData.inverted())
    return written.width < box["dx"] - 1 and written.height < box["dy"] - 1


def percent(share: float) -> str:
    """A share for people; a dash where there is none because there is no money."""
    return "–" if share != share else f"{share:.1%}"


def _treemap_alt(summary: "pd.DataFrame", lost: list[str], lang: str) -> str:
    comma = word("list.comma", lang)
    told = [
        word(f"types.map_{column}_alt", lang, listed=comma.join(
            f"{row.marks} {percent(getattr(row, share))}"
            for row in summary.sort_values(column, ascending=False, kind="stable").itertuples() if row.customers
        ))
        for column, share in (("customers", "customer_share"), ("monetary", "monetary_share"))
    ]  # fmt: skip
    told += [word("types.map_lost", lang, marks=comma.join(lost))] if lost else []
    return word("list.semicolon", lang).join(told)


def recency_frequency_heat(result: "RFM", lang: str = "zh") -> Picture:
    """A grid of recency by frequency: customers and money in each cell, darker for more customers.

    The bands come from the data: on each side of a threshold thirds of the customers there, equal values together. The
    thresholds are the dashed lines, and the first band of ↑ begins at the value from which ↑ is given (with scores, at
    the smallest value that has it).
    """
    import numpy as np
    import seaborn as sns

    table = result.customers
    limits = result.thresholds
    across = _bands(table["recency_days"].to_numpy(), (table["r_mark"] == UP).to_numpy(), limits["recency_days"])
    upward = _bands(table["frequency"].to_numpy(), (table["f_mark"] == UP).to_numpy(), limits["frequency"])
    shape = len(upward.names), len(across.names)
    place = upward.place * shape[1] + across.place
    customers = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    money = np.zeros(customers.size, dtype="int64")
    np.add.at(money, place, table["monetary"].to_numpy())
    money = money.reshape(shape)
    scale = minor_units_in(result.settings.currency)
    cells = zip(customers.flat, money.flat, strict=True)
    words = [f"{count:,}\n{round(spent / scale):,}" if count else "" for count, spent in cells]
    figure, (axes,) = blank(max(6.5, 1.25 * shape[1] + 2.2), 0.75 * shape[0] + 1.7)
    sns.heatmap(
        customers, annot=np.reshape(words, shape), fmt="", cmap="Blues", vmin=0, cbar=False, linewidths=1, ax=axes,
        xticklabels=across.names, yticklabels=upward.names, annot_kws={"fontsize": 12, "linespacing": 1.35},
    )  # fmt: skip
    readable_cells(axes)
    axes.invert_yaxis()
    axes.tick_params(rotation=0)
    axes.set_xlabel(heading("recency_days", lang) + word("chart.recent_left", lang))
    axes.set_ylabel(heading("frequency", lang))
    axes.set_title(word("types.heat", lang, unit=money_unit(result.settings.currency, lang)), pad=24)
    line = {"color": ORANGE, "linewidth": 2.5, "linestyle": "--", "clip_on": False}
    if across.edge is not None:
        axes.axvline(across.edge, **line)
        axes.text(across.edge, shape[0] + 0.06, "R↑ →", ha="left", va="bottom")
    if upward.edge is not None:
        axes.axhline(upward.edge, **line)
        axes.text(shape[1] + 0.06, upward.edge, "F↑", ha="left", va="bottom")
    return Picture(figure, _heat_alt(customers, money, across.names, upward.names, result, lang))


@dataclass(frozen=True)
class _Bands:
    """Bands of an indicator: their names, the band of each customer, and before which band ↑ begins."""

    names: list[str]
    place: "np.ndarray"
    edge: int | None


def _bands(values: "np.ndarray", up: "np.ndarray", limit: "Threshold") -> _Bands:
    import numpy as np

    starts, begin = {int(values.min())}, None
    if up.any():
        begin = int(values[up].min()) if limit.cuts else max(limit.at_least, int(values.min()))
        starts.add(begin)
    for side in (values[~up], values[up]):
        if len(side):
            cuts = cut_points(side, [Fraction(k, BANDS) for k in range(1, BANDS)])
            starts |= {floor(cut) + 1 for cut in cuts if floor(cut) < side.max()}
    first = sorted(starts)
    last = [start - 1 for start in first[1:]] + [int(values.max())]
    names = [f"{low:,}" if low == high else f"{low:,}–{high:,}" for low, high in zip(first, last, strict=True)]
    edge = None if begin is None else first.index(begin)
    return _Bands(names, np.searchsorted(first, values, side="right") - 1, edge)


def _heat_alt(
    customers: "np.ndarray", money: "np.ndarray", across: list[str], upward: list[str], result: "RFM", lang: str
) -> str:
    values = {}
    for name, cells in (("most", customers), ("rich", money)):
        row, column = divmod(int(cells.argmax()), len(across))
        values |= {f"{name}_days": across[column], f"{name}_orders": upward[row]}
    spent = format_money(int(money.max()), result.settings.currency, lang)
    return word("types.heat_alt", lang, customers=int(customers.max()), spent=spent, **values)
