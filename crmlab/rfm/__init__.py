"""R, F, M, marks, the six types: `type_customers` is the door."""

from crmlab.rfm.door import type_customers
from crmlab.rfm.marks import COMBINATIONS, Threshold
from crmlab.rfm.result import RFM

__all__ = ["COMBINATIONS", "RFM", "Threshold", "type_customers"]
