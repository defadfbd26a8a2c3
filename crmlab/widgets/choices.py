"""A page for every choice, made beforehand: the reader chooses, the page switches, and no kernel is asked."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

from traitlets import Dict, List, Unicode, validate

from crmlab.errors import ParameterError
from crmlab.widgets.base import Alive, script, style

FONTS = "Noto Sans SC, Microsoft YaHei, PingFang SC, sans-serif"
LOOK = files("crmlab.widgets").joinpath("choices.css").read_text(encoding="utf-8")
DRAWING = re.compile(r"<svg (.*?)>(.*?)</svg>", re.DOTALL)
LABEL = re.compile(r'aria-label="(.*?)"')
WIDTH = re.compile(r'viewBox="0 0 (\S+) \S+"')


@dataclass(frozen=True)
class Control:
    """What can be chosen: its label, and the words for each option. A `slider` is for options that have an order."""

    label: str
    options: Mapping[str, str]
    slider: bool = False


@dataclass(frozen=True)
class Page:
    """What one choice shows: a sentence, which is read out when it changes, and HTML in parts.

    Parts that pages share are kept once, so cut where pages begin to differ. `text` is the page for a terminal.
    """

    said: str
    parts: tuple[str, ...]
    text: str


class Choices(Alive):
    """Controls, and a page for each combination of their options. Python has made all of them, so what the reader sees
    is exact, and it needs no kernel.

    `pages` has a `Page` for each tuple of options, an option per control in their order. `chosen` is the present
    choice, a list of options; with a kernel it follows the reader, and setting it moves the controls. Raises
    ParameterError for a choice that has no page.

    >>> tea = {("green",): Page("It is mild.", ("<p>80 °C</p>",), "mild"), ("black",): Page("Strong.", (), "strong")}
    >>> shown = Choices([Control("Tea", {"green": "green tea", "black": "black tea"})], tea, ["green"])
    >>> shown.chosen = ["black"]
    >>> print(shown)
    Tea: black tea
    Strong.
    strong
    """

    _esm = script("crmlab.widgets", "choices.js")
    _css = style("crmlab.widgets", "choices.css")
    controls = List().tag(sync=True)
    chosen = List(Unicode()).tag(sync=True)
    pages = Dict().tag(sync=True)
    parts = List(Unicode()).tag(sync=True)

    def __init__(self, controls: Sequence[Control], pages: Mapping[tuple[str, ...], Page], chosen: Sequence[str]):
        self._texts = {_key(choice): page.text for choice, page in pages.items()}
        places: dict[str, int] = {}
        told = {
            _key(choice): [places.setdefault(part, len(places)) for part in (page.said, *page.parts)]
            for choice, page in pages.items()
        }
        shown = [{"label": one.label, "options": list(map(list, one.options.items())), "slider": one.slider}
                 for one in controls]  # fmt: skip
        super().__init__(controls=shown, chosen=list(chosen), pages=told, parts=list(places))

    @validate("chosen")
    def _there(self, proposal: dict[str, Any]) -> list[str]:
        if _key(proposal["value"]) not in self.pages:
            allowed = ", ".join(self.pages)
            raise ParameterError("choice", name="chosen", value=repr(proposal["value"]), allowed=allowed)
        return proposal["value"]

    @property
    def said(self) -> str:
        """The sentence of the present choice."""
        return self.parts[self.pages[_key(self.chosen)][0]]

    @property
    def page(self) -> str:
        """The HTML of the present choice, as the reader sees it."""
        return "".join(self.parts[place] for place in self.pages[_key(self.chosen)][1:])

    @property
    def still(self) -> str:
        """The present choice with its sentence and page; drawings are images, which untrusted notebooks show too."""
        lines = "".join(f"<p>{escape(line)}</p>" for line in (self._choice, *self.said.splitlines()))
        return f'<style>{LOOK}</style><div class="crmlab-choices">{lines}{DRAWING.sub(_image, self.page)}</div>'

    @property
    def _choice(self) -> str:
        chosen = (dict(one["options"])[option] for one, option in zip(self.controls, self.chosen, strict=True))
        return "; ".join(f"{one['label']}: {said}" for one, said in zip(self.controls, chosen, strict=True))

    def __repr__(self) -> str:
        return "\n".join(filter(None, [self._choice, self.said, self._texts[_key(self.chosen)]]))


def _key(choice: Sequence[str]) -> str:
    return "|".join(choice)


def _image(drawing: re.Match[str]) -> str:
    """A drawing of the page as an image, on white and with black letters."""
    label, width = LABEL.search(drawing[1]), WIDTH.search(drawing[1])
    alt, wide = label[1] if label else "", width[1] if width else "100%"
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" font-family="{FONTS}" font-size="16" {drawing[1]}>'
        f'<rect width="100%" height="100%" fill="white"/>{drawing[2]}</svg>'
    )
    source = base64.b64encode(drawn.encode()).decode()
    return f'<img alt="{alt}" width="{wide}" src="data:image/svg+xml;base64,{source}">'
