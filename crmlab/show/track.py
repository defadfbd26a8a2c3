"""Pictures of a campaign: its effect, its two arms, how many customers it needs, and who was in a chosen group."""

from typing import TYPE_CHECKING

from crmlab.show.charts import TICKS
from crmlab.show.picture import Picture, blank, minus, nothing
from crmlab.show.table import code_word
from crmlab.show.theme import BLUE, GREY, INK, ORANGE
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from crmlab.track import Campaign, Observed, Verdict

LIFTS = [points / 200 for points in range(3, 41)]
"""From 1.5 to 20 points."""


def campaign_effects(verdict: "Verdict", lang: str = "zh", *, planted: "pd.DataFrame | None" = None) -> Picture:
    """A row per stratum and one for all: treated minus held out in points, with its 95 % interval.

    The line at 0 is no effect, the dashed one the smallest worthwhile lift. `planted` is that of an `aftermath`, drawn
    as diamonds. A stratum too small to compare is not drawn.
    """
    table = verdict.table[verdict.table["extra_share"].notna()].iloc[::-1].reset_index(drop=True)
    title = word("chart.track_effects", lang)
    if table.empty:
        return nothing(title, lang)
    figure, (axes,) = blank(9, 0.5 * len(table) + 1.9)
    for place, row in table.iterrows():
        colour, width = (INK, 3) if row["stratum"] == "all" else (BLUE, 2)
        axes.plot([100 * row["extra_low_share"], 100 * row["extra_high_share"]], [place] * 2, color=colour, lw=width)
        axes.plot(100 * row["extra_share"], place, "o", color=colour, ms=width + 5)
    if planted is not None:
        truth = 100 * table["stratum"].map(planted.set_index("stratum")["planted_share"])
        axes.plot(truth, table.index - 0.24, "D", color=ORANGE, ms=7, mec=INK, label=word("chart.track_planted", lang))
    axes.axvline(0, color=INK, lw=1)
    axes.axvline(100 * verdict.campaign.worthwhile, color=GREY, lw=1.5, ls="--",
                 label=word("chart.track_worthwhile", lang))  # fmt: skip
    _rows(axes, table, lang)
    axes.set_xlabel(word("chart.track_points", lang))
    axes.set_title(title, pad=30)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=11.5)
    whole = verdict.share
    alt = word("chart.track_effects_alt", lang, strata=len(table) - 1, estimate=100 * whole.estimate,
               low=100 * whole.low, high=100 * whole.high, shown=len(verdict.shown))  # fmt: skip
    return Picture(figure, alt)


def campaign_arms(verdict: "Verdict", lang: str = "zh") -> Picture:
    """The share who bought, treated and held out side by side, each with its Wilson interval, a row per stratum."""
    from statsmodels.stats.proportion import proportion_confint

    table = verdict.table[verdict.table["extra_share"].notna()]
    table = table[table["stratum"] != "all"].iloc[::-1].reset_index(drop=True)
    title = word("chart.track_arms", lang)
    if table.empty:
        return nothing(title, lang)
    figure, (axes,) = blank(9, 0.62 * len(table) + 1.7)
    for arm, shift, colour, sign in (("treated", 0.16, BLUE, "o"), ("held_out", -0.16, ORANGE, "s")):
        share = table[f"{arm}_share"]
        low, high = proportion_confint((share * table[arm]).round(), table[arm], method="wilson")
        axes.errorbar(100 * share, table.index + shift, fmt=sign,
                      xerr=[100 * (share - low).clip(lower=0), 100 * (high - share).clip(lower=0)],
                      color=colour, ms=7, lw=2, label=word(f"track.arm.{arm}", lang))  # fmt: skip
    _rows(axes, table, lang)
    axes.set_xlim(left=-1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")
    axes.set_xlabel(word("chart.track_bought", lang))
    axes.set_title(title, pad=30)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=11.5)
    alt = word("chart.track_arms_alt", lang, strata=len(table), treated=verdict.share.treated,
               held_out=verdict.share.held_out)  # fmt: skip
    return Picture(figure, alt)


