"""Pictures of predictions: are the probabilities right, the types beside them, and the check of lifetime values."""

from typing import TYPE_CHECKING

from crmlab.show.picture import Picture, blank, nothing
from crmlab.show.theme import BLUE, GREY, ORANGE
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from crmlab.forecast import LifetimeValue, ReturnModel

MARK = {"zh": "；", "en": "; "}


def calibration(model: "ReturnModel", lang: str = "zh") -> Picture:
    """Predicted probability against the share who bought, one point per tenth of the scale with its interval."""
    from crmlab.forecast.measures import BINS

    table = model.calibration
    counted = table.set_index("bin")["customers"].reindex(BINS, fill_value=0)
    figure, (axes,) = blank(9.5, 5.2)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=2, label=word("chart.calibration_line", lang))
    axes.errorbar(table["predicted_share"], table["observed_share"], _reach(table, "observed_share", "_share"), fmt="o",
                  color=BLUE, markersize=8, label=word("chart.observed_interval", lang))  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.01, 1.02)
    axes.set_xticks([0.05 + place / 10 for place in range(len(BINS))],
                    [f"{name}\n({customers:,})" for name, customers in counted.items()])  # fmt: skip
    axes.grid(axis="x", visible=False)
    axes.yaxis.set_major_formatter(_percent)
    axes.set_xlabel(word("chart.calibration_x", lang))
    axes.set_ylabel(word("chart.calibration_y", lang))
    axes.set_title(word("chart.calibration", lang, customers=len(model.tested)))
    _legend_below(axes, 0.9 / figure.get_figheight())
    inside = (table["low_share"] <= table["predicted_share"]) & (table["predicted_share"] <= table["high_share"])
    most = table.loc[table["customers"].idxmax()]
    alt = word(
        "chart.calibration_alt", lang, horizon=model.horizon, bins=len(table), inside=int(inside.sum()),
        bin=most["bin"], customers=most["customers"], predicted=most["predicted_share"],
        observed=most["observed_share"],
    )  # fmt: skip
    return Picture(figure, alt)


def return_by_type(model: "ReturnModel", lang: str = "zh") -> Picture:
    """The eight combinations: predicted share of customers who come back, beside the observed one with its interval."""
    table = model.against_types()
    table = table[table["customers"] > 0].iloc[::-1]
    names = [
        word("chart.by_type_n", lang, name=f"{marks} {model.result.type_name(marks, lang)}", customers=customers)
        for marks, customers in zip(table["marks"], table["customers"], strict=True)
    ]
    figure, (axes,) = blank(9, 0.5 * len(table) + 1.8)
    places = range(len(table))
    axes.errorbar(table["observed_share"], places, xerr=_reach(table, "observed_share", "_share"), fmt="o", color=BLUE,
                  markersize=8, label=word("chart.observed_interval", lang))  # fmt: skip
    axes.plot(table["predicted_share"], places, "D", color=ORANGE, markersize=8, label=word("column.predicted", lang))
    axes.set_yticks(places, names)
    axes.set_ylim(-0.6, len(table) - 0.4)
    axes.set_xlim(left=-0.01)
    axes.xaxis.set_major_formatter(_percent)
    axes.set_xlabel(word("chart.by_type_x", lang))
    axes.set_title(word("chart.by_type", lang, horizon=model.horizon))
    _legend_below(axes, 0.75 / figure.get_figheight())
    told = [
        word("chart.by_type_told", lang, marks=row.marks, predicted=row.predicted_share, observed=row.observed_share)
        for row in table.iloc[::-1].itertuples()
    ]
    return Picture(figure, word("chart.by_type_alt", lang, told=MARK[lang].join(told)))


def value_holdout(value: "LifetimeValue", lang: str = "zh") -> Picture:
    """Mean purchases by number of earlier ones: predicted, observed with its interval, and at the own past rate."""
    ahead = (value.result.settings.as_of - value.checked_from).days
    title = word("chart.holdout", lang, day=value.checked_from, ahead=ahead)
    if value.check.empty:
        return nothing(title, lang)
    table = value.holdout()
    figure, (axes,) = blank(8.5, 4.8)
    places = range(len(table))
    axes.plot(places, table["own_rate"], "s--", color=GREY, label=word("column.own_rate", lang))
    axes.errorbar(places, table["observed"], _reach(table, "observed", ""), fmt="o", color=BLUE, markersize=8,
                  label=word("chart.observed_interval", lang))  # fmt: skip
    axes.plot(places, table["predicted"], "D-", color=ORANGE, label=word("forecast_model.bg_nbd", lang))
    axes.set_xticks(places, [f"{row.earlier}\n({row.customers:,})" for row in table.itertuples()])
    axes.set_ylim(bottom=0)
    axes.set_xlabel(word("chart.holdout_x", lang))
    axes.set_ylabel(word("chart.holdout_y", lang))
    axes.set_title(title)
    axes.legend(loc="upper left", frameon=False)
    told = [
        word("chart.holdout_told", lang, earlier=row.earlier, predicted=row.predicted, observed=row.observed)
        for row in table.itertuples()
    ]
    return Picture(figure, word("chart.holdout_alt", lang, told=MARK[lang].join(told)))


def _legend_below(axes: "Axes", below: float) -> None:
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -below), ncols=2, frameon=False)


def _reach(table: "pd.DataFrame", middle: str, ending: str) -> list:
    """How far the interval reaches below and above the middle."""
    low, high = table[f"low{ending}"], table[f"high{ending}"]
    return [(table[middle] - low).clip(lower=0), (high - table[middle]).clip(lower=0)]


def _percent(value: float, _: object) -> str:
    return f"{value:.0%}"
