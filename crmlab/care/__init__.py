"""Care for customers: whom to contact when, who waits how long, which standards hold, and how staff are compared."""

from crmlab.care.book import TaskBook
from crmlab.care.calendar import CareCalendar, care_calendar
from crmlab.care.desk import busy_day, own_complaints
from crmlab.care.interest import InterestList, interest_list
from crmlab.care.occasions import read_occasions
from crmlab.care.queue import compare_queues, longest_possible_waits, simulate_queue
from crmlab.care.staff import Ranking, paired_exercise, rank_agents
from crmlab.care.standards import StandardsReport, check_standards, read_standards
from crmlab.care.times import response_times

__all__ = [
    "CareCalendar",
    "InterestList",
    "Ranking",
    "StandardsReport",
    "TaskBook",
    "busy_day",
    "care_calendar",
    "check_standards",
    "compare_queues",
    "interest_list",
    "longest_possible_waits",
    "own_complaints",
    "paired_exercise",
    "rank_agents",
    "read_occasions",
    "read_standards",
    "response_times",
    "simulate_queue",
]
