"""Collecting: what is held, by which channel, with whose consent."""

from crmlab.collect.consent import consent_overview, with_consent
from crmlab.collect.coverage import coverage

__all__ = ["consent_overview", "coverage", "with_consent"]
