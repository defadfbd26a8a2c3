"""Hostile code, kept apart: each job runs in a fork of a warm worker that the kernel confines.

It knows nothing of notebooks, lessons or marks; docs/sandbox.md says what is kept from whom.
"""

from crmlab.sandbox.capabilities import Capabilities, capabilities
from crmlab.sandbox.job import Ended, Job
from crmlab.sandbox.limits import Limits
from crmlab.sandbox.pool import Pool

__all__ = ["Capabilities", "Ended", "Job", "Limits", "Pool", "capabilities"]