def sample_size_curve(campaign: "Campaign", base_rate: float, lang: str = "zh") -> Picture:
    """How many customers a campaign needs to show a lift, by the lift: with its own hold-out, and with half held out.

    The dotted line is how many it has. Power 80 %, 5 % two-sided (see `crmlab.track.needed`).
    """
    from matplotlib.ticker import NullLocator

    from crmlab.track.sample_size import needed

    lifts = [lift for lift in LIFTS if base_rate + lift <= 1]
    title = word("chart.track_needed", lang, rate=base_rate)
    if not lifts:
        return nothing(title, lang)
    figure, (axes,) = blank(8.5, 4.6)
    for holdout, (colour, style) in {0.5: (ORANGE, "--"), campaign.holdout: (BLUE, "-")}.items():
        counts = [needed(base_rate, lift, holdout=holdout)["customers"] for lift in lifts]
        axes.plot([100 * lift for lift in lifts], counts, color=colour, lw=2.5, ls=style,
                  label=word("chart.track_holdout", lang, share=holdout))  # fmt: skip
    axes.axhline(len(campaign.group), color=INK, lw=1.5, ls=":",
                 label=word("chart.track_has", lang, customers=len(campaign.group)))  # fmt: skip
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_yticks([tick for tick in TICKS if low <= tick <= high])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel(word("chart.track_lift", lang))
    axes.set_ylabel(word("chart.track_customers", lang))
    axes.set_title(title)
    axes.legend(frameon=False)
    own = campaign.needed(base_rate, min(campaign.worthwhile, lifts[-1]))
    alt = word("chart.track_needed_alt", lang, curves=len(axes.lines) - 1, rate=base_rate, has=len(campaign.group),
               needs=own["customers"], lift=100 * min(campaign.worthwhile, lifts[-1]))  # fmt: skip
    return Picture(figure, alt)


def peeking_curve(alarms: "pd.DataFrame", lang: str = "zh") -> Picture:
    """The share of campaigns without any effect that seem to have one, by how often one looks (`false_alarms`)."""
    from matplotlib.ticker import MaxNLocator

    figure, (axes,) = blank(8, 3.8)
    axes.plot(alarms["looks"], 100 * alarms["false_share"], "o-", color=BLUE, lw=2.5)
    axes.axhline(5, color=ORANGE, lw=2, ls="--", label=word("chart.track_promised", lang))
    axes.set_ylim(bottom=0)
    axes.set_xticks(alarms["looks"])
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")
    axes.set_xlabel(word("chart.track_looks", lang))
    axes.set_ylabel(word("column.false_share", lang))
    axes.set_title(word("chart.track_peeking", lang))
    axes.legend(frameon=False, loc="lower right")
    first, last = alarms.iloc[0], alarms.iloc[-1]
    alt = word("chart.track_peeking_alt", lang, one=first["false_share"], looks=int(last["looks"]),
               many=last["false_share"])  # fmt: skip
    return Picture(figure, alt)


def campaign_balance(observed: "Observed", lang: str = "zh") -> Picture:
    """How far apart the two groups were before the campaign: standardised differences, and the band of ±0.1."""
    table = observed.balance.iloc[::-1].reset_index(drop=True)
    figure, (axes,) = blank(8.5, 0.55 * len(table) + 1.7)
    axes.axvspan(-0.1, 0.1, color=GREY, alpha=0.4, lw=0, label=word("chart.track_even", lang))
    axes.axvline(0, color=INK, lw=1)
    axes.plot(table["standard_difference"], table.index, "o", color=BLUE, ms=9)
    for place, apart in table["standard_difference"].items():
        axes.text(apart, place + 0.2, minus(f"{apart:+.2f}"), ha="center", fontsize=11.5)
    axes.set_yticks(table.index, [code_word("characteristic", name, lang) for name in table["characteristic"]])
    axes.set_ylim(-0.5, len(table) - 0.3)
    edge = max(0.3, 1.2 * float(table["standard_difference"].abs().max()))
    axes.set_xlim(-edge, edge)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(word("chart.track_apart", lang))
    axes.set_title(word("chart.track_balance", lang, campaign=observed.campaign_id), pad=30)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False, fontsize=11.5)
    worst = table.loc[table["standard_difference"].abs().idxmax()]
    alt = word("chart.track_balance_alt", lang, of=len(table), apart=worst["standard_difference"],
               worst=code_word("characteristic", worst["characteristic"], lang),
               uneven=int((table["standard_difference"].abs() >= 0.1).sum()))  # fmt: skip
    return Picture(figure, alt)


def _rows(axes: "Axes", table: "pd.DataFrame", lang: str) -> None:
    """Strata as labels of the rows, with the customers of both arms."""
    labels = [
        f"{code_word('stratum', row.stratum, lang)}  {row.treated:,} / {row.held_out:,}" for row in table.itertuples()
    ]
    axes.set_yticks(table.index, labels)
    axes.set_ylim(-0.6, len(table) - 0.4)
    axes.grid(axis="y", visible=False)
