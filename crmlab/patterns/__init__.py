"""What customers buy: usual categories, rhythm, habits, what goes together, what is popular, who returns, where the
demand goes."""

from crmlab.patterns.behaviour import by_frequency, by_goods, by_spend
from crmlab.patterns.habit import habit
from crmlab.patterns.lines import PurchaseLines, purchase_lines
from crmlab.patterns.popular import Popular, popular
from crmlab.patterns.retention import Retention, retention
from crmlab.patterns.rhythm import rhythm
from crmlab.patterns.together import Together, bought_together
from crmlab.patterns.trend import Trend, trend
from crmlab.patterns.usual import concentration, preferences

__all__ = [
    "Popular",
    "PurchaseLines",
    "Retention",
    "Together",
    "Trend",
    "bought_together",
    "by_frequency",
    "by_goods",
    "by_spend",
    "concentration",
    "habit",
    "popular",
    "preferences",
    "purchase_lines",
    "retention",
    "rhythm",
    "trend",
]
