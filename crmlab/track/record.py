"""The record of campaigns, one row each: what was planned, what came of it, and what was decided."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.track.verdict import Verdict


def campaign_record(*verdicts: "Verdict") -> "pd.DataFrame":
    """One row per campaign, the earliest first.

    Columns: campaign, template (its message), starts_on, ends_on, treated, held_out, extra_share with extra_low_share
    and extra_high_share, cost (minor units), next_step (repeat, change, stop, not_enough).
    """
    import pandas as pd

    rows = [
        {
            "campaign": verdict.campaign.name,
            "template": verdict.campaign.message,
            "starts_on": verdict.campaign.starts_on,
            "ends_on": verdict.campaign.ends_on,
            **{arm: int(count) for arm, count in verdict.campaign.strata[["treated", "held_out"]].sum().items()},
            "extra_share": verdict.share.estimate,
            "extra_low_share": verdict.share.low,
            "extra_high_share": verdict.share.high,
            "cost": verdict.cost,
            "next_step": verdict.decision,
        }
        for verdict in verdicts
    ]
    return pd.DataFrame(rows).sort_values(["starts_on", "campaign"], ignore_index=True)
