"""Groups of customers: thirds that keep ties together, value tiers with open weights, and k-means clusters."""

from crmlab.grouping.clusters import cluster
from crmlab.grouping.thirds import order_groups, thirds
from crmlab.grouping.tiers import value_tiers

__all__ = ["cluster", "order_groups", "thirds", "value_tiers"]
