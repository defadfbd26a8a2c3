"""Comparisons that need no hold-out, beside the one that does: how far off each of them is."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM
    from crmlab.track.verdict import Verdict
    from crmlab.world.aftermath import Aftermath


def shortcuts(verdict: "Verdict", result: "RFM", after: "Aftermath") -> "pd.DataFrame":
    """What each way of comparing says that a campaign adds to the share of buyers, beside what was planted.

    `result` is the typing that the campaign was made from, `after` what its verdict rests on. Rows: held_out (treated
    beside held out, as drawn); not_chosen (treated beside the customers of `result` who were not in the campaign);
    before_after (treated, in its days and in as many days before it). Columns: comparison, share, other_share,
    extra_share, planted_share, off_share (extra − planted). Only the first compares like with like; a campaign for
    everybody has no row not_chosen.
    """
    import pandas as pd

    campaign, people = verdict.campaign, result.customers
    chosen = people[result.customer_column].isin(campaign.group[campaign.customer])
    outside = people.loc[~chosen, result.customer_column]
    treated = verdict.outcomes[verdict.outcomes["arm"] == "treated"]
    recent = people.loc[people["recency_days"] < campaign.days, result.customer_column]
    bought = treated["bought"].mean()
    rows = [
        ("held_out", verdict.share.treated, verdict.share.held_out),
        ("not_chosen", bought, outside.isin(after.orders[after.columns["customer"]]).mean()),
        ("before_after", bought, treated[campaign.customer].isin(recent).mean()),
    ]
    table = pd.DataFrame(rows, columns=["comparison", "share", "other_share"]).dropna(ignore_index=True)
    extra, planted = table["share"] - table["other_share"], after.planted["planted_share"].iloc[0]
    return table.assign(extra_share=extra, planted_share=planted, off_share=extra - planted)
