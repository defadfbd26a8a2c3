"""The explorer: controls, and what follows them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from html import escape
from typing import TYPE_CHECKING, Any

from traitlets import Dict, Enum, Int, Unicode, validate

from crmlab.errors import ParameterError
from crmlab.explorer import draw, say
from crmlab.explorer.answer import LARGEST, answer, fits, packed, setting_of
from crmlab.explorer.given import given
from crmlab.explorer.state import State, state
from crmlab.explorer.versions import Versions, fetch
from crmlab.rfm.marks import INDICATORS
from crmlab.widgets.base import Alive, script, style
from crmlab.words import word

if TYPE_CHECKING:
    from crmlab.rfm import RFM
    from crmlab.rfm.settings import Settings

SUGGESTED = 20
SPLITS = ("mean", "median", "quantile", "fixed")
CLOSE = 'style="margin: 0.2em 0; line-height: 1.5"'


class Explorer(Alive):
    """Controls for window, reference date and thresholds of a result, and the types that follow from them.

    What it shows is what `retype(result, **explorer.chosen)` gives, exactly: an earlier reference date knows no later
    line and no later refund. All controls work from the keyboard. Up to 50,000 orders the page computes by itself and
    needs no kernel; with more it asks the kernel, and says so where there is none.

    Set the attributes to move the controls; the page follows, and the attributes follow the page.

    Attributes
    ----------
    window : int
        Days up to the reference date, from 1 to the whole history.
    back : int
        Days from the reference date of the result, 0 or less. `as_of` is the same as a date.
    split : str
        mean, median, quantile or fixed.
    limits : dict
        From where on an indicator is ↑ when the split is fixed: days, orders, minor units. It starts from the
        thresholds that were there when the split became fixed.
    customer : str
        The id of the customer whose sentence is shown.
    """

    _esm = script("crmlab.explorer", "numbers.js", "rfm.js", "pictures.js", "controls.js", "explorer.js")
    _css = style("crmlab.explorer", "explorer.css")
    window = Int().tag(sync=True)
    back = Int().tag(sync=True)
    split = Enum(SPLITS).tag(sync=True)
    limits = Dict().tag(sync=True)
    customer = Unicode().tag(sync=True)
    orders = Unicode().tag(sync=True)
    given = Dict().tag(sync=True)
    answer = Dict().tag(sync=True)

    def __init__(self, result: "RFM", lang: str, customer: Any = None):
        self.result, self.lang = result, lang
        self.versions = fetch(result)
        if customer is not None and place_of(self.versions, str(customer)) is None:
            raise ParameterError("no_customer", column=result.customer_column)
        settings, split = result.settings, result.split
        self.start = state(self.versions, settings, split)
        first = settings.as_of.toordinal() - int(self.versions.since.min())
        span = max(first + 1, settings.window or 1)
        by_hand = isinstance(split, Mapping)
        changing = [str(one) for one in self._changing(span)]
        in_page = fits(self.versions)
        chosen = changing[0] if customer is None else str(customer)
        self._known = None
        super().__init__(
            window=settings.window or span,
            back=0,
            split="fixed" if by_hand else split,
            limits=dict(split) if by_hand else _limits(self.start),
            customer=chosen,
            orders=packed(self.versions, settings.as_of.toordinal()) if in_page else "",
            given=given(result, self.versions, lang, first=first, span=span, suggested=changing),
            answer={} if in_page else self._answer(setting_of(settings, split), self.start, chosen),
        )
        self.observe(self._take_limits, "split")
        if not in_page:
            self.observe(self._reply, ["window", "back", "split", "limits", "customer"])

    @validate("window")
    def _within_history(self, proposal: Any) -> int:
        return min(max(proposal["value"], 1), self.given["span"])

    @validate("back")
    def _not_later(self, proposal: Any) -> int:
        return min(max(proposal["value"], -self.given["first"]), 0)

    @validate("limits")
    def _whole(self, proposal: Any) -> dict[str, int]:
        return {name: min(max(int(proposal["value"][name]), -LARGEST), LARGEST) for name in INDICATORS}

    @property
    def as_of(self) -> date:
        """The reference date."""
        return self.result.settings.as_of + timedelta(days=self.back)

    @as_of.setter
    def as_of(self, day: date) -> None:
        self.back = (day - self.result.settings.as_of).days

    @property
    def chosen(self) -> dict[str, Any]:
        """The setting of the controls, as `retype` takes it: as_of, window and split."""
        everything = self.result.settings.window is None and self.window == self.given["span"]
        return {
            "as_of": self.as_of,
            "window": None if everything else self.window,
            "split": dict(self.limits) if self.split == "fixed" else self.split,
        }

    @property
    def now(self) -> State | None:
        """The customers at the present setting; None if nobody has bought."""
        if self._known is None or self._known[0] != self.chosen:
            self._known = self.chosen, state(self.versions, self._settings(), self.chosen["split"])
        return self._known[1]

    @property
    def about(self) -> str:
        """The setting and the thresholds, in words."""
        return "\n".join(say.about(self.versions, self._settings(), self.now, self.lang))

    @property
    def sentence(self) -> str:
        """What the chosen customer is at the present setting, why, and what it was at the start."""
        customer = self.customer.strip()
        if place_of(self.versions, customer) is None:
            return word("explorer.unknown", self.lang, customer=customer)
        return say.sentence(customer, self.now, self._row(self.now), self._row(self.start), self.lang, self._named)

    @property
    def still(self) -> str:
        """The present state as HTML, to be read where nothing is alive."""
        about = "".join(f"<p {CLOSE}>{escape(line)}</p>" for line in self.about.splitlines())
        drawn = draw.page(self.now, self.lang, self._named, self._row(self.now)) if self.now else ""
        return f"{about}<p {CLOSE}>{escape(self.sentence)}</p>{drawn}"

    def __repr__(self) -> str:
        counted = [f"{name}  {customers:,}" for name, (customers, _) in (self.now.counted if self.now else {}).items()]
        return "\n".join([self.about, self.sentence, *counted])

    def _changing(self, span: int) -> list[Any]:
        """Customers whose marks change when the window is halved, else the first ones."""
        import numpy as np

        settings, start = self.result.settings, self.start
        half = replace(settings, window=max(1, (settings.window or span) // 2))
        other = state(self.versions, half, self.result.split)
        found = start.place if start else np.arange(len(self.versions.customers))
        if start and other:
            both, mine, its = np.intersect1d(start.place, other.place, assume_unique=True, return_indices=True)
            changed = both[start.code[mine] != other.code[its]]
            found = changed if len(changed) else found
        return self.versions.customers[found[:SUGGESTED]].tolist()

    def _take_limits(self, change: Any) -> None:
        """The thresholds as they were, for the hand to start from."""
        if change["new"] == "fixed":
            self.limits = _limits(state(self.versions, self._settings(), change["old"]))

    def _settings(self) -> "Settings":
        return replace(self.result.settings, as_of=self.as_of, window=self.chosen["window"], split=self.split)

    def _row(self, state: State | None) -> dict | None:
        place = place_of(self.versions, self.customer)
        return state.row(place) if state and place is not None else None

    def _named(self, combination: str) -> str:
        return self.result.type_name(combination, self.lang)

    def _reply(self, _: Any) -> None:
        """Answer a page that does not compute by itself."""
        self.answer = self._answer(setting_of(self._settings(), self.chosen["split"]), self.now, self.customer)

    def _answer(self, setting: dict[str, Any], now: State | None, customer: str) -> dict[str, Any]:
        return answer(now, self.start, setting, customer.strip(), place_of(self.versions, customer))


def _limits(state: State | None) -> dict[str, int]:
    return {name: value or 0 for name, value in state.limits.items()} if state else dict.fromkeys(INDICATORS, 0)


def place_of(versions: Versions, customer: str) -> int | None:
    """The place of an id as it is typed."""
    ids = versions.customers
    wanted: Any = customer.strip()
    if ids.dtype.kind in "iu":
        wanted = int(wanted) if wanted.removeprefix("-").isdecimal() else None
    found = ids.get_indexer([wanted])[0] if wanted is not None else -1
    return int(found) if found >= 0 else None
