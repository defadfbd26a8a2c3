"""Handing over: customers and orders as files that a CRM imports, with consent and safe to open."""

from crmlab.handover.maps import FieldMap, field_map
from crmlab.handover.write import Written, write_crm

__all__ = ["FieldMap", "Written", "field_map", "write_crm"]
