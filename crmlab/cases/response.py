"""What an answer costs, by group, and how many of the answers would have come anyway."""

from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95


def response_costs(contacts: "pd.DataFrame", *, group: str = "value_tier") -> "pd.DataFrame":
    """Cost per response and per extra response, by group, beside the customers who were held out.

    `contacts` has one row per customer: `group`; held_out (whether the customer was left alone on purpose); responded
    (also known of those held out: they bought, or they did not); cost (minor units, 0 for those held out).

    Returns a row per group: contacted, responded, cost, response_share with Wilson interval (response_low_share,
    response_high_share), held_out, held_out_share (of them responded), extra_share (the difference) with Newcombe
    interval, cost_per_response, and cost_per_extra: cost over the responses beyond those that the held-out rate gives.
    It is blank while the interval of the difference reaches 0: too little is known then. Costs are whole minor
    units, half up. Sources: Wilson 1927; Newcombe 1998. Raises DataError for a missing column, for no rows,
    for rows with a blank, and for held-out customers with a cost.

    >>> import pandas as pd
    >>> sent = pd.DataFrame({"value_tier": ["high"] * 100, "held_out": False, "responded": [True] * 30 + [False] * 70})
    >>> kept = pd.DataFrame({"value_tier": ["high"] * 100, "held_out": True, "responded": [True] * 10 + [False] * 90})
    >>> contacts = pd.concat([sent.assign(cost=50), kept.assign(cost=0)])
    >>> response_costs(contacts)[["responded", "cost", "cost_per_response", "cost_per_extra"]].values.tolist()
    [[30, 5000, 167, 250]]
    """
    import pandas as pd

    if contacts.empty:
        raise DataError("case_contacts_none")
    needed = (group, "held_out", "responded", "cost")
    if missing := [column for column in needed if column not in contacts]:
        raise DataError("case_contacts", columns=", ".join(missing))
    if blank := int(contacts[list(needed)].isna().any(axis="columns").sum()):
        raise DataError("case_contacts_blank", count=blank)
    contacts = contacts.astype({"held_out": "bool", "responded": "bool"})
    if spent := int((contacts["held_out"] & (contacts["cost"] != 0)).sum()):
        raise DataError("case_held_out_cost", count=spent)
    table = pd.DataFrame({group: name, **_row(rows)} for name, rows in contacts.groupby(group, sort=True))
    return table.astype(dict.fromkeys(("cost_per_response", "cost_per_extra"), "Int64"))


def _row(contacts: "pd.DataFrame") -> dict[str, Any]:
    import pandas as pd
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    sent, kept = contacts[~contacts["held_out"]], contacts[contacts["held_out"]]
    contacted, responded, cost = len(sent), int(sent["responded"].sum()), int(sent["cost"].sum())
    held_out, anyway = len(kept), int(kept["responded"].sum())
    row = dict.fromkeys(COLUMNS, float("nan"))
    row |= {"contacted": contacted, "responded": responded, "cost": cost, "held_out": held_out}
    if contacted:
        row["response_share"] = responded / contacted
        interval = proportion_confint(responded, contacted, alpha=1 - LEVEL, method="wilson")
        row["response_low_share"], row["response_high_share"] = map(float, interval)
    if held_out:
        row["held_out_share"] = anyway / held_out
    if contacted and held_out:
        row["extra_share"] = row["response_share"] - row["held_out_share"]
        interval = confint_proportions_2indep(
            responded, contacted, anyway, held_out, compare="diff", method="newcomb", alpha=1 - LEVEL
        )
        row["extra_low_share"], row["extra_high_share"] = map(float, interval)
    row["cost_per_response"] = _half_up(cost, responded) if responded else pd.NA
    extra = responded * held_out - anyway * contacted
    row["cost_per_extra"] = _half_up(cost * held_out, extra) if row["extra_low_share"] > 0 else pd.NA
    return row


COLUMNS = (
    *("contacted", "responded", "cost", "response_share", "response_low_share", "response_high_share", "held_out"),
    *("held_out_share", "extra_share", "extra_low_share", "extra_high_share", "cost_per_response", "cost_per_extra"),
)


def _half_up(number: int, divisor: int) -> int:
    return (2 * number + divisor) // (2 * divisor)
