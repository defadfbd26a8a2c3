"""The state of an explorer in words: its setting, and one customer."""

from typing import TYPE_CHECKING

from crmlab.explorer.versions import SEED, Versions
from crmlab.money import format_money
from crmlab.rfm.explain import indicator_sentence
from crmlab.rfm.marks import COMBINATIONS, INDICATORS
from crmlab.words import word

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmlab.explorer.state import State
    from crmlab.rfm.settings import Settings


def about(versions: Versions, settings: "Settings", state: "State | None", lang: str) -> list[str]:
    """The setting, whether this is a sample, and where the thresholds lie."""
    window = word("explain.all_history", lang)
    if settings.window:
        window = word("explain.window", lang, days=settings.window, first=settings.first_day, last=settings.as_of)
    split = word(f"split.{settings.split}", lang)
    lines = [word("explorer.settings", lang, as_of=settings.as_of, window=window, split=split)]
    if versions.drawn_from:
        drawn = len(versions.customers)
        lines.append(word("explorer.sample", lang, of=versions.drawn_from, drawn=drawn, seed=SEED))
    if state:
        lines.append(word("explorer.limits", lang, customers=len(state.place), **limits(state, lang)))
    return lines


def limits(state: "State", lang: str) -> dict[str, str]:
    """From which value on each indicator is ↑. With scores it is the smallest value of a customer."""
    found = state.limits
    shown = {name: "–" if value is None else f"{value:,}" for name, value in found.items()}
    if found["monetary"] is not None:
        shown["monetary"] = format_money(found["monetary"], state.settings.currency, lang)
    return shown


def sentence(
    customer: str, state: "State | None", row: dict | None, before: dict | None, lang: str,
    named: "Callable[[str], str]",
) -> str:  # fmt: skip
    """What a customer is now, why, and what at the start; `row` and `before` are its rows of the two states."""
    if not state:
        return word("explorer.nobody", lang)
    if not row:
        return word("explorer.absent", lang, customer=customer)
    parts = {name: indicator_sentence(state, row, place, lang) for place, name in enumerate(INDICATORS)}
    title = title_of(row["marks"], lang, named)
    told = word("explorer.typed", lang, customer=customer, marks=row["marks"], title=title, **parts)
    then = "new" if not before else "same" if before["marks"] == row["marks"] else "changed"
    return told + word("explorer.then", lang, then=word(f"explorer.{then}", lang, **(before or {})))


def title_of(combination: str, lang: str, named: "Callable[[str], str]") -> str:
    """The name of a combination, with the number of its type where it has one."""
    number, name = COMBINATIONS[combination], named(combination)
    return word("explain.type", lang, number=number, name=name) if number else name
