"""What is right in lesson 02: segment."""

from typing import TYPE_CHECKING, Any

from crmlab.data import Shop
from crmlab.grouping import lifecycle
from crmlab.movement import migrate_periods
from crmlab.patterns import habit, popular, purchase_lines, rhythm
from crmlab.questions.concepts import Concepts, concepts
from crmlab.questions.right.shared import by_customer, in_window, typed
from crmlab.rfm import retype

if TYPE_CHECKING:
    import pandas as pd


def _unnamed_marks(shop: Shop, settings: Any) -> Concepts:
    return concepts("unnamed")


def _named_types(shop: Shop, settings: Any) -> "pd.DataFrame":
    summary = in_window(shop, settings).summary(settings.lang)
    return summary.loc[summary["type"] > 0, ["marks", "name"]]


def _indicators(shop: Shop, settings: Any) -> "pd.DataFrame":
    return by_customer(in_window(shop, settings))[["customer", "recency_days", "frequency", "monetary"]]


def _marks(shop: Shop, settings: Any) -> "pd.DataFrame":
    found = by_customer(in_window(shop, settings))
    return found[["customer"]].assign(marks="R" + found["r_mark"] + "F" + found["f_mark"] + "M" + found["m_mark"])


def _by_median(shop: Shop, settings: Any) -> list[int]:
    return retype(in_window(shop, settings), split="median").summary(settings.lang)["customers"].tolist()


def _from_which_fen(shop: Shop, settings: Any) -> int:
    return in_window(shop, settings).thresholds["monetary"].at_least


def _changed(shop: Shop, settings: Any) -> int:
    long, short = _marks(shop, settings), by_customer(typed(shop, settings.window - 40))
    both = long.merge(short, on="customer")
    return int((both["marks"] != "R" + both["r_mark"] + "F" + both["f_mark"] + "M" + both["m_mark"]).sum())


def _silent(shop: Shop, settings: Any) -> int:
    stages = lifecycle(in_window(shop, settings), new_days=60, silent_days=60, lost_days=150).table
    return int((stages["stage"] == "silent").sum())


def _habits(shop: Shop, settings: Any) -> int:
    lines = purchase_lines(shop.orders, in_window(shop, settings), **shop.goods_columns)
    ranked = popular(lines, by="category").table.sort_values("customers", ascending=False)
    return int(habit(lines, ranked["category"].iloc[0], months=4)["is_habit"].sum())


def _stayed(shop: Shop, settings: Any) -> int:
    return migrate_periods(in_window(shop, settings), days=settings.window // 2).stayed


def _at_risk(shop: Shop, settings: Any) -> int:
    known = rhythm(in_window(shop, settings))
    return int((known["days_since_last"] > 3 * known["median_gap"])[known["gap_spread"].notna()].sum())


ANSWERS = {
    "q1": _unnamed_marks,
    "q2": _named_types,
    "q3": _indicators,
    "q4": _marks,
    "q5": _by_median,
    "q6": _from_which_fen,
    "q7": _changed,
    "q8": _silent,
    "q9": _habits,
    "q10": _stayed,
    "q11": _at_risk,
}
