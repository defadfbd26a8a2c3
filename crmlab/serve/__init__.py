"""Serving: what customers need, with the words they used, and a plan that says why."""

from crmlab.serve.needs import find_needs
from crmlab.serve.plan import Plan, make_plan, usual_categories

__all__ = ["Plan", "find_needs", "make_plan", "usual_categories"]
