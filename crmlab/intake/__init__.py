"""Readers for the files people really have: exports of shops, CRMs and questionnaires, and tables of the house."""

from crmlab.intake.read import Read, read_file

__all__ = ["Read", "read_file"]
