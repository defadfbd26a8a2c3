"""Pictures of care: what falls due in which week, who waits how long, and staff beside each other."""

from typing import TYPE_CHECKING

from crmlab.show.picture import Picture, blank, nothing
from crmlab.show.table import code_word
from crmlab.show.theme import BLUE, GREY, INK, ORANGE
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.care import CareCalendar, Ranking

COLOURS = {"sms": BLUE, "email": "#56B4E9", "phone": ORANGE, "visit": "#CC79A7"}
STANDINGS = {"above": "#009E73", "no_difference": GREY, "below": "#D55E00"}
RULES = {"ageing": BLUE, "fifo": GREY, "strict": ORANGE}
WEEKS = 16


def care_weeks(found: "CareCalendar", lang: str = "zh") -> Picture:
    """Tasks by week: a panel for messages and one for what a person does, as their numbers differ widely.

    The first 16 weeks are drawn.
    """
    title = word("chart.care_weeks", lang)
    weeks = found.weeks(lang)
    if weeks.empty:
        return nothing(title, lang)
    table = weeks.pivot_table(index="week", columns="channel", values="tasks", aggfunc="sum", fill_value=0)
    table = table.reindex(_mondays(found), fill_value=0).head(WEEKS)
    figure, panels = blank(11, 3.9, columns=2)
    places = range(len(table))
    for axes, name, channels in zip(panels, ("message", "person"), (("sms", "email"), ("phone", "visit")), strict=True):
        bottom = 0 * table.sum(axis=1)
        for channel in (one for one in channels if one in table):
            label = word(f"care.channel.{channel}", lang)
            axes.bar(places, table[channel], 0.75, bottom=bottom, color=COLOURS[channel], label=label)
            bottom = bottom + table[channel]
        for place, height in zip(places, bottom, strict=True):
            axes.text(place, height, f" {height:,.0f}", ha="center", va="bottom", fontsize=11)
        step = -(-len(table) // 8)
        axes.set_xticks(places[::step], [f"{week:%m-%d}" for week in table.index[::step]])
        axes.set_ylim(0, 1.15 * max(bottom.max(), 1))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.grid(axis="x", visible=False)
        axes.set_title(word(f"chart.care_{name}", lang), fontsize=11)
        axes.set_xlabel(word("column.week", lang))
        axes.legend(frameon=False, loc="upper right")
    panels[0].set_ylabel(word("column.tasks", lang))
    figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    sums = table.sum(axis=1)
    alt = word("chart.care_weeks_alt", lang, weeks=len(table), tasks=int(sums.sum()),
               week=f"{sums.idxmax():%Y-%m-%d}", most=int(sums.max()))  # fmt: skip
    return Picture(figure, alt)


def _mondays(found: "CareCalendar") -> "pd.DatetimeIndex":
    import pandas as pd

    first, last = pd.Timestamp(found.on), pd.Timestamp(found.until)
    return pd.date_range(first - pd.Timedelta(days=first.day_of_week), last, freq="7D", unit="us")


def queue_waits(found: "pd.DataFrame", lang: str = "zh") -> Picture:
    """What `compare_queues` found: for each rule and tier the median wait, nine of ten, and the longest.

    The mark beside the rule with ageing is the bound that no wait can pass.
    """
    title = word("chart.queue", lang)
    if found.empty:
        return nothing(title, lang)
    tiers = list(found["value_tier"].drop_duplicates())
    figure, (axes,) = blank(9.5, 1.05 * len(tiers) + 1.8)
    offsets = {rule: 0.27 * (1 - number) for number, rule in enumerate(RULES)}
    for rule, rows in found.groupby("rule", sort=False):
        places = [len(tiers) - 1 - tiers.index(tier) + offsets[rule] for tier in rows["value_tier"]]
        axes.hlines(places, rows["median_wait"], rows["longest_wait"], color=RULES[rule], linewidth=3, alpha=0.5)
        axes.scatter(
            rows["median_wait"], places, s=46, color=RULES[rule], zorder=3, label=code_word("rule", rule, lang)
        )
        axes.scatter(rows["p90_wait"], places, s=110, marker="|", color=RULES[rule], linewidth=2.5, zorder=3)
        axes.scatter(
            rows["longest_wait"], places, s=46, facecolor="white", edgecolor=RULES[rule], linewidth=2, zorder=3
        )
        if rule == "ageing":
            axes.scatter(rows["bound"], places, marker="D", s=34, color=INK, zorder=3, label=word("column.bound", lang))
    axes.set_yticks(range(len(tiers)), [code_word("value_tier", tier, lang) for tier in reversed(tiers)])
    axes.set_ylim(-0.55, len(tiers) - 0.45)
    axes.set_xlim(left=-0.02 * axes.get_xlim()[1])
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(word("chart.queue_axis", lang))
    axes.set_title(title)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    told = found.loc[found.groupby("rule", sort=False)["longest_wait"].idxmax()]
    told = word("chart.queue_mark", lang).join(
        word("chart.queue_told", lang, rule=code_word("rule", row.rule, lang), minutes=row.longest_wait,
             tier=code_word("value_tier", row.value_tier, lang))
        for row in told.itertuples()
    )  # fmt: skip
    return Picture(figure, word("chart.queue_alt", lang, told=told))


def staff(found: "Ranking", lang: str = "zh") -> Picture:
    """Adjusted shares with their intervals beside the share of all, by group and within a group by code: there is no
    order in it. The ring is the share before the adjustment.
    """
    title = word("chart.staff", lang, measure=word(f"care.measure.{found.measure}", lang))
    rows = found.table[found.table["standing"].isin(list(STANDINGS))]
    if rows.empty:
        return nothing(title, lang)
    rows = rows.iloc[::-1].reset_index(drop=True)
    figure, (axes,) = blank(9.5, 0.5 * len(rows) + 2)
    axes.axvline(found.overall, color=INK, linewidth=1, linestyle="--", label=word("chart.staff_all", lang))
    shapes = dict(zip(STANDINGS, "^os", strict=True))
    for standing, own in rows.groupby("standing", sort=False):
        look = {"color": STANDINGS[standing], "zorder": 3}
        axes.hlines(own.index, own["adjusted_low_share"], own["adjusted_high_share"], linewidth=3, **look)
        label = code_word("standing", standing, lang)
        axes.scatter(own["adjusted_share"], own.index, s=70, marker=shapes[standing], label=label, **look)
    axes.scatter(rows["share"], rows.index, s=70, facecolor="none", edgecolor=INK, linewidth=1, zorder=4,
                 label=word("chart.staff_raw", lang))  # fmt: skip
    axes.set_yticks(
        rows.index, [word("chart.staff_agent", lang, agent=row.agent, n=row.records) for row in rows.itertuples()]
    )
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(word("chart.staff_axis", lang, level=found.level))
    axes.set_title(title)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return Picture(figure, word("chart.staff_alt", lang, told=found.describe(lang)))
