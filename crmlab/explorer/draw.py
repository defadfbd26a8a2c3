"""The state of an explorer as HTML that stands still: bars, a map of recency and frequency, and the numbers."""

import base64
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from crmlab.explorer.answer import grid, shares
from crmlab.explorer.say import limits, title_of
from crmlab.money import format_money
from crmlab.show.table import heading
from crmlab.show.theme import BLUE, ORANGE, TYPE_COLOURS
from crmlab.words import word

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmlab.explorer.state import State

FONTS = "Noto Sans SC, Microsoft YaHei, PingFang SC, sans-serif"


@dataclass(frozen=True)
class Drawing:
    """A picture made of SVG elements, with its size and the words for those who cannot see it."""

    width: int
    height: int
    alt: str
    elements: list[str]

    def image(self) -> str:
        """As an image, which notebooks that are not trusted show as well."""
        drawn = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" font-family="{FONTS}" font-size="16"><rect width="100%" height="100%" '
            f'fill="white"/>{"".join(self.elements)}</svg>'
        )
        source = base64.b64encode(drawn.encode()).decode()
        return f'<img alt="{escape(self.alt)}" width="{self.width}" src="data:image/svg+xml;base64,{source}">'


def page(state: "State", lang: str, named: "Callable[[str], str]", chosen: dict | None) -> str:
    """Pictures and table of one state. `named` gives the name of a combination, `chosen` is a row of the state."""
    look = files("crmlab.explorer").joinpath("explorer.css").read_text(encoding="utf-8")
    drawn = _bars(state, lang, named).image() + _map(state, lang, chosen).image()
    return f'<style>{look}</style><div class="crmlab-explorer">{drawn}{_table(state, lang, named, chosen)}</div>'


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _bars(state: "State", lang: str, named: "Callable[[str], str]") -> Drawing:
    """Two bars per combination, customers above money, in the colour of the combination."""
    left, width, high = 225, 245, 42
    part = shares(state)
    full = max(0.4, *(share or 0 for pair in part.values() for share in pair))
    drawn = []
    for row, (name, (customers, money)) in enumerate(part.items()):
        top, colour = 30 + row * high, TYPE_COLOURS[name]
        drawn += [f'<text x="0" y="{top + 15}">{escape(name)}</text>', _label(0, top + 33, escape(named(name)))]
        for share, down, opacity in ((customers, 3, 1), (money, 20, 0.45)):
            long = max(share or 0, 0) / full * width
            drawn.append(
                f'<rect x="{left}" y="{top + down}" width="{long:.1f}" height="15" fill="{colour}" '
                f'stroke="{colour}" fill-opacity="{opacity}"/>'
                f'<text x="{left + long + 5:.1f}" y="{top + down + 13}" font-size="15">{_percent(share)}</text>'
            )
    key = [
        f'<rect x="{x}" y="7" width="13" height="13" fill="{BLUE}" stroke="{BLUE}" fill-opacity="{opacity}"/>'
        f'<text x="{x + 19}" y="19">{word(about, lang)}</text>'
        for x, about, opacity in ((left, "explorer.customers", 1), (left + 165, "explorer.money", 0.45))
    ]
    most = max(part, key=lambda name: part[name][0])
    rich = max(part, key=lambda name: part[name][1] or 0)
    alt = word("explorer.bars_alt", lang, most=most, customers=_percent(part[most][0]), rich=rich,
               money=_percent(part[rich][1]))  # fmt: skip
    return Drawing(540, 30 + high * len(part), alt, key + drawn)


def _map(state: "State", lang: str, chosen: dict | None) -> Drawing:
    """How many customers lie where: recency to the right, frequency upward, thresholds dashed, the chosen one a dot."""
    import numpy as np

    cells = grid(state)
    low, high, longest, bands, columns = (cells[name] for name in ("low", "high", "longest", "bands", "columns"))
    rows, held = len(bands) - 1, np.array(cells["held"]).reshape(-1, columns)
    left, top, wide, tall = 56, 30, 410, 272
    drawn = [
        f'<rect x="{left + x * wide / columns:.1f}" y="{top + (rows - 1 - y) * tall / rows:.1f}" '
        f'width="{wide / columns:.1f}" height="{tall / rows:.1f}" fill="{BLUE}" '
        f'opacity="{0.1 + 0.9 * (held[y, x] / held.max()) ** 0.5:.2f}"/>'
        for y, x in zip(*np.nonzero(held), strict=True)
    ]

    def to_right(days: float) -> float:
        return left + days / (longest + 1) * wide

    def to_top(orders: float) -> float:
        return top + tall - float(np.interp(orders, bands, range(rows + 1))) * tall / rows

    days, orders = state.limits["recency_days"], state.limits["frequency"]
    if days is not None and 0 <= days <= longest:
        x = to_right(days)
        drawn += [_dashed(x, x, top, top + tall), _label(x, top - 5, f"R↑ {days:,}", "middle")]
    if orders is not None and low <= orders <= high:
        y = to_top(orders)
        drawn += [_dashed(left, left + wide, y, y), _label(left + wide + 4, y + 5, f"F↑ {orders:,}")]
    if chosen:
        x, y = to_right(chosen["recency_days"] + 0.5), to_top(chosen["frequency"] + 0.5)
        look = f'r="7" fill="{ORANGE}" stroke="currentColor" stroke-width="2"'
        drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" {look}/>')
    frame = (
        f'<rect x="{left}" y="{top}" width="{wide}" height="{tall}" fill="none" stroke="currentColor" opacity="0.4"/>'
    )
    under = top + tall + 18
    axes = [
        _label(left, under, "0"),
        _label(left + wide, under, f"{longest:,}", "end"),
        _label(left - 6, top + tall, f"{low:,}", "end"),
        _label(left - 6, top + 13, f"{high:,}", "end"),
        f'<text x="{left + wide / 2}" y="{under + 18}" text-anchor="middle">{word("explorer.days", lang)}</text>',
        f'<text x="16" y="{top + tall / 2}" text-anchor="middle" transform="rotate(-90 16 {top + tall / 2})">'
        f"{word('explorer.orders', lang)}</text>",
    ]
    shown = limits(state, lang)
    alt = word("explorer.map_alt", lang, days=shown["recency_days"], orders=shown["frequency"])
    alt += word("explorer.map_dot", lang) if chosen else ""
    return Drawing(left + wide + 74, under + 28, alt, [*drawn, frame, *axes])


def _label(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="15">{text}</text>'


def _dashed(x1: float, x2: float, y1: float, y2: float) -> str:
    return (
        f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" stroke="currentColor" stroke-width="1.5" '
        f'stroke-dasharray="5 3"/>'
    )


def _table(state: "State", lang: str, named: "Callable[[str], str]", chosen: dict | None) -> str:
    names = ("marks", "name", "customers", "customer_share", "monetary", "monetary_share")
    head = "".join(f'<th scope="col">{escape(heading(name, lang))}</th>' for name in names)
    body, part = [], shares(state)
    for name, (customers, money) in state.counted.items():
        cells = (name, title_of(name, lang, named), f"{customers:,}", _percent(part[name][0]),
                 format_money(money, state.settings.currency, lang), _percent(part[name][1]))  # fmt: skip
        mark = ' class="chosen"' if chosen and chosen["marks"] == name else ""
        body.append(f"<tr{mark}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    rows = "".join(body)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
