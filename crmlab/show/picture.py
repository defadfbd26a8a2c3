"""A picture that says in words what it shows, for readers who cannot see it."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.words import word

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A matplotlib figure with its alternative text; notebooks show the figure and keep the text beside it."""

    figure: "Figure"
    alt: str

    def png(self) -> bytes:
        stream = io.BytesIO()
        self.figure.savefig(stream, format="png", metadata={"Software": None})
        return stream.getvalue()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict, dict]:
        return {"image/png": self.png(), "text/plain": self.alt}, {"image/png": {"alt": self.alt}}

    def __repr__(self) -> str:
        return self.alt


def nothing(title: str, lang: str = "zh") -> Picture:
    """A picture that says that there are no data to draw, with the title of the picture that would stand here."""
    figure, (axes,) = blank(8, 1.6)
    axes.set_axis_off()
    axes.set_title(title)
    axes.text(0.5, 0.5, word("chart.nothing", lang), transform=axes.transAxes, ha="center", va="center", fontsize=12)
    return Picture(figure, word("chart.nothing_alt", lang, title=title))


def blank(width: float, height: float, columns: int = 1) -> tuple["Figure", list]:
    """An empty figure, with its axes as a list, that no global state keeps alive."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)
