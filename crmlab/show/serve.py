"""Pictures of the plan: what each service takes and who waits for it, and which value tier gets what."""

import textwrap
from typing import TYPE_CHECKING

from crmlab.money import format_money, minor_units_in, money_unit
from crmlab.show.picture import Picture, blank, nothing, readable_cells
from crmlab.show.table import code_word, heading
from crmlab.show.theme import BLUE, INK, ORANGE
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.serve import Plan

MOST = 14
"""How many services a picture shows."""
WIDTH = {"zh": 18, "en": 38}
"""Characters in a line of a label."""


def service_load(plan: "Plan", lang: str = "zh") -> Picture:
    """Two bars per service: how many customers get it (blue) and wait for it (orange), and what it costs.

    A black line is the capacity. The services that cost most are shown, 14 at the most; the title counts them.
    """
    budget = _personal(plan)
    title = word("chart.service_load", lang)
    if budget.empty:
        return nothing(title, lang)
    shown = budget.sort_values(["cost", "planned"], ascending=False).head(MOST).iloc[::-1].reset_index(drop=True)
    figure, (left, right) = blank(11, 0.5 * len(shown) + 1.8, 2)
    left.barh(shown.index, shown["planned"], color=BLUE, label=heading("planned", lang))
    left.barh(shown.index, shown["waiting"], left=shown["planned"], color=ORANGE, label=heading("waiting", lang))
    ends = shown["planned"] + shown["waiting"]
    hidden = (shown["capacity"] >= ends) & (shown["capacity"] < ends + 0.14 * ends.max())
    for row, end in zip(shown.itertuples(), ends.mask(hidden.fillna(False), shown["capacity"]), strict=True):
        told = f"{row.planned:,}" + (f" + {row.waiting:,}" if row.waiting else "")
        left.annotate(told, (end, row.Index), (5, 0), textcoords="offset points", va="center", fontsize=10)
    for place, capacity in shown["capacity"].dropna().items():
        label = heading("capacity", lang) if place == shown["capacity"].dropna().index[0] else None
        left.plot([capacity, capacity], [place - 0.45, place + 0.45], color=INK, linewidth=2.5, label=label)
    left.set_yticks(shown.index, [_wrapped(name, lang) for name in shown["service"]], fontsize=10)
    left.set_xlabel(heading("customers", lang))
    left.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, borderaxespad=0.2, fontsize=10)
    cost = shown["cost"] / minor_units_in(plan.catalogue.currency)
    right.bar_label(right.barh(shown.index, cost, color=BLUE), [f"{one:,.0f}" for one in cost], padding=4, fontsize=10)
    right.set_yticks(shown.index, [])
    right.set_xlabel(word("chart.service_cost", lang, unit=money_unit(plan.catalogue.currency, lang)))
    for axes in (left, right):
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.margins(x=0.16, y=0.02)
        axes.grid(axis="y", visible=False)
    figure.suptitle(
        word("chart.service_load_of", lang, title=title, shown=len(shown), of=len(budget)), x=0.01, ha="left"
    )
    most, longest = shown.iloc[-1], budget.loc[budget["waiting"].idxmax()]
    alt = word("chart.service_load_alt", lang, service=most["service"], waits=longest["service"],
               cost=format_money(int(most["cost"]), plan.catalogue.currency, lang), waiting=int(longest["waiting"]),
               all=format_money(int(budget["cost"].sum()), plan.catalogue.currency, lang))  # fmt: skip
    return Picture(figure, alt)


def services_by_tier(plan: "Plan", lang: str = "zh") -> Picture:
    """A grid of customers: a row per service, a column per value tier. The services with limited places, and of the
    others those that most customers get, 14 at the most; customers without a known tier stand under unknown."""
    import seaborn as sns

    budget = _personal(plan)
    title = word("chart.services_by_tier", lang)
    if budget.empty:
        return nothing(title, lang)
    limited = budget["capacity"].notna()
    shown = budget.assign(limited=limited).sort_values(["limited", "planned"], ascending=False).head(MOST)
    names = shown.sort_values("planned", ascending=False)["service"]
    counts = plan.by_tier().loc[names, ["high", "mid", "low", "unknown"]]
    counts = counts.loc[:, counts.any()]
    figure, (axes,) = blank(1.3 * len(counts.columns) + 5.2, 0.54 * len(counts) + 1.6)
    sns.heatmap(counts, annot=True, fmt=",.0f", cmap="Blues", cbar=False, linewidths=1, ax=axes)
    readable_cells(axes)
    axes.set_yticks(axes.get_yticks(), [_wrapped(name, lang) for name in counts.index], rotation=0, fontsize=12)
    levels = [code_word("value_tier", name, lang) for name in counts.columns]
    levels = [heading(name, lang) if name == "unknown" else said for name, said in zip(counts, levels, strict=True)]
    axes.set_xticks(axes.get_xticks(), levels, rotation=0)
    axes.set_xlabel(heading("value_tier", lang))
    axes.set_ylabel("")
    figure.suptitle(
        word("chart.service_load_of", lang, title=title, shown=len(counts), of=len(budget)), x=0.01, ha="left"
    )
    row, column = counts.stack().idxmax()
    alt = word("chart.services_by_tier_alt", lang, service=row, tier=levels[list(counts).index(column)],
               customers=int(counts.loc[row, column]))  # fmt: skip
    return Picture(figure, alt)


def _personal(plan: "Plan") -> "pd.DataFrame":
    """The budget of services that depend on who the customer is, where somebody gets or wants them."""
    budget = plan.budget()
    personal = [one.personal for one in plan.allotment.services]
    own = budget[personal]
    return own[own["planned"] + own["waiting"] > 0]


def _wrapped(name: str, lang: str) -> str:
    return "\n".join(textwrap.wrap(name, WIDTH[lang]))
