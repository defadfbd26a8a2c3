"""R, F, M, marks, the six types: `type_customers` is the door."""

from crmlab.rfm.door import retype, type_customers
from crmlab.rfm.marks import COMBINATIONS, Threshold
from crmlab.rfm.result import RFM

__all__ = ["COMBINATIONS", "RFM", "Threshold", "retype", "type_customers"]
