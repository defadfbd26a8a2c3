"""What people see: one theme with a Chinese font, tables with words, pictures with an alternative text."""

from crmlab.show.cases import concentration
from crmlab.show.charts import coverage, distributions, heat, recency_frequency, shares, types
from crmlab.show.clusters import cluster_choice, cluster_points, cluster_profiles
from crmlab.show.combinations import recency_frequency_heat, treemap
from crmlab.show.forecast import calibration, return_by_type, value_holdout
from crmlab.show.movement import migration_flow, migration_heat, stability_bars
from crmlab.show.patterns import cohorts, demand, pairs, popularity
from crmlab.show.survey import bland_altman, missing_pattern, scores_with_intervals
from crmlab.show.table import Table, save, table
from crmlab.show.text import Text, text, tried
from crmlab.show.theme import theme

__all__ = [
    "Table",
    "Text",
    "bland_altman",
    "calibration",
    "cluster_choice",
    "cluster_points",
    "cluster_profiles",
    "cohorts",
    "concentration",
    "coverage",
    "demand",
    "distributions",
    "heat",
    "migration_flow",
    "migration_heat",
    "missing_pattern",
    "pairs",
    "popularity",
    "recency_frequency",
    "recency_frequency_heat",
    "return_by_type",
    "save",
    "scores_with_intervals",
    "shares",
    "stability_bars",
    "table",
    "text",
    "theme",
    "treemap",
    "tried",
    "types",
    "value_holdout",
]
