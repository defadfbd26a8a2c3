"""Serving: features with their evidence, a catalogue of services, and a plan that says why."""

from crmlab.serve.catalogue import POLICIES, Catalogue, open_catalogue
from crmlab.serve.communication import CommunicationPlan, communication_plan
from crmlab.serve.export import write_plan
from crmlab.serve.features import (
    group_features,
    latent_features,
    need_features,
    stage_features,
    tier_features,
    type_features,
    usual_features,
)
from crmlab.serve.making import make_plan
from crmlab.serve.managers import Managed, assign_managers
from crmlab.serve.plan import Plan
from crmlab.serve.policies import compare_policies

__all__ = [
    "POLICIES",
    "Catalogue",
    "CommunicationPlan",
    "Managed",
    "Plan",
    "assign_managers",
    "communication_plan",
    "compare_policies",
    "group_features",
    "latent_features",
    "make_plan",
    "need_features",
    "open_catalogue",
    "stage_features",
    "tier_features",
    "type_features",
    "usual_features",
    "write_plan",
]
