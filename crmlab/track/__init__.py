"""Tracking: a campaign with a hold-out, what it changed, and what to do next."""

from crmlab.track.campaign import Campaign
from crmlab.track.changes import Changes, changes
from crmlab.track.loyalty import loyalty_figures
from crmlab.track.observed import Observed, observe_campaign
from crmlab.track.outcome import in_its_days, outcomes, overlaps
from crmlab.track.record import campaign_record
from crmlab.track.sample_size import detectable, false_alarms, needed, power, sample_sizes
from crmlab.track.service import CsatChange, csat_change, step_losses
from crmlab.track.shortcuts import shortcuts
from crmlab.track.verdict import Verdict, judge

__all__ = [
    "Campaign",
    "Changes",
    "CsatChange",
    "Observed",
    "Verdict",
    "campaign_record",
    "changes",
    "csat_change",
    "detectable",
    "false_alarms",
    "in_its_days",
    "judge",
    "loyalty_figures",
    "needed",
    "observe_campaign",
    "outcomes",
    "overlaps",
    "power",
    "sample_sizes",
    "shortcuts",
    "step_losses",
]
