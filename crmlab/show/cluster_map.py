"""Customers on a map as SVG, coloured and shaped by cluster: small enough that a page can hold many of them."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from crmlab.money import minor_units_in, money_unit
from crmlab.show.table import MONEY, heading
from crmlab.show.theme import TYPE_COLOURS
from crmlab.words import word

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import pandas as pd

POINTS = 400
LEFT, TOP, WIDE, TALL = 70, 12, 400, 270
EDGE = 0.005
"""The share of the customers with the lowest values who lie on the edge: one without spend would squeeze the rest."""
COLOURS = tuple(list(TYPE_COLOURS.values())[place] for place in (0, 4, 2, 3, 6, 1, 7, 5))
"""Neighbours in this order differ most."""
FILLED = ("m-4-4h8v8h-8z", "m0-6l5 6-5 6-5-6z", "m0-5l5 9h-10z", "m0 5l5-9h-10z", "m5-5v10l-9-5z", "m-5-5v10l9-5z")
STROKED = {"h0": 9, "m-5 0h10m-5-5v10": 3}
"""Shapes that are lines, and how thick they are: a line without length and with round ends is a dot."""
SHAPES = ("h0", *FILLED[:4], "m-5 0h10m-5-5v10", *FILLED[4:])
STEPS = (0, *(step * 10**power for power in range(9) for step in (1, 2, 5)))
FEW = 6
"""Numbers on an axis, at the most."""


@dataclass(frozen=True)
class ClusterMap:
    """Two columns of a frame, one to the right and one upward, on log(1 + x), as k-means sees them.

    Of more than 400 customers these are 400, drawn with a fixed seed. The lowest half per cent of the
    values lie on the edge.
    """

    frame: "pd.DataFrame"
    across: str
    upward: str
    lang: str
    currency: str

    def opening(self) -> str:
        """The start of the drawing with its axes; `clusters` and `</svg>` follow."""
        alt = word("clusters.map_alt", self.lang, shown=min(POINTS, len(self.frame)), of=len(self.frame),
                   x=heading(self.across, self.lang), y=heading(self.upward, self.lang))  # fmt: skip
        size = f'viewBox="0 0 {LEFT + WIDE + 20} {TOP + TALL + 52}"'
        frame = f'<path d="M{LEFT} {TOP}h{WIDE}v{TALL}h-{WIDE}z" fill="none" stroke="currentColor" opacity=".4"/>'
        middle, beside = LEFT + WIDE / 2, TOP + TALL / 2
        named = (
            f'<text x="{middle:.0f}" y="{TOP + TALL + 44}" text-anchor="middle">{self._named(self.across)}</text>'
            f'<text x="14" y="{beside:.0f}" text-anchor="middle" transform="rotate(-90 14 {beside:.0f})">'
            f"{self._named(self.upward)}</text>"
        )
        return f'<svg {size} role="img" aria-label="{escape(alt)}">{frame}{"".join(self._ticks())}{named}'

    def clusters(self, labels: "pd.Series") -> str:
        """The customers and, at the medians of each cluster, its number in a circle that grows with its share.

        `labels` are the clusters of the frame's rows, from 1.
        """
        x, y = self._right(self.frame[self.across]), self._up(self.frame[self.upward])
        drawn = self.frame.sample(min(POINTS, len(self.frame)), random_state=0).index
        points, names = [], []
        for number in sorted(labels.unique()):
            own = labels.index[labels == number]
            spots = dict.fromkeys(zip(x[own.intersection(drawn)], y[own.intersection(drawn)], strict=True))
            points.append(_shapes(number, spots))
            places = (int(one[own].quantile(0.5, interpolation="lower")) for one in (x, y))
            names.append(_number(number, *places, share=len(own) / len(labels)))
        return "".join(points + names)

    def _named(self, name: str) -> str:
        unit = money_unit(self.currency, self.lang)
        told = word("clusters.axis", self.lang, name=heading(name, self.lang), unit=unit)
        return escape(told if name in MONEY else heading(name, self.lang))

    def _right(self, values: "pd.Series") -> "pd.Series":
        return (LEFT + 10 + self._part(self.across, values) * (WIDE - 20)).round().astype("int64")

    def _up(self, values: "pd.Series") -> "pd.Series":
        return (TOP + TALL - 10 - self._part(self.upward, values) * (TALL - 20)).round().astype("int64")

    def _part(self, name: str, values: "pd.Series") -> "pd.Series":
        """Where values lie between the least and the greatest, 0 to 1."""
        low, high = self._ends(name)
        return ((_scaled(values) - low) / ((high - low) or 1)).clip(lower=0)

    def _ends(self, name: str) -> tuple[float, float]:
        scaled = _scaled(self.frame[name])
        return float(scaled.quantile(EDGE, interpolation="lower")), float(scaled.max())

    def _ticks(self) -> list[str]:
        """Round numbers along both axes, in whole units of money."""
        import numpy as np
        import pandas as pd

        told = []
        for name in (self.across, self.upward):
            unit = minor_units_in(self.currency) if name in MONEY else 1
            low, high = np.expm1(self._ends(name)) / unit
            steps = [step for step in STEPS if low <= step <= high]
            shown = pd.Series(steps[:: -(-len(steps) // FEW)] if steps else [], dtype="int64")
            if name == self.across:
                told += [f'<text x="{x}" y="{TOP + TALL + 20}" text-anchor="middle">{step:,}</text>'
                         for x, step in zip(self._right(shown * unit), shown, strict=True)]  # fmt: skip
            else:
                told += [f'<text x="{LEFT - 6}" y="{y + 5}" text-anchor="end">{step:,}</text>'
                         for y, step in zip(self._up(shown * unit), shown, strict=True)]  # fmt: skip
        return told


def swatch(number: int) -> str:
    """The colour and the shape of a cluster, for a table that serves as the key of the map."""
    return f'<svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">{_shapes(number, [(7, 7)])}</svg>'


def _shapes(number: int, spots: "Iterable[tuple[int, int]]") -> str:
    """One path with the shape of a cluster at each spot, in its colour."""
    colour, shape = COLOURS[(number - 1) % len(COLOURS)], SHAPES[(number - 1) % len(SHAPES)]
    look = f'fill="{colour}"'
    if thick := STROKED.get(shape):
        look = f'fill="none" stroke="{colour}" stroke-width="{thick}" stroke-linecap="round"'
    return f'<path opacity=".6" {look} d="{"".join(f"M{x} {y}{shape}" for x, y in spots)}"/>'


def _scaled(values: "pd.Series | np.ndarray") -> "pd.Series":
    import numpy as np

    return np.log1p(values.clip(lower=0).astype("float64"))


def _number(number: int, x: int, y: int, share: float) -> str:
    radius = round(10 + 14 * share**0.5)
    return (
        f'<circle cx="{x}" cy="{y}" r="{radius}" fill="#fff" fill-opacity=".85" '
        f'stroke="{COLOURS[(number - 1) % len(COLOURS)]}" stroke-width="3"/><text x="{x}" y="{y + 5}" '
        f'text-anchor="middle" style="fill:#2B2F36;font-weight:bold">{number}</text>'
    )
