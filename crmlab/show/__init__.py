"""What people see: one theme with a Chinese font, tables with words, pictures with an alternative text."""

from crmlab.show.charts import coverage, distributions, heat, recency_frequency, shares, types
from crmlab.show.survey import bland_altman, missing_pattern, scores_with_intervals
from crmlab.show.table import Table, save, table
from crmlab.show.text import Text, text, tried
from crmlab.show.theme import theme

__all__ = [
    "Table",
    "Text",
    "bland_altman",
    "coverage",
    "distributions",
    "heat",
    "missing_pattern",
    "recency_frequency",
    "save",
    "scores_with_intervals",
    "shares",
    "table",
    "text",
    "theme",
    "tried",
    "types",
]
