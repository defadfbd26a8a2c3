"""Pictures of loyalty: the points of one customer over time, and what coupons may cost."""

from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError
from crmlab.money import format_money, minor_units_in, money_unit
from crmlab.show.picture import Picture, blank, minus
from crmlab.show.theme import BLUE, GREY, INK, ORANGE
from crmlab.words import word

if TYPE_CHECKING:
    from crmlab.loyalty import Coupons, Ledger

LOOKS = {"earn": ("^", BLUE), "spend": ("v", ORANGE), "expire": ("X", INK), "reverse": ("s", "#CC79A7")}
"""Marker and colour of each kind of entry."""


def points_balance(ledger: "Ledger", customer: Any, lang: str = "zh") -> Picture:
    """The balance of one customer over time, up to the ledger's clock, with a mark for every entry.

    Raises DataError for a customer who is not in the ledger.
    """
    import pandas as pd
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    log = ledger.frame()
    own = log[log[ledger.customer_column] == customer]
    if own.empty:
        raise DataError("loyalty_no_customer", column=ledger.customer_column)
    end = pd.Timestamp(ledger.until)
    figure, (axes,) = blank(9, 4.2)
    days, balances = [*own["on"], end], [*own["balance"], own["balance"].iloc[-1]]
    axes.step(days, balances, where="post", color=BLUE, linewidth=2, zorder=2)
    axes.fill_between(days, balances, step="post", color=BLUE, alpha=0.08, linewidth=0)
    for kind, (marker, colour) in LOOKS.items():
        found = own[own["kind"] == kind]
        if len(found):
            axes.scatter(found["on"], found["balance"], marker=marker, color=colour, s=60, zorder=3, edgecolor="white",
                         label=minus(word("chart.loyalty_points_kind", lang, kind=word(f"loyalty.kind.{kind}", lang),
                                          points=int(found["points"].sum()))))  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    locator = AutoDateLocator(maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, formats=["%Y", "%Y-%m", "%m-%d", "", "", ""],
                                                        zero_formats=["", "%Y", "%Y-%m", "", "", ""],
                                                        offset_formats=[""] * 6))  # fmt: skip
    axes.set_title(word("chart.loyalty_points", lang))
    axes.set_ylabel(word("chart.loyalty_points_axis", lang))
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    sums = own.groupby("kind")["points"].sum()
    told = word("list.comma", lang).join(
        word("chart.loyalty_points_kind", lang, kind=word(f"loyalty.kind.{kind}", lang), points=int(sums[kind]))
        for kind in LOOKS if kind in sums
    )  # fmt: skip
    alt = word("chart.loyalty_points_alt", lang, first=own["on"].iloc[0].date(), last=ledger.until, told=told,
               highest=int(own["balance"].max()), balance=int(own["balance"].iloc[-1]))  # fmt: skip
    return Picture(figure, alt)


def coupon_budget(coupons: "Coupons", lang: str = "zh") -> Picture:
    """The budget of a campaign beside what its coupons cost at most and what they have cost so far."""
    currency, scale = coupons.campaign.currency, minor_units_in(coupons.campaign.currency)
    sums = {"cost": coupons.cost, "most": coupons.at_most, "budget": coupons.campaign.budget}
    figure, (axes,) = blank(9, 2.6)
    names = [word(f"chart.loyalty_coupons_{name}", lang) for name in sums]
    bars = axes.barh(names, [value / scale for value in sums.values()], color=[ORANGE, BLUE, GREY], height=0.6)
    axes.bar_label(bars, [format_money(value, currency, lang) for value in sums.values()], padding=5)
    axes.set_xlim(0, 1.18 * max(1, *sums.values()) / scale)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(money_unit(currency, lang))
    axes.set_title(word("chart.loyalty_coupons", lang))
    told = {name: format_money(value, currency, lang) for name, value in sums.items()}
    return Picture(figure, word("chart.loyalty_coupons_alt", lang, **told))
