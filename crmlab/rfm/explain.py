"""Why a customer has a type: the orders behind it, and one sentence in Chinese or English."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from crmlab.errors import ParameterError
from crmlab.frames import rows
from crmlab.money import format_money
from crmlab.rfm.marks import INDICATORS, MARK_COLUMNS, SCORE_COLUMNS, UP
from crmlab.rfm.orders import to_orders, valid_lines
from crmlab.words import has_word, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm.result import RFM

NAMED_ORDERS = 5


def evidence(result: "RFM", customer_id: Any) -> "pd.DataFrame":
    """The orders of one customer, those that count and those that do not. See `RFM.evidence`."""
    import pandas as pd

    lent, settings = result.lent, result.settings
    own = lent.lines.filter(_is(result, customer_id))
    lines = rows(own)
    if not lines:
        raise ParameterError("no_customer", column=lent.names["customer"])
    orders = rows(to_orders(lent, valid_lines(own, settings), settings, result.facts))
    found = [
        {"order": row["order"], "day": row["day"], "monetary": row["money"], "lines": row["lines"],
         "left_out": _reason(row)}
        for row in orders
    ]  # fmt: skip
    found += _lines_left_out(result, lines)
    table = pd.DataFrame(found, columns=["order", "day", "monetary", "lines", "left_out"])
    table["day"] = pd.to_datetime(table["day"]).dt.date
    return table.sort_values(["day", "order"], ascending=False, ignore_index=True)


def _is(result: "RFM", customer_id: Any) -> nw.Expr:
    """The test for one customer. An id of another type than the column's is nobody's."""
    found = result.lent.lines.collect_schema()["customer"]
    if found.is_integer() and hasattr(customer_id, "__index__"):
        return nw.col("customer") == int(customer_id)
    if not found.is_integer() and isinstance(customer_id, str):
        return nw.col("customer").cast(nw.String) == customer_id
    raise ParameterError("no_customer", column=result.lent.names["customer"])


def _reason(order: dict) -> str:
    if not order.get("inside", True):
        return "before_window"
    if order.get("refunded"):
        return "refunded"
    return "" if order.get("bought", True) else "refund_only"


def _lines_left_out(result: "RFM", lines: list[dict]) -> list[dict]:
    """Orders, or parts of orders, whose lines do not count at all: their state, or a refund that is ignored."""
    left: dict[tuple, dict] = {}
    for line in lines:
        if "state" in line and line["state"] not in result.settings.valid_states:
            reason = f"state.{line['state']}"
        elif result.settings.refunds == "ignore" and line["amount"] < 0:
            reason = "refund_line"
        else:
            continue
        entry = left.setdefault(
            (line["order"], reason),
            {"order": line["order"], "day": line["day"], "monetary": 0, "lines": 0, "left_out": reason},
        )
        entry["lines"] += 1
        entry["monetary"] += round(Fraction(str(line["amount"])) * result.settings.scale)
    return list(left.values())


def explain(result: "RFM", customer_id: Any, lang: str) -> str:
    """One sentence; see `RFM.explain`."""
    typed = rows(result.typed.filter(_is(result, customer_id)))
    orders = evidence(result, customer_id)
    used = orders[orders["left_out"].isin(["", "refund_only"] if typed else [])]
    _demand_same(typed, orders)
    values = {
        "customer": customer_id,
        "as_of": result.settings.as_of,
        "window": _window(result, lang),
        "used": _orders(used["order"], lang),
        "used_lines": int(used["lines"].sum()),
        "left_out": _left_out(orders.drop(used.index), lang),
    }
    if not typed:
        return word("explain.untyped", lang, **values)
    (row,) = typed
    combination = "".join(letter + row[name] for letter, name in zip("RFM", MARK_COLUMNS, strict=True))
    title = result.type_name(combination, lang)
    title = word("explain.type", lang, number=row["type"], name=title) if row["type"] else title
    parts = {name: indicator_sentence(result, row, place, lang) for place, name in enumerate(INDICATORS)}
    return word("explain.typed", lang, title=title, marks=combination, **parts, **values)


def indicator_sentence(result: "RFM", row: dict, place: int, lang: str) -> str:
    name, mark = INDICATORS[place], row[MARK_COLUMNS[place]]
    threshold = result.thresholds[name]
    limit, value = threshold.value, row[name]
    if threshold.cuts:
        score = row[SCORE_COLUMNS[place]]
        side = ("score_low" if mark == UP else "score_high") if name == "recency_days" else (
            "at_least" if mark == UP else "below"
        )  # fmt: skip
        shown = word(
            "explain.scored", lang, score=score, side=word(f"explain.{side}", lang), limit=_number(limit, score)
        )
    else:
        side = word("explain.at_least" if mark == UP else "explain.below", lang)
        if name == "monetary":
            limit_text = format_money(limit, result.settings.currency, lang, apart_from=value)
        else:
            limit_text = _number(limit, value)
        shown = word(f"explain.{threshold.method}", lang, side=side, limit=limit_text)
    amount = format_money(value, result.settings.currency, lang) if name == "monetary" else value
    return word(f"explain.{name}", lang, value=amount, shown=shown, mark="RFM"[place] + mark)


def _number(exact: Fraction, apart_from: int) -> str:
    """The threshold with two decimals, or as many as it takes to tell it from the value beside it."""
    decimals = 2
    while Fraction(f"{float(exact):.{decimals}f}") == apart_from != exact and decimals < 12:
        decimals += 1
    return f"{float(exact):,.{decimals}f}"


def _window(result: "RFM", lang: str) -> str:
    settings = result.settings
    if not settings.window:
        return word("explain.all_history", lang)
    return word("explain.window", lang, days=settings.window, first=settings.first_day, last=settings.as_of)


def _orders(orders: Any, lang: str) -> str:
    names = [str(order) for order in orders.unique()]
    listed = word("list.comma", lang).join(names[:NAMED_ORDERS])
    if len(names) > NAMED_ORDERS:
        listed += word("explain.and_more", lang, more=len(names) - NAMED_ORDERS)
    return word("explain.orders", lang, count=len(names), listed=listed) if names else word("explain.none", lang)


def _left_out(orders: "pd.DataFrame", lang: str) -> str:
    if orders.empty:
        return word("explain.none", lang)
    groups = orders.groupby("left_out", sort=True)["order"]
    return word("list.semicolon", lang).join(
        word("explain.reason", lang, reason=reason_word(reason, lang), orders=_orders(group, lang))
        for reason, group in groups
    )


def reason_word(reason: str, lang: str) -> str:
    """The words for a reason why lines are left out; a state that words.csv does not know stands as it is."""
    key = f"reason.{reason}"
    return word(key, lang) if has_word(key) else word("reason.state", lang, state=reason.removeprefix("state."))


def _demand_same(typed: list[dict], orders: "pd.DataFrame") -> None:
    """The orders are read again for an explanation; if they changed since, say so instead of explaining wrongly."""
    purchases = orders[orders["left_out"] == ""]
    used = orders[orders["left_out"].isin(["", "refund_only"])]
    before = (typed[0]["frequency"], typed[0]["monetary"]) if typed else (0, int(used["monetary"].sum()))
    if (len(purchases), int(used["monetary"].sum())) != before:
        raise ParameterError("orders_changed")


def describe(result: "RFM", lang: str) -> str:
    """The settings and the account of the rows; see `RFM.describe`."""
    settings = result.settings
    states = word("list.comma", lang).join(state_word(state, lang) for state in settings.valid_states)
    lines = [
        word("describe.settings", lang, as_of=settings.as_of, window=_window(result, lang),
             population=word(f"population.{settings.population}", lang),
             states=states or word("describe.no_states", lang), refunds=word(f"refunds.{settings.refunds}", lang),
             currency=settings.currency, split=word(f"split.{settings.split}", lang),
             time_zone=settings.time_zone or word("describe.no_zone", lang)),
        word("describe.rows", lang, rows_in=result.rows_in, used=result.rows_used, orders=result.orders_used),
    ]  # fmt: skip
    for reason, count in result.rows_left_out.items():
        lines.append(word("describe.left_out", lang, reason=reason_word(reason, lang), count=count))
    return "\n".join(lines)


def state_word(state: str, lang: str) -> str:
    """The word for one of the five order states; any other stands as it is."""
    return word(f"state.{state}", lang) if has_word(f"state.{state}") else state
