"""Sliders on a result: window, reference date and thresholds move, and the types follow at once."""

from crmlab.explorer.widget import Explorer, explore

__all__ = ["Explorer", "explore"]
