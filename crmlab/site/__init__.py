"""The course site: lessons, guides, data cards and the reference as static pages, made offline by Sphinx."""

from crmlab.site.build import build_site
from crmlab.site.check import site_faults

__all__ = ["build_site", "site_faults"]
