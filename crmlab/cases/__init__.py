"""Two trades by one rule set: a shop and a bank are two configurations of the same lesson."""

from crmlab.cases.case import Case, Criterion, open_case
from crmlab.cases.concentration import Concentration, concentration
from crmlab.cases.groups import Groups
from crmlab.cases.response import response_costs

__all__ = ["Case", "Concentration", "Criterion", "Groups", "concentration", "open_case", "response_costs"]
