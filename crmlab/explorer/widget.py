"""The explorer: controls, and what follows them."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Any

from crmlab.errors import ParameterError
from crmlab.explorer import draw, say
from crmlab.explorer.state import State, state
from crmlab.explorer.versions import fetch
from crmlab.money import minor_units_in, money_unit
from crmlab.rfm.marks import INDICATORS
from crmlab.words import word

if TYPE_CHECKING:
    from crmlab.rfm import RFM
    from crmlab.rfm.settings import Settings

SUGGESTED = 20
WIDE = "15em"
CLOSE = 'style="margin: 0.2em 0; line-height: 1.5"'
LARGEST = 10**12
"""Days, orders or money that a threshold set by hand may be."""


class Explorer:
    """Controls for window, reference date and thresholds of a result, and the types that follow from them.

    What it shows is what `retype(result, **explorer.chosen)` gives, exactly: an earlier reference date knows no later
    line and no later refund. All controls work from the keyboard. In a page without a kernel it shows the state in
    which it stands, as pictures and a table.

    Attributes
    ----------
    now : State or None
        The customers at the present setting; None if nobody has bought.
    start : State
        The customers at the setting of the result.
    """

    def __init__(self, result: "RFM", lang: str, customer: Any = None):
        self.result, self.lang = result, lang
        self.versions = fetch(result)
        self.first = result.settings.as_of.toordinal() - int(self.versions.since.min())
        self.start = self.now = state(self.versions, result.settings, result.split)
        self._held = False
        changing = self._changing()
        if customer is not None and self._place(str(customer)) is None:
            raise ParameterError("no_customer", column=result.customer_column)
        self._build(str(changing[0] if customer is None else customer), [str(one) for one in changing])
        self._follow()

    @property
    def chosen(self) -> dict[str, Any]:
        """The setting of the controls, as `retype` takes it: as_of, window and split."""
        days = self.window.value
        everything = self.result.settings.window is None and days == self.window.max
        return {
            "as_of": self.result.settings.as_of + timedelta(days=self.back.value),
            "window": None if everything else days,
            "split": self._split(),
        }

    def _build(self, customer: str, suggested: list[str]) -> None:
        from ipywidgets import HTML, BoundedFloatText, BoundedIntText, Combobox, Dropdown, IntSlider, Layout, VBox

        settings, split = self.result.settings, self.result.split
        style, line = {"description_width": WIDE}, Layout(width="auto", max_width="700px")
        span = max(self.first + 1, settings.window or 1)

        def named(key: str, **values: Any) -> dict[str, Any]:
            text = word(f"explorer.{key}", self.lang, **values)
            return {"description": text, "tooltip": text, "style": style, "layout": line}

        self.window = IntSlider(value=settings.window or span, min=1, max=span, **named("window"))
        self.back = IntSlider(value=0, min=-self.first, max=0, **named("as_of", as_of=settings.as_of))
        by_hand = isinstance(split, Mapping)
        edges = {"min": -LARGEST, "max": LARGEST}
        options = [(word(f"explorer.split.{key}", self.lang), key) for key in ("mean", "median", "quantile", "fixed")]
        self.split = Dropdown(options=options, value="fixed" if by_hand else split, **named("split"))
        self.limits = {
            "recency_days": BoundedIntText(**edges, **named("recency_days")),
            "frequency": BoundedIntText(**edges, **named("frequency")),
            "monetary": BoundedFloatText(
                step=1, **edges, **named("monetary", unit=money_unit(settings.currency, self.lang))
            ),
        }
        self.customer = Combobox(value=customer, options=suggested, continuous_update=False, **named("customer"))
        self._fill(split if by_hand else self._limits())
        self.shown = HTML(), HTML(), HTML()
        self.hiding = HTML(layout=Layout(display="none"))
        self.by_hand = VBox(list(self.limits.values()))
        self.widget = VBox([self.window, self.back, self.split, self.by_hand, self.customer, *self.shown, self.hiding])
        for control in (self.window, self.back, self.split, self.customer, *self.limits.values()):
            control.observe(self._follow, "value")

    def _changing(self) -> list[Any]:
        """Customers whose marks change when the window is halved, else the first ones."""
        import numpy as np

        settings, start = self.result.settings, self.start
        half = replace(settings, window=max(1, (settings.window or self.first + 1) // 2))
        other = state(self.versions, half, self.result.split)
        found = start.place if start else np.arange(len(self.versions.customers))
        if start and other:
            both, mine, its = np.intersect1d(start.place, other.place, assume_unique=True, return_indices=True)
            changed = both[start.code[mine] != other.code[its]]
            found = changed if len(changed) else found
        return self.versions.customers[found[:SUGGESTED]].tolist()

    def _fill(self, limits: Mapping[str, int]) -> None:
        self._held = True
        scale = minor_units_in(self.result.settings.currency)
        for name, field in self.limits.items():
            field.value = limits[name] / scale if name == "monetary" else limits[name]
        self._held = False

    def _limits(self) -> dict[str, int]:
        """The thresholds as they are, for the hand to start from."""
        return (
            {name: value or 0 for name, value in self.now.limits.items()} if self.now else dict.fromkeys(INDICATORS, 0)
        )

    def _split(self) -> str | dict[str, int]:
        if self.split.value != "fixed":
            return self.split.value
        scale = minor_units_in(self.result.settings.currency)
        return {
            name: round(field.value * scale) if name == "monetary" else field.value
            for name, field in self.limits.items()
        }

    def _follow(self, change: Any = None) -> None:
        if self._held:
            return
        if change and change["owner"] is self.split and change["new"] == "fixed":
            self._fill(self._limits())
        self.by_hand.layout.display = None if self.split.value == "fixed" else "none"
        self.back.description = word("explorer.as_of", self.lang, as_of=self.chosen["as_of"])
        if not change or change["owner"] is not self.customer:
            self.now = state(self.versions, self._settings(), self._split())
        for place, html in zip(self.shown, self._shown(), strict=True):
            place.value = html

    def _settings(self) -> "Settings":
        chosen = self.chosen
        split = chosen["split"] if isinstance(chosen["split"], str) else "fixed"
        return replace(self.result.settings, as_of=chosen["as_of"], window=chosen["window"], split=split)

    @property
    def about(self) -> str:
        """The setting and the thresholds, in words."""
        return "\n".join(say.about(self.versions, self._settings(), self.now, self.lang))

    @property
    def sentence(self) -> str:
        """What the chosen customer is at the present setting, why, and what it was at the start."""
        customer = self.customer.value.strip()
        if self._place(customer) is None:
            return word("explorer.unknown", self.lang, customer=customer)
        return say.sentence(customer, self.now, self._row(self.now), self._row(self.start), self.lang, self._named)

    def _row(self, state: State | None) -> dict | None:
        place = self._place(self.customer.value)
        return state.row(place) if state and place is not None else None

    def _shown(self, *, still: bool = False) -> tuple[str, str, str]:
        """The setting, the sentence and the pictures, as HTML."""
        about = "".join(f"<p {CLOSE}>{escape(line)}</p>" for line in self.about.splitlines())
        drawn = draw.page(self.now, self.lang, self._named, self._row(self.now), still=still) if self.now else ""
        return about, f'<p {CLOSE} role="status">{escape(self.sentence)}</p>', drawn

    def _place(self, customer: str) -> int | None:
        """The place of an id as it is typed."""
        ids = self.versions.customers
        wanted: Any = customer.strip()
        if ids.dtype.kind in "iu":
            wanted = int(wanted) if wanted.lstrip("-").isdecimal() else None
        found = ids.get_indexer([wanted])[0] if wanted is not None else -1
        return int(found) if found >= 0 else None

    def _named(self, combination: str) -> str:
        return self.result.type_name(combination, self.lang)

    @property
    def still(self) -> str:
        """The present state as HTML, to be read where no kernel runs."""
        return "".join(self._shown(still=True))

    def __repr__(self) -> str:
        counted = [f"{name}  {customers:,}" for name, (customers, _) in (self.now.counted if self.now else {}).items()]
        return "\n".join([self.about, self.sentence, *counted])

    def _ipython_display_(self) -> None:
        """The live explorer, and after it the present state, which the live one hides wherever it can be shown."""
        from IPython.display import display

        still = self.still
        name = f"crmlab-still-{hashlib.sha256(still.encode()).hexdigest()[:12]}"
        self.hiding.value += f"<style>.{name} {{ display: none }}</style>"
        display((self.widget._repr_mimebundle_() or {}) | {"text/plain": ""}, raw=True)
        display({"text/html": f'<div class="{name}">{still}</div>', "text/plain": repr(self)}, raw=True)


def explore(result: "RFM", lang: str = "zh", customer: Any = None) -> Explorer:
    """Sliders on a result: another window, reference date or threshold, and who is of which type then.

    `customer` is the one whose sentence is shown; without it, one whose marks change when the window is halved. The
    orders are collected once; above 5 million, those of 20,000 customers drawn with a fixed seed, and it says so.
    Raises ParameterError for a customer who is not there.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-01-05", "2026-06-10", "2026-06-12"])
    >>> orders = pd.DataFrame(
    ...     {"customer_id": ["a", "b", "b"], "order_id": ["1", "2", "3"], "order_date": days, "amount": [5, 7, 7]}
    ... )
    >>> explorer = explore(type_customers(orders, as_of="2026-06-17"), "en", customer="b")
    >>> explorer.window.value = 6
    >>> print(explorer.sentence.split(":")[0])
    Customer b has the marks R↑F↑M↑ (type 4 key customers to win back)
    """
    return Explorer(result, lang, customer)
