"""What a page must know beforehand to draw and say what Python would: bounds, names, colours, words."""

from typing import TYPE_CHECKING, Any

from crmlab.explorer.answer import COLUMNS, ROWS, setting_of
from crmlab.explorer.say import title_of
from crmlab.explorer.state import ORDER
from crmlab.explorer.versions import SEED
from crmlab.money import format_money, minor_units_in, money_unit
from crmlab.show.table import heading
from crmlab.show.theme import BLUE, ORANGE, TYPE_COLOURS
from crmlab.words import word

if TYPE_CHECKING:
    from crmlab.explorer.versions import Versions
    from crmlab.rfm import RFM

OWN = (
    "window", "as_of", "split", "split.mean", "split.median", "split.quantile", "split.fixed", "recency_days",
    "frequency", "monetary", "customer", "settings", "limits", "sample", "typed", "then", "same", "changed", "new",
    "absent", "unknown", "nobody", "customers", "money", "days", "orders", "bars_alt", "map_alt", "map_dot", "waiting",
)  # fmt: skip
EXPLAINED = (
    "window", "all_history", "recency_days", "frequency", "monetary", "mean", "median", "fixed", "scored", "at_least",
    "below", "score_low", "score_high",
)  # fmt: skip
HEADS = ("marks", "name", "customers", "customer_share", "monetary", "monetary_share")


def given(
    result: "RFM", versions: "Versions", lang: str, *, first: int, span: int, suggested: list[str]
) -> dict[str, Any]:
    """The constant part of an explorer, as plain data. `first` and `span` are the bounds of the two sliders."""
    currency = result.settings.currency
    words = {f"explorer.{name}": word(f"explorer.{name}", lang) for name in OWN}
    words |= {f"explain.{name}": word(f"explain.{name}", lang) for name in EXPLAINED}
    words |= {f"split.{name}": word(f"split.{name}", lang) for name in ("mean", "median", "quantile", "fixed")}
    return {
        "start": setting_of(result.settings, result.split),
        "first": first,
        "span": span,
        "all_history": result.settings.window is None,
        "population": result.settings.population,
        "whole_ids": versions.customers.dtype.kind in "iu",
        "suggested": suggested,
        "sample": versions.drawn_from and [versions.drawn_from, len(versions.customers), SEED],
        "money": _money(currency, lang),
        "unit": money_unit(currency, lang),
        "most_columns": COLUMNS,
        "most_rows": ROWS,
        "blue": BLUE,
        "orange": ORANGE,
        "heads": [heading(name, lang) for name in HEADS],
        "combinations": [_combination(result, marks, code, lang) for marks, code in ORDER.items()],
        "words": words,
    }


def _money(currency: str, lang: str) -> dict[str, Any]:
    """The decimals of a currency, and what stands before and after an amount, first if it is not negative."""
    one = minor_units_in(currency)
    places = len(str(one)) - 1
    around = [format_money(amount, currency, lang).split(f"{1:.{places}f}") for amount in (one, -one)]
    before, after = zip(*around, strict=True)
    return {"places": places, "before": before, "after": after}


def _combination(result: "RFM", marks: str, code: int, lang: str) -> dict[str, Any]:
    name = result.type_name(marks, lang)
    title = title_of(marks, lang, lambda _: name)
    return {"marks": marks, "code": code, "name": name, "title": title, "colour": TYPE_COLOURS[marks]}
