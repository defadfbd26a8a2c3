"""Groups of customers: by rules that are data, by thirds, tiers and stages, and by clusters."""

from crmlab.grouping.clusters import cluster
from crmlab.grouping.facts import basket, facts, interactions
from crmlab.grouping.lifecycle import lifecycle
from crmlab.grouping.named import named_groups, open_target_group, target_group
from crmlab.grouping.needs import need_agreement, need_groups
from crmlab.grouping.regions import regions
from crmlab.grouping.rules import open_rules
from crmlab.grouping.thirds import order_groups, thirds
from crmlab.grouping.tiers import tier_sensitivity, value_tiers

__all__ = [
    "basket",
    "cluster",
    "facts",
    "interactions",
    "lifecycle",
    "named_groups",
    "need_agreement",
    "need_groups",
    "open_rules",
    "open_target_group",
    "order_groups",
    "regions",
    "target_group",
    "thirds",
    "tier_sensitivity",
    "value_tiers",
]
