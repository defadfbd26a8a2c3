"""What people see: one theme with a Chinese font, tables with words, pictures with an alternative text."""

from crmlab.show.care import care_weeks, queue_waits, staff
from crmlab.show.cases import concentration
from crmlab.show.charts import coverage, distributions, heat, recency_frequency, shares, types
from crmlab.show.clusters import cluster_choice, cluster_points, cluster_profiles
from crmlab.show.combinations import recency_frequency_heat, treemap
from crmlab.show.forecast import calibration, return_by_type, value_holdout
from crmlab.show.loyalty import coupon_budget, points_balance
from crmlab.show.movement import migration_flow, migration_heat, stability_bars
from crmlab.show.needs import needs_by_marks, needs_named
from crmlab.show.patterns import cohorts, demand, pairs, popularity
from crmlab.show.serve import service_load, services_by_tier
from crmlab.show.survey import bland_altman, missing_pattern, scores_with_intervals
from crmlab.show.table import Table, save, table
from crmlab.show.text import Text, text, tried
from crmlab.show.theme import theme
from crmlab.show.track import campaign_arms, campaign_balance, campaign_effects, peeking_curve, sample_size_curve

__all__ = [
    "Table",
    "Text",
    "bland_altman",
    "calibration",
    "campaign_arms",
    "campaign_balance",
    "campaign_effects",
    "care_weeks",
    "cluster_choice",
    "cluster_points",
    "cluster_profiles",
    "cohorts",
    "concentration",
    "coupon_budget",
    "coverage",
    "demand",
    "distributions",
    "heat",
    "migration_flow",
    "migration_heat",
    "missing_pattern",
    "needs_by_marks",
    "needs_named",
    "pairs",
    "peeking_curve",
    "points_balance",
    "popularity",
    "queue_waits",
    "recency_frequency",
    "recency_frequency_heat",
    "return_by_type",
    "sample_size_curve",
    "save",
    "scores_with_intervals",
    "service_load",
    "services_by_tier",
    "shares",
    "stability_bars",
    "staff",
    "table",
    "text",
    "theme",
    "treemap",
    "tried",
    "types",
    "value_holdout",
]
